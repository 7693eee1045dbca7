"""Tunes that reach their maximum length: where they are cut, and that they stay valid."""

import random

import pytest
from helpers.walks import Walker, header

from abcrnn import CharLSTM, Vocabulary
from abcrnn.composition.composer import compose
from abcrnn.composition.landing import NEAR_LIMIT, Landing
from abcrnn.composition.reproduction import reproduce_all
from abcrnn.composition.requests import Requests
from abcrnn.composition.tune_form import count_bars
from abcrnn.grammar import END, START, TuneAutomaton
from abcrnn.grammar.automaton import ROOM_FOR_MUSIC
from abcrnn.grammar.transition_tables import TransitionTables
from abcrnn.notation import check_tune, read_tune

ALPHABET = "\nX1:MLKTRD|] ABCDEFGabcdefg23468/[(-y"
HEADER = "X:1\nM:6/8\nL:1/8\nK:D\n"
BAR = "dfa afd|"


@pytest.fixture(scope="module")
def tables():
    return TransitionTables(ALPHABET)


def land(tables, music, requests=None, prompt=HEADER, room=0):
    tune = HEADER + music
    landing = Landing(tables.characters, requests or Requests(), len(tune) + room)
    return landing.land(tune, prompt).removeprefix(HEADER)


# Where a tune is cut ---------------------------------------------------------------------------


def test_a_tune_is_cut_after_a_multiple_of_four_bars(tables):
    assert land(tables, BAR * 7 + "d6|]") == BAR * 7 + "d6|]"  # eight bars
    assert land(tables, BAR * 10 + "d6|]") == BAR * 7 + BAR[:-1] + "|]"
    assert land(tables, "A|" + BAR * 10 + "d3 d2|]") == "A|" + BAR * 7 + BAR[:-1] + "|]"


def test_a_tune_is_cut_where_a_section_ends(tables):
    sections = f"{BAR * 3}dfa afd:|\n{BAR * 3}dfa afd||"
    assert land(tables, sections + "\n" + BAR * 2 + "d6|]") == sections
    # An open repeat is closed.
    repeated = f"{BAR * 3}dfa afd:|\n|:{BAR * 3}dfa afd"
    assert land(tables, f"{repeated}|{BAR}d6:|") == repeated + ":|"


def test_the_last_note_is_of_the_tonic_chord_if_the_tune_has_such_a_place(tables):
    other = "dfa afe|"
    music = BAR * 11 + other + BAR * 2 + "d6|]"
    assert land(tables, music) == BAR * 7 + BAR[:-1] + "|]"  # not after the e of bar 12
    assert land(tables, other * 14 + "d6|]") == other * 11 + other[:-1] + "|]"


def test_tunes_that_stay_as_they_are(tables):
    music = BAR * 10 + "d6|]"
    assert land(tables, music, room=NEAR_LIMIT) == music
    assert land(tables, music, Requests(bars=11)) == music
    assert land(tables, music, Requests(form="A")) == music
    assert land(tables, music, prompt=HEADER + music[:-4]) == music  # nothing of a prompt is cut
    assert land(tables, music, prompt="X:2\n") == music


def test_a_requested_ending_is_kept(tables):
    groups = BAR * 4 + "dfa dfa|" * 4  # the second four bars end on the fifth
    music = groups * 5 + BAR * 2 + "d6|]"
    tonic = groups * 4 + BAR * 3 + BAR[:-1] + "|]"
    assert land(tables, music) == (groups * 5)[:-1] + "|]"
    tables = TransitionTables(ALPHABET, ending="tonic")
    assert land(tables, music, Requests(ending="tonic")) == tonic


@pytest.mark.parametrize("meter", ["6/8", pytest.param("C", marks=pytest.mark.slow)])
def test_random_tunes_at_their_limit_stay_valid(tables, meter):
    walker = Walker(TuneAutomaton(ALPHABET), random.Random(1))  # noqa: S311
    prompt, limit, whole = header(meter), 200, 0
    landing = Landing(tables.characters, Requests(), limit)
    tunes = (walker.walk(limit + 2, prompt)[:-2] for _ in range(25))
    near = [tune for tune in tunes if len(tune) > limit - NEAR_LIMIT][:6]
    assert len(near) >= 2
    for tune in near:
        landed = landing.land(tune, prompt)
        assert landed.startswith(prompt) and len(landed) <= limit
        assert landed == tune or tune.startswith(landed.rstrip("|]:"))
        assert check_tune(landed) == []
        assert TuneAutomaton(ALPHABET).follow(landed + "\n\n") == (END, len(landed) + 2)
        whole += count_bars(read_tune(landed)) % 4 == 0
    assert whole > sum(count_bars(read_tune(tune)) % 4 == 0 for tune in near)


# Long headers ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("limit", [25, 60, 400])
def test_a_header_leaves_room_for_music(limit):
    """Also where the limit leaves hardly any room: no step on the way is a dead end."""
    automaton, source = TuneAutomaton(ALPHABET), random.Random(limit)  # noqa: S311
    headers, rows = [], {}
    for _ in range(6):
        state, text = START, ""
        while state != END:
            room = limit - len(text)
            if state not in rows:
                rows[state] = [
                    (automaton.required_room(state, after), c, after)
                    for c, after in automaton.successors(state).items()
                ]
            _, c, state = source.choice([row for row in rows[state] if row[0] < room])
            text += c
        assert len(text) <= limit
        headers.append(text.index("\nK:"))
    if limit > ROOM_FOR_MUSIC:
        assert max(headers) <= limit - ROOM_FOR_MUSIC
        assert max(headers) > 40


# Composition -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_untrained_model_composes_without_requests(jigs):
    model = CharLSTM(
        Vocabulary.from_text(jigs.text), embedding_dim=8, units=16, num_layers=1, dropout=0, seed=3
    )
    options = {"seed": 2, "max_copied_bars": None, "max_length": 400, "temperature": 1.0}
    made = compose(model, 4, **options)
    assert len(made.tunes) == 4
    assert not [reason for reason in made.report.refused if "longer than" in reason]
    assert reproduce_all(made.tunes, model) == made.tunes
