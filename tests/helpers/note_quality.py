"""Measure generated notes: valid MIDI files, and distance from real pieces.

python tests/helpers/note_quality.py MODEL FOLDER [--sequences 100] [--notes 200]

Not a test: takes a minute. Prints the figures of docs/results.md. Every sequence is written
as MIDI and judged by what mido reads from the file.
"""

import argparse
import io
import tempfile
from pathlib import Path

import mido
import numpy as np

from abcrnn.data.splits import recorded_arguments
from abcrnn.evaluation.distributions import distance
from abcrnn.events import NoteSampler, load_note_model, load_pieces, split_pieces, write_notes
from abcrnn.models.note_model import as_counter, count_notes


def is_valid(path, notes):
    """Whether mido reads as many note starts and ends as there are notes, at no negative time."""
    starts = ends = 0
    for message in mido.MidiFile(file=io.BytesIO(path.read_bytes())):
        assert message.time >= 0
        if message.type in ("note_on", "note_off"):
            on = message.type == "note_on" and message.velocity > 0
            starts, ends = starts + on, ends + (not on)
    finite = bool(np.isfinite(notes["end"]).all())
    ordered = min(notes["step"].min(), notes["duration"].min()) >= 0
    return finite and bool(ordered) and starts == ends == len(notes)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("folder")
    parser.add_argument("--sequences", type=int, default=100)
    parser.add_argument("--notes", type=int, default=200)
    parser.add_argument("--temperature", type=float, default=1.0)
    options = parser.parse_args()
    model = load_note_model(options.model)
    collection = load_pieces(options.folder)
    split = model.about["pieces"]["split"]
    train, _, test = split_pieces(collection.pieces, **recorded_arguments(split))
    sampler = NoteSampler(model, options.temperature, seed=1)
    generated = sampler.sample(options.notes, n=options.sequences)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "generated.mid"
        valid = 0
        for notes in generated:
            write_notes(notes, path)
            valid += is_valid(path, notes)
    print(f"{valid} of {len(generated)} sequences are valid MIDI files of {options.notes} notes")
    kinds = ("pitch", "step", "duration")
    real = count_notes(model.grid, np.concatenate([piece.notes for piece in test]))
    known = count_notes(model.grid, np.concatenate([piece.notes for piece in train]))
    own = count_notes(model.grid, np.concatenate(generated))
    for name, counts in (("generated", own), ("training pieces", known)):
        far = [distance(as_counter(counts[kind]), as_counter(real[kind])) for kind in kinds]
        print(name, *(f"{kind} {d:.3f}" for kind, d in zip(kinds, far, strict=True)))


if __name__ == "__main__":
    main()
