/**
 * A player for tunes: two voices and chords on Web Audio, and its controls.
 *
 * The module has no imports, makes no requests and is inlined in a page. It fills every
 * `<div class="abcrnn-player" data-timeline="ID" data-score="ID">` with controls. The first ID
 * names a `<script type="application/json">` with the timeline of the tune, the second the element
 * that contains its score. The timeline is written by abcrnn/export/html; all its times are in
 * quarter notes from the beginning of the tune, with repeats written out.
 *
 * - `Music`: a timeline with its times in seconds.
 * - `Sequencer`: starts the notes shortly before they sound, for playback and for `render`.
 * - `Player`: the controls of one tune, the highlighted notes, and the keys.
 */

// Voices --------------------------------------------------------------------------------------

/**
 * Parameters of the voices; abcrnn/export/audio.py has the same ones.
 *
 * partials: amplitudes of the partials 1, 2, ...; they are divided by their sum.
 * attack: seconds in which a note rises to its level.
 * decay: time constant of partial 1 at A4 in seconds; 0 for a voice that sustains.
 * damping: how much faster each further partial decays.
 * gap: seconds from the release of a note to its written end.
 * release: time constant after the release, in seconds.
 * level: amplitude of a note with velocity 1.
 */
export const VOICES = {
  plucked: {
    partials: [1, 0.6, 0.45, 0.25, 0.15, 0.12, 0.06, 0.03],
    attack: 0.002, decay: 0.5, damping: 0.35, gap: 0, release: 0.06, level: 0.5,
  },
  blown: {
    partials: [1, 0.5, 0.22, 0.08, 0.04],
    attack: 0.02, decay: 0, damping: 0, gap: 0.015, release: 0.03, level: 0.4,
  },
  chords: {
    partials: [1, 0.4, 0.15, 0.05],
    attack: 0.015, decay: 0.7, damping: 0.5, gap: 0, release: 0.1, level: 0.16,
  },
  click: {
    partials: [1],
    attack: 0.001, decay: 0.04, damping: 0, gap: 0, release: 0.02, level: 0.4,
  },
};

const NOTE_VELOCITY = 90 / 127; // where the timeline has none: those of the MIDI file
const CHORD_VELOCITY = 60 / 127;
const CLICK_PITCHES = [91, 96]; // of the count-in: a beat, the first beat of a bar
const LONGEST_DECAY = 1; // seconds
const TAIL = 9; // time constants until a sound is inaudible: -78 dB

/** Return the frequency of a MIDI pitch in hertz, in equal temperament with A4 = 440 Hz. */
export function frequencyOf(pitch) {
  return 440 * 2 ** ((pitch - 69) / 12);
}

/** Return the samples of a decaying note at full level. */
function decayingSamples(voice, frequency, sampleRate) {
  const decay = Math.min(LONGEST_DECAY, voice.decay * Math.sqrt(440 / frequency));
  const samples = new Float32Array(Math.ceil(TAIL * decay * sampleRate));
  const sum = voice.partials.reduce((a, b) => a + b);
  voice.partials.forEach((amplitude, index) => {
    if ((index + 1) * frequency >= 0.45 * sampleRate) return;
    const angle = (2 * Math.PI * (index + 1) * frequency) / sampleRate;
    const samplesOfDecay = (decay * sampleRate) / (1 + voice.damping * index);
    const factor = Math.exp(-1 / samplesOfDecay);
    // A damped sine by recurrence: x[k + 1] = 2 r cos(angle) x[k] - r^2 x[k - 1].
    const a = 2 * factor * Math.cos(angle);
    const b = factor * factor;
    let before = 0;
    let now = (amplitude / sum) * factor * Math.sin(angle);
    for (let k = 1; k < TAIL * samplesOfDecay; k++) {
      samples[k] += now;
      [before, now] = [now, a * now - b * before];
    }
  });
  return samples;
}

const cachedSounds = new WeakMap(); // by audio context: buffers and waves of its voices

/** Return the sound of a key in an audio context; create it the first time. */
function cached(context, key, create) {
  if (!cachedSounds.has(context)) cachedSounds.set(context, new Map());
  const sounds = cachedSounds.get(context);
  if (!sounds.has(key)) sounds.set(key, create());
  return sounds.get(key);
}

/** Return a source node for a note: a buffer if the voice decays, otherwise an oscillator. */
function makeSource(context, name, pitch) {
  const voice = VOICES[name];
  const frequency = frequencyOf(pitch);
  if (voice.decay) {
    const buffer = cached(context, `${name} ${pitch}`, () => {
      const samples = decayingSamples(voice, frequency, context.sampleRate);
      const made = context.createBuffer(1, samples.length, context.sampleRate);
      made.copyToChannel(samples, 0);
      return made;
    });
    return new AudioBufferSourceNode(context, { buffer });
  }
  const periodicWave = cached(context, name, () => {
    const sum = voice.partials.reduce((a, b) => a + b);
    const imag = [0, ...voice.partials.map((amplitude) => amplitude / sum)];
    return new PeriodicWave(context, { imag, disableNormalization: true });
  });
  return new OscillatorNode(context, { type: "custom", periodicWave, frequency });
}

/**
 * A note that is sounding or scheduled, at times of the audio context.
 */
class SoundingNote {
  constructor(context, output, name, pitch, velocity, start, end) {
    this.voice = VOICES[name];
    this.start = start;
    this.end = end;
    this.released = this.releaseTime(end);
    this.envelope = new GainNode(context, { gain: 0 });
    this.source = makeSource(context, name, pitch);
    this.source.connect(this.envelope).connect(output);
    this.source.onended = () => this.envelope.disconnect();
    const { gain } = this.envelope;
    const attack = Math.min(this.voice.attack, (this.released - start) / 2);
    gain.setValueAtTime(0, start);
    gain.linearRampToValueAtTime(this.voice.level * velocity, start + attack);
    this.source.start(start);
    this.endAt(end);
  }

  releaseTime(end) {
    return Math.max(end - this.voice.gap, (this.start + end) / 2);
  }

  /** Move the end of the note. */
  endAt(end) {
    const { gain } = this.envelope;
    gain.cancelScheduledValues(this.released);
    this.end = end;
    this.released = this.releaseTime(end);
    gain.setTargetAtTime(0, this.released, this.voice.release);
    this.source.stop(this.released + TAIL * this.voice.release);
  }

  /** Stop the note, also one that has not begun. */
  stop(time) {
    this.source.stop(Math.max(time, 0));
  }
}

/** Return a node that keeps every sample below 1; samples up to 0.6 pass unchanged. */
function makeLimiter(context) {
  const range = 4; // a WaveShaperNode takes samples from -1 to 1
  const curve = Float32Array.from({ length: 4097 }, (_, k) => {
    const x = range * (k / 2048 - 1);
    const size = Math.abs(x);
    return size <= 0.6 ? x : Math.sign(x) * (0.6 + 0.38 * Math.tanh((size - 0.6) / 0.38));
  });
  const input = new GainNode(context, { gain: 1 / range });
  input.connect(new WaveShaperNode(context, { curve })).connect(context.destination);
  return input;
}

// Music ---------------------------------------------------------------------------------------

/**
 * A timeline with its times in seconds at the written tempo.
 *
 * A timeline without notes, or without some of its fields, is valid.
 */
export class Music {
  constructor(timeline) {
    this.title = timeline.title ?? "";
    this.notes = timeline.notes ?? [];
    this.chords = timeline.chords ?? [];
    this.bars = timeline.bars ?? [];
    this.sections = timeline.sections ?? [];
    this.beat = timeline.beat || 1;
    this.beatsPerBar = timeline.beats_per_bar || 4;
    this.firstBarNumber = timeline.pickup ? 0 : 1;
    this.length = [...this.notes, ...this.bars].reduce(
      (length, item) => Math.max(length, endOf(item)), timeline.length ?? 0);
    this.tempos = tempoSegments(timeline);
    this.events = this.makeEvents();
  }

  /** Return a position in quarter notes as seconds. */
  seconds(quarters) {
    const part = this.tempos.findLast((tempo) => tempo.start <= quarters) ?? this.tempos[0];
    return part.seconds + ((quarters - part.start) * 60) / part.tempo;
  }

  /** Return a position in seconds as quarter notes. */
  quarters(seconds) {
    const part = this.tempos.findLast((tempo) => tempo.seconds <= seconds) ?? this.tempos[0];
    return part.start + ((seconds - part.seconds) * part.tempo) / 60;
  }

  /** Return the notes that sound at a position in quarter notes. */
  soundingAt(quarters) {
    return this.notes.filter((note) => note.start <= quarters && quarters < endOf(note));
  }

  /** Return the index of the played bar at a position in quarter notes; -1 without bars. */
  barAt(quarters) {
    const next = this.bars.findIndex((bar) => bar.start > quarters + 1e-6);
    return (next < 0 ? this.bars.length : next) - 1;
  }

  /** Return the number of a played bar in the score; a pickup is bar 0. */
  barNumber(index) {
    return this.bars[index].index + this.firstBarNumber;
  }

  /** Return start and end of the first time that written bars are played; null if never. */
  barRange(first, last) {
    const start = this.bars.findIndex((_, n) => this.barNumber(n) === first);
    const end = this.bars.findIndex((_, n) => n >= start && this.barNumber(n) === last);
    if (start < 0 || end < 0) return null;
    return { start: this.bars[start].start, end: endOf(this.bars[end]) };
  }

  makeEvents() {
    const event = (item, pitch, chord, usual) => ({
      at: this.seconds(item.start), until: this.seconds(endOf(item)),
      pitch, chord, velocity: item.velocity ?? usual,
    });
    const notes = this.notes.map((note) => event(note, note.pitch, false, NOTE_VELOCITY));
    const chords = this.chords.flatMap((chord) =>
      chord.pitches.map((pitch) => event(chord, pitch, true, CHORD_VELOCITY)));
    return [...notes, ...chords].sort((a, b) => a.at - b.at);
  }
}

function endOf(item) {
  return item.start + item.duration;
}

/** Return the tempos of a timeline, each with the seconds at which it begins. */
function tempoSegments(timeline) {
  const first = { start: 0, tempo: timeline.tempo || 120 };
  const segments = [];
  for (const { start, tempo } of timeline.tempos?.length ? timeline.tempos : [first]) {
    const before = segments.at(-1);
    const seconds = before ? before.seconds + ((start - before.start) * 60) / before.tempo : 0;
    segments.push({ start, tempo, seconds });
  }
  return segments;
}

/** Return the notes of a timeline that sound at a position in quarter notes. */
export function soundingAt(timeline, quarters) {
  return new Music(timeline).soundingAt(quarters);
}

// Playback ------------------------------------------------------------------------------------

const LOOK_AHEAD = 0.3; // seconds that are scheduled in advance
const LOOK_AHEAD_HIDDEN = 2.5; // in a page that is not visible, where timers are slow
const TICK = 60; // milliseconds between two calls of schedule
const DELAY = 0.05; // seconds from a command to its first sound
const SHORTEST_LOOP = 0.1; // seconds
const CLOSE = 1e-5; // seconds: times of the timeline are rounded

/**
 * Starts the notes of a tune shortly before they sound.
 *
 * Positions are seconds of `Music`; times are those of the audio context. `segments` maps times
 * to positions: each repetition of a loop is a segment.
 */
class Sequencer {
  /** Options: voice, chords (heard or not), rate (1: written tempo), loop in quarters or null. */
  constructor(context, music, options) {
    this.context = context;
    this.music = music;
    this.output = makeLimiter(context);
    this.chordOutput = new GainNode(context, { gain: options.chords ? 1 : 0 });
    this.chordOutput.connect(this.output);
    this.sounding = [];
    this.segments = [];
    this.setOptions(options);
  }

  setOptions({ voice, chords, rate, loop }) {
    this.voice = voice;
    this.chords = chords;
    this.rate = rate;
    this.loop = loop && { start: this.music.seconds(loop.start), end: this.music.seconds(loop.end) };
    if (this.loop && this.loop.end - this.loop.start < SHORTEST_LOOP) this.loop = null;
  }

  /** Start at a time of the audio context from a position, after a count-in if requested. */
  begin(time, position, countIn = false) {
    const lead = countIn ? this.countIn(time, position) : 0;
    this.countInEnd = countIn ? time + lead : 0;
    this.enter({ time: time + lead, from: position });
  }

  /** Schedule the clicks of one bar, aligned with the beats, and return its seconds. */
  countIn(time, position) {
    const { music } = this;
    const quarters = music.quarters(position);
    const perQuarter = (music.seconds(quarters + 0.001) - position) / 0.001 / this.rate;
    const whole = music.beat * music.beatsPerBar;
    const bar = music.bars[music.barAt(quarters)];
    const complete = !bar || (quarters < bar.start + 1e-6 && bar.duration > whole - 1e-6);
    const downbeat = complete ? 0 : endOf(bar) - quarters; // from the position, in quarters
    for (let beat = 1; downbeat - beat * music.beat >= -whole - 1e-6; beat++) {
      const from = downbeat - beat * music.beat + whole;
      if (from > whole - 1e-6) continue;
      const start = time + Math.max(0, from) * perQuarter;
      const pitch = CLICK_PITCHES[Number(beat % music.beatsPerBar === 0)];
      this.startNote("click", pitch, 1, start, start + 0.1);
    }
    return whole * perQuarter;
  }

  /** Begin a segment; notes that sound across its beginning start there. */
  enter(segment) {
    this.segments.push(segment);
    const { events } = this.music;
    const next = events.findIndex((event) => event.at > segment.from - CLOSE);
    this.next = next < 0 ? events.length : next;
    for (const event of events.slice(0, this.next)) {
      if (event.until > segment.from + 0.03) this.play(event, segment);
    }
  }

  /** Start all notes up to a time of the audio context. */
  schedule(until) {
    const { events } = this.music;
    for (;;) {
      const segment = this.segments.at(-1);
      const end = this.endOfSegment(segment);
      const limit = Math.min(end - CLOSE, segment.from + (until - segment.time) * this.rate);
      while (this.next < events.length && events[this.next].at < limit) {
        this.play(events[this.next++], segment);
      }
      if (limit < end - CLOSE) break;
      const time = segment.time + (end - segment.from) / this.rate;
      this.enter({ time, from: this.loop.start });
    }
    const now = this.context.currentTime;
    this.sounding = this.sounding.filter((note) => note.end > now - 1);
    const current = this.segments.findLastIndex((segment) => segment.time <= now);
    this.segments.splice(0, current);
  }

  endOfSegment(segment) {
    return this.loop && segment.from < this.loop.end ? this.loop.end : Infinity;
  }

  play(event, segment) {
    const timeOf = (position) => segment.time + (position - segment.from) / this.rate;
    const until = Math.min(event.until, this.endOfSegment(segment));
    const start = timeOf(Math.max(event.at, segment.from));
    const name = event.chord ? "chords" : this.voice;
    this.startNote(name, event.pitch, event.velocity, start, timeOf(until), until);
  }

  startNote(name, pitch, velocity, start, end, until = null) {
    const output = name === "chords" ? this.chordOutput : this.output;
    const note = new SoundingNote(this.context, output, name, pitch, velocity, start, end);
    this.sounding.push(Object.assign(note, { until }));
  }

  /** Return the position at a time of the audio context. */
  positionAt(time) {
    const segment = this.segments.findLast((each) => each.time <= time) ?? this.segments[0];
    return segment.from + Math.max(0, time - segment.time) * this.rate;
  }

  /** Whether the last note has faded. */
  isFinished(time) {
    const end = this.music.seconds(this.music.length);
    return this.endOfSegment(this.segments.at(-1)) === Infinity
      && this.positionAt(time - 0.4) >= end;
  }

  /** Whether the count-in is still heard. */
  isCountingIn(time) {
    return time < this.countInEnd;
  }

  /** Apply other options from a time on: notes that are sounding continue. */
  change(options, time) {
    const [first] = this.segments;
    const position = this.positionAt(time);
    this.setOptions(options);
    for (const note of this.sounding) {
      if (note.start > time) note.stop(0);
      else if (note.end > time && note.until !== null) {
        note.endAt(Math.max(time, time + (note.until - position) / this.rate));
      }
    }
    this.sounding = this.sounding.filter((note) => note.start <= time);
    this.chordOutput.gain.setTargetAtTime(this.chords ? 1 : 0, time, 0.02);
    this.segments = [];
    if (time < first.time) this.enter(first); // nothing has begun
    else {
      this.segments.push({ time, from: position });
      const next = this.music.events.findIndex((event) => event.at > position);
      this.next = next < 0 ? this.music.events.length : next;
    }
  }

  /** Fade out and stop all notes. */
  stop() {
    const now = this.context.currentTime;
    this.output.gain.setTargetAtTime(0, now, 0.015);
    this.sounding.forEach((note) => note.stop(note.start > now ? 0 : now + 0.1));
    setTimeout(() => this.output.disconnect(), 300);
  }
}

/**
 * Render a tune with the code of the player.
 *
 * Options: voice ("plucked" or "blown"), chords, rate (1: the written tempo), loop ({start, end}
 * in quarter notes), countIn, from (quarter notes), seconds (the default is one second more than
 * the tune takes), sampleRate.
 */
export async function render(timeline, options = {}) {
  const settings = {
    voice: "plucked", chords: true, rate: 1, loop: null, countIn: false, from: 0,
    sampleRate: 44100, ...options,
  };
  const music = new Music(timeline);
  const position = music.seconds(settings.from);
  const seconds =
    settings.seconds ?? (music.seconds(music.length) - position) / settings.rate + 1;
  const length = Math.ceil(seconds * settings.sampleRate);
  const context = new OfflineAudioContext(1, length, settings.sampleRate);
  const sequencer = new Sequencer(context, music, settings);
  sequencer.begin(0, position, settings.countIn);
  sequencer.schedule(1 + LOOK_AHEAD);
  for (let time = 1; time < seconds; time++) {
    context.suspend(time).then(() => {
      sequencer.schedule(time + 1 + LOOK_AHEAD);
      context.resume();
    });
  }
  return context.startRendering();
}

// Controls ------------------------------------------------------------------------------------

let audioContext = null; // of all players of the page, created by the first that plays
let lastUsed = null; // the player that the keys apply to
const players = new WeakMap(); // by container

/** Return an element with properties, `aria` attributes and children. */
function make(tag, { aria = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(aria)) element.setAttribute(`aria-${name}`, value);
  element.append(...children);
  return element;
}

function label(text, ...controls) {
  return make("label", {}, make("span", { textContent: text }), ...controls);
}

/** The controls of one tune, its highlighted notes and its position. */
class Player {
  constructor(container) {
    this.container = container;
    this.tune = container.closest(".abcrnn-tune") ?? container;
    this.score = document.getElementById(container.dataset.score);
    this.music = new Music(readTimeline(container.dataset.timeline));
    this.sequencer = null; // while playing
    this.position = 0; // quarter notes
    this.loop = null; // {start, end} in quarter notes
    this.lit = []; // highlighted elements
    this.buildControls();
    this.listen();
    this.showPosition();
  }

  // Building

  buildControls() {
    const { music } = this;
    this.playButton = make("button", {
      type: "button", className: "abcrnn-play", textContent: "Play", aria: { keyshortcuts: "Space" },
    });
    this.slider = make("input", {
      type: "range", className: "abcrnn-slider", min: 0, max: music.length, step: "any", value: 0,
      aria: { label: "Position", keyshortcuts: "ArrowLeft ArrowRight Home" },
    });
    this.positionText = make("output", { className: "abcrnn-position", aria: { live: "off" } });
    this.tempo = make("input", { type: "range", min: 25, max: 200, step: 5, value: 100 });
    this.tempoText = make("output", { className: "abcrnn-tempo", aria: { live: "off" } });
    this.voice = make("select", {}, new Option("Plucked", "plucked"), new Option("Blown", "blown"));
    this.chords = make("input", { type: "checkbox", checked: true, disabled: !music.chords.length });
    this.countIn = make("input", { type: "checkbox" });
    this.status = make("p", { className: "abcrnn-status", role: "status" });
    this.container.setAttribute("role", "group");
    this.container.setAttribute("aria-label", `Player: ${music.title || "tune"}`);
    const main = [this.playButton, this.slider, this.positionText];
    this.container.replaceChildren(
      make("div", { className: "abcrnn-transport" }, ...main),
      make("div", { className: "abcrnn-options" },
        make("span", { className: "abcrnn-field" }, label("Tempo", this.tempo), this.tempoText),
        label("Voice", this.voice),
        ...this.loopControls(), label("Chords", this.chords), label("Count-in", this.countIn)),
      this.status,
    );
    this.showTempo();
    if (!music.notes.length) this.disable("There is nothing to play.");
  }

  loopControls() {
    const sections = this.music.sections.map(({ name }, n) => new Option(`Section ${name}`, n));
    this.loopChoice = make("select", {}, new Option("Off", ""), new Option("Whole tune", "all"),
      ...sections, new Option("Bars", "bars"));
    const numbers = this.music.bars.map((_, n) => this.music.barNumber(n));
    const min = numbers.reduce((a, b) => Math.min(a, b), numbers[0] ?? 1);
    const max = numbers.reduce((a, b) => Math.max(a, b), 1);
    const field = (value, text) =>
      make("input", { type: "number", min, max, value, aria: { label: text } });
    this.firstBar = field(Math.max(min, Math.min(1, max)), "First bar of the loop");
    this.lastBar = field(Math.min(4, max), "Last bar of the loop");
    this.loopBars = make("span", { className: "abcrnn-field", hidden: true },
      this.firstBar, " to ", this.lastBar);
    return [label("Loop", this.loopChoice), this.loopBars];
  }

  disable(message) {
    for (const control of this.container.querySelectorAll("button, input, select")) {
      control.disabled = true;
    }
    this.announce(message);
    this.container.classList.add("abcrnn-silent");
  }

  listen() {
    this.playButton.addEventListener("click", () => this.toggle());
    this.slider.addEventListener("input", () => this.seek(Number(this.slider.value)));
    this.tempo.addEventListener("input", () => this.showTempo());
    for (const control of [this.tempo, this.voice, this.chords]) {
      control.addEventListener("input", () => this.changeOptions());
    }
    for (const control of [this.tempo, this.voice, this.chords, this.countIn]) {
      control.addEventListener("change", () => this.announce(stateText(control)));
    }
    for (const control of [this.loopChoice, this.firstBar, this.lastBar]) {
      control.addEventListener("change", () => this.changeLoop());
    }
    this.tune.addEventListener("pointerdown", () => this.use());
    this.tune.addEventListener("focusin", () => this.use());
    this.score?.addEventListener("click", (event) => this.playFromElement(event.target));
  }

  // Commands

  use() {
    lastUsed = this;
  }

  toggle() {
    if (this.sequencer) this.pause();
    else this.play();
  }

  /** Play from the current position; another player of the page stops. */
  play() {
    if (!this.music.notes.length) return;
    if (!globalThis.AudioContext) {
      this.disable("This browser cannot play sound.");
      return;
    }
    playing?.pause();
    playing = this;
    this.use();
    audioContext ??= new AudioContext();
    audioContext.resume();
    if (this.position >= this.music.length) this.position = 0;
    if (this.loop && !isInside(this.loop, this.position)) this.position = this.loop.start;
    this.startSequencer(this.countIn.checked);
    this.timer = setInterval(() => this.tick(), TICK);
    this.showState(true);
    this.announce(`${this.countIn.checked ? "Count-in, then playing" : "Playing"}${this.where()}`);
    this.animate();
  }

  startSequencer(countIn) {
    this.sequencer = new Sequencer(audioContext, this.music, this.options());
    const position = this.music.seconds(this.position);
    this.sequencer.begin(audioContext.currentTime + DELAY, position, countIn);
    this.tick();
  }

  pause(message = "") {
    if (!this.sequencer) return;
    this.position = this.currentPosition();
    this.sequencer.stop();
    this.sequencer = null;
    playing = null;
    clearInterval(this.timer);
    this.showState(false);
    this.showPosition();
    this.announce(message || `Paused${this.where()}`);
  }

  /** Move to a position in quarter notes, also during playback. */
  seek(quarters) {
    this.position = Math.min(Math.max(quarters, 0), this.music.length);
    if (this.sequencer) {
      this.sequencer.stop();
      this.startSequencer(false);
    }
    this.showPosition();
  }

  /** Move to the beginning of the next bar, or of this or the previous one. */
  moveByBar(step) {
    const { music } = this;
    if (!music.bars.length) return;
    const position = this.currentPosition();
    let bar = Math.max(0, music.barAt(position)) + step;
    // While playing, a position shortly after the beginning of a bar counts as its beginning.
    const margin = this.sequencer ? music.beat / 2 : 0.001;
    if (step < 0 && position - music.bars[bar + 1].start > margin) bar += 1;
    this.seek(music.bars[Math.min(Math.max(bar, 0), music.bars.length - 1)].start);
    this.announce(this.where().trim());
  }

  moveToStart() {
    this.seek(0);
    this.announce("Beginning of the tune");
  }

  /** Play from the note of an element of the score: its occurrence nearest to the position. */
  playFromElement(element) {
    this.notesById ??= notesById(this.music.notes);
    let each = element;
    while (each && !this.notesById.has(each.id)) each = each === this.score ? null : each.parentElement;
    if (!each) return;
    const position = this.currentPosition();
    const distance = (note) => Math.abs(note.start - position);
    const [note] = this.notesById.get(each.id).toSorted((a, b) => distance(a) - distance(b));
    this.seek(note.start);
    if (!this.sequencer) this.play();
  }

  options() {
    return {
      voice: this.voice.value, chords: this.chords.checked, loop: this.loop,
      rate: Number(this.tempo.value) / 100,
    };
  }

  changeOptions() {
    if (!this.sequencer) return;
    if (this.sequencer.isCountingIn(audioContext.currentTime)) {
      this.sequencer.stop();
      this.startSequencer(true);
    } else {
      this.sequencer.change(this.options(), audioContext.currentTime + 0.02);
      this.tick();
    }
  }

  changeLoop() {
    const { music } = this;
    const choice = this.loopChoice.value;
    this.loopBars.hidden = choice !== "bars";
    if (choice === "") this.loop = null;
    else if (choice === "all") this.loop = { start: 0, end: music.length };
    else if (choice === "bars") {
      const first = barIn(this.firstBar, this.firstBar.min);
      const last = Math.max(first, barIn(this.lastBar, this.lastBar.max));
      this.lastBar.value = last;
      this.loop = music.barRange(first, last);
    } else this.loop = music.sections[Number(choice)];
    const bars = ` ${this.firstBar.value} to ${this.lastBar.value}`;
    this.announce(stateText(this.loopChoice) + (choice === "bars" ? bars : "")
      + (choice && !this.loop ? " are not played in this order; the loop is off" : ""));
    if (this.loop && !isInside(this.loop, this.currentPosition())) this.seek(this.loop.start);
    else this.changeOptions();
  }

  // While playing

  tick() {
    if (!this.sequencer) return;
    const now = audioContext.currentTime;
    this.sequencer.schedule(now + (document.hidden ? LOOK_AHEAD_HIDDEN : LOOK_AHEAD));
    if (!this.container.isConnected) this.pause(); // the page has removed the tune
    else if (this.sequencer.isFinished(now)) this.finish();
  }

  finish() {
    this.pause("End of the tune");
    this.seek(0);
  }

  animate() {
    if (!this.sequencer) return;
    this.showPosition();
    requestAnimationFrame(() => this.animate());
  }

  /** Return the position that is heard now, in quarter notes. */
  currentPosition() {
    if (!this.sequencer) return this.position;
    const heard = audioContext.currentTime - (audioContext.outputLatency || 0);
    return Math.min(this.music.quarters(this.sequencer.positionAt(heard)), this.music.length);
  }

  // Showing

  showState(isPlaying) {
    this.playButton.textContent = isPlaying ? "Pause" : "Play";
    this.tune.classList.toggle("abcrnn-is-playing", isPlaying);
  }

  showTempo() {
    const beats = (this.music.tempos[0].tempo / this.music.beat) * (this.tempo.value / 100);
    this.tempoText.value = `${this.tempo.value} %, ${Math.round(beats)} beats/min`;
    this.tempo.setAttribute("aria-valuetext", this.tempoText.value);
  }

  showPosition() {
    const position = this.currentPosition();
    const counting = this.sequencer?.isCountingIn(audioContext.currentTime);
    this.slider.value = position;
    const text = counting ? "Count-in" : this.positionLabel(position);
    if (this.positionText.value !== text) {
      this.positionText.value = text;
      this.slider.setAttribute("aria-valuetext", text);
    }
    // At rest, the highlighted note shows the position, except at the beginning.
    const isShown = this.sequencer ? !counting : position > 0;
    this.highlight(isShown ? this.music.soundingAt(position + 1e-6) : []);
  }

  positionLabel(position) {
    const bar = this.music.barAt(position);
    if (bar < 0) return "";
    const number = this.music.barNumber(bar);
    const section = this.music.sections.find((each) => isInside(each, position));
    return `${number ? `Bar ${number}` : "Pickup"}${section ? `, section ${section.name}` : ""}`;
  }

  where() {
    const text = this.positionLabel(this.currentPosition());
    return text && `, ${text}`;
  }

  highlight(notes) {
    const ids = notes.flatMap((note) => note.ids ?? []);
    const lit = ids.map((id) => document.getElementById(id)).filter(Boolean);
    if (lit.length === this.lit.length && lit.every((each, n) => each === this.lit[n])) return;
    this.lit.forEach((each) => each.classList.remove("abcrnn-playing"));
    lit.forEach((each) => each.classList.add("abcrnn-playing"));
    if (this.sequencer && lit.length) this.follow(lit[0]);
    this.lit = lit;
  }

  /** Scroll to a note if the one before was visible: a reader who scrolled away stays there. */
  follow(element) {
    if (isVisible(this.lastFollowed) && !isVisible(element)) {
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      element.scrollIntoView({ block: "center", behavior: calm ? "instant" : "smooth" });
    }
    this.lastFollowed = element;
  }

  announce(text) {
    this.status.textContent = text;
  }
}

let playing = null; // the player that sounds

/** Read a timeline; an element that is missing or damaged is a tune without notes. */
function readTimeline(id) {
  try {
    return JSON.parse(document.getElementById(id).textContent);
  } catch {
    return {};
  }
}

function notesById(notes) {
  const byId = new Map();
  for (const note of notes) {
    for (const id of note.ids ?? []) byId.set(id, [...(byId.get(id) ?? []), note]);
  }
  return byId;
}

/** Return the name and value of a control, such as "Chords: off". */
function stateText(control) {
  const name = control.labels[0].firstChild.textContent;
  if (control.type === "checkbox") return `${name}: ${control.checked ? "on" : "off"}`;
  return `${name}: ${control.selectedOptions?.[0].text ?? control.ariaValueText}`;
}

/** Return the bar in a field, which is set to a bar of the tune; `usual` without a number. */
function barIn(field, usual) {
  const { min, max, valueAsNumber: number } = field;
  field.value = Number.isNaN(number) ? usual : Math.min(Math.max(Math.round(number), min), max);
  return Number(field.value);
}

function isInside({ start, end }, position) {
  return start - 1e-6 <= position && position < end - 1e-6;
}

function isVisible(element) {
  if (!element) return false;
  const { top, bottom } = element.getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight;
}

// Page ----------------------------------------------------------------------------------------

/** Return the player that the keys apply to: of the tune with the focus, used last, or the only one. */
function playerOfKeys() {
  const tune = document.activeElement?.closest(".abcrnn-tune");
  const focused = players.get(tune?.querySelector(".abcrnn-player"));
  if (focused) return focused;
  if (lastUsed?.container.isConnected) return lastUsed;
  const containers = document.querySelectorAll(".abcrnn-player");
  return containers.length === 1 ? players.get(containers[0]) : undefined;
}

/** Whether a control uses a key itself, such as the space bar on a button. */
function usesKey(target, key, player) {
  const control = target.closest?.("input, select, textarea, button, a, summary, [contenteditable]");
  if (!control) return false;
  if (control === player.slider) return false;
  if (control.type === "range") return key !== " ";
  if (control.matches("button, a, summary, [type=checkbox]")) return key === " ";
  return true;
}

function onKey(event) {
  const modified = event.ctrlKey || event.altKey || event.metaKey || event.shiftKey;
  const player = event.defaultPrevented || modified ? null : playerOfKeys();
  if (!player || usesKey(event.target, event.key, player)) return;
  const commands = {
    " ": () => event.repeat || player.toggle(),
    ArrowLeft: () => player.moveByBar(-1),
    ArrowRight: () => player.moveByBar(1),
    Home: () => player.moveToStart(),
  };
  if (!Object.hasOwn(commands, event.key)) return;
  event.preventDefault();
  commands[event.key]();
}

/** Fill a container with the controls of its tune, unless it has them; return its `Player`. */
export function attachPlayer(container) {
  if (!players.has(container)) players.set(container, new Player(container));
  return players.get(container);
}

/** Fill each container of the page shortly before it becomes visible. */
function attachWhenNear() {
  const observer = new IntersectionObserver((entries) => {
    for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
      observer.unobserve(target);
      attachPlayer(target);
    }
  }, { rootMargin: "800px" });
  document.querySelectorAll(".abcrnn-player").forEach((container) => observer.observe(container));
}

document.addEventListener("keydown", onKey);
document.addEventListener("visibilitychange", () => playing?.tick());
attachWhenNear();
