"""Keras backends other than TensorFlow are refused in one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run_python(*arguments, **variables):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", **variables}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=environment
    )


def first_is_quick(values):
    """Mark all values but the first as slow: each starts a Python process."""
    return [values[0], *(pytest.param(value, marks=pytest.mark.slow) for value in values[1:])]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", first_is_quick(["CharLSTM", "Trainer", "Sampler", "evaluate", "load_model"])
)
def test_jax_is_refused_by_whatever_is_used_first(name):
    done = run_python("-c", f"import abcrnn; abcrnn.{name}", KERAS_BACKEND="jax")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "ImportError: abcrnn needs Keras with the backend tensorflow, not 'jax': unset "
        "KERAS_BACKEND or set it to tensorflow (it takes precedence over the file keras.json)"
    )


@pytest.mark.slow
def test_a_backend_that_is_configured_in_keras_json(tmp_path):
    (tmp_path / "keras.json").write_text('{"backend": "jax"}')
    variables = {"KERAS_HOME": str(tmp_path), "KERAS_BACKEND": ""}
    done = run_python("-c", "import abcrnn.events as e; e.NoteModel", **variables)
    assert "with the backend tensorflow, not 'jax'" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("backend", first_is_quick(["torch", "jax", "nonsense"]))
@pytest.mark.parametrize(
    "command", first_is_quick([["sample"], ["events", "sample", "-o", "x.mid"]])
)
def test_commands_print_one_line(backend, command, trained):
    done = run_python("-m", "abcrnn", *command, str(trained), KERAS_BACKEND=backend)
    assert done.returncode == 1
    assert done.stderr.startswith("abcrnn: abcrnn needs Keras with the backend tensorflow, not ")
    assert done.stderr.count("\n") == 1 and done.stdout == ""


def test_commands_without_a_model_take_any_backend(homemade):
    done = run_python("-m", "abcrnn", "check", str(homemade), KERAS_BACKEND="jax")
    assert (done.returncode, done.stderr) == (0, "")
