"""``abcrnn train`` with several corpora, and with a model to start from."""

import json
import re

import numpy as np
import pytest
from helpers.tiny_recipe import TINY_RECIPE

from abcrnn import load_corpus, load_model, transpose
from abcrnn.data.leak_guard import find_copies
from abcrnn.evaluation.held_out import held_out_part, training_part

TINY = ["--recipe", TINY_RECIPE, "--epochs"]


def write(path, tunes):
    path.write_text("\n\n".join(tunes) + "\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def books(oneills, tmp_path_factory):
    """Two small tunebooks. The second has some tunes of the first, two semitones higher."""
    folder = tmp_path_factory.mktemp("books")
    moved = [transpose(tune, 2).replace("K:", "N:moved\nK:", 1) for tune in oneills.tunes[:12]]
    rest = [tune.replace("T:", "T:\xe6", 1) for tune in oneills.tunes[40:64]]
    return write(folder / "one.abc", oneills.tunes[:30]), write(folder / "two.abc", [*moved, *rest])


@pytest.fixture
def recorded(tmp_path):
    return lambda: json.loads((tmp_path / "run" / "run.json").read_text())


@pytest.mark.slow
def test_several_corpora(books, tmp_path, run, recorded):
    corpora = [load_corpus(book) for book in books]
    first, second = corpora[0].split(), corpora[1].split(validation=0)
    held_out = [first[1], first[2], second[2]]
    copies = [find_copies(part, held_out).tolist() for part in (first[0], second[0])]
    assert copies[1]
    sizes = [len(p.tunes) - len(c) for p, c in zip((first[0], second[0]), copies, strict=True)]

    arguments = ["train", *books, "--weights", 1, 2, "--out", tmp_path / "run", *TINY]
    code, out, _ = run(*arguments, 1)
    assert code == 0
    assert (
        f"one + two: {sum(sizes)} tunes for training (with the weights {sizes[0] + 2 * sizes[1]} "
        f"in an epoch), {len(first[1].tunes)} for validation" in out
    )
    assert (
        f"validation tunes: of one only; test tunes: {len(first[2].tunes)} of one, "
        f"{len(second[2].tunes)} of two\n" in out
    )
    assert f"left out: {len(copies[0]) + len(copies[1])} training tunes that share more" in out
    origin = recorded()["corpus"]["origin"]
    assert [part["corpus"] for part in origin["parts"]] == ["one", "two"]
    assert [part["leak_guard"]["left_out"] for part in origin["parts"]] == copies

    model = load_model(tmp_path / "run" / "best.abcrnn")
    letters = "ABCDFHNOSZ"
    for corpus, split, left_out in zip(corpora, (first, second), copies, strict=True):
        assert held_out_part(model, corpus) == split[2].without_fields(letters)
        kept = [t for n, t in enumerate(split[0].without_fields(letters).tunes)
                if n not in left_out]  # fmt: skip
        assert list(training_part(model, corpus).tunes) == kept
        assert not len(find_copies(training_part(model, corpus), held_out))
    assert np.count_nonzero(np.diff(model.novelty.to_arrays()["ends"], prepend=0)) == sum(sizes)

    code, out, _ = run("evaluate", tmp_path / "run", "--corpus", books[1], "--tunes", 0)
    assert code == 0 and f"two/test: {len(second[2].tunes)} held-out tunes" in out
    code, out, _ = run(*arguments, 2)
    assert code == 0 and "\n2 epochs; epoch 2: " in out
    code, _, errors = run("train", *books, "--out", tmp_path / "run", *TINY, 2)
    assert code == 1
    assert "holds another run: its corpus tunes is" in errors
    assert "its corpus origin parts 2 weight is 2, not 1" in errors


@pytest.mark.slow
def test_copies_are_kept_but_no_equal_tunes_without_the_leak_guard(
    books, tmp_path, run, recorded, oneills
):
    one = load_corpus(books[0])
    validation = one.split()[1].tunes
    third = write(tmp_path / "third.abc", [*validation, *oneills.tunes[70:90]])
    duplicates = [n for n, t in enumerate(load_corpus(third).split(validation=0)[0].tunes)
                  if t in validation]  # fmt: skip
    assert duplicates
    arguments = ["train", books[0], third, "--out", tmp_path / "run", *TINY]
    code, out, _ = run(*arguments, 1, "--no-leak-guard")
    assert code == 0
    found = re.search(r"left out: (\d+) training tunes? that (is|are) also in a held-out part", out)
    assert int(found[1]) == len(duplicates)
    parts = recorded()["corpus"]["origin"]["parts"]
    assert [part["leak_guard"] for part in parts] == [{"left_out": []}, {"left_out": duplicates}]
    assert run(*arguments, 2)[0] == 0  # the run is resumed as it was started


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--weights", "1"], "argument --weights: give one number for each corpus, in order: 1 we"),
        (["--weights", "1", "0"], "argument --weights"),
    ],
)
def test_wrong_weights(books, tmp_path, run, capsys, options, message):
    with pytest.raises(SystemExit) as stopped:
        run("train", *books, "--out", tmp_path / "run", *TINY, 1, *options)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_the_same_corpus_twice(books, tmp_path, run, capsys):
    with pytest.raises(SystemExit) as stopped:
        run("train", *books, books[0], "--out", tmp_path / "run", *TINY, 1)
    assert stopped.value.code == 2
    assert "one.abc are the same tunes; --weights reads a corpus" in capsys.readouterr().err


# A model to start from -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def base(books, tmp_path_factory):
    """A run folder of a model that was trained on the first tunebook."""
    from abcrnn.cli import main

    folder = tmp_path_factory.mktemp("base") / "run"
    assert main(["train", str(books[0]), "--out", str(folder), *TINY, "1"]) == 0
    return folder


@pytest.mark.slow
def test_from_a_model(books, base, tmp_path, run, recorded, capsys):
    arguments = ["train", books[1], "--from", base, "--out", tmp_path / "run", *TINY]
    code, out, errors = run(*arguments, 1)
    assert code == 0, errors
    before, after = load_model(base / "best.abcrnn"), load_model(tmp_path / "run" / "best.abcrnn")
    new = set(after.vocabulary.characters) - set(before.vocabulary.characters)
    assert "\xe6" in new
    assert (
        f"weights and architecture are those of {base}, {len(new)} new characters; the recipe "
        f"{TINY_RECIPE} sets the training alone" in out
    )
    assert recorded()["base"] == after.about["base"] == {
        "fingerprint": before.fingerprint, "corpus": "one/train"}  # fmt: skip
    assert set(before.trained_digests) < set(after.trained_digests)
    sizes = [len(model.novelty.to_arrays()["ends"]) for model in (before, after)]
    assert sizes[1] == sizes[0] + recorded()["corpus"]["tunes"]
    # It continues from the weights: it is better after an epoch than a new model.
    code, other, _ = run("train", books[1], "--out", tmp_path / "new", *TINY, 1)
    bits = [float(re.search(r"epoch 1: .* validation (\S+)", text)[1]) for text in (out, other)]
    assert code == 0 and bits[0] < bits[1] - 0.2

    code, out, _ = run(*arguments, 2)
    assert code == 0 and "\n2 epochs; epoch 2: " in out
    with pytest.raises(SystemExit) as stopped:
        run("train", books[1], "--out", tmp_path / "run", *TINY, 2)
    assert stopped.value.code == 2
    assert "holds a run that started from a model: give the same --from" in capsys.readouterr().err
    # Its own validation tunes are held out as before, since it was not trained on them.
    code, _, errors = run(*arguments[:2], "--from", tmp_path / "new", *arguments[4:], 2)
    assert code == 1 and "holds another run: " in errors and "its base fingerprint is" in errors


@pytest.mark.slow
@pytest.mark.parametrize(
    ("of_base", "of_run", "advice"),
    [("--plain", [], "--plain"), ("--tidy", [], "--tidy"), ("--tidy", ["--tidy"], None),
     ("--plain", ["--tidy"], "--plain"), ("--plain", ["--plain"], None),
     ("--tidy", ["--plain"], None)],
)  # fmt: skip
def test_advice_about_the_form_of_the_tunes(of_base, of_run, advice, books, tmp_path, run):
    arguments = [*TINY, 1]
    assert run("train", books[0], of_base, "--out", tmp_path / "base", *arguments)[0] == 0
    base = ["--from", tmp_path / "base"]
    code, out, errors = run(
        "train", books[1], *base, *of_run, "--out", tmp_path / "run", *arguments
    )
    assert code == 0, errors
    if advice is None:
        assert "the same form" not in out
    else:
        assert f"base was trained with {advice}: add {advice} to give your tunes the same" in out


@pytest.mark.slow
def test_held_out_tunes_that_the_model_was_trained_on(books, base, tmp_path, run):
    one = load_corpus(books[0])
    seed = 5
    _, validation, test = one.split(0.2, 0.2, seed)
    before = load_model(base / "best.abcrnn")
    assert set(before.validated_digests) == set(one.split()[1].body_digests())
    trained = np.setdiff1d(before.trained_digests, before.validated_digests)
    known = [int(np.isin(validation.body_digests(), trained).sum()),
             int(np.isin(test.body_digests(), before.trained_digests).sum())]  # fmt: skip
    assert 0 < known[0] < len(validation.tunes) and 0 < known[1] < len(test.tunes)
    code, out, errors = run(
        "train", books[0], "--from", base / "best.abcrnn", "--out", tmp_path / "run", *TINY, 1,
        "--split-seed", seed, "--validation", 0.2, "--test", 0.2,
    )  # fmt: skip
    assert code == 0, errors
    assert f", {len(validation.tunes) - known[0]} for validation" in out
    assert f"left out: {known[0]} validation tune" in out
    assert f"was trained on {known[1]} test tune" in out and "which abcrnn evaluate" in out
    assert "with more than 4 bars of a training tune of" in out
    model = load_model(tmp_path / "run" / "best.abcrnn")
    assert len(held_out_part(model, one).tunes) == len(test.tunes) - known[1]


def test_a_model_that_was_trained_on_all_validation_tunes(books, base, tmp_path, run):
    trained = training_part(load_model(base / "best.abcrnn"), load_corpus(books[0]))
    part = write(tmp_path / "part.abc", trained.tunes)
    code, _, errors = run("train", part, "--from", base, "--out", tmp_path / "run", *TINY, 1)
    assert code == 1
    assert (
        "was trained on all validation tunes of part/validation: use the split that it was"
        in errors
    )
    assert not (tmp_path / "run").exists()


def test_what_is_not_a_model_to_start_from(books, tmp_path, run):
    code, _, errors = run("train", books[0], "--from", tmp_path / "no", "--out", tmp_path / "run")
    assert code == 1 and "no: no such file" in errors
    code, _, errors = run("train", books[0], "--from", books[1], "--out", tmp_path / "run")
    assert code == 1 and "two.abc is not a model file" in errors


# Transposition -------------------------------------------------------------------------------


@pytest.mark.slow
def test_transposed_tunes(books, tmp_path, run, recorded):
    arguments = ["train", books[0], "--out", tmp_path / "run", "--windows", "tunes",
                 "--seq-length", 32, *TINY]  # fmt: skip
    code, _, errors = run(*arguments, 1, "--transpose", "--transpose-epochs", 1)
    assert code == 0, errors
    assert recorded()["training"]["transpose"] is True
    assert recorded()["training"]["transpose_epochs"] == 1
    code, _, errors = run(*arguments, 2)
    assert code == 1 and "its --transpose is True, not False" in errors
    code, _, errors = run("train", books[0], "--out", tmp_path / "mit", "--recipe", "mit",
                          "--epochs", 1, "--transpose")  # fmt: skip
    assert code == 1 and "--transpose needs --windows 'streams' or" in errors
