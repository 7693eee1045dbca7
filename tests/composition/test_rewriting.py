"""Rewritten bars: they fit into the tune, differ from it, and are ranked."""

import pytest

from abcrnn import CharLSTM, Vocabulary, load_model
from abcrnn.composition.rewriting import rewrite
from abcrnn.evaluation.scoring import Scorer
from abcrnn.notation import check_tune

HEADER = "X:1\nM:6/8\nK:G\n"
TUNE = f"{HEADER}d|GBd gfe|dBG AGE|GBd gfe|dBA G2||"


@pytest.fixture(scope="module")
def model(trained):
    return load_model(trained)


def test_variants_differ_in_the_passage_only(model):
    variants = rewrite(model, TUNE, 2, 3, 4, seed=0)
    assert 1 < len(variants) <= 4
    before, after = f"{HEADER}d|GBd gfe|", "|dBA G2||"
    assert len({variant.bars for variant in variants}) == len(variants)
    for variant in variants:
        assert variant.tune == before + variant.bars + after
        assert variant.bars != "dBG AGE|GBd gfe" and variant.bars.count("|") == 1
        assert check_tune(variant.tune) == []


def test_variants_are_ranked_by_the_bits_of_the_rest(model):
    variants = rewrite(model, TUNE, 2, 2, 3, seed=0)
    bits = [variant.bits for variant in variants]
    assert len(bits) > 1 and bits == sorted(bits)
    for variant, cost in zip(
        variants, Scorer(model).costs([variant.tune for variant in variants]), strict=True
    ):
        end = len(f"{HEADER}d|GBd gfe|") + len(variant.bars)
        assert variant.bits == pytest.approx(cost[end:].sum(), rel=1e-5)


@pytest.mark.parametrize(
    ("tune", "first", "last", "message"),
    [
        (TUNE, 5, 5, "the tune has bars 0 to 4; cannot rewrite bars 5 to 5"),
        (TUNE, 3, 2, "cannot rewrite bars 3 to 2"),
        (TUNE.replace("d|", "", 1), 0, 1, "the tune has bars 1 to 4"),
        (HEADER, 1, 1, "must have one voice with notes, not 0"),
        (f"{HEADER}V:1\nG6|\nV:2\nD6|", 1, 1, "must have one voice with notes, not 2"),
    ],
)
def test_passages_that_a_tune_does_not_have(tune, first, last, message):
    model = CharLSTM(Vocabulary.from_text(TUNE), 4, units=4, num_layers=1, dropout=0)
    with pytest.raises(ValueError, match=message):
        rewrite(model, tune, first, last)


def test_header_fields_that_the_model_was_trained_without_are_kept_but_not_read(model, monkeypatch):
    monkeypatch.setattr(model, "about", {"corpus": {"origin": {"without": "SZ"}}})
    tune = TUNE.replace("M:6/8", "S:O\u2019Neill\nM:6/8\nZ:\u65e5\u672c")
    variants, plain = (rewrite(model, text, 2, 2, 3, seed=0) for text in (tune, TUNE))
    assert len(variants) > 1
    assert [variant.bars for variant in variants] == [variant.bars for variant in plain]
    assert [variant.bits for variant in variants] == [variant.bits for variant in plain]
    for variant, other in zip(variants, plain, strict=True):
        header = "X:1\nS:O\u2019Neill\nM:6/8\nZ:\u65e5\u672c\nK:G\n"
        assert variant.tune == header + other.tune.removeprefix(HEADER)
