"""A page with tunes: one self-contained HTML file."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files

from abcrnn.export.html.engraving import music_font, uses_music_font
from abcrnn.export.html.fragment import Fragment

_OPEN_CONTENTS = 12  # a longer table of contents is closed, so that the first tune is visible


def page(fragments: Sequence[Fragment], title: str, contents: bool = True) -> str:
    """Return a complete page with tunes, a table of contents and the player.

    Parameters
    ----------
    fragments : sequence of Fragment
    title : str
        Plain text.
    contents : bool
        Whether a page of several tunes has a table of contents.

    Returns
    -------
    str
        HTML. Its policy allows no requests, and no script except the player.
    """
    content = "\n".join(fragment.html for fragment in fragments)
    style = page_style(with_font=uses_music_font(content))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy(player_script())}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="abcrnn">
<title>{escape(title)}</title>
<style>{style}</style>
</head>
<body>
<header class="abcrnn-header">
<h1>{escape(title)}</h1>
{_contents(fragments) if contents else ""}
</header>
<main>
{content}
</main>
<script type="module">{player_script()}</script>
</body>
</html>
"""


def page_style(with_font: bool = True) -> str:
    """Return the CSS of pages with tunes, with the font for signs in texts of scores."""
    return _read("page.css") + _read("player.css") + (music_font() if with_font else "")


def player_script() -> str:
    """Return the module that fills the players of a page."""
    return _read("player.js")


@cache
def _read(name: str) -> str:
    return (files("abcrnn.export.html") / name).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    digest = b64encode(sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "font-src data:; base-uri 'none'; form-action 'none'"
    )


def _contents(fragments: Sequence[Fragment]) -> str:
    if len(fragments) < 2:
        return ""
    items = "".join(f'<li><a href="#{each.id}">{escape(each.title)}</a></li>' for each in fragments)
    is_open = " open" if len(fragments) <= _OPEN_CONTENTS else ""
    return (
        f'<nav aria-label="Contents"><details class="abcrnn-contents"{is_open}>'
        f"<summary>{len(fragments)} tunes</summary><ol>{items}</ol></details></nav>"
    )
