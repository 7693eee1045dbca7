"""Commands that generate tunes: sample, compose, reproduce, rewrite."""

import re
from html import unescape

import mido
import pytest

from abcrnn import CharLSTM, Vocabulary, __version__, load_corpus
from abcrnn.cli.rewrite import report_chord_symbols
from abcrnn.composition.provenance import without_provenance
from abcrnn.notation import check_tune, split_tunebook


def test_sample_writes_a_tunebook_and_midi(trained, tmp_path, run):
    book, midi = tmp_path / "tunes.abc", tmp_path / "midi"
    arguments = ["sample", trained, "-n", 5, "--seed", 1, "--temperature", 0.5]
    code, out, errors = run(*arguments, "-o", book, "--midi", midi)
    assert code == 0
    assert out == f"5 tunes in {book}\n"
    assert errors.endswith(f"5 of 5 tunes converted into {midi}\n")
    tunes = load_corpus(book).tunes
    assert [tune.split("\n")[0] for tune in tunes] == [f"X:{n}" for n in range(1, 6)]
    for file in midi.iterdir():
        assert sum(m.type == "note_on" and m.velocity > 0 for m in mido.MidiFile(file)) > 10
    assert len(list(midi.iterdir())) == 5
    code, printed, _ = run(*arguments)
    assert (code, printed) == (0, book.read_text())


@pytest.mark.slow
def test_sample_writes_a_gallery_of_its_tunes(trained, tmp_path, run):
    book, page = tmp_path / "tunes.abc", tmp_path / "tunes.html"
    arguments = "sample", trained, "-n", 2, "--seed", 1, "-o", book
    code, _, errors = run(*arguments, "--gallery", page)
    assert code == 0 and errors.endswith(f"2 tunes in {page}: open it in a browser\n")
    html = page.read_text("utf-8")
    shown = [unescape(text) for text in re.findall(r"<pre>(.*?)</pre>", html, re.DOTALL)]
    assert shown == list(load_corpus(book).tunes)
    known = tmp_path / "known.abc"
    book.rename(known)
    assert run(*arguments, "--gallery", page, "--nearest", known)[0] == 0
    assert page.read_text("utf-8").count("100% of the notes") == 2


@pytest.mark.parametrize("command", ["sample", "compose"])
def test_nearest_is_refused_before_tunes_are_generated(command, tmp_path, run, capsys):
    with pytest.raises(SystemExit) as caught:
        run(command, "-n", 2, "--nearest", "oneills")
    assert caught.value.code == 2
    assert "argument --nearest: only with --gallery" in capsys.readouterr().err
    page = tmp_path / "tunes.html"
    code, _, errors = run(command, "-n", 2, "--gallery", page, "--nearest", "oneils")
    assert (code, errors.count("\n")) == (1, 1)
    assert "oneils" in errors and "did you mean oneills" in errors
    assert not page.exists()


@pytest.mark.slow
def test_sample_begins_with_the_given_fields(trained, run):
    code, out, _ = run("sample", trained, "--title", "The Byte", "--rhythm", "jig",
                       "--meter", "6/8", "--key", "D", "--seed", 0)  # fmt: skip
    assert code == 0
    assert out.startswith("X:1\nT:The Byte\nR:jig\nM:6/8\nK:D\n")


@pytest.mark.slow
def test_sample_unconstrained_allows_invalid_tunes(trained, run):
    arguments = ["sample", trained, "--seed", 0, "--temperature", 2, "-n", 8]
    code, valid, _ = run(*arguments)
    assert code == 0
    assert not any(check_tune(block.text) for block in split_tunebook(valid)[0])
    _, free, _ = run(*arguments, "--unconstrained")
    assert any(check_tune(block.text) for block in split_tunebook(free)[0])


@pytest.mark.slow
def test_faithful_tunes_and_rewritten_bars_are_reproduced(trained, tmp_path, run):
    """Composed from several candidates, then rewritten: every book comes out again."""
    books = [tmp_path / name for name in ("tunes.abc", "again.abc", "other.abc")]
    requests = ["--key", "D", "--meter", "6/8", "--bars", 2, "--max-length", 120]
    arguments = ["compose", trained, "-n", 2, "--seed", 1, "--copies", "--faithful", 3]
    code, _, errors = run(*arguments, *requests, "-o", books[0])
    assert code == 0
    assert "each chosen from 3 candidates, effective sample size " in errors
    code, _, errors = run("reproduce", books[0], "--model", trained, "-o", books[1])
    assert (code, errors) == (0, "2 of 2 tunes the same, byte for byte\n")
    code, *_ = run("rewrite", trained, books[0], "--bars", 2, "-n", 2, "--seed", 0, "-o", books[2])
    assert code == 0
    assert books[2].read_text().count("% rewritten by abcrnn") == 2
    code, _, errors = run("reproduce", books[2], "--model", trained, "-o", books[1])
    assert (code, errors) == (0, "2 of 2 tunes the same, byte for byte\n")
    assert books[1].read_bytes() == books[2].read_bytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["compose", "--faithful", 0], "argument --faithful: "),
        (["sample", "--faithful", 1001], "argument --faithful: must be at most 1000, not 1001"),
        (["sample", "--faithful", 2, "--unconstrained"], "--faithful: not with --unconstrained"),
    ],
)
def test_invalid_numbers_of_candidates(trained, run, capsys, options, message):
    with pytest.raises(SystemExit) as stopped:
        run(options[0], trained, *options[1:])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_compose_reproduce_and_rewrite(trained, tmp_path, run):
    book, again = tmp_path / "tunes.abc", tmp_path / "again.abc"
    arguments = ["compose", trained, "-n", 3, "--seed", 1, "--copies", "--form", "AB", "--bars", 4]
    outputs = ["-o", book, "--midi", tmp_path / "midi", "--gallery", tmp_path / "tunes.html"]
    code, out, errors = run(*arguments, *outputs)
    assert (code, out) == (0, f"3 tunes in {book}\n")
    assert "3 accepted" in errors
    assert f"3 of 3 tunes converted into {tmp_path}/midi\n" in errors
    assert (tmp_path / "tunes.html").read_text("utf-8").count("<article") == 3
    tunes = load_corpus(book).tunes
    assert [check_tune(tune) for tune in tunes] == [[]] * 3

    code, _, errors = run("reproduce", book, "--model", trained, "-o", again)
    assert (code, errors) == (0, "3 of 3 tunes the same, byte for byte\n")
    assert again.read_bytes() == book.read_bytes()

    code, out, errors = run("rewrite", trained, book, "--bars", "2", "-n", 2, "--seed", 0)
    assert code == 0
    assert errors.startswith("fit: bits for the rest of the tune, lower is better\n1: ")
    rewritten = [block.text for block in split_tunebook(out)[0]]
    assert len(rewritten) == 2 and not any(map(check_tune, rewritten))


def test_composed_tunes_with_chords_are_reproduced(trained, tmp_path, run):
    book, again = tmp_path / "tunes.abc", tmp_path / "again.abc"
    arguments = ["compose", trained, "-n", 3, "--seed", 1, "--copies", "--form", "AB", "--bars", 4]
    code, bare, _ = run(*arguments, "--midi", tmp_path / "bare")
    assert code == 0
    code, _, errors = run(*arguments, "--chords", "-o", book, "--midi", tmp_path / "midi")
    assert code == 0
    assert "chords added to 3 of 3 tunes\n" in errors
    chorded = load_corpus(book).tunes
    assert all(tune.endswith(f"\n% chords added by abcrnn {__version__}") for tune in chorded)
    symbol = re.compile(r'"[A-G][#b]?m?7?"')
    for tune, silent in zip(chorded, bare.strip("\n").split("\n\n"), strict=True):
        music, _, _ = tune.rpartition("\n")
        assert music != silent
        assert symbol.sub("", music.partition("\n% ")[0]) == silent.partition("\n% ")[0]
    one, other = (sorted((tmp_path / name).iterdir())[0] for name in ("bare", "midi"))
    assert len(other.read_bytes()) > len(one.read_bytes())  # the chords are played

    code, _, errors = run("reproduce", book, "--model", trained, "-o", again)
    assert (code, errors) == (0, "3 of 3 tunes the same, byte for byte\n")
    assert again.read_bytes() == book.read_bytes()
    assert "% chords" not in without_provenance(chorded[0])


def test_compose_reports_what_is_missing(trained, tmp_path, run):
    code, _, errors = run("compose", trained)
    assert code == 1
    assert "has no index of its training tunes" in errors and "--against CORPUS" in errors
    code, _, errors = run("rewrite", trained, tmp_path / "none.abc", "--bars", "1")
    assert code == 1 and "none.abc is neither a file or folder nor a corpus" in errors
    book = tmp_path / "one.abc"
    book.write_text("X:1\nM:2/4\nK:C\nc2|\n")
    code, _, errors = run("rewrite", trained, book, "--bars", "1", "--tune", "2")
    assert code == 1 and "one.abc has 1 tune, so there is no tune 2" in errors


@pytest.mark.slow
def test_a_run_folder_stands_for_its_best_model(trained, tmp_path, run):
    (tmp_path / "run").mkdir()
    code, _, errors = run("sample", tmp_path / "run")
    assert code == 1 and "run is not a run folder: it has no best.abcrnn" in errors
    (tmp_path / "run" / "best.abcrnn").write_bytes(trained.read_bytes())
    arguments = ["--seed", 1, "--unconstrained", "--key", "D"]
    assert run("sample", tmp_path / "run", *arguments) == run("sample", trained, *arguments)


def test_files_that_are_not_model_files(trained, homemade, tmp_path, run):
    (tmp_path / "cut.abcrnn").write_bytes(trained.read_bytes()[:5000])
    code, _, errors = run("sample", tmp_path / "cut.abcrnn")
    assert code == 1 and "cut.abcrnn is not a" in errors and "model file" in errors
    (tmp_path / "other.abcrnn").write_bytes(b"\x89HDF\r\n\x1a\n")
    code, _, errors = run("sample", tmp_path / "other.abcrnn")
    assert code == 1
    assert "other.abcrnn is not a model file; usage: abcrnn sample MODEL" in errors
    code, _, errors = run("surprise", homemade, trained)
    assert code == 1
    assert f"{homemade} is not a model file; usage: abcrnn surprise MODEL FILE" in errors
    code, _, errors = run("sample", tmp_path / "none.abcrnn")
    assert code == 1 and "none.abcrnn: no such file" in errors


def test_characters_outside_the_vocabulary(trained, run):
    code, _, errors = run("sample", trained, "--title", "Ünïque")
    assert code == 1
    assert "--title: 'Ü' (character 1) is not among the 54 characters" in errors
    assert errors.count("\n") == 1


@pytest.mark.slow
def test_min_p_of_1_takes_the_most_likely_character(trained, run):
    arguments = ["sample", trained, "--unconstrained", "--key", "D", "--max-length", 400]
    _, greedy, _ = run(*arguments, "--top-k", 1)
    assert run(*arguments, "--min-p", 1, "--seed", 3)[1] == greedy


def fields_of(tune):
    """Values of the header fields by their letters, in order; the first of equal letters."""
    header = tune[: re.search(r"^K:.*", tune, re.MULTILINE).end()].split("\n")
    fields = {}
    for line in header:
        fields.setdefault(line[0], line[2:].strip())
    return fields


@pytest.mark.slow
def test_the_example_of_sample_help(trained, tmp_path, run):
    """Only the paths differ from the example."""
    code, _, _ = run("sample", trained, "-n", 8, "--key", "D", "-o", tmp_path / "tunes.abc",
                            "--midi", tmp_path / "midi", "--max-length", 400)  # fmt: skip
    assert code == 0
    tunes = load_corpus(tmp_path / "tunes.abc").tunes
    assert len(tunes) == 8 and not any(map(check_tune, tunes))
    for tune in tunes:
        fields = fields_of(tune)
        assert set(fields) >= set("XTMK")
        assert fields["K"] in ("D", "Dmaj", "D major")


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"rhythm": "jig", "key": "D"}),
        pytest.param({"meter": "6/8"}, marks=pytest.mark.slow),
        pytest.param({"rhythm": "reel"}, marks=pytest.mark.slow),
        pytest.param({"title": "Cold"}, marks=pytest.mark.slow),
        pytest.param({"title": "Cold", "key": "G"}, marks=pytest.mark.slow),
        pytest.param({"title": "Cold", "rhythm": "polka"}, marks=pytest.mark.slow),
        pytest.param({"title": "Cold", "rhythm": "polka", "key": "A"}, marks=pytest.mark.slow),
        pytest.param({"meter": "C", "key": "G"}, marks=pytest.mark.slow),
        pytest.param({"rhythm": "jig", "meter": "3/4"}, marks=pytest.mark.slow),
        pytest.param({"rhythm": "jig", "meter": "6/8", "key": "A"}, marks=pytest.mark.slow),
        pytest.param({"title": "Cold", "meter": "3/4"}, marks=pytest.mark.slow),
    ],
)
def test_sample_with_any_of_the_fields(given, trained, run):
    options = [text for name, value in given.items() for text in (f"--{name}", value)]
    code, out, _ = run("sample", trained, "-n", 2, "--seed", 1, "--max-length", 400, *options)
    assert code == 0
    for block in split_tunebook(out)[0]:
        fields = fields_of(block.text)
        assert set(fields) >= set("XTMK")
        names = {"X": "", "T": "", "R": "rhythm", "M": "meter", "K": "key"}
        order = [letter for letter in fields if names.get(letter) in {"", *given}]
        assert order == sorted(order, key="XTRMK".index)
        assert not check_tune(block.text)
        for name, letter in (("title", "T"), ("rhythm", "R"), ("meter", "M"), ("key", "K")):
            if name in given:
                assert fields[letter] == given[name]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--meter", "none"], "argument --meter: no valid tune has the meter 'none'"),
        (["--key", "A exp ^c"], "argument --key: also give --meter, for the key 'A exp ^c'"),
    ],
)
def test_fields_that_no_valid_tune_has(options, message, run, tmp_path, capsys):
    vocabulary = Vocabulary.from_text("X:1\nT:R:M:none6/8\nK:A exp ^c G|d")
    CharLSTM(vocabulary, embedding_dim=2, units=2, num_layers=1).save(tmp_path / "m.abcrnn")
    with pytest.raises(SystemExit) as stopped:
        run("sample", tmp_path / "m.abcrnn", *options)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_titles_of_composed_tunes(trained, run):
    arguments = ["compose", trained, "--copies", "--seed", 3, "--bars", 4, "--rhythm", "jig"]
    code, out, _ = run(*arguments)
    assert code == 0 and out.startswith("X:1\nT:The Cold Start\nM:6/8\nL:1/8\nR:jig\n")
    code, out, _ = run(*arguments, "--title", "Cold")
    assert code == 0 and out.startswith("X:1\nT:Cold\nM:6/8\nL:1/8\nR:jig\n")


def test_an_opening_that_is_no_music(trained, run):
    arguments = ["compose", trained, "--copies", "--key", "D", "--meter", "6/8"]
    code, out, errors = run(*arguments, "--opening", "hello")
    assert (code, out) == (2, "")
    assert errors.startswith("abcrnn: --opening must be music that a valid tune can begin with")
    assert "character 1, 'h', is not allowed there in 'hello'" in errors
    code, _, errors = run(*arguments, "--opening", "dcA q")
    assert (code, errors.count("\n")) == (1, 1)
    assert errors.startswith("abcrnn: --opening: 'q' (character 5) is not among the 54 characters")


@pytest.mark.parametrize(
    ("options", "expected", "message"),
    [
        (
            ["--key", "D", "--meter", "6/8", "--opening", "dcA dcA|", "--pitches", "D-B"],
            2,
            "abcrnn: --opening 'dcA dcA|' does not match the requested pitches: the note d is out",
        ),
        (
            ["--key=D", "--meter=6/8", "--opening=dcA dcA|", "--form=AABB", "--bars=2"],
            2,
            "--opening 'dcA dcA|' begins no tune with --form 'AABB' and --bars 2: character 8, '|'",
        ),
        (["--bars", 64, "--max-length", 90], 2, "for a tune with --bars 64, not 90"),
        (["--begin", "BOOK", "--pitches", "D-B"], 1, "no tune that begins with BOOK has the"),
        (["--begin", "BOOK", "--bars", 1], 1, "no valid tune with --bars 1 begins with BOOK: line"),
    ],
)
def test_requests_that_contradict_each_other(options, expected, message, trained, tmp_path, run):
    book = tmp_path / "begin.abc"
    book.write_text("X:1\nM:6/8\nK:D\ndcA dcA|dcA d\n")
    arguments = [book if option == "BOOK" else option for option in options]
    code, _, errors = run("compose", trained, "--copies", "--seed", 1, *arguments)
    assert code == expected
    assert message.replace("BOOK", str(book)) in errors
    assert errors.startswith("abcrnn: ") and errors.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["sample", "m", "-o", "FILE/t.abc"],
        ["sample", "m", "--midi", "FILE/midi"],
        ["sample", "m", "--gallery", "FILE/tunes.html"],
        ["compose", "m", "-o", "FILE/t.abc"],
        ["rewrite", "m", "t.abc", "--bars", "1", "-o", "FILE/t.abc"],
        ["reproduce", "t.abc", "--model", "m", "-o", "FILE/t.abc"],
        ["evaluate", "m", "--corpus", "c", "--out", "FILE/card"],
        ["train", "c", "--out", "FILE/run"],
        ["quickstart", "--out", "FILE/q"],
        ["events", "sample", "m", "-o", "FILE/n.mid"],
        ["events", "sample", "m", "-o", "n.mid", "--plot", "FILE/n.png"],
        ["events", "train", "c", "--out", "FILE/run"],
    ],
)
def test_an_output_that_cannot_be_written_is_found_first(arguments, tmp_path, run, monkeypatch):
    """There is no such model or corpus either: the output is checked before they are opened."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FILE").write_text("")
    code, out, errors = run(*arguments)
    assert (code, out) == (1, "")
    assert "FILE" in errors and errors.count("\n") == 1
    assert "no such file" not in errors and "neither" not in errors


RECORD = """X:1
M:6/8
K:D
ABc def|]
% composed by abcrnn 0.1.0
% model 0123456789abcdef, seed 1, stream 0, tune 0123456789abcdef
% settings {"temperature": 1.0, "top_p": null, "max_length": 100, "prompt": null}
% requests {}
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("seed 1", "seed 99999999999999999999", 16, "seed must be a whole number from 0, of at"),
        ("stream 0", "stream -1", 16, "stream must be a whole number from 0, of at most 9 digits"),
        (
            "{}",
            "{broken",
            18,
            "the line must be such as '% requests {...}', not '% requests {broken",
        ),
        ('"top_p": null', '"top_p": 7', 17, "the values of settings are not valid: top_p must be"),
        ("% composed by abcrnn", "% made by", 11, "the tune has no lines such as '% composed by"),
        ("% composed", "% rewritten", 18, "the line must be such as '% rewriting {...}', not '%"),
    ],
)
def test_changed_comment_lines_are_named_with_file_and_line(old, new, line, message, tmp_path, run):
    book = tmp_path / "tunes.abc"
    changed = RECORD.replace(old, new)
    assert changed != RECORD
    book.write_text(f"{RECORD}\n\n{changed}")
    code, _, errors = run("reproduce", book)
    assert (code, errors.count("\n")) == (1, 1)
    assert errors.startswith(f"abcrnn: {book}:{line}: {message}")


@pytest.mark.parametrize(
    ("meter", "bars", "message"),
    [
        ("", "1", "the tune has no meter: add a line such as M:4/4 before K:"),
        ("M:6/8\n", "7-9", "--bars must be within 1-4, the bars of the tune, not 7-9"),
    ],
)
def test_bars_that_cannot_be_rewritten(meter, bars, message, trained, tmp_path, run):
    book = tmp_path / "one.abc"
    tune = f"X:1\n{meter}K:G\nGBd gfe|dBG AGE|GBd gfe|dBA G3|]\n"
    book.write_text(tune)
    code, _, errors = run("rewrite", trained, book, "--bars", bars)
    assert (code, errors) == (1, f"abcrnn: {book}: {message}\n")
    book.write_text(f"{tune}\n{tune}")
    code, _, errors = run("rewrite", trained, book, "--bars", bars, "--tune", 2)
    assert (code, errors) == (1, f"abcrnn: {book}, tune 2: {message}\n")


CHORDS = 'X:1\nM:6/8\nK:G\n"G"GBd gfe|"Em"dBG "D"AGE|"G"GBd gfe|dBA G3|]'


@pytest.mark.slow
def test_chord_symbols_that_rewrite_leaves_out_are_reported(tmp_path, run):
    book = tmp_path / "one.abc"
    book.write_text(CHORDS)
    code, out, errors = run("rewrite", "folk", book, "-n", 1, "--seed", 0, "--bars", "2-3")
    assert code == 0 and '"Em"' not in out.partition("\n% ")[0]
    report = "3 chord symbols of bars 2, 3 left out; the last one before them sounds until the next"
    assert errors.endswith(f"abcrnn: {report}\n")


@pytest.mark.parametrize(
    ("bars", "report"), [((3, 4), "1 chord symbol of bar 3 left out;"), ((4, 4), "")]
)
def test_the_report_of_chord_symbols(bars, report, capsys):
    report_chord_symbols(CHORDS, *bars)
    printed = capsys.readouterr().err
    assert printed.startswith(report and f"abcrnn: {report}") and bool(printed) == bool(report)
