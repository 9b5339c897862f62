/*
 * The explorer of the map of words: {kind: explorer}.
 */
import { mapExplorer, MAP_START } from "./map.js";
import { words } from "./words.js";

export const MAP_EXPLORERS = { map: { build: mapExplorer, start: MAP_START, title: words.map.title } };
