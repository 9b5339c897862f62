/*
 * From scores to probabilities, and to a word: the real scores of a language model behind a text of the reader's, what
 * temperature, top-k and top-p make of them, the formula with its numbers, and a draw.
 *
 * [UNK], the token for unknown words, is never written, so it is left out here from the start, as by a score of minus
 * infinity.
 */
import { shownWord, unknownNote } from "./candidates.js";
import { button, textField } from "./controls.js";
import { samplingControls, samplingOf, pythonSampling, withinSampling } from "./sampling_controls.js";
import { pythonCall, pythonLines, pythonValue } from "./share.js";
import { formulaOf } from "./softmax_formula.js";
import { distributionStrip, probabilityRows, shareOf } from "./softmax_rows.js";
import { afterPause, fill, make, percent, setText } from "./ui.js";
import { words } from "./words.js";

export const SOFTMAX_START = { text: words.softmax.example, temperature: 1, top_k: 0, top_p: 1, word: "", seed: 0 };

const SOFTMAX_LISTED = 12;

export function softmaxExplorer(host, engine, state, tools) {
  const explorer = new SoftmaxExplorer(host, tools);
  explorer.set(state);
  return { set: (wanted) => explorer.set(wanted), python: () => explorer.python() };
}

class SoftmaxExplorer {
  constructor(host, tools) {
    this.tools = tools;
    this.follow = afterPause(() => this.ask(), 40);
    this.field = textField(words.softmax.context, "", { onInput: (text) => this.type(text), onEnter: this.follow.now });
    this.sampling = samplingControls((part) => this.change(part));
    this.rows = probabilityRows((word) => this.change({ word }));
    this.strip = distributionStrip();
    this.formula = make("div", { class: "lmx-formula" });
    this.unknown = unknownNote();
    this.facts = make("ul", { class: "lmx-facts" });
    this.draw = button(words.softmax.draw, () => this.drawWord());
    this.back = button(words.softmax.back, () => this.takeBack(), { quiet: true });
    this.drawn = make("p", { class: "lmx-note lmx-drawn", role: "status" });
    this.result = make("div", { class: "lmx-softmax" },
      this.rows.element, this.strip.element, this.facts, this.formula);
    host.append(
      make("p", { class: "lmx-title" }, words.softmax.title),
      make("p", { class: "lmx-lead" }, words.softmax.lead),
      this.field.element, this.unknown.element,
      make("div", { class: "lmx-row lmx-draw" }, this.draw, this.back, this.drawn),
      this.sampling.element, this.result,
      make("p", { class: "lmx-note" }, words.softmax.about_unknown),
    );
  }

  /** Shows a whole state, as at the start, after a reset, or from a link. */
  set(state) {
    this.state = withinSampling(state);
    this.before = []; // what the text was before each draw
    this.field.value = this.state.text;
    this.sampling.set(this.state);
    setText(this.drawn, "");
    this.tools.save(this.state);
    this.ask();
  }

  type(text) {
    this.before = [];
    setText(this.drawn, "");
    this.state.text = text;
    this.tools.save(this.state);
    this.follow();
  }

  change(part) {
    Object.assign(this.state, part);
    this.tools.save(this.state);
    if ("word" in part) this.paint();
    else this.ask();
  }

  /** The scores behind the text: first as the model means them, once for each text, then as the sliders change them. */
  async ask() {
    const { tools, state } = this;
    const since = performance.now();
    this.back.hidden = this.before.length === 0;
    this.result.classList.add("lmx-waiting");
    if (state.text.trim() === "") return tools.hint(words.softmax.empty);
    const asked = { do: "next", text: state.text, top: SOFTMAX_LISTED, drawable: true };
    if (this.plain?.text !== state.text) {
      const plain = await tools.ask(asked, { slot: "plain" });
      if (!plain && this.plain) this.plain.text = null; // asked again even of the old text, so that a complaint goes
      if (!plain || asked.text !== this.state.text) return undefined;
      this.plain = { ...plain, text: asked.text };
    }
    const request = { ...asked, ...samplingOf(this.state) };
    const answer = await tools.ask(request);
    if (!answer) return undefined;
    this.answer = { ...answer, ...samplingOf(this.state), text: asked.text };
    this.paint();
    return tools.painted(request, since);
  }

  paint() {
    const { answer, plain, state } = this;
    if (!answer) return;
    this.result.classList.remove("lmx-waiting");
    const focused = answer.words.find((one) => one.word === state.word) ?? answer.words[0];
    this.rows.update(answer, focused.word);
    this.strip.update(answer);
    this.unknown.update(answer);
    this.facts.replaceChildren(...factsOf(answer, plain));
    this.formula.replaceChildren(...formulaOf(answer, focused));
    this.tools.say(spokenDistribution(answer));
  }

  /** Draws one word with the settings of the sliders, and writes it behind the text. */
  async drawWord() {
    const { text, seed } = this.state;
    const request = { do: "continue", text, length: 1, ...samplingOf(this.state), seed };
    const shown = this.answer;
    const written = await this.tools.ask(request, { slot: "draw" });
    if (!written || text !== this.state.text) return;
    const listed = shown?.text === text && shown.words.find((one) => one.word === written.words[0]);
    const share = listed ? percent(listed.cut) : words.softmax.not_listed;
    setText(this.drawn, fill(words.softmax.drawn, { word: shownWord(written.words[0]), share }));
    this.before.push(text);
    this.move({ text: written.text, seed: seed + 1 });
  }

  /** The text as it was before the last draw. The seed stays: drawing again is a new draw. */
  takeBack() {
    setText(this.drawn, "");
    this.move({ text: this.before.pop() });
    if (this.before.length === 0) this.draw.focus();
  }

  move(part) {
    this.field.value = part.text;
    this.change(part);
  }

  /** The lines that compute the bars, and the draw. */
  python() {
    if (!this.answer) return null;
    const text = pythonValue(this.state.text);
    const named = pythonSampling(this.state);
    return [
      "from lmtutorial.models.sampling import next_word_probabilities",
      pythonLines(this.tools.about, `scores = model.step(model.prompt_ids(${text}))[0][0].astype(float)`),
      `scores[:2] = float("-inf")  # ${words.softmax.python_note}`,
      pythonCall("p = next_word_probabilities", ["scores"], named),
      `print([(model.vocabulary[i], p[i]) for i in (-scores).argsort()[:${SOFTMAX_LISTED}]])`,
      pythonCall("print(model.generate", [text, "1"], { ...named, seed: this.state.seed }) + ")",
    ].join("\n");
  }
}

/** What is spoken: the likeliest of the words that are left. */
function spokenDistribution(answer) {
  const left = answer.words.filter((one) => one.cut > 0).slice(0, 3);
  const names = left.map((one) => `${shownWord(one.word)} ${shareOf(one)}`).join(", ");
  const kept = answer.kept.toLocaleString("en");
  return fill(answer.kept === 1 ? words.softmax.spoken_one : words.softmax.spoken, { words: names, kept });
}

/** How many words are left, and how unsure the model is before and after. */
function factsOf(answer, plain) {
  const bits = (number) => fill(words.softmax.bits, { bits: number.toFixed(1) });
  const count = 2 ** answer.entropy;
  const equal = count < 10 ? count.toFixed(1) : Math.round(count).toLocaleString("en");
  const [left, all] = [answer.kept, plain.kept].map((number) => number.toLocaleString("en"));
  const equally = answer.kept === 1 ? words.softmax.equal_one : words.softmax.equal_words;
  const kept = fill(words.softmax.kept_of, { kept: left, size: all });
  const unsure = plain.entropy.toFixed(1) === answer.entropy.toFixed(1)
    ? bits(answer.entropy)
    : fill(words.softmax.changed, { before: bits(plain.entropy), after: bits(answer.entropy) });
  const facts = [
    [words.softmax.kept, kept],
    [words.softmax.entropy, unsure],
    [words.softmax.equal, fill(equally, { count: equal })],
  ];
  return facts.map(([name, value]) => make("li", {}, make("span", {}, name), " ", make("b", {}, value)));
}
