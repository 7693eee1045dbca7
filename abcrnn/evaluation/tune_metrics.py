"""Metrics of the form of a tune: how it ends, how far it leaps, and which bars return.

All are those of the first voice. A bar *returns* if its notes and their rhythm occurred
earlier in the same tune. Bars are compared by the notes that begin in them: the onset in
the bar, the length with tied notes, and the pitch.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Any

from abcrnn.evaluation.distributions import length_in_bars
from abcrnn.notation import ABCError, Bar, Event, Tune, Voice, played_bars, read_tune
from abcrnn.notation.fields import Key
from abcrnn.notation.melody import melody
from abcrnn.notation.tune import Pitch

#: A last note shorter than this, in whole notes, counts as short.
SHORT = Fraction(1, 4)
_OCTAVE = 12  # semitones
_LETTERS = "CDEFGAB"


class Ending(StrEnum):
    """What the last note is in the key: the tonic, another note of its triad, or neither."""

    TONIC = "tonic"
    CHORD = "chord"
    OTHER = "other"


@dataclass(frozen=True)
class TuneMetrics:
    """Metrics of one tune, from :func:`measure`.

    Parameters
    ----------
    ending : Ending, optional
        Of the last note as played, in a chord the highest, by its pitch class and the key
        (``K:``) in force. None for a tune without notes or a key without tonic.
    last_duration : Fraction, optional
        Length of that note with its ties, in whole notes.
    leaps : int
        Number of intervals of more than an octave between neighbouring notes as written.
    full_bars : int
        Number of bars as written that fill their meter and in which a note begins. In free
        meter every bar with a note counts.
    returning : int
        Number of full bars that equal an earlier full bar in notes and rhythm.
    returning_rhythms : int
        Number of full bars that equal an earlier full bar in rhythm.
    pairs : int
        Number of full bars that directly follow a full bar.
    returning_pairs : int
        Number of these pairs that equal an earlier pair in notes and rhythm.
    bars : int
        Length of the tune, as in the distribution ``"tune length"``.
    characters : int
        Length of its text.
    """

    ending: Ending | None
    last_duration: Fraction | None
    leaps: int
    full_bars: int
    returning: int
    returning_rhythms: int
    pairs: int
    returning_pairs: int
    bars: int
    characters: int


def measure(tune: Tune, characters: int = 0) -> TuneMetrics:
    r"""Measure a tune.

    Parameters
    ----------
    tune : Tune
    characters : int
        Length of its text.

    Returns
    -------
    TuneMetrics

    Raises
    ------
    ABCError
        If its repeats make too many bars.

    Examples
    --------
    >>> tune = read_tune("X:1\nM:2/4\nL:1/8\nK:D\nFA d2|FA d2|GBAG|F2 D2|]")
    >>> found = measure(tune)
    >>> found.ending.value, found.last_duration, found.returning, found.full_bars
    ('tonic', Fraction(1, 4), 1, 4)
    """
    voice = tune.voices[0] if tune.voices else Voice("", ())
    ending, duration = _ending(tune, voice)
    notes = melody(voice)
    contents = _contents_of_full_bars(voice)
    bars = [content for content in contents if content]
    rhythms = [tuple((onset, length) for onset, length, _ in bar) for bar in bars]
    pairs = [pair for pair in pairwise(contents) if all(pair)]
    return TuneMetrics(
        ending=ending,
        last_duration=duration,
        leaps=sum(abs(b.pitch - a.pitch) > _OCTAVE for a, b in pairwise(notes)),
        full_bars=len(bars),
        returning=_count_repeated(bars),
        returning_rhythms=_count_repeated(rhythms),
        pairs=len(pairs),
        returning_pairs=_count_repeated(pairs),
        bars=length_in_bars(tune),
        characters=characters,
    )


def measure_all(tunes: Iterable[str]) -> list[TuneMetrics]:
    """Return the metrics of the tunes that can be read and have notes, in order.

    Parameters
    ----------
    tunes : iterable of str
    """
    found = []
    for text in tunes:
        try:
            metrics = measure(read_tune(text), len(text))
        except ABCError:
            continue
        if metrics.last_duration is not None:
            found.append(metrics)
    return found


@dataclass(frozen=True)
class MetricSummary:
    """Metrics of many tunes; shares are from 0 to 1, None where no tune has the property.

    Parameters
    ----------
    tunes : int
        Number of tunes.
    off_tonic, off_chord : float, optional
        Share of the tunes that end on another note than the tonic, and outside its triad.
        Tunes in a key without tonic are not counted.
    short_ending : float, optional
        Share of the tunes whose last note is shorter than a quarter note.
    with_leap : float, optional
        Share of the tunes with a leap of more than an octave.
    without_return : float, optional
        Share of the tunes in which no full bar returns.
    returning, returning_rhythms, returning_pairs : float, optional
        Share of all full bars, and of all pairs of them, that return.
    bars, characters : float, optional
        Mean length of the tunes.
    """

    tunes: int
    off_tonic: float | None
    off_chord: float | None
    short_ending: float | None
    with_leap: float | None
    without_return: float | None
    returning: float | None
    returning_rhythms: float | None
    returning_pairs: float | None
    bars: float | None
    characters: float | None


def summarize(metrics: Sequence[TuneMetrics]) -> MetricSummary:
    """Return the shares and means of the metrics of many tunes.

    Parameters
    ----------
    metrics : sequence of TuneMetrics
    """
    in_keys = [each.ending for each in metrics if each.ending]
    full_bars, pairs = sum(m.full_bars for m in metrics), sum(m.pairs for m in metrics)

    def share(values: Iterable[Any], whole: int) -> float | None:
        return sum(values) / whole if whole else None

    count = len(metrics)
    return MetricSummary(
        tunes=count,
        off_tonic=share((ending != Ending.TONIC for ending in in_keys), len(in_keys)),
        off_chord=share((ending == Ending.OTHER for ending in in_keys), len(in_keys)),
        short_ending=share(((m.last_duration or 0) < SHORT for m in metrics), count),
        with_leap=share((m.leaps > 0 for m in metrics), count),
        without_return=share((m.returning == 0 for m in metrics), count),
        returning=share((m.returning for m in metrics), full_bars),
        returning_rhythms=share((m.returning_rhythms for m in metrics), full_bars),
        returning_pairs=share((m.returning_pairs for m in metrics), pairs),
        bars=share((m.bars for m in metrics), count),
        characters=share((m.characters for m in metrics), count),
    )


def ending_of(pitch: Pitch, key: Key) -> Ending | None:
    """Return the function of a pitch in a key; None for a key without tonic.

    Parameters
    ----------
    pitch : Pitch
    key : Key
        Its triad has the third and the fifth of its scale.
    """
    if key.tonic is None:
        return None
    letter, alter = key.tonic
    tonic, third, fifth = (
        _LETTERS[(_LETTERS.index(letter) + steps) % len(_LETTERS)] for steps in (0, 2, 4)
    )
    if pitch.midi % 12 == _pitch_class(tonic, alter):
        return Ending.TONIC
    alters = key.alters()
    chord = [_pitch_class(name, alters.get(name, 0)) for name in (third, fifth)]
    return Ending.CHORD if pitch.midi % 12 in chord else Ending.OTHER


def _ending(tune: Tune, voice: Voice) -> tuple[Ending | None, Fraction | None]:
    """Return the ending of the tune as played, and the length of its last note."""
    bars = tuple(played_bars(voice, tune.parts))
    notes = melody(replace(voice, bars=bars))
    if not notes:
        return None, None
    bar, event = _last_sounding(bars)
    highest = max(event.pitches, key=lambda pitch: pitch.midi)
    return ending_of(highest, _key_at(bar, event)), notes[-1].duration


def _last_sounding(bars: Sequence[Bar]) -> tuple[Bar, Event]:
    """Return the last event that is not a rest, and its bar."""
    events = ((bar, event) for bar in reversed(bars) for event in reversed(bar.events))
    return next((bar, event) for bar, event in events if event.pitches)


def _key_at(bar: Bar, event: Event) -> Key:
    """Return the key in force at an event, which a ``K:`` inside the bar may have changed."""
    key = bar.key
    for change in bar.changes:
        if isinstance(change.value, Key) and change.offset <= event.onset - bar.onset:
            key = change.value
    return key


def _contents_of_full_bars(voice: Voice) -> list[tuple[tuple[Fraction, Fraction, int], ...]]:
    """Return for each bar the notes that begin in it; none for a bar that is not full.

    A note is its onset in the bar, its length with tied notes, and its MIDI number.
    """
    contents: list[list[tuple[Fraction, Fraction, int]]] = []
    held: dict[int, tuple[int, int]] = {}  # tied pitch -> bar and index of its note
    for number, bar in enumerate(voice.bars):
        contents.append([])
        for event in bar.events:
            still_held: dict[int, tuple[int, int]] = {}
            for midi, tied in _chord(event):
                index = held.get(midi)
                if index is None:
                    index = number, len(contents[-1])
                    contents[-1].append((event.onset - bar.onset, event.duration, midi))
                else:
                    onset, length, _ = contents[index[0]][index[1]]
                    contents[index[0]][index[1]] = onset, length + event.duration, midi
                if tied:
                    still_held[midi] = index
            held = still_held
    return [
        tuple(content) if bar.meter.length in (None, bar.length) else ()
        for bar, content in zip(voice.bars, contents, strict=True)
    ]


def _chord(event: Event) -> list[tuple[int, bool]]:
    """Return MIDI number and tie of each pitch, from low to high."""
    midi = [pitch.midi for pitch in event.pitches]
    return sorted(zip(midi, event.tied, strict=True))


def _count_repeated(values: Sequence[Hashable]) -> int:
    return len(values) - len(set(values))


def _pitch_class(letter: str, alter: int) -> int:
    return Pitch(letter, alter, 4).midi % 12
