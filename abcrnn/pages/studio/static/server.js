/**
 * Requests to the server of this page.
 *
 * The token in the address of the page goes with each request; without it the server refuses.
 */

const token = new URLSearchParams(location.search).get("token") ?? "";

/** Return the address of a download. */
export function downloadAddress(path) {
  return `${path}?token=${encodeURIComponent(token)}`;
}

/** Return what the server answers; throw an `Error` with its message if it refuses. */
export async function ask(name, body = {}) {
  return (await post(name, body)).json();
}

/** Return the choices of the controls. */
export async function fetchChoices() {
  return (await checked(fetch("/api/choices", { headers: headers() }))).json();
}

/**
 * Call a function with each event of a request that a model answers, as it comes.
 *
 * Aborting the signal ends the request; the server then stops generating.
 */
export async function stream(name, body, onEvent, signal) {
  const response = await post(name, body, signal);
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    const lines = (rest + decoder.decode(value, { stream: !done })).split("\n");
    rest = lines.pop();
    for (const line of lines) receive(JSON.parse(line), onEvent);
    if (done) return;
  }
}

function receive(event, onEvent) {
  if (event.event === "error") throw new Error(event.message);
  onEvent(event);
}

function post(name, body, signal) {
  return checked(fetch(`/api/${name}`, {
    method: "POST", headers: headers(), body: JSON.stringify(body), signal,
  }));
}

function headers() {
  return { "Content-Type": "application/json", "X-Abcrnn-Token": token };
}

async function checked(request) {
  let response;
  try {
    response = await request;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The studio does not answer: is abcrnn studio still running?");
  }
  if (response.ok) return response;
  const answer = await response.json().catch(() => ({}));
  throw new Error(answer.error ?? `The studio answered with status ${response.status}.`);
}
