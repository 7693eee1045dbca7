"""Report notation that is not music, or that is supported only in part, by its name."""

from __future__ import annotations

import re
import unicodedata

from abcrnn.notation.field_reader import FieldReader
from abcrnn.notation.lexer import Token

# Reserved or used for layout only (sections 4.7, 6.1 and 8.1).
_IGNORED = "!\\`$*;?@#"

#: Characters that web pages and word processors have in place of characters of ABC.
_MEANT = {
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
    **dict.fromkeys("\u2018\u2019\u02bc\u2032\u00b4", "'"),
    **dict.fromkeys("\u201a", ","),
    **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb\u2033", '"'),
    "\u266f": "^", "\u266d": "_", "\u266e": "=", "\u00a6": "|", "\u2502": "|",
    "\u00bd": "/", "\u00bc": "/4", "\u2215": "/", "\u2044": "/",
}  # fmt: skip

_INLINE = "IKLMmNPQRrUV"  # inline fields of section 3
_LABEL_NUMBER = re.compile(r"\D{0,12}([1-9])(?:\D|$)")
_DEFINITION = re.compile(r"([H-Wh-w.~])\s*=\s*(\S.*)")
_NO_SYMBOL = ("!nil!", "!nodecoration!", "!none!", "+nil+", "+nodecoration+")


def meant_by(sign: str) -> str:
    """Return what a character stands for that is not ABC, such as ``^`` for a sharp sign.

    Empty for a character of ABC, and if there is no such character.
    """
    meant = _MEANT.get(sign) or unicodedata.normalize("NFKC", sign)
    return meant if meant != sign and meant.isascii() and meant.strip() else ""


class FaultyNotationReader(FieldReader):
    """Report tokens that have no meaning where they are, and keep symbols that U: defines."""

    def __init__(self) -> None:
        super().__init__()
        self.previous = Token("other", "", 1, 1)
        self.symbols: dict[str, str] = {}

    def _remark(self, token: Token, message: str) -> None:
        """Report notation that is read by a guess, or not at all: each message once."""
        if message not in self.unsupported:
            self.unsupported.add(message)
            self._problem(token, "unsupported", message)

    # Fields ----------------------------------------------------------------------------------

    def _on_inline(self, token: Token) -> None:
        letter = token.text[1]
        if letter not in _INLINE:
            self._unsupported(token, f"the field {letter}: inside a line")
        elif letter == "U":
            self._field_u(token, token.text[3:-1])
        super()._on_inline(token)

    def _field_u(self, token: Token, value: str) -> None:
        """Define a symbol, such as ``U: n = !snap!`` (section 4.16)."""
        found = _DEFINITION.match(value.strip())
        if found is None:
            self._problem(token, "field", f"U:{value} defines no symbol; write U: n = !snap!")
        elif found[2].strip() in _NO_SYMBOL:
            self.symbols[found[1]] = ""
        else:
            self.symbols[found[1]] = found[2].strip()

    def _on_open_field(self, token: Token) -> None:
        self._problem(token, "field", f"the field {token.text[:20]} is not closed by ]")

    # Text ------------------------------------------------------------------------------------

    def _on_text(self, token: Token) -> None:
        text = token.text
        shown = text if len(text) <= 40 else f"{text[:40]}..."
        if text.startswith("<"):
            message = f"{shown} is HTML, not music"
        elif text.startswith("&"):
            message = f"{shown} is an HTML entity; write the character itself"
        elif re.match(r"https?:|www\.", text):
            message = f"{shown} is a web address, not music; write it in a field, such as F:"
        else:
            message = f"{shown!r} looks like text, not music; write it in quotes or after %"
        self._problem(token, "text", message)

    def _on_typographic(self, token: Token) -> None:
        self._problem(token, "quotation", f'{token.text} has typographic quotation marks; write "')

    def _on_other(self, token: Token) -> None:
        sign = token.text
        if sign in self.line_breaks and self.voices:
            self.voice.end_system()
        if sign in _IGNORED or not self.voices:
            return
        meant = meant_by(sign)
        name = unicodedata.name(sign, f"U+{ord(sign):04X}")
        if meant:
            self._problem(token, "character", f"the character {sign!r} ({name}); write {meant}")
        elif sign.isascii():
            self._unsupported(token, f"the character {sign!r}")
        else:
            self._unsupported(token, f"the character {sign!r} ({name})")

    def _on_backslash(self, token: Token) -> None:
        self._remark(token, "\\ inside a line is ignored; it continues a line only at its end")

    # Numbers and accidentals -----------------------------------------------------------------

    def _on_number(self, token: Token) -> None:
        number, before = token.text[:12], self.previous.kind
        if before == "bar":
            message = f"the number {number} does not follow its bar line directly; an ending is"
            self._problem(token, "ending", f"{message} |1 or [1")
        elif before in ("note", "rest", "bar_rest", "chord_end"):
            message = f"the length {number} does not follow its note directly, as in c2"
            self._problem(token, "length", message)
        elif before == "slur":
            message = f"the number {number} does not follow ( directly; a tuplet is (3abc"
            self._problem(token, "tuplet", message)
        else:
            self._unsupported(token, f"the number {number} without a note or bar line before it")

    def _on_microtone(self, token: Token) -> None:
        self._unsupported(token, f"the microtone {token.text[:12]}")

    def _on_accidental(self, token: Token) -> None:
        signs = token.text[:12]
        if len(signs) > 1:
            message = f"{signs} is not an accidental; accidentals are ^ ^^ = _ __"
            self._problem(token, "pitch", message)
        else:
            self._unsupported(token, f"the accidental {signs} without a note after it")

    # Endings and decorations -----------------------------------------------------------------

    def _on_label(self, token: Token) -> None:
        label = token.text[1:]
        found = _LABEL_NUMBER.match(label.strip('"'))
        if found is None:
            self._problem(token, "ending", f"[{label[:30]} has no number; an ending is [1")
            return
        self._remark(token, f"the label {label[:30]} of an ending is read as [{found[1]}")
        self.voice.begin_ending(frozenset((int(found[1]),)), token.line, token.column)

    def _on_open_decoration(self, token: Token) -> None:
        sign = token.text[0]
        self._problem(token, "decoration", f"{token.text} is not closed by {sign}")
