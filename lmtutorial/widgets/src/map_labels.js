/*
 * The labels of the map of words. Marked words, the one asked about and its neighbours, always have theirs, as near to
 * their dots as they find room. Of the others, the most frequent first, those have one that fit.
 *
 * A label keeps its place while the map is moved: which labels fit depends on how near the map is, not on where.
 */
const LABEL_ROOM = 4;
const DOT_ROOM = 5; // around the dot of a marked word
const ABOVE = [0, -1]; // sides of a dot: [to the right, downwards], each −1, 0 or 1
const SIDES = [ABOVE, [0, 1], [1, 0], [-1, 0]];
const CORNERS = [[1, -1], [-1, -1], [1, 1], [-1, 1]];
const AWAY = [0, 15, 30]; // pixels between a label and its usual place, tried in this order

/** Draws the labels of a scene: see drawMap. */
export function drawLabels(context, camera, scene) {
  const { marked, hovered, colours } = scene;
  Object.assign(context, { textAlign: "center", lineJoin: "round" });
  const taken = new Map(); // {cell: [boxes]}, cells as wide as most words
  const strong = [...new Set(hovered >= 0 ? [...marked, hovered] : marked)];
  for (const place of strong) occupy(taken, dotBox(camera, scene, place));
  strong.forEach((place, i) => {
    const size = i === 0 ? "650 15" : "650 13";
    const boxes = placesOf(scene, place).map((side) => labelBox(context, camera, scene, place, size, side));
    const box = boxes.find((one) => !isTaken(taken, one)) ?? boxes[0];
    occupy(taken, box);
    if (box.away > 0) drawLeader(context, camera, scene, place, box);
    write(context, camera, scene.words[place], box, colours, 1);
  });
  for (let i = 0; i < scene.words.length; i += 1) {
    if (isFar(camera, scene, i) || strong.includes(i)) continue;
    const box = labelBox(context, camera, scene, i, i < 900 ? "400 12" : "400 11", [...ABOVE, 0]);
    if (isTaken(taken, box)) continue;
    occupy(taken, box);
    write(context, camera, scene.words[i], box, colours, marked.length > 0 ? 0.72 : 0.95);
  }
  context.globalAlpha = 1;
}

function write(context, camera, word, box, colours, alpha) {
  if (outside(box, camera)) return;
  context.font = box.style;
  Object.assign(context, { globalAlpha: alpha, lineWidth: 3, strokeStyle: colours.ground, fillStyle: colours.ink });
  context.strokeText(word, box.middle, box.base);
  context.fillText(word, box.middle, box.base);
}

/** A thin line from a dot to a label that found room only some way off. */
function drawLeader(context, camera, { x, y, colours }, place, box) {
  const [left, top] = camera.toPicture(x[place], y[place]);
  Object.assign(context, { globalAlpha: 1, lineWidth: 1, strokeStyle: colours.soft });
  context.beginPath();
  context.moveTo(left, top);
  context.lineTo(Math.min(box.right, Math.max(box.left, left)), Math.min(box.bottom, Math.max(box.top, top)));
  context.stroke();
}

/** Whether a word lies so far outside the picture that its label takes nobody's room there. */
function isFar(camera, { x, y }, place) {
  const [left, top] = camera.toPicture(x[place], y[place]);
  return left < -150 || top < -60 || left > camera.width + 150 || top > camera.height + 60;
}

/** Where a marked word may have its label, the best first, as [right, down, away]: not where an arrow comes from. */
function placesOf(scene, place) {
  const arrow = scene.arrows.find((pair) => pair.includes(place));
  const other = arrow?.[arrow[0] === place ? 1 : 0];
  const below = arrow && scene.y[other] > scene.y[place];
  const sides = [...(below ? [SIDES[1], SIDES[0], ...SIDES.slice(2)] : SIDES), ...CORNERS];
  return AWAY.flatMap((away) => sides.map((side) => [...side, away]));
}

/** The box of a word's label on one side of its dot, as near as it goes or some pixels away. */
function labelBox(context, camera, { x, y, words, font }, place, size, [right, down, away]) {
  const [left, top] = camera.toPicture(x[place], y[place]);
  const style = `${size}px ${font}`;
  const half = widthOf(context, style, words[place]) / 2 + LABEL_ROOM;
  const middle = left + right * (half + 4 + away);
  const base = top + [-7, 5, 17][down + 1] + down * away;
  const edges = { left: middle - half, right: middle + half, top: base - 12, bottom: base + 4 };
  return { ...edges, middle, base, style, away, owner: place };
}

/** The box of a word's dot, over which no label but its own may lie. */
function dotBox(camera, { x, y }, place) {
  const [left, top] = camera.toPicture(x[place], y[place]);
  const edges = { left: left - DOT_ROOM, right: left + DOT_ROOM, top: top - DOT_ROOM, bottom: top + DOT_ROOM };
  return { ...edges, owner: place };
}

const widths = new Map(); // measuring is slow, and words keep their widths

function widthOf(context, style, word) {
  const key = `${style} ${word}`;
  if (!widths.has(key)) {
    context.font = style;
    widths.set(key, context.measureText(word).width);
  }
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

/** Whether a box would lie over one of another word. */
function isTaken(taken, box) {
  const beside = (other) => box.left >= other.right || other.left >= box.right;
  const above = (other) => box.top >= other.bottom || other.top >= box.bottom;
  const covers = (other) => other.owner !== box.owner && !beside(other) && !above(other);
  return cellsOf(box).some((cell) => taken.get(cell)?.some(covers));
}

function occupy(taken, box) {
  for (const cell of cellsOf(box)) {
    if (!taken.has(cell)) taken.set(cell, []);
    taken.get(cell).push(box);
  }
}
