"""Checks whether a tune matches the requests it was generated for.

The checks read the finished text and share no code with the constraint used in
sampling, so that each verifies the other.
"""

from __future__ import annotations

from collections.abc import Callable

from abcrnn.composition.pitch_range import is_in_range
from abcrnn.composition.requests import Requests
from abcrnn.composition.spellings import is_same_key, is_same_meter
from abcrnn.composition.tune_form import count_bars, form_of, split_sections
from abcrnn.evaluation.tune_metrics import Ending, measure
from abcrnn.notation import Tune, read_tune


def unmet_requests(requests: Requests, tune: str, read: Tune | None = None) -> list[str]:
    """Return the names of the requests that a finished tune does not match.

    Parameters
    ----------
    requests : Requests
    tune : str
        A tune of any source.
    read : Tune, optional
        The same tune, parsed.

    Returns
    -------
    list of str
        Names such as ``"key"``, in the order of the fields of :class:`Requests`; empty if
        the tune matches all requests.

    Raises
    ------
    ABCError
        If the tune cannot be read.
    """
    parsed = read_tune(tune) if read is None else read
    return [name for name in requests.given() if not _CHECKS[name](requests, parsed, tune)]


def read_complete_lines(beginning: str) -> Tune:
    """Parse the beginning of a tune without its last line, if that has no line end."""
    lines = beginning[: beginning.rfind("\n") + 1]
    return read_tune(lines if lines.strip() else "X:1")


def contradicted_requests(requests: Requests, beginning: str) -> list[str]:
    """Return the names of the requests that no tune with this beginning can match.

    Bars, form and ending are not checked here: the constraint rejects a beginning that
    contradicts them.

    Parameters
    ----------
    requests : Requests
    beginning : str
        Beginning of a tune, from its ``X:`` line on.

    Returns
    -------
    list of str
        Names such as ``"key"``.

    Raises
    ------
    ABCError
        If the beginning cannot be read.
    """
    fields = dict(reversed(read_complete_lines(beginning).fields))
    if "K" in fields:
        return [n for n in unmet_requests(requests, beginning) if n not in _OF_WHOLE_TUNES]
    contradicted = []
    if requests.meter and "M" in fields and not is_same_meter(fields["M"], requests.meter):
        contradicted.append("meter")
    if requests.title and fields.get("T", requests.title) != requests.title.strip():
        contradicted.append("title")
    if requests.rhythm and fields.get("R", requests.rhythm) != requests.rhythm:
        contradicted.append("rhythm")
    return contradicted


def _has_key(requests: Requests, tune: Tune, _text: str) -> bool:
    keys = [bar.key for bar in tune.bars()] or [tune.key]
    return all(is_same_key(key, requests.key or "") for key in keys)


def _has_meter(requests: Requests, tune: Tune, _text: str) -> bool:
    meters = [bar.meter for bar in tune.bars()] or [tune.meter]
    return all(is_same_meter(meter.text, requests.meter or "") for meter in meters)


def _has_rhythm(requests: Requests, tune: Tune, _text: str) -> bool:
    return tune.field("R") == (requests.rhythm or "").strip()


def _has_bars(requests: Requests, tune: Tune, _text: str) -> bool:
    return count_bars(tune) == requests.bars


def _has_form(requests: Requests, tune: Tune, _text: str) -> bool:
    lengths = {section.bars for section in split_sections(tune)}
    return form_of(tune) == requests.form and (requests.bars is None or len(lengths) == 1)


def _has_range(requests: Requests, tune: Tune, _text: str) -> bool:
    return is_in_range(tune, requests.pitches or "")


def _has_opening(requests: Requests, _tune: Tune, text: str) -> bool:
    body = text.partition("\nK:")[2].partition("\n")[2]
    return body.startswith((requests.opening or "").strip())


def _has_title(requests: Requests, tune: Tune, _text: str) -> bool:
    return tune.field("T") == (requests.title or "").strip()


def _has_ending(requests: Requests, tune: Tune, _text: str) -> bool:
    found = measure(tune).ending
    return found == Ending.TONIC or (requests.ending == "chord" and found == Ending.CHORD)


_OF_WHOLE_TUNES = frozenset(("bars", "form", "ending"))
_CHECKS: dict[str, Callable[[Requests, Tune, str], bool]] = {
    "key": _has_key,
    "meter": _has_meter,
    "rhythm": _has_rhythm,
    "bars": _has_bars,
    "form": _has_form,
    "pitches": _has_range,
    "opening": _has_opening,
    "title": _has_title,
    "ending": _has_ending,
}
