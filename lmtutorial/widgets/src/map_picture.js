/*
 * The map of words on a canvas: a dot for each word, labels where there is room, the most frequent words first; lines
 * to neighbours and arrows between words.
 *
 * A label keeps its place while the map is moved: which labels fit depends on how near the map is, not on where.
 */
const FAR_COSINE = 0.4; // dots are tinted from here on
const DOT_STEPS = 8;
const LABEL_ROOM = 4;
const ABOVE = [[0, -1]];
const SIDES = [[0, -1], [0, 1], [1, 0], [-1, 0]];

/**
 * Draws a scene.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {MapCamera} camera
 * @param {{x: number[], y: number[], words: string[], cosines: ?Float64Array, marked: number[], hovered: number,
 *   lines: number[][], arrows: number[][], colours: object}} scene `marked` are the words whose labels come first, the
 *   most important at the start; `lines` and `arrows` are pairs of words. A word is given by its place in `words`.
 */
export function drawMap(canvas, camera, scene) {
  const context = canvas.getContext("2d");
  const density = canvas.width / camera.width;
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, camera.width, camera.height);
  drawDots(context, camera, scene);
  for (const pair of scene.lines) drawLine(context, ends(camera, scene, pair), scene.colours);
  for (const pair of scene.arrows) drawArrow(context, ends(camera, scene, pair), scene.colours);
  for (const place of scene.marked) drawMark(context, camera.toPicture(scene.x[place], scene.y[place]), scene.colours);
  drawLabels(context, camera, scene);
}

function ends(camera, { x, y }, [from, to]) {
  return [camera.toPicture(x[from], y[from]), camera.toPicture(x[to], y[to])];
}

/** Dots; where a word is chosen, the bluer and larger the higher the cosine with it. Each step is drawn at once. */
function drawDots(context, camera, { x, y, cosines, colours }) {
  const radius = Math.min(3.2, 1.1 + 0.35 * Math.sqrt(camera.zoom));
  const steps = Array.from({ length: DOT_STEPS + 1 }, () => []);
  for (let i = 0; i < x.length; i += 1) {
    const near = cosines ? Math.max(0, (cosines[i] - FAR_COSINE) / (1 - FAR_COSINE)) : 0;
    steps[Math.ceil(DOT_STEPS * Math.min(1, near))].push(i);
  }
  steps.forEach((places, step) => {
    const near = step / DOT_STEPS;
    context.globalAlpha = cosines ? 0.22 + 0.78 * near : 0.45;
    context.fillStyle = step > 0 ? colours.for : colours.soft;
    context.beginPath();
    const size = radius * (1 + 1.6 * near * near);
    for (const place of places) addDot(context, camera, camera.toPicture(x[place], y[place]), size);
    context.fill();
  });
  context.globalAlpha = 1;
}

function addDot(context, camera, [left, top], radius) {
  if (left < -9 || top < -9 || left > camera.width + 9 || top > camera.height + 9) return;
  context.moveTo(left + radius, top);
  context.arc(left, top, radius, 0, 2 * Math.PI);
}

function drawLine(context, [from, to], colours) {
  context.strokeStyle = colours.for;
  context.lineWidth = 1.5;
  context.globalAlpha = 0.55;
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
  context.globalAlpha = 1;
}

function drawArrow(context, [from, to], colours) {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  if (length < 12) return;
  const [right, down] = [(to[0] - from[0]) / length, (to[1] - from[1]) / length];
  const tip = [to[0] - 6 * right, to[1] - 6 * down];
  context.strokeStyle = context.fillStyle = colours.against;
  context.lineWidth = 2.5;
  context.beginPath();
  context.moveTo(from[0] + 6 * right, from[1] + 6 * down);
  context.lineTo(tip[0] - 8 * right, tip[1] - 8 * down);
  context.stroke();
  context.beginPath();
  context.moveTo(...tip);
  context.lineTo(tip[0] - 12 * right - 5.5 * down, tip[1] - 12 * down + 5.5 * right);
  context.lineTo(tip[0] - 12 * right + 5.5 * down, tip[1] - 12 * down - 5.5 * right);
  context.fill();
}

function drawMark(context, [left, top], colours) {
  context.fillStyle = colours.ink;
  context.strokeStyle = colours.ground;
  context.lineWidth = 2;
  context.beginPath();
  context.arc(left, top, 4, 0, 7);
  context.fill();
  context.stroke();
}

/** Labels, marked words first, then the frequent ones, as long as they find room. */
function drawLabels(context, camera, scene) {
  const taken = new Map(); // {cell: [boxes]}, cells as wide as most words
  const write = (place, size, alpha, sides, always = false) => {
    const boxes = sides.map((side) => labelBox(context, camera, scene, place, size, side));
    const box = boxes.find((one) => !isTaken(taken, one)) ?? (always ? boxes[0] : null);
    if (!box) return;
    occupy(taken, box);
    if (outside(box, camera)) return;
    context.globalAlpha = alpha;
    context.strokeText(scene.words[place], box.middle, box.base);
    context.fillText(scene.words[place], box.middle, box.base);
  };
  const { marked, hovered, colours } = scene;
  Object.assign(context, { textAlign: "center", lineJoin: "round", lineWidth: 3 });
  Object.assign(context, { strokeStyle: colours.ground, fillStyle: colours.ink });
  const strong = [...new Set(hovered >= 0 ? [...marked.slice(0, 1), hovered, ...marked] : marked)];
  strong.forEach((place, i) => {
    write(place, i === 0 ? "650 15" : "650 13", 1, sidesOf(scene, place), i === 0 || place === hovered);
  });
  for (let i = 0; i < scene.words.length; i += 1) {
    if (isFar(camera, scene, i) || strong.includes(i)) continue;
    write(i, i < 900 ? "400 12" : "400 11", marked.length > 0 ? 0.72 : 0.95, ABOVE);
  }
  context.globalAlpha = 1;
}

/** Whether a word lies so far outside the picture that its label takes nobody's room there. */
function isFar(camera, { x, y }, place) {
  const [left, top] = camera.toPicture(x[place], y[place]);
  return left < -150 || top < -60 || left > camera.width + 150 || top > camera.height + 60;
}

/** Where a marked word may have its label, the best first: not where an arrow comes from. */
function sidesOf(scene, place) {
  const arrow = scene.arrows.find((pair) => pair.includes(place));
  if (!arrow) return SIDES;
  const other = arrow[0] === place ? arrow[1] : arrow[0];
  return scene.y[other] > scene.y[place] ? [SIDES[1], SIDES[0], ...SIDES.slice(2)] : SIDES;
}

/** The box of a word's label on one side of its dot: [to the right, downwards], each −1, 0 or 1. */
function labelBox(context, camera, { x, y, words, font }, place, size, [right, down]) {
  const [left, top] = camera.toPicture(x[place], y[place]);
  const style = `${size}px ${font}`;
  if (context.font !== style) context.font = style;
  const half = widthOf(context, style, words[place]) / 2 + LABEL_ROOM;
  const middle = left + right * (half + 4);
  const base = top + [-7, 5, 17][down + 1];
  return { left: middle - half, right: middle + half, top: base - 12, bottom: base + 4, middle, base };
}

const widths = new Map(); // measuring is slow, and words keep their widths

function widthOf(context, style, word) {
  const key = `${style} ${word}`;
  if (!widths.has(key)) widths.set(key, context.measureText(word).width);
  return widths.get(key);
}

function outside(box, camera) {
  return box.right < 0 || box.left > camera.width || box.bottom < 0 || box.top > camera.height;
}

function cellsOf(box) {
  const cells = [];
  const [left, right, top, bottom] = [box.left / 90, box.right / 90, box.top / 24, box.bottom / 24].map(Math.floor);
  for (let column = left; column <= right; column += 1) {
    for (let row = top; row <= bottom; row += 1) cells.push(1e5 * column + row);
  }
  return cells;
}

function isTaken(taken, box) {
  const beside = (other) => box.left >= other.right || other.left >= box.right;
  const above = (other) => box.top >= other.bottom || other.top >= box.bottom;
  return cellsOf(box).some((cell) => taken.get(cell)?.some((other) => !beside(other) && !above(other)));
}

function occupy(taken, box) {
  for (const cell of cellsOf(box)) {
    if (!taken.has(cell)) taken.set(cell, []);
    taken.get(cell).push(box);
  }
}
