/*
 * The widget's side of the Python engine: questions go to the kernel as messages with a number, answers come back with
 * it.
 *
 * Python answers one question after the other. So only one is on its way at a time, and of those that wait only the
 * newest of each slot: whoever types quickly is answered about what stands there now. A question that was overtaken is
 * `Stale` at once, and its answer, when it comes, is passed over.
 *
 * Python counts a text's characters, a browser its UTF-16 units, of which an emoji has two; spans are converted here.
 */
import { Stale } from "./stale.js";
import { words } from "./words.js";

/**
 * @param {{send: function, on: function, off: function}} model the widget's model, as anywidget hands it over
 * @returns {{ask: function, close: function}}
 */
export function pythonEngine(model) {
  const view = Math.random().toString(36).slice(2); // a widget may be shown twice: each view takes only its own answers
  const waiting = new Map(); // {slot: its newest question}, in the order in which they came
  let underway = null;
  let count = 0;
  let gone = false;

  function ask(request, { slot = "main" } = {}) {
    if (gone) return Promise.reject(new Error(words.widget.gone));
    return new Promise((resolve, reject) => {
      waiting.get(slot)?.reject(new Stale());
      if (underway?.slot === slot) underway.reject(new Stale());
      waiting.set(slot, { request, slot, resolve, reject });
      sendNext();
    });
  }

  function sendNext() {
    if (underway || waiting.size === 0) return;
    [underway] = waiting.values();
    waiting.delete(underway.slot);
    count += 1;
    model.send({ view, number: count, request: wellFormed(underway.request) });
  }

  function hear(message) {
    if (!underway || message.view !== view || message.number !== count) return;
    const answered = underway;
    underway = null;
    if ("error" in message) answered.reject(new Error(message.error));
    else answered.resolve(inUnits(message.answer));
    sendNext();
  }

  /** The kernel was stopped or started anew: nobody will answer any more. */
  function leave() {
    gone = true;
    for (const question of [underway, ...waiting.values()]) question?.reject(new Error(words.widget.gone));
    underway = null;
    waiting.clear();
  }

  function close() {
    model.off("msg:custom", hear);
    model.off("comm_live_update", leave);
  }

  model.on("msg:custom", hear);
  model.on("comm_live_update", leave); // Jupyter says so once the widget is drawn: the line to Python has gone dead
  return { ask, close };
}

/** A request whose texts Jupyter can carry: half of a surrogate pair, which is no character, becomes a "\ufffd". */
export function wellFormed(request) {
  const mend = (value) => (typeof value === "string" ? value.replace(/\p{Surrogate}/gu, "\ufffd") : value);
  return Object.fromEntries(Object.entries(request).map(([name, value]) => [name, mend(value)]));
}

/** An answer with its spans counted in UTF-16 units instead of characters. */
export function inUnits(answer) {
  if (!answer.spans || typeof answer.text !== "string") return answer;
  const places = [0]; // where each character begins
  for (const character of answer.text) places.push(places[places.length - 1] + character.length);
  return { ...answer, spans: answer.spans.map(([start, end]) => [places[start], places[end]]) };
}
