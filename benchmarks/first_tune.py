"""What passes before the first tune and before the first training step, part by part.

Each function is called in a fresh process. Nothing heavy is imported before it is
asked for: how long that takes is part of what is measured.
"""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

from benchmarks import workloads
from benchmarks.workloads import Network, Training

_PATIENCE = 60  # epochs of 20 windows


def memorise(sizes: Network, path: Path) -> None:
    """Save a model that has learnt one short tune by heart, so that it writes whole tunes.

    Raises
    ------
    RuntimeError
        If it has not learnt the tune after a great many updates.
    """
    from abcrnn import CharLSTM, Corpus, Sampler, Trainer

    tune = min(workloads.corpus().tunes, key=len)
    sizes = dataclasses.replace(sizes, dropout=0.0)  # weights have the same shapes, sooner
    model = CharLSTM(workloads.vocabulary(), **dataclasses.asdict(sizes))
    repeats = 20 * 16 * 32 // len(tune) + 1
    trainer = Trainer(
        model, Corpus("one tune", (tune,) * repeats), seq_length=32, learning_rate=3e-3
    )
    for epoch in range(1, _PATIENCE + 1):
        trainer.fit(epoch)
        if trainer.history[-1].accuracy > 0.95 and Sampler(model, 0.8, seed=1).tunes(1):
            model.save(path)
            return
    raise RuntimeError(f"after {_PATIENCE} epochs the model has not learnt {tune!r}")


def to_first_tune(path: Path) -> dict[str, float]:
    """Time the way to the first tune of a saved model, and then one more tune."""
    laps = _Laps()
    import tensorflow  # noqa: F401  # the import is what is timed

    laps.end("import tensorflow")
    from abcrnn import Sampler, load_model

    laps.end("import abcrnn (model and sampler)")
    model = load_model(path)
    laps.end("open the model")
    sampler = Sampler(model, temperature=0.8, seed=1)
    sampler.tunes(1)
    laps.end("compile, and the first tune")
    sampler.tunes(1)
    laps.end("one more tune")
    return laps.seconds


def to_first_step(workload: Training) -> dict[str, float]:
    """Time the building of model and Trainer, the first update, and then one more."""
    from benchmarks.ours import OurTraining

    laps = _Laps()
    trained = OurTraining(workload)
    laps.end("build model and Trainer")
    seconds = laps.seconds
    seconds["first training step (compiles)"] = trained.run().seconds
    seconds["one more training step"] = trained.run().seconds
    return seconds


class _Laps:
    """A watch that is read at the end of each part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._begun = time.perf_counter()

    def end(self, part: str) -> None:
        now = time.perf_counter()
        self.seconds[part] = now - self._begun
        self._begun = now
