"""The command abcrnn in a process that kills itself: python killed_run.py EVENT N ARGUMENT...

EVENT is ``step``, ``sync``, ``replace`` or ``never``: the process ends with SIGKILL before
the N-th training step, the N-th flush of a file or folder to the disk (when a file is
written but does not have its name), or the N-th renaming of a written file.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from abcrnn import cli
from abcrnn.models import recipes
from abcrnn.storage import atomic
from abcrnn.training.loop import TrainingLoop
from abcrnn.training.steps import Step
from helpers.clock import StepClock

#: Small, with everything that is random: order of tunes, dropout; and a learning rate that decays.
SMALL = recipes.Recipe(
    about="",
    epochs=1,
    model={"embedding_dim": 16, "units": 64, "num_layers": 1, "dropout": 0.3},
    training={"batch_size": 4, "seq_length": 32, "learning_rate": 5e-3, "decay_epochs": 1},
)


def killing_at(number: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with a kill before its call of this number."""
    calls = 0

    def call(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)

    return call


def main(event: str, number: str, *arguments: str) -> int:
    recipes.RECIPES["small"] = SMALL
    TrainingLoop._clock = StepClock()
    if event == "step":
        Step.__call__ = killing_at(int(number), Step.__call__)
    elif event == "sync":
        atomic.os.fsync = killing_at(int(number), os.fsync)
    elif event == "replace":
        atomic.os.replace = killing_at(int(number), os.replace)
    return cli.main(list(arguments))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
