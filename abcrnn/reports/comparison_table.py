"""Text and CSV of a comparison of models."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from abcrnn.evaluation.comparison import Comparison
from abcrnn.evaluation.scoring import UNKNOWN_BITS
from abcrnn.reports.wording import count_of

_HEADINGS = ("bits/char", "95 % interval", "header", "body", "accuracy")


def comparison_lines(comparison: Comparison) -> Iterator[str]:
    """Yield the lines of a table for each corpus, and a line that explains the intervals.

    Parameters
    ----------
    comparison : Comparison
        From :func:`abcrnn.compare`.
    """
    for corpus, group in groupby(comparison.records, key=lambda record: record["corpus"]):
        records = list(group)
        counts = (
            count_of(records[0]["tunes"], "tune"),
            count_of(records[0]["characters"], "character"),
        )
        yield f"{corpus}: {', '.join(counts)}"
        yield from _table(records)
        for record in records:
            if unknown := record["unknown_characters"]:
                yield (
                    f"{_label(record)}: {count_of(unknown, 'character')} outside the model's "
                    f"vocabulary, {UNKNOWN_BITS:.1f} bits each"
                )
        yield ""
    note = f"intervals: {comparison.resamples:,} resamples of the tunes, seed {comparison.seed}"
    if any(record["difference"] is not None for record in comparison.records):
        note += "; difference: bits per character above the first model, on the same tunes"
    yield note


def tunes_csv(comparison: Comparison) -> str:
    """Return the costs of each tune for each model as CSV, with a line of names first.

    Parameters
    ----------
    comparison : Comparison
        From :func:`abcrnn.compare`.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, list(comparison.tunes[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(comparison.tunes)
    return text.getvalue()


def _table(records: list[dict[str, Any]]) -> Iterator[str]:
    several = len(records) > 1
    headings = [*_HEADINGS, *(["difference"] if several else [])]
    rows = [["", *headings], *([_label(record), *_cells(record, several)] for record in records)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        first, *rest = zip(row, widths, strict=True)
        cells = [f"{first[0]:<{first[1]}}", *(f"{cell:>{width}}" for cell, width in rest)]
        yield "  ".join(cells).rstrip()


def _cells(record: dict[str, Any], several: bool) -> Iterator[str]:
    yield f"{record['bits_per_char']:.4f}"
    yield f"{record['low']:.4f} to {record['high']:.4f}"
    yield f"{record['header_bits_per_char']:.4f}"
    yield f"{record['body_bits_per_char']:.4f}"
    yield f"{record['accuracy']:.4f}"
    if several:
        yield _difference(record)


def _difference(record: dict[str, Any]) -> str:
    if record["difference"] is None:
        return ""
    low, high = record["difference_low"], record["difference_high"]
    return f"{record['difference']:+.4f} ({low:+.4f} to {high:+.4f})"


def _label(record: dict[str, Any]) -> str:
    if record["temperature"] == 1:
        return str(record["model"])
    return f"{record['model']}, temperature {record['temperature']:.3f}"
