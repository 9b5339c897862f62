/*
 * The arithmetic of a walk along integrated gradients' path. A walk is { alphas, outputs, slopes, sums }: places from 0
 * (the baseline) to 1 (the text), the model's answer at each, and for each word its slope there and its sum so far.
 */

/** What each word has gathered on the way to each point: (points, words) running sums by the trapezoid rule. */
export function gathered(alphas, slopes) {
  const sums = [slopes[0].map(() => 0)];
  for (let k = 1; k < alphas.length; k += 1) {
    const half = (alphas[k] - alphas[k - 1]) / 2;
    sums.push(sums[k - 1].map((sum, i) => sum + half * (slopes[k - 1][i] + slopes[k][i])));
  }
  return sums;
}

/** Answer, slopes and gathered sums at any place of the walk, 0 to 1, between the points by straight slopes. */
export function atPlace(walk, place) {
  const last = walk.alphas.length - 1;
  const k = Math.min(last - 1, walk.alphas.findLastIndex((alpha) => alpha <= place));
  const width = walk.alphas[k + 1] - walk.alphas[k];
  const t = (place - walk.alphas[k]) / width;
  const [from, to] = [walk.slopes[k], walk.slopes[k + 1]];
  return {
    output: walk.outputs[k] + t * (walk.outputs[k + 1] - walk.outputs[k]),
    slopes: from.map((slope, i) => slope + t * (to[i] - slope)),
    sums: from.map((slope, i) => walk.sums[k][i] + width * t * (slope + (t / 2) * (to[i] - slope))),
  };
}
