r"""How the next character is chosen from the logits of a model.

Another strategy is a subclass of :class:`Choice` with one method::

    class SecondBest(Choice):
        def __call__(self, logits, uniform, parameters):
            return tf.math.top_k(logits, 2).indices[:, 1]

    Sampler(model, choice=SecondBest()).sample("X:1\n")

References
----------
Fan et al., Hierarchical Neural Story Generation, 2018 (top_k); Holtzman et al., The
Curious Case of Neural Text Degeneration, 2020, section 3.1 (top_p); Nguyen et al.,
Turning Up the Heat: Min-p Sampling for Creative and Coherent LLM Outputs, 2024 (min_p).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import tensorflow as tf

from abcrnn.storage.validation import require_count, require_positive, require_share

#: Lowest and highest temperature: they and their reciprocals are finite in float32. Beyond
#: them the likeliest id is always sampled, or all ids are equally likely.
TEMPERATURES = (1e-30, 1e30)


class Choice(ABC):
    """Base class of strategies that choose the next character of each row.

    A subclass implements ``__call__``, which is compiled as a part of the sampling
    loop. It may only use TensorFlow functions that XLA compiles. Anything ``__call__``
    reads from ``self`` is fixed at compilation.
    """

    #: Numbers by name, which ``__call__`` receives as scalar tensors. Values may change
    #: without recompiling.
    parameters: Mapping[str, Any] = MappingProxyType({})

    @property
    def key(self) -> Hashable:
        """Key of the compiled function: the object itself by default.

        Choices with equal keys share one compiled function, so they may differ only in
        the values of :attr:`parameters`.
        """
        return self

    @abstractmethod
    def __call__(
        self, logits: tf.Tensor, uniform: tf.Tensor, parameters: Mapping[str, tf.Tensor]
    ) -> tf.Tensor:
        """Choose the next character of each row.

        Parameters
        ----------
        logits : Tensor, shape (batch, vocab_size), float32
            Unnormalised log-probabilities. A character with logit -inf is not allowed
            and must not be chosen.
        uniform : Tensor, shape (batch,), float32
            Random numbers in [0, 1). Use no other source of randomness, so that a seed
            determines the text.
        parameters : mapping of str to Tensor
            :attr:`parameters` as scalar tensors.

        Returns
        -------
        Tensor, shape (batch,), int32
            Id of the chosen character of each row.
        """


class RandomChoice(Choice):
    """Samples from the probabilities of the model, sharpened and filtered.

    The filters apply in the order top_k, top_p, min_p.

    Parameters
    ----------
    temperature : float
        Divides the logits. Below 1, likely characters become more likely; above 1, less
        likely.
    top_k : int, optional
        Keep only the ``top_k`` likeliest characters, and those that tie with the last of
        them.
    top_p : float, optional
        Keep only the fewest likeliest characters that together have this probability.
    min_p : float, optional
        Keep only characters that are at least ``min_p`` times as likely as the likeliest.

    Raises
    ------
    ValueError
        If an argument is out of range.
    """

    def __init__(
        self,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
    ) -> None:
        try:
            temperature = require_positive("temperature", temperature)
        except ValueError as error:
            raise ValueError(f"{error} (top_k=1 always takes the most likely character)") from None
        if top_k is not None:
            top_k = require_count("top_k", top_k)
        if top_p is not None:
            top_p = require_share("top_p", top_p)
        if min_p is not None:
            min_p = require_share("min_p", min_p)
        limit = int(np.iinfo(np.int32).max)
        values = {
            "temperature": np.float32(np.clip(temperature, *TEMPERATURES)),
            "top_k": None if top_k is None else np.int32(min(top_k, limit)),
            "top_p": None if top_p is None else np.float32(top_p),
            "min_p": None if min_p is None else np.float32(min_p),
        }
        self.parameters = {name: value for name, value in values.items() if value is not None}

    @property
    def key(self) -> Hashable:
        """The class itself: its objects differ only in the values of their parameters."""
        return RandomChoice if type(self) is RandomChoice else self

    def __call__(
        self, logits: tf.Tensor, uniform: tf.Tensor, parameters: Mapping[str, tf.Tensor]
    ) -> tf.Tensor:
        """Return the sampled id of each row, shape (batch,), int32."""
        return sample_categorical(logits, uniform, **parameters)


def sample_categorical(
    logits: tf.Tensor,
    uniform: tf.Tensor,
    temperature: tf.Tensor,
    top_k: tf.Tensor | None = None,
    top_p: tf.Tensor | None = None,
    min_p: tf.Tensor | None = None,
) -> tf.Tensor:
    """Sample one id per row from ``softmax(logits / temperature)``.

    Parameters
    ----------
    logits : Tensor, shape (batch, vocab_size), float32
        An id with logit -inf is never sampled.
    uniform : Tensor, shape (batch,), float32
        Random numbers from 0 up to 1.
    temperature : Tensor, scalar, float32
        Within :data:`TEMPERATURES`.
    top_k : Tensor, scalar, int32, optional
        Keep the ``top_k`` likeliest ids, and those that tie with the last of them.
    top_p : Tensor, scalar, float32, optional
        Of the ids kept so far, keep the fewest that together have this share of their
        probability.
    min_p : Tensor, scalar, float32, optional
        Keep the ids whose probability is at least ``min_p`` times that of the likeliest.

    Returns
    -------
    Tensor, shape (batch,), int32
    """
    # Subtracting the maximum keeps the likeliest id at 0 at any temperature.
    logits -= tf.reduce_max(logits, axis=1, keepdims=True)
    # XLA turns a division by a constant into this product. The temperature is not a
    # constant here; the product keeps the texts of earlier versions the same.
    probabilities = tf.nn.softmax(logits * (1.0 / temperature))
    probabilities = _filter(probabilities, top_k, top_p, min_p)
    cumulative = tf.cumsum(probabilities, axis=1)
    threshold = uniform[:, None] * cumulative[:, -1:]
    ids = tf.math.count_nonzero(cumulative <= threshold, axis=1, dtype=tf.int32)
    # Rounding may lead past the last id that has a probability.
    last = probabilities.shape[1] - 1 - tf.argmax(probabilities[:, ::-1] > 0, 1, tf.int32)
    return tf.minimum(ids, last)


def _filter(
    probabilities: tf.Tensor,
    top_k: tf.Tensor | None,
    top_p: tf.Tensor | None,
    min_p: tf.Tensor | None,
) -> tf.Tensor:
    """Set the probabilities of ids that are not kept to 0."""
    if top_k is not None or top_p is not None:
        # [b, i, j]: is j likelier than i? Ranks without a sort, which is slow under XLA.
        likelier = probabilities[:, None, :] > probabilities[:, :, None]
        if top_k is not None:
            rank = tf.math.count_nonzero(likelier, axis=2, dtype=tf.int32)
            probabilities = tf.where(rank < top_k, probabilities, 0.0)
        if top_p is not None:
            above = tf.reduce_sum(tf.where(likelier, probabilities[:, None, :], 0.0), axis=2)
            enough = top_p * tf.reduce_sum(probabilities, axis=1, keepdims=True)
            probabilities = tf.where(above < enough, probabilities, 0.0)
    if min_p is not None:
        least = min_p * tf.reduce_max(probabilities, axis=1, keepdims=True)
        probabilities = tf.where(probabilities >= least, probabilities, 0.0)
    return probabilities
