"""Train one worker of a small run: python tests/helpers/worker.py OUT [--run-dir DIR].

TF_CONFIG names the workers of the run and which of them this is, as usual with TensorFlow.
Without it the process trains alone, or with ``--mirrored N`` on N devices of its own.
Writes the trained weights and the scores of each epoch to the file OUT.
"""

import argparse
import os
import sys

import numpy as np
import tensorflow as tf


def choose_strategy(mirrored: int | None) -> tf.distribute.Strategy | None:
    if mirrored:
        cpu = tf.config.list_physical_devices("CPU")[0]
        devices = [tf.config.LogicalDeviceConfiguration()] * mirrored
        tf.config.set_logical_device_configuration(cpu, devices)
        return tf.distribute.MirroredStrategy([f"/cpu:{number}" for number in range(mirrored)])
    if "TF_CONFIG" in os.environ:
        return tf.distribute.MultiWorkerMirroredStrategy()
    return None


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--run-dir")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--mirrored", type=int)
    options = parser.parse_args()
    strategy = choose_strategy(options.mirrored)

    import abcrnn
    from abcrnn.data.corpus import Corpus

    few = Corpus("few", abcrnn.load_corpus("oneills").tunes[:50])
    train, validation, _ = few.split(0.1, 0, seed=0)
    vocabulary = abcrnn.Vocabulary.from_text(few.text)
    with (strategy or tf.distribute.get_strategy()).scope():
        model = abcrnn.CharLSTM(vocabulary, embedding_dim=8, units=32, num_layers=2, dropout=0.3)
    trainer = abcrnn.Trainer(
        model,
        train,
        validation=validation,
        run_dir=options.run_dir,
        callbacks=[lambda _, record: print("epoch", record.epoch, flush=True)],
        strategy=strategy,
        batch_size=8,
        seq_length=64,
        checkpoint_minutes=0.01,
        seed=4,
    )
    history = trainer.fit(options.epochs)
    assert history[-1].steps >= 20
    scores = [(r.bits_per_char, r.accuracy, r.validation_bits_per_char) for r in history]
    np.savez(options.out, history=scores, **model.weight_arrays())


if __name__ == "__main__":
    sys.exit(main())
