/*
 * The sentence "a is to b as c is to …?" with a field for each of its three words, and some to try.
 */
import { button } from "./controls.js";
import { make } from "./ui.js";
import { wordField } from "./word_field.js";
import { words } from "./words.js";

/**
 * `onChange({ a | b | c }, settled)` hears what is typed, `settled` with the key Enter; `onType(field, typed)` may
 * offer words that begin so.
 */
export class AnalogyFields {
  constructor({ onChange, onType }) {
    this.onChange = onChange;
    this.fields = Object.fromEntries(["a", "b", "c"].map((name) => [name, this.field(name, onType)]));
    const [a, b, c] = Object.values(this.fields).map((field) => field.element);
    const said = (text) => make("span", {}, text);
    const tries = words.map.tries.split("; ").map((text) => button(text, () => this.take(text), { quiet: true }));
    this.element = make("div", { class: "lmx-analogy" },
      make("div", { class: "lmx-analogy-line" }, a, said(words.map.is_to), b),
      make("div", { class: "lmx-analogy-line" }, said(words.map.as), c, said(words.map.is_to_what)),
      make("div", { class: "lmx-tries" }, make("span", { class: "lmx-note" }, words.map.try), tries));
  }

  field(name, onType) {
    return wordField(words.map.fields[name], {
      hidden: true,
      onInput: (word) => {
        onType(this.fields[name], word);
        this.onChange({ [name]: word }, false);
      },
      onEnter: (word) => this.onChange({ [name]: word }, true),
    });
  }

  /** Takes three words from a text such as "man : king = woman". */
  take(text) {
    const [a, b, c] = text.split(/ : | = /);
    this.set({ a, b, c });
    this.onChange({ a, b, c }, true);
  }

  set(state) {
    for (const [name, field] of Object.entries(this.fields)) field.value = state[name];
  }
}
