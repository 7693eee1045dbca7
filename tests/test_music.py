"""The measurement of generated tunes: ``python -m benchmarks music``."""

import json

import pytest

from abcrnn import load_corpus, load_model
from abcrnn.composition.acceptance import has_loop
from abcrnn.evaluation.distributions import distance, distributions
from abcrnn.evaluation.tune_metrics import measure_all
from abcrnn.notation import check_tune, read_tune
from benchmarks.music import command, generation
from benchmarks.music.figures import Reference
from benchmarks.music.generation import Settings, generate
from benchmarks.music.picture import draw

SPLIT = (0.1, 0.25, 1)  # of the eight tunes, two are held out
LOOP = "X:1\nM:2/4\nL:1/8\nK:D\n" + "FA d2|" * 6 + "D4|]"


@pytest.fixture(scope="module")
def model_file(trained, homemade, tmp_path_factory):
    model = load_model(trained)
    model.about = {"corpus": load_corpus(homemade).split(*SPLIT)[0].describe()}
    path = tmp_path_factory.mktemp("music") / "part.abcrnn"
    model.save(path)
    return path


@pytest.mark.slow
def test_generation_continues_where_it_stopped(model_file, tmp_path, monkeypatch):
    monkeypatch.setattr(generation, "CHUNK", 3)
    model, settings = load_model(model_file), Settings(5, max_length=300)
    tunes = generate(model, settings, tmp_path)
    assert len(tunes) == len(set(tunes)) == 5
    assert not any(check_tune(tune) for tune in tunes)
    [file] = tmp_path.iterdir()
    whole = file.read_text("utf-8")
    file.write_text(json.dumps(json.loads(whole)[:1]), "utf-8")
    calls = []
    chunk = generation._chunk
    monkeypatch.setattr(generation, "_chunk", lambda *a: calls.append(a[2]) or chunk(*a))
    assert generate(model, settings, tmp_path) == tunes and calls == [1]
    assert file.read_text("utf-8") == whole
    assert generate(model, settings, tmp_path) == tunes and calls == [1]
    assert generate(model, settings._replace(tunes=2), tmp_path) == tunes[:2]


def test_figures_are_those_of_the_library(homemade):
    train, _, held_out = load_corpus(homemade).split(*SPLIT)
    tunes = [*held_out.tunes, train.tunes[0], LOOP, "X:1\nK:D\nZ9999|", "X:2\nK:C\n"]
    figures = Reference(train).figures(tunes)
    real = tunes[:-2]
    metrics = measure_all(real)
    share = sum(m.returning for m in metrics) / sum(m.full_bars for m in metrics)
    assert figures["metrics"]["tunes"] == len(real) == 4
    assert figures["metrics"]["returning"] == share
    low, high = figures["intervals"]["returning"]
    assert low < share < high
    assert figures["loops"] == sum(has_loop(read_tune(tune)) for tune in real) / 4 == 1 / 4
    assert figures["copied"]["above_four_bars"] >= 1 / 4  # one is a training tune
    some, corpus = distributions(real), distributions(train.tunes)
    assert figures["distances"]["pitch"] == distance(some["pitch"], corpus["pitch"])


def test_the_picture_shows_every_share(homemade, tmp_path):
    """Also those that are above 0 seldom, such as the share of loops."""
    pytest.importorskip("matplotlib")
    train = load_corpus(homemade).split(*SPLIT)[0]
    columns = {"loops": [LOOP], command.REAL: train.tunes}
    found = {name: Reference(train).figures(tunes) for name, tunes in columns.items()}
    assert found["loops"]["loops"] == found[command.REAL]["copied"]["above_four_bars"] == 1
    draw(found, command.REAL, "homemade", tmp_path / "music.png")
    assert (tmp_path / "music.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_command(model_file, homemade, tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(generation, "CHUNK", 3)
    found, picture = tmp_path / "music.json", tmp_path / "music.png"
    arguments = [model_file, "--corpus", homemade, "-n", 3, "--max-length", 300, "--work", tmp_path]
    arguments += ["--json", found, "--figure", picture, "--names", "small"]
    assert command.main(list(map(str, arguments))) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "| measured | small | held-out tunes |"
    saved = json.loads(found.read_text("utf-8"))
    assert saved["columns"]["small"]["metrics"]["tunes"] == 3
    assert saved["columns"][command.REAL]["metrics"]["tunes"] == 2
    assert saved["settings"]["tunes"] == 3 and saved["models"]["small"]
    [row] = [line for line in out if line.startswith("| full bars that occurred before, rhythm |")]
    share = saved["columns"]["small"]["metrics"]["returning_rhythms"]
    assert row.split("|")[2].strip() == f"{100 * share:.1f} %"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_errors(model_file, homemade, trained, tmp_path, capsys):
    def errors(*arguments):
        assert command.main(list(map(str, arguments))) == 1
        return capsys.readouterr().err

    options = ["--corpus", homemade, "--work", tmp_path]
    assert "a different name for each model" in errors(model_file, model_file, *options)
    assert "was not trained on a part of homemade" in errors(trained, *options)
