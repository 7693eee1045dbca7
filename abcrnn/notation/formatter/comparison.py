"""Whether two texts are the same tune in different layouts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

from abcrnn.notation.errors import ABCError
from abcrnn.notation.fields import Tempo
from abcrnn.notation.formatter.text_lines import LineKind, TextLine
from abcrnn.notation.lines import starts_tune
from abcrnn.notation.tune import Bar, Tune

#: Usual spellings of repeat bar lines that some programs misread, as if there were an empty bar.
REPEAT_SPELLINGS = {":||": ":|", ":||:": "::", ":|||:": "::", ":|:": "::"}


def require_same_music(before: Tune, after: Tune, other_unit: bool = False) -> None:
    """Raise ``ABCError`` unless two tunes are equal except for layout.

    Layout is: positions in the text, the order of the header's fields, lines of the score, and
    white space at bar lines.

    Parameters
    ----------
    before, after : Tune
    other_unit : bool
        Whether the unit note length may differ, and with it the text of tempos and of problems.

    Raises
    ------
    ABCError
        Its position is that of the first bar of ``before`` that differs.
    """
    if other_unit:
        before, after = _without_unit(before), _without_unit(after)
    if _facts(before) != _facts(after):
        raise ABCError("the header cannot be formatted without changing its meaning", 1, 1)
    for bar, other in zip(before.bars(), after.bars(), strict=False):
        if _plain_bar(bar) != _plain_bar(other):
            message = "the music cannot be formatted without changing it"
            raise ABCError(message, bar.line, bar.column)
    if _problems(before) != _problems(after):
        raise ABCError("the notation cannot be formatted without changing its problems", 1, 1)


def require_same_text(
    before: tuple[list[TextLine], list[TextLine]], after: tuple[list[TextLine], list[TextLine]]
) -> None:
    """Raise ``ABCError`` unless fields, comments and text are the same, and below ``K:`` in order.

    Parameters
    ----------
    before, after : tuple of two lists of TextLine
        From :func:`abcrnn.notation.formatter.text_lines.read_lines`.
    """
    headers = [Counter(_texts(lines[0])) for lines in (before, after)]
    bodies = [list(_texts(lines[1])) for lines in (before, after)]
    if headers[0] != headers[1] or bodies[0] != bodies[1]:
        raise ABCError("the text cannot be formatted without losing some of it", 1, 1)
    lines = [line for part in after for line in part]
    begins = [line for line in lines[1:] if line.kind == LineKind.MUSIC and _begins_tune(line)]
    if begins:
        raise ABCError("a line would begin another tune", begins[0].number, 1)


def _begins_tune(line: TextLine) -> bool:
    return starts_tune("".join(token.text for token in line.tokens))


def _texts(lines: list[TextLine]) -> Iterator[str]:
    for line in lines:
        if line.text:
            yield line.text
        if line.comment:
            yield line.comment


def _facts(tune: Tune) -> tuple[Any, ...]:
    fields = sorted(tune.fields, key=lambda field: field[0])  # stable: T: keep their order
    voices = [
        (voice.name, voice.full_name, voice.short_name, len(voice.bars)) for voice in tune.voices
    ]
    return fields, tune.meter, tune.key, tune.tempo, tune.unit, tune.parts, tune.words, voices


def _without_unit(tune: Tune) -> Tune:
    def plain(value: Any) -> Any:
        return replace(value, text=value.words) if isinstance(value, Tempo) else value

    return replace(
        tune,
        unit=Fraction(1),
        tempo=plain(tune.tempo),
        fields=tuple(field for field in tune.fields if field[0] not in "LQ"),
        problems=tuple(problem._replace(message="") for problem in tune.problems),
        voices=tuple(
            replace(
                voice,
                bars=tuple(
                    bar._replace(
                        tempo=plain(bar.tempo),
                        changes=tuple(
                            change._replace(value=plain(change.value)) for change in bar.changes
                        ),
                    )
                    for bar in voice.bars
                ),
            )
            for voice in tune.voices
        ),
    )


def without_repeat_signs(tune: Tune) -> Tune:
    """Return a tune without what opens its bars, and with the usual spelling of repeats."""

    def plain(bar: Bar) -> Bar:
        closes = REPEAT_SPELLINGS.get(bar.closes, bar.closes)
        return bar._replace(opens="", closes=closes)

    voices = (replace(voice, bars=tuple(map(plain, voice.bars))) for voice in tune.voices)
    return replace(tune, voices=tuple(voices))


def _plain_bar(bar: Bar) -> Bar:
    """Return a bar without its layout. No beam crosses a bar line, whatever the white space."""
    events = [event._replace(line=0, column=0) for event in bar.events]
    events[0] = events[0]._replace(spaced=False)
    return bar._replace(line=0, column=0, new_system=False, events=tuple(events))


def _problems(tune: Tune) -> Counter[tuple[str, str]]:
    return Counter((problem.kind, problem.message) for problem in tune.problems)
