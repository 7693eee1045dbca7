"""What must be true of a formatted tune, computed apart from the formatter.

PYTHONPATH=tests python -m helpers.tidiness CORPUS... [--step N]

Formats every tune of corpora and prints how many are the same music, stay the same when they are
formatted again, and keep their line breaks.
"""

import argparse
import re
from collections import Counter

from abcrnn.data.corpus import load_corpus
from abcrnn.notation import ABCError, check_tune, played_notes, read_tune
from abcrnn.notation.formatter import tune as formatter
from abcrnn.notation.formatter.tune import tidy


def music(text):
    """Everything that the parser reads but positions, systems, and spaces at bar lines."""
    tune = read_tune(text)
    bars = [
        bar._replace(
            line=0,
            column=0,
            new_system=False,
            events=tuple(
                event._replace(line=0, column=0, spaced=event.spaced and number > 0)
                for number, event in enumerate(bar.events)
            ),
        )
        for voice in tune.voices
        for bar in voice.bars
    ]
    header = sorted(tune.fields, key=lambda field: field[0])
    return bars, header, tune.meter, tune.unit, tune.key, tune.tempo, tune.parts, tune.words


def played(text):
    tune = read_tune(text)
    notes = []
    for voice in tune.voices:
        try:
            notes.append(list(played_notes(tune, voice)))
        except ABCError as error:
            notes.append([error.message])
    return notes


def comments(text):
    """Comments and directives, in order apart from the header's."""
    return sorted(re.findall(r"(?<!\\)%.*?(?=\s*$)", text, re.MULTILINE))


def lyrics(text):
    """Lines of lyrics, which may be indented, without comments: :func:`comments` compares them."""
    lines = [line.strip() for line in text.splitlines()]
    found = [line for line in lines if line.startswith(("w:", "W:"))]
    return [re.split(r"(?<!\\)%", line)[0].rstrip() for line in found]


def require_tidy(before, after):
    """Assert that ``after`` is ``before`` in another layout, and that it is stable."""
    assert music(after) == music(before)
    assert played(after) == played(before)
    assert comments(after) == comments(before)
    assert [line[2:].strip() for line in lyrics(after)] == [
        line[2:].strip() for line in lyrics(before)
    ]
    kinds = [Counter(problem[2] for problem in check_tune(t, True)) for t in (before, after)]
    assert kinds[0] == kinds[1]
    assert tidy(after) == after


def count(corpus, step=1):
    """Format tunes; return the counts, and the numbers of tunes that keep their line breaks."""
    counts, kept = Counter(), []
    stable = formatter._stable
    bars = []

    def observed(read, lines, insert):
        bars.append(lines.bars)
        return stable(read, lines, insert)

    formatter._stable = observed
    try:
        for number, before in enumerate(corpus.tunes, start=1):
            if number % step:
                continue
            counts["tunes"] += 1
            bars.clear()
            try:
                after = tidy(before)
            except ABCError as error:
                print(f"tune {number}: {error}")
                counts["not formatted"] += 1
                continue
            if len(bars) > 1:
                kept.append(number)
            require_tidy(before, after)
            counts["same music and stable"] += 1
            counts["changed"] += after != before
            counts["bytes before"] += len(before.encode("utf-8", "surrogatepass"))
            counts["bytes after"] += len(after.encode("utf-8", "surrogatepass"))
    finally:
        formatter._stable = stable
    return counts, kept


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", nargs="+")
    parser.add_argument("--step", type=int, default=1)
    options = parser.parse_args()
    for name in options.corpora:
        counts, kept = count(load_corpus(name), options.step)
        print(name, dict(counts), "keep their lines:", kept, flush=True)


if __name__ == "__main__":
    main()
