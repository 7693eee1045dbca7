"""The recurrent layer: a long short-term memory, written for speed on a CPU.

Conventions: everything here is time-major, ``(time, batch, ...)``, float32.
Weights and meaning are those of ``keras.layers.LSTM``: the four gates stand in
the order input, forget, cell, output along the last axis of the kernels.

Why not Keras's own layer: on a CPU it leaves two thirds of the machine idle.
Here everything that does not depend on the step before is taken out of the
recurrence and done as one large product over the whole window, forwards and
(by a gradient written by hand) backwards.

References
----------
Hochreiter and Schmidhuber, Long Short-Term Memory, 1997; Gers et al., Learning
to Forget, 2000 (forget gate); Jozefowicz et al., An Empirical Exploration of
Recurrent Network Architectures, 2015 (forget bias of one).
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

#: (h, c): the output and the memory cell, each of shape (batch, units).
LSTMState = tuple[tf.Tensor, tf.Tensor]

_RECURRENT_INITIALIZERS = {
    "orthogonal": keras.initializers.Orthogonal,
    "glorot_uniform": keras.initializers.GlorotUniform,
}


class LSTM(keras.layers.Layer):  # type: ignore[misc]  # keras has no hints
    """One LSTM layer over a window, state in and state out.

    Parameters
    ----------
    units : int
        Size of the output and of the memory cell.
    recurrent_initializer : {"orthogonal", "glorot_uniform"}
        How the recurrent kernel begins; Keras's own layer has the first.
    seed : int
        Of the initial weights.
    """

    def __init__(self, units: int, recurrent_initializer: str = "orthogonal", seed: int = 0):
        super().__init__()
        self.units = units
        self._recurrent_initializer = _RECURRENT_INITIALIZERS[recurrent_initializer](seed=seed)
        self._kernel_initializer = keras.initializers.GlorotUniform(seed=seed + 1)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weights for inputs whose last axis has ``input_shape[-1]`` features."""
        gates = 4 * self.units
        self.kernel = self.add_weight(
            name="kernel", shape=(input_shape[-1], gates), initializer=self._kernel_initializer
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel",
            shape=(self.units, gates),
            initializer=self._recurrent_initializer,
        )
        self.bias = self.add_weight(name="bias", shape=(gates,), initializer=_forget_bias_of_one)

    def project(self, inputs: tf.Tensor) -> tf.Tensor:
        """Gate pre-activations from the inputs alone.

        Parameters
        ----------
        inputs : Tensor, shape (..., features)

        Returns
        -------
        Tensor, shape (..., 4 * units)
        """
        kernel, bias = tf.convert_to_tensor(self.kernel), tf.convert_to_tensor(self.bias)
        return tf.tensordot(inputs, kernel, axes=1) + bias

    def unroll(self, projected: tf.Tensor, state: LSTMState) -> tuple[tf.Tensor, LSTMState]:
        """Run the recurrence over a window.

        Parameters
        ----------
        projected : Tensor, shape (time, batch, 4 * units)
            What :meth:`project` made of the inputs.
        state : tuple of two Tensors, shape (batch, units)

        Returns
        -------
        outputs : Tensor, shape (time, batch, units)
        state : tuple of two Tensors, shape (batch, units)
            After the last step.
        """
        outputs, h, c = _recur(projected, tf.convert_to_tensor(self.recurrent_kernel), *state)
        return outputs, (h, c)

    def step(self, projected: tf.Tensor, state: LSTMState) -> LSTMState:
        """One step; ``projected`` has shape (batch, 4 * units). The output is ``state[0]``."""
        h, c = state
        gates = projected + h @ tf.convert_to_tensor(self.recurrent_kernel)
        return _cell(tf.split(gates, 4, axis=1), c)

    def initial_state(self, batch_size: int) -> LSTMState:
        """Zeros: the state before anything was read."""
        return tf.zeros((batch_size, self.units)), tf.zeros((batch_size, self.units))


def _forget_bias_of_one(shape: tuple[int, ...], dtype: Any = None) -> tf.Tensor:
    quarter = shape[0] // 4
    return tf.concat([tf.zeros(quarter), tf.ones(quarter), tf.zeros(2 * quarter)], axis=0)


def _sigmoid(x: tf.Tensor) -> tf.Tensor:
    # The same function, but XLA makes one fast vector loop of tanh and not of the logistic.
    return 0.5 * tf.tanh(0.5 * x) + 0.5


def _activate(gates: list[tf.Tensor]) -> list[tf.Tensor]:
    i, f, g, o = gates
    return [_sigmoid(i), _sigmoid(f), tf.tanh(g), _sigmoid(o)]


def _cell(gates: list[tf.Tensor], c: tf.Tensor) -> LSTMState:
    i, f, g, o = _activate(gates)
    c = f * c + i * g
    return o * tf.tanh(c), c


@tf.custom_gradient
def _recur(projected: tf.Tensor, kernel: tf.Tensor, h0: tf.Tensor, c0: tf.Tensor) -> Any:
    """Run the recurrence; see :meth:`LSTM.unroll` for the shapes.

    The forward loop keeps only h and c; the gates are had again, for the whole
    window in one product, when the gradient asks for them.
    """
    time = tf.shape(projected)[0] if projected.shape[0] is None else projected.shape[0]
    batch, units = projected.shape[1], kernel.shape[0]
    gates = tf.split(projected, 4, axis=2)
    kernels = tf.split(kernel, 4, axis=1)

    def forward(t: tf.Tensor, h: tf.Tensor, c: tf.Tensor, hs: Any, cs: Any) -> tuple[Any, ...]:
        # A product for each gate: one for all four would be cut up again at once, and in a
        # loop with a gradient XLA then copies; this way the gates' arithmetic fuses.
        h, c = _cell([p[t] + h @ u for p, u in zip(gates, kernels, strict=True)], c)
        return t + 1, h, c, hs.write(t, h), cs.write(t, c)

    hs, cs = _window_of(time, batch, units), _window_of(time, batch, units)
    _, h, c, hs, cs = tf.while_loop(
        lambda t, *_: t < time, forward, (0, h0, c0, hs, cs), maximum_iterations=time
    )
    outputs, cells = hs.stack(), cs.stack()

    def gradient(d_outputs: tf.Tensor, d_h: tf.Tensor, d_c: tf.Tensor) -> tuple[tf.Tensor, ...]:
        before_h = tf.reshape(tf.concat([h0[None], outputs[:-1]], axis=0), (-1, units))
        before_c = tf.concat([c0[None], cells[:-1]], axis=0)
        again = projected + tf.reshape(before_h @ kernel, tf.shape(projected))
        i, f, g, o = _activate(tf.split(again, 4, axis=2))
        tanh_c = tf.tanh(cells)
        # What each gate's error is multiplied by, for the whole window at once.
        to_c = o * (1 - tanh_c * tanh_c)
        to_o = tanh_c * o * (1 - o)
        to_i, to_f, to_g = g * i * (1 - i), before_c * f * (1 - f), i * (1 - g * g)
        transposed = tf.transpose(kernel)

        def backward(k: tf.Tensor, d_h: tf.Tensor, d_c: tf.Tensor, errors: Any) -> tuple[Any, ...]:
            t = time - 1 - k
            d_h = d_h + d_outputs[t]
            d_c = d_c + d_h * to_c[t]
            error = tf.concat([d_c * to_i[t], d_c * to_f[t], d_c * to_g[t], d_h * to_o[t]], axis=1)
            return k + 1, error @ transposed, d_c * f[t], errors.write(t, error)

        _, d_h0, d_c0, errors = tf.while_loop(
            lambda k, *_: k < time,
            backward,
            (0, d_h, d_c, _window_of(time, batch, 4 * units)),
            maximum_iterations=time,
        )
        d_projected = errors.stack()
        d_kernel = tf.matmul(before_h, tf.reshape(d_projected, (-1, 4 * units)), transpose_a=True)
        return d_projected, d_kernel, d_h0, d_c0

    return (outputs, h, c), gradient


def _window_of(time: int | tf.Tensor, batch: int | None, width: int) -> tf.TensorArray:
    return tf.TensorArray(tf.float32, size=time, element_shape=(batch, width))
