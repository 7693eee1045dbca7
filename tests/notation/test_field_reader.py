"""Fields of voices: clefs, transposition, names, MIDI programs, accidentals (3, 4.6, 7, 11)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abcrnn.notation import ABCError, Tune, check_tune, played_notes, read_tune, transpose
from abcrnn.notation.tune import Program

HEADER = "X:1\nM:4/4\nL:1/4\n"


def read(text: str) -> Tune:
    return read_tune(text if text.startswith("X:") else HEADER + text)


def sounding(text: str) -> list[list[int]]:
    """Return the MIDI pitches of each voice as played."""
    tune = read(text)
    return [[note.pitch for note in played_notes(tune, voice)] for voice in tune.voices]


def unsupported(text: str) -> list[tuple[int, str]]:
    """Return line and message of what check reports as not supported."""
    found = check_tune(text if text.startswith("X:") else HEADER + text, unsupported=True)
    return [(problem.line, problem.message) for problem in found]


C_MAJOR = [60, 62, 64, 65]


def moved(semitones: int) -> list[int]:
    return [pitch + semitones for pitch in C_MAJOR]


# Clefs and voice properties (section 4.6) ------------------------------------------------------


@pytest.mark.parametrize(
    ("properties", "semitones"),
    [
        ("clef=treble-8", -12),
        ("treble+8", 12),
        ("bass", 0),
        ("bass-8", -12),
        ("octave=-1", -12),
        ("octave=2", 24),
        ("clef=treble-8 octave=-1", -24),
        ("transpose=-12", -12),
        ("t=-2", -2),
        ("octave=1 transpose=-2", 10),
        ("bass middle=d", 0),
        ("bass m=d transpose=-24", -24),
        ("clef=perc", 0),
    ],
)
@pytest.mark.parametrize(
    "tune",
    [
        "K:C {}\nCDEF|",
        "K:C\n[K:C {}]CDEF|",
        "K:C\n[K:{}]CDEF|",
        "K:C\nV:1 {}\nCDEF|",
        "K:C\n[V:1 {}]CDEF|",
        "V:1 {}\nK:C\nV:1\nCDEF|",
        "V:1 {}\nK:C\nCDEF|",
        'V:T1 nm="x y" {} snm=x\nK:C bass\n[V:T1]CDEF|',
    ],
)
def test_what_moves_notes(tune: str, properties: str, semitones: int):
    assert sounding(tune.format(properties)) == [moved(semitones)]


def test_a_clef_applies_to_its_voice_only_and_goes_before_that_of_the_key():
    text = "V:1 treble\nV:2 bass-8\nV:3\nK:C clef=treble+8\nV:1\nCDEF|\nV:2\nCDEF|\nV:3\nCDEF|"
    assert sounding(text) == [moved(0), moved(-12), moved(12)]


def test_a_continued_voice_field_has_all_its_properties():
    text = 'V:1 name="Viola"\n+: octave=-1\nK:C\nCDEF|\nV:2\n+:transpose=2\nCDEF|'
    assert sounding(text) == [moved(-12), moved(2)]
    assert read(text).voices[0].full_name == "Viola"


def test_properties_change_inside_a_tune_and_a_bar():
    text = "K:C octave=-1\nCD[K:octave=0]EF|[K:D transpose=2]CD[K:C]EF|[V:1 clef=treble-8]CDEF|"
    assert sounding(text) == [[48, 50, 64, 65, 63, 64, 66, 67, 50, 52, 54, 55]]


def test_grace_notes_ties_and_accidentals_in_a_moved_voice():
    tune = read("K:C clef=treble-8 transpose=-1\n{^c}C^F-|FF2z|")
    events = [event for bar in tune.bars() for event in bar.events]
    assert events[0].graces[0][0].midi == 61
    assert [event.transpose for event in events] == [-1] * 5
    assert sounding("K:C clef=treble-8 transpose=-1\nC^F2-F|FF2z|") == [[47, 53, 52, 52]]


def test_a_pitch_that_sounds_outside_the_midi_range_is_reported():
    problems = check_tune(HEADER + "K:C transpose=48\nc''''''CEG|")
    assert [(p.line, p.column, p.kind) for p in problems] == [(5, 1, "pitch")]
    assert sounding("K:C transpose=48\nc''''''CEG|") == [[108, 108, 112, 115]]


def test_clefs_and_names_are_stored():
    text = (
        'V:T1 clef=treble-8 name="Tenore I" snm="T.I"\nV:B1 middle=d clef=bass name="Basso" '
        "transpose=-24\nK:C\n[V:T1]CDEF|CD[K:bass]EF|CDEF|\n[V:B1]cdef|"
    )
    tenor, bass = read(text).voices
    assert (tenor.name, tenor.full_name, tenor.short_name) == ("T1", "Tenore I", "T.I")
    assert (bass.full_name, bass.short_name) == ("Basso", "")
    assert [bar.clef and bar.clef.sign for bar in tenor.bars] == ["G", "G", "F"]
    assert [(c.offset * 4, c.value) for c in tenor.bars[1].changes] == [(2, tenor.bars[2].clef)]
    assert bass.bars[0].clef and bass.bars[0].clef.display_octaves == -2
    assert sounding(text)[1] == [48, 50, 52, 53]
    assert read("K:C\nCDEF|").voices[0].bars[0].clef is None


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("K:C stafflines=1\nCDEF|", 4, "stafflines=1"),
        ("V:1 stem=up\nK:C\nCDEF|", 4, "stem=up"),
        ("K:C\nV:1 merge down\nCDEF|", 5, "'merge down' in a voice field"),
        ("K:C\nCDEF|\n[K:clef=wood]CDEF|", 6, "clef=wood"),
        ("K:C octave=x\nCDEF|", 4, "octave=x"),
        ("K:C treble_8\nCDEF|", 4, "treble_8"),
        ("V:1 treble8\nK:C\nCDEF|", 4, "treble8"),
        ("s:x\nK:C\nCDEF|", 4, "symbol lines (s:)"),
        ('K:C\nCDEF|\ns:"C" * "G7"', 6, "symbol lines (s:)"),
        ("m: ~G2 = G/A/G/F/\nK:G\n~G2 A2|", 4, "macros (m:)"),
        ("%%MIDI drummap C 36\nK:C\nCDEF|", 4, "%%MIDI drummap"),
        ("K:C\nCDEF|\n%%MIDI gchord fzczfzcz\nCDEF|", 6, "%%MIDI gchord"),
        ("K:C\nCD[I:MIDI beat 90 80 65 1]EF|", 5, "%%MIDI beat"),
        ("I:MIDI=chordprog 24\nK:C\nCDEF|", 4, "%%MIDI chordprog"),
        ("%%MIDI program 10 33\nK:C\nCDEF|", 4, "%%MIDI program 10 33"),
        ("%%MIDI program 128\nK:C\nCDEF|", 4, "%%MIDI program 128"),
        ("%%MIDI transpose x\nK:C\nCDEF|", 4, "%%MIDI transpose x"),
        ("%%MIDI\nK:C\nCDEF|", 4, "%%MIDI"),
        ("%%MIDI channel 10\nK:C\nCDEF|", 4, "%%MIDI channel 10"),
        ("%%score (1 2)\nK:C\nCDEF|", 4, "%%score"),
        ("%%staves {1 2}\nK:C\nCDEF|", 4, "%%staves"),
        ("I:staves {1 2}\nK:C\nCDEF|", 4, "%%staves"),
        ("%%propagate-accidentals all\nK:C\nCDEF|", 4, "%%propagate-accidentals all"),
    ],
)
def test_what_is_not_supported_is_reported_by_name(text: str, line: int, message: str):
    assert unsupported(text) == [(line, f"{message}: not supported, ignored")]
    assert check_tune(HEADER + text) == []


@pytest.mark.parametrize("text", ["K:perc\nCDEF|", "V:1 clef=perc\nK:C\nCDEF|"])
def test_percussion_is_reported_and_played_at_its_pitches(text: str):
    message = "percussion (clef=perc): not supported, played at its pitches"
    assert unsupported(text) == [(4, message)]
    assert sounding(text) == [C_MAJOR]


@pytest.mark.parametrize("line", ["I: :: ||", "%%staffsep 50", "%% D ^F G", "I:abc-charset utf-8"])
def test_notes_and_typesetting_are_not_reported(line: str):
    assert unsupported(f"{line}\nK:C\nCDEF|") == []


PIECES = [
    *(
        "K:",
        "V:",
        "I:",
        "%%",
        "Q:",
        "[K:",
        "[V:",
        "]",
        "\n",
        " ",
        "=",
        '"',
        "MIDI",
        "program",
        "12",
    ),
    *(
        "transpose",
        "octave",
        "-1",
        "clef",
        "bass",
        "treble-8",
        "D",
        "min",
        "exp",
        "^f",
        "none",
        "Hp",
    ),
    *("propagate-accidentals", "not", "middle", "1/4", "CDEF|", "^c-|c", "perc", "name"),
]


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=30), semitones=st.integers(-12, 12))
@settings(max_examples=300, deadline=None)
def test_any_fields_can_be_read_checked_played_and_transposed(pieces: list[str], semitones: int):
    text = "X:1\nK:C\n" + "".join(pieces) + "\nCDEF|"
    check_tune(text, unsupported=True)
    assert all(0 <= pitch <= 127 for voice in sounding(text) for pitch in voice)
    try:
        transpose(text, semitones)
    except ABCError as error:  # words of letters that are not notes may become other words
        assert error.message.startswith(("the tune would have other notes", "the notation here"))


# MIDI directives -------------------------------------------------------------------------------


def programs(text: str) -> list[list[int | None]]:
    return [[bar.program for bar in voice.bars] for voice in read(text).voices]


@pytest.mark.parametrize("directive", ["%%MIDI {}", "I:MIDI {}", "I:MIDI={}", "I: MIDI = {}"])
def test_programs_and_transpositions_apply_where_they_are_given(directive: str):
    program, lower = directive.format("program 73"), directive.format("transpose -12")
    two = "V:1\nCDEF|CDEF|\nV:2\nCDEF|"
    assert programs(f"{program}\nK:C\n{two}") == [[73, 73], [73]]
    assert programs(f"V:1\nV:2\n{program}\nK:C\n{two}") == [[None, None], [73]]
    assert programs(f"K:C\nV:1\nCDEF|\n{program}\nCDEF|\nV:2\nCDEF|") == [[None, 73], [None]]
    assert programs(f"K:C\n{program}\nV:1\nCDEF|\nV:2\nCDEF|") == [[73], [None]]
    assert sounding(f"{lower}\nK:C\n{two}") == [moved(-12) * 2, moved(-12)]
    assert sounding(f"V:1\n{lower}\nV:2\nK:C\n{two}") == [moved(-12) * 2, moved(0)]
    assert sounding(f"K:C\nV:1\nCDEF|\n{lower}\nCDEF|") == [moved(0) + moved(-12)]


def test_a_program_inside_a_bar_is_stored_with_its_position():
    bars = read("K:C\nCD[I:MIDI program 12]EF|CDEF|").voices[0].bars
    assert [bar.program for bar in bars] == [None, 12]
    assert [(c.offset * 4, c.value) for c in bars[0].changes] == [(2, Program(12))]


def test_a_program_with_a_channel_is_that_of_the_voice_with_this_channel():
    two = "V:1\nCDEF|\nV:2\nCDEF|"
    assert programs("%%MIDI program 1 73\nK:C\nCDEF|") == [[73]]
    assert programs(f"%%MIDI program 2 33\nK:C\n{two}") == [[None], [33]]
    assert programs(f"V:1\n%%MIDI program 1 73\nV:2\n%%MIDI program 2 33\nK:C\n{two}") == [
        [73],
        [33],
    ]
    assert programs(f"K:C\n{two}\n%%MIDI program 1 40\nCDEF|\nV:1\nCDEF|") == [
        [None, 40],
        [None, None],
    ]
    assert programs(f"V:1\n%%MIDI program 7\n%%MIDI program 1 40\nK:C\n{two}") == [[7], [None]]


def test_a_comment_after_a_directive_is_ignored():
    assert programs("%%MIDI program 73 % flute\nK:C\nCDEF|") == [[73]]


def test_transpositions_add_up_as_in_abc2midi():
    text = "V:1 transpose=-2\nK:C\nV:1\n%%MIDI transpose -3\nCDEF|\n%%MIDI rtranspose -1\nCDEF|"
    assert sounding(text) == [moved(-5) + moved(-6)]


# Accidentals (section 11.3) --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", [66, 66, 78, 65]),
        ("pitch", [66, 66, 78, 65]),
        ("octave", [66, 66, 77, 65]),
        ("not", [66, 65, 77, 65]),
    ],
)
@pytest.mark.parametrize(
    "tune",
    ["%%{}\nK:C\n^FFf|F|", "K:C\n%%{}\n^FFf|F|", "I:{}\nK:C\n^FFf|F|", "K:C\n[I:{}]^FFf|F|"],
)
def test_propagate_accidentals(tune: str, value: str, expected: list[int]):
    directive = f"propagate-accidentals {value}" if value else "landscape"
    assert sounding("X:1\nM:3/4\nL:1/4\n" + tune.format(directive)) == [expected]


def test_accidentals_that_do_not_propagate_still_apply_across_a_tie():
    assert sounding("%%propagate-accidentals not\nK:C\n^F4-|F2F2|") == [[66, 65]]


def test_propagate_accidentals_applies_to_all_voices():
    text = "K:C\nV:1\n^FFFF|\nV:2\n%%propagate-accidentals not\n^FFFF|\nV:1\n^FFFF|\nV:3\n^FFFF|"
    once = [66, 65, 65, 65]
    assert sounding(text) == [[66] * 4 + once, once, once]


# Fields between voices -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Only the voice that K: opened gets the name of the first V:, and only once.
        ("K:G\nV:1\nV:2\nK:none\nV:1\nFGAF|\nV:2\nFGAF|", [[66, 67, 69, 66], [65, 67, 69, 65]]),
        ("K:G\nV:1\nV:2\n[K:C]\nV:1\nFGAF|\nV:2\nFGAF|", [[66, 67, 69, 66], [65, 67, 69, 65]]),
        (
            "K:C\nV:1\nV:2\nV:3\nK:G\nV:1\nFGAF|\nV:2\nFGAF|\nV:3\nFGAF|",
            [[65, 67, 69, 65], [65, 67, 69, 65], [66, 67, 69, 66]],
        ),
        ("K:C\nK:G\nV:1\nFGAF|\nV:2\nFGAF|", [[66, 67, 69, 66], [65, 67, 69, 65]]),
        # Voices are in the order of the body.
        ("V:1\nV:2\nK:C\nV:2\nK:G\nV:1\nFGAF|\nV:2\nFGAF|", [[66, 67, 69, 66], [65, 67, 69, 65]]),
        ("K:C\n[V:1][K:G]FGAF|\n[V:2]FGAF|\n[V:1]FGAF|", [[66, 67, 69, 66] * 2, [65, 67, 69, 65]]),
    ],
)
def test_a_key_under_a_voice_is_that_of_the_voice(text: str, expected: list[list[int]]):
    assert sounding(text) == expected


def test_meter_and_unit_under_a_voice_are_those_of_the_voice():
    text = "K:C\nV:1\nV:2\nL:1/8\nM:2/4\nV:1\nCDEF|\nV:2\nCDEF|CDEF|"
    first, second = read(text).voices
    assert [str(voice.bars[0].length) for voice in (first, second)] == ["1", "1/2"]
    assert [voice.bars[0].meter.text for voice in (first, second)] == ["4/4", "2/4"]
    assert check_tune(HEADER + text) == []


def test_a_declared_voice_plays_music_without_a_voice_field():
    text = "V:1 clef=treble-8\nV:2\nK:C\nCDEF|\nV:2\nCDEF|"
    assert [voice.name for voice in read(text).voices] == ["1", "2"]
    assert sounding(text) == [moved(-12), moved(0)]


def test_properties_between_the_key_and_the_first_voice_are_kept():
    text = "V:1 treble\nV:2 bass-8\nK:C\n%%MIDI program 5\nV:2\nCDEF|\nV:1\nCDEF|"
    assert [voice.name for voice in read(text).voices] == ["2", "1"]
    assert sounding(text) == [moved(-12), moved(0)]
    assert programs(text) == [[5], [None]]


def test_a_meter_after_the_key_is_that_of_the_tune():
    tune = read("X:1\nL:1/8\nK:D\nM:6/8\nV:1\nDEF ABc|\nV:2\nd6|")
    assert tune.meter.text == "6/8"
    assert [voice.bars[0].meter.text for voice in tune.voices] == ["6/8", "6/8"]
    assert str(read("X:1\nK:D\nM:2/4\nDEFG|").unit) == "1/8"


@pytest.mark.parametrize("name", ["K:D", "V:2"])
def test_a_tempo_in_any_voice_is_stored_where_it_begins(name: str):
    tune = read(f"K:C\nV:1\nC4|\n{name}\nC4|C2[Q:1/4=60]D2|[Q:1/4=80]C4|")
    bars = tune.voices[-1].bars[-3:]
    assert [bar.tempo and bar.tempo.per_minute for bar in bars] == [None, None, 80]
    assert [(c.offset * 4, c.value.per_minute) for c in bars[1].changes] == [(2, 60)]


def test_a_field_for_all_voices_is_reported():
    assert unsupported("V:* octave=1\nK:C\nCDEF|") == [
        (4, "properties for all voices (V:*): not supported, ignored")
    ]
