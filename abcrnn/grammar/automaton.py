"""Which characters may come next in a tune that must become valid.

After every prefix of a tune, :class:`TuneAutomaton` allows exactly the characters after
which the tune can still be completed, and computes an upper bound on the number of
characters needed to complete it. No choice among the allowed characters is a dead end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType

from abcrnn.grammar.body import CONTINUATIONS, BodyGrammar
from abcrnn.grammar.completion import Completion
from abcrnn.grammar.endings import EndingGrammar
from abcrnn.grammar.header import HeaderGrammar
from abcrnn.grammar.pitches import PITCHES
from abcrnn.grammar.positions import Form
from abcrnn.grammar.rules import Rules
from abcrnn.grammar.states import END, START, Kind, State
from abcrnn.grammar.terminals import KEYS

_LETTERS = "ABCDEFGabcdefg"
# Kinds of token after which every note letter leads to the same state.
_SAME_FOR_ALL_NOTES = frozenset(
    (Kind.MUSIC, Kind.ACCIDENTAL, Kind.FIRST_NOTE, Kind.FIRST_REST, Kind.NOTE, Kind.REST,
     Kind.CHORD_END, Kind.BROKEN, Kind.PAREN, Kind.BRACKET, Kind.CHORD, Kind.GRACE,
     Kind.BAR_LINE, Kind.OPENING_BAR_LINE)
)  # fmt: skip
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
        self._letters = "".join(c for c in alphabet if c in _LETTERS)
        self._completion = Completion(alphabet, rules, self._body, self.step, self._ending)
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
        """Return the characters allowed next, each with the state after it."""
        if len(self._needs) > _MOST_REMEMBERED:
            self._needs, self._rows = {END: 0}, {}
        kind = state.token.kind
        if kind not in CONTINUATIONS:
            return self._allowed_steps(state, self._alphabet)
        continuations = CONTINUATIONS[kind]
        own = self._allowed_steps(state, [c for c in self._alphabet if c in continuations])
        after = self._body.after_token(state)
        if after is None:
            return own
        if after not in self._rows:  # many tokens lead to the same state
            self._rows[after] = self._allowed_steps(after, self._alphabet)
        shared = self._rows[after].items()
        return {c: reached for c, reached in shared if c not in continuations} | own

    def _allowed_steps(self, state: State, characters: Iterable[str]) -> dict[str, State]:
        steps: dict[str, State] = {}
        first: dict[bool, str] = {}  # of the letters on which the tune may end, and the others
        share = state.token.kind in _SAME_FOR_ALL_NOTES
        for c in characters:
            same = c
            if share and c in _LETTERS:
                same = first.setdefault(c.upper() in state.ending.letters, c)
            if same != c:
                reached = steps.get(same)
            else:
                reached = self.step(state, c)
                if reached is not None and self.need(reached) is None:
                    reached = None
            if reached is not None:
                steps[c] = reached
        return steps

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
        path: list[State] = []
        while state not in self._needs:
            path.append(state)
            c = self._completion.next_character(state)
            after = self.step(state, c) if c and c in self._alphabet else None
            if after is None or len(path) > _LONGEST_COMPLETION:
                self._needs[state] = None
                break
            state = after
        need = self._needs[state]
        for passed in reversed(path):
            if passed not in self._needs:
                need = None if need is None else need + 1
                self._needs[passed] = need
        return need
