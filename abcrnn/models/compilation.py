"""Compiled functions, kept in the model that they belong to.

A second Sampler or Scorer on the same model uses the functions of the first, so
nothing is compiled twice. Copies of a model start without compiled functions.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import tensorflow as tf

from abcrnn.models.lstm import on_gpu

_ATTRIBUTE = "_compiled_functions"


def compile_once(
    model: Any,
    key: Hashable,
    function: Callable[..., Any],
    xla: bool | None = None,
    parts: Sequence[Any] = (),
) -> Any:
    """Return a compiled function; the same one for the same model and key.

    Parameters
    ----------
    model : SequenceModel
    key : hashable
        What the function computes. ``function`` must depend on the model, the key
        and its arguments alone.
    function : callable
    xla : bool, optional
        Whether to compile with XLA. By default it is used except on a GPU, where XLA
        cannot compile a window of Keras's LSTM layer (cuDNN).
    parts : sequence of object
        What the function calls besides the model. Classes of a user, here and in the
        model, may have Python's ``if`` and ``for`` on tensors; ours have none.

    Returns
    -------
    tf.function
        Compiled when it is first called, once for each shape of its arguments.
    """
    functions = compiled_functions(model)
    if key not in functions:
        functions[key] = tf.function(
            function,
            autograph=any(may_need_autograph(part) for part in (model, *parts)),
            jit_compile=not on_gpu() if xla is None else xla,
        )
    return functions[key]


def may_need_autograph(part: Any) -> bool:
    """Whether the class of an object, or of a member of an ensemble, is a user's own.

    AutoGraph translates Python's ``if`` and ``for`` on tensors. Our code has none, and
    translating it takes longer than tracing it.
    """
    package = __name__.partition(".")[0]
    is_own = type(part).__module__.partition(".")[0] != package
    return is_own or any(map(may_need_autograph, getattr(part, "members", ())))


def compiled_functions(model: Any) -> dict[Hashable, Any]:
    """Return the compiled functions of a model by key."""
    # Not setattr: Keras would track the dictionary as part of the model's state.
    functions: dict[Hashable, Any] = model.__dict__.setdefault(_ATTRIBUTE, {})
    return functions


def count_traces(model: Any) -> int:
    """Return how often the compiled functions of a model were traced in total."""
    functions = compiled_functions(model).values()
    return sum(function.experimental_get_tracing_count() for function in functions)
