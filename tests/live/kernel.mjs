// The kernel in WebAssembly against the one in plain JavaScript: the largest difference of each function's results.
//
//   node kernel.mjs LIBRARY KERNEL

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [library, file] = process.argv.slice(2);
const { Random, loadKernel } = await import(pathToFileURL(library));
const kernels = [loadKernel(readFileSync(file)), loadKernel(null)];

/** Runs `work(memory, numbers)` on both kernels and compares what it returns; `numbers(count, size)` are random. */
function difference(work) {
  const [one, other] = kernels.map((kernel) => {
    const memory = kernel.reserve(2 ** 22);
    const random = new Random(1);
    const numbers = (count, size = 1) => {
      const array = memory.floats(count);
      return array.forEach((_, i) => (array[i] = size * (2 * random.random() - 1))), array;
    };
    return work(memory, numbers);
  });
  const worst = (a, b) => a.reduce((largest, x, i) => Math.max(largest, Math.abs(x - b[i])), 0);
  return Math.max(...one.map((array, n) => worst(array, other[n])));
}

const product = (m, n, k, add) =>
  difference((memory, numbers) => {
    const [a, b, c] = [numbers(m * k), numbers(k * n), numbers(m * n + 8)];
    memory.product(a, b, c, m, n, k, add);
    return [c]; // eight numbers more than the product has, which must stay as they are
  });

const gates = (rows, units, size) =>
  difference((memory, numbers) => {
    const [z, before] = [numbers(rows * 4 * units, size), numbers(rows * units, 3)];
    const [c, tanhC, h] = [numbers(rows * units), numbers(rows * units), numbers(rows * units)];
    memory.gates(z, before, c, tanhC, h, rows, units);
    const [dh, dc, dz] = [numbers(rows * units), numbers(rows * units), numbers(rows * 4 * units)];
    memory.gatesBack(z, before, tanhC, dh, dc, dz, rows, units);
    return [z, c, tanhC, h, dc, dz];
  });

const gather = difference((memory, numbers) => {
  const [from, to, places] = [numbers(5 * 8), numbers(7 * 8), memory.integers(7)];
  places.set([4, 0, 0, 3, 1, 2, 4]);
  memory.gather(from, places, to, 7, 8);
  return [to, from.subarray(4 * 8).map((value, i) => value - to[i])]; // row 0 is row 4 of `from`
});

const products = [];
for (const m of [1, 2, 3, 4, 5, 7, 34]) {
  for (const [n, k] of [[8, 1], [16, 3], [40, 50], [256, 64]]) {
    for (const add of [false, true]) products.push(product(m, n, k, add));
  }
}
console.log(
  JSON.stringify({
    names: kernels.map(({ name }) => name),
    product: Math.max(...products),
    gates: Math.max(gates(1, 8, 1), gates(5, 16, 6), gates(3, 64, 30)),
    extreme: gates(2, 8, 1000),
    gather,
  })
);
