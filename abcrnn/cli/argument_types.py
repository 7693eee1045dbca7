"""Types of command-line arguments: they check a text and return its value."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Any

_MOST_DIGITS = 19  # of whole numbers, such as the seeds that compose records


def whole_number(least: int, example: int) -> Callable[[str], int]:
    """Return an argument type for whole numbers of at least ``least``."""

    def parse(text: str) -> int:
        text = text.strip()
        if re.fullmatch(r"[+-]?\d+", text) and len(text.lstrip("+-")) > _MOST_DIGITS:
            raise argparse.ArgumentTypeError(
                f"must be a whole number of at most {_MOST_DIGITS} digits, not {text!r:.80}"
            )
        if not re.fullmatch(r"[+-]?\d+", text) or int(text) < least:
            raise argparse.ArgumentTypeError(
                f"must be a whole number of at least {least}, such as {example}, not {text!r:.80}"
            )
        return int(text)

    return parse


def number(accepted: str, is_valid: Callable[[float], bool]) -> Callable[[str], float]:
    """Return an argument type for numbers; ``accepted`` describes them in messages."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not is_valid(value):
            raise argparse.ArgumentTypeError(f"must be {accepted}, not {text!r}")
        return value

    return parse


count = whole_number(1, 3)
whole = whole_number(0, 0)
positive = number("a number above 0, such as 0.8", lambda x: 0 < x < float("inf"))
learning_rate = number("a number above 0, such as 0.001", lambda x: 0 < x < float("inf"))
not_negative = number("a number of at least 0, such as 4", lambda x: 0 <= x < float("inf"))
probability = number("above 0 and at most 1, such as 0.95", lambda x: 0 < x <= 1)
decay = number("above 0 and below 1, such as 0.995", lambda x: 0 < x < 1)
share = number("a share from 0 to below 1, such as 0.1", lambda x: 0 <= x < 1)


def number_or_tuned(text: str) -> float | str:
    """Parse a number above 0, or the text ``tuned``."""
    if text == "tuned":
        return text
    accepted = "tuned or a number above 0, such as 1.05"
    return number(accepted, lambda x: 0 < x < float("inf"))(text)


def candidates(text: str) -> int:
    """Check that an argument is a number of candidates for a tune."""
    from abcrnn.sampling.faithful import MAX_FAITHFUL

    accepted = count(text)
    if accepted > MAX_FAITHFUL:
        raise argparse.ArgumentTypeError(f"must be at most {MAX_FAITHFUL}, not {text}")
    return accepted


def one_line(text: str) -> str:
    """Check that an argument is one line of text."""
    if not text.strip() or "\n" in text:
        raise argparse.ArgumentTypeError(f"must be one line of text, not {text!r}")
    return text


def key(text: str) -> str:
    """Check that an argument is the value of a field ``K:``."""
    from abcrnn.composition.spellings import key_spellings
    from abcrnn.notation.fields import parse_key

    words = one_line(text).split()
    is_special = words[0] in ("HP", "Hp") or (len(words) > 1 and key_spellings(words[0]))
    if not key_spellings(text) and not (is_special and parse_key(text)):
        raise argparse.ArgumentTypeError(
            f"{text} is not a key; keys are A to G with # or b and a mode, such as D, Em or "
            "A dorian"
        )
    return text


def meter(text: str) -> str:
    """Check that an argument is the value of a field ``M:``."""
    from abcrnn.notation.fields import parse_meter

    if parse_meter(one_line(text)) is None:
        raise argparse.ArgumentTypeError(
            f"{text} is not a meter; a meter is, for example, 6/8, 4/4, C or C|"
        )
    return text


def instrument(text: str) -> str:
    """Check that an argument is the name or number of a General MIDI instrument."""
    from abcrnn.export.instruments import program_number

    try:
        program_number(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("instrument ")) from None
    return text


def picture(text: str) -> str:
    """Check that an argument is the name of a PNG file."""
    if not text.lower().endswith(".png"):
        raise argparse.ArgumentTypeError(f"must be a file that ends in .png, not {text!r}")
    return text


def bar_range(text: str) -> tuple[int, int]:
    """Parse a range of bars, such as ``5-6``, or one bar, such as ``5``."""
    first, _, last = text.partition("-")
    if not first.isdecimal() or not (last or first).isdecimal() or len(text) > 12:
        raise argparse.ArgumentTypeError(f"must be a range of bars, such as 5-6, not {text!r}")
    if int(first) > int(last or first):
        raise argparse.ArgumentTypeError(
            f"must be a range of bars with the lower number first, such as 5-6, not {text!r}"
        )
    return int(first), int(last or first)


def request(name: str) -> Callable[[str], str]:
    """Return an argument type for the request of this name."""

    def parse(text: str) -> str:
        from abcrnn.composition.requests import Requests

        text = text.upper() if name == "form" else text
        if name == "key":
            key(text)
        if name == "meter":
            meter(text)
        try:
            values: dict[str, Any] = {name: text}
            Requests(**values)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error).removeprefix(f"{name} ")) from None
        return text

    return parse
