"""A run killed at random instants, and started again, is the run that was never killed.

Run as a script it kills as often as wanted: ``python tests/test_resume.py --kills 200``.
What needs no killing is in test_runs.py.
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
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from abcrnn.data.corpus import load_corpus
from abcrnn.storage.archive import read_archive

ROOT = Path(__file__).parents[2]

# The command as users give it, with a recipe that is small and has all that is random in it.
CHILD = """
import sys
from abcrnn import cli
from abcrnn.models import recipes
recipes.RECIPES["small"] = recipes.Recipe(
    about="",
    epochs=1,
    model={"embedding_dim": 16, "units": 64, "num_layers": 1, "dropout": 0.3},
    training={"batch_size": 4, "seq_length": 32, "learning_rate": 5e-3, "decay_epochs": 1},
)
sys.exit(cli.main(sys.argv[1:]))
"""
EPOCHS = 12
KILLS_A_RUN = 10
# In minutes: at every step, so that kills meet writing, and less often, so that steps are lost.
CADENCES = ("1e-9", "0.0005", "0.003")


class Run:
    """A run folder and the command that fills it."""

    def __init__(self, folder, tunebook):
        self.folder, self.log = folder, folder.with_suffix(".log")
        self._words = ["train", tunebook, "--out", folder, "--recipe", "small",
                       "--epochs", EPOCHS, "--keep-every", 5, "--test", 0]  # fmt: skip

    def start(self, *more):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [sys.executable, "-c", CHILD, *map(str, [*self._words, *more])]
        with open(self.log, "a") as log:
            return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, env=environment)

    def finish(self):
        assert self.start().wait() == 0, self.log.read_text()

    def checkpoints(self):
        return sorted((self.folder / "checkpoints").glob("*.ckpt"))

    def leftovers(self):
        """What killed writes left; but for the picture, which is drawn when the run is over."""
        return [p.name for p in self.folder.rglob("*.part") if "curve.png" not in p.name]

    def result(self):
        """All that the run has come to, timings aside."""
        newest = self.checkpoints()[-1]
        about, arrays = read_archive(newest, "abcrnn checkpoint 2")
        about["position"].pop("seconds")
        about["history"] = [record[:-2] for record in about["history"]]
        with open(self.folder / "history.csv", newline="") as file:
            history = [row[:-2] for row in csv.reader(file)]
        begun = json.loads((self.folder / "run.json").read_text())
        begun["training"].pop("checkpoint_minutes")
        files = sorted(p for p in self.folder.iterdir() if p.suffix in (".abcrnn", ".png"))
        return {
            "checkpoint": (newest.name, about),
            "arrays": {name: (a.shape, a.tobytes()) for name, a in arrays.items()},
            "history": history,
            "run.json": begun,
            **{path.name: path.read_bytes() for path in files},
        }


def kill_at_random(run, draw, start_up):
    """Start the run and kill it at some instant, ``start_up`` being seconds to its first step.

    Returns what the kill fell into, or None if the run ended before it.
    """
    aim = draw.choice(["start-up", "steps", "steps", "write", "write", "write"])
    before, left_before = set(run.checkpoints()), set(run.leftovers())
    process = run.start("--checkpoint-minutes", draw.choice(CADENCES))
    if aim == "start-up":
        time.sleep(draw.uniform(0, start_up))
    else:
        while process.poll() is None and set(run.checkpoints()) <= before:
            time.sleep(0.005)
        time.sleep(draw.uniform(0, 1))
    if aim == "write":
        while process.poll() is None and not run.leftovers():
            pass
        time.sleep(draw.uniform(0, 0.001))
    process.kill()
    if process.wait() == 0:
        return None
    assert process.returncode == -signal.SIGKILL, run.log.read_text()
    if left := set(run.leftovers()) - left_before:
        return "write of " + ("a checkpoint" if ".step-" in left.pop() else "another file")
    return "start-up" if aim == "start-up" else "training"


def damage_the_newest(run, draw):
    """Cut it short or spoil a stretch of it; returns its name."""
    newest = run.checkpoints()[-1]
    data = bytearray(newest.read_bytes())
    place = draw.randrange(len(data) - 512)
    if draw.random() < 0.5:
        del data[place:]
    else:
        # As long as a block of a disk; one bit could be in a field that nobody reads.
        data[place : place + 512] = bytes(byte ^ 0x55 for byte in data[place : place + 512])
    newest.write_bytes(data)
    return newest.name


def kill_a_run(run, draw, start_up, kills):
    """Kill one run until it was so many times, or ends; then let it end, and count the kills."""
    fell, damaged = Counter(), []
    while fell.total() < kills and (where := kill_at_random(run, draw, start_up)):
        fell[where] += 1
        if fell.total() % 4 == 0 and len(run.checkpoints()) > 1:
            damaged.append(damage_the_newest(run, draw))
    run.finish()
    assert run.leftovers() == []
    said = run.log.read_text()
    assert "Traceback" not in said
    for name in damaged:
        assert f"{name} is not a valid abcrnn checkpoint" in said, said
    return fell


def kill_and_compare(folder, kills, seed=0):
    """Kill runs so many times in all, two at a time, and hold each to one that was left alone.

    Returns what the kills fell into, counted, and the number of runs.
    """
    tunebook = folder / "tunes.abc"
    tunebook.write_text("\n\n".join(load_corpus("oneills").tunes[:30]) + "\n")
    alone = Run(folder / "alone", tunebook)
    begun = time.monotonic()
    alone.finish()
    start_up, expected = (time.monotonic() - begun) / 2, alone.result()

    def kill_one(number, kills):
        draw = random.Random(f"{seed} {number}")  # noqa: S311
        run = Run(folder / f"killed-{number}", tunebook)
        fell = kill_a_run(run, draw, start_up, kills)
        assert run.result() == expected
        return fell

    fell, runs = Counter(), 0
    with ThreadPoolExecutor(2) as pool:
        while (missing := kills - fell.total()) > 0:
            shares = [min(KILLS_A_RUN, missing - n) for n in range(0, missing, KILLS_A_RUN)]
            fell = sum(pool.map(kill_one, range(runs, runs + len(shares)), shares), fell)
            runs += len(shares)
    alone.finish()  # once more, though it is over
    assert alone.result() == expected
    return fell, runs


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.slow
def test_a_run_killed_twenty_times_is_the_run_left_alone(tmp_path):
    fell, _ = kill_and_compare(tmp_path, kills=20)
    assert fell.total() == 20
    assert fell["write of a checkpoint"] > 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    folder, begun = Path(tempfile.mkdtemp()), time.monotonic()  # left there if it fails
    fell, runs = kill_and_compare(folder, arguments.kills, arguments.seed)
    shutil.rmtree(folder)
    print(f"{fell.total()} kills of {runs} runs in {time.monotonic() - begun:.0f} s, all the same")
    for where, count in fell.most_common():
        print(f"{count:>5}  {where}")
