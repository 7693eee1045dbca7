"""A clock for tests of checkpoints that are written after so many minutes."""


class StepClock:
    """Returns seconds that are one minute later at each call.

    The training loop reads its clock once in each step, and once more when it has saved a
    checkpoint. With ``checkpoint_minutes`` of n - 0.5, every n-th step saves a checkpoint.
    """

    def __init__(self) -> None:
        self._minutes = 0

    def __call__(self) -> float:
        self._minutes += 1
        return 60.0 * self._minutes
