// The engine of the pages, for tests: reads a question a line, {model, request} as JSON, and answers with a line.
//
//   node engine.mjs LIBRARY KERNEL NAME=FILE ...
//
// LIBRARY is the engine's modules as one (bundle.py), KERNEL kernel.wasm or "" for plain JavaScript.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [library, kernelFile, ...files] = process.argv.slice(2);
const { answerTo, loadKernel, openModel } = await import(pathToFileURL(library));
const kernel = loadKernel(kernelFile ? readFileSync(kernelFile) : null);
const models = new Map(
  files.map((file) => {
    const [name, path] = file.split("=");
    return [name, openModel(kernel, new Uint8Array(readFileSync(path)))];
  })
);
const control = { rest: async () => {}, at: () => {} };

async function reply({ model, request }) {
  try {
    return { answer: await answerTo(models.get(model), request, control) };
  } catch (error) {
    return { error: error.message, stack: error.stack };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await reply(JSON.parse(line))));
}
