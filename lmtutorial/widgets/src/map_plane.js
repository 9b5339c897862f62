/*
 * An analogy in the plane of its three words. a, b and c and the sum b − a + c lie in it, so that their parallelogram
 * has its true shape; the word found does not, and is seen as its shadow.
 */
import { fill, make, makeDrawn } from "./ui.js";
import { words } from "./words.js";

/**
 * What the answer to "analogy" says beyond its words, for vectors that are 1 long: cosines of the three words with
 * the sum, which the plane's true distances give (u·v = 1 − |u − v|²/2), and how far the word found lies from the sum.
 *
 * @returns {{cosines: {a, b, c}, away: number, seen: number}}
 */
export function measuresOf({ plane, words: found }) {
  const apart = (one, other) => Math.hypot(plane[one][0] - plane[other][0], plane[one][1] - plane[other][1]);
  const product = (one, other) => 1 - apart(one, other) ** 2 / 2;
  const length = Math.sqrt(Math.max(1e-12, 3 - 2 * product("a", "b") + 2 * product("b", "c") - 2 * product("a", "c")));
  const withSum = (one) => (product(one, "b") - product(one, "a") + product(one, "c")) / length;
  const away = Math.sqrt(Math.max(0, 1 + length ** 2 - 2 * length * found[0].cosine));
  return { cosines: { a: withSum("a"), b: withSum("b"), c: withSum("c") }, away, seen: apart("found", "sum") };
}

/** The picture: `update(answer, { a, b, c })`. It has the size of its frame, so that its letters can be read. */
export class MapPlane {
  constructor() {
    this.svg = makeDrawn("svg", { role: "img", class: "lmx-plane" });
    this.element = make("div", { class: "lmx-map-frame" }, this.svg);
    const size = new ResizeObserver(() => this.draw());
    size.observe(this.element);
    this.close = () => size.disconnect();
  }

  update(answer, asked) {
    this.answer = answer;
    this.names = { ...asked, found: answer.words[0].word, sum: fill(words.map.sum, asked) };
    this.svg.setAttribute("aria-label", fill(words.map.plane_label, this.names));
    this.draw();
  }

  draw() {
    const { width, height } = this.element.getBoundingClientRect();
    if (width === 0 || !this.answer) return;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const at = { ...fitted(this.answer.plane, width, height), width };
    const corners = ["a", "b", "sum", "c"].map((name) => at[name].join(",")).join(" ");
    this.svg.replaceChildren(
      makeDrawn("polygon", { points: corners, class: "lmx-plane-area" }),
      ...planeArrow(at.a, at.b), ...planeArrow(at.c, at.sum),
      planeLine(at.sum, at.found, "lmx-plane-miss"),
      ...["sum", "a", "b", "c", "found"].flatMap((name) => this.corner(name, at)),
    );
  }

  /** A dot with its word, above or below it, and inside the picture. */
  corner(name, at) {
    const [x, y] = at[name];
    const level = { found: at.sum[1], sum: at.found[1] }[name] ?? (at.a[1] + at.sum[1]) / 2;
    const lifted = name === "sum" && at.width < 480 ? 16 : 0; // beside the word of c there is no room
    const anchor = x < 90 ? "start" : x > at.width - 90 ? "end" : "middle";
    const left = x + { start: -8, middle: 0, end: 8 }[anchor];
    const top = y > level ? y + 22 + lifted : y - 12 - lifted;
    const label = { x: left, y: top, "text-anchor": anchor, class: `lmx-plane-text lmx-plane-${name}` };
    const dot = { cx: x, cy: y, r: name === "sum" ? 6 : 5, class: `lmx-plane-dot lmx-plane-${name}` };
    return [makeDrawn("circle", dot), makeDrawn("text", label, this.names[name])];
  }
}

/** The places of the plane in the picture, the same scale in both directions. */
function fitted(plane, width, height) {
  const all = Object.values(plane);
  const [xs, ys] = [all.map(([x]) => x), all.map(([, y]) => y)];
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = Math.min((width - 110) / Math.max(right - left, 1e-3), (height - 90) / Math.max(high - low, 1e-3));
  const across = (x) => width / 2 + (x - (left + right) / 2) * scale;
  const up = (y) => height / 2 - (y - (low + high) / 2) * scale;
  const place = ([x, y]) => [across(x), up(y)];
  return Object.fromEntries(Object.entries(plane).map(([name, point]) => [name, place(point)]));
}

function planeLine(from, to, name) {
  return makeDrawn("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1], class: name });
}

/** An arrow that ends before the dots at its ends. */
function planeArrow(from, to) {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  if (length < 24) return [];
  const [right, down] = [(to[0] - from[0]) / length, (to[1] - from[1]) / length];
  const along = (forth, aside = 0) => [from[0] + right * forth - down * aside, from[1] + down * forth + right * aside];
  const tip = [along(length - 8), along(length - 20, 6), along(length - 20, -6)];
  return [
    planeLine(along(8), along(length - 18), "lmx-plane-arrow"),
    makeDrawn("polygon", { points: tip.map((point) => point.join(",")).join(" "), class: "lmx-plane-tip" }),
  ];
}
