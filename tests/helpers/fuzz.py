"""Hostile text for the reader: real tunes, mutated at random, from a seed.

python tests/fuzz.py TUNEBOOK... [--count N] [--seed S] [--log FILE]

Every one must end in a Tune or an ABCError, soon and in little memory.
"""

import argparse
import random
import resource
import sys
import time
from pathlib import Path

from abcrnn.notation import ABCError, played_notes, read_tune, split_tunebook
from abcrnn.notation.checks import problems_of

PIECES = [
    *"ABCDEFGabcdefgzxyZX|:[](){}<>-=^_/\\\"!+~.,'&*`$%0123456789 \n\t",
    "|:",
    ":|",
    "::",
    "|]",
    "[1",
    "[2",
    "|1",
    ":|2",
    "(3",
    "(9:9:9",
    "[K:",
    "[M:",
    "[V:",
    "K:",
    "M:",
    "L:",
    "Q:",
    "P:",
    "V:",
    "X:",
    "w:",
    "%%",
    "+:",
    "9999",
    "1000000",
    "/0",
    "//////////",
    "^^",
    "__",
    "Z999",
    "\0",
    "\ud800",
    "é",
    "\u0663",
    ">>>>>",
    "(((A2)9)9)9",
    "M:99999/4",
    "L:1/999999",
    "K:Cmin exp ^c",
]
SLOWEST = 0.1  # seconds, by the process's own clock
LARGEST = 50 * 1024  # kilobytes


def mutated(tunes: list[str], random_source: random.Random) -> str:
    """A tune with pieces cut out, put in, doubled or taken from another."""
    text = random_source.choice(tunes)
    for _ in range(random_source.choice((1, 1, 2, 3, 8, 40))):
        place = random_source.randrange(len(text) + 1)
        kind = random_source.randrange(5)
        if kind == 0:
            text = text[:place] + text[place + random_source.randrange(1, 30) :]
        elif kind == 1:
            text = text[:place] + random_source.choice(PIECES) + text[place:]
        elif kind == 2:
            other = random_source.choice(tunes)
            start = random_source.randrange(len(other))
            text = text[:place] + other[start : start + 60] + text[place:]
        elif kind == 3:
            piece = text[place : place + random_source.randrange(1, 12)]
            text = text[:place] + piece * random_source.choice((2, 3, 50)) + text[place:]
        else:
            text = text[:place] + random_source.choice(PIECES) + text[place + 1 :]
    return text[:20_000]


def survives(text: str) -> bool:
    """Read, play and check a text: whether it is a tune (else it was an ABCError)."""
    try:
        tune = read_tune(text)
        problems_of(tune)
        for voice in tune.voices:
            played_notes(tune, voice)
    except ABCError:
        return False
    return True


def run(tunes: list[str], count: int, seed: int, log=None) -> dict[str, float]:
    """Fuzz, and say how it went; raises on the first text that breaks a promise."""
    random_source = random.Random(seed)  # noqa: S311
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest, read = 0.0, 0
    for number in range(count):
        text = mutated(tunes, random_source)
        start = time.process_time()
        try:
            read += survives(text)
        except Exception:
            Path("fuzz-broke-on.abc").write_text(text, encoding="utf-8", errors="surrogatepass")
            raise
        took = time.process_time() - start
        slowest = max(slowest, took)
        if took > SLOWEST and log:
            print(f"{number}: {took:.3f} s: {text!r}", file=log, flush=True)
        if log and number % 10_000 == 9_999:
            print(f"{number + 1} done, slowest {slowest:.3f} s", file=log, flush=True)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"count": count, "read": read, "slowest_s": slowest, "grown_kb": grown}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("books", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    tunes = [
        block.text
        for book in options.books
        for block in split_tunebook(book.read_text(encoding="utf-8"))[0]
    ]
    print(run(tunes, options.count, options.seed, sys.stdout))


if __name__ == "__main__":
    main()
