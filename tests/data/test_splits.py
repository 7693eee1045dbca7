"""Splits: the rule "hash", the earlier rule "shuffle", and what a split records."""

import re

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from abcrnn.data.corpus import Corpus
from abcrnn.data.midi_folder import piece_digests, split_pieces
from abcrnn.data.notes import Piece, notes_of_steps
from abcrnn.data.splits import (
    PARTS,
    Subject,
    assign_parts,
    body_digest,
    describe_split,
    digest_array,
    recorded_arguments,
    recorded_rule,
    union_digests,
)
from abcrnn.notation import tune_body

BOOK = Subject("book", "tunes", "add more")
BODIES = ["DEFA", "d2 fd", "A>B c", "GABc", "(3efg a", "[FA]2", "z4", "FA, \n d"]


def tune_of(body, number=1):
    return f"X:{number}\nT:Tune {number}\nM:4/4\nL:1/8\nK:D\n{body}|"


def corpus_of(bodies):
    return Corpus("book", tuple(tune_of(body, number) for number, body in enumerate(bodies)))


def parts_by_body(corpus, *split):
    """The part of each body; fails if a body is in two parts."""
    parts = {}
    for name, part in zip(PARTS, corpus.split(*split), strict=True):
        for tune in part.tunes:
            body = "".join(tune_body(tune).split())
            assert parts.setdefault(body, name) == name
    return parts


# The rule "hash" -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seed", "parts"),
    [
        (0, ["0457", "13", "26"]),
        (1, ["0125", "4", "367"]),
        (2, ["07", "1234", "56"]),
    ],
)
def test_assignment_never_changes(seed, parts):
    """Models of earlier versions find their test tunes by these values."""
    split = corpus_of(BODIES).split(0.25, 0.25, seed)
    assert ["".join(tune[2] for tune in part.tunes) for part in split] == parts


def test_body_digests_never_change():
    """Stores and model files contain them."""
    assert [body_digest(tune_of(body)).hex() for body in BODIES[:3]] == [
        "f8e53a347e7eb0d0", "e5650029c434f3e3", "dbcbaacbea619b9f",
    ]  # fmt: skip
    assert corpus_of(BODIES).body_digests()[0] == 0xD0B07E7E343AE5F8


#: Notes of tunes, the first five of them twice.
books = st.lists(st.integers(0, 300), min_size=40, max_size=80, unique=True).map(
    lambda notes: notes + notes[:5]
)


def hash_gives_each_part_a_tune(corpus, seed):
    """Whether no part of the corpus has to be filled: so many other groups fill them all."""
    digests = np.append(corpus.body_digests(), np.arange(2000, dtype=np.uint64))
    parts = assign_parts(digests, 0.2, 0.3, seed, subject=BOOK)[: len(corpus.tunes)]
    return len(set(parts.tolist())) == 3


@pytest.mark.slow
@given(books, st.data(), st.integers(0, 5))
@settings(deadline=None)
def test_adding_or_removing_a_tune_moves_no_other(notes, data, seed):
    bodies = [f"a{note} b" for note in notes]
    removed = data.draw(st.integers(0, len(bodies) - 1))
    smaller, larger = corpus_of(bodies[:removed] + bodies[removed + 1 :]), corpus_of(bodies)
    assume(hash_gives_each_part_a_tune(smaller, seed))
    before, after = (parts_by_body(book, 0.2, 0.3, seed) for book in (smaller, larger))
    assert {body: after[body] for body in before} == before


@pytest.mark.slow
@given(books, st.randoms(use_true_random=False), st.integers(0, 5))
@settings(deadline=None)
def test_order_of_tunes_does_not_matter(notes, random, seed):
    bodies = [f"a{note} b" for note in notes]
    before = parts_by_body(corpus_of(bodies), 0.2, 0.3, seed)
    random.shuffle(bodies)
    assert parts_by_body(corpus_of(bodies), 0.2, 0.3, seed) == before


@given(st.lists(st.sampled_from(range(8)), min_size=5), st.integers(0, 20))
@settings(deadline=None)
def test_duplicates_are_in_one_part_and_no_part_is_empty(numbers, seed):
    assume(len(set(numbers)) >= 3)
    corpus = corpus_of([BODIES[number].replace(" ", " " * (i % 3)) for i, number in
                        enumerate(numbers)])  # fmt: skip
    parts = parts_by_body(corpus, 0.2, 0.2, seed)
    assert len(parts) == len(set(numbers))
    assert set(parts.values()) == set(PARTS)
    assert len(corpus.tunes) == sum(len(part.tunes) for part in corpus.split(0.2, 0.2, seed))


def test_union_of_digests():
    first, second = np.array([7, 2**64 - 1], np.uint64), np.array([3, 7, 3], np.uint64)
    union = union_digests(first, None, second)
    assert union.dtype == np.uint64 and union.tolist() == [3, 7, 2**64 - 1]
    assert union_digests(None).dtype == np.uint64 and len(union_digests()) == 0


def test_header_does_not_matter():
    plain = corpus_of(BODIES)
    other = Corpus("other", tuple(f"X:{n}\nK:G\n{b}|" for n, b in enumerate(BODIES, start=7)))
    assert parts_by_body(plain, 0.25, 0.25, 3) == parts_by_body(other, 0.25, 0.25, 3)


def test_shares_are_approximate():
    digests = digest_array(body_digest(tune_of(f"a{n}")) for n in range(20_000))
    for seed in range(3):
        parts = assign_parts(digests, 0.1, 0.2, seed, subject=BOOK)
        shares = np.bincount(parts) / len(digests)
        assert shares == pytest.approx([0.7, 0.1, 0.2], abs=0.012)  # 4 standard deviations
    assert set(assign_parts(digests, 0, 0, 0, subject=BOOK).tolist()) == {0}
    assert set(assign_parts(digests, 0, 0.5, 0, subject=BOOK).tolist()) == {0, 2}


def test_larger_shares_keep_the_test_tunes():
    digests = digest_array(body_digest(tune_of(f"a{n}")) for n in range(200))
    small, large = (assign_parts(digests, v, t, 0, subject=BOOK) for v, t in ((0.1, 0.1), (0, 0.3)))
    assert (large[small == 2] == 2).all()


def test_empty_part_gets_the_nearest_group():
    # Numbers of the bodies at seed 0: 0.63, 0.43, 0.19, 0.38, 0.65, 0.61, 0.21, 0.85.
    def split(bodies, *shares):
        return ["".join(str(BODIES.index(tune_body(t)[:-1])) for t in part.tunes)
                for part in corpus_of(bodies).split(*shares, 0)]  # fmt: skip

    assert split(BODIES, 0, 0.15) == ["0134567", "", "2"]
    # The test part takes 0.43; then only the training part has a group to spare.
    assert split([BODIES[n] for n in (0, 1, 4, 5)], 0.13, 0.2) == ["04", "5", "1"]
    # All are below 0.7: the test part, which has two, gives its highest to the training part.
    assert split([BODIES[n] for n in (1, 2, 3)], 0.3, 0.4) == ["3", "1", "2"]


@pytest.mark.parametrize(
    ("bodies", "message"),
    [
        (BODIES[:4], r"book has too few tunes \(4\) for a validation share of 0.1: give valid"),
        (BODIES[:1], r"book has too few tunes \(1\) for a validation share of 0.1: give valid"),
        (BODIES[:1] * 9 + BODIES[1:2], r"book has too few tunes \(10, 2 different\) for 3 parts"),
    ],
)
def test_too_few_tunes(bodies, message):
    corpus = corpus_of(bodies)
    with pytest.raises(ValueError, match=message):
        corpus.split(0.1, 0.5)
    assert [len(part.tunes) for part in corpus.split(0, 0)] == [len(bodies), 0, 0]


@pytest.mark.parametrize("shares", [(-0.1, 0.1), (0.5, 0.5), (1.0, 0.0), (float("nan"), 0)])
def test_shares_out_of_range(shares):
    with pytest.raises(ValueError, match="must be shares from 0, together less than 1"):
        corpus_of(BODIES).split(*shares)


def test_invalid_seed_and_rule():
    with pytest.raises(ValueError, match="seed must be a whole number of at least 0, not -1"):
        corpus_of(BODIES).split(0.2, 0.2, -1)
    with pytest.raises(ValueError, match="rule must be one of 'hash', 'shuffle', not 'random'"):
        corpus_of(BODIES).split(0.2, 0.2, 0, "random")


# The rule "shuffle" --------------------------------------------------------------------------


def split_plainly(tunes, validation, test, seed):
    """Deal the bodies in a shuffled order to the first part that still lacks tunes."""
    groups = {}
    for index, tune in enumerate(tunes):
        groups.setdefault("".join(tune_body(tune).split()), []).append(index)
    groups = list(groups.values())
    wanted = {"test": round(test * len(tunes)), "validation": round(validation * len(tunes))}
    parts = {"train": [], "validation": [], "test": []}
    for index in np.random.default_rng(seed).permutation(len(groups)):
        part = next((p for p, size in wanted.items() if len(parts[p]) < size), "train")
        parts[part].extend(groups[index])
    return [tuple(tunes[i] for i in sorted(parts[part])) for part in parts]


@pytest.mark.parametrize("seed", range(12))
def test_shuffle_matches_its_definition(seed):
    random = np.random.default_rng(seed)
    notes = random.integers(5 + 10 * seed, size=30 + 5 * seed).tolist()  # with many duplicates
    corpus = corpus_of([f"a{note} b c" for note in notes])
    for shares in ((0.1, 0.1), (0, 0.4), (0.5, 0), (0, 0)):
        parts = corpus.split(*shares, seed=seed, rule="shuffle")
        assert [part.tunes for part in parts] == split_plainly(corpus.tunes, *shares, seed)


def test_shuffle_of_a_named_corpus_never_changes(oneills):
    """Older runs and models record a split by its shares and seed alone."""
    parts = oneills.split(rule="shuffle")
    assert [part.tunes for part in parts] == split_plainly(oneills.tunes, 0.1, 0.1, 0)


# Files ---------------------------------------------------------------------------------------


def piece(name, *pitches, velocity=80):
    times = np.full((2, len(pitches)), 0.5)
    return Piece(name, 0, 120.0, notes_of_steps(np.array(pitches), *times, velocity))


def names(parts):
    return [[piece.name for piece in part] for part in parts]


def test_files_are_assigned_by_their_notes():
    pieces = [piece(f"{n}.mid", n, 62, 64) for n in range(100)]
    parts = names(split_pieces(pieces, 0.2, 0.2, seed=1))
    for part in parts:
        assert part == sorted(part, key=lambda name: int(name[:-4]))
    fewer = names(split_pieces(pieces[::2], 0.2, 0.2, seed=1))
    assert fewer == [[name for name in part if int(name[:-4]) % 2 == 0] for part in parts]
    assert names(split_pieces(pieces[:8], 0.25, 0.25, seed=1)) == [
        ["3.mid", "4.mid", "6.mid", "7.mid"],
        ["1.mid"],
        ["0.mid", "2.mid", "5.mid"],
    ]


def test_files_with_the_same_notes_stay_together():
    pieces = [piece(f"{n}.mid", 60 + n % 5, 62, 64) for n in range(20)]
    pieces += [piece("two.mid", 30), piece("two.mid", 31)]  # two pieces of one file
    for rule in ("hash", "shuffle"):
        parts = split_pieces(pieces, 0.25, 0.25, seed=3, rule=rule)
        assert sum(map(len, parts)) == 22 and all(parts)
        sets = [{int(p.notes["pitch"][0]) for p in part} for part in parts]
        assert sets[0] | sets[1] | sets[2] == {60, 61, 62, 63, 64, 30, 31}
        assert any({30, 31} <= pitches for pitches in sets)
        assert not (sets[0] & sets[1] or sets[0] & sets[2] or sets[1] & sets[2])
        assert names(split_pieces(pieces, 0.25, 0.25, seed=3, rule=rule)) == names(parts)
    with pytest.raises(
        ValueError,
        match=r"too few different MIDI files \(1\) for a valid.* share of 0.1: add files, or",
    ):
        split_pieces([piece("a.mid", 60)])
    with pytest.raises(ValueError, match="must be shares from 0"):
        split_pieces(pieces, 0.5, 0.5)


@pytest.mark.parametrize("seed", range(4))
def test_shuffle_of_files_matches_its_definition(seed):
    pieces = [piece(f"{n}.mid", 40 + n % 17, 62) for n in range(30)]
    groups = [[p for p in pieces if p.notes["pitch"][0] == 40 + n] for n in range(17)]
    order = np.random.default_rng(seed).permutation(17)
    expected = [
        [p.name for number in sorted(chosen) for p in groups[number]]
        for chosen in (order[5:], order[:2], order[2:5])  # round(0.12 * 17), round(0.2 * 17)
    ]
    assert names(split_pieces(pieces, 0.12, 0.2, seed, "shuffle")) == expected


def test_digests_of_pieces_are_those_of_pitches_and_times():
    digests = piece_digests(
        [piece("a", 60, 62), piece("b", 60, 62, velocity=9), piece("a", 60, 63), piece("c")]
    )
    assert digests.dtype == np.uint64 and digests.shape == (4,)
    assert digests[0] == digests[1] and len(np.unique(digests)) == 3


# What is recorded ----------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["hash", "shuffle"])
def test_recorded_split_gives_the_same_parts(rule):
    parts = corpus_of(BODIES).split(0.25, 0.25, 2, rule)
    recorded = parts[0].describe()["origin"]["split"]
    assert recorded == describe_split(0.25, 0.25, 2, rule)
    assert corpus_of(BODIES).split(**recorded_arguments(recorded)) == parts


def test_split_without_a_rule_is_a_shuffle():
    recorded = {"validation": 0.1, "test": 0.2, "seed": 3}
    assert recorded_arguments(recorded) == {**recorded, "rule": "shuffle"}
    assert describe_split(0.1, 0.2, 3, "shuffle") == recorded
    assert recorded_rule({"split": recorded}) == "shuffle"
    assert recorded_rule({"split": {**recorded, "rule": "hash"}}) == "hash"
    assert recorded_rule({}) == recorded_rule(None) == "hash"


@pytest.mark.parametrize(
    "recorded",
    [None, [], {}, {"validation": 0.1, "test": "0.2", "seed": 3},
     {"validation": 0.1, "test": 0.2, "seed": 3, "path": "/"},
     {"validation": 0.1, "test": 0.2, "seed": 1.5}],
)  # fmt: skip
def test_invalid_records(recorded):
    with pytest.raises(ValueError, match=re.escape(f"not the record of a split: {recorded}")):
        recorded_arguments(recorded)
