// Text -> tokens with their place in the text -> ids, by the rules of lmtutorial/preprocessing.py.
//
// "words": a word is a run of letters, combining marks and digits; it is composed (NFC) and lower-cased; the short
// forms of English are split off: "couldn't" -> "could", "n't". "language": the words of "words", and marks and line
// ends as tokens of their own. "keras": what keras.layers.TextVectorization does by default.
//
// Blanks are spelled out, because JavaScript's \s and Python's differ.

import { complaint, pythonQuoted } from "./messages.js";
import { words } from "./words.js";

export const END = "[END]";

const WORD = "[\\p{L}\\p{M}\\p{N}]+(?:['’][\\p{L}\\p{M}\\p{N}]+)*";
const BLANK = "[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const MARK = `${BLANK}*\\n${BLANK}*|[.,;:!?()"“”„]`;
const WORDS_ONLY = new RegExp(WORD, "gu");
const WORD_OR_MARK = new RegExp(`(${WORD})|${MARK}`, "gu");
const SHORT_FORM = /^(.+?)(?:n['’]t|['’](?:s|re|ve|ll|d|m))$/iu;
const KERAS_CHUNK = /[^ \t\n\v\f\r]+/g;
const KERAS_DROPPED = /[!"#$%&()*+,\-./:;<=>?@[\\\]^_\x60{|}~']/g; // \x60 is a grave accent
const EMPTY = /^[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*$/;

/** @typedef {{token: string, start: number, end: number}} Piece with text.slice(start, end) its raw spelling */

/** @returns {Piece[]} */
function splitWords(text) {
  return [...text.matchAll(WORDS_ONLY)].flatMap((match) => withoutShortForm(match[0], match.index));
}

/** A word, and its short form if it has one. */
function withoutShortForm(word, start) {
  const short = SHORT_FORM.exec(word);
  const cuts = short ? [0, short[1].length, word.length] : [0, word.length];
  return cuts.slice(1).map((end, i) => {
    const token = word.slice(cuts[i], end).replaceAll("’", "'").normalize("NFC").toLowerCase();
    return { token, start: start + cuts[i], end: start + end };
  });
}

function splitLanguage(text) {
  return [...text.matchAll(WORD_OR_MARK)].flatMap((match) => {
    const [mark, word] = match;
    if (word) return withoutShortForm(word, match.index);
    const token = mark.includes("\n") ? END : "“”„".includes(mark) ? '"' : mark;
    return [{ token, start: match.index, end: match.index + mark.length }];
  });
}

function splitKeras(text) {
  return [...text.matchAll(KERAS_CHUNK)].flatMap((match) => {
    const token = match[0].replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replace(KERAS_DROPPED, "");
    return token ? [{ token, start: match.index, end: match.index + match[0].length }] : [];
  });
}

const SPLIT = { words: splitWords, language: splitLanguage, keras: splitKeras };
const UNKNOWN_ID = 1;

/**
 * @param {{rules: string, vocabulary: string[], max_length: number|null}} manifest
 * @returns {{pieces: (text: string) => Piece[], id: (token: string) => number, maxLength: number}}
 */
export function newTokenizer({ rules, vocabulary, max_length }) {
  const numbers = new Map(vocabulary.map((token, id) => [token, id]).slice(2)); // padding and "[UNK]" are no words
  return {
    pieces: SPLIT[rules],
    id: (token) => numbers.get(token) ?? UNKNOWN_ID,
    maxLength: max_length ?? Infinity,
  };
}

/** The text, if something stands in it. */
export function checkedText(text) {
  if (typeof text !== "string") throw complaint(words.engine.string);
  if (EMPTY.test(text)) throw complaint(words.engine.empty, { text: pythonQuoted(text) });
  return text;
}

/**
 * A text as a model reads it.
 *
 * @returns {{text: string, quoted: string, spans: number[][], ids: number[], dropped: number}} `dropped` words at the
 *   end did not fit into the model
 */
export function encodedText(tokenizer, text) {
  const pieces = tokenizer.pieces(checkedText(text));
  const quoted = pythonQuoted(text);
  if (pieces.length === 0) throw complaint(words.engine.none, { text: quoted });
  const kept = pieces.slice(0, tokenizer.maxLength);
  return {
    text,
    quoted,
    spans: kept.map(({ start, end }) => [start, end]),
    ids: kept.map(({ token }) => tokenizer.id(token)),
    dropped: pieces.length - kept.length,
  };
}

/** Tokens of the rules "language" as text that can be read; capitals do not come back. */
function joinedTokens(tokens) {
  let text = "";
  let glued = true; // no blank before the next token
  let quoted = false;
  for (const token of tokens) {
    if (token === END) {
      [text, glued, quoted] = [`${text}\n`, true, false];
      continue;
    }
    const closing = ".,;:!?)".includes(token) || (token === '"' && quoted) || token[0] === "'" || token === "n't";
    text += glued || closing ? token : ` ${token}`;
    if (token === '"') quoted = !quoted;
    glued = token === "(" || (token === '"' && quoted);
  }
  return text;
}

/** A text with tokens written behind it. */
export function continuedText(text, tokens) {
  const written = joinedTokens(tokens);
  const glue = !written || ".,;:!?)'\n".includes(written[0]) || written.startsWith("n't") ? "" : " ";
  return text + glue + written;
}
