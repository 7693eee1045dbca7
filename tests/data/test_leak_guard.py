"""The leak guard, compared with a direct search and on altered copies of real tunes."""

import re
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from abcrnn import ABCError, Corpus, transpose
from abcrnn.data import leave_out_copies
from abcrnn.data.leak_guard import find_copies, leave_out, recorded_copies
from abcrnn.notation import drop_fields, read_tune
from abcrnn.notation.melody import melody


def tune_of(body, header="M:4/4\nL:1/8\nK:C"):
    return f"X:1\n{header}\n{body}"


def halved(tune):
    """The tune in half the note lengths and the same meter."""
    unit = read_tune(tune).unit / 2
    return re.sub("^K:", f"L:{unit}\nK:", drop_fields(tune, "L"), count=1, flags=re.MULTILINE)


# A direct search -----------------------------------------------------------------------------


def steps_of(voice):
    """Interval and ratio of the lengths of each two notes in a row, and the bars of each note."""
    notes = melody(voice)
    steps = [(b.pitch - a.pitch, b.span / a.span) for a, b in pairwise(notes)]
    return steps, [note.span / (voice.bars[note.bar].meter.length or 1) for note in notes]


def is_copy(tune, sixteens):
    """Whether a tune shares more than 16 notes, which last more than 4 bars, with the others.

    ``sixteens`` has, for each run of 16 steps of the others, the steps from there on.
    """
    for voice in read_tune(tune).voices:
        steps, bars = steps_of(voice)
        for first in range(len(steps) - 15):
            for other in sixteens.get(tuple(steps[first : first + 16]), ()):
                pairs = zip(steps[first:], other, strict=False)
                equal = next((n for n, (a, b) in enumerate(pairs) if a != b), None)
                if equal is None:
                    equal = min(len(steps) - first, len(other))
                if sum(bars[first : first + equal + 1], Fraction(0)) > 4:
                    return True
    return False


def sixteens_of(tunes):
    found = {}
    for tune in tunes:
        for voice in read_tune(tune).voices:
            steps, _ = steps_of(voice)
            for first in range(len(steps) - 15):
                found.setdefault(tuple(steps[first : first + 16]), []).append(steps[first:])
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("name", "count"), [("irish", 12), ("jigs", 8)])
def test_copies_within_a_corpus_equal_a_direct_search(name, count, request):
    train, validation, test = request.getfixturevalue(name).split()
    sixteens = sixteens_of((*validation.tunes, *test.tunes))
    expected = [n for n, tune in enumerate(train.tunes) if is_copy(tune, sixteens)]
    assert find_copies(train, [validation, test]).tolist() == expected
    assert len(expected) == count


# Altered copies ------------------------------------------------------------------------------


def test_a_copy_is_found_in_any_key_and_note_length(jigs):
    held_out = Corpus("held-out", jigs.tunes[:6])
    altered = [transpose(halved(tune), n + 1) for n, tune in enumerate(held_out.tunes)]
    others = jigs.tunes[100:106]
    pairs = zip(altered, others, strict=True)
    train = Corpus("train", tuple(tune for pair in pairs for tune in pair))
    parts = [Corpus("first", held_out.tunes[:3]), Corpus("last", held_out.tunes[3:])]
    assert find_copies(train, parts).tolist() == [0, 2, 4, 6, 8, 10]
    assert leave_out_copies(train, held_out).tunes == others


BARS = ["CDEF GABc", "dcBA cBAG", "cegf edcB", "AcBA GFED", "EGce dBGF", "C8"]


@pytest.mark.parametrize(
    ("shared", "copied"),
    [
        ("|".join([*BARS[:4], "^g8"]), False),  # four bars
        ("|".join([*BARS[:4], "E^g7"]), True),  # and one note more
        ("|".join(BARS), True),
        ("|".join(["C8", "D8", "E8", "F8", "C8", "B8", "E8"]), False),  # six bars, few notes
    ],
)
def test_limits(shared, copied):
    held_out = Corpus("held-out", (tune_of("|".join(BARS)), tune_of("C8|D8|E8|F8|C8|B8")))
    found = find_copies(Corpus("train", (tune_of(shared),)), [held_out])
    assert found.tolist() == [0] * copied


def test_a_tune_that_cannot_be_read_is_compared_by_its_body(jigs):
    unreadable = "X:1\nM:4/4\nK:C\nCDE|\0"
    with pytest.raises(ABCError):
        read_tune(unreadable)
    train = Corpus("train", (unreadable, jigs.tunes[0], unreadable.replace("CDE", "CDF")))
    held_out = Corpus("held-out", (unreadable.replace("X:1", "X:7\nT:Title"), jigs.tunes[50]))
    assert find_copies(train, [held_out]).tolist() == [0]


# The record ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_record_gives_the_same_part(irish):
    train, validation, test = irish.split()
    guarded = leave_out_copies(train, validation, test)
    record = guarded.origin["leak_guard"]
    assert len(record["left_out"]) == len(train.tunes) - len(guarded.tunes) == 12
    assert {**guarded.origin, "leak_guard": None} == {**train.origin, "leak_guard": None}
    assert leave_out(train, recorded_copies(guarded.origin)) == guarded
    assert recorded_copies(train.origin) is None


@pytest.mark.parametrize("record", [3, {}, {"left_out": 3}, {"left_out": [True]},
                                    {"left_out": [-1]}, {"left_out": [2**63]}])  # fmt: skip
def test_a_record_of_another_kind_is_refused(record):
    with pytest.raises(ValueError, match="not the record of a leak guard"):
        recorded_copies({"leak_guard": record})


@pytest.mark.slow
def test_a_training_part_is_not_left_empty(jigs):
    copy = Corpus("copy", jigs.tunes[:2])
    with pytest.raises(ValueError, match="all tunes of copy share more than 4 bars with a held"):
        leave_out_copies(copy, jigs)


@pytest.mark.slow
def test_stored_tunes_give_the_same(jigs, tmp_path):
    from abcrnn.data.store import StoredTunes
    from abcrnn.data.store_writer import store_tunes
    from abcrnn.notation import Block

    train, validation, test = jigs.split()
    store = store_tunes(tmp_path, [Block(tune, 1, ()) for tune in train.tunes])
    stored = Corpus(train.name, StoredTunes(store), origin=train.origin)
    found = leave_out_copies(stored, validation, test)
    expected = leave_out_copies(train, validation, test)
    assert found.origin == expected.origin
    assert tuple(found.tunes) == expected.tunes
    assert found.fingerprint == expected.fingerprint
    assert np.array_equal(found.body_digests(), expected.body_digests())
