"""The parser compared with abc2midi on every tune of three corpora.

docs/abc-support.md lists every tune that differs, with the cause.
"""

import re
from pathlib import Path

import pytest
from helpers.abc2midi import find_or_skip, plain, play

from abcrnn.notation import check_tune, played_notes, read_tune

PAGE = (Path(__file__).parents[2] / "docs" / "abc-support.md").read_text("utf-8")
TOLERANCE = 0.02  # whole notes: less than the shortest note, more than delays inside a chord


def listed(kind: str, corpus: str) -> set[int]:
    """Return the numbers of the tunes that the page lists, counted from 1."""
    rows = re.findall(rf"^\| {kind} \| {corpus} \| ([\d, ]+) \|", PAGE, re.MULTILINE)
    return {int(number) for row in rows for number in row.split(", ")}


def heard(tune: str) -> list[tuple[float, float, int]]:
    read = read_tune(tune)
    return [
        (float(note.onset), float(note.duration), note.pitch)
        for voice in read.voices
        for note in played_notes(read, voice)
    ]


def same(ours, theirs) -> bool:
    """Whether the notes agree within the tolerance; abc2midi delays the notes of a chord."""

    def ordered(notes):
        return sorted(notes, key=lambda note: (note[2], note[0]))

    return len(ours) == len(theirs) and all(
        a[2] == b[2] and abs(a[0] - b[0]) < TOLERANCE and abs(a[1] - b[1]) < TOLERANCE
        for a, b in zip(ordered(ours), ordered(theirs), strict=True)
    )


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["irish", "jigs", "oneills"])
def test_played_notes_agree(name, request, tmp_path):
    program = find_or_skip()
    tunes = [plain(tune) for tune in request.getfixturevalue(name).tunes]
    differ = {
        number
        for number, tune in enumerate(tunes, start=1)
        if not same(heard(tune), play(program, tune, tmp_path)[0])
    }
    repeats = listed("repeats", name)  # where abc2midi does not follow section 4.8
    assert len(differ - repeats) <= 0.02 * len(tunes)
    assert differ == listed("notes", name) | repeats


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["irish", "jigs"])
def test_bar_checks_agree(name, request, tmp_path):
    program = find_or_skip()
    tunes = request.getfixturevalue(name).tunes
    differ = set()
    for number, tune in enumerate(tunes, start=1):
        warned = "time units" in play(program, plain(tune), tmp_path)[1]
        found = any(problem.kind == "bar" for problem in check_tune(tune))
        if warned != found:
            differ.add(number)
    assert len(differ) <= 0.03 * len(tunes)
    assert differ == listed("bars", name)
