"""``abcrnn train``: train a model of ABC text on a corpus."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcrnn.cli.arguments import (
    UsageError,
    add_command,
    add_join_blank,
    add_run_options,
    count,
    positive,
    share,
    whole,
)
from abcrnn.cli.terminal import import_tensorflow, load_corpus, resume_hint
from abcrnn.cli.training_run import add_distribute, distribution_strategy, report_run
from abcrnn.models.recipes import RECIPES
from abcrnn.reports.wording import count_of

if TYPE_CHECKING:
    from abcrnn.models.recipes import Recipe
    from abcrnn.training.records import EpochRecord

#: Options that override a setting of the recipe.
_SETTINGS = (
    "batch_size",
    "seq_length",
    "learning_rate",
    "patience",
    "keep_every",
    "checkpoint_minutes",
)


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        subparsers,
        "train",
        run,
        "train a model on a corpus",
        "abcrnn train jigs --out runs/jigs",
    )
    parser.add_argument("corpus", metavar="CORPUS", help="a name, or a file or folder of .abc")
    add_join_blank(parser)
    add_run_options(parser, sorted(RECIPES))
    _add_settings(parser)
    _add_split(parser)
    add_distribute(parser)
    parser.add_argument(
        "--sample-every", type=count, metavar="N", help="print a sample after every Nth epoch"
    )
    parser.add_argument(
        "--no-novelty",
        action="store_true",
        help="leave the index of training melodies, which compose needs, out of the model file",
    )
    parser.add_argument("--tensorboard", action="store_true", help="write TensorBoard logs")


def _add_settings(parser: argparse.ArgumentParser) -> None:
    of_recipe = "(default: the recipe's)"
    parser.add_argument(
        "--batch-size", type=count, metavar="N", help=f"streams in a batch {of_recipe}"
    )
    parser.add_argument(
        "--seq-length", type=count, metavar="N", help=f"characters in a window {of_recipe}"
    )
    parser.add_argument(
        "--learning-rate", type=positive, metavar="X", help=f"of the Adam optimizer {of_recipe}"
    )
    parser.add_argument(
        "--patience",
        type=count,
        metavar="N",
        help="stop after N epochs without a better validation score",
    )
    parser.add_argument(
        "--keep-every", type=count, metavar="N", help="keep the model of every Nth epoch"
    )
    parser.add_argument(
        "--checkpoint-minutes",
        type=positive,
        metavar="X",
        help="minutes between checkpoints within an epoch (default: 5)",
    )


def _add_split(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--validation",
        type=share,
        default=0.1,
        metavar="SHARE",
        help="share of the tunes for validation (default: %(default)s)",
    )
    parser.add_argument(
        "--test",
        type=share,
        default=0.1,
        metavar="SHARE",
        help="share of the tunes held out for abcrnn evaluate (default: %(default)s)",
    )
    parser.add_argument(
        "--split-seed",
        type=whole,
        default=0,
        metavar="N",
        help="seed of the split (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Train a model, or resume a run."""
    if arguments.validation + arguments.test >= 1:
        raise UsageError("--validation and --test must add up to less than 1")
    import_tensorflow()
    from abcrnn.data.novelty import NoveltyIndex
    from abcrnn.data.store import StoredTunes
    from abcrnn.models.char_lstm import CharLSTM
    from abcrnn.models.recipes import recipe
    from abcrnn.reports.plots import plot_history
    from abcrnn.training.run_folder import RunFolder
    from abcrnn.training.trainer import Trainer

    strategy = distribution_strategy(arguments.distribute)
    chosen = recipe(arguments.recipe)
    epochs = arguments.epochs or chosen.epochs
    corpus = load_corpus(arguments.corpus, arguments.join_blank)
    rule = RunFolder(arguments.out).split_rule()
    train, validation, _ = corpus.split(
        arguments.validation, arguments.test, arguments.split_seed, rule
    )
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = CharLSTM.from_recipe(arguments.recipe, corpus.vocabulary, seed=arguments.seed)
    print(
        f"{corpus.name}: {count_of(len(train.tunes), 'tune')} for training, "
        f"{len(validation.tunes)} for validation; recipe {arguments.recipe}: "
        f"{model.count_params():,} parameters, {count_of(epochs, 'epoch')}"
    )
    if not (arguments.no_novelty or isinstance(train.tunes, StoredTunes)):
        model.novelty = NoveltyIndex(train.tunes)
    trainer = Trainer.from_recipe(
        arguments.recipe,
        model,
        train,
        validation=validation if validation.tunes else None,
        run_dir=arguments.out,
        seed=arguments.seed,
        callbacks=_callbacks(arguments),
        strategy=strategy,
        **_settings(arguments, chosen),
    )
    arguments.hint = resume_hint(arguments)
    history = trainer.fit(epochs)
    if trainer.is_chief:
        plot_history(history, Path(arguments.out) / "curve.png")
        report_run(
            history,
            lambda record: record.validation_bits_per_char,
            _describe,
            f"abcrnn compose {Path(arguments.out) / 'best.abcrnn'} -n 4",
        )
    return 0


def _settings(arguments: argparse.Namespace, chosen: Recipe) -> dict[str, Any]:
    """Return the settings that override those of the recipe."""
    settings = {
        name: value for name in _SETTINGS if (value := getattr(arguments, name)) is not None
    }
    if arguments.epochs and "decay_epochs" in chosen.training:
        settings["decay_epochs"] = arguments.epochs
    return settings


def _callbacks(arguments: argparse.Namespace) -> list[Any]:
    from abcrnn.training.callbacks import log_to_tensorboard, sample_every

    callbacks = []
    if arguments.sample_every:
        callbacks.append(sample_every(arguments.sample_every))
    if arguments.tensorboard:
        callbacks.append(log_to_tensorboard(Path(arguments.out) / "tensorboard"))
    return callbacks


def _describe(record: EpochRecord) -> str:
    text = f"training {record.bits_per_char:.3f} bits per character"
    if record.validation_bits_per_char is not None:
        text += f", validation {record.validation_bits_per_char:.3f}"
    return text
