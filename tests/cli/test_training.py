"""``abcrnn train``, and the card of the model that it writes."""

import json
import re
import shutil

import pytest
from helpers.tiny_recipe import TINY_RECIPE

from abcrnn import load_corpus, load_model, transpose
from abcrnn.data.leak_guard import find_copies
from abcrnn.data.tidied_corpora import tidy_corpus
from abcrnn.evaluation.held_out import held_out_part, training_part
from abcrnn.notation.formatter.plain import PLAIN_RULES
from abcrnn.notation.formatter.tune import LAYOUT

TINY = ["--recipe", TINY_RECIPE, "--epochs", "3"]


def test_train_then_evaluate(tmp_path, homemade, run):
    arguments = [
        "train",
        homemade,
        "--out",
        tmp_path / "run",
        "--test",
        0.25,
        "--split-seed",
        1,
        *TINY,
    ]
    code, out, _ = run(*arguments, "--sample-every", 3)
    assert code == 0
    assert f"homemade: 5 tunes for training, 1 for validation; recipe {TINY_RECIPE}: " in out
    assert "after epoch 3:" in out
    assert re.search(r"\n3 epochs; epoch 3: training \d\.\d+ bits per character, validation", out)
    assert re.search(r"\nbest on the validation part: epoch \d: training", out)
    assert f"Try next: abcrnn compose {tmp_path / 'run' / 'best.abcrnn'}" in out
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {".lock", "best.abcrnn", "checkpoints", "curve.png", "history.csv", "run.json"}
    code, out, _ = run("evaluate", tmp_path / "run", "--corpus", homemade, "--tunes", 0)
    assert code == 0
    assert "homemade/test: 2 held-out tunes" in out
    assert "\n6 tunes left out: " in out
    grown = tmp_path / "grown.abc"
    grown.write_text(
        homemade.read_text("utf-8") + "\nX:1\nT:Gate\nM:2/4\nL:1/8\nK:D\nAF A2|\n", "utf-8"
    )
    code, out, _ = run("evaluate", tmp_path / "run", "--corpus", grown, "--tunes", 0)
    assert code == 0
    assert "grown/held-out: 3 held-out tunes" in out and "\n6 tunes left out: " in out
    assert float(re.search(r"bits per character +(\S+)", out)[1]) > 1


@pytest.mark.slow
def test_a_run_folder_of_another_recipe(tmp_path, homemade, run):
    shutil.copy(homemade, tmp_path / "mine.abc")
    assert run("train", tmp_path / "mine.abc", "--out", tmp_path / "run", *TINY)[0] == 0
    code, _, errors = run("train", tmp_path / "mine.abc", "--out", tmp_path / "run",
                          *TINY, "--recipe", "jigs", "--batch-size", 4,
                          "--seq-length", 32)  # fmt: skip
    assert code == 1
    assert "holds another run: its model embedding_dim is 8, not 512" in errors


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "bad.abc is empty"),
        (b"la la la", "bad.abc holds no tune: in ABC notation each begins with a line X:"),
        (b"\x7fELF\x00\x01", "bad.abc is not text: it has a NUL byte in line 1"),
        (b"X:1\nK:C\nc|\n", "--validation 0"),
    ],
)
def test_bad_corpora_are_reported_in_one_line(tmp_path, run, content, message):
    (tmp_path / "bad.abc").write_bytes(content)
    code, _, errors = run("train", tmp_path / "bad.abc", "--out", tmp_path / "run")
    assert code == 1
    assert errors.startswith("abcrnn: ") and errors.count("\n") == 1
    assert message in errors
    assert not (tmp_path / "run").exists()


def test_a_corpus_shorter_than_one_window(tmp_path, homemade, run):
    code, _, errors = run("train", homemade, "--out", tmp_path / "run", "--seq-length", 5000,
                          "--recipe", "quick")  # fmt: skip
    assert code == 1
    assert "one window needs" in errors
    assert "use a smaller --batch-size or --seq-length" in errors


@pytest.mark.parametrize(
    ("corpus", "hint"), [("missing/tunes.abc", ""), ("oneils", "; did you mean oneills?")]
)
def test_a_missing_path_or_unknown_corpus(tmp_path, run, corpus, hint):
    code, _, errors = run("train", corpus, "--out", tmp_path / "run")
    assert code == 1
    assert f"{corpus} is neither a file or folder nor a corpus" in errors
    assert errors.endswith(f"{hint}\n") and errors.count("\n") == 1


@pytest.mark.slow
def test_fields_that_name_people_are_left_out(tmp_path, homemade, run, capsys):
    text = homemade.read_text("utf-8").replace("\nM:", "\nC:Some One\nM:")
    (tmp_path / "mine.abc").write_text(text, "utf-8")
    arguments = ["train", tmp_path / "mine.abc", "--out", tmp_path / "run", *TINY[:-1], 1]
    code, out, _ = run(*arguments)
    assert code == 0
    assert "left out: the fields A, B, C, D, F, H, N, O, S, Z, which name people and" in out
    assert "--fields all keeps them" in out
    recorded = json.loads((tmp_path / "run" / "run.json").read_text())
    assert recorded["corpus"]["origin"]["without"] == "ABCDFHNOSZ"
    assert recorded["vocabulary"] == load_corpus(homemade).vocabulary.characters
    with pytest.raises(SystemExit):
        run(*arguments, "--fields", "all")
    assert "run holds a run with --fields music: leave the option out" in capsys.readouterr().err
    assert run(*arguments, "--fields", "music")[0] == 0


@pytest.mark.slow
def test_formatted_tunes(tmp_path, homemade, run, capsys):
    path = tmp_path / "mine.abc"
    path.write_text(homemade.read_text("utf-8").replace("|\n", " |\n"), "utf-8")
    arguments = ["train", path, "--out", tmp_path / "run", "--fields", "all", *TINY[:-1], 1]
    code, out, _ = run(*arguments, "--tidy")
    assert code == 0 and "\nthe tunes are formatted, as abcrnn tidy writes them\n" in out
    recorded = json.loads((tmp_path / "run" / "run.json").read_text())["corpus"]
    assert recorded["origin"]["tidy"] == LAYOUT
    train = load_corpus(path).split()[0]
    assert recorded["origin"]["fingerprint"] == load_corpus(path).fingerprint
    assert recorded["fingerprint"] == tidy_corpus(train).fingerprint != train.fingerprint
    code, out, _ = run(*arguments)  # the run is resumed with formatted tunes
    assert code == 0 and "the tunes are formatted" in out
    run(*arguments[:3], tmp_path / "other", *arguments[4:])
    with pytest.raises(SystemExit):
        run(*arguments[:3], tmp_path / "other", *arguments[4:], "--tidy")
    assert "other holds a run without it: leave the option out" in capsys.readouterr().err


@pytest.mark.slow
def test_plain_melodies(tmp_path, homemade, run, capsys):
    path = tmp_path / "mine.abc"
    path.write_text(homemade.read_text("utf-8").replace("|\n", '"^dolce"|\n'), "utf-8")
    arguments = ["train", path, "--out", tmp_path / "run", *TINY[:-1], 1]
    code, out, _ = run(*arguments, "--plain")
    assert code == 0 and "\nthe tunes are formatted melodies, without fingerings" in out
    recorded = json.loads((tmp_path / "run" / "run.json").read_text())
    assert recorded["corpus"]["origin"]["plain"] == PLAIN_RULES
    assert '"' not in recorded["vocabulary"] and "X" in recorded["vocabulary"]
    code, out, _ = run(*arguments)  # the run is resumed with plain melodies
    assert code == 0 and "the tunes are formatted melodies" in out
    code, out, _ = run("evaluate", tmp_path / "run", "--corpus", path)
    assert code == 0
    run(*arguments[:3], tmp_path / "other", *arguments[4:], "--tidy")
    with pytest.raises(SystemExit):
        run(*arguments[:3], tmp_path / "other", *arguments[4:], "--plain")
    assert "--plain: " in capsys.readouterr().err


@pytest.mark.slow
def test_an_earlier_run_keeps_all_fields(tmp_path, homemade, run):
    arguments = ["train", homemade, "--out", tmp_path / "run", *TINY[:-1]]
    code, out, _ = run(*arguments, 1, "--fields", "all")
    assert code == 0 and "left out" not in out
    origin = json.loads((tmp_path / "run" / "run.json").read_text())["corpus"]["origin"]
    assert "without" not in origin  # as in the runs of versions without this option
    code, out, errors = run(*arguments, 2)
    assert code == 0 and "left out" not in out and "\n2 epochs; epoch 2: " in out
    assert "epoch 2/2: training " in errors


def with_copies(source, folder):
    """A tunebook, and one like it that also has each tune three semitones higher."""
    tunes = load_corpus(source).tunes
    moved = [transpose(tune, 3).replace("X:", "X:1", 1) for tune in tunes]
    paths = folder / "plain.abc", folder / "doubled.abc"
    for path, text in zip(paths, (tunes, [*tunes, *moved]), strict=True):
        path.write_text("\n\n".join(text) + "\n", "utf-8")
    return paths


@pytest.mark.slow
def test_copies_of_held_out_tunes_are_left_out(tmp_path, homemade, run, capsys):
    _, doubled = with_copies(homemade, tmp_path)
    arguments = ["train", doubled, "--out", tmp_path / "run", "--test", 0.25, *TINY[:-1]]
    code, out, _ = run(*arguments, 1)
    found = re.search(
        r"^left out: (\d+) training tunes that share more than 4 bars with a held-out tune; "
        r"--no-leak-guard keeps them$", out, re.MULTILINE)  # fmt: skip
    corpus = load_corpus(doubled)
    train, *held_out = corpus.split(test=0.25)
    left_out = find_copies(train, held_out).tolist()
    assert code == 0 and found and len(left_out) == int(found[1]) == 3
    left = len(train.tunes) - len(left_out)
    assert f"doubled: {left} tunes for training, " in out
    recorded = json.loads((tmp_path / "run" / "run.json").read_text())["corpus"]
    assert recorded["tunes"] == left
    assert recorded["origin"]["leak_guard"] == {"bars": 4, "notes": 16, "left_out": left_out}
    model = load_model(tmp_path / "run" / "best.abcrnn")
    assert training_part(model, corpus).fingerprint == recorded["fingerprint"]
    assert held_out_part(model, corpus) == held_out[1].without_fields("ABCDFHNOSZ")
    code, out, _ = run(*arguments, 2)
    assert code == 0 and found[0] in out and "\n2 epochs; epoch 2: " in out
    with pytest.raises(SystemExit) as stopped:
        run(*arguments, 2, "--no-leak-guard")
    assert stopped.value.code == 2
    assert "run holds a run with the leak guard: leave the option out" in capsys.readouterr().err


@pytest.mark.slow
def test_runs_without_the_leak_guard_keep_all_tunes(tmp_path, homemade, run):
    _, doubled = with_copies(homemade, tmp_path)
    arguments = ["train", doubled, "--out", tmp_path / "run", "--test", 0.25, *TINY[:-1]]
    code, out, _ = run(*arguments, 1, "--no-leak-guard")
    assert code == 0 and "share more than" not in out
    recorded = json.loads((tmp_path / "run" / "run.json").read_text())["corpus"]
    assert recorded["tunes"] == len(load_corpus(doubled).split(test=0.25)[0].tunes)
    assert "leak_guard" not in recorded["origin"]  # as in the runs of earlier versions
    code, out, _ = run(*arguments, 2)
    assert code == 0 and "share more than" not in out and "\n2 epochs; epoch 2: " in out


@pytest.mark.slow
def test_more_and_fewer_epochs_than_a_run_began_with(tmp_path, homemade, run):
    arguments = ["train", homemade, "--out", tmp_path / "run", *TINY[:-1]]
    assert run(*arguments, 1)[0] == 0
    code, out, errors = run(*arguments, 2)
    assert code == 0
    assert "the learning rate has decayed by epoch 1, with which this run began" in out
    assert "\n2 epochs; epoch 2: " in out
    code, out, errors = run(*arguments, 1)
    assert code == 0
    assert "nothing to train: --epochs 1 counts the whole run, and epoch 2 is finished" in errors


@pytest.mark.slow
def test_training_that_explodes(tmp_path, homemade, run):
    arguments = ["train", homemade, "--out", tmp_path / "run", *TINY[:-1], 1]
    code, out, errors = run(*arguments, "--learning-rate", 1000)
    assert code == 1
    assert "Try next" not in out and "best on" not in out
    assert re.search(
        r"^abcrnn: worse than chance \(\d+\.\d{3} bits; uniform is 5\.\d{3}\): use a smaller "
        r"--learning-rate \(it is 1000\)$",
        errors,
        re.MULTILINE,
    )


@pytest.mark.slow
def test_the_next_command_is_quoted(tmp_path, homemade, run):
    folder = tmp_path / "my runs"
    code, out, _ = run("train", homemade, "--out", folder, *TINY[:-1], 1)
    assert code == 0
    assert f"Try next: abcrnn compose '{folder}/best.abcrnn' -n 4" in out


# Recipe files --------------------------------------------------------------------------------

RECIPE = {
    "epochs": 2,
    "model": {"units": 8, "embedding_dim": 4, "num_layers": 1},
    "training": {"batch_size": 2, "seq_length": 32, "decay_epochs": 2},
}


@pytest.mark.slow
def test_a_recipe_file_is_trained_resumed_and_refused_after_a_change(tmp_path, homemade, run):
    recipe, folder = tmp_path / "my recipe.json", tmp_path / "run"
    recipe.write_text(json.dumps(RECIPE))
    arguments = ["train", homemade, "--out", folder, "--recipe", recipe]
    code, out, _ = run(*arguments, "--epochs", 1)
    assert code == 0 and f"recipe {recipe}: " in out
    recorded = json.loads((folder / "run.json").read_text())
    assert recorded["model"]["units"] == 8 and recorded["training"]["decay_epochs"] == 1
    code, out, _ = run(*arguments)
    assert code == 0 and "\n2 epochs; epoch 2: " in out
    assert "decays over 1 epoch, with which this run began; the recipe has 2\n" in out
    recipe.write_text(json.dumps({**RECIPE, "model": {**RECIPE["model"], "units": 9}}))
    code, _, errors = run(*arguments)
    assert code == 1
    assert "run holds another run: its model units is 8, not 9. Use the same settings" in errors


@pytest.mark.slow
def test_a_run_continues_with_the_settings_in_its_run_json(tmp_path, homemade, run):
    recipe, folder = tmp_path / "recipe.json", tmp_path / "run"
    recipe.write_text(json.dumps(RECIPE))
    run("train", homemade, "--out", folder, "--recipe", recipe, "--epochs", 1)
    before = (folder / "run.json").read_bytes()
    code, out, _ = run("train", homemade, "--out", folder, "--epochs", 2)
    assert code == 0 and "holds a run: it continues with the settings in its run.json\n" in out
    assert "\n2 epochs; epoch 2: " in out
    assert (folder / "run.json").read_bytes() == before
    recipe.write_text(json.dumps({**RECIPE, "model": {**RECIPE["model"], "units": 9}}))
    code, _, errors = run("train", homemade, "--out", folder, "--recipe", recipe)
    assert code == 1 and "holds another run: its model units is 8, not 9" in errors


def test_a_faulty_recipe_file_is_reported_in_one_line(tmp_path, run):
    faulty = {**RECIPE, "training": {"learning_rate": "fast"}}
    (tmp_path / "r.json").write_text(json.dumps(faulty))
    arguments = ["train", "no corpus", "--out", tmp_path / "run", "--recipe"]
    code, _, errors = run(*arguments, tmp_path / "r.json")
    assert code == 1 and errors == (
        f"abcrnn: {tmp_path / 'r.json'} is not a valid recipe file: training.learning_rate must "
        "be a positive number, not 'fast'\n"
    )
    code, _, errors = run(*arguments, tmp_path / "missing.json")
    assert (
        code == 1 and errors == f"abcrnn: {tmp_path / 'missing.json'}: no such file or directory\n"
    )
