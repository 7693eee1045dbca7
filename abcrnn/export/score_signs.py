"""Signs of a score as music21 objects: keys, meters, clefs and tempos."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from abcrnn.export.score_notes import duration_of, note_values
from abcrnn.export.tune_text import printable
from abcrnn.notation.clefs import Clef
from abcrnn.notation.fields import Key, Meter, Tempo

if TYPE_CHECKING:
    from music21 import base, clef, stream

_MODES = {
    "maj": "major", "ion": "major", "m": "minor", "min": "minor", "aeo": "minor", "dor": "dorian",
    "phr": "phrygian", "lyd": "lydian", "mix": "mixolydian", "loc": "locrian",
}  # fmt: skip


def key_signature(written: Key) -> base.Music21Object:
    """Return a key, or a key signature if it has accidentals of its own or an unknown mode."""
    from music21 import key, pitch

    alters = {step: alter for step, alter in written.alters().items() if alter}
    usual = [Key("", fifths) for fifths in range(-7, 8)]
    same = [candidate.fifths for candidate in usual if candidate.alters() == alters]
    if written.changes and not same:
        signature = key.KeySignature(None)
        signature.alteredPitches = [
            pitch.Pitch(step, accidental=pitch.Accidental(alter)) for step, alter in alters.items()
        ]
        return signature
    signature = key.KeySignature(same[0] if written.changes else written.fifths)
    mode = _MODES.get(written.name.rpartition(" ")[2])
    return signature.asKey(mode) if mode and not written.changes else signature


def time_signature(written: Meter) -> base.Music21Object:
    """Return a time signature; a free meter has one without numbers."""
    from music21 import meter

    if not written.length:
        return meter.SenzaMisuraTimeSignature()
    signature = meter.TimeSignature(f"{'+'.join(map(str, written.beats))}/{written.unit}")
    signature.symbol = {"C": "common", "C|": "cut"}.get(written.text.upper(), "")
    return signature


def clef_sign(written: Clef) -> clef.Clef:
    """Return a clef."""
    from music21 import clef

    if written.sign == "percussion":
        return clef.PercussionClef()
    if written.sign == "none":
        return clef.NoClef()
    return clef.clefFromString(f"{written.sign}{written.line}", written.octave_change)


def fitting_clef(measures: Sequence[stream.Measure]) -> clef.Clef:
    """Return the clef that fits the notes; chord symbols, to music21 low notes, do not count."""
    from music21 import chord, clef, harmony, stream

    pitches = [
        pitch
        for measure in measures
        for sounding in measure.notes
        if not isinstance(sounding, harmony.Harmony)
        for pitch in sounding.pitches
    ]
    return clef.bestClef(stream.Stream([chord.Chord(pitches)]))


def tempo_signs(written: Tempo) -> list[base.Music21Object]:
    """Return the words and the metronome mark of a tempo."""
    from music21 import tempo

    beat, per_minute = written.beat, written.per_minute
    is_text = beat is None and '"' not in written.text
    words = printable(written.text if is_text else written.words).strip()
    signs: list[base.Music21Object] = []
    if words:
        signs.append(bold_words(words))
    if beat and per_minute:
        values = note_values(beat)
        if len(values) == 1 and values[0][1] == 1:
            mark = tempo.MetronomeMark(number=_plain(per_minute), referent=duration_of(*values[0]))
        else:
            # No note value has the length of the beat, such as 5/8: convert to quarter notes.
            mark = tempo.MetronomeMark(number=float(beat * 4 * per_minute))
        signs.append(mark)
    return signs


def bold_words(text: str) -> base.Music21Object:
    """Return words above the staff in bold letters."""
    from music21 import expressions

    words = expressions.TextExpression(text)
    words.placement, words.style.fontWeight = "above", "bold"
    return words


def _plain(number: int | Fraction) -> int | float:
    return number if isinstance(number, int) else float(number)
