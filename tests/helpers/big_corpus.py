"""Write a tunebook of any size from real tunes, and measure training on it.

python tests/helpers/big_corpus.py make BOOK --megabytes N [--transpositions M] TUNEBOOK...
python tests/helpers/big_corpus.py train BOOK [--steps N]

The book contains copies of the tunes, transposed and renumbered. ``train`` prints one line of
JSON: seconds to load, to split and to the first window; characters per second; resident memory
of the process in MB (10**6 bytes).
"""

import argparse
import contextlib
import itertools
import json
import re
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

SEMITONES = (0, 2, -2, 3, -3, 5, -5, 1, -1, 4, -4, 6)


def make_book(
    path: Path, tunes: Sequence[str], size: int, transpositions: int = len(SEMITONES)
) -> None:
    """Write at least ``size`` bytes: all tunes in several transpositions, repeated."""
    from abcrnn.notation import renumber, transpose

    transposed = [transpose(tune, by) for by in SEMITONES[:transpositions] for tune in tunes]
    number = itertools.count(1)
    with open(path, "w", encoding="utf-8") as file:
        while file.tell() < size:
            copies = (renumber(tune, next(number)) for tune in transposed)
            file.write("\n\n".join(copies) + "\n\n")


def memory(field: str) -> float:
    """Return VmRSS (resident now) or VmHWM (its maximum so far) of this process, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+) kB", status).group(1)) * 1024 / 1e6


def stop_training_after(steps: int) -> list[float]:
    """Interrupt training after ``steps`` windows; the list fills with the time of each window."""
    from abcrnn.data.windows import Batch, Streams

    original, times = Streams.epoch, []

    def epoch(streams: Streams, number: int, start: int = 0) -> Iterator[Batch]:
        for batch in original(streams, number, start):
            times.append(time.monotonic())
            if len(times) == steps:
                signal.raise_signal(signal.SIGINT)
            yield batch

    Streams.epoch = epoch
    return times


def train(book: Path, steps: int, run: Path) -> dict[str, float]:
    """Train a small model for ``steps`` steps, then score some of the validation tunes."""
    from abcrnn import CharLSTM, Trainer, evaluate, load_corpus
    from abcrnn.data.corpus import Corpus

    started = time.monotonic()
    corpus = load_corpus(book)
    loaded = time.monotonic()
    parts = corpus.split(0.1, 0.1, seed=0)
    split = time.monotonic()
    model = CharLSTM(corpus.vocabulary, embedding_dim=16, units=64, num_layers=1, dropout=0)
    settings = {"batch_size": 16, "seq_length": 64}
    trainer = Trainer(model, parts[0], validation=parts[1], run_dir=run, **settings)
    times = stop_training_after(steps)
    with contextlib.suppress(KeyboardInterrupt):
        trainer.fit(1_000_000)
    first = min(20, steps // 2)  # everything is compiled by then
    scores = evaluate(model, Corpus("some", parts[1].tunes[:1000]))
    return {
        "tunes": len(corpus.tunes),
        "characters": corpus.character_counts.total(),
        "load_seconds": loaded - started,
        "split_seconds": split - loaded,
        "first_window_seconds": times[0] - started,
        "steps": len(times),
        "characters_per_second": (steps - first) * 16 * 64 / (times[-1] - times[first - 1]),
        "bits_per_char": scores["bits_per_char"],
        "resident": memory("VmRSS"),
        "peak": memory("VmHWM"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["make", "train"])
    parser.add_argument("book", type=Path)
    parser.add_argument("tunebooks", nargs="*")
    parser.add_argument("--megabytes", type=float, default=1.0)
    parser.add_argument("--transpositions", type=int, default=len(SEMITONES))
    parser.add_argument("--steps", type=int, default=400)
    options = parser.parse_intermixed_args()
    if options.what == "train":
        with tempfile.TemporaryDirectory() as run:
            print(json.dumps(train(options.book, options.steps, Path(run))))
        return
    from abcrnn import load_corpus

    tunes = [tune for book in options.tunebooks for tune in load_corpus(book).tunes]
    make_book(options.book, tunes, int(options.megabytes * 1e6), options.transpositions)


if __name__ == "__main__":
    main()
