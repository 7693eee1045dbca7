"""Tunes in notebooks: the frame, and a real kernel."""

import re
from html import unescape

import pytest

import abcrnn
from abcrnn.composition.composition_report import Composition, Report
from abcrnn.export.html.frame import tune_frame

TUNE = "X:1\nT:Scale \"'<b>\nM:4/4\nK:D\nDEFG ABcd|\n"


def page_in(frame):
    (text,) = re.fullmatch(r'<iframe srcdoc="([^"]*)" sandbox="[^"]*" title="[^"]*" '
                           r'style="[^"]*"></iframe>', frame).groups()  # fmt: skip
    return unescape(text)


def test_a_frame_contains_a_page_and_cannot_reach_the_notebook():
    frame = tune_frame([TUNE])
    assert 'sandbox="allow-scripts allow-downloads"' in frame
    page = page_in(frame)
    assert page.startswith("<!doctype html>") and page.count('class="note"') == 8
    assert '<h2 id="t1-title">Scale &quot;&#x27;&lt;b&gt;</h2>' in page


def test_a_composition_shows_a_bounded_number_of_tunes():
    shown = Composition([TUNE] * 22, Report())._repr_html_()
    page = page_in(shown)
    assert page.count("<article") == 20 and "<h1>20 of 22 tunes</h1>" in page
    assert 'href="#t' not in re.sub(r'<use href="#t', "", page)


def test_a_composition_without_tunes_or_verovio_is_plain(monkeypatch):
    assert Composition([], Report())._repr_html_() is None
    monkeypatch.setattr("abcrnn.storage.extras.find_spec", lambda name: None)
    assert Composition([TUNE], Report())._repr_html_() is None


def test_show_outside_a_notebook_says_what_works_there():
    with pytest.raises(RuntimeError, match="use write_gallery"):
        abcrnn.show([TUNE])


@pytest.mark.slow
def test_the_output_of_cells_stays_in_the_notebook(tmp_path):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    cells = [
        f"import abcrnn\ntune = {TUNE!r}\nabcrnn.show(tune)\nabcrnn.show([tune, tune])",
        "from abcrnn.composition.composition_report import Composition, Report\n"
        "Composition([tune], Report())",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(book, timeout=300, kernel_name="python3").execute()
    nbformat.write(book, tmp_path / "book.ipynb")
    saved = nbformat.read(tmp_path / "book.ipynb", as_version=4)
    first, second = saved.cells
    pages = [page_in(output.data["text/html"]) for output in first.outputs if "data" in output]
    assert [page.count("<article") for page in pages] == [1, 2]
    (output,) = second.outputs
    assert output.data["text/plain"] == "Composition(tunes=1, generated=0)"
    assert page_in(output.data["text/html"]).count("<article") == 1
