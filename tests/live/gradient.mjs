// dF/de of each word of a text, by the way back and by differences: F at e + step and at e - step, number by number.
//
//   node gradient.mjs LIBRARY KERNEL MODEL < {text, target, contrast, coordinates: [[word, number], ...], step}

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [library, kernelFile, file] = process.argv.slice(2);
const { answersToMasks, loadKernel, openModel, slopesOnPath, vectorSlope } = await import(pathToFileURL(library));
const model = openModel(loadKernel(readFileSync(kernelFile)), new Uint8Array(readFileSync(file)));
const { text, target, contrast, coordinates, step } = JSON.parse(readFileSync(0, "utf8"));
const control = { rest: async () => {}, at: () => {} };
const { reader } = model;
const encoding = model.encode(text);
const question = model.question(encoding, target, contrast);

const gradient = [];
await slopesOnPath(reader, encoding.ids, [1], question, control, (row, word, dz) => {
  gradient[word] = [...vectorSlope(reader, dz)];
});

/** F with another vector for one word, which the text must hold once. */
async function answerWith(word, number, change) {
  const vector = reader.vector;
  reader.vector = (id) => {
    const own = vector(id).slice();
    if (id === encoding.ids[word]) own[number] += change;
    return own;
  };
  const whole = new Uint8Array(encoding.ids.length).fill(1);
  const [answer] = await answersToMasks(reader, encoding.ids, [whole], question, control);
  reader.vector = vector;
  return answer;
}

const differences = [];
for (const [word, number] of coordinates) {
  differences.push(((await answerWith(word, number, step)) - (await answerWith(word, number, -step))) / (2 * step));
}
console.log(JSON.stringify({ gradient, differences }));
