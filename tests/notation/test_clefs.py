"""Clefs and properties of voices, by sections 4.6 and 7.1 of ABC 2.1."""

import pytest

from abcrnn.notation.clefs import Clef, Properties, parse_properties


@pytest.mark.parametrize(
    ("text", "sign", "line", "octave_change"),
    [
        ("treble", "G", 2, 0),
        ("clef=treble", "G", 2, 0),
        ("clef=treble-8", "G", 2, -1),
        ("treble+8", "G", 2, 1),
        ("bass-8", "F", 4, -1),
        ("clef=bass+8", "F", 4, 1),
        ("clef=treble-15", "G", 2, -2),
        ("alto", "C", 3, 0),
        ("tenor-8", "C", 4, -1),
        ("alto1", "C", 1, 0),
        ("alto2", "C", 2, 0),
        ("bass3", "F", 3, 0),
        ("CLEF=Bass", "F", 4, 0),
        ('clef = "bass"', "F", 4, 0),
        ("clef=F", "F", 4, 0),
        ("clef=C3", "C", 3, 0),
        ("perc stafflines=1", "percussion", 3, 0),
        ("clef=none", "none", 3, 0),
    ],
)
def test_clefs(text: str, sign: str, line: int, octave_change: int):
    clef = parse_properties(text).properties.clef
    assert clef is not None
    assert (clef.sign, clef.line, clef.octave_change) == (sign, line, octave_change)


@pytest.mark.parametrize(
    ("text", "line", "display_octaves"),
    [
        ("bass middle=D,", 4, 0),
        ("bass middle=d", 4, -2),
        ("bass m=D", 4, -1),
        ("bass middle=F,", 3, 0),
        ("treble middle=b", 2, -1),
        ("treble middle=B,", 2, 1),
        ("alto middle=G", 1, 0),
        ("middle=b", 2, -1),
    ],
)
def test_middle_names_the_note_on_the_third_line(text: str, line: int, display_octaves: int):
    clef = parse_properties(text).properties.shown_clef
    assert clef is not None
    assert (clef.line, clef.display_octaves, clef.octave_change) == (line, display_octaves, 0)


def test_properties_are_read_in_any_order_with_names_in_quotes():
    parsed = parse_properties('t=-2 nm="Clarinet in B, clef=alto" octave=+1 snm=Cl. treble')
    assert parsed.properties == Properties(
        clef=Clef("treble", "G", 2),
        octave=1,
        transpose=-2,
        full_name="Clarinet in B, clef=alto",
        short_name="Cl.",
    )
    assert parsed.rest == "" and parsed.unsupported == ()


@pytest.mark.parametrize(
    ("text", "rest", "unsupported"),
    [
        ("D stem=up clef=bass", "D", ("stem=up",)),
        ("D clef=wood", "D", ("clef=wood",)),
        ("D octave=99", "D", ("octave=99",)),
        ("transpose=up", "", ("transpose=up",)),
        ("middle=x", "", ("middle=x",)),
        ("D sound=c", "D", ("sound=c",)),
        ("D =c", "D =c", ()),
        ("Dmix=c_b", "Dmix=c_b", ()),
        ("D exp _b ^f", "D exp _b ^f", ()),
        ("c", "c", ()),
    ],
)
def test_what_is_no_property_or_not_supported_is_returned(
    text: str, rest: str, unsupported: tuple[str, ...]
):
    parsed = parse_properties(text)
    assert (parsed.rest, parsed.unsupported) == (rest, unsupported)


def test_a_later_clef_replaces_the_clef_with_its_octave_and_middle():
    first = parse_properties("treble-8 middle=d octave=-1 transpose=3").properties
    later = first.updated(parse_properties("bass").properties)
    assert first.sounding_octaves == -2
    assert later.sounding_octaves == -1
    assert later.shown_clef == Clef("bass", "F", 4)
    assert later.sounding_semitones == 3


def test_both_transpositions_add_up_to_four_octaves_at_most():
    assert Properties(transpose=-2, midi_transpose=-12).sounding_semitones == -14
    assert Properties(transpose=48, midi_transpose=48).sounding_semitones == 48
