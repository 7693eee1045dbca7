"""nearest and MelodyIndex: changed copies are found, as by a comparison with every tune."""

import random
import re

import numpy as np
import pytest
from helpers.changed_tunes import altered, halved, written_notes
from helpers.edit_distance import fewest_changes
from helpers.growth import cost_of

import abcrnn
from abcrnn import ABCError, Corpus, nearest, transpose
from abcrnn.data.nearest import MelodyIndex, available_corpora
from abcrnn.notation import read_tune
from abcrnn.notation.melody import melody

HEADER = "M:4/4\nL:1/8\nK:C"


def tune_of(body):
    return f"X:1\n{HEADER}\n{body}"


@pytest.fixture(scope="module")
def few(oneills):
    """Ninety tunes, fewer than are kept in the cache folder."""
    return Corpus("few", oneills.tunes[:90])


@pytest.fixture(scope="module")
def of_few(few):
    return MelodyIndex(few)


# Copies of tunes -----------------------------------------------------------------------------


def pitches(tune):
    return [[note.pitch for note in melody(voice)] for voice in read_tune(tune).voices]


def changed(tune, share, source):
    """The tune with other notes, in another key."""
    notes = [place for place in written_notes(tune) if source.random() < share]
    return transpose(altered(tune, notes, source), source.randint(-6, 6))


def ornamented(tune, share, source):
    """The tune with notes cut in two, broken rhythms and grace notes."""
    text = list(tune)
    for place in written_notes(tune):
        if source.random() < share and re.match("[A-Ga-g](?![,'0-9/<>-])", tune[place:]):
            letter = text[place]
            text[place] = source.choice(
                [f"{letter}/{letter}/", f"{letter}/>{letter}/", f"{{{letter}}}{letter}"]
            )
    return "".join(text)


def finds(index, tune, original):
    """Whether the original is first, or has the same similarity as the first."""
    found = index.nearest(tune)
    return any(each.tune == original and each.similarity == found[0].similarity for each in found)


@pytest.mark.slow
def test_a_tune_finds_itself(few, of_few):
    for number, tune in enumerate(few.tunes, start=1):
        first = of_few.nearest(tune, 1)[0]
        assert (first.corpus, first.similarity) == ("few", 1)
        assert first.number == number or first.bars > 6  # of a tune that is there twice
        assert (first.tune, first.first_bar) == (few.tunes[first.number - 1], 1)


@pytest.mark.slow
def test_key_octave_and_unit_note_length_do_not_count(few, of_few):
    source = random.Random(0)  # noqa: S311
    for number in source.sample(range(90), 20):
        tune = few.tunes[number]
        for copy in (
            halved(tune),
            transpose(tune, 12),
            halved(transpose(tune, source.randint(-6, 6))),
        ):
            first = of_few.nearest(copy, 1)[0]
            assert (first.tune, first.similarity) == (tune, 1)
            assert first.notes == max(map(len, pitches(tune)))


@pytest.mark.slow
def test_changed_notes(few, of_few):
    source = random.Random(1)  # noqa: S311
    tunes = source.sample(few.tunes, 30)
    assert sum(finds(of_few, changed(tune, 0.15, source), tune) for tune in tunes) == 30
    assert sum(finds(of_few, changed(tune, 0.3, source), tune) for tune in tunes) >= 28


def test_changed_rhythm_and_ornaments(few, of_few):
    source = random.Random(2)  # noqa: S311
    copies = {tune: ornamented(tune, 0.3, source) for tune in source.sample(few.tunes, 30)}
    assert sum(copy != tune for tune, copy in copies.items()) > 25
    assert all(finds(of_few, copy, tune) for tune, copy in copies.items())


@pytest.mark.slow
def test_changed_notes_among_all_known_tunes(irish, jigs, oneills):
    """How many changed copies of tunes of irish and jigs are found among all three corpora."""
    index, source = MelodyIndex(irish, jigs, oneills), random.Random(3)  # noqa: S311
    tunes = source.sample([tune for tune in (*irish.tunes, *jigs.tunes) if pitches(tune)], 200)
    for share, least in (0.15, 200), (0.3, 190):
        found = sum(finds(index, changed(tune, share, source), tune) for tune in tunes)
        assert found >= least, (share, found)


def test_a_passage_of_a_tune(few, of_few):
    tune = next(tune for tune in few.tunes if len(pitches(tune)[0]) > 60)
    notes = pitches(tune)[0][20:40]
    names = ["=C", "^C", "=D", "^D", "=E", "=F", "^F", "=G", "^G", "=A", "^A", "=B"]
    body = "".join(f"{names[note % 12]}" + "'" * (note // 12 - 5) for note in notes)
    first = of_few.nearest(tune_of(body))[0]
    assert (first.tune, first.similarity) == (tune, 1)


# Brute force ---------------------------------------------------------------------------------


def classes(tune):
    return np.concatenate(pitches(tune)).astype(np.int16) % 12


@pytest.fixture(scope="module")
def in_all_keys(few):
    """Notes of each tune in twelve keys, shape (tunes, 12, notes); -1 where a tune is shorter."""
    notes = list(map(classes, few.tunes))
    padded = np.full((len(notes), 12, max(map(len, notes))), -1, np.int16)
    for row, own in zip(padded, notes, strict=True):
        row[:, : len(own)] = (own + np.arange(12)[:, None]) % 12
    return padded


def similarities(tune, known):
    """Of each known tune, compared note by note in all twelve keys."""
    return 1 - fewest_changes(classes(tune), known).min(axis=1) / len(classes(tune))


@pytest.mark.parametrize("share", [0, 0.15, 0.3])
def test_same_as_brute_force(few, of_few, in_all_keys, share):
    source = random.Random(f"{share} 4")  # noqa: S311
    for tune in source.sample(few.tunes, 3):
        copy = changed(tune, share, source)
        expected = similarities(copy, in_all_keys)
        found = of_few.nearest(copy, 3)
        assert found[0].similarity == pytest.approx(expected.max())
        for each in found:
            # Of tunes that are unlike, only the three most likely keys are tried.
            most = expected[each.number - 1]
            assert each.similarity == pytest.approx(most) or each.similarity < most < 0.65


def test_unlike_tunes_have_nearly_the_similarity_of_brute_force(of_few, in_all_keys, jigs):
    source = random.Random(5)  # noqa: S311
    for tune in source.sample(jigs.tunes, 4):
        most = similarities(tune, in_all_keys).max()
        assert most - 0.08 < of_few.nearest(tune)[0].similarity < most + 1e-9


# Order and sources ---------------------------------------------------------------------------

SCALE = "CDEF GABc|dcBA GFED|"
WANTED = tune_of(SCALE)


def test_equally_similar_tunes_are_in_order_of_passage_and_length():
    other_rhythm = tune_of("C2DE F2GA|B2cd c2BA|G2FE D4|")
    longer = tune_of(f"E8|e8|{SCALE}")
    corpus = Corpus("order", (other_rhythm, longer, WANTED))
    found = nearest(WANTED, corpus)
    assert [each.number for each in found] == [3, 2, 1]
    assert [each.similarity for each in found] == [1, 1, 1]
    assert [each.bars for each in found] == [2, 2, 0.25]


def test_several_sources(tmp_path, few):
    path = tmp_path / "mine.abc"
    mine = WANTED.replace("M:", "T:Mine\nM:")
    path.write_text(f"{tune_of('c4 c4|')}\n\n{mine}\n")
    theirs = Corpus("theirs", (transpose(WANTED, 3),))
    for sources in (few, path, theirs), [few, str(path), theirs]:
        found = nearest(WANTED, sources, 2)
        assert [(each.corpus, each.number, each.title) for each in found] == [
            ("mine", 2, "Mine"), ("theirs", 1, ""),
        ]  # fmt: skip
    assert nearest(WANTED, path)[:1] == nearest(WANTED, MelodyIndex(abcrnn.load_corpus(path)))
    assert repr(MelodyIndex(few)) == "MelodyIndex(Corpus('few', tunes=90))"


def test_the_default_is_the_named_corpora_that_are_here(monkeypatch, own_cache, few):
    assert {"airds", "essen", "oneills", "ryans"} == set(available_corpora())
    own_cache.mkdir()
    (own_cache / "jigs.abc").write_text("X:1\nK:C\n")
    assert "jigs" in available_corpora()
    monkeypatch.setattr("abcrnn.data.nearest.available_corpora", lambda: ["one", "two"])
    monkeypatch.setattr("abcrnn.data.nearest.load_corpus", {"one": few, "two": few}.get)
    assert [each.number for each in nearest(few.tunes[4], n=2)] == [5, 5]


def test_tunes_that_are_like_none():
    known = Corpus("known", (WANTED, tune_of("A9999999"), tune_of("z8|")))
    assert nearest(WANTED, known, n=10) == nearest(WANTED, known, n=1)
    for body in "C8|", "CDE|", "C^CB,F|":
        assert nearest(tune_of(body), known) == []
    assert nearest(WANTED, []) == []


@pytest.mark.parametrize(
    ("tune", "message"),
    [
        ("hello", "the tune has no K: field"),
        ("X:12\nT:nokey\nABc|]", "the tune has no K: field"),
        ("X:11\nT:a\nK:\n", "the tune has no notes"),
        (tune_of("z8|"), "the tune has no notes"),
    ],
)
def test_tunes_without_key_or_notes_raise_as_in_exports(few, tune, message):
    with pytest.raises(ABCError, match=message) as exported:
        abcrnn.to_midi_bytes(tune)
    with pytest.raises(ABCError) as raised:
        nearest(tune, few)
    assert str(raised.value) == str(exported.value)


def test_chord_symbols_alone_are_not_compared(few):
    with pytest.raises(ABCError, match="the tune has no notes"):
        nearest(tune_of('"C"z4 "G"z4|'), few)


def test_voices_are_compared_one_after_the_other():
    two = "X:1\nM:4/4\nL:1/8\nK:C\nV:1\nCDEF GABc|\nV:2\nG,2 E,2 C,2 D,2|\n"
    first = nearest(two, Corpus("two", (WANTED, two)))[0]
    assert (first.number, first.similarity) == (2, 1)


def test_invalid_arguments(few):
    for n in 0, -1, 1.5, "3":
        with pytest.raises(ValueError, match="n must be a whole number of at least 1, not"):
            nearest(WANTED, few, n)
    with pytest.raises(ABCError, match="is too large"):
        nearest(tune_of("A9999999"), few)
    with pytest.raises(FileNotFoundError, match="neither a file"):
        nearest(WANTED, "no-such-corpus")


# Cost ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_cost_grows_with_the_index_and_not_with_its_square(few, of_few):
    four = MelodyIndex(*[few] * 4)
    small, large = (
        cost_of(lambda index=index: index.nearest(few.tunes[7])) for index in (of_few, four)
    )
    assert large.calls < 2 * small.calls
    assert large.allocated < 5 * small.allocated


@pytest.mark.slow
@pytest.mark.parametrize("body", ["C" * 9000, "CDEFGABc" * 1000])
def test_hostile_tunes_cost_no_more_than_their_first_notes(body):
    long = Corpus("long", (tune_of(body), tune_of(body[:100])))
    found = nearest(tune_of(body), long)
    assert found[0].number == 1
    assert found[0].similarity == 1
