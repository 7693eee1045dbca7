"""Copies of tunes with other notes or other note lengths."""

import re

from abcrnn.notation import drop_fields, read_tune
from abcrnn.notation.lexer import tokens


def halved(tune):
    """The tune in half the note lengths and the same meter."""
    unit = read_tune(tune).unit / 2
    return re.sub("^K:", f"L:{unit}\nK:", drop_fields(tune, "L"), count=1, flags=re.MULTILINE)


def written_notes(tune):
    """Yield the index of the letter of each note in the text, without grace notes."""
    begins = [0, *(found.end() for found in re.finditer("\n", tune))]
    body = grace = False
    for token in tokens(tune):
        body = body or token.text.startswith("K:")
        grace = token.kind == "grace" or (grace and token.kind != "grace_end")
        if token.kind == "note" and body and not grace:
            letter = re.search("[A-Ga-g]", token.text)
            yield begins[token.line - 1] + token.column - 1 + letter.start()


def altered(tune, indices, source):
    """The tune with other notes at some indices of the text."""
    text = list(tune)
    for index in indices:
        letters = "ABCDEFG" if text[index].isupper() else "abcdefg"
        text[index] = source.choice(letters.replace(text[index], ""))
    return "".join(text)
