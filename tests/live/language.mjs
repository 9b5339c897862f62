// The computing parts of the explorers of language, without a page: one function for each question on standard input.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { MapCamera, contextOf, measuresOf, pythonSampling, samplingOf, spansOfWritten, withinSampling, writtenPower } =
  await import(pathToFileURL(process.argv[2]));

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

const ANSWERS = {
  camera,
  measures: measuresOf,
  powers: (powers) => powers.map(writtenPower),
  spans: spansOfWritten,
  contexts: ({ state, written, places }) => places.map((place) => contextOf({ ...state, place }, written)),
  sampling: (states) => states.map((state) => [samplingOf(withinSampling(state)), pythonSampling(withinSampling(state))]),
};

const { question, given } = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(ANSWERS[question](given)));
