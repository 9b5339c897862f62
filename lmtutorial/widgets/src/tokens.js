/*
 * How an answer is shown: the verdict in a line, the words on the colours of their scores, the scores in a table, and
 * the sentence that a screen reader speaks. Each part is { element, update(…) } and repaints only what has changed.
 */
import {
  colour, fill, hasSigns, inSlices, largestOf, make, percent, setAttribute, setText, shownScore, signed, strongest,
  visible, wordsOf,
} from "./ui.js";
import { words } from "./words.js";

/** What the model says of a text: { name, share, text }; share is null for a model that gives no probability. */
export function verdictOf(answer, classes) {
  if (answer.probability === null || answer.probability === undefined) {
    const number = answer.output.toFixed(2);
    return { name: answer.unit, share: null, text: fill(words.common.verdict, { name: answer.unit, share: number }) };
  }
  const other = classes.length === 2 ? classes.find((name) => name !== answer.target) : null;
  const likely = answer.probability >= 0.5 || other === null;
  const [name, share] = likely ? [answer.target, answer.probability] : [other, 1 - answer.probability];
  return { name, share, text: fill(words.common.verdict, { name, share: percent(share) }) };
}

/** The verdict with a small bar from one class to the other. */
export function verdictLine(classes) {
  const name = make("b", { class: "lmx-verdict-name" });
  const share = make("span", { class: "lmx-verdict-share" });
  const score = make("span", { class: "lmx-verdict-score" });
  const marker = make("span", { class: "lmx-bar-marker" });
  const ends = classes.length === 2 ? classes : ["", ""];
  const bar = make("div", { class: "lmx-bar", "aria-hidden": "true" },
    make("span", {}, ends[0]), make("div", { class: "lmx-bar-track" }, marker), make("span", {}, ends[1]));
  const element = make("div", { class: "lmx-verdict" }, make("p", {}, name, " ", share, " ", score), bar);

  function update(answer) {
    const verdict = verdictOf(answer, classes);
    setText(name, verdict.name);
    setText(share, verdict.share === null ? answer.output.toFixed(2) : percent(verdict.share));
    const inUnit = fill(words.common.score_in_unit, { unit: answer.unit, score: signed(answer.output) });
    setText(score, verdict.share === null ? "" : inUnit);
    bar.hidden = verdict.share === null;
    element.classList.toggle("lmx-negative", classes.length === 2 && verdict.name === classes[0]);
    const place = `${(100 * (answer.probability ?? 0)).toFixed(1)}%`;
    if (marker.style.left !== place) marker.style.left = place;
  }
  return { element, update };
}

/** The words of a text as a list, each on the colour of its score; what stands between them stays as it is. */
export function tokenLine(label) {
  const element = make("ul", { class: "lmx-tokens", role: "list", "aria-label": label, dir: "auto" });
  const items = [];
  const run = inSlices();

  /** `answer` has text, spans, scores, unknown and maybe its method; `largest` is the score with the full colour. */
  function update(answer, largest = largestOf(answer.scores)) {
    const gaps = gapsOf(answer);
    while (items.length > answer.spans.length) items.pop().li.remove();
    run(answer.spans.length, (i) => {
      const [start, stop] = answer.spans[i];
      const item = items[i] ?? (items[i] = freshToken(element));
      setData(item.space, gaps[i].space);
      setData(item.open, gaps[i].open);
      setData(item.close, gaps[i + 1].close);
      paintToken(item, answer.text.slice(start, stop), answer.unknown[i]);
      paintScore(item, answer.scores[i], answer.method, largest);
    });
  }
  return { element, update };
}

/**
 * What stands before, between and behind the words, cut where a line may break: `close` stays with the word before it,
 * `space` may break, `open` stays with the word after it.
 */
function gapsOf({ text, spans }) {
  const edges = [0, ...spans.flat(), text.length];
  return Array.from({ length: spans.length + 1 }, (_, i) => {
    const gap = text.slice(edges[2 * i], edges[2 * i + 1]);
    const close = i > 0 ? gap.match(/^\S*/)[0] : "";
    const open = i < spans.length ? gap.slice(close.length).match(/\S*$/)[0] : "";
    return { close, space: gap.slice(close.length, gap.length - open.length), open };
  });
}

function freshToken(list) {
  const [space, open, close] = ["", "", ""].map((text) => document.createTextNode(text));
  const word = make("span");
  const score = make("span", { class: "lmx-score" });
  const token = make("span", { class: "lmx-token" }, word, score);
  const li = make("li", {}, space, make("span", { class: "lmx-unbroken" }, open, token, close));
  list.append(li);
  return { li, space, open, close, word, score, token };
}

function paintToken(item, word, unknown) {
  setText(item.word, visible(word));
  setAttribute(item.word, "class", unknown ? "lmx-word lmx-unknown" : "lmx-word");
  setAttribute(item.word, "title", unknown ? words.common.unknown_word : null);
}

function paintScore(item, score, method, largest) {
  const { text, mark } = shownScore(score, method);
  setText(item.score, text);
  setAttribute(item.token, "class", `lmx-token ${mark}`.trim());
  const background = colour(score, largest);
  if (item.background !== background) item.token.style.backgroundColor = item.background = background;
}

function setData(node, text) {
  if (node.data !== text) node.data = text;
}

/** What colours and marks mean, for a target; a word on unknown words only where there are some. */
export function legendLine() {
  const target = make("span", { class: "lmx-key lmx-for" });
  const against = make("span", { class: "lmx-key lmx-against" });
  const strength = make("span", { class: "lmx-key lmx-strength" });
  const sample = make("span", { class: "lmx-unknown" }, words.common.unknown_sample);
  const unknown = make("span", { class: "lmx-key" }, sample, ` ${words.common.unknown_key}`);
  const element = make("p", { class: "lmx-legend" }, target, against, strength, unknown);

  function update(answer) {
    const signs = hasSigns(answer.method);
    setText(target, fill(words.common.speaks_for, { target: answer.target }));
    setText(against, fill(words.common.speaks_against, { target: answer.target }));
    setText(strength, fill(words.common.strength, { target: answer.target }));
    target.hidden = against.hidden = !signs;
    strength.hidden = signs;
    unknown.hidden = !answer.unknown.some(Boolean);
  }
  return { element, update };
}

/** A table of words and scores, with standard errors where there are some. */
export function scoreTable(caption) {
  const body = make("tbody");
  const titles = [words.common.column_word, words.common.column_score, words.common.column_error];
  const heads = titles.map((title) => make("th", { scope: "col" }, title));
  const table = make("table", { class: "lmx-table" }, make("thead", {}, make("tr", {}, heads)), body);
  const element = scrolling(caption, table);
  const run = inSlices();

  function update(answer, largest = largestOf(answer.scores)) {
    heads[2].hidden = !answer.error;
    const names = wordsOf(answer);
    body.replaceChildren();
    run(names.length, (i) => {
      const { text, mark } = shownScore(answer.scores[i], answer.method, 3);
      const score = make("td", { class: mark }, text);
      score.style.backgroundColor = colour(answer.scores[i], largest);
      const error = answer.error?.[i] ?? null;
      const errorCell = answer.error ? make("td", {}, error === null ? "" : `±${error.toFixed(3)}`) : null;
      body.append(make("tr", {}, make("th", { scope: "row" }, visible(names[i])), score, errorCell));
    });
  }
  return { element, update };
}

/** A frame in which something wide scrolls by itself, reached by keyboard too. */
export function scrolling(label, content) {
  return make("div", { class: "lmx-scroll", tabindex: "0", role: "group", "aria-label": label }, content);
}

/**
 * Words as they are named outside of their text; of a word that it has several times, which one is meant:
 * namedApart(["Dull", "film", "dull"]) -> ["Dull (1 of 2)", "film", "dull (2 of 2)"]
 */
export function namedApart(list) {
  const keys = list.map((word) => word.toLowerCase());
  const total = new Map(); // {word: how often it was seen so far}
  const numbers = keys.map((key) => total.set(key, (total.get(key) ?? 0) + 1).get(key));
  return list.map((word, i) => {
    const named = { word: visible(word), number: numbers[i], count: total.get(keys[i]) };
    return named.count > 1 ? fill(words.common.repeated, named) : named.word;
  });
}

/** The sentence that is spoken: the verdict and the three strongest words. */
export function spokenOf(answer, verdict) {
  const names = namedApart(wordsOf(answer));
  const best = strongest(answer.scores, 3).map((i) =>
    fill(words.common.spoken_word, { word: names[i], score: shownScore(answer.scores[i], answer.method).text }));
  return fill(words.common.spoken, { verdict, words: best.join(", ") });
}

// The methods in the order in which a reader meets them; others that an engine knows come after these.
const ORDER = ["integrated_gradients", "occlusion", "lime", "permutation_shap", "saliency", "input_x_gradient"];

/** The methods that a model can be asked for. */
export function methodsOf(about) {
  const known = ORDER.filter((name) => about.methods.includes(name));
  return [...known, ...about.methods.filter((name) => !ORDER.includes(name))];
}

/** A method's name as readers know it. */
export function nameOfMethod(name) {
  return words.common.methods[name] ?? name.replace(/_/g, " ");
}
