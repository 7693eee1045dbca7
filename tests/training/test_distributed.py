"""Several processes, or several devices in one, train as a single process does."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.compile_cache import shared_compilation

pytestmark = pytest.mark.slow

TESTS = Path(__file__).parents[1]
WORKER = TESTS / "helpers" / "worker.py"


def start(out, *options, task=None, ports=None):
    """Start one worker alone, or worker ``task`` of as many as there are ports."""
    path = os.pathsep.join([str(TESTS.parent), str(TESTS)])
    environment = {**os.environ, **shared_compilation()}
    environment |= {"PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "2"}
    if ports:
        addresses = [f"localhost:{port}" for port in ports]
        task = {"type": "worker", "index": task}
        environment["TF_CONFIG"] = json.dumps({"cluster": {"worker": addresses}, "task": task})
    return subprocess.Popen(
        [sys.executable, WORKER, out, *map(str, options)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def start_all(folder, count, *options, only_last=()):
    """Start workers with the same options; the last has some of its own."""
    ports = free_ports(count)
    outs = [folder / f"{task}.npz" for task in range(count)]
    extra = [()] * (count - 1) + [only_last]
    workers = [
        start(out, *options, *extra[task], task=task, ports=ports) for task, out in enumerate(outs)
    ]
    return outs, workers


def free_ports(count):
    sockets = [socket.create_server(("localhost", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def finish(processes):
    for process in processes:
        _, errors = process.communicate(timeout=500)
        assert process.returncode == 0, errors


def load(out):
    with np.load(out) as arrays:
        return dict(arrays)


def assert_close(one, other, atol):
    assert one.keys() == other.keys() and len(one) > 5
    for name, array in one.items():
        np.testing.assert_allclose(array, other[name], rtol=0, atol=atol, err_msg=name)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    out = tmp_path_factory.mktemp("alone") / "alone.npz"
    finish([start(out)])
    return load(out)


@pytest.mark.parametrize("count", [2, 4])
def test_workers_are_bit_equal_and_close_to_one_process(alone, tmp_path, count):
    outs, processes = start_all(tmp_path, count)
    finish(processes)
    for out in outs:
        assert_close(load(outs[0]), load(out), atol=0)
    assert_close(alone, load(outs[0]), atol=1e-5)


def test_workers_train_on_whole_tunes_as_one_process_does(tmp_path):
    """With a tune memory, averaged weights and transposed tunes."""
    finish([start(tmp_path / "alone.npz", "--whole-tunes")])
    outs, processes = start_all(tmp_path, 2, "--whole-tunes")
    finish(processes)
    assert_close(load(outs[0]), load(outs[1]), atol=0)
    assert_close(load(tmp_path / "alone.npz"), load(outs[0]), atol=1e-5)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_run_on_whole_tunes_resumes_bit_for_bit(tmp_path):
    options = ("--whole-tunes", "--epochs", 2, "--run-dir")
    finish([start(tmp_path / "whole.npz", *options, tmp_path / "whole")])
    killed = (tmp_path / "killed.npz", *options, tmp_path / "killed")
    for step in (17, 8):
        process = start(*killed, "--kill-before-step", step)
        process.communicate(timeout=500)
        assert process.returncode == -signal.SIGKILL
    finish([start(*killed)])
    assert_close(load(tmp_path / "whole.npz"), load(tmp_path / "killed.npz"), atol=0)


@pytest.mark.parametrize("recipe", ["default", "tutorial"])
def test_workers_train_on_notes_as_one_process_does(tmp_path, recipe):
    finish([start(tmp_path / "alone.npz", "--notes", recipe)])
    outs, processes = start_all(tmp_path, 2, "--notes", recipe)
    finish(processes)
    assert_close(load(outs[0]), load(outs[1]), atol=0)
    assert_close(load(tmp_path / "alone.npz"), load(outs[0]), atol=1e-5)


def test_devices_of_one_process_are_close_to_one_device(alone, tmp_path):
    out = tmp_path / "mirrored.npz"
    finish([start(out, "--mirrored", 2)])
    assert_close(alone, load(out), atol=1e-5)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_worker_stops_the_run_which_resumes_bit_for_bit(tmp_path):
    options = ("--epochs", 2, "--run-dir")
    outs, processes = start_all(tmp_path, 2, *options, tmp_path / "whole")
    finish(processes)
    whole = load(outs[0])

    outs, (chief, worker) = start_all(
        tmp_path, 2, *options, tmp_path / "killed", only_last=("--kill-before-step", 25)
    )
    worker.communicate(timeout=500)
    assert worker.returncode == -signal.SIGKILL
    _, errors = chief.communicate(timeout=500)
    assert chief.returncode == 1
    assert "a worker of this run has ended" in errors
    assert "start all workers again with the same command" in errors
    assert any((tmp_path / "killed" / "checkpoints").iterdir())

    outs, processes = start_all(tmp_path, 2, *options, tmp_path / "killed")
    finish(processes)
    assert_close(whole, load(outs[1]), atol=0)
