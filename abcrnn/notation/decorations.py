"""Names of decorations (section 4.14), and text between ``!`` that is music instead."""

from __future__ import annotations

import re

_NAMES = """
    trill trill( trill) lowermordent uppermordent mordent pralltriller roll turn turnx
    invertedturn invertedturnx arpeggio > accent emphasis fermata invertedfermata tenuto
    0 1 2 3 4 5 + plus snap slide wedge upbow downbow open thumb breath
    pppp ppp pp p mp mf f ff fff ffff sfz sf crescendo( <( crescendo) <) diminuendo( >(
    diminuendo) >) segno coda D.S. D.C. D.C.alcoda D.C.alfine D.S.alcoda D.S.alfine dacoda
    dacapo fine shortphrase mediumphrase longphrase ^ marcato . staccato editorial courtesy
    nil nodecoration / // /// //// ped ped-up ped( ped) repeatbar repeatbar2
"""
#: Decorations of ABC 2.1, and the common ones of abcm2ps. Other names are unknown.
KNOWN = frozenset(_NAMES.split())

#: Letters with a default meaning (section 4.16); others need a ``U:`` field.
DEFAULT_SYMBOLS = frozenset(".~HLMOPSTuv")

#: The decorations of these letters and signs, by name.
SHORTHANDS = {
    ".": "staccato", "~": "roll", "H": "fermata", "L": "accent", "M": "lowermordent",
    "O": "coda", "P": "uppermordent", "S": "segno", "T": "trill", "u": "upbow", "v": "downbow",
}  # fmt: skip

#: Marks that concern the order of playing; they belong to a bar.
MARKS = frozenset(
    {"D.C.", "D.S.", "dacapo", "dacoda", "segno", "coda", "fine"}
    | {f"D.{letter}.al{end}" for letter in "CS" for end in ("coda", "fine")}
)

#: Where a decoration with a beginning and an end stops: ``crescendo)``.
SPAN_ENDS = frozenset(name for name in KNOWN if name.endswith(")"))

# A direction in words, such as "D.C. al Fine". The standard's names have no spaces.
_DIRECTION = re.compile(
    r"(?:d\.\s?[cs]\.?|da\s?capo|dal\s?segno)(?:\s?al\s?(?:fine|coda|segno))?|(?:to|al)\s?coda|fine",
    re.IGNORECASE,
)
_NOTES = re.compile(r"[A-Ga-gxzy,'/0-9^_=<>().~\s-]*[A-Ga-gxzy][A-Ga-gxzy,'/0-9^_=<>().~\s-]*")


def is_direction(name: str) -> bool:
    """Return whether a text is a direction to the player, such as ``D.C. al Fine``."""
    return _DIRECTION.fullmatch(name.strip()) is not None


def is_jump(name: str) -> bool:
    """Return whether a direction sends the player to another place, as ``D.C.`` does."""
    return name.lower().startswith("d") and is_repeat_mark(name)


def is_repeat_mark(name: str) -> bool:
    """Return whether a decoration concerns the order of playing, such as ``segno``."""
    return name in MARKS or is_direction(name)


def is_decoration(name: str) -> bool:
    """Return whether the text between two signs ``!`` or ``+`` is a decoration.

    In older tunebooks, ``!`` also breaks lines, so the text between two of them may be music.

    Parameters
    ----------
    name : str
        The text, without the signs.

    Examples
    --------
    >>> is_decoration("trill"), is_decoration("D.C. al Fine"), is_decoration("cd")
    (True, True, False)
    """
    if name in KNOWN or is_direction(name):
        return True
    return not _NOTES.fullmatch(name)
