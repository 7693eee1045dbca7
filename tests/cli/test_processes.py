"""The command line in processes of their own: signals, pipes, what is imported and printed."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.tiny_recipe import TINY_RECIPE

from abcrnn import load_corpus, load_model
from abcrnn.notation import check_tune

TINY = ["--recipe", TINY_RECIPE, "--epochs"]
HEAVY = {"keras", "matplotlib", "music21", "numpy", "pooch", "pretty_midi", "tensorflow"}
HELP = """
import contextlib, io, json, sys
from abcrnn.cli import main
for command in json.loads(sys.argv[1]):
    try:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            main([*command, "--help"])
    except SystemExit as stopped:
        assert stopped.code == 0 and "example: abcrnn" in out.getvalue()
print(*sorted(sys.modules))
"""
COMMANDS = [
    ["quickstart"], ["corpora"], ["corpora", "list"], ["corpora", "fetch"], ["corpora", "check"],
    ["train"], ["search"], ["sample"], ["compose"], ["reproduce"], ["rewrite"], ["convert"],
    ["check"], ["tidy"], ["nearest"], ["evaluate"], ["surprise"], ["events"], ["events", "train"],
    ["events", "sample"], ["events", "evaluate"],
]  # fmt: skip


STOPPED = """
import sys
from abcrnn.cli import main

class CtrlC:
    def find_spec(self, name, path=None, target=None):
        if name == "abcrnn.cli.compose":
            raise KeyboardInterrupt

sys.meta_path.insert(0, CtrlC())
sys.exit(main(["check", "-"]))
"""


def environment():
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def start(*arguments):
    """Start a command in a process of its own."""
    command = [sys.executable, "-m", "abcrnn", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    return subprocess.Popen(command, env=environment(), **pipes)


def finish(process):
    """Wait for a process: (exit code, output, errors)."""
    out, errors = process.communicate()
    return process.returncode, out, errors


def run_python(code, *arguments):
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=True)
    return done.stdout.splitlines()


def test_help_imports_no_heavy_package():
    *_, modules = run_python(HELP, json.dumps(COMMANDS))
    assert not HEAVY & set(modules.split())


def test_ctrl_c_during_the_imports():
    done = subprocess.run([sys.executable, "-c", STOPPED], capture_output=True, env=environment())
    assert (done.returncode, done.stderr) == (130, b"\nstopped\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["corpora", "list"],
        ["check", "BOOK"],
        ["tidy", "BOOK"],
        ["nearest", "BOOK", "--corpus", "BOOK"],
        ["convert", "BOOK", "--out", "OUT"],
    ],
)
def test_tensorflow_is_not_imported_without_need(arguments, tmp_path, homemade):
    paths = {"BOOK": str(homemade), "OUT": str(tmp_path)}
    arguments = [paths.get(argument, argument) for argument in arguments]
    code = "import sys; from abcrnn.cli import main; main(sys.argv[1:]); "
    code += "print('tensorflow' in sys.modules)"
    assert run_python(code, *arguments)[-1] == "False"


def test_a_closed_pipe_is_not_an_error():
    process = start("corpora", "list")
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    assert process.wait() == 0


@pytest.mark.slow
def test_tensorflow_prints_no_messages(trained):
    code, _, errors = finish(start("sample", trained, "--seed", 0))
    assert (code, errors) == (0, "")


@pytest.mark.slow
def test_quickstart_writes_the_files_that_it_names(tmp_path):
    folder = tmp_path / "q"
    arguments = ["--out", folder, "--epochs", 1, "--steps", 2, "--tunes", 1]
    code, out, errors = finish(start("quickstart", *arguments))
    # Two steps teach nothing, and yet the tune is complete and valid.
    assert code == 0
    assert "Traceback" not in errors
    assert "1 new tune in ABC notation" in out and "1 MIDI file\n" in out
    assert "  run/ " in out
    first = out.partition(f"In {folder}:\n")[2].splitlines()[0]
    assert first == "  tunes.html     a page with the new tunes: open it in a browser"
    assert "<svg" in (folder / "tunes.html").read_text("utf-8")
    made = sorted(path.name for path in folder.iterdir())
    assert made == ["curve.png", "folk", "midi", "model.abcrnn", "run", "tunes.abc", "tunes.html"]
    (tune,) = load_corpus(folder / "tunes.abc").tunes
    assert check_tune(tune) == []
    assert (folder / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert load_model(folder / "model.abcrnn").count_params() > 200_000


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT to a process")
def test_ctrl_c_saves_and_prints_how_to_resume(tmp_path, homemade):
    arguments = ["train", homemade, *TINY, 30]
    assert finish(start(*arguments, "--out", tmp_path / "whole"))[0] == 0
    process = start(*arguments, "--out", tmp_path / "stopped")
    while not list((tmp_path / "stopped").glob("checkpoints/*.ckpt")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    code, _, errors = finish(process)
    assert code == 130
    saved = f"stopped; progress is saved in {tmp_path / 'stopped'}"
    assert f"{saved}; run the same command to resume: abcrnn train" in errors
    assert "Traceback" not in errors
    again = re.search("to resume: abcrnn (.*)", errors)[1].split()
    assert finish(start(*again))[0] == 0

    def untimed(folder):
        with open(tmp_path / folder / "history.csv", newline="") as file:
            return [{**row, "seconds": 0, "chars_per_second": 0} for row in csv.DictReader(file)]

    assert untimed("stopped") == untimed("whole")
    best = [(tmp_path / folder / "best.abcrnn").read_bytes() for folder in ("whole", "stopped")]
    assert best[0] == best[1]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["corpora", "list"], ["check", "BOOK"]])
def test_a_full_disk_under_standard_output_is_named(arguments, homemade):
    command = [
        sys.executable,
        "-m",
        "abcrnn",
        *(str(homemade) if a == "BOOK" else a for a in arguments),
    ]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, env=environment()
        )
    assert done.returncode == 1
    assert done.stderr == "abcrnn: standard output: no space left on device\n"


LOCALE_C = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"PYTHONIOENCODING": "cp1252"}, "Ő☘.abc"),
        ({"PYTHONIOENCODING": "ascii"}, "Ő☘.abc"),
        (LOCALE_C, "?????.abc"),  # the name itself has bytes that this locale cannot decode
    ],
)
def test_output_is_utf8_in_any_locale(variables, name, tmp_path, monkeypatch):
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    (tmp_path / "Ő☘.abc").write_text("X:1\nT:Ő\nM:2/4\nK:C\nc8|c8|c4d|c8|\n", "utf-8")
    command = [sys.executable, "-m", "abcrnn", "check", "Ő☘.abc"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, env=environment())
    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout.decode("utf-8").startswith(f"{name}:5:")


@pytest.mark.slow
def test_training_and_sampling_where_characters_cannot_be_encoded(tmp_path, homemade, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    monkeypatch.setenv("LC_ALL", "C")
    text = homemade.read_text("utf-8").replace("T:", "T:Ő☘")
    (tmp_path / "book.abc").write_text(text, "utf-8")
    arguments = ["train", tmp_path / "book.abc", *TINY, 20, "--sample-every", 1]
    process = start(*arguments, "--out", tmp_path / "run")
    code, out, errors = finish(process)
    assert code == 0 and "Traceback" not in errors and "after epoch 20:" in out
    arguments = ["sample", tmp_path / "run", "--seed", 1, "--title", "Ő☘"]
    assert finish(start(*arguments, "-o", tmp_path / "tunes.abc"))[0] == 0
    code, out, _ = finish(start(*arguments))
    assert code == 0 and out.startswith("X:1\nT:Ő☘\n")
    assert (tmp_path / "tunes.abc").read_text("utf-8") == out
