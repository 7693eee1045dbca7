"""Acceptance tests of a generated tune.

A tune is accepted if it is complete, valid, as requested, without a loop, different
from the tunes accepted before, not copied from training tunes, playable, and if it keeps
the limits of traits (:mod:`abcrnn.composition.trait_limits`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from abcrnn.composition.defaults import MAX_COPIED_BARS
from abcrnn.composition.layout import tidied_or_same
from abcrnn.composition.request_checks import unmet_requests
from abcrnn.composition.requests import Requests
from abcrnn.composition.trait_limits import TraitLimits, traits_of
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.evaluation.tune_metrics import measure
from abcrnn.export.midi import validate_playable
from abcrnn.notation import ABCError, Tune, read_tune, tune_body
from abcrnn.notation.checks import problems_of

# By bars of a phrase: how often it may occur in a row. Of 3153 tunes of irish, jigs and
# oneills, 4 have one bar four times, one has two bars three times, and none four bars.
_MAX_IN_A_ROW = {1: 3, 2: 2, 4: 2}

_NOT_A_NOTE = re.compile("[^A-Ga-gxz]+")


@dataclass
class Acceptance:
    """Tests the generated tunes of one composition.

    Parameters
    ----------
    requests : Requests
    max_length : int
        Maximum length of a tune, in characters.
    novelty : NoveltyIndex, optional
        Index of the training tunes; without it copies are accepted.
    max_copied_bars : float
        Maximum number of consecutive bars shared with a training tune.
    limits : TraitLimits, optional
        Without it, tunes are not refused for their traits.
    """

    requests: Requests
    max_length: int
    novelty: NoveltyIndex | None = None
    max_copied_bars: float = MAX_COPIED_BARS
    limits: TraitLimits | None = None
    _accepted: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False)

    def refusal(self, tune: str | None) -> str | None:
        """Return the first reason to refuse a tune; None if it is accepted.

        Parameters
        ----------
        tune : str or None
            None is a stream without a complete tune.
        """
        if tune is None or len(tune) > self.max_length:
            return f"longer than {self.max_length} characters"
        try:
            read = read_tune(tune)
            reason = self._invalid(read) or self._not_as_requested(tune, read)
        except ABCError:  # beyond the limits of the parser
            return "not valid"
        reason = reason or self._loop(read) or self._duplicate(tune)
        for test in (self._copied, self._unplayable, self._beyond_limits):
            reason = reason or test(read)
        if reason:
            return reason
        self._accepted.setdefault(_letters(tune), []).append(tune)
        return None

    def _invalid(self, read: Tune) -> str | None:
        return "not valid" if problems_of(read) else None

    def _not_as_requested(self, tune: str, read: Tune) -> str | None:
        unmet = unmet_requests(self.requests, tune, read)
        return f"not the requested {unmet[0]}" if unmet else None

    def _loop(self, read: Tune) -> str | None:
        return "repeats a phrase in a loop" if has_loop(read) else None

    def _duplicate(self, tune: str) -> str | None:
        # Formatting takes longer than all other tests, and keeps the letters of the notes.
        alike = self._accepted.get(_letters(tune), [])
        is_known = any(_formatted_body(tune) == _formatted_body(earlier) for earlier in alike)
        return "the same as an earlier tune" if is_known else None

    def _copied(self, tune: Tune) -> str | None:
        if self.novelty and self.novelty.compare(tune).bars > self.max_copied_bars:
            return f"more than {self.max_copied_bars:g} bars copied"
        return None

    def _beyond_limits(self, read: Tune) -> str | None:
        trait = self.limits and self.limits.refusal(traits_of(measure(read)))
        return f"{trait}, more often than training tunes" if trait else None

    def _unplayable(self, tune: Tune) -> str | None:
        try:
            validate_playable(tune)
        except ABCError:
            return "not playable"
        return None


def _letters(tune: str) -> str:
    """Return the letters of notes and rests in the body of a tune."""
    return _NOT_A_NOTE.sub("", tune_body(tune))


def _formatted_body(tune: str) -> str:
    return tune_body(tidied_or_same(tune))


def has_loop(tune: Tune) -> bool:
    """Whether a phrase of one, two or four bars occurs too often in a row, as written."""
    for voice in tune.voices:
        bars = [tuple((e.duration, e.pitches) for e in bar.events) for bar in voice.bars]
        for length, most in _MAX_IN_A_ROW.items():
            equal = 0  # consecutive bars that equal the bar one phrase earlier
            for before, after in zip(bars, bars[length:], strict=False):
                equal = equal + 1 if before == after else 0
                if equal >= length * most:
                    return True
    return False
