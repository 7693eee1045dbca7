"""Plain melodies: the notes of a tune without the marks of one edition."""

import re

import pytest

from abcrnn import load_corpus
from abcrnn.notation import ABCError, check_tune, played_notes, read_tune
from abcrnn.notation.formatter.plain import plain

RYAN = """X:12
T:42D HIGHLAND REGIMENT -- STRATHSPEY
T:another title
R:Strathspey
B:Ryan's Mammoth Collection
Z: Contributed by Someone
%%slurgraces 1
M:C
L:1/8
Q:1/4=90
K:Am
u"4"e|\\
v(c<A)(A>.B) (c"0"<A)"4"(A>E) | !trill!G2(G>"4".e) "^SEGUE"A>B {c}(3ABc|\\
N:a note
[M:2/4] "D.C."c2 ~A2 :| % comment
P:B
c4 |]
W:Words below
"""


def notes_of(tune):
    read = read_tune(tune)
    return [played_notes(read, voice) for voice in read.voices]


def test_marks_of_an_edition_are_left_out():
    assert plain(RYAN) == (
        "X:1\nT:42D Highland Regiment\nM:C\nL:1/8\nR:strathspey\nK:Am\n"
        "e|c<AA>B c<AA>E|G2G>e A>B {c}(3ABc|[M:2/4]c2 A2:|\nc4|]\n"
    )


@pytest.mark.parametrize("name", ["oneills", "ryans", "airds", "irish", "jigs"])
def test_the_notes_of_real_tunes_are_kept(name, request):
    here = name in ("ryans", "airds")  # in music21
    corpus = load_corpus(name) if here else request.getfixturevalue(name)
    compared = 0
    for tune in corpus.tunes[::29]:
        if check_tune(tune) or len(read_tune(tune).voices) > 1 or read_tune(tune).parts:
            continue
        text = plain(tune)
        assert notes_of(text) == notes_of(tune), tune
        assert plain(text) == text
        assert not re.search(r'["!~%]|\([^2-9]', text.split("\nK:")[1]), text
        compared += 1
    assert compared >= 10


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Lord Dalhousie's -- Reel", "Lord Dalhousie's"),
        ("The Lads of the Village.", "The Lads of the Village"),
        ("PADDY'S JIG", "Paddy's Jig"),
        ("-- Reel", "-- Reel"),
        ("...", "..."),
        ("Wait...", "Wait"),
        ("", ""),
    ],
)
def test_titles(title, expected):
    lines = plain(f"X:3\nT:{title}\nM:4/4\nK:C\nC4|]\n").split("\n")
    assert lines[:2] == ["X:1", f"T:{expected}"]


def test_hostile_text_is_read_or_refused():
    for text in (
        "K:C\n" + '"' * 20_000,
        "T:" + "-" * 50_000 + "\nK:C\nC|]\n",
        "K:C\n" + "!" * 9999,
    ):
        assert plain(f"X:1\n{text}").startswith("X:1\n")
    with pytest.raises(ABCError, match="NUL"):
        plain("X:1\nK:C\nC\0|]\n")
