/*
 * All explorers by their kind, for a page that gets them in one piece: a widget.
 */
import { mountExplorer } from "./card.js";
import { GRID_EXPLORERS } from "./grid_explorers.js";
import { LANGUAGE_EXPLORERS } from "./language_explorers.js";
import { MAP_EXPLORERS } from "./map_explorers.js";
import { READING_EXPLORERS } from "./reading_explorers.js";

export const EXPLORERS = { ...READING_EXPLORERS, ...LANGUAGE_EXPLORERS, ...MAP_EXPLORERS, ...GRID_EXPLORERS };

/** `mountExplorer` for the explorer that `config.kind` names. */
export function mount(host, engine, config) {
  return mountExplorer(host, engine, EXPLORERS[config.kind], config);
}
