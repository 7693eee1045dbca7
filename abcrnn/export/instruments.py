"""Instruments of General MIDI, by name or number."""

from __future__ import annotations

import difflib

#: The names of the 128 programs of General MIDI, from 0.
INSTRUMENTS = tuple(
    """Acoustic Grand Piano|Bright Acoustic Piano|Electric Grand Piano|Honky-tonk Piano
Electric Piano 1|Electric Piano 2|Harpsichord|Clavinet|Celesta|Glockenspiel|Music Box
Vibraphone|Marimba|Xylophone|Tubular Bells|Dulcimer|Drawbar Organ|Percussive Organ|Rock Organ
Church Organ|Reed Organ|Accordion|Harmonica|Tango Accordion|Acoustic Guitar (nylon)
Acoustic Guitar (steel)|Electric Guitar (jazz)|Electric Guitar (clean)|Electric Guitar (muted)
Overdriven Guitar|Distortion Guitar|Guitar Harmonics|Acoustic Bass|Electric Bass (finger)
Electric Bass (pick)|Fretless Bass|Slap Bass 1|Slap Bass 2|Synth Bass 1|Synth Bass 2|Violin
Viola|Cello|Contrabass|Tremolo Strings|Pizzicato Strings|Orchestral Harp|Timpani
String Ensemble 1|String Ensemble 2|Synth Strings 1|Synth Strings 2|Choir Aahs|Voice Oohs
Synth Choir|Orchestra Hit|Trumpet|Trombone|Tuba|Muted Trumpet|French Horn|Brass Section
Synth Brass 1|Synth Brass 2|Soprano Sax|Alto Sax|Tenor Sax|Baritone Sax|Oboe|English Horn
Bassoon|Clarinet|Piccolo|Flute|Recorder|Pan Flute|Blown bottle|Shakuhachi|Whistle|Ocarina
Lead 1 (square)|Lead 2 (sawtooth)|Lead 3 (calliope)|Lead 4 chiff|Lead 5 (charang)
Lead 6 (voice)|Lead 7 (fifths)|Lead 8 (bass + lead)|Pad 1 (new age)|Pad 2 (warm)
Pad 3 (polysynth)|Pad 4 (choir)|Pad 5 (bowed)|Pad 6 (metallic)|Pad 7 (halo)|Pad 8 (sweep)
FX 1 (rain)|FX 2 (soundtrack)|FX 3 (crystal)|FX 4 (atmosphere)|FX 5 (brightness)
FX 6 (goblins)|FX 7 (echoes)|FX 8 (sci-fi)|Sitar|Banjo|Shamisen|Koto|Kalimba|Bagpipe|Fiddle
Shanai|Tinkle Bell|Agogo|Steel Drums|Woodblock|Taiko Drum|Melodic Tom|Synth Drum
Reverse Cymbal|Guitar Fret Noise|Breath Noise|Seashore|Bird Tweet|Telephone Ring|Helicopter
Applause|Gunshot""".replace("\n", "|").split("|")
)


def program_number(instrument: str | int) -> int:
    """Return the General MIDI program, 0 to 127, for a number or an instrument name.

    Parameters
    ----------
    instrument : str or int
        A name or a part of one, such as ``"flute"``, or a number from 0.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If no instrument, or more than one, has that name; the message lists some.

    Examples
    --------
    >>> program_number("fiddle")
    110
    """
    text = str(instrument).strip()
    if isinstance(instrument, bool) or not text:
        raise ValueError(f"instrument must be a number from 0 to 127 or a name, not {instrument!r}")
    if text.lstrip("+-").isdecimal():
        if len(text) <= 6 and 0 <= int(text) <= 127:
            return int(text)
        raise ValueError(f"instrument must be a number from 0 to 127 or a name, not {text:.20}")
    wanted = text.lower()
    found = [name for name in INSTRUMENTS if wanted in name.lower()]
    exact = [name for name in found if name.lower() == wanted]
    if len(exact or found) == 1:
        return INSTRUMENTS.index((exact or found)[0])
    raise ValueError(
        f"{len(found) or 'no'} instruments of General MIDI are called {text[:40]!r}; "
        + (f"take one name or number: {', '.join(found)[:160]}" if found else _nearest(wanted))
    )


def _nearest(wanted: str) -> str:
    """Return the hint for an unknown name: the nearest name, or some of all."""
    words = {word.strip("()").lower(): name for name in INSTRUMENTS for word in name.split()}
    words |= {name.lower(): name for name in INSTRUMENTS}
    near = difflib.get_close_matches(wanted, list(words), n=1)
    if near:
        return f"did you mean {words[near[0]]} ({INSTRUMENTS.index(words[near[0]])})?"
    return f"take one name or number: {', '.join(INSTRUMENTS)[:160]}"
