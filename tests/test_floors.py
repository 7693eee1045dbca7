"""The house: a module imports only from lower floors (docs/architecture.md)."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import abcrnn

PACKAGE = Path(abcrnn.__file__).parent

PAGE = (PACKAGE.parent / "docs" / "architecture.md").read_text("utf-8")
# The page is the plan of the house: its tables are what is held.
FLOOR_OF = {
    name: int(number)
    for number, names in re.findall(r"^\| (\d) \| (.*?) \|", PAGE, re.MULTILINE)
    for name in re.findall(r"`(\w+)/?`", names)
}
NOTATION = re.findall(
    r"`(\w+)`",
    "".join(re.findall(r"^\| (`[^|]*) \|", PAGE.split("Inside `notation/`")[1], re.MULTILINE)),
)


def imported_rooms(source: str) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute in this house"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        rooms |= {name.split(".")[1] for name in names if name.startswith("abcrnn.")}
    return rooms


def test_every_module_has_a_floor():
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert modules | packages == set(FLOOR_OF)


def test_imports_point_down():
    wrong = [
        f"{path.name} imports {room}"
        for path in PACKAGE.glob("*.py")
        if path.stem != "__init__"
        for room in imported_rooms(path.read_text(encoding="utf-8"))
        if room != "__version__" and FLOOR_OF[room] >= FLOOR_OF[path.stem]
    ]
    assert not wrong


def test_inside_notation_imports_point_up_the_list():
    modules = {path.stem for path in (PACKAGE / "notation").glob("*.py")} - {"__init__"}
    assert modules == set(NOTATION)
    for path in (PACKAGE / "notation").glob("*.py"):
        for found in re.findall(
            r"^from abcrnn\.notation\.(\w+) import", path.read_text(), re.MULTILINE
        ):
            if path.stem != "__init__":
                assert NOTATION.index(found) < NOTATION.index(path.stem), (path.stem, found)


def test_notation_stands_on_the_standard_library_alone():
    allowed = set(sys.stdlib_module_names) | {"abcrnn"}
    for path in (PACKAGE / "notation").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [str(node.module)]
            assert {name.split(".")[0] for name in names} <= allowed, path
            assert all(n.startswith("abcrnn.notation") for n in names if n.startswith("abcrnn"))


def test_importing_abcrnn_loads_no_heavy_package():
    heavy = "{'tensorflow', 'keras', 'music21', 'matplotlib', 'numpy', 'pooch'}"
    code = f"import sys, abcrnn, abcrnn.cli; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_every_public_name_can_be_had():
    for name in abcrnn.__all__:
        assert getattr(abcrnn, name).__name__ == name
