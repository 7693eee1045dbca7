"""The text of one tune: parsed for export, and cleaned for files that cannot hold all of it."""

from __future__ import annotations

import re
from functools import lru_cache

from abcrnn.notation.checks import require_music
from abcrnn.notation.errors import ABCError, NotOneTuneError
from abcrnn.notation.fragments import join_fragments
from abcrnn.notation.lexer import ANOTHER_TUNE
from abcrnn.notation.reader import read_tune
from abcrnn.notation.text import decode_text
from abcrnn.notation.tune import Tune
from abcrnn.notation.tunebook import Block, read_blocks

_MOST_CHARACTERS = 50_000  # far more than real tunes have

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@lru_cache(maxsize=1)  # several functions ask for the same tune
def parse_single_tune(text: str) -> Tune:
    r"""Parse text that must be exactly one tune, with a key and a note or chord symbol.

    Parameters
    ----------
    text : str
        May have text before the tune, and an empty line below its header. Lines may end in
        ``\n``, ``\r\n`` or ``\r``.

    Raises
    ------
    ABCError
        If the text is too long, has no ``K:`` field, nothing to play or more than one tune,
        or is out of the bounds of :func:`abcrnn.notation.read_tune`. Lines are counted in ``text``.
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a string, such as corpus.tunes[0], not {text!r:.80}")
    if len(text) > _MOST_CHARACTERS:
        raise ABCError(
            f"the text has {len(text)} characters; a tune has at most {_MOST_CHARACTERS}"
        )
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    blocks = join_fragments(read_blocks(text.split("\n")))
    found = [block for block in blocks if block.is_tune]
    if len(found) > 1:
        raise NotOneTuneError(ANOTHER_TUNE, found[1].line, 1)
    first = found[0].line if found else 1
    tune = read_tune(_at_its_lines(found[0]) if found else text)
    require_music(tune, first, chords=True)
    return tune


def _at_its_lines(tune: Block) -> str:
    """Return the text of a tune with empty lines, so that its lines keep their numbers.

    Lines of a file header come from above the tune; the lines after them are moved down.
    """
    text, number = "", 1
    for index, line in enumerate(tune.text.split("\n"), start=1):
        missing = max(tune.line_in_book(index) - number, 0)
        text += "\n" * missing + line + "\n"
        number += missing + 1
    return text.removesuffix("\n")


def has_only_chords(text: str) -> bool:
    """Whether a tune, as :func:`parse_single_tune` accepts it, has chord symbols and no notes."""
    tune = parse_single_tune(text)
    return not any(event.pitches for bar in tune.bars() for event in bar.events)


def printable(text: str) -> str:
    """Return the text of a field as it is meant, without characters that XML cannot hold.

    Accents, entities and code points are decoded (section 8.2 of ABC 2.1). Control characters and
    lone surrogates, which UTF-8 cannot hold, are left out.
    """
    return _NOT_XML.sub("", decode_text(text))


def printable_line(text: str, most: int) -> str:
    """Return the text of a field as one printable line of at most ``most`` characters."""
    line = " ".join(printable(text[: 4 * most]).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
