"""``abcrnn quickstart``: tunes by the packaged model, then a small model trained in minutes."""

from __future__ import annotations

import argparse
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from abcrnn.cli.argument_types import count
from abcrnn.cli.arguments import add_command
from abcrnn.cli.quickstart_tunes import PAGE, SUBFOLDER, show_packaged_tunes, write_page
from abcrnn.cli.run_arguments import add_epochs, add_run_seed
from abcrnn.cli.terminal import import_tensorflow, report_unconverted, resume_hint
from abcrnn.cli.training_run import SOURCE_FIELDS
from abcrnn.composition.defaults import MAX_LENGTH
from abcrnn.reports.wording import count_of
from abcrnn.storage.atomic import require_writable

if TYPE_CHECKING:
    from abcrnn.export.tunebook import Conversion
    from abcrnn.models.char_lstm import CharLSTM


class Quickstart(NamedTuple):
    """Results of :func:`run_quickstart`."""

    folder: Path
    tunes: list[str]
    conversions: list[Conversion]
    validation_bits_per_char: float


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        subparsers,
        "quickstart",
        run,
        "show tunes by the packaged model, then train a small model and write tunes by it, in "
        "about two minutes",
        "abcrnn quickstart --out my-first-tunes",
    )
    parser.add_argument(
        "--out", default="quickstart", metavar="DIR", help="folder to write (default: %(default)s)"
    )
    parser.add_argument(
        "--tunes",
        type=count,
        default=8,
        metavar="N",
        help="number of tunes by the small model (default: %(default)s)",
    )
    add_run_seed(parser)
    add_epochs(parser)
    parser.add_argument(
        "--steps", type=count, metavar="N", help="training steps in an epoch, for a trial run"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the quickstart, and print what it wrote."""
    require_writable(Path(arguments.out) / "tunes.abc")
    shown = show_packaged_tunes(Path(arguments.out), arguments.seed)
    if shown:
        print(f"These tunes are in {Path(arguments.out) / SUBFOLDER}; Ctrl-C keeps them.")
    import_tensorflow()
    print("Training a small model on O'Neill's Music of Ireland; this takes about two minutes.")
    arguments.hint = resume_hint(arguments)
    made = run_quickstart(
        arguments.out, arguments.tunes, arguments.epochs, arguments.steps, arguments.seed
    )
    folder, converted = made.folder, [c for c in made.conversions if c.path]
    print(f"\n{made.tunes[0] if made.tunes else 'No tune was completed: train longer.'}\n")
    print(f"In {folder}:")
    if write_page(made.tunes, folder / PAGE):
        print(f"  {PAGE:<15}a page with the new tunes: open it in a browser")
    else:
        print(
            '  no page to see and hear the tunes: pip install "abcrnn[pages]", and run this again'
        )
    if shown:
        print(f"  {f'{SUBFOLDER}/':<15}tunes by the packaged model, with MIDI files")
    print(f"  tunes.abc      {count_of(len(made.tunes), 'new tune')} in ABC notation")
    print(f"  midi/          {count_of(len(converted), 'MIDI file')}")
    print(f"  model.abcrnn   the model ({made.validation_bits_per_char:.3f} bits per character")
    print("                 on validation tunes)")
    print("  curve.png      the training curve")
    print("  run/           checkpoints, to resume training")
    report_unconverted(made.conversions)
    print("Try next:")
    small = ["abcrnn", "compose", "--model", str(folder / "model.abcrnn")]
    for command, about in (
        ("abcrnn compose -n 4 --key G --meter 6/8 --form AABB", "tunes by the packaged model"),
        (f"{shlex.join(small)} -n 4 --key G", "tunes by the small model"),
        ("abcrnn train oneills --out runs/oneills", "a much better model, in an hour or two"),
        ("abcrnn train my-tunes.abc --from folk --out runs/mine", "your own tunebook"),
    ):
        print(f"  {command:<55} {about}")
    return 0 if made.tunes else 1


def run_quickstart(
    folder: str | os.PathLike[str],
    tunes: int = 8,
    epochs: int | None = None,
    steps: int | None = None,
    seed: int = 0,
) -> Quickstart:
    """Train the recipe ``quick`` on O'Neill's Music of Ireland, and write generated tunes.

    Parameters
    ----------
    folder : path-like
        Folder for ``model.abcrnn``, ``tunes.abc``, ``midi/``, ``curve.png`` and the
        run folder ``run/``.
    tunes : int
        Number of tunes to generate.
    epochs : int, optional
        Number of epochs; the default is the recipe's.
    steps : int, optional
        Number of steps on random windows in an epoch, for a trial run.
    seed : int

    Returns
    -------
    Quickstart
    """
    from abcrnn.export.tunebook import convert_tunes
    from abcrnn.notation import renumber
    from abcrnn.sampling.sampler import Sampler
    from abcrnn.storage.atomic import write_text
    from abcrnn.storage.paths import as_path

    folder = as_path(folder)
    model, bits = _train(folder, epochs, steps, seed)
    # Without further candidates, a tune that the constraint has led astray would be kept.
    sampler = Sampler(model, top_p=0.95, seed=seed, constraint="bars", faithful=3)
    generated = sampler.tunes(tunes, max_length=MAX_LENGTH)
    generated = [renumber(tune, number) for number, tune in enumerate(generated, start=1)]
    write_text(folder / "tunes.abc", "\n\n".join(generated) + "\n")
    return Quickstart(folder, generated, convert_tunes(generated, folder / "midi"), bits)


def _train(
    folder: Path, epochs: int | None, steps: int | None, seed: int
) -> tuple[CharLSTM, float]:
    """Train and save the model; return it and its validation bits per character."""
    from abcrnn.data.corpus import load_corpus
    from abcrnn.data.novelty import NoveltyIndex
    from abcrnn.data.vocabulary import Vocabulary
    from abcrnn.models.char_lstm import CharLSTM
    from abcrnn.models.recipes import recipe
    from abcrnn.reports.plots import plot_history
    from abcrnn.training.recipe_file import recipe_of_run
    from abcrnn.training.run_folder import RunFolder
    from abcrnn.training.trainer import Trainer

    corpus = load_corpus("oneills")
    run_folder = RunFolder(folder / "run")
    chosen = recipe_of_run(run_folder, recipe("quick"))
    epochs = epochs or recipe("quick").epochs
    parts = corpus.split(validation=0.02, test=0.1, seed=0, rule=run_folder.split_rule())
    train, validation, _ = (part.without_fields(SOURCE_FIELDS) for part in parts)
    vocabulary = Vocabulary.from_text(corpus.without_fields(SOURCE_FIELDS).text)
    model = CharLSTM(vocabulary, **chosen.model, seed=seed)
    model.novelty = NoveltyIndex(train.tunes)
    windows = {"windows": "random", "steps_per_epoch": steps} if steps else {}
    # A run that is resumed with another number of epochs keeps its decay.
    decay = {"decay_epochs": run_folder.recorded_setting("decay_epochs") or epochs}
    trainer = Trainer(
        model,
        train,
        validation=validation,
        run_dir=folder / "run",
        seed=seed,
        **{**chosen.training, **decay, **windows},
    )
    history = trainer.fit(epochs)
    model.save(folder / "model.abcrnn")
    plot_history(history, folder / "curve.png")
    return model, history[-1].validation_bits_per_char or 0.0
