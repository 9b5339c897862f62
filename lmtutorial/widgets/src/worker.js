// The engine beside the page: it runs in a Web Worker, so that typing never waits for it.
//
// In: {type: "load", name, base64}, {type: "ask", id, slot, name, request}. Out: loaded, failed, answer, progress,
// stale, error. Questions are answered one after the other. A newer question in the same slot takes the place of an
// older one, even of one that is being answered: long work pauses every few milliseconds to look.

import { answerTo, openModel } from "./answers.js";
import { loadKernel } from "./kernel.js";
import { KERNEL_WASM } from "./kernel_wasm.js";
import { complaint } from "./messages.js";
import { Stale } from "./stale.js";
import { bytesOfBase64 } from "./weights.js";
import { words } from "./words.js";

const WORK_SLICE = 10; // milliseconds of work between two looks at the mail

const kernel = loadKernel(bytesOfBase64(KERNEL_WASM));
const models = new Map();
const waiting = []; // questions that have not been answered yet; the first one is being worked on

self.onmessage = ({ data }) => {
  if (data.type === "load") load(data);
  if (data.type === "ask") enqueue(data);
};

function load({ name, base64 }) {
  try {
    models.set(name, openModel(kernel, bytesOfBase64(base64)));
    self.postMessage({ type: "loaded", name });
  } catch (error) {
    const expected = error.constructor === Error; // a complaint; else the file says what cannot be
    self.postMessage({ type: "failed", name, message: expected ? error.message : words.engine.damaged });
  }
}

/** Questions of the same slot that still wait are dropped; the one that is being answered notices by itself. */
function enqueue(question) {
  for (const old of waiting) if (old.slot === question.slot) old.stale = true;
  waiting.push(question);
  if (waiting.length === 1) work();
}

async function work() {
  while (waiting.length) {
    await answerQuestion(waiting[0]);
    waiting.shift();
  }
}

async function answerQuestion(question) {
  const { id, name, request } = question;
  try {
    const control = new WorkControl(question);
    control.check();
    if (!models.has(name)) throw complaint(words.engine.missing, { name });
    const answer = await answerTo(models.get(name), request, control);
    control.check();
    self.postMessage({ type: "answer", id, answer });
  } catch (error) {
    self.postMessage(error instanceof Stale ? { type: "stale", id } : { type: "error", id, message: error.message });
  }
}

/** Lets the worker read its mail now and then, and stops work that nobody waits for. */
class WorkControl {
  constructor(question) {
    this.question = question;
    this.share = 0;
    this.since = performance.now();
    this.rest = this.rest.bind(this);
  }

  check() {
    if (this.question.stale) throw new Stale();
  }

  at(share) {
    this.share = share;
  }

  async rest() {
    if (performance.now() - this.since < WORK_SLICE) return;
    self.postMessage({ type: "progress", id: this.question.id, share: this.share });
    await new Promise(nextMessage);
    this.since = performance.now();
    this.check();
  }
}

/** Calls back after the messages that wait by now have been read. */
function nextMessage(go) {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    go();
  };
  port2.postMessage(null);
}
