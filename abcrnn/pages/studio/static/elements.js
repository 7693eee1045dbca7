/**
 * Elements of the page, and what is announced in it.
 *
 * Text from the server is only ever set as `textContent`, so that a title with tags is shown as
 * text. The one exception is the score, which the server builds and escapes.
 */

/** Return the element with an id. */
export function byId(id) {
  return document.getElementById(id);
}

/** Return an element with properties, `aria` and `data` attributes, and children. */
export function make(tag, { aria = {}, data = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(aria)) element.setAttribute(`aria-${name}`, value);
  Object.assign(element.dataset, data);
  element.append(...children);
  return element;
}

/** Return a button that calls a function. */
export function button(text, onClick, properties = {}) {
  const made = make("button", { type: "button", textContent: text, ...properties });
  made.addEventListener("click", onClick);
  return made;
}

/**
 * Run a function; if the focused element is then gone, hidden or disabled, focus another one.
 *
 * `findOther` takes the element that had the focus.
 */
export function keepingFocus(run, findOther) {
  const before = document.activeElement;
  run();
  const isLost = before.disabled || !before.getClientRects().length;
  if (before !== document.body && isLost) findOther(before).focus();
}

/** Show a message, which screen readers read out; an error is marked as one. */
export function announce(message, isError = false) {
  const status = byId("status");
  status.textContent = message;
  status.classList.toggle("error", isError);
}

/** Run a function, and show its error, if any, as a message. */
export async function reporting(run) {
  try {
    return await run();
  } catch (error) {
    if (error.name === "AbortError") announce("Stopped.");
    else announce(error.message, true);
    return undefined;
  }
}
