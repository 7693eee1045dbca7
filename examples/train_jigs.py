"""Train the recipe jigs for 100 epochs, in which the model overfits, and keep the best epoch.

python examples/train_jigs.py                  (downloads the corpus; 15 minutes on two cores)
python examples/train_jigs.py --corpus oneills --epochs 2      (no download)
"""

import argparse
from pathlib import Path

import abcrnn


def main() -> None:
    """Train, print bits per character of each epoch, save the model of the best one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", default="jigs", help="a name, or a file or folder of .abc")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--patience", type=int, help="stop after N epochs without progress")
    parser.add_argument("--out", type=Path, default=Path("runs/jigs"))
    options = parser.parse_args()

    corpus = abcrnn.load_corpus(options.corpus)
    train, validation, test = corpus.split(validation=0.1, test=0.1, seed=0)
    model = abcrnn.CharLSTM.from_recipe("jigs", abcrnn.Vocabulary.from_text(corpus.text))
    print(f"{len(train.tunes)} training tunes, {model.count_params():,} parameters")
    trainer = abcrnn.Trainer.from_recipe(
        "jigs",
        model,
        train,
        validation=validation,
        run_dir=options.out,
        patience=options.patience,
    )
    print("epoch  training  validation (bits per character)")
    for record in trainer.fit(options.epochs):
        bits, held_out = record.bits_per_char, record.validation_bits_per_char
        print(f"{record.epoch:5}  {bits:8.3f}  {held_out:10.3f}")
    result = abcrnn.evaluate(model, test)
    print(f"held-out: {result['bits_per_char']:.3f} bits per character (best epoch)")
    model.save(options.out / "jigs.abcrnn")


if __name__ == "__main__":
    main()
