// Plays the page for worker.js: sends it messages, and prints what it posts.
//
//   node worker.mjs WORKER < {messages: [...]}
//
// {pause: n} waits until the worker has posted n messages other than progress, {progress: true} until it has posted
// progress.

import { readFileSync } from "node:fs";
import { runInThisContext } from "node:vm";

const [file] = process.argv.slice(2);
const { messages } = JSON.parse(readFileSync(0, "utf8"));
const posted = [];
let arrived = () => {};
globalThis.self = {
  postMessage: (message) => {
    posted.push(structuredClone(message));
    arrived();
  },
};
runInThisContext(readFileSync(file, "utf8")); // a classic script, as in a worker that is made of a Blob

const count = () => posted.filter(({ type }) => type !== "progress").length;
const progress = () => posted.some(({ type }) => type === "progress");

async function until(done) {
  while (!done()) await new Promise((go) => (arrived = go));
}

for (const message of messages) {
  if (message.progress) await until(progress);
  else if (message.pause) await until(() => count() >= message.pause);
  else self.onmessage({ data: message });
}
console.log(JSON.stringify(posted));
