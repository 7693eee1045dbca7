"""The run folder: one process at a time, and nothing lost when a process ends.

test_resume.py kills processes.
"""

import json
import logging
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers.fuzz_json import mutations

from abcrnn import CharLSTM, Trainer, Vocabulary
from abcrnn.cli import main
from abcrnn.storage import atomic as files
from abcrnn.storage.archive import read_archive, write_archive
from abcrnn.training.records import EpochRecord
from abcrnn.training.run_folder import Checkpoint, Position, RunFolder

LIKE = {"model/kernel": np.zeros((2, 3), np.float32), "state/0": np.zeros(4, np.float32)}
RECORD = EpochRecord(1, 7, 2.0, 2.9, 0.3, None, None, 0.01, 1.5, 900.0)


def save(folder, step):
    arrays = {name: array + step for name, array in LIKE.items()}
    folder.save_checkpoint(Checkpoint(step, Position(epoch=1, window=step), [RECORD], arrays))
    return folder.path / "checkpoints" / f"step-{step:09}.ckpt"


def names(folder):
    return sorted(path.name for path in folder.path.rglob("*") if path.is_file())


def test_a_run_with_other_tunes_says_why_they_may_differ(tmp_path):
    RunFolder(tmp_path).open({"corpus": {"name": "mine", "fingerprint": "a"}, "seed": 1})
    with pytest.raises(ValueError, match=r"corpus fingerprint is 'a', not 'b'.*other rules \("):
        RunFolder(tmp_path).open({"corpus": {"name": "mine", "fingerprint": "b"}, "seed": 1})
    with pytest.raises(ValueError, match=r"its seed is 1, not 2\..*another run folder$"):
        RunFolder(tmp_path).open({"corpus": {"name": "mine", "fingerprint": "a"}, "seed": 2})


# One at a time -----------------------------------------------------------------------------


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock of tmp_path / "run"."""
    code = "import sys; from abcrnn.training.run_folder import RunFolder\n"
    code += "with RunFolder(sys.argv[1]).held(): print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "run")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_process_is_refused_in_one_line(holder, tmp_path, homemade, capsys):
    run = tmp_path / "run"
    words = ["--recipe", "quick", "--batch-size", "4", "--seq-length", "32"]
    assert main(["train", str(homemade), "--out", str(run), *words]) == 1
    assert capsys.readouterr().err == (
        f"abcrnn: {run} is in use by process {holder.pid}: "
        "wait until it has ended, or use another folder\n"
    )
    assert names(RunFolder(run)) == [".lock"]
    holder.kill()
    holder.wait()
    with RunFolder(run).held():  # the lock of a killed process is released
        pass


# After a kill ------------------------------------------------------------------------------


def test_partial_files_of_killed_processes_are_removed(tmp_path):
    folder = RunFolder(tmp_path)
    save(folder, 1)
    ours = [".run.json", ".history.csv", ".best.abcrnn", ".epoch-0010.abcrnn"]
    for name in (*ours, "checkpoints/.step-000000002.ckpt"):
        (tmp_path / f"{name}.a1_b2c3d.part").write_bytes(b"half")
    others = [".curve.png.a1_b2c3d.part", "best.abcrnn.part", "film.part"]
    for name in others:
        (tmp_path / name).write_bytes(b"not ours, or being written")
    with folder.held():
        assert names(folder) == sorted([".lock", *others, "step-000000001.ckpt"])


class Killed(BaseException):
    """Ends a run at once: nothing is written after it."""


@pytest.mark.slow
def test_a_kill_between_any_two_files_changes_nothing(few_tunes, tmp_path, step_clock):
    parts = few_tunes.split(validation=0.1, test=0, seed=0)
    model = CharLSTM(Vocabulary.from_text(few_tunes.text), 8, units=8, num_layers=1, dropout=0.3)
    trainer = Trainer(
        model, parts[0], validation=parts[1], batch_size=2, seq_length=16, keep_every=1,
        windows="random", steps_per_epoch=2, checkpoint_minutes=0.5, learning_rate=0.1,
    )  # fmt: skip
    beginning = trainer._capture()
    rename, writes = os.replace, []

    def train(name, patch, kill_at=None):
        """Train as a new process does, which knows only the files of the folder."""
        writes.clear()

        def replace_or_die(aside, target):
            writes.append(Path(target).name)
            if len(writes) == kill_at:
                raise Killed
            rename(aside, target)

        patch.setattr(files.os, "replace", replace_or_die)
        trainer._folder = trainer._writer = RunFolder(tmp_path / name)
        trainer._newest = beginning
        model.about = {}
        return [record[:-2] for record in trainer.fit(2)]

    def outcome(name):
        model.save(tmp_path / name / "given.abcrnn")
        found = {p.name: p.read_bytes() for p in (tmp_path / name).glob("*.abcrnn")}
        newest = trainer._folder.newest_checkpoint(beginning.arrays)
        return found, newest.step, {n: a.tobytes() for n, a in newest.arrays.items()}

    with pytest.MonkeyPatch.context() as patch:
        history = train("alone", patch)
        in_all, expected = list(writes), outcome("alone")
        assert in_all[:5] == ["run.json", *[f"step-00000000{n}.ckpt" for n in (1, 2)],
                              "best.abcrnn", "history.csv"]  # fmt: skip
        assert len(in_all) == 13
        for number, written in enumerate(in_all, start=1):
            with pytest.raises(Killed):
                train(name := f"{number}-{written}", patch, kill_at=number)
            assert train(name, patch) == history
            assert outcome(name) == expected, name
    assert expected[0]["given.abcrnn"] == expected[0]["best.abcrnn"]


# Damage ------------------------------------------------------------------------------------


def flip(place):
    def damage(file):
        data = bytearray(file.read_bytes())
        data[round(place * (len(data) - 1))] ^= 8
        file.write_bytes(data)

    return damage


def rewrite(change):
    """Damage that no checksum finds: a valid archive with other contents."""

    def damage(file):
        about, arrays = read_archive(file, "abcrnn checkpoint 2")
        about.pop("format")
        change(about, arrays)
        write_archive(file, "abcrnn checkpoint 2", about, arrays)

    return damage


def make_a_folder(file):
    file.unlink()
    file.mkdir()


DAMAGES = {
    "empty": lambda file: file.write_bytes(b""),
    "garbage": lambda file: file.write_bytes(bytes(range(256)) * 9),
    "cut": lambda file: file.write_bytes(file.read_bytes()[:-100]),
    "cut short": lambda file: file.write_bytes(file.read_bytes()[:50]),
    "zeros at the end": lambda file: file.write_bytes(file.read_bytes()[:-700] + bytes(700)),
    "a bit of the JSON": flip(0.2),
    "a bit of the arrays": flip(0.6),
    "a folder": make_a_folder,
    "another zip": lambda file: zipfile.ZipFile(file, "w").close(),
    "an array missing": rewrite(lambda about, arrays: arrays.pop("state/0")),
    "an array too many": rewrite(lambda about, arrays: arrays.update(x=arrays["state/0"])),
    "another shape": rewrite(lambda about, arrays: arrays.update({"state/0": np.float32([1])})),
    "another type": rewrite(lambda about, arrays: arrays.update({"state/0": np.zeros(4)})),
    "another step": rewrite(lambda about, arrays: about.update(step=2)),
    "no position": rewrite(lambda about, arrays: about.pop("position")),
    "half a position": rewrite(lambda about, arrays: about["position"].pop("window")),
    "an odd position": rewrite(lambda about, arrays: about["position"].update(window="3")),
    "too short a history": rewrite(lambda about, arrays: about["history"].clear()),
    "half a record": rewrite(lambda about, arrays: about["history"][0].pop()),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_newest_checkpoint_is_skipped_with_a_warning(tmp_path, caplog, damage):
    folder = RunFolder(tmp_path)
    first, second, third = [save(folder, step) for step in (1, 2, 3)]
    DAMAGES[damage](third)
    with caplog.at_level(logging.WARNING):
        found = folder.newest_checkpoint(LIKE)
    assert found.step == found.position.window == 2
    np.testing.assert_array_equal(found.arrays["state/0"], [2, 2, 2, 2])
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith(f"{third}")
    assert caplog.messages[0].endswith(f"; resuming from an earlier one, {second.name}")
    DAMAGES[damage](second) if damage != "another step" else second.write_bytes(b"")
    assert folder.newest_checkpoint(LIKE).step == 1
    first.write_bytes(b"")
    with pytest.raises(ValueError, match="remove that folder to start the run again") as refused:
        folder.newest_checkpoint(LIKE)
    for file in (first, second, third):
        assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_last_three_are_kept_without_skipped_ones(tmp_path):
    folder = RunFolder(tmp_path)
    assert folder.newest_checkpoint(LIKE) is None
    for step in (1, 2, 3, 4, 5):
        last = save(folder, step)
    assert names(folder) == [f"step-00000000{step}.ckpt" for step in (3, 4, 5)]
    last.write_bytes(b"")
    assert folder.newest_checkpoint(LIKE).step == 4
    save(folder, 4)  # resumed from 4, for example at the end of an epoch
    assert names(folder) == [f"step-00000000{step}.ckpt" for step in (3, 4)]


# Files that are not ours ---------------------------------------------------------------------


@pytest.mark.slow
def test_every_value_of_a_checkpoint_is_validated(tmp_path):
    folder = RunFolder(tmp_path)
    record = EpochRecord(1, 7, 2.0, 2.9, 0.3, 1.5, 0.2, 0.01, 1.5, 900.0)
    folder.save_checkpoint(Checkpoint(7, Position(1, 0, 0.0, 0, 0.0, 1.5, 1), [record], LIKE))
    path = tmp_path / "checkpoints" / "step-000000007.ckpt"
    about, arrays = read_archive(path, "abcrnn checkpoint 2")
    refused = 0
    for what, changed in mutations(about):
        if not isinstance(changed, dict):
            continue
        try:
            write_archive(path, "abcrnn checkpoint 2", changed, arrays)
        except TypeError:
            continue
        try:
            found = folder.newest_checkpoint(LIKE)
        except ValueError as error:
            assert "\n" not in str(error) and len(str(error)) < 800, what
            refused += 1
            continue
        position, [kept] = found.position, found.history
        assert (found.step, position.epoch, kept.epoch) == (7, 1, 1), what
        assert position.best_epoch in (0, 1), what
        assert f"{kept.loss:.3f} {kept.steps:d} {position.best_score:.3f}", what
    assert refused > 250


def test_every_value_of_run_json_is_compared(tmp_path):
    description = {"model": {"units": 8}, "corpus": {"origin": {"split": {"seed": 0}}}}
    folder = RunFolder(tmp_path)
    folder.open(description)
    recorded = json.loads((tmp_path / "run.json").read_text())
    for what, changed in mutations(recorded):
        (tmp_path / "run.json").write_text(json.dumps(changed))
        for use in (lambda: folder.open(description), folder.split_rule):
            try:
                use()
            except ValueError as error:
                assert "\n" not in str(error) and len(str(error)) < 800, what
    for content in (b"", b"[" * 100_000, b"\xff\xfe", b'{"model": '):
        (tmp_path / "run.json").write_bytes(content)
        with pytest.raises(ValueError, match="run.json is damaged"):
            folder.open(description)
