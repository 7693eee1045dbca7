"""What the steps of a studio do: each takes a tune and returns others.

Tunes that a model generates have the comment lines that :func:`abcrnn.reproduce` reads. A
transposed tune follows from its parent, and an edited one is its own text. So every node of a
history can be generated again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from abcrnn.composition.composer import compose_iter
from abcrnn.composition.composition_report import Report
from abcrnn.composition.defaults import MAX_COPIED_BARS, MAX_LENGTH
from abcrnn.composition.provenance import without_provenance
from abcrnn.composition.reproduction import reproduce
from abcrnn.composition.request_checks import contradicted_requests
from abcrnn.composition.requests import Requests
from abcrnn.composition.rewriting import rewrite
from abcrnn.evaluation.scoring import Scorer
from abcrnn.evaluation.surprise import surprise
from abcrnn.notation import renumber
from abcrnn.notation.transposition import transpose
from abcrnn.pages.studio.bars import written_bars
from abcrnn.pages.studio.history import MODEL_KINDS, History

#: Alternatives for bars: as many as this if the model finds them.
LEAST_ALTERNATIVES = 3

_NUMBER = re.compile(r"X:\s*([0-9]{1,9})")  # an edited tune may have more: X:1 % mine

_LENGTH_OF_BAR = 40  # in a tune with many bars
_TRIES = 4  # seeds with which bars are rewritten until there are enough alternatives


@dataclass
class WatchedReport(Report):
    """A report that calls a function after each generated tune.

    Parameters
    ----------
    watch : callable
    """

    watch: Callable[[Report], None] = lambda _: None

    def count(self, reason: str | None) -> None:
        """Count a tune."""
        super().count(reason)
        self.watch(self)


@dataclass(frozen=True)
class Alternative:
    """A tune with other bars.

    Parameters
    ----------
    abc : str
    bits : float
        The fit: bits that the model needs; lower is better.
    """

    abc: str
    bits: float


def compose(
    model: Any,
    n: int,
    requests: Requests,
    temperature: float,
    seed: int,
    watch: Callable[[Report], None],
) -> Iterator[str]:
    """Yield n tunes as soon as each is accepted.

    Parameters
    ----------
    model : CharLSTM
    n : int
    requests : Requests
    temperature : float
    seed : int
    watch : callable
        Called after each generated tune.
    """
    return compose_iter(
        model,
        n,
        **requests.given(),
        max_copied_bars=MAX_COPIED_BARS if model.novelty else None,
        temperature=temperature,
        max_length=max(MAX_LENGTH, _LENGTH_OF_BAR * (requests.bars or 0)),
        seed=seed,
        report=WatchedReport(watch=watch),
    )


def rewrite_bars(
    model: Any,
    tune: str,
    first: int,
    last: int,
    n: int,
    temperature: float,
    seed: int,
) -> list[Alternative]:
    """Return tunes with other bars in a passage, the best fit first.

    If fewer than :data:`LEAST_ALTERNATIVES` differ, the next seeds are tried too.
    """
    found: dict[str, Alternative] = {}
    for again in range(_TRIES):
        for each in rewrite(
            model, tune, first, last, n, temperature=temperature, seed=seed + again
        ):
            found.setdefault(each.bars, Alternative(each.tune, each.bits))
        if len(found) >= LEAST_ALTERNATIVES:
            break
    return sorted(found.values(), key=lambda each: each.bits)[:n]


def continue_from(
    model: Any,
    tune: str,
    bar: int,
    requests: Requests,
    n: int,
    temperature: float,
    seed: int,
    watch: Callable[[Report], None],
) -> Iterator[Alternative]:
    """Yield tunes that begin with the bars before a bar, and continue in another way.

    Parameters
    ----------
    model : CharLSTM
    tune : str
    bar : int
        Number of the first bar that is generated.
    requests : Requests
        Those that the tune was composed with. Those that its beginning contradicts are left
        out: the tune may have been transposed or edited since.
    n : int
    temperature : float
    seed : int
    watch : callable
        As in :func:`compose`.
    """
    beginning = beginning_before(tune, bar)
    for name in contradicted_requests(requests, beginning):
        requests = replace(requests, **{name: None})
    requests = replace(requests, opening=None, title=None, rhythm=None)
    number = _NUMBER.match(beginning)
    beginning = renumber(beginning, 1)
    tunes = compose_iter(
        model,
        n,
        prompt=beginning,
        **requests.given(),
        max_copied_bars=_copied_bars_allowed(model, beginning),
        temperature=temperature,
        max_length=max(MAX_LENGTH, 2 * len(tune)),
        seed=seed,
        report=WatchedReport(watch=watch),
    )
    for composed in tunes:
        text = renumber(without_provenance(composed), 1)
        cost = Scorer(model).costs([text])[0][len(beginning) :]
        yield Alternative(renumber(composed, int(number[1]) if number else 1), float(cost.mean()))


def _copied_bars_allowed(model: Any, beginning: str) -> float | None:
    """Return how many bars in a row may be copied: as many as the given beginning has, or 4."""
    if not model.novelty:
        return None
    return max(MAX_COPIED_BARS, float(model.novelty.compare(beginning).bars))


def beginning_before(tune: str, bar: int) -> str:
    r"""Return the text of a tune up to a bar.

    Raises
    ------
    ValueError
        If the tune has no such bar.

    Examples
    --------
    >>> beginning_before("X:1\nM:2/4\nL:1/8\nK:C\nC4|D4|E4|]", 2)
    'X:1\nM:2/4\nL:1/8\nK:C\nC4|'
    """
    text = without_provenance(tune)
    bars = {each.number: each for each in written_bars(text)}
    if bar not in bars:
        numbers = f"bars {min(bars)} to {max(bars)}" if bars else "no bars that can be read"
        raise ValueError(f"the tune has {numbers}, so it cannot continue from bar {bar}")
    return text[: bars[bar].begin]


def transposed(tune: str, semitones: int | None, to: str | None) -> str:
    """Return a tune in another key, without the comment lines of its model."""
    return transpose(without_provenance(tune), semitones, to=to)


def excess_of_bars(model: Any, tune: str) -> list[float]:
    """Return for each bar of a tune the bits above the average of its characters."""
    return [bar.excess for bar in surprise(model, without_provenance(tune)).bars]


def generate_again(history: History, number: int, models: dict[str, Any]) -> str:
    """Return the tune of a node, generated again from its parent and its settings.

    Raises
    ------
    ValueError
        If the model is not one of the studio, or generates another tune.
    """
    node = history.node(number)
    if node.kind in MODEL_KINDS:
        same = [model for model in models.values() if model.fingerprint == node.fingerprint]
        if not same:
            raise ValueError(f"the model {node.model} is needed: name it when starting the studio")
        return reproduce(node.abc, same[0])
    if node.kind == "transpose" and node.parent is not None:
        before = history.node(node.parent).abc
        return transposed(before, node.settings.get("semitones"), node.settings.get("to"))
    return node.abc
