"""The process that serves the page of the studio."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcrnn.pages.studio.guard import Guard
from abcrnn.storage.atomic import require_writable
from abcrnn.storage.extras import import_extra, require_extra
from abcrnn.storage.locks import lock_folder

if TYPE_CHECKING:
    from abcrnn.pages.studio.jobs import Jobs

_BACKLOG = 64  # connections that may wait
_CONNECTIONS = 200
_SECONDS_TO_END = 2  # for connections that are open when the studio ends


def require_packages() -> None:
    """Raise ``ImportError``, which names the extra, if a package of the server is missing."""
    for module in ("starlette", "uvicorn", "verovio"):
        require_extra(module, "pages", "abcrnn studio")


def serve(
    models: dict[str, Any],
    folder: Path,
    host: str,
    port: int,
    is_opened: bool,
    report: Callable[[str], None],
) -> None:
    """Serve the page until Ctrl-C, which raises KeyboardInterrupt.

    Parameters
    ----------
    models : dict of str to CharLSTM
        By the names that the page shows.
    folder : Path
        For the kept tunes and the histories. One studio at a time uses it.
    host : str
        Address to listen on.
    port : int
        0 for any free port.
    is_opened : bool
        Whether the address is opened in a browser.
    report : callable
        Called with the address when the server listens.

    Raises
    ------
    OSError
        If another studio uses the folder, it cannot be written to, or the port is in use.
    """
    from abcrnn.pages.studio.api import Studio, make_app
    from abcrnn.pages.studio.kept import KeptTunes
    from abcrnn.pages.studio.sessions import Sessions

    uvicorn = import_extra("uvicorn", "pages", "abcrnn studio")
    require_writable(folder / "kept.abc")
    with lock_folder(folder), listen(host, port) as listener:
        studio = Studio(models, Sessions(folder), KeptTunes(folder / "kept.abc"))
        port, token = listener.getsockname()[1], secrets.token_urlsafe(16)
        address = f"http://{_in_address(host)}:{port}/?token={token}"
        config = uvicorn.Config(
            Guard(make_app(studio), token, host, port),
            access_log=False,
            log_level="warning",
            lifespan="off",
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=_SECONDS_TO_END,
            server_header=False,
            ws="none",
        )
        report(address)
        if is_opened:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        try:
            _server(config, studio.jobs).run(sockets=[listener])
        finally:
            studio.jobs.close()
    raise KeyboardInterrupt  # uvicorn ends at Ctrl-C, and does not always raise this itself


def _server(config: Any, jobs: Jobs) -> Any:
    """Return a server that cancels the jobs first when it ends, and is silent from then on."""
    uvicorn = import_extra("uvicorn", "pages", "abcrnn studio")

    class Server(uvicorn.Server):  # type: ignore[misc, name-defined]
        async def shutdown(self, sockets: Any = None) -> None:
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)
            jobs.cancel_all()  # otherwise it waits for their responses, and breaks them off
            await super().shutdown(sockets)

    return Server(config)


@contextlib.contextmanager
def listen(host: str, port: int) -> Any:
    """Return a socket that listens; requests wait until the server answers them."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.closing(socket.socket(family, socket.SOCK_STREAM)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise OSError(f"cannot listen on {host}, port {port}: {reason.lower()}") from None
        listener.listen(_BACKLOG)
        yield listener


def _in_address(host: str) -> str:
    """Return a host as it is written in an address that this machine can open."""
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_unspecified:
            host = "::1" if ":" in host else "127.0.0.1"
    return f"[{host}]" if ":" in host else host
