"""Time to the first tune and to the first training step, by part.

Each function is called in a new process. Heavy packages are imported inside the
functions, because their import is part of the measured time.
"""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

from benchmarks import workloads
from benchmarks.workloads import Network, Training

_PATIENCE = 60  # epochs of 20 windows


def memorise(sizes: Network, path: Path) -> None:
    """Save a model that has memorised one short tune, so that it generates whole tunes.

    Raises
    ------
    RuntimeError
        If the model has not learned the tune after 60 epochs.
    """
    from abcrnn import CharLSTM, Corpus, Sampler, Trainer

    tune = min(workloads.corpus().tunes, key=len)
    sizes = dataclasses.replace(sizes, dropout=0.0)  # same shapes, fewer updates
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
    raise RuntimeError(f"after {_PATIENCE} epochs the model has not learned {tune!r}")


def to_first_tune(path: Path) -> dict[str, float]:
    """Time each part up to the first tune of a saved model, then one more tune."""
    laps = _Laps()
    import tensorflow  # noqa: F401  # the import is what is timed

    laps.end("import tensorflow")
    from abcrnn import Sampler, load_model

    laps.end("import abcrnn (model and sampler)")
    model = load_model(path)
    laps.end("open the model")
    sampler = Sampler(model, temperature=0.8, seed=1)
    sampler.tunes(1)
    laps.end("compile, generate the first tune")
    sampler.tunes(1)
    laps.end("one more tune")
    return laps.seconds


def to_first_step(workload: Training) -> dict[str, float]:
    """Time building the model and the Trainer, the first update, and one more update."""
    from benchmarks.ours import OurTraining

    laps = _Laps()
    trained = OurTraining(workload)
    laps.end("build model and Trainer")
    seconds = laps.seconds
    seconds["first training step (compiles)"] = trained.run().seconds
    seconds["one more training step"] = trained.run().seconds
    return seconds


class _Laps:
    """A stopwatch that records the duration of each part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._started = time.perf_counter()

    def end(self, part: str) -> None:
        now = time.perf_counter()
        self.seconds[part] = now - self._started
        self._started = now
