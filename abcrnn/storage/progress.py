"""Progress bars in a terminal or a notebook; lines for pipes and logs."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm


def progress_bar(iterable: Iterable[Any] | None = None, show: bool = True, **options: Any) -> tqdm:
    """Return a tqdm bar that is visible in a terminal and in a notebook, and nowhere else.

    Parameters
    ----------
    iterable : iterable, optional
    show : bool
        False for a bar that is never visible.
    **options
        Of :class:`tqdm.tqdm`, such as ``unit``.
    """
    if show and in_notebook():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tqdm warns if ipywidgets is missing
            from tqdm.auto import tqdm as notebook_tqdm
        return notebook_tqdm(iterable, disable=False, **options)
    # None: visible only if standard error is a terminal.
    return tqdm(iterable, disable=None if show else True, **options)


def in_notebook() -> bool:
    """Return whether the program runs in a Jupyter kernel, such as a notebook of Colab."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return "IPKernelApp" in getattr(shell, "config", {})


def write_line(text: str, to_output: bool = False) -> None:
    """Write a line without disturbing the bars: to standard error or to standard output.

    Characters that the stream cannot encode are replaced.
    """
    stream = sys.stdout if to_output else sys.stderr
    encoding = getattr(stream, "encoding", None) or "utf-8"
    tqdm.write(text.encode(encoding, "replace").decode(encoding), file=stream)
