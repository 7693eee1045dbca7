"""Imports point down: a package imports only from packages on lower levels."""

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
#: Level of each package, from the table "Levels" in docs/architecture.md.
LEVEL_OF = {
    name: int(number) for number, name in re.findall(r"^\| (\d) \| `(\w+)/` \|", PAGE, re.MULTILINE)
}
#: Modules at the top may be imported from anywhere; they import nothing from the package.
TOP = {"_lazy", "_version"}
#: Packages that only re-export names from others.
ALIASES = {"events"}


def imported_names(path: Path) -> set[str]:
    """Dotted names that a module imports anywhere, also inside functions and for type checkers."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imported_packages(path: Path) -> set[str]:
    """Packages and top modules of abcrnn that a module imports from."""
    own = {name for name in imported_names(path) if name.startswith("abcrnn.")}
    return {name.split(".")[1] for name in own}


def modules_of(package: str) -> list[Path]:
    return sorted((PACKAGE / package).rglob("*.py"))


def test_every_package_has_a_level():
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert packages - ALIASES == LEVEL_OF.keys()


def test_only_the_entry_modules_lie_at_the_top():
    assert {path.stem for path in PACKAGE.glob("*.py")} == {"__init__", "__main__", *TOP}


@pytest.mark.parametrize("package", LEVEL_OF)
def test_imports_point_down(package):
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {other}"
        for path in modules_of(package)
        for other in imported_packages(path) - TOP - {package}
        if LEVEL_OF.get(other, 99) >= LEVEL_OF[package]
    ]
    assert not wrong


def test_modules_of_a_package_do_not_import_in_a_circle():
    for package in LEVEL_OF:
        above = {
            f"abcrnn.{package}.{path.stem}": {
                name.rpartition(".")[0]
                for name in imported_names(path)
                if name.startswith(f"abcrnn.{package}.")
            }
            for path in modules_of(package)
            if path.stem != "__init__"
        }
        while above:
            free = {name for name, needed in above.items() if not needed & above.keys() - {name}}
            assert free, f"a circle among {sorted(above)}"
            above = {name: needed for name, needed in above.items() if name not in free}


def test_parser_and_grammar_do_not_share_code():
    """Each checks the other, so they have only the header fields in common."""
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
            fine = name.split(".")[0] in sys.stdlib_module_names
            assert fine or name.startswith("abcrnn.notation"), (path, name)


def test_importing_abcrnn_loads_no_heavy_package():
    heavy = "{'tensorflow', 'keras', 'music21', 'matplotlib', 'numpy', 'pooch'}"
    code = f"import sys, abcrnn, abcrnn.cli; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("home", [abcrnn, events])
def test_every_public_name_can_be_imported(home):
    for name in home.__all__:
        assert getattr(home, name).__name__ == name


def test_no_module_is_long():
    long = {path.name: lines for path in PACKAGE.rglob("*.py")
            if (lines := len(path.read_text("utf-8").splitlines())) > 400}  # fmt: skip
    assert not long
