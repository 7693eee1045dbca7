"""Archives: written and read back, and refused in bounded memory when damaged or hostile."""

import io
import json
import random
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from abcrnn.storage.archive import read_archive, require_shapes, write_archive

FORMAT = "abcrnn thing 1"
NOTES = np.array([(60, 0.5), (62, 1.0)], [("pitch", "<i8"), ("step", "<f8")])
ARRAYS = {
    "a/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "columns": np.asfortranarray(np.arange(6, dtype=np.int64).reshape(2, 3)),
    "scalar": np.float64(0.1),
    "empty": np.zeros((0, 4), np.uint32),
    "text": np.array(["abc", "d"]),
    "notes": NOTES,
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "thing"


def npy(header, data=b"", version=b"\x01\x00"):
    """An .npy member with a header of one's own."""
    header = header.encode("latin1")
    return b"\x93NUMPY" + version + struct.pack("<H", len(header)) + header + data


def header(shape="(1,)", descr="'<f4'", order="False"):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


def write_members(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in {"about.json": json.dumps({"format": FORMAT}), **members}.items():
            archive.writestr(name, data)


def test_contents_come_back(path):
    about = {"name": "The Lost Byte \u266f", "numbers": [1, 2.5, None]}
    write_archive(path, FORMAT, about, ARRAYS)
    found, arrays = read_archive(path, FORMAT)
    assert found == {"format": FORMAT, **about}
    assert arrays.keys() == ARRAYS.keys()
    for name, array in arrays.items():
        assert array.dtype == ARRAYS[name].dtype
        np.testing.assert_array_equal(array, ARRAYS[name], strict=True)
        assert array.flags.writeable
    # np.load reads the arrays too.
    with np.load(path) as others:
        np.testing.assert_array_equal(others["arrays/columns"], ARRAYS["columns"])


def test_equal_contents_give_equal_bytes(path, tmp_path):
    for name in ("one", "two"):
        write_archive(tmp_path / name, FORMAT, {"x": 1}, ARRAYS)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_objects_are_not_written(path):
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        write_archive(path, FORMAT, {}, {"x": np.array([{}])})
    assert not path.exists()


def test_a_missing_file_is_named(path):
    with pytest.raises(FileNotFoundError, match="thing: no such file; expected an abcrnn thing"):
        read_archive(path, FORMAT)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is incomplete, or a file of another kind"),
        (b"\x89HDF\r\n\x1a\n", "it is incomplete, or a file of another kind"),
        (b"\x80\x04N.", "it is incomplete, or a file of another kind"),
        (b"PK\x05\x06" + bytes(18), "no item named 'about.json'"),
    ],
)
def test_other_files_are_refused(path, content, message):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"thing is not a valid abcrnn thing file: .*{message}"):
        read_archive(path, FORMAT)


def test_no_flipped_bit_changes_what_is_read(path):
    arrays = {name: ARRAYS[name] for name in ("a/kernel", "columns")}
    write_archive(path, FORMAT, {"x": [1, 2]}, arrays)
    whole, refused = path.read_bytes(), 0
    for index in range(len(whole)):
        data = bytearray(whole)
        data[index] ^= 1 << index % 8
        path.write_bytes(data)
        try:
            about, found = read_archive(path, FORMAT)
        except ValueError as error:
            assert "thing is not a valid abcrnn thing file: " in str(error)
            refused += 1
            continue
        # Zip has some fields twice and some that nobody reads.
        assert about == {"format": FORMAT, "x": [1, 2]}
        assert found.keys() == arrays.keys()
        for name, array in arrays.items():
            np.testing.assert_array_equal(found[name], array, strict=True)
    assert refused > len(whole) / 2


def test_every_cut_is_noticed(path):
    write_archive(path, FORMAT, {}, {"a": np.arange(3)})
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="not a valid abcrnn thing file"):
            read_archive(path, FORMAT)


# Files made to harm --------------------------------------------------------------------------

FALSE_SHAPES = {
    "terabytes": npy(header("(1000000000000,)"), bytes(4)),
    "overflow to the right size": npy(header("(4611686018427387905, 4)"), bytes(16)),
    "too small": npy(header("(1,)"), bytes(8)),
    "one byte missing": npy(header("(2,)"), bytes(7)),
    "negative": npy(header("(-1, -1)"), bytes(4)),
    "large beside zero": npy(header("(0, 4611686018427387904)")),
    "large elements": npy(header("(1,)", "('<f4', (2000000000,))"), bytes(4)),
    "no elements at all": npy(header("(1000000000000,)", "'<U0'")),
    "huge number": npy(header(f"({'9' * 4000},)"), bytes(4)),
    "too many dimensions": npy(header(str((1,) * 100)), bytes(4)),
}
NO_HEADERS = {
    "not npy": b"not an array",
    "nothing": b"",
    "only magic": b"\x93NUMPY\x01\x00",
    "other version": npy(header(), bytes(4), version=b"\x02\x00"),
    "no dictionary": npy("()"),
    "keys that do not compare": npy("{1: 2, 'a': 3}"),
    "a number for the order": npy(header(order="2"), bytes(4)),
    "an expression": npy(header("(1,) * 1000000000"), bytes(4)),
    "open brackets": npy(header("(" * 3000)),
    "many signs": npy("-" * 9000 + "1"),
    "many calls": npy("()" * 4000),
    "longer than allowed": npy(header() + " " * 50_000, bytes(4)),
    "of Python 2": npy(header("(1L,)"), bytes(4)),
    "a bad type": npy(header(descr="[('a',)]"), bytes(4)),
}


@pytest.mark.parametrize("name", [*FALSE_SHAPES, *NO_HEADERS])
def test_an_array_must_fit_its_member(path, name):
    member = {**FALSE_SHAPES, **NO_HEADERS}[name]
    write_members(path, {"arrays/x.npy": member})
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="thing is not a valid abcrnn thing file: ") as refused:
            read_archive(path, FORMAT)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(str(refused.value)) < 400 + len(str(path)) and "\n" not in str(refused.value)
    assert peak < 8_000_000  # Python's parser takes some of it


@pytest.mark.parametrize("seed", range(8))
def test_random_headers_are_read_or_refused(path, seed):
    source = random.Random(seed)  # noqa: S311
    pieces = ["", *"-([{)]}1e',:jVUO", "9" * 20, "**", "None", "True", "M8", "<i8", "\\", "b''"]
    for _ in range(100):
        text = list(header())
        for _ in range(source.randint(1, 4)):
            text[source.randrange(len(text))] = source.choice(pieces)
        write_members(path, {"arrays/x.npy": npy("".join(text), bytes(4))})
        try:
            array = read_archive(path, FORMAT)[1]["x"]
        except ValueError as error:
            assert "thing is not a valid abcrnn thing file: " in str(error)
        else:
            assert array.nbytes == 4


class Planted:
    def __reduce__(self):
        return (print, ("planted code ran",))


def test_pickles_are_not_read(path, capsys):
    stream = io.BytesIO()
    np.save(stream, np.array([Planted()]), allow_pickle=True)
    write_members(path, {"arrays/x.npy": stream.getvalue()})
    with pytest.raises(ValueError, match="'arrays/x.npy' has objects instead of numbers"):
        read_archive(path, FORMAT)
    assert capsys.readouterr().out == ""


def test_compressed_members_are_refused(path):
    write_members(path, {"arrays/x.npy": random.Random(0).randbytes(1000)}, zipfile.ZIP_DEFLATED)  # noqa: S311
    with pytest.raises(ValueError, match="is compressed, which abcrnn never does"):
        read_archive(path, FORMAT)


def test_members_that_overlap_are_refused(path):
    """A thousand directory entries for the same bytes would read a thousand times the file."""
    write_members(path, {"arrays/x.npy": npy(header("(250,)"), bytes(1000))})
    data = path.read_bytes()
    end = data.rindex(b"PK\x05\x06")
    entry = data[data.rindex(b"PK\x01\x02", 0, end) : end]
    counted = bytearray(data[end:])
    counted[8:10] = counted[10:12] = struct.pack("<H", 101)
    size, start = struct.unpack("<LL", counted[12:20])
    counted[12:16] = struct.pack("<L", size + 99 * len(entry))
    assert start + size == end
    path.write_bytes(data[:end] + entry * 99 + bytes(counted))
    with pytest.raises(ValueError, match="its members are larger than the file"):
        read_archive(path, FORMAT)


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"format": "abcrnn thing 2"}, "its format is 'abcrnn thing 2', expected 'abcrnn thing 1'"),
        ({}, "its format is 'None'"),
        ([1], r"its format is '\[1\]'"),
        ("[" * 100_000, "abcrnn thing file"),
        ("{", "Expecting property name"),
        (b"\xff", "abcrnn thing file"),
    ],
)
def test_the_json_must_name_the_format(path, about, message):
    with zipfile.ZipFile(path, "w") as archive:
        raw = about if isinstance(about, str | bytes) else json.dumps(about)
        archive.writestr("about.json", raw)
    with pytest.raises(ValueError, match=message):
        read_archive(path, FORMAT)


def test_shapes_are_compared():
    arrays = {"a": np.zeros((2, 3), np.float32), "b": np.zeros(1, np.float32)}
    require_shapes({"a": (2, 3), "b": (1,)}, arrays)
    with pytest.raises(ValueError, match="do not fit the configuration: b, c"):
        require_shapes({"a": (2, 3), "c": (1,)}, arrays)
    with pytest.raises(ValueError, match=r"the weight a is float32 of shape \(2, 3\), expected"):
        require_shapes({"a": (3, 2), "b": (1,)}, arrays)
    with pytest.raises(ValueError, match="the weight b is float64"):
        require_shapes({"a": (2, 3), "b": (1,)}, {**arrays, "b": np.zeros(1)})
