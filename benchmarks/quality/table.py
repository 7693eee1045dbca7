"""The tables of docs/benchmark.md, rendered from the records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.quality.data import FINGERPRINTS, SPLITS
from benchmarks.quality.outcome import interval
from benchmarks.quality.records import Record
from benchmarks.quality.rows import FAMILY_ROWS, ROWS

#: The page with the tables.
DOCUMENT = Path(__file__).parents[2] / "docs" / "benchmark.md"

_BEGIN, _END = "<!-- tables: begin -->", "<!-- tables: end -->"

_HEADER = (
    "row",
    "bits per character",
    "95 % interval",
    "header",
    "first phrases",
    "repeated phrases",
    "parameters",
    "epochs",
    "minutes",
    "processor",
    "date",
)

_TITLES = {"tune": "split by tune", "family": "split by tune family"}


def replace_tables(page: str, records: Sequence[Record]) -> str:
    """Return a page with the tables between its two marks replaced.

    Parameters
    ----------
    page : str
    records : sequence of dict

    Raises
    ------
    ValueError
        If the page lacks a mark.
    """
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"the page needs the lines {_BEGIN} and {_END}")
    return f"{before}{begin}\n\n{tables(records)}\n{end}{after}"


def tables(records: Sequence[Record]) -> str:
    """Return all tables in Markdown."""
    return "\n".join(_table(corpus, split, records) for corpus in FINGERPRINTS for split in SPLITS)


def _table(corpus: str, split: str, records: Sequence[Record]) -> str:
    names = FAMILY_ROWS if split == "family" else tuple(ROWS)
    lines = ["| " + " | ".join(_HEADER) + " |", "|" + "---|" * len(_HEADER)]
    for name in names:
        found = [
            record
            for record in records
            if (record["corpus"], record["split"], record["row"]) == (corpus, split, name)
            and record["sha256"] == FINGERPRINTS[corpus]
        ]
        cells = ["not run", *[""] * (len(_HEADER) - 2)]
        lines += [line(record) for record in found] or [_line([ROWS[name].title, *cells])]
    return "\n".join([f"### {corpus}, {_TITLES[split]}", "", *lines, ""])


def line(record: Record) -> str:
    """Return the line of a record in its table."""
    low, high = interval(record["tune_bits"], record["tune_characters"])
    epochs = f"{record['best_epoch']} of {record['epochs']}" if "epochs" in record else ""
    return _line(
        [
            _title(record),
            f"**{record['bits_per_char']:.3f}**",
            f"{low:.3f} to {high:.3f}",
            *(f"{record[name]:.3f}" for name in ("header", "first", "repeated")),
            f"{record['parameters'] / 1e6:.2f} M" if "parameters" in record else "",
            epochs,
            f"{record['seconds'] / 60:.1f}",
            f"{record['instructions']}, {record['threads']} thread"
            + ("s" if record["threads"] > 1 else ""),
            record["date"],
        ]
    )


def _title(record: Record) -> str:
    """Return the title of a record's row, with the settings that differ from the row's."""
    row = ROWS[record["row"]]
    settings = {**record["settings"]}
    minutes = settings.pop("minutes", None)
    notes = [f"{minutes:g} minutes"] if minutes is not None else []
    notes += _differences(row.settings, settings)
    return f"{row.title} ({', '.join(notes)})" if notes else row.title


def _differences(expected: dict[str, object], settings: dict[str, object]) -> list[str]:
    notes = []
    for name in dict.fromkeys([*expected, *settings]):
        old, new = expected.get(name), settings.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            notes += _differences(old, new)
        elif old != new:
            notes.append(f"{name} {'default' if new is None else new}")
    return notes


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
