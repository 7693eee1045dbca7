import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abcrnn.notation import (
    check_tune,
    drop_fields,
    read_blocks,
    read_tune,
    renumber,
    split_tunebook,
    tune_body,
)
from abcrnn.notation.lines import starts_tune
from abcrnn.notation.tunebook import Block, tune_title

BOOK = """% a collection
% in two lines

X:1
T:One
K:D
abc|
X:2
K:G
def|

\tgfe|lost body

X: 3
T:no music
K:C"""


def test_tunes_and_fragments_with_their_lines():
    tunes, fragments = split_tunebook(BOOK)
    assert [t.line for t in tunes] == [4, 8, 14]
    assert tunes[0].text == "X:1\nT:One\nK:D\nabc|"
    assert tunes[1].text == "X:2\nK:G\ndef|"
    assert tunes[2].text == "X: 3\nT:no music\nK:C"
    assert [f.line for f in fragments] == [1, 12]
    assert fragments[1].text == "\tgfe|lost body"


@settings(derandomize=True, deadline=None)
@given(st.text("X:1\n \tKaLM/4|%\r\ufeff", max_size=60))
def test_every_line_is_in_one_block(text):
    tunes, fragments = split_tunebook(text)
    blocks = sorted([*tunes, *fragments], key=lambda block: block.line)
    lines = text.split("\n")
    found = []
    for block in blocks:
        numbers = [block.line_in_book(n + 1) for n in range(block.text.count("\n") + 1)]
        numbered = list(zip(numbers, block.text.split("\n"), strict=True))
        own = [(number, part) for number, part in numbered if number >= block.line]
        found += own
        assert own == numbered or block.is_tune  # the others are of the file header
        assert all(part in lines[n - 1].replace("\ufeff", "") for n, part in numbered)
    assert [number for number, _ in found] == sorted(number for number, _ in found)
    # A line is in one block, or in two if files were joined in the middle of it.
    assert "".join("".join(part.split()) for _, part in found) == "".join(
        "".join(line.split()) for line in lines
    ).replace("\ufeff", "")
    for tune in tunes:
        first, *others = tune.text.split("\n")
        assert starts_tune(first) and not any(map(starts_tune, others))


def test_a_large_tunebook_takes_little_memory():
    lines = (line for n in range(20_000) for line in (f"X:{n}", "K:D", "abc def|" * 20, ""))
    tracemalloc.start()
    count = sum(block.is_tune for block in read_blocks(lines))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 100_000  # bytes; the book has four million


def test_the_body_follows_the_key():
    assert tune_body("X:1\nK:D\nabc|\nK:G\ndef") == "abc|\nK:G\ndef"
    assert tune_body("X:1\nT:no key\nabc|") == ""
    assert tune_body(" X:1\n K:D\n abc|") == " abc|"
    assert tune_body("X:1\nH:about\nK: no\nK:D") == "K:D"
    assert tune_body("X:1\n%%begintext\nK:D\n%%endtext\nK:G\nabc|") == "abc|"


@pytest.mark.parametrize(
    "tune", [" X:7\nK:D\nabc", "X :7\nK:D\nabc", "X:7\nK:D\nabc", "X: 12 \nK:D\nabc"]
)
def test_renumber(tune):
    assert renumber(tune, 3) == "X:3\nK:D\nabc"


# Fields -------------------------------------------------------------------------------------


def test_title_is_the_first_one():
    assert tune_title(" X:1\n  T: One  % comment\nT:Two\nK:D\nT:Three") == "One"
    assert tune_title("X:1\nH:a\nlong story\nT:100\\% Irish\nK:D") == "100\\% Irish"
    assert tune_title("X:1\n%T:no\n%%begintext\nT:no\n%%endtext\nK:D\nT:no") == ""


def test_dropped_fields_go_with_the_lines_that_continue_them():
    tune = "X:1\n  T:A\nH:once\nupon\n% comment\na time\nZ:me\n+:and you\nK:D\nZ:stays\nabc|"
    assert drop_fields(tune, "HZ") == "X:1\n  T:A\n% comment\nK:D\nZ:stays\nabc|"
    assert drop_fields(tune, "T").startswith("X:1\nH:once\nupon\n% comment\na time\nZ:me\n+:and")
    assert drop_fields("X:1\n Z:me\nK:D\nabc|", "Z") == "X:1\nK:D\nabc|"
    # Only a line end ends a field: U+2028 and a form feed are characters of a title.
    assert drop_fields("X:1\nT:a\u2028Z:b\x0cZ:c\nK:D", "Z") == "X:1\nT:a\u2028Z:b\x0cZ:c\nK:D"


def test_history_of_several_lines_without_plus():
    story = "H:This is a story\nthat goes on: here\nA bad egg\n% no\nend|"
    text = f"X:1\nT:t\n{story}\nM:4/4\nL:1/4\nK:C\nCDEF|"
    assert ("H", "This is a story that goes on: here A bad egg end|") in read_tune(text).fields
    assert check_tune(text, unsupported=True) == []


def test_text_in_a_header_that_is_no_field_is_reported():
    (problem,) = check_tune("X:1\nT:t\n  some words, many\nM:4/4\nL:1/4\nK:C\nCDEF|")
    assert problem[:3] == (3, 3, "header")
    assert problem.message.startswith("the text 'some words, many' before the key")


def test_indented_header():
    text = " X:1\n  T:one\n\tM:4/4\n L:1/4\n K:G\n GABc|dedB|"
    ((tune,), fragments) = split_tunebook(f"{text}\n\n{text}")[0][:1], split_tunebook(text)[1]
    assert (tune.text, fragments) == (text, [])
    assert dict(read_tune(text).fields) == {"X": "1", "T": "one", "M": "4/4", "L": "1/4", "K": "G"}
    assert check_tune(text, unsupported=True) == []


# Lines that begin with a letter and a colon ---------------------------------------------------


@pytest.mark.parametrize(
    ("line", "pitches"),
    [
        ("d:|", 1), ("A:|", 1), ("e::f", 2), ("d: |", 1), ("A: |", 1), ("G :|", 1), ("C:[K:G]", 1),
        ("D:CD", 3), ("g:f|", 2), ("E:e2 f2|", 3),
        ("C:Trad", 0), ("F:http://example.org", 0), ("B:A book", 0), ("D:Some record", 0),
        ("N:twice", 0), ("w:la la", 0), ("s:* * +trill+", 0), ("r:a remark", 0), ("m:~g=gag", 0),
        ("W:words", 0), ("T:Part two", 0), ("Z:me", 0), ("I:linebreak $", 0), ("+:more", 0),
        (" w:la", 0), ("H:a", 0), ("P:B", 0), ("R:jig", 0), ("U:T=!trill!", 0),
    ],
)  # fmt: skip
def test_line_that_begins_with_a_letter_and_a_colon(line, pitches):
    tune = read_tune(f"X:1\nM:none\nK:C\n{line}")
    assert sum(len(event.pitches) for bar in tune.bars() for event in bar.events) == pitches


def test_a_bar_of_rest_does_not_begin_a_tune():
    tunes, _ = split_tunebook("X:1\nM:4/4\nL:1/4\nK:C\n|:CDEF|\nX:|\nX: |\nX::\nX:2\nK:C\nc")
    assert [tune.line for tune in tunes] == [1, 9]


# Text blocks ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["text", "svg", "ps", "ml"])
def test_text_blocks_are_no_music(name):
    book = f"""%%begin{name}
X:7
K:C

M:3/4
%%end{name}

X:1
T:t
M:4/4
L:1/4
K:C
%%begin{name} obeylines
A bad egg

X:8
w:CDEF|
%%end{name}
CDEF|
%%begin{name}
GGGG|
%%end{name}

X:2
K:C
c"""
    tunes, fragments = split_tunebook(book)
    assert [tune.line for tune in tunes] == [8, 24]
    assert [block.line for block in fragments] == [1]
    tune = read_tune(tunes[0].text)
    assert [p.step for bar in tune.bars() for e in bar.events for p in e.pitches] == list("CDEF")
    assert check_tune(tunes[0].text, unsupported=True) == []
    assert tunes[0].line_in_book(tunes[0].text.split("\n").index("CDEF|") + 1) == 19
    assert tune.meter.text == "4/4"


@pytest.mark.parametrize(
    ("begin", "end"),
    [("%%BeginText", "%%ENDTEXT"), ("%% begintext", "%%endtext"), ("%%beginsvg", "%%endsvg x")],
)
def test_text_blocks_in_other_spellings(begin, end):
    (tune,), fragments = split_tunebook(f"X:1\nK:C\n{begin}\nCDEF|\n\nG|\n{end}\nA|")
    assert not fragments
    assert [len(bar.events) for bar in read_tune(tune.text).bars()] == [1]
    assert check_tune(tune.text, unsupported=True) == []


@pytest.mark.parametrize("after", ["", "%%endps\n", "%%begintext\n", "%%endtextile\n"])
def test_a_text_block_without_an_end_hides_nothing(after):
    book = f"X:1\nM:4/4\nL:1/4\nK:C\n%%begintext\nCDEF|\n{after}\nX:2\nK:C\nc"
    tunes, _ = split_tunebook(book)
    assert len(tunes) == 2
    first = check_tune(tunes[0].text)[0]
    assert first == (5, 1, "text", "%%begintext is not closed by %%endtext")
    assert len(read_tune(tunes[0].text).voices[0].bars) == 1


# Byte order marks, line ends ------------------------------------------------------------------


@pytest.mark.parametrize("between", ["\n\n", "\n", ""])
def test_byte_order_marks_inside_a_tunebook(between):
    one, two = "X:1\nM:4/4\nL:1/4\nK:G\nGA\ufeffBc|", "X:2\nM:4/4\nL:1/4\nK:D\nDEFG|"
    tunes, fragments = split_tunebook(f"\ufeff{one}{between}\ufeff{two}")
    assert [tune.text for tune in tunes] == [one.replace("\ufeff", ""), two]
    assert [tune.line for tune in tunes] == [1, 5 + len(between)]
    assert fragments == []
    assert check_tune(f"\ufeff{two}", unsupported=True) == []


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_of_other_systems(end):
    tune = "X:1\nT:t\nM:4/4\nL:1/4\nK:D\nDEFG|\nGFED|]\n"
    assert read_tune(tune.replace("\n", end)) == read_tune(tune)
    assert check_tune(tune.replace("\n", end), unsupported=True) == []


def test_blocks_of_windows_text():
    tunes, _ = split_tunebook("X:1\r\nK:D\r\nabc|\r\n\r\nX:2\r\nK:G\r\n")
    assert tunes == [Block("X:1\nK:D\nabc|", 1), Block("X:2\nK:G", 5)]


# The file header ------------------------------------------------------------------------------


def test_file_header_applies_to_all_tunes():
    book = """%abc-2.1
My waltzes, with a note: M:4/4
M:3/4 % waltz
R:waltz

L:1/4
%%scale 0.7
%%MIDI program 24
I:MIDI transpose 12
U:T=!trill!
I:abc-creator me
B:a book

X:1
T:one
T:first
K:C
CDE|FGA|

X:2
M:2/4
%%MIDI program 5
K:G
GA|cd|
M:3/4
"""
    tunes, fragments = split_tunebook(book)
    assert tunes[0].text == (
        "X:1\nT:one\nT:first\nM:3/4 % waltz\nR:waltz\nL:1/4\n%%MIDI program 24\n"
        "I:MIDI transpose 12\nU:T=!trill!\nK:C\nCDE|FGA|"
    )
    assert [tunes[0].line_in_book(n) for n in (1, 3, 4, 6, 10, 11)] == [14, 16, 3, 6, 17, 18]
    assert tunes[1].text == (
        "X:2\nR:waltz\nL:1/4\nI:MIDI transpose 12\nU:T=!trill!\n"
        "M:2/4\n%%MIDI program 5\nK:G\nGA|cd|\nM:3/4"
    )
    assert [read_tune(tune.text).meter.text for tune in tunes] == ["3/4", "2/4"]
    assert check_tune(tunes[0].text) == check_tune(tunes[1].text) == []
    assert [block.line for block in fragments] == [1, 6]


def test_the_last_of_two_equal_fields_of_a_file_header_applies():
    (tune,), _ = split_tunebook("M:2/4\n\nM:3/4\n\nX:1\nK:C\nCDE|")
    assert tune.text == "X:1\nM:3/4\nK:C\nCDE|"


def test_a_file_header_does_not_multiply_without_bound():
    header = "\n".join(f"m:~{number}=c" for number in range(500))
    (tune,), _ = split_tunebook(f"{header}\n\nX:1\nK:C\nc")
    assert tune.text.count("\n") == 102


def test_what_does_not_apply_as_a_file_header():
    # Prose, a tune without X:, and fields between tunes.
    for above in [
        "M: Smith sent this",
        "T:lost\nM:3/4\nK:C\nCDE|",
        "%%begintext\nM:3/4\n%%endtext",
    ]:
        tunes, _ = split_tunebook(f"{above}\n\nX:1\nK:C\nc\n\nM:2/4\nL:1/2\n\nX:2\nK:C\nc")
        assert [tune.text for tune in tunes] == ["X:1\nK:C\nc", "X:2\nK:C\nc"]
