"""The parser: from the tokens of one tune to a Tune (section 4).

It makes one pass over the tokens, with a builder for each voice. It is lenient: notation that
is not closed, not opened or not supported becomes a Problem with its line and column, and the
rest of the tune is parsed. Only text that exceeds a limit raises ABCError.
"""

from __future__ import annotations

import re
from fractions import Fraction

from abcrnn.notation.chord_symbols import looks_like_words, parse_chord_symbol
from abcrnn.notation.errors import ABCError
from abcrnn.notation.field_reader import FieldReader
from abcrnn.notation.fields import Key, parse_tempo
from abcrnn.notation.lengths import parse_ending, parse_length, parse_number
from abcrnn.notation.lexer import NOTE, Token, tokens
from abcrnn.notation.tune import Event, Pitch, Tune
from abcrnn.notation.voices import pitch_of

_MOST_RESTS = 999  # bars of rest in a tune; a few characters can request very many

_ABOVE_KEY = ("field", "inline", "directive")
_ENDS_OVERLAY = ("bar", "ending", "field", "inline")

_MARKS = ("D.C.", "D.S.", "dacapo", "dacoda", "segno", "coda", "fine")


def read_tune(text: str) -> Tune:
    r"""Parse one tune.

    Mistakes in the notation do not raise an error: what cannot be read is left out and
    listed in ``problems`` of the tune. :func:`abcrnn.notation.check_tune` reports these and
    mistakes in the music, such as bars that do not add up.

    Parameters
    ----------
    text : str
        One tune, from its ``X:`` line on.

    Returns
    -------
    Tune

    Raises
    ------
    ABCError
        If a voice has more than 20,000 bars, the tune has more than 999 bars of rest
        (``Z``), a number is above its limit (9999 in a note length, 99 in a tuplet), a note
        length is divided by 0, or a line has a NUL byte.

    Examples
    --------
    >>> tune = read_tune("X:1\nT:Scale\nM:4/4\nK:D\nDEFG ABcd|")
    >>> tune.title, tune.key.name, len(tune.voices[0].bars)
    ('Scale', 'D maj', 1)
    """
    return _Reader().read(text)


class _Reader(FieldReader):
    """The state of the parser, except that of each voice."""

    def __init__(self) -> None:
        super().__init__()
        self.graces: list[tuple[Pitch, Fraction]] = []
        self.in_grace: Token | None = None
        self.chord: Token | None = None
        self.chord_notes: list[tuple[Pitch, Fraction, bool]] = []
        self.chord_symbol = ""
        self.annotations: list[str] = []
        self.decorations: list[str] = []
        self.overlaid = False
        self.headless = False
        self.rests = 0

    def read(self, text: str) -> Tune:
        last = Token("other", "", 1, 1)
        for token in tokens(text):
            if self.overlaid and token.kind not in _ENDS_OVERLAY:
                continue
            if not self.voices and token.kind not in _ABOVE_KEY:
                self._music_above_key(token)
                continue
            getattr(self, f"_on_{token.kind}")(token)
            last = token
        if self.in_grace:
            self._problem(self.in_grace, "grace", "grace notes are not closed by }")
        if self.chord:
            self._problem(self.chord, "chord", "the chord is not closed by ]")
        voices = []
        for builder in self.voices.values():
            if builder.unfinished_tuplet:
                self._problem(last, "tuplet", "the tune ends inside a tuplet")
            voices.append(builder.finish())
        meter, unit = self._initial_meter_and_unit()
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

    # Notes and rests (sections 4.1 to 4.5) ---------------------------------------------------

    def _on_note(self, token: Token) -> None:
        voice = self.voice
        found = NOTE.match(token.text)
        if found is None:  # cannot happen: the lexer used the same expression
            return
        pitch = pitch_of(voice, found[1] or "", found[2], found[3])
        if not 0 <= pitch.midi <= 127:
            self._problem(token, "pitch", f"the pitch of {token.text!r} is outside the MIDI range")
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
            self._problem(self.chord, "chord", "the chord is not closed by ]")
        self.chord, self.chord_notes = token, []

    def _on_chord_end(self, token: Token) -> None:
        opened, self.chord = self.chord, None
        if not opened:
            self._problem(token, "chord", "] without a chord to close")
        elif not self.chord_notes:
            self._problem(opened, "chord", "the chord has no notes")
        else:
            # A chord is as long as its first note (section 4.17).
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
            self._problem(token, "tie", "- has no note before it")

    def _on_broken(self, token: Token) -> None:
        voice = self.voice
        if self.in_grace or self.chord:
            return
        if len(token.text) > 4:
            self._problem(token, "length", f"{token.text} is too long; at most four signs")
        elif not voice.break_rhythm(token.text):
            self._problem(token, "length", f"{token.text} has no note before it")

    def _on_tuplet(self, token: Token) -> None:
        voice = self.voice
        numbers = [parse_number(n, token, 99) if n else None for n in token.text[1:].split(":")]
        p, q, r = [*numbers, None, None][:3]
        if not p or p < 2 or q == 0 or r == 0:
            self._problem(token, "tuplet", f"{token.text} is not a tuplet, such as (3 or (3:2:2")
            return
        if voice.unfinished_tuplet:
            self._problem(token, "tuplet", "a tuplet begins inside another")
        voice.begin_tuplet(p, q, r)

    def _length(self, text: str, token: Token) -> Fraction:
        length = parse_length(text, token)
        if length is None:
            self._problem(token, "length", f"{token.text[:30]} is too short or too long")
        return length or Fraction(1)

    # Grace notes, quotations, decorations ----------------------------------------------------

    def _on_grace(self, token: Token) -> None:
        if self.in_grace:
            self._problem(self.in_grace, "grace", "grace notes are not closed by }")
        self.in_grace = token

    def _on_grace_end(self, token: Token) -> None:
        if not self.in_grace:
            self._problem(token, "grace", "} without grace notes to close")
        self.in_grace = None

    def _on_quoted(self, token: Token) -> None:
        text = token.text[1:-1]
        if text[:1] in ("^", "_", "<", ">", "@"):  # section 4.19
            self.annotations.append(text[1:])
        else:
            self._chord_symbol_or_words(token, text)

    def _chord_symbol_or_words(self, token: Token, text: str) -> None:
        """Read a chord symbol (section 4.18); other text without a placement is an annotation."""
        chord = parse_chord_symbol(text)
        resembles_chord = bool(re.match(r"[(\[]?[A-G]", text))
        if chord is None and (not resembles_chord or looks_like_words(text)):
            if resembles_chord:
                self._remark(token, f'"{text[:40]}" is not a chord symbol; text is written "^..."')
            self.annotations.append(text)
            return
        if self.chord_symbol:
            before, self.chord_symbol = self.chord_symbol, ""
            self._remark(token, f'two chord symbols before one note: "{before}" is not played')
            self.annotations.append(before)
        self.chord_symbol = text
        if chord is None:
            self._remark(token, f'the chord symbol "{text[:40]}" is not understood and not played')
        elif chord.remark:
            self._remark(token, f'the chord symbol "{text}": {chord.remark}')

    def _remark(self, token: Token, message: str) -> None:
        """Report notation that is read by a guess, or not at all: each message once."""
        if message not in self.unsupported:
            self.unsupported.add(message)
            self._problem(token, "unsupported", message)

    def _on_unquoted(self, token: Token) -> None:
        self._problem(token, "quotation", 'the quotation is not closed by "')

    def _on_decoration(self, token: Token) -> None:
        name = token.text.strip("!+") if len(token.text) > 1 else token.text
        if name in _MARKS and self.voices:
            self.voice.mark(name)
        else:
            self.decorations.append(name)

    def _on_slur(self, token: Token) -> None:
        """Ignore a slur: it changes no note."""

    _on_slur_end = _on_spacer = _on_slur

    def _on_overlay(self, token: Token) -> None:
        self._unsupported(token, "voice overlay (&)")
        self.overlaid = True

    def _on_other(self, token: Token) -> None:
        # Section 8.1 reserves some characters to be ignored; ! and \ end lines.
        if token.text not in "!\\`$*;?@#" and self.voices:
            self._unsupported(token, f"the character {token.text!r}")

    # Bar lines (sections 4.8 to 4.10) ---------------------------------------------------------

    def _on_bar(self, token: Token) -> None:
        voice = self.voice
        if self.chord:
            self._problem(self.chord, "chord", "the chord is not closed by ] in its bar")
            self.chord = None
        if self.in_grace:
            self._problem(self.in_grace, "grace", "grace notes are not closed by }")
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

    def _music_above_key(self, token: Token) -> None:
        if not self.headless:
            self.headless = True
            self._problem(token, "header", "music before the key (K:), which ends the header")
