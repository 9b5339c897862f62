/*
 * The logit lens: what the model would say next if it stopped behind a layer, at each place of a prompt; and how the
 * probability of one word grows from layer to layer.
 */
import { gridExplorer, quotedPiece, tokenHeads } from "./grid_explorer.js";
import { pythonCall, pythonValue } from "./share.js";
import { colour, fill, make, percent, visible } from "./ui.js";
import { words } from "./words.js";

export const LENS_GRID_START = { prompt: 0, show: "top", layer: -1, place: -1 };

const TENFOLD_STEPS = 6; // from no colour to the full one, where a probability grows from a millionth to 1

export function lensGridExplorer(host, engine, state, tools) {
  const kind = {
    title: words.lens_grid.title, lead: words.lens_grid.lead, labels: words.lens_grid.choices,
    setting: "show", choices: ["top", "target"],
    promptName: ({ text }) => text, promptLines: lensLines, scene: lensScene, python: lensPython,
  };
  return gridExplorer(kind, host, state, tools);
}

function lensLines({ text, target }) {
  return [make("p", {}, `${text} … `, make("b", {}, quotedPiece(target)))];
}

function lensScene(prompt, show) {
  const { tokens, layers, top, target } = prompt;
  const chances = show === "top" ? top.map((row) => row.map(([[, p]]) => p)) : prompt.target_p;
  const strength = (p) => (show === "top" ? p : Math.max(0, 1 + Math.log10(p) / TENFOLD_STEPS));
  const said = (row, column) => (show === "top" ? top[row][column][0][0] : target);
  return {
    corner: words.lens_grid.behind,
    rows: layers.map((name) => ({ text: name.replace(/^\D*(?=\d+$)/, ""), spoken: name })),
    columns: tokenHeads(tokens),
    look: show === "top" ? "lmx-grid-pieces" : "",
    strongest: [layers.length - 1, tokens.length - 1], // what the model really says
    legend: lensLegend(show, target),
    cell: (row, column) => {
      const p = chances[row][column];
      const text = show === "top" ? visible(said(row, column)).trim() : hundredths(p);
      return { text, sign: null, background: colour(strength(p), 1), spoken: pieceWith(said(row, column), p) };
    },
    detail: (row, column) => lensDetail(prompt, row, column),
  };
}

function lensLegend(show, target) {
  const key = fill(words.lens_grid.key[show], { target: quotedPiece(target) });
  const scale = show === "top" ? null : make("span", {}, words.lens_grid.scale);
  return [make("span", { class: "lmx-key lmx-strength" }, key), scale].filter(Boolean);
}

/** A piece with its probability. */
function pieceWith(piece, p) {
  return fill(words.lens_grid.spoken, { piece: quotedPiece(piece), chance: chanceOf(p) });
}

/** A probability in percent; a small one as one in so many; 0 is what was rounded to it. */
function chanceOf(p) {
  if (p >= 0.001 || p === 0) return percent(p);
  if (p < 1e-6) return words.lens_grid.hardly;
  return fill(words.lens_grid.one_in, { few: Number((1 / p).toPrecision(2)).toLocaleString("en") });
}

/** A probability in percent, as far as a small cell has room for it. */
function hundredths(p) {
  return p < 0.005 ? "" : String(Math.round(100 * p));
}

function lensDetail({ tokens, layers, top, target, target_p: chances }, row, column) {
  const list = top[row][column].map(([piece, p]) => pieceWith(piece, p)).join(", ");
  return [
    fill(words.lens_grid.where, { layer: layers[row], token: quotedPiece(tokens[column]) }),
    fill(words.lens_grid.detail, { list, target: pieceWith(target, chances[row][column]) }),
  ];
}

function lensPython({ layer, place }, { text, target }) {
  return [
    "import lmtutorial as lt", "from lmtutorial.inside.lens import logit_lens", "",
    `model = lt.load_model("smollm2-135m")`,
    `lens = ${pythonCall("logit_lens", ["model", pythonValue(text)], { target })}`,
    `print(lens.top(${layer}, ${place}), lens.target_p[${layer}, ${place}])`,
  ].join("\n");
}
