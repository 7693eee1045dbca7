"""abcrnn, through its public Trainer and Sampler."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from abcrnn.models.char_lstm import CharLSTM
from abcrnn.sampling.sampler import Sampler
from abcrnn.training.trainer import Trainer
from benchmarks.clock import Timing, timed
from benchmarks.workloads import Sampling, Training, vocabulary


class OurTraining:
    """``Trainer.fit``, one epoch per run. The seconds are those of the epoch's record.

    Parameters
    ----------
    workload : Training
    """

    def __init__(self, workload: Training) -> None:
        model = CharLSTM(vocabulary(), **asdict(workload.network))
        settings: dict[str, Any] = {
            "batch_size": workload.batch_size,
            "seq_length": workload.seq_length,
            "learning_rate": workload.learning_rate,
            "clip_norm": workload.clip_norm,
        }
        if not workload.carries_state:
            settings |= {"windows": "random", "steps_per_epoch": workload.windows}
        self.parameters = model.count_params()
        self._characters = workload.characters
        self._trainer = Trainer(model, workload.corpus(), **settings)

    def warm_up(self) -> None:
        """Train once, including compilation."""
        self.run()

    def run(self) -> Timing:
        """Train for one epoch."""
        record = self._trainer.fit(len(self._trainer.history) + 1)[-1]
        return Timing(self._characters, record.seconds)


class OurSampling:
    """``Sampler.sample``."""

    def __init__(self, workload: Sampling) -> None:
        model = CharLSTM(vocabulary(), **asdict(workload.network))
        self.parameters = model.count_params()
        self._workload = workload
        self._sampler = Sampler(model, seed=0)

    def warm_up(self) -> None:
        """Compile."""
        self._sampler.sample(length=1, n=self._workload.streams)

    def run(self) -> Timing:
        """Sample every stream once."""
        workload = self._workload
        return timed(
            workload.streams * workload.length,
            lambda: self._sampler.sample(length=workload.length, n=workload.streams),
        )
