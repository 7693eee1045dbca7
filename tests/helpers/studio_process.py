"""The studio as a user starts it: a process, and requests to it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx


class StudioClient:
    """Requests to a studio, with its token."""

    def __init__(self, address: str, process: subprocess.Popen[str]) -> None:
        self.address, self.process = address, process
        self.base, _, self.token = address.partition("/?token=")
        self.http = httpx.Client(
            base_url=self.base, headers={"X-Abcrnn-Token": self.token}, timeout=120
        )

    def ask(self, name: str, **body: Any) -> Any:
        """Return what the server answers."""
        answer = self.http.post(f"/api/{name}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refusal(self, name: str, **body: Any) -> tuple[int, str]:
        """Return the status and the message with which a request is refused."""
        answer = self.http.post(f"/api/{name}", json=body)
        return answer.status_code, answer.json()["error"]

    def events(self, name: str, **body: Any) -> list[dict[str, Any]]:
        """Return all events of a request that a model answers."""
        with self.http.stream("POST", f"/api/{name}", json=body) as response:
            assert response.status_code == 200, response.read()
            return [json.loads(line) for line in response.iter_lines()]

    def begin(self) -> str:
        """Return a new session."""
        session: str = self.ask("begin")["session"]
        return session


@contextmanager
def running_studio(*arguments: object) -> Iterator[StudioClient]:
    """Start ``abcrnn studio``; end it as Ctrl-C does."""
    words = [sys.executable, "-m", "abcrnn", "studio", *map(str, arguments), "--no-open"]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    try:
        assert process.stdout and process.stderr
        line = process.stdout.readline()
        assert "http://" in line, line + process.stderr.read()
        yield StudioClient(line.split()[-1], process)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def parsed(path: Path) -> list[str]:
    """Return the tunes in a tunebook."""
    return [block for block in path.read_text("utf-8").split("\n\n") if block.strip()]
