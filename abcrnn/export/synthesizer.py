"""Notes as samples of sound: a plucked and a blown voice, and a soft one for chords.

A note is a sum of sine partials. Partial ``n`` of a note of frequency ``f``, ``t`` seconds after
its start, is ``a_n * sin(2 pi n f t) * exp(-t / tau_n)``, and ``tau_n`` falls with ``n`` and with
the frequency. The player of the web pages has the same voices.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from abcrnn.export.timbres import Timbre

SAMPLE_RATE = 44_100  # samples a second

_BLOCK = 2**16  # samples that are computed together: bounds memory
_END = 7  # time constants after which a sound is cut, below 0.1 % of its level
_HIGHEST = 0.45  # of the sample rate; partials at or above it are left out

# The limiter leaves samples up to the knee as they are; none reaches 1.
_KNEE, _ABOVE_KNEE = 0.6, 0.38


class Sound(NamedTuple):
    """A note with its start and duration in seconds, its MIDI pitch and its timbre."""

    start: float
    duration: float
    pitch: int
    timbre: Timbre

    @property
    def sounding(self) -> float:
        """Seconds from the start until the release."""
        return max(self.duration - self.timbre.gap, self.duration / 2)

    @property
    def length(self) -> float:
        """Seconds from the start until the sound is cut."""
        end = self.sounding + _END * self.timbre.release
        tau = _time_constant(self.pitch, self.timbre)
        return end if tau is None else min(end, _END * tau)


def mix(sounds: Iterable[Sound], seconds: float) -> NDArray[np.float32]:
    """Return the sum of sounds.

    Equal notes are computed once. The memory is that of the result, and the time is in
    proportion to the length of all sounds together.

    Parameters
    ----------
    sounds : iterable of Sound
    seconds : float
        Length of the result; later samples are left out.

    Returns
    -------
    ndarray, shape (samples,), float32
        Not limited: samples may be above 1.
    """
    mixed = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    starts: dict[Sound, list[int]] = {}
    for sound in sounds:
        # Durations that differ by rounding only are the same note.
        note = sound._replace(start=0.0, duration=round(sound.duration, 6))
        starts.setdefault(note, []).append(round(sound.start * SAMPLE_RATE))
    for note, firsts in starts.items():
        for offset, samples in _blocks(note):
            for first in firsts:
                part = mixed[first + offset : first + offset + len(samples)]
                part += samples[: len(part)]
    return mixed


def limit(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return samples of which none reaches 1; those up to 0.6 stay the same."""
    loud = np.abs(samples) > _KNEE
    if not loud.any():
        return samples
    limited = samples.copy()
    above = (np.abs(samples[loud]) - _KNEE) / _ABOVE_KNEE
    limited[loud] = np.sign(samples[loud]) * (_KNEE + _ABOVE_KNEE * np.tanh(above))
    return limited


def frequency(pitch: int) -> float:
    """Return the frequency in hertz of a MIDI pitch: equal temperament, A4 is 440."""
    return float(440 * 2 ** ((pitch - 69) / 12))


def _time_constant(pitch: int, timbre: Timbre) -> float | None:
    """Return the time constant of the first partial in seconds; None if it is sustained."""
    if timbre.decay is None:
        return None
    return min(1.0, timbre.decay * math.sqrt(440 / frequency(pitch)))


def _blocks(sound: Sound) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield the samples of a note in blocks, each with its offset."""
    count = round(sound.length * SAMPLE_RATE)
    for offset in range(0, count, _BLOCK):
        times = np.arange(offset, min(offset + _BLOCK, count)) / SAMPLE_RATE
        samples = _partials(sound, times) * _envelope(sound, times) * sound.timbre.level
        yield offset, samples.astype(np.float32)


def _partials(sound: Sound, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of the partials, each with its decay."""
    pitch, timbre = sound.pitch, sound.timbre
    phase = 2 * math.pi * frequency(pitch) * times
    tau = _time_constant(pitch, timbre)
    decay = np.ones_like(times) if tau is None else np.exp(-times / tau)
    damping = np.ones_like(times) if tau is None else np.exp(-times * timbre.damping / tau)
    audible = int(_HIGHEST * SAMPLE_RATE / frequency(pitch) - 1e-9)
    total = np.zeros_like(times)
    # sin(n x) from the two before: sin(n x) = 2 cos(x) sin((n - 1) x) - sin((n - 2) x).
    before, sine, twice_cosine = np.zeros_like(times), np.sin(phase), 2 * np.cos(phase)
    for amplitude in timbre.partials[:audible]:
        total += amplitude * sine * decay
        before, sine = sine, twice_cosine * sine - before
        decay = decay * damping
    return total / sum(timbre.partials)


def _envelope(sound: Sound, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rise at the start and the fall after the end."""
    attack = min(sound.timbre.attack, sound.sounding / 2)
    rise = np.minimum(1.0, times / attack) if attack else 1.0
    return rise * np.exp(-np.maximum(0.0, times - sound.sounding) / sound.timbre.release)
