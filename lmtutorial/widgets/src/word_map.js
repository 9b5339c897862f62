// The map of words: where each stands in the plane, which words are near, and what completes an analogy.
//
// Neighbours are sought among the vectors, never on the map (lmtutorial/widgets/map_data.py).

import { complaint, pythonQuoted } from "./messages.js";
import { words } from "./words.js";

const NO_LENGTH = 1e-6;

/** @param {Weights} weights of kind "map": vectors (n, dim) and places (n, 2) */
export function openMap(kernel, weights) {
  const { vocabulary } = weights.manifest;
  const [, dim] = weights.shape("vectors");
  const all = weights.numbers("vectors");
  return {
    vocabulary,
    numbers: new Map(vocabulary.map((word, number) => [word, number])),
    places: weights.numbers("places"),
    units: vocabulary.map((_, number) => unitVector(Float64Array.from(all.subarray(number * dim, (number + 1) * dim)))),
  };
}

export function wholeMap({ vocabulary, places }) {
  const column = (axis) => vocabulary.map((_, i) => places[2 * i + axis]);
  return { words: [...vocabulary], x: column(0), y: column(1) };
}

/** The words whose vectors point most nearly the way of the sum of `plus` less the sum of `minus`. */
export function nearWords(map, { plus = [], minus = [], top = 8 }) {
  if (!(top >= 1)) throw complaint(words.engine.top, { top });
  const given = [...plus, ...minus].map((word) => numberOf(map, word));
  if (given.length === 0) throw complaint(words.engine.no_words);
  const goal = map.units[0].map(() => 0);
  given.forEach((number, i) => map.units[number].forEach((value, j) => (goal[j] += i < plus.length ? value : -value)));
  const length = Math.hypot(...goal);
  if (length < NO_LENGTH) throw complaint(words.engine.cancel);
  const cosines = map.units.map((unit) => inner(unit, goal) / length);
  const order = cosines.map((_, number) => number).filter((number) => !given.includes(number));
  order.sort((a, b) => cosines[b] - cosines[a] || a - b);
  return { words: order.slice(0, top).map((i) => ({ word: map.vocabulary[i], cosine: cosines[i] })) };
}

/** a is to b as c is to ?: the words nearest to b - a + c, and the view from above on the plane of a, b and c. */
export function analogy(map, { a, b, c, top = 5 }) {
  const found = nearWords(map, { plus: [b, c], minus: [a], top }).words;
  const [start, ...others] = [a, b, c, found[0].word].map((word) => map.units[numberOf(map, word)]);
  const [toB, toC, toFound] = others.map((vector) => vector.map((value, i) => value - start[i]));
  const first = unitVector(toB);
  const along = inner(toC, first);
  const second = unitVector(toC.map((value, i) => value - along * first[i]));
  const seen = (step) => [inner(step, first), inner(step, second)];
  const sum = toB.map((value, i) => value + toC[i]);
  return { words: found, plane: { a: [0, 0], b: seen(toB), c: seen(toC), found: seen(toFound), sum: seen(sum) } };
}

function numberOf({ numbers }, word) {
  if (!numbers.has(word)) throw complaint(words.engine.not_on_map, { word: pythonQuoted(String(word)) });
  return numbers.get(word);
}

/** The same direction, 1 long; what has hardly a length becomes 0. */
function unitVector(vector) {
  const length = Math.hypot(...vector);
  return vector.map((value) => (length < NO_LENGTH ? 0 : value / length));
}

function inner(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
