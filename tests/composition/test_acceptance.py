"""Each reason to refuse a generated tune, by itself."""

import itertools

import pytest

from abcrnn.composition.acceptance import Acceptance, has_loop
from abcrnn.composition.requests import Requests
from abcrnn.composition.tune_form import count_bars
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.export.midi import to_midi_bytes
from abcrnn.notation import ABCError, check_tune, read_tune, transpose

HEADER = "X:1\nM:6/8\nL:1/8\nK:G\n"
TUNE = f"{HEADER}GBd gfe|dBG AGE|GBd gfe|dBA G3|]"
#: Valid, but too long to play: 4224 whole notes with the repeat.
TOO_LONG_TO_PLAY = "X:1\nM:none\nL:1/1\nK:G\n|:" + "G64 " * 33 + ":|"


def refusal(tune, requests=None, **settings):
    return Acceptance(requests or Requests(), **{"max_length": 1000, **settings}).refusal(tune)


def test_a_good_tune_is_accepted():
    assert refusal(TUNE) is None
    assert refusal(TUNE, Requests(key="G", meter="6/8", bars=4, form="A")) is None
    assert refusal(TUNE, max_length=len(TUNE)) is None


def test_incomplete_and_long_tunes_are_refused():
    assert refusal(None) == "longer than 1000 characters"
    assert refusal(TUNE, max_length=len(TUNE) - 1) == f"longer than {len(TUNE) - 1} characters"


@pytest.mark.parametrize(
    "tune",
    [
        TUNE.replace("AGE", "AG"),  # a bar too short
        TUNE.replace("|]", ":|\n|:G6|]"),  # a repeat that is not closed
        HEADER,
        TUNE.replace("K:G\n", ""),
        TUNE.replace("|]", ":|[2G6|]"),  # a second ending without a first
    ],
)
def test_invalid_tunes_are_refused(tune):
    assert refusal(tune) == "not valid"


@pytest.mark.parametrize(
    ("requests", "name"),
    [
        ({"key": "D"}, "key"),
        ({"meter": "3/4"}, "meter"),
        ({"rhythm": "jig"}, "rhythm"),
        ({"bars": 8}, "bars"),
        ({"form": "AA"}, "form"),
        ({"pitches": "D-d"}, "pitches"),
        ({"key": "G", "meter": "6/8", "opening": "d2B"}, "opening"),
        ({"bars": 8, "key": "D"}, "key"),  # the first of two
    ],
)
def test_tunes_that_are_not_as_requested_are_refused(requests, name):
    assert refusal(TUNE, Requests(**requests)) == f"not the requested {name}"


def test_loops_are_refused():
    loop = HEADER + "GBd gfe|" * 4 + "dBA G3|]"
    assert not check_tune(loop)
    assert refusal(loop) == "repeats a phrase in a loop"
    assert refusal(loop.replace("GBd gfe|", "", 1)) is None


def test_duplicates_are_refused():
    acceptance = Acceptance(Requests(), 1000)
    assert acceptance.refusal(TUNE) is None
    assert acceptance.refusal(TUNE.replace("X:1", "X:2")) == "the same as an earlier tune"
    assert acceptance.refusal(TUNE.replace("K:G", "T:Other title\nK:G")) is not None
    assert acceptance.refusal(TUNE.replace("|dBG", " |\ndBG")) == "the same as an earlier tune"
    assert acceptance.refusal(TUNE.replace("GBd", "G3/3Bd")) == "the same as an earlier tune"
    assert acceptance.refusal(TUNE.replace("AGE", "AGD")) is None
    assert acceptance.refusal(TUNE.replace("AGE", "A>GE")) is None


def test_a_refused_tune_does_not_count_as_an_earlier_one():
    acceptance = Acceptance(Requests(key="D"), 1000)
    assert acceptance.refusal(TUNE) == acceptance.refusal(TUNE) == "not the requested key"


def test_copies_are_refused():
    novelty = NoveltyIndex([TUNE])
    changed = TUNE.replace("dBG AGE", "dBG AGD")
    assert refusal(TUNE, novelty=novelty, max_copied_bars=3) == "more than 3 bars copied"
    assert refusal(transpose(TUNE, 2), novelty=novelty, max_copied_bars=3) is not None
    assert refusal(TUNE, novelty=novelty, max_copied_bars=4) is None
    assert refusal(changed, novelty=novelty, max_copied_bars=2) is None
    assert refusal(changed, novelty=novelty, max_copied_bars=1) == "more than 1 bars copied"
    assert refusal(TUNE, novelty=None, max_copied_bars=0) is None


def test_unplayable_tunes_are_refused():
    assert not check_tune(TOO_LONG_TO_PLAY)
    with pytest.raises(ABCError, match="to play"):
        to_midi_bytes(TOO_LONG_TO_PLAY)
    assert refusal(TOO_LONG_TO_PLAY) == "not playable"


def repeats_too_often(bars):
    """By brute force: a phrase of one, two or four bars occurs once too often in a row."""
    for length, times in ((1, 4), (2, 3), (4, 3)):
        for begin in range(len(bars) - length * times + 1):
            phrase = bars[begin : begin + length]
            if bars[begin : begin + length * times] == phrase * times:
                return True
    return False


def test_loops_against_brute_force():
    bars = {"a": "GBd gfe|", "b": "cde cde|"}
    short = [letters for n in range(1, 9) for letters in itertools.product("ab", repeat=n)]
    long = [
        pattern * (length // len(pattern))
        for length in range(9, 14)
        for pattern in ("ab", "aabb", "abbb", "aaab", "abba")
    ]
    found = 0
    for letters in [*short, *long, "abbb" * 3, "abba" * 3, "abbbabba" * 2]:
        tune = read_tune(HEADER + "".join(bars[letter] for letter in letters))
        assert count_bars(tune) == len(letters)
        assert has_loop(tune) == repeats_too_often(list(letters)), letters
        found += has_loop(tune)
    assert found > 50


@pytest.mark.parametrize("name", ["irish", "jigs", "oneills"])
def test_almost_no_real_tune_has_a_loop(name, request):
    tunes = request.getfixturevalue(name).tunes[::8]
    found = 0
    for tune in tunes:
        read = read_tune(tune)
        bars = [[[(e.duration, e.pitches) for e in b.events] for b in v.bars] for v in read.voices]
        assert has_loop(read) == any(map(repeats_too_often, bars))
        found += has_loop(read)
    assert found <= len(tunes) / 100
