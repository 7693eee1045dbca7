"""A tune as a fragment of HTML: title, player, score, downloads, ABC text and problems."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from abcrnn.export.html.engraving import Engraved, engrave
from abcrnn.export.html.playback import timeline_json
from abcrnn.export.midi import to_midi_bytes
from abcrnn.export.mxl import compressed
from abcrnn.export.tune_text import parse_single_tune, printable, printable_line
from abcrnn.export.tunebook import file_stem
from abcrnn.notation.checks import check_tune
from abcrnn.notation.errors import ABCError
from abcrnn.notation.tunebook import header_lines, tune_title
from abcrnn.storage.validation import require_tunes

if TYPE_CHECKING:
    from abcrnn.data.nearest import MelodyIndex

# Texts come from untrusted sources, and a page must stay readable.
_MOST_CHARACTERS = 50_000  # of a tune; a longer one has no score and no downloads
_MOST_OF_LINE = 200  # characters of a title or of a header field
_MOST_PROBLEMS = 20

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# They change the direction of the text that follows them, also outside of a title.
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_FACTS = "RMKC"  # header fields below the title


class Fragment(NamedTuple):
    """A part of a page.

    Parameters
    ----------
    id : str
        Identifier of its element.
    title : str
        Plain text, not HTML.
    html : str
        An ``article`` element.
    problem : str
        Why there is no score; empty if there is one.
    """

    id: str
    title: str
    html: str
    problem: str = ""


def tune_fragments(
    tunes: Iterable[str], first: int = 1, known: MelodyIndex | None = None
) -> list[Fragment]:
    """Return a fragment for each tune, with ids from ``t1`` on.

    Parameters
    ----------
    tunes : iterable of str
        Each is one tune of ABC with its header. A tune that cannot be read is shown as text.
    first : int
        The number of the first tune.
    known : MelodyIndex, optional
        Known tunes; the fragment names the one that its tune is most like.

    Raises
    ------
    ImportError
        If verovio is not installed.
    TypeError, ValueError
        If there are no tunes, or they are not strings.
    """
    tunes = require_tunes("tunes", tunes)
    if not tunes:
        raise ValueError("tunes must have at least one tune")
    prefixes = [f"t{number}" for number in range(first, first + len(tunes))]
    scores = engrave(tunes, prefixes)
    return [
        tune_fragment(tune, score, number, known)
        for number, (tune, score) in enumerate(zip(tunes, scores, strict=True), start=first)
    ]


def tune_fragment(
    tune: str, score: Engraved, number: int = 1, known: MelodyIndex | None = None
) -> Fragment:
    """Return the fragment of a tune.

    Parameters
    ----------
    tune : str
        One tune of ABC with its header.
    score : Engraved
        Its score, with the prefix ``t`` and the number.
    number : int
        Unique in the page; the id of the fragment is ``t`` and the number.
    known : MelodyIndex, optional
        Known tunes; the fragment names the one that the tune is most like.
    """
    name = f"t{number}"
    title = _line(tune_title(tune[:_MOST_CHARACTERS])) or f"Tune {number}"
    facts = " · ".join(_apart(fact) for fact in _facts(tune[:_MOST_CHARACTERS]))
    parts = [
        f'<article class="abcrnn-tune" id="{name}" aria-labelledby="{name}-title">',
        f'<h2 id="{name}-title">{escape(title)}</h2>',
        f'<p class="abcrnn-facts">{facts}</p>' if facts else "",
        _player(tune, name),
        _score(score, name),
        _words(tune),
        _nearest(tune, known) if known and score.musicxml else "",
        _downloads(tune, score, number),
        _text(tune),
        "</article>",
    ]
    return Fragment(name, title, "\n".join(part for part in parts if part), score.problem)


def _line(text: str) -> str:
    return _DIRECTIONS.sub("\ufffd", printable_line(text, _MOST_OF_LINE))


def _apart(text: str) -> str:
    """Return text as HTML that does not change the order of the text around it, as Hebrew does."""
    return f"<bdi>{escape(text)}</bdi>"


def _facts(tune: str) -> Iterator[str]:
    fields = {line.letter: line.value for line in reversed([*header_lines(tune)])}
    for letter in _FACTS:
        if value := _line(fields.get(letter, "")):
            yield f"Key {value}" if letter == "K" else value


def _player(tune: str, name: str) -> str:
    try:
        data = timeline_json(parse_single_tune(tune), name)
    except ABCError:
        return ""
    return (
        f'<div class="abcrnn-player" data-timeline="{name}-timeline" data-score="{name}-score">'
        f'</div>\n<script type="application/json" id="{name}-timeline">{data}</script>'
    )


def _score(score: Engraved, name: str) -> str:
    if not score.svg:
        return f'<p class="abcrnn-problem">No score: {escape(printable(score.problem))}</p>'
    return f'<div class="abcrnn-score" id="{name}-score">{score.svg}</div>'


def _words(tune: str) -> str:
    """Return the words of ``W:``, which are below the score."""
    with suppress(ABCError):
        lines = [printable(line) for line in parse_single_tune(tune).words]
        if any(lines):
            return f'<p class="abcrnn-words">{"<br>".join(escape(line) for line in lines)}</p>'
    return ""


def _nearest(tune: str, known: MelodyIndex) -> str:
    try:
        found = known.nearest(tune, n=1)
    except ABCError:  # one tune must not stop the others
        return ""
    if not found:
        return '<p class="abcrnn-nearest">No known tune is like it.</p>'
    near = found[0]
    title = _apart(_line(near.title) or "a tune without a title")
    name = f"{title} ({_apart(_line(near.corpus))} {near.number})"
    same = f"{near.similarity:.0%} of the notes are the same"
    bars = f"{round(near.bars, 1):g}"
    passage = f"; the longest passage in common has {bars} bar{'s' * (bars != '1')}"
    if not near.notes:
        passage = ""
    return f'<p class="abcrnn-nearest">Nearest known tune: {name}. {same}{passage}.</p>'


def _downloads(tune: str, score: Engraved, number: int) -> str:
    if len(tune) > _MOST_CHARACTERS:
        return ""
    stem = file_stem(tune, number)
    text = tune.encode("utf-8", "replace")
    links = [_link("ABC", f"{stem}.abc", "text/vnd.abc;charset=utf-8", text)]
    with suppress(ABCError):  # the score says why
        links.append(_link("MIDI", f"{stem}.mid", "audio/midi", to_midi_bytes(tune)))
    if score.musicxml:
        data = compressed(score.musicxml)
        kind = "application/vnd.recordare.musicxml"
        links.append(_link("MusicXML", f"{stem}.mxl", kind, data))
    return f'<p class="abcrnn-downloads">Download: {" ".join(links)}</p>'


def _link(label: str, name: str, kind: str, data: bytes) -> str:
    encoded = b64encode(data).decode()
    return f'<a download="{escape(name)}" href="data:{kind};base64,{encoded}">{label}</a>'


def _text(tune: str) -> str:
    problems = [] if len(tune) > _MOST_CHARACTERS else check_tune(tune)
    items = [f"Line {each.line}: {printable(each.message)}" for each in problems]
    if len(items) > _MOST_PROBLEMS:
        items[_MOST_PROBLEMS:] = [f"and {len(items) - _MOST_PROBLEMS} more"]
    listed = "".join(f"<li>{escape(item[:_MOST_OF_LINE])}</li>" for item in items)
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    found = f'<ul class="abcrnn-problems">{listed}</ul>' if items else ""
    summary = f"ABC text, {count}" if items else "ABC text"
    return (
        f'<details class="abcrnn-text"><summary>{summary}</summary>{found}'
        f"<pre>{escape(_visible(tune), quote=False)}</pre></details>"
    )


def _visible(tune: str) -> str:
    """Return the text of a tune: bounded, without control characters."""
    shown = _CONTROL.sub("\ufffd", tune[:_MOST_CHARACTERS].replace("\r\n", "\n"))
    return shown if len(tune) <= _MOST_CHARACTERS else f"{shown}\n… ({len(tune)} characters)"
