// From scores to the next word: temperature, top-k, top-p (lmtutorial/models/sampling.py).

import { complaint } from "./messages.js";
import { words } from "./words.js";

/**
 * p(w) = exp(s_w / T) / sum of exp(s / T), cut to the likeliest words and made to add up to 1 again.
 *
 * @param {Float64Array} scores of each word; -Infinity for a word that must not come
 * @param {{temperature?: number, top_k?: number|null, top_p?: number|null}} settings
 * @returns {Float64Array}
 */
export function nextWordProbabilities(scores, { temperature = 1, top_k = null, top_p = null } = {}) {
  checkSampling(temperature, top_k, top_p);
  const largest = scores.reduce((a, b) => Math.max(a, b));
  const probabilities = normalised(scores.map((score) => Math.exp((score - largest) / temperature)));
  if (top_k === null && top_p === null) return probabilities;
  const order = likeliestFirst(probabilities);
  const kept = Math.min(top_k ?? order.length, top_p === null ? order.length : reaching(probabilities, order, top_p));
  for (const word of order.subarray(kept)) probabilities[word] = 0;
  return normalised(probabilities);
}

/** Settings that no distribution can be made with. */
function checkSampling(temperature, top_k, top_p) {
  if (!(temperature > 0 && temperature < Infinity)) throw complaint(words.engine.temperature, { temperature });
  if (top_k !== null && !(Number.isInteger(top_k) && top_k >= 1)) throw complaint(words.engine.top_k, { top_k });
  if (top_p !== null && !(top_p > 0 && top_p <= 1)) throw complaint(words.engine.top_p, { top_p });
}

function normalised(values) {
  const sum = values.reduce((a, b) => a + b, 0);
  return values.map((value) => value / sum);
}

/** The numbers of the words, the likeliest first; of equally likely ones the first. */
export function likeliestFirst(probabilities) {
  return Int32Array.from(probabilities, (_, word) => word).sort((a, b) => probabilities[b] - probabilities[a] || a - b);
}

/** How many words it takes until their probabilities reach `share`. */
function reaching(probabilities, order, share) {
  let sum = 0;
  for (let count = 0; count < order.length; count++) {
    sum += probabilities[order[count]];
    if (sum >= share * (1 - 1e-12)) return count + 1;
  }
  return order.length;
}

/** The number of a word drawn from the probabilities, as `Generator.choice(len(p), p=p)`. */
export function drawn(random, probabilities) {
  const total = probabilities.reduce((a, b) => a + b, 0);
  const point = random.random();
  let sum = 0;
  let last = 0;
  for (let word = 0; word < probabilities.length; word++) {
    sum += probabilities[word];
    if (sum / total > point) return word;
    if (probabilities[word] > 0) last = word;
  }
  return last;
}
