// What cannot be answered, as an error whose message is a sentence for the reader.

/** @returns {Error} with the template's {holes} filled */
export function complaint(template, values = {}) {
  return new Error(template.replace(/\{(\w+)\}/g, (hole, name) => (name in values ? String(values[name]) : hole)));
}

/** A text in quotes as Python's repr() writes it, with signs that do not show spelled out. */
export function pythonQuoted(text) {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[\\\n\r\t]|(?! )[\p{C}\p{Z}]/gu, escapedSign);
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}

const ESCAPES = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escapedSign(sign) {
  if (sign in ESCAPES) return ESCAPES[sign];
  const number = sign.codePointAt(0).toString(16);
  if (number.length < 3) return `\\x${number.padStart(2, "0")}`;
  return number.length < 5 ? `\\u${number.padStart(4, "0")}` : `\\U${number.padStart(8, "0")}`;
}
