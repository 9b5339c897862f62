/*
 * The map of words on a canvas: a dot for each word; lines to neighbours and arrows between words; and labels (see
 * map_labels.js).
 */
import { drawLabels } from "./map_labels.js";

const FAR_COSINE = 0.4; // dots are tinted from here on
const DOT_STEPS = 8;

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
