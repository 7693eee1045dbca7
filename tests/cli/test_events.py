"""``abcrnn events``: train, sample and evaluate with notes from MIDI files."""

import re

import numpy as np
import pytest

from abcrnn import CharLSTM, load_corpus
from abcrnn.cli import events, main
from abcrnn.events import load_note_model, load_pieces, read_midi, write_notes


@pytest.fixture(scope="module")
def run_folder(midi_folder, tmp_path_factory):
    """A run folder after one epoch."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ABCRNN_DATA", str(tmp_path_factory.mktemp("cache")))
        assert (
            main(["events", "train", str(midi_folder), "--out", str(folder), "--epochs", "1"]) == 0
        )
    return folder


@pytest.mark.slow
def test_train_sample_evaluate(run_folder, midi_folder, tmp_path, own_cache, capsys):
    model = str(run_folder / "best.abcrnn")
    out, picture = tmp_path / "new.mid", tmp_path / "new.png"
    sample = ["events", "sample", model, "-o", str(out), "--notes", "60", "--seed", "4"]
    assert main([*sample, "--plot", str(picture), "--instrument", "flute"]) == 0
    assert "60 new notes in" in capsys.readouterr().err
    [piece] = read_midi(out)
    assert len(piece.notes) == 60 and piece.program == 73
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 20_000
    first = out.read_bytes()
    assert main([*sample, "--instrument", "73"]) == 0
    assert out.read_bytes() == first
    assert main(["events", "evaluate", model, str(midi_folder)]) == 0
    out = capsys.readouterr().out
    assert ": 4 held-out pieces, " in out and "36 pieces left out" in out and "nats" in out


@pytest.mark.slow
def test_a_tune_is_continued_at_its_own_tempo(run_folder, midi_folder, tmp_path):
    source = sorted(midi_folder.glob("*.mid"))[0]
    [tune] = read_midi(source)
    out = tmp_path / "more.mid"
    arguments = [
        "events",
        "sample",
        str(run_folder / "best.abcrnn"),
        "--notes",
        "20",
        "--continue",
        str(source),
    ]
    for tempo, factor in ((None, 1.0), (240, 0.5)):
        more = [] if tempo is None else ["--tempo", str(tempo)]
        assert main([*arguments, "-o", str(out), *more]) == 0
        [found] = read_midi(out)
        assert found.tempo == pytest.approx(tempo or tune.tempo)
        opening = found.notes[: len(tune.notes)]
        assert (opening["pitch"] == tune.notes["pitch"]).all()
        np.testing.assert_allclose(opening["start"], tune.notes["start"] * factor, atol=3e-3)
        assert len(found.notes) == len(tune.notes) + 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "{}/nowhere", "--out", "{}/r"], "nowhere: no such file or folder"),
        (["train", "{}/empty", "--out", "{}/r"], "empty holds no MIDI file"),
        (["train", "{}/text.mid", "--out", "{}/r"], "text.mid is no MIDI file"),
        (
            ["train", "{}/one.mid", "--out", "{}/r"],
            "too few different MIDI files (1)",
        ),
        (["sample", "{}/none.abcrnn", "-o", "{}/o.mid"], "none.abcrnn: no such file"),
        (
            ["sample", "{}/text.mid", "-o", "{}/o.mid"],
            "text.mid is not a model file; usage: abcrnn events sample MODEL",
        ),
        (["sample", "RUN", "-o", "{}/o.mid", "--continue", "{}/text.mid"], "is no MIDI file"),
        (["evaluate", "RUN", "{}/empty"], "empty holds no MIDI file"),
    ],
)
def test_mistakes_are_reported_in_one_line(
    arguments, message, run_folder, midi_folder, tmp_path, own_cache, capsys
):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.mid").write_text("X:1\nK:C\n")
    (tmp_path / "one.mid").write_bytes(sorted(midi_folder.glob("*.mid"))[0].read_bytes())
    given = [
        w.format(tmp_path) if w != "RUN" else str(run_folder / "best.abcrnn") for w in arguments
    ]
    assert main(["events", *given]) == 1
    errors = capsys.readouterr().err
    assert message in errors and errors.count("\n") == 1
    assert not (tmp_path / "o.mid").exists()


def test_an_unknown_instrument_is_an_invalid_argument(run_folder, tmp_path, capsys):
    output = tmp_path / "o.mid"
    model = str(run_folder / "best.abcrnn")
    with pytest.raises(SystemExit) as stopped:
        main(["events", "sample", model, "-o", str(output), "--instrument", "kazoo"])
    assert stopped.value.code == 2 and not output.exists()
    assert (
        "argument --instrument: no instruments of General MIDI are called 'kazoo'"
        in capsys.readouterr().err
    )


def test_a_model_of_the_other_kind(run_folder, midi_folder, homemade, few_tunes, tmp_path, capsys):
    notes, characters = str(run_folder / "best.abcrnn"), str(tmp_path / "characters.abcrnn")
    CharLSTM(few_tunes.vocabulary, units=4).save(characters)
    for arguments in (["sample", notes], ["surprise", notes, str(homemade)]):
        assert main(arguments) == 1
        errors = capsys.readouterr().err
        assert f"{notes} is a model of notes; use abcrnn events sample" in errors
        assert errors.count("\n") == 1 and "load_" not in errors
    for arguments in (["sample", characters, "-o", "x.mid"], ["evaluate", characters, "nowhere"]):
        assert main(["events", *arguments]) == 1
        errors = capsys.readouterr().err
        assert f"{characters} is a model of characters; use abcrnn sample" in errors
        assert errors.count("\n") == 1 and "load_" not in errors


@pytest.mark.parametrize("tempo", [None, "fast", [1], 0, -1.0, float("nan"), float("inf")])
def test_invalid_records_of_a_note_model_file(run_folder, tmp_path, tempo, capsys):
    model = load_note_model(run_folder / "best.abcrnn")
    model.about["pieces"]["tempo"] = tempo
    model.save(tmp_path / "model.abcrnn")
    arguments = ["events", "sample", str(tmp_path / "model.abcrnn"), "-o", str(tmp_path / "x.mid")]
    assert main(arguments) == 1
    assert "its about.pieces.tempo must be a number above 0, not" in capsys.readouterr().err


@pytest.mark.slow
def test_a_note_model_without_records_of_its_pieces(run_folder, midi_folder, tmp_path, own_cache):
    model = load_note_model(run_folder / "best.abcrnn")
    model.about["pieces"] = None
    model.save(tmp_path / "model.abcrnn")
    arguments = ["events", "sample", str(tmp_path / "model.abcrnn"), "--notes", "5"]
    assert main([*arguments, "-o", str(tmp_path / "x.mid")]) == 0
    assert main(["events", "evaluate", str(tmp_path / "model.abcrnn"), str(midi_folder)]) == 0


def test_a_missing_extra_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "pretty_midi", None)
    (tmp_path / "a.mid").write_bytes(b"MThd")
    assert main(["events", "train", str(tmp_path), "--out", str(tmp_path / "run")]) == 1
    assert 'pip install "abcrnn[events]"' in capsys.readouterr().err


def test_without_a_folder_the_embedded_corpus_is_converted_once(
    few_tunes, own_cache, monkeypatch, capsys
):
    monkeypatch.setattr("abcrnn.data.corpus.load_corpus", lambda _: few_tunes)
    folder = events._embedded_folder()
    assert len(load_pieces(folder).pieces) == len(few_tunes.tunes)
    assert "this is done once" in capsys.readouterr().out
    assert events._embedded_folder() == folder
    assert not capsys.readouterr().out
    # Files of an earlier version are written again.
    (folder / "done").write_text("")
    (folder / "0000-stale.mid").write_bytes(b"")
    (folder / "done").with_name("mine.txt").touch()
    assert events._embedded_folder() == folder
    assert "this is done once" in capsys.readouterr().out
    assert len(load_pieces(folder).pieces) == len(few_tunes.tunes)
    assert not (folder / "0000-stale.mid").exists() and (folder / "mine.txt").exists()


def test_embedded_tunes_are_played_at_one_tempo():
    reel = "X:1\nT:t\nM:C|\nR:reel\nK:D\nD8|"
    assert "\nQ:1/4=120\nK:D\n" in events._with_tempo(reel)
    slow = reel.replace("R:reel", "Q:1/4=80")
    assert events._with_tempo(slow) == slow


def test_embedded_files_of_an_earlier_version_are_written_again(own_cache, homemade, monkeypatch):
    corpus = load_corpus(homemade)
    monkeypatch.setattr("abcrnn.data.corpus.load_corpus", lambda name: corpus)
    folder = events._embedded_folder()
    files = sorted(folder.glob("*.mid"))
    written = files[0].read_bytes()
    for version in ("", "1", events._EMBEDDED_VERSION):  # an empty file before there were versions
        (folder / "done").write_text(version)
        (folder / "earlier.mid").write_bytes(b"")
        files[0].write_bytes(b"")
        events._embedded_folder()
        is_current = version == events._EMBEDDED_VERSION
        assert (files[0].read_bytes() == written) != is_current
        assert (folder / "earlier.mid").exists() == is_current


@pytest.mark.slow
def test_training_on_several_devices_writes_a_model(midi_folder, tmp_path, own_cache, capsys):
    arguments = ["events", "train", str(midi_folder), "--out", str(tmp_path), "--epochs", "1"]
    assert main([*arguments, "--distribute", "mirrored"]) == 0
    out = capsys.readouterr().out
    assert "1 epoch; epoch 1: training loss " in out and ", validation loss " in out
    assert "abcrnn events sample" in out
    assert (tmp_path / "best.abcrnn").exists()


def copy_files(midi_folder, folder, count):
    folder.mkdir()
    files = sorted(midi_folder.glob("*.mid"), key=lambda file: file.stat().st_size)[:count]
    for file in files:
        (folder / file.name).write_bytes(file.read_bytes())


@pytest.mark.slow
def test_advice_for_few_files_can_be_taken(midi_folder, tmp_path, own_cache, capsys):
    copy_files(midi_folder, tmp_path / "five", 5)
    train = ["events", "train", str(tmp_path / "five"), "--out", str(tmp_path / "run")]
    assert main(train) == 1
    errors = capsys.readouterr().err
    assert "different MIDI files (5)" in errors
    assert "add files, or give --validation 0 and --test 0 to train on all" in errors
    assert main([*train, "--validation", "0", "--test", "0", "--batch-size", "64"]) == 1
    errors = capsys.readouterr().err
    assert "one window needs" in errors and "smaller --batch-size or --seq-length" in errors
    arguments = ["--validation", "0", "--test", "0", "--batch-size", "2", "--seq-length", "8"]
    assert main([*train, *arguments, "--epochs", "1"]) == 0
    assert "1 epoch; epoch 1: training loss " in capsys.readouterr().out


@pytest.mark.slow
def test_pieces_of_a_folder_that_has_grown_or_of_a_part(
    run_folder, midi_folder, tmp_path, own_cache, capsys
):
    model = str(run_folder / "best.abcrnn")
    (tmp_path / "grown").mkdir()
    for file in midi_folder.glob("*.mid"):
        (tmp_path / "grown" / file.name).write_bytes(file.read_bytes())
    write_notes(read_midi(file)[0].notes[::-1][:40][::-1], tmp_path / "grown" / "zz.mid")
    assert main(["events", "evaluate", model, str(tmp_path / "grown")]) == 0
    out = capsys.readouterr().out
    assert "grown: 5 held-out pieces" in out and "36 pieces left out" in out
    copy_files(midi_folder, tmp_path / "part", 20)
    code = main(["events", "evaluate", model, str(tmp_path / "part")])
    out, errors = capsys.readouterr()
    held_out = int(re.search(r"part: (\d) held-out", out)[1]) if code == 0 else 0
    assert held_out <= 4 and (f"{20 - held_out} pieces left out" in out or "none is held" in errors)


@pytest.mark.slow
def test_a_note_model_that_does_not_record_its_training_pieces(
    run_folder, midi_folder, tmp_path, own_cache, capsys
):
    model = load_note_model(run_folder / "best.abcrnn")
    model.trained_digests = None
    model.save(tmp_path / "model.abcrnn")
    copy_files(midi_folder, tmp_path / "part", 20)
    evaluate = ["events", "evaluate", str(tmp_path / "model.abcrnn")]
    assert main([*evaluate, str(tmp_path / "part")]) == 0
    out = capsys.readouterr().out
    assert "part: 20 pieces" in out and "held-out" not in out
    assert "does not record its training pieces: some may be among these" in out
    assert main([*evaluate, str(midi_folder)]) == 0
    assert ": 4 held-out pieces" in capsys.readouterr().out
