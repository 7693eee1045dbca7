"""Tuplets (section 4.13)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from abcrnn.notation.fields import Meter

# q by p: p notes in the time of q; other q depend on the meter.
_TIMES = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}


@dataclass
class Tuplet:
    """A tuplet: the scale of its durations, and the number of events still to come."""

    scale: Fraction
    left: int


def tuplet_of(p: int, q: int | None, r: int | None, meter: Meter) -> Tuplet:
    """Return the tuplet of the next ``r`` events, ``p`` in the time of ``q``.

    Parameters
    ----------
    p : int
    q, r : int, optional
        The defaults of the standard if they are None; that of ``q`` depends on the meter.
    meter : Meter
    """
    q = q or _TIMES.get(p) or (3 if meter.compound else 2)
    return Tuplet(Fraction(q, p), r or p)
