"""Tunes of the packaged model beside real held-out tunes: ``python -m benchmarks packaged``.

Composes tunes without requests and compares them with the training and held-out tunes of the
model's corpora, then composes tunes for each key and each meter that has at least ten training
tunes. Composed tunes are stored in a folder; run the same command to resume.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from abcrnn import check_tune, compose, load_corpus, load_model
from abcrnn.evaluation.distributions import distance, distributions
from abcrnn.evaluation.held_out import held_out_part, training_part
from abcrnn.evaluation.tune_metrics import Ending, TuneMetrics, measure_all
from abcrnn.notation import Tune, read_tune
from abcrnn.notation.diagnostics import WARNINGS
from abcrnn.notation.fields import Key, parse_key
from abcrnn.storage.atomic import write_text

_CHUNK = 100  # tunes that are composed and stored at a time
_FEWEST = 10  # training tunes of a key or meter that is requested

#: By request: its value in a tune, and whether a tune meets it. A key has several spellings.
_REQUESTS: dict[str, tuple[Callable[[Tune], str], Callable[[Tune, str], bool]]] = {
    "key": (
        lambda tune: tune.key.name,
        lambda tune, value: _signature(tune.key) == _signature(parse_key(value)),
    ),
    "meter": (
        lambda tune: tune.meter.text,
        lambda tune, value: _in_numbers(tune.meter.text) == _in_numbers(value),
    ),
}

#: Shares of tunes, and shares of bars, that are compared.
_SHARES: dict[str, Callable[[list[TuneMetrics]], float]] = {
    "tunes that end on the tonic": lambda all_: _mean(
        [m.ending == Ending.TONIC for m in all_ if m.ending is not None]
    ),
    "tunes in which a bar returns": lambda all_: _mean([m.returning > 0 for m in all_]),
    "tunes in which two bars in a row return": lambda all_: _mean(
        [m.returning_pairs > 0 for m in all_]
    ),
    "bars seen before, notes and rhythm": lambda all_: _ratio(all_, "returning"),
    "bars seen before, rhythm": lambda all_: _ratio(all_, "returning_rhythms"),
    "tunes that leap over an octave": lambda all_: _mean([m.leaps > 0 for m in all_]),
}


def main(arguments: Sequence[str]) -> int:
    """Compose the tunes, and print the comparison and the counts of requests."""
    options = _parser().parse_args(arguments)
    model = load_model(options.model)
    training, held_out = _real_tunes(model, options.corpora)
    report: dict[str, Any] = {"model": model.fingerprint[:16]}
    report["free"] = _free(model, training, held_out, options)
    report["requests"] = dict(_requested(model, training, options))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 0


def _real_tunes(model: Any, names: list[str]) -> tuple[list[str], list[str]]:
    """Return the training tunes, and the valid held-out tunes."""
    training: list[str] = []
    held_out: list[str] = []
    for corpus in map(load_corpus, names):
        part = training_part(model, corpus)
        if part is None:
            raise ValueError(f"{corpus.name} is not a training corpus of the model")
        training += part.tunes
        held_out += held_out_part(model, corpus).tunes
    return training, [tune for tune in held_out if _is_valid(tune)]


def _free(
    model: Any, training: list[str], held_out: list[str], options: argparse.Namespace
) -> dict[str, Any]:
    """Compose tunes without requests; print and return how they compare with real tunes."""
    made, refused = _composed(model, options.tunes, options, {})
    copied = max((model.novelty.compare(tune).bars for tune in made), default=0)
    found: dict[str, Any] = {
        "tunes": len(made),
        "valid": sum(map(_is_valid, made)),
        "most bars copied": round(copied, 2),
        "refused": refused,
    }
    print(found)
    reference = distributions(training)
    sets = {"generated": made[: len(held_out)], "held-out": held_out, "training": training}
    measured = {name: measure_all(tunes) for name, tunes in sets.items()}
    measured["generated"] = measure_all(made)
    for kind, counts in reference.items():
        # Distances depend on the number of tunes, so both samples have the same.
        found[kind] = {
            name: round(distance(distributions(sets[name])[kind], counts), 4)
            for name in ("generated", "held-out")
        }
    for name, share in _SHARES.items():
        found[name] = {which: round(share(each), 4) for which, each in measured.items()}
    for name in (*reference, *_SHARES):
        print(f"{name:42}", found[name], flush=True)
    return found


def _requested(
    model: Any, training: list[str], options: argparse.Namespace
) -> Iterator[tuple[str, dict[str, int]]]:
    """Compose tunes for each frequent key and meter; print and yield how many match."""
    tunes = [read_tune(tune) for tune in training]
    for name, (value_of, meets) in _REQUESTS.items():
        for value, count in Counter(map(value_of, tunes)).most_common():
            if count < _FEWEST or value == "none":
                continue
            made, _ = _composed(model, options.each, options, {name: value})
            met = sum(_is_valid(tune) and meets(read_tune(tune), value) for tune in made)
            result = {"training tunes": count, "composed": len(made), "met": met}
            print(f"{name} {value}: {result}", flush=True)
            yield f"{name} {value}", result


def _composed(
    model: Any, count: int, options: argparse.Namespace, request: dict[str, str]
) -> tuple[list[str], dict[str, int]]:
    """Compose tunes, or read those of an earlier run; also the counts of refused ones."""
    label = "-".join([*request, *request.values()]).replace("/", "_") or "free"
    tunes: list[str] = []
    refused: Counter[str] = Counter()
    for seed in range(-(-count // _CHUNK)):
        path = options.work / f"{model.fingerprint[:16]}-{label}-{count}-{seed}.json"
        if not path.exists():
            some = min(_CHUNK, count - len(tunes))
            made = compose(model, some, seed=options.seed + seed, **request)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, json.dumps([made.tunes, made.report.refused], ensure_ascii=False))
        chunk, reasons = json.loads(path.read_text("utf-8"))
        tunes += chunk
        refused.update(reasons)
    return tunes, dict(refused)


def _is_valid(tune: str) -> bool:
    return all(problem.kind in WARNINGS for problem in check_tune(tune))


def _in_numbers(meter: str) -> str:
    """Return a meter in numbers: ``C`` and ``C|`` are other spellings of 4/4 and 2/2."""
    return {"C": "4/4", "C|": "2/2"}.get(meter, meter)


def _signature(key: Key | None) -> tuple[Any, ...]:
    return (key.tonic, key.fifths, key.changes) if key else ()


def _mean(values: list[bool]) -> float:
    return sum(values) / len(values) if values else 0.0


def _ratio(metrics: list[TuneMetrics], name: str) -> float:
    bars = sum(each.full_bars for each in metrics)
    return sum(getattr(each, name) for each in metrics) / bars if bars else 0.0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks packaged",
        description="Compare tunes of the packaged model with real ones, and count met requests. "
        "Run the same command to resume.",
    )
    parser.add_argument("--model", default="folk")
    parser.add_argument("--corpora", nargs="+", default=["oneills", "ryans", "airds"])
    parser.add_argument("--tunes", type=int, default=1000, metavar="N", help="without requests")
    parser.add_argument("--each", type=int, default=40, metavar="N", help="of each key and meter")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--work", type=Path, default=Path("packaged-tunes"), metavar="DIR")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures as JSON")
    return parser
