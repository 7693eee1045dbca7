/**
 * The history: a tree of steps, of which each can be opened.
 */

import { byId, make } from "./elements.js";

const NAMES = {
  compose: "Composed", rewrite: "New bars", continue: "Continued", transpose: "Transposed",
  edit: "Edited",
};

/** Return a short text for what a step did, such as "New bars 3 to 4". */
export function stepName({ kind, settings }) {
  const details = {
    compose: ({ requests = {} }) => [requests.key, requests.meter].filter(Boolean).join(", "),
    rewrite: ({ bars: [first, last] }) => (first === last ? first : `${first} to ${last}`),
    continue: ({ bar }) => `from bar ${bar}`,
    transpose: ({ to, semitones }) => (to ? `to ${to}` : signed(semitones)),
    edit: () => "",
  };
  return `${NAMES[kind]} ${details[kind](settings)}`.trim();
}

function signed(semitones) {
  return `${semitones > 0 ? "+" : ""}${semitones}`;
}

/** Show the tree; `open` is called with the number of a node that is chosen. */
export function showTree(nodes, current, open) {
  const children = new Map();
  for (const node of nodes.values()) {
    const siblings = children.get(node.parent) ?? [];
    siblings.push(node);
    children.set(node.parent, siblings);
  }
  byId("tree").replaceChildren(listOf(children.get(null) ?? [], children, current, open));
  byId("tree").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
}

/** Return the button of a node; null if it is not in the tree. */
export function stepOf(number) {
  return byId("tree").querySelector(`[data-node="${number}"]`);
}

/** Chains are flat, so that a long history is not indented; only branches are nested. */
function listOf(siblings, children, current, open) {
  const list = make("ul", { className: "tree" });
  for (const first of siblings) {
    let node = first;
    list.append(itemOf(node, current, open));
    let below = children.get(node.id) ?? [];
    while (below.length === 1) {
      [node] = below;
      list.append(itemOf(node, current, open));
      below = children.get(node.id) ?? [];
    }
    if (below.length) {
      list.lastChild.append(listOf(below, children, current, open));
    }
  }
  return list;
}

function itemOf(node, current, open) {
  const step = make("button", { type: "button", className: "step", data: { node: node.id } },
    make("span", { className: "step-kind", textContent: stepName(node) }),
    make("span", { className: "step-title", textContent: node.title }));
  if (node.kept) step.append(make("span", { className: "badge", textContent: "kept" }));
  if (node.id === current) step.setAttribute("aria-current", "step");
  step.addEventListener("click", () => open(node.id));
  return make("li", { className: node.parent === null ? "root" : "" }, step);
}
