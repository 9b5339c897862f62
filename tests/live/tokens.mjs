// Texts on standard input, a JSON array; their tokens with places and ids on standard output.
//
//   node tokens.mjs LIBRARY MANIFEST

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [library, manifest] = process.argv.slice(2);
const { newTokenizer } = await import(pathToFileURL(library));
const tokenizer = newTokenizer(JSON.parse(readFileSync(manifest, "utf8")));
const texts = JSON.parse(readFileSync(0, "utf8"));
const rows = texts.map((text) =>
  tokenizer.pieces(text).map(({ token, start, end }) => [token, start, end, tokenizer.id(token)])
);
console.log(JSON.stringify(rows));
