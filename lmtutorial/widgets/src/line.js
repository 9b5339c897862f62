// The straight line that LIME lays through a model's answers, and how much of it is chance. All in float64.
// (lmtutorial/explainers/lime_fitting.py)

const ALPHA = 1; // strength of the ridge

/**
 * argmin over (b, c) of sum_i weights_i (answers_i - b - masks_i c)² + |c|², with the standard errors of the slopes c.
 *
 * @param {{masks: Uint8Array[], weights: Float64Array, share: Float64Array}} sample variants of a text, how much each
 *   counts, and how much of what chance can do to it has been seen
 * @param {Float64Array} answers of the model
 * @param {() => Promise<void>} rest called after each variant
 * @returns {Promise<{intercept: number, slopes: Float64Array, error: Float64Array}>}
 */
export async function fittedLine(sample, answers, rest) {
  const { masks, weights } = sample;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const centre = answers.reduce((sum, answer, i) => sum + weights[i] * answer, 0) / total;
  const means = new Float64Array(masks[0].length);
  masks.forEach((mask, i) => mask.forEach((bit, word) => (means[word] += (weights[i] * bit) / total)));
  const centred = (mask) => Float64Array.from(mask, (bit, word) => bit - means[word]);
  const { factor, right } = await normalEquations(sample, answers, centre, centred, rest);
  const slopes = solved(factor, right);
  const line = { intercept: centre - scalar(slopes, means), slopes };
  return { ...line, error: await standardErrors(sample, answers, line, factor, total, centred, rest) };
}

/** H = sum_i weights_i x_i x_iᵀ + 1 as its factor, and sum_i weights_i x_i (answers_i - centre); x = mask - mean. */
async function normalEquations({ masks, weights }, answers, centre, centred, rest) {
  const size = masks[0].length;
  const matrix = new Float64Array(size * size);
  const right = new Float64Array(size);
  for (const [i, mask] of masks.entries()) {
    const x = centred(mask);
    for (let row = 0; row < size; row++) {
      const weighted = weights[i] * x[row];
      right[row] += weighted * (answers[i] - centre);
      for (let column = 0; column <= row; column++) matrix[row * size + column] += weighted * x[column];
    }
    await rest();
  }
  for (let row = 0; row < size; row++) matrix[row * size + row] += ALPHA;
  return { factor: choleskyFactor(matrix, size), right };
}

/** The lower triangle L with L Lᵀ = H, in place of H's lower triangle. */
function choleskyFactor(matrix, size) {
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let left = matrix[row * size + column];
      for (let i = 0; i < column; i++) left -= matrix[row * size + i] * matrix[column * size + i];
      matrix[row * size + column] = row === column ? Math.sqrt(left) : left / matrix[column * size + column];
    }
  }
  return matrix;
}

/** x with L Lᵀ x = right */
function solved(factor, right) {
  const size = right.length;
  const x = Float64Array.from(right);
  for (let row = 0; row < size; row++) {
    for (let i = 0; i < row; i++) x[row] -= factor[row * size + i] * x[i];
    x[row] /= factor[row * size + row];
  }
  for (let row = size - 1; row >= 0; row--) {
    x[row] /= factor[row * size + row];
    for (let i = 0; i < row; i++) x[i] -= factor[row * size + i] * x[row];
  }
  return x;
}

/**
 * sqrt(sum_i (1 - share_i) (H⁻¹ weight_i x_i miss_i / (1 - leverage_i))²) of each word.
 *
 * What another seed would change, estimated from one: each sample pulls at the slopes as far as the fit misses it, or
 * would miss it without having seen it.
 */
async function standardErrors({ masks, weights, share }, answers, { intercept, slopes }, factor, total, centred, rest) {
  const squares = new Float64Array(slopes.length);
  for (const [i, mask] of masks.entries()) {
    const x = centred(mask);
    const pull = solved(factor, x.map((value) => weights[i] * value));
    const leverage = weights[i] / total + scalar(x, pull);
    const miss = (answers[i] - intercept - scalar(mask, slopes)) / Math.max(1 - leverage, 1e-9);
    pull.forEach((value, word) => (squares[word] += (1 - share[i]) * (miss * value) ** 2));
    await rest();
  }
  return squares.map(Math.sqrt);
}

function scalar(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
