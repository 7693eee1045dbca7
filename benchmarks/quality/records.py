"""The committed results: benchmarks/quality.json, one record per line.

A record belongs to a text, a split, a row and the settings of the row. A new result for
the same four replaces the old one.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from benchmarks.quality.packages import versions
from benchmarks.tables import processor

#: The committed file.
RESULTS = Path(__file__).parents[1] / "quality.json"

_KEY = ("corpus", "sha256", "split", "row", "settings")

Record = dict[str, Any]


def load_records(path: Path = RESULTS) -> list[Record]:
    """Return the records of a file; none if it does not exist."""
    if not path.exists():
        return []
    records: list[Record] = json.loads(path.read_text(encoding="utf-8"))
    return records


def put_record(record: Record, path: Path = RESULTS) -> None:
    """Add a record to a file, or replace the one with the same key."""
    records = [old for old in load_records(path) if key_of(old) != key_of(record)]
    records = sorted([*records, record], key=key_of)
    lines = ",\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    os.replace(temporary, path)


def key_of(record: Record) -> str:
    """Return the key of a record as text."""
    return json.dumps([record[name] for name in _KEY], sort_keys=True)


def folder_name(record: Record) -> str:
    """Return a name for the work folder of a row."""
    digest = hashlib.sha256(key_of(record).encode()).hexdigest()[:8]
    return f"{record['corpus']}-{record['split']}-{record['row']}-{digest}"


def describe_machine(threads: int, packages: tuple[str, ...]) -> dict[str, Any]:
    """Return date, processor, number of threads and versions, as a record has them."""
    return {
        "date": str(datetime.date.today()),
        "processor": processor(),
        "instructions": instruction_set(),
        "threads": threads,
        "versions": versions(*packages),
    }


def instruction_set(path: Path = Path("/proc/cpuinfo")) -> str:
    """Return the widest vector instructions of the processor: AVX-512, AVX2 or "unknown"."""
    if not path.exists():
        return "unknown"
    flags = set(path.read_text(encoding="utf-8").split())
    if "avx512f" in flags:
        return "AVX-512"
    return "AVX2" if "avx2" in flags else "unknown"
