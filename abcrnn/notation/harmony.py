"""The choice of accompaniment chords: triads of the key that fit the melody.

Each segment of the melody, a bar or a part of a bar, gets a triad. A triad scores by the notes
that it covers, by its degree in the key, and by its movement from the triad before. The
sequence with the highest score is found by dynamic programming, in time proportional to the
number of segments.

The weights were fitted to the chord symbols of the training tunes of the corpus jigs, as
differences of log probabilities, and rounded. docs/chords.md has the agreement.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from abcrnn.notation.fields import Key
from abcrnn.notation.tune import Pitch

_LETTERS = "CDEFGAB"
_SIGNS = {0: "", 1: "#", -1: "b"}
_PERFECT_FIFTH = 7

#: By the role of a note in a chord: weight of each beat that it sounds, and of its beginning
#: on a beat.
_NOTE_WEIGHTS = {
    "root": (1.6, 0.4),
    "third": (1.9, 0.5),
    "fifth": (1.5, 0.3),
    "seventh": (-0.2, 0.1),
    "minor seventh": (-1.2, -0.4),
    "clash": (-2.9, -0.6),
    "other": (-2.4, -0.3),
    "foreign": (-1.4, 0.0),
}
#: By the third of the key, then by semitones from the tonic to the root, and whether the triad
#: is minor. Triads that are not in the key have high weights: they are only considered
#: where a note outside the key asks for them.
_DEGREE_WEIGHTS = {
    False: {
        (0, False): 0.5, (2, True): -0.6, (4, True): -1.6, (5, False): -0.1, (7, False): 0.1,
        (9, True): 0.0, (10, False): 1.0, (2, False): 0.4, (4, False): 0.4, (9, False): -0.3,
        (7, True): -0.6,
    },
    True: {
        (0, True): 0.6, (3, False): 0.3, (5, True): -0.6, (5, False): 0.1, (7, False): -0.4,
        (7, True): -1.4, (8, False): -0.1, (10, False): 0.4, (2, True): -0.9, (0, False): 0.2,
    },
}  # fmt: skip
_OTHER_DEGREE = -1.0
#: By the semitones up from the root before.
_ROOT_MOVEMENTS = {
    1: -0.5, 2: 0.4, 3: -1.2, 4: -1.8, 5: 1.2, 6: -1.0,
    7: 0.3, 8: -1.7, 9: -0.1, 10: -0.3, 11: -0.7,
}  # fmt: skip
_CHANGE_IN_BAR = -1.0
_STAYS_IN_BAR = 1.0
_DOMINANT_BEFORE_CADENCE = 1.6
_OPENS_WITH_TONIC = 1.0


class SoundingNote(NamedTuple):
    """A note of the melody within a segment.

    Parameters
    ----------
    pitch_class : int
        From 0 for C to 11.
    length : Fraction
        In beats.
    on_beat : bool
        Whether it begins on a beat.
    """

    pitch_class: int
    length: Fraction
    on_beat: bool


class Segment(NamedTuple):
    """A part of the melody that gets one chord.

    Parameters
    ----------
    key : Key
    notes : tuple of SoundingNote
        At least one.
    in_same_bar : frozenset of int
        Pitch classes of all notes of its bar.
    in_bar : bool
        Whether it begins inside a bar.
    fresh : bool
        Whether it does not follow the segment before: at the beginning, and at the beginning of
        a later ending.
    cadence : bool
        Whether a section ends with it.
    """

    key: Key
    notes: tuple[SoundingNote, ...]
    in_same_bar: frozenset[int]
    in_bar: bool = False
    fresh: bool = False
    cadence: bool = False


class Triad(NamedTuple):
    """A major or minor triad in a key.

    Parameters
    ----------
    name : str
        Such as ``F#m``.
    root : int
        Pitch class.
    degree : int
        Semitones from the tonic up to the root.
    is_minor : bool
    tones : tuple of int
        Pitch classes of root, third and fifth.
    required : frozenset of int
        Pitch classes outside the key, of which one must sound in the bar; empty for a triad of
        the key.
    """

    name: str
    root: int
    degree: int
    is_minor: bool
    tones: tuple[int, int, int]
    required: frozenset[int]


def choose_chords(segments: Sequence[Segment]) -> list[str]:
    """Return a chord symbol for each segment, such as ``G``, ``Em`` or ``D7``.

    Parameters
    ----------
    segments : sequence of Segment
        In keys for which :func:`triads_of` returns triads.
    """
    triads = choose_triads(segments)
    symbols: list[str] = []
    for index in reversed(range(len(segments))):
        after = triads[index + 1] if symbols else None
        if triads[index] == after and segments[index + 1].in_bar:
            symbols.append(symbols[-1])  # not D and D7 in one bar
        else:
            symbols.append(_symbol(triads[index], segments[index], after))
    return symbols[::-1]


def choose_triads(segments: Sequence[Segment]) -> list[Triad]:
    """Return the triad of each segment in the sequence with the highest score."""
    columns: list[dict[Triad, tuple[float, Triad | None]]] = []  # score, and the triad before
    for segment in segments:
        column: dict[Triad, tuple[float, Triad | None]] = {}
        for triad in _choices(segment):
            best: tuple[float, Triad | None] = (0.0, None)
            if columns:
                best = max(
                    (
                        (score + _movement(before, triad, segment), before)
                        for before, (score, _) in columns[-1].items()
                    ),
                    key=lambda scored: scored[0],
                )
            column[triad] = (best[0] + _fit(triad, segment), best[1])
        columns.append(column)
    if not columns:
        return []
    path = [max(columns[-1], key=lambda triad: columns[-1][triad][0])]
    for column in reversed(columns):
        before = column[path[-1]][1]
        if before is not None:
            path.append(before)
    return path[::-1]


@lru_cache(maxsize=256)
def triads_of(key: Key) -> tuple[Triad, ...]:
    """Return the triads that accompany melodies in a key.

    They are the major and minor triads of the key. Where their notes outside the key
    sound, there are also the dominants of the degrees, which have a raised third, and in major
    keys the triad on the lowered seventh degree. Minor keys have the major dominant in any
    case.

    Parameters
    ----------
    key : Key

    Returns
    -------
    tuple of Triad
        Empty for a key without tonic.
    """
    if key.tonic is None:
        return ()
    alters, scale, tonic = key.alters(), _scale(key), _pitch_class(*key.tonic)
    found = []
    for letter in _LETTERS:
        alter = alters.get(letter, 0)
        root = _pitch_class(letter, alter)
        for is_minor in (False, True):
            triad = _triad(letter, alter, is_minor, key)
            is_dominant = not is_minor and (root + _PERFECT_FIFTH) % 12 in scale
            if not triad.required or is_dominant:
                found.append(triad)
    seventh = _LETTERS[_LETTERS.index(key.tonic[0]) - 1]
    if (tonic + 11) % 12 in scale:
        found.append(_triad(seventh, alters.get(seventh, 0) - 1, False, key))
    if {(tonic + 2) % 12, (tonic + 3) % 12, (tonic + 8) % 12} <= scale:
        found = [
            triad._replace(required=frozenset())
            if (triad.degree, triad.is_minor) == (_PERFECT_FIFTH, False)
            else triad
            for triad in found
        ]
    return tuple(triad for triad in found if "?" not in triad.name)


def _triad(letter: str, alter: int, is_minor: bool, key: Key) -> Triad:
    root = _pitch_class(letter, alter)
    tones = (root, (root + (3 if is_minor else 4)) % 12, (root + _PERFECT_FIFTH) % 12)
    tonic = _pitch_class(*key.tonic) if key.tonic else 0
    name = letter + _SIGNS.get(alter, "?") + ("m" if is_minor else "")
    return Triad(name, root, (root - tonic) % 12, is_minor, tones, frozenset(tones) - _scale(key))


def _choices(segment: Segment) -> list[Triad]:
    """Return the triads that a segment may have: the tonic at a cadence that allows it."""
    triads = [
        triad
        for triad in triads_of(segment.key)
        if not triad.required or triad.required & segment.in_same_bar
    ]
    if segment.cadence:
        for triad in triads:
            if triad.degree == 0 and _allows(segment.notes, triad):
                return [triad]
    return triads


def _allows(notes: Sequence[SoundingNote], tonic: Triad) -> bool:
    """Whether the last note, and notes of half of the time, belong to the tonic triad."""
    covered = sum(note.length for note in notes if note.pitch_class in tonic.tones)
    return notes[-1].pitch_class in tonic.tones and 2 * covered >= sum(n.length for n in notes)


def _fit(triad: Triad, segment: Segment) -> float:
    """Return the score of a triad for a segment without its neighbours."""
    score = _DEGREE_WEIGHTS[_has_minor_third(segment.key)].get(
        (triad.degree, triad.is_minor), _OTHER_DEGREE
    )
    score += _OPENS_WITH_TONIC * (segment.fresh and triad.degree == 0)
    scale = _scale(segment.key)
    for note in segment.notes:
        of_beat, on_beat = _NOTE_WEIGHTS[_role(note.pitch_class, triad, scale)]
        score += of_beat * float(note.length) + on_beat * note.on_beat
    return score


def _movement(before: Triad, triad: Triad, segment: Segment) -> float:
    """Return the score of the movement from a triad into a segment."""
    if segment.fresh:
        return 0.0
    if before.root == triad.root:
        return _STAYS_IN_BAR if segment.in_bar else 0.0
    score = _ROOT_MOVEMENTS[(triad.root - before.root) % 12]
    score += _CHANGE_IN_BAR * segment.in_bar
    is_dominant = before.degree == _PERFECT_FIFTH and not before.is_minor
    return score + _DOMINANT_BEFORE_CADENCE * (segment.cadence and is_dominant)


def _role(pitch_class: int, triad: Triad, scale: frozenset[int]) -> str:
    """Return the role of a note in a chord; a key of the weights of notes."""
    above = (pitch_class - triad.root) % 12
    if pitch_class in triad.tones:
        return ("root", "third", "fifth")[triad.tones.index(pitch_class)]
    if above == 10:
        return "minor seventh" if triad.is_minor else "seventh"
    has_other_third = above in (3, 4)
    if has_other_third or any((pitch_class - tone) % 12 == 1 for tone in triad.tones):
        return "clash"  # a semitone above a tone of the chord
    return "other" if pitch_class in scale else "foreign"


def _symbol(triad: Triad, segment: Segment, after: Triad | None) -> str:
    """Return the chord symbol; a dominant that resolves or whose seventh sounds has a 7."""
    is_dominant = not triad.is_minor and (triad.degree == _PERFECT_FIFTH or bool(triad.required))
    seventh = (triad.root + 10) % 12
    sounds = any(note.pitch_class == seventh for note in segment.notes)
    resolves = after is not None and (after.root - triad.root) % 12 == 5
    return f"{triad.name}7" if is_dominant and (sounds or resolves) else triad.name


@lru_cache(maxsize=256)
def _scale(key: Key) -> frozenset[int]:
    alters = key.alters()
    return frozenset(_pitch_class(letter, alters.get(letter, 0)) for letter in _LETTERS)


@lru_cache(maxsize=256)
def _has_minor_third(key: Key) -> bool:
    tonic = _pitch_class(*key.tonic) if key.tonic else 0
    return (tonic + 4) % 12 not in _scale(key)


def _pitch_class(letter: str, alter: int) -> int:
    return Pitch(letter, alter, 4).midi % 12
