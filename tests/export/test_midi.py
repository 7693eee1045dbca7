"""MIDI: notes worked out by hand, read back with mido."""

from __future__ import annotations

import re
from itertools import accumulate

import mido
import pytest
from helpers.read_back import notes_of, parse_midi

from abcrnn.data.corpus import Corpus
from abcrnn.export.midi import to_midi_bytes, validate_playable
from abcrnn.notation.errors import ABCError
from abcrnn.notation.playing import played_notes
from abcrnn.notation.reader import read_tune

HEADER = "X:1\nT:By hand\nM:4/4\nL:1/8\nK:D\n"


def read_back(tune: str, chords: bool = True) -> mido.MidiFile:
    return parse_midi(to_midi_bytes(tune, chords=chords))


def heard(tune: str) -> list[tuple[float, float, int]]:
    """(onset, length, pitch) of every note but the chord symbols', in quarter notes."""
    file = read_back(tune, chords=False)
    ticks = file.ticks_per_beat
    notes = [note for track in file.tracks for note in notes_of(track)]
    return sorted((start / ticks, (end - start) / ticks, pitch) for start, end, pitch in notes)


def meta(tune: str, kind: str) -> list[tuple[int, mido.MetaMessage]]:
    """(onset in ticks, message) of the events of a kind in the first track."""
    now, found = 0, []
    for message in read_back(tune).tracks[0]:
        now += message.time
        if message.type == kind:
            found.append((now, message))
    return found


def pitches(tune: str) -> list[int]:
    return [pitch for _, _, pitch in heard(tune)]


def lengths(tune: str) -> list[float]:
    return [round(length, 4) for _, length, _ in heard(tune)]


# D E F# G A B c# d of D major above middle C: 62 64 66 67 69 71 73 74.
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("DEFG ABcd|", [62, 64, 66, 67, 69, 71, 73, 74]),
        ("D,D dd'|", [50, 62, 74, 86]),
        ("^G2 G g =f F|F G", [68, 68, 80, 77, 65, 66, 67]),  # for the bar, in all octaves
        ("__B ^^c _e|", [69, 74, 75]),
        ("D|E:|F|G:|A|", [62, 64, 62, 64, 66, 67, 66, 67, 69]),  # no |: anywhere
        ("D|:E|F:|G|", [62, 64, 66, 64, 66, 67]),
        ("D|E::F|G:|", [62, 64, 62, 64, 66, 67, 66, 67]),
        ("|:D|1 E:|2 F||G|", [62, 64, 62, 66, 67]),
        ("D|[1-2 E:|[3 F||G", [62, 64, 62, 64, 62, 66, 67]),
        ("|::D::|E", [62, 62, 62, 64]),
        ("A::\nB::", [69, 69, 71, 71]),  # no header field
        ("DE!\nFG!|", [62, 64, 66, 67]),  # the line break of the irish corpus
        ("!trill!D ~E .F G (AB)|", [62, 64, 66, 67, 69, 71]),
        ('"D7"DE "Ed"F"^slowly"G|', [62, 64, 66, 67]),
        ("D%EF\n%GA\nB|", [62, 71]),
        ("D\\\nE|", [62, 64]),
        ("D[K:C]F|[K:Gm]B\nK:A\nG|", [62, 65, 70, 68]),
        ("[DFA] [D2F2]|", [62, 66, 69, 62, 66]),
        ("^G-|G G|", [68, 67]),  # a tie takes its accidental over the bar line
        ("DE\n\nThese words belong to no tune.", [62, 64]),
    ],
)
def test_pitches_worked_out_by_hand(body: str, expected: list[int]) -> None:
    assert pitches(HEADER + body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("D D2 D/ D// D3/2 D/4", [0.5, 1, 0.25, 0.125, 0.75, 0.125]),
        ("A>B A<B A>>B", [0.75, 0.25, 0.25, 0.75, 0.875, 0.125]),
        ("(A>B) (A>(B)", [0.75, 0.25, 0.75, 0.25]),  # beside slurs
        ('A>"G"B', [0.75, 0.25]),
        ("(3ABA B", [0.3333, 0.3333, 0.3333, 0.5]),
        ("(3A/B/A/ (3:2:2A2B", [0.1667, 0.1667, 0.1667, 0.6667, 0.3333]),
        ("A-A B2-|B2", [1, 2]),
        ("A-B A - B", [0.5, 0.5, 0.5, 0.5]),  # slurs written as ties
        ("[DF]2-[DF] [D2-F2-][DF]", [1.5, 1.5, 1.5, 1.5]),
        ("A[L:1/4]A|\nL:1/16\nA", [0.5, 1, 0.25]),
        ("A2B2A2B2A2B2A2|B", [1, 1, 1, 1, 1, 1, 1, 0.5]),  # an overfull bar
    ],
)
def test_lengths_worked_out_by_hand(body: str, expected: list[float]) -> None:
    assert lengths(HEADER + body) == expected


def test_rests_keep_the_time() -> None:
    assert [onset for onset, _, _ in heard(HEADER + "zD x2 [zz]D|Z|D")] == [0.5, 2, 6.5]


@pytest.mark.parametrize(
    ("fields", "length"),
    [("M:6/8", 0.5), ("M:2/4", 0.25), ("M:C|", 0.5), ("", 0.5), ("M:none", 0.5), ("L:1/4", 1)],
)
def test_the_unit_note_length_follows_the_meter(fields: str, length: float) -> None:
    """ABC 2.1, section 3.1.7."""
    assert lengths("\n".join(filter(None, ["X:1", fields, "K:C", "A"]))) == [length]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("C", [65, 71, 72]),
        ("G", [66, 71, 72]),
        ("D Major", [66, 71, 73]),
        ("F", [65, 70, 72]),
        ("Am", [65, 71, 72]),
        ("E minor", [66, 71, 72]),
        ("Ador", [66, 71, 72]),
        (" D Mixolydian", [66, 71, 72]),
        ("Bb", [65, 70, 72]),
        ("B locrian", [65, 71, 72]),
        ("Fb lyd", [64, 70, 71]),
        ("HP", [66, 71, 73]),
        ("none", [65, 71, 72]),
        ("D =c", [66, 71, 72]),
        ("D exp _B", [65, 70, 72]),
        ("G clef=treble", [66, 71, 72]),
    ],
)
def test_keys(key: str, expected: list[int]) -> None:
    assert pitches(f"X:1\nL:1/8\nK:{key}\nFBc|") == expected


@pytest.mark.parametrize(
    ("tempo", "microseconds"),
    [("", 500_000), ("Q:1/4=60", 10**6), ('Q:"Fast" 3/8=120', 333_333), ("Q:120", 10**6)],
)
def test_tempo(tempo: str, microseconds: int) -> None:
    tune = "\n".join(filter(None, ["X:1", "L:1/8", tempo, "K:C", "ABcd|"]))
    ((onset, found),) = meta(tune, "set_tempo")
    assert onset == 0
    assert found.tempo == pytest.approx(microseconds, abs=1)


def test_tempo_meter_and_key_change_inside_the_tune_and_back_in_its_repeats() -> None:
    tune = HEADER + "|:D8|\nM:6/8\nK:Gm\nQ:1/4=60\nD6|D6:|"
    quarter = read_back(tune).ticks_per_beat
    assert quarter == 480
    assert [(t, m.tempo) for t, m in meta(tune, "set_tempo")] == [
        (0, 500_000), (4 * quarter, 10**6), (10 * quarter, 500_000), (14 * quarter, 10**6),
    ]  # fmt: skip
    assert [(t, m.numerator, m.denominator) for t, m in meta(tune, "time_signature")] == [
        (0, 4, 4), (4 * quarter, 6, 8), (10 * quarter, 4, 4), (14 * quarter, 6, 8),
    ]  # fmt: skip
    assert {m.key for _, m in meta(tune, "key_signature")} == {"D", "Gm"}


def test_title_and_composer_are_stored() -> None:
    tune = "X:1\nT:Séamus\nT:Other\nC:Trad.\nK:C\nAB|"
    assert [m.name for _, m in meta(tune, "track_name")] == ["Séamus"]
    assert [m.text for _, m in meta(tune, "text")] == ["composer: Trad."]


def test_grace_notes_take_their_time_from_the_note_after_them() -> None:
    eighth = [(0, 0.125, 79), (0.125, 0.125, 81), (0.25, 0.25, 67)]
    assert heard(HEADER + "{ga}G|") == eighth
    # At most half of it, and what is tied or short is no less whole.
    assert heard(HEADER + "{gab}G/4|")[-1] == (0.0625, 0.0625, 67)
    assert heard(HEADER + "G-{a}G|") == [(0, 1, 67), (0.5, 0.125, 81)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('"Am7"A4|A4|', [(0, 4, {57, 60, 64, 67})]),  # over bar lines
        ('"Am7"A4||A4|', [(0, 2, {57, 60, 64, 67})]),  # to the end of its section
        ('|:A2|"D"A2:|[1A2|', [(1, 2, {50, 54, 57}), (3, 4, {50, 54, 57})]),
        ('|:"D"A2|[1A2:|[2A2|]', [(0, 2, {50, 54, 57}), (2, 4, {50, 54, 57})]),
        ('"D"A2"N.C."A2|', [(0, 1, {50, 54, 57})]),
        ('"D"D2"A7"A2|', [(0, 1, {50, 54, 57}), (1, 2, {57, 61, 64, 67})]),
        ('D2"D/f+"D2|', [(1, 2, {42, 50, 54, 57})]),
        ('"F#m"A2:|', [(0, 1, {54, 57, 61}), (1, 2, {54, 57, 61})]),
        ('"Cd"C2"Bbmaj7"D2|', [(0, 1, {48, 51, 54}), (1, 2, {58, 62, 65, 69})]),
        ('"G"G2"Gxyz"G2|', [(0, 1, {55, 59, 62})]),  # unknown: silent
        ('"^G"G2|', []),
    ],
)
def test_chord_symbols_have_a_track_of_their_own(
    body: str, expected: list[tuple[float, float, set[int]]]
) -> None:
    file = read_back(HEADER + body)
    assert len(file.tracks) == (3 if expected else 2)
    found: dict[tuple[float, float], set[int]] = {}
    for track in file.tracks[2:]:
        for start, end, pitch in notes_of(track):
            found.setdefault((start / 480, end / 480), set()).add(pitch)
    assert [(*times, pitches) for times, pitches in found.items()] == expected
    assert len(read_back(HEADER + body, chords=False).tracks) == 2


def test_voices_are_tracks() -> None:
    tune = HEADER + "V:high\nA2B2|\nV:low\nA,2[D,F,]2|"
    file = read_back(tune)
    assert [track.name for track in file.tracks] == ["By hand", "high", "low"]
    assert [pitch for _, _, pitch in notes_of(file.tracks[1])] == [69, 71]
    assert [pitch for _, _, pitch in notes_of(file.tracks[2])] == [57, 50, 54]
    channels = {message.channel for track in file.tracks for message in track
                if message.type == "note_on"}  # fmt: skip
    assert len(channels) == 2


def agrees(text: str) -> bool:
    """Whether mido reads the notes of ``played_notes`` to a tick; False if there are none."""
    text = re.sub(r"\{[^}]*\}", "", text)  # grace notes take time from others
    try:
        file = read_back(text, chords=False)
    except ABCError as error:
        assert error.message == "the tune has no notes"
        return False
    tune = read_tune(text)
    whole = 4 * file.ticks_per_beat
    for voice, track in zip(tune.voices, file.tracks[1:], strict=True):
        expected: dict[tuple[int, int], int] = {}
        for onset, duration, pitch in played_notes(tune, voice):
            start, end = round(onset * whole), round((onset + duration) * whole)
            # Of one pitch struck twice at once the longer is heard.
            expected[start, pitch] = max(end, expected.get((start, pitch), 0))
        found = {(start, pitch): end for start, end, pitch in notes_of(track)}
        assert found.keys() == expected.keys()
        assert all(abs(found[note] - expected[note]) <= 1 for note in found)
    return True


def test_a_sample_of_real_tunes_is_played_to_the_tick(oneills: Corpus) -> None:
    for tune in oneills.tunes[::40]:
        assert agrees(tune)


@pytest.mark.parametrize(
    ("name", "empty", "step"),
    [
        *(
            pytest.param(name, 0, 5, marks=pytest.mark.slow)
            for name in ("irish", "jigs", "oneills")
        ),
        *(
            pytest.param(*case, 1, marks=pytest.mark.long)
            for case in (("irish", 2), ("jigs", 0), ("oneills", 0))
        ),
    ],
)
def test_every_tune_is_played_to_the_tick(
    name: str, empty: int, step: int, request: pytest.FixtureRequest
) -> None:
    tunes = request.getfixturevalue(name).tunes[::step]
    playable = [tune for tune in tunes if agrees(tune)]
    assert len(tunes) - len(playable) == empty
    for tune in playable:  # grace notes and chords included
        for track in read_back(tune).tracks:
            notes_of(track)


# Programs, names, tunes without notes --------------------------------------------------------


def programs(tune: str, **options) -> list[list[tuple[int, int]]]:
    """(onset in ticks, program) of the changes of program of each track but the first."""
    file = parse_midi(to_midi_bytes(tune, **options))
    found = []
    for track in file.tracks[1:]:
        times = accumulate(message.time for message in track)
        changes = [(now, m) for now, m in zip(times, track, strict=True)]
        found.append([(now, m.program) for now, m in changes if m.type == "program_change"])
    return found


def test_an_instrument_by_name_or_number_plays_all_voices() -> None:
    tune = HEADER + "V:1\nA8|\nV:2\nD8|"
    for instrument in ("fiddle", 110, "110", "Fiddle"):
        assert programs(tune, instrument=instrument) == [[(0, 110)], [(0, 110)]]
    assert programs(tune) == [[], []]
    with pytest.raises(ValueError, match="did you mean Flute"):
        to_midi_bytes(tune, instrument="fluet")
    with pytest.raises(ValueError, match="from 0 to 127 or a name, not 128"):
        to_midi_bytes(tune, instrument=128)


def test_titles_are_decoded() -> None:
    tune = "X:1\nT:L'\\'et\\'e &amp; \\\"Uber\nC:Fran\\ccois \\u00e9\nK:C\nAB|"
    assert [m.name for _, m in meta(tune, "track_name")] == ["L'été & Über"]
    assert [m.text for _, m in meta(tune, "text")] == ["composer: François é"]


def test_a_tune_of_chord_symbols_only_is_played() -> None:
    chart = 'X:1\nM:4/4\nL:1/4\nK:C\n"C"z4|"F"z4|"G7"z2"F"z2|"C"z4|]\n'
    file = read_back(chart)
    chords = file.tracks[2]
    assert chords.name == "chords"
    starts = sorted({start / 480 for start, _, _ in notes_of(chords)})
    assert starts == [0, 4, 8, 10, 12]
    assert max(end / 480 for _, end, _ in notes_of(chords)) == 16
    with pytest.raises(ABCError, match="the tune has no notes"):
        to_midi_bytes(chart, chords=False)


@pytest.mark.parametrize("body", ["z4|z4|", '"Fine"z4|', '"N.C."z4|', ""])
def test_a_file_without_music_is_not_written(body: str) -> None:
    for function in (to_midi_bytes, validate_playable):
        with pytest.raises(ABCError, match="the tune has no notes"):
            function(HEADER + body)


@pytest.mark.parametrize(
    "tune",
    [
        "X:1\nM:4/4\n",
        HEADER + "c|\n\nX:2\nK:C\nd|",
        HEADER + "|:" * 3 + "Z999|" * 3,
        HEADER[:-4] + "c",
    ],
)
def test_what_cannot_be_written_is_not_playable(tune: str) -> None:
    messages = []
    for function in (to_midi_bytes, validate_playable):
        with pytest.raises(ABCError) as error:
            function(tune)
        messages.append(str(error.value))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("body", ["c|", '"C"z4|', "|:c4:|"])
def test_what_can_be_written_is_playable(body: str) -> None:
    validate_playable(HEADER + body)
    assert to_midi_bytes(HEADER + body)
