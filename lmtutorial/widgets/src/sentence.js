/*
 * The first explorer: type a sentence, choose a method, and see what each word does to the model's answer. A second
 * sentence may be held against the first, on the same scale of colours.
 */
import { button, radios, textField, unfolding } from "./controls.js";
import { pythonExplain, pythonLines } from "./share.js";
import {
  legendLine, methodsOf, nameOfMethod, scoreTable, spokenOf, tokenLine, verdictLine, verdictOf,
} from "./tokens.js";
import { afterPause, fill, hasSigns, largestOf, make, setText, signed, wholeNumber } from "./ui.js";
import { words } from "./words.js";

export const SENTENCE_START = { text: "", method: "integrated_gradients", seed: 0, compare: false, second: "" };

const PAUSE = 40; // milliseconds without a key after which the model is asked
const SAMPLED = ["lime", "permutation_shap", "kernel_shap"]; // methods that draw at random

export function sentenceExplorer(host, engine, state, tools) {
  const explorer = new SentenceExplorer(host, state, tools);
  explorer.set(state);
  return { set: (wanted) => explorer.set(wanted), python: () => explorer.python() };
}

class SentenceExplorer {
  constructor(host, state, tools) {
    this.tools = tools;
    this.state = state;
    this.panels = [new SentencePanel(this, "text"), new SentencePanel(this, "second")];
    const choices = methodsOf(tools.about).map((name) => ({ value: name, label: nameOfMethod(name) }));
    this.methods = radios(words.sentence.method, choices, state.method, (method) => this.change({ method }));
    this.seed = make("span");
    this.draw = make("div", { class: "lmx-row lmx-note lmx-draw" }, this.seed,
      button(words.sentence.draw_again, () => this.change({ seed: this.state.seed + 1 })));
    this.toggle = button("", () => this.compareOrNot());
    this.columns = make("div", { class: "lmx-columns" });
    host.append(
      make("p", { class: "lmx-title" }, words.sentence.title),
      make("p", { class: "lmx-lead" }, words.sentence.lead),
      this.methods.element, this.columns,
      make("div", { class: "lmx-row" }, this.toggle, this.draw),
    );
  }

  /** The panels that are shown. */
  get shown() {
    return this.state.compare ? this.panels : this.panels.slice(0, 1);
  }

  /** Shows a whole state, as at the start, after a reset, or from a link. */
  set(state) {
    const known = methodsOf(this.tools.about);
    const method = known.includes(state.method) ? state.method : known[0];
    this.state = { ...state, method, seed: wholeNumber(state.seed) };
    this.methods.value = this.state.method;
    for (const panel of this.panels) panel.field.value = this.state[panel.name];
    this.arrange();
    this.askAll();
  }

  /** What the reader changed for both sentences: method, seed. */
  change(part) {
    Object.assign(this.state, part);
    this.arrange();
    this.askAll();
  }

  compareOrNot() {
    this.state.compare = !this.state.compare;
    if (this.state.compare && this.state.second === "") this.state.second = this.state.text;
    this.panels[1].field.value = this.state.second;
    this.tools.hint("");
    this.arrange();
    this.askAll();
    if (this.state.compare) this.panels[1].field.area.focus();
  }

  /** Shows what the state asks for: one sentence or two, the seed where there is chance. */
  arrange() {
    this.columns.replaceChildren(...this.shown.map((panel) => panel.element));
    setText(this.toggle, this.state.compare ? words.sentence.one : words.sentence.compare);
    setText(this.seed, fill(words.sentence.seed, { seed: this.state.seed }));
    this.draw.hidden = !SAMPLED.includes(this.state.method);
    this.tools.save(this.state);
  }

  askAll() {
    for (const panel of this.shown) panel.ask();
  }

  /** Both sentences on one scale of colours. */
  paint() {
    const answered = this.shown.filter((panel) => panel.answer);
    const largest = largestOf(answered.flatMap((panel) => panel.answer.scores));
    for (const panel of answered) panel.paint(largest);
    const { classes } = this.tools.about;
    this.tools.say(answered.map((panel) => spokenOf(panel.answer, verdictOf(panel.answer, classes).text)).join(" "));
  }

  /** The calls of `lt.explain` that compute what is shown. */
  python() {
    const calls = this.shown.filter((panel) => panel.answer).map((panel) => pythonExplain(panel.answer));
    if (calls.length === 0) return null;
    return pythonLines(this.tools.about, ...(calls.length === 1 ? calls : calls.map((call) => `display(${call})`)));
  }
}

/** One sentence: its field, the verdict, its words, and the table to unfold. */
class SentencePanel {
  constructor(explorer, name) {
    this.explorer = explorer;
    this.name = name;
    this.answer = null;
    this.turn = 0;
    const follow = afterPause(() => this.ask(), PAUSE);
    this.field = textField(name === "text" ? words.sentence.sentence : words.sentence.second, "", {
      onInput: (text) => {
        explorer.state[name] = text;
        explorer.tools.save(explorer.state);
        follow();
      },
      onEnter: follow.now,
    });
    this.verdict = verdictLine(explorer.tools.about.classes);
    this.tokens = tokenLine(words.sentence.words);
    this.legend = legendLine();
    this.sum = make("p", { class: "lmx-note lmx-sum" });
    this.table = scoreTable(words.sentence.table);
    this.unfold = unfolding(words.sentence.table, this.table.element, () => this.paintTable());
    this.result = make("div", { class: "lmx-result" }, this.verdict.element, this.tokens.element,
      this.legend.element, this.sum, this.unfold);
    this.element = make("div", { class: "lmx-panel" }, this.field.element, this.result);
  }

  /** Asks the model about the sentence as it is now; what it said before stays, dimmed, until it answers. */
  async ask() {
    const { state, tools } = this.explorer;
    const turn = (this.turn += 1);
    const since = performance.now();
    this.result.classList.add("lmx-waiting");
    if (state[this.name].trim() === "") return tools.hint(words.common.write_something);
    const request = { do: "explain", text: state[this.name], method: state.method, seed: state.seed };
    const onProgress = (share) => turn === this.turn && tools.busy(share);
    const answer = await tools.ask(request, { slot: this.name, onProgress });
    if (!answer || turn !== this.turn) return undefined;
    tools.busy(null);
    this.answer = answer;
    this.result.classList.remove("lmx-waiting");
    this.explorer.paint();
    return tools.painted(request, since);
  }

  paint(largest) {
    this.largest = largest;
    this.verdict.update(this.answer);
    this.tokens.update(this.answer, largest);
    this.legend.update(this.answer);
    setText(this.sum, sumOf(this.answer));
    this.paintTable();
  }

  paintTable() {
    if (this.unfold.open && this.answer) this.table.update(this.answer, this.largest);
  }
}

/** What the scores add up to, and whether a law says so. */
function sumOf(answer) {
  const sum = answer.scores.reduce((total, score) => total + score, 0);
  const difference = answer.output - answer.baseline_output;
  const ends = { output: signed(answer.output), baseline: signed(answer.baseline_output) };
  const law = answer.complete ? words.sentence.sum_complete : words.sentence.sum_free;
  const account = fill(law, { ...ends, sum: signed(sum), difference: signed(difference) });
  const cutOff = answer.dropped === 1 ? words.common.dropped_one : words.common.dropped;
  const left = answer.dropped > 0 ? ` ${fill(cutOff, { count: answer.dropped })}` : "";
  return (hasSigns(answer.method) ? account : words.sentence.sum_unsigned) + left;
}
