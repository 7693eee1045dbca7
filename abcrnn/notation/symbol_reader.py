"""Symbols in front of a note: grace notes, quotations, decorations (sections 4.12 to 4.19)."""

from __future__ import annotations

import re
from fractions import Fraction

from abcrnn.notation.chord_symbols import looks_like_words, parse_chord_symbol
from abcrnn.notation.decorations import DEFAULT_SYMBOLS, KNOWN, is_jump, is_repeat_mark
from abcrnn.notation.lexer import Token
from abcrnn.notation.mark_reader import MarkReader
from abcrnn.notation.tune import Pitch

_UNTIL_CLOSED = 10**9  # bars of an overlay (& ... &)
_COORDINATES = re.compile(r"@-?[\d.]*,-?[\d.]*\s?")  # section 4.19


class SymbolReader(MarkReader):
    """Collect the symbols that belong to the next note, and skip voice overlays."""

    def __init__(self) -> None:
        super().__init__()
        self.graces: list[tuple[Pitch, Fraction]] = []
        self.chord_symbol = ""
        self.overlaid = 0  # bars of a voice overlay still to come
        self.overlay: Token | None = None  # (&, not closed yet

    def _on_grace(self, token: Token) -> None:
        if self.in_grace:
            self._problem(self.in_grace, "grace", "grace notes are not closed by }")
        self.in_grace = token
        self.grace_slash = token.text == "{/"

    def _on_grace_end(self, token: Token) -> None:
        if not self.in_grace:
            self._problem(token, "grace", "} without grace notes to close")
        elif self.previous is self.in_grace:
            self._remark(token, "{} has no grace notes")
        self.in_grace = None
        self.grace_slurs = self.slurs_begun

    def _on_quoted(self, token: Token) -> None:
        text = token.text[1:-1]
        if text[:1] in ("^", "_", "<", ">", "@"):  # section 4.19
            placed = _COORDINATES.match(text)
            words = text[placed.end() if placed else 1 :]
            self._report_jump(token, words, f'"{words}"')
            self.annotations.append((words, text[0]))
        elif text:
            self._chord_symbol_or_words(token, text)

    def _chord_symbol_or_words(self, token: Token, text: str) -> None:
        """Read a chord symbol (section 4.18); other text without a placement is an annotation."""
        chord = parse_chord_symbol(text)
        resembles_chord = bool(re.match(r"[(\[]?[A-G]", text))
        if chord is None and (not resembles_chord or looks_like_words(text)):
            if resembles_chord or re.fullmatch(r"[a-hH]", text):
                self._remark(token, f'"{text[:40]}" is not a chord symbol; text is written "^..."')
            elif ":|" in self.previous.text and text.strip(". ") == "2":
                self._remark(token, f'"{text}" is text; a second ending is written [2')
            self._report_jump(token, text, f'"{text}"')
            self.annotations.append((text, ""))
            return
        if self.chord_symbol:
            before, self.chord_symbol = self.chord_symbol, ""
            self._remark(token, f'two chord symbols before one note: "{before}" is not played')
            self.annotations.append((before, ""))
        self.chord_symbol = text
        if chord is None:
            self._remark(token, f'the chord symbol "{text[:40]}" is not understood and not played')
        elif chord.remark:
            self._remark(token, f'the chord symbol "{text}": {chord.remark}')

    def _on_unquoted(self, token: Token) -> None:
        message = 'the quotation is not closed by "; % begins a comment, also in quotes'
        self._problem(token, "quotation", message)

    def _on_decoration(self, token: Token) -> None:
        text = self.symbols.get(token.text, token.text)
        if text.startswith('"'):
            self._on_quoted(token._replace(text=text))
            return
        name = text[1:-1] if len(text) > 1 else text
        if len(text) == 1 and text not in DEFAULT_SYMBOLS:
            self._unsupported(token, f"the letter {text} (no U: field defines it)")
        elif len(text) > 1 and " " in name:
            self._unsupported(token, f"the decoration {text}, which has spaces")
        elif len(text) > 1 and name not in KNOWN:
            self._unsupported(token, f"the decoration {text}")
        if len(name) > 1 and name[-1] in "()" and name in KNOWN:
            self._follow_span(token, name)
        if is_repeat_mark(name):
            self.voice.mark(name)
            self._report_jump(token, name, text)
        elif name:
            self.decorations.append(name)

    def _report_jump(self, token: Token, name: str, text: str) -> None:
        """Report a direction that would change the order in which the music is played."""
        if is_jump(name):
            self._remark(token, f"{text[:40]} is not played: the music continues after it")

    def _on_overlay(self, token: Token) -> None:
        self._unsupported(token, "voice overlay (&)")
        if token.text == "(&":
            self.overlay = token
        elif token.text.endswith(")"):
            self.overlay, self.overlaid = None, 0
        else:
            self.overlaid = _UNTIL_CLOSED if self.overlay else len(token.text)
