"""What a model file records about its training, from files of strangers."""

import json
import zipfile

import numpy as np
import pytest
from helpers.fuzz_json import mutations

from abcrnn import CharLSTM, Corpus, load_model
from abcrnn.composition.selection import typicality
from abcrnn.data.midi_folder import Collection
from abcrnn.data.notes import Piece, notes_of_steps
from abcrnn.data.time_grid import TimeGrid
from abcrnn.evaluation.held_out import held_out_part, held_out_pieces, training_part
from abcrnn.evaluation.metric_distributions import recorded_metrics
from abcrnn.events import NoteModel, load_note_model
from abcrnn.models.records import validate_about

TUNES = tuple(f"X:{n}\nM:4/4\nL:1/4\nK:C\nCDE{'CDEFGABcde'[n]}|]" for n in range(10))
CORPUS = Corpus("mine", TUNES)
SPLIT = {"validation": 0.1, "test": 0.2, "seed": 0, "rule": "hash"}
STEPS = np.full((2, 2), 0.5)
PIECES = [
    Piece(f"{p}.mid", 0, 120.0, notes_of_steps(np.array([p, 60]), *STEPS)) for p in range(30, 60)
]
ORIGIN = {
    "corpus": "mine",
    "fingerprint": CORPUS.fingerprint,
    "split": SPLIT,
    "part": "train",
    "without": "NZ",
    "leak_guard": {"bars": 4, "notes": 16, "left_out": [0, 2]},
}
COLLECTION = Collection("mine", tuple(PIECES), ())
ABOUT = {
    "corpus": {
        "name": "mine/train",
        "tunes": 7,
        "fingerprint": "0" * 64,
        "origin": ORIGIN,
    },
    "pieces": {
        "name": "mine",
        "fingerprint": COLLECTION.fingerprint,
        "instruments": "merged",
        "tempo": 120.0,
        "split": SPLIT,
    },
    "base": {"fingerprint": "0" * 64, "corpus": "ours/train"},
    "tune_metrics": recorded_metrics(TUNES),
    "epoch": 3,
    "validation_bits_per_char": None,
    "validation_loss": 1.5,
}


class Recorded:
    """A model of which only the records are used."""

    def __init__(self, about):
        self.about, self.trained_digests = about, None


def test_valid_records_are_accepted():
    for about in (ABOUT, {}, {"corpus": None, "pieces": None}, {"mine": [1, {"x": None}]},
                  {"corpus": {"origin": None}}, {"validation_loss": float("nan")}):  # fmt: skip
        validate_about(about)


def test_what_is_accepted_can_be_used():
    """Each value replaced by values of every type: refused at once, or of use to the end."""
    refused = 0
    joined = {"parts": [{**ORIGIN, "weight": 2}, {"corpus": "all", "fingerprint": "1" * 64}]}
    of_several = {"corpus": {**ABOUT["corpus"], "origin": {**joined, "without": "NZ"}}}
    for what, about in (*mutations(ABOUT), *mutations(of_several)):
        if not isinstance(about, dict):
            continue
        try:
            validate_about(about)
        except ValueError as error:
            message = str(error)
            assert message.startswith(("its about.", "not the record", "validation and test")), what
            assert len(message) < 250 and "\n" not in message, what
            refused += 1
            continue
        for use in (
            lambda model: held_out_part(model, CORPUS),
            lambda model: training_part(model, CORPUS),
            lambda model: held_out_pieces(model, COLLECTION),
            lambda model: (typicality(model) or list)(TUNES[:1]),
        ):
            try:
                use(Recorded(about))
            except ValueError as error:  # such as a split without a test part
                assert "\n" not in str(error), what
    assert refused > 900


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"corpus": {"tunes": True}}, "about.corpus.tunes must be a whole number of at least 0"),
        ({"corpus": {"tunes": 10**400}}, "about.corpus.tunes must be a whole number"),
        ({"corpus": {"name": ["x"]}}, r"about.corpus.name must be a string, not \['x'\]"),
        ({"corpus": {"origin": {"without": "XK"}}}, "must be a string of letters other than X"),
        ({"corpus": {"origin": {"split": {"seed": 1}}}}, "not the record of a split"),
        (
            {"corpus": {"origin": {"split": {**SPLIT, "rule": "x"}}}},
            "one of hash, shuffle, not 'x'",
        ),
        ({"corpus": {"origin": {"split": {**SPLIT, "test": 0.9}}}}, "together less than 1"),
        (
            {"corpus": {"origin": {"leak_guard": {"left_out": [0, -1]}}}},
            "leak_guard.left_out must be a list of whole numbers of at least 0, not",
        ),
        ({"corpus": {"origin": {"parts": [3]}}}, "origin.parts must be a list of objects, not"),
        (
            {"corpus": {"origin": {"parts": [{}, {"weight": "x"}]}}},
            "about.corpus.origin.parts.1.weight must be a whole number of at least 0, not 'x'",
        ),
        ({"base": {"corpus": 3}}, "about.base.corpus must be a string, not 3"),
        ({"corpus": {"origin": {"leak_guard": {"bars": 4}}}}, "not the record of a leak guard"),
        ({"corpus": {"origin": {"leak_guard": {"left_out": [2**63]}}}}, "not the record of a leak"),
        ({"pieces": {"tempo": 0}}, "about.pieces.tempo must be a number above 0, not 0"),
        ({"pieces": {"tempo": 10**400}}, "about.pieces.tempo must be a number above 0"),
        ({"pieces": {"instruments": None}}, "one of merged, programs, not null"),
        ({"tune_metrics": [1]}, "about.tune_metrics must be an object of lists of whole numbers"),
        ({"tune_metrics": {"bars": [-1]}}, "about.tune_metrics must be an object of lists"),
        ({"tune_metrics": {"bars": [0] * 10_000}}, "about.tune_metrics must be an object"),
        ({"epoch": "3"}, "about.epoch must be a whole number of at least 0, not '3'"),
    ],
)
def test_wrong_records_are_named(about, message):
    with pytest.raises(ValueError, match=message):
        validate_about(about)


def archive_of(path):
    """Contents of about.json of a model file, and a function that writes it with others."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    contents = json.loads(members.pop("about.json"))

    def write(changed):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("about.json", json.dumps(changed))
            for name, data in members.items():
                archive.writestr(name, data)

    return contents, write


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["characters", "notes"])
def test_every_value_of_a_model_file_is_validated(tmp_path, kind):
    path = tmp_path / "m.abcrnn"
    if kind == "characters":
        model, load = CharLSTM(CORPUS.vocabulary, embedding_dim=3, units=4, seed=1), load_model
    else:
        grid = TimeGrid(np.array([0.0, 0.25]), np.array([0.25]))
        model, load = NoteModel("classes", grid, {"units": 4, "seed": 1}), load_note_model
    model.save(path)
    contents, write = archive_of(path)
    opened = 0
    # Building a network takes a tenth of a second: a third of them.
    for what, changed in list(mutations(contents))[::3]:
        write(changed)
        try:
            load(path)
            opened += 1
        except ValueError as error:
            assert str(error).startswith(str(path)), what
            assert len(str(error)) < 450 and "\n" not in str(error), f"{what}: {error}"
    assert opened > 0
