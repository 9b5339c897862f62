// Stored grids of a real LLM: nothing is computed, the file holds all answers (lmtutorial/widgets/grids.py).

/** @param {Weights} weights of kind "grids": a manifest with prompts, and no tensors */
export function openGrids(kernel, weights) {
  return { prompts: weights.manifest.prompts };
}

export function allGrids({ prompts }) {
  return { prompts };
}
