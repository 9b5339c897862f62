/*
 * The formula of the softmax with the numbers of one word:
 *
 *     exp(score / T) / sum of exp(score / T) over the words that are kept
 *
 * The sum is worked back from an answer: it is exp(score / T) divided by the probability. Powers may be huge, so that
 * they are kept as logarithms and written with powers of ten.
 */
import { shownWord } from "./candidates.js";
import { fill, make, percent } from "./ui.js";
import { words } from "./words.js";

/** The parts of the formula for one of the answer's words; of a word that was cut, why it has no share. */
export function formulaOf(answer, one) {
  const name = fill(words.softmax.formula_of, { word: shownWord(one.word) });
  const title = make("p", { class: "lmx-formula-title" }, name);
  const sumOver = answer.kept === 1 ? words.softmax.below_one : words.softmax.below;
  const below = fill(sumOver, { count: answer.kept.toLocaleString("en") });
  const general = fraction(words.softmax.above, below);
  const reason = make("p", { class: "lmx-note" }, words.softmax.formula_cut);
  if (one.cut === 0) return [title, formulaLine(["P", general]), reason];
  const power = one.score / answer.temperature;
  const sum = writtenPower(power - Math.log(one.cut));
  const numbers = { score: one.score.toFixed(2), temperature: answer.temperature.toFixed(2) };
  const scored = fraction(fill(words.softmax.power, numbers), sum);
  const share = make("b", {}, percent(one.cut));
  return [title, formulaLine(["P", general, scored, fraction(writtenPower(power), sum), share])];
}

/** Parts with equals signs between them; a line may break before each. */
function formulaLine([first, second, ...rest]) {
  const begin = make("span", {}, make("span", {}, `${first} =`), second);
  return make("p", { class: "lmx-formula-line" }, begin, rest.map((part) => make("span", {}, "= ", part)));
}

/** A fraction that is read aloud as "above divided by below". */
function fraction(above, below) {
  return make("span", { class: "lmx-fraction" },
    make("span", {}, above), make("span", { class: "lmx-hidden" }, words.softmax.divided_by), make("span", {}, below));
}

/**
 * exp(power) in a form that can be read, whatever its size: writtenPower(0) -> "1.00", writtenPower(50) -> "5.2 × 10²¹"
 */
export function writtenPower(power) {
  const exponent = Math.floor(power / Math.LN10);
  if (exponent >= -2 && exponent < 6) {
    const number = Math.exp(power);
    return number >= 100 ? Math.round(number).toLocaleString("en") : number.toPrecision(3);
  }
  const leading = Math.exp(power - exponent * Math.LN10).toFixed(1);
  const raised = String(exponent).replace(/./g, (sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]);
  return `${leading} × 10${raised}`;
}
