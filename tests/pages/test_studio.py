"""The studio as a process: what its requests return, and what stays when it is killed."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from helpers.studio_process import parsed, running_studio

from abcrnn import load_model, reproduce, transpose
from abcrnn.composition.provenance import without_provenance
from abcrnn.notation import check_tune, renumber
from abcrnn.pages.studio.bars import written_bars
from abcrnn.pages.studio.jobs import MAX_WAITING

pytestmark = pytest.mark.slow

SMALL = {"n": 1, "temperature": 1.0, "seed": 5}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("studio")


@pytest.fixture(scope="module")
def studio(trained, folder):
    with running_studio(trained, "--folder", folder) as client:
        client.model = str(trained)
        yield client


@pytest.fixture(scope="module")
def model(trained):
    return load_model(trained)


@pytest.fixture
def session(studio):
    return studio.begin()


def composed(studio, session, **changes):
    events = studio.events("compose", session=session, model=studio.model, **SMALL | changes)
    return [event["node"] for event in events if event["event"] == "tune"]


def alternatives(studio, session, name, **values):
    settings = {"model": studio.model, "n": 5, "temperature": 1.3, "seed": 1} | values
    events = studio.events(name, session=session, **settings)
    return [event for event in events if event["event"] == "alternative"]


# Composing -----------------------------------------------------------------------------------


def test_tunes_come_one_by_one_and_are_those_of_compose(studio, session, model):
    first, second = composed(studio, session, n=2)
    assert (first["id"], second["id"]) == (0, 1) and first["parent"] is None
    for node in (first, second):
        assert not check_tune(node["text"]) and reproduce(node["abc"], model) == node["abc"]
    assert composed(studio, studio.begin(), n=1)[0]["abc"] == first["abc"]  # the same seed


def test_ten_tabs_each_receive_their_own_tunes(studio, model):
    sessions = [studio.begin() for _ in range(10)]

    def compose(number):
        return composed(studio, sessions[number], seed=number)

    with ThreadPoolExecutor(10) as pool:
        tunes = [nodes[0]["abc"] for nodes in pool.map(compose, range(10))]
    for number, tune in enumerate(tunes):
        assert f"seed {number}," in tune and reproduce(tune, model) == tune
        opened = studio.ask("open", session=sessions[number])
        assert [node["settings"]["seed"] for node in opened["nodes"]] == [number]


def test_requests_are_checked_before_anything_is_generated(studio, session):
    def refused(**changes):
        values = {"session": session, "model": studio.model} | SMALL | changes
        status, message = studio.refusal("compose", **values)
        assert status == 400 and "\n" not in message
        return message

    assert "meter must be one of" in refused(meter="13/8")
    assert "form must be letters" in refused(form="ABBA")
    assert "a number from 0.1 to 3" in refused(temperature=0)
    assert "a whole number from 1 to 16" in refused(n=17)
    assert "model must be one of" in refused(model="/etc/passwd")
    assert "no such session" in refused(session="../../etc/passwd")
    assert "'prompt' is not a field" in refused(prompt="X:1\n")
    assert "without control characters" in refused(rhythm="jig\x00")
    assert "does not know the character" in refused(rhythm="\U0001f3bb")


def test_a_request_that_nobody_waits_for_ends(studio, session):
    values = {"session": session, "model": studio.model} | SMALL | {"n": 16}
    with studio.http.stream("POST", "/api/compose", json=values) as response:
        for line in response.iter_lines():
            if '"tune"' in line:
                break
    # The next one needs the model, so it ends only if the first one has ended.
    assert composed(studio, studio.begin())
    assert len(studio.ask("open", session=session)["nodes"]) < 16


def test_too_many_requests_at_once_are_refused_with_a_status(studio, session):
    values = {"session": session, "model": studio.model, "bars": 64} | SMALL | {"n": 16}
    together = threading.Barrier(MAX_WAITING + 4)

    def ask(_):
        with studio.http.stream("POST", "/api/compose", json=values) as response:
            together.wait(60)  # all wait, so that none makes room for another one
            return response.status_code

    with ThreadPoolExecutor(together.parties) as pool:
        statuses = list(pool.map(ask, range(together.parties)))
    assert set(statuses) == {200, 503}
    assert composed(studio, studio.begin())  # nobody waits for the others any more


# Steps ---------------------------------------------------------------------------------------


def test_regenerating_changes_the_chosen_bars_and_not_a_byte_else(studio, session, model):
    [node] = composed(studio, session)
    bars = written_bars(node["text"])
    chosen = bars[1]
    found = alternatives(
        studio, session, "rewrite", node=0, first=chosen.number, last=chosen.number
    )
    assert len(found) >= 3
    assert [each["bits"] for each in found] == sorted(each["bits"] for each in found)
    for each in found:
        text = each["text"]
        assert text.startswith(node["text"][: chosen.begin])
        assert text.endswith(node["text"][chosen.end :])
        assert text != node["text"] and each["changed"] == [chosen.number]
    accepted = studio.ask("accept", session=session, proposal=found[1]["proposal"])
    assert accepted["text"] == found[1]["text"] and accepted["parent"] == 0
    assert reproduce(accepted["abc"], model) == accepted["abc"]
    # The tune before is as it was.
    assert studio.ask("node", session=session, node=0) == node | {"kept": False}


def test_regenerating_from_a_bar_keeps_what_is_before_it(studio, session, model):
    [node] = composed(studio, session)
    bar = written_bars(node["text"])[3]
    found = alternatives(studio, session, "continue", node=0, first=bar.number, n=3)
    assert len(found) == 3
    for each in found:
        assert each["text"].startswith(node["text"][: bar.begin])
        assert not check_tune(each["text"])
    accepted = studio.ask("accept", session=session, proposal=found[0]["proposal"])
    assert reproduce(accepted["abc"], model) == accepted["abc"]


def test_every_node_can_be_generated_again(studio, session):
    composed(studio, session)
    [found, *_] = alternatives(studio, session, "rewrite", node=0, first=1, last=2)
    studio.ask("accept", session=session, proposal=found["proposal"])
    studio.ask("transpose", session=session, node=1, semitones=2)
    edited = studio.ask("node", session=session, node=2)["text"].replace("T:", "T:My ")
    studio.ask("edit", session=session, node=2, abc=edited)
    [more, *_] = alternatives(studio, session, "continue", node=3, first=2, n=1)
    studio.ask("accept", session=session, proposal=more["proposal"])
    nodes = studio.ask("open", session=session)["nodes"]
    assert [node["kind"] for node in nodes] == [
        "compose", "rewrite", "transpose", "edit", "continue",
    ]  # fmt: skip
    for node in nodes:
        [*_, last] = studio.events("reproduce", session=session, node=node["id"])
        assert last == {"event": "reproduced", "same": True}, node


def test_transposing_is_that_of_the_library(studio, session):
    [node] = composed(studio, session)
    moved = studio.ask("transpose", session=session, node=0, semitones=-3)
    assert moved["text"] == transpose(without_provenance(node["abc"]), -3)
    assert moved["changed"] == []
    status, message = studio.refusal("transpose", session=session, node=0, to="H")
    assert status == 400 and "H" in message


def test_a_text_is_checked_as_abcrnn_check_does(studio, session):
    text = "X:1\nM:6/8\nK:D\nABc def|gab agfe|]"
    [problem] = studio.ask("check", abc=text)["problems"]
    assert problem["message"] == "the bar is too long: 7 of 6 eighths"
    assert studio.ask("edit", session=session, node=None, abc=text)["problems"] == [problem]
    status, message = studio.refusal("edit", session=session, node=0, abc=text)
    assert (status, message.partition(":")[0]) == (400, "the text is that of the tune")


@pytest.mark.parametrize("end", ["\n\nG|]", "\n \t\nG|]", "\nX:2\nK:G\nG|]"])
def test_a_text_that_a_tunebook_would_divide_is_refused(studio, session, end):
    text = "X:1\nM:6/8\nK:D\nABc def|" + end
    status, message = studio.refusal("edit", session=session, node=None, abc=text)
    assert status == 400 and message.startswith("abc must be one tune")


def test_a_tune_whose_number_is_no_number_can_be_continued(studio, session):
    [node] = composed(studio, session)
    text = "X:12 % mine\n" + node["text"].partition("\n")[2]
    edited = studio.ask("edit", session=session, node=node["id"], abc=text)
    found = alternatives(studio, session, "continue", node=edited["id"], first=3)
    assert found and all(each["text"].startswith("X:12\n") for each in found)
    accepted = studio.ask("accept", session=session, proposal=found[0]["proposal"])
    [*_, last] = studio.events("reproduce", session=session, node=accepted["id"])
    assert last["same"]


def test_surprise_has_a_value_for_each_bar(studio, session):
    [node] = composed(studio, session)
    [*_, last] = studio.events("surprise", session=session, node=0, model=studio.model)
    assert len(last["excess"]) == len(node["bars"])
    assert abs(sum(last["excess"])) < 0.1 * len(node["bars"])  # above and below the average


def test_the_score_has_the_notes_of_each_bar(studio, session):
    pytest.importorskip("verovio")
    [node] = composed(studio, session)
    score = studio.ask("score", abc=node["text"], number=7)
    assert len(score["bars"]) == len(node["bars"])
    for name in {name for bar in score["bars"] for name in bar}:
        assert name.startswith("t7") and f'id="{name}"' in score["html"]


# Kept tunes ----------------------------------------------------------------------------------


def test_a_killed_studio_loses_no_kept_tune(trained, tmp_path):
    with running_studio(trained, "--folder", tmp_path) as client:
        session, text = client.begin(), "X:1\nT:Tune {}\nM:4/4\nL:1/8\nK:C\nC8|]"
        kept = []
        killer = threading.Timer(1.0, client.process.kill)
        killer.start()
        try:
            for number in range(100_000):
                tune = text.format(number)
                node = client.ask("edit", session=session, node=None, abc=tune)["id"]
                client.ask("keep", session=session, node=node)
                kept.append(tune)
        except httpx.TransportError:
            killer.join()
    tunes = parsed(tmp_path / "kept.abc")
    assert len(kept) <= len(tunes) <= len(kept) + 1 and len(kept) > 2
    assert [renumber(tune.strip(), 1) for tune in tunes[: len(kept)]] == kept
    with running_studio(trained, "--folder", tmp_path) as client:  # the lock is free again
        [saved] = client.http.get("/api/choices").json()["sessions"]
        nodes = client.ask("open", session=saved["session"])["nodes"]
        assert saved["session"] == session and len(nodes) >= len(kept)


def test_a_second_studio_in_the_folder_is_refused(studio, trained, folder, run):
    code, _, errors = run("studio", trained, "--folder", folder, "--no-open")
    assert code == 1 and "is in use by process" in errors


def test_a_port_in_use_is_reported(studio, trained, tmp_path, run):
    port = studio.base.rpartition(":")[2]
    code, _, errors = run("studio", trained, "--folder", tmp_path, "--port", port, "--no-open")
    assert code == 1 and f"cannot listen on 127.0.0.1, port {port}" in errors


def test_ctrl_c_ends_the_studio_while_it_generates(trained, tmp_path):
    with running_studio(trained, "--folder", tmp_path) as client:
        session = client.begin()
        values = {"session": session, "model": str(trained)} | SMALL | {"n": 16}
        with client.http.stream("POST", "/api/compose", json=values) as response:
            lines = response.iter_lines()
            next(lines)
            client.process.send_signal(2)
            _, errors = client.process.communicate(timeout=60)
            assert "the studio was stopped" in list(lines)[-1]
    assert client.process.returncode == 130 and errors == "\nstopped\n"


# Strangers -----------------------------------------------------------------------------------


def test_requests_without_the_token_or_from_another_page_are_refused(studio):
    for headers in (
        {},
        {"X-Abcrnn-Token": studio.token, "Origin": "http://evil.example"},
        {"X-Abcrnn-Token": studio.token, "Host": "evil.example"},
    ):
        answer = httpx.post(f"{studio.base}/api/begin", json={}, headers=headers)
        assert answer.status_code == 403 and set(answer.json()) == {"error"}
        assert "access-control-allow-origin" not in answer.headers
    assert httpx.get(studio.base).status_code == 403
    assert httpx.get(f"{studio.base}/api/kept.abc").status_code == 403


@pytest.mark.parametrize("path", ["/static/../api.py", "/static/%2e%2e/api.py", "/etc/passwd"])
def test_no_path_leads_to_a_file(studio, path):
    answer = studio.http.get(path)
    assert answer.status_code == 404 and "abcrnn" not in answer.text


def test_a_large_body_is_refused_and_the_next_request_answered(studio, session):
    body = b'{"abc": "' + b"x" * 10_000_000 + b'"}'
    headers = {"Content-Type": "application/json"}
    try:
        status = studio.http.post("/api/check", content=body, headers=headers).status_code
    except httpx.TransportError:  # closed while the rest was sent
        status = 413
    assert status == 413
    assert studio.ask("open", session=session)["nodes"] == []


def test_hostile_tunes_are_answered_in_bounded_time(studio, session):
    began = time.monotonic()
    for body in ("(" * 15_000, "[" * 15_000, '"' * 15_000, "|:" * 7_000, "{" * 15_000):
        studio.ask("edit", session=session, node=None, abc=f"X:1\nK:C\n{body}")
    assert time.monotonic() - began < 60  # far above what it takes; a square would be hours
