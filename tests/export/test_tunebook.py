"""Names of the files of a tunebook: titles come from strangers."""

import re
from pathlib import Path

import pytest

import abcrnn
from abcrnn.data.corpus import Corpus
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.export.tunebook import convert_tunes, file_stem

HOSTILE_TITLES = [
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    "~/x",
    "~root",
    "C:\\Windows\\system32",
    "\\\\server\\share",
    "file:stream",
    "CON",
    "nul.txt",
    "COM1",
    "LPT\u00b9",
    "aux.",
    "trailing dots...",
    "trailing space ",
    "x" * 5000,
    "\u97f3\u697d" * 2000,
    "e\u0301" * 500,
    "a\tb\x07c\x7fd\x1b[31m",
    "a\u202egnp.exe",
    "a\u2028b\x85c",
    "a\0b",
    "-rf",
    "$(touch x) `y` ;&|<>*?\"'!#%{}[]",
    "\ud800",
    "\uff0e\uff0e\uff0fetc",
    "\u2024\u2024/x",
    "",
    " ",
]
RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")


@pytest.mark.parametrize("title", HOSTILE_TITLES)
@pytest.mark.parametrize("number", [1, 12345])
def test_a_title_cannot_name_another_place_or_a_special_file(title, number):
    stem = file_stem(f"X:1\nT:{title}\nK:C\nC4|]", number)
    assert re.fullmatch(r"\d{4,}(-[a-z0-9]+)*", stem)
    assert len(stem) <= 60
    assert int(stem.partition("-")[0]) == number
    assert not RESERVED.match(stem)


@pytest.mark.parametrize("format", ["midi", "musicxml"])
def test_files_of_hostile_titles_are_in_the_folder(tmp_path, format):
    titles = [title for title in HOSTILE_TITLES if "\0" not in title]  # which is no text
    tunes = [
        f"X:{n}\nT:{title}\nM:4/4\nL:1/4\nK:C\nCDEF|]" for n, title in enumerate(titles, start=1)
    ]
    conversions = convert_tunes(tunes, tmp_path / "out", format)
    assert {path.parent for path in tmp_path.rglob("*") if path.is_file()} == {tmp_path / "out"}
    written = [conversion.path for conversion in conversions if conversion.path]
    assert sorted(written) == sorted((tmp_path / "out").iterdir())
    assert len(written) == len(titles)
    assert not Path("x").exists()


@pytest.mark.parametrize(
    ("title", "stem"),
    [
        ("L\\'et\\'e", "0007-lete"),
        ("Bourr&eacute;e &amp; \\u00e9t\\u00e9", "0007-bourree-ete"),
        ("S\u00f8nderho \u00c6ble Stra\u00dfe", "0007-sonderho-aeble-strasse"),
        ("Kelly's % a comment", "0007-kelly-s"),
        ("\u97f3\u697d", "0007"),
    ],
)
def test_file_names_have_the_letters_that_people_meant(title, stem):
    assert file_stem(f"X:7\n  T:{title}\nK:C\nC4|]", 7) == stem


def test_tunes_without_notes_are_reported(tmp_path):
    header = "X:1\nM:4/4\nL:1/4\nK:C\n"
    tunes = [header + "C4|", header + '"C"z4|"F"z4|', header + "z4|"]
    notes, chords, rests = convert_tunes(tunes, tmp_path)
    assert (notes.problem, notes.remark) == (None, "")
    assert (chords.problem, chords.remark) == (None, "chords only")
    assert rests.path is None and "has no notes" in str(rests.problem)
    assert sorted(tmp_path.iterdir()) == [notes.path, chords.path]


def test_arguments_are_checked_before_a_file_is_written(tmp_path):
    tunes = ["X:1\nM:4/4\nL:1/4\nK:C\nC4|"]
    for options, message in (
        ({"tempo": "fast"}, "tempo must be"),
        ({"instrument": "kazoo"}, "called 'kazoo'"),
        ({"format": "mp3"}, "format must be one of midi, musicxml"),
        ({"format": "musicxml", "tempo": 100}, "tempo must be left out with format='musicxml'"),
    ):
        with pytest.raises(ValueError, match=message):
            convert_tunes(tunes, tmp_path, **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "take",
    [
        lambda tunes, path: convert_tunes(tunes, path),
        lambda tunes, path: abcrnn.to_pdf(tunes, path / "a.pdf"),
        lambda tunes, path: abcrnn.write_gallery(tunes, path / "a.html"),
        lambda tunes, _: Corpus("one", tunes),
        lambda tunes, _: NoveltyIndex(tunes),
    ],
)
def test_one_string_is_not_a_list_of_tunes(take, tmp_path):
    with pytest.raises(TypeError, match="tunes must be a list of tunes, not one string: 'X:1"):
        take("X:1\nK:C\nCDEF|", tmp_path)
    assert not any(tmp_path.iterdir())
