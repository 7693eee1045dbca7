"""Commands without MODEL use the packaged model; names, files and folders as MODEL."""

import shutil

import pytest

import abcrnn
from abcrnn.data.corpus import load_corpus

NOTE = "abcrnn: no MODEL given: using the packaged model folk\n"
PIECE = ["--seed", 1, "--copies", "--form", "AB", "--bars", 4]


def usage_error(capsys, run, *arguments):
    with pytest.raises(SystemExit) as stopped:
        run(*arguments)
    assert stopped.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        ["sample", "--seed", 1, "--unconstrained"],
        ["surprise", "TUNES"],
        ["evaluate", "--corpus", "TUNES", "--tunes", 0],
    ],
)
def test_the_packaged_model_is_the_default(command, packaged, trained, tmp_path, run):
    (tmp_path / "tunes.abc").write_text("X:1\nM:4/4\nL:1/4\nK:D\nABAB|DDDD|]\n")
    command = [tmp_path / "tunes.abc" if argument == "TUNES" else argument for argument in command]
    code, out, errors = run(*command)
    assert code == 0 and errors.startswith(NOTE)
    by_name = run(*command, "--model", "folk")
    assert by_name == (0, out, errors.removeprefix(NOTE))
    assert run(command[0], "folk", *command[1:]) == by_name
    assert run(command[0], packaged, *command[1:]) == by_name
    assert run(*command, "--model", trained)[0] == 0


@pytest.mark.slow
def test_a_model_between_options_is_recognised(packaged, homemade, run):
    expected = run("sample", "folk", "--seed", 1, "--unconstrained")
    assert expected[0] == 0
    assert run("sample", "--seed", 1, "folk", "--unconstrained") == expected
    assert run("sample", "--seed", 1, "--unconstrained", "folk") == expected


@pytest.mark.slow
def test_bars_are_rewritten_with_and_without_a_model(packaged, homemade, tmp_path, run):
    options = ["--bars", 2, "--seed", 3, "-n", 1]
    code, out, errors = run("rewrite", homemade, *options)
    assert code == 0 and errors.startswith(NOTE)
    expected = (0, out, errors.removeprefix(NOTE))
    assert run("rewrite", packaged, homemade, *options) == expected
    assert run("rewrite", "folk", homemade, *options) == expected
    assert run("rewrite", "folk", *options, homemade) == expected
    assert run("rewrite", *options, "--model", "folk", homemade) == expected


@pytest.mark.slow
def test_tunes_of_the_packaged_model_are_reproduced_without_its_name(packaged, tmp_path, run):
    book = tmp_path / "tunes.abc"
    code, _, errors = run("compose", *PIECE, "-o", book)
    assert code == 0 and errors.startswith(NOTE)
    code, out, errors = run("reproduce", book)
    assert code == 0 and out == book.read_text("utf-8")
    assert errors == (
        "abcrnn: the tunes record the packaged model folk\n1 of 1 tune the same, byte for byte\n"
    )
    [tune] = load_corpus(book).tunes
    assert abcrnn.reproduce(tune) == tune


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("% model ", "% model 0"), "model must be 16 hexadecimal digits"),
        (lambda text: text.replace("% model 0", "% model 1"), "with model 1123456789abcdef, which"),
        (
            lambda text: text + "\n\n" + text.replace("% model 0", "% model 1"),
            "with several models",
        ),
    ],
)
def test_tunes_of_other_models_are_not_reproduced_without_a_name(
    change, message, packaged, tmp_path, run
):
    text = (
        "X:1\nM:4/4\nL:1/4\nK:D\nABcd|]\n"
        "% composed by abcrnn 0.1.0\n"
        "% model 0123456789abcdef, seed 1, stream 0, tune 0123456789abcdef\n"
        '% settings {"temperature": 1.0, "top_p": null, "max_length": 1000, "prompt": null}\n'
        "% requests {}\n"
    )
    (tmp_path / "tunes.abc").write_text(change(text), "utf-8")
    code, _, errors = run("reproduce", tmp_path / "tunes.abc")
    assert code == 1 and message in errors


def test_a_file_of_the_name_is_not_the_default(packaged, tmp_path, monkeypatch, run):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folk").write_text("not a model")
    code, _, errors = run("sample", "--unconstrained", "--seed", 1)
    assert (code, errors) == (0, NOTE)
    code, _, errors = run("sample", "folk", "--unconstrained", "--seed", 1)
    assert code == 1 and "folk is not a model file" in errors


def test_a_run_folder_of_the_name_is_the_model(packaged, trained, tmp_path, monkeypatch, run):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folk").mkdir()
    by_name = run("sample", packaged, "--unconstrained", "--seed", 1)
    assert run("sample", "folk", "--unconstrained", "--seed", 1) == by_name
    (tmp_path / "folk" / "best.abcrnn").write_bytes(b"not a model")
    code, _, errors = run("sample", "folk", "--unconstrained")
    assert code == 1 and "best.abcrnn is not a model file" in errors


BOTH = "MODEL is a model file (.abcrnn), a run folder, or a packaged model (folk)\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compose", "fork"], "no packaged model of that name; did you mean folk?; " + BOTH),
        (["sample", "--model", "nope"], "nope: no such file or run folder, and no packaged"),
        (["rewrite", "nope", "--bars", 2], "nope: no such file or folder, and no packaged model"),
        (["surprise", "nope"], f"of that name; FILE is an .abc file; {BOTH}"),
        (["surprise", "nope", "TUNES"], "nope: no such file or run folder, and no packaged"),
        (["compose", "TUNES"], f"is not a model file; usage: abcrnn compose MODEL; {BOTH}"),
        (["evaluate", "TUNES", "--corpus", "TUNES"], "usage: abcrnn evaluate MODEL; MODEL is"),
    ],
)
def test_neither_a_model_nor_a_file(arguments, message, packaged, homemade, run):
    arguments = [homemade if argument == "TUNES" else argument for argument in arguments]
    code, _, errors = run(*arguments)
    assert code == 1 and message in errors and errors.count("\n") == 1


@pytest.mark.parametrize("name", ["folk", "FILE", "RUN"])
def test_a_model_alone_needs_a_file(name, packaged, trained, tmp_path, capsys, run):
    shutil.copy(trained, tmp_path / "best.abcrnn")
    given = {"folk": "folk", "FILE": trained, "RUN": tmp_path}[name]
    for command in (["surprise", given], ["rewrite", given, "--bars", 2]):
        assert "arguments are required: FILE" in usage_error(capsys, run, *command)


def test_more_arguments_than_model_and_file(packaged, trained, homemade, capsys, run):
    errors = usage_error(capsys, run, "surprise", trained, homemade, "more")
    assert "error: unrecognized arguments: more\n" in errors
    assert "unrecognized arguments: b" in usage_error(capsys, run, "sample", "a", "b")


def test_a_damaged_packaged_model_is_reported(packaged, tmp_path, monkeypatch, run):
    shutil.copy(packaged.parent / "folk.json", tmp_path)
    monkeypatch.setattr("abcrnn.models.pretrained.FOLDER", tmp_path)
    for command in (["sample"], ["compose", "folk"], ["pretrained"]):
        code, _, errors = run(*command)
        assert code == 1 and errors.count("\n") == 1
        assert errors.startswith("abcrnn: the model 'folk' that comes with abcrnn is missing")
        assert "python -m pip install --force-reinstall --no-deps" in errors


def test_the_list_of_packaged_models(packaged, run):
    code, out, errors = run("pretrained")
    assert (code, errors) == (0, "")
    size, parameters = packaged.stat().st_size / 1e6, abcrnn.load_model("folk").count_params()
    assert out == (
        f"folk: Two tunes\n  size      {size:.1f} MB, {parameters:,} parameters\n"
        "  data      homemade.abc\n  licence   MIT\n"
        "  scores    bits per character, homemade: 0.25\n"
    )
    assert run("pretrained", "list") == (0, out, "")


@pytest.mark.slow
def test_training_starts_from_the_packaged_model(packaged, homemade, tmp_path, run):
    arguments = ["--epochs", 1, "--validation", 0, "--test", 0, "--batch-size", 1]
    code, out, _ = run(
        "train", "--from", "folk", homemade, *arguments, "--seq-length", 32, "--out", tmp_path / "r"
    )
    assert code == 0 and "weights and architecture are those of folk" in out


@pytest.mark.slow
def test_the_quickstart_shows_tunes_by_the_packaged_model_first(
    packaged, tmp_path, monkeypatch, capsys, run
):
    def stop(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("abcrnn.cli.quickstart.run_quickstart", stop)
    code, out, errors = run("quickstart", "--out", tmp_path / "q")
    assert code == 130 and "stopped" in errors
    book = tmp_path / "q" / "folk" / "tunes.abc"
    tunes = load_corpus(book).tunes
    assert len(tunes) == 4
    assert all(tune in out and abcrnn.check_tune(tune) == [] for tune in tunes)
    assert out.index(tunes[3]) < out.index("Training a small model")
    assert len(list((tmp_path / "q" / "folk" / "midi").glob("*.mid"))) == 4
    page = book.with_name("tunes.html")
    assert f"open {page} in a browser" in out and page.read_text("utf-8").count("<article") == 4
    written = book.stat().st_mtime_ns
    code, again, _ = run("quickstart", "--out", tmp_path / "q")
    assert (code, book.stat().st_mtime_ns) == (130, written)
    assert all(tune in again for tune in tunes) and "Composing" not in again


def test_the_quickstart_trains_without_the_packaged_model(tmp_path, monkeypatch, run):
    def stop(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("abcrnn.models.pretrained.FOLDER", tmp_path / "none")
    monkeypatch.setattr("abcrnn.cli.quickstart.run_quickstart", stop)
    code, out, errors = run("quickstart", "--out", tmp_path / "q")
    assert code == 130 and "Training a small model" in out
    assert errors.startswith("abcrnn: no tunes by the packaged model: the model 'folk'")
