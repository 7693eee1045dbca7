"""Training and scoring of the quality benchmark: the PyTorch rows and those of abcrnn."""
# ruff: noqa: E402  # modules that import PyTorch follow the check that it is installed

import numpy as np
import pytest

from abcrnn.data.corpus import Corpus
from abcrnn.evaluation.scoring import Scorer
from abcrnn.models.char_lstm import CharLSTM
from benchmarks.quality import our_rows
from benchmarks.quality.data import Data
from benchmarks.quality.options import Options
from benchmarks.quality.rows import ROWS

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install '.[bench]'")

from benchmarks.quality import torch_rows
from benchmarks.quality.torch_networks import (
    build_network,
    count_parameters,
    stream_batches,
    tune_batches,
    tune_costs,
)
from benchmarks.quality.torch_training import IGNORED, Schedule

pytestmark = pytest.mark.slow

LSTM = {
    **ROWS["pytorch-2x512"].settings,
    "embedding_dim": 6,
    "units": 10,
    "batch_size": 2,
    "seq_length": 32,
    "max_epochs": 3,
}
GPT = {**ROWS["gpt"].settings, "units": 16, "num_heads": 2, "num_layers": 2, "block_size": 64,
       "max_epochs": 2}  # fmt: skip
CHAR_RNN = {**ROWS["char-rnn"].settings, "units": 8, "batch_size": 2, "max_epochs": 2}


@pytest.fixture(scope="module")
def data(few_tunes):
    parts = [Corpus(name, few_tunes.tunes[a:b]) for name, a, b in
             [("train", 0, 20), ("validation", 20, 24), ("test", 24, 30)]]  # fmt: skip
    return Data("few", few_tunes.fingerprint, "tune", *parts, few_tunes.vocabulary)


def network_of(settings, data):
    return build_network(settings, len(data.vocabulary)).eval()


# Scoring -------------------------------------------------------------------------------------


def test_pytorch_is_scored_as_abcrnn_with_equal_weights(data):
    network = network_of(LSTM, data)
    sizes = {name: LSTM[name] for name in ("embedding_dim", "units", "num_layers", "dropout")}
    model = CharLSTM(data.vocabulary, **sizes)
    lstm = network.lstm
    arrays = {
        "embedding/embeddings": network.embedding.weight,
        "head/kernel": network.head.weight.T,
        "head/bias": network.head.bias,
    }
    for layer in range(LSTM["num_layers"]):
        bias = getattr(lstm, f"bias_ih_l{layer}") + getattr(lstm, f"bias_hh_l{layer}")
        arrays |= {
            f"recurrent.{layer}/kernel": getattr(lstm, f"weight_ih_l{layer}").T,
            f"recurrent.{layer}/recurrent_kernel": getattr(lstm, f"weight_hh_l{layer}").T,
            f"recurrent.{layer}/bias": bias,
        }
    model.set_weight_arrays({name: array.detach().numpy() for name, array in arrays.items()})
    tunes = [*data.test.tunes, "X:1\nK:C\n" + "abc2 " * 150]  # several windows of the Scorer
    for ours, theirs in zip(
        Scorer(model).costs(tunes), tune_costs(network, data.vocabulary, tunes), strict=True
    ):
        np.testing.assert_allclose(theirs, ours, atol=1e-4)
    assert count_parameters(network) == model.count_params()


@pytest.mark.parametrize("settings", [LSTM, GPT, CHAR_RNN], ids=["lstm", "gpt", "char-rnn"])
def test_the_cost_of_a_tune_does_not_depend_on_the_other_tunes(settings, data):
    network = network_of(settings, data)
    together = tune_costs(network, data.vocabulary, data.test.tunes)
    for tune, costs in zip(data.test.tunes, together, strict=True):
        (alone,) = tune_costs(network, data.vocabulary, [tune])
        assert len(alone) == len(tune) + 2
        np.testing.assert_allclose(alone, costs, atol=1e-4)


def test_gpt_predicts_from_earlier_characters_only(data):
    network = network_of(GPT, data)
    text = torch.from_numpy(data.vocabulary.encode(data.test.text[:200]).astype(np.int64))
    changed = text.clone()
    changed[150] = (changed[150] + 1) % len(data.vocabulary)
    with torch.inference_mode():
        logits, others = network(text[:, None], None)[0], network(changed[:, None], None)[0]
    assert len(logits) == 200
    torch.testing.assert_close(logits[:150], others[:150])
    assert not torch.allclose(logits[150], others[150])
    # The last window is read from character 160 on; its first half is context only.
    with torch.inference_mode():
        recent = network(text[160:, None], None)[0]
    torch.testing.assert_close(logits[192:], recent[-8:])


# Training ------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [LSTM, GPT, CHAR_RNN], ids=["lstm", "gpt", "char-rnn"])
def test_an_interrupted_row_ends_with_the_same_costs(settings, data, tmp_path):
    torch.set_num_threads(1)
    whole = torch_rows.run(data, settings, Options(tmp_path / "whole", 1))
    for _ in range(2):  # no epoch begins after this time, so the second call trains none
        torch_rows.run(data, settings, Options(tmp_path / "parts", 1, minutes=1e-9))
    history = torch.load(tmp_path / "parts" / "checkpoint.pt", weights_only=True)["history"]
    assert len(history) == 1
    torch.manual_seed(99)  # the generator comes from the checkpoint
    resumed = torch_rows.run(data, settings, Options(tmp_path / "parts", 1))
    assert resumed.about == whole.about
    for ours, theirs in zip(whole.costs, resumed.costs, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_training_lowers_the_validation_cost_and_keeps_the_best_epoch(data, tmp_path):
    settings = {**LSTM, "learning_rate": 1e-2, "max_epochs": 6, "patience": 2}
    outcome = torch_rows.run(data, settings, Options(tmp_path, 1))
    history = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["history"]
    scores = [epoch["validation"] for epoch in history]
    assert min(scores) < scores[0]
    assert outcome.about["best_epoch"] == int(np.argmin(scores)) + 1
    assert outcome.about["validation"] == pytest.approx(min(scores), abs=1e-5)
    assert outcome.seconds == pytest.approx(sum(epoch["seconds"] for epoch in history))


def test_training_stops_when_validation_does_not_improve(data, tmp_path):
    settings = {**LSTM, "learning_rate": 0.0, "max_epochs": 9, "patience": 2}
    assert torch_rows.run(data, settings, Options(tmp_path, 1)).about["epochs"] == 3


def test_streams_are_those_of_abcrnn_and_padding_is_not_trained_on(data):
    tunes = data.train.tunes
    streams = stream_batches(data.vocabulary, tunes, batch_size=2, seq_length=32)
    windows = list(streams.epoch(0))
    assert len(windows) == streams.per_epoch
    for inputs, targets in windows:
        np.testing.assert_array_equal(inputs[1:], targets[:-1])
    whole = tune_batches(data.vocabulary, tunes, batch_size=3, block_size=64)
    targets = np.concatenate([batch.ravel() for _, batch in whole.epoch(0)])
    # Each character after the first is a target once.
    assert (targets != IGNORED).sum() == sum(len(tune) + 3 for tune in tunes)


def test_learning_rates():
    cosine = Schedule(learning_rate=2.0, max_epochs=11, warmup_epochs=1.0)
    assert [round(cosine.rate(at), 6) for at in (0.5, 1, 6, 11, 12)] == [1, 2, 1, 0, 0]
    steps = Schedule(learning_rate=1.0, decay="char-rnn")
    assert [steps.rate(at) for at in (0, 9.9, 10, 11.5)] == [1, 1, 0.97, 0.97**2]


def test_char_rnn_reads_one_hot_characters_and_opens_its_forget_gates(data):
    network = network_of(CHAR_RNN, data)
    size = len(data.vocabulary)
    np.testing.assert_array_equal(network.embedding.weight.detach(), np.eye(size))
    forget = (network.lstm.bias_ih_l1 + network.lstm.bias_hh_l1)[8:16]
    np.testing.assert_array_equal(forget.detach(), np.ones(8))
    assert network.head.weight.abs().max() <= 0.08
    assert count_parameters(network) == 4 * 8 * (size + 8 + 1 + 16 + 1) + (8 + 1) * size


# abcrnn --------------------------------------------------------------------------------------


def test_a_row_of_abcrnn_is_trained_with_the_public_api_and_resumes(data, tmp_path):
    row = ROWS["abcrnn-default"].with_settings(
        ["model.units=8", "model.embedding_dim=4", "training.batch_size=2", "epochs=2",
         "training.seq_length=64"]  # few shapes to compile
    )  # fmt: skip
    options = Options(tmp_path, 1)
    short = our_rows.run(data, row.settings, Options(tmp_path, 1, minutes=1e-9))
    assert short.about["epochs"] == 1
    again = our_rows.run(data, row.settings, Options(tmp_path, 1, minutes=1e-9))
    assert again.about == short.about
    outcome = our_rows.run(data, row.settings, options)
    assert outcome.about["epochs"] == 2
    assert [len(cost) for cost in outcome.costs] == [len(tune) + 2 for tune in data.test.tunes]
    assert outcome.about["validation"] < short.about["validation"]
    assert sum(c.sum() for c in outcome.costs) < sum(c.sum() for c in short.costs)
