"""Candidate tunes for a composition, each sampled from its own random stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from abcrnn.composition.contradictions import require_readable, require_room
from abcrnn.composition.landing import Landing
from abcrnn.composition.provenance import Provenance
from abcrnn.composition.requests import constraint_for
from abcrnn.composition.sampling_constraint import sampling_constraint_for
from abcrnn.sampling.decoder import MAX_BATCH
from abcrnn.sampling.faithful import Selected
from abcrnn.sampling.sampler import Sampler
from abcrnn.sampling.tune_streams import MAX_LINE

#: Number of tunes that are sampled in parallel.
PARALLEL = MAX_BATCH


class Candidates:
    """Samples candidate tunes; each depends on the number of its stream only.

    Parameters
    ----------
    model : CharLSTM
    source : Provenance
        Settings, requests and seed; its ``stream`` and ``tune`` are not used.
    expected : int
        Number of tunes that will be sampled, approximately; so many titles are sampled at once.

    Raises
    ------
    ValueError
        If no tune that matches the requests can be written with the characters of the
        model, or none that is short enough.
    """

    def __init__(self, model: Any, source: Provenance, expected: int = PARALLEL) -> None:
        requests, settings = source.requests, source.settings
        self._prompt = requests.prompt(settings.prompt)
        title = MAX_LINE if settings.generate_title else 0
        constraint = sampling_constraint_for(
            model, requests, self._prompt, settings.max_length - title
        )
        self.source = source
        self._sampler = Sampler(
            model,
            settings.temperature,
            top_p=settings.top_p,
            seed=source.seed,
            constraint=constraint,
            faithful=settings.faithful,
        )
        self._landing = Landing(constraint.characters, requests, settings.max_length)
        self._normalize = model.vocabulary.normalize
        self._titles: dict[int, str] = {}  # by stream
        self._given: dict[int, str] = {}  # prompts with a title, by stream
        self._titles_at_once = min(expected * settings.faithful, PARALLEL)
        complete = constraint_for(model, requests)
        require_room(complete, requests, self._prompt, settings.max_length, title)
        require_readable(model, complete, requests, self._prompt)
        self._max_length, self._faithful = settings.max_length, settings.faithful

    def sample(self, next_tune: Callable[[], int | None]) -> Iterator[Selected]:
        """Sample candidates; yield the one chosen for each tune, as soon as it is known.

        Parameters
        ----------
        next_tune : callable
            Returns the number of the next tune to start, or None to start none now.

        Yields
        ------
        Selected
            Its tune is None if no candidate ended within the maximum length.
        """
        # Always the same number of rows: the rounding of a matrix product depends on it.
        chosen = self._sampler.chosen_tunes(self._prompts(), self._max_length, next_tune, PARALLEL)
        for found in chosen:
            tune = self._landed(found.stream, found.tune)
            for stream in range(found.number * self._faithful, (found.number + 1) * self._faithful):
                self._given.pop(stream, None)
            yield found._replace(tune=tune)

    def sample_again(self, streams: Sequence[int]) -> Iterator[tuple[int, str | None]]:
        """Yield the number and the tune of each of some streams, in the order they end."""
        if self.source.settings.generate_title:
            self._sample_titles(streams)
        numbers = iter(streams)
        found = self._sampler.streams(
            self._prompts(), self._max_length, lambda: next(numbers, None), PARALLEL
        )
        for stream, tune in found:
            yield stream, self._landed(stream, tune)

    def _landed(self, stream: int, tune: str | None) -> str | None:
        """Return the tune of a stream, shortened if it ends because of the maximum length."""
        prompt = self._given.pop(stream, self._prompt)
        return tune and self._landing.land(tune, self._normalize(prompt))

    def _prompts(self) -> str | Callable[[int], str]:
        """Return the prompt of all streams, or a function of the number of a stream."""
        return self._prompt_with_title if self.source.settings.generate_title else self._prompt

    def _prompt_with_title(self, stream: int) -> str:
        if stream not in self._titles:
            self._sample_titles(range(stream, stream + self._titles_at_once))
        self._given[stream] = self.source.requests.prompt(title=self._titles.pop(stream))
        return self._given[stream]

    def _sample_titles(self, streams: Sequence[int]) -> None:
        titles = self._sampler.lines("X:1\nT:", streams, PARALLEL)
        self._titles.update(zip(streams, titles, strict=True))
