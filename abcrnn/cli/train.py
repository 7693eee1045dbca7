"""``abcrnn train``: train a model of ABC text on a corpus."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcrnn.cli.argument_types import count
from abcrnn.cli.arguments import add_command, add_join_blank
from abcrnn.cli.run_arguments import add_run_options
from abcrnn.cli.terminal import import_tensorflow, resume_hint
from abcrnn.cli.training_base import add_base, describe_base, load_base, with_index_of
from abcrnn.cli.training_corpora import add_corpora, add_parts, load_training_corpora
from abcrnn.cli.training_run import (
    add_distribute,
    add_settings,
    distribution_strategy,
    report_run,
    require_shares,
    settings_of,
)
from abcrnn.models.recipes import RECIPES
from abcrnn.reports.wording import count_of
from abcrnn.storage.atomic import require_writable

if TYPE_CHECKING:
    from abcrnn.data.corpus import Corpus
    from abcrnn.models.recipes import Recipe
    from abcrnn.training.run_folder import RunFolder


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        subparsers,
        "train",
        run,
        "train a model on a corpus",
        "abcrnn train jigs --out runs/jigs",
    )
    add_corpora(parser)
    add_join_blank(parser)
    add_run_options(parser, sorted(RECIPES), files=True)
    add_settings(parser, "characters")
    parser.add_argument(
        "--windows",
        choices=("streams", "tunes"),
        help="train on contiguous streams of tunes, or on batches of whole tunes, each read from "
        "the initial state (default: the recipe's)",
    )
    parser.add_argument(
        "--transpose",
        action=argparse.BooleanOptionalAction,
        help="read each tune, in every epoch, in one of the keys of the training tunes, sampled in "
        "their proportions (default: the recipe's)",
    )
    parser.add_argument(
        "--transpose-epochs",
        type=count,
        metavar="N",
        help="transpose only in the first N epochs, and then read each tune in its own key "
        "(default: the recipe's)",
    )
    add_parts(parser)
    add_base(parser)
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


def run(arguments: argparse.Namespace) -> int:
    """Train a model, or resume a run."""
    require_shares(arguments)
    require_writable(Path(arguments.out) / "run.json")
    import_tensorflow()
    from abcrnn.data.novelty import NoveltyIndex
    from abcrnn.data.store import StoredTunes
    from abcrnn.models.char_lstm import CharLSTM
    from abcrnn.models.fine_tuning import extend_vocabulary
    from abcrnn.reports.plots import plot_history
    from abcrnn.training.run_folder import RunFolder
    from abcrnn.training.trainer import Trainer

    strategy = distribution_strategy(arguments.distribute)
    folder = RunFolder(arguments.out)
    chosen = _recipe(arguments, folder)
    epochs = arguments.epochs or chosen.epochs
    base = load_base(arguments, folder)
    name, train, distinct, validation, vocabulary, notes = load_training_corpora(
        arguments, folder, base
    )
    with strategy.scope() if strategy else contextlib.nullcontext():
        if base is None:
            model = CharLSTM(vocabulary, **chosen.model, seed=arguments.seed)
        else:
            model = extend_vocabulary(base, vocabulary)
            notes.insert(0, describe_base(arguments, base, model))
    print(
        f"{name}: {count_of(len(distinct.tunes), 'tune')} for training{_often(train, distinct)}, "
        f"{len(validation.tunes)} for validation; recipe {arguments.recipe}: "
        f"{model.count_params():,} parameters, {count_of(epochs, 'epoch')}"
    )
    for note in notes:
        print(note)
    if not (arguments.no_novelty or isinstance(train.tunes, StoredTunes)):
        model.novelty = with_index_of(base, NoveltyIndex(distinct.tunes))
    settings = chosen.settings(
        **{**settings_of(arguments), **_decay(arguments, chosen, folder), "seed": arguments.seed}
    )
    trainer = Trainer(
        model,
        train,
        validation=validation if validation.tunes else None,
        run_dir=arguments.out,
        callbacks=_callbacks(arguments),
        strategy=strategy,
        **settings,
    )
    arguments.hint = resume_hint(arguments)
    history = trainer.fit(epochs)
    if trainer.is_chief:
        plot_history(history, Path(arguments.out) / "curve.png")
        model_file = Path(arguments.out) / "best.abcrnn"
        return report_run(
            trainer,
            lambda record: record.validation_bits_per_char,
            ["abcrnn", "compose", str(model_file), "-n", "4"],
        )
    return 0


def _recipe(arguments: argparse.Namespace, folder: RunFolder) -> Recipe:
    """Return the recipe of the option, or without the option that of the run or the default."""
    from abcrnn.training.recipe_file import find_recipe, recipe_of_run

    if arguments.recipe is not None:
        return find_recipe(arguments.recipe)
    arguments.recipe = "default"
    chosen = find_recipe(arguments.recipe)
    of_run = recipe_of_run(folder, chosen)
    if of_run is not chosen:
        arguments.recipe = str(folder.path / "run.json")
        print(f"{folder.path} holds a run: it continues with the settings in its run.json")
    return of_run


def _often(train: Corpus, distinct: Corpus) -> str:
    read = len(train.tunes)
    return "" if read == len(distinct.tunes) else f" (with the weights {read:,} in an epoch)"


def _decay(arguments: argparse.Namespace, chosen: Recipe, folder: RunFolder) -> dict[str, Any]:
    """Return the epochs over which the learning rate decays: all, or those of a resumed run.

    A run that is resumed with another number of epochs keeps its decay.
    """
    if chosen.training.get("decay_epochs") is None:
        return {}
    recorded = folder.recorded_setting("decay_epochs")
    epochs_of_recipe = chosen.training["decay_epochs"]
    epochs = recorded or arguments.epochs or epochs_of_recipe
    if recorded and arguments.epochs and arguments.epochs > recorded:
        print(
            f"the learning rate has decayed by epoch {recorded}, with which this run began; "
            "later epochs keep its last value"
        )
    elif recorded and not arguments.epochs and recorded != epochs_of_recipe:
        print(
            f"the learning rate decays over {count_of(recorded, 'epoch')}, with which this run "
            f"began; the recipe has {epochs_of_recipe}"
        )
    return {"decay_epochs": epochs}


def _callbacks(arguments: argparse.Namespace) -> list[Any]:
    from abcrnn.training.callbacks import log_to_tensorboard, sample_every

    callbacks = []
    if arguments.sample_every:
        callbacks.append(sample_every(arguments.sample_every))
    if arguments.tensorboard:
        callbacks.append(log_to_tensorboard(Path(arguments.out) / "tensorboard"))
    return callbacks
