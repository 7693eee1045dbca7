"""What a tune is ordered to be: asked of the automaton, and checked on the finished tune."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, NamedTuple

from abcrnn.grammar import PITCHES, Form
from abcrnn.grammar.terminals import KEYS, METERS
from abcrnn.grammar.transition_tables import Masks
from abcrnn.notation import Bar, Tune, Voice, read_tune
from abcrnn.notation.fields import Key, parse_key, parse_meter
from abcrnn.notation.playing import played_bars
from abcrnn.storage.validation import require_count

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
_KEY = re.compile(r"[A-G][#b♯♭]?\s*((maj|ion|mix|dor|min|aeo|phr|loc|lyd)[a-z]*|m)?", re.IGNORECASE)
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
        for name, value in self.as_dict().items():
            if name != "bars" and not isinstance(value, str | None):
                raise ValueError(f"{name} must be text, not {value!r}")
        if self.key is not None and not self.values()["K"]:
            raise ValueError(
                f"key must be a tonic and a mode, such as 'G' or 'Em', not {self.key!r}"
            )
        if self.meter is not None and not self.values()["M"]:
            raise ValueError(f"meter must be one of {', '.join(METERS)}, not {self.meter!r}")
        if self.rhythm is not None and not _is_line(self.rhythm):
            raise ValueError(
                f"rhythm must be one line of text without %, such as 'jig', not {self.rhythm!r}"
            )
        if self.bars is not None:
            require_count("bars", self.bars)
            if self.bars > _MOST_BARS:
                raise ValueError(f"bars must be at most {_MOST_BARS}, not {self.bars}")
        self.sections()
        self.range()
        if self.opening is not None:
            if not (self.key and self.meter):
                raise ValueError("an opening takes a key and a meter, which stand before it")
            if not self.opening.strip() or "\n\n" in self.opening.strip():
                raise ValueError(
                    f"opening must be music without a blank line in it, not {self.opening!r}"
                )

    def __bool__(self) -> bool:
        return any(value is not None for value in self.as_dict().values())

    def as_dict(self) -> dict[str, Any]:
        """Return the orders by name, None where there is none."""
        return asdict(self)

    # What is asked of the automaton -----------------------------------------------------------

    def prompt(self, begun: str | None = None) -> str:
        """Return how a tune begins, as far as it is ordered.

        Parameters
        ----------
        begun : str, optional
            A beginning to go on from; a header that is not closed gets the fields it lacks.
        """
        if begun is None:
            begun = "X:1\n" if self.rhythm or self.opening else "X:"
        if not begun.endswith("\n") or "\nK:" in begun:
            return begun
        if self.rhythm and "\nR:" not in begun:
            begun += f"R:{self.rhythm.strip()}\n"
        if self.opening and self.key and self.meter:
            begun += "" if "\nM:" in begun else f"M:{self.meter.strip()}\n"
            begun += f"K:{self._key_as_spelt(self.key.strip())}\n{self.opening.strip()}"
        return begun

    def contradicted(self, beginning: str) -> list[str]:
        """Return the names of the orders that no tune which begins so keeps to.

        Bars and form are left out: those are the automaton's to judge.
        """
        lines = beginning[: beginning.rfind("\n") + 1]  # what follows may still become anything
        fields = dict(reversed(read_tune(lines).fields))
        if "K" in fields:
            return [n for n in self.disobeyed(beginning) if n not in ("bars", "form")]
        wrong = {
            "meter": "M" in fields and _beats(fields["M"]) != _beats(self.meter),
            "rhythm": fields.get("R", self.rhythm) != self.rhythm,
        }
        return [name for name, is_wrong in wrong.items() if getattr(self, name) and is_wrong]

    def _key_as_spelt(self, key: str) -> str:
        """Return a key in a spelling that may be drawn, its own if it is one."""
        return key if key in KEYS else min(self.values()["K"], key=lambda k: (len(k), k))

    def values(self) -> dict[str, frozenset[str]]:
        """Return every spelling of the ordered key and meter, by field."""
        values = {}
        if self.key is not None:
            key = parse_key(self.key) if _KEY.fullmatch(self.key.strip()) else None
            values["K"] = _spellings().get(_sound(key), frozenset()) if key else frozenset()
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
                _sound(key) == _sound(parse_key(self.key or ""))
                for key in [bar.key for bar in read.bars()] or [read.key]
            ),
            "meter": lambda: all(
                _beats(meter.text) == _beats(self.meter)
                for meter in [bar.meter for bar in read.bars()] or [read.meter]
            ),
            "rhythm": lambda: read.field("R") == (self.rhythm or "").strip(),
            "bars": lambda: bars_of(read) == self.bars,
            "form": lambda: form_of(read) == self.form and self._even(read),
            "pitches": lambda: self.in_range(read),
            "opening": lambda: (
                tune.partition("\nK:")[2]
                .partition("\n")[2]
                .startswith((self.opening or "").strip())
            ),
        }
        return [
            name for name, value in self.as_dict().items() if value is not None and not kept[name]()
        ]

    def _even(self, tune: Tune) -> bool:
        """Whether all sections are as long, if bars are ordered."""
        return self.bars is None or len({section.bars for section in _sections(tune)}) == 1

    def in_range(self, tune: Tune) -> bool:
        """Whether a tune keeps to the ordered range, grace notes too."""
        lowest, highest = (_midi(note) for note in _ends(self.pitches or ""))
        events = [event for bar in tune.bars() for event in bar.events]
        pitches = [p.midi for event in events for p in event.pitches]
        graces = [p.midi for event in events for p, _ in event.graces]
        return all(lowest <= pitch <= highest for pitch in pitches + graces)


def masks_for(characters: str, orders: Orders) -> Masks:
    """Return masks that keep to orders, with the characters of a vocabulary.

    Raises
    ------
    ValueError
        If no such tune can be written with them.
    """
    sections = orders.sections()
    return Masks(
        characters,
        form=sections,
        bars=None if sections else orders.bars,
        pitches=orders.range(),
        values=orders.values(),
    )


class _Section(NamedTuple):
    """How many bars a section has, and whether it is repeated."""

    bars: int
    repeated: bool


def bars_of(tune: Tune) -> int:
    """Count the bars of a tune as written, a pickup and what completes it as one.

    Each ending counts.
    """
    return sum(section.bars for section in _sections(tune))


def form_of(tune: Tune) -> str:
    """Return the form of a tune: a letter a section, twice if it is repeated."""
    letters = zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ" * 20, _sections(tune), strict=False)
    return "".join(letter * (1 + section.repeated) for letter, section in letters)


def _sections(tune: Tune) -> Iterator[_Section]:
    """Cut the first voice at its double bars and repeats; what a repeat comes back over is one."""
    bars = tune.voices[0].bars if tune.voices else ()
    targets, inner = _repeats(tune.voices[0]) if bars else (set(), set())
    count, repeated, counts, before = 0, False, True, None
    for place, (bar, following) in enumerate(itertools.zip_longest(bars, bars[1:])):
        counts = not (_is_short(bar) and (before is None or (counts and _goes_on(before, bar))))
        count, repeated, before = count + counts, repeated or place in targets, bar
        ends = following and (bar.closes not in ("", "|") or following.begins_repeat)
        in_one = place in inner or (following and following.ending)
        # A pickup before the |: belongs to what it leads into.
        if following is None or (ends and count and not in_one):
            yield _Section(count, repeated)
            count, repeated = 0, False


def _repeats(voice: Voice) -> tuple[set[int], set[int]]:
    """Return the places of the bars that repeats come back to, and of those they come back over."""
    places = {id(bar): place for place, bar in enumerate(voice.bars)}
    heard = [places[id(bar)] for bar in played_bars(voice)]
    back = [(to, at) for at, to in itertools.pairwise(heard) if to <= at]
    return {to for to, _ in back}, {place for to, at in back for place in range(to, at)}


def _goes_on(before: Bar, bar: Bar) -> bool:
    """Whether a short bar is the rest of the one before, cut in two by more than a bar line."""
    return _is_short(before) and (before.closes == "" or (before.closes != "|" and not bar.ending))


def _is_short(bar: Bar) -> bool:
    return bar.meter.length is not None and bar.length < bar.meter.length


def _is_line(text: str) -> bool:
    return bool(text.strip()) and text.isprintable() and "%" not in text and "\\" not in text


@cache
def _spellings() -> dict[tuple[object, ...], frozenset[str]]:
    """Return the keys that may be drawn, by what they mean."""
    found: dict[tuple[object, ...], set[str]] = {}
    for text in KEYS:
        found.setdefault(_sound(parse_key(text)), set()).add(text)
    return {sound: frozenset(texts) for sound, texts in found.items()}


def _sound(key: Key | None) -> tuple[object, ...]:
    """Return what keys of the same tonic and scale have alike."""
    return (key.name[:2].strip(), *sorted(key.alters().items())) if key else ()


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
