"""Tunes to order: as many as asked for, each as ordered, and the same again."""

import io
import itertools
import time

import mido
import pytest

from abcrnn import CharLSTM, Vocabulary, load_model
from abcrnn.composition.composer import YieldError, compose, loops, reproduce, reproduce_all
from abcrnn.composition.provenance import parse_provenance, unsigned
from abcrnn.composition.requests import Orders, bars_of
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.export.midi import to_midi_bytes
from abcrnn.notation import check_tune, read_tune, renumber, tune_body

pytestmark = pytest.mark.slow  # a minute, most of it compiling; test_cli composes by default

# Few characters, so that few states have to be worked out.
VOCABULARY = Vocabulary.from_text("X:1234\nM6/8RjigKEDGABcde|")
BEGINNING = "X:1\nM:6/8\nK:G\n"
SMALL = {"prompt": BEGINNING, "bars": 4, "max_length": 120, "seed": 1}


@pytest.fixture(scope="module")
def model():
    made = CharLSTM(VOCABULARY, embedding_dim=8, units=16, num_layers=1, dropout=0)
    made.novelty = NoveltyIndex([f"{BEGINNING}GABcde|"])
    return made


@pytest.fixture(scope="module")
def made(model):
    return compose(model, 5, **SMALL)


def assert_whole(tunes, n, **orders):
    assert len(tunes) == n == len({tune_body(unsigned(tune)) for tune in tunes})
    for number, tune in enumerate(tunes, start=1):
        assert tune.startswith(f"X:{number}\n")
        assert "\n\n" not in tune and not check_tune(tune)
        assert Orders(**orders).disobeyed(tune) == []
        midi = mido.MidiFile(file=io.BytesIO(to_midi_bytes(tune)))
        assert any(message.type == "note_on" for message in midi)


def test_exactly_as_many_tunes_each_whole_and_as_ordered(made):
    assert_whole(made.tunes, 5, bars=4)
    assert all(len(unsigned(tune)) <= 120 for tune in made.tunes)
    assert all(tune.startswith(f"X:{n}{BEGINNING[3:]}") for n, tune in enumerate(made.tunes, 1))


def test_the_report_adds_up(made):
    report = made.report
    assert report.kept == 5
    assert report.drawn == report.kept + sum(report.refused.values())
    last = parse_provenance(made.tunes[-1])
    assert last.stream == report.drawn - 1
    assert str(report).startswith(f"{report.drawn} drawn, 5 kept ({5 / report.drawn:.0%}) in ")


def test_a_seed_gives_the_same_tunes_however_many_are_asked_for(model, made):
    assert compose(model, 2, **SMALL).tunes == made.tunes[:2]


@pytest.mark.parametrize(
    "orders",
    [
        {"key": "e minor", "meter": "6/8", "rhythm": "jig", "opening": "EGB", "bars": 2},
        {"key": "G", "form": "AAB", "bars": 4, "prompt": BEGINNING},
        {"pitches": "D-d", "form": "AABB", "bars": 2, "prompt": "X:3\nR:jig\nM:6/8\nK:D\n"},
    ],
)
def test_orders_together(model, orders):
    orders = dict(orders)
    prompt = orders.pop("prompt", None)
    tunes = compose(model, 3, prompt=prompt, **orders, max_length=150, seed=2).tunes
    assert_whole(tunes, 3, **orders)
    if prompt:
        assert all(tune.startswith(renumber(prompt, n)) for n, tune in enumerate(tunes, 1))


def test_tunes_of_several_compositions_come_again_together(model, made):
    """One more, composed otherwise, among them; drawn side by side, not one after the other."""
    other = compose(model, 1, bars=2, max_length=150, seed=5).tunes
    mixed = [*made.tunes[:2], *other, *made.tunes[2:]]
    assert reproduce_all(mixed, model) == mixed


def test_a_tune_comes_again_byte_for_byte(model, made, tmp_path):
    model.save(tmp_path / "m.abcrnn")
    assert reproduce(made.tunes[3], load_model(tmp_path / "m.abcrnn")) == made.tunes[3]
    other = renumber(made.tunes[1], 77)
    assert reproduce(other, model) == other
    # The lines say which tune it was, also when somebody has changed its notes.
    changed = made.tunes[1].replace("K:G\n", "K:G\nT:mine\n")
    assert reproduce(changed, model) == made.tunes[1]


def test_changed_lines_are_told(model, made):
    source = parse_provenance(made.tunes[0])
    for old, new in [
        (f"stream {source.stream},", f"stream {source.stream + 7},"),
        ("seed 1,", "seed 2,"),
    ]:
        changed = made.tunes[0].replace(old, new)
        assert changed != made.tunes[0]
        with pytest.raises(ValueError, match="does not come again: its lines were changed"):
            reproduce(changed, model)
    with pytest.raises(ValueError, match="key must be"):
        reproduce(made.tunes[0].replace('{"bars": 4', '{"key": "Q", "bars": 4'), model)
    with pytest.raises(ValueError, match="carries no lines"):
        reproduce(unsigned(made.tunes[0]), model)


def test_another_model_is_told(made):
    other = CharLSTM(VOCABULARY, embedding_dim=8, units=16, num_layers=1, dropout=0, seed=1)
    with pytest.raises(ValueError, match=f"with model {'[0-9a-f]' * 16}, not with this one"):
        reproduce(made.tunes[0], other)


# What is refused -----------------------------------------------------------------------------


def test_a_known_tune_is_refused_and_another_drawn(model, made):
    known = made.tunes[1]
    again = compose(model, 5, **SMALL, novelty=NoveltyIndex([known]), max_copied_bars=2)
    assert again.report.refused["more than 2 bars copied"] == 1
    assert tune_body(unsigned(known)) not in {tune_body(unsigned(t)) for t in again.tunes}
    bodies = [tune_body(unsigned(t)) for t in made.tunes if t != known]
    assert [tune_body(unsigned(t)) for t in again.tunes[:4]] == bodies


def test_without_hope_it_gives_up_and_says_why(model, made):
    begun = time.monotonic()
    pairs = itertools.product("GABcdeDE", repeat=2)
    known = NoveltyIndex([f"{BEGINNING}{a}{b}4|" for a, b in pairs] + made.tunes)
    with pytest.raises(YieldError, match="gave up: 0 of 512 tunes drawn passed; .*0 bars cop") as e:
        compose(model, 5, **SMALL, novelty=known, max_copied_bars=0)
    report = e.value.report
    assert (report.kept, report.drawn) == (0, 512)
    assert report.drawn == sum(report.refused.values())
    assert 0 < report.seconds <= time.monotonic() - begun < 120


def test_where_nothing_fits_it_is_said_at_once(model):
    with pytest.raises(ValueError, match="max_length must be at least"):
        compose(model, 1, prompt=BEGINNING, max_length=15)


def test_a_model_without_index_is_told_what_to_give(made):
    bare = CharLSTM(VOCABULARY, embedding_dim=8, units=16, num_layers=1, dropout=0)
    message = r"give novelty=NoveltyIndex\(tunes\), or max_copied_bars=None to do without"
    with pytest.raises(ValueError, match=message):
        compose(bare, 1)
    assert compose(bare, 5, **SMALL, max_copied_bars=None).tunes == made.tunes


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
        ({"max_copied_bars": -1}, "max_copied_bars must be a number of at least 0, or None"),
        ({"max_copied_bars": float("nan")}, "max_copied_bars must be"),
        ({"max_copied_bars": "4"}, "max_copied_bars must be"),
        ({"key": "Q"}, "key must be"),
        ({"key": "F"}, "no tune can be written with the characters this model knows"),
        ({"prompt": 5}, "prompt must be text"),
        ({"prompt": "M:6/8\n"}, "'M' cannot stand there"),
        ({"prompt": BEGINNING + "GAB|\n\n"}, "must not hold a blank line"),
        ({"prompt": BEGINNING, "key": "Em"}, "begins as the prompt does has the key ordered"),
        ({"prompt": BEGINNING, "meter": "3/4"}, "has the meter ordered"),
        ({"prompt": BEGINNING, "rhythm": "jig"}, "has the rhythm ordered"),
        ({"prompt": BEGINNING + "e", "pitches": "D-d"}, "has the pitches ordered"),
        ({"prompt": "X:1\nT:a\n"}, "'T' .*is not among"),
    ],
)
def test_what_cannot_be_is_told_at_once(model, options, message):
    with pytest.raises(ValueError, match=message):
        compose(model, **{"n": 1, **options})


# Loops ---------------------------------------------------------------------------------------


def goes_round(bars):
    """By brute force: some phrase of one, two or four bars stands once too often in a row."""
    for length, times in ((1, 4), (2, 3), (4, 3)):
        for begin in range(len(bars) - length * times + 1):
            phrase = bars[begin : begin + length]
            if bars[begin : begin + length * times] == phrase * times:
                return True
    return False


def test_loops_against_brute_force():
    bars = {"a": "GBd gfe|", "b": "cde cde|"}
    found = 0
    for length in range(1, 14):
        for letters in itertools.product("ab", repeat=length) if length < 9 else [
            "ab" * (length // 2), "aabb" * (length // 4), "abbb" * 3, "aaab" * 2, "abba" * 3
        ]:  # fmt: skip
            letters = "".join(letters)
            tune = read_tune(BEGINNING + "".join(bars[letter] for letter in letters))
            assert bars_of(tune) == len(letters)
            assert loops(tune) == goes_round(letters), letters
            found += goes_round(letters)
    assert found > 50


@pytest.mark.parametrize("name", ["irish", "jigs", "oneills"])
def test_hardly_any_real_tune_goes_round_in_a_loop(name, request):
    tunes = request.getfixturevalue(name).tunes[::4]
    found = 0
    for tune in tunes:
        read = read_tune(tune)
        bars = [[[(e.duration, e.pitches) for e in b.events] for b in v.bars] for v in read.voices]
        assert loops(read) == any(map(goes_round, bars))
        found += loops(read)
    assert found <= len(tunes) / 100
