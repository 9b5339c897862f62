/*
 * What a reader handles: a text field, a choice, a slider, buttons, and something to unfold. Each function returns
 * { element, get value, set value }; setting a value moves the control and calls nobody.
 */
import { make, setText } from "./ui.js";
import { words } from "./words.js";

let numbered = 0;
let family = null; // this script may be in a page several times, once for each widget

/** An id that no other part of the page has. */
export function freshId(stem) {
  family ??= Math.random().toString(36).slice(2, 8);
  numbered += 1;
  return `lmx-${stem}-${family}-${numbered}`;
}

/** Keys typed into a control stay there: JupyterLab would take them for commands of its own. */
export function keepKeys(event) {
  event.stopPropagation();
}

/**
 * A text field with its label. `onInput(text)` follows the typing, `onEnter()` is the key Enter, which means "now"
 * (with Shift it starts a new line).
 */
export function textField(label, value, { onInput, onEnter = null, rows = 2 }) {
  const id = freshId("text");
  const placeholder = words.common.write_something;
  const typing = { dir: "auto", spellcheck: "false", autocomplete: "off", placeholder };
  const area = make("textarea", { id, rows, class: "lmx-text", ...typing });
  area.value = value;
  area.addEventListener("input", () => onInput(area.value));
  area.addEventListener("keydown", (event) => {
    keepKeys(event);
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || !onEnter) return;
    event.preventDefault();
    onEnter();
  });
  const element = make("div", { class: "lmx-field" }, make("label", { for: id, class: "lmx-label" }, label), area);
  return {
    element, area,
    get value() { return area.value; },
    set value(text) { if (area.value !== text) area.value = text; },
  };
}

/** One of a few: radio buttons in a fieldset. `choices` is [{ value, label }]. */
export function radios(legend, choices, value, onChange) {
  const name = freshId("choice");
  const inputs = choices.map((choice) => make("input", { type: "radio", name, value: choice.value }));
  const pills = choices.map(({ label }, i) => make("label", { class: "lmx-pill" }, inputs[i], make("span", {}, label)));
  const element = make("fieldset", { class: "lmx-radios" },
    make("legend", {}, legend), make("div", { class: "lmx-pills" }, pills));
  const control = {
    element,
    get value() { return inputs.find((input) => input.checked)?.value ?? null; },
    set value(wanted) { inputs.forEach((input) => { input.checked = input.value === String(wanted); }); },
  };
  control.value = value;
  element.addEventListener("change", () => onChange(control.value));
  element.addEventListener("keydown", keepKeys);
  return control;
}

/** One of a few that are too long to stand side by side: a list that folds out. Its value is a place in `labels`. */
export function choiceList(label, labels, value, onChange) {
  const id = freshId("list");
  const list = make("select", { id, class: "lmx-list-field", onkeydown: keepKeys },
    labels.map((text, place) => make("option", { value: place }, text)));
  list.value = value;
  list.addEventListener("change", () => onChange(Number(list.value)));
  const element = make("div", { class: "lmx-field" }, make("label", { for: id, class: "lmx-label" }, label), list);
  return { element, get value() { return Number(list.value); }, set value(wanted) { list.value = wanted; } };
}

/** A slider with its label and its value in words: `show(value)` -> text. `onInput(value)` follows the hand. */
export function slider(label, { min, max, step, value, show = String }, onInput) {
  const id = freshId("slider");
  const input = make("input", { type: "range", id, min, max, step, class: "lmx-range" });
  const shown = make("output", { for: id, class: "lmx-value" });
  const tell = () => {
    setText(shown, show(Number(input.value)));
    input.setAttribute("aria-valuetext", shown.textContent);
    const share = (Number(input.value) - min) / (max - min);
    input.style.setProperty("--lmx-share", `${(100 * share).toFixed(1)}%`);
  };
  const control = {
    element: make("div", { class: "lmx-slider" }, make("label", { for: id, class: "lmx-label" }, label), shown, input),
    input,
    get value() { return Number(input.value); },
    set value(wanted) { input.value = String(wanted); tell(); },
  };
  input.addEventListener("input", () => { tell(); onInput(control.value); });
  input.addEventListener("keydown", keepKeys);
  control.value = value;
  return control;
}

/** A button. `quiet` ones look like links, for what is rarely needed. */
export function button(label, onClick, { quiet = false } = {}) {
  const looks = quiet ? "lmx-button lmx-quiet" : "lmx-button";
  return make("button", { type: "button", class: looks, onclick: onClick, onkeydown: keepKeys }, label);
}

/** A yes-or-no box with its label. */
export function checkbox(label, value, onChange) {
  const input = make("input", { type: "checkbox", onkeydown: keepKeys });
  input.checked = value;
  input.addEventListener("change", () => onChange(input.checked));
  const element = make("label", { class: "lmx-check" }, input, make("span", {}, label));
  return { element, get value() { return input.checked; }, set value(wanted) { input.checked = wanted; } };
}

/** Something to unfold; `onOpen()` is called each time that it opens, so that its content may be made late. */
export function unfolding(summary, content, onOpen = null) {
  const element = make("details", { class: "lmx-details" }, make("summary", { onkeydown: keepKeys }, summary), content);
  element.addEventListener("toggle", () => { if (element.open && onOpen) onOpen(); });
  return element;
}

/**
 * A place for text to take away: `show(text, say)` shows it and copies it; where the browser does not allow that, the
 * text is selected instead. `say` is { copied, by_hand, label }: what is said in either case, and the text's name.
 */
export function copyField() {
  const area = make("textarea", { class: "lmx-copy", readonly: true, spellcheck: "false", onkeydown: keepKeys });
  const note = make("p", { class: "lmx-note", role: "status" });
  const element = make("div", { class: "lmx-copied", hidden: true }, note);

  async function show(text, say) {
    area.value = text;
    area.rows = Math.min(8, text.split("\n").length);
    area.setAttribute("aria-label", say.label);
    element.append(area);
    element.hidden = false;
    const copied = await navigator.clipboard?.writeText(text).then(() => true, () => false);
    if (!copied) {
      area.focus();
      area.select();
    }
    setText(note, copied ? say.copied : say.by_hand);
  }
  return { element, show, hide: () => { element.hidden = true; } };
}
