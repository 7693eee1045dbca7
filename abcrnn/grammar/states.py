"""What the automaton has to remember between two characters."""

from __future__ import annotations

from typing import NamedTuple

from abcrnn.grammar.sections import Place


class Tuplet(NamedTuple):
    """A tuplet not yet complete: events to come, steps written, p in the time of q."""

    left: int
    steps: int
    p: int
    q: int


class Run(NamedTuple):
    """What binds the next event.

    Parameters
    ----------
    tied : bool
        It must be a note.
    owed : int
        What stands in front of it and waits for it; 0 for nothing.
    broken : int
        Steps that it must be written with, after ``>`` or ``<``; 0 for any.
    tuplet : Tuplet, optional
    """

    tied: bool = False
    owed: int = 0
    broken: int = 0
    tuplet: Tuplet | None = None


#: In which order what waits for a note is written in front of it.
QUOTED, GROUPED, GRACED, DECORATED = 1, 2, 3, 4


class Header(NamedTuple):
    """What the fields so far say of the music, in their own words; empty for nothing."""

    meter: str = ""
    unit: str = ""


class State(NamedTuple):
    """Where the automaton stands.

    Parameters
    ----------
    at : str
        Kind of token that is being read; ``music`` between two.
    text : str
        As much of it as what may follow depends on.
    place : Place
        In the music; in the header, one of no length.
    run : Run
    header : Header
    """

    at: str
    text: str = ""
    place: Place = Place(0)
    run: Run = Run()
    header: Header = Header()

    @property
    def in_header(self) -> bool:
        """Whether no music has come yet."""
        return self.place.whole == 0


#: Before the first character of a tune.
START = State("number")
#: After the blank line that ends it.
END = State("end")
