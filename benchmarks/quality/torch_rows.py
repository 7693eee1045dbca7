"""The PyTorch rows: training on the training tunes, best epoch by the validation tunes."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import torch

from benchmarks.quality.data import Data
from benchmarks.quality.options import Options, report_epoch
from benchmarks.quality.outcome import Outcome, mean_bits
from benchmarks.quality.torch_networks import (
    build_network,
    count_parameters,
    stream_batches,
    tune_batches,
    tune_costs,
)
from benchmarks.quality.torch_training import Batches, Schedule, TorchTrainer


def run(data: Data, settings: dict[str, Any], options: Options) -> Outcome:
    """Train a network, or resume its training, and score the test tunes.

    Parameters
    ----------
    data : Data
    settings : dict
        Sizes of the network, of its batches, and the arguments of
        :class:`benchmarks.quality.torch_training.Schedule`.
    options : Options

    Returns
    -------
    Outcome
    """
    torch.set_num_threads(options.threads)
    network = build_network(settings, len(data.vocabulary))
    trainer = TorchTrainer(
        network,
        _batches(data, settings),
        Schedule(**{f.name: settings[f.name] for f in fields(Schedule) if f.name in settings}),
        lambda: mean_bits(tune_costs(network, data.vocabulary, data.validation.tunes)),
        options.folder,
    )
    for record in trainer.fit(options.minutes):
        report_epoch(record["epoch"], record["validation"], record["seconds"])
    about = {
        "validation": round(trainer.best["validation"], 5),
        "epochs": len(trainer.history),
        "best_epoch": trainer.best["epoch"],
        "parameters": count_parameters(network),
    }
    costs = tune_costs(network, data.vocabulary, data.test.tunes)
    return Outcome(costs, trainer.seconds, about)


def _batches(data: Data, settings: dict[str, Any]) -> Batches:
    if settings["network"] == "gpt":
        length, batches = settings["block_size"], tune_batches
    else:
        length, batches = settings["seq_length"], stream_batches
    return batches(data.vocabulary, data.train.tunes, settings["batch_size"], length)
