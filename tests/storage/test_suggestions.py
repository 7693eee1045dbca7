import pytest

import abcrnn
import abcrnn.events
from abcrnn.storage.suggestions import nearest, suggests_arguments


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("temp", "temperature"),
        ("lr", "learning_rate"),
        ("batchsize", "batch_size"),
        ("Temperature", "temperature"),
        ("bs", "batch_size"),
        ("xyz", None),
        ("t", None),
    ],
)
def test_nearest(name, expected):
    assert nearest(name, ["seed", "temperature", "learning_rate", "batch_size"]) == expected


def test_a_decorated_function():
    @suggests_arguments
    def sample(model, temperature=1.0, *, seed=0):
        return model, temperature, seed

    assert sample(1, seed=3) == (1, 1.0, 3)
    with pytest.raises(TypeError, match="sample has no argument 'temp'; did you mean temperature?"):
        sample(1, temp=2)
    with pytest.raises(TypeError, match="has no argument 'zz'; it has model, temperature, seed"):
        sample(1, zz=2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, c: abcrnn.Sampler(m, temp=0.8), "Sampler has no .*'temp'.* mean temperature"),
        (lambda m, c: abcrnn.Trainer(m, c, lr=1), "Trainer has no .*'lr'.* mean learning_rate"),
        (lambda m, c: abcrnn.CharLSTM(m.vocabulary, layers=2), "CharLSTM .* mean num_layers"),
        (lambda m, c: abcrnn.compose(m, 1, temprature=1), "compose has .* mean temperature"),
        (lambda m, c: abcrnn.rewrite(m, "X:1", 1, 1, sed=1), "rewrite has .* mean seed"),
        (lambda m, c: abcrnn.Trainer(c, m), "swapped: the model comes first, then the corpus"),
        (lambda m, c: abcrnn.evaluate(c, m), "swapped: the model comes first, then the corpus"),
        (lambda m, c: abcrnn.Trainer(m, c.text), "train must be a Corpus, such as load_corpus"),
        (lambda m, c: abcrnn.Trainer(m, c, validation="jigs"), "validation must be a Corpus"),
        (lambda m, c: abcrnn.Trainer("runs/jigs", c), "model must be a model over characters"),
        (lambda m, c: abcrnn.evaluate(m, "jigs"), "corpus must be a Corpus, .*, not 'jigs'"),
        (lambda m, c: abcrnn.evaluate("runs/x", c), "load_model.path., not 'runs/x'"),
        (lambda m, c: abcrnn.Sampler("runs/jigs"), "model must be .* not 'runs/jigs'"),
        (lambda m, c: abcrnn.compose("runs/jigs", 2), "model must be .* not 'runs/jigs'"),
        (lambda m, c: abcrnn.rewrite("runs/jigs", "X:1", 1, 1), "model must be a model over"),
        (lambda m, c: abcrnn.reproduce("X:1", "runs/jigs"), "model must be a model over"),
        (lambda m, c: abcrnn.Vocabulary.from_text(c), "text must be a string, such as corpus.text"),
        (lambda m, c: m.vocabulary.encode(c), "text must be a string, such as corpus.text"),
        (lambda m, c: abcrnn.Sampler(m).tunes(1, prompt=3), "prompt must be text, not 3"),
        (lambda m, c: abcrnn.events.NoteSampler(m), "model must be a note model"),
        (lambda m, c: abcrnn.events.NoteTrainer(m, []), "model must be a note model"),
    ],
)
def test_arguments_of_another_type_are_explained(call, message, few_tunes):
    model = abcrnn.CharLSTM(few_tunes.vocabulary, embedding_dim=2, units=2, num_layers=1)
    with pytest.raises(TypeError, match=message):
        call(model, few_tunes)
