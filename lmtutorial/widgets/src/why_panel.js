/*
 * The explanation of one next word, and how it is asked for: by which method, and rather than what.
 */
import { shownWord, whyWord } from "./candidates.js";
import { radios, unfolding } from "./controls.js";
import { legendLine, methodsOf, nameOfMethod, scoreTable, tokenLine } from "./tokens.js";
import { fill, make, percent, setText, signed } from "./ui.js";
import { wordField } from "./word_field.js";
import { words } from "./words.js";

export const RIVALS = ["all", "runner-up", "word"];

/** How sure the model is of a word, alone or of the two. */
export function verdictOfWord(answer) {
  const said = { share: percent(answer.probability), score: signed(answer.output) };
  return fill(answer.contrast ? words.next_word.verdict_rather : words.next_word.verdict, said);
}

/** `onChange(part of the state)` hears what is asked for; `onType(typed)` may offer words for the contrast. */
export class WhyPanel {
  constructor(about, { onChange, onType }) {
    this.title = make("p", { class: "lmx-subtitle" });
    this.verdict = make("p", { class: "lmx-note" });
    this.tokens = tokenLine(words.next_word.tokens);
    this.legend = legendLine();
    this.contrast = this.contrastField(onChange, onType);
    const rivals = RIVALS.map((value) => ({ value, label: words.next_word.against_what[value] }));
    this.against = radios(words.next_word.against, rivals, "all", (against) => {
      this.arrange(against);
      onChange({ against });
    });
    const methods = methodsOf(about).map((name) => ({ value: name, label: nameOfMethod(name) }));
    this.methods = radios(words.next_word.method, methods, null, (method) => onChange({ method }));
    this.table = scoreTable(words.next_word.table);
    this.unfold = unfolding(words.next_word.table, this.table.element, () => this.paintTable());
    this.result = make("div", { class: "lmx-result" },
      this.title, this.verdict, this.tokens.element, this.legend.element);
    this.element = make("div", { class: "lmx-why" },
      this.result, this.against.element, this.contrast.element, this.methods.element, this.unfold);
  }

  contrastField(onChange, onType) {
    const take = (contrast) => onChange({ contrast });
    const field = wordField(words.next_word.contrast, { onInput: onType, onEnter: take });
    field.input.addEventListener("change", () => take(field.value));
    return field;
  }

  set(state) {
    this.against.value = state.against;
    this.methods.value = state.method;
    this.contrast.value = state.contrast;
    this.arrange(state.against);
  }

  arrange(against) {
    this.contrast.element.hidden = against !== "word";
  }

  wait() {
    this.result.classList.add("lmx-waiting");
  }

  paint(answer) {
    this.answer = answer;
    this.result.classList.remove("lmx-waiting");
    setText(this.title, whyWord(answer.target, answer.contrast));
    setText(this.verdict, verdictOfWord(answer));
    this.tokens.update(answer);
    this.legend.update({ ...answer, target: shownWord(answer.target) });
    this.paintTable();
  }

  paintTable() {
    if (this.unfold.open && this.answer) this.table.update(this.answer);
  }
}
