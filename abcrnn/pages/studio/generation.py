"""Requests that a model answers: their values, and the work for the queue."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from abcrnn.composition.composition_report import Report
from abcrnn.composition.provenance import parse_provenance, without_provenance
from abcrnn.composition.requests import Requests
from abcrnn.pages.studio import steps
from abcrnn.pages.studio.bars import changed_bars, first_number, written_bars
from abcrnn.pages.studio.fields import Fields
from abcrnn.pages.studio.history import History, Node
from abcrnn.pages.studio.jobs import Event, Job
from abcrnn.pages.studio.sessions import Sessions, take_node, take_session
from abcrnn.pages.studio.views import node_view

Work = Callable[[Job], Iterator[Event]]

MAX_TUNES = 16  # of one request
_MAX_SEED = 2**53 - 1  # larger numbers lose digits in JavaScript
_SEED_BITS = 31
_TEMPERATURES = 0.1, 3.0
_MAX_TEXT = 200  # characters of a request
_MAX_BAR = 1000


@dataclass(frozen=True)
class _Sampling:
    """The model and the settings of a request that generates."""

    name: str
    model: Any
    n: int
    temperature: float
    seed: int

    @classmethod
    def take(cls, given: Fields, models: dict[str, Any]) -> _Sampling:
        name = given.choice("model", models)
        seed = given.optional_whole("seed", 0, _MAX_SEED)
        return cls(
            name,
            models[name],
            given.whole("n", 1, MAX_TUNES),
            given.number("temperature", *_TEMPERATURES),
            secrets.randbits(_SEED_BITS) if seed is None else seed,
        )

    def node(self, parent: int | None, kind: str, abc: str, **settings: Any) -> Node:
        settings |= {"temperature": self.temperature, "seed": self.seed}
        return Node(parent, kind, self.name, self.model.fingerprint, settings, abc)


def compose_work(given: Fields, sessions: Sessions, models: dict[str, Any]) -> Work:
    """Return the work that composes tunes; each becomes a node as soon as it is accepted."""
    history = take_session(given, sessions)
    sampling = _Sampling.take(given, models)
    requests = _take_requests(given)
    given.end()
    _require_characters(sampling.model, requests)

    def work(job: Job) -> Iterator[Event]:
        yield {"event": "seed", "seed": sampling.seed}
        tunes = steps.compose(
            sampling.model,
            sampling.n,
            requests,
            sampling.temperature,
            sampling.seed,
            _watch(job),
        )
        for tune in tunes:
            job.require_wanted()  # before the tune becomes a node
            number = history.add(sampling.node(None, "compose", tune, requests=requests.given()))
            yield {"event": "tune", "node": node_view(history, number)}

    return work


def rewrite_work(given: Fields, sessions: Sessions, models: dict[str, Any]) -> Work:
    """Return the work that finds other bars for a passage, the best fit first."""
    history, parent = take_node(given, sessions)
    first, last = given.whole("first", 0, _MAX_BAR), given.whole("last", 0, _MAX_BAR)
    sampling = _Sampling.take(given, models)
    given.end()
    before = history.node(parent).abc

    def work(_: Job) -> Iterator[Event]:
        yield {"event": "seed", "seed": sampling.seed}
        found = steps.rewrite_bars(
            sampling.model,
            before,
            first,
            last,
            sampling.n,
            sampling.temperature,
            sampling.seed,
        )
        if not found:
            raise ValueError("no generated bars fit there: try again, or raise the temperature")
        for each in found:
            node = sampling.node(parent, "rewrite", each.abc, bars=[first, last])
            yield _proposal(history, node, before, each.bits)

    return work


def continue_work(given: Fields, sessions: Sessions, models: dict[str, Any]) -> Work:
    """Return the work that generates a tune again from a bar to its end."""
    history, parent = take_node(given, sessions)
    bar = given.whole("first", 0, _MAX_BAR)
    sampling = _Sampling.take(given, models)
    given.end()
    before = history.node(parent).abc
    steps.beginning_before(before, bar)
    requests = _requests_of(history, parent)

    def work(job: Job) -> Iterator[Event]:
        yield {"event": "seed", "seed": sampling.seed}
        found = steps.continue_from(
            sampling.model,
            before,
            bar,
            requests,
            sampling.n,
            sampling.temperature,
            sampling.seed,
            _watch(job),
        )
        for each in found:
            node = sampling.node(parent, "continue", each.abc, bar=bar)
            yield _proposal(history, node, before, each.bits)

    return work


def surprise_work(given: Fields, sessions: Sessions, models: dict[str, Any]) -> Work:
    """Return the work that measures how unexpected each bar of a tune is."""
    history, number = take_node(given, sessions)
    node = history.node(number)
    model = models[given.choice("model", models)]
    given.end()

    def work(_: Job) -> Iterator[Event]:
        excess = steps.excess_of_bars(model, node.abc)
        yield {"event": "surprise", "excess": [round(bits, 2) for bits in excess]}

    return work


def reproduce_work(given: Fields, sessions: Sessions, models: dict[str, Any]) -> Work:
    """Return the work that generates a node again and compares it."""
    history, number = take_node(given, sessions)
    given.end()
    node = history.node(number)

    def work(_: Job) -> Iterator[Event]:
        again = steps.generate_again(history, number, models)
        yield {"event": "reproduced", "same": again == node.abc}

    return work


def _take_requests(given: Fields) -> Requests:
    """Return the requests of a body; ``ValueError`` if one is not valid."""
    values: dict[str, Any] = {"bars": given.optional_whole("bars", 1, 256)}
    for each in fields(Requests):
        if each.name != "bars":
            lines = each.name == "opening"
            values[each.name] = given.optional_text(each.name, _MAX_TEXT, lines)
    return Requests(**values)


def _require_characters(model: Any, requests: Requests) -> None:
    """Raise ``ValueError`` if a text has a character that the model does not know."""
    for name in ("title", "rhythm", "opening"):
        text = model.vocabulary.normalize(getattr(requests, name) or "")
        unknown = sorted(set(text) - set(model.vocabulary.characters))
        if unknown:
            raise ValueError(f"{name}: the model does not know the character {unknown[0]!r}")


def _requests_of(history: History, number: int) -> Requests:
    """Return the requests that a tune was composed with; none if it was not composed."""
    composed = history.composed(number)
    return parse_provenance(composed.abc).requests if composed else Requests()


def _watch(job: Job) -> Callable[[Report], None]:
    """Return a function that sends the numbers of a report."""

    def watch(report: Report) -> None:
        job.send({"event": "generated", "generated": report.generated, "accepted": report.accepted})

    return watch


def _proposal(history: History, node: Node, before: str, bits: float) -> Event:
    """Return the event of an alternative, which the page may accept by its number."""
    text = without_provenance(node.abc)
    return {
        "event": "alternative",
        "proposal": history.propose(node),
        "text": text,
        "bits": round(bits, 2),
        "first": first_number(written_bars(text)),
        "changed": changed_bars(without_provenance(before), text),
    }
