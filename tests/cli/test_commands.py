"""The command line, as a user meets it: in this process, and in real ones."""

import csv
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import mido
import pytest

from abcrnn import load_corpus, load_model
from abcrnn.cli import main
from abcrnn.notation import check_tune, split_tunebook

TINY = ["--recipe", "quick", "--batch-size", "4", "--seq-length", "32", "--epochs", "3"]


def start(*words, **options):
    """Start a command in a process of its own."""
    command = [sys.executable, "-m", "abcrnn", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        **options,
    )  # fmt: skip


def finish(process):
    """Wait for a process: (exit code, output, errors)."""
    out, errors = process.communicate(timeout=120)
    return process.returncode, out, errors


# The whole way -----------------------------------------------------------------------------


@pytest.mark.slow
def test_quickstart_cut_short_makes_what_it_names(tmp_path):
    process = start(
        "quickstart", "--out", tmp_path / "q", "--epochs", 1, "--steps", 2, "--tunes", 1
    )
    code, _out, errors = finish(process)
    # Two steps teach nothing, and yet the tune is whole and sound.
    assert code == 0
    assert "Traceback" not in errors
    made = sorted(path.name for path in (tmp_path / "q").iterdir())
    assert made == ["curve.png", "midi", "model.abcrnn", "run", "tunes.abc"]
    (tune,) = load_corpus(tmp_path / "q" / "tunes.abc").tunes
    assert check_tune(tune) == []
    assert (tmp_path / "q" / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert load_model(tmp_path / "q" / "model.abcrnn").count_params() > 200_000


def test_sample_writes_a_tunebook_and_midi(trained, tmp_path, run):
    book, midi = tmp_path / "tunes.abc", tmp_path / "midi"
    words = ["sample", trained, "-n", 5, "--seed", 1, "--temperature", 0.5]
    code, out, errors = run(*words, "-o", book, "--midi", midi)
    assert code == 0
    assert out == f"5 tunes in {book}\n"
    assert errors.endswith(f"5 of 5 tunes converted into {midi}\n")
    tunes = load_corpus(book).tunes
    assert [tune.split("\n")[0] for tune in tunes] == [f"X:{n}" for n in range(1, 6)]
    for file in midi.iterdir():
        assert sum(m.type == "note_on" and m.velocity > 0 for m in mido.MidiFile(file)) > 10
    assert len(list(midi.iterdir())) == 5
    code, printed, _ = run(*words)
    assert (code, printed) == (0, book.read_text())


def test_sample_begins_with_what_was_ordered(trained, run):
    code, out, _ = run("sample", trained, "--title", "The Byte", "--rhythm", "jig",
                       "--meter", "6/8", "--key", "D", "--seed", 0)  # fmt: skip
    assert code == 0
    assert out.startswith("X:1\nT:The Byte\nR:jig\nM:6/8\nK:D\n")


@pytest.mark.slow
def test_sample_unconstrained_writes_what_the_model_will(trained, run):
    words = ["sample", trained, "--seed", 0, "--temperature", 2, "-n", 8]
    code, sound, _ = run(*words)
    assert code == 0
    assert not any(check_tune(block.text) for block in split_tunebook(sound)[0])
    _, free, _ = run(*words, "--unconstrained")
    assert any(check_tune(block.text) for block in split_tunebook(free)[0])


@pytest.mark.slow
def test_compose_reproduce_and_rewrite(trained, tmp_path, run):
    book, again = tmp_path / "tunes.abc", tmp_path / "again.abc"
    words = ["compose", trained, "-n", 3, "--seed", 1, "--copies", "--form", "AB", "--bars", 4]
    code, out, errors = run(*words, "-o", book, "--midi", tmp_path / "midi")
    assert (code, out) == (0, f"3 tunes in {book}\n")
    assert "3 accepted" in errors
    assert errors.endswith(f"3 of 3 tunes converted into {tmp_path}/midi\n")
    tunes = load_corpus(book).tunes
    assert [check_tune(tune) for tune in tunes] == [[]] * 3

    code, _, errors = run("reproduce", book, "--model", trained, "-o", again)
    assert (code, errors) == (0, "3 of 3 tunes the same, byte for byte\n")
    assert again.read_bytes() == book.read_bytes()

    code, out, errors = run("rewrite", trained, book, "--bars", "2", "-n", 2, "--seed", 0)
    assert code == 0
    assert "bits for the rest" in errors
    rewritten = [block.text for block in split_tunebook(out)[0]]
    assert len(rewritten) == 2 and not any(map(check_tune, rewritten))


def test_compose_says_what_is_missing_or_hopeless(trained, tmp_path, run):
    code, _, errors = run("compose", trained)
    assert code == 1
    assert "does not carry its training tunes" in errors and "--against CORPUS" in errors
    code, _, errors = run("compose", trained, "--copies", "--key", "H")
    assert (code, errors.count("\n")) == (1, 1)
    assert "key must be a tonic and a mode" in errors
    code, _, errors = run("rewrite", trained, tmp_path / "none.abc", "--bars", "1")
    assert code == 1 and "none.abc is neither a file or folder nor a corpus" in errors


def test_convert_passes_a_bad_tune_over_and_says_so(tmp_path, homemade, run):
    book = tmp_path / "book.abc"
    book.write_text(homemade.read_text() + "\nX:9\nT:../../Nowhere\nM:6/8\nno music\n")
    for form, ending in (("midi", ".mid"), ("musicxml", ".musicxml")):
        code, _, errors = run("convert", book, "--out", tmp_path / form, "--to", form)
        assert code == 1
        assert "tune 9 not converted: " in errors
        assert f"8 of 9 tunes converted into {tmp_path / form}" in errors
        names = sorted(path.name for path in (tmp_path / form).iterdir())
        assert len(names) == 8
        assert names[0] == f"0001-the-lost-byte{ending}"


def test_check_prints_problems_as_compilers_do(tmp_path, homemade, run):
    assert run("check", homemade) == (0, "8 of 8 tunes sound\n", "")
    book = tmp_path / "book.abc"
    one, two = "X:1\nM:2/4\nL:1/4\nK:D\nAB|ABc|de|]\nw:la\n", "X:2\nM:2/4\nK:C\n[ce|\n"
    book.write_text(f"% mine\n\n{one}\n{two}")
    code, out, _ = run("check", book)
    assert code == 1
    assert out.splitlines() == [
        f"{book}:7:4: bar: a bar too long: 3/4 of a whole note, where M:2/4 has 1/2",
        f"{book}:8:1: unsupported: lyrics (w: and W:): not supported, passed over",
        f"{book}:10:1: empty: the tune has no notes",
        f"{book}:13:1: chord: a chord is opened by [ and not closed in its bar",
        "0 of 2 tunes sound: 1 bar, 1 chord, 1 empty, 1 unsupported",
    ]


def test_train_then_evaluate(tmp_path, homemade, run):
    words = ["train", homemade, "--out", tmp_path / "run", "--test", 0.25, *TINY]
    code, out, _ = run(*words, "--sample-every", 3)
    assert code == 0
    assert "homemade: 5 tunes to train on, 1 to validate; recipe quick: " in out
    assert "after epoch 3:" in out
    assert f"Try next: abcrnn compose {tmp_path / 'run' / 'best.abcrnn'}" in out
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {".lock", "best.abcrnn", "checkpoints", "curve.png", "history.csv", "run.json"}
    best = tmp_path / "run" / "best.abcrnn"
    code, out, _ = run("evaluate", best, "--corpus", homemade, "--tunes", 0)
    assert code == 0
    assert "homemade/test: 2 held-out tunes" in out
    assert float(re.search(r"bits per character +(\S+)", out)[1]) > 1
    code, _, errors = run(*words[:-1], 4)
    assert code == 1
    assert "holds another run: its training decay_epochs is 3, not 4" in errors


@pytest.mark.slow
def test_surprise_marks_the_odd_bar(tmp_path, homemade, trained, run):
    book = tmp_path / "mine.abc"
    book.write_text(homemade.read_text().replace("|e2d B2A|", "|e2d BA|", 1))
    code, out, errors = run("surprise", trained, book)
    assert (code, errors) == (0, "")
    lines = out.splitlines()
    assert re.fullmatch(rf"{book}:3: The Lost Byte: \d\.\d+ bits per character", lines[0])
    assert re.match(rf"  {book}:9:11: \d+\.\d bits, \d+\.\d more than usual", lines[1])
    assert lines[2] == "    |:A2d dcd|e2d BA|A2d dcd|e2f g3|"
    assert lines[3].strip(" ~") == "^" and lines[3].startswith(" " * 14 + "~")
    assert sum(line.startswith(str(book)) for line in lines) == 8

    book.write_text("X:1\nT:Café\nK:D\nabc|\n\n" + homemade.read_text())
    code, out, errors = run("surprise", trained, book)
    assert code == 1
    assert f"{book}:1: tune passed over: the character 'é' at line 2, column 6" in errors
    assert f"{book}:8: The Lost Byte: " in out
    book.write_text("la la la")
    code, _, errors = run("surprise", trained, book)
    assert code == 1 and "mine.abc holds no tune" in errors


def test_corpora(run, homemade, jigs):
    code, out, _ = run("corpora", "list")
    assert code == 0 and "oneills" in out
    code, out, _ = run("corpora", "check", "jigs", homemade)
    assert code == 0
    assert "340 tunes, 129,329 characters\n          3 with the body of an earlier one" in out
    assert "86 distinct characters, met once: & ? V j" in out
    assert "homemade.abc:\n          8 tunes" in out
    code, out, _ = run("corpora", "fetch", "oneills")
    assert code == 0 and out.startswith("oneills: 39 files in ")


# Real processes ----------------------------------------------------------------------------


@pytest.mark.slow
def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path, homemade):
    words = ["train", homemade, *TINY[:-1], 30]
    assert finish(start(*words, "--out", tmp_path / "whole"))[0] == 0
    process = start(*words, "--out", tmp_path / "stopped")
    deadline = time.monotonic() + 60
    while not list((tmp_path / "stopped").glob("checkpoints/*.ckpt")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    code, _, errors = finish(process)
    assert code == 130
    assert f"stopped; saved in {tmp_path / 'stopped'}; go on with: abcrnn train" in errors
    assert "Traceback" not in errors
    again = re.search("go on with: abcrnn (.*)", errors)[1].split()
    assert finish(start(*again))[0] == 0

    def untimed(folder):
        with open(tmp_path / folder / "history.csv", newline="") as file:
            return [{**row, "seconds": 0, "chars_per_second": 0} for row in csv.DictReader(file)]

    assert untimed("stopped") == untimed("whole")
    best = [(tmp_path / folder / "best.abcrnn").read_bytes() for folder in ("whole", "stopped")]
    assert best[0] == best[1]


def test_a_closed_pipe_is_no_error(tmp_path):
    process = start("corpora", "list")
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 0


@pytest.mark.slow
def test_tensorflow_keeps_quiet(trained):
    process = start("sample", trained, "--seed", 0)
    code, _, errors = finish(process)
    assert (code, errors) == (0, "")


@pytest.mark.parametrize("words", [["corpora", "list"], ["convert", "BOOK", "--out", "OUT"]])
def test_no_tensorflow_where_it_is_not_needed(words, tmp_path, homemade):
    names = {"BOOK": str(homemade), "OUT": str(tmp_path)}
    words = [names.get(word, word) for word in words]
    code = f"import sys; from abcrnn.cli import main; main({words!r}); "
    code += "print('tensorflow' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.splitlines()[-1] == "False"


# Mistakes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "bad.abc is empty"),
        (b"la la la", "bad.abc holds no tune: in ABC notation each begins with a line X:"),
        (b"\x7fELF\x00\x01", "bad.abc is not text: it has a NUL byte in line 1"),
        (b"X:1\nK:C\nc|\n", "too few to set 0.1 of them aside for validation"),
    ],
)
def test_bad_corpora_end_in_one_clear_line(tmp_path, run, content, message):
    (tmp_path / "bad.abc").write_bytes(content)
    code, _, errors = run("train", tmp_path / "bad.abc", "--out", tmp_path / "run")
    assert code == 1
    assert errors.startswith("abcrnn: ") and errors.count("\n") == 1
    assert message in errors.replace("train;", "validation")
    assert not (tmp_path / "run").exists()


def test_a_corpus_shorter_than_one_window(tmp_path, homemade, run):
    code, _, errors = run("train", homemade, "--out", tmp_path / "run", "--seq-length", 5000)
    assert code == 1
    assert "one window needs" in errors and "take a smaller batch_size or seq_length" in errors


@pytest.mark.parametrize("corpus", ["missing/tunes.abc", "oneils"])
def test_a_missing_path_or_unknown_corpus(tmp_path, run, corpus):
    code, _, errors = run("train", corpus, "--out", tmp_path / "run")
    assert code == 1
    assert f"{corpus} is neither a file or folder nor a corpus; the corpora are airds" in errors


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--temperature", "0"], "temperature must be a positive number, not 0.0"),
        (["--temperature", "-1"], "temperature must be a positive number, not -1.0"),
        (["--top-p", "1.5"], "top_p must be above 0 and at most 1, not 1.5"),
        (["--title", "Ünïque"], "'Ü' at line 2, column 3 is not among the"),
        (["--key", "D\nabc"], "must be one line of text"),
    ],
)
def test_bad_orders_end_in_one_clear_line(trained, run, words, message):
    code, _, errors = run("sample", trained, *words)
    assert code == 1
    assert message in errors and errors.count("\n") == 1


def test_workers_that_know_nothing_of_each_other(tmp_path, homemade, run, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    words = ("train", homemade, "--out", tmp_path / "run", "--distribute", "multi-worker")
    code, _, errors = run(*words)
    assert code == 1
    assert "--distribute multi-worker needs TF_CONFIG" in errors and errors.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trian", "jigs"], "invalid choice: 'trian'"),
        (["train", "jigs"], "the following arguments are required: --out"),
        (["train", "jigs", "--out", "x", "--recipe", "best"], "invalid choice: 'best'"),
        (["sample", "m", "-n", "0"], "must be a whole number of at least 1, not 0"),
        (["sample", "m", "-n", "some"], "invalid _count value: 'some'"),
        ([], "the following arguments are required: COMMAND"),
    ],
)
def test_wrong_words_exit_with_2(words, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_model_files_that_are_not(tmp_path, trained, run):
    (tmp_path / "cut.abcrnn").write_bytes(trained.read_bytes()[:5000])
    (tmp_path / "other.abcrnn").write_bytes(b"\x89HDF\r\n\x1a\n")
    for name in ("cut", "other"):
        code, _, errors = run("sample", tmp_path / f"{name}.abcrnn")
        assert code == 1
        assert f"{name}.abcrnn is not a valid abcrnn model file" in errors
    code, _, errors = run("sample", tmp_path / "none.abcrnn")
    assert code == 1 and "none.abcrnn: no such file" in errors


@pytest.mark.slow
def test_a_run_folder_of_another_recipe(tmp_path, homemade, run):
    shutil.copy(homemade, tmp_path / "mine.abc")
    assert run("train", tmp_path / "mine.abc", "--out", tmp_path / "run", *TINY)[0] == 0
    code, _, errors = run("train", tmp_path / "mine.abc", "--out", tmp_path / "run",
                          *TINY, "--recipe", "jigs")  # fmt: skip
    assert code == 1
    assert "holds another run: its model embedding_dim is 32, not 512" in errors


@pytest.mark.parametrize(
    "command", [["quickstart"], ["corpora"], ["corpora", "list"], ["corpora", "fetch"],
                ["corpora", "check"], ["train"], ["sample"], ["compose"], ["reproduce"],
                ["rewrite"], ["convert"], ["check"], ["evaluate"],
                ["surprise"]]
)  # fmt: skip
def test_help_has_an_example(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([*command, "--help"])
    assert stopped.value.code == 0
    assert f"example: abcrnn {' '.join(command)}" in capsys.readouterr().out
