/*
 * The explorers of a model that reads a text: {kind: explorer}.
 */
import { methodsExplorer, METHODS_START } from "./methods.js";
import { pathExplorer, PATH_START } from "./path.js";
import { sentenceExplorer, SENTENCE_START } from "./sentence.js";
import { words } from "./words.js";

export const READING_EXPLORERS = {
  sentence: { build: sentenceExplorer, start: SENTENCE_START, title: words.sentence.title },
  methods: { build: methodsExplorer, start: METHODS_START, title: words.methods.title },
  path: { build: pathExplorer, start: PATH_START, title: words.path.title },
};
