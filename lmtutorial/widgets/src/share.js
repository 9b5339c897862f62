/*
 * What a reader can take away: a link that opens the same example, and the lines of Python that compute the same.
 */

const LONGEST_LINK = 20000; // characters of a link that are read

/**
 * The explorer and the state that a link names: readLink("#explorer=first&text=not+good")
 * -> { id: "first", state: { text: "not good" } }; null where it names none.
 */
export function readLink(hash) {
  if (!hash.startsWith("#explorer=") || hash.length > LONGEST_LINK) return null;
  const { explorer, ...state } = Object.fromEntries(new URLSearchParams(hash.slice(1)));
  return { id: explorer, state };
}

/** The part of an address behind # for an explorer and what was changed in it. */
export function writeLink(id, changed) {
  return `#${new URLSearchParams({ explorer: id, ...changed })}`;
}

/** What differs from the author's example: changedFrom({ a: 1, b: 2 }, { a: 1, b: 3 }) -> { b: 2 }. */
export function changedFrom(state, initial) {
  return Object.fromEntries(Object.entries(state).filter(([name, value]) => value !== initial[name]));
}

/** A value as Python writes it: pythonValue(["a", null, true]) -> '["a", None, True]'; objects become dictionaries. */
export function pythonValue(value) {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(pythonValue).join(", ")}]`;
  if (typeof value !== "object") return typeof value === "number" ? String(value) : JSON.stringify(value);
  return `{${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${pythonValue(item)}`).join(", ")}}`;
}

/** A call as Python writes it: pythonCall("lt.explain", ["model"], { seed: 0 }) -> "lt.explain(model, seed=0)". */
export function pythonCall(name, positional, named = {}) {
  const settings = Object.entries(named).map(([key, value]) => `${key}=${pythonValue(value)}`);
  return `${name}(${[...positional, ...settings].join(", ")})`;
}

/** Lines of Python that start with the model: `about` is the engine's answer to "about". */
export function pythonLines(about, ...lines) {
  return ["import lmtutorial as lt", "", `model = ${about.code}`, ...lines].join("\n");
}

/** The call of `lt.explain` that computes an answer to "explain". */
export function pythonExplain(answer) {
  const chosen = { method: answer.method, ...answer.settings };
  return pythonCall("lt.explain", ["model", pythonValue(answer.text)], chosen);
}
