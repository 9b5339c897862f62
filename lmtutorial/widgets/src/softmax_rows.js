/*
 * The likeliest next words in two pictures: a row for each with two bars, its probability before and after the sliders;
 * and one strip as long as all probability, on which a draw falls at random.
 */
import { keepKeys } from "./controls.js";
import { shownWord } from "./candidates.js";
import { fill, make, percent, setText } from "./ui.js";
import { words } from "./words.js";

const SCALES = [0.05, 0.1, 0.25, 0.5, 1]; // where the bars may end

/** A word's probability as it is now, or that it is cut. */
export function shareOf(one) {
  return one.cut === 0 ? words.softmax.cut : percent(one.cut);
}

/** Rows of words that can be chosen: `onChoose(word)`. */
export function probabilityRows(onChoose) {
  const list = make("ol", { class: "lmx-rows", "aria-label": words.softmax.rows });
  const scale = make("span", { class: "lmx-rows-scale" });
  const head = make("div", { class: "lmx-rows-head", "aria-hidden": "true" },
    make("span", {}, words.softmax.column_word), make("span", {}, words.softmax.column_score),
    make("span", { class: "lmx-rows-key" },
      make("span", { class: "lmx-bar-before" }), words.softmax.before,
      make("span", { class: "lmx-bar-after" }), words.softmax.after, scale));
  const rows = [];

  function update(answer, focused) {
    const largest = Math.max(...answer.words.map((one) => Math.max(one.plain, one.cut)));
    const end = SCALES.find((edge) => largest <= edge) ?? 1;
    setText(scale, fill(words.softmax.scale, { end: fill(words.common.percent, { number: 100 * end }) }));
    answer.words.forEach((one, i) => {
      rows[i] ??= list.appendChild(probabilityRow(onChoose));
      rows[i].update(one, end, one.word === focused);
    });
    while (rows.length > answer.words.length) rows.pop().remove();
  }
  return { element: make("div", { class: "lmx-rows-frame" }, head, list), update };
}

/** A list item with an `update` of its own. */
function probabilityRow(onChoose) {
  const [word, score, before, after, share, was] = ["word", "score", "before", "after", "share", "was"].map(
    (name) => make("span", { class: `lmx-row-${name}` }));
  before.classList.add("lmx-bar-before");
  after.classList.add("lmx-bar-after");
  let current = null;
  const press = make("button", { type: "button", onclick: () => onChoose(current), onkeydown: keepKeys },
    word, score,
    make("span", { class: "lmx-row-bars" }, before, after),
    make("span", { class: "lmx-row-shares" }, share, was));
  const item = make("li", {}, press);
  item.update = (one, end, pressed) => {
    current = one.word;
    setText(word, shownWord(one.word));
    setText(score, one.score.toFixed(1));
    setText(share, shareOf(one));
    setText(was, share.textContent === percent(one.plain) ? "" : percent(one.plain));
    before.style.width = `${(100 * one.plain) / end}%`;
    after.style.width = `${(100 * one.cut) / end}%`;
    item.classList.toggle("lmx-cut", one.cut === 0);
    press.setAttribute("aria-pressed", String(pressed));
    const said = { word: shownWord(one.word), score: one.score.toFixed(1), before: percent(one.plain) };
    press.setAttribute("aria-label", fill(words.softmax.row_spoken, { ...said, after: shareOf(one) }));
  };
  return item;
}

/** All probability as one strip: the listed words that are left, and the rest. */
export function distributionStrip() {
  const strip = make("div", { class: "lmx-strip", "aria-hidden": "true" });
  const text = make("p", { class: "lmx-note" });

  function update(answer) {
    const left = answer.words.filter((one) => one.cut > 0);
    const rest = Math.max(0, 1 - answer.cut_mass);
    const others = answer.kept - left.length;
    const pieces = left.map((one) => stripPiece(shownWord(one.word), one.cut));
    strip.replaceChildren(...pieces, ...(others > 0 ? [stripPiece(words.softmax.rest, rest)] : []));
    strip.classList.toggle("lmx-strip-rest", others > 0);
    const said = { rest: percent(rest), count: others.toLocaleString("en") };
    const account = [words.softmax.strip_all, words.softmax.strip_one][others] ?? words.softmax.strip;
    setText(text, fill(account, said));
  }
  return { element: make("div", { class: "lmx-strip-frame" }, strip, text), update };
}

/** A piece of the strip: as wide as its share, however narrow, because a draw falls on it; named if there is room. */
function stripPiece(name, share) {
  const piece = make("span", { title: `${name} ${percent(share)}` }, share > 0.06 ? make("span", {}, name) : "");
  piece.style.width = `${100 * share}%`;
  return piece;
}
