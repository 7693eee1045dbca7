import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abcrnn.notation import Block, fragments, read_blocks, split_tunebook
from abcrnn.notation.fragments import check_fragment, has_music, join_fragments
from abcrnn.notation.lines import is_music

HEADER = "X:{0}\nT:Tune {0}\nM:4/4\nL:1/4\nK:G\n"


def joined(book, always=False):
    """Text of the tunes and of the fragments of a tunebook, after joining."""
    blocks = list(join_fragments(read_blocks(book.split("\n")), always))
    return [b.text for b in blocks if b.is_tune], [b.text for b in blocks if not b.is_tune]


# Lines of music -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "|:GABc|dedB:|", "GABc dedB", "  c'2 B,/A,/ | z4 |]", '"Am"A2 "G7"B2 |', "[V:1] CDEF|",
        "[V:2]", "(3ABc d>e ^f=g", "{g}A3 ~B2 !trill!c TA|", "X:|", "||", "A2", "d:|",
        "!segno! [CEG]2 | [1 ABcd :|[2 efga |]", "ABcd|\\", "uAvB|% comment",
    ],
)  # fmt: skip
def test_music(line):
    assert is_music(line)


@pytest.mark.parametrize(
    "line",
    [
        "A bad egg", "The Kesh | jig | reel", "This is a story: a good one.", "T:Title", "w:la la",
        "% CDEF|", "%%begintext", "", "   ", ":1646", "Page 12", "A", "Bed", "http://a.b/c|d",
        "Play it slowly | then faster", '"Hello"', "* * *", "- - -", "1.", "K:G",
    ],
)  # fmt: skip
def test_no_music(line):
    assert not is_music(line)


# Reports ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "in_file_header", "found"),
    [
        ("|:cdef|gfed:|", False, (1, 1, "lost", "music outside a tune is not read")),
        ("Chorus:\n  |:cdef|gfed:|", False, (2, 3, "lost", "music outside a tune is not read")),
        ("T:no number\nK:G\nGABc|", False, (1, 1, "lost", "a tune without X:")),
        ("W:a verse\nW:more", False, (1, 1, "outside", "the field W: after an empty line")),
        ("% comment\n Some words", False, (2, 2, "outside", "text outside tunes is not read: 'S")),
        ("M:3/4\nL:1/4\nB:a book\n%%scale 1", True, None),
        ("M:3/4\nD:|", True, (2, 1, "lost", "music outside a tune is not read")),
        ("M:3/4\nQ:120", True, (2, 1, "outside", "the field Q: in a file header is not read")),
        ("%abc-2.1\n% comment\n%%newpage", True, None),
        ("%%begintext\n|:cdef|\nT:x\nK:G\n%%endtext", False, None),
        ("% a\n%%beginsvg x\n<svg>", False, (2, 1, "outside", "%%beginsvg is not closed by %%end")),
    ],
)
def test_what_is_outside_tunes_is_reported(text, in_file_header, found):
    problems = check_fragment(Block(text, 7), in_file_header)
    if found is None:
        assert problems == []
        return
    (problem,) = problems
    assert (*problem[:3], problem.message[: len(found[3])]) == found
    assert has_music(Block(text, 7)) == (problem.kind == "lost")


# Joining ---------------------------------------------------------------------------------------


def test_an_empty_line_below_every_key():
    book = HEADER.format(1) + "\nGABc|\ndedB|\n\nWords between tunes.\n\n" + HEADER.format(2)
    book += "\n\nGGGG|\n\n|:AAAA:|\nW:verse"
    tunes, others = joined(book)
    assert tunes == [
        HEADER.format(1) + "GABc|\ndedB|",
        HEADER.format(2) + "GGGG|\n|:AAAA:|\nW:verse",
    ]
    assert others == ["Words between tunes."]
    first, second = (b for b in join_fragments(read_blocks(book.split("\n"))) if b.is_tune)
    assert [first.line_in_book(n) for n in range(1, 8)] == [1, 2, 3, 4, 5, 7, 8]
    assert book.split("\n")[second.line_in_book(7) - 1] == "|:AAAA:|"


def test_an_empty_line_between_all_lines():
    lines = (HEADER.format(1) + "GABc|\nw:la la\ndedB|").split("\n")
    assert joined("\n\n".join(lines)) == (["\n".join(lines)], [])


def test_one_tune_with_music_shows_that_empty_lines_are_meant():
    book = HEADER.format(1) + "\nGABc|\n\n" + HEADER.format(2) + "GGGG|\n\nAAAA|\n"
    assert joined(book) == (
        [HEADER.format(1).strip(), HEADER.format(2) + "GGGG|"],
        ["GABc|", "AAAA|"],
    )
    assert joined(book, always=True) == (
        [HEADER.format(1) + "GABc|", HEADER.format(2) + "GGGG|\nAAAA|"],
        [],
    )


@pytest.mark.parametrize(
    "after",
    ["Some words.", "% a comment", "T:Another\nM:4/4\nK:D\nGABc|", "Kesh | jig\nTobin | jig\nA2"],
)
def test_what_is_not_joined(after):
    book = HEADER.format(1) + f"\n{after}\n\n" + HEADER.format(2) + "\nGABc|"
    tunes, others = joined(book, always=True)
    assert tunes == [HEADER.format(1).strip(), HEADER.format(2) + "GABc|"]
    assert others == [after]


def test_only_the_first_tunes_decide():
    number, book = 300, ""
    for index in range(number):
        book += HEADER.format(index) + "\n" * (index < 150) + "GABc|\n\n"
    tunes, others = joined(book)
    assert len(tunes) == number and others == []
    tunes, others = joined(HEADER.format(0) + "GABc|\n\n" + book)
    assert len(tunes) == number + 1 and len(others) == 150


@settings(derandomize=True, deadline=None)
@given(st.text("X:1\nT KM/4|aG", max_size=60), st.booleans())
def test_joining_keeps_every_line(text, always):
    tunes, others = split_tunebook(text)
    blocks = list(join_fragments(read_blocks(text.split("\n")), always))
    before = [line for block in [*tunes, *others] for line in block.text.split("\n")]
    after = [line for block in blocks for line in block.text.split("\n")]
    assert sorted(before) == sorted(after)
    assert sum(block.is_tune for block in blocks) == len(tunes)
    for block in blocks:
        for number, line in enumerate(block.text.split("\n"), start=1):
            assert text.split("\n")[block.line_in_book(number) - 1] == line


def test_joining_takes_linear_time(monkeypatch):
    read = 0

    def counting(text):
        nonlocal read
        read += len(text)
        return is_music(text)

    monkeypatch.setattr(fragments, "is_music", counting)
    counts = []
    for number in (500, 4000):
        read = 0
        list(join_fragments(read_blocks(["X:1", "K:C", *["CDEF|", ""] * number]), always=True))
        counts.append(read)
    assert counts[1] < 8.1 * counts[0]
