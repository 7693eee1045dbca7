"""One tune of ABC text to MIDI or MusicXML, by way of music21.

music21's own ABC parser takes hours, gigabytes or the wrong notes over texts
that a character model writes every day, so it never sees the text itself. The
tune is read here, within fixed bounds, and told again in the small part of ABC
that music21 reads rightly: every length a plain fraction of a quarter note,
every accidental written out, ties only between equal pitches. For MIDI the
repeats are written out as they are played; in MusicXML they stay signs.

Not carried over: grace notes, decorations, slurs, lyrics, the part order (P:);
chord symbols go to MusicXML alone. Several voices are refused, not mixed up.

Conventions: lengths are in quarter notes; lines and columns count from 1.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import takewhile
from typing import TYPE_CHECKING, NoReturn

from abcrnn.files import write_bytes
from abcrnn.notation.errors import ABCError

if TYPE_CHECKING:
    from music21 import abcFormat, stream

# music21 needs up to a millisecond a note, and the square of that within one bar or over many
# changes of key: these bounds keep every text to a few seconds. Real tunes stay far inside.
_MOST_CHARACTERS = 50_000
_MOST_NOTES = 2_500
_MOST_PLAYED = 5_000
_MOST_IN_BAR = 200
_MOST_CHANGES = 100
_LONGEST_NOTE = 64  # quarter notes: sixteen whole notes
_FINEST_NOTE = 1_024  # music21 rounds fractions with a denominator over 65,535

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_COMMENT = re.compile(r"(?<!\\)%.*")
_FIELD = re.compile(r"\s*([A-Zmrsw+]):(?![|:])(.*)")  # "A:|" and "A::" are music
_METER = re.compile(r"\(?\s*(\d{1,2}(?:\s*\+\s*\d{1,2}){0,7})\s*\)?\s*/\s*(64|32|16|8|4|2|1)(?!\d)")
_UNIT = re.compile(r"(\d)(?:/(\d{1,3}))?(?!\d)")
_KEY = re.compile(r"(?i)([A-G])([#b]?)\s*(?:(maj|ion|mix|dor|phr|lyd|loc|min|aeo)[a-z]*|(m)\b)?")
_FIFTHS = ["Fb", "Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B",
           "F#", "C#", "G#", "D#", "A#", "E#", "B#"]  # fmt: skip
_MODES = {
    "maj": ("major", 0), "ion": ("ionian", 0), "lyd": ("lydian", 1), "mix": ("mixolydian", -1),
    "dor": ("dorian", -2), "m": ("minor", -3), "min": ("minor", -3), "aeo": ("aeolian", -3),
    "phr": ("phrygian", -4), "loc": ("locrian", -5),
}  # fmt: skip
_TEMPO = re.compile(r"(?:(\d{1,2})/(\d{1,2})[^=]*=)?\s*(\d{1,4})(?![\d/])")
_STEPS = "ABCDEFGabcdefg"
_NOTE = re.compile(r"(\^\^|\^|__|_|=)?([A-Ga-gxz])([,']*)(\d*/*\d*)")
_CHORD_SYMBOL = re.compile(
    r"[A-G][#b]?(?:m|min|7|m7|maj7|6|m6|9|m9|dim|dim7|aug|\+|sus4|sus2)?(?:/[A-G][#b]?)?"
)
# The music code of ABC 2.1, section 4. The first form that fits wins, its name is the method
# of _Reader that takes it; what no form fits is passed over, as section 8.1 asks.
_MUSIC = re.compile(
    rf"""(?P<quoted>"[^"]*") | (?P<unquoted>") | (?P<overlay>&)
    | (?P<passed>\{{[^}}]*\}} | ![^!|"\s]{{1,24}}! | \+[a-z]{{1,24}}\+ | y\d*)
    | (?P<inline>\[[A-Za-z]:[^\]]*\])
    | (?P<bar>(?:\[\|[|\]:]*|:+\|[|\]:]*|\|[|\]:]*|::+|\[(?=[1-9]))
              (?:[1-9](?:-[1-9])?(?:,[1-9](?:-[1-9])?)*)?)
    | (?P<chord>\[[^\[\]|]*\]\d*/*\d*) | (?P<unclosed>\[)
    | (?P<note>{_NOTE.pattern}) | (?P<rest>[ZX]\d*)
    | (?P<tuplet>\([2-9](?::[1-9]?(?::\d{{0,2}})?)?)
    | (?P<broken>>+|<+) | (?P<tie>-)""",
    re.VERBOSE,
)


def to_midi(tune: str, path: str | os.PathLike[str]) -> None:
    """Write one tune as a MIDI file, repeats as they are played.

    Parameters
    ----------
    tune : str
        One tune of ABC, its header included.
    path : path-like
        Where the file shall stand. It is written whole or not at all, and no
        other file is opened for writing but the one renamed to it.

    Raises
    ------
    ABCError
        If the text is not one tune that can be played; see :func:`to_midi_bytes`.
    OSError
        If the disk refuses.
    """
    write_bytes(path, to_midi_bytes(tune))


def to_midi_bytes(tune: str) -> bytes:
    """Play one tune into the bytes of a MIDI file.

    Parameters
    ----------
    tune : str
        One tune of ABC, its header included.

    Returns
    -------
    bytes
        A standard MIDI file, 10,080 ticks a quarter note; a quarter lasts half
        a second unless ``Q:`` says otherwise. Equal tunes give equal bytes.

    Raises
    ------
    ABCError
        If the text has no ``K:`` field, no notes, more than one tune or more
        than one voice, an open quotation or chord, a character that no text
        may hold, or if it is larger or holds longer notes than any tune does.

    References
    ----------
    The ABC music standard 2.1: sections 3.1.6 to 3.1.8 and 3.1.14 (M:, L:, Q:,
    K:), 4.2 to 4.4 (accidentals, lengths, broken rhythm), 4.8 to 4.11 (repeats,
    endings, ties), 4.13 (tuplets) and 4.17 (chords).
    """
    reader = _Reader(tune)
    bars = reader.played()
    try:
        from music21.midi import translate
        from music21.stream import Part

        # Without measures, since music21 would look for repeats in them for a third of a second.
        part = Part()
        _append(_tokens(_retold(bars, with_symbols=False)), part, measured=False)
        data: bytes = translate.streamToMidiFile(part).writestr()
    except Exception as error:
        raise ABCError(f"music21 cannot make MIDI of this tune: {error}") from error
    return data


def to_musicxml(tune: str, path: str | os.PathLike[str]) -> None:
    """Write one tune as MusicXML: notes, bars, repeats and chord symbols as written.

    Parameters
    ----------
    tune : str
        One tune of ABC, its header included.
    path : path-like
        Where the file shall stand; it is written whole or not at all.

    Raises
    ------
    ABCError
        If the text is not one tune that can be read; see :func:`to_midi_bytes`.
    OSError
        If the disk refuses.
    """
    reader = _Reader(tune)
    try:
        data = _musicxml(reader)
    except Exception as error:
        raise ABCError(f"music21 cannot make MusicXML of this tune: {error}") from error
    write_bytes(path, data)


@dataclass
class _Note:
    """A note, a chord or (without heads) a rest."""

    heads: list[tuple[str, str]]  # accidental and pitch, both as ABC writes them
    length: Fraction  # quarter notes
    symbol: str  # a chord symbol, or ""
    fields: tuple[str, ...]  # the M:, Q: and K: in force
    tied: bool = False


@dataclass
class _Bar:
    notes: list[_Note] = field(default_factory=list)
    opens: bool = False  # "|:" stands before it
    passes: int = 1  # 2 if ":|" stands after it, 3 if "::|"
    endings: frozenset[int] = frozenset()  # the passes that play it; empty for all of them


class _Reader:
    """One tune of ABC, read into bars."""

    def __init__(self, tune: str) -> None:
        self.bars = [_Bar()]
        self.texts: dict[str, str] = {}  # the first T: and C:
        self._fields = {"M": "M:none", "Q": "", "K": ""}
        self._unit: Fraction | None = None
        self._bar_length = Fraction(4)
        self._compound = False
        self._key_accidentals: dict[str, str] = {}
        self._accidentals: dict[str, str] = {}
        self._last: _Note | None = None
        self._symbol = ""
        self._next_ratio = Fraction(1)  # what broken rhythm does to the next note
        self._tuplet_ratio, self._tuplet_left = Fraction(1), 0
        self._voices: set[str] = set()
        self._tunes = self._changes = self._heads = self._size = self._line = self._column = 0
        if len(tune) > _MOST_CHARACTERS:
            self._fail(f"{len(tune)} characters are no single tune; at most {_MOST_CHARACTERS}")
        over = False
        for self._line, line in enumerate(re.split("\r\n|\r|\n", tune), start=1):
            if bad := _NOT_XML.search(line):
                self._column = bad.start() + 1
                self._fail(f"the character {bad.group()!r} has no place in ABC text")
            self._column = 1
            over = over or (not line.strip() and self._last is not None)  # ABC 2.1, section 2.2
            self._read_line(_COMMENT.sub("", line), over)
        self._line = self._column = 0
        self.bars = [bar for bar in self.bars if bar.notes]
        if not self._fields["K"]:
            self._fail("the tune has no K: field, which ends the header")
        if not self._heads:
            self._fail("the tune has no notes")

    def _fail(self, message: str) -> NoReturn:
        raise ABCError(message, self._line, self._column)

    def _read_line(self, line: str, over: bool) -> None:
        found = _FIELD.match(line)
        if found and (not over or found[1] == "X"):
            self._field(found[1], found[2].strip())
        elif self._fields["K"] and not over and not found:
            for form in _MUSIC.finditer(line):
                self._column = form.start() + 1
                getattr(self, f"_{form.lastgroup}")(form.group())

    def _field(self, letter: str, value: str) -> None:
        if letter == "X":
            self._tunes += 1
            if self._tunes > 1 or self._fields["K"]:
                self._fail("a second X: field: give one tune at a time")
        elif letter in "TC":
            self.texts.setdefault(letter, value)
        elif letter == "V":
            self._voices.add(value.split()[0] if value else "")
            if len(self._voices) > 1:
                self._fail("more than one voice (V:) cannot be converted yet")
        elif letter == "L":
            unit = _UNIT.match(value)
            if not unit or not int(unit[1]) or not int(unit[2] or 1):
                self._fail(f"L:{value[:20]} is no unit note length such as L:1/8")
            self._unit = Fraction(4 * int(unit[1]), int(unit[2] or 1))
        elif letter in "MQK":
            self._changes += 1
            if self._changes > _MOST_CHANGES:
                self._fail(f"more than {_MOST_CHANGES} changes of meter, tempo and key")
            {"M": self._meter, "Q": self._tempo, "K": self._key}[letter](value)

    def _meter(self, value: str) -> None:
        value = {"C": "4/4", "C|": "2/2"}.get(value, value)
        if value.lower() in ("", "none"):
            self._fields["M"] = "M:none"
            return
        meter = _METER.match(value)
        beats = sum(int(part) for part in meter[1].split("+")) if meter else 0
        if not meter or not 1 <= beats <= 99:
            self._fail(f"M:{value[:20]} is no meter such as M:6/8, M:C, M:C| or M:none")
        self._bar_length = Fraction(4 * beats, int(meter[2]))
        self._compound = beats > 3 and beats % 3 == 0
        self._fields["M"] = f"M:{beats}/{meter[2]}"

    def _tempo(self, value: str) -> None:
        tempo = _TEMPO.search(re.sub('"[^"]*"', "", value))
        if not tempo:
            return  # a word such as "Lively" alone: no speed that could be kept
        if tempo[1] and not (int(tempo[1]) and int(tempo[2])):
            self._fail(f"Q:{value[:20]} is no tempo such as Q:1/4=120")
        unit = (self._unit or Fraction(1, 2)) / 4
        if tempo[1]:
            unit = Fraction(int(tempo[1]), int(tempo[2]))
        if not 5 <= int(tempo[3]) * unit * 4 <= 2_000:
            self._fail(f"Q:{value[:20]} is slower than 5 or faster than 2000 quarters a minute")
        self._fields["Q"] = f"Q:{unit.numerator}/{unit.denominator}={int(tempo[3])}"

    def _key(self, value: str) -> None:
        if self._unit is None:  # ABC 2.1, section 3.1.7; a later M: no longer changes it
            free = self._fields["M"] == "M:none"
            self._unit = Fraction(1, 2) if free or self._bar_length >= 3 else Fraction(1, 4)
        name, rest = "C", value
        if value.startswith(("HP", "Hp")):  # the pipes: no key signature, or two sharps
            name, rest = ("C" if value[1] == "P" else "D"), value[2:]
        elif key := _KEY.match(value):
            tonic, rest = key[1].upper() + key[2].lower(), value[key.end() :]
            mode, shift = _MODES[(key[3] or key[4] or "maj").lower()]
            sharps = _FIFTHS.index(tonic) - _FIFTHS.index("C") + shift
            if not -7 <= sharps <= 7:
                self._fail(f"K:{value[:20]} has more than seven sharps or flats")
            name = f"{tonic} {mode}"
            if mode == "locrian" or tonic == "Fb":  # unknown to music21
                name = _FIFTHS[_FIFTHS.index("C") + sharps]
            if re.match(r"\s*exp\b", rest):
                name = "C"
        elif value and not re.match(r"none\b|[a-z]+=|[\^_=]|treble|bass|alto|tenor", value):
            self._fail(f"K:{value[:20]} is no key such as K:G, K:Am, K:D mixolydian or K:none")
        altered = re.findall(r"(?:^|\s)(\^\^?|__?|=)([A-Ga-g])\b", rest)
        self._key_accidentals = {step.upper(): accidental for accidental, step in altered}
        self._fields["K"] = f"K:{name}"

    # The forms of _MUSIC, by their names.

    def _quoted(self, text: str) -> None:
        if _CHORD_SYMBOL.fullmatch(text[1:-1].strip()):  # others are annotations
            self._symbol = text

    def _unquoted(self, text: str) -> None:
        self._fail('a quotation that no second " on the line closes')

    def _overlay(self, text: str) -> None:
        self._fail("a second voice in the bar (&) cannot be converted yet")

    def _passed(self, text: str) -> None:
        """Leave out what is not heard."""

    def _inline(self, text: str) -> None:
        self._field(text[1], text[3:-1].strip())

    def _unclosed(self, text: str) -> None:
        self._fail("a chord or field opened by [ that no ] closes before the next bar line")

    def _bar(self, text: str) -> None:
        signs = text.rstrip("123456789,-")
        self._accidentals = {}
        if self.bars[-1].notes:
            self.bars.append(_Bar(endings=self.bars[-1].endings))
        bar = self.bars[-1]
        repeats = len(signs) - len(signs.lstrip(":")) if "|" in signs else signs.count(":") // 2
        if repeats and len(self.bars) > 1:
            self.bars[-2].passes = min(repeats, 3) + 1
        bar.opens = bar.opens or signs.endswith(":")
        if repeats or bar.opens or "||" in signs or signs in ("|]", "[|", "[|]"):
            bar.endings = frozenset()
        if numbers := text[len(signs) :]:
            spans = [part.partition("-") for part in numbers.split(",")]
            bar.endings = frozenset(
                number for low, _, high in spans for number in range(int(low), int(high or low) + 1)
            )

    def _note(self, text: str) -> None:
        for found in _NOTE.finditer(text):  # exactly one
            heads = [self._head(found)] if found[2] in _STEPS else []
            self._add(heads, self._times(found[4]) * (self._unit or 1))

    def _rest(self, text: str) -> None:
        self._add([], self._times(text[1:]) * self._bar_length)

    def _chord(self, text: str) -> None:
        inside, _, times = text.partition("]")
        notes = _NOTE.finditer(re.sub('"[^"]*"', "", inside))
        found = [note for note in notes if note[2] in _STEPS]
        if found:  # all last as long as the first: ABC 2.1, section 4.17
            heads = sorted({self._head(note) for note in found})
            self._add(heads, self._times(times) * self._times(found[0][4]) * (self._unit or 1))
            if "-" in inside:
                self._tie("-")

    def _tuplet(self, text: str) -> None:
        p, q, r = (int(number or 0) for number in (text[1:] + "::").split(":")[:3])
        beat = 3 if self._compound else 2  # ABC 2.1, section 4.13
        default = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(p, beat)
        self._tuplet_ratio, self._tuplet_left = Fraction(q or default, p), r or p

    def _broken(self, text: str) -> None:
        if len(text) > 3:
            self._fail("broken rhythm has one to three signs, as in A>B or A<<B")
        if self._last and self._next_ratio == 1:
            short = Fraction(1, 2 ** len(text))
            before, after = (2 - short, short) if text[0] == ">" else (short, 2 - short)
            self._last.length *= before
            self._next_ratio = after

    def _tie(self, text: str) -> None:
        if self._last:
            self._last.tied = True

    def _head(self, note: re.Match[str]) -> tuple[str, str]:
        step, octave = note[2].upper(), note[2].islower() + note[3].count("'") - note[3].count(",")
        if not -4 <= octave <= 4:
            self._fail(f"{note[0][:20]} lies outside the range of MIDI")
        pitch = step.lower() + "'" * (octave - 1) if octave > 0 else step + "," * -octave
        if note[1]:
            self._accidentals[step] = note[1]
        # The order of ABC 2.1, sections 4.2 and 11.3; a tie carries over the bar line.
        tied = self._last.heads if self._last and self._last.tied else []
        carried = {pitch: accidental for accidental, pitch in tied if accidental}
        accidental = self._accidentals.get(step) or carried.get(pitch)
        return accidental or self._key_accidentals.get(step, ""), pitch

    def _times(self, text: str) -> Fraction:
        above, slashes, below = re.fullmatch(r"(\d*)(/*)(\d*)", text).groups()  # type: ignore[union-attr]
        if max(len(above), len(slashes), len(below)) > 4:
            self._fail(f"the note length {text[:20]} is beyond any music")
        ratio = int(above or 1), int(below or 2 ** len(slashes))
        if not all(ratio):
            self._fail(f"the note length {text} has a 0 in it")
        return Fraction(*ratio)

    def _add(self, heads: list[tuple[str, str]], length: Fraction) -> None:
        if self._tuplet_left:
            self._tuplet_left -= 1
            length *= self._tuplet_ratio
        length *= self._next_ratio
        self._next_ratio = Fraction(1)
        if length > _LONGEST_NOTE or length.denominator > _FINEST_NOTE:
            self._fail(f"a note of {length} quarter notes; at most {_LONGEST_NOTE}, no finer than "
                       f"1/{_FINEST_NOTE}")  # fmt: skip
        self._heads += len(heads)
        self._size += max(1, len(heads))
        if self._size > _MOST_NOTES or len(self.bars[-1].notes) >= _MOST_IN_BAR:
            self._fail(f"more than {_MOST_NOTES} notes in the tune, or {_MOST_IN_BAR} in one bar")
        self._last = _Note(heads, length, self._symbol, tuple(self._fields.values()))
        self._symbol = ""
        self.bars[-1].notes.append(self._last)

    def played(self) -> list[_Bar]:
        """Put the bars in the order they are heard: ABC 2.1, sections 4.8 to 4.10.

        A section begins at ``|:`` and after any ``:|`` or last ending, since
        most tunes of these corpora leave the ``|:`` out.
        """
        order: list[_Bar] = []
        section: list[_Bar] = []
        for bar, following in zip(self.bars, [*self.bars[1:], None], strict=True):
            section.append(bar)
            closed = bar.passes > 1 or bar.endings
            if following and not following.opens and (following.endings or not closed):
                continue
            passes = max(max(bar.passes, *bar.endings, 1) for bar in section)
            for number in range(1, passes + 1):
                order += [bar for bar in section if not bar.endings or number in bar.endings]
            section = []
            if sum(len(bar.notes) for bar in order) > _MOST_PLAYED:
                self._fail(f"more than {_MOST_PLAYED} notes once the repeats are played")
        return order


def _retold(bars: Iterable[_Bar], with_symbols: bool) -> str:
    """Tell the bars again in ABC that music21 reads rightly; long lines would cost it dear."""
    notes = [(bar, note) for bar in bars for note in bar.notes]
    words = ["L:1/4"]
    force: tuple[str, ...] = ()
    for index, (bar, note) in enumerate(notes):
        words += [line for line in note.fields if line and line not in force]
        force = note.fields
        following = notes[index + 1][1] if index + 1 < len(notes) else None
        name = "".join(accidental + pitch for accidental, pitch in note.heads) or "z"
        tied = note.tied and note.heads and following and following.heads == note.heads
        words.append(
            (note.symbol if with_symbols else "")
            + (f"[{name}]" if len(note.heads) > 1 else name)
            + f"{note.length.numerator}/{note.length.denominator}"
            + ("-" if tied else "")
        )
        if note is bar.notes[-1]:
            words.append("|")
    return "\n".join(words) + "\n"


def _tokens(text: str) -> list[abcFormat.ABCToken]:
    from music21.abcFormat import ABCHandler

    # Version 1.3 carries no accidental on by itself: every one is written out already.
    handler = ABCHandler(abcVersion=(1, 3, 0))
    handler.process(text)
    tokens: list[abcFormat.ABCToken] = handler.tokens
    return tokens


def _append(
    tokens: Iterable[abcFormat.ABCToken], target: stream.Part | stream.Measure, measured: bool
) -> None:
    """Append the notes, keys, meters and tempos of some tokens to a part or measure."""
    from music21.abcFormat import ABCChord, ABCMetadata, ABCNote, translate
    from music21.tie import Tie

    for token in tokens:
        if isinstance(token, ABCMetadata):
            translate.metadataToM21Object(token, target, 0, False, measured)
        elif isinstance(token, ABCNote):
            translate.parseABCNote(token, target)
            if isinstance(token, ABCChord) and token.tie:  # music21 ties single notes only
                target.coreElementsChanged()
                target.notes[-1].tie = Tie(token.tie)
    target.coreElementsChanged()


def _musicxml(reader: _Reader) -> bytes:
    """Write the tune as it stands: one measure a bar, repeats and endings as signs."""
    from music21 import metadata, stream
    from music21.abcFormat import ABCBar
    from music21.bar import Repeat
    from music21.instrument import Instrument
    from music21.musicxml.m21ToXml import GeneralObjectExporter
    from music21.spanner import RepeatBracket
    from music21.stream.makeNotation import makeTupletBrackets

    player = Instrument(instrumentName="Tune")
    player.partId, player.instrumentId = "P1", "P1-I1"  # else random ones
    part = stream.Part([player])
    tokens = iter(_tokens(_retold(reader.bars, with_symbols=True)))
    endings: list[tuple[frozenset[int], list[stream.Measure]]] = []
    for number, bar in enumerate(reader.bars, start=1):
        measure = stream.Measure(number=number)
        _append(takewhile(lambda token: not isinstance(token, ABCBar), tokens), measure, True)
        measure.splitAtDurations()
        if bar.opens:
            measure.leftBarline = Repeat(direction="start")
        if bar.passes > 1:
            measure.rightBarline = Repeat(direction="end", times=bar.passes)
        if bar.endings and endings and endings[-1][0] == bar.endings:
            endings[-1][1].append(measure)
        else:
            endings.append((bar.endings, [measure]))
        part.append(measure)
    first = part.getElementsByClass(stream.Measure)[0]
    if first.timeSignature and first.barDurationProportion() < 1:
        first.padAsAnacrusis()  # so that the beams of a pickup fall on its beats
        for measure in part.getElementsByClass(stream.Measure):
            measure.number -= 1
    for note in part.recurse().notes:
        for pitch in note.pitches:
            if pitch.accidental:  # written out for music21; shown only where a reader needs it
                pitch.accidental.displayStatus = None
    part.makeAccidentals(inPlace=True)
    part.makeBeams(inPlace=True)
    for measure in part.getElementsByClass(stream.Measure):
        makeTupletBrackets(measure, inPlace=True)
    for passes, measures in endings:
        if passes:
            part.insert(0, RepeatBracket(measures, number=",".join(map(str, sorted(passes)))))
    score = stream.Score([part])
    score.metadata = metadata.Metadata(title=reader.texts.get("T"), composer=reader.texts.get("C"))
    exporter = GeneralObjectExporter(score)
    exporter.makeNotation = False  # it would fill short bars with rests and split long ones wrongly
    data: bytes = exporter.parse()
    # Equal tunes give equal bytes: not the day, nor music21's own name in place of missing fields.
    noise = (
        rb'\n *<(?:encoding-date>|software>|creator type="composer">Music21<'
        rb"|movement-title>Music21 Fragment<).*"
    )
    return re.sub(noise, b"", data)
