"""The study of a search: which values each trial has, and its scores, in an SQLite file.

Optuna suggests the values, decides which trials are pruned, and stores everything. No model
is needed here.

References
----------
Akiba et al., Optuna: A Next-generation Hyperparameter Optimization Framework, 2019;
Bergstra et al., Algorithms for Hyper-Parameter Optimization, 2011 (tree-structured Parzen
estimators); Watanabe et al., PED-ANOVA, 2023 (importance).
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from abcrnn.storage.extras import import_optuna
from abcrnn.training.search_space import Choices, Range

#: States of a trial.
FINISHED, PRUNED, UNFINISHED, FAILED = "finished", "pruned", "unfinished", "failed"

_NAME = "abcrnn"
_LEAST_FOR_IMPORTANCE = 4  # finished trials
_FIRST_PRUNED_EPOCH = 2  # the first epoch says little: contiguous streams start slowly
_MAX_STARTS = 3  # without an epoch in between, for a trial that ends the process


class TrialResult(NamedTuple):
    """What is known about a trial.

    Parameters
    ----------
    number : int
        Counted from 1.
    state : str
        ``"finished"``; ``"pruned"``: stopped early, because it was worse than most others;
        ``"unfinished"``: resumed by the next call; or ``"failed"``.
    bits_per_char : float or None
        Lowest score on the validation tunes, in bits per character.
    best_epoch : int
        Its epoch, counted from 1; 0 if there is none.
    epochs : int
        Finished epochs.
    values : dict of str to object
        The settings that the search varies.
    problem : str
        Why it failed, otherwise empty.
    """

    number: int
    state: str
    bits_per_char: float | None
    best_epoch: int
    epochs: int
    values: dict[str, Any]
    problem: str


class SearchStudy:
    """The trials of a search, in a file.

    Parameters
    ----------
    file : Path
        SQLite file; created if it does not exist.
    space : mapping of str to Range or Choices
        What is tried for each setting.
    base_values : mapping of str to object
        Values of the first trial; the others are suggested.
    seed : int
        A trial's values depend on the seed, its number and the earlier trials alone.
    startup_trials : int
        Number of trials at the start that are random and never pruned.

    Raises
    ------
    ImportError
        If the extra ``search`` is not installed.
    ValueError
        If the file is not a study.
    """

    def __init__(
        self,
        file: Path,
        space: Mapping[str, Range | Choices],
        base_values: Mapping[str, Any],
        seed: int,
        startup_trials: int,
    ) -> None:
        self._optuna = optuna = import_optuna()
        from sqlalchemy.pool import NullPool

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._states = optuna.trial.TrialState
        self._file, self._space, self._base_values = file, dict(space), dict(base_values)
        self._seed, self._startup = seed, startup_trials
        with self._errors():
            self._study = optuna.create_study(
                storage=optuna.storages.RDBStorage(
                    "sqlite://",  # a path in the address would have to be escaped
                    engine_kwargs={
                        "creator": lambda: sqlite3.connect(file, timeout=10),
                        "poolclass": NullPool,  # no connection stays open
                    },
                ),
                study_name=_NAME,
                load_if_exists=True,
                pruner=optuna.pruners.MedianPruner(
                    n_startup_trials=startup_trials, n_warmup_steps=_FIRST_PRUNED_EPOCH
                ),
            )

    # Trials ------------------------------------------------------------------------------

    def next_trial(self) -> Trial:
        """Return the trial that was interrupted, or a new one."""
        states = self._states
        with self._errors():
            for frozen in self._study.get_trials(states=[states.RUNNING]):
                self._seed_sampler(frozen.number)
                if frozen.params.keys() == self._space.keys():
                    return Trial(self, self._optuna.trial.Trial(self._study, frozen._trial_id))
                # The process ended before all values of this trial were stored.
                self._study.tell(frozen.number, state=states.FAIL)
            begun = [trial for trial in self._study.get_trials() if trial.state != states.WAITING]
            self._seed_sampler(len(begun))
            if all(trial.state == states.FAIL for trial in begun):
                self._study.enqueue_trial(self._base_values, skip_if_exists=True)
            distributions = {name: self._distribution(name) for name in self._space}
            return Trial(self, self._study.ask(distributions))

    def _seed_sampler(self, number: int) -> None:
        # One seed for each trial: a sampler that starts again with the same seed when the
        # search is resumed would suggest the same values again.
        seed = np.random.SeedSequence([self._seed, number]).generate_state(1)[0]
        self._study.sampler = self._optuna.samplers.TPESampler(
            seed=int(seed), n_startup_trials=self._startup
        )

    def _distribution(self, name: str) -> Any:
        values, distributions = self._space[name], self._optuna.distributions
        if isinstance(values, Choices):
            return distributions.CategoricalDistribution(values.values)
        if isinstance(values.low, int) and isinstance(values.high, int):
            step = values.step or 1
            return distributions.IntDistribution(values.low, values.high, values.log, step)
        return distributions.FloatDistribution(values.low, values.high, values.log, values.step)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise errors of the database as ``ValueError`` with the name of the file."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (self._optuna.exceptions.OptunaError, SQLAlchemyError, RuntimeError) as error:
            reason = str(error.__cause__ or error).split("\n", 1)[0]
            raise ValueError(f"the study {self._file} cannot be used: {reason}") from error

    # Results -----------------------------------------------------------------------------

    def count_ended(self) -> int:
        """Return the number of trials that are not resumed: finished, pruned or failed."""
        return sum(result.state != UNFINISHED for result in self.results())

    def results(self) -> list[TrialResult]:
        """Return the results of all trials, the lowest score first."""
        hidden = (self._states.WAITING, self._states.FAIL)
        with self._errors():
            trials = [trial for trial in self._study.get_trials() if trial.state not in hidden]
        return sorted(map(self._result, trials), key=_rank)

    def importance(self) -> dict[str, float]:
        """Return how much each setting mattered, as shares that add up to 1, largest first.

        It is empty if fewer than four trials are finished, or all have the same score.
        """
        with self._errors():
            trials = self._study.get_trials(states=[self._states.COMPLETE])
            if len(trials) < _LEAST_FOR_IMPORTANCE or len({t.value for t in trials}) == 1:
                return {}
            found = self._optuna.importance.get_param_importances(
                self._study, evaluator=self._optuna.importance.PedAnovaImportanceEvaluator()
            )
        return {name: float(share) for name, share in found.items()}

    def _result(self, frozen: Any) -> TrialResult:
        scores = frozen.intermediate_values
        best = min(scores, key=scores.get, default=0)
        problem = frozen.user_attrs.get("problem", "")
        names = {self._states.COMPLETE: FINISHED, self._states.RUNNING: UNFINISHED}
        return TrialResult(
            number=frozen.number + 1,
            state=FAILED if problem else names.get(frozen.state, PRUNED),
            bits_per_char=scores.get(best),
            best_epoch=best,
            epochs=max(scores, default=0),
            values=self._values(frozen.params),
            problem=problem,
        )

    def _values(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of a trial in the order of the space, rounded for readers."""
        values = {name: params[name] for name in self._space if name in params}
        return {
            name: float(f"{value:.4g}") if isinstance(value, float) else value
            for name, value in values.items()
        }


class Trial:
    """A trial in progress.

    Parameters
    ----------
    study : SearchStudy
    trial : optuna.trial.Trial
    """

    def __init__(self, study: SearchStudy, trial: Any) -> None:
        self._owner, self._trial = study, trial
        #: Counted from 1.
        self.number: int = trial.number + 1
        #: The settings that the search varies.
        self.values = study._values(trial.params)

    def start(self) -> None:
        """Count a start; raise ``ValueError`` if the trial ends the process again and again."""
        starts = self._frozen().user_attrs.get("starts", 0)
        if starts >= _MAX_STARTS:
            raise ValueError(f"the process ended {starts} times during the same epoch")
        self._trial.set_user_attr("starts", starts + 1)

    def interrupt(self) -> None:
        """Record that the trial was stopped cleanly and can be resumed."""
        self._trial.set_user_attr("starts", 0)

    def report(self, scores: Mapping[int, float]) -> None:
        """Store the scores of epochs that are not stored yet."""
        stored = self._frozen().intermediate_values
        for epoch, score in scores.items():
            if epoch not in stored:
                self._trial.report(score, epoch)
        self._trial.set_user_attr("starts", 0)

    def is_bad(self) -> bool:
        """Return whether the last score is worse than the median of the other trials."""
        return bool(self._trial.should_prune())

    def finish(self) -> None:
        """Record the lowest score as the score of the trial."""
        self._study.tell(self._trial, min(self._frozen().intermediate_values.values()))

    def prune(self, problem: str = "") -> None:
        """End the trial early, because it is bad or because of a problem."""
        if problem:
            self._trial.set_user_attr("problem", problem)
        # Without a score it counts as the worst, so that similar values are avoided.
        self._study.tell(self._trial, state=self._owner._states.PRUNED)

    def result(self) -> TrialResult:
        """Return what is known about the trial."""
        return self._owner._result(self._frozen())

    @property
    def _study(self) -> Any:
        return self._owner._study

    def _frozen(self) -> Any:
        return self._study.get_trials()[self._trial.number]


def _rank(result: TrialResult) -> tuple[bool, float, int]:
    bits = result.bits_per_char
    return bits is None, bits or 0.0, result.number
