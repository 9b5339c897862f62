/*
 * Where methods disagree: each one's strongest word, the words whose sign they dispute, and the rank correlation of
 * every two of them.
 */
import { nameOfMethod, namedApart, scrolling } from "./tokens.js";
import { colour, fill, hasSigns, largestOf, make, setText, signed, strongest } from "./ui.js";
import { words } from "./words.js";

const NOTICEABLE = 0.1; // a score below this share of its method's strongest disputes no sign

/** Where methods differ: each one's strongest word, the disputed signs, and the correlation of every two. */
export class Disagreement {
  constructor(methods) {
    this.methods = methods;
    this.strongest = make("ul", { class: "lmx-list" });
    this.disputed = make("p", { class: "lmx-disputed" });
    this.cells = methods.map(() => methods.map(() => make("td")));
    const short = (name) => words.methods.short[name] ?? nameOfMethod(name);
    const abbreviated = (name) => make("abbr", { title: nameOfMethod(name) }, short(name));
    const heads = methods.map((name) => make("th", { scope: "col" }, abbreviated(name)));
    const names = methods.map((name) => make("th", { scope: "row" }, nameOfMethod(name)));
    const rows = names.map((name, i) => make("tr", {}, name, this.cells[i]));
    const table = make("table", { class: "lmx-table lmx-methods" },
      make("thead", {}, make("tr", {}, make("td"), heads)), make("tbody", {}, rows));
    this.element = make("div", { class: "lmx-disagreement" },
      make("p", { class: "lmx-label" }, words.methods.disagreement), this.strongest, this.disputed,
      make("p", { class: "lmx-label" }, words.methods.correlation), scrolling(words.methods.correlation, table),
      make("p", { class: "lmx-note" }, words.methods.correlation_note));
  }

  /** Paints all three; gives back what is to be spoken. `list` is the text's words, `disputed` places among them. */
  update(list, answers, disputed) {
    const names = namedApart(list);
    const answered = this.methods.filter((name) => answers[name]);
    const said = strongestByMethod(answered, answers).map(({ place, methods }) =>
      fill(words.methods.strongest, { word: names[place], methods: methods.map(nameOfMethod).join(", ") }));
    this.strongest.replaceChildren(...said.map((text) => make("li", {}, text)));
    const named = { words: disputed.map((i) => names[i]).join(", "), mark: words.methods.dispute_mark };
    setText(this.disputed, disputed.length > 0 ? fill(words.methods.disputed, named) : words.methods.undisputed);
    this.methods.forEach((one, i) => this.methods.forEach((two, j) => {
      const both = answers[one] && answers[two];
      const r = both ? rankCorrelation(answers[one].scores, answers[two].scores) : null;
      setText(this.cells[i][j], r === null ? "" : signed(r));
      this.cells[i][j].style.backgroundColor = r === null ? "" : colour(r, 1);
    }));
    return [...said, this.disputed.textContent].join(" ");
  }
}

/** [{ place of a word, methods that have it as their strongest }], in the order of the text. */
function strongestByMethod(methods, answers) {
  const found = new Map();
  for (const method of methods) {
    const [place] = strongest(answers[method].scores, 1);
    found.set(place, [...(found.get(place) ?? []), method]);
  }
  return [...found].sort(([a], [b]) => a - b).map(([place, names]) => ({ place, methods: names }));
}

/** The places of words that one method counts noticeably for the target, and another against it. */
export function disputedWords(methods, answers) {
  const signs = methods.filter(hasSigns).map((name) => {
    const largest = largestOf(answers[name].scores);
    return answers[name].scores.map((score) => (Math.abs(score) >= NOTICEABLE * largest ? Math.sign(score) : 0));
  });
  const places = (signs[0] ?? []).map((sign, place) => place);
  return places.filter((i) => signs.some((row) => row[i] > 0) && signs.some((row) => row[i] < 0));
}

/** Spearman's correlation: that of the ranks, ties sharing theirs; null where one of the two is constant. */
export function rankCorrelation(a, b) {
  const [x, y] = [centred(ranks(a)), centred(ranks(b))];
  const product = (u, v) => u.reduce((sum, value, i) => sum + value * v[i], 0);
  const size = Math.sqrt(product(x, x) * product(y, y));
  return size > 0 ? product(x, y) / size : null;
}

function ranks(scores) {
  const order = scores.map((score, place) => place).sort((i, j) => scores[i] - scores[j]);
  const found = new Array(scores.length);
  for (let start = 0; start < order.length;) {
    let end = start;
    while (end < order.length && scores[order[end]] === scores[order[start]]) end += 1;
    for (let k = start; k < end; k += 1) found[order[k]] = (start + end - 1) / 2;
    start = end;
  }
  return found;
}

function centred(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
}
