"""Sampler: text and complete tunes from a character model."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from abcrnn.grammar.transition_tables import TransitionTables
from abcrnn.models.base import require_character_model
from abcrnn.sampling.choice import Choice, RandomChoice
from abcrnn.sampling.decoder import Decoder
from abcrnn.sampling.faithful import MAX_FAITHFUL, Selected
from abcrnn.sampling.kept_tables import kept_tables
from abcrnn.sampling.tune_streams import TuneStreams
from abcrnn.sampling.tune_text import require_tune_prompt
from abcrnn.storage.progress import progress_bar
from abcrnn.storage.suggestions import suggests_arguments
from abcrnn.storage.validation import require_count

_logger = logging.getLogger(__name__)


class Sampler(TuneStreams):
    r"""Samples text from a character model.

    Texts are numbered streams. Results depend on the seed, the stream index and the
    batch size (1, 16 or 64). With the same batch size, they do not depend on the other
    streams. With another batch size, rounding may change a text.

    Parameters
    ----------
    model : CharLSTM
        Or another :class:`abcrnn.models.base.SequenceModel` with a ``vocabulary``.
    temperature : float
        Divides the logits. Below 1, likely characters become more likely; above 1, less
        likely.
    top_k : int, optional
        Sample only from the ``top_k`` most likely characters, and those that tie with
        the last of them.
    top_p : float, optional
        Sample only from the smallest set of most likely characters that together have
        this probability.
    seed : int, optional
        With a seed, each call returns the same text. Without a seed, each call returns a
        different text.
    constraint : {"bars"} or TransitionTables, optional
        Sample valid tunes only. For any model, every tune from :meth:`tunes`
        ends within ``max_length``, its bars add up, its repeats and endings pair, and
        each tie connects two notes of the same pitch.
        :class:`abcrnn.grammar.transition_tables.TransitionTables` can also enforce requests.
        The transitions for ``"bars"`` are kept in the model: a second sampler
        reuses them.
    min_p : float, optional
        Sample only from characters that are at least ``min_p`` times as likely as the
        most likely one.
    choice : Choice, optional
        Another strategy for choosing the next character, instead of temperature, top_k, top_p
        and min_p; see :class:`abcrnn.sampling.Choice`.
    faithful : int
        Number of candidates from which :meth:`tunes` chooses each tune, under a
        constraint. A candidate is chosen with probability in proportion to its
        importance weight, the product of the probability of all allowed characters at
        each step. The more candidates, the closer the tunes are to the distribution of
        the model (at this temperature, without top_k, top_p and min_p), conditioned on
        being valid. With 1, no weights are computed.

    Attributes
    ----------
    effective_size : float or None
        Effective number of candidates of a tune, the mean over the tunes of the last
        call of :meth:`tunes`: from 1 (one candidate has nearly all the weight) to
        ``faithful``.

    Raises
    ------
    ValueError
        If an argument is out of range, or ``faithful`` is above 1 without a constraint.

    Examples
    --------
    >>> sampler = Sampler(model, temperature=0.9, top_p=0.95, seed=1)  # doctest: +SKIP
    >>> sampler.tunes(8, prompt="X:1\nM:6/8\nK:D\n")  # doctest: +SKIP
    """

    @suggests_arguments
    def __init__(
        self,
        model: Any,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
        constraint: Literal["bars"] | TransitionTables | None = None,
        *,
        min_p: float | None = None,
        choice: Choice | None = None,
        faithful: int = 1,
    ) -> None:
        require_character_model(model)
        if choice is None:
            choice = RandomChoice(temperature, top_k, top_p, min_p)
        elif not isinstance(choice, Choice):
            raise ValueError(f"choice must be an abcrnn.sampling.Choice, not {choice!r}")
        elif (temperature, top_k, top_p, min_p) != (1.0, None, None, None):
            raise ValueError("choice replaces temperature, top_k, top_p and min_p: give either")
        if seed is not None:
            seed = require_count("seed", seed, least=0)
        if constraint == "bars":
            constraint = kept_tables(model)
        if not isinstance(constraint, TransitionTables | None):
            raise ValueError(
                f"constraint must be 'bars', TransitionTables or None, not {constraint!r}"
            )
        faithful = require_count("faithful", faithful)
        if faithful > MAX_FAITHFUL:
            raise ValueError(f"faithful must be at most {MAX_FAITHFUL}, not {faithful}")
        if faithful > 1 and constraint is None:
            raise ValueError(
                f"faithful needs a constraint, such as constraint='bars', not {faithful} without"
            )
        self.effective_size: float | None = None
        decoder = Decoder(model, choice, constraint, weigh=faithful > 1)
        super().__init__(model, decoder, constraint, seed, faithful)

    def sample(self, prompt: str = "", length: int = 1000, n: int = 1) -> list[str]:
        """Sample text of a given length.

        Parameters
        ----------
        prompt : str
            Beginning of each text.
        length : int
            Number of characters to sample after the prompt.
        n : int
            Number of texts.

        Returns
        -------
        list of str
            Each ``len(prompt) + length`` characters long.

        Raises
        ------
        ValueError
            If a number is below 1 or the prompt has characters that the model does not
            know; or if there is a constraint, which needs complete tunes.
        """
        if self._tables:
            raise ValueError(
                "a sampler with a constraint samples complete tunes: use tunes(), not sample()"
            )
        length, n = require_count("length", length), require_count("n", n)
        prompt = self._model.vocabulary.normalize(prompt)
        texts = self._decoder.sample([self._encode(prompt)] * n, length, self._call_seed())
        return [prompt + self._model.vocabulary.decode(ids) for ids in texts]

    def tunes(
        self, n: int, prompt: str | Callable[[int], str] = "X:", max_length: int = 2000
    ) -> list[str]:
        r"""Sample complete tunes.

        A tune is complete when a blank line closes it and there is music below its
        ``K:`` line. A stream without a complete tune of at most ``max_length``
        characters is replaced by another stream and logged. At most ``4 * n + 16``
        streams are sampled (``faithful`` times as many with candidates).

        Parameters
        ----------
        n : int
        prompt : str or callable
            Beginning of each tune, such as ``"X:1\nM:6/8\nK:D\n"``; or a function that
            returns the beginning of a stream for its number.
        max_length : int
            Maximum number of characters of a tune, including the prompt.

        Returns
        -------
        list of str
            At most ``n`` tunes, without the blank line that closes them.

        Raises
        ------
        ValueError
            As :meth:`sample`; or if the prompt does not begin with ``X:``, or contains a
            blank line; or, under a constraint, if no valid tune begins with the prompt,
            or none that is short enough.
        """
        n, max_length = require_count("n", n), require_count("max_length", max_length)
        if not isinstance(prompt, str) and not callable(prompt):
            raise TypeError(f"prompt must be text, not {prompt!r:.80}")
        if isinstance(prompt, str):
            require_tune_prompt(prompt)
        complete, incomplete = self._sample_tunes(n, prompt, max_length)
        if incomplete:
            _logger.warning(
                "%d of %d sampled tunes did not end within %d characters, or had no music%s",
                incomplete,
                incomplete + len(complete),
                max_length,
                "; they were replaced"
                if len(complete) == n
                else f": {len(complete)} of {n} "
                "are complete; train longer, or try a lower temperature or a larger max_length",
            )
        return complete

    def _sample_tunes(
        self, n: int, prompt: str | Callable[[int], str], max_length: int
    ) -> tuple[list[str], int]:
        """Return the complete tunes in the order of their streams, and the number of others.

        Streams start in the order of their numbers, and only while complete tunes are
        missing. So which tunes are found does not depend on how many run in parallel.
        """
        found: list[Selected] = []
        started = complete = 0
        with progress_bar(total=n, unit="tune", leave=False) as bar:

            def next_tune() -> int | None:
                nonlocal started
                running = started - len(found)
                if complete + running >= n or started >= 4 * n + 16:
                    return None
                started += 1
                return started - 1

            for chosen in self.chosen_tunes(prompt, max_length, next_tune, n):
                found.append(chosen)
                complete += chosen.tune is not None
                bar.update(chosen.tune is not None)
        self.effective_size = float(np.mean([chosen.effective_size for chosen in found]))
        tunes = [chosen.tune for chosen in sorted(found) if chosen.tune is not None]
        return tunes, len(found) - complete
