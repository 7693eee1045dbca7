"""Notes read from MIDI files and written to them, compared with what mido reads."""

import io
import random
import struct

import mido
import numpy as np
import pytest

from abcrnn.data import notes
from abcrnn.data.notes import NOTE, make_notes, notes_of_steps
from abcrnn.data.time_grid import TimeGrid, nearest
from abcrnn.events import load_pieces, read_midi, write_notes
from abcrnn.export.notes import program_number, scale_times


def midi(*tracks, ticks=480):
    file = mido.MidiFile(ticks_per_beat=ticks)
    for messages in tracks:
        file.tracks.append(mido.MidiTrack(messages))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def on(note, time=0, channel=0, velocity=64):
    return mido.Message("note_on", note=note, velocity=velocity, time=time, channel=channel)


def off(note, time=0, channel=0):
    return mido.Message("note_off", note=note, time=time, channel=channel)


def notes_of_mido(data):
    """Pitch, start, end and velocity of each note as mido reads them, without drums."""
    now, sounding, notes = 0.0, {}, []
    for message in mido.MidiFile(file=io.BytesIO(data)):
        now += message.time
        if message.type not in ("note_on", "note_off") or message.channel == 9:
            continue
        key = message.channel, message.note
        if message.type == "note_on" and message.velocity:
            sounding[key] = now, message.velocity
        else:
            start, velocity = sounding.pop(key)
            notes.append((message.note, start, now, velocity))
    return sorted(notes, key=lambda n: (round(n[1], 6), n[0]))


def rows(table):
    return [tuple(float(x) for x in note) for note in table[["pitch", "start", "end", "velocity"]]]


SONG = midi(
    [
        mido.MetaMessage("set_tempo", tempo=600_000, time=0),
        mido.MetaMessage("set_tempo", tempo=300_000, time=960),
    ],
    [
        mido.Message("program_change", program=73, channel=0),
        *(on(62), off(62, 480), on(64), on(67), off(64, 960), off(67)),
    ],
    [
        mido.Message("program_change", program=40, channel=1),
        *(on(50, 240, channel=1, velocity=90), off(50, 720, channel=1)),
        *(on(38, channel=9), off(38, 100, channel=9)),
    ],
)


def test_file_is_read_as_mido_reads_it(tmp_path):
    path = tmp_path / "song.mid"
    path.write_bytes(SONG)
    [piece] = read_midi(path)
    assert piece.program == 73 and piece.tempo == 100
    np.testing.assert_allclose(rows(piece.notes), notes_of_mido(SONG), atol=1e-6)
    assert piece.notes["step"].tolist() == pytest.approx([0, 0.3, 0.3, 0])  # a chord last
    np.testing.assert_allclose(
        piece.notes["duration"], piece.notes["end"] - piece.notes["start"], atol=1e-12
    )


def test_programs_are_separate_pieces_on_request(tmp_path):
    path = tmp_path / "song.mid"
    path.write_bytes(SONG)
    fiddle, flute = read_midi(path, "programs")
    assert (fiddle.program, flute.program) == (40, 73)
    assert fiddle.notes["pitch"].tolist() == [50]
    assert flute.notes["pitch"].tolist() == [62, 64, 67]
    with pytest.raises(ValueError, match="must be 'merged' or 'programs', not 'all'"):
        read_midi(path, "all")


def test_real_tunes_are_read_as_mido_reads_them(midi_folder):
    for file in sorted(midi_folder.glob("*.mid"))[:12]:
        [piece] = read_midi(file)
        np.testing.assert_allclose(rows(piece.notes), notes_of_mido(file.read_bytes()), atol=1e-5)


INVALID = {
    "text": (b"X:1\nT:not MIDI\nK:C\n", "is no MIDI file: it does not begin with MThd"),
    "empty": (b"", "is no MIDI file"),
    "header only": (b"MThd", "is not a valid MIDI file: it ends too early"),
    "truncated": (SONG[: len(SONG) // 2], "is not a valid MIDI file"),
    "no ticks": (SONG[:12] + struct.pack(">H", 0) + SONG[14:], "it has 0 ticks per beat"),
    "SMPTE time": (SONG[:12] + struct.pack(">h", -25 * 256 + 40) + SONG[14:], "ticks per beat"),
    "too long": (midi([on(60), off(60, 2**27)]), "largest tick"),
}


@pytest.mark.parametrize("kind", INVALID)
def test_invalid_files_are_refused_with_one_line(kind, tmp_path):
    data, message = INVALID[kind]
    path = tmp_path / "broken.mid"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message) as raised:
        read_midi(path)
    assert str(raised.value).startswith(str(path)) and "\n" not in str(raised.value)


def test_large_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "huge.mid"
    million = b"".join(b"\x01\x90\x3c\x40\x01\x80\x3c\x40" for _ in range(1_000_000))
    path.write_bytes(
        b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480) + b"MTrk" + struct.pack(">I", len(million) + 4)
        + million + b"\x00\xff\x2f\x00"
    )  # fmt: skip
    with pytest.raises(
        ValueError, match="has 8,000,026 bytes; MIDI files of at most 2,097,152 bytes"
    ):
        read_midi(path)


def test_random_bytes_give_notes_or_a_value_error(tmp_path):
    source = random.Random(7)  # noqa: S311
    path, valid = tmp_path / "odd.mid", 0
    for _ in range(400):
        data = bytearray(SONG)
        for _ in range(source.randrange(1, 6)):
            data[source.randrange(4, len(data))] = source.randrange(256)
        cut = source.randrange(len(data) // 2, len(data)) if source.random() < 0.2 else None
        path.write_bytes(data[:cut])
        try:
            pieces = read_midi(path)
        except ValueError as error:
            assert str(error).startswith(str(path))
        else:
            valid += 1
            for piece in pieces:
                assert np.isfinite(piece.notes["end"]).all()
                assert (piece.notes["step"] >= 0).all()
    assert 10 < valid < 390


# A folder -----------------------------------------------------------------------------------


def test_folder_with_some_invalid_files(tmp_path, own_cache, caplog):
    folder = tmp_path / "midi"
    (folder / "deeper").mkdir(parents=True)
    (folder / "deeper" / "a.MID").write_bytes(SONG)
    (folder / "drums.mid").write_bytes(midi([on(38, channel=9), off(38, 9, channel=9)]))
    (folder / "text.mid").write_bytes(b"not MIDI")
    (folder / "notes.txt").write_bytes(SONG)
    collection = load_pieces(folder)
    assert [piece.name for piece in collection.pieces] == ["deeper/a.MID"]
    assert collection.tempo == 100
    assert len(collection.problems) == 2
    assert "drums.mid has no notes except drums" in caplog.text
    assert "text.mid is no MIDI file" in caplog.text


def test_nothing_to_read(tmp_path, own_cache):
    with pytest.raises(FileNotFoundError, match="nowhere: no such file or folder"):
        load_pieces(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"empty holds no MIDI file \(.mid or .midi\)"):
        load_pieces(tmp_path / "empty")
    (tmp_path / "empty" / "a.mid").write_bytes(b"no")
    with pytest.raises(ValueError, match="none of its 1 MIDI files could be read"):
        load_pieces(tmp_path / "empty")


def test_files_are_read_once(tmp_path, own_cache, monkeypatch):
    folder = tmp_path / "midi"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.mid").write_bytes(midi([on(60 + number), off(60 + number, 480)]))
    read = []
    parse = notes._parse
    monkeypatch.setattr(notes, "_parse", lambda data, name: read.append(name) or parse(data, name))
    first = load_pieces(folder)
    assert len(read) == 3
    (folder / "1.mid").rename(folder / "z.mid")
    (folder / "new.mid").write_bytes(SONG)
    second = load_pieces(folder)
    assert [name.rsplit("/")[-1] for name in read[3:]] == ["new.mid"]
    assert [piece.name for piece in second.pieces] == ["0.mid", "2.mid", "new.mid", "z.mid"]
    for a, b in ((0, 0), (1, 3), (2, 1)):
        assert (first.pieces[a].notes == second.pieces[b].notes).all()
    [kept] = own_cache.rglob("*.notes")
    kept.write_bytes(kept.read_bytes()[:-40])
    assert load_pieces(folder).fingerprint == second.fingerprint
    assert len(read) == 8


# Time grid ----------------------------------------------------------------------------------


def test_grid_has_the_note_lengths_of_the_tunes(midi_folder, own_cache):
    tables = [piece.notes for piece in load_pieces(midi_folder).pieces]
    grid = TimeGrid.of(tables)
    assert grid.steps[0] == 0 and {0.25, 0.5} <= set(grid.durations.tolist())
    _, durations = grid.classify(np.concatenate(tables))
    played = np.concatenate([table["duration"] for table in tables])
    assert np.abs(grid.durations[durations] - played).max() < 0.011
    assert (np.bincount(durations) > 0).all()


def test_human_timing_gives_few_classes_and_small_errors():
    source = np.random.default_rng(0)
    long = source.choice([0.0, 0.125, 0.25, 0.5, 1.0], 5000)
    played = np.abs(long * source.normal(1, 0.04, 5000) + source.normal(0, 0.004, 5000))
    table = notes_of_steps(np.full(5000, 60), played, played)
    grid = TimeGrid.of([table])
    assert len(grid.steps) <= 64 and (np.diff(grid.steps) > 0).all()
    off_by = np.abs(grid.steps[nearest(grid.steps, played)] - played)
    assert np.quantile(off_by / (played + 0.05), 0.99) < 0.1


def test_nearest_centre():
    centres, values = np.array([0.0, 0.1, 0.5, 2.0]), np.linspace(0, 3, 301)
    brute = np.abs(values[:, None] - centres).argmin(axis=1)
    assert (nearest(centres, values) == brute).mean() > 0.99  # except for ties


# Writing ------------------------------------------------------------------------------------


def test_written_notes_are_read_again(tmp_path):
    source = np.random.default_rng(1)
    steps = source.choice([0.0, 0.25, 0.375], 50)
    steps[0] = 0.0
    table = notes_of_steps(source.permutation(50) + 40, steps, source.uniform(0.1, 1, 50))
    path = tmp_path / "out.mid"
    write_notes(table, path, "flute", tempo=90)
    [found] = read_midi(path)
    assert found.program == 73 and found.tempo == pytest.approx(90, abs=0.01)
    expected = make_notes(table["pitch"], table["start"], table["end"], table["velocity"])
    assert len(found.notes) == 50
    # A tick is a 720th of a second here.
    np.testing.assert_allclose(np.sort(found.notes["start"]), np.sort(expected["start"]), atol=2e-3)
    np.testing.assert_allclose(rows(found.notes), notes_of_mido(path.read_bytes()), atol=1e-4)


def pairs_properly(data):
    """Whether mido reads no note that starts while its pitch sounds, or ends twice."""
    sounding = set()
    for message in mido.MidiFile(file=io.BytesIO(data)).tracks[0]:
        if message.type == "note_on" and message.velocity:
            if message.note in sounding:
                return False
            sounding.add(message.note)
        elif message.type in ("note_on", "note_off"):
            if message.note not in sounding:
                return False
            sounding.remove(message.note)
    return not sounding


@pytest.mark.parametrize("tempo", [5, 97, 120, 1000])
def test_overlapping_notes_of_a_pitch_end_where_it_starts_again(tempo, tmp_path):
    path = tmp_path / "out.mid"
    table = notes_of_steps(np.array([60, 60, 62]), np.array([0, 0.5, 0]), np.array([2.0, 1.0, 1.0]))
    write_notes(table, path, tempo=tempo)
    assert pairs_properly(path.read_bytes())
    [piece] = read_midi(path)
    tick = 60 / tempo / 480
    expected = [(60, 0, 0.5), (60, 0.5, 1.5), (62, 0.5, 1.5)]
    assert [
        (n["pitch"], pytest.approx(n["start"], abs=tick), pytest.approx(n["end"], abs=tick))
        for n in piece.notes
    ] == expected


def test_hostile_sequences_of_notes_pair_properly(tmp_path):
    """Chords of one pitch, no lengths, long notes over many others, silent velocities."""
    source = np.random.default_rng(5)
    path = tmp_path / "out.mid"
    for count in (1, 2, 300):
        for steps in ([0.0], [0.0, 0.001], [0.0, 0.25, 1e-9]):
            table = notes_of_steps(
                source.integers(60, 63, count),
                source.choice(steps, count),
                source.choice([0.0, 1e-9, 0.2, 30.0], count),
            )
            table["velocity"] = source.integers(0, 128, count)
            write_notes(table, path, tempo=60)
            assert pairs_properly(path.read_bytes())
            starts = {(note["pitch"], round(note["start"] * 480)) for note in table}
            [piece] = read_midi(path)
            assert {(n["pitch"], round(n["start"] * 480)) for n in piece.notes} == starts


def test_notes_over_many_hours_are_read_again(tmp_path):
    table = notes_of_steps(np.array([60, 62]), np.array([0, 90_000.0]), np.array([1.0, 1.0]))
    write_notes(table, tmp_path / "out.mid")
    [piece] = read_midi(tmp_path / "out.mid")
    assert piece.notes["start"][1] == pytest.approx(90_000, abs=0.02)


@pytest.mark.parametrize(
    ("instrument", "message"),
    [("kazoo", "no instruments of General MIDI are called 'kazoo'"),
     ("guitar", "take one name or number: .*Guitar"),
     ("128", "a number from 0 to 127 or a name, not 128")],
)  # fmt: skip
def test_unknown_instruments(instrument, message):
    with pytest.raises(ValueError, match=message):
        program_number(instrument)


def test_instruments_by_name_and_number():
    found = [program_number(i) for i in ("whistle", 78, "FLUTE", "Tango", "0", "accordion")]
    assert found == [78, 78, 73, 23, 0, 21]


def test_invalid_notes_are_not_written(tmp_path):
    good = notes_of_steps(np.array([60, 62]), np.array([0, 0.5]), np.array([0.5, 0.5]))
    for name, value in (("start", np.nan), ("end", -1.0), ("pitch", 128)):
        bad = good.copy()
        bad[name][1] = value
        with pytest.raises(ValueError, match="must"):
            write_notes(bad, tmp_path / "out.mid")
    with pytest.raises(ValueError, match="no notes to write"):
        write_notes(np.zeros(0, NOTE), tmp_path / "out.mid")
    with pytest.raises(ValueError, match="tempo must be from 5 to 1000"):
        write_notes(good, tmp_path / "out.mid", tempo=1e9)
    assert not list(tmp_path.iterdir())


def test_times_scale_together():
    table = scale_times(notes_of_steps(np.array([60, 62]), np.array([0, 0.5]), np.array([1, 1])), 2)
    assert table["start"].tolist() == [0, 1] and table["end"].tolist() == [2, 3]
