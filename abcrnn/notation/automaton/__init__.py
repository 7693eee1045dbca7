"""Sound tunes character by character: what may come next, and how a tune can still end."""

from abcrnn.notation.automaton.automaton import TuneAutomaton
from abcrnn.notation.automaton.pitches import PITCHES, PitchAutomaton, PitchState
from abcrnn.notation.automaton.sections import Form
from abcrnn.notation.automaton.states import END, START, State

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
