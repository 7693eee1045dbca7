"""What the server refuses before it reads a request.

A page of another origin must neither read nor compose. Four checks prevent it: the name in
``Host`` (a foreign name may be made to lead to this machine), ``Origin`` and
``Sec-Fetch-Site``, which browsers set, and the token, which only the page that abcrnn opened
knows. Bodies are bounded.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

MAX_BODY = 256 * 1024  # bytes
#: Header with the token; a form of another page cannot set it.
TOKEN_HEADER = b"x-abcrnn-token"

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (
        b"content-security-policy",
        # Scores are SVG with styles of their own.
        b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        b"connect-src 'self'; font-src data:; img-src data:; base-uri 'none'; "
        b"form-action 'none'; frame-ancestors 'none'",
    ),
)
_TOO_LARGE = f"the body must have at most {MAX_BODY} bytes"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Guard:
    """An ASGI application that forwards only requests that the page of the studio may make.

    Parameters
    ----------
    app : callable
    token : str
    host : str
        Address that the server listens to.
    port : int
    """

    def __init__(self, app: App, token: str, host: str, port: int) -> None:
        self._app, self._token = app, token.encode("ascii")
        self._host, self._port = host, port

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it with one line of JSON."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        status, reason = self._refusal(scope, headers)
        if reason:
            await _refuse(send, status, reason)
            return
        body = await _read_body(receive)
        if body is None:
            await _refuse(send, 413, _TOO_LARGE)
            return
        await self._app(scope, _after(body, receive), _with_headers(send))

    def _refusal(
        self, scope: MutableMapping[str, Any], headers: dict[bytes, bytes]
    ) -> tuple[int, str]:
        """Return the status and the reason for which a request is refused; empty if it is not."""
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if not self._is_own_host(host):
            return 403, "the address is not that of this studio"
        origin = headers.get(b"origin", b"").decode("latin-1").lower()
        site = headers.get(b"sec-fetch-site", b"none")
        if (origin and origin != f"http://{host}") or site not in (b"same-origin", b"none"):
            return 403, "the request comes from another page"
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or len(length) > 15 or int(length) > MAX_BODY:
            return 413, _TOO_LARGE
        if scope["path"].startswith("/static/"):
            return 200, ""  # the same for everybody
        if not self._has_token(scope, headers):
            return 403, "the token is missing or wrong: open the address that abcrnn studio printed"
        if scope["method"] == "POST" and headers.get(b"content-type") != b"application/json":
            return 415, "the body must be of type application/json"
        return 200, ""

    def _is_own_host(self, host: str) -> bool:
        name, _, port = host.rpartition(":")
        if port != str(self._port):
            return False
        if _is_unspecified(self._host):  # every address of this machine
            return name in _LOOPBACK or _is_address(name)
        return name in (*_LOOPBACK, self._host.lower(), f"[{self._host.lower()}]")

    def _has_token(self, scope: MutableMapping[str, Any], headers: dict[bytes, bytes]) -> bool:
        given = headers.get(TOKEN_HEADER)
        if given is None and scope["method"] == "GET":  # the page, and downloads
            query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=10)
            given = query.get("token", [""])[0].encode("utf-8", "replace")
        return hmac.compare_digest(given or b"", self._token)


def _is_unspecified(host: str) -> bool:
    return _is_address(host) and ipaddress.ip_address(host).is_unspecified


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


async def _read_body(receive: Receive) -> bytes | None:
    """Return the body of a request; None if it is too large."""
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > MAX_BODY:
            return None
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return body


def _after(body: bytes, receive: Receive) -> Receive:
    """Return a function that first returns a body that was read, then what follows it."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_next() -> Message:
        return messages.pop() if messages else await receive()

    return receive_next


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *_HEADERS]
        await send(message)

    return send_with_headers


async def _refuse(send: Send, status: int, reason: str) -> None:
    body = json.dumps({"error": reason}).encode("ascii")
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode("ascii")),
        (b"connection", b"close"),  # the rest of the body is not read
        *_HEADERS,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
