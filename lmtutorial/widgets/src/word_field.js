/*
 * A field for one word, with suggestions below it that the browser shows.
 */
import { freshId, keepKeys } from "./controls.js";
import { make } from "./ui.js";

/**
 * @param {string} label
 * @param {{onInput: function, onEnter?: function, hidden?: boolean}} settings `hidden`: the label is only spoken
 * @returns {{element, input, value, offer: function}} `offer(list)` changes the suggestions
 */
export function wordField(label, { onInput, onEnter = null, hidden = false }) {
  const [id, listId] = [freshId("word"), freshId("words")];
  const list = make("datalist", { id: listId });
  const plain = { autocomplete: "off", autocapitalize: "none", spellcheck: "false" };
  const input = make("input", { type: "text", id, list: listId, class: "lmx-word-field", ...plain });
  input.addEventListener("input", () => onInput(cleanWord(input.value)));
  input.addEventListener("keydown", (event) => {
    keepKeys(event);
    if (event.key === "Enter" && !event.isComposing) (onEnter ?? onInput)(cleanWord(input.value));
  });
  const name = make("label", { for: id, class: hidden ? "lmx-hidden" : "lmx-label" }, label);
  const element = make("span", { class: "lmx-word-frame" }, name, input, list);
  return {
    element,
    input,
    get value() { return cleanWord(input.value); },
    set value(word) { if (input.value !== word) input.value = word; },
    offer(suggestions) { list.replaceChildren(...suggestions.map((value) => make("option", { value }))); },
  };
}

function cleanWord(text) {
  return text.trim().toLowerCase();
}
