"""Variants of tunes in other keys."""

from collections import Counter

import numpy as np
import pytest

from abcrnn import Corpus, NoveltyIndex, Vocabulary, check_tune, transpose
from abcrnn.data.augmentation import KeyVariants, key_of, make_key_variants
from abcrnn.data.leak_guard import find_copies
from abcrnn.notation import read_tune


def tune_of(key, body, number=1):
    return f"X:{number}\nM:4/4\nL:1/8\nK:{key}\n{body}"


def variants_of(tunes, vocabulary=None):
    return make_key_variants(tunes, vocabulary or Vocabulary.from_text("".join(tunes) + "^_="))


def grouped(made, count):
    """Return the variants of each of ``count`` tunes, found by choosing for many epochs."""
    seen = np.array([made.choose(0, epoch) for epoch in range(400)])
    return [sorted({made.tunes[index] for index in seen[:, tune]}) for tune in range(count)]


SCALE = "DEFG ABcd|"


def test_tunes_move_to_the_keys_of_their_mode():
    tunes = [tune_of("D", SCALE), tune_of("G", "GABc defg|"), tune_of("Am", "ABcd efga|"),
             tune_of("Em", "EFGA Bcde|")]  # fmt: skip
    in_d, in_g, in_a_minor, in_e_minor = grouped(variants_of(tunes), 4)
    assert in_d == sorted([tunes[0], tune_of("G", "GABc defg|")])
    assert in_g == sorted([tunes[1], tune_of("D", SCALE)])
    assert in_a_minor == sorted([tunes[2], tune_of("Em", "EFGA Bcde|")])
    assert in_e_minor == sorted([tunes[3], tune_of("Am", "ABcd efga|")])


@pytest.mark.parametrize(
    ("tune", "why"),
    [
        (tune_of("HP", "ABcd|"), "no tonic"),
        (tune_of("none", "ABcd|"), "no tonic"),
        (tune_of("D exp ^f", "DEFG|"), "additional accidentals"),
        (tune_of("D", "DEFG|\0"), "cannot be read"),
        (tune_of("D", "D,,EFg''|"), "notes below and above the others'"),
        ("X:1\nm:~G2=GAG\nK:D\nDEFG|", "a macro with notes"),
    ],
)
def test_a_tune_that_cannot_be_moved_stays(tune, why):
    tunes = [tune, *(tune_of("G", "GABc defg|", n) for n in range(2, 5))]
    assert grouped(variants_of(tunes), 1)[0] == [tune], why


def test_no_variant_has_characters_outside_the_vocabulary():
    tunes = [tune_of("D", "D^DEF|"), tune_of("G", "GABc|")]
    known = Vocabulary.from_text("".join(tunes))
    moved = transpose(tunes[0], 5)
    assert "^" in moved and grouped(variants_of(tunes, known), 1)[0] == sorted([tunes[0], moved])
    flat = [tune_of("F", "FGAB|"), tune_of("Bb", "=EFGA|")]
    without = Vocabulary.from_text("".join(flat).replace("b", ""))
    assert grouped(variants_of(flat, without), 1)[0] == [flat[0]]


def test_the_octave_is_the_one_whose_pitches_are_more_frequent():
    low = [tune_of("D", "DEFG ABGF|", n) for n in range(2, 6)]
    high = [tune_of("D", "defg abgf|", n) for n in range(6, 10)]
    tune, up, down = (tune_of("A", text) for text in ("ABcd efdc|", "defg abgf|", "DEFG ABGF|"))
    in_d = {"up": tune_of("D", up[-10:]), "down": tune_of("D", down[-10:])}
    for others, expected in ((high * 3 + low, "up"), (low * 3 + high, "down")):
        found = grouped(variants_of([tune, *others]), 1)[0]
        assert found == sorted([tune, in_d[expected]])


@pytest.mark.slow
def test_variants_of_real_tunes(irish):
    train = irish.split()[0]
    tunes = train.tunes[::8]
    made = make_key_variants(tunes, irish.vocabulary)
    assert 2.5 < len(made.tunes) / len(tunes) < 4.5
    index, found = NoveltyIndex(tunes), 0
    chosen = made.choose(3, 0)
    for tune, variant in zip(tunes, (made.tunes[n] for n in chosen), strict=True):
        found += tune != variant
        before, after = read_tune(tune), read_tune(variant)
        assert len(check_tune(variant)) == len(check_tune(tune))
        assert key_of(before).mode == key_of(after).mode
        # The novelty index and the leak guard see through it.
        assert index.compare(variant).notes == index.compare(tune).notes
    assert found > len(tunes) / 4
    moved = Corpus("moved", tuple(made.tunes[n] for n in chosen))
    long = [n for n, tune in enumerate(tunes) if NoveltyIndex([tune]).shares_run(tune, 4, 16)]
    assert len(long) > 0.9 * len(tunes)
    assert set(long) <= set(find_copies(moved, [Corpus("train", tunes)]).tolist())


@pytest.mark.slow
def test_keys_are_as_frequent_as_before(irish):
    train = irish.split()[0].tunes[:200]
    made = make_key_variants(train, irish.vocabulary)
    keys = [key_of(read_tune(tune)) for tune in made.tunes]
    before = Counter(key_of(read_tune(tune)) for tune in train)
    epochs = 30
    after = Counter(keys[n] for epoch in range(epochs) for n in made.choose(1, epoch))
    for key, count in before.most_common(4):
        assert after[key] / epochs == pytest.approx(count, rel=0.12), key


def test_choice_is_a_function_of_seed_and_epoch():
    made = KeyVariants(tuple("abcdef"), [2, 1, 3], [1, 3, 5, 1, 1, 2])
    chosen = np.array([made.choose(7, epoch) for epoch in range(4000)])
    assert np.array_equal(made.choose(7, 3), chosen[3])
    assert not np.array_equal(chosen[:50], [made.choose(8, epoch) for epoch in range(50)])
    counts = np.bincount(chosen.ravel(), minlength=6)
    assert counts / 4000 == pytest.approx([0.25, 0.75, 1, 0.25, 0.25, 0.5], abs=0.03)
    assert ((chosen >= [0, 2, 3]) & (chosen < [2, 3, 6])).all()
    assert made.originals().tolist() == [0, 2, 3]
    with pytest.raises(ValueError, match="2 tunes, 2 weights, sizes of 3"):
        KeyVariants(("a", "b"), [3], [1, 1])
