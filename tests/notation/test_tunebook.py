import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abcrnn.notation import read_blocks, renumber, split_tunebook, tune_body

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
@given(st.text("X:1\n \tKa|", max_size=60))
def test_every_line_is_in_one_block(text):
    tunes, fragments = split_tunebook(text)
    blocks = sorted([*tunes, *fragments], key=lambda block: block.line)
    assert [line for b in blocks for line in b.text.split("\n")] == [
        line for line in text.split("\n") if line.strip()
    ]
    for block in blocks:
        lines = text.split("\n")[block.line - 1 :]
        assert "\n".join(lines).startswith(block.text)
    assert all(t.text.startswith("X:") and "\nX:" not in t.text for t in tunes)


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


@pytest.mark.parametrize("tune", ["X:7\nK:D\nabc", "X: 12 \nK:D\nabc"])
def test_renumber(tune):
    assert renumber(tune, 3) == "X:3\nK:D\nabc"
