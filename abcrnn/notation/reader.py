"""Tokens to a Tune: one pass over the text, a builder for each voice (section 4).

The reader is lenient, as tunebooks are: what is unclosed or unmatched becomes a
Problem with its place, what is not supported becomes a Problem of kind
``unsupported``, and the music around it is read all the same. Only what is
beyond any bound, or no tune at all, raises ABCError.
"""

from __future__ import annotations

import re
from fractions import Fraction

from abcrnn.notation.errors import ABCError
from abcrnn.notation.fields import (
    Key,
    Meter,
    default_unit,
    parse_key,
    parse_meter,
    parse_tempo,
    parse_unit,
)
from abcrnn.notation.lengths import parse_ending, parse_length, parse_number
from abcrnn.notation.lexer import NOTE, Token, tokens
from abcrnn.notation.tune import Event, Pitch, Problem, Tune
from abcrnn.notation.voices import VoiceBuilder, pitch_of

_MOST_RESTS = 999  # bars of them, that a few characters can ask for

_ABOVE_THE_KEY = ("field", "inline", "directive")
_ENDS_OVERLAY = ("bar", "ending", "field", "inline")

_MARKS = ("D.C.", "D.S.", "dacapo", "dacoda", "segno", "coda", "fine")


def read_tune(text: str) -> Tune:
    """Read one tune.

    Parameters
    ----------
    text : str
        From its ``X:`` line on.

    Returns
    -------
    Tune

    Raises
    ------
    ABCError
        If a number, a length or a count of bars is beyond any bound.
    """
    return _Reader().read(text)


class _Reader:
    """The state of reading one tune, apart from what belongs to a voice."""

    def __init__(self) -> None:
        self.fields: list[tuple[str, str]] = []
        self.problems: list[Problem] = []
        self.key: Key | None = None
        self.meter: Meter | None = None
        self.unit: Fraction | None = None
        self.tempo_text: str | None = None
        self.parts = ""
        self.voices: dict[str, VoiceBuilder] = {}
        self.current = ""  # the name of the voice that is being read
        self.graces: list[tuple[Pitch, Fraction]] = []
        self.in_grace: Token | None = None
        self.chord: Token | None = None
        self.chord_notes: list[tuple[Pitch, Fraction, bool]] = []
        self.chord_symbol = ""
        self.annotations: list[str] = []
        self.decorations: list[str] = []
        self.overlaid = False
        self.unsupported: set[str] = set()
        self.headless = False
        self.rests = 0

    def read(self, text: str) -> Tune:
        last = Token("other", "", 1, 1)
        for token in tokens(text):
            if self.overlaid and token.kind not in _ENDS_OVERLAY:
                continue
            if not self.voices and token.kind not in _ABOVE_THE_KEY:
                self._music_above_the_key(token)
                continue
            getattr(self, f"_on_{token.kind}")(token)
            last = token
        if self.in_grace:
            self._problem(self.in_grace, "grace", "grace notes are opened by { and not closed")
        if self.chord:
            self._problem(self.chord, "chord", "a chord is opened by [ and not closed")
        voices = []
        for builder in self.voices.values():
            if builder.unfinished_tuplet:
                self._problem(last, "tuplet", "the tune ends inside a tuplet")
            voices.append(builder.finish())
        meter, unit = self._at_beginning()
        return Tune(
            fields=tuple(self.fields),
            meter=meter,
            unit=unit,
            key=self.key or Key("none", 0),
            tempo=parse_tempo(self.tempo_text, unit) if self.tempo_text is not None else None,
            parts=self.parts,
            voices=tuple(voice for voice in voices if voice.bars),
            problems=tuple(sorted(self.problems)),
        )

    # Fields (section 3) --------------------------------------------------------------------

    def _on_field(self, token: Token) -> None:
        letter, _, value = token.text.partition(":")
        value = value.strip()
        in_header = not self.voices
        if letter == "+":
            if in_header and self.fields:
                name, before = self.fields[-1]
                self.fields[-1] = (name, f"{before} {value}")
            return
        if in_header:
            self.fields.append((letter, value))
        handler = getattr(self, f"_field_{letter.lower()}", None)
        if handler and (letter.isupper() or letter == "w"):
            handler(token, value)

    def _on_inline(self, token: Token) -> None:
        letter, value = token.text[1], token.text[3:-1].strip()
        handler = getattr(self, f"_field_{letter.lower()}", None)
        if handler and letter.isupper() and letter in "KMLQPV":
            handler(token, value)

    def _on_directive(self, token: Token) -> None:
        """Keep apart what begins with %%: it concerns programs, not the music (section 11)."""

    def _field_k(self, token: Token, value: str) -> None:
        key = parse_key(value)
        if self.voices:
            if key:
                self.voice.set_key(key)
            return
        self.key = key or Key("none", 0)
        if key is None:
            self._problem(token, "key", f"K:{value} names no key, such as K:D or K:Am")
        self._switch_voice(next(iter(self.voices), "1"))

    def _field_m(self, token: Token, value: str) -> None:
        meter = parse_meter(value)
        if meter is None:
            self._problem(token, "meter", f"M:{value} is no meter, such as M:6/8, M:C or M:none")
        elif self.voices:
            self.voice.change_meter(meter)
        else:
            self.meter = meter

    def _field_l(self, token: Token, value: str) -> None:
        unit = parse_unit(value)
        if unit is None:
            self._problem(token, "length", f"L:{value} is no unit note length, such as L:1/8")
        elif self.voices:
            self.voice.unit = unit
        else:
            self.unit = unit

    def _field_q(self, token: Token, value: str) -> None:
        if self.voices:
            self.voice.set_tempo(parse_tempo(value, self.voice.unit))
        else:
            self.tempo_text = value

    def _field_p(self, token: Token, value: str) -> None:
        if self.voices:
            self.voice.begin_part(value, token.line, token.column)
        else:
            self.parts = value

    def _field_v(self, token: Token, value: str) -> None:
        if self.voices:
            self._switch_voice(value.split()[0] if value else "1")

    def _field_w(self, token: Token, value: str) -> None:
        self._unsupported(token, "lyrics (w: and W:)")

    def _switch_voice(self, name: str) -> None:
        if name not in self.voices:
            # The voice that was opened by K: itself is the first one named.
            if len(self.voices) == 1 and self.voice.untouched:
                builder = self.voices.pop(self.voice.name)
                builder.name = name
                self.voices[name] = builder
            else:
                meter, unit = self._at_beginning()
                key = self.key or Key("none", 0)
                self.voices[name] = VoiceBuilder(name, key, meter, unit)
        self.current = name

    def _at_beginning(self) -> tuple[Meter, Fraction]:
        meter = self.meter or Meter("none")
        return meter, self.unit or default_unit(meter)

    # Notes and rests (sections 4.1 to 4.5) ---------------------------------------------------

    def _on_note(self, token: Token) -> None:
        voice = self.voice
        found = NOTE.match(token.text)
        if found is None:  # the lexer saw one
            return
        pitch = pitch_of(voice, found[1] or "", found[2], found[3])
        if not 0 <= pitch.midi <= 127:
            self._problem(token, "pitch", f"the pitch of {token.text!r} is one that MIDI has not")
            pitch = pitch._replace(octave=4)
        length = self._length(found[4], token)
        if self.in_grace:
            self.graces.append((pitch, length * voice.unit))
        elif self.chord:
            self.chord_notes.append((pitch, length, False))
        else:
            self._add(token, length * voice.unit, (pitch,))

    def _on_rest(self, token: Token) -> None:
        voice = self.voice
        if self.in_grace or self.chord:
            return
        self._add(token, self._length(token.text[1:], token) * voice.unit, ())

    def _on_bar_rest(self, token: Token) -> None:
        voice = self.voice
        bars = parse_number(token.text[1:] or "1", token, _MOST_RESTS)
        self.rests += bars
        if self.rests > _MOST_RESTS:
            raise ABCError(f"more than {_MOST_RESTS} bars of rest", token.line, token.column)
        length = voice.meter.length or Fraction(1)
        for number in range(bars):
            if number:
                voice.bar_line("|")
            self._add(token, length, ())

    def _add(self, token: Token, duration: Fraction, pitches: tuple[Pitch, ...],
             tied: tuple[bool, ...] = ()) -> None:  # fmt: skip
        voice = self.voice
        voice.add(
            Event(
                token.line,
                token.column,
                Fraction(0),
                duration,
                pitches,
                tied or (False,) * len(pitches),
                tuple(self.graces),
                self.chord_symbol,
                tuple(self.annotations),
                tuple(self.decorations),
            )
        )
        if any(tied):
            voice.remember_ties()
        self.graces, self.chord_symbol, self.annotations, self.decorations = [], "", [], []

    def _on_chord(self, token: Token) -> None:
        if self.chord:
            self._problem(self.chord, "chord", "a chord is opened by [ and not closed")
        self.chord, self.chord_notes = token, []

    def _on_chord_end(self, token: Token) -> None:
        opened, self.chord = self.chord, None
        if not opened:
            self._problem(token, "chord", "] closes no chord")
        elif not self.chord_notes:
            self._problem(opened, "chord", "a chord without notes")
        else:
            # The chord is as long as its first note (section 4.17).
            length = self.chord_notes[0][1] * self._length(token.text[1:], token)
            pitches, _, tied = zip(*self.chord_notes, strict=True)
            self._add(opened, length * self.voice.unit, pitches, tied)

    def _on_tie(self, token: Token) -> None:
        voice = self.voice
        if self.in_grace:
            return
        if self.chord:
            if self.chord_notes:
                self.chord_notes[-1] = (*self.chord_notes[-1][:2], True)
        elif not voice.tie():
            self._problem(token, "tie", "- ties no note")

    def _on_broken(self, token: Token) -> None:
        voice = self.voice
        if self.in_grace or self.chord:
            return
        if len(token.text) > 4:
            self._problem(token, "length", f"{token.text} is beyond any rhythm")
        elif not voice.break_rhythm(token.text):
            self._problem(token, "length", f"{token.text} has no note before it")

    def _on_tuplet(self, token: Token) -> None:
        voice = self.voice
        numbers = [parse_number(n, token, 99) if n else None for n in token.text[1:].split(":")]
        p, q, r = [*numbers, None, None][:3]
        if not p or p < 2 or q == 0 or r == 0:
            self._problem(token, "tuplet", f"{token.text} is no tuplet, such as (3 or (3:2:2")
            return
        if voice.unfinished_tuplet:
            self._problem(token, "tuplet", "a tuplet begins inside another")
        voice.begin_tuplet(p, q, r)

    def _length(self, text: str, token: Token) -> Fraction:
        length = parse_length(text, token)
        if length is None:
            self._problem(token, "length", f"{token.text[:30]} has a length no program plays")
        return length or Fraction(1)

    # What stands around notes ----------------------------------------------------------------

    def _on_grace(self, token: Token) -> None:
        if self.in_grace:
            self._problem(self.in_grace, "grace", "grace notes are opened by { and not closed")
        self.in_grace = token

    def _on_grace_end(self, token: Token) -> None:
        if not self.in_grace:
            self._problem(token, "grace", "} closes no grace notes")
        self.in_grace = None

    def _on_quoted(self, token: Token) -> None:
        text = token.text[1:-1]
        if text[:1] in ("^", "_", "<", ">", "@"):  # section 4.19
            self.annotations.append(text[1:])
        elif re.match(r"\(?[A-G]", text):  # section 4.18
            self.chord_symbol = text
        else:
            self.annotations.append(text)

    def _on_unquoted(self, token: Token) -> None:
        self._problem(token, "quotation", 'a quotation is opened by " and not closed')

    def _on_decoration(self, token: Token) -> None:
        name = token.text.strip("!+") if len(token.text) > 1 else token.text
        if name in _MARKS and self.voices:
            self.voice.mark(name)
        else:
            self.decorations.append(name)

    def _on_slur(self, token: Token) -> None:
        """Pass over a slur: it changes no note."""

    _on_slur_end = _on_spacer = _on_slur

    def _on_overlay(self, token: Token) -> None:
        self._unsupported(token, "voice overlay (&)")
        self.overlaid = True

    def _on_other(self, token: Token) -> None:
        # Section 8.1 reserves some characters and asks to pass over them; ! and \ end lines.
        if token.text not in "!\\`$*;?@#" and self.voices:
            self._unsupported(token, f"the character {token.text!r}")

    # Bar lines (sections 4.8 to 4.10) ---------------------------------------------------------

    def _on_bar(self, token: Token) -> None:
        voice = self.voice
        if self.chord:
            self._problem(self.chord, "chord", "a chord is opened by [ and not closed in its bar")
            self.chord = None
        if self.in_grace:
            self._problem(self.in_grace, "grace", "grace notes are opened by { and not closed")
            self.in_grace = None
        self.overlaid = False
        line = token.text.rstrip("0123456789,-")
        voice.bar_line(line)
        if len(line) < len(token.text):
            self._begin_ending(token, token.text[len(line) :])

    def _on_ending(self, token: Token) -> None:
        self._begin_ending(token, token.text[1:])

    def _begin_ending(self, token: Token, text: str) -> None:
        voice = self.voice
        voice.begin_ending(parse_ending(text), token.line, token.column)

    @property
    def voice(self) -> VoiceBuilder:
        """The voice that music belongs to; there is one as soon as K: closes the header."""
        return self.voices[self.current]

    def _music_above_the_key(self, token: Token) -> None:
        if not self.headless:
            self.headless = True
            self._problem(token, "header", "music stands before the key (K:) closes the header")

    def _problem(self, token: Token, kind: str, message: str) -> None:
        self.problems.append(Problem(token.line, token.column, kind, message))

    def _unsupported(self, token: Token, what: str) -> None:
        if what not in self.unsupported:
            self.unsupported.add(what)
            self._problem(token, "unsupported", f"{what}: not supported, passed over")
