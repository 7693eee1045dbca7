"""Lyrics below the music (section 5.1), and the words of W:."""

import pytest

from abcrnn.notation import check_tune, read_tune

HEADER = "X:1\nM:4/4\nL:1/4\nK:C\n"


def sung(music: str, verse: int = 1) -> list[str]:
    """Return the verse note by note: a hyphen where syllables join, ``_`` where one is held."""
    texts = []
    for bar in read_tune(HEADER + music).voices[0].bars:
        for event in bar.events:
            syllables = [s for s in event.lyrics if s.verse == verse]
            text = ""
            for s in syllables:
                text = "-" * s.follows + s.text + "-" * s.continues + "_" * s.held
            texts.append(text)
    return texts


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("syll-a-ble is", ["syll-", "-a-", "-ble", "is"]),
        ("syll-a--ble", ["syll-", "-a-", "", "-ble"]),
        ("time__ flies", ["time_", "_", "_", "flies"]),
        ("of~the * day", ["of the", "", "day", ""]),
        (r"twenty\-one two", ["twenty-one", "two", "", ""]),
        ("  a   b\t c ", ["a", "b", "c", ""]),
        ("", ["", "", "", ""]),
        (r"na\~n", [r"na\~n", "", "", ""]),
    ],
)
def test_signs_of_lyrics(words: str, expected: list[str]) -> None:
    assert sung(f"CDEF|\nw:{words}") == expected


def test_a_bar_sign_goes_to_the_next_bar() -> None:
    assert sung("CDE|F z G|z2|AB|\nw: a|b c||d|e") == ["a", "", "", "b", "", "c", "", "d", ""]


def test_lyrics_belong_to_the_line_above() -> None:
    assert sung("CDEF|\nGABc|\nw: so la\nEDCD|\nw: mi") == ["", "", "", "", "so", "la", "", "",
                                                           "mi", "", "", ""]  # fmt: skip


def test_a_continued_line_is_one_line() -> None:
    assert sung("CD\\\nEF|\nw: a b c d") == ["a", "b", "c", "d"]


def test_verses_and_continued_fields() -> None:
    music = "CDEF|\nw: one\n+: two\nw: three four\nGABc|\nw: five"
    assert sung(music) == ["one", "two", "", "", "five", "", "", ""]
    assert sung(music, 2) == ["three", "four", "", "", "", "", "", ""]


def test_rests_and_grace_notes_have_no_syllable_and_tied_notes_have() -> None:
    assert sung("{g}C- C z [EG]|\nw: a b c") == ["a", "b", "", "c"]


def test_each_voice_has_its_lyrics() -> None:
    tune = read_tune(HEADER + "V:1\nCD|\nw: a b\nV:2\nEF|\nw: c d\n")
    texts = [[e.lyrics[0].text for bar in v.bars for e in bar.events] for v in tune.voices]
    assert texts == [["a", "b"], ["c", "d"]]


@pytest.mark.parametrize(
    ("music", "position", "message"),
    [
        ("CDEF|\nw: a b c d e f", (6, 1), "lyrics without a note, from 'e' on"),
        ("w: a\nCDEF|", (5, 1), "lyrics (w:) without music above them"),
    ],
)
def test_lyrics_that_are_left_over_are_reported(
    music: str, position: tuple[int, int], message: str
) -> None:
    (problem,) = check_tune(HEADER + music, unsupported=True)
    assert (problem.line, problem.column, problem.kind) == (*position, "unsupported")
    assert problem.message.startswith(message)
    assert check_tune(HEADER + music) == []


def test_words_after_the_tune_are_kept() -> None:
    tune = read_tune(HEADER + "CDEF|\nW: One line\nW:\nW: and\n+: another\n")
    assert tune.words == ("One line", "", "and another")
