"""Sphinx settings: ``python -m sphinx -W --keep-going docs build/docs``."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from abcrnn import __version__  # noqa: E402  # found through the path above

REPOSITORY = "https://github.com/abcrnn/abcrnn"

project = "abcrnn"
copyright = "the abcrnn authors"
release = __version__
extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]

html_theme = "furo"
html_title = f"abcrnn {release}"

# Tables of contents and links to headings of other guides.
myst_heading_anchors = 3
myst_links_external_new_tab = False

# Signatures and members as they are written in the code.
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "none"  # types are in the Parameters section
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False


def link_to_repository(_app: object, _page: str, source: list[str]) -> None:
    """Turn links to files outside docs/ into links to the repository."""
    source[0] = source[0].replace("](../", f"]({REPOSITORY}/blob/main/")


def setup(app: object) -> None:
    """Register the rewriting of links."""
    app.connect("source-read", link_to_repository)
