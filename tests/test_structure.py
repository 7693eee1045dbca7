"""The structure of the package: levels, imports, size of the modules."""

import ast
import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

import abcrnn
from abcrnn import events

PACKAGE = Path(abcrnn.__file__).parent
PAGE = (PACKAGE.parent / "docs" / "architecture.md").read_text("utf-8")
#: Level of each package, from the table "Levels" in docs/architecture.md.
LEVEL_OF = {
    name: int(number) for number, name in re.findall(r"^\| (\d) \| `(\w+)/` \|", PAGE, re.MULTILINE)
}
#: Modules at the top that any package may import; they import nothing from abcrnn.
SHARED = {"_lazy", "_version"}
#: Packages that only re-export names from others.
ALIASES = {"events"}
#: Names that do not say what a module is for.
VAGUE = {"common", "helper", "helpers", "misc", "util", "utils"}
MAX_LINES = 400
MAX_LINES_OF_INIT = 50


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported_names(path: Path) -> set[str]:
    """Dotted names that a module imports anywhere, also inside functions and for type checkers."""
    names = set()
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imported_packages(path: Path) -> set[str]:
    """Packages and top-level modules of abcrnn that a module imports from."""
    own = {name for name in imported_names(path) if name.startswith("abcrnn.")}
    return {name.split(".")[1] for name in own}


def modules_of(package: str) -> list[Path]:
    """Return the modules of a package and its stub, which names what it exports."""
    return sorted(path for path in (PACKAGE / package).rglob("*") if path.suffix in (".py", ".pyi"))


def import_graph(package: str) -> dict[str, set[str]]:
    """Modules of a package, each with the modules of the same package that it imports."""
    return {
        ".".join(("abcrnn", *path.relative_to(PACKAGE).with_suffix("").parts)): {
            name.rpartition(".")[0]
            for name in imported_names(path)
            if name.startswith(f"abcrnn.{package}.")
        }
        for path in modules_of(package)
        if path.stem != "__init__"
    }


# Packages ------------------------------------------------------------------------------------


def test_every_package_has_a_level():
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert packages - ALIASES == LEVEL_OF.keys()


def test_setup_cfg_installs_every_package():
    settings = configparser.ConfigParser()
    settings.read(PACKAGE.parent / "setup.cfg", encoding="utf-8")
    installed = set(settings["options"]["packages"].split())
    folders = {path.parent for path in PACKAGE.rglob("__init__.py")}
    names = {".".join(folder.relative_to(PACKAGE.parent).parts) for folder in folders}
    assert installed == names | {"abcrnn.corpora"}


def test_only_entry_modules_are_at_the_top():
    assert {path.stem for path in PACKAGE.glob("*.py")} == {"__init__", "__main__", *SHARED}


@pytest.mark.parametrize("package", [*LEVEL_OF, *sorted(ALIASES)])
def test_the_init_of_a_package_is_short_and_says_what_the_package_is_for(package):
    path = PACKAGE / package / "__init__.py"
    docstring = ast.get_docstring(parse(path))
    assert docstring and len(docstring.splitlines()[0]) > 20
    assert len(path.read_text("utf-8").splitlines()) <= MAX_LINES_OF_INIT
    defined = {type(node) for node in ast.walk(parse(path))}
    assert not defined & {ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef}


def test_tests_mirror_the_packages():
    tests = PACKAGE.parent / "tests"
    folders = {path.parent.name for path in tests.glob("*/test_*.py")}
    assert folders == LEVEL_OF.keys()


# Imports -------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", LEVEL_OF)
def test_imports_point_down(package):
    upward = [
        f"{path.relative_to(PACKAGE)} imports {other}"
        for path in modules_of(package)
        for other in imported_packages(path) - SHARED - {package}
        if LEVEL_OF.get(other, 99) >= LEVEL_OF[package]
    ]
    assert not upward


@pytest.mark.parametrize("name", sorted(SHARED))
def test_shared_modules_import_nothing_from_abcrnn(name):
    assert not imported_packages(PACKAGE / f"{name}.py")


@pytest.mark.parametrize("package", LEVEL_OF)
def test_imports_within_a_package_have_no_cycle(package):
    graph = import_graph(package)
    while graph:
        leaves = {name for name, needed in graph.items() if not needed & graph.keys() - {name}}
        assert leaves, f"a cycle among {sorted(graph)}"
        graph = {name: needed for name, needed in graph.items() if name not in leaves}


def test_parser_and_grammar_share_only_the_header_fields():
    """Each is tested against the other, so they must be written independently."""
    for path in modules_of("notation"):
        assert "grammar" not in imported_packages(path)
    shared = {
        name.split(".")[2]
        for path in modules_of("grammar")
        for name in imported_names(path)
        if name.startswith("abcrnn.notation.")
    }
    assert shared <= {"fields"}


def test_notation_needs_only_the_standard_library():
    for path in modules_of("notation"):
        for name in imported_names(path):
            standard = name.split(".")[0] in sys.stdlib_module_names
            assert standard or name.startswith("abcrnn.notation"), (path, name)


def test_importing_abcrnn_loads_no_heavy_package():
    heavy = "{'tensorflow', 'keras', 'music21', 'matplotlib', 'numpy', 'pooch'}"
    code = f"import sys, abcrnn, abcrnn.cli; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("package", [abcrnn, events])
def test_every_public_name_can_be_imported(package):
    for name in package.__all__:
        assert getattr(package, name).__name__ == name


# Modules -------------------------------------------------------------------------------------


def test_no_module_is_long():
    lines = {path: len(path.read_text("utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert not {path.name: count for path, count in lines.items() if count > MAX_LINES}


def test_no_module_has_a_vague_name():
    assert not {path.stem for path in PACKAGE.rglob("*.py")} & VAGUE


def test_every_module_has_a_docstring():
    assert not [path.name for path in PACKAGE.rglob("*.py") if not ast.get_docstring(parse(path))]
