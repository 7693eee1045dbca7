"""The addresses of the studio, and what each returns.

Requests and responses are JSON. A request that a model answers returns one event per line
(``application/x-ndjson``) as they come.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from abcrnn._version import __version__
from abcrnn.composition.pitch_range import RANGES
from abcrnn.composition.provenance import without_provenance
from abcrnn.export.html.engraving import music_font
from abcrnn.grammar.endings import ENDINGS
from abcrnn.grammar.terminals import METERS
from abcrnn.notation import split_tunebook
from abcrnn.pages.studio import generation, steps
from abcrnn.pages.studio.fields import Fields
from abcrnn.pages.studio.generation import Work
from abcrnn.pages.studio.history import MAX_TUNE, Node
from abcrnn.pages.studio.jobs import BusyError, Events, Jobs
from abcrnn.pages.studio.kept import KeptTunes
from abcrnn.pages.studio.scores import score_of
from abcrnn.pages.studio.sessions import Sessions, take_node, take_session
from abcrnn.pages.studio.views import node_summary, node_view, problems_of

_MODES = ("major", "minor", "dorian", "mixolydian", "phrygian", "lydian")
_TONICS = ("C", "G", "D", "A", "E", "B", "F#", "F", "Bb", "Eb", "Ab", "C#", "G#")
_TYPES = {"css": "text/css", "html": "text/html", "js": "text/javascript"}
_WORKS: dict[str, Callable[[Fields, Sessions, dict[str, Any]], Work]] = {
    "compose": generation.compose_work,
    "rewrite": generation.rewrite_work,
    "continue": generation.continue_work,
    "surprise": generation.surprise_work,
    "reproduce": generation.reproduce_work,
}
#: Files that the page loads, by name, with the package that contains each.
_STATIC = {
    "studio.css": "abcrnn.pages.studio",
    "studio.js": "abcrnn.pages.studio",
    "server.js": "abcrnn.pages.studio",
    "controls.js": "abcrnn.pages.studio",
    "tune.js": "abcrnn.pages.studio",
    "tree.js": "abcrnn.pages.studio",
    "elements.js": "abcrnn.pages.studio",
    "page.css": "abcrnn.export.html",
    "player.js": "abcrnn.export.html",
    "player.css": "abcrnn.export.html",
}


@dataclass
class Studio:
    """What the requests work on.

    Parameters
    ----------
    models : dict of str to CharLSTM
        By the names that the page shows.
    sessions : Sessions
    kept : KeptTunes
    jobs : Jobs
    """

    models: dict[str, Any]
    sessions: Sessions
    kept: KeptTunes
    jobs: Jobs = field(default_factory=Jobs)


def make_app(studio: Studio) -> Starlette:
    """Return the application, without the checks of :class:`abcrnn.pages.studio.guard.Guard`."""
    answers: dict[str, Callable[[Studio, Fields], Any]] = {
        "begin": _begin,
        "open": _open,
        "node": _node,
        "accept": _accept,
        "transpose": _transpose,
        "edit": _edit,
        "check": _check,
        "score": _score,
        "keep": _keep,
    }
    routes = [
        Route("/", _page),
        Route("/static/music.css", _music_font),
        Route("/static/{name}", _static),
        Route("/api/choices", _endpoint_of_choices(studio)),
        Route("/api/kept.abc", _endpoint_of_kept(studio)),
        *[_route(studio, name, answer) for name, answer in answers.items()],
        *[_stream_route(studio, name, work) for name, work in _WORKS.items()],
    ]
    refusals = {HTTPException: _http_error, ValueError: _bad_request, BusyError: _busy}
    return Starlette(routes=routes, exception_handlers={**refusals, OSError: _not_written})


# Requests that are answered at once ----------------------------------------------------------


def _begin(studio: Studio, given: Fields) -> Any:
    """Begin a session."""
    given.end()
    return {"session": studio.sessions.begin(), "nodes": []}


def _open(studio: Studio, given: Fields) -> Any:
    """Return the tree of a session, also of an earlier run."""
    session = given.text("session", 100)
    given.end()
    history = studio.sessions.find(session)
    nodes = [node_summary(history, number) for number in range(len(history.nodes))]
    return {"session": session, "nodes": nodes}


def _node(studio: Studio, given: Fields) -> Any:
    """Return a node with its tune."""
    history, number = take_node(given, studio.sessions)
    given.end()
    return node_view(history, number)


def _accept(studio: Studio, given: Fields) -> Any:
    """Make an alternative a node."""
    history = take_session(given, studio.sessions)
    proposal = given.whole("proposal", 0, 10**9)
    given.end()
    return node_view(history, history.add(history.proposed(proposal)))


def _transpose(studio: Studio, given: Fields) -> Any:
    """Transpose the tune of a node by semitones, or to a key."""
    history, parent = take_node(given, studio.sessions)
    semitones, to = given.optional_whole("semitones", -24, 24), given.optional_text("to", 30)
    given.end()
    text = steps.transposed(history.node(parent).abc, semitones, to)
    settings = {"to": to} if to else {"semitones": semitones}
    return node_view(history, history.add(Node(parent, "transpose", "", "", settings, text)))


def _edit(studio: Studio, given: Fields) -> Any:
    """Make the text of the user a node: after the tune of a node, or at the root of the tree."""
    history = take_session(given, studio.sessions)
    parent = given.optional_whole("node", 0, 10**6)
    text = _take_tune(given)
    given.end()
    if parent is not None and text == without_provenance(history.node(parent).abc):
        raise ValueError("the text is that of the tune: there is no change to apply")
    return node_view(history, history.add(Node(parent, "edit", "", "", {}, text)))


def _check(_: Studio, given: Fields) -> Any:
    """Return the problems of a text."""
    text = given.text("abc", MAX_TUNE, lines=True)
    given.end()
    return {"problems": problems_of(text)}


def _score(_: Studio, given: Fields) -> Any:
    """Return the score of a text and its player."""
    text, number = given.text("abc", MAX_TUNE, lines=True), given.whole("number", 1, 10**6)
    given.end()
    return score_of(text, number)


def _keep(studio: Studio, given: Fields) -> Any:
    """Add the tune of a node to the kept tunes."""
    history, number = take_node(given, studio.sessions)
    given.end()
    node = history.node(number)
    if node.kept:
        raise ValueError("the tune has already been kept")
    in_book = studio.kept.add(node.abc)
    history.mark_kept(node)
    return {"number": in_book, "file": str(studio.kept.path)}


def _take_tune(given: Fields) -> str:
    """Return the text of one tune."""
    text = given.text("abc", MAX_TUNE, lines=True).strip("\n")
    tunes, others = split_tunebook(text)
    if not text.startswith("X:") or len(tunes) != 1 or others:
        raise ValueError("abc must be one tune: it begins with X: and has no empty line")
    return text


# Addresses -----------------------------------------------------------------------------------


async def _page(_: Request) -> Response:
    return _file_response("abcrnn.pages.studio", "studio.html")


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _STATIC:
        raise HTTPException(404, "there is no such file")
    return _file_response(_STATIC[name], name)


async def _music_font(_: Request) -> Response:
    return Response(music_font(), media_type="text/css; charset=utf-8")


def _file_response(package: str, name: str) -> Response:
    """Return a file of the package; the name is never one of a request."""
    kind = _TYPES[name.rpartition(".")[2]]
    folder = files(package) / "static" if package.endswith("studio") else files(package)
    return Response(folder.joinpath(name).read_bytes(), media_type=f"{kind}; charset=utf-8")


def _endpoint_of_choices(studio: Studio) -> Any:
    async def choices(_: Request) -> Response:
        saved = await run_in_threadpool(studio.sessions.saved)
        return JSONResponse(
            {
                "version": __version__,
                "models": [
                    {"name": name, "knows_copies": bool(model.novelty)}
                    for name, model in studio.models.items()
                ],
                "tonics": _TONICS,
                "modes": _MODES,
                "meters": METERS,
                "ranges": list(RANGES),
                "endings": list(ENDINGS),
                "sessions": [summary._asdict() for summary in saved],
                "kept": str(studio.kept.path),
            }
        )

    return choices


def _endpoint_of_kept(studio: Studio) -> Any:
    async def kept(_: Request) -> Response:
        content = await run_in_threadpool(studio.kept.read)
        headers = {"content-disposition": 'attachment; filename="kept.abc"'}
        return Response(content, media_type="text/vnd.abc", headers=headers)

    return kept


def _route(studio: Studio, name: str, answer: Callable[[Studio, Fields], Any]) -> Route:
    async def endpoint(request: Request) -> Response:
        given = Fields(await request.body())
        return JSONResponse(await run_in_threadpool(answer, studio, given))

    return Route(f"/api/{name}", endpoint, methods=["POST"])


def _stream_route(
    studio: Studio, name: str, make_work: Callable[[Fields, Sessions, dict[str, Any]], Work]
) -> Route:
    async def endpoint(request: Request) -> Response:
        given = Fields(await request.body())
        work = await run_in_threadpool(make_work, given, studio.sessions, studio.models)
        # The job is added before the response begins: a refusal is a status.
        return _EventStream(studio.jobs.events(work))

    return Route(f"/api/{name}", endpoint, methods=["POST"])


class _EventStream(StreamingResponse):
    """The events of a job, one per line; the job ends when the client has gone."""

    def __init__(self, events: Events) -> None:
        self._events = events
        super().__init__(self._lines(), media_type="application/x-ndjson")

    async def _lines(self) -> AsyncIterator[str]:
        async for event in self._events:
            yield json.dumps(event) + "\n"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._events.close()


# Errors --------------------------------------------------------------------------------------


async def _http_error(_: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 500)
    return JSONResponse({"error": str(getattr(error, "detail", error))}, status)


async def _bad_request(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)


async def _busy(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 503)


async def _not_written(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 500)
