"""What surrounds notes: decorations, slurs, annotations, white space and ends of lines."""

from __future__ import annotations

from abcrnn.notation.decorations import SHORTHANDS, SPAN_ENDS
from abcrnn.notation.faulty_notation import FaultyNotationReader
from abcrnn.notation.lexer import Token
from abcrnn.notation.voices import VoiceBuilder

_SPAN_SYNONYMS = {"crescendo": "<", "diminuendo": ">"}
_ON_BAR_LINES = {"fermata", "invertedfermata", "H", "."} | SPAN_ENDS


class MarkReader(FaultyNotationReader):
    """Collect what precedes a note until the note is read, and place what has no note."""

    def __init__(self) -> None:
        super().__init__()
        self.in_grace: Token | None = None
        self.chord: Token | None = None
        self.annotations: list[tuple[str, str]] = []  # text and sign of the placement
        self.decorations: list[str] = []
        self.slurs_begun = self.slurs_ended = self.grace_slurs = 0
        self.grace_slash = self.spaced = False
        self.last_token: Token | None = None  # the last one of music
        self.spans: dict[tuple[str, str], Token] = {}  # those open, by voice and kind
        self.text_line = 1  # lines that continue another have its number

    def _follow_layout(self, token: Token) -> None:
        """Find white space and ends of lines before a token: they separate beams and systems."""
        before, self.last_token = self.last_token, token
        if before is None:
            self.text_line = token.line
            return
        separate = token.column > before.column + len(before.text)
        if token.line != before.line:
            separate = before.text != "\\"
            if separate:
                self.text_line = token.line
        if not self.chord and not self.in_grace:
            self.spaced = self.spaced or separate

    def _report_open_slurs_and_lyrics(self, voice: VoiceBuilder) -> None:
        for line, column in voice.text.slurs:
            self._remark(Token("slur", "(", line, column), "a slur is not closed by )")
        for field, syllable in voice.text.surplus:
            token = Token("field", "w:", field.line, field.column)
            self._remark(token, f"lyrics without a note, from {syllable[:30]!r} on")
        for (name, _), token in self.spans.items():
            if name == voice.name:
                self._remark(token, f"{token.text} is not closed; it lasts to the end")

    def _follow_span(self, token: Token, name: str) -> None:
        """Remember where a hairpin or long trill begins; report an end without a beginning."""
        kind = self.current, _SPAN_SYNONYMS.get(name[:-1], name[:-1])
        if name.endswith("("):
            self.spans[kind] = token
        elif self.spans.pop(kind, None) is None:
            self._remark(token, f"{token.text} closes nothing")

    # Slurs, and marks without a note -----------------------------------------------------------

    def _place_pending_marks(self, at_bar_line: bool = False) -> None:
        """Place annotations and decorations without a note: at the end of the bar."""
        voice = self.voice
        if at_bar_line and not voice.has_events_in_bar:
            return
        for text, sign in self.annotations:
            voice.mark(text, sign)
        kept = []
        for name in self.decorations:
            if name in _ON_BAR_LINES or not at_bar_line:
                voice.mark("dotted" if name == "." else SHORTHANDS.get(name, name))
            else:
                kept.append(name)
        self.annotations, self.decorations = [], kept

    def _remove_dot(self) -> None:
        """Read the dot before a slur, tie or bar line as a part of it: it is not a staccato."""
        if self.decorations[-1:] == ["."]:
            self.decorations.pop()

    def _on_slur(self, token: Token) -> None:
        self._remove_dot()
        self.slurs_begun += 1
        self.voice.text.slurs.append((token.line, token.column))

    def _on_slur_end(self, token: Token) -> None:
        inside = bool(self.chord or self.in_grace)
        if not self.voice.end_slur(at_last=not inside):
            self._remark(token, ") without a slur to close")
        elif self.in_grace:  # from one grace note to another
            self.slurs_begun = max(0, self.slurs_begun - 1)
        elif inside:
            self.slurs_ended += 1

    def _on_spacer(self, token: Token) -> None:
        """Ignore extra space, which changes no note."""
