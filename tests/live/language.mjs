// The computing parts of the explorers of language, without a page: one function for each question on standard input.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const library = await import(pathToFileURL(process.argv[2]));
const { MapCamera, contextOf, drawLabels, measuresOf, spansOfWritten, writtenPower } = library;
const { TEMPERATURE, TOP_K, TOP_P, pythonSampling, samplingOf, withinSampling } = library;

/** What becomes of points of a picture on the map and back, of a place under the wheel, and of a view of places. */
function camera({ width, height, points, places }) {
  const seen = Object.assign(new MapCamera(), { width, height });
  seen.zoomBy(3, 40, 50);
  seen.moveBy(-20, 10);
  const back = points.map((point) => seen.toPicture(...seen.toMap(...point)));
  const under = seen.toMap(...points[0]);
  const kept = seen.zoomBy(1.5, ...points[0]);
  const still = seen.toMap(...points[0]);
  Object.assign(seen, seen.viewOf(places));
  return { back, under, kept, still, framed: places.map((place) => seen.toPicture(...place)) };
}

/** The labels that are drawn for each scene, in their order, with their boxes, when a letter is as wide as most are. */
function labels({ width, height, map, scenes }) {
  return scenes.map(({ marked, hovered }) => {
    const seen = Object.assign(new MapCamera(), { width, height });
    Object.assign(seen, seen.viewOf(marked.map((place) => [map.x[place], map.y[place]])));
    const drawn = [];
    const context = {
      measureText: (text) => ({ width: 0.6 * parseInt(context.font.split(" ")[1], 10) * text.length }),
      fillText(text, middle, base) {
        const half = context.measureText(text).width / 2;
        drawn.push({ text, left: middle - half, right: middle + half, top: base - 10, bottom: base + 2 });
      },
      strokeText() {}, beginPath() {}, moveTo() {}, lineTo() {}, stroke() {},
    };
    drawLabels(context, seen, { ...map, marked, hovered, arrows: [], colours: {}, font: "sans-serif" });
    return { drawn, dots: marked.map((place) => seen.toPicture(map.x[place], map.y[place])) };
  });
}

/** What becomes of values that are set on a slider: their place, and the value of that place as it is shown. */
function sliders(wanted) {
  const kinds = { temperature: TEMPERATURE, top_k: TOP_K, top_p: TOP_P };
  return Object.entries(wanted).map(([name, values]) => values.map((value) => {
    const { placeOf, valueAt, show } = kinds[name];
    return [valueAt(placeOf(value)), show(value)];
  }));
}

const ANSWERS = {
  camera,
  labels,
  sliders,
  starts: () => Object.fromEntries(Object.entries(library).filter(([name]) => name.endsWith("_START"))),
  measures: measuresOf,
  powers: (powers) => powers.map(writtenPower),
  spans: spansOfWritten,
  contexts: ({ state, written, places }) => places.map((place) => contextOf({ ...state, place }, written)),
  sampling: (states) => states.map((state) => [samplingOf(withinSampling(state)), pythonSampling(withinSampling(state))]),
};

const { question, given } = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(ANSWERS[question](given)));
