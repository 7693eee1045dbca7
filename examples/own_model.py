"""Train, save, load and sample a network of your own: a GRU.

python examples/own_model.py                   (on corpora/homemade.abc; a few seconds)
"""

import argparse
from pathlib import Path

import keras

import abcrnn
from abcrnn.models import where_active


class GRUModel(abcrnn.CharacterModel):
    """An embedding, one GRU layer, and a dense layer over the vocabulary."""

    def __init__(self, vocabulary, embedding_dim=16, units=96):
        super().__init__(vocabulary, embedding_dim=embedding_dim, units=units)
        self.embedding = keras.layers.Embedding(len(vocabulary), embedding_dim)
        self.gru = keras.layers.GRU(units, return_sequences=True, return_state=True)
        self.head = keras.layers.Dense(len(vocabulary))
        self.build()

    def initial_state(self, batch_size):
        """Return the initial state, shape (batch, units)."""
        return keras.ops.zeros((batch_size, self.gru.units))

    def step(self, ids, state, active=None):
        """Read one character of each row: ids (batch,) to logits (batch, vocab_size)."""
        output, _ = self.gru.cell(self.embedding(ids), state)
        return self.head(output), where_active(active, output, state)

    def unroll(self, ids, state, dropout_seed=None):  # without dropout, the seed is not used
        """Read a window: ids (batch, time) to logits (batch, time, vocab_size)."""
        outputs, state = self.gru(self.embedding(ids), initial_state=state)
        return self.head(outputs), state


def main() -> None:
    """Train, save and load, sample, compose."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=40)
    options = parser.parse_args()
    keras.utils.set_random_seed(0)
    corpus = abcrnn.load_corpus(Path(__file__).parents[1] / "corpora/homemade.abc")
    model = GRUModel(abcrnn.Vocabulary.from_text(corpus.text))
    trainer = abcrnn.Trainer(model, corpus, batch_size=4, seq_length=32, learning_rate=1e-2)
    history = trainer.fit(options.epochs)
    print(f"from {history[0].bits_per_char:.3f} to {history[-1].bits_per_char:.3f} bits/char")
    model.novelty = abcrnn.NoveltyIndex(corpus.tunes)
    model.save("gru.abcrnn")
    model = abcrnn.load_model("gru.abcrnn", model_class=GRUModel)
    print(abcrnn.Sampler(model, temperature=0.7, seed=1).sample("X:1\n", length=200)[0])
    print(*abcrnn.compose(model, 1, key="G", meter="6/8", seed=1).tunes)


if __name__ == "__main__":
    main()
