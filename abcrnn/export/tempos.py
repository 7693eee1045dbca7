"""The speed of a tune: its ``Q:``, or a customary one for its rhythm and meter.

Speeds are in whole notes a minute, as exact fractions.

References
----------
Bars a minute for reels, jigs, hornpipes, polkas and slides: Sydney Irish Ceili Dancers, "Dance
Music" (58-62, 58-62, 46-50, 66-70, 66-70). Waltzes, mazurkas, barn dances and schottisches:
australianfolkmusic.com.au, "Dance music tempos" (48-52, 48-52, 28-32, 28-32). Marches: una.ie,
"Suggested learning order of Irish traditional tune types" (118 beats, measured). Strathspeys:
RSCDS, "The Manual of Scottish Country Dancing" (112-116 beats). Where dancers set the speed, the
lower end is used, and for hornpipes that of step dancing. Airs and songs have no customary speed;
theirs is a moderate one. Words in ``Q:`` have the speeds of abc2midi.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

from abcrnn.notation.fields import Meter, Tempo
from abcrnn.notation.tune import Tune

#: Quarter notes a minute that a MIDI file can hold and that are useful.
SLOWEST, FASTEST = 5, 1000

_LONGEST_QUARTER = 0xFFFFFF  # microseconds: a MIDI file has three bytes for it

_DEFAULT = Fraction(30)  # whole notes a minute: 120 quarter notes

# Words of R:, beats in a bar (None: those of the meter) and beats a minute. The first match counts.
_RHYTHMS = [
    (r"slow|lament|caoine", None, 66),
    (r"slip|hop", None, 116),
    (r"slides?", None, 134),
    (r"single jigs?", None, 120),
    (r"(set|long) dances?", None, 80),
    (r"(double |light |treble )?jigs?|gigue", None, 116),
    (r"triple hornpipes?|three.two", None, 120),
    (r"clogs?", 2, 72),
    (r"hornpipes?", 2, 84),
    (r"strathspeys?", 4, 116),
    (r"barn ?-?dances?|schott?isch\w*|(highland )?flings?|germans?|highlands?", 4, 124),
    (r"polkas?", 2, 134),
    (r"reels?|breakdowns?", 2, 114),
    (r"rants?|country dances?|two.?steps?|quick.?steps?|galops?", 2, 108),
    (r"(retreat |quick )?march\w*", None, 116),
    (r"walt?z\w*|valse\w*", None, 144),
    (r"mazurkas?|varsovianas?", None, 144),
    (r"minuets?|menuets?", None, 120),
    (r"polskas?|hambos?", None, 108),
    (r"planxt\w*|airs?", None, 88),
    (r"songs?|\w*lied(er)?|ballade?s?|romanze|hymns?|carols?|lullab\w*", None, 96),
]  # fmt: skip
_REQUEST = re.compile(r"\s*(?:(\d{1,3})/(\d{1,3})\s*=)?\s*(\d{1,6}(?:\.\d{1,6})?)\s*")
_RHYTHM = [(re.compile(rf"\b(?:{words})\b"), beats, speed) for words, beats, speed in _RHYTHMS]

# Without a known rhythm: by meter, beats a minute.
_METERS = {(6, 8): 116, (9, 8): 116, (12, 8): 134}
_HALF_NOTES = 96  # for a meter in half notes, such as C|

# The speeds of abc2midi for words in Q:, in quarter notes.
_WORDS = {
    "larghissimo": 40, "grave": 44, "adagissimo": 44, "lentissimo": 48, "largo": 56, "adagio": 59,
    "lento": 62, "larghetto": 66, "adagietto": 76, "andante": 88, "andantino": 96,
    "moderato": 104, "allegretto": 112, "allegro": 120, "vivace": 168, "vivo": 180, "presto": 192,
    "allegrissimo": 208, "vivacissimo": 220, "prestissimo": 240,
}  # fmt: skip


def initial_speed(tune: Tune) -> Fraction:
    """Return the speed at the beginning of a tune.

    Parameters
    ----------
    tune : Tune
        Without a speed in ``Q:``, it is :func:`customary_speed`.

    Returns
    -------
    Fraction
        Whole notes a minute.
    """
    speed = speed_of(tune.tempo) if tune.tempo else None
    return speed or customary_speed(tune.field("R"), tune.meter)


def speed_of(tempo: Tempo) -> Fraction | None:
    """Return the speed of a ``Q:`` field, also of words such as ``Allegro``; None without one."""
    speed = tempo.whole_notes_per_minute
    if speed is not None:
        return Fraction(speed)
    words = re.findall(r"[a-z]+", tempo.text.lower())
    return next((Fraction(_WORDS[word], 4) for word in words if word in _WORDS), None)


def customary_speed(rhythm: str, meter: Meter) -> Fraction:
    """Return a customary speed for a rhythm and a meter.

    Parameters
    ----------
    rhythm : str
        Value of the field ``R:``, such as ``slip jig``; may be empty.
    meter : Meter

    Returns
    -------
    Fraction
        Whole notes a minute; 30 (120 quarter notes) if neither is known.

    Examples
    --------
    >>> customary_speed("reel", Meter("C|", (2,), 2)) * 2  # half notes
    Fraction(114, 1)
    """
    if meter.length is None:
        return _DEFAULT
    words = rhythm.lower()
    for pattern, beats, per_minute in _RHYTHM:
        if pattern.search(words):
            compound_or_triple = sum(meter.beats) % 3 == 0
            bar = meter.length
            beat = bar / beats if beats and not compound_or_triple else _beat(meter)
            return beat * per_minute
    if per_minute := _METERS.get((sum(meter.beats), meter.unit), 0):
        return _beat(meter) * per_minute
    if meter.unit < 4:
        return Fraction(1, 2) * _HALF_NOTES
    return _DEFAULT


def quarter_microseconds(speed: Fraction) -> int:
    """Return the microseconds of a quarter note, as a MIDI file has them.

    Parameters
    ----------
    speed : Fraction
        Whole notes a minute.
    """
    return min(max(1, round(15_000_000 / speed)), _LONGEST_QUARTER)


def parse_speed(tempo: float | str) -> Fraction:
    """Parse a tempo that a caller requests.

    Parameters
    ----------
    tempo : float or str
        Quarter notes a minute, such as 120, or text as in ``Q:``, such as ``"3/8=116"``.

    Returns
    -------
    Fraction
        Whole notes a minute.

    Raises
    ------
    ValueError
        If it is not a tempo, or not from 5 to 1000 quarter notes a minute.
    """
    accepted = "tempo must be quarter notes per minute, such as 120, or a beat, such as 3/8=116"
    found = _REQUEST.fullmatch(str(tempo))
    if not found or (found[2] and not int(found[2])):
        raise ValueError(f"{accepted}, not {tempo!r}")
    beat = Fraction(int(found[1]), int(found[2])) if found[1] else Fraction(1, 4)
    speed = beat * Fraction(found[3])
    if not SLOWEST <= speed * 4 <= FASTEST:
        quarters = math.floor(speed * 400) / 100
        raise ValueError(
            f"tempo must be from {SLOWEST} to {FASTEST} quarter notes per minute, not {quarters:g}"
        )
    return speed


def _beat(meter: Meter) -> Fraction:
    """Return the length of a beat: three units in compound meters, as in 6/8."""
    return Fraction(3 if meter.compound and meter.unit >= 4 else 1, meter.unit)
