// A language model: word vectors, LSTM layers, and a score for every word of the vocabulary behind the last word.

import { known } from "./classifier.js";
import { lstmBytes, readWord, stepMemory } from "./lstm.js";
import { complaint, pythonQuoted } from "./messages.js";
import { nearestName } from "./nearest.js";
import { ALL_OTHERS, logOddsHead, outputBytes, outputLayers, scoresOf } from "./output.js";
import { UNKNOWN, newReader, nothingRead, projections, reserveFor } from "./reading.js";
import { checkedText, encodedText, newTokenizer } from "./tokenizer.js";
import { words } from "./words.js";

/**
 * @param {Kernel} kernel
 * @param {Weights} weights of kind "language"
 * @returns {Model} what game.js plays with; `tokenizer` and `output` are for the next word
 */
export function openLanguageModel(kernel, weights) {
  const { manifest } = weights;
  const memory = reserveFor(kernel, lstmBytes(weights) + outputBytes(weights));
  const tokenizer = newTokenizer(manifest);
  const output = outputLayers(memory, weights);
  const reader = newReader(memory, weights, [manifest.start], logOddsHead(memory, output));
  const encode = (text) => known(encodedText(tokenizer, text));
  const model = { manifest, classes: [], tokenizer, output, reader, encode };
  return { ...model, question: (encoding, target, contrast) => wordQuestion(model, encoding, target, contrast) };
}

/** Which word is asked about: by default the likeliest known one. */
function wordQuestion(model, encoding, target, contrast) {
  if (target == null && contrast != null) throw complaint(words.engine.contrast_alone);
  const targetId = target == null ? likeliest(scoresBehind(model, encoding.ids)) : wordId(model, target);
  const otherId = contrast == null ? ALL_OTHERS : wordId(model, contrast);
  if (targetId === otherId) {
    throw complaint(words.engine.itself, { target: pythonQuoted(target), contrast: pythonQuoted(contrast) });
  }
  const { vocabulary } = model.manifest;
  return { target: vocabulary[targetId], contrast: contrast == null ? null : vocabulary[otherId], targetId, otherId };
}

/** The id of the word with the largest score, of those that are words. */
function likeliest(scores) {
  let best = UNKNOWN + 1;
  for (let word = best; word < scores.length; word++) if (scores[word] > scores[best]) best = word;
  return best;
}

/** The id of one word of the vocabulary. */
function wordId({ manifest, tokenizer }, word) {
  const own = tokenizer.id(word); // "[END]" is a word of the vocabulary, though no text spells it so
  const tokens = own === UNKNOWN ? tokenizer.pieces(checkedText(word)).map(({ token }) => token) : [word];
  if (tokens.length !== 1) {
    const listed = `[${tokens.map(pythonQuoted).join(", ")}]`;
    throw complaint(words.engine.one_word, { word: pythonQuoted(word), count: tokens.length, tokens: listed });
  }
  const id = tokenizer.id(tokens[0]);
  if (id !== UNKNOWN) return id;
  const nearest = nearestName(tokens[0], manifest.vocabulary.slice(2));
  throw complaint(words.engine.no_word, { word: pythonQuoted(word), nearest });
}

/**
 * Reads ids one after the other. What it takes of the memory is given back by who calls `memory.release`.
 *
 * @returns {(ids: number[]) => Float64Array} reads on, and returns the score of each word behind the last one
 */
export function readAloud({ reader, output }) {
  const { memory, layers } = reader;
  let before = nothingRead(memory, layers, 1);
  let step = stepMemory(memory, layers, 1);
  let other = stepMemory(memory, layers, 1);
  return (ids) => {
    const mark = memory.mark();
    for (const id of ids) {
      step[0].gates.set(projections(reader, [id]));
      readWord(memory, layers, before, step, 1);
      [before, step, other] = [step, other, step];
      memory.release(mark);
    }
    const scores = Float64Array.from(scoresOf(memory, output, before.at(-1).h, 1).subarray(0, output.size));
    memory.release(mark);
    return scores;
  };
}

/** The scores of all words behind a text. */
export function scoresBehind(model, ids) {
  const { memory, begin } = model.reader;
  const mark = memory.mark();
  const scores = readAloud(model)([...begin, ...ids]);
  memory.release(mark);
  return scores;
}
