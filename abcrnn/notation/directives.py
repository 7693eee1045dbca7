"""Directives that change what is played (section 11): ``%%MIDI`` and ``%%propagate-accidentals``.

``%%linebreak`` changes the score. ``I:`` fields have the same names (section 3.1.20). Other
directives for typesetting are ignored.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from abcrnn.notation.clefs import MOST_SEMITONES, Properties, parse_integer

#: Values of ``propagate-accidentals`` (section 11.3).
PROPAGATIONS = ("not", "octave", "pitch")
#: The MIDI channel of percussion, counted from 1.
PERCUSSION_CHANNEL = 10

# Not supported, and more than typesetting: they change notes, or which voices there are.
_UNSUPPORTED = (
    "score", "staves", "transpose", "shift", "clef", "map", "voicemap", "percmap", "voice",
    "voicecombine", "tune", "abc-include",
)  # fmt: skip
_NAME = re.compile(r"([A-Za-z][\w-]*)(?:\s*=\s*|\s+|$)(.*)", re.DOTALL)
_COMMENT = re.compile(r"(?<!\S)%.*", re.DOTALL)


class Directive(NamedTuple):
    """What a directive changes; empty if it changes no music.

    Parameters
    ----------
    properties : Properties
        MIDI program and transposition of the voice.
    channel : int, optional
        The number of the voice that they belong to, if not the current one: voices have the MIDI
        channels from 1 in the order of the tune, except 10.
    more_semitones : int
        Semitones to add to the transposition (``%%MIDI rtranspose``).
    propagation : str
        How far accidentals apply, if this changes: one of :data:`PROPAGATIONS`.
    line_breaks : tuple of str, optional
        What ends a line of the score, if this changes (section 6.1.1).
    unsupported : str
        The name of a directive that is not supported.
    """

    properties: Properties = Properties()
    channel: int | None = None
    more_semitones: int = 0
    propagation: str = ""
    line_breaks: tuple[str, ...] | None = None
    unsupported: str = ""


def parse_directive(text: str) -> Directive:
    """Parse the text of a directive after ``%%`` or ``I:``.

    Examples
    --------
    >>> parse_directive("MIDI program 73").properties.program
    73
    """
    found = _NAME.match(_COMMENT.sub("", text).strip())
    if not found:
        return Directive()
    name, value = found[1].lower(), found[2].strip()
    if name == "midi":
        return _parse_midi(value)
    if name == "propagate-accidentals":
        if value.lower() in PROPAGATIONS:
            return Directive(propagation=value.lower())
        return Directive(unsupported=f"%%{name} {value}".strip())
    if name == "linebreak":
        return Directive(line_breaks=tuple(value.split()))
    return Directive(unsupported=f"%%{name}" if name in _UNSUPPORTED else "")


def _parse_midi(text: str) -> Directive:
    command, *values = text.split() or [""]
    command = command.lower()
    numbers = [parse_integer(value) for value in values]
    number = numbers[0] if len(numbers) == 1 else None
    if command == "program" and len(numbers) == 2:
        channel, program = numbers
        if _is_melodic(channel) and program is not None and 0 <= program <= 127:
            return Directive(Properties(program=program), channel)
    if number is not None:
        if command == "program" and 0 <= number <= 127:
            return Directive(Properties(program=number))
        if command == "transpose" and abs(number) <= MOST_SEMITONES:
            return Directive(Properties(midi_transpose=number))
        if command == "rtranspose":
            return Directive(more_semitones=number)
        if command == "channel":  # not supported, but transposition leaves percussion alone
            percussion = Properties(percussion_channel=number == PERCUSSION_CHANNEL)
            return Directive(percussion, unsupported=" ".join(["%%MIDI channel", *values])[:40])
    shown = [command, *values] if command in ("program", "transpose", "rtranspose") else [command]
    return Directive(unsupported=" ".join(["%%MIDI", *shown]).strip()[:40])


def _is_melodic(channel: int | None) -> bool:
    return channel is not None and 1 <= channel <= 16 and channel != PERCUSSION_CHANNEL
