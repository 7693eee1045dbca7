"""Tunes as scores in SVG, drawn by verovio in a separate process, because it can crash."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple

from abcrnn.export.html.svg import clean_systems
from abcrnn.export.musicxml import musicxml
from abcrnn.export.tune_text import parse_single_tune
from abcrnn.notation.errors import ABCError
from abcrnn.storage.extras import require_extra
from abcrnn.storage.progress import progress_bar

_WORKER = Path(__file__).with_name("engraving_worker.py")
_TIMEOUT = 60.0  # seconds for a tune; the longest take two
_MANY = 10  # scores that take a few seconds
_FONT = "Leipzig"


class Engraved(NamedTuple):
    """The score of one tune, or why there is none.

    Parameters
    ----------
    svg : str
        SVG elements, one for each system; empty if the tune has no score.
    problem : str
        One line; empty if the tune has a score.
    musicxml : bytes
        What the score was drawn from; empty if the tune cannot be read.
    """

    svg: str
    problem: str = ""
    musicxml: bytes = b""


def engrave(tunes: Sequence[str], prefixes: Sequence[str] | None = None) -> list[Engraved]:
    r"""Return the scores of tunes as SVG.

    Parameters
    ----------
    tunes : sequence of str
        Each is one tune of ABC with its header.
    prefixes : sequence of str, optional
        One for each tune. It begins the ids of the elements of the tune, so that they are
        unique in a page; ``t1``, ``t2``, ... by default.

    Returns
    -------
    list of Engraved
        One for each tune. A tune without a score has a reason instead: it cannot be read, or
        verovio failed on it.

    Raises
    ------
    ImportError
        If verovio is not installed.

    Examples
    --------
    >>> good, bad = engrave(["X:1\nT:Scale\nM:4/4\nK:D\nDEFG ABcd|", "X:1\nK:D\nz8|"])
    >>> good.svg[:4], bad.problem
    ('<svg', 'line 1, column 1: the tune has no notes')
    """
    require_verovio()
    names = [f"t{n}" for n in range(1, len(tunes) + 1)] if prefixes is None else prefixes
    with _Engraver() as engraver:
        bar = progress_bar(tunes, show=len(tunes) > _MANY, unit="score", leave=False)
        pairs = zip(bar, names, strict=True)
        return [_engrave(engraver, tune, prefix) for tune, prefix in pairs]


def require_verovio() -> None:
    """Raise an ImportError that names the extra if verovio is not installed."""
    require_extra("verovio", "pages", "drawing scores")


def music_font() -> str:
    """Return the CSS of the font for signs in the texts of scores, such as a flat in ``Bb``."""
    spec = find_spec("verovio")
    if spec is None or spec.origin is None:
        return ""
    return (Path(spec.origin).parent / "data" / f"{_FONT}.css").read_text(encoding="utf-8")


def uses_music_font(html: str) -> bool:
    """Whether a score in HTML has signs of :func:`music_font`."""
    return f'font-family="{_FONT}"' in html


def _engrave(engraver: _Engraver, tune: str, prefix: str) -> Engraved:
    try:
        data = musicxml(parse_single_tune(tune), note_ids=True)
    except ABCError as error:
        return Engraved("", " ".join(str(error).split()))
    except Exception as error:  # music21 raises any kind; one tune must not stop the others
        return Engraved("", f"music21 cannot write this tune: {' '.join(str(error).split())}")
    try:
        svg = _systems(engraver.answer(data.decode()), prefix)
    except _DrawingError as failure:
        return Engraved("", f"verovio cannot draw this tune: {failure}", data)
    return Engraved(svg, musicxml=data)


def _systems(answer: str, prefix: str) -> str:
    try:
        pages: list[str] | None = json.loads(answer)
        svg = clean_systems(pages, prefix) if pages else ""
    except (ValueError, SyntaxError):  # ParseError of XML is a SyntaxError
        raise _DrawingError("its answer is not an SVG document") from None
    if not svg:
        raise _DrawingError("it does not accept the score")
    return svg


class _DrawingError(Exception):
    """The child process gave no pages."""


class _Engraver:
    """A child process that is started when needed, and again after it has died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str] = queue.Queue()

    def __enter__(self) -> _Engraver:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def answer(self, score: str) -> str:
        """Return the line that the child process writes for a score in MusicXML."""
        process = self._process or self._start()
        try:
            print(json.dumps(score), file=process.stdin, flush=True)
            answer = self._answers.get(timeout=_TIMEOUT)
        except OSError:
            answer = ""
        except queue.Empty:
            self._stop()
            raise _DrawingError(f"it took longer than {_TIMEOUT:g} seconds") from None
        if not answer:
            self._stop()
            raise _DrawingError(f"it ended with status {process.returncode}")
        return answer

    def _start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603  # without a shell; our own script
            [sys.executable, "-P", str(_WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="ascii",
        )
        self._process, self._answers = process, queue.Queue()
        arguments = process.stdout, self._answers
        threading.Thread(target=_read_answers, args=arguments, daemon=True).start()
        return process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        if process.stdin:
            with suppress(OSError):  # text for a process that has ended
                process.stdin.close()


def _read_answers(output: IO[str], answers: queue.Queue[str]) -> None:
    """Put each line on a queue; at the end, an empty one."""
    with output:
        for line in output:
            answers.put(line)
    answers.put("")
