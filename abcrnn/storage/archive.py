"""One file that holds JSON and arrays, safe to open whoever made it.

Models and checkpoints are such files: an uncompressed zip archive with
``about.json`` (the format's name first) and one ``arrays/NAME.npy`` for each
array. Nothing in it is ever executed or looked up as a class: JSON is parsed,
arrays of plain numbers are read with pickling off. Members must be stored
uncompressed, so that a file cannot unfold into more than its own size.
"""

from __future__ import annotations

import errno
import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abcrnn.storage.atomic import write_bytes

Arrays = dict[str, NDArray[Any]]

_ABOUT = "about.json"
_ABOUT_LIMIT = 64 * 1024 * 1024  # a run's whole history fits a hundred times over


def write_archive(
    path: str | os.PathLike[str],
    form: str,
    about: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
) -> None:
    """Write an archive whole or not at all; the same contents give the same bytes.

    Parameters
    ----------
    path : path-like
    form : str
        Name and version of the format, such as ``"abcrnn model 1"``.
    about : mapping
        What JSON can hold.
    arrays : mapping of str to ndarray
        Numbers only.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        content = json.dumps({"format": form, **about}, indent=1)
        archive.writestr(_member(_ABOUT), content)
        for name, array in arrays.items():
            with archive.open(_member(f"arrays/{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
    write_bytes(path, buffer.getvalue())


def read_archive(path: str | os.PathLike[str], form: str) -> tuple[dict[str, Any], Arrays]:
    """Read what :func:`write_archive` wrote under the same format name.

    Returns
    -------
    about : dict
    arrays : dict of str to ndarray

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is cut short, altered, or in another format.
    """
    kind = form.rsplit(" ", 1)[0]
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such file; an {kind} file was expected there")
    try:
        with zipfile.ZipFile(path) as archive:
            # Members that overlap would let a small file unfold into a large one.
            if sum(info.file_size for info in archive.infolist()) > Path(path).stat().st_size:
                raise ValueError("its parts are larger than itself")
            about = _read_about(archive, form)
            arrays = {
                info.filename.removeprefix("arrays/").removesuffix(".npy"): _read(archive, info)
                for info in archive.infolist()
                if info.filename.startswith("arrays/")
            }
        return about, arrays
    except (
        zipfile.BadZipFile,
        ValueError,
        KeyError,
        EOFError,
        RecursionError,
        NotImplementedError,
        RuntimeError,
        OverflowError,
        SyntaxError,
    ) as error:
        reason = str(error.args[0]) if error.args else type(error).__name__
        raise ValueError(f"{path} is not a sound {kind} file: {reason}") from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise  # the disk's own fault
        reason = "its directory points before its beginning"
        raise ValueError(f"{path} is not a sound {kind} file: {reason}") from error


def require_shapes(shapes: Mapping[str, tuple[int, ...]], arrays: Mapping[str, Any]) -> None:
    """Raise ``ValueError`` unless the arrays are float32, of these names and shapes."""
    if shapes.keys() != arrays.keys():
        odd = sorted(shapes.keys() ^ arrays.keys())
        raise ValueError(f"the weights do not fit the configuration: {', '.join(odd[:4])}")
    for name, shape in shapes.items():
        array = arrays[name]
        if array.shape != shape or array.dtype != np.float32:
            raise ValueError(
                f"the weight {name} is {array.dtype} of shape {array.shape}, "
                f"expected float32 of shape {shape}"
            )


def _member(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name)  # dated 1980 always, not now: equal contents, equal bytes


def _read_about(archive: zipfile.ZipFile, form: str) -> dict[str, Any]:
    info = archive.getinfo(_ABOUT)
    if info.file_size > _ABOUT_LIMIT:
        raise ValueError(f"its {_ABOUT} is too large")
    about = json.loads(_stored(archive, info))
    if not isinstance(about, dict) or about.get("format") != form:
        found = about.get("format") if isinstance(about, dict) else about
        raise ValueError(f"its format is {str(found)[:80]!r}, expected {form!r}")
    return about


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[Any]:
    return np.lib.format.read_array(io.BytesIO(_stored(archive, info)), allow_pickle=False)


def _stored(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
        raise ValueError(f"its part {info.filename!r} is compressed, which is never so in ours")
    return archive.read(info)  # checks the part's own checksum
