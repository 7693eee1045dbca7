"""How unexpected each character and each bar of a tune is for a model."""

import math
import re
from html import unescape
from itertools import pairwise

import numpy as np
import pytest
import tensorflow as tf

import abcrnn
from abcrnn import ABCError, CharLSTM, Vocabulary, load_corpus, load_model
from abcrnn.data.corpus import Corpus
from abcrnn.evaluation.scoring import UNKNOWN_BITS
from abcrnn.evaluation.surprise import surprise, surprise_of, underline
from abcrnn.models.compilation import count_traces
from abcrnn.notation import read_tune


@pytest.fixture(scope="module")
def model(few_tunes):
    return CharLSTM(
        Vocabulary.from_text(few_tunes.text), embedding_dim=8, units=16, num_layers=2, seed=7
    )


def bars_of(body, header="X:1\nK:C\n"):
    tune = header + body
    return surprise_of(tune, np.zeros(len(tune) + 2)).bars


def index_of(tune, what):
    """Index in a tune of something with a line and a column."""
    return sum(len(line) + 1 for line in tune.split("\n")[: what.line - 1]) + what.column - 1


def changed(tune, wrong):
    """A tune with one wrong bar."""
    assert "|e2d B2A|" in tune
    return tune.replace("|e2d B2A|", wrong, 1)


def test_text_that_is_not_one_tune_is_refused(model):
    with pytest.raises(ABCError, match="line 5, column 1: another tune begins here"):
        surprise(model, "X:1\nK:C\nCDEF|\n\nX:2\nK:C\nCDEF|")
    with pytest.raises(ABCError, match="line 1, column 1: the text is empty"):
        surprise(model, "\n")


@pytest.mark.slow
def test_costs_are_those_of_single_steps(model, few_tunes):
    """Compare with the definition, computed in NumPy one character at a time."""
    tune = few_tunes.tunes[3]
    found = surprise(model, tune)
    ids = model.vocabulary.encode("\n\n" + tune + "\n\n")
    state, expected = model.initial_state(1), []
    for char, following in pairwise(ids):
        logits, state = model.step(tf.constant([char]), state)
        scores = logits.numpy()[0].astype(np.float64)
        cost = np.log(np.exp(scores).sum()) - scores[following]
        expected.append(cost / math.log(2))
    del expected[0]  # the second line end before the tune is given
    assert found.bits.dtype == np.float64
    np.testing.assert_allclose(found.bits, expected[:-2], rtol=1e-4)
    assert found.end_bits == pytest.approx(sum(expected[-2:]), rel=1e-4)
    evaluated = abcrnn.evaluate(model, Corpus("one", (tune,)))
    assert found.bits_per_char == evaluated["bits_per_char"]


@pytest.mark.slow
def test_the_cost_of_a_bar_is_the_sum_of_its_characters(model, few_tunes):
    for tune in few_tunes.tunes:
        found = surprise(model, tune)
        for bar in found.bars:
            begin = index_of(tune, bar)
            assert tune.startswith(bar.text, begin)
            expected = sum(found.bits[begin : begin + len(bar.text)].tolist())
            assert bar.bits == pytest.approx(expected)
            assert bar.bits_per_char == pytest.approx(expected / len(bar.text))
        assert sum(bar.excess for bar in found.bars) == pytest.approx(0, abs=1e-9)
    assert count_traces(model) == 1


def test_a_uniform_model_finds_no_bar_unexpected(model, few_tunes):
    uniform = CharLSTM(model.vocabulary, embedding_dim=8, units=16, num_layers=1)
    uniform.head.kernel.assign(tf.zeros_like(uniform.head.kernel))
    found = surprise(uniform, few_tunes.tunes[0])
    np.testing.assert_allclose(found.bits, math.log2(len(model.vocabulary)), rtol=1e-6)
    np.testing.assert_allclose([bar.excess for bar in found.bars], 0, atol=1e-4)


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ("AB|cd|", ["AB|", "cd|"]),
        ("AB | cd |]", ["AB |", "cd |]"]),
        ("|:AB|cd:|\n|:ef|ga:|", ["|:AB|", "cd:|", "|:ef|", "ga:|"]),
        ("|:AB|1 cd:|2 ef||", ["|:AB|", "1 cd:|", "2 ef||"]),
        ("AB|[1 cd:|[2 ef|]", ["AB|", "[1 cd:|", "[2 ef|]"]),
        ('"Am"{g}AB|[ce]2z2|Z|', ['"Am"{g}AB|', "[ce]2z2|", "Z|"]),
        ("AB\nw:la la\nM:3/4\ncd|ef", ["AB\nw:la la\nM:3/4\ncd|", "ef"]),
        ("AB|c\nV:2\nef|g|", ["AB|", "c", "ef|", "g|"]),
        ("[V:1]AB|c[V:2]ef|", ["[V:1]AB|", "c", "[V:2]ef|"]),
        ("AB|% a comment | with bars\ncd|", ["AB|", "cd|"]),
        ("AB|!fine!|\n", ["AB|"]),
        ("", []),
    ],
)
def test_spans_of_bars(body, texts):
    assert [bar.text for bar in bars_of(body)] == texts


def test_bars_have_a_line_and_a_column():
    bars = bars_of("|:AB| cd:|\n% no bar\nef|", "X:1\nT:a|b\nK:C\n")
    assert [(bar.line, bar.column, bar.text) for bar in bars] == [
        (4, 1, "|:AB|"),
        (4, 7, "cd:|"),
        (6, 1, "ef|"),
    ]


def test_the_reader_finds_the_same_bars(oneills):
    """Each bar of the reader lies in one span; bars separated by a bar line in different ones."""
    for tune in oneills.tunes[::10]:
        spans = [
            (index_of(tune, bar), index_of(tune, bar) + len(bar.text)) for bar in bars_of(tune, "")
        ]
        assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))
        seen, before = [], set()
        for bar in read_tune(tune).bars():
            events = {index_of(tune, event) for event in bar.events}
            inside = [begin for begin, end in spans if any(begin <= e < end for e in events)]
            assert len(inside) == 1
            if bar.closes and not events & before:  # the reader counts Z2 as two bars
                seen += inside
            before = events
        assert len(seen) == len(set(seen))
        assert len(spans) - len(seen) <= 1  # the last bar may have no bar line


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["|e2d B2c'|", "|e2d B2|", "|e2d B2AA|", "|e8d B2A|"])
def test_a_model_trained_on_a_tune_finds_a_wrong_note(trained, homemade, wrong):
    tune = changed(load_corpus(homemade).tunes[0], wrong)
    found = surprise(load_model(trained), tune)
    least_expected = max(found.bars, key=lambda bar: bar.excess)
    assert least_expected.text == wrong[1:]


def test_marks_are_below_the_bar_and_its_most_expensive_character():
    tune = "X:1\nK:C\nAB|\tcde|f"
    costs = np.zeros(len(tune) + 2)
    costs[tune.index("d")] = 3
    found = surprise_of(tune, costs)
    assert underline(tune, found, found.bars[1]) == ("AB| cde|f", "    ~^~~")


def test_trailing_line_ends_are_not_counted(model, few_tunes):
    tune = few_tunes.tunes[0]
    found, closed = surprise(model, tune), surprise(model, tune + "\n")
    np.testing.assert_array_equal(found.bits, closed.bits)
    assert len(found.bits) == len(tune)
    assert found.end_bits == closed.end_bits


def test_unknown_characters_cost_a_code_point(model):
    tune = "X:1\nT:Café\nK:C\nabc|"
    assert surprise(model, tune).bits[tune.index("é")] == UNKNOWN_BITS


# In a notebook -----------------------------------------------------------------------------------


def shown_bars(found):
    """The share of tint, the title and the text of each bar that a notebook shows."""
    page = found._repr_html_()
    pattern = r'<span style="background: rgba\(220, 110, 0, (.*?)\)" title="(.*?)">(.*?)</span>'
    return [(float(tint), title, unescape(text)) for tint, title, text in re.findall(pattern, page)]


def test_a_notebook_tints_the_bars_that_cost_more_than_the_average():
    tune = "X:1\nK:C\nCDEF|GABc|\nc4|"
    costs = np.zeros(len(tune) + 2)
    costs[tune.index("G") : tune.index("|\n")] = 10.0
    found = surprise_of(tune, costs)
    average = 40 / 13
    tinted = shown_bars(found)
    assert [text for _, _, text in tinted] == ["CDEF|", "GABc|", "c4|"]
    assert [tint for tint, _, _ in tinted] == [0, 0.7, 0]
    assert tinted[0][1] == f"0.0 bits, {5 * average:.1f} below the average"
    assert tinted[1][1] == f"40.0 bits, {40 - 5 * average:.1f} above the average"
    assert "GABc|</span>\n<span" in found._repr_html_()  # a line for each line of the tune


def test_small_differences_have_a_weak_tint():
    tune = "X:1\nK:C\nCDEF|GABc|"
    costs = np.ones(len(tune) + 2)
    costs[-7] = 3.0  # one bit above the average
    assert max(tint for tint, _, _ in shown_bars(surprise_of(tune, costs))) == 0.07


def test_text_in_a_notebook_is_text_and_bounded():
    tune = "X:1\nK:C\n" + '"<script>x</script>"C\ud800D|' + "C2|" * 1005
    page = surprise_of(tune, np.zeros(len(tune) + 2))._repr_html_()
    assert "<script" not in page and "&lt;script&gt;" in page
    assert page.encode("utf-8").count(b"<span") == 1000 and "… and 6 more bars" in page
