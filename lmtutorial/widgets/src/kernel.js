// The arithmetic behind everything: a matrix product, and the gates of an LSTM, over many rows at once.
//
// kernel.wat has these functions for processors that take four numbers at a time (WebAssembly with SIMD, in every
// browser since 2021-2023). Here they stand in plain JavaScript, over the same numbers in the same order: for browsers
// without it, and for readers. `loadKernel` takes the fast ones where it can.
//
// WebAssembly sees one block of memory and nothing else, so all arrays that these functions touch are cut from such a
// block, a `Memory`. It never grows: growing would detach every array that was cut before.

import { words } from "./words.js";

/**
 * @typedef {Object} Kernel
 * @property {string} name "wasm" or "javascript"
 * @property {(bytes: number) => Memory} reserve a new block of memory with the kernel's functions working in it
 */

const PAGE = 65536; // bytes; WebAssembly's memory comes in pages

/**
 * @param {Uint8Array|null} bytes the text of kernel.wasm, or null for plain JavaScript
 * @returns {Kernel}
 */
export function loadKernel(bytes) {
  const module = compiledKernel(bytes);
  if (!module) return { name: "javascript", reserve: (size) => new Memory(new ArrayBuffer(size), plainKernel) };
  const reserve = (size) => {
    const pages = Math.ceil(size / PAGE);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    return new Memory(memory.buffer, wasmKernel(new WebAssembly.Instance(module, { page: { memory } }).exports));
  };
  return { name: "wasm", reserve };
}

function compiledKernel(bytes) {
  if (!bytes || typeof WebAssembly === "undefined") return null;
  try {
    return new WebAssembly.Module(bytes);
  } catch {
    return null; // an old browser, which does not know these instructions
  }
}

/** The functions of kernel.wasm, which take addresses, as functions of arrays. */
function wasmKernel(exports) {
  return {
    product: (a, b, c, m, n, k, add) =>
      exports.product(a.byteOffset, b.byteOffset, c.byteOffset, m, n, k, add ? 1 : 0),
    gates: (z, before, c, tanhC, h, rows, units) =>
      exports.gates(z.byteOffset, before.byteOffset, c.byteOffset, tanhC.byteOffset, h.byteOffset, rows, units),
    gatesBack: (gates, before, tanhC, dh, dc, dz, rows, units) =>
      exports.gates_back(
        gates.byteOffset, before.byteOffset, tanhC.byteOffset, dh.byteOffset, dc.byteOffset, dz.byteOffset, rows, units
      ),
    gather: (from, places, to, rows, width) =>
      exports.gather(from.byteOffset, places.byteOffset, to.byteOffset, rows, width),
  };
}

/** A block of memory, cut into arrays from its beginning; `release` gives back what was cut since a `mark`. */
export class Memory {
  constructor(buffer, kernel) {
    this.buffer = buffer;
    this.used = 64; // so that no array lies at address 0
    Object.assign(this, kernel); // product, gates, gatesBack, gather
  }

  /** How many bytes are left. */
  get left() {
    return this.buffer.byteLength - this.used;
  }

  /** A float32 array; what stands in it is left over from before. */
  floats(count) {
    return new Float32Array(this.buffer, this.cut(count), count);
  }

  zeros(count) {
    return this.floats(count).fill(0);
  }

  /** An int32 array. */
  integers(count) {
    return new Int32Array(this.buffer, this.cut(count), count);
  }

  cut(count) {
    const start = this.used;
    if (start + 4 * count > this.buffer.byteLength) throw new RangeError(words.engine.memory);
    this.used = (start + 4 * count + 63) & ~63; // the next array begins at a cache line
    return start;
  }

  mark() {
    return this.used;
  }

  release(mark) {
    this.used = mark;
  }
}

const plainKernel = { product: plainProduct, gates: plainGates, gatesBack: plainGatesBack, gather: plainGather };

/**
 * C = A B, or C + A B.
 *
 * Each row of A meets eight columns of B at a time, which lie together in memory (see `panels` in weights.js).
 *
 * @param {Float32Array} a (m, k)
 * @param {Float32Array} b (k, n) in panels of eight columns; n is a multiple of 8
 * @param {Float32Array} c (m, n)
 * @param {boolean} add whether the product is added to what stands in C
 */
function plainProduct(a, b, c, m, n, k, add) {
  for (let column = 0; column < n; column += 8) {
    for (let row = 0; row < m; row++) {
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
      let p = column * k;
      for (let i = row * k; i < (row + 1) * k; i++, p += 8) {
        const x = a[i];
        s0 += x * b[p];
        s1 += x * b[p + 1];
        s2 += x * b[p + 2];
        s3 += x * b[p + 3];
        s4 += x * b[p + 4];
        s5 += x * b[p + 5];
        s6 += x * b[p + 6];
        s7 += x * b[p + 7];
      }
      const sums = [s0, s1, s2, s3, s4, s5, s6, s7];
      const at = row * n + column;
      for (let j = 0; j < 8; j++) c[at + j] = add ? c[at + j] + sums[j] : sums[j];
    }
  }
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/**
 * The step of an LSTM behind its matrix products: c = f c_before + i g, h = o tanh c.
 *
 * @param {Float32Array} z (rows, 4 units) inputs of the gates i, f, c, o in Keras' order; becomes the gates' values
 * @param {Float32Array} before (rows, units) the cells' state before this step
 * @param {Float32Array} c (rows, units) the state behind it
 * @param {Float32Array} tanhC (rows, units) tanh of that, which the way back needs
 * @param {Float32Array} h (rows, units) what the layer says
 */
function plainGates(z, before, c, tanhC, h, rows, units) {
  for (let row = 0; row < rows; row++) {
    for (let u = 0; u < units; u++) {
      const at = row * units + u;
      const gate = 4 * row * units + u;
      const i = (z[gate] = sigmoid(z[gate]));
      const f = (z[gate + units] = sigmoid(z[gate + units]));
      const g = (z[gate + 2 * units] = Math.tanh(z[gate + 2 * units]));
      const o = (z[gate + 3 * units] = sigmoid(z[gate + 3 * units]));
      c[at] = f * before[at] + i * g;
      tanhC[at] = Math.tanh(c[at]);
      h[at] = o * tanhC[at];
    }
  }
}

/**
 * The way back through `gates`.
 *
 * @param {Float32Array} gates (rows, 4 units) as `gates` left them
 * @param {Float32Array} before (rows, units) the state before the step
 * @param {Float32Array} tanhC (rows, units) as `gates` left it
 * @param {Float32Array} dh (rows, units) dF/dh
 * @param {Float32Array} dc (rows, units) dF/dc from the step behind; becomes that for the step before
 * @param {Float32Array} dz (rows, 4 units) dF/dz, the result
 */
function plainGatesBack(gates, before, tanhC, dh, dc, dz, rows, units) {
  for (let row = 0; row < rows; row++) {
    for (let u = 0; u < units; u++) {
      const at = row * units + u;
      const gate = 4 * row * units + u;
      const i = gates[gate];
      const f = gates[gate + units];
      const g = gates[gate + 2 * units];
      const o = gates[gate + 3 * units];
      const slope = dc[at] + dh[at] * o * (1 - tanhC[at] * tanhC[at]);
      dz[gate] = slope * g * i * (1 - i);
      dz[gate + units] = slope * before[at] * f * (1 - f);
      dz[gate + 2 * units] = slope * i * (1 - g * g);
      dz[gate + 3 * units] = dh[at] * tanhC[at] * o * (1 - o);
      dc[at] = slope * f;
    }
  }
}

/** Row r of `to` (rows, width) = row places[r] of `from`. */
function plainGather(from, places, to, rows, width) {
  for (let row = 0; row < rows; row++) {
    const start = places[row] * width;
    for (let i = 0; i < width; i++) to[row * width + i] = from[start + i];
  }
}
