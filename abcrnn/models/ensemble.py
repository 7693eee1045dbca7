"""Ensemble: several character models that predict together.

The probability of a character is the weighted mean of its probabilities in the members.
A state is a tuple with the state of each member.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from abcrnn.data.novelty import NoveltyIndex
from abcrnn.data.splits import union_digests
from abcrnn.data.vocabulary import Vocabulary
from abcrnn.models.base import State
from abcrnn.models.char_lstm import CharLSTM
from abcrnn.models.character_model import SAVED, CharacterModel, untracked
from abcrnn.models.model_archive import ENSEMBLE
from abcrnn.storage.suggestions import suggests_arguments
from abcrnn.storage.validation import require_positive

#: Largest number of members.
MAX_MEMBERS = 32


class Ensemble(CharacterModel, file_format=ENSEMBLE):
    """Averages the probabilities that several models predict.

    It is used wherever a single model is: sampling, scoring, composing, rewriting. Its
    outputs are log-probabilities, so a temperature applies to the mean of the members.

    Parameters
    ----------
    models : sequence of CharacterModel
        At least one, at most 32, all with the same vocabulary. The members of an
        ensemble among them become members of this one.
    weights : sequence of float, optional
        Weight of each model, above 0. They are divided by their sum. By default all
        models have the same weight.

    Attributes
    ----------
    members : list of CharacterModel
    about : dict
        The ``corpus`` that all members record, if they record the same one.
    novelty : NoveltyIndex or None
        Index of the training tunes of all members; None if a member has none.
    trained_digests : ndarray or None
        Digests of the training tunes of all members; None if a member has none.

    Raises
    ------
    TypeError
        If a model is not a :class:`abcrnn.CharacterModel`.
    ValueError
        If there are no models or too many, a model occurs twice, their vocabularies or
        the header fields that they were trained without differ, or a weight is not a
        number above 0.

    Examples
    --------
    >>> vocabulary = Vocabulary.from_text("abc")
    >>> pair = Ensemble([CharLSTM(vocabulary, units=8, seed=seed) for seed in (1, 2)])
    >>> pair(np.array([[0, 1, 2, 1]])).shape
    TensorShape([1, 4, 3])
    """

    @suggests_arguments
    def __init__(
        self, models: Sequence[CharacterModel], weights: Sequence[float] | None = None
    ) -> None:
        members, member_weights = _flatten(_require_models(models), weights)
        _require_compatible(members)
        config = {"weights": member_weights, "members": [member.config for member in members]}
        super().__init__(members[0].vocabulary, **config)
        self.members = members
        logs = np.log(member_weights)
        self._log_shares = (logs - np.logaddexp.reduce(logs)).astype(np.float32)
        self.about = _common_about(members)
        self.novelty = _join_indexes([member.novelty for member in members])
        digests = [member.trained_digests for member in members]
        if all(array is not None for array in digests):
            self.trained_digests = union_digests(*digests)
        self.built = True

    def initial_state(self, batch_size: int) -> State:
        """Return the initial state of each member."""
        return tuple(member.initial_state(batch_size) for member in self.members)

    def step(
        self, ids: tf.Tensor, state: State, active: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, State]:
        """Read one character of each row.

        Parameters
        ----------
        ids : Tensor, shape (batch,), int32
        state : State
        active : Tensor, shape (batch,), bool, optional
            Rows that are False keep their state.

        Returns
        -------
        logits : Tensor, shape (batch, vocab_size), float32
            Log-probabilities of the next character.
        state : State
        """
        options = {} if active is None else {"active": active}
        results = [m.step(ids, s, **options) for m, s in zip(self.members, state, strict=True)]
        return self._average(results)

    def unroll(
        self, ids: tf.Tensor, state: State, dropout_seed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, State]:
        """Read a window of characters.

        Parameters
        ----------
        ids : Tensor, shape (batch, time), int32
        state : State
        dropout_seed : Tensor, shape (3,), int32, optional
            Turns dropout of the members on.

        Returns
        -------
        logits : Tensor, shape (batch, time, vocab_size), float32
            Log-probabilities of the character after each character.
        state : State
            After the last character.
        """
        options = {} if dropout_seed is None else {"dropout_seed": dropout_seed}
        results = [m.unroll(ids, s, **options) for m, s in zip(self.members, state, strict=True)]
        return self._average(results)

    def _average(self, results: list[tuple[tf.Tensor, State]]) -> tuple[tf.Tensor, State]:
        # In logarithms: the probability of an unlikely character may underflow to zero.
        weighted = [
            tf.nn.log_softmax(logits) + share
            for (logits, _), share in zip(results, self._log_shares, strict=True)
        ]
        return tf.reduce_logsumexp(weighted, axis=0), tuple(state for _, state in results)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Ensemble:
        """Build an ensemble of new CharLSTM models from what :meth:`get_config` returned."""
        vocabulary = Vocabulary(config["vocabulary"])
        members = [CharLSTM(vocabulary, **member) for member in config["members"]]
        return cls(members, config["weights"])

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle the members, the weights and what is known about the training."""
        attributes = {name: getattr(self, name) for name in SAVED}
        attributes["about"] = untracked(self.about)
        # Members too, so that a copy shares no weights, as for a single model.
        members = [copy.copy(member) for member in self.members]
        return _rebuild, (members, untracked(self.config["weights"]), attributes)

    def _file_contents(self) -> dict[str, Any]:
        for member in self.members:
            if type(member) is not CharLSTM:
                raise ValueError(
                    f"an ensemble with a {type(member).__name__} cannot be saved: a file holds "
                    "members of class CharLSTM only. Save each model, and build the ensemble "
                    "from the loaded models"
                )
        abouts = [member.about for member in self.members]
        return {**super()._file_contents(), "members_about": abouts}

    def _named_weights(self) -> dict[str, Any]:
        return {
            f"{number}/{name}": weight
            for number, member in enumerate(self.members)
            for name, weight in member._named_weights().items()
        }


def _require_models(models: Any) -> list[CharacterModel]:
    if isinstance(models, CharacterModel | str) or not isinstance(models, Sequence):
        raise TypeError(f"models must be a list of models, not {models!r:.80}")
    for model in models:
        if not isinstance(model, CharacterModel):
            raise TypeError(
                "models must be models over characters, such as abcrnn.CharLSTM or "
                f"abcrnn.load_model(path), not {model!r:.80}"
            )
    return list(models)


def _flatten(
    models: list[CharacterModel], weights: Sequence[float] | None
) -> tuple[list[CharacterModel], list[float]]:
    """Return the members and their weights, with the members of ensembles for the ensembles."""
    weights = [1.0] * len(models) if weights is None else list(weights)
    if len(weights) != len(models):
        raise ValueError(
            f"weights must have one number for each of {len(models)} models, not {len(weights)}"
        )
    members: list[CharacterModel] = []
    flat: list[float] = []
    for model, weight in zip(models, weights, strict=True):
        weight = float(require_positive("weights", weight))
        if isinstance(model, Ensemble):
            parts = model.config["weights"]
            members += model.members
            flat += [weight * part / sum(parts) for part in parts]
        else:
            members.append(model)
            flat.append(weight)
    if not 1 <= len(members) <= MAX_MEMBERS:
        raise ValueError(f"models must be 1 to {MAX_MEMBERS} models, not {len(members)}")
    return members, flat


def _require_compatible(members: list[CharacterModel]) -> None:
    if len({id(member) for member in members}) < len(members):
        raise ValueError("models must be different models: one of them occurs twice")
    first = members[0].vocabulary.characters
    for number, member in enumerate(members[1:], start=2):
        if different := set(first) ^ set(member.vocabulary.characters):
            raise ValueError(
                "models must have the same characters: "
                f"{_brief(different)} is known to only one of models 1 and {number}"
            )
    fields = {_fields_left_out(member) for member in members}
    if len(fields) > 1:
        raise ValueError(
            "models must be trained with the same header fields left out, "
            f"not {' and '.join(repr(letters) for letters in sorted(fields))}"
        )


def _brief(characters: set[str]) -> str:
    """Return at most ten characters as a Python string, in order."""
    text = "".join(sorted(characters))
    return repr(text) if len(text) <= 10 else f"{text[:10]!r} and {len(text) - 10} more"


def _corpus_of(model: CharacterModel) -> dict[str, Any]:
    corpus = model.about.get("corpus")
    return corpus if isinstance(corpus, dict) else {}


def _fields_left_out(model: CharacterModel) -> str:
    return str((_corpus_of(model).get("origin") or {}).get("without", ""))


def _common_about(members: list[CharacterModel]) -> dict[str, Any]:
    """Return what holds for all members: their corpus, or the fields they were trained without."""
    metrics = _join_metrics([member.about.get("tune_metrics") for member in members])
    about: dict[str, Any] = {"tune_metrics": metrics} if metrics else {}
    corpora = [_corpus_of(member) for member in members]
    if corpora[0] and all(corpus == corpora[0] for corpus in corpora):
        return {"corpus": untracked(corpora[0]), **about}
    kept = ("without", "tidy", "plain")
    origin = _corpus_of(members[0]).get("origin") or {}
    common = {name: origin[name] for name in kept if origin.get(name)}
    return {"corpus": {"origin": common}, **about} if common else about


def _join_metrics(recorded: list[dict[str, list[int]] | None]) -> dict[str, list[int]] | None:
    """Return the sums of the counts of all distinct training tunes; None if they differ in kind."""
    shapes = [{name: len(counts) for name, counts in (each or {}).items()} for each in recorded]
    if not shapes[0] or any(shape != shapes[0] for shape in shapes):
        return None
    distinct: list[dict[str, list[int]]] = []
    for each in recorded:
        if each is not None and each not in distinct:
            distinct.append(each)
    return {
        name: [sum(counts) for counts in zip(*(each[name] for each in distinct), strict=True)]
        for name in shapes[0]
    }


def _join_indexes(indexes: list[NoveltyIndex | None]) -> NoveltyIndex | None:
    """Return an index of the tunes of all indexes; None if one is missing."""
    distinct: dict[bytes, NoveltyIndex] = {}
    for index in indexes:
        if index is None:
            return None
        arrays = index.to_arrays()
        distinct.setdefault(arrays["steps"].tobytes() + arrays["ends"].tobytes(), index)
    if len(distinct) == 1:  # trained on the same tunes
        return indexes[0]
    return NoveltyIndex.joined(distinct.values())


def _rebuild(
    members: list[CharacterModel], weights: list[float], attributes: dict[str, Any]
) -> Ensemble:
    ensemble = Ensemble(members, weights)
    for name, value in attributes.items():
        setattr(ensemble, name, value)
    return ensemble
