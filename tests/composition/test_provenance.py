"""Provenance lines: what is written is read, and hostile lines are refused."""

import json

import pytest
from helpers.fuzz_json import mutations

from abcrnn.composition.provenance import (
    Provenance,
    Settings,
    digest,
    parse_provenance,
    provenance_lines,
    without_provenance,
)
from abcrnn.composition.requests import Requests
from abcrnn.notation import ABCError

TUNE = "X:1\nM:6/8\nK:D\nABc def|]"
SETTINGS = {"temperature": 0.8, "top_p": None, "max_length": 1000, "prompt": None}


def provenance(requests=None, **settings):
    return Provenance(
        "0.1.0",
        "0123456789abcdef",
        2**63 - 1,
        17,
        Settings(**{**SETTINGS, **settings}),
        requests or Requests(),
        digest(TUNE),
    )


def lines(settings="{}", requests="{}", name="requests", **changes):
    parts = {"model": "0123456789abcdef", "seed": "1", "stream": "2", "tune": digest(TUNE)}
    parts |= changes
    numbers = ", ".join(f"{part} {value}" for part, value in parts.items())
    return (
        f"{TUNE}\n% composed by abcrnn 0.1.0\n% {numbers}\n% settings {settings}\n"
        f"% {name} {requests}"
    )


@pytest.mark.parametrize(
    "source",
    [
        provenance(),
        provenance(top_p=0.9, temperature=1, prompt='X:1\nT:Ó 100 % \\ "{}"\n'),
        provenance(prompt="X:1\nT:" + "ó" * 10_000 + "\n"),
        provenance(Requests(key="A dorian", meter="6/8", opening='"Am"A3 {b}c3|', bars=16)),
        provenance(Requests(form="AABB", pitches="D-c'", rhythm="slip jig {9/8}")),
    ],
)
def test_what_is_written_is_read(source):
    signed = f"{TUNE}\n{source.lines()}"
    assert parse_provenance(signed) == source
    assert parse_provenance(signed + "\n") == source
    assert without_provenance(signed) == TUNE
    assert all(line.startswith("% ") for line in source.lines().split("\n"))


def test_lines_of_earlier_versions_are_read():
    """They name the requests "orders"; the lines stay as they are in a reproduced tune."""
    settings, requests = json.dumps(SETTINGS), '{"key": "G", "bars": 8}'
    new, old = lines(settings, requests), lines(settings, requests, name="orders")
    assert "\n% orders {" in old and "\n% requests {" in new
    assert parse_provenance(old) == parse_provenance(new)
    assert parse_provenance(old).requests == Requests(key="G", bars=8)
    assert without_provenance(old) == TUNE
    assert provenance_lines(old) == old.removeprefix(TUNE + "\n")
    assert parse_provenance(new).lines() == provenance_lines(new)


def test_the_digest_depends_on_the_tune_but_not_on_its_number():
    assert digest(TUNE) == digest(TUNE.replace("X:1", "X:99"))
    assert digest(TUNE) != digest(TUNE.replace("c", "d"))


@pytest.mark.parametrize("tune", ["", TUNE, TUNE + "\n% composed by hand"])
def test_a_tune_without_the_lines_is_refused(tune):
    with pytest.raises(ValueError, match="has no lines such as '% composed by abcrnn .*rewrite"):
        parse_provenance(tune)


@pytest.mark.parametrize(
    ("tune", "message"),
    [
        (lines(seed="-1"), "line 6: seed must be a whole number from 0, of at most 19 digits, not"),
        (lines(seed="9" * 20), "line 6: seed must be a whole .*, not '99999999999999999999'"),
        (lines(seed="1.5"), "line 6: seed must be a whole .*, not '1.5'"),
        (lines(stream="-1"), "line 6: stream must be .* of at most 9 digits, not '-1'"),
        (lines(stream="1" * 10), "line 6: stream must be"),
        (lines(model="x"), "line 6: model must be 16 hexadecimal digits, not 'x'"),
        (lines(tune=""), "line 6: tune must be 16 hexadecimal digits, not ''"),
        (lines().replace("stream", "steam"), "line 6: the line must be such as '% model 0.*steam"),
        (lines("{broken"), "line 7: the line must be such as '% settings {...}', not '% settings"),
        (lines().replace("% settings", "%settings"), "line 7: the line must be such as '% set"),
        (lines(requests="[]"), r"line 8: .* '% requests {...}', not '% requests \[\]'"),
        (TUNE + "\n% composed by abcrnn 0.1.0", "line 6: the line must be .* '% model .*, not ''"),
        (TUNE + "\n% composed by abcrnn", "line 5: .* '% composed by abcrnn 1.0', not '% composed"),
        (TUNE + "\n% rewritten by abcrnn 1.0", "line 6: the line must be such as '% model"),
        (
            lines("{broken}"),
            "line 7: the values of settings are not valid: they must be JSON, not '{broken}'",
        ),
        (
            lines(json.dumps(SETTINGS), '{"bars": 0}'),
            "line 8: the values of requests are not valid: bars",
        ),
    ],
)
def test_a_changed_line_is_named_with_the_value_and_what_it_must_be(tune, message):
    with pytest.raises(ABCError, match="^" + message) as caught:
        parse_provenance(tune)
    assert caught.value.line == int(message[5]) and "\n" not in str(caught.value)


def with_settings(**changes):
    return json.dumps({**SETTINGS, **changes})


VALID = with_settings()
HOSTILE = {
    "no settings": ("{}", "{}", "missing"),
    "no JSON": ("{temperature}", "{}", "property name"),
    "an unknown setting": (with_settings(command="rm"), "{}", "command"),
    "NaN": (with_settings(temperature=float("nan")), "{}", "temperature must be a positive"),
    "infinite": (with_settings(temperature=float("inf")), "{}", "temperature must be a pos"),
    "text for a number": (with_settings(temperature="hot"), "{}", "temperature must be"),
    "a boolean": (with_settings(temperature=True), "{}", "temperature must be"),
    "negative": (with_settings(temperature=-1), "{}", "temperature must be"),
    "almost 0": (with_settings(temperature=1e-300), "{}", "temperature must be from"),
    "above any float": (with_settings(temperature=10**400), "{}", "temperature must be from"),
    "too many digits": ('{"temperature": ' + "9" * 10_000 + "}", "{}", "digits"),
    "share almost 0": (with_settings(top_p=1e-40), "{}", "top_p must be from"),
    "a list as share": (with_settings(top_p=[1]), "{}", "top_p must be"),
    "length 0": (with_settings(max_length=0), "{}", "max_length must be"),
    "a fraction as length": (with_settings(max_length=10.5), "{}", "max_length must be"),
    "a huge length": (with_settings(max_length=10**400), "{}", "max_length must be at most"),
    "a number as prompt": (with_settings(prompt=7), "{}", "prompt must be text"),
    "two tunes": (with_settings(prompt="X:1\n\nX:2\n"), "{}", "blank line"),
    "nested braces": ("{" * 2000 + "}" * 2000, "{}", "not valid"),
    "nested lists": ('{"a": ' + "[" * 100_000 + "}", "{}", "not valid"),
    "an unknown request": (VALID, '{"tempo": 3}', "tempo"),
    "a number as key": (VALID, '{"key": 3}', "key must be text"),
    "a list as opening": (VALID, '{"opening": []}', "opening must be text"),
    "an object as form": (VALID, '{"form": {}}', "form must be text"),
    "negative bars": (VALID, '{"bars": -8}', "bars must be"),
    "bars as text": (VALID, '{"bars": "8"}', "bars must be"),
    "a huge form": (VALID, json.dumps({"form": "A" * 10**6}), "form must be"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_lines_are_refused_with_a_message(name):
    settings, requests, message = HOSTILE[name]
    with pytest.raises(ValueError, match="are not valid") as caught:
        parse_provenance(lines(settings, requests))
    assert message in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "text",
    [
        "% composed by abcrnn 0\n" * 50_000,
        "% settings {" * 100_000,
        lines("{" * 10**6),
        lines(with_settings(prompt="X:1\nT:" + "a" * 10**6)),
        lines(VALID + "}" * 10**6, "{}" * 10**6),
        "% model 0123456789abcdef, seed 1, stream 1, tune 0\n" * 20_000,
    ],
)
def test_huge_lines_are_read_in_linear_time(text):
    """With quadratic time this test would take hours."""
    try:
        parse_provenance(text)
    except ValueError as error:
        assert len(str(error)) < 1000
    without_provenance(text)


@pytest.mark.parametrize("name", ["settings", "requests"])
def test_every_value_of_the_lines_is_validated(name):
    requests = Requests(key="D", meter="6/8", form="AABB", bars=16)
    lines = provenance(requests, top_p=0.9, prompt="X:1\n").lines()
    values = {"settings": {**SETTINGS, "top_p": 0.9, "prompt": "X:1\n"},
              "requests": requests.given()}[name]  # fmt: skip
    assert json.dumps(values) in lines
    parsed = 0
    for what, changed in mutations(values):
        text = f"{TUNE}\n{lines.replace(json.dumps(values), json.dumps(changed))}"
        try:
            parse_provenance(text)
            parsed += 1
        except ValueError as error:
            assert len(str(error)) < 500 and "\n" not in str(error), what
    assert parsed >= 5
