"""Metrics of tunes: by hand, and compared with the MIDI file of real tunes."""

import io
import itertools
import re
from collections import Counter
from fractions import Fraction

import mido
import pytest

from abcrnn.evaluation.tune_metrics import Ending, measure, measure_all, summarize
from abcrnn.export.midi import to_midi_bytes
from abcrnn.notation import read_tune, split_tunebook


def found(body, header="M:2/4\nL:1/8\nK:D\n"):
    return measure(read_tune(f"X:1\n{header}{body}"))


# The ending ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "music", "ending"),
    [
        ("D", "FA d2|", "tonic"),
        ("D", "FA D,2|", "tonic"),
        ("D", "DA F2|", "chord"),
        ("D", "DA a2|", "chord"),
        ("D", "DA =f2|", "other"),
        ("D", "DA ^d2|", "other"),
        ("D", "DA _e2|", "other"),
        ("D", "DA __e2|", "tonic"),  # sounds as d
        ("Dm", "DA F2|", "chord"),
        ("Dm", "DA ^F2|", "other"),
        ("Bb", "DA B2|", "tonic"),
        ("Bb", "DA ^A2|", "tonic"),
        ("Bb", "DA =B2|", "other"),
        ("F#m", "DA F2|", "tonic"),
        ("A mix", "DA G2|", "other"),
        ("Ador", "DA c2|", "chord"),
        ("B loc", "DA f2|", "chord"),
        ("B", "DA f2|", "chord"),
        ("D", "d2 z2|", "tonic"),  # rests after it
        ("D", "A2 {f}d2|", "tonic"),  # grace notes do not count
        ("D", "f4-|f2 d2|", "tonic"),
        ("D", "A2 [df]2|", "chord"),  # the highest note of a chord
        ("D", "A2 [Ad]2|", "tonic"),
        ("D", "A2 ^d2|d4|", "tonic"),  # an accidental is in force up to the bar line
        ("D", "A2 ^d2-|d4|", "other"),  # but goes with a tie
        ("D", "^dA d2|", "other"),
        ("G", "G4|\nK:D\nA4|d4|", "tonic"),
        ("D", "d4|\nK:G\nA4|d4|", "chord"),
        ("D", "A4|A2 [K:G] G2|", "tonic"),  # the key changes inside the bar
        ("D", "A2 d2[K:G]|", "tonic"),  # and here after the note
        ("D", "|:A4|1 d4:|2 f4|]", "chord"),
        ("D", "|:A4|1 d4:|2 d4|]", "tonic"),
        ("none", "DA d2|", None),
        ("HP", "DA A2|", None),
        ("D exp _b ^g", "DA ^g2|", "other"),
        ("D exp _b _f", "DA f2|", "other"),  # F flat is no D major, but sounds as E
    ],
)  # fmt: skip
def test_ending(key, music, ending):
    expected = None if ending is None else Ending(ending)
    if key.endswith("_f"):
        expected = Ending.CHORD  # the third of a key is the one that its signature has
    assert found(music, f"M:2/4\nL:1/8\nK:{key}\n").ending == expected


def test_the_ending_is_that_of_the_tune_as_played():
    header = "P:BA\nM:2/4\nL:1/8\nK:D\n"
    assert found("P:A\nA2 d2|\nP:B\nA2 f2|", header).ending == Ending.TONIC
    assert found("P:A\nA2 d2|\nP:B\nA2 f2|").ending == Ending.CHORD


def test_only_the_first_voice_counts():
    metrics = found("V:1\nAA d2|\nV:2\nA,,4|D,,4|")
    assert (metrics.ending, metrics.leaps, metrics.full_bars) == (Ending.TONIC, 0, 1)


@pytest.mark.parametrize(
    ("music", "length"),
    [
        ("FA d2|", Fraction(1, 4)),
        ("FA d z|", Fraction(1, 8)),
        ("FA f>d|", Fraction(1, 16)),
        ("d2 f2-|f2 d2-|d4|]", Fraction(3, 4)),
        ("d2 d2-|(3ddd d2|]", Fraction(1, 4)),
        ("", None),
        ("z4|", None),
    ],
)
def test_length_of_the_last_note(music, length):
    assert found(music).last_duration == length


# Leaps ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("music", "leaps"),
    [
        ("Dd Dd|", 0),
        ("De eD|", 2),
        ("D2 z2|e4|", 1),  # also across a rest
        ("[De]2 d2|", 0),
        ("D{e}D eD|", 2),
        ("|:D2 d2:|e4|", 0),  # as written, not as played
        ("^cC D=c|", 0),
        ("^C=d z2|", 1),
    ],
)
def test_leaps(music, leaps):
    assert found(music).leaps == leaps


# Bars that return ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("music", "bars", "returning", "rhythms", "pairs", "returning_pairs"),
    [
        ("FA d2|FA d2|", 2, 1, 1, 1, 0),
        ("FA d2|BA d2|", 2, 0, 1, 1, 0),
        ("FA d2|F2 Ad|", 2, 0, 0, 1, 0),
        ("FAdf|FAdf|FAdf|", 3, 2, 2, 2, 1),
        ("FAdf|g4|FAdf|g4|", 4, 2, 2, 3, 1),
        ("F4|F2-F2|F-F-F2|", 3, 2, 2, 2, 1),  # ties are joined
        ("F4-|F2 A2|F4-|F2 A2|", 4, 2, 2, 3, 1),
        ("F4-|F2 A2|F4|z2 A2|", 4, 1, 1, 3, 0),  # the lengths of the first notes differ
        ("A|FA d2|FA d:|", 1, 0, 0, 0, 0),  # the pickup and the short bar are not full
        ("A|FA d2|FA d2|A:|", 2, 1, 1, 1, 0),
        ("FA d2|d|FA d2|", 2, 1, 1, 0, 0),  # a short bar between them
        ("z4|z4|FA d2|", 1, 0, 0, 0, 0),  # bars without notes do not count
        ("|:FA d2:|", 1, 0, 0, 0, 0),  # a repeat is not written again
        ("|:FA d2|1 g4:|2 FA d2|]", 3, 1, 1, 2, 0),
        ("[FA]4|[AF]4|", 2, 1, 1, 1, 0),
        ("{g}FA d2|FA d2|", 2, 1, 1, 1, 0),
        ("(3FAF d2|FA d2|(3FAF d2|", 3, 1, 1, 2, 0),
        ("F>A d2|F3/2A/ d2|", 2, 1, 1, 1, 0),
        ("^FA d2|FA d2|=FA d2|", 3, 1, 2, 2, 0),  # F is sharp in D
        ("M:none\nFA d2 FA d2|FA|FA|", 3, 1, 1, 2, 0),
    ],
)  # fmt: skip
def test_bars_that_return(music, bars, returning, rhythms, pairs, returning_pairs):
    metrics = found(music)
    assert metrics.full_bars == bars
    assert (metrics.returning, metrics.returning_rhythms) == (returning, rhythms)
    assert (metrics.pairs, metrics.returning_pairs) == (pairs, returning_pairs)


# Many tunes ----------------------------------------------------------------------------------


def test_summary():
    tunes = [
        "X:1\nM:2/4\nL:1/8\nK:D\nFA d2|FA d2|",
        "X:2\nM:2/4\nL:1/8\nK:D\nFA f2|DA De|FA f>d|FA fA|FA fA|",
        "X:3\nM:2/4\nL:1/8\nK:none\nDE G2|",
        "X:4\nM:2/4\nK:D\nz4|",
        "X:5\nK:D\nZ9999|",
    ]
    metrics = measure_all(tunes)
    assert [each.characters for each in metrics] == [len(tune) for tune in tunes[:3]]
    assert [each.bars for each in metrics] == [2, 5, 1]
    summary = summarize(metrics)
    assert summary.tunes == 3
    assert (summary.off_tonic, summary.off_chord) == (1 / 2, 0)
    assert (summary.short_ending, summary.with_leap) == (1 / 3, 1 / 3)
    assert (summary.without_return, summary.returning) == (1 / 3, 2 / 8)
    assert (summary.returning_rhythms, summary.returning_pairs) == (3 / 8, 0)
    assert summary.bars == 8 / 3
    empty = vars(summarize([]))
    assert empty.pop("tunes") == 0 and set(empty.values()) == {None}


# Real tunes, by their MIDI files -------------------------------------------------------------


def midi_notes(tune):
    """Return the notes of the MIDI file of a tune: (onset, end, pitch), in quarter notes."""
    file = mido.MidiFile(file=io.BytesIO(to_midi_bytes(tune)))
    notes, begun, now = [], {}, 0
    for message in mido.merge_tracks(file.tracks):
        now += message.time
        if message.type == "note_on" and message.velocity:
            begun[message.note] = now
        elif message.type in ("note_on", "note_off"):
            notes.append((begun.pop(message.note), now, message.note))
    beat = file.ticks_per_beat
    return sorted((round(a / beat, 3), round(b / beat, 3), pitch) for a, b, pitch in notes)


def plain_tunes(corpus, excluded):
    """Return the tunes without signs that other signs than notes and bar lines sound by."""
    return [tune for tune in corpus.tunes if not set(tune.split("\nK:")[1]) & set(excluded)]


@pytest.mark.slow
def test_endings_agree_with_the_midi_file(oneills):
    sharps = {"C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5, "F": -1}
    modes = {"": 0, "mix": -1, "dor": -2, "m": -3, "min": -3}
    ends, checked = Counter(), 0
    for tune in plain_tunes(oneills, '"[]{&:PV')[::3]:
        tonic, sign, mode = re.search(r"\nK: *([A-G])([#b]?) *(\w*)", tune).groups()
        notes, metrics = midi_notes(tune), measure(read_tune(tune))
        if mode.lower()[:3] not in modes:
            continue
        checked += 1
        pitch_class = {"": 0, "#": 1, "b": -1}[sign] + 7 * sharps[tonic]
        third = 3 if mode.lower()[:3] in ("dor", "m", "min") else 4
        interval = (notes[-1][2] - pitch_class) % 12
        expected = "tonic" if interval == 0 else "chord" if interval in (third, 7) else "other"
        assert metrics.ending == expected, tune
        ends[expected] += 1
        leaps = sum(abs(b[2] - a[2]) > 12 for a, b in itertools.pairwise(notes))
        assert metrics.leaps == leaps, tune
    assert checked > 40 and len(ends) == 3


def test_returning_bars_agree_with_the_midi_file(oneills):
    """Of tunes in which all bars are full, so that the bars of the file are known."""
    checked = returning = 0
    for tune in plain_tunes(oneills, '"[]{&:PVTH.~uv')[::2]:
        read = read_tune(tune)
        length = read.meter.length
        if any(bar.length != length for bar in read.bars()):
            continue
        checked += 1
        bars = {}
        for begin, end, pitch in midi_notes(tune):
            number, onset = divmod(begin, float(4 * length))
            bars.setdefault(number, []).append((round(onset, 2), round(end - begin, 1), pitch))
        contents = list(map(tuple, bars.values()))
        metrics = measure(read)
        assert metrics.full_bars == len(contents), tune
        assert metrics.returning == len(contents) - len(set(contents)), tune
        returning += metrics.returning
    assert checked > 10 and returning > 10


def test_every_tune_of_the_homemade_book_is_measured(homemade):
    tunes = [block.text for block in split_tunebook(homemade.read_text("utf-8"))[0]]
    metrics = measure_all(tunes)
    assert len(metrics) == len(tunes)
    assert all(each.returning <= each.returning_rhythms < each.full_bars for each in metrics)
