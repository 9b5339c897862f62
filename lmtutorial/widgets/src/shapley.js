// Sampled Shapley values: what each word adds when it joins, on average over random orders in which the words join.
//
// Each order is used forwards and backwards. (lmtutorial/explainers/shapley.py)

import { Random } from "./random.js";

const ORDERS = 10;
const READINGS = 150000; // words that may be read: long texts get fewer orders

/** phi_i = mean over drawn orders, forwards and backwards, of F(the words before i, and i) - F(the words before i) */
export async function permutationShap(game, seed, control) {
  const { length } = game;
  const cost = Math.max(1, 2 * (length - 1));
  const affordable = Math.floor(READINGS / (cost * length));
  const evaluations = 2 + 2 * Math.max(2, Math.min(ORDERS, affordable)) * Math.max(1, length - 1);
  const orders = Math.floor((evaluations - 2) / cost);
  const random = new Random(seed);
  const ranks = Array.from({ length: orders }, () => ranksOf(Array.from({ length }, () => random.random())));
  const answers = await game.ask(ranks.flatMap((rank) => [...joining(rank), ...joining(rank, true)]), control);
  const shares = ranks.map((rank, order) => gains(rank, answers.subarray(2 * order * (length + 1))));
  const scores = Float64Array.from({ length }, (_, word) => mean(shares.map((share) => share[word])));
  const error = scores.map((score, word) => {
    const squares = shares.reduce((sum, share) => sum + (share[word] - score) ** 2, 0);
    return Math.sqrt(squares / (orders - 1) / orders);
  });
  return { scores, settings: { evaluations, seed }, complete: true, error };
}

/** The place of each word in the order of its key. */
function ranksOf(keys) {
  const order = keys.map((_, word) => word).sort((a, b) => keys[a] - keys[b]);
  const rank = new Int32Array(keys.length);
  order.forEach((word, place) => (rank[word] = place));
  return rank;
}

/** The masks in which 0, 1, ... all words have joined, in the order of the ranks or against it. */
function joining(rank, backwards = false) {
  const { length } = rank;
  return Array.from({ length: length + 1 }, (_, before) =>
    Uint8Array.from(rank, (place) => ((backwards ? place >= length - before : place < before) ? 1 : 0))
  );
}

/** What each word added when it joined: the mean of both directions. */
function gains(rank, answers) {
  const { length } = rank;
  const back = answers.subarray(length + 1);
  return Float64Array.from(rank, (place) => {
    const other = length - 1 - place;
    return (answers[place + 1] - answers[place] + back[other + 1] - back[other]) / 2;
  });
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
