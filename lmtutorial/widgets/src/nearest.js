// "Did you mean ...?": the known name that is most like a given one, as the package's `files.nearest` finds it.

import { pythonQuoted } from "./messages.js";
import { words } from "./words.js";

const LIKE = 0.6; // share of letters that two names must have in common
const LISTED = 30; // longer lists of names are not shown

/** The end of a message: a question, if a name is like it, and all names, if they are few. */
export function nearestName(name, names) {
  const close = mostLike(name, names);
  const question = close === null ? "" : words.engine.did_you_mean.replace("{name}", () => pythonQuoted(close));
  if (names.length > LISTED) return question;
  const listed = [...names].sort().map(pythonQuoted).join(", ");
  return (question || ".") + words.engine.there_are.replace("{names}", () => listed);
}

function mostLike(name, names) {
  let [best, likeness] = [null, LIKE];
  for (const other of names) {
    const bound = (2 * Math.min(name.length, other.length)) / (name.length + other.length);
    if (bound < likeness) continue;
    const found = (2 * commonLetters(name, other)) / (name.length + other.length);
    if (found > likeness || (found === likeness && (best === null || other > best))) [best, likeness] = [other, found];
  }
  return best;
}

/** Letters of the longest stretch that both have, and of the longest ones to its left and right, and so on. */
function commonLetters(a, b) {
  let [length, atA, atB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < b.length; j++) {
      let same = 0;
      while (i + same < a.length && a[i + same] === b[j + same]) same++;
      if (same > length) [length, atA, atB] = [same, i, j];
    }
  }
  if (length === 0) return 0;
  const left = commonLetters(a.slice(0, atA), b.slice(0, atB));
  return length + left + commonLetters(a.slice(atA + length), b.slice(atB + length));
}
