"""The model that ``abcrnn train --from`` starts from."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from abcrnn.cli.arguments import UsageError
from abcrnn.cli.model_arguments import load_model

if TYPE_CHECKING:
    from abcrnn.data.novelty import NoveltyIndex
    from abcrnn.models.char_lstm import CharLSTM
    from abcrnn.training.run_folder import RunFolder


def add_base(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--from``."""
    parser.add_argument(
        "--from",
        dest="base",
        metavar="MODEL",
        help="start from the weights of a model file, a run folder or a packaged model, such as "
        "folk, instead of random ones",
    )


def load_base(arguments: argparse.Namespace, folder: RunFolder) -> CharLSTM | None:
    """Return the model to start from; None for a new one.

    Raises
    ------
    UsageError
        If the run in the folder started from a model and none is given.
    ValueError
        If the file holds several models.
    """
    from abcrnn.models.char_lstm import CharLSTM

    if arguments.base is None:
        if folder.has_base:
            raise UsageError(
                f"argument --from: {arguments.out} holds a run that started from a model: "
                "give the same --from to resume it, or use another run folder"
            )
        return None
    base = load_model(argparse.Namespace(models=[arguments.base], parser=arguments.parser))
    if not isinstance(base, CharLSTM):
        raise ValueError(f"{arguments.base} holds several models; --from takes one of them")
    return base


def describe_base(arguments: argparse.Namespace, base: CharLSTM, model: CharLSTM) -> str:
    """Return lines about the model to start from: its new characters, the form of its tunes."""
    new = len(model.vocabulary) - len(base.vocabulary)
    added = f", {new} new characters" if new else ""
    return (
        f"weights and architecture are those of {arguments.base}{added}; the recipe "
        f"{arguments.recipe} sets the training alone{_hint_at_form(arguments, base)}"
    )


def _hint_at_form(arguments: argparse.Namespace, base: CharLSTM) -> str:
    """Return advice where the model was trained on formatted tunes and these are not."""
    from abcrnn.evaluation.held_out import layout_in_training

    formatted, melody_only = layout_in_training(base)
    if arguments.plain or not formatted or (arguments.tidy and not melody_only):
        return ""
    option = "--plain" if melody_only else "--tidy"
    return (
        f"\n{arguments.base} was trained with {option}: add {option} to give your tunes the same "
        "form, which it knows how to write"
    )


def with_index_of(base: Any, index: NoveltyIndex) -> NoveltyIndex:
    """Return an index of tunes together with those that a model was trained on."""
    from abcrnn.data.novelty import NoveltyIndex

    if base is None or base.novelty is None:
        return index
    return NoveltyIndex.joined([index, base.novelty])
