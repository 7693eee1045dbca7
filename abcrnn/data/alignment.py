"""The number of changes between a sequence and the most similar passage of another."""

from __future__ import annotations


class Pattern:
    """A sequence to be found in others, with changes.

    Parameters
    ----------
    items : bytes

    Examples
    --------
    >>> Pattern(b"survey").changes(b"the surgery")
    2

    References
    ----------
    Myers, A Fast Bit-Vector Algorithm for Approximate String Matching Based on Dynamic
    Programming, 1999. It follows one column of the table of edit distances at a time, as two
    numbers of which each bit is one row: the rows that are one more, and those that are one
    less, than the row above.
    """

    def __init__(self, items: bytes) -> None:
        self._length = len(items)
        self._rows: dict[int, int] = {}  # of each value
        for row, item in enumerate(items):
            self._rows[item] = self._rows.get(item, 0) | 1 << row

    def changes(self, other: bytes) -> int:
        """Return the least number of changes that turn the pattern into a passage of another.

        A change replaces, removes or inserts one item. The time is the product of both lengths
        divided by the size of a machine word, as long as that is more than the length.

        Parameters
        ----------
        other : bytes

        Returns
        -------
        int
            At most the length of the pattern, since the passage may be empty.
        """
        if not self._length:
            return 0
        mask, last = (1 << self._length) - 1, 1 << (self._length - 1)
        more, less = mask, 0  # down the column: compared with the row above
        changes = best = self._length  # in the last row
        for item in other:
            equal = self._rows.get(item, 0)
            diagonal = (((equal & more) + more) ^ more) | equal | less
            right_more = less | ~(diagonal | more)  # compared with the column before
            right_less = more & diagonal
            if right_more & last:
                changes += 1
            elif right_less & last:
                changes -= 1
            best = min(best, changes)
            vertical = equal | less
            right_more, right_less = right_more << 1, right_less << 1
            more = (right_less | ~(vertical | right_more)) & mask
            less = right_more & vertical & mask
        return best
