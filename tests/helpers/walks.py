"""Random walks through the automata: every allowed character is equally likely.

python tests/helpers/walks.py TUNEBOOK... [--count N] [--seed S] [--cap C] [--out FILE]

Every walk must end within the cap and be a valid tune. Alphabets, meters, unit note
lengths and requests change from one batch of walks to the next.
"""

import argparse
import random
import sys
import time
from pathlib import Path

from abcrnn.grammar import END, PitchAutomaton, PitchState, TuneAutomaton
from abcrnn.notation import check_tune

METERS = ("2/4", "3/4", "4/4", "C", "C|", "6/8", "9/8", "12/8", "3/8", "6/4")
UNITS = ("1/4", "1/8", "1/16")
REQUESTS = (
    {},
    {},
    {"bars": 1},
    {"bars": 5},
    {"form": ((8, True), (8, True))},
    {"form": ((1, True), (2, False), (None, True))},
    {"form": ((4, False), (4, False))},
)
_BATCH = 500  # walks per automaton, unless given


class Walker:
    """Generate tunes from an automaton; every allowed character is equally likely."""

    def __init__(self, automaton: TuneAutomaton, source: random.Random) -> None:
        self.automaton, self.source = automaton, source
        self.pitches = PitchAutomaton()
        self.rows: dict = {}

    def row(self, state):
        """The allowed characters with their states and needs."""
        if state not in self.rows:
            after = self.automaton.successors(state)
            self.rows[state] = [(c, s, self.automaton.need(s)) for c, s in after.items()]
        return self.rows[state]

    def walk(self, cap: int, prompt: str = "") -> str:
        """Return a tune of at most ``cap`` characters, including the blank line after it."""
        state, count = self.automaton.follow(prompt)
        assert count == len(prompt), f"{prompt!r} is not allowed after {prompt[:count]!r}"
        pitch, text = PitchState(), prompt
        for c in prompt:
            pitch = self.pitches.step(pitch, c)
        while state != END:
            room = cap - len(text) - 1
            choices = [
                (c, after, held)
                for c, after, need in self.row(state)
                if need <= room and (held := self.pitches.step(pitch, c)) is not None
            ]
            assert choices, f"a dead end after {text!r}"
            c, state, pitch = self.source.choice(choices)
            text += c
        return text


def valid_walks(alphabet: str, count: int, seed: int, cap: int = 400, prompt: str = "", **requests):
    """Return the tunes of ``count`` walks; an assertion fails on the first invalid one."""
    walker = Walker(TuneAutomaton(alphabet, **requests), random.Random(seed))  # noqa: S311
    tunes = []
    for number in range(count):
        text = walker.walk(cap, prompt)
        assert len(text) <= cap and text.endswith("\n\n")
        assert not check_tune(text[:-2]), (seed, number, text, check_tune(text[:-2]))
        tunes.append(text[:-2])
    return tunes


def header(meter: str, unit: str = "", key: str = "D") -> str:
    lines = ["X:1", f"M:{meter}", *([f"L:{unit}"] if unit else []), f"K:{key}"]
    return "\n".join(lines) + "\n"


def run(
    alphabets: list[str], count: int, seed: int, cap: int, log=None, out=None, batch=_BATCH
) -> int:
    """Walk in batches with changing alphabets, meters, units and requests; return the number."""
    source = random.Random(seed)  # noqa: S311
    done, started = 0, time.time()
    while done < count:
        alphabet, requests = source.choice(alphabets), source.choice(REQUESTS)
        meter, unit = source.choice(METERS), source.choice(("", *UNITS))
        prompt = source.choice(("", "X:1\n", header(meter, unit), header(meter, unit)))
        alphabet = "".join(sorted({*alphabet, *prompt}))  # the prompt can be written
        part = min(batch, count - done)
        tunes = valid_walks(
            alphabet, part, source.randrange(2**32), cap + len(prompt), prompt, **requests
        )
        done += part
        if out:
            out.writelines(f"{tune}\n\n" for tune in tunes)
        if log:
            took = time.time() - started
            print(f"{done} valid, {took:.0f} s, {requests}, {prompt!r}", file=log, flush=True)
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("books", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cap", type=int, default=400)
    parser.add_argument("--out", type=argparse.FileType("w"))
    options = parser.parse_args()
    alphabets = ["".join(sorted(set(book.read_text("utf-8")))) for book in options.books]
    print(run(alphabets, options.count, options.seed, options.cap, sys.stdout, options.out))


if __name__ == "__main__":
    main()
