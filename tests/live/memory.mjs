// What a block of memory says when more is cut from it than it has, on both kernels.
//
//   node memory.mjs LIBRARY KERNEL

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { loadKernel } = await import(pathToFileURL(process.argv[2]));
const said = [readFileSync(process.argv[3]), null].map((bytes) => {
  try {
    return loadKernel(bytes).reserve(2 ** 16).floats(2 ** 16);
  } catch (error) {
    return error.message;
  }
});
console.log(JSON.stringify(said));
