// For each seed on standard input: what the engine's Random draws. Whole numbers and fractions are mixed, because a
// draw of 64 bits makes two whole numbers, of which one is kept.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { Random, drawn } = await import(pathToFileURL(process.argv[2]));

function draws(seed) {
  const random = new Random(seed);
  const fractions = (count) => Array.from({ length: count }, () => random.random());
  return {
    first: fractions(5),
    small: [...random.integers(1, 8, 7)],
    then: fractions(3),
    large: [...random.integers(0, 3000000000, 6)],
    one: [...random.integers(4, 5, 2)],
    chosen: drawn(random, Float64Array.of(0.1, 0, 0.2, 0.7)),
    last: fractions(2),
  };
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(draws)));
