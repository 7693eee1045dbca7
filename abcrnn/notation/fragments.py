"""Text outside tunes: what it is, and whether it belongs to the tune before it (section 2.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from itertools import chain

from abcrnn.notation.lines import (
    begins_text_block,
    first_column,
    header_field,
    is_music,
    lines_of_tune,
)
from abcrnn.notation.tune import Problem
from abcrnn.notation.tunebook import Block, block_of, header_lines, tune_body

#: Fields that a file header may have (the table in section 3).
_FILE_HEADER_FIELDS = "ABCDFGHILMNORSUZmr"

_TUNES_IN_SAMPLE = 100  # they show whether a tunebook has an empty line in every tune
_MOST_FRAGMENTS = 100  # after a tune, until no more music is joined to it


class Kind(Enum):
    """What a line outside tunes is."""

    COMMENT = "comment"  # or a directive
    UNCLOSED = "text block without an end"
    TEXT = "text"
    FIELD = "field"
    MUSIC = "music"


def check_fragment(fragment: Block, in_file_header: bool = False) -> list[Problem]:
    """Return what is lost because it is outside a tune.

    Parameters
    ----------
    fragment : Block
    in_file_header : bool
        Whether it is above the first tune, where some fields apply to all tunes.

    Returns
    -------
    list of Problem
        At most one, with the line and column in the fragment. Its kind is ``lost`` for music
        and for a tune without ``X:``, and ``outside`` for other text. Empty for comments.
    """
    if _is_tune_without_number(fragment):
        return [Problem(1, 1, "lost", "a tune without X: is not read; it must begin with X:1")]
    kinds = _kinds(fragment)
    for number, column, kind, text in kinds:
        if kind == Kind.UNCLOSED:
            name = text.split()[0].removeprefix("%%begin")
            message = f"%%begin{name} is not closed by %%end{name}"
            return [Problem(number, column, "outside", message)]
    for kind in (Kind.MUSIC, Kind.FIELD, Kind.TEXT):
        for number, column, found, text in kinds:
            field = header_field(text)
            applies = in_file_header and field and field[0] in _FILE_HEADER_FIELDS
            if found == kind and not (kind == Kind.FIELD and applies):
                return [Problem(number, column, *_message(kind, text, in_file_header))]
    return []


def has_music(fragment: Block) -> bool:
    """Return whether text outside tunes has music, or is a tune without ``X:``."""
    return any(problem.kind == "lost" for problem in check_fragment(fragment))


def join_fragments(
    blocks: Iterable[Block],
    always: bool = False,
    on_join: Callable[[Block], None] = lambda fragment: None,
) -> Iterator[Block]:
    """Join music and fields outside tunes to the tune before them.

    Web pages put an empty line below the header, or between the lines of a tune. By the
    standard, an empty line ends the tune.

    Parameters
    ----------
    blocks : iterable of Block
        Of one tunebook, from :func:`abcrnn.notation.read_blocks`.
    always : bool
        If not, fragments are joined only where each of the first 100 tunes has an empty
        line in place of music.
    on_join : callable
        Called with each fragment that is joined.

    Yields
    ------
    Block
        Free text and comments stay outside tunes.
    """
    if not always:
        first, blocks = _sample(blocks)
        if not _all_without_music(first):
            yield from chain(first, blocks)
            return
        blocks = chain(first, blocks)
    tune: list[Block] = []  # and the fragments that belong to it
    others: list[Block] = []
    has_key = False
    for block in blocks:
        if tune and not block.is_tune and _belongs(block, has_key):
            tune.append(block)
            has_key = has_key or _has_key(block)
            on_join(block)
        elif tune and not block.is_tune and len(others) < _MOST_FRAGMENTS:
            others.append(block)
        else:
            yield from _joined(tune, others)
            tune, others, has_key = [block], [], _has_key(block)
            if not block.is_tune:
                yield block
                tune = []
    yield from _joined(tune, others)


def _kinds(fragment: Block) -> list[tuple[int, int, Kind, str]]:
    """Return the line, the first column, the kind and the text of each line."""
    found = []
    for number, text, in_text_block in lines_of_tune(fragment.text):
        kind = Kind.FIELD if header_field(text) else Kind.TEXT
        if in_text_block or text.lstrip().startswith("%"):
            kind = Kind.COMMENT
            if begins_text_block(text) and not in_text_block:
                kind = Kind.UNCLOSED
        elif is_music(text):
            kind = Kind.MUSIC
        found.append((number, first_column(text), kind, text))
    return found


def _message(kind: Kind, text: str, in_file_header: bool) -> tuple[str, str]:
    """Return the kind and the message of a problem."""
    if kind == Kind.MUSIC:
        return "lost", "music outside a tune is not read: a tune ends at an empty line"
    if kind == Kind.TEXT:
        return "outside", f"text outside tunes is not read: {text.strip()[:30]!r}"
    where = "in a file header" if in_file_header else "after an empty line, which ends a tune,"
    return "outside", f"the field {text.strip()[0]}: {where} is not read"


def _is_tune_without_number(fragment: Block) -> bool:
    letters = {line.letter for line in header_lines(fragment.text)}
    return {"T", "K"} <= letters


def _sample(blocks: Iterable[Block]) -> tuple[list[Block], Iterator[Block]]:
    """Return the first blocks, up to a number of tunes, and an iterator over the others."""
    rest, first, tunes = iter(blocks), [], 0
    for block in rest:
        first.append(block)
        tunes += block.is_tune
        if tunes > _TUNES_IN_SAMPLE:
            break
    return first, rest


def _all_without_music(blocks: list[Block]) -> bool:
    """Return whether every tune lacks a body, and what follows it belongs to it."""
    tunes = [index for index, block in enumerate(blocks) if block.is_tune][:_TUNES_IN_SAMPLE]
    return bool(tunes) and all(
        index + 1 < len(blocks)
        and not _has_body(blocks[index])
        and not blocks[index + 1].is_tune
        and _belongs(blocks[index + 1], _has_key(blocks[index]))
        for index in tunes
    )


def _has_body(tune: Block) -> bool:
    lines = tune_body(tune.text).split("\n")
    return any(line.strip() and not line.startswith("%") for line in lines)


def _has_key(tune: Block) -> bool:
    return any(line.letter == "K" for line in header_lines(tune.text))


def _belongs(fragment: Block, has_key: bool) -> bool:
    """Return whether a fragment is the rest of a tune: mostly music and fields.

    ``has_key`` is whether the tune so far has ``K:``, after which another header cannot follow.
    """
    if has_key and _is_tune_without_number(fragment):
        return False
    counts = Counter(kind for _, _, kind, _ in _kinds(fragment))
    return counts[Kind.MUSIC] + counts[Kind.FIELD] > counts[Kind.TEXT]


def _joined(tune: list[Block], others: list[Block]) -> list[Block]:
    if len(tune) > 1:
        tune = [
            block_of(
                (block.line_in_book(number), text)
                for block in tune
                for number, text in enumerate(block.text.split("\n"), start=1)
            )
        ]
    return [*tune, *others]
