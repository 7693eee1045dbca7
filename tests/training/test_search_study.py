"""The study of a search: suggestions, pruning, results, and what survives a kill."""

import sqlite3

import pytest

from abcrnn.training.search_space import Choices, Range
from abcrnn.training.search_study import SearchStudy

SPACE = {
    "units": Range(64, 512, step=64),
    "learning_rate": Range(1e-4, 1e-1, log=True),
    "dropout": Range(0.0, 0.5, step=0.05),
    "batch_size": Choices((8, 16)),
}
BASE = {"units": 128, "dropout": 0.15}


@pytest.fixture
def open_study(tmp_path):
    def open_it(seed=0, startup=3, space=SPACE):
        return SearchStudy(tmp_path / "study ?%41#.db", space, BASE, seed, startup)

    return open_it


def score(values):
    """A score that depends on the units most, and not on the size of a batch."""
    return 3 - values["units"] / 512 + values["dropout"] / 10


def run(study, trials, epochs=2):
    for _ in range(trials):
        trial = study.next_trial()
        trial.start()
        trial.report({epoch: score(trial.values) + 1 / epoch for epoch in range(1, epochs + 1)})
        trial.finish()


def by_number(study):
    return sorted(study.results())


def test_the_first_trial_has_the_values_of_the_base(open_study):
    study = open_study()
    run(study, 2)
    first, second = by_number(study)
    assert first.values.items() >= BASE.items()
    assert list(first.values) == list(SPACE)
    assert second.values != first.values
    assert first.state == "finished" and first.epochs == first.best_epoch == 2
    assert first.bits_per_char == pytest.approx(score(first.values) + 1 / 2)


def test_values_are_in_the_space_and_rounded(open_study):
    study = open_study()
    run(study, 8)
    for result in study.results():
        assert all(result.values[name] in SPACE[name] for name in SPACE)
        assert result.values["units"] % 64 == 0
        assert len(str(result.values["dropout"])) <= 4
        rate = result.values["learning_rate"]
        assert rate == float(f"{rate:.4g}")


@pytest.mark.slow
def test_a_search_that_is_opened_again_suggests_what_one_in_a_row_does(open_study, tmp_path):
    for _ in range(7):
        run(open_study(), 1)
    resumed = by_number(open_study())
    (tmp_path / "study ?%41#.db").unlink()
    study = open_study()
    run(study, 7)
    assert by_number(study) == resumed
    assert len({tuple(result.values.items()) for result in resumed}) == 7
    (tmp_path / "study ?%41#.db").unlink()
    other = open_study(seed=1)
    run(other, 7)
    assert by_number(other)[1].values != resumed[1].values


def test_an_interrupted_trial_is_resumed_with_its_scores(open_study):
    run(open_study(), 4)
    before = open_study().next_trial()
    before.report({1: 4.0})
    result = before.result()
    assert (result.state, result.bits_per_char, result.epochs) == ("unfinished", 4.0, 1)
    study = open_study()
    assert study.count_ended() == 4
    after = study.next_trial()
    assert (after.number, after.values) == (5, before.values)
    after.report({1: 4.0, 2: 3.5, 3: 3.75})
    after.finish()
    assert after.result()._replace(values={}) == (5, "finished", 3.5, 2, 3, {}, "")
    assert study.count_ended() == 5 and study.next_trial().number == 6


def test_a_trial_that_was_killed_before_it_had_all_values_is_left_out(open_study):
    study = open_study()
    study._study.ask({"units": study._distribution("units")})
    assert study.results()[0].state == "unfinished"
    study = open_study()
    run(study, 2)
    first, second = by_number(study)
    assert first.number == 2 and first.values.items() >= BASE.items()
    assert second.number == 3 and second.values != first.values


def test_bad_trials_are_pruned_after_the_first_trials_and_epochs(open_study):
    study = open_study(startup=3)
    for bits in (3.0, 3.1, 3.2):
        trial = study.next_trial()
        for epoch in (1, 2, 3):
            trial.report({epoch: bits})
            assert not trial.is_bad()
        trial.finish()
    bad, good = study.next_trial(), None
    bad.report({1: 9.0})
    assert not bad.is_bad()  # the first epoch says little
    bad.report({2: 3.15})
    assert bad.is_bad()
    bad.prune()
    assert bad.result().state == "pruned" and bad.result().bits_per_char == 3.15
    good = study.next_trial()
    good.report({1: 9.0, 2: 3.05})
    assert not good.is_bad()


def test_a_failed_trial_is_reported_and_counts(open_study):
    study = open_study()
    trial = study.next_trial()
    trial.prune(problem="the loss is nan")
    (result,) = study.results()
    assert (result.state, result.problem, result.bits_per_char) == (
        "failed",
        "the loss is nan",
        None,
    )
    assert study.count_ended() == 1


def test_a_trial_that_ends_the_process_is_given_up(open_study):
    for _ in range(3):
        open_study().next_trial().start()
    trial = open_study().next_trial()
    with pytest.raises(ValueError, match="the process ended 3 times during the same epoch"):
        trial.start()
    trial.interrupt()  # an orderly stop, such as Ctrl-C, does not count
    for _ in range(5):
        trial.start()
        trial.interrupt()
    for epoch in range(1, 6):  # nor does an end after a finished epoch
        trial.start()
        trial.report({epoch: 3.0})


@pytest.mark.slow
def test_results_are_sorted_and_their_importance_is_known(open_study):
    study = open_study()
    assert study.results() == [] and study.importance() == {}
    run(study, 3)
    assert study.importance() == {}
    run(study, 9)
    bits = [result.bits_per_char for result in study.results()]
    assert bits == sorted(bits) and len(bits) == 12
    importance = study.importance()
    assert importance.keys() == SPACE.keys()
    assert sum(importance.values()) == pytest.approx(1)
    assert max(importance, key=importance.get) == "units"
    assert list(importance.values()) == sorted(importance.values(), reverse=True)


def test_equal_scores_have_no_importance(open_study):
    study = open_study()
    for _ in range(5):
        trial = study.next_trial()
        trial.report({1: 3.0})
        trial.finish()
    assert study.importance() == {}


def test_a_file_that_is_no_study(tmp_path):
    (tmp_path / "study.db").write_bytes(b"la la la" * 1000)
    with pytest.raises(ValueError, match=r"study\.db cannot be used: file is not a database$"):
        SearchStudy(tmp_path / "study.db", SPACE, BASE, 0, 3)
    (tmp_path / "study.db").unlink()
    with sqlite3.connect(tmp_path / "study.db") as database:
        database.execute("CREATE TABLE studies (other TEXT)")
    database.close()
    with pytest.raises(ValueError, match=r"study\.db cannot be used: .*no column named study_name"):
        SearchStudy(tmp_path / "study.db", SPACE, BASE, 0, 3)
