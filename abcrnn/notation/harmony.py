"""The choice of accompaniment chords: triads of the key that fit the melody.

Each segment of the melody, a bar or half a bar, gets a triad. A triad scores by the notes that
it covers, by its degree in the key, and by its movement from the triad before. The best
sequence is found by dynamic programming, in time proportional to the number of segments.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from abcrnn.notation.fields import Key
from abcrnn.notation.harmony_weights import WEIGHTS

_NATURAL = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_LETTERS = "CDEFGAB"
_SIGNS = {0: "", 1: "#", -1: "b"}
# Third and fifth above the root, in semitones.
_MAJOR, _MINOR = (4, 7), (3, 7)
_UNLIKELY = -1e9


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
    in_bar : bool
        Whether it begins inside a bar.
    fresh : bool
        Whether no segment before leads to it: at the beginning, and of a later ending.
    cadence : bool
        Whether a section ends with it.
    """

    key: Key
    notes: tuple[SoundingNote, ...]
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
    above_tonic : int
        Semitones from the tonic up to the root.
    minor : bool
    borrowed : frozenset of int
        The pitch classes that are not in the key; the triad is used where one of them sounds.
    """

    name: str
    root: int
    above_tonic: int
    minor: bool
    borrowed: frozenset[int] = frozenset()

    @property
    def degree(self) -> str:
        """The degree in weights: ``5M`` is a major triad five semitones above the tonic."""
        return f"{self.above_tonic}{'m' if self.minor else 'M'}"


def choose_chords(segments: Sequence[Segment]) -> list[str]:
    """Return a chord symbol for each segment, such as ``G``, ``Em`` or ``D7``.

    Parameters
    ----------
    segments : sequence of Segment
        Their keys have a tonic.

    Returns
    -------
    list of str
        Empty where the key has no triad with a simple name.
    """
    path = best_path(segments)
    return [
        _with_seventh(triad, segment, after) if triad else ""
        for triad, segment, after in zip(path, segments, [*path[1:], None], strict=True)
    ]


def best_path(segments: Sequence[Segment]) -> list[Triad | None]:
    """Return the triad of each segment in the sequence with the highest score."""
    table: list[dict[Triad | None, tuple[float, Triad | None]]] = []
    for index, segment in enumerate(segments):
        choices = _choices(segment)
        before = table[-1] if table else {}
        row = {}
        for triad in choices:
            own = segment_score(triad, segment) if triad else 0.0
            best, source = 0.0, None
            if before:
                best, source = max(
                    (
                        (score + _movement(previous, triad, segments, index), previous)
                        for previous, (score, _) in before.items()
                    ),
                    key=lambda pair: pair[0],
                )
            row[triad] = (own + best, source)
        table.append(row)
    path: list[Triad | None] = []
    for row in reversed(table):
        last = path[-1] if path else None
        if not path:
            path.append(max(row, key=lambda triad: row[triad][0]))
        else:
            path.append(source)
        source = row[path[-1]][1]
        del last
    return path[::-1]


def segment_score(triad: Triad, segment: Segment) -> float:
    """Return how well a triad fits a segment, without its neighbours."""
    return sum(WEIGHTS.get(name, 0.0) * value for name, value in features(triad, segment))


def features(triad: Triad, segment: Segment) -> list[tuple[str, float]]:
    """Return the names of weights that apply to a triad in a segment, with their factors."""
    mode = _mode(segment.key)
    found = [(f"degree {mode} {triad.degree}", 1.0)]
    scale = _scale(segment.key)
    for note in segment.notes:
        role = _role(note.pitch_class, triad, scale)
        found.append((f"long {role}", float(note.length)))
        if note.on_beat:
            found.append((f"beat {role}", 1.0))
    if segment.cadence and triad.above_tonic == 0:
        found.append(("cadence", 1.0))
    return found


def movement_features(
    before: Triad | None, after: Triad | None, segments: Sequence[Segment], index: int
) -> list[tuple[str, float]]:
    """Return the names of weights of a movement into a segment, with their factors."""
    segment = segments[index]
    if segment.fresh or before is None or after is None:
        return []
    if before.root == after.root:
        return [("stays in bar" if segment.in_bar else "stays", 1.0)]
    found = [(f"root {(after.root - before.root) % 12}", 1.0)]
    if segment.in_bar:
        found.append(("changes in bar", 1.0))
    if segment.cadence and before.above_tonic == 7 and not before.minor:
        found.append(("dominant before cadence", 1.0))
    return found


def _movement(
    before: Triad | None, after: Triad | None, segments: Sequence[Segment], index: int
) -> float:
    return sum(
        WEIGHTS.get(name, 0.0) * value
        for name, value in movement_features(before, after, segments, index)
    )


def _choices(segment: Segment) -> list[Triad | None]:
    sounding = {note.pitch_class for note in segment.notes}
    triads: list[Triad | None] = [
        triad
        for triad in triads_of(segment.key)
        if not triad.borrowed or triad.borrowed & sounding
    ]
    tonic = [triad for triad in triads if triad and triad.above_tonic == 0]
    if segment.cadence and tonic and segment.notes:
        last = segment.notes[-1].pitch_class
        if tonic[0] and last in _tones(tonic[0]):
            return list(tonic)
    return triads or [None]


@lru_cache(maxsize=256)
def triads_of(key: Key) -> tuple[Triad, ...]:
    """Return the triads that a key offers, the borrowed ones last."""
    if key.tonic is None:
        return ()
    alters = key.alters()
    scale = _scale(key)
    tonic = _pitch_class(*key.tonic)
    found: dict[str, Triad] = {}

    def add(letter: str, alter: int, minor: bool) -> None:
        name = letter + _SIGNS.get(alter, "?") + ("m" if minor else "")
        root = _pitch_class(letter, alter)
        tones = {root, *((root + above) % 12 for above in (_MINOR if minor else _MAJOR))}
        if "?" not in name:
            outside = frozenset(tones - scale)
            found.setdefault(name, Triad(name, root, (root - tonic) % 12, minor, outside))

    for letter in _LETTERS:
        root = _pitch_class(letter, alters.get(letter, 0))
        for minor, (third, fifth) in ((False, _MAJOR), (True, _MINOR)):
            if {(root + third) % 12, (root + fifth) % 12} <= scale:
                add(letter, alters.get(letter, 0), minor)
    # The dominants of the degrees, which have a raised third, and the degrees of the other mode.
    for letter in _LETTERS:
        root = _pitch_class(letter, alters.get(letter, 0))
        if (root + 7) % 12 in scale:
            add(letter, alters.get(letter, 0), False)
    seventh = _LETTERS[(_LETTERS.index(key.tonic[0]) - 1) % 7]
    lowered = (tonic - 2 - _NATURAL[seventh] + 6) % 12 - 6
    add(seventh, lowered, False)
    if _mode(key) == "minor":  # the dominant of practice needs no raised note in the melody
        found = {
            name: triad._replace(borrowed=frozenset())
            if triad.above_tonic == 7 and not triad.minor and (tonic + 1) % 12 not in scale
            and (tonic + 9) % 12 not in scale
            else triad
            for name, triad in found.items()
        }  # fmt: skip
    return tuple(found.values())


@lru_cache(maxsize=256)
def _scale(key: Key) -> frozenset[int]:
    alters = key.alters()
    return frozenset(_pitch_class(letter, alters.get(letter, 0)) for letter in _LETTERS)


@lru_cache(maxsize=256)
def _mode(key: Key) -> str:
    """Return ``minor`` or ``major``, by the third above the tonic."""
    tonic = _pitch_class(*key.tonic) if key.tonic else 0
    scale = _scale(key)
    return "minor" if (tonic + 3) % 12 in scale and (tonic + 4) % 12 not in scale else "major"


def _pitch_class(letter: str, alter: int) -> int:
    return (_NATURAL[letter] + alter) % 12


def _tones(triad: Triad) -> tuple[int, int, int]:
    third, fifth = _MINOR if triad.minor else _MAJOR
    return triad.root, (triad.root + third) % 12, (triad.root + fifth) % 12


def _role(pitch_class: int, triad: Triad, scale: frozenset[int]) -> str:
    tones = _tones(triad)
    if pitch_class in tones:
        return ("root", "third", "fifth")[tones.index(pitch_class)]
    if (pitch_class - triad.root) % 12 == 10:
        return "minor seventh" if triad.minor else "seventh"
    # A note a semitone above a tone of the chord clashes with it.
    if any((pitch_class - tone) % 12 == 1 for tone in tones):
        return "clash"
    return "other" if pitch_class in scale else "foreign"


def _with_seventh(triad: Triad, segment: Segment, after: Triad | None) -> str:
    """Return the name; a major dominant that resolves, or whose seventh sounds, gets a 7."""
    is_dominant = not triad.minor and (triad.above_tonic == 7 or bool(triad.borrowed))
    seventh = (triad.root + 10) % 12
    sounds = any(note.pitch_class == seventh for note in segment.notes)
    resolves = after is not None and (after.root - triad.root) % 12 == 5
    return f"{triad.name}7" if is_dominant and (sounds or resolves) else triad.name


__all__ = ["Segment", "SoundingNote", "Triad", "choose_chords", "pairwise"]
