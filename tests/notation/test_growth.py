"""Time proportional to the length of the text: four times the text costs about four times as much.

The cost is the number of calls and of bytes allocated (helpers.growth). Neither depends on the
machine. A loop within a loop makes more calls; a copy of everything read so far, such as
``(*items, new)``, ``text + more`` or ``dict(pairs)``, allocates more bytes. A scan inside one C
function does neither, so the slow test also measures processor time, with a wide margin.
"""

import contextlib
import cProfile
import itertools
import time

import pytest
from helpers.growth import cost_of

from abcrnn.export.timeline import chord_symbol_notes, play_voices, voice_notes
from abcrnn.notation import ABCError, check_tune, read_tune, split_tunebook
from abcrnn.notation.transposition import transpose

HEADER = "X:1\nT:growth\nM:4/4\nL:1/8\nK:D\n"

#: Text that stays, text that is repeated, text that stays, and so on. The header is put in front
#: of texts that have none.
GROWING = {
    # Notes, rests, lengths
    "notes": ("", "A", "|"),
    "bars": ("", "ABcd|", ""),
    "bars on lines": ("", "ABcd|\n", ""),
    "octave marks": ("A", "'", "|"),
    "accidentals": ("", "^c_c=c", "|"),
    "signs without a note": ("", "^", " c|"),
    "natural signs": ("", "=", " c|"),
    "microtones": ("", "^/2c", "|"),
    "lengths": ("", "A3/2", "|"),
    "digits": ("A", "9", "|"),
    "slashes": ("A", "/", "|"),
    "numbers alone": ("", "9 ", "|"),
    "slashes alone": ("|", "/ ", "|"),
    "rests": ("", "z", "|"),
    "bars of rest": ("", "Z", "|"),
    "no bars of rest": ("", "Z0", "|"),
    "spacers": ("A", "y", "|"),
    "broken rhythm": ("", "A>B", "|"),
    "signs of broken rhythm": ("A", ">", "|"),
    "signs of broken rhythm, apart": ("A", "> ", "|"),
    "both signs of broken rhythm": ("A", "><", "B|"),
    "broken rhythm after bar lines": ("A|", "> ", "|"),
    "broken rhythm over bar lines": ("", "A>|", ""),
    # Ties and slurs
    "ties": ("", "A-", "|"),
    "ties after one note": ("A", "-", "|"),
    "ties after a bar line": ("A|", "-", "|"),
    "ties after bars": ("ABcdefga|", "-|", ""),
    "ties after a long bar": ("", "A", "|", "-", "|"),
    "ties between chords": ("", "[CE]-", "|"),
    "slurs": ("", "(A)", "|"),
    "open slurs": ("", "(", "A|"),
    "closed slurs": ("A", ")", "|"),
    # Chords and grace notes
    "chords": ("", "[CEG]", "|"),
    "notes of a chord": ("[", "C", "]|"),
    "notes of a tied chord": ("[", "C", "]-|c|"),
    "ties in a chord": ("[", "C-", "]|"),
    "ties after a large chord": ("[", "C", "]", "-", "|"),
    "ties after a large chord and a bar line": ("[", "C", "]|", "-", "|"),
    "open chords": ("", "[", "A|"),
    "open chords with notes": ("", "[A", "|"),
    "closed chords": ("", "]", "A|"),
    "empty chords": ("", "[]", "A|"),
    "old chords": ("", "+EG+", "|"),
    "notes of an old chord": ("+", "E", "+|"),
    "plus signs": ("", "+", "A|"),
    "plus signs and notes": ("", "+A ", "|"),
    "grace notes": ("", "{g}A", "|"),
    "many grace notes": ("{", "g", "}A|"),
    "open grace notes": ("", "{", "A|"),
    "closed grace notes": ("", "}", "A|"),
    "chords in grace notes": ("{", "[EA]", "}A|"),
    # Tuplets
    "tuplets": ("", "(3ABc", "|"),
    "tuplets in tuplets": ("", "(3", "ABc|"),
    "wrong tuplets": ("", "(1", "|"),
    "numbers of a tuplet": ("(3", ":3", "ABc|"),
    "digits of a tuplet": ("(", "3", "ABc|"),
    # Quotations and decorations
    "chord symbols": ("", '"Am"A', "|"),
    "chord symbols and bars": ("", '"Am"AB|', ""),
    "chord symbols of one note": ("", '"Am"', "A|"),
    "a long chord symbol": ('"A', "m", '"A|'),
    "brackets in a chord symbol": ('"A', "(", '"A|'),
    "spaces in a chord symbol": ('"A', " ", 'x"A|'),
    "alternative chord symbols": ('"A', " (Em)", '"A|'),
    "annotations": ("", '"^x"', "A|"),
    "a long annotation": ('"^', "x ", '"A|'),
    "quotation marks": ("", '"', "A|"),
    "escaped quotation marks": ("", '\\"', "A|"),
    "coordinates": ('"@', "1", '"A|'),
    "typographic quotation marks": ("", "\u201c", "A|"),
    "decorations": ("", "!trill!A", "|"),
    "decorations of one note": ("", "!trill!", "A|"),
    "letters of one note": ("", ".", "A|"),
    "letters": ("", "kA", "|"),
    "unknown decorations": ("", "!x y z!", "A|"),
    "exclamation marks": ("", "!", "A|"),
    "exclamation marks and notes": ("", "!A ", "|"),
    "marks": ("A", "!fine!", "|"),
    "marks of many bars": ("", "!fine!A|", ""),
    "marks with spaces": ("A", "!D.C. al Fine!", "|"),
    # Bar lines
    "bar lines": ("A", "|", "A|"),
    "bar lines, apart": ("A", "| ", "A|"),
    "colons": ("A", ":", "|A|"),
    "colons, then many bar lines": ("A", ":", "|", " |", ""),
    "thick bar lines": ("A", "|]", "A|"),
    "thick bar lines and chords": ("A", "|][C]", "|"),
    "invisible bar lines": ("A", "[|]", "A|"),
    "dotted bar lines": ("A", ".| ", "A|"),
    "repeats": ("", "|:A:|", ""),
    "repeats not closed": ("", "|:A", "|"),
    "repeats not opened": ("", "A:|", ""),
    "double repeats": ("", "A::", ""),
    "double bars": ("", "A||", ""),
    "endings": ("", "[1A:|[2B||", ""),
    "first endings": ("", "[1A:|", ""),
    "first endings without a repeat": ("", "[1A|", ""),
    "second endings": ("|:A|", "[2A|", ":|"),
    "an ending and bars": ("|:A|[1", "A|", ":|[2B|]"),
    "endings at the end": ("", "|:A:|", "", "[2A|", ""),
    "numbers of an ending": ("|:A[1", ",1", "A:|"),
    "ranges of an ending": ("|:A[1", ",1-9", "A:|"),
    "digits of an ending": ("|:A|", "1", "A:|"),
    "labels of endings": ("|:A|", '["1st"A:|', ""),
    "labels not closed": ("", '["1st"', "A|"),
    # Voice overlays
    "overlays": ("", "A&B|", ""),
    "overlay signs": ("A", "&", "A|"),
    "overlay signs, apart": ("A", "& ", "A|"),
    "an open overlay": ("A(&", "&A|", ""),
    # Fields in the body
    "keys in lines": ("", "[K:Dm]A", "|"),
    "keys in one place": ("A", "[K:Dm]", "A|"),
    "accidentals of keys": ("", "[K:D ^c]A|", ""),
    "a long key in a line": ("[K:D", " ^c", "]A|A|"),
    "meters in lines": ("", "[M:3/4]A|", ""),
    "a long meter in a line": ("[M:1", "+1", "/4]A|A|"),
    "tempos in lines": ("", "[Q:1/4=100]A|", ""),
    "a long tempo in a line": ("[Q:", "1/4 ", "=100]A|A|"),
    "units in lines": ("", "[L:1/4]A|", ""),
    "parts": ("", "P:A\nA|\n", ""),
    "voices": ("", "[V:1]A|[V:2]A|", ""),
    "remarks": ("", "[r:x]A", "|"),
    "fields not closed": ("", "[K:D ", "A|"),
    "field letters not closed": ("", "[K:", "A|"),
    "symbols": ("", "U:k=!trill!\nkA|\n", ""),
    "lyrics": ("", "A|\nw:a\n", ""),
    "a long line of lyrics": ("A|\nw:", "a ", "\nA|"),
    "verses": ("", "A", "|\n", "w:a\n", "A|"),
    "verses of bar lines": ("", "A", "|\n", "w:|\n", "A|"),
    "closed slurs after a bar": ("", "(A", "|", ")", "|"),
    "continued lyrics": ("A|\nw:a\n", "+:a\n", "A|"),
    "directives": ("A|\n", "%%MIDI program 1\n", "A|"),
    "macros": ("A|\n", "m:~G=A\n", "A|"),
    "comments": ("", "A|%x\n", ""),
    "percent signs": ("A|", "%", "\nA|"),
    "escaped percent signs": ("A|", "\\%", "\nA|"),
    # Text and other characters
    "spaces": ("A", " ", "|"),
    "spaces before a field": ("A|\n", " ", "K:D\nA|"),
    "odd spaces": ("A", "\u200b\u00a0", "|"),
    "words": ("", "Slowly ", "A|"),
    "a long word": ("", "l", " A|"),
    "words among notes": ("", "ABcd ", "", "Fine ", "A|"),
    "lines of text": ("", "This is the text.\n", "A|"),
    "web addresses": ("", "http://x ", "A|"),
    "tags": ("", "<br>", "A|"),
    "open tags": ("", "<br ", "A|"),
    "entities": ("", "&amp;", "A|"),
    "odd characters": ("A", "\x01", "|"),
    "letters of other scripts": ("A", "\u00e9", "|"),
    "dashes": ("A", "\u2013", "|"),
    "backslashes": ("A", "\\", "|"),
    "backticks": ("A", "`", "|"),
    "reserved characters": ("A", "*;?@#$", "|"),
    "nesting": ("", "([{", "A|"),
    # Headers
    "titles": ("X:1\n", "T:x\n", "M:4/4\nK:D\nA|"),
    "a long title": ("X:1\nT:", "x", "\nM:4/4\nK:D\nA|"),
    "continued titles": ("X:1\nT:x\n", "+:x\n", "M:4/4\nK:D\nA|"),
    "a continued key": ("X:1\nM:4/4\nK:D\n", "+:^c\n", "A|"),
    "a long key": ("X:1\nM:4/4\nK:D", " ^c", "\nA|"),
    "a long key and bars": ("X:1\nM:4/4\nK:D", " ^c", "\n", "A|", ""),
    "a long key and voices": ("X:1\nM:4/4\nK:D", " ^c", "\nV:1\nA|", "\nV:2\n[K:D]A|\nV:1\nA|", ""),
    "a long explicit key": ("X:1\nM:4/4\nK:D exp", " ^c", "\nA|"),
    "words of a key": ("X:1\nM:4/4\nK:D", " x", "\nA|"),
    "spaces of a key": ("X:1\nM:4/4\nK:D", " ", "x\nA|"),
    "a long meter": ("X:1\nM:0", "+0", "+4/4\nK:D\nA|"),
    "a long meter and bars": ("X:1\nM:0", "+0", "+4/4\nK:D\n", "A|", ""),
    "spaces of a meter": ("X:1\nM:4", " ", "x\nK:D\nA|"),
    "a long tempo": ("X:1\nM:4/4\nQ:", "1/4 ", "\nK:D\nA|"),
    "quotations of a tempo": ("X:1\nM:4/4\nQ:", '"x" ', "1/4=9\nK:D\nA|"),
    "spaces of a tempo": ("X:1\nM:4/4\nQ:1/4", " ", "x\nK:D\nA|"),
    "a long order of parts": ("X:1\nM:4/4\nP:", "A", "\nK:D\nP:A\nA|"),
    "spaces in an order of parts": ("X:1\nM:4/4\nP:A, x", " ", "y\nK:D\nP:A\nA|\nP:B\nB|"),
    "brackets of an order of parts": ("X:1\nM:4/4\nP:", "(", "A)\nK:D\nP:A\nA|"),
    "tunes": ("X:1\nK:D\nA|\n\n", "X:2\nK:D\nA|\n\n", ""),
    "blank lines": (HEADER + "A|", "\n", "B|"),
    "blank lines with spaces": (HEADER + "A|", " \n", "B|"),
}


#: One of each group, and those that took quadratic time before. The slow tests take all.
QUICK = (
    "bars",
    "broken rhythm over bar lines",
    "ties after a bar line",
    "ties after a long bar",
    "open slurs",
    "notes of a tied chord",
    "old chords",
    "many grace notes",
    "tuplets in tuplets",
    "chord symbols and bars",
    "quotation marks",
    "marks of many bars",
    "first endings",
    "an ending and bars",
    "an open overlay",
    "keys in lines",
    "a long key and bars",
    "voices",
    "verses of bar lines",
    "symbols",
    "a long word",
    "nesting",
    "continued titles",
    "a long order of parts",
    "tunes",
    "blank lines",
)


def text_of(name: str, size: int) -> str:
    """Return a tune with about ``size`` characters of repeated text."""
    pieces = GROWING[name]
    count = size // sum(map(len, pieces[1::2]))
    text = "".join(piece * count if index % 2 else piece for index, piece in enumerate(pieces))
    return text if text.startswith("X:") else HEADER + text


def process(text: str) -> None:
    """Split, check, transpose and play a tune."""
    split_tunebook(text)
    check_tune(text, unsupported=True)
    for act in (lambda: transpose(text, 2), lambda: play(text)):
        with contextlib.suppress(ABCError):  # above a limit
            act()


def play(text: str) -> None:
    tune = read_tune(text)
    played = play_voices(tune)
    voice_notes(tune, played)
    chord_symbol_notes(played)


def check_growth(name: str, sizes: list[int]) -> None:
    costs = [cost_of(lambda size=size: process(text_of(name, size))) for size in sizes]
    for less, more in itertools.pairwise(costs):
        assert more.calls <= 4.5 * less.calls, (name, costs)
        assert more.allocated <= 4.5 * less.allocated, (name, costs)


def check_short_texts(name: str) -> None:
    # Where a character costs little, copies show only in longer texts.
    cheap = cost_of(lambda: process(text_of(name, 160))).calls < 4_000
    check_growth(name, [400, 1600] if cheap else [40, 160])


@pytest.mark.parametrize("name", QUICK)
def test_cost_grows_with_the_length(name):
    check_short_texts(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in GROWING if name not in QUICK])
def test_cost_of_every_construct_grows_with_the_length(name):
    check_short_texts(name)


@pytest.mark.long
@pytest.mark.parametrize("name", GROWING)
def test_calls_for_long_texts_grow_with_the_length(name):
    """Takes most of an hour. The time shows regular expressions that scan text again and again."""
    calls, seconds = [], []
    for size in (8_000, 32_000, 128_000):
        text = text_of(name, size)
        profile = cProfile.Profile()
        start = time.process_time()
        profile.runcall(process, text)
        seconds.append(time.process_time() - start)
        calls.append(sum(entry.callcount for entry in profile.getstats()))
    for less, more in itertools.pairwise(calls):
        assert more <= 4.5 * less, (name, calls)
    # Quadratic time is 16 times as long; below half a second it does not matter.
    assert seconds[2] < max(0.5, 9 * seconds[1]), seconds


def test_quadratic_code_is_noticed():
    def added(items, item):
        return (*items, item)

    def copying(size):
        items = ()
        for item in range(size):
            items = added(items, item)

    def calling(size):
        return [abs_of(a) for a in range(size) for b in range(size)]

    def abs_of(number):
        return abs(number)

    less, more = (cost_of(lambda size=size: copying(size)) for size in (200, 800))
    assert more.allocated > 10 * less.allocated
    assert more.calls < 4.5 * less.calls
    less, more = (cost_of(lambda size=size: calling(size)) for size in (50, 200))
    assert more.calls > 10 * less.calls


def test_note_lengths_without_a_common_denominator_are_refused():
    lengths = "".join(f"A9999/{n}" for n in range(7001, 7101, 2))
    [problem] = check_tune(f"{HEADER}{lengths}|")
    assert (problem.line, problem.kind) == (6, "length")
    assert "no common denominator" in problem.message
