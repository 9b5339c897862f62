/*
 * Temperature, top-k and top-p as a reader sets them.
 *
 * The temperature's slider is logarithmic: from 0.5 to 1 is as far as from 1 to 2. Top-k and top-p are off at the right
 * end of their sliders, where they keep every word. In a state "off" is written top_k: 0 and top_p: 1.
 */
import { keepKeys, slider } from "./controls.js";
import { make } from "./ui.js";
import { words } from "./words.js";

const COLDEST = 0.1;
const HOTTEST = 3;
const MARKS = [0.5, 1, 2];
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

/** A state that the sliders can show: what lies outside goes to the nearest end. */
export function withinSampling(state) {
  const temperature = Math.min(HOTTEST, Math.max(COLDEST, state.temperature));
  const top_p = Math.min(1, Math.max(0.01, state.top_p));
  return { ...state, temperature, top_k: Math.max(0, Math.round(state.top_k)), top_p };
}

/** Three sliders; `onInput({ temperature | top_k | top_p })` hears what was changed. */
export function samplingControls(onInput) {
  const temperature = temperatureSlider((value) => onInput({ temperature: value }));
  const places = { min: 0, max: KS.length - 1, step: 1, value: 0, show: shownK };
  const shares = { min: 0.05, max: 1, step: 0.01, value: 1, show: shownP };
  const top_k = slider(words.sampling.top_k, places, (place) => onInput({ top_k: KS[place] }));
  const top_p = slider(words.sampling.top_p, shares, (value) => onInput({ top_p: value }));
  return {
    element: make("div", { class: "lmx-sampling" }, temperature.element, top_k.element, top_p.element),
    set(state) {
      temperature.value = state.temperature;
      top_k.value = placeOfK(state.top_k);
      top_p.value = state.top_p;
    },
  };
}

function shownK(place) {
  return KS[place] === 0 ? words.sampling.off : String(KS[place]);
}

function shownP(value) {
  return value >= 1 ? words.sampling.off : value.toFixed(2);
}

/** The place on the slider of the nearest k that it has. */
function placeOfK(k) {
  if (k === 0) return KS.length - 1;
  const distance = (place) => Math.abs(Math.log(KS[place]) - Math.log(k));
  return KS.slice(0, -1).reduce((best, _, place) => (distance(place) < distance(best) ? place : best), 0);
}

/** A logarithmic slider, with buttons below it for the values that one compares. */
function temperatureSlider(onInput) {
  const [min, max] = [Math.log(COLDEST), Math.log(HOTTEST)];
  const rounded = (place) => Number(Math.exp(place).toFixed(2));
  const show = (place) => rounded(place).toFixed(2);
  const settings = { min, max, step: (max - min) / 400, value: 0, show };
  const control = slider(words.sampling.temperature, settings, (place) => onInput(rounded(place)));
  const choose = (value) => {
    control.value = Math.log(value);
    onInput(value);
  };
  const marks = MARKS.map((value) => {
    const label = `${words.sampling.temperature} ${value}`;
    const handlers = { onkeydown: keepKeys, onclick: () => choose(value) };
    const mark = make("button", { type: "button", class: "lmx-mark", "aria-label": label, ...handlers }, String(value));
    mark.style.setProperty("--lmx-at", String((Math.log(value) - min) / (max - min)));
    return mark;
  });
  const element = make("div", { class: "lmx-marked" }, control.element, make("div", { class: "lmx-marks" }, marks));
  return { element, set value(wanted) { control.value = Math.log(wanted); } };
}
