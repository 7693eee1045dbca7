"""Several real processes, or several devices in one, train as one process alone does."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow

WORKER = Path(__file__).parents[1] / "helpers" / "worker.py"


def start(out, *words, task=None, ports=None):
    """Start worker ``task`` of as many as there are ports, or one alone."""
    environment = {**os.environ, "PYTHONPATH": str(WORKER.parents[2]), "TF_CPP_MIN_LOG_LEVEL": "2"}
    if ports:
        addresses = [f"localhost:{port}" for port in ports]
        task = {"type": "worker", "index": task}
        environment["TF_CONFIG"] = json.dumps({"cluster": {"worker": addresses}, "task": task})
    return subprocess.Popen(
        [sys.executable, WORKER, out, *map(str, words)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def start_all(folder, count, *words):
    ports = free_ports(count)
    outs = [folder / f"{task}.npz" for task in range(count)]
    return outs, [start(out, *words, task=task, ports=ports) for task, out in enumerate(outs)]


def free_ports(count):
    sockets = [socket.create_server(("localhost", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def finish(processes):
    for process in processes:
        _, errors = process.communicate(timeout=200)
        assert process.returncode == 0, errors


def load(out):
    with np.load(out) as arrays:
        return dict(arrays)


def assert_close(one, other, atol):
    for name, array in one.items():
        np.testing.assert_allclose(array, other[name], rtol=0, atol=atol, err_msg=name)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    out = tmp_path_factory.mktemp("alone") / "alone.npz"
    finish([start(out)])
    return load(out)


@pytest.mark.parametrize("count", [2, 4])
def test_workers_end_bit_equal_and_as_one_process_does(alone, tmp_path, count):
    outs, processes = start_all(tmp_path, count)
    finish(processes)
    for out in outs:
        assert_close(load(outs[0]), load(out), atol=0)
    assert_close(alone, load(outs[0]), atol=1e-5)


def test_devices_of_one_process_end_as_one_device_does(alone, tmp_path):
    out = tmp_path / "mirrored.npz"
    finish([start(out, "--mirrored", 2)])
    assert_close(alone, load(out), atol=1e-5)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_worker_ends_the_run_in_words_and_it_goes_on_to_the_bit(tmp_path):
    words = ("--epochs", 6, "--run-dir")
    outs, processes = start_all(tmp_path, 2, *words, tmp_path / "whole")
    finish(processes)
    whole = load(outs[0])

    outs, (chief, worker) = start_all(tmp_path, 2, *words, tmp_path / "killed")
    wait_for(tmp_path / "killed" / "checkpoints", chief)
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    _, errors = chief.communicate(timeout=100)
    assert chief.returncode == 1
    assert "a worker of this run has ended" in errors
    assert "start all workers again with the same command" in errors

    outs, processes = start_all(tmp_path, 2, *words, tmp_path / "killed")
    finish(processes)
    assert_close(whole, load(outs[1]), atol=0)


def wait_for(folder, process):
    for _ in range(600):
        if folder.is_dir() and any(folder.iterdir()):
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    raise AssertionError(f"nothing came into {folder}")
