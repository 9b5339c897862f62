/*
 * A grid of numbers, layers down and places across: a table whose cells are coloured by their values, walked with the
 * arrow keys, pointed at or tapped. One cell is the chosen one; the one that is pointed at comes before it.
 */
import { make, setAttribute } from "./ui.js";

const PAGE_STEP = 5; // rows that the keys Page up and Page down go

export class GridTable {
  /**
   * @param {string} label what the grid is, for screen readers
   * @param {{onAim: function(?Array), onChoose: function(number, number)}} listeners `onAim([row, column])` hears which
   *   cell is pointed at, null once none is
   */
  constructor(label, { onAim, onChoose }) {
    this.onChoose = onChoose;
    this.table = make("table", {
      class: "lmx-grid-table", role: "grid", "aria-label": label,
      onkeydown: (event) => this.press(event),
      onclick: ({ target }) => this.take(target, true),
      onfocusin: ({ target }) => this.take(target, false),
      onpointerover: ({ target }) => onAim(this.placeOf(target)),
      onpointerleave: () => onAim(null),
    });
    this.element = make("div", { class: "lmx-scroll lmx-grid-frame" }, this.table);
    this.chosen = [0, 0];
  }

  /**
   * Shows another grid.
   * @param {{corner: string, rows: Array, columns: Array, cell: function, look: string}} scene labels of rows and
   *   columns { text, spoken, mark: a class }; `cell(row, column)` -> { text, sign, background, spoken }
   */
  show({ corner, rows, columns, cell, look }) {
    const head = columns.map(({ text, spoken, mark }) =>
      make("th", { scope: "col", "aria-label": spoken, class: mark }, make("span", {}, text)));
    const lines = rows.map(({ text, spoken }, row) => {
      const cells = columns.map((_, column) => gridCell(cell(row, column)));
      return make("tr", {}, make("th", { scope: "row", "aria-label": spoken }, text), cells);
    });
    this.table.className = `lmx-grid-table ${look}`;
    this.table.style.setProperty("--lmx-columns", columns.length);
    this.table.replaceChildren(
      make("thead", {}, make("tr", {}, make("td", {}, corner), head)), make("tbody", {}, lines));
    this.body = this.table.tBodies[0];
  }

  /** Marks the chosen cell, which is the one that Tab reaches. */
  choose(row, column) {
    this.mark(this.chosen, false);
    this.chosen = [row, column];
    this.mark(this.chosen, true);
  }

  mark([row, column], on) {
    const cell = this.cellAt(row, column);
    if (!cell) return; // it belonged to a grid that is no longer shown
    setAttribute(cell, "tabindex", on ? 0 : -1);
    setAttribute(cell, "aria-selected", on ? "true" : null);
  }

  /** Scrolls the frame sideways, and nothing else, until the chosen cell is in it. */
  reveal() {
    const cell = this.cellAt(...this.chosen);
    const label = this.body.rows[0].cells[0].offsetWidth;
    const { scrollLeft, clientWidth } = this.element;
    if (cell.offsetLeft - label < scrollLeft) this.element.scrollLeft = cell.offsetLeft - label;
    const end = cell.offsetLeft + cell.offsetWidth;
    if (end > scrollLeft + clientWidth) this.element.scrollLeft = end - clientWidth + 2;
  }

  cellAt(row, column) {
    return this.body?.rows[row]?.cells[column + 1];
  }

  /** [row, column] of the cell in which an element lies; null if it lies in none. */
  placeOf(element) {
    const cell = element.closest("td[role]");
    return cell && [cell.parentElement.sectionRowIndex, cell.cellIndex - 1];
  }

  take(target, pressed) {
    const place = this.placeOf(target);
    if (!place) return;
    if (pressed) this.cellAt(...place).focus({ preventScroll: true });
    if (String(place) !== String(this.chosen)) this.onChoose(...place);
  }

  press(event) {
    event.stopPropagation(); // JupyterLab would take it for a command
    const place = this.placeOf(event.target);
    const step = place && this.stepOf(event, ...place);
    if (!step) return;
    event.preventDefault();
    this.cellAt(...step).focus({ preventScroll: true });
    this.cellAt(...step).scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** Where a key leads from a cell, not beyond the edge; null for a key that leads nowhere. */
  stepOf({ key, ctrlKey }, row, column) {
    const [lastRow, lastColumn] = [this.body.rows.length - 1, this.body.rows[0].cells.length - 2];
    const steps = {
      ArrowUp: [row - 1, column], ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
      PageUp: [row - PAGE_STEP, column], PageDown: [row + PAGE_STEP, column],
      Home: [ctrlKey ? 0 : row, 0], End: [ctrlKey ? lastRow : row, lastColumn],
    };
    if (!Object.hasOwn(steps, key)) return null;
    const [down, across] = steps[key];
    return [Math.max(0, Math.min(lastRow, down)), Math.max(0, Math.min(lastColumn, across))];
  }
}

/** A cell: its text where there is room for one, else its sign; its colour in any case. */
function gridCell({ text, sign, background, spoken }) {
  const cell = make("td", { role: "gridcell", tabindex: -1, "aria-label": spoken },
    make("span", {}, text), sign === null ? null : make("i", {}, sign));
  cell.style.backgroundColor = background;
  return cell;
}
