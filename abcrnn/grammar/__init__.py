"""Sound tunes character by character: what may come next, and how a tune can still end."""

from abcrnn.grammar.automaton import TuneAutomaton
from abcrnn.grammar.pitches import PITCHES, PitchAutomaton, PitchState
from abcrnn.grammar.sections import Form
from abcrnn.grammar.states import END, START, State

__all__ = [
    "END",
    "PITCHES",
    "START",
    "Form",
    "PitchAutomaton",
    "PitchState",
    "State",
    "TuneAutomaton",
]
