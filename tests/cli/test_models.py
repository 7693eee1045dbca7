"""How commands take models: MODEL, ``--model``, several models, files of ensembles."""

import numpy as np
import pytest

from abcrnn import CharLSTM, Ensemble, Sampler, Vocabulary, load_model
from abcrnn.data.corpus import load_corpus
from abcrnn.evaluation import Scorer

ONE_TUNE = ["--unconstrained", "--seed", 1]


@pytest.fixture(scope="module")
def second(trained, tmp_path_factory):
    """A file of a model whose predictions differ from those of ``trained``."""
    model = load_model(trained)
    rng = np.random.default_rng(0)
    arrays = model.weight_arrays()
    model.set_weight_arrays(
        {n: a + rng.normal(scale=0.02, size=a.shape).astype(np.float32) for n, a in arrays.items()}
    )
    path = tmp_path_factory.mktemp("models") / "second.abcrnn"
    model.save(path)
    return path


@pytest.mark.slow
def test_the_option_replaces_the_positional_argument(trained, homemade, run):
    expected = run("sample", trained, *ONE_TUNE)
    assert expected[0] == 0
    assert run("sample", "--model", trained, *ONE_TUNE) == expected
    assert run("sample", *ONE_TUNE, f"--model={trained}") == expected
    expected = run("surprise", trained, homemade)
    assert expected[0] == 0
    assert run("surprise", "--model", trained, homemade) == expected
    assert run("surprise", homemade, "--model", trained) == expected


@pytest.mark.slow
def test_several_models_predict_together(trained, second, homemade, tmp_path, run):
    both = "--model", trained, "--model", second
    ensemble = Ensemble([load_model(trained), load_model(second)])
    code, out, _ = run("surprise", *both, homemade)
    tune = load_corpus(homemade).tunes[0]
    bits = Scorer(ensemble).score([tune]).bits_per_char
    assert code == 0 and f": {bits:.3f} bits per character\n" in out.split("~")[0]
    assert f"{Scorer(load_model(trained)).score([tune]).bits_per_char:.3f}" != f"{bits:.3f}"
    [expected] = Sampler(ensemble, temperature=1.0, seed=1).tunes(1, max_length=1000)
    code, out, _ = run("sample", *both, *ONE_TUNE)
    assert (code, out.partition("\n")[2]) == (0, expected.partition("\n")[2] + "\n")
    ensemble.save(tmp_path / "both.abcrnn")
    assert run("sample", tmp_path / "both.abcrnn", *ONE_TUNE)[:2] == (0, out)


@pytest.mark.slow
def test_tunes_of_several_models_are_reproduced(trained, second, tmp_path, run):
    book, both = tmp_path / "tunes.abc", ["--model", trained, "--model", second]
    form = ["--form", "AB", "--bars", 4]
    assert run("compose", *both, "--seed", 1, "--copies", *form, "-o", book)[0] == 0
    code, _, errors = run("reproduce", book, *both)
    assert (code, errors) == (0, "1 of 1 tune the same, byte for byte\n")
    code, _, errors = run("reproduce", book, "--model", trained)
    assert code == 1 and "the tune was composed with model" in errors


def usage_error(capsys, run, *arguments):
    with pytest.raises(SystemExit) as stopped:
        run(*arguments)
    assert stopped.value.code == 2
    return capsys.readouterr().err


def test_models_given_in_both_ways_are_refused(trained, second, homemade, capsys, run):
    errors = usage_error(capsys, run, "sample", trained, "--model", second)
    assert f"unrecognized arguments: {trained}; give every model with --model" in errors
    errors = usage_error(capsys, run, "surprise", trained, "--model", second, homemade)
    assert f"unrecognized arguments: {homemade}; give every model with --model" in errors


def test_a_missing_model_is_reported(homemade, capsys, run):
    assert "required: MODEL" in usage_error(capsys, run, "events", "sample", "-o", "x.mid")
    assert "required: FILE" in usage_error(capsys, run, "surprise", "--model", "m")
    assert "--model: expected one argument" in usage_error(capsys, run, "sample", "--model")


def test_models_with_other_characters_are_refused(trained, tmp_path, run):
    CharLSTM(Vocabulary.from_text("X:1\nK:D\nabc|"), units=2).save(tmp_path / "other.abcrnn")
    code, _, errors = run("sample", "--model", trained, "--model", tmp_path / "other.abcrnn")
    assert code == 2
    assert errors.startswith("abcrnn: --model must have the same characters: ")
    assert "is known to only one of models 1 and 2" in errors


def test_models_of_notes_take_one_only(capsys, run):
    arguments = ["events", "sample", "--model", "a", "--model", "b", "-o", "x.mid"]
    errors = usage_error(capsys, run, *arguments)
    assert "argument --model: models of notes cannot be combined: give one" in errors
