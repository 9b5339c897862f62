/*
 * Letting the model write on: the settings of its drawing, and the text with every written word as a button.
 */
import { shownWord } from "./candidates.js";
import { button, keepKeys, slider } from "./controls.js";
import { samplingControls } from "./sampling_controls.js";
import { fill, make, setAttribute, setText } from "./ui.js";
import { words } from "./words.js";

/** Where the written words stand in the whole text: [[start, end], …]. */
export function spansOfWritten({ prompt, text, words: written }) {
  let end = prompt.length;
  return written.map((token) => {
    const spelt = token === "[END]" ? "\n" : token;
    const start = text.indexOf(spelt, end);
    end = start + spelt.length;
    return [start, end];
  });
}

/** The text before a place: before the k-th written word; with place 0, all that the reader wrote. */
export function contextOf({ text, place }, written) {
  if (!written || place === 0) return text;
  return written.text.slice(0, spansOfWritten(written)[place - 1][0]).replace(/ +$/, "");
}

/**
 * The panel: `onWrite({ seed? })` when the reader presses, `onSettings(part)` when a setting changes, `onPlace(k)` when
 * a written word is chosen (0: the end of the reader's own text).
 */
export function writingPanel({ onWrite, onSettings, onPlace }) {
  const lengths = { min: 1, max: 40, step: 1, value: 20 };
  const length = slider(words.next_word.length, lengths, (value) => onSettings({ length: value }));
  const sampling = samplingControls(onSettings);
  let seed = 0;
  const seedNote = make("span", { class: "lmx-note" });
  const again = button(words.next_word.write_again, () => onWrite({ seed: seed + 1 }), { quiet: true });
  const label = words.next_word.written;
  const text = make("div", { class: "lmx-written", dir: "auto", role: "group", "aria-label": label });
  const note = make("p", { class: "lmx-note" }, words.next_word.written_note);
  const result = make("div", { class: "lmx-written-frame", hidden: true }, text, note);
  sampling.element.append(length.element);
  const element = make("details", { class: "lmx-details lmx-writing" },
    make("summary", { onkeydown: keepKeys }, words.next_word.writing),
    sampling.element,
    make("div", { class: "lmx-row" }, button(words.next_word.write, () => onWrite({})), again, seedNote),
    result);

  function choose(place) {
    for (const press of text.querySelectorAll("button")) {
      setAttribute(press, "aria-pressed", String(Number(press.dataset.place) === place));
    }
  }

  /** Shows the settings of a state, and what was written; null for nothing. */
  function set(state, written) {
    seed = state.seed;
    length.value = state.length;
    sampling.set(state);
    setText(seedNote, fill(words.next_word.seed, { seed }));
    again.hidden = seedNote.hidden = result.hidden = written === null;
    if (written) {
      element.open = true;
      text.replaceChildren(...writtenParts(written, onPlace));
      choose(state.place);
    }
  }
  return { element, set, choose };
}

/** The reader's text, and a button for each written word, with the blanks between them as they are. */
function writtenParts(written, onPlace) {
  let end = written.prompt.length;
  const part = (place, shown) => make("button", {
    type: "button", class: "lmx-written-word", "data-place": place, onkeydown: keepKeys, onclick: () => onPlace(place),
  }, shown);
  const parts = [part(0, written.prompt)];
  spansOfWritten(written).forEach(([start, stop], i) => {
    const token = written.words[i];
    const blank = written.text.slice(end, start);
    parts.push(blank, part(i + 1, shownWord(token)));
    if (token === "[END]") parts.push(make("br"));
    end = stop;
  });
  return parts;
}
