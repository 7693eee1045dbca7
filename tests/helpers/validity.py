"""Count the valid tunes of a model, with and without constraint, by check_tune and abc2midi.

PYTHONPATH=tests python -m helpers.validity MODEL --tunes 1000 [--untrained]

Not a test: it takes minutes. It prints the numbers that docs/results.md quotes.
"""

import argparse
import contextlib
import tempfile
import time
from collections import Counter
from pathlib import Path

import abcrnn
from abcrnn.evaluation.scoring import Scorer
from helpers.abc2midi import find_or_skip, play


def survey(model, tunes: list[str], program: str) -> Counter:
    """Count the tunes that are valid, that convert, and that abc2midi reads without errors."""
    counts: Counter = Counter(tunes=len(tunes))
    with tempfile.TemporaryDirectory() as folder:
        for tune in tunes:
            counts["valid"] += not abcrnn.check_tune(tune)
            with contextlib.suppress(abcrnn.ABCError):
                counts["converted"] += bool(abcrnn.to_midi_bytes(tune))
            said = play(program, tune, Path(folder))[1]
            counts["abc2midi clean"] += not ("Error" in said or "time units" in said)
    return counts


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--tunes", type=int, default=1000)
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--untrained", action="store_true", help="new weights of the same shape")
    arguments = parser.parse_args()
    model, program = abcrnn.load_model(arguments.model), find_or_skip()
    if arguments.untrained:
        model = abcrnn.CharLSTM(model.vocabulary, **model.config)
    for constraint in (None, "bars"):
        sampler = abcrnn.Sampler(model, arguments.temperature, seed=1, constraint=constraint)
        # An untrained model hardly ever ends a tune without constraint, so only few are sampled.
        wanted = arguments.tunes if constraint or not arguments.untrained else arguments.tunes // 50
        start = time.monotonic()
        tunes = sampler.tunes(wanted, max_length=1000)
        cold = sum(map(len, tunes)) / (time.monotonic() - start)
        start = time.monotonic()
        again = sampler.tunes(wanted, max_length=1000)  # compiled, states known
        warm = sum(map(len, again)) / (time.monotonic() - start)
        counts = survey(model, tunes, program)
        bits = Scorer(model).score(tunes).bits_per_char if tunes else float("nan")
        print(f"constraint {constraint}: {dict(counts)}")
        print(f"  {cold:,.0f} characters/s the first time, {warm:,.0f} the second", flush=True)
        print(f"  {bits:.3f} bits per character by the model itself", flush=True)


if __name__ == "__main__":
    main()
