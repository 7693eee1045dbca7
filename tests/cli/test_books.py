"""Commands about tunebooks and corpora: convert, check, corpora, surprise."""

import re

import mido
import pytest


def test_convert_reports_and_skips_a_bad_tune(tmp_path, homemade, run):
    book = tmp_path / "book.abc"
    book.write_text(homemade.read_text() + "\nX:9\nT:../../Nowhere\nM:6/8\nno music\n")
    for form, ending in (("midi", ".mid"), ("musicxml", ".musicxml")):
        code, _, errors = run("convert", book, "--out", tmp_path / form, "--to", form)
        assert code == 1
        assert "tune 9 (../../Nowhere) is not converted: " in errors
        assert f"8 of 9 tunes converted into {tmp_path / form}" in errors
        names = sorted(path.name for path in (tmp_path / form).iterdir())
        assert len(names) == 8
        assert names[0] == f"0001-the-lost-byte{ending}"


CHART = 'X:114\nM:4/4\nL:1/4\nK:C\n"C"z4|"G7"z4|]\n'
ONE = "X:1\nT:One\nM:6/8\nL:1/8\nR:jig\nK:D\nABc def|]\n"


def test_convert_adds_chords_where_there_are_none(tmp_path, run):
    book = tmp_path / "book.abc"
    tunes = [
        "X:1\nT:One\nM:6/8\nK:G\nG3 B3|G6|]",
        'X:2\nT:Two\nM:6/8\nK:G\n"C"G3 B3|G6|]',
        "X:3\nT:Three\nM:6/8\nK:none\nG3 B3|G6|]",
    ]
    book.write_text("\n\n".join(tunes) + "\n")
    folder = tmp_path / "scores"
    code, _, errors = run("convert", book, "--out", folder, "--to", "musicxml", "--chords")
    assert code == 0
    assert errors.splitlines()[0] == (
        "chords added to 1 of 3 tunes; left unchanged: 1 with chord symbols, "
        "1 in a key without tonic"
    )
    found = [
        re.findall("<root-step>(.)", path.read_text("utf-8")) for path in sorted(folder.iterdir())
    ]
    assert found == [["G"], ["C"], []]


def test_convert_writes_a_tunebook_with_chords(tmp_path, run, capsys):
    book = tmp_path / "book.abc"
    book.write_text("X:1\nT:One\nM:6/8\nK:G\nG3 B3|G6|]\n\nX:2\nT:Two\nM:6/8\nK:D\nD6|]\n")
    out = tmp_path / "new" / "chords.abc"
    assert run("convert", book, "--chords", "--out", out)[0] == 0
    assert re.sub('"[A-G]7?"', "", out.read_text()) == book.read_text()
    assert out.read_text().count('"D"D6') == 1
    assert run("convert", book, "--chords", "--to", "abc", "--out", tmp_path / "more")[0] == 0
    assert (tmp_path / "more" / "book.abc").read_bytes() == out.read_bytes()
    with pytest.raises(SystemExit) as stopped:
        run("convert", book, "--to", "abc", "--out", tmp_path / "tunes.mid")
    assert stopped.value.code == 2
    assert "--out must be a folder, or a file that ends in .abc" in capsys.readouterr().err


def test_convert_reports_a_tune_of_chords_only(tmp_path, run):
    (tmp_path / "chart.abc").write_text(CHART)
    code, _, errors = run("convert", tmp_path / "chart.abc", "--out", tmp_path / "midi")
    assert code == 0
    assert errors.splitlines() == [
        f"{tmp_path / 'chart.abc'}:1:1: tune 1 (X:114) is converted in part: chords only",
        f"1 of 1 tune converted into {tmp_path / 'midi'}",
    ]
    [path] = (tmp_path / "midi").iterdir()
    assert sum(m.type == "note_on" for m in mido.MidiFile(path)) == 7


def test_convert_never_counts_a_file_without_music(tmp_path, run):
    (tmp_path / "book.abc").write_text("X:1\nM:4/4\nL:1/4\nP:XY\nK:C\nz4|z4|]\n")
    code, _, errors = run("convert", tmp_path / "book.abc", "--out", tmp_path / "midi")
    assert code == 1
    assert errors.endswith(f"0 of 1 tune converted into {tmp_path / 'midi'}\n")
    assert not (tmp_path / "midi").exists()


def test_convert_with_tempo_and_instrument(tmp_path, run):
    book = tmp_path / "book.abc"
    book.write_text(ONE)
    options = ("--tempo", "3/8=100", "--instrument", "fiddle")
    assert run("convert", book, "--out", tmp_path / "a", *options)[0] == 0
    assert run("convert", book, "--out", tmp_path / "b", "--program", 110)[0] == 0
    speeds = []
    for folder in ("a", "b"):
        messages = list(mido.MidiFile(tmp_path / folder / "0001-one.mid"))
        speeds += [round(mido.tempo2bpm(m.tempo)) for m in messages if m.type == "set_tempo"]
        assert [m.program for m in messages if m.type == "program_change"] == [110]
    assert speeds == [150, 174]  # 174: 116 dotted quarter notes, customary for jigs


def test_convert_to_sound(tmp_path, run):
    book = tmp_path / "book.abc"
    book.write_text(f"{ONE}\nX:2\nT:Long\nM:4/4\nL:1\nK:C\n{'c|' * 900}\n")
    for folder, options, minutes in (
        ("a", [], 30),
        ("b", ["--voice", "blown"], 30),
        ("c", ["--tempo", "3/8=58"], 42),
    ):
        code, _, errors = run("convert", book, "--to", "wav", "--out", tmp_path / folder, *options)
        assert code == 1
        message = f"tune 2 (Long) is not converted: the tune lasts {minutes} minutes"
        assert f"{book}:14:1: {message}" in errors
        assert [path.name for path in (tmp_path / folder).iterdir()] == ["0001-one.wav"]
    plain, blown, slow = (
        (tmp_path / folder / "0001-one.wav").read_bytes() for folder in ("a", "b", "c")
    )
    assert len(plain) == len(blown) != len(slow)
    assert plain != blown


def test_convert_names_a_soundfont_that_is_not_one(tmp_path, run):
    book = tmp_path / "book.abc"
    book.write_text(ONE)
    arguments = ("convert", book, "--out", tmp_path / "a.wav", "--soundfont")
    assert run(*arguments, tmp_path / "no.sf2")[2] == (
        f"abcrnn: {tmp_path / 'no.sf2'}: no such file or directory\n"
    )
    code, _, errors = run(*arguments, book)
    assert (code, "must be a SoundFont file" in errors) == (2, True)
    assert not (tmp_path / "a.wav").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tempo", "fast"], "--tempo: must be quarter notes per minute, such as 120, or a beat"),
        (["--tempo", "0"], "--tempo: must be from 5 to 1000 quarter notes per minute, not 0"),
        (["--instrument", "fluet"], "did you mean Flute (73)?"),
        (["--instrument", "guitar"], "9 instruments of General MIDI are called 'guitar'"),
        (["--program", "128"], "--program: must be a number from 0 to 127 or a name, not 128"),
        (["--program", "1", "--instrument", "flute"], "not allowed with argument"),
        (["--to", "musicxml", "--tempo", "100"], "--tempo is for MIDI and WAV files"),
        (["--to", "midi", "--voice", "blown"], "--voice is for WAV files; leave it out"),
        (["--soundfont", "x.sf2"], "--soundfont is for WAV files; leave it out with --to midi"),
        (["--to", "wav", "--voice", "x"], "--voice: invalid choice: 'x' (choose from plucked"),
        (["--to", "wav", "--voice", "blown", "--soundfont", "x"], "not allowed with argument"),
        (["--to", "wav", "--instrument", "flute"], "--instrument needs --soundfont"),
    ],
)
def test_convert_refuses_unusable_values(tmp_path, run, capsys, arguments, message):
    (tmp_path / "book.abc").write_text(ONE)
    with pytest.raises(SystemExit) as stopped:
        run("convert", tmp_path / "book.abc", "--out", tmp_path / "out", *arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_convert_writes_a_single_tune_to_a_file(tmp_path, run):
    book = tmp_path / "book.abc"
    book.write_text(ONE)
    for name, start in (
        ("x.mid", b"MThd"),
        ("x.musicxml", b"<?xml"),
        ("new/y.MIDI", b"MThd"),
        ("x.wav", b"RIFF"),
    ):
        code, _, errors = run("convert", book, "--out", tmp_path / name)
        assert code == 0
        assert errors == f"1 of 1 tune converted into {tmp_path / name}\n"
        assert (tmp_path / name).read_bytes().startswith(start)


def test_convert_does_not_write_a_tunebook_into_a_file(tmp_path, homemade, run, capsys):
    book = tmp_path / "book.abc"
    book.write_text(ONE)
    for arguments, message in (
        ([homemade, "--out", tmp_path / "x.mid"], "must be a folder, because there are 8 tunes"),
        ([book, "--out", tmp_path / "x.mid", "--to", "musicxml"], "ends in .musicxml, not"),
        ([book, "--out", "-"], "--out must be a folder or a file, not -"),
    ):
        with pytest.raises(SystemExit) as stopped:
            run("convert", *arguments)
        assert stopped.value.code == 2
        assert message in capsys.readouterr().err
    assert not (tmp_path / "x.mid").exists()


def test_check_prints_problems_with_their_positions(tmp_path, homemade, run):
    assert run("check", homemade) == (0, "8 of 8 tunes valid\n", "")
    book = tmp_path / "book.abc"
    one, two = (
        "X:1\nM:2/4\nL:1/4\nK:D\nAB|ABc|de|]\nw:a b c d e f g la\n",
        "X:2\nM:2/4\nK:C\n[ce|\n",
    )
    book.write_text(f"% mine\n\n{one}\n{two}")
    code, out, _ = run("check", book)
    assert code == 1
    assert out.splitlines() == [
        f"{book}:7:4: bar: the bar is too long: 3 of 2 quarters",
        f"{book}:8:1: unsupported: lyrics without a note, from 'la' on",
        f"{book}:10:1: empty: the tune has no notes",
        f"{book}:13:1: chord: the chord is not closed by ] in its bar",
        "0 of 2 tunes valid: 1 bar, 1 chord, 1 empty, 1 unsupported",
    ]


def test_check_reports_what_is_outside_tunes(tmp_path, run):
    book = tmp_path / "book.abc"
    header = "X:{}\nT:t\nL:1/4\nM:4/4\nK:G\n"
    book.write_text(
        "My book\n\nL:1/8\nQ:1/4=90\n\n"
        + header.format(1)
        + "|:GABc|dedB:|\n\n% a comment\n   |:cdef|gfed:|\n\nW:verse\n\nFree text.\n\n"
        + header.format(2)
        + "DEFG|\n\nT:third\nM:4/4\nK:D\nDEFG|\n"
    )
    code, out, errors = run("check", book)
    assert code == 1
    assert out.splitlines() == [
        f"{book}:1:1: outside: text outside tunes is not read: 'My book'",
        f"{book}:4:1: outside: the field Q: in a file header is not read",
        f"{book}:14:4: lost: music outside a tune is not read: a tune ends at an empty line",
        f"{book}:16:1: outside: the field W: after an empty line, which ends a tune, is not read",
        f"{book}:18:1: outside: text outside tunes is not read: 'Free text.'",
        f"{book}:27:1: lost: a tune without X: is not read; it must begin with X:1",
        "0 of 2 tunes valid: 2 lost, 4 outside",
    ]
    assert errors == "--join-blank reads music after an empty line as part of the tune before it\n"
    code, out, _ = run("check", book, "--join-blank")
    assert code == 1
    assert out.splitlines()[2:] == [
        f"{book}:18:1: outside: text outside tunes is not read: 'Free text.'",
        f"{book}:27:1: lost: a tune without X: is not read; it must begin with X:1",
        "1 of 2 tunes valid: 1 lost, 3 outside",
    ]


def test_check_counts_lines_in_the_file(tmp_path, run):
    book = tmp_path / "book.abc"
    book.write_text(
        "M:3/4\nL:1/4\n\nX:1\nK:C\nCDE|\n%%begintext\n\nwords\n\n%%endtext\nCDEF|\n\n"
        "X:2\nM:4/4\nK:C\nCD|CDEF|]\n"
    )
    code, out, _ = run("check", book)
    assert code == 1
    assert out.splitlines()[:-1] == [
        f"{book}:12:1: bar: the bar is too long: 4 of 3 quarters",
    ]


def test_convert_reports_music_outside_tunes(tmp_path, homemade, run, caplog):
    book = tmp_path / "book.abc"
    book.write_text(homemade.read_text() + "\n|:cdef|gfed:|\n")
    code, _, _ = run("convert", book, "--out", tmp_path / "midi")
    assert code == 0
    assert "music outside tunes is not read (passages: 1; the first, in line" in caplog.text


def test_check_reads_a_folder(tmp_path, homemade, run):
    (tmp_path / "books" / "more").mkdir(parents=True)
    (tmp_path / "books" / "a.abc").write_text(homemade.read_text())
    (tmp_path / "books" / "more" / "b.abc").write_text("X:1\nM:2/4\nL:1/4\nK:D\nABc|\n")
    code, out, _ = run("check", tmp_path / "books")
    assert code == 1
    assert out.startswith(f"{tmp_path / 'books' / 'more' / 'b.abc'}:5:1: bar: ")
    assert out.endswith("8 of 9 tunes valid: 1 bar\n")
    code, _, errors = run("check", tmp_path / "none.abc")
    assert (code, errors) == (1, f"abcrnn: {tmp_path / 'none.abc'}: no such file or folder\n")
    (tmp_path / "empty").mkdir()
    code, _, errors = run("check", tmp_path / "empty")
    assert code == 1 and "empty holds no .abc file" in errors


def test_surprise_marks_the_unusual_bar(tmp_path, homemade, trained, run):
    book = tmp_path / "mine.abc"
    book.write_text(homemade.read_text().replace("|e2d B2A|", "|e2d BA|", 1))
    code, out, errors = run("surprise", trained, book)
    assert (code, errors) == (0, "")
    lines = out.splitlines()
    assert re.fullmatch(rf"{book}:3: The Lost Byte: \d\.\d+ bits per character", lines[0])
    assert re.match(rf"  {book}:9:11: \d+\.\d bits, \d+\.\d more than usual", lines[1])
    assert lines[2] == "    |:A2d dcd|e2d BA|A2d dcd|e2f g3|"
    assert lines[3].strip(" ~") == "^" and lines[3].startswith(" " * 14 + "~")
    assert sum(line.startswith(str(book)) for line in lines) == 8

    book.write_text("X:1\nT:Café\nK:D\nabc|\n\n" + homemade.read_text())
    code, out, errors = run("surprise", trained, book)
    assert (code, errors) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith(f"{book}:1: Café: ")
    assert lines[1] == "  2 characters outside the model's vocabulary, 20.1 bits each"  # é and b
    assert sum(line.startswith(str(book)) for line in lines) == 9
    book.write_text("la la la")
    code, _, errors = run("surprise", trained, book)
    assert code == 1 and "mine.abc holds no tune" in errors


def test_corpora(run, homemade, jigs):
    code, out, _ = run("corpora", "list")
    assert code == 0 and "oneills" in out
    code, out, _ = run("corpora", "check", "jigs", homemade)
    assert code == 0
    assert "      340 tunes, 129,329 characters\n          3 duplicates\n" in out
    assert "86 different characters; these occur once: & ? V j" in out
    assert "homemade.abc:\n          8 tunes" in out
    code, out, _ = run("corpora", "fetch", "oneills")
    assert code == 0 and out.startswith("oneills: 39 files in ")


def test_counts_of_one_are_singular(tmp_path, run):
    (tmp_path / "one.abc").write_text("% mine\n\nX:1\nM:2/4\nL:1/4\nK:D\nAB|\n")
    _, out, _ = run("corpora", "check", tmp_path / "one.abc")
    assert "        1 tune, " in out and "        0 duplicates" in out
    assert "        1 fragment outside tunes" in out
    assert run("check", tmp_path / "one.abc")[1] == "1 of 1 tune valid\n"


@pytest.mark.parametrize(
    ("name", "hint"), [("jig", "; did you mean jigs?"), ("xyz", "; the corpora are airds, essen")]
)
def test_fetching_an_unknown_corpus(run, name, hint):
    code, _, errors = run("corpora", "fetch", name)
    assert code == 1 and f"there is no corpus '{name}'{hint}" in errors


def test_patterns_and_the_home_folder_where_no_shell_expands_them(
    homemade, tmp_path, monkeypatch, run
):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for name in ("b.abc", "a.abc", "a.txt"):
        (tmp_path / name).write_bytes(homemade.read_bytes())
    (tmp_path / "bad[1].abc").write_text("X:1\nM:4/4\nL:1/4\nK:C\nCDEFG|]\n")
    code, out, _ = run("check", tmp_path / "?.abc", "~/a.abc")
    assert (code, out) == (0, "24 of 24 tunes valid\n")
    code, out, _ = run("check", "~/bad[1].abc")
    assert code == 1 and out.startswith(f"{tmp_path}/bad[1].abc:5:")
    code, _, errors = run("convert", "~/[ab].abc", "--out", "~/midi")
    assert (code, errors) == (0, "16 of 16 tunes converted into ~/midi\n")
    assert len(list((tmp_path / "midi").iterdir())) == 16
    code, _, errors = run("check", "~/*.mid")
    assert (code, errors) == (1, "abcrnn: ~/*.mid: no such file or folder\n")


def test_a_path_that_cannot_be_is_one_line(homemade, tmp_path, run):
    (tmp_path / "file").touch()
    for arguments, message in (
        (["convert", homemade, "--out", tmp_path / "file"], f"{tmp_path}/file: not a directory"),
        (["convert", homemade, "--out", ""], "a path must not be empty"),
        (["convert", homemade, "--out", "a\0b"], "a path must not contain a NUL character: "),
        (["check", ""], "a path must not be empty"),
    ):
        code, out, errors = run(*arguments)
        assert (code, out) == (1, "")
        assert errors.startswith(f"abcrnn: {message}") and errors.count("\n") == 1
