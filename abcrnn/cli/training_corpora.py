"""The tunes that ``abcrnn train`` trains on and validates with."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from abcrnn.cli.argument_types import count, whole
from abcrnn.cli.arguments import UsageError, add_join_blank
from abcrnn.cli.run_arguments import add_shares
from abcrnn.cli.terminal import load_corpus
from abcrnn.cli.training_run import (
    ALL,
    MUSIC,
    SOURCE_FIELDS,
    differs_from_run,
    fields_to_leave_out,
    is_to_be_plain,
    is_to_be_tidied,
)
from abcrnn.reports.wording import count_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from abcrnn.data.corpus import Corpus
    from abcrnn.data.vocabulary import Vocabulary
    from abcrnn.training.run_folder import RunFolder


class TrainingCorpora(NamedTuple):
    """What a run learns from.

    Parameters
    ----------
    name : str
    train : Corpus
    distinct : Corpus
        The training tunes without the repetitions that ``--weights`` makes.
    validation : Corpus
    vocabulary : Vocabulary
        Of all tunes, held-out ones too.
    notes : list of str
        Lines that tell the user what was left out.
    """

    name: str
    train: Corpus
    distinct: Corpus
    validation: Corpus
    vocabulary: Vocabulary
    notes: list[str]


def add_corpora(parser: argparse.ArgumentParser) -> None:
    """Add the argument CORPUS and the option ``--weights``."""
    parser.add_argument(
        "corpus",
        metavar="CORPUS",
        nargs="+",
        help="a name, or a file or folder of .abc; of several, the first has the validation tunes",
    )
    parser.add_argument(
        "--weights",
        type=count,
        nargs="+",
        metavar="N",
        help="how often the tunes of each corpus are read in an epoch (default: once)",
    )


def add_parts(parser: argparse.ArgumentParser) -> None:
    """Add the options of the split and of what is left out of training."""
    add_shares(parser, "tunes", "abcrnn evaluate")
    parser.add_argument(
        "--split-seed",
        type=whole,
        default=0,
        metavar="N",
        help="seed of the split (default: %(default)s)",
    )
    parser.add_argument(
        "--fields",
        choices=(MUSIC, ALL),
        help="music: leave out the header fields that name people and sources, "
        f"{', '.join(SOURCE_FIELDS)}; all: keep them (default: {MUSIC})",
    )
    parser.add_argument(
        "--tidy",
        action="store_true",
        help="train on formatted tunes, as abcrnn tidy writes them",
    )
    parser.add_argument(
        "--plain",
        action="store_true",
        help="train on formatted melodies: without text in quotes, decorations, slurs, comments "
        "and all header fields except T, R, M, L and K",
    )
    parser.add_argument(
        "--no-leak-guard",
        action="store_true",
        help="also train on tunes that share more than 4 bars with a held-out tune, in any key",
    )


def corpus_arguments(arguments: argparse.Namespace) -> list[str]:
    """Return the corpora, and how they are read and split, as arguments of another command.

    Parameters
    ----------
    arguments : argparse.Namespace
        With those of :func:`add_corpora`, :func:`add_parts` and
        :func:`abcrnn.cli.arguments.add_join_blank`.

    Returns
    -------
    list of str
        Options only where they are not the defaults.
    """
    parser = argparse.ArgumentParser()
    add_join_blank(parser)
    add_corpora(parser)
    add_parts(parser)
    found = [*arguments.corpus]
    for action in parser._actions:
        value = getattr(arguments, action.dest, action.default)
        if not action.option_strings or value == action.default:
            continue
        values = value if isinstance(value, list) else [] if value is True else [value]
        found += [action.option_strings[0], *map(str, values)]
    return found


def load_training_corpora(
    arguments: argparse.Namespace, folder: RunFolder, base: Any = None
) -> TrainingCorpora:
    """Load and split the corpora, and leave out what the options or the run request.

    Parameters
    ----------
    arguments : argparse.Namespace
    folder : RunFolder
    base : CharLSTM, optional
        The model to start from. Validation tunes that it was trained on are left out.

    Raises
    ------
    UsageError
        If an option differs from the run in the folder.
    """
    from abcrnn.data.mixtures import common_vocabulary, join_corpora

    recorded = folder.recorded_origin()
    adapt, notes = _adaptation(arguments, recorded)
    corpora = _load_corpora(arguments)
    weights = _weights(arguments)
    # Only the first corpus is validated on. The part of a tune depends on its body, so the
    # test part is the same with and without a validation part.
    shares = [arguments.validation, *[0.0] * (len(corpora) - 1)]
    rule = folder.split_rule()
    splits = [
        corpus.split(share, arguments.test, arguments.split_seed, rule)
        for corpus, share in zip(corpora, shares, strict=True)
    ]
    trains, validation = [split[0] for split in splits], splits[0][1]
    tests = [split[2] for split in splits if split[2].tunes]
    corpora, trains = ([adapt(part) for part in parts] for parts in (corpora, trains))
    validation = adapt(validation)
    if len(corpora) > 1:
        notes.append(_parts_note(corpora, splits))
    if base is not None:
        validation = _unknown_to(base, validation, tests, arguments.base, notes)
    held_out = [*tests, *([validation] if validation.tunes else [])]
    trains = _guarded(arguments, recorded, trains, held_out, notes)
    name = " + ".join(corpus.name for corpus in corpora)
    return TrainingCorpora(
        name,
        join_corpora(trains, weights),
        join_corpora(trains),
        validation,
        common_vocabulary(corpora),
        notes,
    )


def _adaptation(
    arguments: argparse.Namespace, recorded: Any
) -> tuple[Callable[[Corpus], Corpus], list[str]]:
    """Return the function that leaves out fields and formats a corpus, and notes about both."""
    from abcrnn.data.tidied_corpora import tidy_corpus

    without = fields_to_leave_out(arguments, recorded)
    plain = is_to_be_plain(arguments, recorded)
    tidied = plain or is_to_be_tidied(arguments, recorded)
    notes = []
    if without:
        notes.append(
            f"left out: the fields {', '.join(without)}, which name people and sources; "
            "--fields all keeps them"
        )
    if tidied:
        notes.append(
            "the tunes are formatted melodies, without fingerings, decorations and slurs"
            if plain
            else "the tunes are formatted, as abcrnn tidy writes them"
        )

    def adapt(corpus: Corpus) -> Corpus:
        if without:
            corpus = corpus.without_fields(without)
        return tidy_corpus(corpus, plain) if tidied else corpus

    return adapt, notes


def _load_corpora(arguments: argparse.Namespace) -> list[Corpus]:
    corpora = [load_corpus(source, arguments.join_blank) for source in arguments.corpus]
    fingerprints = [corpus.fingerprint for corpus in corpora]
    for number, fingerprint in enumerate(fingerprints):
        if fingerprint in fingerprints[:number]:
            first = arguments.corpus[fingerprints.index(fingerprint)]
            raise UsageError(
                f"argument CORPUS: {first} and {arguments.corpus[number]} are the same tunes; "
                "--weights reads a corpus more often"
            )
    return corpora


def _weights(arguments: argparse.Namespace) -> list[int]:
    weights, corpora = arguments.weights, len(arguments.corpus)
    if weights is None:
        return [1] * corpora
    if len(weights) != corpora:
        raise UsageError(
            f"argument --weights: give one number for each corpus, in order: "
            f"{count_of(len(weights), 'weight')} for {corpora} corpora"
        )
    return list(weights)


def _parts_note(corpora: Sequence[Corpus], splits: Sequence[Sequence[Corpus]]) -> str:
    tests = ", ".join(
        f"{len(split[2].tunes)} of {corpus.name}"
        for corpus, split in zip(corpora, splits, strict=True)
    )
    return f"validation tunes: of {corpora[0].name} only; test tunes: {tests}"


# What is left out ----------------------------------------------------------------------------


def _unknown_to(
    base: Any, validation: Corpus, tests: Sequence[Corpus], name: str, notes: list[str]
) -> Corpus:
    """Leave out validation tunes that a model was trained on; report such test tunes.

    Raises
    ------
    ValueError
        If it was trained on all validation tunes.
    """
    import numpy as np

    from abcrnn.data.splits import union_digests

    digests = base.trained_digests
    if digests is None:
        notes.append(f"{name} does not record its training tunes: held-out tunes may be among them")
        return validation
    known_tests = sum(int(np.isin(test.body_digests(), digests).sum()) for test in tests)
    if known_tests:
        notes.append(
            f"{name} was trained on {count_of(known_tests, 'test tune')}, which abcrnn evaluate "
            "leaves out"
        )
    _report_near_copies(base, [validation, *tests], name, notes)
    trained = np.setdiff1d(digests, union_digests(base.validated_digests))
    known = np.isin(validation.body_digests(), trained)
    if not known.any():
        return validation
    if known.all():
        raise ValueError(
            f"{name} was trained on all validation tunes of {validation.name}: use the split that "
            "it was trained with, or other tunes"
        )
    notes.append(
        f"left out: {count_of(int(known.sum()), 'validation tune')} that {name} was trained on"
    )
    return validation.select(np.flatnonzero(~known), validation.name, validation.origin)


def _report_near_copies(base: Any, held_out: Sequence[Corpus], name: str, notes: list[str]) -> None:
    """Report held-out tunes that are nearly equal to tunes that a model was trained on."""
    from abcrnn.data.leak_guard import shares_long_run

    if base.novelty is None:
        notes.append(f"{name} has no index of its training tunes: compose may copy them")
        return
    near = sum(shares_long_run(base.novelty, tune) for part in held_out for tune in part.tunes)
    if near:
        notes.append(
            f"{count_of(near, 'held-out tune')} with more than 4 bars of a training tune of "
            f"{name}: scores will be too good; train it on this corpus too, with the leak guard"
        )


def _guarded(
    arguments: argparse.Namespace,
    recorded: dict[str, Any] | None,
    trains: list[Corpus],
    held_out: list[Corpus],
    notes: list[str],
) -> list[Corpus]:
    """Leave out copies of held-out tunes; for a resumed run, those that it recorded."""
    from abcrnn.data.leak_guard import is_guarded, leave_out, recorded_copies
    from abcrnn.data.mixtures import part_origins

    origins = list(part_origins(recorded))
    if any(map(is_guarded, origins)) and arguments.no_leak_guard:
        raise differs_from_run("--no-leak-guard", arguments, "with the leak guard")
    guard = any(map(is_guarded, origins)) if origins else not arguments.no_leak_guard
    if len(origins) == len(trains):
        copies = [recorded_copies(origin) for origin in origins]
    else:  # a new run, or one of other corpora, which is refused when its folder is opened
        copies = _find_copies(trains, held_out, guard)
    left_out = sum(len(found) for found in copies if found is not None)
    if left_out:
        notes.append(_copies_note(left_out, guard))
    return [
        train if found is None else leave_out(train, found, guard)
        for train, found in zip(trains, copies, strict=True)
    ]


def _find_copies(
    trains: list[Corpus], held_out: list[Corpus], guard: bool
) -> list[NDArray[np.intp] | None]:
    from abcrnn.data.leak_guard import find_copies, find_duplicates

    if not held_out or not (guard or len(trains) > 1):
        return [None] * len(trains)
    find = find_copies if guard else find_duplicates
    return [find(train, held_out) for train in trains]


def _copies_note(number: int, guard: bool) -> str:
    one = number == 1
    tunes = count_of(number, "training tune")
    if not guard:
        return f"left out: {tunes} that {'is' if one else 'are'} also in a held-out part"
    return (
        f"left out: {tunes} that {'shares' if one else 'share'} more than 4 bars with a "
        f"held-out tune; --no-leak-guard keeps {'it' if one else 'them'}"
    )
