/*
 * The drawings of a walk along integrated gradients' path. A chart: the model's answer as a line, and on it a broad
 * band, what the words have gathered so far; its numbers are ticks, and what line and band mean stands beside it as
 * text. And bars: how fast each word moves the answer at one place.
 */
import { freshId } from "./controls.js";
import { scrolling } from "./tokens.js";
import {
  colour, inSlices, largestOf, make, makeDrawn, setAttribute, setText, signClass, signed, visible,
} from "./ui.js";
import { words } from "./words.js";

const HEIGHT = 210;
const EDGE = { left: 40, right: 12, top: 12, bottom: 24 };

/** Round numbers between two ends, about `count` of them: ticksBetween(-0.3, 3.6, 4) -> [0, 1, 2, 3]. */
export function ticksBetween(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((size) => size >= rough);
  const ticks = [];
  for (let k = Math.ceil(low / step); k * step <= high + 1e-9; k += 1) ticks.push(k * step);
  return ticks;
}

export class PathChart {
  /** `onPlace(place)` hears where the reader puts a finger. */
  constructor(onPlace) {
    const titled = freshId("chart");
    this.grid = makeDrawn("g", { class: "lmx-grid" });
    this.line = makeDrawn("path", { class: "lmx-line" });
    this.band = makeDrawn("path", { class: "lmx-band" });
    this.here = makeDrawn("line", { class: "lmx-here", y1: EDGE.top, y2: HEIGHT - EDGE.bottom });
    this.dot = makeDrawn("circle", { class: "lmx-dot", r: 5 });
    const drawn = [this.grid, this.band, this.line, this.here, this.dot];
    const named = { role: "img", "aria-labelledby": titled };
    this.svg = makeDrawn("svg", { class: "lmx-chart", height: HEIGHT, ...named }, drawn);
    const legend = make("p", { class: "lmx-legend" },
      make("span", { class: "lmx-key lmx-key-line" }, words.path.line),
      make("span", { class: "lmx-key lmx-key-band" }, words.path.band));
    this.element = make("div", {}, make("p", { class: "lmx-label", id: titled }, words.path.chart), this.svg, legend);
    this.listen(onPlace);
    const size = new ResizeObserver(([{ contentRect }]) => this.fit(contentRect.width));
    size.observe(this.svg);
    this.close = () => size.disconnect();
  }

  listen(onPlace) {
    const place = (event) => {
      const x = event.clientX - this.svg.getBoundingClientRect().left;
      onPlace(Math.min(1, Math.max(0, (x - EDGE.left) / (this.width - EDGE.left - EDGE.right))));
    };
    this.svg.addEventListener("pointerdown", (event) => {
      this.svg.setPointerCapture(event.pointerId);
      place(event);
    });
    this.svg.addEventListener("pointermove", (event) => {
      if (this.svg.hasPointerCapture(event.pointerId)) place(event);
    });
  }

  fit(width) {
    if (width === this.width || width === 0) return;
    this.width = width;
    if (this.walk) this.draw();
  }

  setWalk(walk) {
    this.walk = walk;
    const heights = [0, ...walk.outputs];
    const [low, high] = [Math.min(...heights), Math.max(...heights)];
    const room = 0.06 * (high - low || 1);
    this.low = low - room;
    this.high = high + room;
    if (this.width) this.draw();
  }

  x(place) {
    return EDGE.left + place * (this.width - EDGE.left - EDGE.right);
  }

  y(value) {
    return EDGE.top + ((this.high - value) / (this.high - this.low)) * (HEIGHT - EDGE.top - EDGE.bottom);
  }

  /** Grid and line, which stay while the reader walks. */
  draw() {
    const [left, right] = [EDGE.left, this.width - EDGE.right];
    const rows = ticksBetween(this.low, this.high, 4).map((value) => {
      const y = this.y(value);
      const zero = Math.abs(value) < 1e-9 ? "lmx-zero" : null;
      const rule = makeDrawn("line", { x1: left, x2: right, y1: y, y2: y, class: zero });
      return [rule, tick(left - 6, y + 4, "end", String(Number(value.toPrecision(3))).replace("-", "−"))];
    });
    const feet = [0, 0.25, 0.5, 0.75, 1].map((place) => tick(this.x(place), HEIGHT - 6, "middle", String(place)));
    this.grid.replaceChildren(...rows.flat(), ...feet);
    setAttribute(this.line, "d", this.curve(this.walk.outputs.map((value, k) => [this.walk.alphas[k], value])));
    if (this.place !== undefined) this.setPlace(this.place, this.total);
  }

  curve(points) {
    const at = ([place, value]) => `${this.x(place).toFixed(1)} ${this.y(value).toFixed(1)}`;
    return `M${points.map(at).join("L")}`;
  }

  /** Where the reader is, and what baseline and words add up to there. */
  setPlace(place, total) {
    this.place = place;
    this.total = total;
    if (!this.width || !this.walk) return;
    const { alphas, sums, outputs } = this.walk;
    const reached = (k) => outputs[0] + sums[k].reduce((sum, part) => sum + part, 0);
    const passed = alphas.map((alpha, k) => [alpha, reached(k)]).filter(([alpha]) => alpha < place);
    setAttribute(this.band, "d", this.curve([...(passed.length ? passed : [[0, outputs[0]]]), [place, total]]));
    const x = this.x(place).toFixed(1);
    setAttribute(this.here, "x1", x);
    setAttribute(this.here, "x2", x);
    setAttribute(this.dot, "cx", x);
    setAttribute(this.dot, "cy", this.y(total).toFixed(1));
  }
}

function tick(x, y, anchor, text) {
  return makeDrawn("text", { x, y, "text-anchor": anchor }, text);
}

/** Each word's slope at this place, as a bar to the right (for) or to the left (against). */
export class SlopeBars {
  constructor() {
    this.list = make("ul", { class: "lmx-slopes" });
    const label = make("p", { class: "lmx-label" }, words.path.slopes);
    this.element = make("div", {}, label, scrolling(words.path.slopes, this.list));
    this.rows = [];
    this.run = inSlices();
  }

  setWalk(walk) {
    this.largest = largestOf(walk.slopes.flat());
    this.rows = walk.tokens.map(() => null);
    this.words = walk.tokens;
    this.list.replaceChildren();
  }

  freshRow(word) {
    const bar = make("span", { class: "lmx-slope-bar" });
    const number = make("span", { class: "lmx-slope-number" });
    const track = make("span", { class: "lmx-slope-track", "aria-hidden": "true" }, bar);
    this.list.append(make("li", {}, make("span", { class: "lmx-slope-word" }, visible(word)), track, number));
    return { bar, number };
  }

  update(slopes) {
    this.run(slopes.length, (i) => {
      const slope = slopes[i];
      const { bar, number } = (this.rows[i] ??= this.freshRow(this.words[i]));
      setText(number, signed(slope));
      setAttribute(number, "class", `lmx-slope-number ${signClass(slope)}`.trim());
      const share = this.largest > 0 ? Math.abs(slope) / this.largest : 0;
      bar.style.width = `${(50 * share).toFixed(1)}%`;
      bar.style.left = `${slope >= 0 ? 50 : 50 - 50 * share}%`;
      bar.style.backgroundColor = colour(slope, Math.abs(slope));
    });
  }
}
