"""Compressed MusicXML (``.mxl``): a ZIP file with a score, about a tenth of its size."""

from __future__ import annotations

import io
import zipfile

_CONTAINER = """<?xml version="1.0" encoding="UTF-8"?>
<container><rootfiles><rootfile full-path="score.musicxml" \
media-type="application/vnd.recordare.musicxml+xml"/></rootfiles></container>
"""


def compressed(score: bytes) -> bytes:
    """Return a score in MusicXML as a compressed file; equal scores give equal bytes."""
    buffer = io.BytesIO()
    files = (
        ("mimetype", b"application/vnd.recordare.musicxml", zipfile.ZIP_STORED),
        ("META-INF/container.xml", _CONTAINER.encode(), zipfile.ZIP_DEFLATED),
        ("score.musicxml", score, zipfile.ZIP_DEFLATED),
    )
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data, method in files:
            archive.writestr(zipfile.ZipInfo(name), data, method)  # dated 1980
    return buffer.getvalue()
