"""Keras: ``fit`` with ``keras.layers.LSTM``, and the eager sampling loop of the MIT lab.

References
----------
MIT 6.S191, Introduction to Deep Learning, lab 1, part 2: music generation with
RNNs (the sampling loop).
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
    """Build embedding, LSTM and dropout layers and the output layer for one window shape."""
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
    """``Model.fit``, one epoch per run, timed from the start of the epoch to its end.

    Parameters
    ----------
    workload : Training
    jit_compile : bool
        Passed to ``Model.compile``. Choose the faster value for the workload.
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
        """Train once, including tracing."""
        self.run()

    def run(self) -> Timing:
        """Train for one epoch."""
        windows = np.concatenate(next(self._epochs))
        watch = _EpochWatch()
        self._model.fit(
            windows[:, :-1],
            windows[:, 1:],
            batch_size=self._workload.batch_size,
            shuffle=False,  # keep the order of windows: the state is carried
            callbacks=[watch],
            verbose=0,
        )
        return Timing(self._workload.characters, watch.seconds)


class LabSampling:
    """The lab's loop: the model is called eagerly for each character of one stream."""

    def __init__(self, workload: Sampling) -> None:
        if workload.streams != 1:
            raise ValueError(f"the lab's loop samples one stream, got streams={workload.streams}")
        keras.utils.set_random_seed(0)
        self._model = network(workload.network, 1, 1, stateful=True)
        self.parameters = self._model.count_params()
        self._length = workload.length

    def warm_up(self) -> None:
        """Sample a few characters."""
        self._sample(4)

    def run(self) -> Timing:
        """Sample the stream once."""
        return timed(self._length, lambda: self._sample(self._length))

    def _sample(self, length: int) -> str:
        for layer in self._model.layers:
            if isinstance(layer, keras.layers.LSTM):
                layer.reset_states()
        ids = tf.zeros((1, 1), tf.int32)
        sampled = []
        for _ in range(length):
            logits = tf.squeeze(self._model(ids), 0)
            sampled.append(int(tf.random.categorical(logits, num_samples=1)[-1, 0].numpy()))
            ids = tf.expand_dims([sampled[-1]], 0)
        return vocabulary().decode(sampled)


class _EpochWatch(keras.callbacks.Callback):  # type: ignore[misc]  # keras has no hints
    """Time of the epoch alone, without the setup of ``fit``."""

    seconds = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seconds = time.perf_counter() - self._started
