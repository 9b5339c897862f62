/*
 * Words with cosines as lists: what the map shows, for everyone who reads rather than looks.
 */
import { keepKeys } from "./controls.js";
import { make } from "./ui.js";
import { words } from "./words.js";

/** Items for neighbours [{ word, cosine }]; pressing one chooses it. */
export function neighbourItems(found, onChoose) {
  return found.map((one) => cosineItem(one, onChoose));
}

/**
 * Items for an analogy's answers, and among them the words of the question that lie as near: they are not accepted as
 * answers, and without this rule they often would be the answer.
 */
export function analogyItems(found, asked, cosines, onChoose) {
  const least = found.at(-1).cosine;
  const refused = Object.entries(asked).map(([name, word]) => ({ word, cosine: cosines[name], refused: true }));
  const all = [...found, ...refused.filter((one) => one.cosine >= least)].sort((one, two) => two.cosine - one.cosine);
  return all.map((one) => cosineItem(one, onChoose));
}

function cosineItem({ word, cosine, refused = false }, onChoose) {
  const name = refused ? make("s", {}, word) : word;
  const note = refused ? make("span", { class: "lmx-neighbour-note" }, ` ${words.map.refused}`) : null;
  const press = make("button", { type: "button", onkeydown: keepKeys, onclick: () => onChoose(word) },
    make("span", {}, name, note),
    make("span", { class: "lmx-neighbour-cosine" }, cosine.toFixed(2)));
  press.style.setProperty("--lmx-share", `${Math.max(0, 100 * cosine)}%`);
  return make("li", { class: refused ? "lmx-refused" : null }, press);
}
