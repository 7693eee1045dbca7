"""A run that is killed and started again equals a run that was never killed, bit for bit.

As a script it kills as often as requested:
``PYTHONPATH=.:tests python tests/training/test_resume.py --kills 200``. What needs no
process of its own is in test_run_folder.py.
"""

import argparse
import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from helpers.compile_cache import shared_compilation

from abcrnn.data.corpus import load_corpus
from abcrnn.storage.archive import read_archive

TESTS = Path(__file__).parents[1]
EPOCHS = 12
KILLS_PER_RUN = 10
#: Upper bound of the number of the event that kills; ten kills do not reach the last epoch.
EVENTS = {"step": 50, "sync": 40, "replace": 20}
#: A checkpoint at every step, and at every second and fifth step, so that steps are lost.
CHECKPOINT_MINUTES = (0.5, 1.5, 4.5)


class Run:
    """A run folder and the command that fills it."""

    def __init__(self, folder, tunebook):
        self.folder, self.log = folder, folder.with_suffix(".log")
        self._arguments = ["train", tunebook, "--out", folder, "--recipe", "small",
                           "--epochs", EPOCHS, "--keep-every", 5, "--test", 0]  # fmt: skip

    def start(self, event, number, minutes):
        """Run the command until the event kills it; return the exit code."""
        path = os.pathsep.join([str(TESTS.parent), str(TESTS)])
        environment = {**os.environ, **shared_compilation()}
        environment |= {"PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [sys.executable, TESTS / "helpers" / "killed_run.py", event, number,
                   *self._arguments, "--checkpoint-minutes", minutes]  # fmt: skip
        with open(self.log, "a") as log:
            return subprocess.run(
                [*map(str, command)],
                check=False,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=environment,
                timeout=500,
            ).returncode

    def finish(self):
        assert self.start("never", 0, CHECKPOINT_MINUTES[0]) == 0, self.log.read_text()

    def checkpoints(self):
        return sorted((self.folder / "checkpoints").glob("*.ckpt"))

    def partial_files(self):
        """Files that a killed process left half written; the plot is no part of the run."""
        return [p.name for p in self.folder.rglob("*.part") if "curve.png" not in p.name]

    def result(self):
        """Everything that the run wrote, without times."""
        newest = self.checkpoints()[-1]
        about, arrays = read_archive(newest, "abcrnn checkpoint 2")
        about["position"].pop("seconds")
        about["history"] = [record[:-2] for record in about["history"]]
        with open(self.folder / "history.csv", newline="") as file:
            history = [row[:-2] for row in csv.reader(file)]
        run = json.loads((self.folder / "run.json").read_text())
        run["training"].pop("checkpoint_minutes")
        files = sorted(p for p in self.folder.iterdir() if p.suffix in (".abcrnn", ".png"))
        return {
            "checkpoint": (newest.name, about),
            "arrays": {name: (a.shape, a.tobytes()) for name, a in arrays.items()},
            "history": history,
            "run.json": run,
            **{path.name: path.read_bytes() for path in files},
        }


def kill_once(run, rng):
    """Run until an event kills the process; return what it was doing."""
    event = rng.choice(list(EVENTS))
    left_before = set(run.partial_files())
    code = run.start(event, rng.randint(1, EVENTS[event]), rng.choice(CHECKPOINT_MINUTES))
    assert code == -signal.SIGKILL, run.log.read_text()
    if left := set(run.partial_files()) - left_before:
        return "write of " + ("a checkpoint" if ".step-" in left.pop() else "another file")
    return "training" if event == "step" else "between two files"


def damage_newest(run, rng):
    """Truncate the newest checkpoint, or alter a block of it; return its name."""
    newest = run.checkpoints()[-1]
    data = bytearray(newest.read_bytes())
    begin = rng.randrange(len(data) - 512)
    if rng.random() < 0.5:
        del data[begin:]
    else:
        # A disk block long: a single bit could be in a field of the zip format that is not read.
        data[begin : begin + 512] = bytes(byte ^ 0x55 for byte in data[begin : begin + 512])
    newest.write_bytes(data)
    return newest.name


def kill_a_run(run, rng, kills):
    """Kill one run several times, let it finish, and return the kills counted by moment."""
    moments, damaged = Counter(), []
    for number in range(1, kills + 1):
        moments[kill_once(run, rng)] += 1
        if number % 4 == 0 and len(run.checkpoints()) > 1:
            damaged.append(damage_newest(run, rng))
    run.finish()
    assert run.partial_files() == []
    log = run.log.read_text()
    assert "Traceback" not in log
    for name in damaged:
        assert f"{name} is not a valid abcrnn checkpoint" in log, log
    return moments


def kill_and_compare(folder, kills, seed=0):
    """Kill runs, two at a time, and compare each with a run that is not killed."""
    tunebook = folder / "tunes.abc"
    tunebook.write_text("\n\n".join(load_corpus("oneills").tunes[:30]) + "\n")
    alone = Run(folder / "alone", tunebook)
    alone.finish()
    expected = alone.result()

    def kill_one(number, kills):
        run = Run(folder / f"killed-{number}", tunebook)
        moments = kill_a_run(run, random.Random(f"{seed} {number}"), kills)  # noqa: S311
        assert run.result() == expected
        return moments

    shares = [min(KILLS_PER_RUN, kills - first) for first in range(0, kills, KILLS_PER_RUN)]
    with ThreadPoolExecutor(2) as pool:
        moments = sum(pool.map(kill_one, range(len(shares)), shares), Counter())
    alone.finish()  # a run that is finished does not change
    assert alone.result() == expected
    return moments


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize(
    "kills", [pytest.param(6, marks=pytest.mark.slow), pytest.param(20, marks=pytest.mark.long)]
)
def test_a_run_killed_many_times_equals_one_that_is_not_killed(kills, tmp_path):
    moments = kill_and_compare(tmp_path, kills)
    assert moments.total() == kills
    assert moments["training"] > 0
    assert kills < 20 or moments["write of a checkpoint"] > 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp())  # kept if the test fails
    moments = kill_and_compare(folder, arguments.kills, arguments.seed)
    shutil.rmtree(folder)
    print(f"{moments.total()} kills, all results equal")
    for moment, count in moments.most_common():
        print(f"{count:>5}  {moment}")
