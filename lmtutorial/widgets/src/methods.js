/*
 * The second explorer: one sentence, all methods at once, and where they disagree.
 *
 * Each method fills its column as its answer comes, the quick ones first. Methods differ in scale, so a column's
 * colours are relative to its own strongest word, and agreement is measured on ranks (Spearman's correlation).
 */
import { textField } from "./controls.js";
import { Disagreement, disputedWords } from "./disagreement.js";
import { pythonLines, pythonValue } from "./share.js";
import { methodsOf, nameOfMethod, scrolling, verdictLine, verdictOf } from "./tokens.js";
import {
  afterPause, colour, inSlices, largestOf, make, setAttribute, setText, shownScore, visible, wholeNumber, wordsOf,
} from "./ui.js";
import { words } from "./words.js";

export const METHODS_START = { text: "", seed: 0 };

const FAST_FIRST = ["saliency", "input_x_gradient", "integrated_gradients", "occlusion", "lime", "permutation_shap"];

export function methodsExplorer(host, engine, state, tools) {
  const explorer = new MethodsExplorer(host, state, tools);
  explorer.set(state);
  return { set: (wanted) => explorer.set(wanted), python: () => explorer.python() };
}

class MethodsExplorer {
  constructor(host, state, tools) {
    this.tools = tools;
    this.state = state;
    this.turn = 0;
    this.answers = {}; // {method: its answer to the sentence as it is now}
    this.methods = methodsOf(tools.about).filter((name) => FAST_FIRST.includes(name));
    const follow = afterPause(() => this.ask(), 40);
    const hears = { onInput: (text) => this.typed(text, follow), onEnter: follow.now };
    this.field = textField(words.methods.sentence, "", hears);
    this.verdict = verdictLine(tools.about.classes);
    this.table = new MethodsTable(this.methods);
    this.disagreement = new Disagreement(this.methods);
    const shown = [this.verdict, this.table, this.disagreement].map((part) => part.element);
    host.append(
      make("p", { class: "lmx-title" }, words.methods.title),
      make("p", { class: "lmx-lead" }, words.methods.lead),
      this.field.element, make("div", { class: "lmx-result" }, shown),
    );
  }

  typed(text, follow) {
    this.state.text = text;
    this.tools.save(this.state);
    follow();
  }

  set(state) {
    this.state = { ...state, seed: wholeNumber(state.seed) };
    this.field.value = state.text;
    this.tools.save(this.state);
    this.ask();
  }

  /** Asks every method, quick ones first; a newer sentence makes the answers to this one stale. */
  async ask() {
    const turn = (this.turn += 1);
    const since = performance.now();
    this.answers = {};
    this.table.wait();
    if (this.state.text.trim() === "") {
      this.tools.hint(words.common.write_something);
      return;
    }
    const order = FAST_FIRST.filter((name) => this.methods.includes(name));
    await Promise.all(order.map((method, i) => this.askOne(method, i, turn, since)));
    if (turn !== this.turn) return;
    this.tools.busy(null);
    this.conclude();
  }

  async askOne(method, i, turn, since) {
    const request = { do: "explain", text: this.state.text, method, seed: this.state.seed };
    const onProgress = (share) => turn === this.turn && this.tools.busy((i + share) / this.methods.length);
    const answer = await this.tools.ask(request, { slot: method, onProgress });
    if (!answer || turn !== this.turn) return;
    this.answers[method] = answer;
    this.verdict.update(answer);
    this.table.fill(method, answer);
    this.tools.painted(request, since);
  }

  /** All have answered, or cannot: where do they differ? */
  conclude() {
    const answered = this.methods.filter((name) => this.answers[name]);
    if (answered.length === 0) return;
    const answer = this.answers[answered[0]];
    const disputed = disputedWords(answered, this.answers);
    this.table.mark(disputed);
    const found = this.disagreement.update(wordsOf(answer), this.answers, disputed);
    this.tools.say(`${verdictOf(answer, this.tools.about.classes).text} ${found}`);
  }

  python() {
    const answers = this.methods.map((name) => this.answers[name]).filter(Boolean);
    if (answers.length === 0) return null;
    const settings = answers.map((answer) => `    ${pythonValue(answer.method)}: ${pythonValue(answer.settings)},`);
    const call = [`comparison = lt.compare(model, ${pythonValue(answers[0].text)}, {`, ...settings, "})"];
    return pythonLines(this.tools.about, ...call, "display(comparison, comparison.agreement())");
  }
}

/** Words down the side, methods across. */
class MethodsTable {
  constructor(methods) {
    this.methods = methods;
    this.rows = [];
    this.body = make("tbody");
    this.columns = methods.map((name) => ({ head: make("th", { scope: "col" }, nameOfMethod(name)), run: inSlices() }));
    const heads = this.columns.map((column) => column.head);
    const head = make("tr", {}, make("th", { scope: "col" }, words.common.column_word), heads);
    const table = make("table", { class: "lmx-table lmx-methods" }, make("thead", {}, head), this.body);
    const note = make("p", { class: "lmx-note" }, words.methods.scale);
    this.element = make("div", {}, scrolling(words.methods.table, table), note);
  }

  /** Old numbers stay, dimmed, until a method's new ones come. */
  wait() {
    for (const { head, run } of this.columns) {
      run(0);
      head.classList.add("lmx-waiting");
    }
    for (const row of this.rows) row.cells?.forEach((cell) => cell.classList.add("lmx-waiting"));
  }

  fill(method, answer) {
    this.setWords(wordsOf(answer), answer.unknown);
    const column = this.methods.indexOf(method);
    const largest = largestOf(answer.scores);
    this.columns[column].head.classList.remove("lmx-waiting");
    this.columns[column].run(answer.scores.length, (i) => {
      const cell = this.drawnRow(i).cells[column];
      const { text, mark } = shownScore(answer.scores[i], method);
      setText(cell, text);
      setAttribute(cell, "class", mark);
      cell.style.backgroundColor = colour(answer.scores[i], largest);
    });
  }

  /** Rows for new words; those of words that stayed, at the start and at the end, keep their numbers. */
  setWords(names, unknown) {
    const old = this.rows.map((row) => row.word);
    if (names.length === old.length && names.every((name, i) => name === old[i])) return;
    const [start, end] = sameEnds(old, names);
    const fresh = names.slice(start, names.length - end).map((word, i) => ({ word, unknown: unknown[start + i] }));
    const gone = this.rows.splice(start, this.rows.length - start - end, ...fresh);
    gone.forEach((row) => row.element?.remove());
    this.mark([]);
  }

  /** The row of a word; drawn when it is first needed, because a long text has many. */
  drawnRow(i) {
    const row = this.rows[i];
    if (row.element) return row;
    row.dispute = make("span", { class: "lmx-dispute", hidden: !row.disputed }, `\u00a0${words.methods.dispute_mark}`);
    row.cells = this.methods.map(() => make("td", { class: "lmx-waiting" }));
    const name = make("span", { class: row.unknown ? "lmx-unknown" : null }, visible(row.word));
    row.element = make("tr", {}, make("th", { scope: "row" }, name, row.dispute), row.cells);
    this.body.insertBefore(row.element, this.rows.find((later, j) => j > i && later.element)?.element ?? null);
    return row;
  }

  mark(disputed) {
    const places = new Set(disputed);
    this.rows.forEach((row, i) => {
      row.disputed = places.has(i);
      if (row.dispute) row.dispute.hidden = !row.disputed;
    });
  }
}

/** How many words two lists share at the start and at the end: sameEnds(["a","b","c"], ["a","x","c"]) -> [1, 1]. */
export function sameEnds(old, fresh) {
  const most = Math.min(old.length, fresh.length);
  let start = 0;
  while (start < most && old[start] === fresh[start]) start += 1;
  let end = 0;
  while (end < most - start && old[old.length - 1 - end] === fresh[fresh.length - 1 - end]) end += 1;
  return [start, end];
}
