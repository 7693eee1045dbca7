"""The quality benchmark: data, splits, kinds of characters, records, table, command."""

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from abcrnn.data.corpus import Corpus
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.notation import ABCError, read_tune, transpose
from benchmarks.quality import command, packages
from benchmarks.quality.copying import CopyModel, longest_match
from benchmarks.quality.data import FINGERPRINTS, load_data, require_benchmark_text, split_by_family
from benchmarks.quality.families import assign_families, tune_families
from benchmarks.quality.outcome import figures, interval
from benchmarks.quality.records import folder_name, instruction_set, load_records, put_record
from benchmarks.quality.regions import REGIONS, classify
from benchmarks.quality.rows import ROWS, Row
from benchmarks.quality.table import DOCUMENT, replace_tables, tables

ROOT = Path(__file__).parents[1]

HEADER = "X:1\nT:Made up\nM:2/4\nL:1/8\nK:D\n"


def made_up(bars: int, seed: int) -> list[str]:
    """Return bars of four eighth notes; different seeds share no long run."""
    generator = np.random.default_rng(seed)
    return ["".join(generator.choice(list("DEFGABcdef"), 4)) for _ in range(bars)]


def as_tune(*bars: str) -> str:
    return HEADER + "|".join(bars) + "|"


# Data and splits -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["jigs", "irish"])
def test_the_named_corpora_have_the_text_of_the_benchmark(name, request):
    assert request.getfixturevalue(name).fingerprint == FINGERPRINTS[name]


def test_another_text_is_refused(jigs):
    with pytest.raises(ValueError, match="the text of jigs has the SHA-256 .* is defined for 3137"):
        require_benchmark_text(Corpus("jigs", jigs.tunes[1:]))


def test_the_split_by_tune_is_that_of_seed_0(jigs):
    data = load_data("jigs", "tune")
    expected = jigs.split(validation=0.1, test=0.1, seed=0)
    assert [data.train.tunes, data.validation.tunes, data.test.tunes] == [
        part.tunes for part in expected
    ]


def test_families_are_tunes_that_share_eight_bars_in_any_key():
    first, second = made_up(16, 1), made_up(16, 2)
    tunes = [
        as_tune(*first),
        as_tune(*made_up(16, 3)),
        transpose(as_tune(*made_up(4, 4), *first[4:13], *made_up(4, 5)), 5),
        as_tune(*second),
        # In half the unit note length, and with half of the last run's bars in its own meter.
        as_tune(*made_up(4, 6), *second[:9]).replace("L:1/8", "L:1/16").replace("2/4", "2/8"),
        as_tune(*made_up(8, 7), *second[:7], *made_up(1, 8)),
        "X:1\nK:C\n\0",
    ]
    assert tune_families(tunes).tolist() == [0, 1, 0, 3, 3, 5, 6]


def test_families_are_connected_components():
    bars = made_up(20, 1)
    tunes = [as_tune(*bars[:9]), as_tune(*bars[11:]), as_tune(*bars)]
    assert tune_families(tunes).tolist() == [0, 0, 0]


def test_equal_bodies_are_one_family_even_if_they_are_short():
    tunes = [as_tune("DEFG"), as_tune("GABc"), as_tune("DEFG").replace("Made", "Other")]
    assert tune_families(tunes).tolist() == [0, 1, 0]


def test_parts_of_the_family_split_have_their_shares_and_do_not_depend_on_the_order():
    tunes = [as_tune(*made_up(9, number // 2)) for number in range(60)]
    parts = assign_families(tunes, 0.1, 0.2, seed=0)
    assert [parts.count(name) for name in ("train", "validation", "test")] == [42, 6, 12]
    assert all(parts[number] == parts[number + 1] for number in range(0, 60, 2))
    assert assign_families(tunes[::-1], 0.1, 0.2, seed=0) == parts[::-1]
    assert assign_families(tunes, 0.1, 0.2, seed=1) != parts


@pytest.mark.slow
def test_no_tunes_of_two_parts_share_eight_bars(jigs):
    some = Corpus("some", jigs.tunes[:120])
    parts = split_by_family(some, validation=0.3, test=0.3)
    assert sorted(tune for part in parts for tune in part.tunes) == sorted(some.tunes)
    for part in parts:
        rest = NoveltyIndex(tune for other in parts if other is not part for tune in other.tunes)
        assert all(rest.compare(tune).bars < 8 for tune in part.tunes if is_readable(tune))
    # The split by tune does divide families here, so the test can fail.
    train, validation, test = some.split(validation=0.3, test=0.3, seed=1)
    index = NoveltyIndex(train.tunes)
    held_out = [*validation.tunes, *test.tunes]
    assert any(index.compare(tune).bars >= 8 for tune in held_out if is_readable(tune))


def is_readable(tune: str) -> bool:
    try:
        return bool(read_tune(tune))
    except ABCError:
        return False


# Kinds of characters -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        ("AB|AB|", "111222" + "22"),
        # Bar lines, line ends and text without notes belong to the bar after them.
        ("|:AB|cd:|\n|:AB|", "11111" + "1111" + "222222" + "22"),
        # Spaces, grace notes, decorations and chord symbols are not compared.
        ('A2B|"D"~A2 {g}B|', "1111" + "222222222222" + "22"),
        # Lengths, rests and broken rhythm are.
        ("AB|A2B|A>B|Az|", "111" + "1111" + "1111" + "111" + "11"),
        # A third time.
        ("A|B|A|A", "11" + "11" + "22" + "2" + "22"),
        ("", "11"),
    ],
)
def test_each_character_has_a_kind(body, kinds):
    tune = HEADER + body
    assert classify(tune).tolist() == [0] * len(HEADER) + [int(kind) for kind in kinds]


def test_figures_are_sums_over_the_kinds():
    tunes = [HEADER + "AB|AB|", HEADER + "AB|"]
    costs = [np.arange(len(tune) + 2, dtype=float) for tune in tunes]
    found = figures(tunes, costs)
    kinds = np.concatenate([classify(tune) for tune in tunes])
    bits = np.concatenate(costs)
    assert found["bits_per_char"] == pytest.approx(bits.mean(), abs=1e-5)
    for index, name in enumerate(REGIONS):
        assert found[name] == pytest.approx(bits[kinds == index].mean(), abs=1e-5)
        assert found["characters"][name] == (kinds == index).sum()
    assert found["tune_bits"] == [cost.sum() for cost in costs]
    assert found["tune_characters"] == [len(tune) + 2 for tune in tunes]


def test_the_interval_surrounds_the_mean():
    low, high = interval([100.0, 300.0, 200.0, 150.0], [100, 200, 150, 100])
    assert 1 <= low < 750 / 550 < high <= 1.5
    assert low < high - 0.2
    assert interval([200.0, 200.0], [100, 100]) == (2.0, 2.0)


# Copy baseline -------------------------------------------------------------------------------


def common_suffix(first: str, second: str) -> int:
    equal = [a == b for a, b in zip(first[::-1], second[::-1], strict=False)]
    return min([*equal, False].index(False), 32)


def test_the_longest_match_is_the_most_recent_of_the_longest():
    text = "".join(np.random.default_rng(0).choice(list("abc"), 200))
    for end in range(1, len(text)):
        lengths = {earlier: common_suffix(text[:earlier], text[:end]) for earlier in range(1, end)}
        best = max(lengths, key=lambda earlier: (lengths[earlier], earlier), default=None)
        expected = ("", 0) if not best or not lengths[best] else (text[best], lengths[best])
        assert longest_match(text, end) == expected


def test_probabilities_of_the_copy_baseline_sum_to_one(few_tunes):
    vocabulary = few_tunes.vocabulary
    model = CopyModel(few_tunes.tunes[:20], len(vocabulary), order=4)
    model.fit_weights(few_tunes.tunes[20:30])
    tune = few_tunes.tunes[35]
    for length in (0, 1, 60, len(tune) - 3):
        costs = [model.costs(tune[:length] + char)[length] for char in vocabulary.characters]
        assert sum(2.0**-cost for cost in costs) == pytest.approx(1)


def test_copying_makes_a_repeated_phrase_cheap(few_tunes):
    model = CopyModel(few_tunes.tunes[:20], len(few_tunes.vocabulary), order=4)
    model.fit_weights(few_tunes.tunes[20:])
    phrase = "dBcAGFED"
    costs = model.costs(HEADER + phrase + phrase)
    first, second = costs[-18:-10].sum(), costs[-10:-2].sum()
    assert second < first / 2


# PPMd ----------------------------------------------------------------------------------------


@pytest.fixture
def pyppmd():
    try:
        return packages.require_package("pyppmd")
    except ImportError as error:
        skip_unless_ci(str(error))


def skip_unless_ci(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def test_ppmd_costs_are_the_growth_of_the_compressed_text(pyppmd, few_tunes):
    from benchmarks.quality.ppmd import tune_costs

    train, test = few_tunes.tunes[:30], few_tunes.tunes[30:34]
    costs = tune_costs(train, test, order=12, permutations=8)
    text = "\n\n" + "".join(tune + "\n\n" for tune in train)

    def size(data: str) -> int:
        encoder = pyppmd.Ppmd7Encoder(12, 2**24)
        return len(encoder.encode(data.encode())) + len(encoder.flush())

    for cost, tune in zip(costs, test, strict=True):
        assert len(cost) == len(tune) + 2
        assert (cost >= 0).all()
        # Both are rounded to bytes, and the order of the training tunes matters a little.
        assert cost.sum() == pytest.approx(8 * (size(text + tune + "\n\n") - size(text)), rel=0.05)


def test_ppmd_finds_a_training_tune_cheap_and_a_longer_text_dearer(pyppmd, few_tunes):
    from benchmarks.quality.ppmd import tune_costs

    train, new = few_tunes.tunes[:30], few_tunes.tunes[35]
    known, unknown, half = tune_costs(train, [train[3], new, new[: len(new) // 2]], 12, 8)
    assert known.mean() < 0.3 * unknown.mean()
    assert half[:-2].sum() < unknown.sum()


# Records and table ---------------------------------------------------------------------------


def record(**changes):
    tunes = [HEADER + "AB|AB|"]
    made = {
        "corpus": "jigs", "sha256": FINGERPRINTS["jigs"], "split": "tune", "row": "ppmd",
        "settings": ROWS["ppmd"].settings, **figures(tunes, [np.ones(len(tunes[0]) + 2)]),
        "seconds": 60.0, "date": "2026-01-01", "processor": "some", "instructions": "AVX2",
        "threads": 1, "versions": {},
    }  # fmt: skip
    return {**made, **changes}


def test_a_record_replaces_the_one_with_the_same_data_row_and_settings(tmp_path):
    path = tmp_path / "quality.json"
    others = [
        record(split="family"),
        record(row="copy"),
        record(sha256="0"),
        record(settings={"order": 5}),
    ]
    for one in [record(seconds=1.0), *others, record(seconds=2.0)]:
        put_record(one, path)
    found = load_records(path)
    assert len(found) == 5
    assert [one["seconds"] for one in found].count(2.0) == 1
    assert len(path.read_text().splitlines()) == 7  # one line each
    assert len({folder_name(one) for one in found}) == 5


def test_the_table_has_each_row_or_says_that_it_was_not_run():
    text = tables([record(), record(settings={"order": 12, "permutations": 8, "minutes": 6.0})])
    jigs = text.split("### jigs, split by tune\n")[1].split("###")[0]
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in jigs.splitlines() if line]
    by_title = {line[0]: line[1:] for line in lines[2:]}
    assert by_title.keys() == {
        *(row.title for row in ROWS.values()),
        ROWS["ppmd"].title + " (6 minutes)",
    }
    assert by_title[ROWS["ppmd"].title][:5] == ["**1.000**", "1.000 to 1.000"] + ["1.000"] * 3
    assert by_title[ROWS["copy"].title][0] == "not run"
    assert len({len(line) for line in lines}) == 1


def test_results_of_another_text_are_not_in_the_table():
    assert "**1.000**" not in tables([record(sha256="0" * 64)])


def test_the_page_has_the_committed_results():
    page = DOCUMENT.read_text("utf-8")
    assert replace_tables(page, load_records()) == page
    assert replace_tables(page, [record()]) != page


def test_committed_results_are_complete_and_of_the_benchmark():
    committed = load_records()
    assert committed
    for one in committed:
        assert one["sha256"] == FINGERPRINTS[one["corpus"]]
        assert one["row"] in ROWS
        assert sum(one["tune_bits"]) / sum(one["tune_characters"]) == pytest.approx(
            one["bits_per_char"], abs=1e-3
        )
        counts = one["characters"]
        parts = sum(one[name] * counts[name] for name in REGIONS) / sum(counts.values())
        assert parts == pytest.approx(one["bits_per_char"], abs=1e-4)
        assert {"seconds", "instructions", "threads", "date", "versions"} <= one.keys()


def test_rows_of_one_split_have_the_same_test_tunes():
    committed = sorted(load_records(), key=lambda one: (one["corpus"], one["split"]))
    for one, other in pairwise(committed):
        if (one["corpus"], one["split"]) == (other["corpus"], other["split"]):
            assert one["tune_characters"] == other["tune_characters"]


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match="tables: begin"):
        replace_tables("# Benchmark\n", [])


def test_the_instruction_set_is_read_from_the_flags(tmp_path):
    described = tmp_path / "cpuinfo"
    for flags, expected in {
        "sse avx2 avx512f": "AVX-512",
        "sse avx2": "AVX2",
        "sse": "unknown",
    }.items():
        described.write_text(f"model name\t: Some\nflags\t\t: {flags}\n")
        assert instruction_set(described) == expected


# Rows and command ----------------------------------------------------------------------------


def test_settings_are_replaced_by_name():
    changes = ["model.units=8", "epochs=2", "model.memory_dim=4", "model.memory_log_mixing=False"]
    row = ROWS["abcrnn-default"].with_settings(changes)
    assert row.settings["model"]["memory_log_mixing"] is False
    assert (row.settings["model"]["units"], row.settings["epochs"]) == (8, 2)
    assert row.settings["model"]["memory_dim"] == 4
    assert ROWS["abcrnn-default"].settings["model"]["units"] != 8


@pytest.mark.parametrize("assignment", ["orders=3", "order", "model.units=3"])
def test_an_unknown_setting_is_refused(assignment):
    with pytest.raises(ValueError, match=rf"--set {assignment}: it must be NAME=VALUE .*: order, "):
        ROWS["ppmd"].with_settings([assignment])


def test_a_missing_package_is_explained_with_the_extra(capsys, monkeypatch, tmp_path, jigs):
    row = Row("none", "ppmd", {}, ("no_such_package",))
    monkeypatch.setitem(command.ROWS, "none", row)
    monkeypatch.setitem(ROWS, "none", row)
    arguments = ["--corpus", "jigs", "--row", "none", "--json", str(tmp_path / "q.json")]
    assert command.main(arguments) == 1
    assert re.search(r"needs no_such_package, .*\[bench\]", capsys.readouterr().err)


def test_only_rows_of_abcrnn_accept_a_recipe(capsys, tmp_path):
    arguments = ["--corpus", "jigs", "--row", "ppmd", "--recipe", "quick"]
    assert command.main([*arguments, "--json", str(tmp_path / "q.json")]) == 1
    assert "--recipe: the row ppmd does not train" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [[], ["--corpus", "jigs"], ["--corpus", "airds", "--row", "ppmd"], ["--minutes", "0"],
     ["--minutes", "nan"], ["--threads", "0"]],
)  # fmt: skip
def test_invalid_arguments_exit_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        command.main(arguments)
    assert stopped.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_adds_a_record(jigs, tmp_path):
    path = tmp_path / "quality.json"
    run = [sys.executable, "-m", "benchmarks", "quality", "--corpus", "jigs", "--row", "copy"]
    done = subprocess.run(
        [*run, "--json", path, "--work", tmp_path], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (one,) = json.loads(path.read_text())
    committed = [old for old in load_records() if old["row"] == "copy" and old["corpus"] == "jigs"]
    (same,) = [old for old in committed if old["split"] == "tune"]
    assert one["tune_bits"] == pytest.approx(same["tune_bits"], abs=0.2)
    assert f"**{one['bits_per_char']:.3f}**" in done.stdout
