// How a model reads many variants of one text at once.
//
// `answersToMasks`: words are taken away (they become the unknown word). Variants that begin alike share the reading
// of their common beginning: at each word the variants are sorted into groups that were alike up to here, and only
// one row is computed for each group. `slopesOnPath`: all words' vectors move together on a straight line, and the
// way back tells how fast the answer moves. W x is linear in x, so that it moves on a straight line too: W is applied
// to each word of the text once, and never again.

import { lstmLayers, readWord, stepMemory, stepNumbers, wayBack, wayBackNumbers } from "./lstm.js";

export const PADDING = 0;
export const UNKNOWN = 1;
const TOGETHER = 256; // rows that are read side by side: enough for the processor, few enough to stop in between
const WORKSPACE = 3 * 2 ** 24; // 48 MB, of which a short text uses little

/**
 * @typedef {Object} Reader what reads ids and answers one number
 * @property {Memory} memory
 * @property {Layer[]} layers
 * @property {number[]} begin ids that stand before every text
 * @property {number} dim width of a word's vector
 * @property {(id: number) => Float32Array} vector
 * @property {Head} head
 *
 * @typedef {Object} Head from what the last layer says, h (rows, units), to the answer to a question
 * @property {(h, rows, question, rest) => Float64Array|Promise} answers
 * @property {(h, rows, question, rest, dh) => Float64Array|Promise} slopes answers, and dF/dh written into dh
 *
 * @typedef {Object} Control of long work
 * @property {() => Promise<void>} rest lets others run if it is time to; throws Stale if nobody waits any more
 * @property {(share: number) => void} at tells how much is done
 */

/** Memory for a model that takes `bytes` for its weights, and for reading. */
export function reserveFor(kernel, bytes) {
  return kernel.reserve(bytes + WORKSPACE);
}

/** @returns {Reader} */
export function newReader(memory, weights, begin, head) {
  const [, dim] = weights.shape("embedding");
  const vector = (id) => weights.numbers("embedding", id * dim, (id + 1) * dim);
  return { memory, layers: lstmLayers(memory, weights), begin, dim, vector, head };
}

/**
 * W x + b of the first layer for some ids.
 *
 * @returns {Float32Array} (ids, 4 units)
 */
export function projections(reader, ids, withBias = true) {
  const { memory, layers: [first], dim } = reader;
  const vectors = memory.floats(ids.length * dim);
  ids.forEach((id, row) => vectors.set(reader.vector(id), row * dim));
  const width = 4 * first.units;
  const projected = memory.zeros(ids.length * width);
  if (withBias) for (let row = 0; row < ids.length; row++) projected.set(first.bias, row * width);
  memory.product(vectors, first.kernel, projected, ids.length, width, dim, true);
  return projected;
}

/** The state before the first word: nothing has been read. */
export function nothingRead(memory, layers, rows) {
  return layers.map(({ units }) => ({ c: memory.zeros(rows * units), h: memory.zeros(rows * units) }));
}

/**
 * What the model answers where only some words are kept.
 *
 * @param {Reader} reader
 * @param {number[]} ids of the text
 * @param {Uint8Array[]} masks for each variant and word whether it is kept
 * @param {Object} question for the reader's head
 * @param {Control} control
 * @returns {Promise<Float64Array>} (variants)
 */
export async function answersToMasks(reader, ids, masks, question, control) {
  const answers = new Float64Array(masks.length);
  const { memory } = reader;
  const start = memory.mark();
  try {
    const known = [...new Set([UNKNOWN, ...reader.begin, ...ids])];
    const words = { ids, projected: projections(reader, known), place: new Map(known.map((id, place) => [id, place])) };
    const mark = memory.mark();
    for (let first = 0; first < masks.length; first += TOGETHER) {
      const some = masks.slice(first, first + TOGETHER);
      const report = (share) => control.at((first + share * some.length) / masks.length);
      answers.set(await readTogether(reader, words, some, question, { rest: control.rest, at: report }), first);
      memory.release(mark);
    }
  } finally {
    memory.release(start);
  }
  return answers;
}

async function readTogether(reader, { ids, projected, place }, masks, question, control) {
  const { memory, layers, begin, head } = reader;
  const rows = masks.length;
  const gathered = nothingRead(memory, layers, rows);
  let step = stepMemory(memory, layers, rows);
  let other = stepMemory(memory, layers, rows);
  const parents = memory.integers(rows);
  const places = memory.integers(rows);
  const groups = new Int32Array(rows); // of each variant, the group it was alike with so far
  let before = gathered; // one group, which has read nothing
  let count = 1;
  const all = [...begin, ...ids];
  for (const [t, id] of all.entries()) {
    const word = t - begin.length;
    const kept = (row) => word < 0 || masks[row][word] === 1;
    const grown = regroup(groups, count, kept, parents, places, place.get(id), place.get(UNKNOWN));
    if (grown > count) before = gatherStates(memory, layers, before, parents, gathered, grown);
    memory.gather(projected, places, step[0].gates, grown, 4 * layers[0].units);
    readWord(memory, layers, before, step, grown);
    [before, step, other, count] = [step, other, step, grown];
    control.at((t + 1) / all.length);
    await control.rest();
  }
  const answers = await head.answers(before.at(-1).h, count, question, control.rest);
  return Float64Array.from(groups, (group) => answers[group]);
}

/**
 * Split the groups by whether the next word is kept.
 *
 * @param {Int32Array} groups of each row; becomes its new group
 * @param {number} count how many groups there were
 * @param {(row: number) => boolean} kept
 * @param {Int32Array} parents becomes the old group of each new one
 * @param {Int32Array} places becomes what each new group reads: `word` or `unknown`
 * @returns {number} how many groups there are now
 */
function regroup(groups, count, kept, parents, places, word, unknown) {
  const numbers = new Int32Array(2 * count).fill(-1);
  let grown = 0;
  for (let row = 0; row < groups.length; row++) {
    const keep = kept(row);
    const branch = 2 * groups[row] + (keep ? 1 : 0);
    if (numbers[branch] < 0) {
      parents[grown] = groups[row];
      places[grown] = keep ? word : unknown;
      numbers[branch] = grown++;
    }
    groups[row] = numbers[branch];
  }
  return grown;
}

/** The states of the groups that each new group comes from. Where none was split, they stand in order already. */
function gatherStates(memory, layers, before, parents, gathered, rows) {
  for (const [number, { units }] of layers.entries()) {
    if (before === gathered) continue; // nothing has been read: all states are zero
    memory.gather(before[number].c, parents, gathered[number].c, rows, units);
    memory.gather(before[number].h, parents, gathered[number].h, rows, units);
  }
  return gathered;
}

/**
 * Reads the text at places of the straight path from unknown words (0) to its own words (1), and finds the way back.
 *
 * @param {Reader} reader
 * @param {number[]} ids of the text
 * @param {number[]} places on the path
 * @param {Object} question
 * @param {Control} control
 * @param {(row: number, word: number, dz: Float32Array) => void} use is given dF/dz (4 units) of each place and word
 * @returns {Promise<Float64Array>} (places) the answers
 */
export async function slopesOnPath(reader, ids, places, question, control, use) {
  const { memory, begin } = reader;
  const answers = new Float64Array(places.length);
  const start = memory.mark();
  try {
    const all = [...begin, ...ids];
    const ends = {
      text: projections(reader, all),
      nothing: projections(reader, [...begin, ...ids.map(() => UNKNOWN)]),
      words: all.length,
    };
    const mark = memory.mark();
    const together = rowsOnPath(reader, all.length);
    for (let first = 0; first < places.length; first += together) {
      const some = places.slice(first, first + together);
      const useHere = (row, t, dz) => t >= begin.length && use(first + row, t - begin.length, dz);
      answers.set(await readPath(reader, ends, some, question, control, useHere), first);
      control.at(Math.min(1, (first + together) / places.length));
      memory.release(mark);
    }
  } finally {
    memory.release(start);
  }
  return answers;
}

/** How many places of a path fit into the memory that is left. */
function rowsOnPath({ memory, layers }, words) {
  const numbers = (words + 2) * (stepNumbers(layers) + wayBackNumbers(layers));
  const rows = Math.floor((0.9 * memory.left - 2 ** 16 - 512 * words * layers.length) / (4 * numbers));
  return Math.max(1, Math.min(TOGETHER, rows));
}

async function readPath(reader, { text, nothing, words }, places, question, control, use) {
  const { memory, layers, head } = reader;
  const rows = places.length;
  const width = 4 * layers[0].units;
  const steps = [nothingRead(memory, layers, rows)];
  for (let t = 0; t < words; t++) {
    const step = stepMemory(memory, layers, rows);
    mix(step[0].gates, nothing.subarray(t * width, (t + 1) * width), text.subarray(t * width, (t + 1) * width), places);
    readWord(memory, layers, steps[t], step, rows);
    steps.push(step);
    await control.rest();
  }
  const dLast = memory.floats(rows * layers.at(-1).units);
  const answers = await head.slopes(steps.at(-1).at(-1).h, rows, question, control.rest, dLast);
  const dz = await wayBack(memory, layers, steps, dLast, rows, control.rest);
  for (let t = 0; t < words; t++) {
    for (let row = 0; row < rows; row++) {
      const at = (t * rows + row) * width;
      use(row, t, dz.subarray(at, at + width));
    }
  }
  return answers;
}

/** Row r becomes the point of the line from `nothing` to `text` at places[r]. */
function mix(to, nothing, text, places) {
  for (let row = 0, at = 0; row < places.length; row++) {
    for (let i = 0; i < text.length; i++) to[at++] = nothing[i] + places[row] * (text[i] - nothing[i]);
  }
}

/** dF/dx (dim) of a word's vector, from dF/dz of the first layer. */
export function vectorSlope(reader, dz) {
  const { memory, layers: [first], dim } = reader;
  const mark = memory.mark();
  const slope = memory.floats((dim + 7) & ~7);
  memory.product(dz, first.kernelBack, slope, 1, slope.length, 4 * first.units, false);
  const found = slope.slice(0, dim);
  memory.release(mark);
  return found;
}
