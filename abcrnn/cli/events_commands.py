"""What ``abcrnn events`` does and prints; imports stand inside, as in abcrnn.commands."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcrnn.cli.console import import_tensorflow

if TYPE_CHECKING:
    from abcrnn.data.midi_folder import Collection
    from abcrnn.data.notes import Instruments, Notes, Piece

_VALIDATION = _TEST = 0.1
_CONTEXT = 25  # notes that stand before each that is scored, as the tutorial's model needs them
_EMBEDDED = "oneills"
_TEMPO = 120.0  # quarter notes a minute, where a model does not say


def train(arguments: argparse.Namespace) -> int:
    """Train a model of notes, and say how good it is and what to do with it."""
    collection = _collection(arguments.folder, arguments.instruments)
    import_tensorflow()
    from abcrnn.data.midi_folder import split_pieces
    from abcrnn.models.note_model import NoteModel
    from abcrnn.models.note_recipes import note_recipe
    from abcrnn.training.note_trainer import NoteTrainer

    parts = split_pieces(collection.pieces, _VALIDATION, _TEST, arguments.seed)
    notes = sum(len(piece.notes) for piece in collection.pieces)
    print(f"{collection.name}: {len(collection.pieces)} pieces, {notes:,} notes", end="")
    print(
        f"; {len(parts[0])} to learn from, {len(parts[1])} to validate, {len(parts[2])} set aside"
    )
    model = NoteModel.from_recipe(arguments.recipe, parts[0], seed=arguments.seed)
    trainer = NoteTrainer.from_recipe(
        arguments.recipe,
        model,
        parts[0],
        validation=parts[1],
        run_dir=arguments.out,
        origin={
            "name": collection.name,
            "fingerprint": collection.fingerprint,
            "instruments": arguments.instruments,
            "tempo": collection.tempo,
            "split": {"validation": _VALIDATION, "test": _TEST, "seed": arguments.seed},
        },
        seed=arguments.seed,
    )
    arguments.hint = f"go on with the same command; all is kept in {arguments.out}"
    history = trainer.fit(arguments.epochs or note_recipe(arguments.recipe).epochs)
    best = min(history, key=lambda record: record.validation_loss)
    print(f"{len(history)} epochs; the best was {best.epoch}: validation loss ", end="")
    print(f"{best.validation_loss:.4f} (pitch {best.validation_pitch:.4f}, ", end="")
    print(f"step {best.validation_step:.4f}, duration {best.validation_duration:.4f})")
    file = Path(arguments.out) / "best.abcrnn"
    print(f"Try next:\n  abcrnn events sample {file} -o new.mid --plot new.png")
    return 0


def sample(arguments: argparse.Namespace) -> int:
    """Write new notes as a MIDI file."""
    from abcrnn.export.notes import program_number, require_tempo

    opening = _opening(arguments.opening) if arguments.opening else None
    program = program_number(arguments.instrument)  # a wrong word is said before the waiting
    if arguments.tempo is not None:
        require_tempo(arguments.tempo)
    import_tensorflow()
    from abcrnn.export.notes import scale_times, write_notes
    from abcrnn.models.note_model import load_note_model
    from abcrnn.reports.piano_roll import plot_notes
    from abcrnn.sampling.note_sampler import NoteSampler

    model = load_note_model(arguments.model)
    own = float(model.about.get("pieces", {}).get("tempo", _TEMPO))
    sampler = NoteSampler(model, arguments.temperature, arguments.seed)
    # The model knows the times of its data's tempo: what it goes on from is brought to that.
    before = scale_times(opening.notes, opening.tempo / own) if opening else None
    [notes] = sampler.sample(arguments.notes, opening=before)
    if arguments.plot:
        plot_notes(notes, model, arguments.plot)
    tempo = arguments.tempo
    if tempo is None:
        tempo = opening.tempo if opening else own
    whole = notes if before is None else _joined(before, notes)
    write_notes(scale_times(whole, own / tempo), arguments.out, program, tempo)
    begun = f" after the {len(opening.notes)} of {arguments.opening}" if opening else ""
    print(f"{len(notes)} new notes{begun} in {arguments.out}", file=sys.stderr)
    if arguments.plot:
        print(f"a picture of the new notes in {arguments.plot}", file=sys.stderr)
    return 0


def evaluate(arguments: argparse.Namespace) -> int:
    """Print how well a model foretells notes it has not seen."""
    import_tensorflow()
    from abcrnn.data.midi_folder import split_pieces
    from abcrnn.evaluation.note_scoring import NoteScorer
    from abcrnn.models.note_model import load_note_model

    model = load_note_model(arguments.model)
    origin: dict[str, Any] = model.about.get("pieces", {})
    collection = _collection(arguments.folder, origin.get("instruments", "merged"))
    pieces, which = list(collection.pieces), "none of them known to it"
    if origin.get("fingerprint") == collection.fingerprint:
        pieces, which = split_pieces(pieces, **origin["split"])[2], "those set aside in training"
    scores = NoteScorer(model).score(pieces, after=_CONTEXT)
    print(f"{len(pieces)} pieces of {collection.name}, {which}: {scores.notes:,} notes, ", end="")
    print(f"each with {_CONTEXT} or more before it")
    print(f"  pitch      {scores.pitch_nats:.3f} nats, {scores.pitch_accuracy:6.1%} guessed")
    print(f"  step       {scores.step_accuracy:6.1%} of classes guessed")
    print(f"  duration   {scores.duration_accuracy:6.1%} of classes guessed")
    print(
        f"  loss       {scores.loss:.4f} (pitch {scores.pitch:.4f}, step {scores.step:.4f}, ",
        end="",
    )
    print(f"duration {scores.duration:.4f})")
    return 0


def _collection(folder: str | None, instruments: Instruments) -> Collection:
    from abcrnn.data.midi_folder import load_pieces

    return load_pieces(folder or _embedded(), instruments)


def _embedded() -> Path:
    """Turn the corpus that comes with music21 into MIDI files, once; return their folder."""
    from abcrnn.data.corpus import load_corpus
    from abcrnn.data.registry import cache_folder
    from abcrnn.export.tunebook import convert_tunes
    from abcrnn.storage.atomic import write_text
    from abcrnn.storage.extras import import_pretty_midi

    import_pretty_midi()  # said now, not after a minute of writing
    folder = cache_folder() / "midi" / _EMBEDDED
    done = folder / "done"
    if not done.exists():
        print(f"Turning {_EMBEDDED} into MIDI files in {folder}; this is done once.")
        convert_tunes(load_corpus(_EMBEDDED).tunes, folder)
        write_text(done, "")
    return folder


def _opening(path: str) -> Piece:
    from abcrnn.data.notes import read_midi

    pieces = read_midi(path)
    if not pieces:
        raise ValueError(f"{path} has no notes but drums, if any: there is nothing to go on from")
    return pieces[0]


def _joined(opening: Notes, notes: Notes) -> Notes:
    import numpy as np

    moved = notes.copy()
    for name in ("start", "end"):
        moved[name] += opening["start"][-1]
    return np.concatenate([opening, moved])
