"""Search for hyper-parameters: trials, each an ordinary training run, in one folder.

==========================  ======================================================
``search.json``             corpus, base recipe and space of the search
``study.db``                values and scores of all trials
``trials/0001`` ...         a run folder for each trial, with its ``recipe.json``
``.lock``                   locked while a process searches in the folder
==========================  ======================================================

A search can be killed at any instant: the next one resumes the trial that was interrupted.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from functools import cached_property
from inspect import signature
from pathlib import Path
from typing import Any

from abcrnn.data.corpus import Corpus
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.data.store import StoredTunes
from abcrnn.data.vocabulary import Vocabulary
from abcrnn.models.char_lstm import CharLSTM
from abcrnn.models.recipes import Recipe
from abcrnn.storage.atomic import write_text
from abcrnn.storage.extras import import_optuna
from abcrnn.storage.locks import lock_folder
from abcrnn.storage.paths import as_path
from abcrnn.storage.validation import require_count, require_positive
from abcrnn.training.recipe_file import change_settings, save_recipe
from abcrnn.training.records import EpochRecord
from abcrnn.training.search_space import Choices, Range
from abcrnn.training.search_study import SearchStudy, Trial, TrialResult
from abcrnn.training.settings import TrainingSettings
from abcrnn.training.trainer import Trainer


class _BadTrialError(Exception):
    """Raised in a callback to end a trial that is worse than most others."""


class Search:
    """A search for the recipe with the lowest validation score on a corpus.

    Parameters
    ----------
    folder : path-like
        A search in it is resumed.
    train, validation : Corpus
    vocabulary : Vocabulary
        Of all tunes, test tunes too.
    distinct : Corpus
        The training tunes without repetitions, for the index with which copies are refused.
    base : Recipe
        Values of what is not varied, and the number of epochs of a trial. The first trial
        has its values as far as the space includes them.
    space : mapping of str to Range or Choices
        From :func:`abcrnn.training.search_space.choose_space`.
    seed : int
        Seed of the suggestions, and of every trial's model and training.
    startup_trials : int
        Number of trials at the start that are chosen at random and never pruned.

    Raises
    ------
    ImportError
        If the extra ``search`` is not installed.
    ValueError
        If there are no validation tunes, or an argument is out of range.

    Examples
    --------
    >>> base, space = choose_space(recipe("quick"), [("units", "128,256")])  # doctest: +SKIP
    >>> search = Search("runs/search", train, validation, vocabulary, train,
    ...                 base, space)  # doctest: +SKIP
    >>> for trial in search.run(trials=20, minutes=60):  # doctest: +SKIP
    ...     print(trial.number, trial.bits_per_char)
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        train: Corpus,
        validation: Corpus,
        vocabulary: Vocabulary,
        distinct: Corpus,
        base: Recipe,
        space: Mapping[str, Range | Choices],
        *,
        seed: int = 0,
        startup_trials: int = 6,
    ) -> None:
        import_optuna()
        if not validation.tunes:
            raise ValueError("a search compares recipes on validation tunes, and there are none")
        self.folder, self._base, self._space = as_path(folder), base, dict(space)
        self._train, self._validation, self._distinct = train, validation, distinct
        self._vocabulary = vocabulary
        self._seed = require_count("seed", seed, least=0)
        self._startup = require_count("startup_trials", startup_trials)
        self._novelty: NoveltyIndex | None = None

    def run(self, trials: int, minutes: float | None = None) -> Iterator[TrialResult]:
        """Run trials, and yield the result of each.

        Parameters
        ----------
        trials : int
            Number of trials in all, with those of earlier calls.
        minutes : float, optional
            Stop when this time has passed, also within a trial. That trial is unfinished.

        Yields
        ------
        TrialResult

        Raises
        ------
        ValueError
            If the folder holds another search.
        BlockingIOError
            If another process is searching in the folder.
        KeyboardInterrupt
            On Ctrl-C, after a checkpoint of the trial is written.
        """
        trials = require_count("trials", trials)
        deadline = None
        if minutes is not None:
            deadline = time.monotonic() + 60 * require_positive("minutes", minutes)
        with lock_folder(self.folder):
            self._open_description()
            while self._study.count_ended() < trials and not _has_passed(deadline):
                yield self._run_trial(self._study.next_trial(), deadline)
                gc.collect()  # the model, with its compiled functions

    def _run_trial(self, trial: Trial, deadline: float | None) -> TrialResult:
        try:
            trial.start()
            trainer = self._make_trainer(trial)
            with _stopped_at(deadline, trainer):
                trainer.fit(self._base.epochs)
        except KeyboardInterrupt:
            trial.interrupt()
            if not _has_passed(deadline):
                raise
        except _BadTrialError:
            trial.prune()
        except (ValueError, ArithmeticError) as error:
            trial.prune(problem=str(error))
        else:
            trial.report(_scores(trainer))
            trial.finish()
        return trial.result()

    def _make_trainer(self, trial: Trial) -> Trainer:
        chosen, folder = change_settings(self._base, trial.values), self.run_folder(trial.number)
        save_recipe(chosen, folder / "recipe.json")
        model = CharLSTM(self._vocabulary, **chosen.model, seed=self._seed)
        if not isinstance(self._distinct.tunes, StoredTunes):
            self._novelty = self._novelty or NoveltyIndex(self._distinct.tunes)
            model.novelty = self._novelty

        def report(trainer: Trainer, record: EpochRecord) -> None:
            # All epochs: the process may have ended before the score of one was stored.
            trial.report(_scores(trainer))
            if record.epoch < self._base.epochs and trial.is_bad():
                raise _BadTrialError

        return Trainer(
            model,
            self._train,
            validation=self._validation,
            run_dir=folder,
            callbacks=[report],
            **{**chosen.training, "seed": self._seed},
        )

    # Files -------------------------------------------------------------------------------

    def run_folder(self, number: int) -> Path:
        """Return the run folder of a trial by its number."""
        return self.folder / "trials" / f"{number:04}"

    @cached_property
    def _study(self) -> SearchStudy:
        defaults = {name: p.default for name, p in signature(CharLSTM).parameters.items()}
        values = {
            **defaults,
            **asdict(TrainingSettings()),
            **self._base.model,
            **self._base.training,
            "decay_epochs": self._base.epochs,
        }
        included = {
            name: values[name] for name in self._space if values.get(name) in self._space[name]
        }
        file = self.folder / "study.db"
        return SearchStudy(file, self._space, included, self._seed, self._startup)

    def _open_description(self) -> None:
        """Write search.json of a new search, or compare it with that of the one to resume."""
        description = json.loads(json.dumps(self._describe()))
        file = self.folder / "search.json"
        if not file.exists():
            write_text(file, json.dumps(description, indent=1) + "\n")
            return
        try:
            recorded = _flat(json.loads(file.read_text(encoding="utf-8")))
        except (ValueError, AttributeError, RecursionError) as error:
            raise ValueError(f"{file} is damaged ({error}); use another folder") from error
        now = _flat(description)
        differences = [
            f"its {name} is {recorded.get(name, 'unset')!s:.80}, not {now.get(name, 'unset')!s:.80}"
            for name in {**recorded, **now}
            if recorded.get(name) != now.get(name)
        ]
        if differences:
            raise ValueError(
                f"{self.folder} holds another search: {'; '.join(differences)}. "
                "Use the same options to resume it, or another folder"
            )

    def _describe(self) -> dict[str, Any]:
        return {
            "corpus": self._train.describe(),
            "validation": self._validation.describe(),
            "base": {name: v for name, v in asdict(self._base).items() if name != "about"},
            "space": {name: asdict(values) for name, values in self._space.items()},
            "seed": self._seed,
            "startup trials": self._startup,
        }

    # Results -----------------------------------------------------------------------------

    def results(self) -> list[TrialResult]:
        """Return the results of all trials, the lowest score first."""
        return self._study.results()

    def importance(self) -> dict[str, float]:
        """Return how much each setting mattered, as shares that add up to 1, largest first.

        It is empty if fewer than four trials are finished, or all have the same score.
        """
        return self._study.importance()

    def best_recipe(self) -> Recipe:
        """Return the recipe of the best trial; ``ValueError`` if no trial has a score."""
        best = next(iter(self.results()), None)
        if best is None or best.bits_per_char is None:
            problem = f": {best.problem}" if best and best.problem else ""
            raise ValueError(f"no trial has finished an epoch{problem}")
        about = (
            f"found by a search on {self._train.name}: trial {best.number}, "
            f"{best.bits_per_char:.4f} bits per character on validation tunes"
        )
        return replace(change_settings(self._base, best.values), about=about)


def _scores(trainer: Trainer) -> dict[int, float]:
    return {record.epoch: record.validation_bits_per_char for record in trainer.history}


def _has_passed(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() >= deadline


@contextlib.contextmanager
def _stopped_at(deadline: float | None, trainer: Trainer) -> Iterator[None]:
    """Stop the trainer when the deadline has passed."""
    if deadline is None:
        yield
        return
    timer = threading.Timer(max(0.0, deadline - time.monotonic()), trainer.stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _flat(content: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the values of nested objects, each by the names that lead to it."""
    flat: dict[str, Any] = {}
    for name, value in content.items():
        path = f"{prefix}{name}"
        flat |= _flat(value, f"{path} ") if isinstance(value, dict) else {path: value}
    return flat
