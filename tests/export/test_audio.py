"""WAV files: pitches and onsets against the MIDI file, levels, bounds."""

from __future__ import annotations

import io
import shutil
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import mido
import numpy as np
import pytest

from abcrnn.data.corpus import Corpus
from abcrnn.export.audio import to_wav, to_wav_bytes, tune_sounds
from abcrnn.export.fluidsynth import render_midi
from abcrnn.export.midi import to_midi_bytes
from abcrnn.export.synthesizer import SAMPLE_RATE, Sound, limit, mix
from abcrnn.export.timbres import CHORDS, VOICES
from abcrnn.export.tune_text import parse_single_tune
from abcrnn.export.tunebook import convert_tunes
from abcrnn.notation.errors import ABCError

SCALE = "X:1\nM:4/4\nL:1/4\nQ:1/4=120\nK:D\nDEFG|ABcd|efga|d4|]"
TEMPOS = "X:1\nM:4/4\nL:1/4\nQ:1/4=120\nK:D\nDEFG|[Q:1/4=60]ABcd|\nQ:1/4=200\nefga|d4|]"
SETTINGS = [(SCALE, {}), (SCALE, {"tempo": "1/4=90"}), (TEMPOS, {}), (TEMPOS, {"tempo": 100})]


def samples_of(data: bytes) -> np.ndarray:
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (44_100, 2, 1)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768


def midi_notes(midi: bytes) -> Iterator[tuple[float, float, int]]:
    """Yield onset, end in seconds and pitch of each note, as mido reads them."""
    now, sounding = 0.0, {}
    for message in mido.MidiFile(file=io.BytesIO(midi)):
        now += message.time
        if message.type == "note_on" and message.velocity:
            sounding[message.channel, message.note] = now
        elif message.type in ("note_on", "note_off"):
            yield sounding.pop((message.channel, message.note)), now, message.note


def cents_off(samples: np.ndarray, start: float, end: float, pitch: int) -> float:
    """Return the distance of the strongest frequency between two times to a pitch, in cents."""
    first, last = (round(second * SAMPLE_RATE) for second in (start + 0.3 * (end - start), end))
    part = samples[first:last] * np.hanning(last - first)
    size = 2**18
    spectrum = np.abs(np.fft.rfft(part, size))
    peak = int(spectrum.argmax())
    low, mid, high = np.log(spectrum[peak - 1 : peak + 2])
    found = (peak + (low - high) / (2 * (low - 2 * mid + high))) * SAMPLE_RATE / size
    return 1200 * float(np.log2(found / (440 * 2 ** ((pitch - 69) / 12))))


def onset_off(samples: np.ndarray, onset: float, pitch: int) -> float:
    """Return the distance of the steepest rise near the start of a note to it, in seconds."""
    energy = np.cumsum(np.diff(samples, prepend=0.0) ** 2)
    period = 1 / (440 * 2 ** ((pitch - 69) / 12))
    span = round(max(0.004, period) * SAMPLE_RATE)
    first = round(onset * SAMPLE_RATE)
    places = np.arange(max(span, first - 1500), min(first + 1500, len(samples) - span))
    rise = (energy[places + span] - energy[places]) - (energy[places] - energy[places - span])
    return float(places[rise.argmax()]) / SAMPLE_RATE - onset


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize(("tune", "options"), SETTINGS)
def test_pitches_and_onsets_are_those_of_the_midi_file(tune, options, voice):
    samples = samples_of(to_wav_bytes(tune, voice=voice, **options))
    notes = list(midi_notes(to_midi_bytes(tune, **options)))
    assert len(notes) == 13
    for start, end, pitch in notes:
        assert abs(cents_off(samples, start, end, pitch)) < 10, (start, pitch)
        if voice == "plucked":  # the blown voice rises slowly
            assert abs(onset_off(samples, start, pitch)) < 0.01, (start, pitch)
    assert len(samples) == pytest.approx((max(end for _, end, _ in notes) + 1) * SAMPLE_RATE, abs=5)


@pytest.mark.slow
def test_pitches_of_real_tunes(jigs: Corpus) -> None:
    checked = 0
    for tune in jigs.tunes[::100]:
        samples = samples_of(to_wav_bytes(tune, chords=False))
        notes = list(midi_notes(to_midi_bytes(tune, chords=False)))
        starts = [start for start, _, _ in notes]
        for start, end, pitch in notes:
            if end - start > 0.12 and starts.count(start) == 1:  # not a chord or a grace note
                assert abs(cents_off(samples, start, end, pitch)) < 10, (tune, start)
                checked += 1
    assert checked > 200


def test_onsets_of_real_tunes(irish: Corpus, jigs: Corpus) -> None:
    """Every note of the MIDI file begins within a millisecond of a note that is mixed."""
    for tune in (*irish.tunes[::40], *jigs.tunes[::20]):
        sounds, _ = tune_sounds(parse_single_tune(tune), None, "plucked", chords=True)
        mixed = sorted({(sound.pitch, round(sound.start, 4)) for sound in sounds})
        played = sorted(
            {(pitch, round(start, 4)) for start, _, pitch in midi_notes(to_midi_bytes(tune))}
        )
        assert [pitch for pitch, _ in mixed] == [pitch for pitch, _ in played]
        offsets = [abs(a - b) for (_, a), (_, b) in zip(mixed, played, strict=True)]
        assert max(offsets) < 0.001


def test_the_numbers_of_a_voice():
    """A note against the formula of its partials, computed one by one."""
    timbre = VOICES["plucked"]
    sound = Sound(0.25, 0.5, 69, timbre)
    mixed = mix([sound], 2.0)
    expected = np.zeros_like(mixed, np.float64)
    t = np.arange(len(mixed) - 11025) / SAMPLE_RATE
    for n, amplitude in enumerate(timbre.partials, start=1):
        tau = 0.5 / (1 + 0.35 * (n - 1))
        expected[11025:] += amplitude * np.sin(2 * np.pi * 440 * n * t) * np.exp(-t / tau)
    envelope = np.minimum(1, t / 0.002) * np.exp(-np.maximum(0, t - 0.5) / 0.06)
    envelope[round((0.5 + 7 * 0.06) * SAMPLE_RATE) :] = 0
    expected[11025:] *= envelope * timbre.level / sum(timbre.partials)
    np.testing.assert_allclose(mixed, expected, atol=1e-5)


@pytest.mark.parametrize("timbre", [*VOICES.values(), CHORDS])
@pytest.mark.parametrize("duration", [0.001, 0.01, 0.2, 3.0])
@pytest.mark.parametrize("pitch", [0, 45, 69, 100, 127])
def test_no_note_clicks(timbre, duration, pitch):
    """No sample differs more from the one before than the partials and the attack require."""
    sound = Sound(0.1, duration, pitch, timbre)
    mixed = mix([sound], 0.1 + sound.length + 0.1)
    slope = sum(a * n for n, a in enumerate(timbre.partials, start=1)) / sum(timbre.partials)
    partials = timbre.level * 2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * slope
    attack = timbre.level / min(timbre.attack, sound.sounding / 2)
    assert np.abs(np.diff(mixed)).max() <= (partials + attack) / SAMPLE_RATE + 1e-6
    last = np.flatnonzero(mixed)[-1]
    assert np.abs(mixed[last - 5 : last + 1]).max() < 0.001
    assert mixed[0] == 0 and last < len(mixed) - 1


def test_partials_above_the_limit_are_left_out():
    spectrum = np.abs(np.fft.rfft(mix([Sound(0, 1, 115, VOICES["blown"])], 1.0)[8000:40000]))
    frequencies = np.fft.rfftfreq(32000, 1 / SAMPLE_RATE)
    assert frequencies[spectrum > spectrum.max() / 1000].max() < 0.45 * SAMPLE_RATE


def test_loud_music_stays_below_full_scale():
    chords = "X:1\nL:1/4\nQ:1/4=120\nK:C\n" + "[CEGceg]" * 20 + "|"
    samples = samples_of(to_wav_bytes(chords))
    assert 0.7 < np.abs(samples).max() < 1
    quiet = np.array([0.6, -0.6, 0.1], np.float32)
    assert (limit(quiet) == quiet).all()
    assert np.abs(limit(np.array([5, -100], np.float32))).max() < 0.981


def test_chord_symbols_sound_softly_and_can_be_left_out():
    tune = 'X:1\nL:1/4\nM:4/4\nQ:1/4=120\nK:C\n"F"z4|c4|'
    chords, melody = (samples_of(to_wav_bytes(tune, chords=chords)) for chords in (True, False))
    bar = 2 * SAMPLE_RATE
    assert np.abs(melody[:bar]).max() == 0 < np.abs(chords[:bar]).max()
    spectrum = np.abs(np.fft.rfft(chords[:bar]))
    frequencies = np.fft.rfftfreq(bar, 1 / SAMPLE_RATE)
    for pitch in (53, 57, 60):
        hertz = 440 * 2 ** ((pitch - 69) / 12)
        near = np.abs(frequencies - hertz) < 3
        assert spectrum[near].max() > 0.3 * spectrum.max()
    assert np.abs(chords[:bar]).max() < 0.75 * np.abs(melody[bar:]).max()


def test_rests_count():
    tune = "X:1\nL:1/4\nM:4/4\nQ:1/4=120\nK:C\nz4|c4|z4|"
    samples = samples_of(to_wav_bytes(tune))
    assert len(samples) == 7 * SAMPLE_RATE  # six seconds and one of silence
    assert np.flatnonzero(samples)[0] == pytest.approx(2 * SAMPLE_RATE, abs=5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tune", "message"),
    [
        ("X:1\nL:1\nM:4/4\nQ:1/4=60\nK:C\nc|" + "Z99|" * 10 + "c|", "the tune lasts 67 minutes"),
        ("X:1\nL:1\nQ:1/4=60\nK:C\n" + "c|" * 400, "lasts 27 minutes; a WAV file has at most 20"),
        ("X:1\nL:1\nM:none\nQ:1/4=5\nK:C\nc64" + "z64", "the tune lasts 103 minutes"),
        ("X:1\nL:1/8\nK:C\n" + "cdef|" * 250_000, "has 1250014 characters; a tune has at most"),
        ("X:1\nL:1/8\nK:C\n" + "cdef|" * 6_000, "more than 20000 notes and bars"),
        ("X:1\nL:1\nQ:1/4=60\nK:C\n" + "[CDEFGABcdefgabc'd'e']16|" * 18, "at most 4"),
        ("X:1\nK:C\nz4|", "no notes"),
        ("X:1\nABc|", "K:"),
    ],
)  # fmt: skip
def test_too_much_sound_is_refused_at_once(tune, message):
    start = time.process_time()
    with pytest.raises(ABCError, match=message):
        to_wav_bytes(tune, voice="blown")
    assert time.process_time() - start < 20


@pytest.mark.slow
def test_the_cost_grows_linearly(jigs: Corpus) -> None:
    tune = jigs.tunes[1]
    body = tune[tune.index("\n", tune.index("\nK:") + 1) :]

    def cost(text: str) -> float:
        start = time.process_time()
        to_wav_bytes(text)
        return time.process_time() - start

    once, eight_times = tune, tune + body * 7
    assert len(to_wav_bytes(eight_times)) > 6 * len(to_wav_bytes(once))
    least = min(cost(once) for _ in range(5))
    assert min(cost(eight_times) for _ in range(5)) < 16 * least  # quadratic cost would be 64


def test_equal_tunes_give_equal_bytes(tmp_path):
    to_wav(SCALE, tmp_path / "sub" / "a.wav")
    assert (tmp_path / "sub" / "a.wav").read_bytes() == to_wav_bytes(SCALE)


def test_a_failed_tune_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"before")
    with pytest.raises(ABCError):
        to_wav("X:1\nK:C\nz|", path)
    assert [path] == list(tmp_path.iterdir())
    assert path.read_bytes() == b"before"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"voice": "kazoo"}, "voice must be one of plucked, blown, not 'kazoo'"),
        ({"tempo": 0}, "tempo must be"),
        ({"instrument": "flute"}, "instrument must be left out without a soundfont"),
    ],
)
def test_arguments_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        to_wav_bytes(SCALE, **options)


def test_options_that_exclude_each_other(tmp_path):
    for options, message in (
        ({"voice": "blown", "soundfont": "x.sf2"}, "voice must be left out with a soundfont"),
        ({"voice": "kazoo"}, "voice must be one of"),
        ({"instrument": 3}, "instrument must be left out without a soundfont"),
        ({"format": "midi", "voice": "blown"}, "with format='midi': it is for wav"),
    ):
        with pytest.raises(ValueError, match=message):
            convert_tunes([SCALE], tmp_path, **{"format": "wav", **options})
    assert not list(tmp_path.iterdir())


# FluidSynth -----------------------------------------------------------------------------------


def test_a_file_that_is_no_soundfont_is_refused(tmp_path):
    path = tmp_path / "a.sf2"
    path.write_bytes(b"RIFF0000WAVE")
    with pytest.raises(ValueError, match=f"soundfont must be a SoundFont file.*{path} is not"):
        to_wav_bytes(SCALE, soundfont=path)
    with pytest.raises(FileNotFoundError):
        to_wav_bytes(SCALE, soundfont=tmp_path / "missing.sf2")


def test_a_missing_program_is_named(tmp_path, monkeypatch):
    path = tmp_path / "a.sf2"
    path.write_bytes(b"RIFF0000sfbk")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OSError, match="fluidsynth is not installed"):
        to_wav_bytes(SCALE, soundfont=path)


def soundfont_or_skip() -> Path:
    """Return a SoundFont of the system; skip the test without one or without FluidSynth."""
    fonts = sorted(
        Path("/usr/share/sounds/sf2").glob("*.sf2"), key=lambda path: path.stat().st_size
    )
    if shutil.which("fluidsynth") is None or not fonts:
        pytest.skip("install the Debian packages fluidsynth and timgm6mb-soundfont")
    return fonts[0]


@pytest.mark.oracle
def test_fluidsynth_plays_the_same_notes():
    font = soundfont_or_skip()
    data = to_wav_bytes(SCALE, soundfont=font, instrument="flute")
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (44_100, 2, 2)
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    samples = frames.mean(axis=1) / 32768
    assert len(samples) > 8 * SAMPLE_RATE
    for start, end, pitch in midi_notes(to_midi_bytes(SCALE)):
        off = cents_off(samples, start + 0.05, end, pitch) % 1200  # its octave may be louder
        assert min(off, 1200 - off) < 30, (start, pitch)


@pytest.mark.oracle
def test_a_damaged_soundfont_is_reported(tmp_path):
    soundfont_or_skip()
    path = tmp_path / "-a.sf2"
    path.write_bytes(b"RIFF0000sfbk" + bytes(100))
    with pytest.raises(OSError, match="fluidsynth"):
        render_midi(to_midi_bytes(SCALE), path)
