"""Composed tunes are formatted, unless they would lose their prompt, requests or length."""

import pytest

from abcrnn import tidy
from abcrnn.composition.layout import recorded_text, tidied
from abcrnn.composition.provenance import Settings, digest
from abcrnn.composition.requests import Requests

TUNE = "X:1\nR:jig\nM:6/8\nL:1/8\nK:D\nABc  def | gab  agf |]"


def settings(prompt=None, max_length=1000):
    return Settings(temperature=1, top_p=None, max_length=max_length, prompt=prompt)


def test_a_tune_is_formatted():
    assert tidied(TUNE, Requests(key="D", bars=2), settings()) == tidy(TUNE) != TUNE


@pytest.mark.parametrize(
    ("prompt", "is_kept"),
    [("X:1\nR:jig\n", False), ("X:7\nM:6/8\nL:1/8\n", False), ("X:5\n", True), ("X:", True)],
)
def test_the_text_of_the_prompt_stays(prompt, is_kept):
    tune = TUNE if prompt.startswith("X:1\nR") else TUNE.replace("R:jig\n", "")
    expected = tidy(tune) if is_kept or "M:" in prompt else tune
    assert tidied(tune, Requests(), settings(prompt)) == expected


def test_a_tune_stays_short_enough():
    long = TUNE.replace("gab  agf |]", "|".join(["gabagf"] * 9) + "|]")
    added = len(tidy(long)) - len(long)
    assert tidied(long, Requests(), settings(max_length=len(tidy(long)))) == tidy(long)
    assert tidied(long, Requests(), settings(max_length=len(tidy(long)) - 1)) == long, added


def test_a_tune_that_cannot_be_formatted_stays():
    assert tidied("X:1\nK:D\nA/0|", Requests(), settings()) == "X:1\nK:D\nA/0|"


def test_the_text_of_this_and_of_earlier_versions_is_found():
    for text in (TUNE, tidy(TUNE)):
        assert recorded_text(TUNE, Requests(), settings(), digest(text)) == text
    assert recorded_text(TUNE, Requests(), settings(), digest("X:1\nother")) is None


def test_repeats_are_explicit():
    plain = tidy("X:1\nM:6/8\nL:1/8\nK:D\nd6|d6:|f6|e6:|")
    explicit = plain.replace("\nf6", "\n|:f6")
    assert tidied(plain, Requests(form="AABB", bars=4), settings()) == explicit
    # Without them where the prompt, or the maximum length, leaves no room.
    assert tidied(plain, Requests(), settings(prompt=plain[:-3])) == plain
    assert tidied(plain, Requests(), settings(max_length=len(plain) + 1)) == plain
    for text in (plain, explicit):
        assert recorded_text(plain, Requests(), settings(), digest(text)) == text
