// The one question that every method asks: what does the model say when only these words are kept?
//
// `ask` answers it for rows of 0 and 1. Each distinct row is read once; its answer is remembered for the next method on
// the same text. In the language of game theory the words are players, and the answer is what a coalition is worth.

import { complaint } from "./messages.js";
import { UNKNOWN, answersToMasks, slopesOnPath } from "./reading.js";
import { words } from "./words.js";

const LONGEST = 1000; // words; the way back through a much longer text would not fit into the reserved memory

/**
 * @typedef {Object} Model a classifier or a language model
 * @property {Reader} reader
 * @property {(text: string) => Object} encode the text's spans and ids
 * @property {(encoding, target, contrast) => Object} question with the names of target and contrast
 */

export class Game {
  /** @param {Model} model */
  constructor(model, text, target, contrast) {
    this.model = model;
    this.encoding = model.encode(text);
    this.length = this.encoding.ids.length;
    if (this.length > LONGEST) throw complaint(words.engine.long, { words: this.length, most: LONGEST });
    this.unknown = this.encoding.ids.map((id) => id === UNKNOWN);
    this.question = model.question(this.encoding, target, contrast);
    this.answers = new Map(); // of each row that was asked about
    this.asked = new Set(); // the rows that the present method has asked about
  }

  /** How many distinct rows the present method has asked about. */
  get evaluations() {
    return this.asked.size;
  }

  /** Begin to count anew. */
  newMethod() {
    this.asked.clear();
  }

  /**
   * @param {Uint8Array[]} masks 1 where a word is kept
   * @param {Control} control
   * @returns {Promise<Float64Array>} the answers, in logits for the target
   */
  async ask(masks, control) {
    const rows = [this.mask(1), this.mask(0), ...masks]; // every method tells these two answers as well
    const keys = rows.map((row) => this.key(row));
    const fresh = new Map();
    keys.forEach((key, i) => {
      this.asked.add(key);
      if (!this.answers.has(key)) fresh.set(key, rows[i]);
    });
    if (fresh.size) {
      const { reader } = this.model;
      const found = await answersToMasks(reader, this.encoding.ids, [...fresh.values()], this.question, control);
      [...fresh.keys()].forEach((key, i) => this.answers.set(key, found[i]));
    }
    return Float64Array.from(keys.slice(2), (key) => this.answers.get(key));
  }

  /**
   * The answers on the path from unknown words to the text, and their slopes; both ends are remembered.
   *
   * @param {number[]} places of which the first two are 1 and 0: the text and nothing
   * @param {(row: number, word: number, dz: Float32Array) => void} use
   */
  async slopes(places, control, use) {
    const answers = await slopesOnPath(this.model.reader, this.encoding.ids, places, this.question, control, use);
    [1, 0].forEach((end, row) => {
      this.asked.add(this.key(this.mask(end)));
      this.answers.set(this.key(this.mask(end)), answers[row]);
    });
    return answers;
  }

  mask(kept) {
    return new Uint8Array(this.length).fill(kept);
  }

  /** What the model says of the whole text, and of the text with every word removed; known after any question. */
  get whole() {
    return this.answers.get(this.key(this.mask(1)));
  }

  get nothing() {
    return this.answers.get(this.key(this.mask(0)));
  }

  /** The target's probability for the whole text. */
  get probability() {
    return 1 / (1 + Math.exp(-this.whole));
  }

  /** The same string for rows that the model reads alike: an unknown word is the same whether it is kept or not. */
  key(row) {
    return String.fromCharCode(...row.map((kept, word) => (kept || this.unknown[word] ? 49 : 48)));
  }
}
