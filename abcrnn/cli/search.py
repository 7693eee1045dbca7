"""``abcrnn search``: search for the hyper-parameters that suit a corpus."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcrnn.cli.argument_types import count, positive
from abcrnn.cli.arguments import UsageError, add_command, add_join_blank
from abcrnn.cli.run_arguments import add_epochs, add_recipe, add_run_seed
from abcrnn.cli.terminal import import_tensorflow, resume_hint
from abcrnn.cli.training_corpora import (
    add_corpora,
    add_parts,
    corpus_arguments,
    load_training_corpora,
)
from abcrnn.cli.training_run import require_shares
from abcrnn.models.recipes import RECIPES
from abcrnn.reports.wording import count_of
from abcrnn.storage.atomic import require_writable
from abcrnn.storage.extras import import_optuna

if TYPE_CHECKING:
    from abcrnn.training.search import Search
    from abcrnn.training.search_study import TrialResult

_SHOWN = 20  # lines of the table in the terminal; the file has all


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        subparsers,
        "search",
        run,
        "search for the hyper-parameters that suit a corpus",
        "abcrnn search irish --trials 30 --minutes 120 --out runs/search",
    )
    add_corpora(parser)
    add_join_blank(parser)
    parser.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        help="folder of the search; an existing search is resumed",
    )
    parser.add_argument(
        "--trials",
        type=count,
        default=20,
        metavar="N",
        help="total number of trials, including those of earlier calls (default: %(default)s)",
    )
    parser.add_argument(
        "--minutes", type=positive, metavar="M", help="stop after M minutes, also within a trial"
    )
    add_epochs(parser, " of a trial")
    add_recipe(parser, "--base", sorted(RECIPES), "values of the first trial, and of what is fixed")
    parser.add_argument(
        "--values",
        type=setting,
        action="append",
        metavar="NAME=VALUES",
        help="values to try for a setting: units=128,256 or dropout=0.1..0.5; units=256 fixes it; "
        "repeatable",
    )
    parser.add_argument(
        "--startup",
        type=count,
        default=6,
        metavar="N",
        help="trials that are random and never pruned, at the start (default: %(default)s)",
    )
    add_run_seed(parser)
    add_parts(parser)


def setting(text: str) -> tuple[str, str]:
    """Return the name and the values of the option ``--values``."""
    name, found, values = text.partition("=")
    if not (found and name.strip() and values.strip()):
        raise argparse.ArgumentTypeError(
            f"must be NAME=VALUES, such as units=128,256, not {text!r:.80}"
        )
    return name.strip().replace("-", "_"), values.strip()


def run(arguments: argparse.Namespace) -> int:
    """Run trials, or resume a search, and report what was found."""
    require_shares(arguments)
    folder = Path(arguments.out)
    require_writable(folder / "search.json")
    import_optuna()
    import_tensorflow()
    search = _make_search(arguments)
    arguments.hint = resume_hint(arguments)
    ran = False
    for trial in search.run(arguments.trials, arguments.minutes):
        ran = True
        _report_trial(trial, search, arguments)
    if not ran:
        print("nothing to search: --trials counts the whole search, and all of them have ended")
    return _report_search(search, arguments)


def _make_search(arguments: argparse.Namespace) -> Search:
    from abcrnn.training.recipe_file import find_recipe
    from abcrnn.training.run_folder import RunFolder
    from abcrnn.training.search import Search
    from abcrnn.training.search_space import choose_space

    base = find_recipe(arguments.base)
    base = replace(base, epochs=arguments.epochs or base.epochs)
    try:
        base, space = choose_space(base, arguments.values or [])
    except ValueError as error:
        raise UsageError(f"argument --values: {error}") from None
    corpora = load_training_corpora(arguments, RunFolder(arguments.out))
    search = Search(
        arguments.out,
        corpora.train,
        corpora.validation,
        corpora.vocabulary,
        corpora.distinct,
        base,
        space,
        seed=arguments.seed,
        startup_trials=arguments.startup,
    )
    print(
        f"{corpora.name}: {count_of(len(corpora.train.tunes), 'tune')} for training, "
        f"{len(corpora.validation.tunes)} for validation; {count_of(arguments.trials, 'trial')} "
        f"of {count_of(base.epochs, 'epoch')}; searched: {', '.join(space)}"
    )
    for note in corpora.notes:
        print(note)
    return search


def _report_trial(trial: TrialResult, search: Search, arguments: argparse.Namespace) -> None:
    """Print a line about a trial, and write the results so far."""
    from abcrnn.reports.search_report import format_values, write_trials

    results = search.results()
    write_trials(results, search.folder / "trials.csv")
    text = f"trial {trial.number} {trial.state}"
    if trial.problem:
        text += f": {trial.problem}"
    if trial.bits_per_char is not None:
        text += f": {trial.bits_per_char:.3f} bits per character in epoch {trial.best_epoch}"
        if trial.state != "finished":
            text += f" of {trial.epochs}"
    text += f"; {format_values(trial.values)}"
    if (best := results[0]).bits_per_char is not None:
        _save_best(search)
        text += f"; best {best.bits_per_char:.3f} (trial {best.number})"
    print(text, flush=True)


def _save_best(search: Search) -> Path:
    from abcrnn.training.recipe_file import save_recipe

    path = search.folder / "best-recipe.json"
    save_recipe(search.best_recipe(), path)
    return path


def _report_search(search: Search, arguments: argparse.Namespace) -> int:
    """Print the trials, write the plots and the best recipe, and return the exit code."""
    from abcrnn.reports.search_report import (
        plot_importance,
        plot_trials,
        trials_table,
        write_trials,
    )

    results = search.results()
    path = _save_best(search)  # raises if no trial has a score
    write_trials(results, search.folder / "trials.csv")
    plot_trials(results, search.folder / "trials.png")
    print(f"\n{trials_table(results[:_SHOWN])}\n")
    if len(results) > _SHOWN:
        print(f"{len(results) - _SHOWN} more in {search.folder / 'trials.csv'}")
    if importance := search.importance():
        plot_importance(importance, search.folder / "importance.png")
        shares = ", ".join(f"{name} {share:.0%}" for name, share in importance.items())
        print(f"importance for the score: {shares}")
    else:
        print("importance of the settings: at least four finished trials are needed")
    if any(trial.state == "unfinished" for trial in results):
        print("a trial is unfinished; run the same command to resume it")
    print(f"best: trial {results[0].number}, {search.run_folder(results[0].number)}")
    train = ["abcrnn", "train", *corpus_arguments(arguments)]
    train += ["--recipe", str(path), "--out", "runs/best"]
    print(f"best recipe: {path}\nTry next: {shlex.join(train)}")
    return 0
