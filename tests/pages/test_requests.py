"""What the server of the studio accepts: fields, addresses, tokens, origins, sizes."""

import asyncio
import json

import pytest

from abcrnn.pages.studio.fields import FieldError, Fields
from abcrnn.pages.studio.guard import MAX_BODY, Guard

PORT = 8000
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104
HOST = f"127.0.0.1:{PORT}"


# Fields --------------------------------------------------------------------------------------


def take(body, method, *arguments, **options):
    fields = Fields(body.encode("utf-8", "surrogatepass"))
    value = getattr(fields, method)(*arguments, **options)
    fields.end()
    return value


def test_values_of_the_right_type_are_taken():
    assert take('{"a": " G dorian "}', "text", "a", 20) == " G dorian "
    assert take('{"a": " G "}', "optional_text", "a", 20) == "G"
    assert take('{"a": "  "}', "optional_text", "a", 20) is None
    assert take('{"a": "C|\\nD|\\t"}', "text", "a", 20, lines=True) == "C|\nD|\t"
    assert take("{}", "optional_whole", "a", 1, 9) is take('{"a": null}', "optional_text", "a", 9)
    assert take('{"a": 9}', "whole", "a", 1, 9) == 9
    assert take('{"a": 1}', "number", "a", 0.1, 3) == 1.0
    assert take('{"a": "x"}', "choice", "a", ["x"]) == "x"


@pytest.mark.parametrize(
    ("body", "method", "arguments", "message"),
    [
        ('{"a": 3}', "text", ("a", 20), "a must be text, not 3"),
        ('{"a": "xxx"}', "text", ("a", 2), "at most 2 characters, not 3"),
        ('{"a": "x\\u0000"}', "text", ("a", 20), "without control characters"),
        ('{"a": "x\\ny"}', "text", ("a", 20), "on one line"),
        ('{"a": "\\u009b"}', "text", ("a", 20), "without control characters"),
        ('{"a": "\\ud800"}', "text", ("a", 20), "surrogates"),
        ("{}", "text", ("a", 20), "the field a is missing"),
        ('{"a": true}', "whole", ("a", 0, 9), "a whole number from 0 to 9, not True"),
        ('{"a": 1.0}', "whole", ("a", 0, 9), "a whole number from 0 to 9"),
        ('{"a": -1}', "whole", ("a", 0, 9), "not -1"),
        ('{"a": ' + "9" * 400 + "}", "number", ("a", 0, 9), r"not 9{60}\.\.\."),
        ('{"a": 1e999}', "number", ("a", 0, 9), "a number from 0 to 9, not inf"),
        ('{"a": NaN}', "number", ("a", 0, 9), "NaN is not JSON"),
        ('{"a": "y"}', "choice", ("a", ["x", "z"]), "one of x, z, not 'y'"),
        ('{"a": "x", "b": 1}', "text", ("a", 20), "'b' is not a field"),
        ("[1]", "text", ("a", 20), "must be a JSON object"),
        ("", "text", ("a", 20), "must be JSON"),
        ("[" * 100_000, "text", ("a", 20), "must be JSON"),
        ('{"a": ' + "9" * 5000 + "}", "whole", ("a", 0, 9), "must be JSON"),
    ],
)
def test_another_value_is_refused_in_one_line(body, method, arguments, message):
    with pytest.raises(FieldError, match=message) as caught:
        take(body, method, *arguments)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 250


# Guard ---------------------------------------------------------------------------------------


async def echo(scope, receive, send):
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def answer(path="/api/x", method="POST", body=b"{}", host="127.0.0.1", query=b"", **headers):
    """Return the status and the headers of an answer, and the body or the reason."""
    given = {"host": HOST, "content-type": "application/json", "x-abcrnn-token": "secret"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    pairs = [(k.encode(), v.encode("latin-1")) for k, v in given.items() if v is not None]
    scope = {
        "type": "http", "path": path, "method": method, "headers": pairs, "query_string": query,
    }  # fmt: skip
    pieces = [body[i : i + 50_000] for i in range(0, len(body), 50_000)] or [b""]
    messages = [
        {"type": "http.request", "body": piece, "more_body": piece is not pieces[-1]}
        for piece in pieces
    ]
    sent = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    asyncio.run(Guard(echo, "secret", host, PORT)(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


def test_the_page_itself_may_ask():
    status, headers, body = answer(origin=f"http://{HOST}", sec_fetch_site="same-origin")
    assert (status, body) == (200, b"{}")
    assert b"default-src 'none'" in headers[b"content-security-policy"]
    assert (
        answer(
            host="127.0.0.1", path="/", method="GET", query=b"token=secret", x_abcrnn_token=None
        )[0]
        == 200
    )
    assert answer(path="/static/x.js", method="GET", x_abcrnn_token=None)[0] == 200
    assert answer(body=b"x" * MAX_BODY)[0] == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"host": "evil.example"}, 403),
        ({"x_abcrnn_token": "secreT"}, 403),
        ({"x_abcrnn_token": ""}, 403),
        ({"x_abcrnn_token": None}, 403),
        ({"x_abcrnn_token": "s\xe9cret"}, 403),
        ({"x_abcrnn_token": None, "query": b"token=secret"}, 403),  # a form of another page
        ({"x_abcrnn_token": None, "method": "GET", "query": b"token=%ff&token=secret"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": f"https://{HOST}"}, 403),
        ({"origin": "http://127.0.0.1:8001"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"content_type": "text/plain"}, 415),
        ({"content_type": None}, 415),
        ({"content_length": str(MAX_BODY + 1)}, 413),
        ({"content_length": "9" * 5000}, 413),
        ({"content_length": "-1"}, 413),
        ({"body": b"x" * 10_000_000}, 413),  # without a length
    ],
)
def test_another_request_is_refused_with_the_reason(change, status):
    host = change.pop("host", None)
    given = answer(**change) if host is None else answer_for_host(host)
    assert given[0] == status
    assert set(json.loads(given[2])) == {"error"} and b"secret" not in given[2]


def answer_for_host(name, host="127.0.0.1"):
    given = {"host": name, "content-type": "application/json", "x-abcrnn-token": "secret"}
    pairs = [(k.encode(), v.encode("latin-1")) for k, v in given.items()]
    scope = {
        "type": "http", "path": "/api/x", "method": "POST", "headers": pairs, "query_string": b"",
    }  # fmt: skip
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"{}"}

    async def send(message):
        sent.append(message)

    asyncio.run(Guard(echo, "secret", host, PORT)(scope, receive, send))
    return sent[0]["status"], {}, sent[1]["body"]


@pytest.mark.parametrize(
    ("host", "name", "is_accepted"),
    [
        ("127.0.0.1", "127.0.0.1:8000", True),
        ("127.0.0.1", "LOCALHOST:8000", True),
        ("127.0.0.1", "localhost", False),
        ("127.0.0.1", "localhost:80", False),
        ("127.0.0.1", "192.168.1.2:8000", False),
        ("127.0.0.1", "evil.example:8000", False),
        ("127.0.0.1", "127.0.0.1.evil.example:8000", False),
        ("127.0.0.1", "", False),
        (EVERY_ADDRESS, "192.168.1.2:8000", True),
        (EVERY_ADDRESS, "[fe80::1]:8000", True),
        (EVERY_ADDRESS, "evil.example:8000", False),  # a name that was made to lead here
        ("::1", "[::1]:8000", True),
        ("music.local", "music.local:8000", True),
    ],
)
def test_only_names_of_this_machine_are_accepted(host, name, is_accepted):
    assert (answer_for_host(name, host)[0] == 200) == is_accepted


def test_other_protocols_get_no_answer():
    sent = []

    async def run():
        await Guard(echo, "secret", "127.0.0.1", PORT)({"type": "websocket"}, None, sent.append)

    asyncio.run(run())
    assert not sent
