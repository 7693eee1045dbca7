"""Models that come with the package: cards, names, missing and damaged files."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

import abcrnn
from abcrnn.models import pretrained

INSTALL = "Install abcrnn again: python -m pip install --force-reinstall"


@pytest.fixture
def copied(packaged, tmp_path, monkeypatch):
    """A copy of the folder of packaged models, to be damaged."""
    folder = tmp_path / "pretrained"
    shutil.copytree(packaged.parent, folder)
    monkeypatch.setattr("abcrnn.models.pretrained.FOLDER", folder)
    return folder


def test_the_card_describes_the_file(packaged):
    [card] = abcrnn.pretrained()
    assert (card.name, card.title, card.licence) == ("folk", "Two tunes", "MIT")
    assert card.scores == {"bits per character, homemade": 0.25}
    assert card.path == packaged
    assert card.bytes == packaged.stat().st_size
    assert card.sha256 == hashlib.sha256(packaged.read_bytes()).hexdigest()
    model = abcrnn.load_model("folk")
    assert model.fingerprint == card.fingerprint
    assert model.count_params() == card.parameters


def test_the_models_of_the_package_fit_their_cards():
    """A card and a file that do not belong together would be reported as damaged to every user."""
    cards = list(Path(abcrnn.__file__).parent.joinpath("pretrained").glob("*.json"))
    assert [path.stem for path in cards] == ["folk"]
    for path in cards:
        card = pretrained.read_card(path.stem)
        assert pretrained.pretrained_path(path.stem) == card.path
        assert card.bytes < 8_000_000
        model = abcrnn.load_model(path.stem)
        assert (model.fingerprint, model.count_params()) == (card.fingerprint, card.parameters)
        assert model.novelty is not None


def test_a_file_of_the_same_name_is_opened_instead(packaged, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    named = abcrnn.load_model("folk").fingerprint
    (tmp_path / "folk").mkdir()
    assert abcrnn.load_model("folk").fingerprint == named  # a folder is no model file
    (tmp_path / "folk").rmdir()
    shutil.copy(trained, tmp_path / "folk")
    assert abcrnn.load_model("folk").fingerprint == abcrnn.load_model(trained).fingerprint != named


def test_a_path_is_never_a_name(packaged, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in (Path("folk"), "./folk", "folk.abcrnn"):
        with pytest.raises(FileNotFoundError, match="no such file"):
            abcrnn.load_model(path)


def test_neither_a_file_nor_a_name(packaged):
    expected = "fork: no such file; expected an abcrnn model file, or the name of a model .*: folk$"
    with pytest.raises(FileNotFoundError, match=expected):
        abcrnn.load_model("fork")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda f: (f / "folk.abcrnn").unlink(), "folk.abcrnn cannot be read"),
        (lambda f: (f / "folk.abcrnn").write_bytes(b""), "has 0 bytes instead of"),
        (lambda f: change_byte(f / "folk.abcrnn"), "the SHA-256 of .*folk.abcrnn is not that"),
        (lambda f: (f / "folk.json").unlink(), "folk.json cannot be read"),
        (lambda f: (f / "folk.json").write_bytes(b"\xff{"), "folk.json is not a valid card"),
        (lambda f: change_card(f, licence=None), "folk.json is not a valid card: its licence must"),
        (lambda f: change_card(f, bytes=True), "folk.json is not a valid card: its bytes must"),
        (lambda f: change_card(f, more=1), "folk.json is not a valid card: it must have title,"),
        (lambda f: (f / "folk.json").write_text("[]"), "folk.json is not a valid card: it must"),
    ],
)
def test_damage_is_reported_with_how_to_repair_it(copied, damage, reason):
    damage(copied)
    with pytest.raises(ValueError, match=f"^the model 'folk' .*{reason}") as raised:
        abcrnn.load_model("folk")
    assert INSTALL in str(raised.value)
    assert "\n" not in str(raised.value)


def change_byte(path):
    data = bytearray(path.read_bytes())
    data[-1000] ^= 1
    path.write_bytes(data)


def change_card(folder, **values):
    path = folder / "folk.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **values}), "utf-8")


def test_listing_needs_the_cards_alone(copied):
    (copied / "folk.abcrnn").unlink()
    assert [card.name for card in abcrnn.pretrained()] == ["folk"]
    (copied / "folk.json").unlink()
    with pytest.raises(ValueError, match="the model 'folk' .* missing or damaged"):
        abcrnn.pretrained()


def test_a_model_is_found_by_its_fingerprint(packaged):
    [card] = abcrnn.pretrained()
    assert pretrained.find_fingerprint(card.fingerprint[:16]) == card
    assert pretrained.find_fingerprint("0123456789abcdef") is None
