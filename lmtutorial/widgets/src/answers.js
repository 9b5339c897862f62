// A request in, an answer out: what an explorer may ask of a model. `do` names the question.

import { openClassifier } from "./classifier.js";
import { METHODS, alongPath } from "./explainers.js";
import { Game } from "./game.js";
import { allGrids, openGrids } from "./grid_data.js";
import { openLanguageModel } from "./language_model.js";
import { complaint, pythonQuoted } from "./messages.js";
import { nearestName } from "./nearest.js";
import { carryOn, next } from "./next.js";
import { parseWeights } from "./weights.js";
import { analogy, nearWords, openMap, wholeMap } from "./word_map.js";
import { words } from "./words.js";

const REMEMBERED = 8; // texts whose answers are kept

const OPENERS = { classifier: openClassifier, language: openLanguageModel, map: openMap, grids: openGrids };
const ANSWERS = { about, explain, path, next, continue: carryOn };
const WITHOUT_MODEL = { map: { about, map: wholeMap, near: nearWords, analogy }, grids: { about, grids: allGrids } };

/**
 * A model, ready to be asked.
 *
 * @param {Kernel} kernel
 * @param {Uint8Array} bytes of its file
 */
export function openModel(kernel, bytes) {
  const weights = parseWeights(bytes);
  const open = OPENERS[weights.manifest.kind];
  if (!open) throw complaint(words.engine.damaged);
  return { kind: weights.manifest.kind, manifest: weights.manifest, games: new Map(), ...open(kernel, weights) };
}

/**
 * @param {Object} model that `openModel` made
 * @param {Object} request
 * @param {Control} control of long work; see reading.js
 * @returns {Promise<Object>} plain values
 * @throws {Error} with a sentence for the reader
 */
export async function answerTo(model, request, control) {
  const answers = WITHOUT_MODEL[model.kind] ?? ANSWERS;
  const name = String(request.do);
  if (!Object.hasOwn(answers, name)) throw complaint(words.engine.request, { name: pythonQuoted(name) });
  const memory = model.reader?.memory; // a map and grids have none
  const mark = memory?.mark();
  try {
    return await answers[name](model, request, control);
  } finally {
    memory?.release(mark); // also where there was not enough of it
  }
}

/** What can be asked of this model, and the code that loads it. */
function about({ kind, manifest }) {
  const { name, classes = [], unit = null } = manifest;
  if (kind in WITHOUT_MODEL) return { kind, name, classes, unit, methods: [], code: null };
  return { kind, name, classes, unit, methods: Object.keys(METHODS), code: `lt.load_model("${name}")` };
}

/** Each word's score by one method. */
async function explain(model, { text, method = "occlusion", seed = 0, target, contrast }, control) {
  if (!Object.hasOwn(METHODS, method)) {
    const nearest = nearestName(String(method), Object.keys(METHODS));
    throw complaint(words.engine.method, { method: pythonQuoted(String(method)), nearest });
  }
  const start = performance.now();
  const game = await gameOf(model, text, target, contrast, control);
  game.newMethod();
  const found = await METHODS[method](game, seed, control);
  const named = { ...(target == null ? {} : { target }), ...(contrast == null ? {} : { contrast }) };
  return {
    text,
    spans: game.encoding.spans,
    scores: [...found.scores],
    unknown: game.unknown,
    target: game.question.target,
    contrast: game.question.contrast,
    unit: "logit",
    output: game.whole,
    baseline_output: game.nothing,
    probability: game.probability,
    method,
    settings: { ...named, ...found.settings },
    complete: found.complete ?? false,
    dropped: game.encoding.dropped,
    evaluations: found.evaluations ?? game.evaluations,
    error: found.error?.every(Number.isFinite) ? [...found.error] : null,
    seconds: (performance.now() - start) / 1000,
  };
}

/** The answer and each word's slope at places evenly apart on the path from unknown words (0) to the text (1). */
async function path(model, { text, points = 33, target, contrast }, control) {
  const game = await gameOf(model, text, target, contrast, control);
  const alphas = Array.from({ length: points }, (_, i) => i / (points - 1));
  const inner = alphas.slice(1, -1);
  const { answers, slopes } = await alongPath(game, [1, 0, ...inner], control);
  const inOrder = (values) => [values[1], ...Array.from(values).slice(2), values[0]]; // both ends came first
  return {
    text,
    spans: game.encoding.spans,
    unknown: game.unknown,
    tokens: game.encoding.spans.map(([from, to]) => text.slice(from, to)),
    alphas,
    outputs: inOrder(answers),
    slopes: inOrder(slopes).map((row) => [...row]),
    target: game.question.target,
    contrast: game.question.contrast,
    unit: "logit",
    output: game.whole,
    baseline_output: game.nothing,
    probability: game.probability,
  };
}

/** The game on a text; what was asked on it before is remembered, so that methods share their questions. */
async function gameOf(model, text, target, contrast, control) {
  const key = JSON.stringify([text, target, contrast]);
  const { games } = model;
  const game = games.get(key) ?? new Game(model, text, target, contrast);
  games.delete(key);
  games.set(key, game); // the newest last
  if (games.size > REMEMBERED) games.delete(games.keys().next().value);
  return game;
}
