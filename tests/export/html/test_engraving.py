"""Scores in SVG: the notes of the tune, ids, hostile text, and a child process that fails."""

import re
import time
from xml.etree.ElementTree import fromstring

import pytest

from abcrnn.export.html import engraving
from abcrnn.export.html.engraving import engrave
from abcrnn.export.html.playback import timeline
from abcrnn.export.html.svg import clean_systems
from abcrnn.notation import read_tune

TUNE = """X:1
T:Test
Q:3/8=120
M:6/8
L:1/8
K:D
V:1
"Bbm7"{/gf}A>B [CEG]-|[CEG] z2 ~c !fermata!d5/e/|[1(3abc d4 :|[2efg [cc]3||
V:2 clef=bass
A,6-|A,6|
"""


def svg_of(engraved):
    assert not engraved.problem
    return fromstring(f"<body>{engraved.svg}</body>")  # noqa: S314  # our own


def note_ids_of(engraved):
    return [each.get("id") for each in svg_of(engraved).iter("g") if each.get("class") == "note"]


def test_the_score_has_an_element_for_each_note_that_is_played():
    (score,) = engrave([TUNE])
    played = {id for note in timeline(read_tune(TUNE), "t1")["notes"] for id in note["ids"]}
    drawn = note_ids_of(score)
    assert len(drawn) == len(set(drawn))
    assert set(drawn) == played


def test_a_played_note_has_the_elements_that_are_tied():
    notes = timeline(read_tune("X:1\nM:4/4\nL:1/4\nK:C\n[Ce]-|C5/2 C3/2|]"), "")["notes"]
    found = sorted((note["pitch"], note["start"], note["ids"]) for note in notes)
    # The 5/2 are two tied notes: v0n2 and v0n3.
    assert found == [(60, 0, ["v0n0", "v0n2", "v0n3"]), (60, 3.5, ["v0n4"]), (76, 0, ["v0n1"])]


def test_a_note_of_a_repeat_has_the_same_element_each_time():
    made = timeline(read_tune("X:1\nM:2/4\nL:1/4\nK:C\n|:CD:|EF|]"), "x")
    assert [note["ids"][0] for note in made["notes"]] == [f"xv0n{n}" for n in (0, 1, 0, 1, 2, 3)]
    assert [each["name"] for each in made["sections"]] == ["A1", "A2", "B"]
    assert [each["start"] for each in made["sections"]] == [0, 2, 4]


def test_the_beats_are_those_of_the_meter_of_the_first_bar():
    """Jig 4 of the Nottingham database has M:4/4 in its header, and M:6/8 after it."""
    made = timeline(read_tune("X:1\nM:4/4\nL:1/8\nK:G\nM:6/8\nd|B2B Bgf|"))
    assert (made["beat"], made["beats_per_bar"], made["pickup"]) == (1.5, 2, 0.5)


def test_ids_have_the_prefix_of_their_tune_and_are_unique_in_a_page():
    scores = engrave([TUNE, TUNE, TUNE], ["a", "b", "c"])
    ids = [id for score in scores for id in re.findall(r'id="([^"]*)"', score.svg)]
    assert len(ids) == len(set(ids))
    for score, prefix in zip(scores, "abc", strict=True):
        used = re.findall(r'(?:id="|href="#)([^"]*)"', score.svg)
        assert used and all(each.startswith(prefix) for each in used)


def test_equal_tunes_give_equal_scores():
    assert engrave([TUNE, TUNE], ["a", "a"])[0] == engrave([TUNE], ["a"])[0]


def test_a_score_has_the_colour_of_the_text_and_no_style():
    (score,) = engrave([TUNE])
    assert "black" not in score.svg and "#000" not in score.svg
    assert "<style" not in score.svg and "style=" not in score.svg


@pytest.mark.parametrize("text", ["</svg><script>x</script>", "<b onload=x>", "a&b", "]]>", '"x'])
def test_text_in_a_score_is_text(text):
    written = text.replace('"', "'")
    tune = f'X:1\nT:{text}\nM:4/4\nK:D\nP:{text}\n"^{written}"DEFG ABcd|\nw:{text}\n'
    svg = svg_of(engrave([tune])[0])
    tags = {each.tag for each in svg.iter()}
    assert tags <= {"body", "svg", "defs", "g", "path", "use", "text", "tspan", "polygon",
                    "ellipse", "rect", "polyline"}  # fmt: skip


def test_only_shapes_and_text_of_an_svg_are_kept():
    page = (
        '<svg xmlns="http://www.w3.org/2000/svg"><defs><g id="E050-x1"><path d="M0"/></g></defs>'
        '<style>x</style><script>x</script><svg viewBox="0 0 10 10"><g id="v0n0" class="note" '
        'onclick="x"><script>x</script><use href="http://x/y"/><use href="#E050-x1"/></g>'
        '<foreignObject><a href="javascript:x">x</a></foreignObject><image href="x"/>'
        '<g class="section placeholder"><path d="M2"/></g>'
        '<path d="M1" fill="black" style="x"/></svg></svg>'
    )
    assert clean_systems([page], "p") == (
        '<svg class="abcrnn-system" viewBox="0 0 10 10" role="img" aria-label="Score, line 1 of 1">'
        '<defs><g id="pgE050"><path d="M0"/></g></defs>'
        '<g class="note" id="pv0n0"><use href="#pgE050"/></g><path d="M1" fill="currentColor"/>'
        "</svg>"
    )


def test_a_tune_that_cannot_be_read_has_a_reason_and_the_others_a_score():
    first, second, third = engrave(["X:1\nK:D\nz4|", TUNE, "no tune"])
    assert first.svg == third.svg == "" and second.svg
    assert first.problem.endswith("the tune has no notes") and "\n" not in third.problem


# A child process that fails --------------------------------------------------------------------


@pytest.fixture
def broken_worker(tmp_path, monkeypatch):
    """A function that replaces verovio by code that sees each line of input."""

    def install(code):
        script = tmp_path / "worker.py"
        script.write_text(f"import json, os, sys, time\nfor line in sys.stdin:\n    {code}\n")
        monkeypatch.setattr(engraving, "_WORKER", script)

    return install


_DRAW = (
    "print(json.dumps([\"<svg><svg viewBox='0 0 1 1'><path d='M0'/></svg></svg>\"]), flush=True)"
)
_OTHER = TUNE.replace("T:Test", "T:Bad")


@pytest.mark.parametrize(
    "failure, reason",
    [
        ("os.abort()", "it ended with status -6"),
        ("sys.exit(3)", "it ended with status 3"),
        ("print('null', flush=True)", "it does not accept the score"),
        ("print('[\"<svg>\"]', flush=True)", "its answer is not an SVG document"),
        ("print('x', flush=True)", "its answer is not an SVG document"),
    ],
)
def test_a_child_that_fails_is_reported_for_its_tune_and_survived(broken_worker, failure, reason):
    broken_worker(f"{failure} if '>Bad<' in line else {_DRAW}")
    good, bad, after = engrave([TUNE, _OTHER, TUNE])
    assert bad == engraving.Engraved("", f"verovio cannot draw this tune: {reason}", bad.musicxml)
    assert good.svg and after.svg and b"Bad" in bad.musicxml


def test_a_child_that_takes_too_long_is_ended(broken_worker, monkeypatch):
    monkeypatch.setattr(engraving, "_TIMEOUT", 2.0)
    broken_worker(f"time.sleep(600) if '>Bad<' in line else {_DRAW}")
    started = time.monotonic()
    bad, after = engrave([_OTHER, TUNE])
    assert bad.problem.endswith("it took longer than 2 seconds") and after.svg
    assert time.monotonic() - started < 300


def test_without_verovio_the_error_names_the_extra(monkeypatch):
    monkeypatch.setattr("abcrnn.storage.extras.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r'needs verovio: pip install "abcrnn\[pages\]"'):
        engrave([TUNE])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["irish", "jigs"])
def test_the_notes_of_the_score_are_the_notes_of_the_tune(name, request):
    """Each note of 250 tunes is drawn once, and played notes have the pitch of their elements."""
    _check_scores(request.getfixturevalue(name).tunes[:250])


@pytest.mark.long
@pytest.mark.parametrize("name", ["irish", "jigs", "oneills"])
def test_every_tune_of_a_corpus_has_a_score_with_its_notes(name, request):
    tunes = request.getfixturevalue(name).tunes
    for first in range(0, len(tunes), 100):
        _check_scores(tunes[first : first + 100])


def _check_scores(tunes):
    for tune, score in zip(tunes, engrave(tunes, ["t"] * len(tunes)), strict=True):
        if score.problem:
            assert "the tune has no notes" in score.problem, score.problem
            continue
        read = read_tune(tune)
        written = [event for voice in read.voices for bar in voice.bars for event in bar.events]
        drawn = note_ids_of(score)
        assert (
            len(drawn)
            == len(set(drawn))
            >= sum(len(event.pitches) + len(event.graces) for event in written)
        )
        pitches = _pitches(score.musicxml)
        assert {id.removeprefix("t") for id in drawn} == pitches.keys()
        played = timeline(read, "t")["notes"]
        for note in played:
            assert note["ids"], note
            assert {pitches[id.removeprefix("t")] for id in note["ids"]} == {note["pitch"]}
        assert {id for note in played for id in note["ids"]} <= set(drawn)


def _pitches(musicxml):
    """The MIDI pitch of each note in MusicXML, by its id."""
    steps = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
    return {
        note.get("id"): steps[note.findtext("pitch/step")]
        + int(note.findtext("pitch/alter") or 0)
        + 12 * (int(note.findtext("pitch/octave")) + 1)
        for note in fromstring(musicxml).iter("note")  # noqa: S314  # our own
        if note.find("pitch") is not None
    }
