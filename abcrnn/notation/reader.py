"""The parser: from the tokens of one tune to a Tune (section 4).

It makes one pass over the tokens, with a builder for each voice. It is lenient: notation that
is not closed, not opened or not supported becomes a Problem with its line and column, and the
rest of the tune is parsed. Only text that exceeds a limit raises ABCError.
"""

from __future__ import annotations

from fractions import Fraction

from abcrnn.notation.errors import ABCError
from abcrnn.notation.fields import Key, parse_tempo
from abcrnn.notation.lengths import parse_ending, parse_length, parse_number
from abcrnn.notation.lexer import NOTE, Token, tokens
from abcrnn.notation.parts import share_parts
from abcrnn.notation.pitches import pitch_of
from abcrnn.notation.symbol_reader import SymbolReader
from abcrnn.notation.tune import Event, Pitch, Tune

_MOST_RESTS = 999  # bars of rest in a tune; a few characters can request very many

_ABOVE_KEY = ("field", "inline", "directive")
_ENDS_OVERLAY = ("bar", "ending", "field", "inline", "overlay")


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
        If the text is empty, another tune begins in it, a voice has more than 20,000 bars, the
        tune has more than 999 bars of rest (``Z``), a number is above its limit (9999 in a note
        length, 99 in a tuplet), a note length is divided by 0, or a line has a NUL byte.
    TypeError
        If ``text`` is not a string.

    Examples
    --------
    >>> tune = read_tune("X:1\nT:Scale\nM:4/4\nK:D\nDEFG ABcd|")
    >>> tune.title, tune.key.name, len(tune.voices[0].bars)
    ('Scale', 'D maj', 1)
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a string, such as corpus.tunes[0], not {text!r:.80}")
    return _Reader().read(text)


class _Reader(SymbolReader):
    """The state of the parser, except that of each voice."""

    def __init__(self) -> None:
        super().__init__()
        self.chord_notes: list[tuple[Pitch, Fraction, bool]] = []
        self.headless = False
        self.colon: Token | None = None  # a : that a bar line may follow
        self.rests = 0

    def read(self, text: str) -> Tune:
        for token in tokens(text):
            if self.overlaid and token.kind not in _ENDS_OVERLAY:
                continue
            if not self.voices and token.kind not in _ABOVE_KEY:
                self._music_above_key(token)
                continue
            if token.kind not in ("field", "directive"):
                self._follow_layout(token)
            getattr(self, f"_on_{token.kind}")(token)
            self.previous = token
        self._check_end()
        voices = [builder.finish() for builder in self.voices.values()]
        for builder in self.voices.values():
            self._report_open_slurs_and_lyrics(builder)
        if self.parts:
            voices = share_parts(voices, [b.part_marks for b in self.voices.values()])
        meter, unit = self._initial_meter_and_unit()
        return Tune(
            fields=tuple((letter, " ".join(values)) for letter, values in self.fields),
            meter=meter,
            unit=unit,
            key=self.key or Key("none", 0),
            tempo=parse_tempo(self.tempo_text, unit) if self.tempo_text is not None else None,
            parts=self.parts,
            parts_position=self.parts_position,
            voices=tuple(voice for voice in voices if voice.bars),
            problems=tuple(sorted(self.problems)),
            words=tuple(" ".join(values) for values in self.words),
        )

    def _check_end(self) -> None:
        """Report what is not closed at the end of the tune."""
        self._report_colon()
        if self.in_grace:
            self._problem(self.in_grace, "grace", "grace notes are not closed by }")
        if self.chord:
            self._problem(self.chord, "chord", "the chord is not closed by ]")
        if self.overlay:
            self._problem(self.overlay, "unsupported", "the voice overlay (& is not closed by &)")
        if self.chord_symbol:
            message = f'the chord symbol "{self.chord_symbol[:40]}" has no note after it'
            self._remark(self.previous, message)
        if self.voices:
            self._place_pending_marks()
        if self.graces:
            self._remark(self.previous, "the grace notes at the end have no note after them")
        for builder in self.voices.values():
            if builder.unfinished_tuplet:
                self._problem(self.previous, "tuplet", "the tune ends inside a tuplet")
            if builder.unfinished_broken:
                self._problem(self.previous, "length", "broken rhythm has no note after it")

    # Notes and rests (sections 4.1 to 4.5) ---------------------------------------------------

    def _on_note(self, token: Token) -> None:
        voice = self.voice
        found = NOTE.match(token.text)
        if found is None:  # cannot happen: the lexer used the same expression
            return
        pitch = pitch_of(voice, found[1] or "", found[2], found[3])
        if not 0 <= pitch.midi + voice.properties.sounding_semitones <= 127:
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
        if self._rest_in_group(token):
            return
        length = self._length(token.text[1:], token) * voice.unit
        self._add(token, length, (), invisible=token.text[0] == "x")

    def _on_bar_rest(self, token: Token) -> None:
        voice = self.voice
        if self._rest_in_group(token):
            return
        bars = parse_number(token.text[1:] or "1", token, _MOST_RESTS)
        if bars == 0:
            self._problem(token, "length", f"{token.text} is not a rest of one bar or more")
        self.rests += bars
        if self.rests > _MOST_RESTS:
            raise ABCError(f"more than {_MOST_RESTS} bars of rest", token.line, token.column)
        length = voice.meter.length or Fraction(1)
        for number in range(bars):
            if number:
                voice.bar_line("|")
            self._add(token, length, (), invisible=token.text[0] == "X", whole_bar=True)

    def _rest_in_group(self, token: Token) -> bool:
        """Report a rest in a chord or in grace notes; return whether it is in one."""
        if self.in_grace or self.chord:
            self._unsupported(token, f"a rest in {'grace notes' if self.in_grace else 'a chord'}")
        return bool(self.in_grace or self.chord)

    def _add(self, token: Token, duration: Fraction, pitches: tuple[Pitch, ...],
             tied: tuple[bool, ...] = (), invisible: bool = False,
             whole_bar: bool = False) -> None:  # fmt: skip
        self._report_colon()
        voice = self.voice
        if voice.text.begin_line(self.text_line) and "<EOL>" in self.line_breaks:
            voice.end_system()
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
                tuple(text for text, _ in self.annotations),
                tuple(self.decorations),
                placements=tuple(sign for _, sign in self.annotations),
                slur_starts=self.slurs_begun,
                slur_ends=self.slurs_ended,
                grace_slurs=min(self.grace_slurs, self.slurs_begun),
                spaced=self.spaced,
                grace_slash=self.grace_slash,
                invisible=invisible,
                whole_bar=whole_bar,
            )
        )
        if any(tied):
            voice.remember_ties()
        self.graces, self.chord_symbol, self.annotations, self.decorations = [], "", [], []
        self.slurs_begun = self.slurs_ended = self.grace_slurs = 0
        self.grace_slash = self.spaced = False

    def _on_chord(self, token: Token) -> None:
        if self.in_grace and not self.chord:
            message = "a chord in grace notes is not supported; its notes are read one by one"
            self._remark(token, message)
            return
        if self.chord:
            self._problem(self.chord, "chord", "the chord is not closed by ] before the next [")
        self.chord, self.chord_notes = token, []

    def _on_chord_end(self, token: Token) -> None:
        if self.in_grace and not self.chord:
            return
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
        self._remove_dot()
        if self.in_grace:
            return
        if self.chord:
            if self.chord_notes:
                self.chord_notes[-1] = (*self.chord_notes[-1][:2], True)
        elif not voice.tie():
            self._problem(token, "tie", "- has no note before it")

    def _on_broken(self, token: Token) -> None:
        voice = self.voice
        if self.chord:
            self._unsupported(token, f"broken rhythm ({token.text[:4]}) in a chord")
        elif self.in_grace:
            return  # legal, and without effect (section 4.12)
        elif len(token.text) > 4:
            self._problem(token, "length", f"{token.text[:8]}... is too long; at most four signs")
        elif voice.unfinished_broken:
            self._problem(token, "length", f"{token.text} follows another sign of broken rhythm")
        elif not voice.break_rhythm(token.text):
            self._problem(token, "length", f"{token.text} has no note before it")

    def _on_tuplet(self, token: Token) -> None:
        voice = self.voice
        first, *others = token.text[1:].split(":")
        p = parse_number(first, token, 99)
        numbers = [parse_number(number, token, 99) if number else None for number in others]
        q, r = [*numbers, None, None][:2]
        problem = _tuplet_problem(p, q, r)
        if problem:
            self._problem(token, "tuplet", f"{token.text} {problem}")
            return
        if self.in_grace:
            return  # grace notes have no length of their own
        if self.chord:
            self._unsupported(token, f"a tuplet ({token.text}) in a chord")
        if voice.unfinished_tuplet:
            self._problem(token, "tuplet", "a tuplet begins inside another")
        voice.begin_tuplet(p, q, r)

    def _length(self, text: str, token: Token) -> Fraction:
        length = parse_length(text, token)
        if length is None:
            self._problem(token, "length", f"{token.text[:30]} is too short or too long")
        return length or Fraction(1)

    # Bar lines (sections 4.8 to 4.10) ---------------------------------------------------------

    def _on_bar(self, token: Token) -> None:
        voice = self.voice
        if self.chord:
            self._problem(self.chord, "chord", "the chord is not closed by ] in its bar")
            self.chord = None
        if self.in_grace:
            self._problem(self.in_grace, "grace", "grace notes are not closed by }")
            self.in_grace = None
        self.overlaid = max(self.overlaid - 1, 0)
        if self.overlaid:
            return
        if voice.unfinished_broken:
            self._problem(token, "length", "broken rhythm is not followed by a note in its bar")
        line = token.text.rstrip("0123456789,-")
        if line.startswith("."):
            self.decorations.append(".")  # a dotted bar line
        self._place_pending_marks(at_bar_line=True)
        colon, self.colon = ":" if self.colon else "", None
        voice.bar_line(colon + line.lstrip("."))
        if len(line) < len(token.text):
            self._begin_ending(token, token.text[len(line) :])

    def _on_other(self, token: Token) -> None:
        """Read a ``:`` apart from its bar line, directly before or after; report other signs."""
        if token.text != ":" or not self.voices:
            super()._on_other(token)
            return
        self._report_colon()
        between_bars = self.previous.kind in ("bar", "field", "inline", "directive")
        follows_bar_line = between_bars or self.previous.text == "\\"
        is_apart = self.chord or self.in_grace or not follows_bar_line
        if is_apart or not self.voice.add_colon():
            self.colon = token

    def _report_colon(self) -> None:
        if self.colon:
            super()._on_other(self.colon)
            self.colon = None

    def _on_ending(self, token: Token) -> None:
        self._begin_ending(token, token.text[1:])

    def _begin_ending(self, token: Token, text: str) -> None:
        voice = self.voice
        voice.begin_ending(parse_ending(text), token.line, token.column)

    def _music_above_key(self, token: Token) -> None:
        if not self.headless:
            self.headless = True
            found = f"the text {token.text[:30]!r}" if token.kind == "text" else "music"
            self._problem(token, "header", f"{found} before the key (K:), which ends the header")


def _tuplet_problem(p: int, q: int | None, r: int | None) -> str:
    """Return what is wrong with the numbers of a tuplet (section 4.13), or an empty string."""
    if p < 2:
        return f"is a tuplet of {p or 'no'} note; a tuplet has 2 or more, such as (3 or (3:2:2"
    if q == 0 or r == 0:
        return "is a tuplet with 0; its numbers are 1 or more, such as (3:2:2"
    if p > 9 and q is None:
        return f"is a tuplet of {p} notes without their time, such as ({p}:8"
    return ""
