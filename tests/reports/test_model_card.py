"""The model card: its numbers, its text and its files."""

import base64
import json
import math
import re
import statistics
from dataclasses import replace
from html import unescape

import pytest

from abcrnn import Sampler, check_tune, load_corpus, load_model
from abcrnn.cli import main
from abcrnn.composition.request_checks import unmet_requests
from abcrnn.composition.requests import Requests
from abcrnn.data.corpus import Corpus
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.evaluation.distributions import distance, distributions
from abcrnn.reports.card_text import HeldOut, score_lines
from abcrnn.reports.constraint_cost import constraint_cost, sample_constrained
from abcrnn.reports.model_card import examine
from abcrnn.reports.request_rates import MatchCounts
from abcrnn.reports.wording import count_of
from abcrnn.sampling.faithful import Selected
from abcrnn.sampling.kept_tables import kept_tables

TUNES = 6
#: Of the eight tunes of homemade.abc: 5 for training, 1 for validation, 2 for the test.
SPLIT = (0.1, 0.25, 1)


@pytest.fixture(scope="module")
def model_file(trained, homemade, tmp_path_factory):
    """A model that records a part of the homemade tunebook as its training tunes."""
    model = load_model(trained)
    model.about = {"corpus": load_corpus(homemade).split(*SPLIT)[0].describe()}
    path = tmp_path_factory.mktemp("part") / "part.abcrnn"
    model.save(path)
    return path


@pytest.fixture(scope="module")
def model(model_file):
    return load_model(model_file)


@pytest.fixture(scope="module")
def card(model, homemade):
    return examine(model, load_corpus(homemade), TUNES)


def test_validity_is_that_of_the_generated_tunes(model, card):
    texts = Sampler(model, temperature=1.0, seed=0).sample("X:", length=1000, n=TUNES)
    whole = [text.split("\n\n")[0] for text in texts if "\n\n" in text]
    whole = [tune for tune in whole if "\nX:" not in tune]  # a second tune without a blank line
    validity = card.generated.validity
    free, constrained, held_out = (
        validity.unconstrained,
        validity.constrained,
        validity.held_out,
    )
    assert (free.started, free.complete) == (TUNES, len(whole))
    assert free.valid == sum(not check_tune(tune) for tune in whole)
    assert constrained.complete == constrained.valid == TUNES
    # All tunes of the homemade book are valid.
    assert held_out.complete == held_out.valid == 2


def test_fewer_candidates_than_faithful_chooses_from_have_no_cost(card):
    assert card.generated.cost is None


def test_cost_is_measured_on_the_tunes_of_a_sampler(model):
    sampled = sample_constrained(model, kept_tables(model), "X:", 10, 1.0, 0, 300)
    same = Sampler(model, seed=0, constraint="bars").tunes(10, max_length=300)
    assert [each.tune for each in sampled] == same
    cost = constraint_cost(sampled)
    lost = [-each.log_weight / math.log(2) / len(each.tune) for each in sampled]
    assert cost.bits == pytest.approx(statistics.mean(lost))
    assert 0 < min(lost) <= cost.bits_chosen < cost.bits
    assert 1 <= cost.effective_size < cost.candidates == 8


def test_candidates_are_chosen_in_proportion_to_their_weights():
    def cost(log_weights):
        tunes = [Selected(n, n, "x" * 100, weight, 1.0) for n, weight in enumerate(log_weights)]
        return constraint_cost(tunes)

    equal = cost([-50.0] * 9)
    assert equal.effective_size == pytest.approx(8)
    assert equal.bits == pytest.approx(equal.bits_chosen) == pytest.approx(0.5 / math.log(2))
    # With all eight in each group, a weight of 7 against seven of 1 is chosen half of the time.
    one_of_eight = cost([math.log(7), *[0.0] * 7])
    assert one_of_eight.effective_size == pytest.approx(14**2 / (49 + 7))
    assert -one_of_eight.bits_chosen * 100 == pytest.approx(math.log2(7) / 2, rel=0.15)


@pytest.mark.slow
def test_both_columns_compare_with_the_training_tunes(model, card, homemade):
    train, _, held_out = load_corpus(homemade).split(*SPLIT)
    sampler = Sampler(model, temperature=1.0, seed=0, constraint="bars")
    generated, index = sampler.tunes(TUNES, max_length=1000), NoveltyIndex(train.tunes)
    reference = card.generated.reference
    for tunes, comparison in (
        (generated, reference.generated),
        (held_out.tunes, reference.held_out),
    ):
        found = [index.compare(tune) for tune in tunes]
        overlap = comparison.overlap
        assert overlap.tunes == len(tunes)
        for kind in ("bars", "notes"):
            lengths = [getattr(novelty, kind) for novelty in found]
            median, high = getattr(overlap.median, kind), getattr(overlap.percentile_90, kind)
            assert median == pytest.approx(statistics.median(lengths))
            ninth = statistics.quantiles(lengths, n=10, method="inclusive")[-1]
            assert high == pytest.approx(ninth)
        bars = [novelty.bars for novelty in found]
        assert overlap.above_four_bars == sum(b > 4 for b in bars) / len(bars)
        known = [novelty.known_share for novelty in found]
        assert overlap.known_grams == pytest.approx(statistics.fmean(known))
        # As many of each: there are only two held-out tunes.
        some, corpus = distributions(tunes[:2]), distributions(train.tunes)
        assert comparison.distances == {kind: distance(some[kind], corpus[kind]) for kind in corpus}
    assert (reference.corpus, reference.tunes) == ("homemade/train", len(train.tunes))
    assert reference.trained_on and reference.compared == 2


def test_a_model_that_copies_is_recognised(model, homemade, monkeypatch):
    corpus = load_corpus(homemade)
    train = corpus.split(*SPLIT)[0]
    copies = list(train.tunes)

    def sample_copies(_model, _tables, _prompt, tunes, *_rest):
        return [Selected(n, n, tune, 0.0, 1.0) for n, tune in enumerate(copies[:tunes])]

    monkeypatch.setattr("abcrnn.reports.model_card.sample_constrained", sample_copies)
    generated = examine(model, corpus, len(copies)).generated
    overlap = generated.reference.generated.overlap
    assert overlap.above_four_bars == overlap.known_grams == 1
    assert overlap.median.bars >= 8
    assert generated.reference.held_out.overlap.known_grams < 0.5
    # Matches are counted on the tunes, whatever was requested.
    rates, requests = generated.requests, Requests(**generated.requests.requests)
    matching = [not unmet_requests(requests, tune) for tune in copies]
    assert rates.generated.all == sum(matching) < len(copies)
    in_meter = ["\nM:" + rates.requests["meter"] + "\n" in tune for tune in copies]
    assert rates.generated.each["meter"] == sum(in_meter) < len(copies)


def test_generated_tunes_match_all_requests(card, homemade):
    rates, (_, _, held_out) = card.generated.requests, load_corpus(homemade).split(*SPLIT)
    assert set(rates.requests) >= {"key", "meter", "bars", "form", "pitches"}
    assert rates.generated == MatchCounts(TUNES, TUNES, dict.fromkeys(rates.requests, TUNES))
    for name, value in rates.requests.items():
        matches = [not unmet_requests(Requests(**{name: value}), tune) for tune in held_out.tunes]
        assert rates.held_out.each[name] == sum(matches)
    assert rates.held_out.tunes == len(held_out.tunes)


def test_tunes_left_out_are_counted(card, homemade):
    """Of 8 tunes, 2 are held out; the model was trained on 5 and selected on 1."""
    assert card.held_out == HeldOut("homemade/test", 2, len(load_corpus(homemade).tunes) - 2)
    lines = str(card).splitlines()
    assert lines[0].startswith("homemade/test: 2 held-out tunes, ")
    assert lines[1] == "6 tunes left out: used in training or validation"
    scores = card.scores
    assert "left out" not in "\n".join(score_lines(HeldOut("mine", 2, 0), scores))
    one = list(score_lines(HeldOut("mine", 1, 1), scores))
    assert one[0].startswith("mine: 1 held-out tune, ") and one[1].startswith("1 tune left out")


def test_counts_in_words():
    assert [count_of(n, "tune") for n in (0, 1, 2, 1200)] == [
        "0 tunes", "1 tune", "2 tunes", "1,200 tunes",
    ]  # fmt: skip


def test_saved_and_read_again(card, tmp_path):
    page, picture = card.save(tmp_path)
    read = json.loads(page.read_text("utf-8"))
    assert read == card.to_dict()
    assert read["scores"] == card.scores and set(read["scores"]) >= {"header_bits_per_char"}
    generated = read["generated"]
    reference = card.generated.reference
    assert generated["reference"]["generated"]["distances"] == reference.generated.distances
    assert generated["validity"]["unconstrained"]["started"] == TUNES
    assert generated["requests"]["generated"]["all"] == TUNES
    assert read["held_out"] == {
        "corpus": "homemade/test",
        "tunes": 2,
        "left_out": 6,
        "known": True,
    }
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["card.json", "card.png"]


@pytest.mark.slow
def test_a_notebook_shows_text_and_picture(card, tmp_path):
    page = card._repr_html_()
    text, picture = re.fullmatch(
        r'<pre>(.*)</pre><img alt="[^"<>]*" src="data:image/png;base64,([\w+/=]+)">',
        page,
        re.DOTALL,
    ).groups()
    assert unescape(text) == str(card)
    assert base64.b64decode(picture) == card.save(tmp_path)[1].read_bytes()
    hostile = replace(card, held_out=replace(card.held_out, corpus="<script>"), generated=None)
    page = hostile._repr_html_()
    assert "&lt;script&gt;" in page and "<script" not in page and "<img" not in page


@pytest.mark.slow
def test_another_corpus_has_no_held_out_column(model, homemade):
    tunes = load_corpus(homemade).tunes[:1]
    card = examine(model, Corpus("mine", tunes), 2)
    reference = card.generated.reference
    assert reference.held_out is None and not reference.trained_on
    assert reference.compared == 2 and card.held_out.left_out == 0
    assert "compared with mine, 1 tune, not trained on\n" in str(card)
    assert re.search(r"pitch +\d\.\d\d\n", str(card))


# The command ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_evaluate_from_end_to_end(card, model_file, homemade, tmp_path, run):
    arguments = ["evaluate", model_file, "--corpus", homemade, "--tunes", TUNES]
    code, out, errors = run(*arguments, "--out", tmp_path / "new" / "card")
    assert (code, errors) == (0, "")
    # The same model has the same card, byte for byte.
    made = [tmp_path / "new" / "card" / name for name in ("card.json", "card.png")]
    assert out == f"{card}\n\nsaved: {made[0]} {made[1]}\n"
    for one, two in zip(card.save(tmp_path), made, strict=True):
        assert one.read_bytes() == two.read_bytes()
    lines = out.splitlines()
    assert lines[0].startswith("homemade/test: 2 held-out tunes, ")
    assert lines[2].split() == ["all", "header", "body"]
    assert max(map(len, lines[:-1])) <= 80
    numbers = {line[:28].strip(): line[28:].split() for line in lines}
    assert float(numbers["bits per character"][2]) == pytest.approx(
        card.scores["body_bits_per_char"], abs=1e-4
    )
    assert numbers["valid, of these"][1:] == ["100%", "100%"]
    matches = numbers["match all requests"]
    assert matches[0] == "100%" and len(matches) == 2
    assert f"meter {card.generated.requests.requests['meter']}" in numbers
    reference = card.generated.reference
    assert numbers["tune length"] == [
        f"{comparison.distances['tune length']:.2f}"
        for comparison in (reference.generated, reference.held_out)
    ]


def test_the_scores_alone(card, model_file, homemade, tmp_path, run):
    arguments = ["evaluate", model_file, "--corpus", homemade, "--tunes", 0]
    code, out, _ = run(*arguments, "--out", tmp_path)
    assert code == 0
    assert out.split("\n\n")[0] == str(card).split("\n\n")[0]
    assert [path.name for path in tmp_path.iterdir()] == ["card.json"]
    assert json.loads((tmp_path / "card.json").read_text())["generated"] is None


@pytest.mark.slow
def test_a_corpus_with_unknown_characters(model_file, tmp_path, run):
    text = "X:1\nT:Ünïque\nM:2/4\nK:C\nc2|"
    (tmp_path / "foreign.abc").write_text(text + "\n", "utf-8")
    unknown = sum(c not in load_model(model_file).vocabulary.characters for c in text)
    assert unknown >= 2
    arguments = ["--corpus", tmp_path / "foreign.abc", "--tunes", 0]
    code, out, _ = run("evaluate", model_file, *arguments)
    assert code == 0
    assert f"\n{unknown} characters outside the model's vocabulary, 20.1 bits each\n" in out
    assert "held-out" not in out and "does not record its training tunes" in out


def test_a_negative_number_of_tunes(model, homemade, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", "m", "--corpus", "c", "--tunes", "-1"])
    assert stopped.value.code == 2
    message = "--tunes: must be a whole number of at least 0, such as 0, not '-1'"
    assert message in capsys.readouterr().err
    with pytest.raises(ValueError, match="tunes must be"):
        examine(model, load_corpus(homemade), -1)
