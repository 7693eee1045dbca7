"""One file with JSON and arrays, safe to open even if untrusted.

Models and checkpoints are such files: an uncompressed zip archive with ``about.json`` (the
format's name first) and one ``arrays/NAME.npy`` for each array. Zip adds a checksum to each
member, so damage is detected. Reading executes nothing and looks up no class: JSON is parsed,
arrays are read without pickle. Every member is stored uncompressed and every array's shape is
compared with the size of its member, so reading takes no more memory than the file is long.
"""

from __future__ import annotations

import errno
import io
import json
import math
import os
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abcrnn.storage.atomic import write_bytes
from abcrnn.storage.paths import as_path

Arrays = dict[str, NDArray[Any]]

_ABOUT = "about.json"
_MAX_ABOUT_SIZE = 64 * 1024 * 1024  # bytes; a hundred times what a long run's history takes


def write_archive(
    path: str | os.PathLike[str],
    format_name: str,
    about: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
) -> None:
    """Write an archive completely, or leave the path as it was.

    The same contents give the same bytes.

    Parameters
    ----------
    path : path-like
    format_name : str
        Name and version of the format, such as ``"abcrnn model 1"``.
    about : mapping
        Anything that JSON can represent.
    arrays : mapping of str to ndarray
        Arrays of numbers, not of objects.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        content = json.dumps({"format": format_name, **about}, indent=1)
        archive.writestr(_new_member(_ABOUT), content)
        for name, array in arrays.items():
            member_info = _new_member(f"arrays/{name}.npy")
            with archive.open(member_info, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
    write_bytes(path, buffer.getvalue())


def read_archive(path: str | os.PathLike[str], *format_names: str) -> tuple[dict[str, Any], Arrays]:
    """Read a file written by :func:`write_archive` with one of these format names.

    Returns
    -------
    about : dict
        ``about["format"]`` is the format name that was found.
    arrays : dict of str to ndarray

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    IsADirectoryError
        If the path is that of a folder.
    ValueError
        If the file is incomplete, damaged, in another format, or not a regular file.
    """
    kind = format_names[0].rsplit(" ", 1)[0]
    path = as_path(path)
    _require_file(path, kind)
    try:
        with zipfile.ZipFile(path) as archive:
            # Members that overlap would let a small file use much memory.
            if sum(info.file_size for info in archive.infolist()) > path.stat().st_size:
                raise ValueError("its members are larger than the file")
            if any(info.comment for info in archive.infolist()):
                raise ValueError("its members have comments")  # in damage: the next entries
            about = _read_about(archive, format_names)
            arrays = {
                _array_name(info.filename): _read_array(archive, info)
                for info in archive.infolist()
                if info.filename != _ABOUT
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
    ) as error:
        reason = str(error.args[0]) if error.args else type(error).__name__
        if isinstance(error, zipfile.BadZipFile) and not zipfile.is_zipfile(path):
            reason = "it is incomplete, or a file of another kind"
        raise ValueError(f"{path} is not a valid {kind} file: {reason}") from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise  # the disk failed
        reason = "an offset in its directory is negative"
        raise ValueError(f"{path} is not a valid {kind} file: {reason}") from error


def require_shapes(shapes: Mapping[str, tuple[int, ...]], arrays: Mapping[str, Any]) -> None:
    """Raise ``ValueError`` unless the arrays are float32 and have these names and shapes."""
    if shapes.keys() != arrays.keys():
        unmatched = sorted(shapes.keys() ^ arrays.keys())
        raise ValueError(f"the weights do not fit the configuration: {', '.join(unmatched[:4])}")
    for name, shape in shapes.items():
        array = arrays[name]
        if array.shape != shape or array.dtype != np.float32:
            raise ValueError(
                f"the weight {name} is {array.dtype} of shape {array.shape}, "
                f"expected float32 of shape {shape}"
            )


def _require_file(path: Path, kind: str) -> None:
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; expected an {kind} file")
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file; expected an {kind} file")
    if not path.is_file():
        raise ValueError(f"{path} is a pipe or a device; an {kind} file must be a regular file")


def _new_member(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name)  # dated 1980, not now, so that equal contents give equal bytes


def _read_about(archive: zipfile.ZipFile, format_names: tuple[str, ...]) -> dict[str, Any]:
    info = archive.getinfo(_ABOUT)
    if info.file_size > _MAX_ABOUT_SIZE:
        raise ValueError(f"its {_ABOUT} is too large")
    about = json.loads(_read_member(archive, info))
    if not isinstance(about, dict) or about.get("format") not in format_names:
        found = about.get("format") if isinstance(about, dict) else about
        expected = " or ".join(map(repr, format_names))
        raise ValueError(f"its format is {str(found)[:80]!r}, expected {expected}")
    return about


def _array_name(member: str) -> str:
    if not (member.startswith("arrays/") and member.endswith(".npy")):
        raise ValueError(f"its member {member[:80]!r} is neither {_ABOUT} nor an array")
    return member.removeprefix("arrays/").removesuffix(".npy")


def _read_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[Any]:
    """Read an ``.npy`` member; its header is compared with its size before anything is allocated.

    NumPy's ``read_array`` allocates what the header claims, terabytes if it says so.
    """
    data = _read_member(archive, info)
    stream = io.BytesIO(data)
    shape, fortran_order, dtype = _read_array_header(stream, info.filename)
    if dtype.hasobject:
        raise ValueError(f"its member {info.filename!r} has objects instead of numbers")
    start = stream.tell()
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(data) - start:
        raise ValueError(
            f"its member {info.filename!r} claims the shape {str(shape)[:80]} of {str(dtype)[:80]} "
            f"but has {len(data) - start} bytes"
        )
    flat = np.frombuffer(data, dtype, offset=start)
    shape = tuple(map(int, shape))  # NumPy accepts True in a header, but not for a shape
    return flat.reshape(shape, order="F" if fortran_order else "C").copy("K")


def _read_array_header(
    stream: io.BytesIO, name: str
) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    try:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError("unknown version")
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # NumPy warns of headers that it has to repair
            return np.lib.format.read_array_header_1_0(stream)
    except (
        # What Python's parser raises for a header that is no literal, even a short one.
        ValueError,
        TypeError,
        SyntaxError,
        TokenError,
        MemoryError,
        RecursionError,
        UserWarning,
    ) as error:
        reason = str(error).partition("\n")[0][:80]
        raise ValueError(f"its member {name!r} is not an array: {reason}") from error


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
        raise ValueError(f"its member {info.filename!r} is compressed, which abcrnn never does")
    return archive.read(info)  # verifies the member's checksum
