// Layers of LSTM cells that read many rows at once: the forward step, and the way back to the words.
//
// A row is one variant of a text. At each word the gates' inputs are z = W x + b + U h, with x the word's vector and h
// what the layer said at the word before. W x is prepared outside (reading.js), because x is one of few vectors.
//
// Widths are filled up to multiples of eight. A cell that was filled up has z = 0 for ever, so that its c and h stay 0.

import { panels, roundedUp, transposed } from "./weights.js";

/**
 * @typedef {Object} Layer
 * @property {number} inputs width of what it reads, filled up except in the first layer
 * @property {number} units width of what it says, filled up
 * @property {Float32Array} kernel W (inputs, 4 units) in panels, gates in the order i f c o
 * @property {Float32Array} kernelBack its transpose, for the way back
 * @property {Float32Array} recurrent U (units, 4 units) in panels
 * @property {Float32Array} recurrentBack its transpose
 * @property {Float32Array} bias (4 units)
 */

/** The layers of a model, "lstm_1" first. @returns {Layer[]} */
export function lstmLayers(memory, weights) {
  const layers = [];
  for (let number = 1; weights.has(`lstm_${number}/kernel`); number++) {
    const [inputs, width] = weights.shape(`lstm_${number}/kernel`);
    const matrices = ["kernel", "recurrent", "bias"].map((part) => weights.numbers(`lstm_${number}/${part}`));
    layers.push(lstmLayer(memory, inputs, width / 4, ...matrices, layers.length > 0));
  }
  return layers;
}

function lstmLayer(memory, read, cells, kernel, recurrent, bias, above) {
  const units = roundedUp(cells);
  const inputs = above ? roundedUp(read) : read;
  const full = filledUp(kernel, read, cells, inputs, units);
  const loop = filledUp(recurrent, cells, cells, units, units);
  const biasRow = memory.floats(4 * units);
  biasRow.set(filledUp(bias, 1, cells, 1, units));
  return {
    inputs,
    units,
    kernel: panels(memory, full, inputs, 4 * units),
    kernelBack: panels(memory, transposed(full, inputs, 4 * units), 4 * units, inputs),
    recurrent: panels(memory, loop, units, 4 * units),
    recurrentBack: panels(memory, transposed(loop, units, 4 * units), 4 * units, units),
    bias: biasRow,
  };
}

/** How many bytes `lstmLayers` takes, with what alignment may add. */
export function lstmBytes(weights) {
  let bytes = 0;
  for (let number = 1; weights.has(`lstm_${number}/kernel`); number++) {
    const [inputs, width] = weights.shape(`lstm_${number}/kernel`);
    const units = roundedUp(width / 4);
    bytes += 4 * (2 * roundedUp(inputs) * 4 * units + 2 * units * 4 * units + 4 * units) + 1024;
  }
  return bytes;
}

/** A matrix (rows, 4 cells) with zeros put in, so that it has `toRows` rows and four gates of `units` columns. */
function filledUp(matrix, rows, cells, toRows, units) {
  const full = new Float32Array(toRows * 4 * units);
  for (let row = 0; row < rows; row++) {
    for (let gate = 0; gate < 4; gate++) {
      const from = (row * 4 + gate) * cells;
      full.set(matrix.subarray(from, from + cells), (row * 4 + gate) * units);
    }
  }
  return full;
}

/**
 * What the layers keep of one word: of each the gates, the states and what it says, for all rows.
 *
 * @returns {{gates: Float32Array, c: Float32Array, tanhC: Float32Array, h: Float32Array}[]}
 */
export function stepMemory(memory, layers, rows) {
  return layers.map(({ units }) => ({
    gates: memory.floats(rows * 4 * units),
    c: memory.floats(rows * units),
    tanhC: memory.floats(rows * units),
    h: memory.floats(rows * units),
  }));
}

/** How many numbers `stepMemory` takes for one row. */
export function stepNumbers(layers) {
  return layers.reduce((sum, { units }) => sum + 7 * units, 0);
}

/**
 * All layers read one word. The first layer's part W x + b of the gates' inputs stands in `step[0].gates` already.
 *
 * @param {Memory} memory
 * @param {Layer[]} layers
 * @param {Array} before what `stepMemory` made for the word before, row by row; its c and h are read
 * @param {Array} step what it made for this word; is written
 * @param {number} rows
 */
export function readWord(memory, layers, before, step, rows) {
  for (const [number, { inputs, units, kernel, recurrent, bias }] of layers.entries()) {
    const { gates, c, tanhC, h } = step[number];
    if (number > 0) {
      for (let row = 0; row < rows; row++) gates.set(bias, row * 4 * units);
      memory.product(step[number - 1].h, kernel, gates, rows, 4 * units, inputs, true);
    }
    memory.product(before[number].h, recurrent, gates, rows, 4 * units, units, true);
    memory.gates(gates, before[number].c, c, tanhC, h, rows, units);
  }
}

/**
 * The way back through all words: dF/dz of the first layer, from dF/dh of the last layer behind the last word.
 *
 * @param {Memory} memory
 * @param {Layer[]} layers
 * @param {Array[]} steps what `readWord` wrote, word by word; step 0 is the state before the first word
 * @param {Float32Array} dLast (rows, units) dF/dh of the last layer behind the last word
 * @param {number} rows
 * @param {() => Promise<void>|null} rest called now and then; see control in reading.js
 * @returns {Promise<Float32Array>} (words, rows, 4 units)
 */
export async function wayBack(memory, layers, steps, dLast, rows, rest) {
  const words = steps.length - 1;
  let dh = null; // (words, rows, units) dF/dh of a layer, from the layer above
  let dz = null;
  for (let number = layers.length - 1; number >= 0; number--) {
    const { inputs, units, kernelBack, recurrentBack } = layers[number];
    dz = memory.floats(words * rows * 4 * units);
    const up = memory.floats(rows * units);
    const dc = memory.zeros(rows * units);
    for (let t = words; t > 0; t--) {
      const { gates, tanhC } = steps[t][number];
      const here = dz.subarray((t - 1) * rows * 4 * units, t * rows * 4 * units);
      if (dh) up.set(dh.subarray((t - 1) * rows * units, t * rows * units));
      else if (t === words) up.set(dLast);
      else up.fill(0);
      const behind = dz.subarray(t * rows * 4 * units);
      if (t < words) memory.product(behind, recurrentBack, up, rows, units, 4 * units, true);
      memory.gatesBack(gates, steps[t - 1][number].c, tanhC, up, dc, here, rows, units);
      await rest();
    }
    if (number > 0) {
      dh = memory.floats(words * rows * inputs);
      memory.product(dz, kernelBack, dh, words * rows, inputs, 4 * units, false);
    }
  }
  return dz;
}

/** How many numbers `wayBack` takes for one row and word, and for one row. */
export function wayBackNumbers(layers) {
  return layers.reduce((sum, { units, inputs }, number) => sum + 4 * units + (number ? inputs : 0), 0);
}
