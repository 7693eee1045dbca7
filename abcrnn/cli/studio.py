"""``abcrnn studio``: a local page to compose on."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from abcrnn.cli.arguments import UsageError, add_command
from abcrnn.cli.model_arguments import load_models, model_names
from abcrnn.models.pretrained import DEFAULT
from abcrnn.storage.paths import as_path

_MAX_PORT = 65535


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = add_command(
        subparsers,
        "studio",
        run,
        "open a page in your web browser on which you compose together with a model",
        "abcrnn studio",
    )
    parser.add_argument(
        "positional",
        nargs="*",
        default=None,
        metavar="MODEL",
        help="a model file (.abcrnn), a run folder for its best model, or the name of a packaged "
        f"model (default: {DEFAULT}); the page lets you choose among several",
    )
    parser.add_argument(
        "--model",
        dest="named",
        action="append",
        metavar="MODEL",
        help="instead of MODEL, once for each model",
    )
    parser.add_argument(
        "--folder",
        default="studio",
        metavar="DIR",
        help="folder for the kept tunes (kept.abc) and the history of each session "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address to listen on; addresses other than the default can be reached from other "
        "machines (default: %(default)s)",
    )
    parser.add_argument(
        "--port", type=_port, metavar="N", help="port to listen on (default: a free one)"
    )
    parser.add_argument(
        "--no-open", action="store_true", help="do not open the page in the web browser"
    )


def run(arguments: argparse.Namespace) -> int:
    """Load the models, and serve the page until Ctrl-C."""
    from abcrnn.pages.studio.server import require_packages, serve

    require_packages()
    arguments.models = [*arguments.positional, *(arguments.named or [])]
    for name in arguments.models:
        if arguments.models.count(name) > 1:
            raise UsageError(f"argument MODEL: {name} is given twice")
    models = dict(zip(model_names(arguments), load_models(arguments), strict=True))

    def report(address: str) -> None:
        print(f"The studio is at {address}")
        print(f"Kept tunes and histories are in {folder}. Stop with Ctrl-C.", flush=True)

    folder = as_path(arguments.folder)
    if arguments.host not in ("127.0.0.1", "localhost", "::1"):
        print(
            f"abcrnn: anyone who can reach {arguments.host} and has the address can use the studio",
            file=sys.stderr,
        )
    serve(models, folder, arguments.host, arguments.port or 0, not arguments.no_open, report)
    return 0


def _port(text: str) -> int:
    """Check that an argument is the number of a port."""
    if not text.isascii() or not text.isdigit() or int(text[:6]) > _MAX_PORT:
        raise argparse.ArgumentTypeError(
            f"must be a whole number from 0 to {_MAX_PORT}, not {text[:40]!r}"
        )
    return int(text)
