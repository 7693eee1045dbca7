"""Keras: ``fit`` with its own LSTM layer, and the eager loop of the MIT lab.

References
----------
MIT 6.S191, Introduction to Deep Learning, lab 1, part 2: music generation with
RNNs (the loop that samples).
"""

from __future__ import annotations

import time
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.clock import Timing, timed
from benchmarks.workloads import Network, Sampling, Training, vocabulary


def network(sizes: Network, batch_size: int, time: int, stateful: bool) -> keras.Model:
    """Stack Embedding, LSTM and Dropout layers and the head for windows of one shape."""
    layers: list[Any] = [
        keras.Input(batch_shape=(batch_size, time), dtype="int32"),
        keras.layers.Embedding(len(vocabulary()), sizes.embedding_dim),
    ]
    for _ in range(sizes.num_layers):
        layers.append(keras.layers.LSTM(sizes.units, return_sequences=True, stateful=stateful))
        if sizes.dropout:
            layers.append(keras.layers.Dropout(sizes.dropout))
    return keras.Sequential([*layers, keras.layers.Dense(len(vocabulary()))])


class KerasTraining:
    """``Model.fit``, an epoch a run, timed from the epoch's begin to its end.

    Parameters
    ----------
    workload : Training
    jit_compile : bool
        Of ``Model.compile``: whichever is faster for this workload.
    """

    def __init__(self, workload: Training, jit_compile: bool) -> None:
        keras.utils.set_random_seed(0)
        self._workload, self._epochs = workload, workload.epochs()
        self._model = network(
            workload.network, workload.batch_size, workload.seq_length, workload.carries_state
        )
        self._model.compile(
            optimizer=keras.optimizers.Adam(
                workload.learning_rate, global_clipnorm=workload.clip_norm
            ),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=jit_compile,
        )
        self.parameters = self._model.count_params()

    def warm_up(self) -> None:
        """Train one run, tracing included."""
        self.run()

    def run(self) -> Timing:
        """Train one more run."""
        windows = np.concatenate(next(self._epochs))
        watch = _EpochWatch()
        self._model.fit(
            windows[:, :-1],
            windows[:, 1:],
            batch_size=self._workload.batch_size,
            shuffle=False,  # stream after stream, as the state is carried
            callbacks=[watch],
            verbose=0,
        )
        return Timing(self._workload.characters, watch.seconds)


class LabSampling:
    """The model called as it is, a character at a time; the lab draws one stream."""

    def __init__(self, workload: Sampling) -> None:
        if workload.streams != 1:
            raise ValueError(f"the lab's loop draws one stream, not {workload.streams}")
        keras.utils.set_random_seed(0)
        self._model = network(workload.network, 1, 1, stateful=True)
        self.parameters = self._model.count_params()
        self._length = workload.length

    def warm_up(self) -> None:
        """Draw a few characters."""
        self._draw(4)

    def run(self) -> Timing:
        """Draw the stream once."""
        return timed(self._length, lambda: self._draw(self._length))

    def _draw(self, length: int) -> str:
        for layer in self._model.layers:
            if isinstance(layer, keras.layers.LSTM):
                layer.reset_states()
        ids = tf.zeros((1, 1), tf.int32)
        drawn = []
        for _ in range(length):
            logits = tf.squeeze(self._model(ids), 0)
            drawn.append(int(tf.random.categorical(logits, num_samples=1)[-1, 0].numpy()))
            ids = tf.expand_dims([drawn[-1]], 0)
        return vocabulary().decode(drawn)


class _EpochWatch(keras.callbacks.Callback):  # type: ignore[misc]  # keras has no hints
    """Times the epoch alone: setting ``fit`` up is not held against it."""

    seconds = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seconds = time.perf_counter() - self._started
