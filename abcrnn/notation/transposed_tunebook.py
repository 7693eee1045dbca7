"""A tunebook with every tune transposed; all other text stays unchanged."""

from __future__ import annotations

from collections.abc import Callable

from abcrnn.notation.movements import Movement, movement_to
from abcrnn.notation.transposition import move_tune
from abcrnn.notation.tunebook_edits import BookTune, EditedBook, edit_tunebook


def transpose_tunebook(
    text: str, semitones: int | None = None, to: str | None = None
) -> EditedBook:
    """Transpose every tune of a tunebook.

    A tune that cannot be transposed is reported and keeps its text.

    Parameters
    ----------
    text : str
        With any line ends.
    semitones : int, optional
    to : str, optional
        One of them; see :func:`abcrnn.transpose`.
    """

    def movement_of(tune: str) -> Movement:
        return movement_to(tune, to) if to is not None else Movement(semitones or 0)

    return edit_tunebook(text, lambda tune: _transposed(tune, movement_of), "transposed")


def _transposed(tune: BookTune, movement_of: Callable[[str], Movement]) -> str:
    before, settings = tune.with_settings(tune.text)
    after = move_tune(before, movement_of(before))
    lines = enumerate(after.split("\n"), start=1)
    return tune.with_line_ends("\n".join(line for number, line in lines if number not in settings))
