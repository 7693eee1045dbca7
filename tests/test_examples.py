"""The example programs and the README's snippet run as written."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from abcrnn import check_tune

ROOT = Path(__file__).parents[1]
SNIPPETS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
PACKAGED, TRAINING = SNIPPETS  # with the packaged model, and with a model of the user's own


def run_python(*arguments, folder):
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_examples_are_short():
    for path in (ROOT / "examples").glob("*.py"):
        assert len(path.read_text().splitlines()) < 60, path


@pytest.mark.slow
def test_train_irish(tmp_path, homemade):
    out = run_python(
        ROOT / "examples/train_irish.py", "--corpus", homemade, "--epochs", 1, "--steps", 2,
        "--units", 16, folder=tmp_path,
    )  # fmt: skip
    assert "held-out: " in out
    assert (tmp_path / "runs/irish/best.abcrnn").is_file()


@pytest.mark.slow
def test_train_jigs(tmp_path, few_tunes):
    (tmp_path / "few.abc").write_text(few_tunes.text)
    out = run_python(
        ROOT / "examples/train_jigs.py", "--corpus", "few.abc", "--epochs", 1, folder=tmp_path
    )
    assert re.search(r"held-out: \d\.\d{3} bits per character", out)
    assert (tmp_path / "runs/jigs/jigs.abcrnn").is_file()


@pytest.mark.slow
def test_sample_and_listen(tmp_path, trained):
    out = run_python(ROOT / "examples/sample_and_listen.py", trained, folder=tmp_path)
    count = int(re.search(r"(\d+) MIDI files in listen", out)[1])
    assert count == len(list((tmp_path / "listen").glob("*.mid"))) >= 4


@pytest.mark.slow
def test_own_model(tmp_path):
    out = run_python(ROOT / "examples/own_model.py", "--epochs", 20, folder=tmp_path)
    first, last = map(float, re.match(r"from (\S+) to (\S+) bits/char", out).groups())
    assert last < first - 1
    composed = out[out.rindex("X:1\n") :]
    assert re.search(r"^M:6/8$", composed, re.MULTILINE)
    assert re.search(r"^K:G$", composed, re.MULTILINE)
    assert check_tune(composed) == []
    assert (tmp_path / "gru.abcrnn").is_file()


def test_readme_snippets_are_short():
    assert all(len(snippet.strip().splitlines()) <= 12 for snippet in SNIPPETS)


@pytest.mark.slow
def test_readme_snippet_with_the_packaged_model(tmp_path):
    run_python("-c", PACKAGED, folder=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"jig-{n}.mid" for n in range(4)]


@pytest.mark.slow
def test_readme_snippet_on_forty_tunes(tmp_path, few_tunes):
    (tmp_path / "few.abc").write_text(few_tunes.text)
    snippet = TRAINING.replace('"oneills"', '"few.abc"')
    assert snippet != TRAINING
    out = run_python("-c", snippet, folder=tmp_path)
    assert float(out.split()[0]) > 1


@pytest.mark.long
def test_readme_snippet_unchanged(tmp_path):
    """Takes minutes. The test above runs the same lines on fewer tunes."""
    out = run_python("-c", TRAINING, folder=tmp_path)
    assert 1 < float(out.split()[0]) < 3
    assert list(tmp_path.glob("*.mid"))


# The notebook --------------------------------------------------------------------------------

NOTEBOOK = ROOT / "examples/music_lab.ipynb"
#: What the test makes smaller.
SMALLER = {'"oneills"': '"few.abc"', "EPOCHS = 4": "EPOCHS = 1", "UNITS = 256": "UNITS = 16"}


def code_cells(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_the_notebook_has_no_outputs():
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    for cell in code_cells(notebook):
        assert (cell["outputs"], cell["execution_count"]) == ([], None)
        assert len(cell["source"]) <= 10


@pytest.mark.slow
def test_the_notebook_runs(tmp_path, few_tunes, packaged_folder):
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    smaller = {**SMALLER, '"folk"': repr(str(packaged_folder / "folk.abcrnn"))}
    for old, new in smaller.items():
        (cell,) = (cell for cell in code_cells(notebook) if old in cell.source)
        cell.source = cell.source.replace(old, new)
    (tmp_path / "few.abc").write_text(few_tunes.text)
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    assert {output.get("ename") for output in outputs} == {None}
    shown = [output.get("data", {}) for output in outputs]
    assert sum("image/png" in data for data in shown) == 1  # the curve
    assert sum("<iframe" in data.get("text/html", "") for data in shown) == 3  # scores, players
    text = "".join(output.get("text", "") for output in outputs)
    assert "40 tunes" in text
    assert len(re.findall(r"of \d+ tunes are valid", text)) == 3
    assert re.search(r"\d\.\d{3} bits per character\n", text)
