/**
 * The tune that is open: its score, its bars, the steps that can follow, and its text.
 *
 * The panel is built anew for each node. `actions` are functions of studio.js, which sends the
 * requests; nothing here changes the history.
 */

import { attachPlayer } from "./player.js";
import { button, byId, make } from "./elements.js";
import { stepName } from "./tree.js";

const CHECK_DELAY = 250; // milliseconds after the last key until the text is checked
const FIRST_OF_ALTERNATIVES = 2000; // ids in scores: above those of nodes
const STRONGEST_TINT = 15; // bits above the average at which a bar has the full colour

/** The open tune. */
export class TunePanel {
  constructor(node, actions) {
    this.node = node;
    this.actions = actions;
    this.article = byId("tune");
    this.first = null; // selected bars, as indices
    this.last = null;
    this.build();
  }

  build() {
    const { node } = this;
    const title = node.title || "Untitled";
    this.alternatives = make("div", { id: "alternatives", aria: { live: "polite" } });
    this.article.replaceChildren(
      make("header", { className: "tune-head" },
        make("h2", { textContent: title, id: "tune-title", tabIndex: -1 }),
        make("p", { className: "hint", textContent: this.origin() })),
      this.scorePlace(node, node.id + 1),
      this.barStrip(),
      this.stepControls(),
      this.alternatives,
      this.editor(),
    );
    this.article.hidden = false;
    this.article.setAttribute("aria-labelledby", "tune-title");
    this.select(...this.initialSelection());
  }

  origin() {
    const { node } = this;
    const parts = [stepName(node)];
    if (node.model) parts.push(`model ${node.model}`);
    if ("seed" in node.settings) parts.push(`seed ${node.settings.seed}`);
    if ("temperature" in node.settings) parts.push(`temperature ${node.settings.temperature}`);
    return parts.join(", ");
  }

  /** Return an element that the score and the player of a tune are put into. */
  scorePlace(tune, number) {
    const place = make("div", { className: "score-place", textContent: "Engraving…" });
    this.actions.score(tune, number, place);
    return place;
  }

  // Bars

  barStrip() {
    const changed = new Set(this.node.changed);
    this.bars = this.node.bars.map((bar, index) => {
      const isChanged = changed.has(bar.number);
      const element = make("button", {
        type: "button", className: "bar", aria: { pressed: "false" },
        title: "Select; with Shift, extend the selection",
      },
      make("span", { className: "bar-number", textContent: bar.number }),
      make("code", { textContent: bar.text.trim() }));
      if (isChanged) {
        element.classList.add("changed");
        element.append(make("span", { className: "badge", textContent: "new" }));
      }
      element.addEventListener("click", (event) => this.choose(index, event.shiftKey));
      return element;
    });
    return make("section", { className: "bars", aria: { label: "Bars" } },
      make("div", { className: "bar-strip" }, ...this.bars),
      make("p", { className: "hint" }, this.bars.length
        ? "Choose a bar; with Shift, choose up to another one."
        : "The bars of this text cannot be read."));
  }

  initialSelection() {
    const changed = this.node.bars.flatMap((bar, index) =>
      this.node.changed.includes(bar.number) ? [index] : []);
    return changed.length ? [changed[0], changed.at(-1)] : [0, 0];
  }

  choose(index, extend) {
    if (extend) this.select(Math.min(this.first, index), Math.max(this.last, index));
    else this.select(index, index);
  }

  select(first, last) {
    [this.first, this.last] = [first, last];
    this.bars.forEach((bar, index) => {
      bar.setAttribute("aria-pressed", String(first <= index && index <= last));
    });
    if (!this.bars.length) return;
    const [from, to] = [this.node.bars[first].number, this.node.bars[last].number];
    const range = from === to ? `bar ${from}` : `bars ${from} to ${to}`;
    this.rewriteButton.textContent = `Regenerate ${range}`;
    this.continueButton.textContent = `Regenerate from bar ${from} on`;
  }

  /** Tint each bar by the bits that it needs above the average of the tune. */
  showSurprise(excess) {
    this.bars.forEach((bar, index) => {
      const bits = excess[index] ?? 0;
      bar.style.setProperty("--tint", Math.min(1, Math.max(0, bits / STRONGEST_TINT)));
      bar.classList.add("tinted");
      bar.querySelector(".bits")?.remove();
      const text = `${bits > 0 ? "+" : ""}${bits.toFixed(1)} bits`;
      bar.append(make("span", { className: "bits", textContent: text }));
    });
  }

  // Steps

  stepControls() {
    const { actions } = this;
    const selected = () => ({
      first: this.node.bars[this.first].number, last: this.node.bars[this.last].number,
    });
    const none = !this.bars.length;
    this.rewriteButton = button("Regenerate", () => actions.rewrite(selected()), { disabled: none });
    this.continueButton = button("Regenerate on", () => actions.continue(selected()),
      { disabled: none });
    this.keepButton = button(this.node.kept ? "Kept" : "Keep", () => actions.keep(),
      { className: "main-action", disabled: this.node.kept, id: "keep" });
    return make("section", { className: "steps", aria: { label: "Steps" } },
      make("div", { className: "actions" }, this.keepButton, this.rewriteButton,
        this.continueButton,
        button("Show surprise", () => actions.surprise(), { disabled: none }),
        button("Generate again", () => actions.reproduce(),
          { title: "Check that the same model and seed give the same bytes" })),
      this.transposition());
  }

  showKept() {
    this.keepButton.textContent = "Kept";
    this.keepButton.disabled = true;
  }

  /** Return the control to focus in place of the button of a tune that was kept. */
  besideKeep() {
    return this.keepButton.parentElement.querySelector("button:enabled");
  }

  transposition() {
    const choice = make("select", { id: "transposition" });
    const up = Array.from({ length: 25 }, (_, n) => n - 12).filter((n) => n !== 0);
    choice.append(...this.actions.tonics.map((key) => new Option(`to ${key}`, `to:${key}`)),
      ...up.map((n) => new Option(`by ${n > 0 ? "+" : ""}${n} semitones`, `by:${n}`)));
    const run = () => {
      const [kind, value] = choice.value.split(":");
      this.actions.transpose(kind === "to" ? { to: value } : { semitones: Number(value) });
    };
    return make("div", { className: "actions" },
      make("label", { className: "inline" }, "Transpose ", choice), button("Transpose", run));
  }

  // Alternatives

  clearAlternatives(heading) {
    this.found = [];
    this.alternatives.replaceChildren(make("h3", { textContent: heading, tabIndex: -1 }));
  }

  /** Show an alternative; those with a better fit come first. */
  addAlternative(event, unit) {
    const item = this.alternative(event, unit);
    const after = this.found.findIndex(({ bits }) => bits > event.bits);
    const place = after < 0 ? this.found.length : after;
    const next = this.found[place]?.item ?? null;
    this.found.splice(place, 0, { bits: event.bits, item });
    this.alternatives.insertBefore(item, next);
    this.found.forEach((each, n) => {
      each.item.querySelector(".rank").textContent = `${n + 1}.`;
    });
  }

  alternative(event, unit) {
    const { proposal, bits } = event;
    const accept = button("Accept", () => this.actions.accept(proposal),
      { className: "main-action", aria: { label: `Accept alternative with ${bits} ${unit}` } });
    return make("section", { className: "alternative abcrnn-tune", data: { proposal } },
      make("header", { className: "alternative-head" },
        make("span", { className: "rank" }),
        make("span", { className: "hint", textContent: `${bits} ${unit}` }), accept),
      this.scorePlace(event, FIRST_OF_ALTERNATIVES + proposal));
  }

  // Text

  editor() {
    this.text = make("textarea", {
      id: "abc", value: this.node.text, spellcheck: false, wrap: "off", maxLength: 20000,
      rows: Math.min(24, this.node.text.split("\n").length + 2),
      aria: { describedby: "problems" },
    });
    this.problems = make("ul", { id: "problems", className: "problems", aria: { live: "polite" } });
    this.apply = button("Apply the text", () => this.actions.edit(this.text.value));
    this.text.addEventListener("input", () => this.onInput());
    this.showProblems(this.node.problems);
    return make("section", { className: "editor", aria: { label: "Text" } },
      make("label", { htmlFor: "abc", textContent: "ABC text" }), this.text, this.problems,
      make("div", { className: "actions" }, this.apply,
        button("Undo changes", () => this.reset())));
  }

  reset() {
    this.text.value = this.node.text;
    this.showProblems(this.node.problems);
  }

  onInput() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.actions.check(this), CHECK_DELAY);
  }

  showProblems(problems) {
    this.problems.replaceChildren(...problems.map(({ line, column, message }) =>
      make("li", {}, button(`Line ${line}, column ${column}`, () => this.goTo(line, column),
        { className: "link" }), `: ${message}`)));
    if (!problems.length) {
      this.problems.append(make("li", { className: "valid", textContent: "The tune is valid." }));
    }
  }

  /** Move the cursor to a position of the text. */
  goTo(line, column) {
    const before = this.text.value.split("\n").slice(0, line - 1);
    const index = before.reduce((sum, each) => sum + each.length + 1, column - 1);
    this.text.focus();
    this.text.setSelectionRange(index, index + 1);
  }
}

/**
 * Put a score and its player into a place, and mark the notes of the bars that were changed.
 *
 * `bars` has the ids of the notes of each bar; `tune` is a node or an alternative.
 */
export function showScore(place, { html, bars }, { changed, first }) {
  place.innerHTML = html; // built and escaped by the server
  place.querySelectorAll(".abcrnn-player").forEach(attachPlayer);
  for (const number of changed) {
    for (const id of bars[number - first] ?? []) {
      document.getElementById(id)?.classList.add("is-changed");
    }
  }
}
