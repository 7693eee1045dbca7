"""Progress bars, and what is written where no bar is visible."""

import io
import sys
from types import SimpleNamespace

import pytest

from abcrnn.storage import progress
from abcrnn.storage.progress import in_notebook, progress_bar, write_line


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shell(**config):
    return SimpleNamespace(get_ipython=lambda: SimpleNamespace(config=config))


def test_a_bar_is_visible_in_a_terminal_and_not_in_a_pipe(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert not progress_bar(range(3), leave=False).disable
    assert progress_bar(range(3), show=False).disable
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert progress_bar(range(3)).disable


@pytest.mark.parametrize(
    ("modules", "expected"),
    [
        ({"IPython": shell(IPKernelApp={})}, True),
        ({"IPython": shell(TerminalIPythonApp={})}, False),
        ({"IPython": SimpleNamespace(get_ipython=lambda: None)}, False),
        ({}, False),
    ],
)
def test_in_notebook(modules, expected, monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    assert in_notebook() is expected


def test_a_bar_is_visible_in_a_notebook(monkeypatch):
    """Standard error of a notebook is no terminal."""
    monkeypatch.setattr(progress, "in_notebook", lambda: True)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    bar = progress_bar(total=2, unit="tune", dynamic_ncols=True, leave=True)
    assert not bar.disable
    bar.update(2)
    bar.close()
    assert "2/2" in sys.stderr.getvalue()


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_a_line_with_characters_that_the_stream_cannot_encode(encoding, monkeypatch):
    data = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(data, encoding=encoding))
    write_line("T:Ő ☘ A", to_output=True)
    sys.stdout.flush()
    assert data.getvalue().decode(encoding) == ("T:Ő ☘ A\n" if encoding == "utf-8" else "T:? ? A\n")
