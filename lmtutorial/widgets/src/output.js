// The output of a language model: from what its last LSTM layer says to a score for every word, and back.
//
// With tied weights the scores are products with the words' own vectors. A question is about the log-odds of one word,
// against all others together or against one other word (lmtutorial/models/next_word.py).

import { filledOut, panels, roundedUp, transposed } from "./weights.js";

const SCORED_TOGETHER = 32; // rows whose scores of all words are made at a time
export const ALL_OTHERS = -1; // in place of the id of one other word

/**
 * The layers from what the LSTM says to the scores. All widths are filled up to multiples of eight.
 *
 * @typedef {Object} Output
 * @property {Object|null} narrow the layer from the LSTM's width to that of the vectors: kernel, kernelBack, bias
 * @property {number} units of the last LSTM layer
 * @property {number} width of the vector that meets the words
 * @property {number} size of the vocabulary; a row of scores is `row` long
 * @property {Float32Array} table (width, row) in panels: a column for each word
 * @property {Float32Array} tableBack its transpose
 * @property {Float32Array} bias (size)
 * @property {(id: number) => Float32Array} column of a word
 */
export function outputLayers(memory, weights) {
  const size = weights.manifest.vocabulary.length;
  const rows = wordRows(weights, size);
  const width = rows.length / size;
  return {
    narrow: weights.has("to_width/kernel") ? narrowLayer(memory, weights) : null,
    units: lastUnits(weights),
    width,
    size,
    row: roundedUp(size),
    table: panels(memory, transposed(rows, size, width), width, size),
    tableBack: panels(memory, filledOut(rows, size, width, roundedUp(size), width), roundedUp(size), width),
    bias: weights.numbers("scores/bias"),
    column: (id) => rows.subarray(id * width, (id + 1) * width),
  };
}

/** (size, width) a row of the output's table for each word: the embedding, or the columns of a Dense layer's kernel. */
function wordRows(weights, size) {
  const name = weights.manifest.tied ? "embedding" : "scores/kernel";
  const [rows, columns] = weights.shape(name);
  const matrix = weights.numbers(name);
  if (weights.manifest.tied) return filledOut(matrix, size, columns, size, roundedUp(columns));
  return filledOut(transposed(matrix, rows, columns), size, rows, size, roundedUp(rows));
}

function narrowLayer(memory, weights) {
  const [rows, columns] = weights.shape("to_width/kernel");
  const [units, width] = [roundedUp(rows), roundedUp(columns)];
  const kernel = filledOut(weights.numbers("to_width/kernel"), rows, columns, units, width);
  return {
    kernel: panels(memory, kernel, units, width),
    kernelBack: panels(memory, transposed(kernel, units, width), width, units),
    bias: filledOut(weights.numbers("to_width/bias"), 1, columns, 1, width),
  };
}

function lastUnits(weights) {
  let number = 1;
  while (weights.has(`lstm_${number + 1}/kernel`)) number++;
  return roundedUp(weights.shape(`lstm_${number}/recurrent`)[0]);
}

/** How many bytes `outputLayers` takes in the kernel's memory, and what it needs to work. */
export function outputBytes(weights) {
  const size = roundedUp(weights.manifest.vocabulary.length);
  const width = roundedUp(Math.max(weights.shape("embedding")[1], lastUnits(weights)));
  return 4 * (2 * size * width + 2 * lastUnits(weights) * width + SCORED_TOGETHER * (size + width)) + 4096;
}

/** The vectors (rows, width) that meet the words, from what the last LSTM layer says. */
function narrowed(memory, { narrow, units, width }, h, rows) {
  if (!narrow) return h;
  const hidden = memory.floats(rows * width);
  for (let row = 0; row < rows; row++) hidden.set(narrow.bias, row * width);
  memory.product(h, narrow.kernel, hidden, rows, width, units, true);
  return hidden;
}

/** The scores (rows, row) of all words, from what the last LSTM layer says; a row is filled up with -Infinity. */
export function scoresOf(memory, output, h, rows) {
  const hidden = narrowed(memory, output, h, rows);
  const scores = memory.floats(rows * output.row);
  memory.product(hidden, output.table, scores, rows, output.row, output.width, false);
  for (let row = 0; row < rows; row++) {
    const here = scores.subarray(row * output.row, (row + 1) * output.row);
    for (let word = 0; word < output.size; word++) here[word] += output.bias[word];
    here.fill(-Infinity, output.size);
  }
  return scores;
}

/** Log-odds of the target, and how they move with what the LSTM says. @returns {Head} */
export function logOddsHead(memory, output) {
  const inParts = async (h, rows, rest, work) => {
    const answers = new Float64Array(rows);
    for (let first = 0; first < rows; first += SCORED_TOGETHER) {
      const some = Math.min(SCORED_TOGETHER, rows - first);
      const mark = memory.mark();
      const part = h.subarray(first * output.units, (first + some) * output.units);
      answers.set(work(part, some, first), first);
      memory.release(mark);
      await rest();
    }
    return answers;
  };
  const answers = (h, rows, question, rest) =>
    inParts(h, rows, rest, (part, some) => logOdds(memory, output, part, some, question, null));
  const slopes = (h, rows, question, rest, dh) =>
    inParts(h, rows, rest, (part, some, first) => {
      const dHidden = memory.zeros(some * output.width);
      const found = logOdds(memory, output, part, some, question, dHidden);
      const here = dh.subarray(first * output.units, (first + some) * output.units);
      if (!output.narrow) here.set(dHidden);
      else memory.product(dHidden, output.narrow.kernelBack, here, some, output.units, output.width, false);
      return found;
    });
  return { answers, slopes };
}

/** Log-odds (rows); their slopes by the hidden vectors are written into dHidden (rows, width), unless that is null. */
function logOdds(memory, output, h, rows, { targetId, otherId }, dHidden) {
  if (otherId !== ALL_OTHERS) return againstOne(memory, output, h, rows, targetId, otherId, dHidden);
  const scores = scoresOf(memory, output, h, rows);
  const found = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const here = scores.subarray(row * output.row, (row + 1) * output.row);
    found[row] = againstAll(here, targetId, dHidden !== null);
  }
  if (dHidden) memory.product(scores, output.tableBack, dHidden, rows, output.width, output.row, false);
  return found;
}

/** z_target - log of the sum over all other words of exp z; `slope` puts its derivative in place of the scores z. */
function againstAll(z, target, slope) {
  const own = z[target];
  z[target] = -Infinity;
  let largest = -Infinity;
  for (let word = 0; word < z.length; word++) if (z[word] > largest) largest = z[word];
  let sum = 0;
  for (let word = 0; word < z.length; word++) sum += Math.exp(z[word] - largest);
  if (slope) {
    for (let word = 0; word < z.length; word++) z[word] = -Math.exp(z[word] - largest) / sum;
    z[target] = 1;
  }
  return own - largest - Math.log(sum);
}

/** z_target - z_other = hidden . (column of target - column of other) + difference of their biases */
function againstOne(memory, output, h, rows, target, other, dHidden) {
  const { width, bias } = output;
  const hidden = narrowed(memory, output, h, rows);
  const against = output.column(other);
  const direction = output.column(target).map((value, i) => value - against[i]);
  return Float64Array.from({ length: rows }, (_, row) => {
    dHidden?.set(direction, row * width);
    let sum = bias[target] - bias[other];
    for (let i = 0; i < width; i++) sum += hidden[row * width + i] * direction[i];
    return sum;
  });
}
