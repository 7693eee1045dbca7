"""Candidate tunes for a composition, each sampled from its own random stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from abcrnn.composition.provenance import Provenance
from abcrnn.composition.requests import constraint_for
from abcrnn.data.store import BOUNDARY
from abcrnn.grammar.transition_tables import TransitionTables
from abcrnn.sampling.decoder import MAX_BATCH
from abcrnn.sampling.sampler import Sampler

#: Number of tunes that are sampled in parallel.
PARALLEL = MAX_BATCH

# Sampling continues to this multiple of the maximum length, so that a tune that only
# ends because of the limit is recognised as too long.
_SLACK = 1.25


class Candidates:
    """Samples candidate tunes; each depends on the number of its stream only.

    Parameters
    ----------
    model : CharLSTM
    source : Provenance
        Settings, requests and seed; its ``stream`` and ``tune`` are not used.

    Raises
    ------
    ValueError
        If no tune that matches the requests can be written with the characters of the
        model, or none that is short enough.
    """

    def __init__(self, model: Any, source: Provenance) -> None:
        requests, settings = source.requests, source.settings
        constraint = constraint_for(model.vocabulary.characters, requests)
        self.source = source
        self._sampler = Sampler(
            model,
            settings.temperature,
            top_p=settings.top_p,
            seed=source.seed,
            constraint=constraint,
        )
        self._prompt = requests.prompt(settings.prompt)
        _require_room(constraint, self._prompt, settings.max_length)
        self._max_length = int(_SLACK * settings.max_length)

    def sample(self, streams: Sequence[int]) -> Iterator[tuple[int, str | None]]:
        """Yield the number and the tune of each stream, in the order in which they end.

        The tune is None if it did not end within the maximum length.
        """
        numbers = iter(streams)
        # Always the same number of rows: the rounding of a matrix product depends on it.
        return self._sampler.streams(
            self._prompt, self._max_length, lambda: next(numbers, None), PARALLEL
        )


def _require_room(constraint: TransitionTables, prompt: str, max_length: int) -> None:
    """Raise ``ValueError`` if no tune that begins with the prompt is short enough."""
    prefix = constraint.read_prefix(prompt)
    least = len(prompt) + constraint.length_to_end(prefix) - len(BOUNDARY)
    if prefix.length == len(prompt) and least > max_length:
        raise ValueError(
            f"max_length must be at least {least} for a tune with this beginning and these "
            f"requests, not {max_length}"
        )
