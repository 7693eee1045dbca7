"""Fields of a tune: those of its header, and those between and in lines of music (section 3)."""

from __future__ import annotations

from fractions import Fraction

from abcrnn.notation.fields import (
    Key,
    Meter,
    default_unit,
    parse_key,
    parse_meter,
    parse_tempo,
    parse_unit,
)
from abcrnn.notation.lexer import Token
from abcrnn.notation.lines import begins_text_block
from abcrnn.notation.tune import Problem
from abcrnn.notation.voices import VoiceBuilder


class FieldReader:
    """Interpret the fields of a tune: keep the header, open voices and change their state."""

    def __init__(self) -> None:
        self.fields: list[tuple[str, str]] = []
        self.problems: list[Problem] = []
        self.key: Key | None = None
        self.meter: Meter | None = None
        self.unit: Fraction | None = None
        self.tempo_text: str | None = None
        self.parts = ""
        self.voices: dict[str, VoiceBuilder] = {}
        self.current = ""  # name of the current voice
        self.unsupported: set[str] = set()
        self.line_breaks = {"<EOL>", "$"}  # where a line of the score ends (section 6.1.1)
        self.words: list[str] = []
        self.last_field = ""

    @property
    def voice(self) -> VoiceBuilder:
        """The current voice; there is one as soon as K: ends the header."""
        return self.voices[self.current]

    def _on_field(self, token: Token) -> None:
        letter, _, value = token.text.partition(":")
        value = value.strip()
        in_header = not self.voices
        if letter == "+":
            if in_header and self.fields:
                name, before = self.fields[-1]
                self.fields[-1] = (name, f"{before} {value}")
            if self.last_field == "w" and not in_header:
                self.voice.text.continue_lyrics(value)
            elif self.last_field == "W" and self.words:
                self.words[-1] += f" {value}"
            return
        self.last_field = letter
        if in_header:
            self.fields.append((letter, value))
        if letter == "w":
            self._lyrics(token, value)
            return
        handler = getattr(self, f"_field_{letter.lower()}", None)
        if handler and letter.isupper():
            handler(token, value)

    def _on_inline(self, token: Token) -> None:
        letter, value = token.text[1], token.text[3:-1].strip()
        handler = getattr(self, f"_field_{letter.lower()}", None)
        if handler and letter.isupper() and letter in "KMLQPV":
            handler(token, value)

    def _on_directive(self, token: Token) -> None:
        """Read what ends a line of the score; other directives do not change the music."""
        name, _, rest = token.text.partition(" ")
        if name == "linebreak":
            self._set_line_breaks(token, rest.split())
        if begins_text_block(f"%%{token.text}"):  # the lexer leaves out those that are closed
            block = name.removeprefix("begin")
            self._problem(token, "text", f"%%begin{block} is not closed by %%end{block}")

    def _field_k(self, token: Token, value: str) -> None:
        key = parse_key(value)
        if self.voices:
            if key:
                self.voice.set_key(key)
            return
        self.key = key or Key("none", 0)
        if key is None:
            self._problem(
                token, "key", f"K:{value} is not a key; a key is, for example, K:D or K:Am"
            )
        self._switch_voice(next(iter(self.voices), "1"))

    def _field_m(self, token: Token, value: str) -> None:
        meter = parse_meter(value)
        if meter is None:
            self._problem(
                token,
                "meter",
                f"M:{value} is not a meter; a meter is, for example, M:6/8, M:C or M:none",
            )
        elif self.voices:
            self.voice.change_meter(meter)
        else:
            self.meter = meter

    def _field_l(self, token: Token, value: str) -> None:
        unit = parse_unit(value)
        if unit is None:
            self._problem(token, "length", f"L:{value} is not a unit note length, such as L:1/8")
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

    def _lyrics(self, token: Token, value: str) -> None:
        if not self.voices or not self.voice.text.add_lyrics(value, token.line, token.column):
            self._unsupported(token, "lyrics (w:) without music above them")

    def _field_w(self, _token: Token, value: str) -> None:
        self.words.append(value)

    def _field_i(self, token: Token, value: str) -> None:
        name, _, rest = value.partition(" ")
        if name.lower().rstrip(":") == "linebreak":
            self._set_line_breaks(token, rest.split())

    def _set_line_breaks(self, token: Token, signs: list[str]) -> None:
        """Set what ends a line of the score: ``<EOL>``, ``$``, ``!`` or ``<none>``."""
        for sign in signs:
            if sign not in ("<EOL>", "$", "!", "<none>"):
                self._unsupported(token, f"linebreak {sign}")
        self.line_breaks = set(signs) - {"<none>"}

    def _switch_voice(self, name: str) -> None:
        if name not in self.voices:
            # The voice that K: opened becomes the first one with a name.
            if len(self.voices) == 1 and self.voice.untouched:
                builder = self.voices.pop(self.voice.name)
                builder.name = name
                self.voices[name] = builder
            else:
                meter, unit = self._initial_meter_and_unit()
                key = self.key or Key("none", 0)
                self.voices[name] = VoiceBuilder(name, key, meter, unit)
        self.current = name

    def _initial_meter_and_unit(self) -> tuple[Meter, Fraction]:
        meter = self.meter or Meter("none")
        return meter, self.unit or default_unit(meter)

    def _problem(self, token: Token, kind: str, message: str) -> None:
        self.problems.append(Problem(token.line, token.column, kind, message))

    def _unsupported(self, token: Token, what: str) -> None:
        if what not in self.unsupported:
            self.unsupported.add(what)
            self._problem(token, "unsupported", f"{what}: not supported, ignored")
