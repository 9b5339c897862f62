// The widget's side of the Python engine, with a Python that answers when the test says so.
//
//   node python_engine.mjs LIBRARY

import { pathToFileURL } from "node:url";

const { inUnits, pythonEngine, wellFormed } = await import(pathToFileURL(process.argv[2]));

/** A widget's model: `sent` is what went to Python, `answer(...)` what comes back. */
function widgetModel() {
  const heard = {};
  const sent = [];
  return {
    sent,
    on: (name, callback) => (heard[name] = callback),
    off: (name) => delete heard[name],
    send: (message) => sent.push(message),
    answer: (message, reply) => heard["msg:custom"]?.({ view: message.view, number: message.number, ...reply }),
    stop: () => heard.comm_live_update?.(),
    heard,
  };
}

/** What became of promises: their answers, or the names and messages of their errors. */
const outcomes = (promises) => Promise.all(promises.map((p) => p.catch((error) => `${error.name}: ${error.message}`)));
const found = {};

{ // three questions in one slot: the first is on its way when the others come
  const model = widgetModel();
  const engine = pythonEngine(model);
  const asked = ["one", "two", "three"].map((text) => engine.ask({ do: "explain", text }));
  const first = model.sent[0];
  model.answer({ ...first, view: "another view of the same widget" }, { answer: "not mine" });
  model.answer({ ...first, number: 99 }, { answer: "a number that was never sent" });
  model.answer(first, { answer: "late" });
  model.answer(first, { answer: "twice" });
  model.answer(model.sent[1], { answer: "newest" });
  found.overtaken = { sent: model.sent.map((message) => message.request.text), outcomes: await outcomes(asked) };
}

{ // other slots wait for their turn, and an error is told to the one who asked
  const model = widgetModel();
  const engine = pythonEngine(model);
  const asked = ["a", "b", "c"].map((slot) => engine.ask({ text: slot }, { slot }));
  const atOnce = model.sent.length;
  model.answer(model.sent[0], { answer: "A" });
  model.answer(model.sent[1], { error: "the text is empty" });
  model.answer(model.sent[2], { answer: "C" });
  found.slots = { atOnce, outcomes: await outcomes(asked) };
}

{ // the kernel goes
  const model = widgetModel();
  const engine = pythonEngine(model);
  const asked = [engine.ask({ text: "a" }), engine.ask({ text: "b" }, { slot: "other" })];
  model.stop();
  asked.push(engine.ask({ text: "c" }));
  found.gone = { sent: model.sent.length, outcomes: await outcomes(asked) };
  engine.close();
  found.left = Object.keys(model.heard);
}

const text = "😀 a 👩‍🚀 film";
found.units = inUnits({ text, spans: [[0, 1], [2, 3], [4, 7], [8, 12]] }).spans.map(([start, end]) => text.slice(start, end));
found.formed = wellFormed({ text: "\ud83d a 😀 \ude00", seed: 3, plus: ["x"] });
console.log(JSON.stringify(found));
