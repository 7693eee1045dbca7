"""Fields of a tune: those of its header, and those between and in lines of music (section 3)."""

from __future__ import annotations

from fractions import Fraction

from abcrnn.notation.clefs import ParsedProperties, Properties, parse_properties
from abcrnn.notation.directives import PERCUSSION_CHANNEL, parse_directive
from abcrnn.notation.fields import (
    Key,
    Meter,
    default_unit,
    parse_key_field,
    parse_meter,
    parse_tempo,
    parse_unit,
)
from abcrnn.notation.lexer import Token
from abcrnn.notation.lines import begins_text_block
from abcrnn.notation.tune import Problem
from abcrnn.notation.voices import VoiceBuilder

# By letter: what is reported and ignored.
_UNSUPPORTED = {
    "m": "macros (m:)",
    "s": "symbol lines (s:)",
}


class FieldReader:
    """Interpret the fields of a tune: keep the header, open voices and change their state."""

    def __init__(self) -> None:
        self.fields: list[tuple[str, list[str]]] = []  # with the lines that continue them
        self.problems: list[Problem] = []
        self.key: Key | None = None
        self.meter: Meter | None = None
        self.has_meter = False  # whether M: gave one before the music
        self.unit: Fraction | None = None
        self.tempo_text: str | None = None
        self.parts = ""
        self.parts_position = (1, 1)
        self.voices: dict[str, VoiceBuilder] = {}
        self.current = ""  # name of the current voice; in the header, of the last V:
        self.unnamed = False  # whether no V: has named the voice that K: opened
        self.defaults = Properties()  # of all voices
        self.declared: dict[str, Properties] = {}  # by voice, from V: in the header
        self.since_key = Properties()  # of the voice that K: opened
        self.channels: dict[int, Properties] = {}  # by MIDI channel, from %%MIDI program
        self.propagation = "pitch"
        self.unsupported: set[str] = set()
        self.line_breaks = {"<EOL>", "$"}  # where a line of the score ends (section 6.1.1)
        self.words: list[list[str]] = []
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
                self.fields[-1][1].append(value)
            if self.last_field == "w" and not in_header:
                self.voice.text.continue_lyrics(value)
            elif self.last_field == "W" and self.words:
                self.words[-1].append(value)
            elif self.last_field == "V":
                self._field_v(token, f"{self.current} {value}")
            return
        self.last_field = letter
        if in_header:
            self.fields.append((letter, [value]))
        self._handle(token, letter, value)

    def _on_inline(self, token: Token) -> None:
        letter, value = token.text[1], token.text[3:-1].strip()
        if letter in "KMLQPVIm":
            self._handle(token, letter, value)

    def _handle(self, token: Token, letter: str, value: str) -> None:
        if letter.isupper():
            handler = getattr(self, f"_field_{letter.lower()}", None)
            if handler:
                handler(token, value)
        elif letter == "w":
            self._lyrics(token, value)
        elif letter in _UNSUPPORTED:
            self._unsupported(token, _UNSUPPORTED[letter])

    def _on_directive(self, token: Token) -> None:
        if begins_text_block(f"%%{token.text}"):  # the lexer leaves out those that are closed
            block = token.text.partition(" ")[0].removeprefix("begin")
            self._problem(token, "text", f"%%begin{block} is not closed by %%end{block}")
        self._field_i(token, token.text)

    def _field_i(self, token: Token, value: str) -> None:
        directive = parse_directive(value)
        if directive.unsupported:
            self._unsupported(token, directive.unsupported)
        if directive.propagation:
            self.propagation = directive.propagation
            for voice in self.voices.values():
                voice.propagation = directive.propagation
        if directive.line_breaks is not None:
            self._set_line_breaks(token, directive.line_breaks)
        properties = directive.properties
        if directive.more_semitones:
            semitones = (self._properties().midi_transpose or 0) + directive.more_semitones
            properties = Properties(midi_transpose=semitones)
        if directive.channel is None:
            self._set_properties(properties)
        else:
            self._set_channel(directive.channel, properties)

    def _field_k(self, token: Token, value: str) -> None:
        field = parse_key_field(value)
        if field.problem:
            self._problem(token, "key", field.problem)
        self._report_properties(token, field.voice)
        if not self.voices:
            self.defaults = self.defaults.updated(field.voice.properties)
            self.key = field.key or Key("none", 0)
            self.meter, self.unit = self._initial_meter_and_unit()
            self._open_voice(next(iter(self.declared), "1"))
            self.unnamed = True
            return
        if field.key:
            self.voice.set_key(field.key)
        self._set_properties(field.voice.properties)

    def _field_m(self, token: Token, value: str) -> None:
        meter = parse_meter(value)
        if meter is None:
            self._problem(
                token,
                "meter",
                f"M:{value} is not a meter; a meter is, for example, M:6/8, M:C or M:none",
            )
        elif self.voices:
            if self.unnamed and not self.has_meter and self.voice.untouched:
                self.meter, self.has_meter = meter, True  # M: follows K:, before any V:
            self.voice.change_meter(meter)
        else:
            self.meter, self.has_meter = meter, True

    def _field_l(self, token: Token, value: str) -> None:
        unit = parse_unit(value)
        if unit is None:
            self._problem(token, "length", f"L:{value} is not a unit note length, such as L:1/8")
        elif self.voices:
            self.voice.unit = unit
        else:
            self.unit = unit

    def _field_q(self, token: Token, value: str) -> None:
        tempo = parse_tempo(value, self.voice.unit if self.voices else Fraction(1, 8))
        if tempo.unreadable:
            self._unsupported(token, f"{tempo.unreadable} in Q:{value}")
        if self.voices:
            self.voice.set_tempo(tempo)
        else:
            self.tempo_text = value

    def _field_p(self, token: Token, value: str) -> None:
        if self.voices:
            self.voice.begin_part(value, token.line, token.column)
        else:
            self.parts, self.parts_position = value, (token.line, token.column)

    def _field_t(self, token: Token, value: str) -> None:
        if self.voices:
            self.voice.title += f"\n{value}" if self.voice.title else value

    def _field_v(self, token: Token, value: str) -> None:
        name, text = (*value.split(None, 1), "", "")[:2]
        parsed = parse_properties(text)
        self._report_properties(token, parsed)
        if parsed.rest:
            self._unsupported(token, f"{parsed.rest!r} in a voice field")
        if name == "*":
            self._unsupported(token, "properties for all voices (V:*)")
            return
        self._switch_voice(name or "1")
        self._set_properties(parsed.properties)

    def _lyrics(self, token: Token, value: str) -> None:
        if not self.voices or not self.voice.text.add_lyrics(value, token.line, token.column):
            self._unsupported(token, "lyrics (w:) without music above them")

    def _field_w(self, _token: Token, value: str) -> None:
        self.words.append([value])

    def _set_line_breaks(self, token: Token, signs: tuple[str, ...]) -> None:
        """Set what ends a line of the score: ``<EOL>``, ``$``, ``!`` or ``<none>``."""
        for sign in signs:
            if sign not in ("<EOL>", "$", "!", "<none>"):
                self._unsupported(token, f"linebreak {sign}")
        self.line_breaks = set(signs) - {"<none>"}

    # Voices and their properties (sections 4.6 and 7.1) ----------------------------------------

    def _switch_voice(self, name: str) -> None:
        if not self.voices:
            self.declared.setdefault(name, Properties())
        elif name not in self.voices:
            if self.unnamed and self.voice.untouched:
                builder = self.voices.pop(self.current)
                builder.rename(name, self._initial_properties(name).updated(self.since_key))
                self.voices[name] = builder
            else:
                self._open_voice(name)
        self.current, self.unnamed = name, False

    def _open_voice(self, name: str) -> None:
        meter, unit = self._initial_meter_and_unit()
        voice = VoiceBuilder(name, self.key or Key("none", 0), meter, unit)
        voice.propagation = self.propagation
        voice.set_properties(self._initial_properties(name))
        self.voices[name] = voice
        self.current = name

    def _initial_properties(self, name: str) -> Properties:
        """Return the properties of a voice that begins: the next one that has a MIDI channel."""
        number = len(self.voices) + (name not in self.voices)
        channel = number if number < PERCUSSION_CHANNEL else number + 1
        first = self.defaults.updated(self.channels.get(channel, Properties()))
        return first.updated(self.declared.get(name, Properties()))

    def _set_channel(self, channel: int, properties: Properties) -> None:
        """Change the voice that has a MIDI channel, now or when it begins."""
        number = channel - (channel > PERCUSSION_CHANNEL)
        if number <= len(self.voices):
            list(self.voices.values())[number - 1].set_properties(properties)
        self.channels[channel] = properties

    def _properties(self) -> Properties:
        """Return the properties of the current voice; in the header, those of all voices."""
        if self.voices:
            return self.voice.properties
        return self.defaults.updated(self.declared.get(self.current, Properties()))

    def _set_properties(self, properties: Properties) -> None:
        """Change the current voice; in the header, the voice of the last V:, or all voices."""
        if self.voices:
            self.voice.set_properties(properties)
            if self.unnamed:
                self.since_key = self.since_key.updated(properties)
        elif self.current:
            self.declared[self.current] = self.declared[self.current].updated(properties)
        else:
            self.defaults = self.defaults.updated(properties)

    def _report_properties(self, token: Token, parsed: ParsedProperties) -> None:
        for text in parsed.unsupported:
            self._unsupported(token, text)
        clef = parsed.properties.clef
        if clef and clef.sign == "percussion":
            self._unsupported(token, "percussion (clef=perc)", "played at its pitches")

    def _initial_meter_and_unit(self) -> tuple[Meter, Fraction]:
        meter = self.meter or Meter("none")
        return meter, self.unit or default_unit(meter)

    def _problem(self, token: Token, kind: str, message: str) -> None:
        self.problems.append(Problem(token.line, token.column, kind, message))

    def _unsupported(self, token: Token, what: str, effect: str = "ignored") -> None:
        if what not in self.unsupported:
            self.unsupported.add(what)
            self._problem(token, "unsupported", f"{what}: not supported, {effect}")
