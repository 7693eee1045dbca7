"""The state of a voice while its tune is parsed, and its bars so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from abcrnn.notation.clefs import Clef, Properties
from abcrnn.notation.decorations import is_repeat_mark
from abcrnn.notation.errors import ABCError
from abcrnn.notation.fields import Key, Meter, Tempo
from abcrnn.notation.parts import PartMark
from abcrnn.notation.tune import Bar, Change, Event, Mark, Program, Voice
from abcrnn.notation.tuplets import Tuplet, tuplet_of
from abcrnn.notation.voice_text import VoiceText

_MOST_BARS = 20_000
# Onsets are sums of fractions, which take more time with every new prime in a denominator.
_FINEST_TIME = 2**60


@dataclass
class VoiceBuilder:
    """Collect the events and bar lines of a voice in the order of the text."""

    name: str
    key: Key
    meter: Meter
    unit: Fraction
    bars: list[Bar] = field(default_factory=list)
    properties: Properties = field(default_factory=Properties)
    propagation: str = "pitch"
    part_marks: list[PartMark] = field(default_factory=list)
    title: str = ""  # of the tune of a set that the next bar begins

    def __post_init__(self) -> None:
        self.text = VoiceText()
        self._events: list[Event] = []
        self._end = Fraction(0)
        self._key_alters = self.key.alters()
        self._accidentals: dict[tuple[str, int | None], int] = {}  # by letter and octave
        self._tied_alters: dict[tuple[str, int], int] = {}
        self._last_is_tied = False  # in all its pitches
        self._changed_last: Event | None = None  # the last event of the last bar, if changed
        self._tuplet: Tuplet | None = None
        self._broken: Fraction | None = None
        self._position = (0, 0)
        self._opens = ""
        self._ending: frozenset[int] = frozenset()
        self._part = ""
        self._tempo: Tempo | None = None
        self._bar_program: int | None = None
        self._changes: list[tuple[int, Key | Meter | Tempo | Clef | Program]] = []
        self._marks: list[tuple[int, str, str | None]] = []
        self._new_system = self._system_ends = False
        self._begin_bar()

    # State that notes depend on ----------------------------------------------------------------

    def alter(self, step: str, octave: int, accidental: int | None) -> int:
        """Return the alteration of a note in semitones, and store its accidental.

        An accidental applies across a tie, and until the end of the bar to the letter in every
        octave, or as ``propagation`` says (section 11.3, ``%%propagate-accidentals``): only in
        its own octave (``octave``), or only to its own note (``not``).

        Parameters
        ----------
        step : str
            Letter of the note, ``A`` to ``G``.
        octave : int
            4 for the octave from middle C.
        accidental : int or None
            Semitones of the accidental in front of the note; None without one.

        Returns
        -------
        int
            From -2 to 2.
        """
        reach = octave if self.propagation == "octave" else None
        if accidental is not None:
            if self.propagation != "not":
                self._accidentals[step, reach] = accidental
            return accidental
        if (step, octave) in self._tied_alters:
            return self._tied_alters[step, octave]
        if (step, reach) in self._accidentals:
            return self._accidentals[step, reach]
        return self._key_alters.get(step, 0)

    def set_key(self, key: Key) -> None:
        """Change the key from here on; a bar that has events keeps the key it began with."""
        self.key = key
        if self._events:
            self.change(key)
        else:
            self._bar_key = key
        self._key_alters = key.alters()

    def change(self, value: Key | Meter | Tempo | Clef | Program) -> None:
        """Record a key, meter, tempo, clef or program that begins inside the current bar.

        At the end of the bar, it belongs to the next bar instead.
        """
        self._changes.append((len(self._events), value))

    def set_properties(self, properties: Properties) -> None:
        """Change clef, octave, transposition, program and names from here on, where given."""
        before, self.properties = self.properties, self.properties.updated(properties)
        clef, program = self.properties.shown_clef, self.properties.program
        if not self._events:
            self._bar_clef, self._bar_program = clef, program
            return
        if clef and clef != before.shown_clef:
            self.change(clef)
        if program is not None and program != before.program:
            self.change(Program(program))

    def rename(self, name: str, properties: Properties) -> None:
        """Give a voice without events another name, and other properties."""
        self.name = name
        self.properties = Properties()
        self.set_properties(properties)

    def begin_tuplet(self, p: int, q: int | None, r: int | None) -> None:
        """Begin a tuplet: the next ``r`` events, ``p`` in the time of ``q`` (section 4.13)."""
        self._tuplet = tuplet_of(p, q, r, self.meter)

    def break_rhythm(self, signs: str) -> bool:
        """Lengthen the last event and shorten the next, or the reverse (section 4.4).

        Returns False if there is no last event in the bar.
        """
        if not self._events:
            return False
        short = Fraction(1, 2 ** len(signs))
        before, self._broken = (2 - short, short) if signs[0] == ">" else (short, 2 - short)
        last = self._events[-1]
        self._events[-1] = last._replace(duration=last.duration * before)
        return True

    def tie(self) -> bool:
        """Tie every pitch of the last event to the next event; return False if it has none."""
        last = self._last_event()
        if last is None or not last.pitches:
            return False
        if not self._last_is_tied:
            self._replace_last(last._replace(tied=(True,) * len(last.pitches)))
            self.remember_ties()
            self._last_is_tied = True
        return True

    # Events and bar lines ----------------------------------------------------------------

    def add(self, event: Event) -> None:
        """Add an event; broken rhythm and tuplets change its duration."""
        duration = event.duration
        if self._broken is not None:
            duration *= self._broken
            self._broken = None
        left = self._tuplet.left if self._tuplet else 0
        if self._tuplet:
            duration *= self._tuplet.scale
            self._tuplet.left -= 1
            if not self._tuplet.left:
                self._tuplet = None
        self._begin(event.line, event.column)
        transpose = self.properties.sounding_semitones
        self._events.append(
            event._replace(duration=duration, transpose=transpose, tuplet_left=left)
        )
        self.text.events += 1
        self._tied_alters = {}
        self._last_is_tied = False

    def remember_ties(self) -> None:
        """Store the alterations of tied pitches, which also apply after a bar line."""
        last = self._last_event()
        if last:
            pairs = zip(last.pitches, last.tied, strict=True)
            self._tied_alters = {(p.step, p.octave): p.alter for p, tied in pairs if tied}

    def bar_line(self, text: str) -> None:
        """End the bar and begin the next; two bar lines in a row do not make an empty bar."""
        if self._events:
            self._end_bar(text)
            self._opens = text
        else:
            if self.bars and not self.bars[-1].repeats:
                closed = self.bars[-1]._replace(closes=text)
                if closed.repeats or self.bars[-1].closes in ("", "|"):
                    self.bars[-1] = closed
            self._opens = text if text.endswith(":") else self._opens or text
        self._accidentals = {}

    def add_colon(self) -> bool:
        """Add a ``:`` to the bar line before it, as in ``||`` at the end of a line and ``:`` next.

        Returns False if no bar line is before it.
        """
        if self._events or not self._opens or self._ending:
            return False
        self.bar_line(self._opens + ":")
        return True

    def begin_ending(self, numbers: frozenset[int], line: int, column: int) -> None:
        """Begin a first, second or nth ending here; a bar with events is split in two."""
        if self._events:
            self._end_bar("")
        if 1 not in numbers and self._opens.endswith(":"):
            self._opens = self._opens.rstrip(":") or ":|"  # ::2 does not begin a repeat
        self._ending = numbers
        self._begin(line, column)

    def begin_part(self, name: str, line: int, column: int) -> None:
        """Begin a part here; a bar with events is split in two."""
        if self._events:
            self._end_bar("")
        self._part = name
        self.part_marks.append(PartMark(self._end, name))
        self._begin(line, column)

    def set_tempo(self, tempo: Tempo) -> None:
        """Change the tempo from here on."""
        if self._events:
            self.change(tempo)
        else:
            self._tempo = tempo

    def mark(self, text: str, placement: str | None = None) -> None:
        """Place a mark such as ``D.C.``, or an annotation, between the events of the bar."""
        self._marks.append((len(self._events), text, placement))

    def change_meter(self, meter: Meter) -> None:
        """Change the meter; a bar that has events keeps the meter it began with."""
        self.meter = meter
        if self._events:
            self.change(meter)
        else:
            self._bar_meter = meter

    def finish(self) -> Voice:
        """Close the last bar and return the voice."""
        self._store_changed_last()
        if self._events:
            self._end_bar("")
        elif self._marks and self.bars:
            last = self.bars[-1]
            self.bars[-1] = last._replace(
                marks=(*last.marks, *self._repeat_marks()),
                placed_marks=(
                    *last.placed_marks,
                    *(Mark(last.length, text, sign) for _, text, sign in self._marks),
                ),
            )
        self.bars = self.text.with_lyrics(self.bars)
        names = self.properties.full_name or "", self.properties.short_name or ""
        return Voice(self.name, tuple(self.bars), *names)

    # Slurs, lines of the text -----------------------------------------------------------------

    def end_slur(self, at_last: bool = True) -> bool:
        """End the slur that began last; return False if none is open.

        Parameters
        ----------
        at_last : bool
            Whether it ends at the last event; otherwise the caller adds the event.
        """
        last = self._last_event()
        if not self.text.slurs or (at_last and last is None):
            return False
        self.text.slurs.pop()
        if at_last and last:
            self._replace_last(last._replace(slur_ends=last.slur_ends + 1))
        return True

    def end_system(self) -> None:
        """End a line of the score here, or at the end of the bar if it has events."""
        if self._events:
            self._system_ends = True
        else:
            self._new_system = bool(self.bars)

    @property
    def has_events_in_bar(self) -> bool:
        """Whether the current bar has events."""
        return bool(self._events)

    @property
    def untouched(self) -> bool:
        """Whether the voice has no events yet."""
        return not self.bars and not self._events

    @property
    def unfinished_tuplet(self) -> bool:
        """Whether a tuplet needs more events."""
        return self._tuplet is not None

    @property
    def unfinished_broken(self) -> bool:
        """Whether broken rhythm changes the next event."""
        return self._broken is not None

    # --------------------------------------------------------------------------------------

    def _begin(self, line: int, column: int) -> None:
        if not self._events and self._position == (0, 0):
            self._position = (line, column)

    def _begin_bar(self) -> None:
        self._bar_meter, self._bar_key = self.meter, self.key
        self._bar_clef = self.properties.shown_clef
        self._bar_program = self.properties.program
        self._position = (0, 0)

    def _end_bar(self, closes: str) -> None:
        if len(self.bars) >= _MOST_BARS:
            raise ABCError(f"more than {_MOST_BARS} bars", *self._position)
        self._store_changed_last()
        timed, offsets = self._timed_events()
        self.bars.append(
            Bar(
                line=self._position[0] or timed[0].line,
                column=self._position[1] or timed[0].column,
                onset=self._end,
                length=offsets[-1],
                meter=self._bar_meter,
                key=self._bar_key,
                events=tuple(timed),
                opens=self._opens,
                closes=closes,
                ending=self._ending,
                part=self._part,
                title=self.title,
                tempo=self._tempo,
                marks=self._repeat_marks(),
                changes=tuple(
                    Change(offsets[index], value)
                    for index, value in self._changes
                    if index < len(timed)
                ),
                clef=self._bar_clef,
                program=self._bar_program,
                placed_marks=tuple(
                    Mark(offsets[index], text, sign) for index, text, sign in self._marks
                ),
                new_system=self._new_system,
            )
        )
        self._end += offsets[-1]
        self._clear_bar(len(timed))
        self._begin_bar()

    def _timed_events(self) -> tuple[list[Event], list[Fraction]]:
        """Return the events with their onsets, and the offsets of the events and of the end."""
        onset = self._end
        timed = []
        offsets = [Fraction(0)]
        for event in self._events:
            timed.append(event._replace(onset=onset))
            onset += event.duration
            if onset.denominator > _FINEST_TIME:
                message = "the note lengths have no common denominator below 2**60"
                raise ABCError(message, event.line, event.column)
            offsets.append(onset - self._end)
        return timed, offsets

    def _clear_bar(self, events: int) -> None:
        """Clear the data of the stored bar; a tempo at its very end applies to the next bar."""
        self._events = []
        self._opens, self._ending, self._part, self.title = "", frozenset(), "", ""
        self._tempo, self._marks = None, []
        self._new_system, self._system_ends = self._system_ends, False
        for index, value in self._changes:
            if index == events and isinstance(value, Tempo):
                self._tempo = value  # at the very end: the next bar begins with it
        self._changes = []

    def _repeat_marks(self) -> tuple[str, ...]:
        return tuple(text for _, text, sign in self._marks if sign is None and is_repeat_mark(text))

    def _last_event(self) -> Event | None:
        if self._events:
            return self._events[-1]
        return self._changed_last or (self.bars[-1].events[-1] if self.bars else None)

    def _replace_last(self, event: Event) -> None:
        # The tuple of a bar's events is copied once, not with every tie or slur after the bar.
        if self._events:
            self._events[-1] = event
        else:
            self._changed_last = event

    def _store_changed_last(self) -> None:
        if self._changed_last:
            bar = self.bars[-1]
            self.bars[-1] = bar._replace(events=(*bar.events[:-1], self._changed_last))
            self._changed_last = None
