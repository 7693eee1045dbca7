"""Train the recipe of the MIT deep-learning lab on its Irish tunes; convert tunes to MIDI.

python examples/train_irish.py                 (downloads the corpus; 20 minutes on two cores)
python examples/train_irish.py --corpus oneills --epochs 3     (no download)
"""

import argparse
from pathlib import Path

import abcrnn


def main() -> None:
    """Train, evaluate on held-out tunes, sample, convert to MIDI."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", default="irish", help="a name, or a file or folder of .abc")
    parser.add_argument("--epochs", type=int, default=15, help="epochs of STEPS batches")
    parser.add_argument("--steps", type=int, default=200, help="batches per epoch")
    parser.add_argument("--units", type=int, default=1024)
    parser.add_argument("--out", type=Path, default=Path("runs/irish"))
    options = parser.parse_args()

    corpus = abcrnn.load_corpus(options.corpus)
    train, validation, test = corpus.split(validation=0.1, test=0.1, seed=0)
    vocabulary = abcrnn.Vocabulary.from_text(corpus.text)
    model = abcrnn.CharLSTM.from_recipe("mit", vocabulary, units=options.units)
    trainer = abcrnn.Trainer.from_recipe(
        "mit",
        model,
        train,
        validation=validation,
        run_dir=options.out,
        steps_per_epoch=options.steps,
    )
    for record in trainer.fit(options.epochs):
        print(f"epoch {record.epoch}: {record.bits_per_char:.3f} bits per character in training")

    print(f"held-out: {abcrnn.evaluate(model, test)['bits_per_char']:.3f} bits per character")
    sampler = abcrnn.Sampler(model, seed=1, constraint="bars")
    for number, tune in enumerate(sampler.tunes(4), start=1):
        print(f"\n{tune}")
        abcrnn.to_midi(tune, options.out / f"tune-{number}.mid")


if __name__ == "__main__":
    main()
