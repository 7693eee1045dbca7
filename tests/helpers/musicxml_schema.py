"""The XML schema of MusicXML 4.0, from the package ``musicxml``, read without a network."""

from __future__ import annotations

import importlib.util
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

_FIXTURES = Path(__file__).parents[1] / "fixtures"


@lru_cache(maxsize=1)
def _schema() -> Any:
    import xmlschema

    package = importlib.util.find_spec("musicxml")
    assert package is not None and package.submodule_search_locations
    folder = Path(package.submodule_search_locations[0]) / "generate_classes"
    text = (folder / "musicxml_4_0.xsd").read_text(encoding="utf-8")
    for name in ("xml", "xlink"):
        text = text.replace(
            f"http://www.musicxml.org/xsd/{name}.xsd", (_FIXTURES / f"{name}.xsd").as_uri()
        )
    return xmlschema.XMLSchema(text, allow="local")


def schema_errors(path: Path) -> list[str]:
    """Return what the schema says is wrong in a file; skip the test without the packages."""
    wanted = ("musicxml", "xmlschema")
    missing = [name for name in wanted if importlib.util.find_spec(name) is None]
    if missing and os.environ.get("CI") != "true":
        pytest.skip(f"{' and '.join(missing)} missing: pip install -e .[test]")
    return [
        f"{error.path}: {error.reason}" for error in _schema().iter_errors(path.read_text("utf-8"))
    ]
