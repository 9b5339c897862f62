// A classifier of texts: word vectors, LSTM layers, and one number for what the last layer says behind the last word.

import { lstmBytes } from "./lstm.js";
import { complaint, pythonQuoted } from "./messages.js";
import { nearestName } from "./nearest.js";
import { UNKNOWN, newReader, reserveFor } from "./reading.js";
import { encodedText, newTokenizer } from "./tokenizer.js";
import { roundedUp } from "./weights.js";
import { words } from "./words.js";

/**
 * @param {Kernel} kernel
 * @param {Weights} weights of kind "classifier"
 * @returns {Model} what game.js plays with
 */
export function openClassifier(kernel, weights) {
  const { manifest } = weights;
  const memory = reserveFor(kernel, lstmBytes(weights));
  const tokenizer = newTokenizer(manifest);
  return {
    manifest,
    classes: manifest.classes,
    reader: newReader(memory, weights, [], denseHead(weights)),
    encode: (text) => known(encodedText(tokenizer, text)),
    question: (encoding, target, contrast) => classQuestion(manifest.classes, target, contrast),
  };
}

/** The encoding, if the model knows at least one of its words. */
export function known(encoding) {
  if (encoding.ids.every((id) => id === UNKNOWN)) throw complaint(words.engine.unknown, { text: encoding.quoted });
  return encoding;
}

/** Which class is asked about: the second one speaks for itself, the first one is its opposite. */
function classQuestion(classes, wanted, contrast) {
  const target = wanted ?? classes[1];
  if (contrast != null) throw complaint(words.engine.contrast, { contrast: pythonQuoted(contrast) });
  const index = typeof target === "number" ? target : classes.indexOf(target);
  if (!(index in classes)) {
    const name = String(target);
    throw complaint(words.engine.target, { target: pythonQuoted(name), nearest: nearestName(name, classes) });
  }
  return { target: classes[index], contrast: null, sign: index === 1 ? 1 : -1 };
}

/** logit = h w + b, with the other sign for the first class. */
function denseHead(weights) {
  const kernel = weights.numbers("output/kernel");
  const [bias] = weights.numbers("output/bias");
  const units = roundedUp(kernel.length); // of a row of h
  const answers = (h, rows, { sign }) =>
    Float64Array.from({ length: rows }, (_, row) => {
      let sum = bias;
      for (let u = 0; u < kernel.length; u++) sum += h[row * units + u] * kernel[u];
      return sign * sum;
    });
  const slopes = (h, rows, question, rest, dh) => {
    dh.fill(0);
    for (let row = 0; row < rows; row++) dh.set(kernel.map((weight) => question.sign * weight), row * units);
    return answers(h, rows, question);
  };
  return { answers, slopes };
}
