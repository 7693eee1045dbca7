"""The guide docs/from-the-mit-lab.md: its program runs, and installing abcrnn changes little."""

import configparser
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/from-the-mit-lab.md").read_text("utf-8")
PROGRAM = "\n".join(re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
#: What the test makes smaller in the program.
SMALLER = {
    '"irish"': '"few.abc"',
    "embedding_dim=256": "embedding_dim=8",
    "units=1024": "units=16",
    "steps_per_epoch=200": "steps_per_epoch=2",
    "fit(15)": "fit(1)",
    'from_recipe("default", vocabulary': 'from_recipe("default", vocabulary, units=8',
}
COMET = """
class Experiment:
    def log_metrics(self, metrics, step):
        print("logged", step, *metrics)

def start(project_name):
    return Experiment()
"""


@pytest.mark.slow
def test_the_program_of_the_guide_runs(tmp_path, few_tunes):
    program = PROGRAM
    for old, new in SMALLER.items():
        assert program.count(old) == 1, old
        program = program.replace(old, new)
    (tmp_path / "few.abc").write_text(few_tunes.text)
    (tmp_path / "comet_ml.py").write_text(COMET)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    output = done.stdout
    assert output.startswith("40 tunes\nX:")
    assert re.search(r"^\(8, 100, \d+\)$", output, re.MULTILINE)
    assert "logged 2 epoch steps loss bits_per_char accuracy validation_bits_per_char" in output
    bits, uniform = map(float, re.findall(r"([\d.]+) bits", output))
    assert abs(bits - uniform) < 0.2
    assert len(re.findall("of the notes are in", output)) == 3
    written = {path.name for path in tmp_path.glob("*.*")}
    assert {
        "first.wav",
        "lab.abcrnn",
        "tune-1.wav",
        *(f"tune-{n}.mid" for n in range(1, 5)),
    } <= written


def test_the_sizes_are_those_of_the_recipe():
    from abcrnn.models.recipes import recipe

    lab = recipe("mit")
    for name, value in {**lab.model, **lab.training}.items():
        written = {5e-3: "5e-3"}.get(value, repr(value).replace("'", '"'))
        assert f"{name}={written}" in PROGRAM
    assert f"fit({lab.epochs})" in PROGRAM


def requirements():
    """What pip installs with abcrnn and its extras, by extra; the main ones are of ''."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    lists = {"": config["options"]["install_requires"], **config["options.extras_require"]}
    return {
        extra: [Requirement(line) for line in lines.splitlines() if line]
        for extra, lines in lists.items()
    }


def test_installing_keeps_the_packages_that_are_there():
    """All requirements are lower bounds, so pip replaces no package that is new enough."""
    found = requirements()
    assert {"tensorflow", "numpy", "music21", "tqdm"} <= {each.name for each in found[""]}
    for extra, listed in found.items():
        for each in listed:
            if not extra or each.name in {"tensorflow", "numpy", "keras"}:
                assert {specifier.operator for specifier in each.specifier} == {">="}, each


def test_the_guide_names_the_bounds_of_tensorflow_and_numpy():
    bounds = {each.name: str(each.specifier) for each in requirements()[""]}
    stated = f"TensorFlow {bounds['tensorflow'][2:]} and NumPy {bounds['numpy'][2:]}"
    assert stated in " ".join(PAGE.split())


@pytest.mark.slow
def test_pip_would_install_nothing_else():
    """With its dependencies in place, pip finds the requirements fulfilled, without an index."""
    wanted = [str(each) for each in requirements()[""]]
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", *wanted]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Would install" not in done.stdout
