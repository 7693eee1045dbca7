"""Composition: the number of tunes, their requests, refusals, and the same tunes again."""

import io
import itertools

import mido
import pytest

from abcrnn import CharLSTM, Vocabulary, load_corpus, load_model, tidy
from abcrnn.composition.composer import compose, compose_iter
from abcrnn.composition.composition_report import Report, YieldError
from abcrnn.composition.provenance import parse_provenance, without_provenance
from abcrnn.composition.reproduction import reproduce, reproduce_all
from abcrnn.composition.request_checks import unmet_requests
from abcrnn.composition.requests import Requests
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.export.midi import to_midi_bytes
from abcrnn.notation import check_tune, renumber, tune_body
from abcrnn.sampling.decoder import Streams

# Few characters, so that few transitions have to be computed.
VOCABULARY = Vocabulary.from_text("X:1234\nM6/8RjigKEDGABcde|")
BEGINNING = "X:1\nM:6/8\nK:G\n"
SMALL = {"prompt": BEGINNING, "bars": 4, "max_length": 120, "seed": 1}


@pytest.fixture(scope="module")
def model():
    made = CharLSTM(VOCABULARY, embedding_dim=8, units=16, num_layers=1, dropout=0)
    made.novelty = NoveltyIndex([f"{BEGINNING}GABcde|"])
    return made


@pytest.fixture(scope="module")
def composed(model):
    return compose(model, 5, **SMALL)


def body(tune):
    return tune_body(without_provenance(tune))


def assert_as_requested(tunes, n, **requests):
    assert len(tunes) == n == len(set(map(body, tunes)))
    for number, tune in enumerate(tunes, start=1):
        assert tune.startswith(f"X:{number}\n")
        assert "\n\n" not in tune and not check_tune(tune)
        assert unmet_requests(Requests(**requests), tune) == []
        midi = mido.MidiFile(file=io.BytesIO(to_midi_bytes(tune)))
        assert any(message.type == "note_on" for message in midi)


# A trained model -----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_trained_model_composes_and_reproduces(trained, homemade):
    """Its vocabulary has a space, so that every kind of transition occurs."""
    model, corpus = load_model(trained), load_corpus(homemade)
    assert " " in model.vocabulary.characters
    novelty = NoveltyIndex(corpus.tunes)
    requests = {"key": "D", "meter": "6/8", "bars": 4, "form": "AB"}
    made = compose(model, 3, **requests, novelty=novelty, seed=1, max_length=300)
    assert_as_requested(made.tunes, 3, **requests)
    assert any(" " in body(tune) for tune in made.tunes)
    assert max(novelty.compare(tune).bars for tune in made.tunes) <= 4
    assert reproduce_all(made.tunes, model) == made.tunes
    texts = list(map(without_provenance, made.tunes))
    assert list(map(tidy, texts)) == texts


# Results -------------------------------------------------------------------------------------


def test_exactly_n_tunes_as_requested(composed):
    assert_as_requested(composed.tunes, 5, bars=4)
    assert all(len(without_provenance(tune)) <= 120 for tune in composed.tunes)
    numbered = enumerate(composed.tunes, 1)
    assert all(tune.startswith(f"X:{n}{BEGINNING[3:]}") for n, tune in numbered)


def test_the_report_adds_up(composed):
    report = composed.report
    assert report.accepted == 5
    assert report.generated == report.accepted + sum(report.refused.values())
    last = parse_provenance(composed.tunes[-1])
    assert last.stream == report.generated - 1
    share = f"{5 / report.generated:.0%}"
    assert str(report).startswith(f"{report.generated} generated, 5 accepted ({share}) in ")


def test_the_text_of_a_report():
    report = Report()
    for reason in (None, "not valid", "not playable", "not valid"):
        report.count(reason)
    assert str(report).splitlines() == [
        "4 generated, 1 accepted (25%) in 0.0 s",
        "     2 refused: not valid",
        "     1 refused: not playable",
    ]


@pytest.mark.slow
def test_a_seed_gives_the_same_tunes_for_any_n(model, composed):
    assert compose(model, 2, **SMALL).tunes == composed.tunes[:2]


@pytest.mark.slow
@pytest.mark.parametrize(
    "requests",
    [
        {"key": "e minor", "meter": "6/8", "rhythm": "jig", "opening": "EGB", "bars": 2},
        {"key": "G", "form": "AAB", "bars": 4, "prompt": BEGINNING},
        {"pitches": "D-d", "form": "AABB", "bars": 2, "prompt": "X:3\nR:jig\nM:6/8\nK:D\n"},
    ],
)
def test_several_requests_at_once(model, requests):
    requests = dict(requests)
    prompt = requests.pop("prompt", None)
    tunes = compose(model, 3, prompt=prompt, **requests, max_length=150, seed=2).tunes
    assert_as_requested(tunes, 3, **requests)
    if prompt:
        assert all(tune.startswith(renumber(prompt, n)) for n, tune in enumerate(tunes, 1))


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["tonic", "chord"])
def test_an_untrained_model_ends_as_requested(model, ending):
    options = {"max_length": 150, "seed": 3, "max_copied_bars": None}
    made = compose(model, 8, prompt="X:1\nM:6/8\n", bars=4, ending=ending, **options)
    assert_as_requested(made.tunes, 8, bars=4, ending=ending)
    assert made.report.refused["not the requested ending"] > 0
    assert reproduce_all(made.tunes, model) == made.tunes


@pytest.mark.slow
def test_forty_of_forty_tunes_end_on_the_tonic(jigs):
    """With the characters of a corpus, so that the untrained model writes all notation."""
    sizes = {"embedding_dim": 16, "units": 64, "num_layers": 1, "dropout": 0, "seed": 5}
    untrained = CharLSTM(Vocabulary.from_text(jigs.text), **sizes)
    requests = {"key": "G", "meter": "6/8", "form": "AABB", "bars": 16, "ending": "tonic"}
    options = {"seed": 1, "max_length": 2000, "max_copied_bars": None}
    assert_as_requested(compose(untrained, 40, **requests, **options).tunes, 40, **requests)


def test_an_opening_after_which_the_ending_cannot_be_met(model):
    opening = {"key": "G", "meter": "6/8", "opening": "G2B d2e|"}
    with pytest.raises(ValueError, match="begins no tune with bars=1 and ending='tonic': char"):
        compose(model, 1, **opening, bars=1, ending="tonic")


# One tune at a time --------------------------------------------------------------------------


@pytest.fixture
def started(monkeypatch):
    """Number of each stream that was started, and -1 for each stretch that was sampled."""
    found, start, advance = [], Streams.start, Streams.advance

    def counted_start(streams, row, stream, *rest):
        found.append(stream)
        start(streams, row, stream, *rest)

    def counted_advance(streams, *steps):
        found.append(-1)
        return advance(streams, *steps)

    monkeypatch.setattr(Streams, "start", counted_start)
    monkeypatch.setattr(Streams, "advance", counted_advance)
    return found


def test_tunes_come_one_by_one_and_are_those_of_compose(model, composed, started):
    report = Report()
    tunes = compose_iter(model, 5, **SMALL, report=report)
    assert started == [] and report.generated == 0  # nothing is sampled before it is needed
    assert next(tunes) == composed.tunes[0]
    assert report.accepted == 1
    assert list(tunes) == composed.tunes[1:]
    assert report.accepted == composed.report.accepted
    assert report.refused == composed.report.refused


def test_only_as_many_streams_as_are_needed(model, composed, started):
    assert compose(model, 1, **SMALL).tunes == composed.tunes[:1]
    assert max(started) < 4
    started.clear()
    assert compose(model, 3, **SMALL).tunes == composed.tunes[:3]
    assert max(started) < 12


def test_closing_ends_the_sampling(model, composed, started):
    tunes = compose_iter(model, **SMALL)  # without a number: there is no end
    first = [next(tunes) for _ in range(6)]
    assert first[:5] == composed.tunes
    before = list(started)
    tunes.close()
    assert started == before
    with pytest.raises(StopIteration):
        next(tunes)


def test_an_interruption_ends_the_sampling_after_a_stretch(model, started, monkeypatch):
    counted = Streams.advance

    def interrupted(streams, *steps):
        if started.count(-1) == 3:
            raise KeyboardInterrupt
        return counted(streams, *steps)

    monkeypatch.setattr(Streams, "advance", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(compose_iter(model, **SMALL))
    assert started.count(-1) == 3


def test_arguments_are_checked_before_the_first_tune(model):
    with pytest.raises(ValueError, match="n must be a whole number"):
        compose_iter(model, 0)
    with pytest.raises(ValueError, match="no tune that begins with the prompt has the requested k"):
        compose_iter(model, prompt=BEGINNING, key="Em")


# Faithful sampling ---------------------------------------------------------------------------


@pytest.mark.slow
def test_tunes_from_several_candidates(model, composed):
    made = compose(model, 4, **SMALL, faithful=3)
    assert_as_requested(made.tunes, 4, bars=4)
    assert 1 < made.report.effective_size < 3
    assert "each chosen from 3 candidates, effective sample size " in str(made.report)
    sources = [parse_provenance(tune) for tune in made.tunes]
    assert all(source.settings.faithful == 3 for source in sources)
    numbers = [source.stream // 3 for source in sources]
    assert numbers == sorted(set(numbers)) and numbers[-1] < made.report.generated
    assert any(source.stream % 3 for source in sources)
    assert reproduce_all(made.tunes, model) == made.tunes
    assert compose(model, 2, **SMALL, faithful=3).tunes == made.tunes[:2]
    assert compose(model, 5, **SMALL, faithful=1).tunes == composed.tunes
    assert "faithful" not in composed.tunes[0] and "candidates" not in str(composed.report)


# Reproduction --------------------------------------------------------------------------------


@pytest.mark.slow
def test_tunes_of_several_compositions_are_reproduced_together(model, composed):
    other = compose(model, 1, bars=2, max_length=150, seed=5).tunes
    mixed = [*composed.tunes[:2], *other, *composed.tunes[2:]]
    assert reproduce_all(mixed, model) == mixed


@pytest.mark.slow
def test_a_tune_is_reproduced_byte_for_byte(model, composed, tmp_path):
    model.save(tmp_path / "m.abcrnn")
    assert reproduce(composed.tunes[3], load_model(tmp_path / "m.abcrnn")) == composed.tunes[3]
    other = renumber(composed.tunes[1], 77)
    assert reproduce(other, model) == other
    # The provenance lines identify the tune, even if its notes were changed.
    changed = composed.tunes[1].replace("K:G\n", "K:G\nT:mine\n")
    assert reproduce(changed, model) == composed.tunes[1]


def test_a_tune_of_an_earlier_version_is_reproduced_as_it_was(model, composed):
    """Its lines have the name "orders", and keep it."""
    old = composed.tunes[3].replace("\n% requests {", "\n% orders {")
    assert old != composed.tunes[3]
    assert reproduce(old, model) == old


@pytest.mark.slow
def test_changed_provenance_lines_are_refused(model, composed):
    source = parse_provenance(composed.tunes[0])
    for old, new in [
        (f"stream {source.stream},", f"stream {source.stream + 7},"),
        ("seed 1,", "seed 2,"),
    ]:
        changed = composed.tunes[0].replace(old, new)
        assert changed != composed.tunes[0]
        with pytest.raises(ValueError, match="cannot be reproduced: its comment lines were ch"):
            reproduce(changed, model)


def test_tunes_without_valid_provenance_are_refused(model, composed):
    with pytest.raises(ValueError, match="key must be"):
        reproduce(composed.tunes[0].replace('{"bars": 4', '{"key": "Q", "bars": 4'), model)
    with pytest.raises(ValueError, match="has no lines such as"):
        reproduce(without_provenance(composed.tunes[0]), model)


def test_a_tune_of_another_model_is_refused(composed):
    other = CharLSTM(VOCABULARY, embedding_dim=8, units=16, num_layers=1, dropout=0, seed=1)
    with pytest.raises(ValueError, match=f"with model {'[0-9a-f]' * 16}, not with this one"):
        reproduce(composed.tunes[0], other)


# Refusals ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_known_tune_is_refused_and_another_generated(model, composed):
    known = composed.tunes[1]
    again = compose(model, 5, **SMALL, novelty=NoveltyIndex([known]), max_copied_bars=2)
    assert again.report.refused["more than 2 bars copied"] == 1
    assert body(known) not in set(map(body, again.tunes))
    bodies = [body(tune) for tune in composed.tunes if tune != known]
    assert [body(tune) for tune in again.tunes[:4]] == bodies


def test_no_tune_is_returned_twice(model):
    """Only 47 tunes have this beginning and length, and fewer once they are formatted."""
    prompt = BEGINNING + "EEEEE"
    requests = {"prompt": prompt, "bars": 1, "pitches": "D-E", "max_length": len(prompt) + 6}
    made = compose(model, 12, **requests, seed=1)
    assert made.report.refused["the same as an earlier tune"] > 0
    assert len(set(map(body, made.tunes))) == 12


@pytest.mark.slow
def test_it_stops_when_almost_no_tune_is_accepted(model, composed):
    pairs = itertools.product("GABcdeDE", repeat=2)
    known = NoveltyIndex([f"{BEGINNING}{a}{b}4|" for a, b in pairs] + composed.tunes)
    message = "stopped: 0 of 512 generated tunes were accepted; .*0 bars copied"
    with pytest.raises(YieldError, match=message) as caught:
        compose(model, 5, **SMALL, novelty=known, max_copied_bars=0)
    report = caught.value.report
    assert (report.accepted, report.generated) == (0, 512)
    assert report.generated == sum(report.refused.values())
    assert report.seconds > 0


def test_too_small_a_maximum_length_is_refused_at_once(model):
    with pytest.raises(ValueError, match="max_length must be at least"):
        compose(model, 1, prompt=BEGINNING, max_length=15)


def test_a_model_without_index_of_training_tunes():
    bare = CharLSTM(VOCABULARY, embedding_dim=8, units=16, num_layers=1, dropout=0)
    message = r"give novelty=NoveltyIndex\(tunes\), or max_copied_bars=None to accept copies"
    with pytest.raises(ValueError, match=message):
        compose(bare, 1)


@pytest.mark.slow
def test_without_novelty_copies_are_accepted(composed):
    bare = CharLSTM(VOCABULARY, embedding_dim=8, units=16, num_layers=1, dropout=0)
    assert compose(bare, 5, **SMALL, max_copied_bars=None).tunes == composed.tunes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n must be a whole number"),
        ({"seed": -1}, "seed must be"),
        ({"seed": 10**19}, "seed must have at most 19 digits"),
        ({"temperature": 0}, "temperature must be"),
        ({"temperature": 1e-40}, "temperature must be from 0.01"),
        ({"top_p": 2}, "top_p must be from 0.01 to 1"),
        ({"max_length": 0}, "max_length must be"),
        ({"max_length": 10**9}, "max_length must be at most"),
        ({"faithful": 0}, "faithful must be a whole number"),
        ({"faithful": 1001}, "faithful must be at most 1000, not 1001"),
        ({"max_copied_bars": -1}, "max_copied_bars must be a number of at least 0, or None"),
        ({"max_copied_bars": float("nan")}, "max_copied_bars must be"),
        ({"max_copied_bars": "4"}, "max_copied_bars must be"),
        ({"key": "Q"}, "key must be"),
        ({"key": "F"}, "no tune can be written with the characters this model knows"),
        ({"prompt": 5}, "prompt must be text"),
        ({"prompt": "M:6/8\n"}, "'M' is not allowed there"),
        ({"prompt": BEGINNING + "GAB|\n\n"}, "must not contain a blank line"),
        ({"prompt": BEGINNING, "key": "Em"}, "begins with the prompt has the requested key"),
        ({"prompt": BEGINNING, "meter": "3/4"}, "has the requested meter"),
        ({"prompt": BEGINNING, "rhythm": "jig"}, "has the requested rhythm"),
        ({"prompt": BEGINNING + "e", "pitches": "D-d"}, "has the requested pitches"),
        ({"prompt": "X:1\nT:a\n"}, "'T' .*is not among"),
    ],
)
def test_invalid_arguments_are_refused_before_sampling(model, options, message):
    with pytest.raises(ValueError, match=message):
        compose(model, **{"n": 1, **options})


OLD = r"""X:1
R:jig
M:6/8
K:D
G2B dBd|c2ec A2|A2d A2||d |Bd cBGA||
% composed by abcrnn 0.1.0
% model b6fd4ed4d1b9f8fb, seed 3, stream 0, tune f10464a61b3813d2
% settings {"temperature": 0.8, "top_p": null, "max_length": 1000, "prompt": null}
% requests {"rhythm": "jig", "bars": 4}"""


@pytest.mark.slow
def test_a_rhythm_gets_a_title_and_old_tunes_without_one_are_reproduced(trained):
    model = load_model(trained)
    [tune] = compose(model, 1, rhythm="jig", bars=4, seed=3, max_copied_bars=None).tunes
    assert tune.startswith("X:1\nT:The Cold Start\nM:6/8\nL:1/8\nR:jig\n")
    assert reproduce(tune, model) == tune
    assert reproduce(OLD, model) == OLD


@pytest.mark.slow
def test_requested_titles(trained):
    model = load_model(trained)
    requests = {"title": "Cold", "opening": "d2d", "key": "D", "meter": "6/8"}
    [tune] = compose(model, 1, **requests, seed=3, max_copied_bars=None).tunes
    assert tune.startswith("X:1\nT:Cold\nM:6/8\nK:D\nd2d")
    assert reproduce(tune, model) == tune
    assert unmet_requests(Requests(title="Warm"), tune) == ["title"]
    with pytest.raises(ValueError, match="begins with the prompt has the requested title"):
        compose(model, 1, prompt="X:1\nT:Warm\n", title="Cold", max_copied_bars=None)
