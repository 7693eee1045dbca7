"""Objects that a notebook shows are one short line each."""

import numpy as np

from abcrnn import NoveltyIndex
from abcrnn.composition.composition_report import Composition, Report
from abcrnn.data.notes import NOTE, Piece
from abcrnn.data.time_grid import TimeGrid
from abcrnn.evaluation.scoring import Scores
from abcrnn.evaluation.surprise import surprise_of


def test_objects_are_one_line(few_tunes):
    train, _, _ = few_tunes.split(seed=0)
    tune, counts = few_tunes.tunes[0], np.ones(40, np.int64)
    notes = np.zeros(500, NOTE)
    objects = [
        few_tunes,
        train,
        few_tunes.vocabulary,
        NoveltyIndex(few_tunes.tunes),
        Composition(list(few_tunes.tunes), Report(generated=50)),
        Scores(np.ones(40), counts, counts, np.ones(40), counts, counts),
        surprise_of(tune, np.ones(len(tune) + 2)),
        Piece("a.mid", 0, 120.0, notes),
        TimeGrid(np.arange(200.0), np.arange(200.0)),
    ]
    for found in map(repr, objects):
        assert "\n" not in found and len(found) < 200, found
    assert repr(train) == f"Corpus('few/train', tunes={len(train.tunes)})"
