"""The tree of a session, its file, and the tunebook of kept tunes."""

import json
import re
import threading

import pytest

from abcrnn import to_musicxml
from abcrnn.notation import split_tunebook
from abcrnn.pages.studio.bars import changed_bars, written_bars
from abcrnn.pages.studio.history import MAX_NODES, History, Node, read_history
from abcrnn.pages.studio.kept import KeptTunes
from abcrnn.pages.studio.sessions import Sessions
from abcrnn.pages.studio.views import node_summary

TUNE = "X:1\nT:One\nM:2/4\nL:1/8\nK:C\nC2DE|FGAB|c4|]"


def edit(parent, abc=TUNE):
    return Node(parent, "edit", "", "", {}, abc)


def branched(path):
    history = History(path)
    for parent in (None, 0, 1, 1, 0):
        history.add(edit(parent, f"{TUNE}\n% after {parent}"))
    return history


# History -------------------------------------------------------------------------------------


def test_a_history_is_the_same_when_it_is_read_again(tmp_path):
    history = branched(tmp_path / "h.json")
    again = read_history(history.path)
    assert again.nodes == history.nodes
    assert [node.parent for node in again.nodes] == [None, 0, 1, 1, 0]


def test_characters_of_any_script_survive(tmp_path):
    history = History(tmp_path / "h.json")
    text = 'X:1\nT:<script>alert("1")</script> é 律 \U0001f3bb\nK:C\nC|'
    history.add(edit(None, text))
    assert read_history(history.path).node(0).abc == text


def test_a_node_that_cannot_be_written_is_not_added(tmp_path, full_disk):
    history = branched(tmp_path / "h.json")
    before = history.path.read_bytes()
    with full_disk, pytest.raises(OSError):
        history.add(edit(0))
    assert len(history.nodes) == 5 and history.path.read_bytes() == before


def test_a_session_has_a_bounded_number_of_nodes(tmp_path, monkeypatch):
    monkeypatch.setattr("abcrnn.pages.studio.history.MAX_NODES", 5)
    assert MAX_NODES > 5
    with pytest.raises(ValueError, match="maximum of 5 tunes"):
        branched(tmp_path / "h.json").add(edit(0))


def test_a_tune_that_could_not_be_read_again_is_not_added(tmp_path):
    history = branched(tmp_path / "h.json")
    with pytest.raises(ValueError, match="at most 20000 characters, not 20001"):
        history.add(edit(0, "x" * 20_001))
    history.add(edit(0, "\U0001f3bb" * 20_000))
    assert read_history(history.path).nodes == history.nodes


@pytest.mark.parametrize("number", [-1, 5, 10**6])
def test_a_node_that_is_not_there_is_named(tmp_path, number):
    with pytest.raises(ValueError, match=f"node {number} is not one of the 5"):
        branched(tmp_path / "h.json").node(number)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parent": 1}, "no valid parent"),  # itself
        ({"parent": 4}, "no valid parent"),
        ({"parent": True}, "parent of node 1"),
        ({"kind": "delete"}, "not a step"),
        ({"abc": 3}, "abc of node 1"),
        ({"abc": "x" * 30_000}, "not a step"),
        ({"path": "/etc/passwd"}, "must have"),
    ],
)
def test_a_damaged_file_is_refused_with_the_reason(tmp_path, change, message):
    path = branched(tmp_path / "h.json").path
    values = json.loads(path.read_text("utf-8"))
    values["nodes"][1] |= change
    path.write_text(json.dumps(values), "utf-8")
    with pytest.raises(ValueError, match=message) as caught:
        read_history(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 100_000, '{"format": "other"}'])
def test_a_file_of_something_else_is_refused(tmp_path, text):
    path = tmp_path / "h.json"
    path.write_text(text, "utf-8")
    with pytest.raises(ValueError, match="is not a valid history"):
        read_history(path)


def test_old_alternatives_are_dropped(tmp_path):
    history = History(tmp_path / "h.json")
    numbers = [history.propose(edit(0)) for _ in range(70)]
    assert history.proposed(numbers[-1]) and len(set(numbers)) == 70
    with pytest.raises(ValueError, match="alternative no longer exists"):
        history.proposed(numbers[0])


# Sessions ------------------------------------------------------------------------------------


def test_sessions_of_an_earlier_run_are_found(tmp_path):
    before = Sessions(tmp_path)
    session, empty = before.begin(), before.begin()
    before.find(session).add(edit(None))
    after = Sessions(tmp_path)
    assert after.find(session).node(0).abc == TUNE
    assert [(each.session, each.title, each.tunes) for each in after.saved()] == [
        (session, "One", 1)
    ]
    with pytest.raises(ValueError, match="no such session"):
        after.find(empty)


@pytest.mark.parametrize("sign", ["\u202e", "&#8238;", "\u200f"])
def test_a_title_does_not_turn_the_text_around_it(tmp_path, sign):
    sessions = Sessions(tmp_path)
    history = sessions.find(sessions.begin())
    history.add(Node(None, "edit", "", "", {}, TUNE.replace("T:One", f"T:A{sign}B")))
    assert node_summary(history, 0)["title"] == "A\N{REPLACEMENT CHARACTER}B"
    assert Sessions(tmp_path).saved()[0].title == "A\N{REPLACEMENT CHARACTER}B"


@pytest.mark.parametrize("name", ["../secret", "history-0123456789abcdef", "", "x" * 99])
def test_the_name_of_a_session_never_leads_to_another_file(tmp_path, name):
    (tmp_path / "secret").write_text("{}", "utf-8")
    (tmp_path / "history-secret.json").write_text("{}", "utf-8")
    with pytest.raises(ValueError, match="no such session"):
        Sessions(tmp_path).find(name)


def test_a_damaged_history_does_not_hide_the_others(tmp_path):
    (tmp_path / "history-0123456789abcdef.json").write_text("{", "utf-8")
    sessions = Sessions(tmp_path)
    sessions.find(sessions.begin()).add(edit(None))
    assert len(Sessions(tmp_path).saved()) == 1


# Kept tunes ----------------------------------------------------------------------------------


def test_kept_tunes_are_a_tunebook(tmp_path):
    kept = KeptTunes(tmp_path / "kept.abc")
    assert [kept.add(TUNE) for _ in range(3)] == [1, 2, 3]
    tunes, other = split_tunebook(kept.path.read_text("utf-8"))
    assert [block.text for block in tunes] == [TUNE.replace("X:1", f"X:{n}") for n in (1, 2, 3)]
    assert not other


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\r\n"])
def test_what_a_tunebook_has_stays_byte_for_byte(tmp_path, end):
    path = tmp_path / "kept.abc"
    before = f"%abc-2.1\n\nX:7\nT:Caf\xe9\nK:C\nC|{end}".encode("latin-1")
    path.write_bytes(before)
    assert KeptTunes(path).add(TUNE) == 2
    assert path.read_bytes().startswith(before)
    assert path.read_bytes().endswith(b"\n\nX:2" + TUNE.encode()[3:] + b"\n")


def test_tunes_kept_at_the_same_time_are_all_kept(tmp_path):
    kept = KeptTunes(tmp_path / "kept.abc")
    threads = [threading.Thread(target=kept.add, args=(TUNE,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(split_tunebook(kept.path.read_text("utf-8"))[0]) == 20


def test_a_full_disk_leaves_the_kept_tunes_as_they_were(tmp_path, full_disk):
    kept = KeptTunes(tmp_path / "kept.abc")
    kept.add(TUNE)
    before = kept.read()
    with full_disk, pytest.raises(OSError):
        kept.add(TUNE)
    assert kept.read() == before


# Bars ----------------------------------------------------------------------------------------


def test_bars_of_a_real_tune_are_numbered_as_the_score_does(jigs, tmp_path):
    for tune in jigs.tunes[:8]:
        bars = written_bars(tune)
        to_musicxml(tune, tmp_path / "tune.musicxml")
        text = (tmp_path / "tune.musicxml").read_text("utf-8")
        measures = re.findall(r'<measure [^>]*number="(\d+)"', text)
        assert bars[0].number == int(measures[0]), tune
        assert all(tune[bar.begin : bar.end] == bar.text for bar in bars)


def test_text_that_is_no_tune_has_no_bars():
    assert written_bars("") == written_bars("hello") == written_bars("X:1\nK:C\n") == []


@pytest.mark.parametrize(
    ("after", "changed"),
    [
        (TUNE, []),
        (TUNE.replace("FGAB", "FGAc"), [2]),
        (TUNE.replace("C2DE", "C3D").replace("FGAB", "AB"), [1, 2]),
        (TUNE.replace("c4|]", "c4|d4|]"), [3, 4]),  # the bar line is another one
        (TUNE.replace("FGAB|", ""), []),
        (TUNE.replace("FGAB|", " FGAB|"), []),  # spaces are no music
    ],
)
def test_the_changed_bars_are_found(after, changed):
    assert changed_bars(TUNE, after) == changed
