"""``abcrnn search``: a real search with tiny models, stopped, killed and resumed."""

import contextlib
import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.compile_cache import shared_compilation

from abcrnn import load_model
from abcrnn.cli import main
from abcrnn.cli.entry_point import build_parser
from abcrnn.cli.training_corpora import corpus_arguments
from abcrnn.training.recipe_file import load_recipe

TINY = [
    "--base", "quick", "--epochs", 2, "--startup", 1, "--test", 0.2,
    "--values", "units=4,8", "--values", "embedding_dim=4", "--values", "num_layers=1",
    "--values", "batch_size=2", "--values", "seq_length=32", "--values", "windows=streams",
    "--values", "dropout=0", "--values", "variational_dropout=false",
    "--values", "memory_dim=0", "--values", "memory_heads=1", "--values", "memory_characters=0",
    "--values", "memory_match_length=0",
]  # fmt: skip


@pytest.fixture(scope="module")
def searched(homemade, tmp_path_factory):
    """The folder of a search of two trials, and what the command printed."""
    folder = tmp_path_factory.mktemp("search")
    command = ["search", homemade, "--out", folder, *TINY, "--trials", 2]
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        code = main([str(part) for part in command])
    assert code == 0, errors.getvalue()
    return folder, out.getvalue(), errors.getvalue()


def trials_of(folder):
    with open(folder / "trials.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_what_a_search_prints(searched):
    folder, out, errors = searched
    assert "homemade: 6 tunes for training, 1 for validation; 2 trials of 2 epochs; " in out
    assert "searched: units, learning_rate, decay_epochs\n" in out
    line = r"^trial {} finished: \d\.\d+ bits per character in epoch \d; units [48], learning_rate "
    assert re.search(line.format(1) + r"0\.008, decay_epochs 2; best ", out, re.MULTILINE)
    assert re.search(line.format(2), out, re.MULTILINE)
    assert f"best recipe: {folder / 'best-recipe.json'}\n" in out
    assert "at least four finished trials are needed" in out
    assert "Traceback" not in errors and "epoch 2/2: training" in errors
    assert "optuna" not in (out + errors).lower()


def test_every_trial_is_a_run_folder(searched):
    folder, _, _ = searched
    trials = trials_of(folder)
    assert {trial["trial"] for trial in trials} == {"1", "2"}
    bits = [float(trial["bits_per_char"]) for trial in trials]
    assert bits == sorted(bits)
    for trial in trials:
        run = folder / "trials" / f"{int(trial['trial']):04}"
        chosen = load_recipe(run / "recipe.json")
        assert chosen.model["units"] == int(trial["units"])
        assert chosen.training["learning_rate"] == float(trial["learning_rate"])
        recorded = json.loads((run / "run.json").read_text())
        assert recorded["model"]["units"] == chosen.model["units"]
        model = load_model(run / "best.abcrnn")
        assert model.about["validation_bits_per_char"] == float(trial["bits_per_char"])
        assert model.novelty is not None  # compose needs it


def test_the_best_recipe_is_that_of_the_best_trial(searched):
    folder, _, _ = searched
    best = trials_of(folder)[0]
    chosen = load_recipe(folder / "best-recipe.json")
    of_trial = load_recipe(folder / "trials" / f"{int(best['trial']):04}" / "recipe.json")
    assert (chosen.epochs, chosen.model, chosen.training) == (2, of_trial.model, of_trial.training)
    assert f": trial {best['trial']}, " in chosen.about


def test_the_plot_of_the_trials(searched):
    folder, _, _ = searched
    assert (folder / "trials.png").read_bytes().startswith(b"\x89PNG")
    assert not (folder / "importance.png").exists()


def test_a_finished_search_is_reported_again(searched, homemade, run):
    folder, before, _ = searched
    code, out, _ = run("search", homemade, "--out", folder, *TINY, "--trials", 2)
    assert code == 0 and "nothing to search: --trials counts the whole search" in out
    table = before[before.index("\n  bits") :]
    assert out.endswith(table)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--seed", 1], "its seed is 0, not 1"),
        (["--epochs", 3], "its base epochs is 2, not 3"),
        (["--values", "dropout=0.1"], "its base model dropout is 0, not 0.1"),
        (["--values", "units=4,8,16"], "its space units values is [4, 8], not [4, 8, 16]"),
        (["--split-seed", 5], "its corpus "),
    ],
)
def test_a_folder_with_another_search(searched, homemade, run, options, message):
    folder, _, _ = searched
    code, _, errors = run("search", homemade, "--out", folder, *TINY, *options)
    assert code == 1 and errors.count("\n") == 1
    assert f"{folder} holds another search: " in errors and message in errors
    assert "Use the same options to resume it" in errors


def test_one_process_at_a_time(searched, homemade, run):
    from abcrnn.storage.locks import lock_folder

    folder, _, _ = searched
    with lock_folder(folder):
        code, _, errors = run("search", homemade, "--out", folder, *TINY, "--trials", 3)
    assert code == 1 and f"{folder} is in use by process {os.getpid()}" in errors


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--values", "units"], "argument --values: must be NAME=VALUES, such as units=128,256"),
        (["--values", "unitz=3"], "argument --values: there is no setting 'unitz'; did you mean"),
        (["--values", "units=9..3"], "argument --values: a range must be two numbers, such as"),
        (["--trials", "0"], "argument --trials: must be a whole number of at least 1"),
        (["--minutes", "0"], "argument --minutes: must be a number above 0"),
        (["--base", "quik"], "argument --base: invalid choice: 'quik'; did you mean quick?"),
        (["--validation", "0.6", "--test", "0.5"], "--validation and --test must add up to less"),
    ],
)
def test_invalid_arguments(tmp_path, homemade, run, capsys, options, message):
    with pytest.raises(SystemExit) as stopped:
        run("search", homemade, "--out", tmp_path / "s", *options)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "s").exists()


def test_a_search_needs_validation_tunes(tmp_path, homemade, run):
    code, _, errors = run("search", homemade, "--out", tmp_path, "--validation", 0)
    assert code == 1 and "compares recipes on validation tunes, and there are none" in errors


def test_without_optuna_the_extra_is_named(tmp_path, homemade, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    code, _, errors = run("search", homemade, "--out", tmp_path)
    assert code == 1 and errors == (
        'abcrnn: the search for hyper-parameters needs optuna: pip install "abcrnn[search]"\n'
    )


@pytest.mark.slow
def test_trials_that_fail_are_reported(tmp_path, homemade, run):
    """Batches larger than the corpus: no trial can be trained."""
    arguments = [*TINY, "--values", "batch_size=500", "--values", "seq_length=400"]
    code, out, errors = run("search", homemade, "--out", tmp_path, *arguments, "--trials", 2)
    assert code == 1
    assert out.count("failed: the corpus ") == 2 or out.count(" failed: ") == 2
    assert "no trial has finished an epoch: " in errors and errors.count("\n") == 1
    assert [trial["state"] for trial in trials_of(tmp_path)] == ["failed", "failed"]


# In processes of their own ---------------------------------------------------------------------


class Process:
    """A search in a process of its own."""

    def __init__(self, corpus, folder, *options):
        command = [sys.executable, "-m", "abcrnn", "search", corpus, "--out", folder, *options]
        environment = {**os.environ, **shared_compilation()}
        environment["PYTHONPATH"] = str(Path(__file__).parents[2])
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
        self._folder = folder
        self._process = subprocess.Popen([str(p) for p in command], env=environment, **pipes)

    def wait_for(self, trial, epochs):
        """Wait until a trial has a number of checkpoints."""
        checkpoints = self._folder / "trials" / f"{trial:04}" / "checkpoints"
        while len(list(checkpoints.glob("*.ckpt"))) < epochs:
            assert self._process.poll() is None, self._process.communicate()
            time.sleep(0.02)

    def signal(self, number):
        self._process.send_signal(number)

    def finish(self):
        """Exit code, output, errors."""
        out, errors = self._process.communicate(timeout=500)
        return self._process.returncode, out, errors


def scores_of(folder):
    rows = [{**row} for row in trials_of(folder)]
    return sorted((row["trial"], row["bits_per_char"], row["learning_rate"]) for row in rows)


LONG = [*TINY, "--epochs", 12, "--trials", 2]


@pytest.fixture(scope="module")
def few_book(few_tunes, tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "few.abc"
    path.write_text("\n\n".join(few_tunes.tunes) + "\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def whole(few_book):
    """The folder of a search that was not stopped."""
    folder = few_book.with_name("whole")
    assert Process(few_book, folder, *LONG).finish()[0] == 0
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_search_that_is_stopped_equals_one_in_a_row(tmp_path, few_book, whole, number):
    corpus, stopped = few_book, tmp_path / "stopped"
    process = Process(corpus, stopped, *LONG)
    process.wait_for(trial=1, epochs=2)
    process.signal(number)
    code, _, errors = process.finish()
    if number == signal.SIGINT:
        assert code == 130
        assert f"progress is saved in {stopped}; run the same command to resume: abcrnn" in errors
    else:
        assert code == -signal.SIGKILL
    assert not (stopped / "trials" / "0002").exists()
    code, _, errors = Process(corpus, stopped, *LONG).finish()
    assert code == 0 and "epoch 1/12" not in errors.partition("epoch 12/12")[0]
    assert scores_of(stopped) == scores_of(whole)
    for name in ("trials/0001", "trials/0002"):
        models = [load_model(folder / name / "best.abcrnn") for folder in (stopped, whole)]
        first, second = (model.weight_arrays() for model in models)
        assert all((first[key] == second[key]).all() for key in first)


@pytest.mark.slow
def test_minutes_stop_within_a_trial_which_is_resumed(tmp_path, few_book, run):
    arguments = ["search", few_book, "--out", tmp_path / "s", *TINY, "--epochs", 2000]
    code, out, _ = run(*arguments, "--minutes", 0.5)
    assert code == 0 and "trial 1 unfinished: " in out
    assert "a trial is unfinished; run the same command to resume it" in out
    folder = tmp_path / "s" / "trials" / "0001"
    assert len(list((folder / "checkpoints").iterdir())) == 3
    epochs = int(trials_of(tmp_path / "s")[0]["epochs"])
    code, out, _ = run(*arguments, "--minutes", 0.3)
    assert code == 0 and "trial 1 unfinished: " in out
    assert int(trials_of(tmp_path / "s")[0]["epochs"]) > epochs
    assert not (tmp_path / "s" / "trials" / "0002").exists()


@pytest.mark.slow
def test_a_trial_is_continued_by_train_and_its_recipe_is_trained_anywhere(
    searched, homemade, run, tmp_path
):
    folder, _, _ = searched
    trial = folder / "trials" / "0002"
    split = ["--test", 0.2]
    code, out, _ = run("train", homemade, "--out", trial, "--recipe", trial / "recipe.json",
                       "--epochs", 3, *split)  # fmt: skip
    assert code == 0 and "\n3 epochs; epoch 3: " in out
    code, out, _ = run("train", homemade, "--out", tmp_path / "again", *split,
                       "--recipe", folder / "best-recipe.json")  # fmt: skip
    assert code == 0
    best = trials_of(folder)[0]
    found = json.loads((tmp_path / "again" / "run.json").read_text())
    assert found["model"]["units"] == int(best["units"])
    model = load_model(tmp_path / "again" / "best.abcrnn")
    assert model.about["validation_bits_per_char"] == float(best["bits_per_char"])
    code, out, _ = run("evaluate", "--model", trial, "--corpus", homemade, "--tunes", 0)
    assert code == 0 and "bits per character" in out


@pytest.mark.slow
def test_a_bad_trial_is_pruned_and_avoided(tmp_path, homemade, run):
    arguments = [*TINY, "--epochs", 4, "--trials", 6, "--values", "learning_rate=1e-9,0.02"]
    code, out, _ = run("search", homemade, "--out", tmp_path, *arguments)
    assert code == 0 and " pruned: " in out
    trials = trials_of(tmp_path)
    states = {trial["state"] for trial in trials}
    assert states == {"finished", "pruned"}
    pruned = [trial for trial in trials if trial["state"] == "pruned"]
    assert 1e-9 in [float(trial["learning_rate"]) for trial in pruned]
    for trial in pruned:
        assert 2 <= int(trial["epochs"]) < 4
        assert float(trial["bits_per_char"]) > float(trials[0]["bits_per_char"])
        run_folder = tmp_path / "trials" / f"{int(trial['trial']):04}"
        assert (run_folder / "best.abcrnn").is_file()
    assert float(trials[0]["learning_rate"]) == 0.02


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--weights", "2", "1", "--fields", "all", "--no-leak-guard"],
        ["--tidy", "--join-blank", "--validation", "0.2", "--test", "0.05", "--split-seed", "7"],
        ["--plain"],
    ],
)
def test_training_that_is_suggested_reads_the_same_tunes(options):
    parser = build_parser()
    searched = parser.parse_args(["search", "my tunes.abc", "jigs", "--out", "s", *options])
    suggested = corpus_arguments(searched)
    trained = parser.parse_args(["train", *suggested, "--recipe", "r.json", "--out", "runs/best"])
    assert len(suggested) == 2 + len(options)  # nothing that is the default
    names = ["corpus", "weights", "join_blank", "fields", "tidy", "plain", "no_leak_guard"]
    for name in [*names, "validation", "test", "split_seed"]:
        assert getattr(trained, name) == getattr(searched, name), name
