"""What surrounds notes in a music21 score: decorations, slurs, hairpins, texts and lyrics."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import TYPE_CHECKING

from abcrnn.export.tune_text import printable
from abcrnn.notation.decorations import SHORTHANDS
from abcrnn.notation.tune import Event, Mark

if TYPE_CHECKING:
    from music21 import base, note, spanner, stream

_MOST_SLURS = 16  # at the same time, in MusicXML

_ARTICULATIONS = {
    "staccato": "Staccato", "accent": "Accent", ">": "Accent", "emphasis": "Accent",
    "tenuto": "Tenuto", "wedge": "Staccatissimo", "^": "StrongAccent", "marcato": "StrongAccent",
    "upbow": "UpBow", "downbow": "DownBow", "open": "OpenString", "thumb": "StringThumbPosition",
    "+": "Stopped", "plus": "Stopped", "snap": "SnapPizzicato", "slide": "Scoop",
    "breath": "BreathMark", "shortphrase": "BreathMark", "mediumphrase": "Caesura",
    "longphrase": "Caesura",
}  # fmt: skip
# MusicXML has no sign for the roll of Irish music; the turn looks and sounds most like it.
_EXPRESSIONS = {
    "fermata": "Fermata", "invertedfermata": "Fermata", "trill": "Trill", "roll": "Turn",
    "turn": "Turn", "turnx": "Turn", "invertedturn": "InvertedTurn",
    "invertedturnx": "InvertedTurn", "lowermordent": "Mordent", "mordent": "Mordent",
    "uppermordent": "InvertedMordent", "pralltriller": "InvertedMordent",
    "arpeggio": "ArpeggioMark",
}  # fmt: skip
_DYNAMICS = frozenset(["pppp", "ppp", "pp", "p", "mp", "mf", "f", "ff", "fff", "ffff", "sfz", "sf"])
_TREMOLOS = {"/": 1, "//": 2, "///": 3, "////": 4}

#: Texts of marks, of those that concern the order of playing and others.
MARK_TEXTS = {
    "D.C.": "D.C.", "D.S.": "D.S.", "dacapo": "Da Capo", "dacoda": "To Coda", "fine": "Fine",
    "D.C.alcoda": "D.C. al Coda", "D.C.alfine": "D.C. al Fine",
    "D.S.alcoda": "D.S. al Coda", "D.S.alfine": "D.S. al Fine",
    "ped": "Ped.", "ped(": "Ped.", "ped)": "*", "ped-up": "*",
}  # fmt: skip

_SPANS = {"crescendo": "Crescendo", "<": "Crescendo", "diminuendo": "Diminuendo",
          ">": "Diminuendo", "trill": "TrillExtension"}  # fmt: skip
_NOT_SHOWN = frozenset({"nil", "nodecoration", "dotted", "courtesy", "editorial"})


class PartMarks:
    """Attach what surrounds notes to the notes of one part, in the order of the text."""

    def __init__(self) -> None:
        self.spanners: list[spanner.Spanner] = []
        self._slurs: list[note.GeneralNote] = []
        self._tied_from: note.GeneralNote | None = None  # to another pitch
        self._spans: dict[str, tuple[note.GeneralNote, note.GeneralNote]] = {}  # by class

    def add(
        self,
        event: Event,
        notes: list[note.GeneralNote],
        graces: list[note.Note],
        tied_to: Set[int],
    ) -> list[base.Music21Object]:
        """Attach the marks of an event to its notes.

        Parameters
        ----------
        event : Event
        notes : list of music21.note.GeneralNote
            The event as written; several if it needs ties.
        graces : sequence of music21.note.Note
        tied_to : set of int
            MIDI numbers of the pitches that the next event continues.

        Returns
        -------
        list of music21.base.Music21Object
            Words and dynamics that stand in front of the notes.
        """
        objects: list[base.Music21Object] = []
        ends = []
        for name in event.decorations:
            name = SHORTHANDS.get(name, name)
            if name.endswith(")") and name[:-1] in _SPANS:
                ends.append(name[:-1])
            elif name.endswith("(") and name[:-1] in _SPANS:
                kind = _SPANS[name[:-1]]
                self._end_span(kind)
                self._spans[kind] = notes[0], notes[-1]
            elif not _decorate(name, notes):
                objects += _sign(name)
        for text, placement in zip(event.annotations, event.placements, strict=True):
            objects.append(_words(text, placement))
        self._slur(event, notes, graces)
        self._slur_for_tie(event, notes, tied_to)
        for kind, (first, _) in self._spans.items():
            self._spans[kind] = first, notes[-1]
        for name in ends:
            self._end_span(_SPANS[name])
        _add_lyrics(event, notes[0])
        return objects

    def mark(self, mark: Mark) -> list[base.Music21Object]:
        """Return a mark between notes as objects; the end of a hairpin ends it."""
        if mark.placement is not None:
            return [_words(mark.text, mark.placement)]
        if mark.text.endswith(")") and mark.text[:-1] in _SPANS:
            self._end_span(_SPANS[mark.text[:-1]])
            return []
        if mark.text in ("fermata", "invertedfermata"):
            return []  # MusicXML has it in the bar line
        return _sign(mark.text)

    def finish(self, part: stream.Part) -> None:
        """Add slurs and hairpins to the part; those still open end at its last note."""
        for kind in list(self._spans):
            self._end_span(kind)
        for item in self.spanners:
            part.insert(0, item)

    def _slur(self, event: Event, notes: list[note.GeneralNote], graces: list[note.Note]) -> None:
        from music21 import spanner

        room = _MOST_SLURS - len(self._slurs)
        self._slurs += [*graces[:1] * event.grace_slurs][:room]
        for _ in range(event.slur_ends):  # before the others: (c d (e) f g) are two slurs
            if self._slurs:
                start = self._slurs.pop()
                if start is not notes[-1]:
                    self.spanners.append(spanner.Slur([start, notes[-1]]))
        room = _MOST_SLURS - len(self._slurs)
        self._slurs += ([notes[0]] * (event.slur_starts - event.grace_slurs))[:room]

    def _slur_for_tie(self, event: Event, notes: list[note.GeneralNote], tied_to: Set[int]) -> None:
        """Draw a tie to another pitch as a slur, as old tunebooks mean it."""
        from music21 import spanner

        if self._tied_from and event.pitches:
            self.spanners.append(spanner.Slur([self._tied_from, notes[0]]))
        self._tied_from = notes[-1] if any(event.tied) and not tied_to else None

    def _end_span(self, kind: str) -> None:
        from music21 import dynamics, expressions

        if kind not in self._spans:
            return
        first, last = self._spans.pop(kind)
        make: Callable[..., spanner.Spanner]
        make = expressions.TrillExtension if kind == "TrillExtension" else getattr(dynamics, kind)
        self.spanners.append(make([first] if first is last else [first, last]))


def _decorate(name: str, notes: list[note.GeneralNote]) -> bool:
    """Add a decoration to a note; return False if it is not one of a note."""
    from music21 import articulations, expressions

    first, last = notes[0], notes[-1]
    if name in _ARTICULATIONS:
        first.articulations.append(getattr(articulations, _ARTICULATIONS[name])())
    elif len(name) == 1 and name in "012345":
        first.articulations.append(articulations.Fingering(int(name)))
    elif name in _EXPRESSIONS:
        expression = getattr(expressions, _EXPRESSIONS[name])()
        if "fermata" in name:  # music21's default is the inverted one
            expression.type = "inverted" if name == "invertedfermata" else "upright"
        (last if "fermata" in name else first).expressions.append(expression)
    elif name in _TREMOLOS:
        tremolo = expressions.Tremolo()
        tremolo.numberOfMarks = _TREMOLOS[name]
        first.expressions.append(tremolo)
    else:
        return name in _NOT_SHOWN
    return True


def _sign(name: str) -> list[base.Music21Object]:
    """Return a decoration that is not part of a note; one without a sign as words."""
    from music21 import dynamics, repeat

    if name in _NOT_SHOWN:
        return []
    if name in _DYNAMICS:
        return [dynamics.Dynamic(name)]
    if name == "segno":
        return [repeat.Segno()]
    if name == "coda":
        return [repeat.Coda()]
    return [_words(MARK_TEXTS.get(name, name), "^")]


def _words(text: str, placement: str) -> base.Music21Object:
    from music21 import expressions

    words = expressions.TextExpression(printable(text))
    words.placement = "below" if placement == "_" else "above"
    if placement in ("<", ">"):  # to the left or right of the note
        words.style.justify = words.style.alignHorizontal = "right" if placement == "<" else "left"
    return words


def _add_lyrics(event: Event, first: note.GeneralNote) -> None:
    from music21 import note

    for syllable in event.lyrics:
        if syllable.text:
            joins = syllable.follows, syllable.continues
            kinds = {(False, False): "single", (False, True): "begin", (True, False): "end",
                     (True, True): "middle"}  # fmt: skip
            text = printable(syllable.text)
            lyric = note.Lyric(text, number=syllable.verse, syllabic=kinds[joins], applyRaw=True)
            first.lyrics.append(lyric)
