"""``abcrnn events``: learning from MIDI files, with notes instead of characters."""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcrnn.cli.argument_types import count, instrument, picture, positive
from abcrnn.cli.arguments import (
    add_command,
    add_command_group,
    add_model,
    add_sampling_options,
    add_top_p,
)
from abcrnn.cli.model_arguments import load_note_model
from abcrnn.cli.run_arguments import add_run_options, add_shares
from abcrnn.cli.terminal import import_tensorflow, resume_hint
from abcrnn.cli.training_run import (
    add_distribute,
    add_settings,
    distribution_strategy,
    report_run,
    require_shares,
    settings_of,
)
from abcrnn.models.note_recipes import NOTE_RECIPES
from abcrnn.reports.wording import count_of
from abcrnn.storage.atomic import require_writable

if TYPE_CHECKING:
    from abcrnn.data.midi_folder import Collection
    from abcrnn.data.notes import Instruments, Notes, Piece

_CONTEXT = 25  # notes before each scored note; the recipe "tutorial" needs as many
_EMBEDDED = "oneills"
# Version of its MIDI files in the cache. Increase it when tunes are converted differently.
_EMBEDDED_VERSION = "2"
_TEMPO = 120.0  # quarter notes a minute, if a model records none


def add_parser(subparsers: Any) -> None:
    """Add the commands to the command line."""
    actions = add_command_group(
        subparsers,
        "events",
        "learn from MIDI files, and generate notes",
        "abcrnn events train my-midi-files --out runs/notes",
    )
    _add_train(actions)
    _add_sample(actions)
    _add_evaluate(actions)


def _add_train(actions: Any) -> None:
    parser = add_command(
        actions,
        "train",
        train,
        "train a model on the notes of MIDI files",
        "abcrnn events train my-midi-files --out runs/notes",
    )
    _add_folder(parser)
    add_run_options(parser, sorted(NOTE_RECIPES))
    add_settings(parser, "notes")
    add_shares(parser, "files", "abcrnn events evaluate")
    parser.add_argument(
        "--instruments",
        default="merged",
        choices=("merged", "programs"),
        help="a file as one piece, or as one piece for each program (default: %(default)s)",
    )
    add_distribute(parser)


def _add_sample(actions: Any) -> None:
    parser = add_command(
        actions,
        "sample",
        sample,
        "generate notes and write them as a MIDI file",
        "abcrnn events sample runs/notes -o new.mid --instrument flute",
    )
    add_model(parser, several="one only", default=None)
    parser.add_argument("-o", "--out", required=True, metavar="FILE", help="MIDI file to write")
    parser.add_argument(
        "--notes",
        type=count,
        default=200,
        metavar="N",
        help="number of notes (default: %(default)s)",
    )
    add_sampling_options(parser, seed=0)
    add_top_p(parser, of="values")
    parser.add_argument(
        "--continue", dest="opening", metavar="IN.mid", help="MIDI file whose notes to continue"
    )
    parser.add_argument(
        "--instrument",
        type=instrument,
        default="0",
        metavar="NAME",
        help="General MIDI instrument, such as flute or 73 (default: %(default)s)",
    )
    parser.add_argument(
        "--tempo",
        type=positive,
        metavar="BPM",
        help="quarter notes per minute (default: that of the training data)",
    )
    parser.add_argument(
        "--plot",
        type=picture,
        metavar="PNG",
        help="picture with a piano roll and the distributions of the notes",
    )


def _add_evaluate(actions: Any) -> None:
    parser = add_command(
        actions,
        "evaluate",
        evaluate,
        "score a model on held-out MIDI files",
        "abcrnn events evaluate runs/notes my-midi-files",
    )
    add_model(parser, several="one only", default=None)
    _add_folder(parser)


def _add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder",
        nargs="?",
        metavar="FOLDER",
        help="folder of MIDI files, with subfolders (default: O'Neill's Music of Ireland)",
    )


# Actions -------------------------------------------------------------------------------------


def train(arguments: argparse.Namespace) -> int:
    """Train a model on the notes of MIDI files, or resume a run."""
    require_shares(arguments)
    require_writable(Path(arguments.out) / "run.json")
    import_tensorflow()
    strategy = distribution_strategy(arguments.distribute)
    from abcrnn.data.midi_folder import split_pieces
    from abcrnn.data.splits import describe_split
    from abcrnn.models.note_model import NoteModel
    from abcrnn.models.note_recipes import note_recipe
    from abcrnn.training.note_trainer import NoteTrainer
    from abcrnn.training.run_folder import RunFolder

    collection = _load_pieces(arguments.folder, arguments.instruments)
    rule = RunFolder(arguments.out).split_rule()
    shares = arguments.validation, arguments.test
    parts = split_pieces(collection.pieces, *shares, arguments.seed, rule)
    notes = sum(len(piece.notes) for piece in collection.pieces)
    print(
        f"{collection.name}: {count_of(len(collection.pieces), 'piece')}, {notes:,} notes; "
        f"{len(parts[0])} for training, {len(parts[1])} for validation, {len(parts[2])} held out"
    )
    with strategy.scope() if strategy else contextlib.nullcontext():
        # The recipe "tutorial" reads windows of the length that it is trained on.
        window = {"seq_length": arguments.seq_length} if arguments.seq_length else {}
        overrides = window if "seq_length" in note_recipe(arguments.recipe).model else {}
        model = NoteModel.from_recipe(arguments.recipe, parts[0], seed=arguments.seed, **overrides)
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
            "split": describe_split(*shares, arguments.seed, rule),
        },
        seed=arguments.seed,
        strategy=strategy,
        **settings_of(arguments),
    )
    arguments.hint = resume_hint(arguments)
    trainer.fit(arguments.epochs or note_recipe(arguments.recipe).epochs)
    if trainer.is_chief:
        model_file = str(Path(arguments.out) / "best.abcrnn")
        command = ["abcrnn", "events", "sample", model_file, "-o", "new.mid", "--plot", "new.png"]
        return report_run(trainer, lambda record: record.validation_loss, command)
    return 0


def sample(arguments: argparse.Namespace) -> int:
    """Generate notes, and write them as a MIDI file."""
    from abcrnn.export.instruments import program_number

    # Before TensorFlow is imported, which takes seconds.
    for path in filter(None, (arguments.out, arguments.plot)):
        require_writable(path)
    opening = _read_opening(arguments.opening) if arguments.opening else None
    program = program_number(arguments.instrument)
    model = load_note_model(arguments)
    from abcrnn.export.notes import scale_times, write_notes
    from abcrnn.reports.piano_roll import plot_notes
    from abcrnn.sampling.note_sampler import NoteSampler

    data_tempo = _data_tempo(model)
    sampler = NoteSampler(model, arguments.temperature, arguments.seed, arguments.top_p)
    # The model knows times at the tempo of its data only.
    before = scale_times(opening.notes, opening.tempo / data_tempo) if opening else None
    [notes] = sampler.sample(arguments.notes, opening=before)
    if arguments.plot:
        plot_notes(notes, model, arguments.plot)
    tempo = arguments.tempo or (opening.tempo if opening else data_tempo)
    whole = notes if before is None else _joined(before, notes)
    write_notes(scale_times(whole, data_tempo / tempo), arguments.out, program, tempo)
    after = f" after the {len(opening.notes)} of {arguments.opening}" if opening else ""
    print(f"{count_of(len(notes), 'new note')}{after} in {arguments.out}", file=sys.stderr)
    if arguments.plot:
        print(f"picture of the new notes in {arguments.plot}", file=sys.stderr)
    return 0


def evaluate(arguments: argparse.Namespace) -> int:
    """Print the scores of a model on held-out pieces."""
    model = load_note_model(arguments)
    from abcrnn.evaluation.held_out import held_out_pieces, knows_training_pieces
    from abcrnn.evaluation.note_scoring import NoteScorer

    origin: dict[str, Any] = model.about.get("pieces") or {}
    collection = _load_pieces(arguments.folder, origin.get("instruments", "merged"))
    pieces = held_out_pieces(model, collection)
    left_out = len(collection.pieces) - len(pieces)
    scores = NoteScorer(model).score(pieces, after=_CONTEXT)
    known = knows_training_pieces(model, collection)
    found = count_of(len(pieces), "held-out piece" if known else "piece")
    print(
        f"{collection.name}: {found}, {scores.notes:,} notes with at least {_CONTEXT} before each"
    )
    if not known:
        print("the model file does not record its training pieces: some may be among these")
    if left_out:
        print(f"{count_of(left_out, 'piece')} left out: used in training or validation")
    print(f"  pitch      {scores.pitch_nats:.3f} nats, accuracy {scores.pitch_accuracy:6.1%}")
    print(f"  step       accuracy {scores.step_accuracy:6.1%}")
    print(f"  duration   accuracy {scores.duration_accuracy:6.1%}")
    parts = f"pitch {scores.pitch:.4f}, step {scores.step:.4f}, duration {scores.duration:.4f}"
    print(f"  loss       {scores.loss:.4f} ({parts})")
    return 0


def _data_tempo(model: Any) -> float:
    """Return the tempo that a model records of its data; the file may come from a stranger."""
    tempo = (model.about.get("pieces") or {}).get("tempo", _TEMPO)
    if not isinstance(tempo, int | float) or not 0 < tempo < float("inf"):
        raise ValueError(f"the model records a tempo that is not a number above 0: {tempo!r:.80}")
    return float(tempo)


def _load_pieces(folder: str | None, instruments: Instruments) -> Collection:
    from abcrnn.data.midi_folder import load_pieces

    return load_pieces(folder or _embedded_folder(), instruments)


def _embedded_folder() -> Path:
    """Return a folder with the MIDI files of the embedded corpus; write them the first time."""
    from abcrnn.data.corpus import load_corpus
    from abcrnn.data.registry import cache_folder
    from abcrnn.export.tunebook import convert_tunes
    from abcrnn.storage.atomic import write_text
    from abcrnn.storage.extras import import_pretty_midi

    import_pretty_midi()  # an error now, not after a minute of writing
    folder = cache_folder() / "midi" / _EMBEDDED
    done = folder / "done"
    if not done.exists() or done.read_text("utf-8") != _EMBEDDED_VERSION:
        print(f"Converting {_EMBEDDED} to MIDI files in {folder}; this is done once.")
        for earlier in folder.glob("*.mid"):  # of another version, maybe with another name
            earlier.unlink()
        convert_tunes([_with_tempo(tune) for tune in load_corpus(_EMBEDDED).tunes], folder)
        write_text(done, _EMBEDDED_VERSION)
    return folder


def _with_tempo(tune: str) -> str:
    """Return a tune with a tempo, so that notes of a length last equally long in all tunes."""
    if re.search(r"^Q:", tune, re.MULTILINE):
        return tune
    return re.sub(r"^K:", "Q:1/4=120\nK:", tune, count=1, flags=re.MULTILINE)


def _read_opening(path: str) -> Piece:
    from abcrnn.data.notes import read_midi

    pieces = read_midi(path)
    if not pieces:
        raise ValueError(f"{path} has no notes to continue, except drums if any")
    return pieces[0]


def _joined(opening: Notes, notes: Notes) -> Notes:
    import numpy as np

    moved = notes.copy()
    for name in ("start", "end"):
        moved[name] += opening["start"][-1]
    return np.concatenate([opening, moved])
