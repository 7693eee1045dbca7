"""Hostile text for the parser: real tunes, mutated at random from a seed.

python tests/helpers/fuzz.py TUNEBOOK... [--count N] [--seed S]

Each text must give a Tune or an ABCError, in a bounded number of steps.
"""

import argparse
import random
import sys
from pathlib import Path

from abcrnn.notation import ABCError, played_notes, read_tune, split_tunebook
from abcrnn.notation.checks import problems_of

try:
    from helpers.steps import StepLimit
except ImportError:  # run as a script
    from steps import StepLimit

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
MAX_BYTES = 50 * 1024 * 1024  # memory used by reading, playing and checking one text


def mutated(tunes: list[str], random_source: random.Random) -> str:
    """Return a tune with pieces removed, inserted, repeated or taken from another tune."""
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


def step_limit(text: str) -> StepLimit:
    """Context for reading, playing and checking a text.

    The constant is for a text that is short and plays for long. The longest is ``|:Z999:|``,
    since a tune may have 999 bars of rest: 311,000 steps.
    """
    return StepLimit(320_000 + 300 * len(text))


def survives(text: str) -> bool:
    """Read, play and check a text: whether it is a tune. ``ABCError`` is the only exception."""
    try:
        tune = read_tune(text)
        problems_of(tune)
        for voice in tune.voices:
            played_notes(tune, voice)
    except ABCError:
        return False
    return True


def run(tunes: list[str], count: int, seed: int, log=None) -> dict[str, float]:
    """Read ``count`` mutated tunes; raises on the first text that exceeds a limit.

    The text is then in fuzz-broke-on.abc. Returns the number of texts, the number of those
    that were tunes, and the largest number of steps as a share of the limit.
    """
    source = random.Random(seed)  # noqa: S311
    share, read = 0.0, 0
    for number in range(count):
        text = mutated(tunes, source)
        try:
            with step_limit(text) as counter:
                read += survives(text)
        except Exception:
            Path("fuzz-broke-on.abc").write_text(text, encoding="utf-8", errors="surrogatepass")
            raise
        share = max(share, counter.steps / counter.limit)
        if log and number % 10_000 == 9_999:
            print(f"{number + 1} texts, steps {share:.1%} of the limit", file=log, flush=True)
    return {"count": count, "read": read, "steps_of_limit": share}


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
