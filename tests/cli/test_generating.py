"""Commands that generate tunes: sample, compose, reproduce, rewrite."""

import mido
import pytest

from abcrnn import load_corpus
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
def test_compose_reproduce_and_rewrite(trained, tmp_path, run):
    book, again = tmp_path / "tunes.abc", tmp_path / "again.abc"
    arguments = ["compose", trained, "-n", 3, "--seed", 1, "--copies", "--form", "AB", "--bars", 4]
    code, out, errors = run(*arguments, "-o", book, "--midi", tmp_path / "midi")
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
    assert errors.startswith("fit: bits for the rest of the tune, lower is better\n1: ")
    rewritten = [block.text for block in split_tunebook(out)[0]]
    assert len(rewritten) == 2 and not any(map(check_tune, rewritten))


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
    assert "'Ü' at line 2, column 3 is not among the" in errors and errors.count("\n") == 1


def test_min_p_of_1_takes_the_most_likely_character(trained, run):
    arguments = ["sample", trained, "--unconstrained", "--key", "D", "--max-length", 400]
    _, greedy, _ = run(*arguments, "--top-k", 1)
    assert run(*arguments, "--min-p", 1, "--seed", 3)[1] == greedy
