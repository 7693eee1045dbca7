"""Where the tunes of a corpus are: the files that its name or its path stands for."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from abcrnn.data.registry import card_names, fetch_card, read_card
from abcrnn.data.tunebook_files import STANDARD_INPUT, find_tunebooks, is_standard_input
from abcrnn.notation import Block
from abcrnn.notation.fragments import has_music
from abcrnn.storage.paths import find_files

_logger = logging.getLogger(__name__)


def find_source(source: str | os.PathLike[str]) -> tuple[str, list[Path]]:
    """Return the name and the files of a corpus, given by its name or path.

    Raises
    ------
    FileNotFoundError, ValueError, ConnectionError
        As :func:`abcrnn.load_corpus`.
    """
    if str(source) in card_names():
        _report_path_named_like_a_corpus(str(source))
        card = read_card(str(source))
        return card.name, fetch_card(card)
    if is_standard_input(source):
        return "stdin", [Path(STANDARD_INPUT)]
    paths = find_files(source)
    path = paths[0]
    if len(paths) > 1:
        return path.resolve().parent.name, [f for p in paths for f in find_tunebooks(p)]
    if not path.exists():
        raise FileNotFoundError(
            f"{source} is neither a file or folder nor a corpus; "
            f"the corpora are {', '.join(card_names())}"
        )
    return (path.resolve().name if path.is_dir() else path.stem), find_tunebooks(path)


def _report_path_named_like_a_corpus(name: str) -> None:
    path = Path(name)
    if path.exists():
        what = "folder" if path.is_dir() else "file"
        _logger.warning(
            "%s is the named corpus; the %s %s in the current folder is not read: its path is %s",
            name, what, name, os.path.join(os.curdir, name),
        )  # fmt: skip


def report_lost_music(name: str, fragments: Sequence[Block]) -> None:
    """Log text outside tunes that looks like music."""
    lost = [block for block in fragments if has_music(block)]
    if lost:
        _logger.warning(
            "%s: music outside tunes is not read (passages: %d; the first, in line %d: %r). A "
            "tune ends at an empty line; join_blank=True (in the shell: --join-blank) joins it",
            name, len(lost), lost[0].line, lost[0].text.split("\n")[0][:40],
        )  # fmt: skip


def require_tunes(number: int, name: str, files: Sequence[Path]) -> None:
    """Raise ``ValueError`` if the files of a corpus have no tune."""
    if not number:
        where = str(files[0]) if len(files) == 1 else f"{name} ({len(files)} files)"
        raise ValueError(f"{where} holds no tune: in ABC notation each begins with a line X:")
