/*
 * The page's side of the engine: one worker for the whole page, one promise for each model.
 *
 * A page opened from a file may not fetch, so weights come as classic scripts that hand over a text; and the worker is
 * started from a text of its own. All explorers of a model share its weights; each question goes out with a number, and
 * the worker's messages carry it back.
 */
import { Stale } from "./stale.js";
import { fill } from "./ui.js";
import { WORKER_SOURCE } from "./worker_source.js";
import { words } from "./words.js";

const PATIENCE = 30000; // milliseconds until weights that do not come are given up

/**
 * The engines of a page.
 * @param {string} home address of the folder with the models, with a slash at its end
 * @returns {{engineOf: function(string): Promise<{ask: function}>, bytesOf: function(string): Promise<?number>}} from
 *   a model's name to its engine (asked twice, loaded once), and to the size of its file
 */
export function pageEngines(home) {
  const loading = new Map();
  let index = null;
  let line = null;

  async function known(name) {
    index ??= fromScript(`${home}index.js`, "lmExplorerIndex", () => true);
    const [models] = await index;
    return models[name];
  }

  async function load(name) {
    line ??= lineToWorker();
    const version = (await known(name))?.v;
    const file = version ? `${name}.js?v=${version}` : `${name}.js`;
    const [, base64] = await fromScript(home + file, "lmExplorerData", (given) => given === name);
    await line.load(name, base64);
    return { ask: (request, options) => line.ask(name, request, options) };
  }

  return {
    engineOf(name) {
      if (!loading.has(name)) loading.set(name, load(name));
      return loading.get(name);
    },
    bytesOf: (name) => known(name).then((model) => model?.bytes ?? null, () => null),
  };
}

/**
 * What a classic script hands to a global function: loads the script and resolves with the arguments of the first call
 * that `wanted(first argument)` accepts. Several scripts may be under way at once.
 */
export function fromScript(address, receiver, wanted) {
  return new Promise((resolve, reject) => {
    const before = window[receiver];
    window[receiver] = (...given) => (wanted(given[0]) ? resolve(given) : before?.(...given));
    const file = address.split("/").pop().split("?")[0];
    const failed = () => reject(new Error(fill(words.common.not_loaded, { file })));
    const script = document.createElement("script");
    script.src = address;
    script.onerror = failed;
    script.onload = failed; // by now it has called, or it never will
    setTimeout(failed, PATIENCE);
    document.head.append(script);
  });
}

/** A started worker, and the questions that it has not yet answered. */
function lineToWorker() {
  const waiting = new Map(); // {number of a question: { resolve, reject, onProgress }}
  const loads = new Map(); // {name of a model: { resolve, reject }}
  const worker = new Worker(URL.createObjectURL(new Blob([WORKER_SOURCE], { type: "text/javascript" })));
  let count = 0;

  const settle = (table, key, way, value) => {
    const asked = table.get(key);
    table.delete(key);
    asked?.[way](value);
  };
  worker.onmessage = ({ data }) => {
    if (data.type === "progress") waiting.get(data.id)?.onProgress?.(data.share);
    else if (data.type === "answer") settle(waiting, data.id, "resolve", data.answer);
    else if (data.type === "stale") settle(waiting, data.id, "reject", new Stale());
    else if (data.type === "error") settle(waiting, data.id, "reject", new Error(data.message));
    else if (data.type === "loaded") settle(loads, data.name, "resolve");
    else if (data.type === "failed") settle(loads, data.name, "reject", new Error(data.message));
  };
  worker.onerror = () => {
    const broken = new Error(words.common.no_worker);
    for (const table of [waiting, loads]) for (const key of [...table.keys()]) settle(table, key, "reject", broken);
  };

  return {
    load: (name, base64) => new Promise((resolve, reject) => {
      loads.set(name, { resolve, reject });
      worker.postMessage({ type: "load", name, base64 });
    }),
    ask: (name, request, { slot = "main", onProgress } = {}) => new Promise((resolve, reject) => {
      count += 1;
      waiting.set(count, { resolve, reject, onProgress });
      worker.postMessage({ type: "ask", id: count, slot, name, request });
    }),
  };
}
