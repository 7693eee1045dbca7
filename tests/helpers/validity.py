"""How sound a model's tunes are, constrained and not, by our checks and by abc2midi.

python tests/soundness.py MODEL --tunes 1000 [--untrained]

Not a test: takes minutes. Prints what docs/results.md quotes.
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
    """Count the tunes that are sound, that convert, and that abc2midi takes without complaint."""
    counts: Counter = Counter(tunes=len(tunes))
    with tempfile.TemporaryDirectory() as folder:
        for tune in tunes:
            counts["sound"] += not abcrnn.check_tune(tune)
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
    words = parser.parse_args()
    model, program = abcrnn.load_model(words.model), find_or_skip()
    if words.untrained:
        model = abcrnn.CharLSTM(model.vocabulary, **model.config)
    for constraint in (None, "bars"):
        sampler = abcrnn.Sampler(model, words.temperature, seed=1, constraint=constraint)
        # An untrained model hardly ever ends a tune of itself: few are tried.
        wanted = words.tunes if constraint or not words.untrained else words.tunes // 50
        begun = time.monotonic()
        tunes = sampler.tunes(wanted, max_length=1000)
        cold = sum(map(len, tunes)) / (time.monotonic() - begun)
        begun = time.monotonic()
        again = sampler.tunes(wanted, max_length=1000)  # all is compiled and met before
        warm = sum(map(len, again)) / (time.monotonic() - begun)
        counts = survey(model, tunes, program)
        bits = Scorer(model).score(tunes).bits_per_char if tunes else float("nan")
        print(f"constraint {constraint}: {dict(counts)}")
        print(f"  {cold:,.0f} characters/s the first time, {warm:,.0f} the second", flush=True)
        print(f"  {bits:.3f} bits per character by the model itself", flush=True)


if __name__ == "__main__":
    main()
