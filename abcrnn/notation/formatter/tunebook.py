"""A tunebook with every tune formatted; all other text stays unchanged."""

from __future__ import annotations

from collections.abc import Callable

from abcrnn.notation.formatter.explicit_repeats import write_repeats
from abcrnn.notation.formatter.repairs import Repair, repair
from abcrnn.notation.formatter.tune import (
    DEFAULT_LAYOUT,
    Layout,
    require_same_tune,
    tidy_with_settings,
)
from abcrnn.notation.tunebook_edits import BookTune, EditedBook, edit_tunebook


def tidy_tunebook(
    text: str,
    layout: Layout = DEFAULT_LAYOUT,
    as_read: Callable[[str], str] = lambda text: text,
) -> EditedBook:
    """Format every tune of a tunebook.

    The file header, text between tunes and tunes that cannot be formatted stay unchanged. A
    tune keeps the line end of its first line.

    Parameters
    ----------
    text : str
        With any line ends.
    layout : Layout
    as_read : callable
        Returns a text as it is read for training, such as with other characters for bytes that
        are not valid UTF-8. The formatted tune is the same in this form, too.
    """
    repairs: list[Repair] = []

    def tidy(tune: BookTune) -> str:
        formatted, repaired = _tidy(tune, layout, as_read)
        repairs.extend(found._replace(line=tune.line_in_book(found.line)) for found in repaired)
        return formatted

    book = edit_tunebook(text, tidy, "formatted")
    return book._replace(repairs=tuple(repairs)) if book.text != text else book


def _tidy(
    tune: BookTune, layout: Layout, as_read: Callable[[str], str]
) -> tuple[str, list[Repair]]:
    """Return the formatted tune and its repairs; ``ABCError`` if it cannot be formatted."""
    repairs: list[Repair] = []
    before = tune.with_settings(tune.text)
    if layout.fix:
        repaired, repairs = repair(*before)
        before = repaired, before[1]
    if layout.repeats:
        before = write_repeats(*before), before[1]
        layout = layout._replace(repeats=False)  # they are written
    formatted = tidy_with_settings(before, layout, tune.with_settings)
    if as_read(before[0]) != before[0]:
        after = tune.with_settings(formatted)
        require_same_tune(as_read(before[0]), as_read(after[0]), layout.unit is not None)
    return tune.with_first_line_end(formatted), repairs
