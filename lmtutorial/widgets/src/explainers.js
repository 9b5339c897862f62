// The methods: each plays a game (a text, a model and a target) and gives every word a score.
//
// They equal those of lmtutorial/explainers/ with the settings that they return: the same points on the path, the same
// random masks and orders.

import { lime } from "./lime.js";
import { UNKNOWN, projections, vectorSlope } from "./reading.js";
import { permutationShap } from "./shapley.js";

const POINTS = 32; // on the path of integrated gradients

/**
 * @typedef {Object} Scores
 * @property {Float64Array} scores of each word
 * @property {Object} settings that make Python compute the same
 * @property {boolean} [complete] whether a law says that they add up to output - baseline_output
 * @property {Float64Array} [error] standard errors
 * @property {number} [evaluations] where it is not the number of rows asked about
 */

/** {name: (game, seed, control) => Promise<Scores>} */
export const METHODS = {
  integrated_gradients: integratedGradients,
  occlusion,
  lime,
  permutation_shap: permutationShap,
  saliency,
  input_x_gradient: inputXGradient,
};

/** score_i = F(x) - F(x without word i) */
async function occlusion(game, seed, control) {
  const masks = Array.from({ length: game.length }, (_, word) => {
    const mask = game.mask(1);
    mask[word] = 0;
    return mask;
  });
  const without = await game.ask(masks, control);
  return { scores: without.map((answer) => game.whole - answer), settings: {} };
}

/** score_i = ||dF/de_i||: how far the answer moves when word i's vector is nudged. */
async function saliency(game, seed, control) {
  const { reader } = game.model;
  const scores = await atTheText(game, control, (word, dz) => Math.hypot(...vectorSlope(reader, dz)));
  return { scores, settings: {} };
}

/** score_i = e_i . dF/de_i, and because z = W e: (W e_i) . dF/dz_i */
async function inputXGradient(game, seed, control) {
  const moved = wordsThroughW(game, game.encoding.ids);
  return { scores: await atTheText(game, control, (word, dz) => dot(moved[word], dz)), settings: {} };
}

async function atTheText(game, control, reduce) {
  const scores = new Float64Array(game.length);
  await game.slopes([1, 0], control, (row, word, dz) => {
    if (row === 0) scores[word] = reduce(word, dz);
  });
  return scores;
}

/** score_i = (e_i - b_i) . mean over the path from b to e of dF/de_i; b is the unknown word at every place. */
async function integratedGradients(game, seed, control) {
  const { places, weights } = legendre(POINTS);
  const { slopes } = await alongPath(game, [1, 0, ...places], control);
  const scores = new Float64Array(game.length);
  weights.forEach((weight, point) => slopes[point + 2].forEach((slope, word) => (scores[word] += weight * slope)));
  return { scores, settings: { points: POINTS, tolerance: null }, complete: true, evaluations: POINTS + 2 };
}

/**
 * Answers and (e_i - b_i) . dF/de_i at places of the path.
 *
 * @param {number[]} places of which the first two are 1 and 0
 * @returns {Promise<{answers: Float64Array, slopes: Float64Array[]}>}
 */
export async function alongPath(game, places, control) {
  const { ids } = game.encoding;
  const text = wordsThroughW(game, ids);
  const nothing = wordsThroughW(game, ids.map(() => UNKNOWN));
  const steps = text.map((row, word) => row.map((value, i) => value - nothing[word][i]));
  const slopes = places.map(() => new Float64Array(game.length));
  const answers = await game.slopes(places, control, (row, word, dz) => {
    slopes[row][word] = dot(steps[word], dz);
  });
  return { answers, slopes };
}

/** W e_i of each word, without the bias. */
function wordsThroughW(game, ids) {
  const { reader } = game.model;
  const mark = reader.memory.mark();
  const rows = projections(reader, ids, false);
  const width = rows.length / ids.length;
  const copies = ids.map((_, word) => rows.slice(word * width, (word + 1) * width));
  reader.memory.release(mark);
  return copies;
}

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

const legendreOf = new Map();

/** Places in [0, 1] and weights that integrate polynomials of degree 2 n - 1 exactly (Gauss-Legendre). */
function legendre(n) {
  if (!legendreOf.has(n)) {
    const near = Array.from({ length: n }, (_, i) => Math.cos((Math.PI * (n - i - 0.25)) / (n + 0.5)));
    const roots = near.map((x) => legendreRoot(n, x));
    legendreOf.set(n, { places: roots.map(([x]) => (1 + x) / 2), weights: roots.map(([, weight]) => weight / 2) });
  }
  return legendreOf.get(n);
}

/** A root of the Legendre polynomial P_n near x, found by Newton's method, and its weight 2 / ((1 - x²) P_n'(x)²). */
function legendreRoot(n, x) {
  for (let round = 0; ; round++) {
    let [before, value] = [1, x];
    for (let k = 2; k <= n; k++) [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
    const slope = (n * (before - x * value)) / (1 - x * x);
    if (round > 0 && Math.abs(value / slope) < 1e-15 || round === 20) return [x, 2 / ((1 - x * x) * slope * slope)];
    x -= value / slope;
  }
}
