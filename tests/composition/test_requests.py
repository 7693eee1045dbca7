"""Requests: validation, spellings, prompt and constraint."""

from types import SimpleNamespace

import pytest

from abcrnn.composition.pitch_range import RANGES
from abcrnn.composition.requests import Requests, constraint_for
from abcrnn.data.vocabulary import Vocabulary
from abcrnn.grammar.terminals import KEYS, METERS


def test_every_spelling_of_a_key_can_be_requested():
    for key in KEYS:
        spellings = Requests(key=key).header_values()["K"]
        assert key in spellings
        assert len({text[: 1 + (text[1:2] in ("#", "b"))] for text in spellings}) == 1


@pytest.mark.parametrize(
    ("key", "same", "others"),
    [
        ("G", {"G", "Gmaj", "G major", "Gion"}, {"Em", "Gm", "Gmix"}),
        ("e minor", {"Em", "E min", "Eaeolian"}, {"G", "E", "Edor"}),
        ("A dorian", {"Ador", "ADor", "A dorian"}, {"Am", "G"}),
        (" Bb ", {"Bb", "Bbmaj"}, {"B", "Gm"}),
        ("F♯ min", {"F#m", "F#min"}, {"Fm"}),
    ],
)
def test_spellings_of_a_key(key, same, others):
    spellings = Requests(key=key).header_values()["K"]
    assert same <= spellings
    assert not others & spellings


def test_every_meter_can_be_requested():
    for meter in METERS:
        assert meter in Requests(meter=meter).header_values()["M"]
    assert Requests(meter="4/4").header_values()["M"] == {"4/4", "C"}
    assert Requests(meter="C|").header_values()["M"] == {"2/2", "C|"}
    assert Requests(meter=" 6 / 8").header_values()["M"] == {"6/8"}


@pytest.mark.parametrize(
    ("requests", "message"),
    [
        ({"key": "H"}, "key must be a tonic and a mode, such as 'G' or 'Em', not 'H'"),
        ({"key": ""}, "key must be"),
        ({"key": " "}, "key must be"),
        ({"key": "none"}, "key must be"),
        ({"key": "G exp ^f"}, "key must be"),
        ({"key": "Elephant"}, "key must be"),
        ({"key": "G\nX:2"}, "key must be"),
        ({"key": "G#"}, "key must be"),  # of eight sharps
        ({"key": 5}, "key must be text, not 5"),
        ({"meter": "6/9"}, "meter must be one of C, 6/8, .*, not '6/9'"),
        ({"meter": "none"}, "meter must be one of"),
        ({"meter": "4/4\nK:C"}, "meter must be one of"),
        ({"meter": ""}, "meter must be one of"),
        ({"meter": 68}, "meter must be text"),
        ({"rhythm": " "}, "rhythm must be one line of text"),
        ({"rhythm": "jig\nK:D"}, "rhythm must be one line"),
        ({"rhythm": "100 % jig"}, "rhythm must be one line of text without %"),
        ({"bars": 0}, "bars must be a whole number of at least 1, not 0"),
        ({"bars": True}, "bars must be a whole number"),
        ({"bars": 8.0}, "bars must be a whole number"),
        ({"bars": 257}, "bars must be at most 256, not 257"),
        ({"form": ""}, "form must be letters"),
        ({"form": "AAA"}, "form must be letters"),
        ({"form": "BA"}, "form must be letters"),
        ({"form": "ABA"}, "form must be letters"),
        ({"form": "aabb"}, "form must be letters"),
        ({"form": "ABCDEFGHI"}, "form must be letters"),
        ({"form": "AABB", "bars": 15}, "bars must be a multiple of 2 for the form AABB, .* not 15"),
        ({"pitches": "tin can"}, "pitches must be one of D whistle, .*, or two notes .* 'tin can'"),
        ({"pitches": "b-D"}, "pitches must be"),
        ({"pitches": "D-D"}, "pitches must be"),
        ({"pitches": "D"}, "pitches must be"),
        ({"pitches": "D-"}, "pitches must be"),
        ({"pitches": "D-b-c"}, "pitches must be"),
        ({"pitches": "^D-b"}, "pitches must be"),
        ({"pitches": ""}, "pitches must be"),
        ({"opening": "abc|"}, "opening needs a key and a meter"),
        ({"opening": "abc|", "key": "G"}, "opening needs"),
        ({"opening": " ", "key": "G", "meter": "C"}, "opening must be music"),
        ({"ending": "dominant"}, "ending must be one of tonic, chord, not 'dominant'"),
        ({"ending": ""}, "ending must be one of"),
        ({"ending": 1}, "ending must be text"),
        ({"pitches": "A-B", "ending": "tonic", "key": "G"},
         "^pitches='A-B' has no G, which ending='tonic' needs in the key of G$"),
        ({"pitches": "E-F", "ending": "chord", "key": "G"},
         "^pitches='E-F' has none of the notes G, B and D, which ending='chord' needs in the key "),
        ({"pitches": "A-c", "ending": "tonic", "key": "Ab"}, "has no Ab, which"),  # Ab is below A
        ({"opening": "a|\n\nX:2", "key": "G", "meter": "C"}, "music without a blank line"),
    ],
)  # fmt: skip
def test_invalid_requests_have_a_message_of_one_line(requests, message):
    with pytest.raises(ValueError, match=message) as caught:
        Requests(**requests)
    assert "\n" not in str(caught.value)


def test_every_range_with_a_note_to_end_on_is_accepted():
    assert Requests(pitches="A-B", ending="chord", key="G")
    assert Requests(pitches="A-B", ending="tonic")  # in another key
    assert Requests(pitches="A-c", ending="tonic", key="A")


def test_sections():
    assert Requests().sections() == ()
    assert Requests(form="AABB", bars=16).sections() == ((8, True), (8, True))
    assert Requests(form="AAB").sections() == ((None, True), (None, False))
    assert Requests(form="ABC", bars=3).sections() == ((1, False),) * 3


def test_ranges():
    octaves = ("CDEFGAB", ","), ("CDEFGABcdefgab", ""), ("cdefgab", "'")
    scale = [letter + mark for letters, mark in octaves for letter in letters]
    assert Requests().notes() == set(scale)
    assert Requests(pitches="G,-b").notes() == set(scale[4:21])
    assert Requests(pitches="c-c'").notes() == set(scale[14:22])
    for name, (lowest, highest) in RANGES.items():
        whole = scale[scale.index(lowest) : scale.index(highest) + 1]
        assert Requests(pitches=name).notes() == set(whole)


@pytest.mark.parametrize(
    ("requests", "beginning", "prompt"),
    [
        ({}, None, "X:"),
        ({"key": "G", "bars": 8}, None, "X:"),
        ({"rhythm": " jig "}, None, "X:1\nR:jig\n"),
        ({"opening": " abc| ", "key": "e", "meter": "C"}, None, "X:1\nM:C\nK:E\nabc|"),
        ({"rhythm": "jig"}, "X:7\nT:a\n", "X:7\nT:a\nR:jig\n"),
        ({"rhythm": "jig"}, "X:7\nR:jig\nT:a\n", "X:7\nR:jig\nT:a\n"),
        ({"rhythm": "jig"}, "X:7\nT:a", "X:7\nT:a"),
        ({"rhythm": "jig"}, "X:7\nM:C\nK:C\n", "X:7\nM:C\nK:C\n"),
        ({"opening": "abc|", "key": "A dorian", "meter": "C"}, "X:7\nM:4/4\nL:1/4\n",
         "X:7\nM:4/4\nL:1/4\nK:A dorian\nabc|"),
    ],
)  # fmt: skip
def test_prompts(requests, beginning, prompt):
    assert Requests(**requests).prompt(beginning) == prompt


def test_given_requests():
    assert not Requests() and Requests().given() == {}
    assert Requests(bars=8, key="G").given() == {"key": "G", "bars": 8}


def test_a_constraint_needs_the_characters_of_the_requests():
    model = SimpleNamespace(vocabulary=Vocabulary.from_text("\nX:1M6/8KGAB|cd "))
    assert constraint_for(model, Requests(key="G", meter="6/8", bars=2))
    with pytest.raises(ValueError, match="no tune can be written with the characters"):
        constraint_for(model, Requests(key="F"))
