"""Suggested chord symbols, written into the text of a tune (section 4.18)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from abcrnn.notation.chord_symbols import parse_chord_symbol
from abcrnn.notation.harmonic_segments import PlacedSegment, form_of, segments_of
from abcrnn.notation.harmony import choose_chords
from abcrnn.notation.lexer import Token, tokens
from abcrnn.notation.lines import LINE_END
from abcrnn.notation.reader import read_tune
from abcrnn.notation.tune import Voice

# Signs between a chord symbol and its note. Grace notes come before the chord symbol (4.20).
_BETWEEN = frozenset({"decoration", "quoted", "slur", "tuplet"})

Position = tuple[int, int]  # line and column, from 1


class ChordedTune(NamedTuple):
    """A tune with suggested chord symbols.

    Parameters
    ----------
    text : str
        The tune itself if no chord symbol was added.
    added : int
        Number of chord symbols that were added.
    reason : str
        Why none was added, such as ``with chord symbols``; empty if some were.
    """

    text: str
    added: int
    reason: str = ""


def add_chords(tune: str) -> str:
    r"""Suggest accompaniment: write chord symbols into a tune.

    The chords are triads of the key that fit the melody, and dominant sevenths. Each section
    ends on the tonic where the melody allows it. Chord symbols are added to the first voice;
    all other text stays the same.

    Parameters
    ----------
    tune : str
        One tune, from its ``X:`` line on.

    Returns
    -------
    str
        ``tune`` itself if it has chord symbols already, or if its key has no tonic, as in
        ``K:none``.

    Raises
    ------
    ABCError
        If the text is empty or the tune cannot be read; see :func:`abcrnn.notation.read_tune`.
    TypeError
        If ``tune`` is not a string.

    Examples
    --------
    >>> print(add_chords("X:1\nT:Scale\nM:6/8\nK:G\nD|GAB dcB|cBA AFD|GBd gfa|g3 g2|]"))
    X:1
    T:Scale
    M:6/8
    K:G
    D|"G"GAB dcB|"D7"cBA AFD|"G"GBd gfa|g3 g2|]
    """
    return suggest_chords(tune).text


def suggest_chords(tune: str) -> ChordedTune:
    """Write chord symbols into a tune as :func:`add_chords` does, and return how many.

    Parameters
    ----------
    tune : str
    """
    parsed = read_tune(tune)
    if _has_chords(tune, parsed.voices):
        return ChordedTune(tune, 0, "with chord symbols")
    placed = segments_of(parsed.voices[0]) if parsed.voices else []
    if not placed:
        has_key = parsed.key.tonic or any(bar.key.tonic for bar in parsed.bars())
        reason = "without bars of notes" if has_key else "in a key without tonic"
        return ChordedTune(tune, 0, reason)
    symbols = choose_chords([place.segment for place in placed])
    written = dict(_changes(parsed.voices[0], placed, symbols))
    return ChordedTune(_insert(tune, written), len(written))


def _has_chords(text: str, voices: Iterable[Voice]) -> bool:
    """Whether a tune has a chord symbol in a voice or in a symbol line (``s:``).

    The parser leaves out those with no note after them and those in an overlay (``&``).
    """
    events = (event for voice in voices for bar in voice.bars for event in bar.events)
    if any(event.chord_symbol for event in events):
        return True
    return any(
        (token.kind == "field" and token.text.startswith("s:") and '"' in token.text)
        or (token.kind == "quoted" and parse_chord_symbol(token.text[1:-1]) is not None)
        for token in tokens(text)
    )


def _changes(
    voice: Voice, placed: list[PlacedSegment], symbols: list[str]
) -> Iterator[tuple[Position, str]]:
    """Yield the position and the symbol of each chord that is written.

    An unchanged symbol is written again only where a line of the text, a section or an ending
    begins.
    """
    starts = form_of(voice.bars).starts
    before, line, bar = "", 0, -1
    for place, symbol in zip(placed, symbols, strict=True):
        event = place.event
        passed = range(bar + 1, place.bar + 1)
        if symbol != before or event.line != line or any(index in starts for index in passed):
            yield (event.line, event.column), symbol
        before, line, bar = symbol, event.line, place.bar


def _insert(text: str, symbols: dict[Position, str]) -> str:
    """Return a text with chord symbols in front of the notes at the given positions."""
    line_starts = [0, *(found.end() for found in LINE_END.finditer(text))]
    pieces, done = [], 0
    for token, start in _with_signs(tokens(text)):
        symbol = symbols.get((token.line, token.column))
        if symbol is not None:
            at = line_starts[start[0] - 1] + start[1] - 1
            pieces += [text[done:at], f'"{symbol}"']
            done = at
    return "".join([*pieces, text[done:]])


def _with_signs(found: Iterable[Token]) -> Iterator[tuple[Token, Position]]:
    """Yield each token with the position of the first of the signs that belong to it."""
    start: Position | None = None
    for token in found:
        if start is None or start[0] != token.line:
            start = (token.line, token.column)
        if token.kind not in _BETWEEN:
            yield token, start
            start = None
