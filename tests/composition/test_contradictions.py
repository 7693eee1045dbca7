"""Requests that no tune can match: the message says which of them contradict each other."""

import pytest

from abcrnn import CharLSTM, Vocabulary
from abcrnn.composition.composer import compose_iter

HEADER = "X:1\nT:Cold\nR:jig\nM:6/8\nK:D\n"
TWO_BARS = "|:GAB def|GAB def:|"


@pytest.fixture(scope="module")
def model():
    letters = "XTRMKABCDEFGabcdefgjilod" + "0123456789/:|[]{},'^=_- \n"
    return CharLSTM(Vocabulary.from_text(letters), 4, units=4, num_layers=1, dropout=0)


def message_of(model, requests):
    with pytest.raises(ValueError) as caught:
        compose_iter(model, 1, max_copied_bars=None, **requests)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("requests", "message"),
    [
        (
            {"opening": "d'ba gfe|", "pitches": "D-b"},
            "opening=\"d'ba gfe|\" does not match the requested pitches: the note d' is outside "
            "'D-b'",
        ),
        (
            {"opening": "^G,AB def|", "pitches": "A,-b"},
            "opening='^G,AB def|' does not match the requested pitches: the note ^G, is outside "
            "'A,-b'",
        ),
        (
            {"opening": "GAB def|\nM:4/4\nA4 B4|"},
            "opening='GAB def|\\nM:4/4\\nA4 B4|' does not match the requested meter: its meter is "
            "4/4, not '6/8'",
        ),
        (
            {"opening": "GAB def|\nK:D\nA3 B3|"},
            "opening='GAB def|\\nK:D\\nA3 B3|' does not match the requested key: its key is D maj, "
            "not 'G'",
        ),
        (
            {"opening": "GAB def|GAB def|GAB def|", "bars": 2},
            "opening='GAB def|GAB def|GAB def|' begins no tune with bars=2: character 17, 'G', "
            "is not allowed there",
        ),
        (
            {"opening": TWO_BARS, "form": "AB"},
            f"opening='{TWO_BARS}' begins no tune with form='AB': character 2, ':', is not allowed "
            "there",
        ),
        (
            {"opening": TWO_BARS, "form": "AABB", "bars": 8, "ending": "tonic"},
            f"opening='{TWO_BARS}' begins no tune with form='AABB' and bars=8: character 18, ':', "
            "is not allowed there",
        ),
    ],
)  # fmt: skip
def test_openings_that_contradict_another_request(model, requests, message):
    assert message_of(model, {"key": "G", "meter": "6/8", **requests}) == message


@pytest.mark.parametrize(
    ("requests", "music", "message"),
    [
        ({"key": "G"}, "", "has the requested key: its key is D maj, not 'G'"),
        ({"meter": "4/4"}, "", "has the requested meter: its meter is 6/8, not '4/4'"),
        ({"title": "Bald"}, "", "has the requested title: its title is 'Cold', not 'Bald'"),
        ({"rhythm": "dol"}, "", "has the requested rhythm: its rhythm is 'jig', not 'dol'"),
        ({"pitches": "D-b"}, "{d'}efg", "the requested pitches: the note d' is outside 'D-b'"),
        ({"pitches": "D-b"}, "[dc']3", "the requested pitches: the note ^c' is outside 'D-b'"),
        (
            {"opening": "abc", "key": "D", "meter": "6/8"},
            "cde",
            "has the requested opening: its music does not begin with 'abc'",
        ),
        (
            {"bars": 2},
            "def gab|def gab|def",
            "no valid tune with bars=2 begins with the prompt: line 6, column 17: 'd' is not "
            "allowed there",
        ),
        (
            {"pitches": "E-F", "ending": "tonic"},
            "",
            "pitches='E-F' has no D, which ending='tonic' needs in the key of D maj",
        ),
    ],
)
def test_prompts_that_contradict_a_request(model, requests, music, message):
    assert message_of(model, {"prompt": HEADER + music, **requests}).endswith(message)


@pytest.mark.parametrize(
    ("requests", "named"),
    [
        ({"bars": 64, "max_length": 100}, "a tune with bars=64, not 100"),
        ({"form": "AABB", "bars": 64, "max_length": 100}, "form='AABB' and bars=64, not 100"),
        ({"rhythm": "jig", "max_length": 30}, "a tune with rhythm='jig', not 30"),
        ({"prompt": HEADER, "max_length": 30}, "a tune with this beginning, not 30"),
    ],
)
def test_the_maximum_length_is_named_with_what_is_too_long(model, requests, named):
    message = message_of(model, requests)
    assert message.startswith("max_length must be at least ") and message.endswith(named)
    least = int(message.split()[5])
    compose_iter(model, 1, max_copied_bars=None, **{**requests, "max_length": least})


def test_a_long_title_counts_for_the_maximum_length(model):
    """The message has the value that was given, not what the title leaves of it."""
    assert message_of(model, {"rhythm": "jig", "max_length": 60}).endswith("rhythm='jig', not 60")
