// The file with a trained model: a magic word, a JSON manifest, and all numbers as float16. (Written by export.py.)

import { words } from "./words.js";

const HEADER = 8; // bytes: "LMW1" and the length of the manifest
const ALIGNMENT = 16;

/**
 * @typedef {Object} Weights
 * @property {Object} manifest name, kind, vocabulary and whatever else a model of this kind needs
 * @property {(name: string) => boolean} has whether there is a tensor of that name
 * @property {(name: string) => number[]} shape its shape
 * @property {(name: string, start?: number, end?: number) => Float32Array} numbers its numbers, row by row
 */

/** The bytes of a base64 string. */
export function bytesOfBase64(text) {
  try {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
    const letters = atob(text);
    const bytes = new Uint8Array(letters.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i);
    return bytes;
  } catch {
    throw new Error(words.engine.damaged);
  }
}

/**
 * @param {Uint8Array} bytes a file that export.py wrote
 * @returns {Weights}
 * @throws {Error} with a sentence for the reader if the file is damaged
 */
export function parseWeights(bytes) {
  const manifest = manifestOf(bytes);
  const start = payloadStart(bytes);
  const halves = halvesOf(bytes.subarray(start));
  const tensors = new Map();
  for (const { name, shape, offset } of manifest.tensors) {
    const size = shape.reduce((product, side) => product * side, 1);
    if (offset % 2 || offset / 2 + size > halves.length) throw new Error(words.engine.damaged);
    tensors.set(name, { shape, halves: halves.subarray(offset / 2, offset / 2 + size) });
  }
  const found = (name) => {
    if (!tensors.has(name)) throw new Error(words.engine.damaged);
    return tensors.get(name);
  };
  return {
    manifest,
    has: (name) => tensors.has(name),
    shape: (name) => found(name).shape,
    numbers: (name, from, to) => floatsOfHalves(found(name).halves.subarray(from, to)),
  };
}

function manifestOf(bytes) {
  const magic = String.fromCharCode(...bytes.subarray(0, 4));
  if (magic !== "LMW1" || bytes.length < HEADER) throw new Error(words.engine.damaged);
  const length = manifestLength(bytes);
  if (HEADER + length > bytes.length) throw new Error(words.engine.damaged);
  try {
    const manifest = JSON.parse(new TextDecoder().decode(bytes.subarray(HEADER, HEADER + length)));
    if (manifest.version !== 1) throw new Error("another version");
    if (bytes.length !== payloadStart(bytes) + manifest.bytes) throw new Error("cut off");
    return manifest;
  } catch {
    throw new Error(words.engine.damaged);
  }
}

function manifestLength(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
}

function payloadStart(bytes) {
  return Math.ceil((HEADER + manifestLength(bytes)) / ALIGNMENT) * ALIGNMENT;
}

/** The payload as 16-bit numbers; it is copied where it does not begin at an even address. */
function halvesOf(payload) {
  const even = payload.byteOffset % 2 ? payload.slice() : payload;
  return new Uint16Array(even.buffer, even.byteOffset, even.length >> 1);
}

let floatOfHalf = null; // the float32 of each of the 65,536 float16

function floatsOfHalves(halves) {
  floatOfHalf ??= Float32Array.from({ length: 65536 }, (_, half) => decodedHalf(half));
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) floats[i] = floatOfHalf[halves[i]];
  return floats;
}

/** One float16: a sign, five bits of exponent, ten of fraction. */
function decodedHalf(half) {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = (half & 1023) / 1024;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent ? sign * 2 ** (exponent - 15) * (1 + fraction) : sign * 2 ** -14 * fraction;
}

/** The next multiple of eight: widths are filled up with zeros, which change nothing. */
export function roundedUp(width) {
  return (width + 7) & ~7;
}

/**
 * A matrix in panels of eight columns, as the kernel wants its second factor: columns 0-7 of all rows come first.
 *
 * @param {Memory} memory
 * @param {Float32Array} matrix (k, n) row by row
 * @returns {Float32Array} (n / 8, k, 8), filled up with zeros
 */
export function panels(memory, matrix, k, n) {
  const packed = memory.zeros(k * roundedUp(n));
  for (let row = 0; row < k; row++) {
    for (let column = 0; column < n; column++) {
      packed[(column - (column & 7)) * k + row * 8 + (column & 7)] = matrix[row * n + column];
    }
  }
  return packed;
}

/** The transpose (n, k) of a matrix (k, n). */
export function transposed(matrix, k, n) {
  const turned = new Float32Array(k * n);
  for (let row = 0; row < k; row++) {
    for (let column = 0; column < n; column++) turned[column * k + row] = matrix[row * n + column];
  }
  return turned;
}

/** A matrix (rows, columns) with zeros below and to the right of it. */
export function filledOut(matrix, rows, columns, toRows, toColumns) {
  const full = new Float32Array(toRows * toColumns);
  for (let row = 0; row < rows; row++) full.set(matrix.subarray(row * columns, (row + 1) * columns), row * toColumns);
  return full;
}
