"""Sphinx settings: ``python -m sphinx -W --keep-going docs build/docs``."""

import inspect
import os
import re
import sys
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from abcrnn import __version__  # noqa: E402  # found through the path above

REPOSITORY = "https://github.com/abcrnn/abcrnn/blob/main"
#: Pages of the navigation whose text is a file at the top of the repository.
TOP_FILES = {"contributing": ROOT / "CONTRIBUTING.md", "changes": ROOT / "CHANGELOG.md"}

project = "abcrnn"
copyright = "the abcrnn authors"
release = __version__
extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
html_theme = "furo"
html_title = f"abcrnn {release}"
html_show_copyright = False

myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "none"  # types are in the Parameters section
numpydoc_show_class_members = False


def replace_source(_app: object, page: str, source: list[str]) -> None:
    """Insert files of the repository's top, and adapt links to files outside docs/."""
    file = TOP_FILES.get(page, DOCS / f"{page}.md")
    if file.exists():  # reference pages end in .rst and have no such links
        text = file.read_text("utf-8")
        source[0] = re.sub(r"\]\(([^):]+?)(#[^)]*)?\)", lambda link: _link(file, page, link), text)


def _link(file: Path, page: str, link: re.Match[str]) -> str:
    path, anchor = link[1], link[2] or ""
    if path.startswith("#"):
        return link[0]
    target = (file.parent / path).resolve()
    for name, top_file in TOP_FILES.items():
        if target == top_file:
            target = DOCS / f"{name}.md"
    if target.is_relative_to(DOCS) and target.suffix in {".md", ".rst"}:
        return f"]({os.path.relpath(target, (DOCS / page).parent)}{anchor})".replace("\\", "/")
    return f"]({REPOSITORY}/{target.relative_to(ROOT).as_posix()}{anchor})"


def show_init_signature(
    _app: object, what: str, _name: str, value: object, _options: object, signature: str, _: str
) -> tuple[str, str] | None:
    """Show the arguments of ``__init__`` for Keras models, which hide them behind ``__new__``."""
    if what != "class" or not (signature or "").startswith("(*args"):
        return None
    parameters = list(inspect.signature(value.__init__).parameters.values())[1:]
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]
    return str(inspect.Signature(bare)), ""


def setup(app: object) -> None:
    """Connect the functions above to Sphinx's events."""
    app.connect("source-read", replace_source)
    app.connect("autodoc-process-signature", show_init_signature)
