/*
 * What the explorers of stored grids share: choose a prompt, choose what is shown of it, walk about in the grid, and
 * read in a line below it what the cell says.
 */
import { choiceList, radios } from "./controls.js";
import { GridTable } from "./grid.js";
import { fill, make, visible } from "./ui.js";
import { words } from "./words.js";

/**
 * Builds an explorer of a kind of grids.
 *
 * @param {{title: string, lead: string, setting: string, choices: Array, labels: object, promptName: function,
 *   promptLines: function, scene: function, python: function}} kind its words; the name and the values of the setting
 *   that says what is shown, and what readers call them; a prompt -> its name, and the lines above the grid;
 *   `scene(prompt, choice)` -> what `GridTable.show` takes, and `legend`, `strongest` [row, column] and
 *   `detail(row, column)` [name, text]; `python(state, prompt)` -> lines
 */
export function gridExplorer(kind, host, state, tools) {
  const explorer = new GridExplorer(kind, host, tools);
  explorer.set(state);
  return { set: (wanted) => explorer.set(wanted), python: () => explorer.python() };
}

class GridExplorer {
  constructor(kind, host, tools) {
    Object.assign(this, { kind, host, tools });
    const choices = kind.choices.map((value) => ({ value, label: kind.labels[value] }));
    this.choice = radios(words.grid.shown, choices, choices[0].value, (value) => {
      this.change({ [kind.setting]: value, layer: -1, place: -1 });
    });
    this.grid = new GridTable(kind.title, {
      onAim: (place) => this.tell(...(place ?? this.grid.chosen)),
      onChoose: (layer, place) => this.choose(layer, place),
    });
    this.lines = make("div", { class: "lmx-grid-prompt" });
    this.legend = make("p", { class: "lmx-legend" });
    this.detail = make("p", { class: "lmx-grid-detail" });
  }

  /** All grids are asked for once. */
  async load() {
    const found = await this.tools.ask({ do: "grids" });
    if (!found) return false;
    const { title, lead, promptName } = this.kind;
    this.prompts = found.prompts;
    this.prompt = choiceList(words.grid.prompt, found.prompts.map(promptName), 0, (prompt) => {
      this.change({ prompt, layer: -1, place: -1 });
    });
    this.host.append(
      make("p", { class: "lmx-title" }, title),
      make("p", { class: "lmx-lead" }, lead),
      this.prompt.element, this.lines, this.choice.element, this.legend, this.grid.element, this.detail,
      make("p", { class: "lmx-note" }, words.grid.hands),
    );
    return true;
  }

  /** Shows a whole state, as at the start, after a reset, or from a link; what is not there becomes what is nearest. */
  async set(state) {
    const since = performance.now();
    this.wanted = state;
    this.loading ??= this.load(); // once, though a link may come while it is under way
    if (!(await this.loading) || this.wanted !== state) return;
    const { setting, choices } = this.kind;
    const known = choices.includes(state[setting]) ? state[setting] : choices[0];
    this.state = { ...state, prompt: within(state.prompt, this.prompts), [setting]: known };
    this.show();
    this.tools.save(this.state);
    this.tools.painted({ do: "grids", ...this.state }, since);
    this.grid.reveal();
  }

  change(part) {
    this.set({ ...this.state, ...part });
  }

  show() {
    const { kind, state } = this;
    const prompt = this.prompts[state.prompt];
    this.prompt.value = state.prompt;
    this.choice.value = state[kind.setting];
    this.scene = kind.scene(prompt, state[kind.setting]);
    const { rows, columns, strongest } = this.scene;
    const place = [state.layer < 0 ? strongest[0] : within(state.layer, rows)];
    place.push(state.place < 0 ? strongest[1] : within(state.place, columns));
    this.lines.replaceChildren(...kind.promptLines(prompt));
    this.legend.replaceChildren(...this.scene.legend);
    this.grid.show(this.scene);
    this.grid.choose(...place);
    this.tell(...place);
  }

  choose(layer, place) {
    this.state = { ...this.state, layer, place };
    this.grid.choose(layer, place);
    this.tell(layer, place);
    this.tools.save(this.state);
  }

  tell(row, column) {
    const [name, text] = this.scene.detail(row, column);
    this.detail.replaceChildren(make("b", {}, name), ` ${text}`);
  }

  python() {
    const [layer, place] = this.grid.chosen;
    return this.kind.python({ ...this.state, layer, place }, this.prompts[this.state.prompt]);
  }
}

function within(number, list) {
  return Math.max(0, Math.min(list.length - 1, Math.trunc(number)));
}

/** A piece of a text between quotation marks, its blank included; the end of a line as a sign. */
export function quotedPiece(piece) {
  return fill(words.grid.piece, { piece: visible(piece) });
}

/** The heads of columns for the tokens of a prompt. */
export function tokenHeads(tokens) {
  return tokens.map((token, place) => {
    return { text: visible(token).trim(), spoken: fill(words.grid.token, { token: quotedPiece(token), place }) };
  });
}
