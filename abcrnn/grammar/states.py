"""The state of :class:`abcrnn.grammar.TuneAutomaton` between two characters."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple

from abcrnn.grammar.positions import NO_MUSIC, Position


class Kind(StrEnum):
    """The kind of token that is being read."""

    # In the header, and in fields between lines of music.
    NUMBER = "reference number"  # the line X:1
    LINE = "start of a header line"
    FIELD = "field letter"
    TEXT = "text of a field"  # a field that does not change the music, or a comment
    NAME = "title or name"
    RHYTHM = "rhythm"
    VALUE = "value of a field"  # M:, L:, K: or P:
    # In the music.
    MUSIC = "between two tokens"
    NOTE = "note"
    FIRST_NOTE = "first note of a line"
    REST = "rest"
    FIRST_REST = "first rest of a line"
    ACCIDENTAL = "accidental"
    BRACKET = "["
    CHORD = "notes of a chord"
    CHORD_END = "length of a chord"
    BROKEN = "broken rhythm"
    PAREN = "("
    GRACE = "grace notes"
    QUOTE = "text in quotes"
    BAR_LINE = "bar line"
    OPENING_BAR_LINE = "bar line at the start of a line"  # repeats that of the line before
    LINE_END = "mark at the end of a line"
    END = "end of the tune"


class Token(NamedTuple):
    """The token that is being read.

    Parameters
    ----------
    kind : Kind
    text : str
        The characters of the token so far. Characters after which the same may follow are
        replaced by one of them, and what no longer matters is left out.
    notes : int
        Notes read so far, in a chord or in grace notes; ``text`` is then what follows the
        last note: the accidental of the next one or an octave mark.
    """

    kind: Kind
    text: str = ""
    notes: int = 0


class Before(IntEnum):
    """What comes directly before a position between two tokens."""

    NOTHING = 0  # nothing that matters
    NOTE = 1  # a note that may be tied
    SPACE = 2
    NOTE_SPACE = 3  # a note that may be tied, and a space
    LINE_START = 4
    CONTINUATION = 5  # the start of a line after one that ended in a backslash
    INDENT = 6  # spaces at the start of a line
    FULL_BAR = 7  # the start of a line, with |: to come
    # A field between two lines of music; fields come in this order.
    METER = 8
    UNIT = 9
    KEY = 10
    PART = 11
    LETTER_SPACE = 12  # the first note or rest of a line, a letter alone, and a space


class Prefix(IntEnum):
    """What is written in front of the next event; prefixes come in this order."""

    NONE = 0
    CHORD_SYMBOL = 1
    TWO_CHORD_SYMBOLS = 2  # one above the other
    SLUR = 3
    GRACE = 4
    DECORATION = 5
    ROLL = 6  # played as several notes
    SHORTENED = 7  # a decoration that some programs play by shortening the note


class Tuplet(NamedTuple):
    """A tuplet that is not complete.

    Parameters
    ----------
    left : int
        Events to come.
    steps : int
        Length of its events so far, as written.
    p, q : int
        ``p`` events are played in the time of ``q``.
    """

    left: int
    steps: int
    p: int
    q: int


class Pending(NamedTuple):
    """What restricts the next event.

    Parameters
    ----------
    tied : bool
        It must be a note, because the previous one is tied.
    prefix : Prefix
        It must follow this prefix directly.
    broken : int
        Steps that it must be written with, after ``>`` or ``<``; 0 for any.
    tuplet : Tuplet, optional
        It belongs to this tuplet.
    graces : int
        Number of grace notes before it; it is played longer than as many steps.
    """

    tied: bool = False
    prefix: Prefix = Prefix.NONE
    broken: int = 0
    tuplet: Tuplet | None = None
    graces: int = 0

    @property
    def must_continue(self) -> bool:
        """Whether an event must follow before the bar or line may end."""
        return bool(self.prefix or self.broken or self.tuplet)


class Header(NamedTuple):
    """Fields that restrict what follows; empty if there is none.

    Parameters
    ----------
    meter, unit : str
        Values of ``M:`` and ``L:`` in force.
    rhythm : str
        Kinds of meter that suit ``R:``, until the meter is known; see
        :mod:`abcrnn.grammar.rhythms`.
    """

    meter: str = ""
    unit: str = ""
    rhythm: str = ""


class EndingState(NamedTuple):
    """The last note, as far as a requested ending depends on it.

    Parameters
    ----------
    letters : str
        Upper-case letters of the notes that the tune may end on; empty before ``K:``, and
        without a request.
    met : bool
        Whether the last note is one of them.
    altered : bool
        Whether an accidental in this bar has changed one of these letters.
    """

    letters: str = ""
    met: bool = False
    altered: bool = False


_BETWEEN = Token(Kind.MUSIC)


class State(NamedTuple):
    """The state between two characters.

    Parameters
    ----------
    token : Token
    before : Before
        Between two tokens: what comes directly before; otherwise ``NOTHING``.
    position : Position
        In the header: :data:`abcrnn.grammar.positions.NO_MUSIC`.
    pending : Pending
    header : Header
    ending : EndingState
    """

    token: Token
    before: Before = Before.NOTHING
    position: Position = NO_MUSIC
    pending: Pending = Pending()
    header: Header = Header()
    ending: EndingState = EndingState()

    @property
    def in_header(self) -> bool:
        """Whether no music has come yet."""
        return self.position.bar.length == 0

    def reading(self, kind: Kind, text: str = "", notes: int = 0) -> State:
        """Return this state with a token of that kind being read."""
        token = Token(kind, text, notes)
        return State(token, Before.NOTHING, self.position, self.pending, self.header, self.ending)

    def between(self, before: Before = Before.NOTHING) -> State:
        """Return this state between two tokens."""
        return State(_BETWEEN, before, self.position, self.pending, self.header, self.ending)

    def at(self, position: Position) -> State:
        """Return the state between two tokens at another position."""
        return State(_BETWEEN, Before.NOTHING, position, self.pending, self.header, self.ending)

    def with_pending(self, pending: Pending) -> State:
        """Return the state between two tokens with other restrictions of the next event."""
        return State(_BETWEEN, Before.NOTHING, self.position, pending, self.header, self.ending)


#: Before the first character of a tune.
START = State(Token(Kind.NUMBER))
#: After the blank line that ends a tune.
END = State(Token(Kind.END))
