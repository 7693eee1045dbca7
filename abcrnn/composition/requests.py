"""Requests for a tune: key, meter, rhythm, bars, form, range, opening and ending.

This module validates them and translates them into a prompt and a constraint for
sampling. :mod:`abcrnn.composition.request_checks` checks them on a finished tune.
"""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass
from typing import Any

from abcrnn.composition.pitch_range import notes_in_range
from abcrnn.composition.spellings import key_spellings, meter_spellings
from abcrnn.grammar import PITCHES, Form
from abcrnn.grammar.endings import ENDINGS, ending_letters
from abcrnn.grammar.terminals import KEYS, METERS
from abcrnn.grammar.transition_tables import TransitionTables
from abcrnn.notation.fields import parse_key
from abcrnn.sampling.kept_tables import kept_tables
from abcrnn.storage.validation import require_count

_MAX_BARS = 256
_ACCIDENTALS = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "##"}


@dataclass(frozen=True)
class Requests:
    """Properties that a tune must have; None leaves a property to the model.

    Parameters
    ----------
    key : str, optional
        Tonic and mode, such as ``"G"``, ``"Em"`` or ``"A dorian"``; for the whole tune.
    meter : str, optional
        Such as ``"6/8"``; for the whole tune.
    rhythm : str, optional
        Value of the ``R:`` field, such as ``"jig"``.
    bars : int, optional
        Number of bars as written: a repeat counts once, a pickup counts together with
        the bar that completes it.
    form : str, optional
        Sections in order, such as ``"AABB"``: letters in alphabetical order, doubled for
        a repeated section. With ``bars``, all sections have the same number of bars.
    pitches : str, optional
        A range: a name in :data:`abcrnn.composition.pitch_range.RANGES`, or two notes
        such as ``"D-b"``.
    opening : str, optional
        Music that the tune begins with; needs a key and a meter.
    title : str, optional
        Value of the ``T:`` field.
    ending : str, optional
        The last note of the first voice, in the key then in force: ``"tonic"``, or
        ``"chord"`` for any note of the tonic triad.

    Raises
    ------
    ValueError
        If a value is not valid, or contradicts another.
    """

    key: str | None = None
    meter: str | None = None
    rhythm: str | None = None
    bars: int | None = None
    form: str | None = None
    pitches: str | None = None
    opening: str | None = None
    title: str | None = None
    ending: str | None = None

    def __post_init__(self) -> None:
        for name, value in self.given().items():
            if name != "bars" and not isinstance(value, str):
                raise ValueError(f"{name} must be text, not {value!r}")
        self._validate_header()
        self._validate_bars()
        self.sections()
        self.notes()
        if self.ending is not None and self.ending not in ENDINGS:
            raise ValueError(f"ending must be one of {', '.join(ENDINGS)}, not {self.ending!r}")
        if self.ending and self.pitches and self.key:
            require_ending_in_range(self.ending, self.pitches, self.key)
        if self.opening is not None:
            if not (self.key and self.meter):
                raise ValueError("opening needs a key and a meter, which are written before it")
            if not self.opening.strip() or "\n\n" in self.opening.strip():
                raise ValueError(
                    f"opening must be music without a blank line, not {self.opening!r}"
                )

    def __bool__(self) -> bool:
        return bool(self.given())

    def given(self) -> dict[str, Any]:
        """Return the requests that are not None, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @property
    def fixes_header(self) -> bool:
        """Whether :meth:`prompt` has fields before which the model would write a title."""
        return bool(self.rhythm or self.opening)

    def prompt(self, beginning: str | None = None, title: str | None = None) -> str:
        """Return the text that a tune begins with.

        Parameters
        ----------
        beginning : str, optional
            Beginning of a tune to continue. A header without ``K:`` gets the requested
            fields that it lacks.
        title : str, optional
            Title for a tune without a requested one.

        Returns
        -------
        str
            ``beginning`` with title, rhythm and opening added to its header. The
            key and the meter are added only before an opening; otherwise the model writes
            them under the constraint.
        """
        if beginning is None:
            beginning = "X:1\n" if title or self.title or self.fixes_header else "X:"
        if not beginning.endswith("\n") or "\nK:" in beginning:
            return beginning
        for letter, value in (("T", self.title or title), ("R", self.rhythm)):
            if value and f"\n{letter}:" not in beginning:
                beginning += f"{letter}:{value.strip()}\n"
        if self.opening and self.key and self.meter:
            beginning += "" if "\nM:" in beginning else f"M:{self.meter.strip()}\n"
            beginning += f"K:{self._key_in_grammar(self.key.strip())}\n{self.opening.strip()}"
        return beginning

    def header_values(self) -> dict[str, frozenset[str]]:
        """Return every spelling of the requested key (``"K"``) and meter (``"M"``)."""
        values = {}
        if self.key is not None:
            values["K"] = key_spellings(self.key)
        if self.meter is not None:
            values["M"] = meter_spellings(self.meter)
        return values

    def sections(self) -> Form:
        """Return the requested sections in order.

        Returns
        -------
        tuple of (int or None, bool)
            Number of bars of each section, None for any number; and whether it is
            repeated. Empty if no form is requested.
        """
        if self.form is None:
            return ()
        runs = [(letter, len(list(run))) for letter, run in itertools.groupby(self.form)]
        letters = "".join(letter for letter, _ in runs)
        if not letters or not "ABCDEFGH".startswith(letters) or any(n > 2 for _, n in runs):
            raise ValueError(
                "form must be letters in alphabetical order, doubled for a repeated section, "
                f"such as 'AABB' or 'AAB', not {self.form!r}"
            )
        if self.bars is not None and self.bars % len(runs):
            raise ValueError(
                f"bars must be a multiple of {len(runs)} for the form {self.form}, whose sections "
                f"have the same number of bars, not {self.bars}"
            )
        each = self.bars // len(runs) if self.bars else None
        return tuple((each, times == 2) for _, times in runs)

    def notes(self) -> frozenset[str]:
        """Return the notes in the requested range.

        Returns
        -------
        frozenset of str
            Letters with octave marks, such as ``"D"``, ``"B,"`` and ``"c'"``. Without a
            requested range, all notes of :data:`abcrnn.grammar.PITCHES`.
        """
        return PITCHES if self.pitches is None else notes_in_range(self.pitches, self.key)

    def _validate_header(self) -> None:
        values = self.header_values()
        if self.key is not None and not values["K"]:
            raise ValueError(
                f"key must be a tonic and a mode, such as 'G' or 'Em', not {self.key!r}"
            )
        if self.meter is not None and not values["M"]:
            raise ValueError(f"meter must be one of {', '.join(METERS)}, not {self.meter!r}")
        for name, value, example in (
            ("rhythm", self.rhythm, "jig"),
            ("title", self.title, "The Lost Byte"),
        ):
            if value is not None and not _is_field_value(value):
                raise ValueError(
                    f"{name} must be one line of text without % and \\, such as {example!r}, "
                    f"not {value!r}"
                )

    def _validate_bars(self) -> None:
        if self.bars is not None:
            object.__setattr__(self, "bars", require_count("bars", self.bars))
            if self.bars > _MAX_BARS:
                raise ValueError(f"bars must be at most {_MAX_BARS}, not {self.bars}")

    def _key_in_grammar(self, key: str) -> str:
        """Return a spelling of a key that the grammar generates: the given one if possible."""
        return key if key in KEYS else min(key_spellings(key), key=lambda k: (len(k), k))


def require_ending_in_range(ending: str, pitches: str, key: str) -> None:
    """Raise ``ValueError`` if a range has no note that a tune in a key may end on.

    Parameters
    ----------
    ending, pitches, key : str
        As in :class:`Requests`.
    """
    signature = parse_key(key)
    if signature is None or signature.tonic is None:
        return
    letters, alters = ending_letters(ending, signature.tonic[0]), signature.alters()
    if {note[0].upper() for note in notes_in_range(pitches, key)}.intersection(letters):
        return
    *others, last = [letter + _ACCIDENTALS[alters.get(letter, 0)] for letter in letters]
    needed = f"none of the notes {', '.join(others)} and {last}" if others else f"no {last}"
    raise ValueError(
        f"pitches={pitches!r} has {needed}, which ending={ending!r} needs in the key of "
        f"{key.strip()}"
    )


def constraint_for(model: Any, requests: Requests) -> TransitionTables:
    """Return a constraint under which every sampled tune matches the requests.

    It is kept in the model: a second call for equal requests returns the same tables,
    with the transitions computed so far.

    Parameters
    ----------
    model : SequenceModel
        With a ``vocabulary``.
    requests : Requests
        The rhythm and the opening are not part of the constraint; they are in
        :meth:`Requests.prompt`.

    Returns
    -------
    TransitionTables

    Raises
    ------
    ValueError
        If no such tune can be written with the characters of the model.
    """
    sections = requests.sections()
    return kept_tables(
        model,
        form=sections,
        bars=None if sections else requests.bars,
        pitches=requests.notes(),
        values=requests.header_values(),
        ending=requests.ending,
    )


def _is_field_value(text: str) -> bool:
    return bool(text.strip()) and text.isprintable() and "%" not in text and "\\" not in text
