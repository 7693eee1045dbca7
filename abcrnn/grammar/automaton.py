"""Which characters may come next in a tune that must become valid.

After every prefix of a tune, :class:`TuneAutomaton` allows exactly the characters after
which the tune can still be completed, and computes an upper bound on the number of
characters needed to complete it. No choice among the allowed characters is a dead end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType

from abcrnn.grammar.body import CONTINUATIONS, BodyGrammar
from abcrnn.grammar.completion import Completion
from abcrnn.grammar.endings import EndingGrammar
from abcrnn.grammar.header import HeaderGrammar
from abcrnn.grammar.pitches import PITCHES
from abcrnn.grammar.positions import Form
from abcrnn.grammar.rules import Rules
from abcrnn.grammar.shared_steps import BOUNDARIES, SharedSteps
from abcrnn.grammar.states import END, START, Kind, State
from abcrnn.grammar.terminals import KEYS

# Kinds of token in header fields that a tune does not need.
_OPTIONAL = frozenset((Kind.FIELD, Kind.TEXT, Kind.NAME, Kind.RHYTHM))

#: Characters of a tune that a header leaves for music: about ten bars.
ROOM_FOR_MUSIC = 160

_LONGEST_COMPLETION = 10_000
_MOST_REMEMBERED = 50_000  # states whose needs are kept


class TuneAutomaton:
    r"""Compute which characters may follow each prefix of a tune.

    Parameters
    ----------
    alphabet : str
        The characters that may be used.
    strict : bool
        Allow only what all programs read alike. Use it to generate tunes. If False, all
        valid notation is allowed that tunebooks use and the automaton can follow. Use that
        to read given text. docs/abc-support.md lists what each mode leaves out.
    form : Form
        Sections that the tune must have; empty for any.
    bars : int, optional
        Number of bars that the tune must have, if there is no form.
    values : mapping of str to collection of str
        Allowed values of the fields ``K`` and ``M``, in every spelling; the default is all.
    ending : str, optional
        The note that the tune must end on: a key of :data:`abcrnn.grammar.endings.ENDINGS`.
    pitches : frozenset of str
        The notes that a :class:`PitchAutomaton` allows at the same time; only for ``ending``.

    Examples
    --------
    >>> automaton = TuneAutomaton("X:1M6/8KDGdgf|\n ")
    >>> state, count = automaton.follow("X:1\nM:6/8\nK:D\ndgf dgf|d")
    >>> count
    23
    >>> "6" in automaton.successors(state), "8" in automaton.successors(state)
    (True, False)
    """

    def __init__(
        self,
        alphabet: str,
        strict: bool = True,
        form: Form = (),
        bars: int | None = None,
        values: Mapping[str, Collection[str]] = MappingProxyType({}),
        ending: str | None = None,
        pitches: frozenset[str] = PITCHES,
    ) -> None:
        self._ending = EndingGrammar(ending, alphabet, pitches) if ending else None
        if self._ending:
            keys = self._ending.usable_keys(values.get("K", KEYS))
            values = {**values, "K": keys}
        rules = Rules(alphabet, strict, form, bars, values)
        self._body = BodyGrammar(rules)
        self._steps: dict[Kind, Callable[[State, str], State | None]] = {
            **HeaderGrammar(rules).steps,
            **self._body.steps,
            Kind.END: lambda state, character: state,
        }
        self._alphabet = alphabet
        self._continuations = {
            kind: "".join(c for c in alphabet if c in own) for kind, own in CONTINUATIONS.items()
        }
        self._completion = Completion(alphabet, rules, self._body, self.step, self._ending)
        self._shared: SharedSteps | None = None
        if strict:  # the other mode only reads prompts
            choose, after_token = self._completion.next_character, self._body.after_token
            self._shared = SharedSteps(alphabet, rules.sections, self.step, choose, after_token)
        # What steps() is called with: the characters inside bars, and the others.
        self._divided = {
            characters: _divide(characters)
            for characters in (alphabet, *self._continuations.values())
        }
        self._needs: dict[State, int | None] = {END: 0}
        self._rows: dict[State, dict[str, State]] = {}

    def step(self, state: State, character: str) -> State | None:
        """Return the state after one more character.

        Parameters
        ----------
        state : State
        character : str

        Returns
        -------
        State or None
            None if the character is not allowed. The alphabet may lack the characters
            to complete the tune from the returned state; :meth:`need` then returns None.
        """
        after = self._steps[state.token.kind](state, character)
        if after is None or self._ending is None:
            return after
        return self._ending.step(state, character, after)

    def follow(self, text: str, state: State = START) -> tuple[State, int]:
        """Read text as far as it can begin a valid tune.

        Parameters
        ----------
        text : str
        state : State
            Before the text; the default is the beginning of a tune.

        Returns
        -------
        state : State
            After the characters read.
        count : int
            Number of characters read: all, or those before the first one not allowed.
        """
        for count, character in enumerate(text):
            after = self.step(state, character)
            if after is None:
                return state, count
            state = after
        return state, len(text)

    def successors(self, state: State) -> dict[str, State]:
        """Return the characters allowed next, each with the state after it.

        Equal states are one object where the steps are shared.
        """
        if len(self._needs) > _MOST_REMEMBERED:
            self._needs, self._rows = {END: 0}, {}
        kind = state.token.kind
        if kind not in CONTINUATIONS:
            return self._allowed_steps(state, self._alphabet)
        own = self._allowed_steps(state, self._continuations[kind])
        after = self._body.after_token(state)
        if after is None:
            return own
        if after not in self._rows:  # many tokens lead to the same state
            self._rows[after] = self._allowed_steps(after, self._alphabet)
        continuations, shared = CONTINUATIONS[kind], self._rows[after].items()
        return {c: reached for c, reached in shared if c not in continuations} | own

    def _allowed_steps(self, state: State, characters: str) -> dict[str, State]:
        steps: dict[str, State] = {}
        if self._shared and self._shared.has(state):
            inside, characters = self._divided[characters]
            steps = self._shared.row(state, inside)
        for c in characters:
            after = self.step(state, c)
            if after is not None:
                steps[c] = after
        objects = {id(after): after for after in steps.values()}  # many are one object
        ends = {key: self.need(after) is not None for key, after in objects.items()}
        return {c: after for c, after in steps.items() if ends[id(after)]}

    def required_room(self, before: State, after: State) -> int | None:
        """Return the characters that must be left after a step, for the tune to end well.

        Parameters
        ----------
        before, after : State
            The states before and after the step.

        Returns
        -------
        int or None
            :meth:`need` of ``after``. Where the step makes the header longer than it must be,
            :data:`ROOM_FOR_MUSIC` more, so that a long header leaves room for music. A step
            that does not is always possible, so this is no dead end.
        """
        need = self.need(after)
        if need is None or after.token.kind not in _OPTIONAL or not after.in_header:
            return need
        is_longer = need >= (self.need(before) or 0)
        return need + ROOM_FOR_MUSIC if is_longer else need

    def need(self, state: State) -> int | None:
        """Return a number of characters that suffices to complete the tune.

        Returns
        -------
        int or None
            Includes the blank line after the tune. None if the tune cannot be completed
            with the characters of the alphabet.
        """
        try:
            return self._needs[state]
        except KeyError:
            return self._compute_need(state)

    def _compute_need(self, state: State) -> int | None:
        path: list[tuple[State, int]] = []
        while state not in self._needs:
            after, count = self._next_to_end(state)
            path.append((state, count))
            if after is None or len(path) > _LONGEST_COMPLETION:
                self._needs[state] = None
                break
            state = after
        need = self._needs[state]
        for passed, count in reversed(path):
            if passed not in self._needs:
                need = None if need is None else need + count
                self._needs[passed] = need
        return need

    def _next_to_end(self, state: State) -> tuple[State | None, int]:
        """Return a state on the way to the end, and the number of characters up to it."""
        if self._shared and self._shared.has(state):
            return self._shared.to_end(state)
        c = self._completion.next_character(state)
        return self.step(state, c) if c and c in self._alphabet else None, 1


def _divide(characters: str) -> tuple[str, str]:
    """Return the characters whose steps are shared, and the others."""
    inside = "".join(c for c in characters if c not in BOUNDARIES)
    return inside, "".join(c for c in characters if c in BOUNDARIES)
