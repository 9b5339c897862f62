/*
 * The words that may come next, as buttons: each with its probability and a bar behind it. And two small things about
 * a language model's words: how the end of a line is shown, and which words of a text the model does not know.
 */
import { keepKeys } from "./controls.js";
import { fill, make, percent, setText, wordsOf } from "./ui.js";
import { words } from "./words.js";

const LINE_END = "[END]";
const UNKNOWN_TOKEN = "[UNK]";

/** A token as a reader sees it. */
export function shownWord(token) {
  return token === LINE_END || token === "\n" ? words.next_word.line_end : token;
}

/** Whether a word can be asked about: [UNK] stands for many words, and cannot. */
export function isKnown(token) {
  return token !== UNKNOWN_TOKEN;
}

/** A note on the words of a text that the model reads as [UNK]; nothing where it knows all. */
export function unknownNote() {
  const list = make("span", { class: "lmx-unknown" });
  const element = make("p", { class: "lmx-note", hidden: true }, `${words.next_word.unknown} `, list);
  return {
    element,
    /** `answer` has text, spans and unknown. */
    update(answer) {
      const names = wordsOf(answer).filter((_, i) => answer.unknown[i]);
      setText(list, [...new Set(names)].join(", "));
      element.hidden = names.length === 0;
    },
  };
}

/** Buttons for words with probabilities: `onChoose(word)`. */
export function candidateList(onChoose) {
  const element = make("ol", { class: "lmx-candidates", "aria-label": words.next_word.candidates });

  function item({ word, plain }, chosen, largest) {
    const handlers = { onkeydown: keepKeys, onclick: () => onChoose(word), disabled: !isKnown(word) };
    const press = make("button", { type: "button", ...handlers },
      make("span", { class: "lmx-candidate-word" }, shownWord(word)),
      make("span", { class: "lmx-candidate-share" }, plain === null ? "" : percent(plain)));
    press.style.setProperty("--lmx-share", `${(100 * plain) / largest}%`);
    press.setAttribute("aria-pressed", String(word === chosen));
    if (!isKnown(word)) press.title = words.next_word.about_unknown;
    return make("li", {}, press);
  }

  /** `listed` is [{ word, plain: probability or null }]; the focus stays on the place in the list where it was. */
  function update(listed, chosen) {
    const held = [...element.children].findIndex((one) => one.contains(document.activeElement));
    const largest = Math.max(...listed.map((one) => one.plain));
    element.replaceChildren(...listed.map((one) => item(one, chosen, largest)));
    if (held >= 0) (element.children[held] ?? element.lastChild)?.firstChild.focus({ preventScroll: true });
  }
  return { element, update };
}

/** A question about a next word in words: whyWord("was", "is") -> "Why “was” rather than “is”?". */
export function whyWord(target, contrast) {
  const named = { word: shownWord(target), other: contrast ? shownWord(contrast) : "" };
  return fill(contrast ? words.next_word.why_rather : words.next_word.why, named);
}
