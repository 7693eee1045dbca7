"""The lines that a composed tune carries, and what strangers may make of them."""

import json
import time

import pytest

from abcrnn.composition.provenance import Provenance, Settings, digest, parse_provenance, unsigned
from abcrnn.composition.requests import Orders

TUNE = "X:1\nM:6/8\nK:D\nABc def|]"
SETTINGS = {"temperature": 0.8, "top_p": None, "max_length": 1000, "prompt": None}


def provenance(orders=None, **settings):
    return Provenance(
        "0.1.0",
        "0123456789abcdef",
        2**63 - 1,
        17,
        Settings(**{**SETTINGS, **settings}),
        orders or Orders(),
        digest(TUNE),
    )


def lines(settings="{}", orders="{}", **changes):
    parts = {"model": "0123456789abcdef", "seed": "1", "stream": "2", "tune": digest(TUNE)}
    parts |= changes
    numbers = ", ".join(f"{name} {value}" for name, value in parts.items())
    return (
        f"{TUNE}\n% composed by abcrnn 0.1.0\n% {numbers}\n% settings {settings}\n% orders {orders}"
    )


@pytest.mark.parametrize(
    "source",
    [
        provenance(),
        provenance(top_p=0.9, temperature=1, prompt='X:1\nT:Ó 100 % \\ "{}"\n'),
        provenance(prompt="X:1\nT:" + "ó" * 10_000 + "\n"),
        provenance(Orders(key="A dorian", meter="6/8", opening='"Am"A3 {b}c3|', bars=16)),
        provenance(Orders(form="AABB", pitches="D-c'", rhythm="slip jig {9/8}")),
    ],
)
def test_what_is_written_is_read(source):
    signed = f"{TUNE}\n{source.lines()}"
    assert parse_provenance(signed) == source
    assert parse_provenance(signed + "\n") == source
    assert unsigned(signed) == TUNE
    assert all(line.startswith("% ") for line in source.lines().split("\n"))


def test_the_digest_tells_tunes_apart_but_not_their_numbers():
    assert digest(TUNE) == digest(TUNE.replace("X:1", "X:99"))
    assert digest(TUNE) != digest(TUNE.replace("c", "d"))


@pytest.mark.parametrize(
    "tune", ["", TUNE, TUNE + "\n% composed by abcrnn 0.1.0", lines(seed="-1"), lines(seed="1.5"),
             lines(model="x"), lines(stream="1" * 10), lines(seed="1" * 20), lines(tune="")]
)  # fmt: skip
def test_a_tune_without_the_lines_is_refused(tune):
    with pytest.raises(ValueError, match="carries no lines such as"):
        parse_provenance(tune)


def with_settings(**changes):
    return json.dumps({**SETTINGS, **changes})


SOUND = with_settings()
HOSTILE = {
    "no settings": ("{}", "{}", "missing"),
    "no JSON": ("{temperature}", "{}", "property name"),
    "a setting too many": (with_settings(command="rm"), "{}", "command"),
    "NaN": (with_settings(temperature=float("nan")), "{}", "temperature must be a positive"),
    "no end of heat": (with_settings(temperature=float("inf")), "{}", "temperature must be a pos"),
    "text for a number": (with_settings(temperature="hot"), "{}", "temperature must be"),
    "a yes for a number": (with_settings(temperature=True), "{}", "temperature must be"),
    "below nothing": (with_settings(temperature=-1), "{}", "temperature must be"),
    "next to nothing": (with_settings(temperature=1e-300), "{}", "temperature must be from"),
    "beyond any float": (with_settings(temperature=10**400), "{}", "temperature must be from"),
    "beyond any number": ('{"temperature": ' + "9" * 10_000 + "}", "{}", "digits"),
    "no share": (with_settings(top_p=1e-40), "{}", "top_p must be from"),
    "shares in a list": (with_settings(top_p=[1]), "{}", "top_p must be"),
    "no length": (with_settings(max_length=0), "{}", "max_length must be"),
    "half a length": (with_settings(max_length=10.5), "{}", "max_length must be"),
    "a length beyond all": (with_settings(max_length=10**400), "{}", "max_length must be at most"),
    "a number as prompt": (with_settings(prompt=7), "{}", "prompt must be text"),
    "two tunes": (with_settings(prompt="X:1\n\nX:2\n"), "{}", "blank line"),
    "brackets in brackets": ("{" * 2000 + "}" * 2000, "{}", "not whole"),
    "lists in lists": ('{"a": ' + "[" * 100_000 + "}", "{}", "not whole"),
    "an unknown order": (SOUND, '{"tempo": 3}', "tempo"),
    "a number as key": (SOUND, '{"key": 3}', "key must be text"),
    "a list as opening": (SOUND, '{"opening": []}', "opening must be text"),
    "an object as form": (SOUND, '{"form": {}}', "form must be text"),
    "bars below nothing": (SOUND, '{"bars": -8}', "bars must be"),
    "bars of text": (SOUND, '{"bars": "8"}', "bars must be"),
    "a form without end": (SOUND, json.dumps({"form": "A" * 10**6}), "form must be"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_lines_are_refused_in_words(name):
    settings, orders, message = HOSTILE[name]
    with pytest.raises(ValueError, match="are not whole") as caught:
        parse_provenance(lines(settings, orders))
    assert message in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "text",
    [
        "% composed by abcrnn 0\n" * 50_000,
        "% settings {" * 100_000,
        lines("{" * 10**6),
        lines(with_settings(prompt="X:1\nT:" + "a" * 10**6)),
        lines(SOUND + "}" * 10**6, "{}" * 10**6),
        "% model 0123456789abcdef, seed 1, stream 1, tune 0\n" * 20_000,
    ],
)
def test_huge_lines_take_no_time(text):
    begun = time.process_time()
    try:
        parse_provenance(text)
    except ValueError as error:
        assert len(str(error)) < 1000
    unsigned(text)
    assert time.process_time() - begun < 2
