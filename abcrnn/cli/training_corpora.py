"""The tunes that ``abcrnn train`` trains on and validates with."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, NamedTuple

from abcrnn.cli.arguments import UsageError
from abcrnn.cli.terminal import load_corpus
from abcrnn.cli.training_run import fields_to_leave_out
from abcrnn.reports.wording import count_of

if TYPE_CHECKING:
    from abcrnn.data.corpus import Corpus
    from abcrnn.data.vocabulary import Vocabulary
    from abcrnn.training.run_folder import RunFolder


class TrainingCorpora(NamedTuple):
    """What a run learns from.

    Parameters
    ----------
    name : str
    train, validation : Corpus
    vocabulary : Vocabulary
        Of all tunes, held-out ones too.
    notes : list of str
        Lines that tell the user what was left out.
    """

    name: str
    train: Corpus
    validation: Corpus
    vocabulary: Vocabulary
    notes: list[str]


def add_leak_guard(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--no-leak-guard``."""
    parser.add_argument(
        "--no-leak-guard",
        action="store_true",
        help="also train on tunes that share more than 4 bars with a held-out tune, in any key",
    )


def load_training_corpora(arguments: argparse.Namespace, folder: RunFolder) -> TrainingCorpora:
    """Load the corpus, split it, and leave out what the options or the run request.

    Raises
    ------
    UsageError
        If an option differs from the run in the folder.
    """
    without = fields_to_leave_out(arguments, folder)
    corpus = load_corpus(arguments.corpus, arguments.join_blank)
    train, validation, test = corpus.split(
        arguments.validation, arguments.test, arguments.split_seed, folder.split_rule()
    )
    notes = []
    if without:
        corpus, train, validation = (
            part.without_fields(without) for part in (corpus, train, validation)
        )
        notes.append(
            f"left out: the fields {', '.join(without)}, which name people and sources; "
            "--fields all keeps them"
        )
    before = len(train.tunes)
    train = _guarded(arguments, folder.recorded_origin(), train, [validation, test])
    if copies := before - len(train.tunes):
        verb = "shares" if copies == 1 else "share"
        notes.append(
            f"left out: {count_of(copies, 'training tune')} that {verb} more than 4 bars with a "
            f"held-out tune; --no-leak-guard keeps {'it' if copies == 1 else 'them'}"
        )
    return TrainingCorpora(corpus.name, train, validation, corpus.vocabulary, notes)


def _guarded(
    arguments: argparse.Namespace,
    recorded: dict[str, Any] | None,
    train: Corpus,
    held_out: list[Corpus],
) -> Corpus:
    """Leave out copies of held-out tunes; of a run that is resumed, those it left out."""
    from abcrnn.data.leak_guard import leave_out, leave_out_copies, recorded_copies

    if recorded is not None:
        copies = recorded_copies(recorded)
        if copies is not None and arguments.no_leak_guard:
            raise UsageError(
                f"argument --no-leak-guard: {arguments.out} holds a run with the leak guard: "
                "leave the option out to resume it, or use another run folder"
            )
        return train if copies is None else leave_out(train, copies)
    held_out = [part for part in held_out if part.tunes]
    if arguments.no_leak_guard or not held_out:
        return train
    return leave_out_copies(train, *held_out)
