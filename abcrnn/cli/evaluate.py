"""``abcrnn evaluate``: the model card, or a table of several models and corpora."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcrnn.cli.argument_types import number_or_tuned, whole
from abcrnn.cli.arguments import UsageError, add_command, add_join_blank, add_model
from abcrnn.cli.model_arguments import find_models, load_models, model_names
from abcrnn.cli.terminal import load_corpus
from abcrnn.reports.wording import count_of
from abcrnn.storage.atomic import require_writable, write_text

if TYPE_CHECKING:
    from abcrnn.data.corpus import Corpus
    from abcrnn.evaluation.comparison import Comparison


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        subparsers,
        "evaluate",
        run,
        "score models on held-out tunes, and compare tunes that a model generates with a corpus",
        "abcrnn evaluate runs/jigs --corpus jigs --out card",
    )
    add_model(parser, several="several models are compared")
    parser.add_argument(
        "--corpus",
        dest="corpora",
        action="append",
        required=True,
        metavar="CORPUS",
        help="a name, or a file or folder of .abc; once for each corpus",
    )
    parser.add_argument(
        "--tunes",
        type=whole,
        default=100,
        metavar="N",
        help="tunes to generate for the card; 0 for the scores alone (default: %(default)s)",
    )
    parser.add_argument("--out", metavar="DIR", help="folder for card.json and card.png")
    parser.add_argument(
        "--temperature",
        type=number_or_tuned,
        metavar="T",
        help="temperature of the scores in the table; tuned: also score at the one that fits "
        "the model's validation tunes best",
    )
    parser.add_argument(
        "--ensemble", action="store_true", help="also score all models predicting together"
    )
    parser.add_argument(
        "--seed",
        type=whole,
        default=0,
        metavar="N",
        help="seed of generated tunes and of the intervals (default: %(default)s)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the numbers of the table as JSON"
    )
    parser.add_argument(
        "--per-tune", metavar="FILE", help="CSV file for the score of each tune by each model"
    )
    add_join_blank(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print and save the card of one model on one corpus; otherwise print a table."""
    one_of_each = len(model_names(arguments)) == len(arguments.corpora) == 1
    if one_of_each and not (arguments.temperature or arguments.json or arguments.per_tune):
        return _print_card(arguments)
    return _print_table(arguments)


def _print_card(arguments: argparse.Namespace) -> int:
    if arguments.ensemble:
        raise UsageError("argument --ensemble: give at least two models with --model")
    if arguments.out:
        require_writable(Path(arguments.out) / "card.json")
    find_models(arguments)  # first, so that swapped arguments are reported as such
    corpus = load_corpus(arguments.corpora[0], arguments.join_blank)
    [model] = load_models(arguments)
    from abcrnn.reports.model_card import examine

    card = examine(model, corpus, arguments.tunes, arguments.seed)
    print(card)
    if arguments.out:
        print("\nsaved:", *card.save(arguments.out))
    return 0


def _print_table(arguments: argparse.Namespace) -> int:
    if arguments.out:
        raise UsageError(
            "argument --out: the card is of one model and one corpus, without --temperature, "
            "--json and --per-tune"
        )
    if arguments.ensemble and len(model_names(arguments)) < 2:
        raise UsageError("argument --ensemble: give at least two models with --model")
    if arguments.per_tune:
        require_writable(arguments.per_tune)
    find_models(arguments)
    corpora = [load_corpus(name, arguments.join_blank) for name in arguments.corpora]
    models = _models_by_name(arguments)
    from abcrnn.evaluation.comparison import Comparison
    from abcrnn.reports.comparison_table import comparison_lines, tunes_csv

    found = [_compare(models, corpus, arguments) for corpus in corpora]
    comparison = Comparison(
        [record for each in found for record in each.records],
        [tune for each in found for tune in each.tunes],
        found[0].resamples,
        found[0].seed,
    )
    if arguments.json:
        numbers = {name: getattr(comparison, name) for name in ("resamples", "seed", "records")}
        print(json.dumps(numbers, indent=2, ensure_ascii=False))
    else:
        print(*comparison_lines(comparison), sep="\n")
    if arguments.per_tune:
        write_text(arguments.per_tune, tunes_csv(comparison))
    return 0


def _models_by_name(arguments: argparse.Namespace) -> dict[str, Any]:
    """Load the models; the name of each is the argument."""
    models: dict[str, Any] = {}
    loaded = load_models(arguments)
    for number, (name, model) in enumerate(
        zip(model_names(arguments), loaded, strict=True), start=1
    ):
        models[name if name not in models else f"{name} ({number})"] = model
    if arguments.ensemble:
        from abcrnn.models.ensemble import Ensemble

        models["ensemble"] = Ensemble(loaded)
    return models


def _compare(models: dict[str, Any], corpus: Corpus, arguments: argparse.Namespace) -> Comparison:
    """Score the models on the tunes of a corpus that none of them was trained on."""
    from abcrnn.evaluation.comparison import compare
    from abcrnn.evaluation.held_out import held_out_for_all, knows_training_tunes

    part = held_out_for_all(list(models.values()), corpus)
    for name, model in models.items():
        if not knows_training_tunes(model, corpus):
            _note(f"{name} does not record its training tunes: some may be among the scored ones")
    if left_out := len(corpus.tunes) - len(part.tunes):
        tunes = count_of(left_out, "tune")
        _note(f"{corpus.name}: {tunes} left out: used in the training or validation of a model")
    if arguments.temperature != "tuned":
        temperature = arguments.temperature or 1.0
        return compare(models, part, temperature, seed=arguments.seed)
    named: dict[str, Any] = {}
    temperatures: list[float] = []
    for name, model in models.items():
        named[name] = model
        temperatures.append(1.0)
        if (tuned := _tuned_temperature(name, model, corpus)) is not None:
            named[f"{name}, tuned"] = model
            temperatures.append(tuned)
    return compare(named, part, temperatures, seed=arguments.seed)


def _tuned_temperature(name: str, model: Any, corpus: Corpus) -> float | None:
    from abcrnn.evaluation.held_out import validation_part
    from abcrnn.evaluation.temperature import tune_temperature

    validation = validation_part(model, corpus)
    if validation is None:
        _note(
            f"{name} was not validated on a part of {corpus.name}: there are no tunes to tune its "
            "temperature on"
        )
        return None
    return tune_temperature(model, validation)


def _note(text: str) -> None:
    print(f"abcrnn: {text}", file=sys.stderr)
