/*
 * Temperature, top-k and top-p as a reader sets them.
 *
 * A slider stands at whole places, and each place stands for a value. A value between two places, as a link may bring
 * it, stands at the nearer one and is shown as it is. The temperature's slider is logarithmic: from 0.5 to 1 is as far
 * as from 1 to 2. Top-k and top-p are off at the right end of their sliders, where they keep every word. In a state
 * "off" is written top_k: 0 and top_p: 1.
 */
import { keepKeys, slider } from "./controls.js";
import { make, wholeNumber } from "./ui.js";
import { words } from "./words.js";

const COLDEST = 0.1;
const HOTTEST = 3;
const MARKS = [0.5, 1, 2];
const DOUBLING = 53; // places from a temperature to its double: with 53, one falls close enough to 0.1 and to 3
const SMALL_KS = Array.from({ length: 20 }, (_, i) => i + 1);
const KS = [...SMALL_KS, 25, 30, 40, 50, 75, 100, 200, 500, 1000, 0];

/** The part of a request that a state asks for: samplingOf({ temperature: 1, top_k: 0, top_p: 0.8 }). */
export function samplingOf({ temperature, top_k, top_p }) {
  return { temperature, top_k: top_k >= 1 ? Math.round(top_k) : null, top_p: top_p > 0 && top_p < 1 ? top_p : null };
}

/** The same as named arguments of Python, without what changes nothing. */
export function pythonSampling(state) {
  const wanted = Object.entries(samplingOf(state));
  return Object.fromEntries(wanted.filter(([name, value]) => value !== (name === "temperature" ? 1 : null)));
}

/** A state that the sliders can show: what lies outside goes to the nearest end. A seed is a whole number. */
export function withinSampling(state) {
  const temperature = Math.min(HOTTEST, Math.max(COLDEST, state.temperature));
  const top_p = Math.min(1, Math.max(0.01, state.top_p));
  const top_k = Math.max(0, Math.round(state.top_k));
  return { ...state, temperature, top_k, top_p, seed: wholeNumber(state.seed) };
}

/** Three sliders; `onInput({ temperature | top_k | top_p })` hears what was changed. */
export function samplingControls(onInput) {
  const sliders = {
    temperature: placedSlider(words.sampling.temperature, TEMPERATURE, (temperature) => onInput({ temperature })),
    top_k: placedSlider(words.sampling.top_k, TOP_K, (top_k) => onInput({ top_k })),
    top_p: placedSlider(words.sampling.top_p, TOP_P, (top_p) => onInput({ top_p })),
  };
  const marks = make("div", { class: "lmx-marks" }, MARKS.map((value) => temperatureMark(value, () => {
    sliders.temperature.value = value;
    onInput({ temperature: value });
  })));
  const marked = make("div", { class: "lmx-marked" }, sliders.temperature.element, marks);
  return {
    element: make("div", { class: "lmx-sampling" }, marked, sliders.top_k.element, sliders.top_p.element),
    set(state) {
      for (const [name, one] of Object.entries(sliders)) one.value = state[name];
    },
  };
}

// What the sliders stand for: values at their ends, the place of a value, the value of a place, and how it is shown.
export const TEMPERATURE = {
  ends: [COLDEST, HOTTEST],
  placeOf: (temperature) => Math.round(DOUBLING * Math.log2(temperature)),
  valueAt: (place) => Number((2 ** (place / DOUBLING)).toFixed(2)),
  show: (temperature) => temperature.toFixed(2),
};
export const TOP_K = {
  ends: [KS[0], 0],
  placeOf: (k) => (k === 0 ? KS.length - 1 : nearestK(k)),
  valueAt: (place) => KS[place],
  show: (k) => (k === 0 ? words.sampling.off : String(k)),
};
export const TOP_P = {
  ends: [0.05, 1],
  placeOf: (share) => Math.round(100 * share),
  valueAt: (place) => place / 100,
  show: (share) => (share >= 1 ? words.sampling.off : share.toFixed(2)),
};

/** The place of the nearest k that the slider has, by ratio. */
function nearestK(k) {
  const distance = (place) => Math.abs(Math.log(KS[place]) - Math.log(k));
  return KS.slice(0, -1).reduce((best, _, place) => (distance(place) < distance(best) ? place : best), 0);
}

/** A slider of places; `value` is set to a value that a place stands for, or to one between two. */
function placedSlider(label, { ends, placeOf, valueAt, show }, onInput) {
  const [min, max] = ends.map(placeOf);
  let value = ends[1];
  const inside = (place) => Math.min(max, Math.max(min, place));
  const shown = (place) => show(place === inside(placeOf(value)) ? value : valueAt(place));
  const control = slider(label, { min, max, step: 1, value: max, show: shown }, (place) => {
    value = valueAt(place);
    onInput(value);
  });
  return {
    element: control.element,
    set value(wanted) {
      value = wanted;
      control.value = inside(placeOf(wanted));
    },
  };
}

/** A small button below the temperature's slider for a value that one compares. */
function temperatureMark(value, onPress) {
  const label = `${words.sampling.temperature} ${value}`;
  const handlers = { onkeydown: keepKeys, onclick: onPress };
  const mark = make("button", { type: "button", class: "lmx-mark", "aria-label": label, ...handlers }, String(value));
  const [coldest, place, hottest] = [COLDEST, value, HOTTEST].map(TEMPERATURE.placeOf);
  mark.style.setProperty("--lmx-at", String((place - coldest) / (hottest - coldest)));
  return mark;
}
