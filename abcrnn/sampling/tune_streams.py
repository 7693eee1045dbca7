"""Streams of tunes: sampled in parallel under a constraint, each with its own prompt."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abcrnn.data.store import BOUNDARY
from abcrnn.grammar.transition_tables import TransitionTables
from abcrnn.sampling.constraint import Start
from abcrnn.sampling.decoder import Decoder, Streams
from abcrnn.sampling.faithful import Candidate, Selected, Selection
from abcrnn.sampling.table_cache import store_tables
from abcrnn.sampling.tune_text import find_tune

#: Maximum length of a line that :meth:`TuneStreams.lines` returns.
MAX_LINE = 60
_ENOUGH = 1000  # characters of a tune, in which a line fits under any constraint
_STEPS_OF_LINE = 32
#: Characters of a call: a new stream replaces one that ended only after so many.
STEPS_OF_TUNE = 64


class TuneStreams:
    """Samples numbered streams of tunes; base class of :class:`abcrnn.Sampler`.

    Parameters
    ----------
    model : SequenceModel
        With a ``vocabulary``.
    decoder : Decoder
    tables : TransitionTables or None
    seed : int or None
    faithful : int
        As in :class:`abcrnn.Sampler`.
    """

    def __init__(
        self,
        model: Any,
        decoder: Decoder,
        tables: TransitionTables | None,
        seed: int | None,
        faithful: int,
    ) -> None:
        self._model, self._decoder, self._tables = model, decoder, tables
        self._seed, self._faithful = seed, faithful

    def chosen_tunes(
        self,
        prompt: str | Callable[[int], str],
        max_length: int,
        next_tune: Callable[[], int | None],
        parallel: int,
    ) -> Iterator[Selected]:
        """Sample the candidates of tunes; yield the choice for each tune as soon as possible.

        The candidates of tune number ``t`` are the streams ``faithful * t`` to
        ``faithful * (t + 1) - 1``. Nothing is sampled between two tunes that are yielded
        but what the second needs, and closing the iterator ends the sampling.

        Parameters
        ----------
        prompt : str or callable
        max_length : int
            As in :meth:`abcrnn.Sampler.tunes`. A callable takes the number of a stream.
        next_tune : callable
            Returns the number of the next tune to start, or None to start none now.
        parallel : int
            Number of tunes to sample in parallel; see :meth:`streams`.

        Yields
        ------
        Selected
            In the order in which they are known.
        """
        seed = self._call_seed()
        selection = Selection(self._faithful, seed, next_tune)
        parallel *= self._faithful
        candidates = self._sample(prompt, max_length, selection.next_stream, parallel, seed)
        for candidate in candidates:
            chosen = selection.add(candidate)
            if chosen is not None:
                yield chosen

    def streams(
        self,
        prompt: str | Callable[[int], str],
        max_length: int,
        next_stream: Callable[[], int | None],
        parallel: int,
        is_enough: Callable[[str], bool] | None = None,
    ) -> Iterator[tuple[int, str | None]]:
        """Sample one tune from each of many streams, and yield them in the order they end.

        A stream depends on the seed, its number and the number of rows. ``parallel``
        determines the number of rows: 1, 16 or 64.

        Parameters
        ----------
        prompt : str or callable
        max_length : int
            As in :meth:`abcrnn.Sampler.tunes`.
        next_stream : callable
            Returns the number of the next stream to start, or None to start none now.
        parallel : int
            Number of streams to sample in parallel, at most 64.
        is_enough : callable, optional
            Whether the beginning of a tune is enough; its stream then ends.

        Yields
        ------
        number : int
            Of the stream.
        tune : str or None
            None if the tune is not complete within ``max_length`` characters; its
            beginning if that is enough.

        Raises
        ------
        ValueError
            As :meth:`abcrnn.Sampler.tunes`.
        """
        seed = self._call_seed()
        for ended in self._sample(prompt, max_length, next_stream, parallel, seed, is_enough):
            yield ended.stream, ended.tune

    def _sample(
        self,
        prompt: str | Callable[[int], str],
        max_length: int,
        next_stream: Callable[[], int | None],
        parallel: int,
        seed: int,
        is_enough: Callable[[str], bool] | None = None,
    ) -> Iterator[Candidate]:
        """Sample streams as :meth:`streams` does; also yield their importance weights."""
        begin = self._beginning(prompt, max_length)
        try:
            yield from self._run(begin, max_length, next_stream, parallel, seed, is_enough)
        except GeneratorExit:  # enough tunes
            store_tables(self._tables)
            raise
        store_tables(self._tables)

    def _run(
        self,
        begin: Callable[[int], tuple[NDArray[np.int32], Start | None]],
        max_length: int,
        next_stream: Callable[[], int | None],
        parallel: int,
        seed: int,
        is_enough: Callable[[str], bool] | None,
    ) -> Iterator[Candidate]:
        streams = Streams(self._decoder, parallel, seed)
        # By row: the stream, its text so far, and the length of the prompt.
        running: dict[int, tuple[int, str, int]] = {}
        while True:
            for row in sorted(set(range(streams.batch_size)) - running.keys()):
                number = next_stream()
                if number is None:
                    break
                ids, constraint = begin(number)
                streams.start(row, number, ids, constraint)
                running[row] = number, self._model.vocabulary.decode(ids[:1]), len(ids)
            if not running:
                return
            sampled = streams.advance(STEPS_OF_TUNE)
            for row, (number, text, prompt_length) in list(running.items()):
                text += self._model.vocabulary.decode(sampled[row])
                ended, tune = find_tune(text, prompt_length, max_length)
                if not ended and is_enough and is_enough(text[len(BOUNDARY) :]):
                    ended, tune = True, text[len(BOUNDARY) :]
                running[row] = number, text, prompt_length
                if ended:
                    del running[row]
                    weight = streams.log_weight(row) if self._decoder.weighs else 0.0
                    yield Candidate(number, tune, weight)

    def lines(self, prompt: str, streams: Sequence[int], parallel: int) -> list[str]:
        r"""Sample the rest of the line that a prompt begins.

        Parameters
        ----------
        prompt : str
            Such as ``"X:1\nT:"``.
        streams : sequence of int
            Numbers of the streams, as for :meth:`streams`.
        parallel : int
            Number of streams to sample in parallel, at most 64.

        Returns
        -------
        list of str
            One for each stream, without the line end, at most 60 characters long.

        Raises
        ------
        ValueError
            As :meth:`abcrnn.Sampler.tunes`.
        """
        ids = self._encode(prompt, for_tunes=True)
        constraint = self._after_prompt(prompt, _ENOUGH)
        before = len(ids) - 1  # what is sampled includes the prompt except for its first id
        decoded = Streams(self._decoder, parallel, self._call_seed())
        found: list[str] = []
        for first in range(0, len(streams), decoded.batch_size):
            texts = dict.fromkeys(streams[first : first + decoded.batch_size], "")
            for row, number in enumerate(texts):
                decoded.start(row, number, ids, constraint)
            while not all(_has_line(text[before:]) for text in texts.values()):
                rows = decoded.advance(_STEPS_OF_LINE)
                for row, number in enumerate(texts):
                    texts[number] += self._model.vocabulary.decode(rows[row])
            found += [text[before:].partition("\n")[0][:MAX_LINE] for text in texts.values()]
        return [line.strip() for line in found]

    def _beginning(
        self, prompt: str | Callable[[int], str], max_length: int
    ) -> Callable[[int], tuple[NDArray[np.int32], Start | None]]:
        """Return a function of the number of a stream: its first ids, and its constraint."""

        def begin(text: str) -> tuple[NDArray[np.int32], Start | None]:
            text = self._model.vocabulary.normalize(text)
            return self._encode(text, for_tunes=True), self._after_prompt(text, max_length)

        if callable(prompt):
            return lambda number: begin(prompt(number))
        beginning = begin(prompt)  # once for all streams
        return lambda number: beginning

    def _after_prompt(self, prompt: str, max_length: int) -> Start | None:
        """Return the state of the constraint after the prompt."""
        if not self._tables:
            return None
        prefix = self._tables.read_prefix(prompt)
        if prefix.length < len(prompt):
            before = prompt[: prefix.length]
            line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
            raise ValueError(
                f"no valid tune begins with the prompt: line {line}, column {column}: "
                f"{prompt[prefix.length]!r} is not allowed there"
            )
        remaining = max_length + len(BOUNDARY) - len(prompt)
        missing = self._tables.length_to_end(prefix) - remaining
        if missing > 0:
            raise ValueError(
                f"max_length must be at least {max_length + missing} "
                f"for a tune with this prompt, not {max_length}"
            )
        return Start(prefix.tune, prefix.pitch, remaining)

    def _call_seed(self) -> int:
        return secrets.randbits(63) if self._seed is None else self._seed

    def _encode(self, prompt: str, for_tunes: bool = False) -> NDArray[np.int32]:
        """Return the ids that every stream begins with: a blank line and the prompt."""
        vocabulary = self._model.vocabulary
        ids: NDArray[np.int32] = vocabulary.encode(prompt)
        if "\n" in vocabulary.characters:
            boundary: NDArray[np.int32] = vocabulary.encode(BOUNDARY)
            return np.concatenate([boundary, ids])
        if for_tunes:
            raise ValueError("the vocabulary of this model has no line end: it cannot write tunes")
        if not prompt:
            raise ValueError("the vocabulary of this model has no line end: give a prompt")
        return ids


def _has_line(text: str) -> bool:
    return "\n" in text or len(text) >= MAX_LINE
