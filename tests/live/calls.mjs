// Calls on standard input, a JSON array of [name of a function, argument, …]; what they return on standard output.
//
//   node calls.mjs LIBRARY

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const library = await import(pathToFileURL(process.argv[2]));
const calls = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(calls.map(([name, ...rest]) => library[name](...rest))));
