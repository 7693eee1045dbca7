"""How sound drawn notes are, and how far from real ones.

python tests/note_quality.py MODEL FOLDER [--sequences 100] [--notes 200]

Not a test: takes a minute. Prints what docs/results.md quotes. Every sequence is written as
MIDI, and judged by what mido reads from it.
"""

import argparse
import io
import tempfile
from pathlib import Path

import mido
import numpy as np

from abcrnn.evaluation.distributions import distance
from abcrnn.events import NoteSampler, load_note_model, load_pieces, split_pieces, write_notes
from abcrnn.models.note_model import as_counter, count_notes


def is_sound(path, notes):
    """Whether mido finds as many notes begun and ended as were drawn, at no negative time."""
    begun = ended = 0
    for message in mido.MidiFile(file=io.BytesIO(path.read_bytes())):
        assert message.time >= 0
        if message.type in ("note_on", "note_off"):
            on = message.type == "note_on" and message.velocity > 0
            begun, ended = begun + on, ended + (not on)
    fine = (
        np.isfinite(notes["end"]).all() and min(notes["step"].min(), notes["duration"].min()) >= 0
    )
    return bool(fine) and begun == ended == len(notes)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("folder")
    parser.add_argument("--sequences", type=int, default=100)
    parser.add_argument("--notes", type=int, default=200)
    parser.add_argument("--temperature", type=float, default=1.0)
    words = parser.parse_args()
    model = load_note_model(words.model)
    collection = load_pieces(words.folder)
    split = model.about["pieces"]["split"]
    train, _, test = split_pieces(collection.pieces, **split)
    sampler = NoteSampler(model, words.temperature, seed=1)
    drawn = sampler.sample(words.notes, n=words.sequences)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drawn.mid"
        sound = 0
        for notes in drawn:
            write_notes(notes, path)
            sound += is_sound(path, notes)
    print(f"{sound} of {len(drawn)} sequences are sound MIDI files of {words.notes} notes")
    kinds = ("pitch", "step", "duration")
    real = count_notes(model.grid, np.concatenate([piece.notes for piece in test]))
    known = count_notes(model.grid, np.concatenate([piece.notes for piece in train]))
    made = count_notes(model.grid, np.concatenate(drawn))
    for name, counts in (("drawn", made), ("training pieces", known)):
        far = [distance(as_counter(counts[kind]), as_counter(real[kind])) for kind in kinds]
        print(name, *(f"{kind} {d:.3f}" for kind, d in zip(kinds, far, strict=True)))


if __name__ == "__main__":
    main()
