"""The documentation: links, navigation, reference and docstrings of public names."""

import inspect
import re
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Protocol

import pytest
from numpydoc.validate import validate

import abcrnn

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "benchmarks").glob("*.md"),
                *(ROOT / "corpora").glob("*.md")])  # fmt: skip
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
DIRECTIVE = re.compile(r"^\.\. (?:auto)?(?:class|function|data|exception)::\s+(\S+)", re.MULTILINE)

PACKAGE = Path(abcrnn.__file__).parent
PACKAGES = ["abcrnn", *(f"abcrnn.{path.parent.name}" for path in PACKAGE.glob("*/__init__.py"))]

#: Codes of numpydoc.validate. GL06 to GL08: unknown or misplaced section, no docstring. SS01: no
#: first line. PR02 to PR04: parameters that do not exist, are in another order, or have no type.
ALWAYS = {"GL06", "GL07", "GL08", "SS01", "PR02", "PR03", "PR04"}
#: PR01: a parameter is not documented. A method may have a one-line docstring instead.
MISSING_PARAMETERS = "PR01"


def anchors(page: Path) -> set[str]:
    """Anchors of the headings of a page, as GitHub and MyST make them."""
    prose = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files_and_headings(page):
    for target in LINK.findall(CODE.sub("", page.read_text("utf-8"))):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_named_modules_exist(page):
    for name in re.findall(r"(?<![\w/.])(?:\w+/)+\w+\.py\b", page.read_text("utf-8")):
        assert (ROOT / name).is_file() or (PACKAGE / name).is_file(), name


def test_every_page_is_in_the_navigation():
    listed = set()
    for index in (DOCS / "index.md", DOCS / "reference/index.rst"):
        for line in index.read_text("utf-8").splitlines():
            listed.add((index.parent / line.strip()).relative_to(DOCS).as_posix())
    pages = {path.relative_to(DOCS).with_suffix("").as_posix()
             for path in DOCS.rglob("*") if path.suffix in {".md", ".rst"}}  # fmt: skip
    assert pages - {"index"} <= listed


def public_names():
    """Dotted name and value of every name in an ``__all__`` of the package."""
    for package in map(import_module, PACKAGES):
        for name in getattr(package, "__all__", ()):
            yield f"{package.__name__}.{name}", getattr(package, name)


def resolve(path: str):
    package, _, name = path.rpartition(".")
    return getattr(import_module(package), name)


def test_every_public_name_is_in_the_reference():
    text = "\n".join(path.read_text("utf-8") for path in (DOCS / "reference").glob("*.rst"))
    paths = DIRECTIVE.findall(text)
    assert len(paths) == len(set(paths))
    documented = {id(resolve(path)) for path in paths}
    missing = [
        name
        for name, value in public_names()
        if name not in paths and not (callable(value) and id(value) in documented)
    ]
    assert not missing


def documented_objects():
    """Import paths of public functions, classes and methods, and whether all parameters count."""
    paths = {}
    for _, value in public_names():
        if not (inspect.isclass(value) or inspect.isfunction(value)):
            continue
        path = f"{value.__module__}.{value.__qualname__}"
        paths[path] = not is_protocol(value)
        if inspect.isclass(value):
            paths |= {f"{path}.{name}": False for name in own_methods(value)}
    return paths


def is_protocol(value):
    """Protocols have no constructor of their own."""
    return Protocol in getattr(value, "__bases__", ())


def own_methods(cls):
    kinds = (classmethod, staticmethod, property, FunctionType)
    public = {name: member for name, member in vars(cls).items() if name[0] != "_"}
    return [name for name, member in public.items() if isinstance(member, kinds)]


def test_docstrings_have_numpydoc_sections():
    problems = []
    for path, is_called in documented_objects().items():
        result = validate(path)
        wanted = set(ALWAYS)
        if is_called or "Parameters\n" in result["docstring"]:
            wanted.add(MISSING_PARAMETERS)
        problems += [f"{path}: {code} {text}" for code, text in result["errors"] if code in wanted]
    assert not problems, "\n".join(problems)
