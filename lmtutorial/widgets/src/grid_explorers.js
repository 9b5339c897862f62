/*
 * The explorers of stored grids of a real LLM: {kind: explorer}.
 */
import { lensGridExplorer, LENS_GRID_START } from "./lens_grid.js";
import { patchingGridExplorer, PATCHING_GRID_START } from "./patching_grid.js";
import { words } from "./words.js";

export const GRID_EXPLORERS = {
  lens_grid: { build: lensGridExplorer, start: LENS_GRID_START, title: words.lens_grid.title },
  patching_grid: { build: patchingGridExplorer, start: PATCHING_GRID_START, title: words.patching_grid.title },
};
