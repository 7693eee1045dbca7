"""Argument types and messages about mistakes: exit code 2, the option, what is accepted."""

import argparse

import pytest

from abcrnn.cli import main
from abcrnn.cli.argument_types import bar_range, count
from abcrnn.cli.option_names import in_option_names
from abcrnn.cli.parser import suggestion


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["trian", "jigs"], "invalid choice: 'trian'; did you mean train?"),
        (["smaple"], "invalid choice: 'smaple'; did you mean sample?"),
        (["xyz"], "invalid choice: 'xyz' (choose from quickstart, corpora,"),
        (["events", "tran"], "invalid choice: 'tran'; did you mean train?"),
        (["train", "jigs"], "the following arguments are required: --out"),
        (["train", "jigs", "--out", "x", "--recipe", "best"], "--recipe: invalid choice: 'best'"),
        (
            ["train", "jigs", "--out", "x", "--recipe", "quik"],
            "argument --recipe: invalid choice: 'quik'; did you mean quick? (choose from default, "
            "jigs, mit, quick, or the path of a recipe file)",
        ),
        (
            ["train", "jigs", "--out", "x", "--epochs", "three"],
            "argument --epochs: must be a whole number of at least 1, such as 3, not 'three'",
        ),
        (
            ["sample", "m", "-n", "0"],
            "-n: must be a whole number of at least 1, such as 3, not '0'",
        ),
        (["sample", "m", "-n", "1.5"], "at least 1, such as 3, not '1.5'"),
        (["sample", "m", "--seed", "-1"], "--seed: must be a whole number of at least 0"),
        (["sample", "m", "--seed", "9" * 30], "--seed: must be a whole number"),
        (
            ["sample", "m", "--temperature", "0"],
            "--temperature: must be a number above 0, such as 0.8; for the most likely character "
            "always, use --top-k 1, not '0'",
        ),
        (["sample", "m", "--temperature", "-1"], "--temperature: must be a number above 0"),
        (["compose", "m", "--temperature", "nan"], "--temperature: must be a number above 0"),
        (["sample", "m", "--top-p", "1.5"], "--top-p: must be above 0 and at most 1, such as 0.95"),
        (["sample", "m", "--key", "D\nabc"], "argument --key: must be one line of text"),
        (["sample", "m", "--title", " "], "argument --title: must be one line of text"),
        (
            ["compose", "m", "--key", "H"],
            "argument --key: H is not a key; keys are A to G with # or b and a mode, such as D, Em",
        ),
        (["sample", "m", "--key", "H"], "argument --key: H is not a key; keys are A to G with #"),
        (["sample", "m", "--key", "hello"], "argument --key: hello is not a key"),
        (["sample", "m", "--meter", "9"], "9 is not a meter; a meter is, for example, 6/8"),
        (["compose", "m", "--meter", "6/9"], "argument --meter: 6/9 is not a meter"),
        (["compose", "m", "--meter", "23/8"], "--meter: must be one of C, 6/8,"),
        (["sample", "m", "--title", "a%b"], "--title: must be one line of text without % and \\"),
        (["compose", "m", "--title", " "], "argument --title: must be one line of text without %"),
        (["sample", "m", "--temp", "1"], "arguments: --temp 1; did you mean --temperature?"),
        (["compose", "--mode", "dorian"], "unrecognized arguments: --mode; did you mean --model?"),
        (["compose", "--mode=dorian"], "arguments: --mode=dorian; did you mean --model?"),
        (["--vers"], "the following arguments are required: COMMAND"),
        (["rewrite", "m", "f", "--bar", "1"], "the following arguments are required: --bars"),
        (["train", "c", "--out", "r", "--lr", "1"], "--lr 1; did you mean --learning-rate?"),
        (["train", "c", "--out", "r", "--epochs=3", "--zz"], "unrecognized arguments: --zz\n"),
        (["events", "train", "--out", "r", "--batchsize", "4"], "did you mean --batch-size?"),
        (["sample", "m", "--form", "AABB"], "--form is an option of abcrnn compose\n"),
        (["compose", "m", "--tempo", "9"], "of abcrnn convert, abcrnn events sample\n"),
        (["check", "f", "--continue", "a"], "--continue is an option of abcrnn events sample\n"),
        (["events", "sample", "m", "-o", "n", "--instrument", "flut"], "--instrument: 2 instrum"),
        (["train", "c", "--out", "r", "--learning-rate", "0"], "above 0, such as 0.001, not '0'"),
        (
            ["sample", "m", "--seed", "99999999999999999999"],
            "--seed: must be a whole number of at most 19 digits, not '99999999999999999999'",
        ),
        (
            ["events", "sample", "m", "-o", "f", "--plot", "x.pdfx"],
            "argument --plot: must be a file that ends in .png, not 'x.pdfx'",
        ),
        (["train", "c", "--out", "r", "--fields", "some"], "--fields: invalid choice: 'some'"),
        (["compose", "m", "--form", "ABA"], "--form: must be letters in alphabetical order"),
        (["compose", "m", "--pitches", "tin can"], "--pitches: must be one of D whistle,"),
        (["compose", "m", "--rhythm", "%"], "--rhythm: must be one line of text without %"),
        (["compose", "m", "--bars", "257"], "argument --bars must be at most 256, not 257"),
        (["compose", "m", "--max-copied-bars", "-1"], "must be a number of at least 0, such as 4"),
        (
            ["compose", "m", "--form", "aabb", "--bars", "15"],
            "argument --bars must be a multiple of 2 for the form AABB",
        ),
        (
            ["compose", "m", "--key", "G", "--ending", "tonic", "--pitches", "A-B"],
            "argument --pitches 'A-B' has no G, which --ending 'tonic' needs in the key of G\n",
        ),
        (["compose", "m", "--opening", "abc"], "argument --opening: also give --key and --meter"),
        (
            ["compose", "m", "--begin", "f", "--key", "G"],
            "argument --begin: the file has a header: leave out --key and --meter",
        ),
        (["rewrite", "m", "f", "--bars", "4-3"], "--bars: must be a range of bars with the lower"),
        (["rewrite", "m", "f", "--bars", "five"], "must be a range of bars, such as 5-6"),
        (["train", "c", "--out", "r", "--test", "1"], "--test: must be a share from 0 to below 1"),
        (
            ["train", "c", "--out", "r", "--test", "0.5", "--validation", "0.5"],
            "--validation and --test must add up to less than 1",
        ),
        (["evaluate", "m", "--corpus", "c", "--tunes", "-1"], "at least 0, such as 0, not '-1'"),
        (["events", "sample", "m", "-o", "f", "--tempo", "0"], "--tempo: must be a number above 0"),
        (["events", "sample", "m", "-o", "f", "--temperature", "0"], "must be a number above 0"),
    ],
)
def test_invalid_arguments_exit_with_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    errors = capsys.readouterr().err
    assert message in errors and "_count" not in errors
    assert errors.startswith("usage: abcrnn") and "error: " in errors.splitlines()[-1]


@pytest.mark.parametrize("command", [["train"], ["events", "train"]])
def test_multi_worker_needs_the_list_of_workers(command, tmp_path, homemade, monkeypatch, capsys):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    arguments = [*command, str(homemade), "--out", str(tmp_path / "run")]
    with pytest.raises(SystemExit) as stopped:
        main([*arguments, "--distribute", "multi-worker"])
    assert stopped.value.code == 2
    errors = capsys.readouterr().err
    assert "--distribute: multi-worker needs the environment variable TF_CONFIG" in errors
    assert not (tmp_path / "run").exists()


def test_types():
    assert (count("3"), count(" 12 ")) == (3, 12)
    assert (bar_range("5"), bar_range("0-6")) == ((5, 5), (0, 6))
    for text in ("", "a", "1-", "-2", "1-2-3", "9" * 13):
        if text == "1-":
            assert bar_range(text) == (1, 1)
            continue
        with pytest.raises(argparse.ArgumentTypeError, match="range of bars"):
            bar_range(text)


def test_suggestions():
    assert suggestion("jig", ["jigs", "irish"]) == "; did you mean jigs?"
    assert suggestion("oneils", ["jigs", "oneills"]) == "; did you mean oneills?"
    assert suggestion("xyz", ["jigs", "irish"]) == ""
    assert suggestion("lr", ["seed", "learning-rate"]) == "; did you mean learning-rate?"
    assert suggestion("temp", ["top_p", "temperature"]) == "; did you mean temperature?"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("top_k must be at least 1", ("--top-k must be at least 1", True)),
        ("tempo=5 is odd with test='a'", ("--tempo 5 is odd with --test 'a'", True)),
        ("""a test="b'c" is odd""", ("""a --test "b'c" is odd""", False)),
        ("tempo must be positive", ("--tempo must be positive", True)),
        ("give validation=0 and test=0", ("give --validation 0 and --test 0", False)),
        ("use a smaller batch_size", ("use a smaller --batch-size", False)),
        ("/a/top_k/b.abc is empty", ("/a/top_k/b.abc is empty", False)),
        ("the tempo of the test", ("the tempo of the test", False)),
    ],
)
def test_names_of_options_in_messages_of_the_library(message, expected):
    parser = argparse.ArgumentParser()
    parser.add_argument("tune")
    for option in ("--top-k", "--tempo", "--validation", "--test", "--batch-size"):
        parser.add_argument(option)
    assert in_option_names(message, parser) == expected


def test_flags_and_settings_are_named_as_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--join-blank", action="store_true")
    parser.add_argument("--patience", type=int)
    message = "its training patience is 5, not unset; join_blank=True joins it"
    expected = "its --patience is 5, not unset; --join-blank joins it"
    assert in_option_names(message, parser) == (expected, False)
    both = "join_blank=True (in the shell: --join-blank) joins it"
    assert in_option_names(both, parser) == ("--join-blank joins it", False)


@pytest.mark.parametrize(
    "arguments",
    [
        ("rewrite", "{tunes}", "{folder}", "--bars", "2"),
        ("rewrite", "{tunes}", "{tunes}", "--bars", "2"),
        ("evaluate", "{tunes}", "--corpus", "{folder}"),
    ],
)
def test_swapped_model_and_tunes_are_reported_as_such(tmp_path, capsys, arguments):
    tunes = tmp_path / "tunes.abc"
    tunes.write_text("X:1\nK:C\nC|\n")
    names = {"tunes": str(tunes), "folder": str(tmp_path / "run")}
    (tmp_path / "run").mkdir()
    assert main([argument.format(**names) for argument in arguments]) == 1
    usage = f"abcrnn {arguments[0]} MODEL"
    assert f"{tunes} is not a model file; usage: {usage}" in capsys.readouterr().err
