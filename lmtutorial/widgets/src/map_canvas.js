/*
 * The reader's hand on the map: mouse, touch and keyboard move it and choose words.
 *
 * One finger on the whole map scrolls the page, as everywhere else; once the map is enlarged it moves the map. The
 * mouse wheel enlarges only while the map has the focus, or with the Ctrl key. By keyboard: arrows move, + and −
 * enlarge, 0 shows the whole map, Enter chooses the word nearest to the middle.
 */
import { keepKeys } from "./controls.js";
import { MapCamera, NEAREST } from "./map_camera.js";
import { drawMap } from "./map_picture.js";
import { make, prefersCalm } from "./ui.js";
import { words } from "./words.js";

const REACH = 22; // pixels within which a press finds a word
const STEPS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** `data` is the answer to "map"; `onChoose(place)` hears which word was pressed, `onAim(place)` the one aimed at. */
export class MapCanvas {
  constructor(data, onChoose, onAim) {
    this.camera = new MapCamera();
    Object.assign(this, { onChoose, onAim });
    this.scene = { ...data, cosines: null, marked: [], hovered: -1, lines: [], arrows: [] };
    this.pointers = new Map(); // {number of a finger or mouse: where it is}
    const role = { role: "application", "aria-label": words.map.picture };
    this.canvas = make("canvas", { class: "lmx-map-canvas", tabindex: "0", ...role });
    const buttons = make("div", { class: "lmx-map-buttons" },
      mapButton("+", words.map.nearer, () => this.enlarge(1.8)),
      mapButton("−", words.map.farther, () => this.enlarge(1 / 1.8)),
      mapButton("⤢", words.map.whole, () => this.fly({ x: 0, y: 0, zoom: 1 })));
    this.element = make("div", { class: "lmx-map-frame" }, this.canvas, buttons);
    this.listen();
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.drag(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => this.release(event));
    canvas.addEventListener("pointerleave", () => this.hover(-1));
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("keydown", (event) => this.key(event));
    for (const name of ["focus", "blur"]) canvas.addEventListener(name, () => this.draw());
    const size = new ResizeObserver(() => this.resize());
    size.observe(this.element);
    const endTheme = watchTheme(() => this.draw());
    this.close = () => {
      size.disconnect();
      endTheme();
    };
  }

  /** Shows another scene: { cosines, marked, lines, arrows }. */
  show(part) {
    Object.assign(this.scene, part);
    this.draw();
  }

  resize() {
    const { width, height } = this.element.getBoundingClientRect();
    if (width === 0) return;
    const density = window.devicePixelRatio || 1;
    Object.assign(this.camera, { width, height });
    Object.assign(this.canvas, { width: Math.round(width * density), height: Math.round(height * density) });
    if (this.waiting) Object.assign(this.camera, this.camera.viewOf(this.waiting));
    this.waiting = null;
    this.paint();
  }

  /** Draws with the next frame, however often it is called before. */
  draw() {
    this.frame ??= requestAnimationFrame(() => this.paint());
  }

  paint() {
    cancelAnimationFrame(this.frame);
    this.frame = null;
    if (this.camera.width <= 1) return;
    this.scene.colours = themeColours(this.canvas);
    this.scene.font = getComputedStyle(this.canvas).fontFamily;
    const hovered = this.byKey && this.focused ? this.aimed : this.scene.hovered;
    drawMap(this.canvas, this.camera, { ...this.scene, hovered });
    this.canvas.style.touchAction = this.camera.zoom > 1.02 ? "none" : "pan-y";
  }

  enlarge(factor) {
    const { x, y, zoom } = this.camera;
    this.fly({ x, y, zoom: Math.min(NEAREST, Math.max(1, zoom * factor)) });
  }

  /** Moves to a view in a moment, or at once for readers who want calm. */
  fly(goal) {
    const { x, y, zoom } = this.camera;
    const begin = performance.now();
    const flight = (this.flight = {});
    const step = (now) => {
      if (flight !== this.flight) return;
      const done = prefersCalm() ? 1 : Math.min(1, Math.max(0, now - begin) / 350);
      const share = 1 - (1 - done) ** 3;
      const between = (from, to) => from + (to - from) * share;
      Object.assign(this.camera, { x: between(x, goal.x), y: between(y, goal.y) });
      this.camera.zoom = zoom * (goal.zoom / zoom) ** share;
      this.camera.keepInside();
      this.paint();
      if (done < 1) requestAnimationFrame(step);
    };
    step(begin);
  }

  /** Shows all of these words at once. */
  frameWords(places) {
    const spots = places.map((place) => [this.scene.x[place], this.scene.y[place]]);
    if (this.camera.width <= 1) this.waiting = spots;
    else this.fly(this.camera.viewOf(spots));
  }

  /** The word nearest to a point of the picture; −1 if none is within reach. */
  wordNear(left, top, reach = REACH) {
    const [x, y] = this.camera.toMap(left, top);
    const [right, up] = this.camera.scales;
    let [best, least] = [-1, reach];
    for (let i = 0; i < this.scene.x.length; i += 1) {
      const apart = Math.hypot((this.scene.x[i] - x) * right, (this.scene.y[i] - y) * up);
      if (apart < least) [best, least] = [i, apart];
    }
    return best;
  }

  get focused() {
    return this.canvas.matches(":focus");
  }

  /** The word nearest to the middle, which the keyboard aims at. */
  get aimed() {
    return this.wordNear(this.camera.width / 2, this.camera.height / 2, Infinity);
  }

  press(event) {
    this.flight = null;
    this.byKey = false;
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
    this.moved = this.pointers.size > 1 ? Infinity : 0;
  }

  drag(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return this.hover(this.wordNear(event.offsetX, event.offsetY));
    const now = [event.offsetX, event.offsetY];
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    const share = other ? 0.5 : 1; // with two fingers, the middle between them moves the map
    this.camera.moveBy(share * (now[0] - before[0]), share * (now[1] - before[1]));
    if (other) {
      const apart = (point) => Math.max(20, Math.hypot(point[0] - other[0], point[1] - other[1]));
      this.camera.zoomBy(apart(now) / apart(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    }
    this.moved += Math.hypot(now[0] - before[0], now[1] - before[1]);
    this.pointers.set(event.pointerId, now);
    return this.draw();
  }

  release(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    const place = this.wordNear(event.offsetX, event.offsetY);
    if (event.type === "pointerup" && this.moved < 6 && place >= 0) this.onChoose(place);
  }

  hover(place) {
    if (place === this.scene.hovered) return;
    this.canvas.style.cursor = place >= 0 ? "pointer" : "grab";
    this.show({ hovered: place });
  }

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey && !this.focused) return;
    const factor = Math.exp(-event.deltaY / (event.ctrlKey ? 100 : 400));
    if (!this.camera.zoomBy(factor, event.offsetX, event.offsetY)) return; // at its ends the wheel moves the page again
    event.preventDefault();
    this.draw();
  }

  key(event) {
    keepKeys(event);
    const { camera } = this;
    const [right, down] = STEPS[event.key] ?? [0, 0];
    this.flight = null;
    if (event.key === "Enter") this.onChoose(this.aimed);
    else if (right || down) camera.moveBy((right * camera.width) / 10, (down * camera.height) / 10);
    else if (event.key === "+" || event.key === "=") camera.zoomBy(1.4);
    else if (event.key === "-") camera.zoomBy(1 / 1.4);
    else if (event.key === "0" || event.key === "Home") Object.assign(camera, { x: 0, y: 0, zoom: 1 });
    else return;
    this.byKey = true;
    event.preventDefault();
    this.draw();
    this.onAim(this.aimed);
  }
}

function mapButton(sign, label, onClick) {
  const named = { "aria-label": label, title: label };
  const handlers = { onclick: onClick, onkeydown: keepKeys };
  return make("button", { type: "button", class: "lmx-map-button", ...named, ...handlers }, sign);
}

/** The theme's colours as a canvas wants them: names of CSS variables become colours. */
function themeColours(element) {
  const probe = element.parentElement.appendChild(make("i", { hidden: true }));
  const colours = {};
  for (const name of ["ink", "soft", "ground", "for", "against"]) {
    probe.style.color = `var(--lmx-${name})`;
    colours[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return colours;
}

/** Calls back when the page turns light or dark, in the book, JupyterLab or Colab. Returns a function that ends it. */
function watchTheme(onChange) {
  const watch = new MutationObserver(onChange);
  const attributeFilter = ["data-theme", "theme", "class", "data-jp-theme-light"];
  for (const element of [document.documentElement, document.body]) watch.observe(element, { attributeFilter });
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", onChange);
  return () => {
    watch.disconnect();
    dark.removeEventListener("change", onChange);
  };
}
