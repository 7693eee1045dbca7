"""Transposition to a key, and of the tunes of a tunebook."""

from __future__ import annotations

import pytest

from abcrnn.data.corpus import Corpus
from abcrnn.notation.errors import ABCError
from abcrnn.notation.movements import Movement, movement_to
from abcrnn.notation.playing import played_notes
from abcrnn.notation.reader import read_tune
from abcrnn.notation.transposed_tunebook import transpose_tunebook
from abcrnn.notation.transposition import transpose
from abcrnn.notation.tunebook import read_blocks


def tune(key: str, body: str = "ABcd|") -> str:
    return f"X:1\nL:1/8\nK:{key}\n{body}"


def pitches(text: str) -> list[int]:
    read = read_tune(text)
    return [note.pitch for voice in read.voices for note in played_notes(read, voice)]


@pytest.mark.parametrize(
    ("key", "to", "expected", "semitones"),
    [
        ("G", "A", "A", 2),
        ("G", "F", "F", -2),
        ("Am", "E", "Em", -5),
        ("Am", "Em", "Em", -5),
        ("Aaeo", "E minor", "Eaeo", -5),
        ("Ador", "G", "Gdor", -2),
        ("A dorian", "b dor", "B dorian", 2),
        ("D mix", "Bb", "Bb mix", -4),
        ("C", "F#", "F#", 6),
        ("C", "Gb", "Gb", 6),  # not the F# that six semitones up would be
        ("G#m", "Ab", "Abm", 0),  # the same pitches, spelled differently
        ("D exp _b ^f", "E", "E exp ^g ^f", 2),  # E is F sharp now
        ("G clef=bass", "A", "A clef=bass", 2),
    ],
)
def test_the_tonic_becomes_the_one_that_is_named(key, to, expected, semitones):
    moved = transpose(tune(key), to=to)
    assert moved.split("\n")[2].split() == f"K:{expected}".split()
    assert pitches(moved) == [pitch + semitones for pitch in pitches(tune(key))]


def test_later_keys_move_by_the_same_interval():
    moved = transpose(tune("G", "ABcd|[K:D]ABcd|\nK:Em\nABcd|"), to="Gb")
    assert [line for line in moved.split("\n") if "K:" in line] == [
        "K:Gb",
        moved.split("\n")[3],
        "K:Ebm",
    ]
    assert "[K:Db]" in moved


@pytest.mark.parametrize("to", ["", "H", "none", "HP", "G exp", "G bar", "G ^f", "K:G", "Gbb", 3])
def test_what_is_not_a_key_is_refused(to):
    with pytest.raises(ValueError, match=r"^to must be a key such as G, Bb or 'A dorian', not "):
        transpose(tune("G"), to=to)


@pytest.mark.parametrize(
    ("key", "to", "message"),
    [
        ("none", "G", "line 3, column 1: K:none has no tonic"),
        ("", "G", "line 3, column 1: K: has no tonic"),
        ("HP", "G", "line 3, column 1: K:HP has no tonic"),
        ("exp ^f", "G", r"line 3, column 1: K:exp \^f has no tonic"),
        ("G", "Em", "line 3, column 1: K:G has another mode than Em"),
        ("Am", "Gmaj", "K:Am has another mode than Gmaj"),
        ("G", "D#", "the key of D# would have 9 sharps; use Eb"),
        ("Em", "Cb", "the key of Cb would have 10 flats; use B$"),
    ],
)
def test_tunes_that_cannot_be_moved_to_the_key(key, to, message):
    with pytest.raises(ABCError, match=message):
        transpose(tune(key), to=to)


def test_either_semitones_or_a_key():
    with pytest.raises(ValueError, match="semitones must be left out with to, not 2"):
        transpose(tune("G"), 2, to="A")


@pytest.mark.slow
def test_every_key_of_real_tunes(irish: Corpus) -> None:
    """Every 40th tune to every tonic: the tonic is reached, and the notes move by the interval."""
    moved = 0
    for text in irish.tunes[::40]:
        key = read_tune(text).key
        for tonic in ("C", "C#", "Db", "D", "Eb", "E", "F", "F#", "Gb", "G", "Ab", "A", "Bb", "B"):
            try:
                semitones, _ = movement_to(text, tonic)
                new = transpose(text, to=tonic)
            except ABCError as error:
                assert "use" in error.message, text
                continue
            mode = key.name.partition(" ")[2]
            assert read_tune(new).key.name == f"{tonic} {mode}"
            assert -6 <= semitones <= 6
            assert pitches(new) == [pitch + semitones for pitch in pitches(text)]
            moved += 1
    assert moved > 150


BOOK = (
    "% a file header\r\nL:1/4\r\n\r\n"
    'X:1\r\nT:One % a comment\r\nK:G\r\n"G"GAB^c|% more\r\n\r\n'
    "Text between tunes: K:G\r\n\r\n"
    "X:2\r\nT:Macro\r\nm:~G2=GAG\r\nK:G\r\n~G2|\r\n\r\n"
    "X:3\nT:Pipes\nK:HP\nABc|\n"
)


def test_a_tunebook_keeps_all_other_text():
    book = transpose_tunebook(BOOK, 2)
    one = 'X:1\r\nT:One % a comment\r\nK:A\r\n"A"ABc^d|% more\r\n'
    three = "X:3\nT:Pipes\nK:HP\nBc^d|\n"
    expected = BOOK.replace(BOOK[BOOK.index("X:1") : BOOK.index("\r\nText")], one)
    assert book.text == expected.replace(BOOK[BOOK.index("X:3") :], three)
    assert (book.tunes, book.changed) == (3, 2)
    assert [(each.number, each.line, each.column) for each in book.skipped] == [(2, 13, 1)]
    assert "~G2=GAG" in book.skipped[0].message


def test_tunes_without_tonic_are_reported():
    book = transpose_tunebook(BOOK, to="D")
    assert [(each.number, each.title, each.line) for each in book.skipped] == [
        (2, "Macro", 13),
        (3, "Pipes", 19),
    ]
    assert "only by semitones" in book.skipped[1].message
    assert book.text.endswith(BOOK[BOOK.index("X:2") :])


def test_percussion_keeps_its_pitches():
    text = "X:1\nL:1/8\nK:G\nV:1\nV:2 clef=perc\n[V:1]GABc|\n[V:2]cccc|\n"
    book = transpose_tunebook(text, to="A")
    assert book.text == text.replace("K:G", "K:A").replace("GABc", "ABcd").replace(
        "[V:2]c",
        "[V:2]=c",  # not sharp, as the new key has it
    )
    drums = "X:1\nK:C clef=perc\ncccc|\n"
    assert transpose_tunebook(drums, 2) == (drums, 1, 0, (), ())


def test_the_settings_of_the_file_header_apply():
    text = "I:propagate-accidentals not\n\nX:1\nK:C\n^FF|\n"
    moved = transpose_tunebook(text, 2).text
    assert moved == "I:propagate-accidentals not\n\nX:1\nK:D\n^GG|\n"


def test_notation_that_would_change_is_reported():
    """A note that is already outside the MIDI range cannot move."""
    book = transpose_tunebook("X:1\nT:Low\nK:C\nC|C,,,,,,,,|\n", 2)
    assert book.text.endswith("C|C,,,,,,,,|\n")
    assert (book.skipped[0].line, book.skipped[0].column) == (4, 3)


@pytest.mark.slow
def test_a_moved_tunebook_moves_back(jigs: Corpus) -> None:
    book = "\n\n".join(jigs.tunes[::4]) + "\n"
    moved = transpose_tunebook(book, 3)
    assert not moved.skipped
    blocks = list(read_blocks(moved.text.split("\n")))
    assert moved.changed == moved.tunes == len(jigs.tunes[::4])
    for before, after in zip(jigs.tunes[::4], blocks, strict=True):
        assert pitches(after.text) == [pitch + 3 for pitch in pitches(before)]
    back = transpose_tunebook(moved.text, -3)
    assert len(back.text) == len(book)


def test_a_movement_names_its_defaults():
    assert Movement(2) == (2, None)
