"""``abcrnn evaluate`` with several models or corpora, and its machine-readable output."""

import csv
import io
import json
import re

import pytest
from helpers.tiny_recipe import TINY_RECIPE

from abcrnn import Ensemble, evaluate, load_corpus, load_model
from abcrnn.evaluation import tune_temperature
from abcrnn.evaluation.held_out import held_out_part, validation_part

TINY = ["--recipe", TINY_RECIPE, "--epochs", "1"]


@pytest.fixture(scope="module")
def runs(homemade, tmp_path_factory):
    """Two runs on the same split, each a folder with a model that is almost untrained."""
    from abcrnn.cli import main

    folders = [tmp_path_factory.mktemp("runs") / name for name in "ab"]
    for seed, folder in enumerate(folders):
        split = ["--test", "0.25", "--split-seed", "1"]
        arguments = ["train", str(homemade), "--out", str(folder), "--seed", str(seed)]
        assert main([*arguments, *split, *TINY]) == 0
    return folders


def load(folder):
    return load_model(folder / "best.abcrnn")


@pytest.mark.slow
def test_a_table_of_several_models_on_held_out_tunes(runs, homemade, run):
    first, second = runs
    code, out, errors = run("evaluate", "--model", first, "--model", second, "--corpus", homemade,
                            "--ensemble")  # fmt: skip
    assert code == 0
    assert "homemade: 6 tunes left out: used in the training or validation of a model" in errors
    lines = out.splitlines()
    assert re.fullmatch(r"homemade/test: 2 tunes, [\d,]+ characters", lines[0])
    test = held_out_part(load(first), load_corpus(homemade))
    models = [load(first), load(second), Ensemble([load(first), load(second)])]
    for line, name, model in zip(lines[2:5], [first, second, "ensemble"], models, strict=True):
        bits = evaluate(model, test)["bits_per_char"]
        assert line.startswith(f"{name} ") and f" {bits:.4f} " in line
    assert lines[2].count("(") == 0 and lines[3].count("(") == 1
    assert lines[-1].startswith("intervals: 2,000 resamples of the tunes, seed 0; difference: ")


@pytest.mark.slow
def test_json_and_the_file_of_each_tune(runs, homemade, tmp_path, run):
    table = tmp_path / "tunes.csv"
    others = tmp_path / "others.abc"
    text = 'X:1\nT:One, "two"\nM:4/4\nL:1/8\nK:D\nABcd ☘fga|\n'
    others.write_text(text, "utf-8")
    known = load(runs[0]).vocabulary.characters
    arguments = ["evaluate", runs[0], "--corpus", homemade, "--corpus", others, "--seed", 5]
    code, out, _ = run(*arguments, "--json", "--per-tune", table)
    assert code == 0
    numbers = json.loads(out)
    assert (numbers["seed"], numbers["resamples"]) == (5, 2000)
    assert [record["corpus"] for record in numbers["records"]] == ["homemade/test", "others"]
    assert [record["model"] for record in numbers["records"]] == [str(runs[0])] * 2
    unknown = sum(character not in known for character in text.rstrip("\n"))
    assert numbers["records"][1]["unknown_characters"] == unknown > 0
    rows = list(csv.DictReader(io.StringIO(table.read_text("utf-8"))))
    assert [row["title"] for row in rows][-1] == 'One, "two"'
    assert len(rows) == 3
    for record in numbers["records"]:
        own = [row for row in rows if row["corpus"] == record["corpus"]]
        total = sum(float(row["bits"]) for row in own)
        characters = sum(int(row["characters"]) for row in own)
        assert total / characters == pytest.approx(record["bits_per_char"])
    code, out, _ = run(*arguments)
    assert (
        code == 0 and f"{unknown} characters outside the model's vocabulary, 20.1 bits each" in out
    )


@pytest.mark.slow
def test_temperatures(runs, homemade, run):
    corpus, model = load_corpus(homemade), load(runs[0])
    test, validation = held_out_part(model, corpus), validation_part(model, corpus)
    tuned = tune_temperature(model, validation)
    arguments = ["evaluate", runs[0], "--corpus", homemade, "--json", "--temperature"]
    _, out, _ = run(*arguments, "tuned")
    records = json.loads(out)["records"]
    assert [record["temperature"] for record in records] == [1, tuned]
    for record in records:
        bits = evaluate(model, test, record["temperature"])["bits_per_char"]
        assert record["bits_per_char"] == bits
    _, out, _ = run(*arguments, "1.25")
    [record] = json.loads(out)["records"]
    assert record["bits_per_char"] == evaluate(model, test, 1.25)["bits_per_char"]


def test_a_corpus_that_the_model_does_not_record(runs, tmp_path, run):
    others = tmp_path / "others.abc"
    others.write_text("X:1\nT:One\nM:4/4\nL:1/8\nK:D\nABcd efga|\n", "utf-8")
    code, out, errors = run("evaluate", runs[0], "--corpus", others, "--temperature", "tuned")
    assert code == 0 and "tuned" not in out
    assert "was not validated on a part of others: there are no tunes to tune" in errors
    assert "does not record" not in errors
    model = load(runs[0])
    model.trained_digests = None
    model.save(tmp_path / "old.abcrnn")
    _, _, errors = run("evaluate", tmp_path / "old.abcrnn", "--corpus", others, "--json")
    assert "old.abcrnn does not record its training tunes: some may be among" in errors


@pytest.mark.slow
def test_the_seed_of_the_card(runs, homemade, tmp_path, run):
    for seed in (0, 1):
        out = tmp_path / str(seed)
        arguments = ["--corpus", homemade, "--tunes", 1, "--seed", seed, "--out", out]
        assert run("evaluate", runs[0], *arguments)[0] == 0
        card = json.loads((out / "card.json").read_text())
        assert card["generated"]["settings"]["seed"] == seed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["m", "--corpus", "c", "--temperature", "hot"], "tuned or a number above 0, such as 1.05"),
        (["m", "--corpus", "c", "--temperature", "0"], "not '0'"),
        (["m", "--corpus", "c", "--ensemble"], "--ensemble: give at least two models"),
        (["m", "--corpus", "c", "--json", "--ensemble"], "--ensemble: give at least two models"),
        (["m", "--corpus", "c", "--corpus", "d", "--out", "x"], "--out: the card is of one model"),
        (["m", "--corpus", "c", "--json", "--out", "x"], "--out: the card is of one model"),
    ],
)
def test_invalid_arguments(capsys, run, arguments, message):
    with pytest.raises(SystemExit) as stopped:
        run("evaluate", *arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err
