"""LSTM layer that is fast on a CPU.

Conventions: arrays are time-major, ``(time, batch, ...)``, float32. The weights are
those of ``keras.layers.LSTM``: the last axis of the kernels holds the four gates in
the order input, forget, cell, output.

The layer derives from Keras's and replaces how it runs. On a CPU, Keras's layer
leaves two thirds of the machine idle. Here everything that does not depend on the
previous step is computed outside the recurrence, as one large product over the
window, forwards and (by a hand-written gradient) backwards. On a GPU, Keras's layer
runs the window with cuDNN.

References
----------
Hochreiter and Schmidhuber, Long Short-Term Memory, 1997; Gers et al., Learning
to Forget, 2000 (forget gate); Jozefowicz et al., An Empirical Exploration of
Recurrent Network Architectures, 2015 (forget bias of one).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from abcrnn.models.backend import keras

#: (h, c): the output and the memory cell, each of shape (batch, units).
LSTMState = tuple[tf.Tensor, tf.Tensor]

_RECURRENT_INITIALIZERS = {
    "orthogonal": keras.initializers.Orthogonal,
    "glorot_uniform": keras.initializers.GlorotUniform,
}


class LSTM(keras.layers.LSTM):  # type: ignore[misc]  # keras has no hints
    """LSTM layer that takes a window and a state and returns outputs and the next state.

    Parameters
    ----------
    units : int
        Size of the output and of the memory cell.
    recurrent_initializer : {"orthogonal", "glorot_uniform"}
        Initializer of the recurrent kernel. The first is Keras's default.
    seed : int
        Seed of the initial weights.
    """

    def __init__(self, units: int, recurrent_initializer: str = "orthogonal", seed: int = 0):
        super().__init__(
            units,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seed + 1),
            recurrent_initializer=_RECURRENT_INITIALIZERS[recurrent_initializer](seed=seed),
            return_sequences=True,
            return_state=True,
            dtype="float32",
        )

    def project(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return the part of the gates' pre-activations that comes from the inputs.

        Parameters
        ----------
        inputs : Tensor, shape (..., features)

        Returns
        -------
        Tensor, shape (..., 4 * units)
        """
        kernel, _, bias = self._weights()
        return tf.tensordot(inputs, kernel, axes=1) + bias

    def run(
        self, inputs: tf.Tensor, state: LSTMState, table: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, LSTMState]:
        """Run the layer over a window.

        Parameters
        ----------
        inputs : Tensor, shape (time, batch, features), float32
            With a table: ids of its rows, shape (time, batch), int32.
        state : tuple of two Tensors, shape (batch, units)
        table : Tensor, shape (rows, features), optional
            Inputs by id. Projecting its rows once is faster than projecting the window.

        Returns
        -------
        outputs : Tensor, shape (time, batch, units)
        state : tuple of two Tensors, shape (batch, units)
            After the last step.
        """
        if on_gpu():
            return self._run_on_gpu(inputs if table is None else tf.gather(table, inputs), state)
        kernel, recurrent_kernel, bias = self._weights()
        if table is not None:
            kernel = table @ kernel
        outputs, h, c = _run(inputs, kernel, recurrent_kernel, bias, *state)
        return outputs, (h, c)

    def step(self, projected: tf.Tensor, state: LSTMState) -> LSTMState:
        """Run one step.

        Parameters
        ----------
        projected : Tensor, shape (batch, 4 * units)
            From :meth:`project`.
        state : tuple of two Tensors, shape (batch, units)

        Returns
        -------
        state : tuple of two Tensors, shape (batch, units)
            After the step. The first is the output.
        """
        h, c = state
        gates = projected + h @ self._weights()[1]
        return _cell(_activate(tf.split(gates, 4, axis=1)), c)

    def initial_state(self, batch_size: int) -> LSTMState:
        """Return the state before anything is read: zeros."""
        return tf.zeros((batch_size, self.units)), tf.zeros((batch_size, self.units))

    def _run_on_gpu(self, inputs: tf.Tensor, state: LSTMState) -> tuple[tf.Tensor, LSTMState]:
        outputs, h, c = self(tf.transpose(inputs, (1, 0, 2)), initial_state=list(state))
        return tf.transpose(outputs, (1, 0, 2)), (h, c)

    def _weights(self) -> list[tf.Tensor]:
        cell = self.cell
        return [tf.convert_to_tensor(w) for w in (cell.kernel, cell.recurrent_kernel, cell.bias)]


def on_gpu() -> bool:
    """Return whether there is a GPU. There cuDNN runs a window, which XLA cannot compile."""
    return bool(tf.config.list_logical_devices("GPU"))


def _sigmoid(x: tf.Tensor) -> tf.Tensor:
    # The same function as tf.sigmoid, but XLA vectorizes tanh and not the logistic function.
    return 0.5 * tf.tanh(0.5 * x) + 0.5


def _activate(gates: list[tf.Tensor]) -> list[tf.Tensor]:
    i, f, g, o = gates
    return [_sigmoid(i), _sigmoid(f), tf.tanh(g), _sigmoid(o)]


def _cell(gates: list[tf.Tensor], c: tf.Tensor) -> LSTMState:
    i, f, g, o = gates
    c = f * c + i * g
    return o * tf.tanh(c), c


@tf.custom_gradient
def _run(
    inputs: tf.Tensor,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor,
    h0: tf.Tensor,
    c0: tf.Tensor,
) -> Any:
    """Run over a window; see :meth:`LSTM.run`. Ids select rows of the kernel."""
    layout = _layout(recurrent_kernel)
    inputs = tf.convert_to_tensor(inputs)
    are_ids = inputs.dtype.is_integer
    projected = tf.gather(kernel, inputs) if are_ids else tf.tensordot(inputs, kernel, axes=1)
    (outputs, cells, *gates), last = _forward(layout, projected + bias, recurrent_kernel, h0, c0)

    def gradient(d_outputs: tf.Tensor, d_h: tf.Tensor, d_c: tf.Tensor) -> tuple[Any, ...]:
        turn = layout.turn
        before_h = tf.concat([turn(h0)[None], outputs[:-1]], axis=0)
        before_c = tf.concat([turn(c0)[None], cells[:-1]], axis=0)
        window = (before_c, tf.tanh(cells), *gates)
        errors_in = turn(d_outputs), turn(d_h), turn(d_c)
        errors, d_h0, d_c0 = _backward(layout, recurrent_kernel, window, *errors_in)
        # One product gives the gradients of all weights: the factors that the weights were
        # multiplied with, concatenated, times the errors. Ids become one-hot rows, which is
        # faster than a scatter.
        factors = tf.one_hot(inputs, kernel.shape[0]) if are_ids else inputs
        factors = tf.concat([factors, turn(before_h), tf.ones_like(factors[..., :1])], axis=2)
        flat, flat_errors = (tf.reshape(x, (-1, x.shape[-1])) for x in (factors, errors))
        d_weights = tf.split(
            tf.matmul(flat, flat_errors, transpose_a=True),
            [kernel.shape[0], recurrent_kernel.shape[0], 1],
        )
        d_inputs = None if are_ids else tf.tensordot(errors, tf.transpose(kernel), axes=1)
        return d_inputs, *d_weights[:2], d_weights[2][0], d_h0, d_c0

    return (layout.turn(outputs), *last), gradient


class _Layout(NamedTuple):
    """Memory layout of h, c and the gates inside the recurrence.

    Either rows, (batch, units), as everywhere else, or columns, (units, batch).
    """

    axis: int  # axis of the units
    turn: Callable[[tf.Tensor], tf.Tensor]  # between rows and this layout; leading axes stay

    def product(self, kernel: tf.Tensor, states: tf.Tensor) -> tf.Tensor:
        """Return states times a kernel; both are in this layout."""
        return states @ kernel if self.axis else kernel @ states


_ROWS = _Layout(axis=1, turn=tf.identity)
_COLUMNS = _Layout(axis=0, turn=tf.linalg.matrix_transpose)


def _layout(kernel: tf.Tensor) -> _Layout:
    # A kernel larger than the cache of a core is read from memory at every step. As the
    # left factor of the product it is read a third faster.
    return _COLUMNS if kernel.shape[0] > 512 else _ROWS


def _forward(
    layout: _Layout, projected: tf.Tensor, kernel: tf.Tensor, h0: tf.Tensor, c0: tf.Tensor
) -> tuple[list[tf.Tensor], LSTMState]:
    """Return outputs, cells and gates of the window in this layout, and the last state."""
    time = tf.shape(projected)[0] if projected.shape[0] is None else projected.shape[0]
    inputs = tf.split(layout.turn(projected), 4, axis=layout.axis + 1)
    kernels = [layout.turn(k) for k in tf.split(kernel, 4, axis=1)]

    def step(t: tf.Tensor, h: tf.Tensor, c: tf.Tensor, *kept: tf.TensorArray) -> tuple[Any, ...]:
        # One product for each gate. XLA would copy the parts of a single product in a loop
        # with a gradient; this way it fuses the arithmetic of the gates.
        products = [layout.product(k, h) for k in kernels]
        gates = _activate([p[t] + product for p, product in zip(inputs, products, strict=True)])
        h, c = _cell(gates, c)
        made = (h, c, *gates)
        return t + 1, h, c, *[array.write(t, x) for array, x in zip(kept, made, strict=True)]

    h, c = layout.turn(h0), layout.turn(c0)
    arrays = [_window_of(time, like=h) for _ in range(6)]
    _, h, c, *kept = tf.while_loop(
        lambda t, *_: t < time, step, (0, h, c, *arrays), maximum_iterations=time
    )
    return [array.stack() for array in kept], (layout.turn(h), layout.turn(c))


def _backward(
    layout: _Layout,
    kernel: tf.Tensor,
    window: tuple[tf.Tensor, ...],
    d_outputs: tf.Tensor,
    d_h: tf.Tensor,
    d_c: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return the gradients of the projected inputs and of the first state, as rows.

    ``window`` holds the previous cells, tanh of the cells, and the four gates.
    """
    time = tf.shape(d_outputs)[0] if d_outputs.shape[0] is None else d_outputs.shape[0]
    transposed = layout.turn(tf.transpose(kernel))

    def step(k: tf.Tensor, d_h: tf.Tensor, d_c: tf.Tensor, errors: Any) -> tuple[Any, ...]:
        t = time - 1 - k
        before_c, tanh_c, i, f, g, o = (array[t] for array in window)
        d_h = d_h + d_outputs[t]
        d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
        d_i, d_f = d_c * g * i * (1 - i), d_c * before_c * f * (1 - f)
        d_g, d_o = d_c * i * (1 - g * g), d_h * tanh_c * o * (1 - o)
        error = tf.concat([d_i, d_f, d_g, d_o], axis=layout.axis)
        return k + 1, layout.product(transposed, error), d_c * f, errors.write(t, error)

    first = tf.concat([d_h] * 4, axis=layout.axis)
    _, d_h, d_c, errors = tf.while_loop(
        lambda k, *_: k < time,
        step,
        (0, d_h, d_c, _window_of(time, like=first)),
        maximum_iterations=time,
    )
    return layout.turn(errors.stack()), layout.turn(d_h), layout.turn(d_c)


def _window_of(time: int | tf.Tensor, like: tf.Tensor) -> tf.TensorArray:
    return tf.TensorArray(like.dtype, size=time, element_shape=like.shape)
