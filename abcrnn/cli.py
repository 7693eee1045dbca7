"""The command line: words in, library calls, lines out.

Exit codes: 0 done, 1 the data was bad, 2 the words were wrong, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from abcrnn.converting import Conversion

_Parser = argparse.ArgumentParser


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    logging.basicConfig(format="abcrnn: %(message)s", level=logging.WARNING)
    arguments = _parser().parse_args(words)
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return run(arguments)
    except KeyboardInterrupt:
        print("\nstopped" + (f"; {arguments.hint}" if "hint" in arguments else ""), file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0  # the reader, such as head, has seen enough
    except (ValueError, OSError, ArithmeticError, ImportError) as error:
        print(f"abcrnn: {error}", file=sys.stderr)
        return 1


# The commands -----------------------------------------------------------------------------


def _quickstart(arguments: argparse.Namespace) -> int:
    _import_tensorflow()
    from abcrnn.quickstart import run_quickstart

    print("Training a small model on O'Neill's Music of Ireland; this takes two or three minutes.")
    arguments.hint = f"go on with: abcrnn quickstart --out {arguments.out}"
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
    _report_unconverted(made.conversions)
    print("Try next:")
    print(f"  abcrnn sample {folder / 'model.abcrnn'} -n 4 --key G --meter 6/8 --temperature 0.8")
    print("  abcrnn train oneills --out runs/oneills     a far better model, in an hour or two")
    print("  abcrnn train my-tunes.abc --out runs/mine   your own tunebook")
    return 0 if made.tunes else 1


def _corpora_list(arguments: argparse.Namespace) -> int:
    from abcrnn.cards import card_names, is_here, read_card

    print(f"{'name':<12}{'tunes':>6}{'characters':>12}  here  what it is")
    for name in card_names():
        card = read_card(name)
        here = "yes" if is_here(card) else "no"
        print(f"{name:<12}{card.tunes:>6}{card.bytes:>12,}  {here:<4}  {card.title} [{card.licence}]")
    return 0


def _corpora_fetch(arguments: argparse.Namespace) -> int:
    from abcrnn.cards import fetch_card, read_card

    for name in arguments.names:
        files = fetch_card(read_card(name))
        print(f"{name}: {len(files)} file{'s' * (len(files) > 1)} in {files[0].parent}")
    return 0


def _corpora_check(arguments: argparse.Namespace) -> int:
    from abcrnn.cards import card_names, read_card
    from abcrnn.corpus import load_corpus
    from abcrnn.vocabulary import Vocabulary

    sound = True
    for source in arguments.sources:
        corpus = load_corpus(source)
        found = {
            "tunes": len(corpus.tunes),
            "duplicates": corpus.duplicates,
            "vocabulary_size": len(Vocabulary.from_text(corpus.text)),
        }
        text = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in found.items())
        print(f"{source}: {text}, {len(corpus.fragments)} fragments outside tunes")
        if source in card_names():
            card = read_card(source)
            for name, count in found.items():
                if getattr(card, name) != count:
                    sound = False
                    print(f"{source}: its card says {getattr(card, name)} {name}, not {count}")
    return 0 if sound else 1


def _train(arguments: argparse.Namespace) -> int:
    _import_tensorflow()
    from abcrnn.corpus import load_corpus
    from abcrnn.model import CharLSTM
    from abcrnn.plotting import plot_history
    from abcrnn.recipes import recipe
    from abcrnn.training import Trainer
    from abcrnn.vocabulary import Vocabulary

    chosen = recipe(arguments.recipe)
    epochs = arguments.epochs or chosen.epochs
    corpus = load_corpus(arguments.corpus)
    train, validation, _ = corpus.split(arguments.validation, arguments.test, arguments.split_seed)
    settings = {
        name: value
        for name in ("batch_size", "seq_length", "learning_rate", "patience", "keep_every")
        if (value := getattr(arguments, name)) is not None
    }
    # A falling learning rate reaches its end with the last epoch asked for.
    if arguments.epochs and "decay_epochs" in chosen.training:
        settings["decay_epochs"] = epochs
    model = CharLSTM.from_recipe(
        arguments.recipe, Vocabulary.from_text(corpus.text), seed=arguments.seed
    )
    print(
        f"{corpus.name}: {len(train.tunes)} tunes to train on, {len(validation.tunes)} to validate; "
        f"recipe {arguments.recipe}: {model.count_params():,} parameters, {epochs} epochs"
    )
    trainer = Trainer.from_recipe(
        arguments.recipe,
        model,
        train,
        validation=validation if validation.tunes else None,
        run_dir=arguments.out,
        seed=arguments.seed,
        tensorboard=arguments.tensorboard,
        callbacks=[_singing(arguments.sample_every)] if arguments.sample_every else [],
        **settings,
    )
    again = " ".join(["abcrnn", *_quoted(sys.argv[1:])])
    arguments.hint = f"saved in {arguments.out}; go on with: {again}"
    history = trainer.fit(epochs)
    plot_history(history, Path(arguments.out) / "curve.png")
    last = history[-1]
    print(f"epoch {last.epoch}: training {last.bits_per_char:.3f} bits per character, "
          f"accuracy {last.accuracy:.3f}")
    scored = [record for record in history if record.validation_bits_per_char is not None]
    if scored:
        best = min(scored, key=lambda record: record.validation_bits_per_char or 0.0)
        print(f"best by the validation tunes: epoch {best.epoch}, "
              f"{best.validation_bits_per_char:.3f} bits per character")
    print(f"Try next: abcrnn sample {Path(arguments.out) / 'best.abcrnn'} -n 4")
    return 0


def _sample(arguments: argparse.Namespace) -> int:
    _import_tensorflow()
    from abcrnn.files import write_text
    from abcrnn.model import load_model
    from abcrnn.notation import renumber
    from abcrnn.sampling import Sampler, header_prompt

    fields = {name: getattr(arguments, name) for name in ("title", "rhythm", "meter", "key")}
    prompt = header_prompt(**fields) if any(fields.values()) else ""
    sampler = Sampler(
        load_model(arguments.model),
        temperature=arguments.temperature,
        top_k=arguments.top_k,
        top_p=arguments.top_p,
        seed=arguments.seed,
    )
    tunes = sampler.tunes(arguments.n, prompt=prompt, max_length=arguments.max_length)
    tunes = [renumber(tune, number) for number, tune in enumerate(tunes, start=1)]
    text = "\n\n".join(tunes) + "\n"
    if arguments.output:
        write_text(arguments.output, text)
        print(f"{len(tunes)} tunes in {arguments.output}")
    elif tunes:
        print(text, end="")
    if arguments.midi:
        _convert_into(tunes, arguments.midi, "midi")
    return 0 if len(tunes) == arguments.n else 1


def _convert(arguments: argparse.Namespace) -> int:
    from abcrnn.corpus import load_corpus

    return _convert_into(load_corpus(arguments.tunes).tunes, arguments.out, arguments.to)


def _evaluate(arguments: argparse.Namespace) -> int:
    _import_tensorflow()
    from abcrnn.corpus import load_corpus
    from abcrnn.evaluation import evaluate, unseen_part
    from abcrnn.model import load_model

    model = load_model(arguments.model)
    corpus = unseen_part(model, load_corpus(arguments.corpus))
    result = evaluate(model, corpus)
    print(f"{corpus.name}: {result['tunes']} tunes the model has not seen, "
          f"{result['characters']:,} characters")
    print(f"bits per character  {result['bits_per_char']:.4f}")
    print(f"accuracy            {result['accuracy']:.4f}")
    return 0


# What commands share ----------------------------------------------------------------------


def _convert_into(tunes: Sequence[str], folder: str, form: str) -> int:
    from abcrnn.converting import convert_tunes

    done = convert_tunes(tunes, folder, form)
    _report_unconverted(done)
    written = sum(conversion.path is not None for conversion in done)
    print(f"{written} of {len(done)} tunes converted into {folder}", file=sys.stderr)
    return 0 if written == len(done) else 1


def _report_unconverted(conversions: Sequence[Conversion]) -> None:
    for conversion in conversions:
        if conversion.problem:
            print(f"tune {conversion.number} not converted: {conversion.problem}", file=sys.stderr)


def _singing(every: int) -> Callable[[Any, Any], None]:
    from tqdm import tqdm

    from abcrnn.sampling import Sampler

    samplers: list[Sampler] = []  # made once: compiled once

    def sing(trainer: Any, record: Any) -> None:
        if record.epoch % every:
            return
        if not samplers:
            samplers.append(Sampler(trainer.model, temperature=0.8, seed=0))
        text = samplers[0].sample(length=300)[0].strip("\n")
        tqdm.write(f"\nafter epoch {record.epoch}:\n{text}\n")

    return sing


def _quoted(words: Sequence[str]) -> list[str]:
    import shlex

    return [shlex.quote(word) for word in words]


def _import_tensorflow() -> None:
    """Import TensorFlow without its start-up notes, which mean nothing to a user.

    Some of them are written before its own log level counts, so standard error
    is set aside for the length of the import; failures still come as exceptions.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        import tensorflow  # noqa: F401
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


# The words --------------------------------------------------------------------------------


def _parser() -> _Parser:
    from abcrnn import __version__

    parser = _Parser(prog="abcrnn", description="Neural networks that write folk tunes in ABC.")
    parser.add_argument("--version", action="version", version=f"abcrnn {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (
        _add_quickstart, _add_corpora, _add_train, _add_sample, _add_convert, _add_evaluate
    ):
        add(commands)
    return parser


def _command(commands: Any, name: str, run: Any, about: str, example: str) -> _Parser:
    parser: _Parser = commands.add_parser(
        name, help=about, description=about[0].upper() + about[1:] + ".",
        epilog=f"example: {example}",
    )
    parser.set_defaults(run=run)
    return parser


def _add_quickstart(commands: Any) -> None:
    p = _command(commands, "quickstart", _quickstart,
                 "train a small model, write tunes and MIDI, in three minutes",
                 "abcrnn quickstart --out my-first-tunes")
    p.add_argument("--out", default="quickstart", metavar="DIR", help="folder to write (%(default)s)")
    p.add_argument("--tunes", type=_count, default=8, metavar="N", help="tunes to write (%(default)s)")
    p.add_argument("--seed", type=_whole, default=0, help="of everything random (%(default)s)")
    p.add_argument("--epochs", type=_count, help="train longer or shorter")
    p.add_argument("--steps", type=_count, help="train so few steps an epoch: a trial run")


def _add_corpora(commands: Any) -> None:
    about = "list, fetch or check the corpora"
    parser = commands.add_parser("corpora", help=about, description=about.capitalize() + ".")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    _command(actions, "list", _corpora_list, "list the corpora by name", "abcrnn corpora list")
    p = _command(actions, "fetch", _corpora_fetch, "fetch corpora into the cache",
                 "abcrnn corpora fetch irish jigs")
    p.add_argument("names", nargs="+", metavar="NAME")
    p = _command(actions, "check", _corpora_check, "count a corpus and hold it to its card",
                 "abcrnn corpora check oneills my-tunes.abc")
    p.add_argument("sources", nargs="+", metavar="CORPUS", help="a name, file or folder")


def _add_train(commands: Any) -> None:
    from abcrnn.recipes import RECIPES

    p = _command(commands, "train", _train, "train a model on a corpus",
                 "abcrnn train jigs --out runs/jigs")
    p.add_argument("corpus", metavar="CORPUS", help="a name, or a file or folder of .abc")
    p.add_argument("--out", required=True, metavar="RUN", help="run folder; goes on if begun before")
    p.add_argument("--recipe", default="default", choices=sorted(RECIPES), help="(%(default)s)")
    p.add_argument("--epochs", type=_count, metavar="N", help="epochs in all (the recipe's)")
    p.add_argument("--batch-size", type=_count, metavar="N")
    p.add_argument("--seq-length", type=_count, metavar="N")
    p.add_argument("--learning-rate", type=float, metavar="X")
    p.add_argument("--patience", type=_count, metavar="N",
                   help="stop after so many epochs without a better validation score")
    p.add_argument("--keep-every", type=_count, metavar="N", help="keep the model of every Nth epoch")
    p.add_argument("--sample-every", type=_count, metavar="N", help="show a sample every Nth epoch")
    p.add_argument("--validation", type=float, default=0.1, metavar="SHARE",
                   help="tunes to validate on (%(default)s)")
    p.add_argument("--test", type=float, default=0.1, metavar="SHARE",
                   help="tunes set aside for abcrnn evaluate (%(default)s)")
    p.add_argument("--split-seed", type=_whole, default=0, metavar="N")
    p.add_argument("--seed", type=_whole, default=0, metavar="N")
    p.add_argument("--tensorboard", action="store_true", help="write TensorBoard logs too")


def _add_sample(commands: Any) -> None:
    p = _command(commands, "sample", _sample, "write new tunes with a trained model",
                 "abcrnn sample runs/jigs/best.abcrnn -n 8 --key D -o tunes.abc --midi midi")
    p.add_argument("model", metavar="MODEL", help="an .abcrnn file")
    p.add_argument("-n", type=_count, default=1, metavar="N", help="how many tunes (%(default)s)")
    p.add_argument("-o", "--output", metavar="FILE", help="tunebook to write (else they are printed)")
    p.add_argument("--midi", metavar="DIR", help="folder for a MIDI file of each")
    p.add_argument("--seed", type=_whole, metavar="N", help="the same seed, the same tunes")
    p.add_argument("--temperature", type=float, default=0.8, metavar="T",
                   help="lower is safer, higher is bolder (%(default)s)")
    p.add_argument("--top-k", type=_count, metavar="K", help="only the K likeliest characters")
    p.add_argument("--top-p", type=float, metavar="P",
                   help="only the likeliest characters that make up P together, such as 0.95")
    p.add_argument("--max-length", type=_count, default=2000, metavar="N",
                   help="longest tune, in characters (%(default)s)")
    for field, example in (("title", "The Lost Byte"), ("rhythm", "jig"), ("meter", "6/8"),
                           ("key", "D")):
        p.add_argument(f"--{field}", metavar="TEXT", help=f'begin with this {field}, such as "{example}"')


def _add_convert(commands: Any) -> None:
    p = _command(commands, "convert", _convert, "turn each tune of a tunebook into a file",
                 "abcrnn convert tunes.abc --out midi")
    p.add_argument("tunes", metavar="TUNES", help="an .abc file, a folder of them, or a corpus")
    p.add_argument("--out", required=True, metavar="DIR")
    p.add_argument("--to", default="midi", choices=("midi", "musicxml"), help="(%(default)s)")


def _add_evaluate(commands: Any) -> None:
    p = _command(commands, "evaluate", _evaluate, "score a model on tunes it has not seen",
                 "abcrnn evaluate runs/jigs/best.abcrnn --corpus jigs")
    p.add_argument("model", metavar="MODEL")
    p.add_argument("--corpus", required=True, metavar="CORPUS")


def _whole(word: str) -> int:
    number = int(word)
    if number < 0:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0, not {word}")
    return number


def _count(word: str) -> int:
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {word}")
    return number


if __name__ == "__main__":
    sys.exit(main())
