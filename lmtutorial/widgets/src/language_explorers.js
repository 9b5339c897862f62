/*
 * The explorers of a language model: {kind: explorer}.
 */
import { nextWordExplorer, NEXT_WORD_START } from "./next_word.js";
import { softmaxExplorer, SOFTMAX_START } from "./softmax.js";
import { words } from "./words.js";

export const LANGUAGE_EXPLORERS = {
  softmax: { build: softmaxExplorer, start: SOFTMAX_START, title: words.softmax.title },
  next_word: { build: nextWordExplorer, start: NEXT_WORD_START, title: words.next_word.title },
};
