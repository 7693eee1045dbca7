"""What a tune is ordered to be: asked of the automaton, and checked on the finished tune."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from abcrnn.arguments import require_count
from abcrnn.notation import Bar, Tune, read_tune
from abcrnn.notation.automaton import PITCHES, Form
from abcrnn.notation.automaton.spelling import KEYS, METERS
from abcrnn.notation.fields import Key, parse_key, parse_meter

#: Ranges by name: lowest and highest note, as ABC spells them.
RANGES = {
    "D whistle": ("D", "b"),
    "C whistle": ("C", "a"),
    "flute": ("D", "c'"),
    "fiddle": ("G,", "b"),
    "mandolin": ("G,", "b"),
    "soprano recorder": ("C", "c'"),
    "voice": ("A,", "e"),
}
_STEPS = {step: place for place, step in enumerate("CDEFGAB")}
_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_NOTE = re.compile(r"([A-Ga-g])([,']*)")
_MOST_BARS = 256


@dataclass(frozen=True)
class Orders:
    """What a tune has to be; what is None is left to the model.

    Parameters
    ----------
    key : str, optional
        Tonic and mode, such as ``"G"``, ``"Em"`` or ``"A dorian"``; for the whole tune.
    meter : str, optional
        Such as ``"6/8"``; for the whole tune.
    rhythm : str, optional
        Value of the ``R:`` field, such as ``"jig"``.
    bars : int, optional
        As written: a repeat counts once, a pickup and the bar that it completes as one.
    form : str, optional
        Sections in order, such as ``"AABB"``: letters in their order, a section that is
        repeated twice. With ``bars``, all sections are as long.
    pitches : str, optional
        A range: a name in :data:`RANGES`, or two notes such as ``"D-b"``.
    opening : str, optional
        Music that the tune begins with; takes a key and a meter.

    Raises
    ------
    ValueError
        If one makes no sense, or contradicts another.
    """

    key: str | None = None
    meter: str | None = None
    rhythm: str | None = None
    bars: int | None = None
    form: str | None = None
    pitches: str | None = None
    opening: str | None = None

    def __post_init__(self) -> None:
        if self.key is not None and not self.values()["K"]:
            raise ValueError(
                f"key must be a tonic and a mode, such as 'G' or 'Em', not {self.key!r}"
            )
        if self.meter is not None and not self.values()["M"]:
            raise ValueError(f"meter must be one of {', '.join(METERS)}, not {self.meter!r}")
        if self.rhythm is not None and (not self.rhythm.strip() or not self.rhythm.isprintable()):
            raise ValueError(f"rhythm must be one line of text, such as 'jig', not {self.rhythm!r}")
        if self.bars is not None:
            require_count("bars", self.bars)
            if self.bars > _MOST_BARS:
                raise ValueError(f"bars must be at most {_MOST_BARS}, not {self.bars}")
        self.sections()
        self.range()
        if self.opening is not None and not (self.key and self.meter):
            raise ValueError("an opening takes a key and a meter, which stand before it")

    def __bool__(self) -> bool:
        return any(value is not None for value in self.as_dict().values())

    def as_dict(self) -> dict[str, Any]:
        """Return the orders by name, None where there is none."""
        return asdict(self)

    # What is asked of the automaton -----------------------------------------------------------

    def prompt(self) -> str:
        """Return how a tune begins, as far as it is ordered."""
        start = "X:1\n" + (f"R:{self.rhythm.strip()}\n" if self.rhythm else "")
        if self.opening is None:
            return start if self.rhythm else "X:"
        return f"{start}M:{self.meter}\nK:{self.key}\n{self.opening.strip()}"

    def values(self) -> dict[str, frozenset[str]]:
        """Return every spelling of the ordered key and meter, by field."""
        values = {}
        if self.key is not None:
            key = parse_key(self.key) if self.key.strip() else None
            values["K"] = frozenset(k for k in KEYS if key and _same_key(parse_key(k), key))
        if self.meter is not None:
            meter = parse_meter(self.meter)
            same = [m for m in METERS if meter and _beats(m) == (meter.beats, meter.unit)]
            values["M"] = frozenset(same)
        return values

    def sections(self) -> Form:
        """Return the ordered sections, with the bars of each and whether it is repeated."""
        if self.form is None:
            return ()
        runs = [(letter, len(list(run))) for letter, run in itertools.groupby(self.form)]
        letters = "".join(letter for letter, _ in runs)
        if not letters or not "ABCDEFGH".startswith(letters) or any(n > 2 for _, n in runs):
            raise ValueError(
                "form must be letters in their order, doubled where a section is repeated, "
                f"such as 'AABB' or 'AAB', not {self.form!r}"
            )
        if self.bars is not None and self.bars % len(runs):
            raise ValueError(
                f"{self.bars} bars cannot be shared among the {len(runs)} sections of {self.form}"
            )
        each = self.bars // len(runs) if self.bars else None
        return tuple((each, times == 2) for _, times in runs)

    def range(self) -> frozenset[str]:
        """Return the notes in the ordered range, as they are spelt."""
        if self.pitches is None:
            return PITCHES
        lowest, highest = (_place(note) for note in _ends(self.pitches))
        return frozenset(pitch for pitch in PITCHES if lowest <= _place(pitch) <= highest)

    # What is checked --------------------------------------------------------------------------

    def disobeyed(self, tune: str) -> list[str]:
        """Return the names of the orders that a finished tune does not keep to."""
        read = read_tune(tune)
        kept = {
            "key": lambda: all(
                _same_key(bar.key, parse_key(self.key or "")) for bar in read.bars()
            ),
            "meter": lambda: all(
                _beats(bar.meter.text) == _beats(self.meter) for bar in read.bars()
            ),
            "rhythm": lambda: read.field("R") == (self.rhythm or "").strip(),
            "bars": lambda: bars_of(read) == self.bars,
            "form": lambda: form_of(read) == self.form,
            "pitches": lambda: self._in_range(read),
            "opening": lambda: (
                tune.partition("\nK:")[2]
                .partition("\n")[2]
                .startswith((self.opening or "").strip())
            ),
        }
        return [
            name for name, value in self.as_dict().items() if value is not None and not kept[name]()
        ]

    def _in_range(self, tune: Tune) -> bool:
        lowest, highest = (_midi(note) for note in _ends(self.pitches or ""))
        pitches = [p.midi for bar in tune.bars() for event in bar.events for p in event.pitches]
        return all(lowest <= pitch <= highest for pitch in pitches)


def bars_of(tune: Tune) -> int:
    """Count the bars of a tune as written, a pickup and what completes it as one."""
    return sum(_length(section) for section in _sections(tune))


def form_of(tune: Tune) -> str:
    """Return the form of a tune: a letter a section, twice if it is repeated."""
    letters = zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ" * 20, _sections(tune), strict=False)
    return "".join(letter * (2 if section[-1].repeats else 1) for letter, section in letters)


def _sections(tune: Tune) -> Iterator[list[Bar]]:
    """Cut the first voice at its double bars and repeats; a second ending belongs to its first."""
    section: list[Bar] = []
    bars = tune.voices[0].bars if tune.voices else ()
    for bar, following in itertools.zip_longest(bars, bars[1:]):
        section.append(bar)
        ends = bar.closes not in ("", "|") and not (following and 2 in following.ending)
        if ends or following is None or following.begins_repeat:
            yield section
            section = []


def _length(section: list[Bar]) -> int:
    whole = section[0].meter.length
    return int(sum(bar.length for bar in section) / whole) if whole else len(section)


def _same_key(one: Key | None, other: Key | None) -> bool:
    if one is None or other is None:
        return False
    return (one.name[:2].strip(), one.alters()) == (other.name[:2].strip(), other.alters())


def _beats(meter: str | None) -> tuple[tuple[int, ...], int] | None:
    parsed = parse_meter(meter or "")
    return (parsed.beats, parsed.unit) if parsed else None


def _ends(pitches: str) -> tuple[str, str]:
    """Return the lowest and the highest note of a range."""
    ends = RANGES.get(pitches) or tuple(pitches.split("-"))
    spelt = len(ends) == 2 and all(end in PITCHES for end in ends)
    if not spelt or _place(ends[0]) >= _place(ends[1]):
        raise ValueError(
            f"pitches must be one of {', '.join(RANGES)}, or two notes such as 'D-b', "
            f"not {pitches!r}"
        )
    return ends[0], ends[1]


def _octave(letter: str, marks: str) -> int:
    return 4 + letter.islower() + marks.count("'") - marks.count(",")


def _place(note: str) -> int:
    """Return a note's place on the staff."""
    return 7 * _octave(note[0], note[1:]) + _STEPS[note[0].upper()]


def _midi(note: str) -> int:
    return 12 * (_octave(note[0], note[1:]) + 1) + _SEMITONES[note[0].upper()]
