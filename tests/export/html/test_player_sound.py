"""The sound of the player: rendered by chromium, compared with the MIDI file of the tune."""

import numpy as np
import pytest
from helpers.browser import open_browser
from helpers.player_page import SAMPLE_RATE, HeardNote, midi_notes, render, timeline

pytestmark = pytest.mark.browser

_TUNES = 3  # of each corpus
_LEAD = 0.05  # seconds of a note in which the previous one may still sound
_ORDER = 40  # of linear prediction: two for each partial of the notes that sound


@pytest.fixture(scope="module")
def page():
    with open_browser() as browser:
        page = browser.new_page()
        page.goto("about:blank")
        yield page


@pytest.fixture(scope="module", params=["jigs", "irish"])
def tunes(request) -> list[str]:
    """A few tunes of one voice, some with grace notes and triplets."""
    corpus = request.getfixturevalue(request.param)
    found = [tune for tune in corpus.tunes[5:60] if "V:" not in tune and "&" not in tune]
    return found[:: len(found) // _TUNES][:_TUNES]


@pytest.mark.parametrize("voice", ["plucked", "blown"])
def test_every_note_is_in_tune(page, tunes, voice):
    for tune in tunes:
        sound = render(page, timeline(tune), voice=voice, chords=False, rate=0.5)
        notes = [_slower(note, 0.5) for note in midi_notes(tune)[0]]
        long = [note for note in notes if note.end - note.start >= 0.2]
        assert len(long) > len(notes) / 2
        cents = [1200 * np.log2(_fundamental(sound, note) / _hertz(note.pitch)) for note in long]
        assert np.abs(cents).max() < 10


@pytest.mark.parametrize("rate", [1, 1.5])
def test_every_note_begins_when_the_midi_file_says(page, tunes, rate):
    for tune in tunes:
        sound = render(page, timeline(tune), voice="plucked", chords=False, rate=rate)
        starts = np.array([note.start / rate for note in midi_notes(tune)[0]])
        apart = np.diff(starts, prepend=-1) > 0.06
        starts = starts[apart & np.append(apart[1:], True)]
        assert len(starts) > 30
        errors = [_onset_near(sound, start) - start for start in starts]
        assert np.abs(errors).max() < 0.01


@pytest.mark.parametrize("voice", ["plucked", "blown"])
def test_sound_is_loud_enough_and_never_clips(page, tunes, voice):
    for tune in tunes:
        data = timeline(tune)
        sound = render(page, data, voice=voice)
        end = midi_notes(tune)[0][-1].end
        assert len(sound) / SAMPLE_RATE == pytest.approx(end + 1, abs=0.2)
        assert np.abs(sound).max() < 0.99
        playing = sound[: int(end * SAMPLE_RATE)]
        seconds = playing[: len(playing) // SAMPLE_RATE * SAMPLE_RATE].reshape(-1, SAMPLE_RATE)
        assert _decibels(seconds).min() > -35
        assert _decibels(playing) > -26
        assert _decibels(sound[-SAMPLE_RATE // 10 :]) < -60  # the last note has faded


def test_chords_are_soft_and_their_notes_are_those_of_the_midi_file(page, jigs):
    tune = next(tune for tune in jigs.tunes if '"' in tune and midi_notes(tune)[1])
    data = timeline(tune)
    both, melody = render(page, data), render(page, data, chords=False)
    chords = both - melody
    assert -20 < _decibels(chords) - _decibels(melody) < -3
    for note in midi_notes(tune)[1][:24]:
        if note.end - note.start > 0.4:
            around = [_strength(chords, note, step) for step in (-0.5, 0, 0.5)]
            assert around[1] > 4 * max(around[0], around[2])


def test_loud_chords_of_many_notes_do_not_clip(page):
    notes = [_note(0, 4, pitch, velocity=1) for pitch in range(60, 84)]
    sound = render(page, {"tempo": 60, "notes": notes}, voice="blown")
    assert 0.8 < np.abs(sound).max() < 0.99


def test_change_of_tempo_inside_a_tune_is_followed(page):
    tune = "X:1\nL:1/4\nQ:1/4=120\nM:4/4\nK:C\nC C C C|\n[Q:1/4=60]E E [Q:1/4=240]E E|G4|\n"
    sound = render(page, timeline(tune))
    starts = [note.start for note in midi_notes(tune)[0]]
    assert starts[-1] == pytest.approx(4.5)
    assert [_onset_near(sound, start) for start in starts] == pytest.approx(starts, abs=0.01)


def test_loop_plays_its_bars_again_at_the_right_time(page):
    notes = [_note(n, 1, 60 + n) for n in range(8)]
    data = {"tempo": 120, "notes": notes}
    sound = render(page, data, loop={"start": 2, "end": 4}, seconds=5)
    pitches = [_nearest_pitch(sound, HeardNote(n / 2, n / 2 + 0.5, 0)) for n in range(10)]
    assert pitches == [60, 61, 62, 63, 62, 63, 62, 63, 62, 63]


def test_playing_from_the_middle_starts_notes_that_are_held_there(page):
    data = {"tempo": 60, "notes": [_note(0, 2, 60), _note(2, 2, 64)]}
    sound = render(page, data, voice="blown", **{"from": 1})
    assert _nearest_pitch(sound, HeardNote(0, 1, 0)) == 60
    assert _nearest_pitch(sound, HeardNote(1, 3, 0)) == 64
    assert len(sound) == 4 * SAMPLE_RATE


@pytest.mark.parametrize("pickup", [0, 0.5])
def test_count_in_is_one_bar_of_beats_that_leads_to_the_first_bar_line(page, pickup):
    bars = [{"start": 0, "duration": pickup, "index": 0}] if pickup else []
    bars += [{"start": pickup + 3 * n, "duration": 3, "index": n + 1} for n in range(2)]
    data = {
        "tempo": 120, "beat": 1.5, "beats_per_bar": 2, "pickup": pickup, "bars": bars,
        "notes": [_note(0, 0.5, 60), _note(pickup + 0.0001, 3, 72)],
    }  # fmt: skip
    sound = render(page, data, countIn=True, seconds=4)
    # A bar takes 1.5 s and a beat 0.75 s; the pickup takes 0.25 s, and a beat ends with it.
    clicks = [0.25, 1] if pickup else [0, 0.75]
    assert [_onset_near(sound, time) for time in clicks] == pytest.approx(clicks, abs=0.01)
    assert _onset_near(sound, 1.5) == pytest.approx(1.5, abs=0.01)
    quiet = sound[int((clicks[1] + 0.4) * SAMPLE_RATE) : int(1.49 * SAMPLE_RATE)]
    assert _decibels(quiet) < -50
    assert _decibels(sound[: int(clicks[1] * SAMPLE_RATE)]) > -40


def test_tune_of_ten_minutes_is_in_time_to_its_end(page):
    notes = [_note(3 * n, 3, 60 + n % 12) for n in range(401)]
    sound = render(page, {"tempo": 120, "notes": notes})
    assert len(sound) / SAMPLE_RATE == pytest.approx(602.5)
    assert _onset_near(sound, 600) == pytest.approx(600, abs=0.01)
    assert _nearest_pitch(sound, HeardNote(600, 601, 0)) == 60 + 400 % 12


def _note(start, duration, pitch, velocity=0.71):
    return {"start": start, "duration": duration, "pitch": pitch, "velocity": velocity, "ids": []}


def _slower(note: HeardNote, rate: float) -> HeardNote:
    return HeardNote(note.start / rate, note.end / rate, note.pitch)


def _hertz(pitch: float) -> float:
    return 440 * 2 ** ((pitch - 69) / 12)


def _decibels(sound: np.ndarray) -> np.ndarray:
    """Return the level of each row in decibels below full scale."""
    return 10 * np.log10(np.mean(sound**2, axis=-1) + 1e-12)


def _window(sound: np.ndarray, note: HeardNote) -> np.ndarray:
    start, end = note.start + _LEAD, note.end
    return sound[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)]


def _fundamental(sound: np.ndarray, note: HeardNote) -> float:
    """Return the fundamental of a note in hertz, by autocorrelation and then by FFT.

    The pitch of the note is not used, only its times.
    """
    window = _window(sound, note)
    window = window * np.hanning(len(window))
    size = 1 << (2 * len(window)).bit_length()
    correlation = np.fft.irfft(np.abs(np.fft.rfft(window, size)) ** 2)
    taper = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(len(window)), size)) ** 2)
    lags = np.arange(int(SAMPLE_RATE / 2500), int(min(SAMPLE_RATE / 60, len(window) / 2)))
    strength = correlation[lags] / taper[lags]
    peaks = lags[1:-1][(strength[1:-1] > strength[:-2]) & (strength[1:-1] >= strength[2:])]
    heights = correlation[peaks] / taper[peaks]
    coarse = SAMPLE_RATE / peaks[np.argmax(heights > 0.85 * heights.max())]
    return _spectral_peak(window, coarse)


def _spectral_peak(window: np.ndarray, coarse: float) -> float:
    """Return the frequency of the spectral peak near a coarse frequency."""
    size = 1 << 16
    spectrum = np.abs(np.fft.rfft(window, size))
    low, high = (int(coarse * factor * size / SAMPLE_RATE) for factor in (0.95, 1.05))
    peak = low + int(np.argmax(spectrum[low : high + 1]))
    left, middle, right = np.log(spectrum[peak - 1 : peak + 2])
    offset = (left - right) / (2 * (left - 2 * middle + right))
    return (peak + offset) * SAMPLE_RATE / size


def _nearest_pitch(sound: np.ndarray, note: HeardNote) -> int:
    return round(69 + 12 * np.log2(_fundamental(sound, note) / 440))


def _strength(sound: np.ndarray, note: HeardNote, step: float) -> float:
    """Return the amplitude of the pitch that is ``step`` semitones from that of a note."""
    window = _window(sound, note)
    times = np.arange(len(window)) / SAMPLE_RATE
    tone = np.exp(-2j * np.pi * _hertz(note.pitch + step) * times)
    return float(abs(np.mean(window * np.hanning(len(window)) * tone)))


def _onset_near(sound: np.ndarray, time: float) -> float:
    """Return the time from 12 ms before to 40 ms after ``time`` at which a note begins.

    Notes that already sound are sums of decaying sines, so each sample is a linear combination
    of those before it. A new note begins where this prediction, fitted just before, fails.
    """
    padded = np.concatenate([np.zeros(SAMPLE_RATE // 10), sound])  # for a note at the beginning
    at = int(time * SAMPLE_RATE) + SAMPLE_RATE // 10
    before, after = (int(seconds * SAMPLE_RATE) for seconds in (0.05, 0.04))
    known = int(0.038 * SAMPLE_RATE)
    part = padded[at - before : at + after]
    rows = np.lib.stride_tricks.sliding_window_view(part, _ORDER + 1)
    past, next_sample = rows[:, :-1], rows[:, -1]
    fitted = known - _ORDER
    weights = np.linalg.lstsq(past[:fitted], next_sample[:fitted], rcond=1e-9)[0]
    error = np.abs(next_sample - past @ weights)
    is_new = error[fitted:] > max(20 * error[:fitted].max(), 1e-4)
    assert is_new.any(), f"no note begins near {time} s"
    return (at - before + known + int(np.argmax(is_new))) / SAMPLE_RATE - 0.1
