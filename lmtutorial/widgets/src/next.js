// What comes next, asked of a language model: the likeliest words, and a text that it writes.

import { readAloud, scoresBehind } from "./language_model.js";
import { complaint } from "./messages.js";
import { Random } from "./random.js";
import { PADDING, UNKNOWN } from "./reading.js";
import { drawn, likeliestFirst, nextWordProbabilities } from "./sampling.js";
import { continuedText } from "./tokenizer.js";
import { words } from "./words.js";

/** The likeliest next words: score, probability, and probability with temperature, top-k and top-p. */
export async function next(model, { text, temperature, top_k, top_p, top = 12, drawable = false }) {
  checkWriter(model);
  const { vocabulary } = model.manifest;
  const { spans, ids } = model.encode(text);
  const scores = scoresBehind(model, ids);
  if (drawable) forbid(scores);
  const plain = nextWordProbabilities(scores);
  const cut = nextWordProbabilities(scores, settingsOf(temperature, top_k, top_p));
  const listed = [...likeliestFirst(plain).subarray(0, top)].filter((word) => scores[word] > -Infinity);
  const possible = cut.filter((share) => share > 0);
  return {
    text,
    spans,
    unknown: ids.map((id) => id === UNKNOWN),
    words: listed.map((i) => ({ word: vocabulary[i], score: scores[i], plain: plain[i], cut: cut[i] })),
    kept: possible.length,
    size: vocabulary.length,
    plain_mass: totalOf(listed.map((i) => plain[i])),
    cut_mass: totalOf(listed.map((i) => cut[i])),
    entropy: Math.abs(totalOf(possible.map((share) => share * Math.log2(share)))),
  };
}

/** The text with drawn words behind it, as `lm.generate` of the package writes it with the same seed. */
export async function carryOn(model, { text, length = 20, temperature, top_k, top_p, seed = 0 }, control) {
  checkWriter(model);
  if (!(length >= 0)) throw complaint(words.engine.length, { length });
  const settings = settingsOf(temperature, top_k, top_p);
  nextWordProbabilities(new Float64Array(1), settings); // complains of settings that cannot be
  const { memory, begin } = model.reader;
  const random = new Random(seed);
  let ids = [...begin, ...model.encode(text).ids];
  const written = [];
  const mark = memory.mark();
  try {
    const read = readAloud(model);
    while (written.length < length) {
      const p = nextWordProbabilities(forbid(read(ids)), settings);
      ids = [drawn(random, p)];
      written.push(model.manifest.vocabulary[ids[0]]);
      control.at(written.length / length);
      await control.rest();
    }
  } finally {
    memory.release(mark);
  }
  return { text: continuedText(text, written), words: written };
}

function checkWriter({ kind }) {
  if (kind !== "language") throw complaint(words.engine.writer);
}

/** Scores with which padding and the unknown word never come. */
function forbid(scores) {
  scores[PADDING] = scores[UNKNOWN] = -Infinity;
  return scores;
}

/** Settings that are left out, or null, cut nothing. */
function settingsOf(temperature, top_k, top_p) {
  return { temperature: temperature ?? 1, top_k: top_k ?? null, top_p: top_p ?? null };
}

function totalOf(values) {
  return values.reduce((sum, value) => sum + value, 0);
}
