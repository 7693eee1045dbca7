"""What music21 cannot write, added to the tree of elements that it writes.

The elements of a measure are found by their order, which is that of the events of its bar.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element, SubElement

from abcrnn.export.score import field_texts
from abcrnn.export.score_layout import measure_numbers, padded_voices
from abcrnn.export.score_marks import MARK_TEXTS
from abcrnn.export.score_notes import note_values
from abcrnn.export.tempos import initial_speed
from abcrnn.export.tune_text import printable
from abcrnn.notation.chord_symbols import note_names, parse_chord_symbol
from abcrnn.notation.tune import Bar, Event, Syllable, Tune

# By the beginning of a mark, without spaces: what a player does there.
_SOUNDS = {
    "fine": {"fine": "yes"}, "tocoda": {"tocoda": "coda"}, "dacoda": {"tocoda": "coda"},
    "d.c": {"dacapo": "yes"}, "dacapo": {"dacapo": "yes"},
    "d.s": {"dalsegno": "segno"}, "dalsegno": {"dalsegno": "segno"},
}  # fmt: skip
_DRUMS = 10  # the MIDI channel of percussion, of 16
_JUSTIFIED = {"title": "center", "subtitle": "center", "composer": "right", "lyrics": "left"}
_ACCIDENTALS = {"0": "", "1": "#", "-1": "b", "2": "##", "-2": "bb"}
_ASCII_ACCIDENTALS = str.maketrans({"♯": "#", "♭": "b", "♮": "", "𝄪": "##", "𝄫": "bb"})
_BEFORE_FERMATA = ("bar-style", "editorial", "wavy-line", "segno", "coda")
_AFTER_TRANSPOSE = ("directive", "measure-style")


def complete_tree(root: Element, tune: Tune) -> None:
    """Add to the tree of a score what music21 does not write.

    Parameters
    ----------
    root : Element
        A ``score-partwise`` that music21 wrote.
    tune : Tune
        The tune that the score was built from.
    """
    voices = padded_voices(tune)
    numbers = measure_numbers(voices[0])
    for part, bars in zip(root.findall("part"), voices, strict=True):
        transposition = 0, 0
        uncounted = 0
        for measure, bar, number in zip(part.findall("measure"), bars, numbers, strict=True):
            if number.implicit and number.number:
                uncounted += 1
                measure.set("number", f"X{uncounted}")
            wanted = _transposition(bar)
            if wanted != transposition:
                _transpose(measure, *wanted)
                transposition = wanted
            _complete_chord_symbols(measure, bar)
            _complete_snaps(measure)
            _complete_lyrics(measure, bar)
            _complete_bar_lines(measure, bar)
            _complete_marks(measure, bar)
        _join_extensions(part)
    for channel in root.iter("midi-channel"):
        free = (int(channel.text or 1) - 1) % 15 + 1
        channel.text = str(free + (free >= _DRUMS))
    _add_speed(root, tune)
    _add_credits(root, tune)


def _add_speed(root: Element, tune: Tune) -> None:
    """Add the speed that the tune has in MIDI where no metronome mark gives one."""
    first = root.find("part/measure")
    if first is None or first.find("direction/sound[@tempo]") is not None:
        return
    quarters = float(4 * initial_speed(tune))
    position = sum(element.tag in ("print", "attributes", "barline") for element in first[:3])
    first.insert(position, Element("sound", tempo=f"{quarters:g}"))


# Texts of the first page ---------------------------------------------------------------------


def _add_credits(root: Element, tune: Tune) -> None:
    """Add titles, authors and the words of ``W:`` as text of the first page."""
    titles = field_texts(tune, "T")
    texts = [("title" if n == 0 else "subtitle", title) for n, title in enumerate(titles)]
    texts += [("composer", author) for author in field_texts(tune, "C")]
    if any(line.strip() for line in tune.words):
        texts.append(("lyrics", "\n".join(printable(line) for line in tune.words)))
    position = [element.tag for element in root].index("part-list")
    for n, (kind, text) in enumerate(texts):
        credit = Element("credit", page="1")
        SubElement(credit, "credit-type").text = kind
        SubElement(credit, "credit-words", justify=_JUSTIFIED[kind]).text = text
        root.insert(position + n, credit)


# Measures ------------------------------------------------------------------------------------


def _transposition(bar: Bar) -> tuple[int, int]:
    """Return the semitones and octaves that the notes sound higher than they are shown."""
    semitones = bar.events[0].transpose if bar.events else 0
    return semitones, -bar.clef.display_octaves if bar.clef else 0


def _transpose(measure: Element, semitones: int, octaves: int) -> None:
    attributes = measure.find("attributes")
    if attributes is None:
        attributes = Element("attributes")
        measure.insert(1 if measure.find("print") is not None else 0, attributes)
    transpose = Element("transpose")
    SubElement(transpose, "chromatic").text = str(semitones)
    if octaves:
        SubElement(transpose, "octave-change").text = str(octaves)
    position = len(attributes)
    for index, element in enumerate(attributes):
        if element.tag in _AFTER_TRANSPOSE:
            position = index
            break
    attributes.insert(position, transpose)


def _complete_chord_symbols(measure: Element, bar: Bar) -> None:
    """Add what a chord has beyond its kind, such as the ninth of ``Gadd9``, and its spelling."""
    symbols = [event.chord_symbol for event in bar.events if event.chord_symbol]
    chords = [(symbol, chord) for symbol in symbols if (chord := parse_chord_symbol(symbol))]
    for harmony, (symbol, chord) in zip(measure.findall("harmony"), chords, strict=True):
        _spell_as_written(harmony, symbol)
        for value, alter, kind in chord.degrees if chord.root else ():
            degree = Element("degree")
            SubElement(degree, "degree-value").text = str(value)
            SubElement(degree, "degree-alter").text = str(alter)
            SubElement(degree, "degree-type").text = kind
            following = [e for e in harmony if e.tag in ("frame", "offset", "footnote", "staff")]
            harmony.insert(list(harmony).index(following[0]) if following else len(harmony), degree)


def _spell_as_written(harmony: Element, symbol: str) -> None:
    """Give the root, kind and bass of a chord symbol the text of the tune, where it differs.

    Such are German names and those in lower case, parentheses around the symbol, and
    alternatives: ``(Am)``, ``G(Em)``, ``H7``, ``am``.
    """
    names = note_names(symbol)
    kind = harmony.find("kind")
    if not names or kind is None:
        return
    root_end = names[0][1]
    bass_start = len(symbol)
    if harmony.find("bass") is not None:
        bass_start = names[1][0]
        _spell(harmony, "bass", symbol[bass_start:])
    _spell(harmony, "root", symbol[:root_end])
    quality = printable(symbol[root_end:bass_start].rstrip().rstrip("/\\"))
    if quality != kind.get("text", ""):
        kind.set("text", quality)


def _spell(harmony: Element, name: str, written: str) -> None:
    """Set the text of a root or bass, unless it is its letter and an accidental."""
    step, alter = harmony.find(f"{name}/{name}-step"), harmony.find(f"{name}/{name}-alter")
    if step is None or step.text is None:
        return
    sign = _ACCIDENTALS["0" if alter is None else alter.text or "0"]
    written = written.translate(_ASCII_ACCIDENTALS)
    if written == step.text + sign:
        return
    if alter is None or not written.endswith(sign):
        step.set("text", printable(written))
        if alter is not None:
            alter.set("print-object", "no")
    else:
        step.set("text", printable(written.removesuffix(sign)))


def _complete_snaps(measure: Element) -> None:
    """Add the sign of a snap pizzicato, which music21 writes as an attribute only."""
    for note in measure.findall("note"):
        if note.attrib.pop("pizzicato", None) is None:
            continue
        notations = note.find("notations")
        if notations is None:
            notations = Element("notations")
            tags = [element.tag for element in note]
            note.insert(tags.index("lyric") if "lyric" in tags else len(tags), notations)
        SubElement(SubElement(notations, "technical"), "snap-pizzicato")


def _complete_lyrics(measure: Element, bar: Bar) -> None:
    """Add the lines that extend a syllable over several notes."""
    if not any(event.lyrics for event in bar.events):
        return
    for note, event in _first_notes(measure, bar.events):
        for syllable in event.lyrics:
            if syllable.held and syllable.text:
                number = str(syllable.verse)
                lyric = next(e for e in note.findall("lyric") if e.get("number") == number)
                SubElement(lyric, "extend", type="start")
            elif syllable.held:
                note.append(_extension(syllable))


def _extension(syllable: Syllable) -> Element:
    lyric = Element("lyric", number=str(syllable.verse), name=str(syllable.verse))
    SubElement(lyric, "extend", type="stop")
    return lyric


def _join_extensions(part: Element) -> None:
    """Let a line that extends a syllable end once, at its last note."""
    last: dict[str, Element] = {}  # by number of the verse: the end of a line
    for lyric in part.iter("lyric"):
        number, extend = lyric.get("number", ""), lyric.find("extend")
        before = last.pop(number, None)
        if extend is not None and lyric.find("text") is None:
            if before is not None:
                before.set("type", "continue")
            last[number] = extend


def _first_notes(measure: Element, events: Sequence[Event]) -> Iterator[tuple[Element, Event]]:
    """Yield the first ``note`` of each event; it may have more, tied or in a chord."""
    notes = (
        note
        for note in measure.findall("note")
        if note.find("grace") is None and note.find("chord") is None
    )
    for event in events:
        yield next(notes), event
        for _ in range(0 if event.whole_bar else len(note_values(event.duration)) - 1):
            next(notes)


def _complete_bar_lines(measure: Element, bar: Bar) -> None:
    """Add the style of repeats, fermatas on bar lines and dotted bar lines."""
    styles = {"forward": "heavy-light", "backward": "light-heavy"}
    for line in measure.findall("barline"):
        repeat = line.find("repeat")
        if repeat is not None and line.find("bar-style") is None:
            _insert_style(line, styles[repeat.get("direction", "")])
    names = [mark.text for mark in bar.placed_marks if mark.placement is None]
    if "dotted" in names:
        _insert_style(_right_bar_line(measure), "dotted")
    for name in names:
        if name in ("fermata", "invertedfermata"):
            line = _right_bar_line(measure)
            fermata = Element("fermata", type="inverted" if name[0] == "i" else "upright")
            line.insert(sum(element.tag in _BEFORE_FERMATA for element in line), fermata)


def _right_bar_line(measure: Element) -> Element:
    for line in measure.findall("barline"):
        if line.get("location") == "right":
            return line
    return SubElement(measure, "barline", location="right")


def _insert_style(line: Element, style: str) -> None:
    if line.find("bar-style") is None:
        element = Element("bar-style")
        element.text = style
        line.insert(0, element)


def _complete_marks(measure: Element, bar: Bar) -> None:
    """Give signs and words of repetition, such as ``D.C.``, their meaning for players."""
    for direction in measure.findall("direction"):
        for sign in ("segno", "coda"):
            if direction.find(f"direction-type/{sign}") is not None:
                SubElement(direction, "sound", {sign: sign})
    for mark in bar.placed_marks:
        name = mark.text.lower().replace(" ", "")
        sounds = (value for start, value in _SOUNDS.items() if name.startswith(start))
        sound = next(sounds, None) if mark.placement is None else None
        if sound is None:
            continue
        text = MARK_TEXTS.get(mark.text, mark.text)
        for direction in measure.findall("direction"):
            words = direction.find("direction-type/words")
            if words is not None and words.text == text and direction.find("sound") is None:
                SubElement(direction, "sound", sound)
                break
