"""The lines of text that a voice is written in, with its lyrics and slurs."""

from __future__ import annotations

from collections.abc import Sequence

from abcrnn.notation.lyrics import LyricLine, place_lyrics
from abcrnn.notation.tune import Bar


class VoiceText:
    """Count the events of a voice by lines of text, and keep its lyrics and open slurs.

    Attributes
    ----------
    events : int
        Number of events so far.
    slurs : list of (int, int)
        Lines and columns of the slurs that have not ended.
    surplus : list of (LyricLine, str)
        After :meth:`with_lyrics`: the first syllable of each line that has no note.
    """

    def __init__(self) -> None:
        self.events = 0
        self.slurs: list[tuple[int, int]] = []
        self.surplus: list[tuple[LyricLine, str]] = []
        self._line = 0
        self._line_start = 0  # number of events before the line
        self._lyrics: list[LyricLine] = []

    def begin_line(self, number: int) -> bool:
        """Record that the next event is in this line; return whether it ends another line.

        Parameters
        ----------
        number : int
            Lines that continue another have the same number.
        """
        if number == self._line:
            return False
        ends_another = self._line > 0
        self._line, self._line_start = number, self.events
        return ends_another

    def add_lyrics(self, text: str, line: int, column: int) -> bool:
        """Align lyrics with the last line of music; return False if there is none."""
        first, end = self._line_start, self.events
        if first == end:
            return False
        last = self._lyrics[-1] if self._lyrics else None
        verse = last.verse + 1 if last and last.first == first else 1
        self._lyrics.append(LyricLine(verse, first, end, [text], line, column))
        return True

    def continue_lyrics(self, text: str) -> None:
        """Continue the last line of lyrics (``+:``)."""
        if self._lyrics:
            self._lyrics[-1].texts.append(text)

    def with_lyrics(self, bars: Sequence[Bar]) -> list[Bar]:
        """Return the bars with the syllables of the lyrics; keep those without a note."""
        placed, surplus = place_lyrics(bars, self._lyrics)
        pairs = zip(self._lyrics, surplus, strict=True)
        self.surplus = [(line, syllable) for line, syllable in pairs if syllable]
        return placed
