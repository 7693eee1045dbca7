"""Problems of a tune: bars that do not add up, notation not closed, fields missing.

A tune is *valid* if it has no problem.
"""

from __future__ import annotations

from collections.abc import Iterator

from abcrnn.notation.bar_checks import bar_problems, compare_lengths
from abcrnn.notation.chord_symbols import parse_chord_symbol
from abcrnn.notation.errors import ABCError, NotOneTuneError
from abcrnn.notation.playing import played_bars
from abcrnn.notation.reader import read_tune
from abcrnn.notation.repeat_checks import order_problems, repeat_problems, unplayed_bars
from abcrnn.notation.tune import Event, Problem, Tune, Voice


def check_tune(text: str, unsupported: bool = False) -> list[Problem]:
    r"""Return the problems of one tune; an empty list if the tune is valid.

    Parameters
    ----------
    text : str
        One tune, from its ``X:`` line on.
    unsupported : bool
        Whether to report also valid notation that is not supported, as kind ``unsupported``.

    Returns
    -------
    list of Problem
        ``(line, column, kind, message)``, in the order of the text. Kinds: ``bar``,
        ``character``, ``chord``, ``decoration``, ``empty``, ``ending``, ``field``, ``grace``,
        ``header``, ``key``, ``length``, ``meter``, ``part``, ``pitch``, ``quotation``,
        ``repeat``, ``text``, ``tie``, ``tuplet``, ``voice``. If the text is empty or another tune
        begins in it, this is the only problem, of kind ``header``.

    Examples
    --------
    >>> check_tune("X:1\nM:6/8\nK:D\nABc def|gab agfe|]")[0].message
    'the bar is too long: 7 of 6 eighths'
    """
    try:
        tune = read_tune(text)
        problems = problems_of(tune)
    except ABCError as error:
        kind = "header" if isinstance(error, NotOneTuneError) else "length"
        return [Problem(error.line or 1, error.column or 1, kind, error.message)]
    if unsupported:
        problems += [problem for problem in tune.problems if problem.kind == "unsupported"]
        problems += _bar_lines_apart(tune)
    return sorted(problems)


def problems_of(tune: Tune) -> list[Problem]:
    """Return the problems of a parsed tune; ABCError if its repeats exceed the limits."""
    problems = [problem for problem in tune.problems if problem.kind != "unsupported"]
    problems += _header_problems(tune)
    problems += order_problems(tune)
    if not any(event.pitches for bar in tune.bars() for event in bar.events):
        chords = any(event.chord_symbol for bar in tune.bars() for event in bar.events)
        message = "the tune has chords only, no notes" if chords else "the tune has no notes"
        problems.append(Problem(1, 1, "empty", message))
    for voice in tune.voices:
        played = list(played_bars(voice, tune.parts))
        problems += bar_problems(played)
        problems += repeat_problems(tune, voice)
        problems += unplayed_bars(tune, voice, played)
        problems += _tie_problems(voice)
    problems += _voice_problems(tune)
    return sorted(set(problems))


def require_music(tune: Tune, line: int = 1, chords: bool = False) -> None:
    """Raise ABCError unless a tune has a key and a note.

    Parameters
    ----------
    tune : Tune
    line : int
        Of its ``X:``, for the error.
    chords : bool
        Whether a chord symbol that is played is enough.
    """
    if not any(letter == "K" for letter, _ in tune.fields):
        raise ABCError("the tune has no K: field, such as K:D, to end its header", line, 1)
    events = (event for bar in tune.bars() for event in bar.events)
    if not any(event.pitches or (chords and _sounds(event)) for event in events):
        raise ABCError("the tune has no notes", line, 1)


def _sounds(event: Event) -> bool:
    """Whether an event has a chord symbol that is played."""
    chord = parse_chord_symbol(event.chord_symbol) if event.chord_symbol else None
    return bool(chord and chord.pitches)


def _header_problems(tune: Tune) -> Iterator[Problem]:
    """Yield missing fields (section 2.2.1): a tune begins with X:, its header ends with K:."""
    letters = [letter for letter, _ in tune.fields]
    if letters[:1] != ["X"]:
        yield Problem(1, 1, "header", "the tune must begin with its number, such as X:1")
    if "K" not in letters:
        yield Problem(1, 1, "header", "the header has no key, such as K:D")


def _voice_problems(tune: Tune) -> Iterator[Problem]:
    """Yield voices that end before another one (section 7); exports add rests to them."""
    if len(tune.voices) < 2:
        return
    ends = [(voice.bars[-1].onset + voice.bars[-1].length, voice) for voice in tune.voices]
    longest, other = max(ends, key=lambda end: end[0])
    for length, voice in ends:
        if length < longest:
            last = voice.bars[-1]
            compared = compare_lengths(length, longest, last.meter.unit)
            message = f"voice {voice.name} is shorter than voice {other.name}: {compared}"
            yield Problem(last.line, last.column, "voice", message)


def _bar_lines_apart(tune: Tune) -> Iterator[Problem]:
    """Yield, for each voice, the first bar line that is not at the same time as in the first one.

    All parts of a MusicXML file have the same bars.
    """
    for voice in tune.voices[1:]:
        first = tune.voices[0]
        for bar, other in zip(voice.bars[:-1], first.bars[:-1], strict=False):
            if bar.length != other.length:
                compared = compare_lengths(bar.length, other.length, bar.meter.unit)
                message = (
                    f"the bar of voice {voice.name} does not have the length of that of voice "
                    f"{first.name}: {compared}; in MusicXML, a rest fills up the shorter one"
                )
                yield Problem(bar.line, bar.column, "unsupported", message)
                break


def _tie_problems(voice: Voice) -> Iterator[Problem]:
    """Yield ties without a next note (section 4.11); a tie to another pitch counts as a slur."""
    events = [event for bar in voice.bars for event in bar.events]
    following: list[Event | None] = [*events[1:], None]
    for event, after in zip(events, following, strict=True):
        if any(event.tied) and (after is None or not after.pitches):
            yield Problem(event.line, event.column, "tie", "the note is tied, but no note follows")
