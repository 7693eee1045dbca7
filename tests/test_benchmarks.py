"""The benchmarks run at smoke size; the measured times mean nothing."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.abc2midi import find_or_skip

from abcrnn import load_corpus
from benchmarks import own_tunes, validity

ROOT = Path(__file__).parents[1]
NUMBER = r"\d[\d,]*(?:\.\d+)?"

# Start of each table's title, and rows that the table must have.
IMPLEMENTATIONS = {"abcrnn", "PyTorch `nn.LSTM`", "Keras `fit`"}
LOOPS = {"abcrnn", "PyTorch loop"}
EXPECTED = {
    "Training, recipe jigs": IMPLEMENTATIONS,
    "Training, recipe mit": IMPLEMENTATIONS,
    "Sampling, recipe jigs: 1 x 64, 1 stream": LOOPS | {"Keras loop of the MIT lab"},
    "Sampling, recipe jigs: 1 x 64, 64 streams": LOOPS,
    "Sampling, recipe mit: 1 x 64, 1 stream": LOOPS | {"Keras loop of the MIT lab"},
    "Sampling, recipe mit: 1 x 64, 64 streams": LOOPS,
    "Start": {
        "import tensorflow",
        "import abcrnn (model and sampler)",
        "open the model",
        "compile, generate the first tune",
        "`abcrnn sample MODEL -n 1`, whole",
        "first training step (compiles)",
        "one more training step",
    },
    "Growth": {"16", "32"},
    "Notes from MIDI": {"recipe tutorial", "recipe default", "loop of the tutorial"},
}


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """Printed output and JSON report of the command."""
    if importlib.util.find_spec("torch") is None and os.environ.get("CI") != "true":
        pytest.skip("needs PyTorch: pip install '.[bench]'")
    report = tmp_path_factory.mktemp("benchmarks") / "report.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--smoke", "--json", report],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(report.read_text("utf-8"))


@pytest.mark.slow
def test_every_expected_row_has_numbers(smoke):
    printed, _ = smoke
    tables = dict(re.findall(r"^### (.*?)\n\n(.*?)\n\n", printed, re.MULTILINE | re.DOTALL))
    for title, rows in EXPECTED.items():
        (body,) = [text for name, text in tables.items() if name.startswith(title)]
        cells = [line.strip("| ").split(" | ") for line in body.splitlines()[2:]]
        assert rows <= {cell for row in cells for cell in row}, title
        for row in cells:
            assert sum(bool(re.match(NUMBER, cell)) for cell in row) >= len(row) - 1, row


@pytest.mark.slow
def test_json_report_has_every_measurement(smoke):
    printed, report = smoke
    titles = re.findall(r"^### (.*)$", printed, re.MULTILINE)
    assert list(report["tables"]) == titles
    rates = [table["characters_per_second"] for table in report["tables"].values()
             if "characters_per_second" in table]  # fmt: skip
    assert len(rates) == 6
    assert all(rate > 0 for rate in _numbers(rates))


def _numbers(value):
    if isinstance(value, dict):
        return [number for inner in value.values() for number in _numbers(inner)]
    if isinstance(value, list):
        return [number for inner in value for number in _numbers(inner)]
    return [value]


@pytest.mark.oracle
def test_the_validity_of_walks_is_counted_and_resumed(tmp_path, capsys):
    find_or_skip()
    out = tmp_path / "validity.jsonl"
    options = [str(out), "--tunes", "1", "--corpus", "irish"]
    assert validity.main(options) == 0
    records = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [record["meter"] for record in records] == list(validity.METERS)
    for record in records:
        counts = record["counts"]
        assert counts["tunes"] == 1 and not counts.keys() & {"invalid", "abc2midi", "formatted"}
    assert f"| walks | all | {len(validity.METERS)} | 0 | 0 |" in capsys.readouterr().out
    before = out.read_bytes()
    assert validity.main(options) == 0 and out.read_bytes() == before


@pytest.mark.oracle
def test_messages_of_abc2midi_are_counted(tmp_path):
    find_or_skip()
    assert validity.messages("X:1\nM:6/8\nK:D\nd6|d6|]", tmp_path) == []
    assert "Malformed note" in validity.messages("X:1\nM:6/8\nK:D\n~(de) d4|d6|]", tmp_path)[0]


@pytest.mark.slow
def test_own_tunes_are_trained_on_with_and_without_a_base(tmp_path, capsys):
    options = ["--tunes", "12", "--epochs", "1", "--plain", "--work", str(tmp_path)]
    assert own_tunes.main([*options, "--json", str(tmp_path / "rows.json")]) == 0
    base, new, tuned = json.loads((tmp_path / "rows.json").read_text("utf-8"))
    assert (base["tunes"], base["start"]) == (0, "folk")
    assert (new["start"], tuned["start"]) == ("random weights", "folk")
    assert tuned["bits_per_char"] < new["bits_per_char"]
    assert (
        f"tunes 12  start folk  bits_per_char {tuned['bits_per_char']}" in capsys.readouterr().out
    )
    held_out = load_corpus("irish").split(0.1, 0.1, 0)[2]
    books = list(tmp_path.glob("*/tunebook.abc"))
    assert len(books) == 2 and not set(load_corpus(books[0]).tunes) & set(held_out.tunes)
