"""Grammar of valid ABC tunes, character by character, for sampling under a constraint.

:class:`TuneAutomaton` computes which characters may come next so that the tune stays
valid: its bars add up, its repeats, endings and groups are closed, and its header is
complete (what :func:`abcrnn.notation.check_tune` checks). It has two modes: *strict*
allows only notation that all programs read alike and is used to generate tunes; otherwise
it follows given text as far as that is valid. :class:`PitchAutomaton` limits pitches.
:mod:`abcrnn.grammar.transition_tables` turns both into arrays for the sampling loop.

To add notation: put the spelling of a new kind of token into ``terminals``, its state into
``states`` and how it is read into ``body`` or ``header``; ``sections`` has the rules of bar
lines, ``bar_filling`` those of lengths, ``completion`` the way to the end of a tune,
``endings`` the last note where a request fixes it.
"""

from abcrnn.grammar.automaton import TuneAutomaton
from abcrnn.grammar.pitches import ANY_PITCH, PITCHES, PitchAutomaton, PitchState
from abcrnn.grammar.positions import Form
from abcrnn.grammar.states import END, START, State

__all__ = [
    "ANY_PITCH",
    "END",
    "PITCHES",
    "START",
    "Form",
    "PitchAutomaton",
    "PitchState",
    "State",
    "TuneAutomaton",
]
