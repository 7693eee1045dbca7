"""Messages about requests that no tune can match, with what contradicts what.

A request may contradict the beginning of a tune, or the maximum length. Requests that
contradict each other whatever the beginning are refused by
:class:`abcrnn.composition.requests.Requests`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from abcrnn.composition.pitch_range import first_outside
from abcrnn.composition.request_checks import contradicted_requests, read_complete_lines
from abcrnn.composition.requests import Requests, constraint_for, require_ending_in_range
from abcrnn.composition.spellings import is_same_key, is_same_meter
from abcrnn.data.store import BOUNDARY
from abcrnn.grammar.transition_tables import TransitionTables
from abcrnn.notation import Tune, read_tune
from abcrnn.notation.tune import Pitch

# Requests that only the constraint compares with a beginning. The form divides the bars.
_IN_CONSTRAINT = (("form", "bars"), ("ending",), ("form", "bars", "ending"))
_WITH_LENGTH = ("title", "rhythm", "opening", "form", "bars")


def require_compatible(requests: Requests, prompt: str | None) -> None:
    """Raise ``ValueError`` if no tune with this beginning matches the requests.

    Form and bars are not checked here; see :func:`require_readable`.

    Parameters
    ----------
    requests : Requests
    prompt : str, optional
        The beginning of a tune to continue. Without it, the opening is checked.
    """
    beginning = requests.prompt(prompt)
    tune, has_key = _read(beginning)
    for name in contradicted_requests(requests, beginning):
        detail = _detail(name, requests, tune)
        if prompt is None:
            opening = _values(requests, ("opening",))
            raise ValueError(f"{opening} does not match the requested {name}: {detail}")
        raise ValueError(f"no tune that begins with the prompt has the requested {name}: {detail}")
    if has_key and tune.key.tonic and requests.ending and requests.pitches:
        require_ending_in_range(requests.ending, requests.pitches, tune.key.name)


def require_readable(
    model: Any, constraint: TransitionTables, requests: Requests, prompt: str
) -> None:
    """Raise ``ValueError`` if form, bars or ending exclude a beginning, or an opening is invalid.

    Parameters
    ----------
    model : SequenceModel
    constraint : TransitionTables
        Of the requests.
    requests : Requests
    prompt : str
        The beginning of the tune, with the opening.
    """
    length = constraint.read_prefix(prompt).length
    if length == len(prompt):
        return
    opening = (requests.opening or "").strip()
    begin = len(prompt) - len(opening)
    is_in_opening = bool(opening) and prompt.endswith(opening) and length >= begin
    excluding = _excluding(model, requests, prompt)
    if is_in_opening:
        where = f"character {length - begin + 1}, {prompt[length]!r}, is not allowed there"
        if excluding:
            given = _values(requests, ("opening",))
            raise ValueError(f"{given} begins no tune with {excluding}: {where}")
        raise ValueError(
            "opening must be music that a valid tune can begin with, such as 'dfa afd': "
            f"{where} in {opening!r:.80}"
        )
    if excluding:
        line, column = prompt.count("\n", 0, length) + 1, length - prompt.rfind("\n", 0, length)
        raise ValueError(
            f"no valid tune with {excluding} begins with the prompt: line {line}, "
            f"column {column}: {prompt[length]!r} is not allowed there"
        )


def require_room(
    constraint: TransitionTables,
    requests: Requests,
    prompt: str,
    max_length: int,
    title_length: int = 0,
) -> None:
    """Raise ``ValueError`` if no tune that matches the requests is short enough.

    Parameters
    ----------
    constraint : TransitionTables
        Of the requests.
    requests : Requests
    prompt : str
        The beginning of the tune.
    max_length : int
        Maximum length of a tune, in characters.
    title_length : int
        Maximum length of a title that is added to the prompt.
    """
    prefix = constraint.read_prefix(prompt)
    least = len(prompt) + constraint.length_to_end(prefix) - len(BOUNDARY) + title_length
    if prefix.length == len(prompt) and least > max_length:
        given = _values(requests, _WITH_LENGTH) or "this beginning"
        raise ValueError(f"max_length must be at least {least} for a tune with {given}, not "
                         f"{max_length}")  # fmt: skip


def _excluding(model: Any, requests: Requests, prompt: str) -> str:
    """Return the fewest requests that exclude a beginning; empty if it is never valid."""

    def is_valid(names: tuple[str, ...]) -> bool:
        others = dict.fromkeys(name for name in _IN_CONSTRAINT[-1] if name not in names)
        constraint = constraint_for(model, replace(requests, **others))
        return constraint.read_prefix(prompt).length == len(prompt)

    if not is_valid(()):
        return ""
    return _values(requests, next(names for names in _IN_CONSTRAINT if not is_valid(names)))


def _values(requests: Requests, names: tuple[str, ...]) -> str:
    """Return requests as ``name=value``, those that are not given left out."""
    given = requests.given()
    texts = [f"{name}={given[name]!r:.80}" for name in names if name in given]
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def _read(beginning: str) -> tuple[Tune, bool]:
    """Parse the beginning of a tune; also return whether it has a key."""
    lines = read_complete_lines(beginning)
    if "K" in dict(lines.fields):
        return read_tune(beginning), True
    return lines, False


def _detail(name: str, requests: Requests, tune: Tune) -> str:
    """Return which part of a beginning contradicts a request."""
    value = f"{requests.given()[name]!r:.80}"
    if name == "pitches":
        pitch = first_outside(tune, requests.pitches or "")
        return f"the note {_in_abc(pitch)} is outside {value}" if pitch else value
    if name == "opening":
        return f"its music does not begin with {value}"
    if name == "key":
        keys = [bar.key for bar in tune.bars()] or [tune.key]
        found = next(key.name for key in keys if not is_same_key(key, requests.key or ""))
    elif name == "meter":
        meters = [bar.meter.text for bar in tune.bars()] or [tune.field("M")]
        found = next(text for text in meters if not is_same_meter(text, requests.meter or ""))
    else:
        found = repr(tune.field({"title": "T", "rhythm": "R"}[name]))
    return f"its {name} is {found}, not {value}"


def _in_abc(pitch: Pitch) -> str:
    """Return a pitch as ABC writes it without a key signature."""
    accidental = {-2: "__", -1: "_", 0: "", 1: "^", 2: "^^"}.get(pitch.alter, "")
    letter = pitch.step if pitch.octave < 5 else pitch.step.lower()
    return accidental + letter + "," * (4 - pitch.octave) + "'" * (pitch.octave - 5)
