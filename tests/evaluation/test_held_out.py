"""The scores of a model, header and body apart, and its card."""

import json
import math
import re
import statistics

import numpy as np
import pytest

import abcrnn
from abcrnn import CharLSTM, Sampler, Vocabulary, check_tune, load_corpus, load_model
from abcrnn.cli import main
from abcrnn.composition.requests import Orders
from abcrnn.data.corpus import Corpus
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.evaluation.distributions import distance, distributions
from abcrnn.evaluation.held_out import training_part, unseen_part
from abcrnn.reports.model_card import examine
from abcrnn.reports.request_rates import Obeyed

TUNES = 6


@pytest.fixture(scope="module")
def model_file(trained, homemade, tmp_path_factory):
    """One that says it was trained on a part of the little tunebook."""
    model = load_model(trained)
    model.about = {"corpus": load_corpus(homemade).split(0.1, 0.25)[0].describe()}
    path = tmp_path_factory.mktemp("part") / "part.abcrnn"
    model.save(path)
    return path


@pytest.fixture(scope="module")
def model(model_file):
    return load_model(model_file)


@pytest.fixture(scope="module")
def card(model, homemade):
    return examine(model, load_corpus(homemade), TUNES)


def by_hand(model, tune, first, end):
    """What the characters first to end of a tune cost, by the definition, in bits."""
    ids = model.vocabulary.encode("\n\n" + tune + "\n\n")
    logits = model(ids[None, :-1])[0].numpy().astype(np.float64)[1:]
    likelihood = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    costs = -likelihood[np.arange(len(tune) + 2), ids[2:]] / math.log(2)
    return costs[first:end].sum()


# Scores --------------------------------------------------------------------------------------


def test_header_and_body_apart():
    headers = ["X:1\nT:K:\nM:2/4\nK:D\n", "X:2\nM:none\nK:G\n", "X:3\nK:C"]
    bodies = ["AB\nK:A\nc2|", "g|", ""]  # a change of key is in the body
    tunes = [header + body for header, body in zip(headers, bodies, strict=True)]
    model = CharLSTM(Vocabulary.from_text("\n".join(tunes)), 8, units=16, num_layers=1, seed=3)
    found = abcrnn.evaluate(model, Corpus("three", tuple(tunes)))
    header_bits = sum(by_hand(model, t, 0, len(h)) for t, h in zip(tunes, headers, strict=True))
    body_bits = sum(by_hand(model, t, len(h), None) for t, h in zip(tunes, headers, strict=True))
    in_headers = sum(map(len, headers))
    in_bodies = sum(len(body) + 2 for body in bodies)
    assert found["header_bits_per_char"] == pytest.approx(header_bits / in_headers, rel=1e-5)
    assert found["body_bits_per_char"] == pytest.approx(body_bits / in_bodies, rel=1e-5)
    whole = (header_bits + body_bits) / (in_headers + in_bodies)
    assert found["bits_per_char"] == pytest.approx(whole, rel=1e-5)
    assert found["characters"] == in_headers + in_bodies


def test_what_a_model_was_trained_on(model, few_tunes):
    kept, model_about = dict(model.about), model.about
    train, _, test = few_tunes.split(0.1, 0.2, seed=4)
    try:
        model.about = {"corpus": train.describe()}
        assert training_part(model, few_tunes) == train
        model.about = {"corpus": train.without_fields("BZ").describe()}
        assert training_part(model, few_tunes) == train.without_fields("BZ")
        assert unseen_part(model, few_tunes) == test.without_fields("BZ")
        assert training_part(model, Corpus("other", few_tunes.tunes[:5])) is None
        model.about = {}
        assert training_part(model, few_tunes) is None
    finally:
        model.about = model_about
    assert model.about == kept


# The card ------------------------------------------------------------------------------------


def test_soundness_is_that_of_what_is_drawn(model, card):
    texts = Sampler(model, temperature=0.8, seed=0).sample("X:", length=1000, n=TUNES)
    whole = [text.split("\n\n")[0] for text in texts if "\n\n" in text]
    drawn = card.drawn
    assert (drawn.unconstrained.begun, drawn.unconstrained.complete) == (TUNES, len(whole))
    assert drawn.unconstrained.sound == sum(not check_tune(tune) for tune in whole)
    assert drawn.constrained.complete == drawn.constrained.sound == TUNES
    # All tunes of the little book are sound.
    assert drawn.unseen.complete == drawn.unseen.sound == 2


@pytest.mark.slow
def test_both_sides_stand_beside_the_tunes_trained_on(model, card, homemade):
    train, _, unseen = load_corpus(homemade).split(0.1, 0.25)
    sampler = Sampler(model, temperature=0.8, seed=0, constraint="bars")
    drawn, index = sampler.tunes(TUNES, max_length=1000), NoveltyIndex(train.tunes)
    for tunes, likeness in (
        (drawn, card.drawn.likeness),
        (unseen.tunes, card.drawn.unseen_likeness),
    ):
        found = [index.compare(tune) for tune in tunes]
        bars, sharing = [novelty.bars for novelty in found], likeness.sharing
        assert sharing.tunes == len(tunes)
        assert sharing.bars_median == pytest.approx(statistics.median(bars))
        ninth = statistics.quantiles(bars, n=10, method="inclusive")[-1]
        assert sharing.bars_90th == pytest.approx(ninth)
        assert sharing.above_four_bars == sum(b > 4 for b in bars) / len(bars)
        known = [novelty.known_share for novelty in found]
        assert sharing.known_grams == pytest.approx(statistics.fmean(known))
        # As many of each: there are but two unseen tunes.
        some, corpus = distributions(tunes[:2]), distributions(train.tunes)
        assert likeness.distances == {kind: distance(some[kind], corpus[kind]) for kind in corpus}
    assert (card.drawn.corpus, card.drawn.corpus_tunes) == ("homemade/train", len(train.tunes))
    assert card.drawn.compared == 2


def test_a_model_that_copies_is_found_out(model, homemade, monkeypatch):
    corpus = load_corpus(homemade)
    train = corpus.split(0.1, 0.25)[0]
    copies = list(train.tunes)
    monkeypatch.setattr(Sampler, "tunes", lambda _self, n, prompt="", max_length=0: copies[:n])
    drawn = examine(model, corpus, len(copies)).drawn
    assert drawn.likeness.sharing.above_four_bars == drawn.likeness.sharing.known_grams == 1
    assert drawn.likeness.sharing.bars_median >= 8
    assert drawn.unseen_likeness.sharing.known_grams < 0.5
    # Nor are orders taken for obeyed because they were given.
    found, orders = drawn.obedience, Orders(**drawn.obedience.orders)
    as_ordered = [not orders.disobeyed(tune) for tune in copies]
    assert found.drawn.all == sum(as_ordered) < len(copies)
    in_meter = ["\nM:" + found.orders["meter"] + "\n" in tune for tune in copies]
    assert found.drawn.each["meter"] == sum(in_meter) < len(copies)


def test_orders_are_obeyed(card, homemade):
    found, (_, _, unseen) = card.drawn.obedience, load_corpus(homemade).split(0.1, 0.25)
    assert set(found.orders) >= {"key", "meter", "bars", "form", "pitches"}
    assert found.drawn == Obeyed(TUNES, TUNES, dict.fromkeys(found.orders, TUNES))
    for name, order in found.orders.items():
        kept = [not Orders(**{name: order}).disobeyed(tune) for tune in unseen.tunes]
        assert found.unseen.each[name] == sum(kept)
    assert found.unseen.tunes == len(unseen.tunes)


def test_saved_and_read_again(card, tmp_path):
    page, picture = card.save(tmp_path)
    read = json.loads(page.read_text("utf-8"))
    assert read == card.to_dict()
    assert read["scores"] == card.scores and set(read["scores"]) >= {"header_bits_per_char"}
    assert read["drawn"]["likeness"]["distances"] == card.drawn.likeness.distances
    assert read["drawn"]["unconstrained"]["begun"] == TUNES
    assert read["drawn"]["obedience"]["drawn"]["all"] == TUNES
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["card.json", "card.png"]


@pytest.mark.slow
def test_a_corpus_it_was_not_trained_on_gives_no_yardstick(model, homemade):
    tunes = load_corpus(homemade).tunes[:1]
    card = examine(model, Corpus("mine", tunes), 2)
    assert card.drawn.unseen_likeness is None and not card.drawn.trained_on
    assert card.drawn.compared == 2
    assert "beside mine, 1 tunes (not those it was trained on)\n" in str(card)
    assert re.search(r"pitch +\d\.\d\d\n", str(card))


# The command ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_evaluate_from_end_to_end(card, model_file, homemade, tmp_path, run):
    words = ["evaluate", model_file, "--corpus", homemade, "--tunes", TUNES]
    code, out, errors = run(*words, "--out", tmp_path / "new" / "card")
    assert (code, errors) == (0, "")
    # The same model has the same card, to the byte.
    made = [tmp_path / "new" / "card" / name for name in ("card.json", "card.png")]
    assert out == f"{card}\n\nsaved: {made[0]} {made[1]}\n"
    for one, two in zip(card.save(tmp_path), made, strict=True):
        assert one.read_bytes() == two.read_bytes()
    lines = out.splitlines()
    assert lines[0].startswith("homemade/test: 2 tunes the model has not seen, ")
    assert lines[1].split() == ["all", "header", "body"]
    assert max(map(len, lines[:-1])) <= 80
    numbers = {line[:28].strip(): line[28:].split() for line in lines}
    assert float(numbers["bits per character"][2]) == pytest.approx(
        card.scores["body_bits_per_char"], abs=1e-4
    )
    assert numbers["sound, of these"][1:] == ["100%", "100%"]
    assert numbers["all orders obeyed"][0] == "100%" and len(numbers["all orders obeyed"]) == 2
    assert f"meter {card.drawn.obedience.orders['meter']}" in numbers
    assert numbers["tune length"] == [
        f"{likeness.distances['tune length']:.2f}"
        for likeness in (card.drawn.likeness, card.drawn.unseen_likeness)
    ]


def test_the_scores_alone(card, model_file, homemade, tmp_path, run):
    words = ["evaluate", model_file, "--corpus", homemade, "--tunes", 0]
    code, out, _ = run(*words, "--out", tmp_path)
    assert code == 0
    assert out.split("\n\n")[0] == str(card).split("\n\n")[0]
    assert [path.name for path in tmp_path.iterdir()] == ["card.json"]
    assert json.loads((tmp_path / "card.json").read_text())["drawn"] is None


def test_a_corpus_with_unknown_characters(model_file, tmp_path, run):
    (tmp_path / "foreign.abc").write_text("X:1\nT:Ünïque\nM:2/4\nK:C\nc2|\n")
    code, out, errors = run("evaluate", model_file, "--corpus", tmp_path / "foreign.abc")
    assert (code, out) == (1, "")
    assert "tune 1 of 1" in errors and "'Ü'" in errors and errors.count("\n") == 1


def test_fewer_tunes_than_none(model, homemade, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", "m", "--corpus", "c", "--tunes", "-1"])
    assert stopped.value.code == 2
    assert "must be a whole number from 0, not -1" in capsys.readouterr().err
    with pytest.raises(ValueError, match="tunes must be"):
        examine(model, load_corpus(homemade), -1)
