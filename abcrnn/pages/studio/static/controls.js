/**
 * The form with what a tune is requested to be, and the settings of the model.
 */

import { byId } from "./elements.js";

const form = byId("controls");

/** Fill the lists of the form, and keep its parts consistent. */
export function setUpControls(choices) {
  const { elements } = form;
  const fill = (select, values) => select.append(...values.map((value) => new Option(value)));
  fill(elements.model, choices.models.map(({ name }) => name));
  fill(elements.tonic, choices.tonics);
  fill(elements.mode, choices.modes);
  fill(elements.meter, choices.meters);
  fill(elements.ending, choices.endings);
  byId("ranges").append(...choices.ranges.map((name) => new Option(name, name)));
  elements.temperature.addEventListener("input", showTemperature);
  elements.tonic.addEventListener("change", enableMode);
  showTemperature();
  enableMode();
}

/** Call a function when the form is sent. */
export function onCompose(compose) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    compose();
  });
}

/** Return the requests of the form, without those that are left open. */
export function requests() {
  const { elements } = form;
  const { tonic, mode } = elements;
  const values = {
    key: tonic.value && `${tonic.value} ${mode.value}`,
    bars: elements.bars.value && Number(elements.bars.value),
  };
  for (const name of ["meter", "rhythm", "form", "pitches", "ending", "opening"]) {
    values[name] = elements[name].value.trim();
  }
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
}

/** Return the model, the temperature and the seed; the seed is null unless it is given. */
export function sampling(n = Number(form.elements.n.value)) {
  const { model, temperature, seed } = form.elements;
  return {
    model: model.value,
    n,
    temperature: Number(temperature.value),
    seed: seed.value === "" ? null : Number(seed.value),
  };
}

/** Show the seed that was used. Without the lock, the next request draws another. */
export function showSeed(used) {
  const { seed, lock } = form.elements;
  if (lock.checked) seed.value = used;
  else {
    seed.value = "";
    seed.placeholder = `last: ${used}`;
  }
}

function showTemperature() {
  byId("temperature-value").value = Number(form.elements.temperature.value).toFixed(2);
}

function enableMode() {
  form.elements.mode.disabled = form.elements.tonic.value === "";
}
