"""Scores of a model, and which tunes and pieces of a data set are held out."""

import math

import numpy as np
import pytest

import abcrnn
from abcrnn import CharLSTM, Vocabulary, load_corpus, load_model
from abcrnn.data.corpus import Corpus
from abcrnn.data.midi_folder import Collection, piece_digests, split_pieces
from abcrnn.data.notes import Piece, notes_of_steps
from abcrnn.data.splits import describe_split
from abcrnn.evaluation.held_out import (
    held_out_for_all,
    held_out_part,
    held_out_pieces,
    knows_training_tunes,
    training_part,
    validation_part,
)
from abcrnn.notation import tune_body
from abcrnn.training.character_task import CharacterTask
from abcrnn.training.settings import TrainingSettings


@pytest.fixture(scope="module")
def model(trained):
    return load_model(trained)


def bits_of(model, tune, first, end):
    """Cost in bits of the characters of a tune from ``first`` to ``end``, by the definition."""
    ids = model.vocabulary.encode("\n\n" + tune + "\n\n")
    logits = model(ids[None, :-1])[0].numpy().astype(np.float64)[1:]
    likelihood = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    costs = -likelihood[np.arange(len(tune) + 2), ids[2:]] / math.log(2)
    return costs[first:end].sum()


# Scores --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_header_and_body_are_scored_separately():
    headers = ["X:1\nT:K:\nM:2/4\nK:D\n", "X:2\nM:none\nK:G\n", "X:3\nK:C"]
    bodies = ["AB\nK:A\nc2|", "g|", ""]  # a change of key is in the body
    tunes = [header + body for header, body in zip(headers, bodies, strict=True)]
    model = CharLSTM(Vocabulary.from_text("\n".join(tunes)), 8, units=16, num_layers=1, seed=3)
    found = abcrnn.evaluate(model, Corpus("three", tuple(tunes)))
    header_bits = sum(bits_of(model, t, 0, len(h)) for t, h in zip(tunes, headers, strict=True))
    body_bits = sum(bits_of(model, t, len(h), None) for t, h in zip(tunes, headers, strict=True))
    in_headers = sum(map(len, headers))
    in_bodies = sum(len(body) + 2 for body in bodies)
    assert found["header_bits_per_char"] == pytest.approx(header_bits / in_headers, rel=1e-5)
    assert found["body_bits_per_char"] == pytest.approx(body_bits / in_bodies, rel=1e-5)
    whole = (header_bits + body_bits) / (in_headers + in_bodies)
    assert found["bits_per_char"] == pytest.approx(whole, rel=1e-5)
    assert found["characters"] == in_headers + in_bodies


def test_evaluate_needs_a_corpus(model, homemade):
    with pytest.raises(TypeError, match="corpus must be a Corpus, such as load_corpus"):
        abcrnn.evaluate(model, "jigs")
    with pytest.raises(TypeError, match="the model comes first"):
        abcrnn.evaluate(load_corpus(homemade), model)


# Which tunes are held out --------------------------------------------------------------------


class Trained:
    """The record of a model about its training."""

    def __init__(self, train=None, validation=None, digests=True):
        self.about = {"corpus": train.describe()} if train else {}
        self.trained_digests = None
        if digests and train:
            parts = [part.body_digests() for part in (train, validation) if part]
            self.trained_digests = np.concatenate(parts)


@pytest.mark.parametrize("digests", [True, False])
@pytest.mark.parametrize("rule", ["hash", "shuffle"])
def test_test_part_is_held_out(few_tunes, digests, rule):
    train, validation, test = few_tunes.split(0.1, 0.2, 4, rule)
    assert held_out_part(Trained(train, validation, digests), few_tunes) == test
    bare = [part.without_fields("BZ") for part in (train, validation)]
    assert held_out_part(Trained(*bare, digests), few_tunes) == test.without_fields("BZ")
    other = Corpus("other", test.tunes[:2])
    assert held_out_part(Trained(train, validation, digests), other) == other


def test_nothing_is_held_out(few_tunes):
    train, validation, _ = few_tunes.split(0.1, 0, seed=4)
    with pytest.raises(ValueError, match="the split of few for the model has no test part"):
        held_out_part(Trained(train, validation), few_tunes)
    with pytest.raises(ValueError, match="trained on all tunes of few: none is held out"):
        held_out_part(Trained(few_tunes), few_tunes)
    part = Corpus("part", train.tunes[3:20] + validation.tunes)
    with pytest.raises(ValueError, match="all tunes of part were used to train or validate"):
        held_out_part(Trained(train, validation), part)


def test_tunes_used_in_training_are_left_out_of_other_corpora(few_tunes, oneills):
    train, validation, test = few_tunes.split(0.1, 0.2, seed=4)
    model = Trained(train, validation)
    new = oneills.tunes[100:103]
    grown = held_out_part(model, Corpus("grown", few_tunes.tunes + new))
    assert grown == Corpus("grown/held-out", test.tunes + new)
    part = held_out_part(model, Corpus("part", few_tunes.tunes[10:30]))
    assert part.tunes == tuple(tune for tune in test.tunes if tune in few_tunes.tunes[10:30])
    mixed = held_out_part(model, Corpus("mixed", new[:1] + train.tunes[:5] + new[1:]))
    assert mixed.tunes == new
    assert held_out_part(model, Corpus("new", new)).tunes == new
    # Another header does not make a tune held-out.
    copy = "X:900\nT:Mine\nM:C\nK:E\n" + tune_body(train.tunes[7]).replace("|", " | ")
    assert held_out_part(model, Corpus("copies", (copy, *new))).tunes == new


def test_file_of_training_tunes_is_not_called_held_out(oneills):
    tunes = oneills.tunes[:200]
    model = Trained(Corpus("mine", tunes[:150]))
    assert held_out_part(model, Corpus("all", tunes)).tunes == tunes[150:]
    with pytest.raises(ValueError, match="all tunes of copies were used"):
        held_out_part(model, Corpus("copies", tunes[:149]))
    old = Trained(Corpus("mine", tunes[:150]), digests=False)
    assert held_out_part(old, Corpus("all", tunes)).tunes == tunes


def test_training_part(few_tunes):
    train, validation, _ = few_tunes.split(0.1, 0.2, seed=4)
    assert training_part(Trained(train, validation), few_tunes) == train
    bare = train.without_fields("BZ")
    assert training_part(Trained(bare), few_tunes) == bare
    assert training_part(Trained(train), Corpus("other", few_tunes.tunes[:5])) is None
    assert training_part(Trained(), few_tunes) is None


def test_validation_part(few_tunes):
    train, validation, test = few_tunes.split(validation=0.3, test=0.2, seed=4)
    model = Trained(train, validation)
    assert validation_part(model, few_tunes) == validation
    assert not set(validation.tunes) & {*train.tunes, *test.tunes}
    bare = [part.without_fields("BZ") for part in (train, validation)]
    assert validation_part(Trained(*bare), few_tunes) == bare[1]
    assert validation_part(Trained(), few_tunes) is None
    grown = Corpus("grown", (*few_tunes.tunes, "X:1\nK:D\nA|"))
    assert validation_part(model, grown) is None
    train, *_ = few_tunes.split(validation=0, test=0.2)
    assert validation_part(Trained(train), few_tunes) is None


def test_what_any_of_several_models_was_trained_on_is_left_out(few_tunes):
    parts = [few_tunes.split(validation=0.2, test=0.5, seed=seed) for seed in (1, 2)]
    models = [Trained(train, validation) for train, validation, _ in parts]
    found = held_out_for_all(models, few_tunes)
    first, second = (set(test.tunes) for _, _, test in parts)
    assert set(found.tunes) == first & second != first
    assert found.name == "few/held-out"
    assert held_out_for_all([models[0], models[0]], few_tunes) == parts[0][2]
    assert held_out_for_all(models[:1], few_tunes) == parts[0][2]
    parts = [few_tunes.split(validation=0, test=0.2, seed=seed) for seed in range(12)]
    with pytest.raises(ValueError, match="no tune of few is held out for all models"):
        held_out_for_all([Trained(train) for train, *_ in parts], few_tunes)


def test_models_trained_without_different_fields_are_not_compared(few_tunes):
    train, *_ = few_tunes.split()
    models = [Trained(train), Trained(train.without_fields("BZ"))]
    with pytest.raises(ValueError, match="different header fields left out: evaluate each alone"):
        held_out_for_all(models, few_tunes)


@pytest.mark.parametrize("corpus", [7, {"origin": 7}, {"origin": {"fingerprint": None}}])
def test_invalid_records_of_a_model_file(few_tunes, corpus):
    model = Trained()
    model.about = {"corpus": corpus}
    assert held_out_part(model, few_tunes) == few_tunes
    origin = {"fingerprint": few_tunes.fingerprint, "split": {"seed": [], "x": 1}}
    model.about = {"corpus": {"origin": origin}}
    with pytest.raises(ValueError, match="not the record of a split"):
        held_out_part(model, few_tunes)
    split = {"validation": 0.1, "test": 0.1, "seed": 0}
    for letters in (None, 5, True, ["Z"]):
        origin = {"fingerprint": few_tunes.fingerprint, "split": split, "without": letters}
        model.about = {"corpus": {"origin": origin}}
        with pytest.raises(ValueError, match="letters must be a string"):
            held_out_part(model, few_tunes)


# Which pieces are held out -------------------------------------------------------------------


def pieces_of(*pitches):
    times = np.full((2, 2), 0.5)
    return [Piece(f"{p}.mid", 0, 120.0, notes_of_steps(np.array([p, 60]), *times)) for p in pitches]


class TrainedOnNotes:
    """The record of a model of notes about its training."""

    def __init__(self, collection, rule="hash", digests=True):
        split = (0.2, 0.2, 5, rule)
        train, validation, self.test = split_pieces(collection.pieces, *split)
        origin = {"fingerprint": collection.fingerprint, "split": describe_split(*split)}
        self.about = {"pieces": origin}
        self.trained_digests = piece_digests(train + validation) if digests else None


def names_of(pieces):
    return [piece.name for piece in pieces]


@pytest.mark.parametrize("digests", [True, False])
@pytest.mark.parametrize("rule", ["hash", "shuffle"])
def test_test_pieces_are_held_out(rule, digests):
    collection = Collection("mine", tuple(pieces_of(*range(30, 60))), ())
    model = TrainedOnNotes(collection, rule, digests)
    assert names_of(held_out_pieces(model, collection)) == names_of(model.test)


def test_pieces_used_in_training_are_left_out_of_other_collections():
    collection = Collection("mine", tuple(pieces_of(*range(30, 60))), ())
    model = TrainedOnNotes(collection)
    new = pieces_of(*range(70, 75))
    grown = Collection("grown", (*collection.pieces, *new), ())
    assert names_of(held_out_pieces(model, grown)) == names_of([*model.test, *new])
    part = Collection("part", collection.pieces[:20], ())
    expected = [name for name in names_of(model.test) if name in names_of(part.pieces)]
    assert names_of(held_out_pieces(model, part)) == expected
    renamed = [piece._replace(name=f"copy {piece.name}") for piece in collection.pieces]
    copies = [piece for piece in renamed if piece.name[5:] not in names_of(model.test)]
    assert names_of(held_out_pieces(model, Collection("c", (*copies, *new), ()))) == names_of(new)
    with pytest.raises(ValueError, match="all pieces of copies were used to train or validate"):
        held_out_pieces(model, Collection("copies", tuple(copies), ()))
    old = TrainedOnNotes(collection, "shuffle", digests=False)
    assert len(held_out_pieces(old, grown)) == 35


def test_fields_are_left_out_of_any_corpus(few_tunes, oneills):
    """Also of a tunebook that has grown, whose tunes are found by their bodies."""
    signed = Corpus("signed", tuple(t.replace("\nM:", "\nZ:A B\nM:", 1) for t in few_tunes.tunes))
    train, validation, test = (part.without_fields("Z") for part in signed.split(seed=0))
    model = CharLSTM(signed.vocabulary, 2, units=2, num_layers=1)
    task = CharacterTask(model, train, validation, TrainingSettings())
    model.about = {"corpus": task.describe_run()["corpus"]}
    grown = Corpus("grown", (*signed.tunes, oneills.tunes[100] + "\nZ:in the body"))
    part = held_out_part(model, grown)
    assert part.tunes[:-1] == test.tunes and "Z:A B" not in part.text
    assert held_out_part(model, signed).tunes == test.tunes
    half = Corpus("half", signed.tunes[:20])
    assert set(held_out_part(model, half).tunes) <= set(test.tunes)
    assert knows_training_tunes(model, grown)
    model.trained_digests = None
    assert knows_training_tunes(model, signed) and not knows_training_tunes(model, grown)
