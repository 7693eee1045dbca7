"""Continuing a tune in the studio from one of its bars."""

import pytest

from abcrnn import CharLSTM, Vocabulary
from abcrnn.composition.requests import Requests
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.pages.studio.steps import beginning_before, continue_from

KNOWN = "X:1\nM:2/4\nL:1/4\nK:C\nCE|GA|BG|EA|DF|AD|GC|C2|]"


@pytest.mark.slow
def test_the_given_bars_may_be_copied():
    model = CharLSTM(
        Vocabulary.from_text(KNOWN), embedding_dim=8, units=16, num_layers=1, dropout=0, seed=0
    )
    model.novelty = NoveltyIndex([KNOWN])
    beginning = beginning_before(KNOWN, 7)
    assert model.novelty.compare(beginning).bars > 4
    requests, seed = Requests(bars=8), 1
    (found,) = continue_from(model, KNOWN, 7, requests, 1, 1.0, seed, lambda report: None)
    assert found.abc.startswith(beginning)
    assert model.novelty.compare(found.abc).bars == model.novelty.compare(beginning).bars
