/**
 * The page of the studio: it connects the controls, the open tune and the history.
 *
 * The address of the page ends in `#SESSION/NODE`, so that reloading, and the browser's own
 * back and forward, lead to the same tune. Another tab has another session.
 */

import { onCompose, requests, sampling, setUpControls, showSeed } from "./controls.js";
import { announce, button, byId, keepingFocus, make, reporting } from "./elements.js";
import { ask, downloadAddress, fetchChoices, stream } from "./server.js";
import { showTree, stepOf } from "./tree.js";
import { showScore, TunePanel } from "./tune.js";

const ALTERNATIVES = 5; // of chosen bars
const CONTINUATIONS = 3;
const SESSION = /^[0-9a-f]{16}$/; // the digits of a session in the address

class Page {
  constructor(choices) {
    this.choices = choices;
    this.session = null;
    this.own = null; // the last session that is not listed as an earlier one
    this.nodes = new Map(); // by number: what the tree shows
    this.current = null; // number of the open node
    this.lastChild = new Map(); // by parent: where Forward leads
    this.panel = null;
    this.requests = new Map(); // by name: AbortController of a request that a model answers
    setUpControls(choices);
    byId("download-kept").href = downloadAddress("/api/kept.abc");
    byId("kept-path").textContent = `in ${choices.kept}`;
    this.listSessions();
    this.listen();
  }

  listen() {
    onCompose(() => this.compose());
    byId("stop").addEventListener("click", () => this.stop());
    byId("back").addEventListener("click", () => this.open(this.parentOf(this.current)));
    byId("forward").addEventListener("click", () => this.open(this.childOf(this.current)));
    byId("begin").addEventListener("click", () => reporting(() => this.begin()));
    byId("sessions").addEventListener("change", (event) => {
      if (event.target.value || this.own) location.hash = event.target.value || this.own;
      else reporting(() => this.begin());
    });
    document.querySelector(".skip").addEventListener("click", (event) => {
      event.preventDefault(); // the end of the address names a session
      byId("work").focus();
    });
    addEventListener("hashchange", () => reporting(() => this.followAddress()));
  }

  listSessions() {
    byId("sessions").append(...this.choices.sessions.map(({ session, title, tunes }) =>
      new Option(`${title || "Untitled"} (${tunes})`, session)));
  }

  // Sessions

  async begin() {
    const { session } = await ask("begin");
    location.hash = session;
  }

  /** Open the session and the node in the address of the page. */
  async followAddress() {
    const [session, number] = location.hash.slice(1).split("/");
    if (session !== this.session && !(await this.openSession(session))) return undefined;
    const last = this.nodes.size ? this.nodes.size - 1 : null;
    const wanted = /^\d+$/.test(number ?? "") ? Number(number) : last;
    if (wanted === null) return this.showNothing();
    if (wanted !== this.current) await this.show(wanted);
    return undefined;
  }

  /** Open a session; return whether there is one of this name. */
  async openSession(session) {
    const opened = SESSION.test(session) && await reporting(() => ask("open", { session }));
    if (!opened) {
      await this.keepSession(session);
      return false;
    }
    this.stop();
    this.session = session;
    this.current = null;
    this.nodes = new Map(opened.nodes.map((node) => [node.id, node]));
    this.lastChild = new Map();
    for (const { id, parent } of opened.nodes) this.lastChild.set(parent, id);
    byId("fresh").hidden = true;
    byId("fresh-tunes").replaceChildren();
    this.showSession();
    byId("compose").disabled = false; // a tune needs a session to belong to
    return true;
  }

  /** Select the open session in the list of earlier ones. */
  showSession() {
    const isListed = this.choices.sessions.some(({ session }) => session === this.session);
    if (!isListed) this.own = this.session;
    byId("sessions").value = isListed ? this.session : "";
  }

  /** Stay in the open session, or begin one, where the address names no session. */
  async keepSession(name) {
    const message = "The address names no session of this studio: ";
    if (!this.session) {
      await this.begin();
      if (name) announce(`${message}a new session begins.`);
      return;
    }
    const node = this.current === null ? "" : `/${this.current}`;
    history.replaceState(null, "", `#${this.session}${node}`);
    this.showSession();
    if (name) announce(`${message}the open one stays.`);
  }

  showNothing() {
    this.current = null;
    keepingFocus(() => {
      byId("tune").hidden = true;
      byId("empty").hidden = false;
    }, () => byId("work"));
    this.showTree();
  }

  // Nodes

  /** Add a node that the server made. */
  add(node) {
    this.nodes.set(node.id, node);
    this.lastChild.set(node.parent, node.id);
    this.showTree();
  }

  open(number) {
    if (number !== null && number !== undefined) location.hash = `${this.session}/${number}`;
  }

  async show(number) {
    const node = await ask("node", { session: this.session, node: number });
    this.current = number;
    this.nodes.set(number, node);
    this.lastChild.set(node.parent, number);
    byId("empty").hidden = true;
    keepingFocus(() => {
      this.panel = new TunePanel(node, this.actions());
    }, () => byId("tune-title"));
    this.showTree();
  }

  parentOf(number) {
    return this.nodes.get(number)?.parent ?? null;
  }

  childOf(number) {
    return this.lastChild.get(number) ?? null;
  }

  showTree() {
    keepingFocus(() => {
      showTree(this.nodes, this.current, (number) => this.open(number));
      byId("back").disabled = this.parentOf(this.current) === null;
      byId("forward").disabled = this.current === null || this.childOf(this.current) === null;
    }, (before) => this.neighbourOf(before));
  }

  /** Return the control of the history to focus in place of one that is gone or disabled. */
  neighbourOf(before) {
    const other = [byId("back"), byId("forward")].find((each) => !each.disabled);
    return stepOf(before.dataset.node) ?? other ?? stepOf(this.current) ?? byId("begin");
  }

  // Steps

  actions() {
    return {
      tonics: this.choices.tonics,
      score: (tune, number, place) => this.score(tune, number, place),
      check: (panel) => this.check(panel),
      keep: () => this.keep(),
      accept: (proposal) => this.step("accept", { proposal }),
      transpose: (by) => this.step("transpose", { node: this.current, ...by }),
      edit: (abc) => this.step("edit", { node: this.current, abc }),
      rewrite: (bars) => this.findAlternatives("rewrite", bars, ALTERNATIVES),
      continue: ({ first }) => this.findAlternatives("continue", { first }, CONTINUATIONS),
      surprise: () => this.surprise(),
      reproduce: () => this.reproduce(),
    };
  }

  /** Make a node from the open one, and open it. */
  step(name, values) {
    return reporting(async () => {
      const node = await ask(name, { session: this.session, ...values });
      this.add(node);
      this.open(node.id);
      announce(`${node.title || "The tune"} is a new step of the history.`);
    });
  }

  keep() {
    return reporting(async () => {
      const { number, file } = await ask("keep", { session: this.session, node: this.current });
      this.nodes.get(this.current).kept = true;
      keepingFocus(() => this.panel.showKept(), () => this.panel.besideKeep());
      this.showTree();
      announce(`Kept as tune ${number} of ${file}.`);
    });
  }

  async check(panel) {
    const { problems } = (await reporting(() => ask("check", { abc: panel.text.value }))) ?? {};
    if (problems) panel.showProblems(problems);
  }

  async score(tune, number, place) {
    const score = await reporting(() => ask("score", { abc: tune.text, number }));
    if (score && place.isConnected) showScore(place, score, tune);
  }

  // Requests that a model answers

  compose() {
    const list = byId("fresh-tunes");
    let isFirst = true;
    return this.generate("compose", { ...requests(), ...sampling() }, (event) => {
      if (event.event !== "tune") return;
      const { node } = event;
      if (isFirst) list.replaceChildren();
      byId("fresh").hidden = false;
      list.append(make("li", {}, button(node.title || "Untitled", () => this.open(node.id))));
      this.add(node);
      if (isFirst) this.open(node.id);
      isFirst = false;
    });
  }

  findAlternatives(name, bars, n) {
    const { panel } = this;
    const unit = name === "rewrite" ? "bits for the rest of the tune" : "bits per character";
    panel.clearAlternatives("Alternatives, the best fit first");
    const body = { node: this.current, ...bars, ...sampling(n) };
    return this.generate(name, body, (event) => {
      if (event.event === "alternative") panel.addAlternative(event, unit);
    });
  }

  surprise() {
    const { panel } = this;
    const { model } = sampling();
    return this.generate("surprise", { node: this.current, model }, (event) => {
      if (event.event === "surprise") panel.showSurprise(event.excess);
    });
  }

  reproduce() {
    let message = "";
    return this.generate("reproduce", { node: this.current }, (event) => {
      if (event.event !== "reproduced") return;
      message = event.same ? "Generated again: the same bytes." : "Generated again: other bytes.";
    }, () => message);
  }

  /** Send a request to a model and show how far it is; it ends an earlier one of its name. */
  async generate(name, body, onEvent, doneMessage = () => "Done.") {
    this.requests.get(name)?.abort();
    const request = new AbortController();
    this.requests.set(name, request);
    byId("stop").disabled = false;
    announce("The model works…");
    await reporting(async () => {
      await stream(name, { session: this.session, ...body }, (event) => {
        if (request.signal.aborted) return;
        this.showProgress(event);
        onEvent(event);
      }, request.signal);
      announce(doneMessage());
    });
    if (this.requests.get(name) === request) this.requests.delete(name);
    keepingFocus(() => {
      byId("stop").disabled = !this.requests.size;
    }, () => byId("compose"));
  }

  /** End all requests that a model answers; the server stops generating. */
  stop() {
    for (const request of this.requests.values()) request.abort();
  }

  showProgress(event) {
    const texts = {
      position: ({ before }) => `Waiting: ${before} before this in the queue.`,
      begin: () => "The model works…",
      generated: ({ generated, accepted }) => `${generated} generated, ${accepted} accepted.`,
    };
    if (event.event === "seed") showSeed(event.seed);
    if (event.event in texts) announce(texts[event.event](event));
  }
}

reporting(async () => {
  const page = new Page(await fetchChoices());
  await page.followAddress();
});
