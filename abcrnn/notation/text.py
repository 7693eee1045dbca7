r"""Text strings of fields, lyrics and annotations, decoded for display (section 8.2)."""

from __future__ import annotations

import re
import sys
import unicodedata
from html import unescape
from html.entities import html5

#: Letters and ligatures with a name of their own.
_NAMED = {
    "AA": "Å", "aa": "å", "AE": "Æ", "ae": "æ", "OE": "Œ", "oe": "œ", "ss": "ß",
    "DH": "Ð", "dh": "ð", "TH": "Þ", "th": "þ", "/O": "Ø", "/o": "ø", "O": "Ø", "o": "ø",
    "/L": "Ł", "/l": "ł", "L": "Ł", "l": "ł", "/D": "Đ", "/d": "đ", "i": "\u0131", "j": "\u0237",
}  # fmt: skip

#: Combining character of each accent. Those of the standard are written ``\'e`` or ``\vs``.
_ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "=": "\u0304",
    ".": "\u0307", "c": "\u0327", "u": "\u0306", "v": "\u030c", "H": "\u030b",
    "k": "\u0328", "r": "\u030a", "d": "\u0323", "b": "\u0331",
}  # fmt: skip

# Accents that only TeX has need braces, as in ``\\k{a}``; otherwise they could begin a word.
_ENCODED = re.compile(
    r"""(?P<open>\{)?\\(?:
        u(?P<high>[Dd][89ABab][0-9A-Fa-f]{2})\\u(?P<low>[Dd][C-Fc-f][0-9A-Fa-f]{2})
      | u(?P<short>[0-9A-Fa-f]{4}) | U(?P<long>[0-9A-Fa-f]{8}) | (?P<octal>[23][0-7]{2})
      | (?P<named>AA|aa|AE|ae|OE|oe|ss|DH|dh|TH|th|/?[OoLl]|/[Dd]|[ij](?![A-Za-z]))(?:\{\})?
      | (?P<accent>[`'^~"=.cuvHkrdb])(?:
            (?P<letter>(?<![krdb])[A-Za-z]) | [ ]?\{\\?(?P<braced>[A-Za-z])\}
          | (?<=[`'^~"=])\\(?P<dotless>[ij])(?![A-Za-z]) )
      | (?P<literal>[\\&%])
    )(?(open)\})
    | &(?P<entity>\#[0-9]{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});""",
    re.VERBOSE,
)


def decode_text(text: str) -> str:
    r"""Return the text of a field, a lyric or an annotation as it is displayed.

    Accents and ligatures may be written as mnemonics (``\'e``, ``\"o``, ``\~n``, ``\cc``,
    ``\aa``, ``\ss``, ``\/o``; also in TeX's braces), as HTML entities (``&eacute;``,
    ``&#233;``) or as code points (``\u00e9``, ``\U0001F3B5``). ``\\``, ``\%`` and ``\&``
    are the characters themselves. Text that is none of these is not changed.

    Parameters
    ----------
    text : str
        One line, without the letter of the field or quotation marks.

    Returns
    -------
    str
        In normalization form NFC. It has no line end or other control character that
        ``text`` does not have.

    Examples
    --------
    >>> decode_text(r"La Bourr\'ee de l'\^Ile &amp; Fa\u00e7ade")
    "La Bourrée de l'Île & Façade"
    """
    return unicodedata.normalize("NFC", _ENCODED.sub(_decode, text))


def replace_unprintable(text: str) -> str:
    r"""Return a text with a replacement character for each one that controls how others are shown.

    Examples
    --------
    >>> replace_unprintable("The \u202eReel") == "The \N{REPLACEMENT CHARACTER}Reel"
    True
    """
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _decode(found: re.Match[str]) -> str:
    """Return what a match displays, or the match itself if that is not one line of text."""
    decoded = _decoded(found)
    shown = all(unicodedata.category(sign) not in ("Cc", "Cs", "Zl", "Zp") for sign in decoded)
    return decoded if shown else found[0]


def _decoded(found: re.Match[str]) -> str:
    if entity := found["entity"]:
        return _character(entity) or found[0]
    if named := found["named"]:
        return _NAMED[named]
    if accent := found["accent"]:
        return _accented(found[0], accent, found["letter"] or found["braced"] or found["dotless"])
    if high := found["high"]:
        pair = bytes.fromhex(high + found["low"])
        return pair.decode("utf-16-be")
    if octal := found["octal"]:  # of older versions of the standard
        return chr(int(octal, 8))
    if found["literal"]:
        return found["literal"]
    code = int(found["short"] or found["long"], 16)
    return chr(code) if code <= sys.maxunicode else found[0]


def _character(entity: str) -> str:
    """Return the character of an entity, given without ``&`` and ``;``; empty if none has it."""
    if not entity.startswith("#"):
        return html5.get(f"{entity};", "")
    character = unescape(f"&{entity};")
    return "" if character == "\N{REPLACEMENT CHARACTER}" else character


def _accented(written: str, accent: str, letter: str) -> str:
    """Return a letter with an accent, if Unicode has it as one character."""
    composed = unicodedata.normalize("NFC", letter + _ACCENTS[accent])
    return composed if len(composed) == 1 else written
