"""Distributions of tunes, and the distance between two."""

from collections import Counter
from fractions import Fraction
from itertools import chain, combinations, pairwise

import mido
import numpy as np
import pytest

from abcrnn import to_midi
from abcrnn.evaluation.distributions import distance, distributions


def F(*sixteenths):  # noqa: N802
    return tuple(Fraction(n, 16) for n in sixteenths)


def count(body, header="M:2/4\nL:1/8\nK:D\n"):
    return distributions([f"X:1\n{header}{body}"])


# Counts --------------------------------------------------------------------------------------


def test_counts_of_a_tune():
    found = count("A|:d2 ef|z2 [Fa]{b}g-|g4:|1 d>e d2|2 (3def d2-|d2 ^d2|]")
    # A d e f a g d e d d e f d ^d
    midi = [69, 74, 76, 78, 81, 79, 74, 76, 74, 74, 76, 78, 74, 75]
    assert found["pitch"] == Counter(midi)
    assert found["interval"] == Counter(after - before for before, after in pairwise(midi))
    third = Fraction(1, 12)
    lengths = [*F(2, 4, 2, 2, 2, 10, 3, 1, 4), third, third, third, Fraction(8, 16), *F(4)]
    assert found["note length"] == Counter(lengths)
    assert found["bar rhythm"] == Counter(
        [F(4, 2, 2), F(-4, 2, 2), F(8), F(3, 1, 4), (third, third, third, *F(4)), F(4, 4)]
    )
    assert found["tune length"] == {6: 1}


@pytest.mark.parametrize(
    ("body", "bars"),
    [
        ("A|defg|d3:|\nA|defg|d3|]", 4),  # pickups and the short bars that they complete
        ("defg|d4|", 2),
        ("defg", 1),
        ("", 0),
        ("V:1\ndefg|d4|\nV:2\nDEFG|D4|D4|", 3),
        ("M:none\ndefgab|d4|", 2),
    ],
)
def test_tune_length(body, bars):
    assert count(body)["tune length"] == {bars: 1}


def test_ties_join_one_pitch_and_voices_are_separate():
    assert count("d2-e2|")["note length"] == {Fraction(1, 4): 2}
    assert count("[Ad]2-[Be]2|[Be]2-[Ae]2|")["pitch"] == {74: 1, 76: 2}
    found = count("V:1\nd2 f2|\nV:2\nD4|")
    assert found["pitch"] == {74: 1, 78: 1, 62: 1}
    assert found["interval"] == {4: 1}


def test_invalid_tunes_are_left_out():
    tunes = ["X:1\nM:2/4\nK:C\ncdef|", "X:2\nK:C\nZ9999|", "X:3\nK:C\nc\0d|"]
    found = distributions(tunes)
    assert found["tune length"].total() == 1
    assert found["pitch"].total() == 4


def test_notes_are_those_of_the_midi_file(oneills, tmp_path):
    """For tunes without repeats, ornaments and chords, which are played as they are written."""
    plain = [t for t in oneills.tunes if not set(t.split("\nK:")[1]) & set('[]{":&-+!.~TuvHP')]
    assert len(plain) > 50
    for tune in plain[::10]:
        to_midi(tune, tmp_path / "tune.mid")
        notes, now = [], 0
        file = mido.MidiFile(tmp_path / "tune.mid")
        for message in mido.merge_tracks(file.tracks):
            now += message.time
            if message.type in ("note_on", "note_off"):
                notes.append((now, message.type == "note_on" and message.velocity > 0, message))
        starts = [(now, message.note) for now, begins, message in notes if begins]
        ends = [now for now, begins, _ in notes if not begins]
        found = distributions([tune])
        pitches = [note for _, note in starts]
        assert found["pitch"] == Counter(pitches)
        assert found["interval"] == Counter(np.diff(pitches).tolist())
        lengths = found["note length"]
        sounding = sum(ends) - sum(now for now, _ in starts)
        whole = 4 * file.ticks_per_beat
        assert float(sum(n * x for x, n in lengths.items())) == pytest.approx(
            sounding / whole, rel=0.02
        )


# Distance ------------------------------------------------------------------------------------


def test_distance_is_the_largest_difference_of_an_event():
    """Compared with the definition: the maximum over all sets of values."""
    random = np.random.default_rng(5)
    for _ in range(20):
        a, b = (Counter(dict(enumerate(random.integers(0, 9, 6).tolist()))) for _ in "ab")
        events = chain.from_iterable(combinations(range(6), size) for size in range(7))
        largest = max(
            abs(sum(a[x] for x in event) / a.total() - sum(b[x] for x in event) / b.total())
            for event in events
        )
        assert distance(a, b) == pytest.approx(largest)
        assert distance(a, b) == distance(b, a)


def test_known_distances():
    rhythms = Counter({F(4, 4): 1, F(8): 2})
    assert distance(rhythms, Counter({F(4, 4): 7, F(8): 14})) == 0
    assert distance(rhythms, Counter({F(2, 6): 5})) == 1
    assert distance(Counter("aab"), Counter("abb")) == 1 / 3
    assert distance(Counter(), rhythms) == distance(rhythms, Counter()) == 1
    assert distance(Counter(), Counter()) == 0


@pytest.mark.slow
def test_halves_of_a_corpus_are_closer_than_another_corpus(jigs, irish):
    one, other, foreign = (
        distributions(tunes[:150]) for tunes in (jigs.tunes[::2], jigs.tunes[1::2], irish.tunes)
    )
    for kind in one:
        assert distance(one[kind], other[kind]) < distance(one[kind], foreign[kind])
