"""The house: a module imports only from lower floors (docs/architecture.md)."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import abcrnn
from abcrnn import events

PACKAGE = Path(abcrnn.__file__).parent

PAGE = (PACKAGE.parent / "docs" / "architecture.md").read_text("utf-8")
# The page is the plan of the house: its tables are what is held.
FLOOR_OF = {
    name: int(number)
    for number, names in re.findall(r"^\| (\d) \| (.*?) \|", PAGE, re.MULTILINE)
    for name in re.findall(r"`(\w+)/?`", names)
}


def listed(inside: str) -> list[str]:
    """The modules of a package in the order of its table, which is the first after its name."""
    table = PAGE.split(f"Inside `{inside}/`")[1].lstrip("\n").split("\n\n")[1]
    return re.findall(r"`(\w+)/?`", "".join(re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)))


#: Packages inside the package, by their folder: each module imports those above it in its list.
ORDERS = {inside: listed(inside) for inside in ("notation", "notation/automaton", "events")}


def imported_names(path: Path) -> set[str]:
    """What a module imports, with dots."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute in this house"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imported_rooms(path: Path, inside: str = "") -> set[str]:
    """The modules of the package, or of one inside it, that a module imports from."""
    start = ".".join(("abcrnn", *inside.split("/"))).strip(".") + "."
    names = {name for name in imported_names(path) if name.startswith(start)}
    return {name.removeprefix(start).split(".")[0] for name in names}


def rooms_of(folder: Path) -> dict[str, list[Path]]:
    """The files of each module of a package; those of a package in it count as one."""
    rooms = {path.stem: [path] for path in folder.glob("*.py") if path.stem != "__init__"}
    inner = {path.parent for path in folder.glob("*/__init__.py")}
    return rooms | {path.name: list(path.rglob("*.py")) for path in inner}


def test_every_module_has_a_floor():
    assert rooms_of(PACKAGE).keys() == FLOOR_OF.keys()


def test_imports_point_down():
    wrong = [
        f"{path} imports {room}"
        for home, paths in rooms_of(PACKAGE).items()
        for path in paths
        for room in imported_rooms(path) - {"__version__", home}
        if FLOOR_OF[room] >= FLOOR_OF[home]
    ]
    assert not wrong


@pytest.mark.parametrize("inside", ORDERS)
def test_inside_a_package_imports_point_up_the_list(inside):
    order, rooms = ORDERS[inside], rooms_of(PACKAGE / inside)
    assert rooms.keys() == set(order) and len(rooms) == len(order)
    for name, paths in rooms.items():
        allowed = {name, *order[: order.index(name)]}
        for path in paths:
            assert imported_rooms(path, inside) <= allowed, path


def test_the_reader_and_the_automaton_know_nothing_of_each_other():
    """Each is the judge of the other."""
    for name, paths in rooms_of(PACKAGE / "notation").items():
        if name != "automaton":
            assert "automaton" not in imported_rooms(paths[0], "notation"), name
    parts = (PACKAGE / "notation" / "automaton").glob("*.py")
    assert set.union(*(imported_rooms(p, "notation") for p in parts)) <= {"automaton", "fields"}


def test_notation_stands_on_the_standard_library_alone():
    for path in (PACKAGE / "notation").rglob("*.py"):
        for name in imported_names(path):
            fine = name.split(".")[0] in sys.stdlib_module_names
            assert fine or name.startswith("abcrnn.notation"), (path, name)


def test_importing_abcrnn_loads_no_heavy_package():
    heavy = "{'tensorflow', 'keras', 'music21', 'matplotlib', 'numpy', 'pooch'}"
    code = f"import sys, abcrnn, abcrnn.cli; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("home", [abcrnn, events])
def test_every_public_name_can_be_had(home):
    for name in home.__all__:
        assert getattr(home, name).__name__ == name
