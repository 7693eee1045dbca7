"""Pages with players, the sound that player.js renders, and MIDI files to compare it with."""

import base64
import io
import json
from importlib.resources import files
from typing import Any, NamedTuple

import mido
import numpy as np

from abcrnn.export.html import playback
from abcrnn.export.midi import to_midi_bytes
from abcrnn.notation import read_tune

SAMPLE_RATE = 22050
_HTML = files("abcrnn.export.html")
PLAYER = (_HTML / "player.js").read_text(encoding="utf-8")
STYLE = (_HTML / "player.css").read_text(encoding="utf-8")
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"


class HeardNote(NamedTuple):
    """A note of a MIDI file, in seconds."""

    start: float
    end: float
    pitch: int


def timeline(abc: str, prefix: str = "t1") -> dict[str, Any]:
    """Return the timeline of a tune as the player reads it; each sound has an element."""
    made = playback.timeline(read_tune(abc))
    for number, note in enumerate(made["notes"]):
        note["ids"] = [f"{prefix}n{number}"]
    return made


def page(*timelines: dict[str, Any]) -> str:
    """Return a page with one player for each timeline; ids of elements as in `timeline`."""
    tunes = "".join(_tune(f"t{number}", each) for number, each in enumerate(timelines, 1))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tunes</title>'
        f'<meta name="viewport" content="width=device-width"><meta name="color-scheme" '
        f'content="light dark"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<style>{STYLE}</style></head><body>{tunes}"
        f'<script type="module">{PLAYER}</script></body></html>'
    )


def _tune(name: str, timeline: dict[str, Any]) -> str:
    ids = dict.fromkeys(id for note in timeline.get("notes", []) for id in note["ids"])
    notes = "".join(
        f'<g class="note" id="{id}"><rect x="{16 * (n % 20)}" y="{20 * (n // 20)}" width="12" '
        f'height="12"/></g>'
        for n, id in enumerate(ids)
    )
    height = 20 * (len(ids) // 20 + 1)
    data = json.dumps(timeline).replace("<", "\\u003c")
    return (
        f'<article class="abcrnn-tune" id="{name}">'
        f'<div class="abcrnn-player" data-timeline="{name}-timeline" data-score="{name}-score">'
        f'</div><div class="abcrnn-score" id="{name}-score"><svg width="320" height="{height}">'
        f'{notes}</svg></div><script type="application/json" id="{name}-timeline">{data}</script>'
        f"</article>"
    )


_RENDER = """async ([source, timeline, options]) => {
  const { render } = await import(source);
  const samples = (await render(timeline, options)).getChannelData(0);
  const bytes = new Uint8Array(samples.buffer);
  let text = "";
  for (let k = 0; k < bytes.length; k += 32768) {
    text += String.fromCharCode(...bytes.subarray(k, k + 32768));
  }
  return btoa(text);
}"""


def module_url() -> str:
    """Return an address from which a page without a policy can import the player."""
    return "data:text/javascript;base64," + base64.b64encode(PLAYER.encode()).decode()


def render(page: Any, timeline: dict[str, Any], **options: Any) -> np.ndarray:
    """Return the samples that `render` of player.js makes of a timeline, on a blank page."""
    options = {"sampleRate": SAMPLE_RATE, **options}
    text = page.evaluate(_RENDER, [module_url(), timeline, options])
    return np.frombuffer(base64.b64decode(text), dtype="<f4").astype(float)


def midi_notes(abc: str) -> tuple[list[HeardNote], list[HeardNote]]:
    """Return the notes of the voices and of the chord symbols in the MIDI file of a tune."""
    file = mido.MidiFile(file=io.BytesIO(to_midi_bytes(abc)))
    begun: dict[tuple[int, int], float] = {}
    heard: tuple[list[HeardNote], list[HeardNote]] = ([], [])
    now = 0.0
    for message in file:
        now += message.time
        if message.type not in ("note_on", "note_off"):
            continue
        key = (message.channel, message.note)
        if key in begun:
            heard[message.channel == 15].append(HeardNote(begun.pop(key), now, message.note))
        if message.type == "note_on" and message.velocity:
            begun[key] = now
    return sorted(heard[0]), sorted(heard[1])
