"""Divisions of MIDI files, and notes that do not overlap."""

import io
import random
from fractions import Fraction
from itertools import pairwise

import mido
import pretty_midi
import pytest
from helpers.read_back import notes_of, parse_midi

from abcrnn.data.corpus import load_corpus
from abcrnn.events import read_midi
from abcrnn.export.midi import to_midi_bytes
from abcrnn.export.ticks import TickNote, choose_division, to_tick, without_overlaps
from abcrnn.export.timeline import chord_symbol_notes, play_voices, voice_notes
from abcrnn.notation.errors import ABCError
from abcrnn.notation.reader import read_tune

HEADER = "X:1\nT:By hand\nM:4/4\nL:1/4\nK:C\n"


def division(body: str) -> int:
    return parse_midi(to_midi_bytes(HEADER + body)).ticks_per_beat


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("CDEF|", 480),
        ("(3CDE (5C/D/E/F/G/ C|", 480),
        ("C/16 C/32|", 480),
        ("C/64 C/64 C|", 960),  # a 64th of a quarter note
        ("(7:4:7C/D/E/F/G/A/B/|", 483),  # 69 x 7
        ("(3(5CDEFG|", 480),
        ("{abcdefg}C/64", 896 * 1),
    ],
)
def test_the_division_is_the_smallest_usual_one(body: str, expected: int) -> None:
    assert division(body) == expected


@pytest.mark.parametrize("bad", [10_007, 32_749, 99_991])
def test_times_that_no_division_represents_are_rounded(bad: int) -> None:
    times = [Fraction(1, 4 * bad), Fraction(1, 4 * 7)]
    found = choose_division(times, Fraction(10))
    assert found <= 32_767
    assert all(
        abs(to_tick(time, found) / found - 4 * time) <= Fraction(1, 2 * found) for time in times
    )


def test_a_long_tune_is_read_by_pretty_midi_and_by_events(tmp_path) -> None:
    """1,280 bars, and the longest tune that is played: 4,096 whole notes."""
    long_set = HEADER + "|:GABc|dedB|GABc|dedB:|\n" * 160
    longest = HEADER + "(7:4:7C/D/E/F/G/A/B/ C2|" + "Z999|" + "\n".join(["|:C1000|C1000:|"] * 3)
    for tune in (long_set, longest):
        data = to_midi_bytes(tune)
        pretty_midi.PrettyMIDI(io.BytesIO(data))
        path = tmp_path / "long.mid"
        path.write_bytes(data)
        [piece] = read_midi(path)
        parsed = read_tune(tune)
        sounding = sum(map(len, voice_notes(parsed, play_voices(parsed))))
        assert len(piece.notes) == sounding


def rational(notes: list[tuple[int, int, int]], ticks: int) -> list[tuple[Fraction, Fraction, int]]:
    return [(Fraction(a, 4 * ticks), Fraction(b, 4 * ticks), pitch) for a, b, pitch in notes]


def has_exact_ticks(tune: str) -> bool:
    """Whether mido reads exactly the times of the notes; False if there is nothing to play."""
    try:
        file = parse_midi(to_midi_bytes(tune))
    except ABCError:
        return False
    parsed = read_tune(tune)
    played = play_voices(parsed)
    expected = [*voice_notes(parsed, played), chord_symbol_notes(played)]
    for track, notes in zip(file.tracks[1:], expected, strict=False):
        starts = {(note.start, note.pitch) for note in notes}
        times = {time for note in notes for time in note[:2]}
        found = rational(notes_of(track), file.ticks_per_beat)
        assert {(start, pitch) for start, _, pitch in found} == starts
        assert {time for note in found for time in note[:2]} <= times
    end = 4 * file.ticks_per_beat * max(voice.length for voice in played)
    assert [sum(message.time for message in track) for track in file.tracks] == [end] * len(
        file.tracks
    )
    return True


def test_ticks_of_a_sample_of_real_tunes_are_exact(oneills) -> None:
    assert all(has_exact_ticks(tune) for tune in oneills.tunes[::50])


@pytest.mark.parametrize(
    "step", [pytest.param(5, marks=pytest.mark.slow), pytest.param(1, marks=pytest.mark.long)]
)
@pytest.mark.parametrize("name", ["irish", "jigs", "oneills"])
def test_ticks_of_all_tunes_are_exact(name: str, step: int) -> None:
    tunes = load_corpus(name).tunes[step // 2 :: step]  # other tunes than test_midi.py reads
    assert sum(map(has_exact_ticks, tunes)) >= len(tunes) - 2


def test_overlaps_end_where_the_pitch_starts_again() -> None:
    notes = [TickNote(0, 10, 60), TickNote(4, 6, 60), TickNote(4, 8, 62), TickNote(6, 6, 60)]
    assert without_overlaps(notes) == [(0, 4, 60), (4, 6, 60), (4, 8, 62), (6, 7, 60)]
    assert without_overlaps([TickNote(0, 3, 60), TickNote(0, 9, 60)]) == [(0, 9, 60)]


def test_random_notes_pair_properly() -> None:
    source = random.Random(3)  # noqa: S311
    for _ in range(200):
        notes = [
            TickNote(start, start + source.randrange(6), source.randrange(60, 63))
            for start in (source.randrange(20) for _ in range(30))
        ]
        kept = without_overlaps(notes)
        assert {(note.start, note.pitch) for note in kept} == {(n.start, n.pitch) for n in notes}
        by_pitch = {pitch: [n for n in kept if n.pitch == pitch] for pitch in (60, 61, 62)}
        for same in by_pitch.values():
            assert all(n.start < n.end for n in same)
            assert all(a.end <= b.start for a, b in pairwise(same))


def test_every_track_ends_with_the_tune() -> None:
    tune = HEADER + 'V:1\n|:CDEz|z4:|\nV:2\n"C"C4|\n'
    file = parse_midi(to_midi_bytes(tune))
    ends = [sum(message.time for message in track) / file.ticks_per_beat for track in file.tracks]
    assert ends == [16] * 4
    assert all(track[-1].type == "end_of_track" for track in file.tracks)
    assert isinstance(file, mido.MidiFile)
