/*
 * Activation patching: two prompts that want different answers, and how much of the first one's answer comes back when
 * one value of its run is put into the run of the second.
 */
import { gridExplorer, quotedPiece, tokenHeads } from "./grid_explorer.js";
import { pythonValue } from "./share.js";
import { colour, fill, largestOf, make, shownSign, signed, visible } from "./ui.js";
import { words } from "./words.js";

export const PATCHING_GRID_START = { prompt: 0, site: "residual", layer: -1, place: -1 };

const SITES = ["residual", "attention", "mlp", "heads"];
const ROOM = 17; // columns whose numbers have room on a wide page
const WORTH_A_SIGN = 0.1; // of the largest score

export function patchingGridExplorer(host, engine, state, tools) {
  const kind = {
    title: words.patching_grid.title, lead: words.patching_grid.lead, labels: words.patching_grid.choices,
    setting: "site", choices: SITES,
    promptName: ({ clean }) => clean, promptLines: patchingLines, scene: patchingScene, python: patchingPython,
  };
  return gridExplorer(kind, host, state, tools);
}

/** Both prompts, the tokens underlined in which they differ, with their answers. */
function patchingLines(prompt) {
  const { tokens, corrupted_tokens: others, answer, other } = prompt;
  const line = (name, mine, theirs, wanted, difference) => make("p", {},
    make("span", { class: "lmx-label" }, name), " ",
    mine.map((token, i) => (token === theirs[i] ? token : make("u", {}, token))), " … ",
    make("b", {}, wanted.trim()), " ",
    make("span", { class: "lmx-note" }, fill(words.patching_grid.difference, {
      answer: answer.trim(), other: other.trim(), difference: signed(difference) })));
  return [
    line(words.patching_grid.clean, tokens, others, answer, prompt.clean_difference),
    line(words.patching_grid.corrupted, others, tokens, other, prompt.corrupted_difference),
  ];
}

function patchingScene(prompt, site) {
  const grid = prompt.grids[site];
  const largest = largestOf(grid.flat());
  const columns = site === "heads" ? headHeads(grid[0].length) : bothHeads(prompt);
  const sign = (score) => (Math.abs(score) < WORTH_A_SIGN * largest ? "" : signed(score)[0]);
  return {
    corner: words.patching_grid.layer,
    rows: grid.map((_, layer) => ({ text: String(layer), spoken: fill(words.patching_grid.layer_spoken, { layer }) })),
    columns,
    look: columns.length <= ROOM ? "lmx-grid-numbers" : "",
    strongest: strongestCell(grid, largest),
    legend: patchingLegend(largest),
    cell: (row, column) => {
      const score = grid[row][column];
      return { text: signed(score), sign: sign(score), background: colour(score, largest), spoken: signed(score) };
    },
    detail: (row, column) => patchingDetail(prompt, site, row, columns[column].spoken, grid[row][column]),
  };
}

function headHeads(count) {
  return Array.from({ length: count }, (_, head) => {
    const name = fill(words.patching_grid.head, { head });
    return { text: name, spoken: name };
  });
}

/** The tokens; where the prompts differ, both. */
function bothHeads({ tokens, corrupted_tokens: others }) {
  return tokenHeads(tokens).map((head, place) => {
    if (tokens[place] === others[place]) return head;
    const both = [tokens[place], others[place]].map((token) => visible(token).trim());
    const spoken = fill(words.patching_grid.both_spoken, { token: head.spoken, other: quotedPiece(others[place]) });
    return { text: both.join(" | "), spoken, mark: "lmx-grid-differs" };
  });
}

function strongestCell(grid, largest) {
  const row = grid.findIndex((scores) => scores.some((score) => Math.abs(score) === largest));
  return [row, grid[row].findIndex((score) => Math.abs(score) === largest)];
}

function patchingLegend(largest) {
  const key = (mark, text) => make("span", { class: `lmx-key ${mark}` }, text);
  return [
    key("lmx-for", words.patching_grid.towards), key("lmx-against", words.patching_grid.away),
    make("span", {}, fill(words.patching_grid.scale, { largest: largest.toFixed(2) })),
  ];
}

function patchingDetail(prompt, site, layer, column, score) {
  const { clean_difference: goal, corrupted_difference: from } = prompt;
  const effect = ["away", "nothing", "towards"][shownSign(score) + 1];
  const told = { from: signed(from), to: signed(from + score * (goal - from)), goal: signed(goal) };
  return [
    fill(words.patching_grid.where, { layer, column, score: signed(score) }),
    `${words.patching_grid.what[site]} ${fill(words.patching_grid.effect[effect], told)}`,
  ];
}

function patchingPython({ site, layer, place }, { clean, corrupted, answer, other, tokens, grids }) {
  const heads = site === "heads"; // its mask is (time, heads, head_width), the others' is (time, width)
  const mask = `np.arange(${heads ? grids.heads[0].length : tokens.length})[${heads ? "None, :, None" : ":, None"}] == ${place}`;
  return [
    "import numpy as np", "import pandas as pd", "import lmtutorial as lt",
    "from lmtutorial.inside.patching import Patching, pairs_of", "",
    `model = lt.load_model("smollm2-135m")`,
    `prompts = pd.DataFrame([${pythonValue({ clean, corrupted, answer, other })}])`,
    "patching = Patching(model.transformer, pairs_of(model, prompts))",
    `print(patching.of("layer.${layer}.${site}", ${mask}))`,
  ].join("\n");
}
