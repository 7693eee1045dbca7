"""The table, the CSV file and the plots of a search."""

import csv

import pytest

from abcrnn.reports.search_report import (
    format_values,
    plot_importance,
    plot_trials,
    trials_table,
    write_trials,
)
from abcrnn.training.search_study import TrialResult

TRIALS = [
    TrialResult(3, "finished", 1.23456, 2, 4, {"units": 256, "dropout": 0.15}, ""),
    TrialResult(1, "pruned", 1.5, 2, 2, {"units": 64, "dropout": 0.0}, ""),
    TrialResult(4, "unfinished", 2.0, 1, 1, {"units": 64, "dropout": 0.5}, ""),
    TrialResult(2, "failed", None, 0, 0, {"units": 8, "dropout": 0.3}, "the loss, it is nan"),
]


def test_the_table():
    assert trials_table(TRIALS).split("\n") == [
        "  bits  trial       state  epochs  units  dropout",
        "1.2346      3    finished       4    256     0.15",
        "1.5000      1      pruned       2     64        0",
        "2.0000      4  unfinished       1     64      0.5",
        "            2      failed       0      8      0.3",
    ]


def test_values_as_text():
    values = {"units": 256, "learning_rate": 0.0020001, "windows": "tunes"}
    assert format_values(values) == "units 256, learning_rate 0.002, windows tunes"


def test_the_csv_file(tmp_path):
    write_trials(TRIALS, tmp_path / "trials.csv")
    with open(tmp_path / "trials.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {
        "trial": "3", "state": "finished", "bits_per_char": "1.23456", "best_epoch": "2",
        "epochs": "4", "units": "256", "dropout": "0.15", "problem": "",
    }  # fmt: skip
    assert rows[3]["bits_per_char"] == "" and rows[3]["problem"] == "the loss, it is nan"
    assert [row["trial"] for row in rows] == ["3", "1", "4", "2"]


@pytest.mark.parametrize("trials", [TRIALS, TRIALS[:1]])
def test_the_plot_of_the_trials(tmp_path, trials):
    plot_trials(trials, tmp_path / "trials.png")
    assert (tmp_path / "trials.png").read_bytes().startswith(b"\x89PNG")


def test_the_plot_of_the_importance(tmp_path):
    plot_importance({"units": 0.75, "dropout": 0.25, "batch_size": 0.0}, tmp_path / "i.png")
    assert (tmp_path / "i.png").read_bytes().startswith(b"\x89PNG")
