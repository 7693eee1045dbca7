"""Rewritten bars: they fit into the tune, differ from it, and are ranked."""

import pytest

from abcrnn import CharLSTM, Vocabulary, load_model
from abcrnn.composition import rewriting
from abcrnn.composition.composer import compose
from abcrnn.composition.provenance import without_provenance
from abcrnn.composition.reproduction import reproduce, reproduce_all
from abcrnn.composition.rewriting import count_chord_symbols, rewrite
from abcrnn.composition.rewriting_record import parse_rewriting
from abcrnn.evaluation.scoring import Scorer
from abcrnn.notation import check_tune, renumber

HEADER = "X:1\nM:6/8\nK:G\n"
TUNE = f"{HEADER}d|GBd gfe|dBG AGE|GBd gfe|dBA G2||"


@pytest.fixture(scope="module")
def model(trained):
    return load_model(trained)


@pytest.mark.slow
def test_variants_differ_in_the_passage_only(model):
    variants = rewrite(model, TUNE, 2, 3, 4, seed=0)
    assert 1 < len(variants) <= 4
    before, after = f"{HEADER}d|GBd gfe|", "|dBA G2||"
    assert len({variant.bars for variant in variants}) == len(variants)
    for variant in variants:
        assert without_provenance(variant.tune) == before + variant.bars + after
        assert variant.bars != "dBG AGE|GBd gfe" and variant.bars.count("|") == 1
        assert check_tune(variant.tune) == []


def test_variants_are_ranked_by_the_bits_of_the_rest(model):
    variants = rewrite(model, TUNE, 2, 2, 3, seed=0)
    bits = [variant.bits for variant in variants]
    assert len(bits) > 1 and bits == sorted(bits)
    for variant, cost in zip(
        variants,
        Scorer(model).costs([without_provenance(variant.tune) for variant in variants]),
        strict=True,
    ):
        end = len(f"{HEADER}d|GBd gfe|") + len(variant.bars)
        assert variant.bits == pytest.approx(cost[end:].sum(), rel=1e-5)


@pytest.mark.parametrize(
    ("tune", "first", "last", "message"),
    [
        (TUNE, 5, 5, "the tune has bars 0 to 4; cannot rewrite bars 5 to 5"),
        (TUNE, 3, 2, "first must be at most last, not first=3, last=2"),
        (
            TUNE.replace("M:6/8\n", ""),
            1,
            1,
            "the tune has no meter: add a line such as M:4/4 before K:",
        ),
        (TUNE.replace("M:6/8\nK:G", "K:G\nM:6/8"), 1, 1, "the tune has no meter"),
        (
            TUNE.replace("6/8", "none"),
            1,
            1,
            "must have a meter such as M:4/4 before K:, not M:none",
        ),
        (TUNE.replace("d|", "", 1), 0, 1, "the tune has bars 1 to 4"),
        (HEADER, 1, 1, "must have one voice with notes, not 0"),
        (f"{HEADER}V:1\nG6|\nV:2\nD6|", 1, 1, "must have one voice with notes, not 2"),
        (f"{TUNE}\n\n{TUNE}", 1, 1, "line 6, column 1: another tune begins here"),
        ("", 1, 1, "line 1, column 1: the text is empty"),
    ],
)
def test_passages_that_a_tune_does_not_have(tune, first, last, message):
    model = CharLSTM(Vocabulary.from_text(TUNE), 4, units=4, num_layers=1, dropout=0)
    with pytest.raises(ValueError, match=message):
        rewrite(model, tune, first, last)


def test_text_with_characters_that_the_model_does_not_know_is_kept(model):
    title = "T:The Lost Byt\u00e9 \u05d0"
    tune, plain = (TUNE.replace("M:", f"{text}\nM:") for text in (title, "T:The Lost Byte a"))
    assert (model.vocabulary.lookup(title) < 0).sum() == 2
    variants = rewrite(model, tune, 2, 2, 3, seed=0)
    expected = rewrite(model, plain, 2, 2, 3, seed=0)
    assert len(variants) > 1
    assert [variant.bars for variant in variants] == [variant.bars for variant in expected]
    for variant in variants:
        assert without_provenance(variant.tune).startswith(f"X:1\n{title}\nM:6/8\nK:G\nd|GBd gfe|")
        assert reproduce(variant.tune, model) == variant.tune


def test_header_fields_that_the_model_was_trained_without_are_kept_but_not_read(model, monkeypatch):
    monkeypatch.setattr(model, "about", {"corpus": {"origin": {"without": "SZ"}}})
    tune = TUNE.replace("M:6/8", "S:O\u2019Neill\nM:6/8\nZ:\u65e5\u672c")
    variants, plain = (rewrite(model, text, 2, 2, 3, seed=0) for text in (tune, TUNE))
    assert len(variants) > 1
    assert [variant.bars for variant in variants] == [variant.bars for variant in plain]
    assert [variant.bits for variant in variants] == [variant.bits for variant in plain]
    for variant, other in zip(variants, plain, strict=True):
        header = "X:1\nS:O\u2019Neill\nM:6/8\nZ:\u65e5\u672c\nK:G\n"
        plain_tune = without_provenance(other.tune)
        assert without_provenance(variant.tune) == header + plain_tune.removeprefix(HEADER)


def test_chord_symbols_of_the_passage_are_counted():
    chords = TUNE.replace("|dBG AGE|", '|"Em"dBG "D7"A"^slow"GE|"G"').replace("d|", '"G"d|', 1)
    assert count_chord_symbols(chords, 2, 3) == {2: 2, 3: 1}
    assert count_chord_symbols(chords, 0, 4) == {0: 1, 2: 2, 3: 1}
    assert count_chord_symbols(chords, 4, 4) == count_chord_symbols(TUNE, 0, 4) == {}


COMPOSED = {"key": "D", "meter": "6/8", "bars": 2, "seed": 1, "max_length": 120}


# Reproduction --------------------------------------------------------------------------------


def test_rewritten_bars_are_reproduced_byte_for_byte(model):
    variants = [
        renumber(variant.tune, n) for n, variant in enumerate(rewrite(model, TUNE, 2, 3), 7)
    ]
    assert reproduce_all(variants, model) == variants
    record = parse_rewriting(variants[0])
    assert record.bars == (2, 3) and record.music == "dBG AGE|GBd gfe"
    again = rewrite(model, variants[1], 1, 1, 2, seed=5)  # a variant is rewritten in turn
    assert all("% rewritten" in one.tune and one.tune.count("% model") == 1 for one in again)
    assert [reproduce(one.tune, model) for one in again] == [one.tune for one in again]


@pytest.mark.parametrize("tune", [TUNE, TUNE.replace("K:G\nd|", "K:G\n")])
def test_first_bars_are_reproduced_too(model, tune):
    """A first bar that is not full is a pickup, and all bars would have other numbers."""
    first = 0 if tune == TUNE else 1
    variants = rewrite(model, tune, first, 2, 8, temperature=1.5, seed=4)
    assert len(variants) > 1
    for variant in variants:
        assert reproduce(variant.tune, model) == variant.tune


def test_rewritten_and_composed_tunes_in_one_book(model):
    [variant] = rewrite(model, TUNE, 2, 2, 1, seed=3)
    [composed] = compose(model, 1, **COMPOSED, max_copied_bars=None).tunes
    assert reproduce_all([composed, variant.tune, composed], model) == [
        composed,
        variant.tune,
        composed,
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("K:G", "K:D", "it was changed outside the rewritten bars"),
        ("|dBA G2||", "|dBA G3||", "it was changed outside the rewritten bars"),
        ('"music": "dBG', '"music": "dBd', "or its comment lines were changed"),
        ("seed 3,", "seed 4,", "cannot be reproduced: its comment lines were changed"),
        ('"bars": [2, 2]', '"bars": [9, 9]', "the tune has bars 0 to 4"),
        (
            '"bars": [2, 2]',
            '"bars": [2]',
            "line 8: the values of rewriting are not valid: bars must be",
        ),
        (
            '"temperature": 1.0',
            '"temperature": 0',
            "line 7: the values of settings are not valid: temp",
        ),
        (
            '"top_p": null',
            '"top_q": null',
            "line 7: the values of settings are not valid: 'top_q' is not",
        ),
        ('"number"', '"nummer"', "line 8: the values of rewriting"),
        ("seed 3,", "seed x,", "line 6: seed must be a whole number from 0, .*, not 'x'"),
    ],
)
def test_changed_variants_are_not_reproduced(model, old, new, message):
    [variant] = rewrite(model, TUNE, 2, 2, 1, seed=3)
    changed = variant.tune.replace(old, new)
    assert changed != variant.tune
    with pytest.raises(ValueError, match=message):
        reproduce(changed, model)


def test_a_variant_of_another_model_is_refused(model):
    [variant] = rewrite(model, TUNE, 2, 2, 1, seed=3)
    other = CharLSTM(model.vocabulary, 4, units=4, num_layers=1, dropout=0)
    with pytest.raises(ValueError, match="was composed with model"):
        reproduce(variant.tune, other)


def test_streams_end_when_they_have_the_bars(model, monkeypatch):
    """The rest of a tune is not sampled: far fewer characters than in whole tunes."""
    lengths, find = [], rewriting._spans_from
    monkeypatch.setattr(
        rewriting, "_spans_from", lambda text, begin: lengths.append(len(text)) or find(text, begin)
    )
    long = TUNE.replace("||", "|") + "GBd gfe|dBG AGE|\n" * 24 + "GBd gfe|dBA G3||"
    assert rewrite(model, long, 1, 1, 2, seed=0)
    assert max(lengths) < len(HEADER) + 2 * 128 < len(long)
