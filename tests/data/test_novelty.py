"""NoveltyIndex, compared with a brute-force search."""

import random
from itertools import pairwise

import numpy as np
import pytest
from helpers.changed_tunes import altered, halved, written_notes
from hypothesis import given, settings
from hypothesis import strategies as st

from abcrnn import ABCError, transpose
from abcrnn.data.novelty import Novelty, NoveltyIndex
from abcrnn.notation import read_tune
from abcrnn.storage.archive import read_archive, write_archive

NOTHING = Novelty(notes=0, bars=0.0, tune=None, first_bar=0, known_share=0.0)


def tune_of(body, header="M:4/4\nL:1/8\nK:C"):
    return f"X:1\n{header}\n{body}"


@pytest.fixture(scope="module")
def many(oneills):
    """Three hundred tunes, and an index of them."""
    return oneills.tunes[:300], NoveltyIndex(oneills.tunes[:300])


@pytest.fixture(scope="module")
def of_jigs(jigs):
    return NoveltyIndex(jigs.tunes)


# Copies of tunes -----------------------------------------------------------------------------


def tenth_altered(tune, source):
    return altered(tune, [p for p in written_notes(tune) if source.random() < 0.1], source)


# Brute force ---------------------------------------------------------------------------------


def melody(voice):
    """Pitch, length, bar number and length of a bar of each note, computed from the onsets."""
    begun, held = [], None
    for number, bar in enumerate(voice.bars, start=1):
        for event in bar.events:
            top = max(zip([p.midi for p in event.pitches], event.tied, strict=True), default=None)
            if top and top[0] != held:
                begun.append((event.onset, top[0], number, bar.meter.length or 1))
            held = top[0] if top and top[1] else None
    end = voice.bars[-1].onset + voice.bars[-1].length
    ends = [*[onset for onset, *_ in begun], end][1:]
    return [
        (pitch, end - onset, number, whole)
        for (onset, pitch, number, whole), end in zip(begun, ends, strict=True)
    ]


def steps_of(notes):
    return [(after[0] - before[0], after[1] / before[1]) for before, after in pairwise(notes)]


def longest_from_each(steps, tune):
    """For each step, the largest number of steps from it on that the tune contains."""
    found = [0] * len(steps)
    for voice in tune.voices:
        theirs = steps_of(melody(voice))
        after = [0] * (len(theirs) + 1)
        for place in reversed(range(len(steps))):
            row = [0] * len(after)
            for other, step in enumerate(theirs):
                if steps[place] == step:
                    row[other] = after[other + 1] + 1
            found[place], after = max(found[place], *row), row
    return found


def brute(tune, training):
    """Compare every note of the tune with every note of every training tune."""
    runs, known, grams = [], 0, 0
    for voice in read_tune(tune).voices:
        notes = melody(voice)
        steps = steps_of(notes)
        longest = [longest_from_each(steps, other) for other in training]
        for place in range(len(steps)):
            shared = [row[place] for row in longest]
            count = max(shared, default=0) + 1
            bars = sum(length / whole for _, length, _, whole in notes[place : place + count])
            if count > 1:
                runs.append((bars, count, shared.index(count - 1), notes[place][2]))
            known += count >= 6
        grams += max(0, len(notes) - 5)
    if not runs:
        return NOTHING
    bars, count, number, bar = max(runs, key=lambda run: run[:2])
    return Novelty(count, float(bars), number, bar, known / grams if grams else 0.0)


@pytest.mark.parametrize("seed", range(4))
def test_same_as_brute_force(oneills, seed):
    source = random.Random(seed)  # noqa: S311
    training = source.sample(oneills.tunes, 12)
    index, read = NoveltyIndex(training), [read_tune(tune) for tune in training]
    copies = [source.choice(training) for _ in range(4)]
    candidates = [
        copies[0],
        halved(transpose(copies[1], source.randint(-5, 5))),
        tenth_altered(copies[2], source),
        tenth_altered(halved(transpose(copies[3], 3)), source),
        *source.sample(oneills.tunes, 4),
    ]
    for tune in candidates:
        assert index.compare(tune) == brute(tune, read)


@pytest.mark.parametrize("name", ["irish", "jigs"])
def test_same_as_brute_force_between_corpora(oneills, name, request):
    source = random.Random(f"{name} 1")  # noqa: S311
    training = source.sample(oneills.tunes, 15)
    index, read = NoveltyIndex(training), [read_tune(tune) for tune in training]
    for tune in source.sample(request.getfixturevalue(name).tunes, 10):
        assert index.compare(tune) == brute(tune, read)


bodies = st.text("ABcd2-z|/[]>(3 ", min_size=1, max_size=40)


@given(st.lists(bodies, max_size=4), bodies)
@settings(deadline=None)
def test_same_as_brute_force_on_random_text(training, body):
    """Few letters give repeated notes, runs that end together and tunes that end in a run."""
    try:
        read = [read_tune(tune_of(text)) for text in training]
        expected = brute(tune_of(body), read)
    except ABCError:
        return
    assert NoveltyIndex([tune_of(text) for text in training]).compare(tune_of(body)) == expected


# Copies are found ----------------------------------------------------------------------------


def test_transposed_tune_is_the_same(many):
    tunes, index = many
    for number, tune in enumerate(tunes[::10]):
        moved = transpose(tune, (-5, -3, 2, 4, 7)[number % 5])
        assert index.compare(moved) == index.compare(tune)


def test_tune_in_half_the_note_lengths_is_the_same_in_half_the_bars(many):
    tunes, index = many
    for tune in tunes[::10]:
        found, whole = index.compare(halved(tune)), index.compare(tune)
        assert found == whole._replace(bars=whole.bars / 2)
        assert whole.known_share in (0.0, 1.0)


@pytest.mark.slow
def test_tune_with_every_tenth_note_altered_is_found(many):
    tunes, index = many
    source = random.Random(1)  # noqa: S311
    long = [tune for tune in tunes[::3] if len(list(written_notes(tune))) >= 40]
    right = 0
    for tune in long:
        at_random = index.compare(tenth_altered(halved(transpose(tune, 2)), source))
        right += at_random.tune == index.compare(tune).tune
        each_tenth = index.compare(altered(tune, list(written_notes(tune))[9::10], source))
        assert each_tenth.known_share >= 0.3
    assert right >= 0.95 * len(long)


@pytest.mark.slow
def test_other_corpora_share_little(of_jigs, oneills):
    found = [of_jigs.compare(tune) for tune in oneills.tunes[::8]]
    assert np.median([novelty.bars for novelty in found]) < 1.5
    assert np.median([novelty.notes for novelty in found]) < 10
    assert sum(novelty.bars > 4 for novelty in found) <= 0.015 * len(found)


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (1065, "Monaghan Jig"),
        (695, "Maggie's Favourite"),  # O'Neill's Planxty Browne
        (717, "Go to the Devil"),  # When Sick Is It Tea You Want?
        (811, "Red Stocking"),  # The Priest's Leap
        (841, "Pet of the Pipers"),  # Doherty's Fancy
        (1989, "Ap Shenkin"),  # The Dear Little Island
    ],
)
def test_same_tune_is_found_under_another_name(of_jigs, jigs, oneills, number, name):
    found = of_jigs.compare(oneills.tunes[number])
    assert name in read_tune(jigs.tunes[found.tune]).title
    assert found.bars > 6


# What counts as the same ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "|:CDEF|GABc:|",  # repeats are not played
        "[CE,]D[EA,]FG[AF]Bc",  # of a chord the top note counts
        '"C"C.D!trill!E{AB}(FGA)B~c',
        "C/z/D/z/E/z/F/z/G/z/A/z/B/z/c/z/",  # a note lasts until the next begins
        "z4|CDEFGABc",
        "C/-C/DEFGA/-|A/Bc",
        "[CE,]/-[CE,]/DEFGABc",
        "[L:1/4]CDEFGABc",
        "[K:D]DEFGABcd",
        "V:1\nCBCB\nV:2\nCDEFGABc",
    ],
)
def test_other_spellings_of_the_same_melody(body):
    found = NoveltyIndex([tune_of("cac|"), tune_of("CDEFGABc")]).compare(tune_of(body))
    assert (found.notes, found.bars, found.tune) == (8, 2.0 if "1/4" in body else 1.0, 1)


@pytest.mark.parametrize(
    ("body", "notes"),
    [
        ("CDEFG2ABc", 4),
        ("CDEF^GABc", 4),
        ("CDEFzGABc", 4),  # a rest prolongs F
        ("CDEFF-FGABc", 4),
        ("CDEF\nV:2\nGABc", 4),  # no run goes from one voice to the next
    ],
)
def test_difference_ends_a_run(body, notes):
    assert NoveltyIndex([tune_of("CDEFGABc")]).compare(tune_of(body)).notes == notes


def test_run_does_not_cross_training_tunes():
    index = NoveltyIndex([tune_of("CDEF"), tune_of("GABc")])
    assert index.compare(tune_of("CDEFGABc")) == Novelty(4, 0.5, 0, 1, 0.0)


def test_longest_run_is_the_longest_in_bars():
    index = NoveltyIndex([tune_of("CDEFGABc"), tune_of("c8|A8|F8")])
    assert index.compare(tune_of("CDEFGABc|z2|c8|A8|F8|]"))[:4] == (3, 3.0, 1, 3)


def test_first_of_several_tunes_with_the_run_is_returned():
    index = NoveltyIndex([tune_of("cBcB"), *[tune_of("CDEFGABc|")] * 3])
    assert index.compare(tune_of("CDEFGABc")).tune == 1


@pytest.mark.parametrize(
    ("header", "body", "bars", "first_bar"),
    [
        ("M:4/4\nL:1/4\nK:C", "^G^G|CDEF|GABc|defg|agfe|", 4.0, 2),
        ("M:4/4\nL:1/4\nK:C", "^G|C|DEFG|ABcd|efga|gfe|", 4.0, 2),  # an upbeat is no bar
        ("M:4/4\nL:1/4\nK:C", "CD[1EF|GABc|defg|agfe|", 4.0, 1),  # nor is an ending
        ("M:6/8\nL:1/8\nK:C", "^G3^G3|CDEFGA|Bcdefg|agfe^f^d", 16 / 6, 2),
        ("M:2/4\nL:1/8\nK:C", "CDEF|[M:4/4]GABcdefg|[M:2/4]agfe", 3.0, 1),
        ("M:none\nL:1/4\nK:C", "CDEFGA|Bcdefg|agfe", 4.0, 1),  # a bar is a whole note
        ("L:1/4\nK:C", "CDEFGABcdefgagfe", 4.0, 1),
    ],
)
def test_bars_of_a_run_and_its_first_bar(header, body, bars, first_bar):
    index = NoveltyIndex([tune_of("CDEFGABcdefgagfe")])
    found = index.compare(tune_of(body, header))
    assert (found.notes, found.bars, found.first_bar) == (16, bars, first_bar)


def test_known_share_is_of_runs_of_six_notes():
    index = NoveltyIndex([tune_of("CDEFGABc")])
    assert index.compare(tune_of("CDEFGAB^c")).known_share == 2 / 3
    assert index.compare(tune_of("CDEFG")) == Novelty(5, 0.625, 0, 1, 0.0)


def test_nothing_to_share():
    assert NoveltyIndex(()).compare(tune_of("CDEFGABc")) == NOTHING
    index = NoveltyIndex([tune_of("CDEFGABc"), tune_of("")])
    for body in ("", "z8|", "C", "C^c'"):
        assert index.compare(tune_of(body)) == NOTHING


# Invalid and extreme tunes ---------------------------------------------------------------------


def test_unread_tunes_keep_their_indices():
    index = NoveltyIndex([tune_of("A9999999"), tune_of(""), tune_of("CDEF"), "no tune"])
    assert index.unread == 1
    assert index.compare(tune_of("DEFG")).tune is not None
    assert index.compare(tune_of("CDEF")).tune == 2
    with pytest.raises(ABCError, match="is too large"):
        index.compare(tune_of("A9999999"))


def test_repeated_note_takes_bounded_time_and_memory():
    tune = tune_of("A" * 6000)
    found = NoveltyIndex([tune, tune]).compare(tune)
    assert found == Novelty(4096, 512.0, 0, 1, 1.0)


def test_extreme_ratios():
    tune = tune_of("A1000B/500A1000B9999/9998A/500")
    assert NoveltyIndex([tune]).compare(tune).notes == 5


# Arrays --------------------------------------------------------------------------------------


def test_index_from_a_file_gives_the_same_results(many, tmp_path, oneills):
    tunes, _ = many
    index = NoveltyIndex([*tunes[:50], tune_of("A9999999")])
    write_archive(tmp_path / "index", "index 1", {}, index.to_arrays())
    again = NoveltyIndex.from_arrays(read_archive(tmp_path / "index", "index 1")[1])
    assert again.unread == index.unread == 1
    for tune in oneills.tunes[:200:10]:
        assert again.compare(tune) == index.compare(tune)


def row(*numbers, dtype=np.int64):
    return np.array(numbers, dtype)


LARGEST = 2**63 - 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"steps": None}, "steps and ends, not"),
        ({"more": row(1)}, "steps and ends, not"),
        (
            {"steps": row(5, 0, 5, 0)},
            "steps must be a one-dim.* array of uint32, not of int64",
        ),
        (
            {"steps": row(5, 0, 5, 0, dtype=">u4")},
            "steps must be a one-dim.* array of uint32",
        ),
        ({"steps": np.zeros((2, 2), np.uint32)}, "and shape \\(2, 2\\)"),
        (
            {"ends": row(2, 4, dtype=np.int32)},
            "ends must be a one-dim.* array of int64, not of int32",
        ),
        ({"ends": np.array(4)}, "ends must be a one-dim.* array"),
        ({"ends": row(2, 5)}, "do not divide the 4 steps"),
        ({"ends": row(2, 3)}, "do not divide"),
        ({"ends": row()}, "do not divide"),
        ({"ends": row(-1, 4)}, "do not divide"),
        ({"ends": row(5, 4)}, "do not divide"),
        ({"ends": row(LARGEST, -LARGEST + 9, 4)}, "do not divide"),
        ({"ends": row(3, 4)}, "does not end with the end of a voice"),
        ({"steps": row(5, 0, 0, 5, dtype=np.uint32)}, "does not end with the end of a voice"),
    ],
)
def test_invalid_arrays_are_refused(changes, reason):
    arrays = {"steps": row(5, 0, 5, 0, dtype=np.uint32), "ends": row(2, 4)}
    NoveltyIndex.from_arrays(arrays)
    arrays = {name: array for name, array in {**arrays, **changes}.items() if array is not None}
    with pytest.raises(ValueError, match=reason):
        NoveltyIndex.from_arrays(arrays)


@given(st.lists(st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 3), max_size=20), max_size=4))
def test_index_of_random_numbers_gives_a_result(tunes):
    steps = [np.array([*tune, 0], np.uint32) for tune in tunes]
    ends = np.cumsum([len(tune) for tune in steps], dtype=np.int64)
    together = np.concatenate([np.zeros(0, np.uint32), *steps])
    found = NoveltyIndex.from_arrays({"steps": together, "ends": ends}).compare(tune_of("CDEcBAGF"))
    assert found.tune is None or 0 <= found.tune < len(tunes)
