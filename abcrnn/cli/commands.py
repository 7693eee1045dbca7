"""What each command does and prints.

Each takes the parsed words and returns the exit code. Imports stand inside, so
that a command loads only what it needs: TensorFlow takes seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shlex
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from abcrnn.cli.console import convert_into, import_tensorflow, report_unconverted

if TYPE_CHECKING:
    import tensorflow as tf

    from abcrnn.data.corpus import Corpus
    from abcrnn.evaluation.surprise import Surprise
    from abcrnn.notation import Block
    from abcrnn.training.run_folder import EpochRecord


def quickstart(arguments: argparse.Namespace) -> int:
    """Run the quickstart and say what it made."""
    import_tensorflow()
    from abcrnn.cli.quickstart import run_quickstart

    print("Training a small model on O'Neill's Music of Ireland; this takes a minute or two.")
    arguments.hint = f"go on with: {_again(arguments)}"
    made = run_quickstart(
        arguments.out, arguments.tunes, arguments.epochs, arguments.steps, arguments.seed
    )
    folder, sound = made.folder, [c for c in made.conversions if c.path]
    print(f"\n{made.tunes[0] if made.tunes else 'No tune came to its end: train longer.'}\n")
    print(f"In {folder}:")
    print(f"  tunes.abc      {len(made.tunes)} new tunes in ABC notation")
    print(f"  midi/          {len(sound)} of them to listen to")
    print(f"  model.abcrnn   the model ({made.validation_bits_per_char:.3f} bits per character")
    print("                 on tunes it has not seen)")
    print("  curve.png      how it learned")
    report_unconverted(made.conversions)
    print("Try next:")
    print(f"  abcrnn compose {folder / 'model.abcrnn'} -n 4 --key G --meter 6/8 --form AABB")
    print("  abcrnn train oneills --out runs/oneills     a far better model, in an hour or two")
    print("  abcrnn train my-tunes.abc --out runs/mine   your own tunebook")
    return 0 if made.tunes else 1


def corpora_list(arguments: argparse.Namespace) -> int:
    """Print a line for each named corpus."""
    from abcrnn.data.registry import card_names, is_here, read_card

    print(f"{'name':<12}{'tunes':>6}{'characters':>12}  here  what it is")
    for name in card_names():
        card = read_card(name)
        here = "yes" if is_here(card) else "no"
        print(
            f"{name:<12}{card.tunes:>6}{card.bytes:>12,}  {here:<4}  {card.title} [{card.licence}]"
        )
    return 0


def corpora_fetch(arguments: argparse.Namespace) -> int:
    """Fetch corpora into the cache."""
    from abcrnn.data.registry import fetch_card, read_card

    for name in arguments.names:
        files = fetch_card(read_card(name))
        print(f"{name}: {len(files)} file{'s' * (len(files) > 1)} in {files[0].parent}")
    return 0


def corpora_check(arguments: argparse.Namespace) -> int:
    """Say what is in corpora, and hold the named ones to their cards."""
    from abcrnn.data.corpus import load_corpus

    return max([_survey(source, load_corpus(source)) for source in arguments.sources])


def _survey(source: str, corpus: Corpus) -> int:
    from abcrnn.data.registry import card_names, read_card
    from abcrnn.notation import check_tune

    found = {
        "tunes": len(corpus.tunes),
        "duplicates": corpus.duplicates,
        "vocabulary_size": len(corpus.vocabulary),
    }
    unsound = sum(
        bool(check_tune(tune))
        for tune in tqdm(corpus.tunes, disable=None, leave=False, unit="tune")
    )
    once = [character for character, count in corpus.character_counts.items() if count == 1]
    print(f"{source}:")
    print(f"  {found['tunes']:>9,} tunes, {corpus.character_counts.total():,} characters")
    print(f"  {found['duplicates']:>9,} with the body of an earlier one")
    print(f"  {unsound:>9,} unsound: abcrnn check tells what and where")
    print(f"  {found['vocabulary_size']:>9,} distinct characters", end="")
    print(f", met once: {' '.join(sorted(once))}" if once else "")
    fragments = len(corpus.fragments) + corpus.more_fragments
    print(f"  {fragments:>9,} fragments outside tunes, which training leaves out")
    for block in corpus.fragments[:5]:
        first = block.text.split("\n")[0]
        print(f"            line {block.line}: {first[:60]}")
    if source not in card_names():
        return 0
    card = read_card(source)
    wrong = [name for name, count in found.items() if getattr(card, name) != count]
    for name in wrong:
        print(f"{source}: its card says {getattr(card, name)} {name}, not {found[name]}")
    return 1 if wrong else 0


def check(arguments: argparse.Namespace) -> int:
    """Print what is not sound in tunebooks, as compilers do, and a summary."""
    from abcrnn.notation import check_tune

    tunes = unsound = 0
    kinds: Counter[str] = Counter()
    for path in arguments.files:
        for block in _tunes_of(path):
            tunes += 1
            problems = check_tune(block.text, unsupported=True)
            for line, column, kind, message in problems:
                print(f"{path}:{block.line + line - 1}:{column}: {kind}: {message}")
                kinds[kind] += 1
            unsound += any(problem.kind != "unsupported" for problem in problems)
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    print(f"{tunes - unsound} of {tunes} tunes sound{': ' + counts if counts else ''}")
    return 1 if unsound else 0


def train(arguments: argparse.Namespace) -> int:
    """Train a model, or go on training it."""
    import_tensorflow()
    from abcrnn.data.corpus import load_corpus
    from abcrnn.data.novelty import NoveltyIndex
    from abcrnn.data.store import StoredTunes
    from abcrnn.models.char_lstm import CharLSTM
    from abcrnn.models.recipes import recipe
    from abcrnn.reports.plots import plot_history
    from abcrnn.training.callbacks import log_to_tensorboard, sing_every
    from abcrnn.training.trainer import Trainer

    strategy = _strategy(arguments.distribute)  # before anything else of TensorFlow's
    chosen = recipe(arguments.recipe)
    epochs = arguments.epochs or chosen.epochs
    corpus = load_corpus(arguments.corpus)
    train, validation, _ = corpus.split(arguments.validation, arguments.test, arguments.split_seed)
    settings = {
        name: value
        for name in (
            "batch_size",
            "seq_length",
            "learning_rate",
            "patience",
            "keep_every",
            "checkpoint_minutes",
        )
        if (value := getattr(arguments, name)) is not None
    }
    # A falling learning rate reaches its end with the last epoch asked for.
    if arguments.epochs and "decay_epochs" in chosen.training:
        settings["decay_epochs"] = epochs
    callbacks = []
    if arguments.sample_every:
        callbacks.append(sing_every(arguments.sample_every))
    if arguments.tensorboard:
        callbacks.append(log_to_tensorboard(Path(arguments.out) / "tensorboard"))
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = CharLSTM.from_recipe(arguments.recipe, corpus.vocabulary, seed=arguments.seed)
    print(
        f"{corpus.name}: {len(train.tunes)} tunes to train on, "
        f"{len(validation.tunes)} to validate; recipe {arguments.recipe}: "
        f"{model.count_params():,} parameters, {epochs} epochs"
    )
    if not (arguments.no_novelty or isinstance(train.tunes, StoredTunes)):
        model.novelty = NoveltyIndex(train.tunes)
    trainer = Trainer.from_recipe(
        arguments.recipe,
        model,
        train,
        validation=validation if validation.tunes else None,
        run_dir=arguments.out,
        seed=arguments.seed,
        callbacks=callbacks,
        strategy=strategy,
        **settings,
    )
    arguments.hint = f"saved in {arguments.out}; go on with: {_again(arguments)}"
    history = trainer.fit(epochs)
    if trainer.is_chief:
        plot_history(history, Path(arguments.out) / "curve.png")
        _report_training(history, Path(arguments.out) / "best.abcrnn")
    return 0


def _strategy(name: str | None) -> tf.distribute.Strategy | None:
    import tensorflow as tf

    if name is None:
        return None
    if name == "multi-worker" and "TF_CONFIG" not in os.environ:
        raise ValueError(
            "--distribute multi-worker needs TF_CONFIG, which tells each worker of all the "
            "others; docs/scaling.md shows how to set it"
        )
    if name == "multi-worker":
        return tf.distribute.MultiWorkerMirroredStrategy()
    return tf.distribute.MirroredStrategy()


def _report_training(history: Sequence[EpochRecord], best_model: Path) -> None:
    last = history[-1]
    print(
        f"epoch {last.epoch}: training {last.bits_per_char:.3f} bits per character, "
        f"accuracy {last.accuracy:.3f}"
    )
    scored = [record for record in history if record.validation_bits_per_char is not None]
    if scored:
        best = min(scored, key=lambda record: record.validation_bits_per_char or 0.0)
        print(
            f"best by the validation tunes: epoch {best.epoch}, "
            f"{best.validation_bits_per_char:.3f} bits per character"
        )
    print(f"Try next: abcrnn compose {best_model} -n 4")


def convert(arguments: argparse.Namespace) -> int:
    """Turn a tunebook into MIDI or MusicXML files."""
    from abcrnn.data.corpus import load_corpus

    return convert_into(load_corpus(arguments.tunes).tunes, arguments.out, arguments.to)


def evaluate(arguments: argparse.Namespace) -> int:
    """Show the card of a model: its scores on unseen tunes, and what it draws."""
    import_tensorflow()
    from abcrnn.data.corpus import load_corpus
    from abcrnn.models.model_file import load_model
    from abcrnn.reports.model_card import examine

    card = examine(load_model(arguments.model), load_corpus(arguments.corpus), arguments.tunes)
    print(card)
    if arguments.out:
        print("\nsaved:", *card.save(arguments.out))
    return 0


def surprise(arguments: argparse.Namespace) -> int:
    """Print how unlikely a model finds each tune, and the bars it expected least."""
    import_tensorflow()
    from abcrnn.composition.provenance import without_provenance
    from abcrnn.evaluation.scoring import Scorer
    from abcrnn.evaluation.surprise import surprise_of
    from abcrnn.models.model_file import load_model

    model, path = load_model(arguments.model), arguments.tunes
    known, unknown = [], 0
    for block in _tunes_of(path):
        try:
            block = block._replace(text=without_provenance(block.text))
            model.vocabulary.encode(block.text)
            known.append(block)
        except ValueError as error:
            print(f"{path}:{block.line}: tune passed over: {error}", file=sys.stderr)
            unknown += 1
    costs = Scorer(model).costs([block.text for block in known]) if known else []
    for block, cost in zip(known, costs, strict=True):
        _print_surprise(path, block, surprise_of(block.text, cost))
    return 1 if unknown else 0


def _print_surprise(path: str, block: Block, found: Surprise) -> None:
    from abcrnn.evaluation.surprise import underline

    title = re.search("^T:(.*)", block.text, re.MULTILINE)
    name = title[1].strip() if title else block.text.split("\n")[0]
    print(f"{path}:{block.line}: {name}: {found.bits_per_char:.3f} bits per character")
    odd = [bar for bar in found.bars if bar.excess > 0]
    for bar in sorted(odd, key=lambda bar: -bar.excess)[:3]:
        place = f"{path}:{block.line + bar.line - 1}:{bar.column}"
        print(f"  {place}: {bar.bits:.1f} bits, {bar.excess:.1f} more than usual in this tune")
        for line in underline(block.text, found, bar):
            print(f"    {line}")


# What commands share ----------------------------------------------------------------------


def _again(arguments: argparse.Namespace) -> str:
    return shlex.join(["abcrnn", *arguments.words])


def _tunes_of(path: str) -> Iterator[Block]:
    """Yield the tunes of a file with their places; ``ValueError`` if it holds none."""
    from abcrnn.data.corpus import read_lines
    from abcrnn.notation import read_blocks

    empty = True
    for block in read_blocks(read_lines(path)):
        if block.is_tune:
            empty = False
            yield block
    if empty:
        raise ValueError(f"{path} holds no tune: in ABC notation each begins with a line X:")
