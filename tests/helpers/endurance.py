"""Long runs of random walks and mutated tunes, resumable by seed range.

PYTHONPATH=tests python -m helpers.endurance walks|mutations LOG [--seeds FIRST:END] [--size N]

Each seed makes a number of walks through the grammar, which must be valid tunes, or of mutated
tunes, which must survive the parser, the formatter and transposition. The result of each seed
is appended to LOG as a JSON line; seeds in it are skipped, so several processes may share the
seeds. A text that fails is part of its line, and the run continues. Prints the totals of LOG.
"""

import argparse
import json
import random
import re
import time
from collections import Counter
from pathlib import Path

from abcrnn import load_corpus, tidy
from abcrnn.notation import ABCError, played_notes, read_tune, transpose
from abcrnn.notation.tune import Note
from helpers import fuzz, walks
from helpers.tidiness import require_tidy

_CORPORA = ("irish", "jigs", "oneills")
_CAP = 350
_INTERVALS = (-12, -5, -2, 1, 3, 7)


def walk(seed: int, size: int) -> Counter:
    """Walk through the grammar; an assertion fails on the first invalid tune."""
    source = random.Random(seed)  # noqa: S311
    alphabet = "".join(sorted(set(load_corpus(source.choice(_CORPORA)).text)))
    return Counter(walks=walks.run([alphabet], size, seed, _CAP, batch=max(size // 2, 1)))


def mutate(seed: int, size: int) -> Counter:
    """Mutate tunes; each must survive the parser, the formatter and transposition."""
    source = random.Random(seed)  # noqa: S311
    tunes = list(load_corpus(source.choice(_CORPORA)).tunes)
    counts: Counter = Counter()
    for _ in range(size):
        text = fuzz.mutated(tunes, source)
        try:
            counts += check(text, source.choice(_INTERVALS))
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error}", text) from error
    return counts


def check(text: str, semitones: int) -> Counter:
    """Parse, format and transpose a text; return what could be done with it."""
    counts = Counter(mutated=1, read=0, formatted=0, transposed=0)
    with fuzz.step_limit(text):
        counts["read"] += fuzz.survives(text)
    if not counts["read"]:
        return counts
    try:
        formatted = tidy(text)
    except ABCError:
        pass
    else:
        require_tidy(text, formatted)
        counts["formatted"] += 1
    try:
        moved = transpose(text, semitones)
    except ABCError:
        return counts
    counts["transposed"] += 1
    problems = [f"{problem.kind} {problem.message}" for problem in read_tune(text).problems]
    # A pitch out of range stays. A stray sign may run into the note's own, and a stray colon
    # may make a field of the letter before it.
    if not any(re.search(r"pitch|the character '[_^=:]'", problem) for problem in problems):
        assert played(moved) == [
            [note._replace(pitch=note.pitch + semitones) for note in notes]
            for notes in played(text)
        ], semitones
    return counts


def played(text: str) -> list[list[Note]]:
    """Notes of each voice as played; empty for a voice that cannot be played."""
    tune = read_tune(text)
    voices = []
    for voice in tune.voices:
        try:
            voices.append(played_notes(tune, voice))
        except ABCError:
            voices.append([])
    return voices


_RUNS = {"walks": walk, "mutations": mutate}


def records(log: Path) -> list[dict]:
    return (
        [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
    )


def run(kind: str, log: Path, seeds: range, size: int) -> Counter:
    """Run the seeds that are not in the log; return the totals of the log."""
    for seed in seeds:
        if any((record["kind"], record["seed"]) == (kind, seed) for record in records(log)):
            continue
        started = time.time()
        record = {"kind": kind, "seed": seed, "size": size, "counts": {}, "failure": None}
        try:
            record["counts"] = _RUNS[kind](seed, size)
        except AssertionError as error:
            record["failure"] = [str(argument)[:20_000] for argument in error.args]
        record["seconds"] = round(time.time() - started, 1)
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
    total: Counter = Counter()
    for record in records(log):
        if record["kind"] == kind:
            total += Counter(record["counts"])
            total["failed seeds"] += bool(record["failure"])
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=_RUNS)
    parser.add_argument("log", type=Path)
    parser.add_argument("--seeds", default="0:1", metavar="FIRST:END")
    parser.add_argument("--size", type=int, default=200, help="walks or tunes of each seed")
    options = parser.parse_args()
    first, _, end = options.seeds.partition(":")
    print(dict(run(options.kind, options.log, range(int(first), int(end)), options.size)))


if __name__ == "__main__":
    main()
