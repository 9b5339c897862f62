// LIME: a straight line that imitates the model in the neighbourhood of the text; a word's score is its slope.
//
// Variants of the text leave some words out, as many and as which the authors' code draws; each counts the more the
// nearer it is to the text. (Ribeiro, Singh & Guestrin 2016; lmtutorial/explainers/lime.py with sampling="authors")

import { fittedLine } from "./line.js";
import { Random } from "./random.js";

const VARIANTS = 500;

/** score_i = slope of word i in the weighted ridge of the answers on the words kept, sampled as LIME's authors do. */
export async function lime(game, seed, control) {
  const samples = Math.max(VARIANTS, game.length + 1);
  const sample = merged(authorsMasks(new Random(seed), game.length, samples));
  const answers = await game.ask(sample.masks, control);
  const { slopes, error } = await fittedLine(sample, answers, control.rest);
  return { scores: slopes, settings: { sampling: "authors", num_samples: samples, seed }, error };
}

/** The text itself, then variants that leave out 1 to all words: how many, and then which, is drawn evenly. */
function authorsMasks(random, length, samples) {
  const removed = random.integers(1, length + 1, samples - 1);
  const masks = [new Uint8Array(length).fill(1)];
  for (const count of removed) {
    const keys = Float64Array.from({ length }, () => random.random());
    const last = keys.slice().sort()[count - 1]; // the words with the smallest keys go
    masks.push(Uint8Array.from(keys, (key) => (key > last ? 1 : 0)));
  }
  return masks;
}

/** Weights by LIME's kernel; of short texts each variant once, as heavy as all its copies. */
function merged(masks) {
  const length = masks[0].length;
  const copies = new Map();
  masks.forEach((mask, i) => {
    const key = length > 16 ? i : mask.join("");
    const share = i === 0 ? 1 : 0; // how much of what chance can do to it has been seen: the text itself is no chance
    if (copies.has(key)) copies.get(key).count++;
    else copies.set(key, { mask, share, count: 1 });
  });
  const rows = [...copies.values()];
  return {
    masks: rows.map(({ mask }) => mask),
    weights: Float64Array.from(rows, ({ mask, count }) => count * limeKernel(mask)),
    share: Float64Array.from(rows, ({ share, count }) => 1 - (1 - share) / count),
  };
}

/** sqrt(exp(-d² / 25²)) with d = 100 (1 - cosine of the mask with all ones) */
function limeKernel(mask) {
  const kept = mask.reduce((sum, bit) => sum + bit, 0);
  const distance = 100 * (1 - Math.sqrt(kept / mask.length));
  return Math.sqrt(Math.exp(-(distance ** 2) / 25 ** 2));
}
