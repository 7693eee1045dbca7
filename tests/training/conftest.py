"""Fixtures of the training tests."""

import pytest
from helpers.clock import StepClock

from abcrnn.training.loop import TrainingLoop


@pytest.fixture
def step_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make training loops count a minute for each step, whatever the machine."""
    monkeypatch.setattr(TrainingLoop, "_clock", StepClock())
