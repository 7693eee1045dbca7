"""The documentation: links, navigation, reference and docstrings of public names."""

import re
from importlib import import_module
from pathlib import Path

import pytest

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
