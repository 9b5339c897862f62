/*
 * Why this word? What a language model expects behind a text of the reader's; and for any of these words, what each
 * word before it did for it, against all other words or against one. The model may write on: every word that it wrote
 * can be asked the same question, at its own place.
 */
import { candidateList, isKnown, unknownNote, whyWord } from "./candidates.js";
import { textField } from "./controls.js";
import { pythonSampling, samplingOf, withinSampling } from "./sampling_controls.js";
import { pythonCall, pythonExplain, pythonLines, pythonValue } from "./share.js";
import { methodsOf, spokenOf } from "./tokens.js";
import { afterPause, bringIntoView, fill, make, setText } from "./ui.js";
import { RIVALS, WhyPanel, verdictOfWord } from "./why_panel.js";
import { wordField } from "./word_field.js";
import { words } from "./words.js";
import { contextOf, writingPanel } from "./writing.js";

export const NEXT_WORD_START = {
  text: words.next_word.example, target: "", against: "all", contrast: "", method: "occlusion",
  written: false, place: 0, length: 20, temperature: 1, top_k: 0, top_p: 0.8, seed: 0,
};

const NEXT_LISTED = 10;

export function nextWordExplorer(host, engine, state, tools) {
  const explorer = new NextWordExplorer(host, tools);
  explorer.set(state);
  return { set: (wanted) => explorer.set(wanted), python: () => explorer.python() };
}

class NextWordExplorer {
  constructor(host, tools) {
    this.tools = tools;
    this.follow = afterPause(() => this.ask(), 40);
    const typing = { onInput: (text) => this.type(text), onEnter: this.follow.now };
    this.field = textField(words.next_word.context, "", typing);
    this.unknown = unknownNote();
    this.where = make("p", { class: "lmx-subtitle" });
    this.candidates = candidateList((word) => this.choose(word === this.state.target ? "" : word));
    this.another = wordField(words.next_word.another, {
      onInput: (typed) => this.suggest(this.another, typed), onEnter: (word) => this.choose(word),
    });
    this.why = new WhyPanel(tools.about, {
      onChange: (part) => this.change(part), onType: (typed) => this.suggest(this.why.contrast, typed),
    });
    this.writing = writingPanel({
      onWrite: (part) => this.write(part),
      onSettings: (part) => this.changeSettings(part),
      onPlace: (place) => this.change({ place, target: "" }, true),
    });
    host.append(
      make("p", { class: "lmx-title" }, words.next_word.title),
      make("p", { class: "lmx-lead" }, words.next_word.lead),
      this.field.element, this.unknown.element,
      make("div", { class: "lmx-next" },
        make("div", {}, this.where, this.candidates.element, this.another.element), this.why.element),
      this.writing.element,
    );
  }

  /** Shows a whole state, as at the start, after a reset, or from a link. */
  async set(state) {
    const methods = methodsOf(this.tools.about);
    const method = methods.includes(state.method) ? state.method : methods[0];
    const against = RIVALS.includes(state.against) ? state.against : "all";
    this.state = { ...withinSampling(state), method, against };
    this.written = null;
    this.field.value = state.text;
    this.why.set(this.state);
    this.another.value = "";
    this.writing.set(this.state, null);
    if (state.written) await this.rewrite();
    else this.state.place = 0;
    this.tools.save(this.state);
    this.ask();
  }

  type(text) {
    Object.assign(this.state, { text, written: false, place: 0 });
    this.written = null;
    this.writing.set(this.state, null);
    this.tools.save(this.state);
    this.follow();
  }

  /** What the reader changed in the question; `moved` if it is about another place in the text. */
  change(part, moved = false) {
    Object.assign(this.state, part);
    this.tools.save(this.state);
    if (moved || !this.next) this.ask();
    else this.explain(performance.now());
  }

  /**
   * A word to be asked about; on a phone its answer stands below the list, out of sight. The word that the other was
   * held against turns the question round: a word cannot be held against itself.
   */
  choose(target) {
    const { against, contrast } = this.state;
    const around = against === "word" && target !== "" && target === contrast;
    if (around) this.why.contrast.value = this.target;
    this.change(around ? { target, contrast: this.target } : { target });
    bringIntoView(this.why.result);
  }

  suggest(field, typed) {
    const likely = (this.next?.words ?? []).map((one) => one.word);
    field.offer(likely.filter((word) => isKnown(word) && word.startsWith(typed)).slice(0, 10));
  }

  /** What may come next at the place in question; then why the wanted word would. */
  async ask() {
    const since = performance.now();
    this.why.wait();
    if (this.state.text.trim() === "") return this.tools.hint(words.next_word.empty);
    const text = contextOf(this.state, this.written);
    const next = await this.tools.ask({ do: "next", text, top: 500 }, { slot: "next" });
    if (!next) return undefined;
    this.next = { ...next, text };
    this.unknown.update(this.next);
    return this.explain(since);
  }

  /** The word that is asked about: the reader's choice, or the one written here, or the likeliest. */
  get target() {
    const { target, place } = this.state;
    return target || this.written?.words[place - 1] || this.next.words.find((one) => isKnown(one.word)).word;
  }

  /** What it is held against; null for all other words. */
  get rival() {
    const { against, contrast } = this.state;
    if (against === "word") return contrast || null;
    if (against === "all") return null;
    return this.next.words.find((one) => isKnown(one.word) && one.word !== this.target).word;
  }

  async explain(since) {
    const { target, rival } = this;
    this.paintCandidates(target);
    this.why.wait();
    const { text } = this.next;
    const request = { do: "explain", text, method: this.state.method, seed: 0, target, contrast: rival };
    const answer = await this.tools.ask(request, { slot: "explain", onProgress: this.tools.busy });
    this.tools.busy(null);
    if (!answer) return undefined;
    this.answer = answer;
    this.why.paint(answer);
    this.paintCandidates(target, { word: target, plain: rival ? null : answer.probability });
    this.tools.say(spokenOf(answer, `${whyWord(target, rival)} ${verdictOfWord(answer)}`));
    return this.tools.painted(request, since);
  }

  /** The likeliest words, and the one asked about; `rare` is what is known of it if it is not among the first 500. */
  paintCandidates(target, rare = null) {
    const listed = this.next.words.slice(0, NEXT_LISTED);
    const chosen = this.next.words.find((one) => one.word === target) ?? rare;
    if (chosen && !listed.some((one) => one.word === target)) listed.push(chosen);
    this.candidates.update(listed, target);
    const last = this.next.text.trimEnd().split(/\s+/).slice(-3).join(" ");
    setText(this.where, fill(words.next_word.behind, { words: last }));
    this.writing.choose(this.state.place);
  }

  /** Lets the model write with the settings as they are; `part` may change the seed first. */
  async write(part) {
    Object.assign(this.state, part, { written: true, place: 0, target: "" });
    this.tools.save(this.state);
    if (await this.rewrite()) this.ask();
  }

  changeSettings(part) {
    Object.assign(this.state, part);
    this.tools.save(this.state);
    if (this.state.written) this.write({});
  }

  /** The text that the model writes from here; false if something newer has overtaken it. */
  async rewrite() {
    const { text, length, seed } = this.state;
    const request = { do: "continue", text, length, ...samplingOf(this.state), seed };
    const answer = await this.tools.ask(request, { slot: "write" });
    if (!answer || text !== this.state.text) return false;
    this.written = { ...answer, prompt: text };
    this.state.place = Math.min(this.state.place, answer.words.length);
    this.writing.set(this.state, this.written);
    return true;
  }

  /** The calls that compute what is shown. */
  python() {
    if (!this.answer) return null;
    const text = pythonValue(this.answer.text);
    const lines = [`print(${pythonCall("model.next_words", [text])})`, `display(${pythonExplain(this.answer)})`];
    const settings = { ...pythonSampling(this.state), seed: this.state.seed };
    const prompt = pythonValue(this.state.text);
    const generate = pythonCall("model.generate", [prompt, String(this.state.length)], settings);
    if (this.written) lines.push(`print(${generate})`);
    return pythonLines(this.tools.about, ...lines);
  }
}
