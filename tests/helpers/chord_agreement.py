"""How often suggested chords agree with the chord symbols that a corpus has.

PYTHONPATH=tests python -m helpers.chord_agreement

It prints the figures of docs/chords.md: for each beat, the chord in force is compared.
"""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from abcrnn.data.corpus import load_corpus
from abcrnn.notation import Voice, read_tune
from abcrnn.notation.chord_symbols import parse_chord_symbol
from abcrnn.notation.chord_writing import add_chords

_CHORD_SYMBOL = re.compile(r'"[^"^_<>@]*"')
Chord = tuple[int, bool]  # pitch class of the root, and whether the third is minor


def without_chords(tune: str) -> str:
    """Return a tune without its chord symbols."""
    header, key, body = tune.partition("\nK:")
    return header + key + _CHORD_SYMBOL.sub("", body)


def chords_of(voice: Voice) -> list[tuple[Fraction, Chord]]:
    """Return the onset and the chord of each chord symbol that is understood."""
    found = []
    for bar in voice.bars:
        for event in bar.events:
            chord = parse_chord_symbol(event.chord_symbol)
            if chord and chord.root:
                third = set(chord.quality.semitones) & {3, 4}
                found.append((event.onset, (chord.root.midi % 12, third == {3})))
    return found


def beats_of(voice: Voice) -> Iterator[Fraction]:
    """Yield the onset of each beat."""
    for bar in voice.bars:
        compound = bar.meter.compound and bar.meter.unit == 8
        beat = Fraction(3, 8) if compound else Fraction(1, bar.meter.unit)
        onset = bar.onset
        while onset < bar.onset + bar.length:
            yield onset
            onset += beat


def in_force(chords: Sequence[tuple[Fraction, Chord]], onset: Fraction) -> Chord | None:
    """Return the last chord up to an onset."""
    return next((chord for start, chord in reversed(chords) if start <= onset), None)


def agreement(tunes: Sequence[str]) -> dict[str, float]:
    """Return the number of beats and the shares of them that agree, also for the tonic alone."""
    counts = dict.fromkeys(("beats", "root", "root and quality", "tonic"), 0)
    for tune in tunes:
        real = read_tune(tune)
        if not real.voices or not real.key.tonic:
            continue
        expected = chords_of(real.voices[0])
        suggested = chords_of(read_tune(add_chords(without_chords(tune))).voices[0])
        for onset in beats_of(real.voices[0]):
            ours, theirs = in_force(suggested, onset), in_force(expected, onset)
            if ours is None or theirs is None:
                continue
            bar = next(bar for bar in reversed(real.voices[0].bars) if bar.onset <= onset)
            counts["beats"] += 1
            counts["root"] += ours[0] == theirs[0]
            counts["root and quality"] += ours == theirs
            counts["tonic"] += theirs == _tonic(bar.key)
    beats = counts.pop("beats")
    return {"beats": beats, **{name: count / beats for name, count in counts.items()}}


def _tonic(key) -> Chord:
    letter, alter = key.tonic
    return ("C D EF G A B".index(letter) + alter) % 12, key.name.endswith((" m", " min"))


if __name__ == "__main__":
    _, _, test = load_corpus("jigs").split(validation=0.1, test=0.1, seed=0)
    for name, share in agreement(test.tunes).items():
        print(name, round(share, 3))
