/*
 * Small parts that every explorer is made of: elements, numbers, colours, and waiting for a pause.
 *
 * Whatever a reader types or a model answers goes into the page as text, never as HTML. A score is shown three times,
 * as in the package's own pictures: by colour (blue speaks for, orange against), by a sign, and by its number.
 */
import { words } from "./words.js";

const BLUE = "0,114,178";
const ORANGE = "213,94,0";
const STRONGEST = 0.42; // opacity of the largest score: text on it keeps a contrast of 4.5 in both themes

/**
 * A template with its {names} filled in; a name without a value stays as it is.
 * fill("{word}: {score}", { word: "dull", score: "−1.00" }) -> "dull: −1.00"
 */
export function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (hole, name) => (name in values ? String(values[name]) : hole));
}

/**
 * An element: make("button", { class: "lmx-button", onclick: press, disabled: true }, "Again").
 * Functions become listeners, true an empty attribute; null, undefined and false leave the attribute out. Children are
 * elements or texts; null leaves one out.
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** The same for the parts of a drawing: makeDrawn("circle", { r: 3 }). */
export function makeDrawn(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setAttributes(element, attributes);
  element.append(...children.flat());
  return element;
}

function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
}

/** Changes a node's text only where it differs, so that nothing is painted twice. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets an attribute (or takes it away: null) only where that changes something. */
export function setAttribute(node, name, value) {
  if (value === null) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/** The sign of a score as it is shown: 1, −1, or 0 for what rounds to zero. */
export function shownSign(score, digits = 2) {
  return Math.sign(Number(score.toFixed(digits)));
}

/** A score with its sign: signed(0.126) -> "+0.13", signed(-1.5) -> "−1.50", signed(-0.001) -> "0.00". */
export function signed(score, digits = 2) {
  return ["−", "", "+"][shownSign(score, digits) + 1] + Math.abs(score).toFixed(digits);
}

// Methods whose scores say how strongly an answer reacts, not in which direction.
const UNSIGNED = ["saliency"];

/** Whether a method's scores speak for or against something. */
export function hasSigns(method) {
  return !UNSIGNED.includes(method);
}

/** How a score of a method is shown: { text, mark }, the mark being a class name as of `signClass`. */
export function shownScore(score, method, digits = 2) {
  if (hasSigns(method)) return { text: signed(score, digits), mark: signClass(score, digits) };
  return { text: score.toFixed(digits), mark: "" };
}

/** A probability as readers speak of it: percent(0.974) -> "97 %", percent(0.004) -> "0.4 %", percent(1) -> "100 %". */
export function percent(probability) {
  const hundredths = 100 * probability;
  if (probability === 1) return fill(words.common.percent, { number: hundredths });
  if (hundredths < 0.1) return fill(words.common.percent_below, { number: "0.1" });
  if (hundredths > 99.9) return fill(words.common.percent_above, { number: "99.9" });
  const middling = hundredths >= 9.95 && hundredths <= 98.95;
  return fill(words.common.percent, { number: hundredths.toFixed(middling ? 0 : 1) });
}

/** The colour behind a score: blue for, orange against, as strong as its share of the largest. */
export function colour(score, largest) {
  const share = largest > 0 ? Math.min(1, Math.abs(score) / largest) : 0;
  return `rgba(${score >= 0 ? BLUE : ORANGE},${(STRONGEST * share).toFixed(3)})`;
}

/** The class name that gives a score its arrow and its border: lmx-for, lmx-against, or none. */
export function signClass(score, digits = 2) {
  return ["lmx-against", "", "lmx-for"][shownSign(score, digits) + 1];
}

/** The largest of some scores in absolute value; 0 of none. */
export function largestOf(scores) {
  return scores.reduce((largest, score) => Math.max(largest, Math.abs(score)), 0);
}

/** The places of the `count` strongest scores, strongest first: strongest([1, -3, 2], 2) -> [1, 2]. */
export function strongest(scores, count) {
  const places = scores.map((score, place) => place);
  return places.sort((a, b) => Math.abs(scores[b]) - Math.abs(scores[a]) || a - b).slice(0, count);
}

/** A word as it is shown: a sign for it where it is the end of a line. */
export function visible(word) {
  return word.trim() ? word : "↵";
}

/** The words of an answer: the text cut at its spans. */
export function wordsOf(answer) {
  return answer.spans.map(([start, end]) => answer.text.slice(start, end));
}

/**
 * A state of the kinds that `start` shows: of `given`, which may come from a link as texts, only names that `start`
 * has, made numbers and yes-or-no where `start` has those; what cannot be read is left as in `start`.
 * withDefaults({ seed: "3", junk: 1 }, { text: "", seed: 0 }) -> { text: "", seed: 3 }
 */
export function withDefaults(given, start) {
  const state = { ...start };
  for (const name of Object.keys(start)) {
    if (!Object.prototype.hasOwnProperty.call(given, name) || given[name] === null) continue;
    const value = given[name];
    if (typeof start[name] === "number") state[name] = Number.isFinite(Number(value)) ? Number(value) : start[name];
    else if (typeof start[name] === "boolean") state[name] = value === true || value === "true";
    else state[name] = String(value);
  }
  return state;
}

/** A seed as it may be: withDefaults lets any number through. */
export function wholeNumber(value) {
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.trunc(value)));
}

/**
 * A function that runs `task` once nothing has called it for `milliseconds`; its `now()` runs a waiting task at once,
 * its `stop()` forgets it.
 */
export function afterPause(task, milliseconds) {
  let timer = null;
  const run = () => {
    timer = null;
    task();
  };
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(run, milliseconds);
  };
  wait.stop = () => clearTimeout(timer);
  wait.now = () => {
    clearTimeout(timer);
    run();
  };
  return wait;
}

const SLICE = 50; // words that are drawn in one go

/**
 * A function `run(count, task)` that does `task(i)` for every i below `count`: the first ones at once, the others a few
 * at a time, so that a long text never holds up the typing. A newer run takes the place of one that is not yet done.
 */
export function inSlices() {
  let newest = 0;
  return (count, task) => {
    const mine = (newest += 1);
    const go = (start) => {
      if (mine !== newest) return;
      const end = Math.min(count, start + SLICE);
      for (let i = start; i < end; i += 1) task(i);
      if (end < count) setTimeout(go, 0, end);
    };
    go(0);
  };
}

/** Whether the reader asked for little motion. */
export function prefersCalm() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Scrolls as far as it takes to see all of an element; not at all where it is in sight. */
export function bringIntoView(element) {
  element.scrollIntoView({ block: "nearest", behavior: prefersCalm() ? "instant" : "smooth" });
}
