/*
 * A map of words. A word's neighbours, found by the cosine in all fifty dimensions, beside the map that had to press
 * them into two; and analogies, a is to b as c is to what?, on the map and in the plane of their own.
 */
import { AnalogyFields } from "./analogy_fields.js";
import { radios } from "./controls.js";
import { MapCanvas } from "./map_canvas.js";
import { analogyItems, neighbourItems } from "./map_lists.js";
import { MapPlane, measuresOf } from "./map_plane.js";
import { pythonCall, pythonValue } from "./share.js";
import { afterPause, fill, make, setText } from "./ui.js";
import { wordField } from "./word_field.js";
import { words } from "./words.js";

export const MAP_START = { question: "near", word: "film", a: "man", b: "king", c: "woman", view: "map" };

const MAP_LISTED = 8;
const QUESTIONS = ["near", "analogy"];
const VIEWS = ["map", "plane"];

export function mapExplorer(host, engine, state, tools) {
  const explorer = new MapExplorer(host, tools);
  explorer.set(state);
  return { set: (wanted) => explorer.set(wanted), python: () => explorer.python(), close: () => explorer.close() };
}

class MapExplorer {
  constructor(host, tools) {
    this.host = host;
    this.tools = tools;
    const questions = QUESTIONS.map((value) => ({ value, label: words.map.questions[value] }));
    const views = VIEWS.map((value) => ({ value, label: words.map.views[value] }));
    this.question = radios(words.map.question, questions, "near", (question) => this.change({ question }));
    this.view = radios(words.map.view, views, "map", (view) => this.change({ view }));
    this.settle = afterPause(() => this.takeWord(), 200); // many words begin with another
    this.search = wordField(words.map.search, {
      onInput: (word) => {
        this.suggest(this.search, word);
        this.settle();
      },
      onEnter: (word) => this.change({ word }),
    });
    this.three = new AnalogyFields({
      onChange: (part, settled) => this.typeAnalogy(part, settled),
      onType: (field, typed) => this.suggest(field, typed),
    });
    this.title = make("p", { class: "lmx-subtitle" });
    this.list = make("ol", { class: "lmx-neighbours" });
    this.note = make("p", { class: "lmx-note" });
    this.picture = make("div");
  }

  /** The words and their places are asked for once; everything else follows. */
  async load() {
    const data = await this.tools.ask({ do: "map" }, { slot: "map" });
    if (!data || this.closed) return false;
    this.data = data;
    this.places = new Map(data.words.map((word, place) => [word, place]));
    const [choose, aim] = [(place) => this.press(data.words[place]), (place) => this.tools.say(data.words[place])];
    this.canvas = new MapCanvas(data, choose, aim);
    this.plane = new MapPlane();
    const asked = [this.question, this.search, this.three, this.view].map((part) => part.element);
    const panel = make("div", { class: "lmx-map-panel" },
      make("div", {}, asked, this.note), make("div", {}, this.title, this.list));
    this.host.append(
      make("p", { class: "lmx-title" }, words.map.title),
      make("p", { class: "lmx-lead" }, fill(words.map.lead, { count: data.words.length.toLocaleString("en") })),
      make("div", { class: "lmx-map" }, this.picture, panel),
      make("p", { class: "lmx-note" }, words.map.flat),
      make("p", { class: "lmx-note" }, words.map.hands),
    );
    return true;
  }

  /** Shows a whole state, as at the start, after a reset, or from a link. */
  async set(state) {
    this.wanted = state;
    this.loading ??= this.load(); // once, though a link may come while it is under way
    if (!(await this.loading) || this.wanted !== state) return;
    const question = QUESTIONS.includes(state.question) ? state.question : "near";
    this.state = { ...state, question, view: VIEWS.includes(state.view) ? state.view : "map" };
    this.question.value = this.state.question;
    this.view.value = this.state.view;
    this.search.value = this.state.word;
    this.three.set(this.state);
    this.tools.save(this.state);
    this.ask();
  }

  /** Ends what listens to the page, which lives on without this map. */
  close() {
    this.closed = true;
    this.canvas?.close();
    this.plane?.close();
  }

  change(part) {
    Object.assign(this.state, part);
    this.tools.save(this.state);
    this.ask();
  }

  /** A word was pressed, on the map or in a list: its neighbours are asked for. */
  press(word) {
    this.search.value = word;
    this.question.value = "near";
    this.change({ word, question: "near" });
  }

  suggest(field, typed) {
    const begin = typed === "" ? [] : this.data.words.filter((word) => word.startsWith(typed));
    field.offer(begin.slice(0, 10));
  }

  takeWord() {
    const word = this.search.value;
    if (word !== this.state.word && (word === "" || this.places.has(word))) this.change({ word });
  }

  typeAnalogy(part, settled) {
    Object.assign(this.state, part);
    this.tools.save(this.state);
    const { a, b, c } = this.state;
    if (settled || [a, b, c].every((word) => this.places.has(word))) this.ask();
  }

  ask() {
    const analogy = this.state.question === "analogy";
    this.search.element.hidden = analogy;
    this.three.element.hidden = this.view.element.hidden = !analogy;
    const shown = analogy && this.state.view === "plane" ? this.plane.element : this.canvas.element;
    if (this.picture.firstChild !== shown) this.picture.replaceChildren(shown);
    if (analogy) return this.askAnalogy();
    return this.state.word === "" ? this.showNothing() : this.askNeighbours();
  }

  /** The cosines of all words with the one chosen: the best are listed, all tint their dots. */
  async askNeighbours() {
    const since = performance.now();
    const { word } = this.state;
    const request = { do: "near", plus: [word], minus: [], top: this.data.words.length };
    const answer = await this.tools.ask(request);
    if (!answer || this.state.word !== word) return;
    this.found = { near: word };
    const nearest = answer.words.slice(0, MAP_LISTED);
    const place = this.places.get(word);
    const others = nearest.map((one) => this.places.get(one.word));
    const lines = others.map((other) => [place, other]);
    this.canvas.show({ cosines: this.cosinesOf(word, answer.words), marked: [place, ...others], lines, arrows: [] });
    this.canvas.frameWords([place, ...others]);
    const kept = fill(words.map.kept, { kept: this.alsoNear(place, others), count: others.length });
    this.list.replaceChildren(...neighbourItems(nearest, (chosen) => this.press(chosen)));
    this.tell(fill(words.map.near, { word }), `${words.map.cosine_note} ${kept}`);
    const names = nearest.slice(0, 3).map((one) => one.word);
    this.tools.say(fill(words.map.spoken, { word, words: names.join(", ") }));
    this.tools.painted(request, since);
  }

  /** The cosine of each word of the map, in its order, with a word: 1 with itself. */
  cosinesOf(word, found) {
    const cosines = new Float64Array(this.data.words.length);
    for (const one of [{ word, cosine: 1 }, ...found]) cosines[this.places.get(one.word)] = one.cosine;
    return cosines;
  }

  /** How many of the true neighbours are also among as many nearest words on the flat map. */
  alsoNear(place, neighbours) {
    const { x, y } = this.data;
    const apart = (other) => Math.hypot(x[other] - x[place], y[other] - y[place]);
    const all = Array.from(x, (_, other) => apart(other)).sort((one, two) => one - two); // the word itself comes first
    return neighbours.filter((other) => apart(other) <= all[neighbours.length]).length;
  }

  /** The whole map, as long as no word is chosen. */
  showNothing() {
    this.found = null;
    this.canvas.show({ cosines: null, marked: [], lines: [], arrows: [] });
    this.canvas.fly({ x: 0, y: 0, zoom: 1 });
    this.list.replaceChildren();
    this.tell("", words.map.choose);
    this.tools.painted({ do: "map" }, performance.now());
  }

  /** The words nearest to b − a + c. */
  async askAnalogy() {
    const since = performance.now();
    const { a, b, c, view } = this.state;
    if (a === "" || b === "" || c === "") return this.tools.hint(words.map.three);
    const request = { do: "analogy", a, b, c, top: MAP_LISTED };
    const answer = await this.tools.ask(request);
    if (!answer || this.state.question !== "analogy") return undefined;
    this.found = { analogy: [a, b, c] };
    const best = answer.words[0].word;
    const [from, to, other, found] = [a, b, c, best].map((word) => this.places.get(word));
    const arrows = [[from, to], [other, found]];
    this.canvas.show({ cosines: null, marked: [from, to, other, found], lines: [], arrows });
    if (view === "map") this.canvas.frameWords([from, to, other, found]);
    this.plane.update(answer, { a, b, c });
    const { cosines, away, seen } = measuresOf(answer);
    this.list.replaceChildren(...analogyItems(answer.words, { a, b, c }, cosines, (chosen) => this.press(chosen)));
    const flat = fill(words.map.plane_note, { found: best, away: away.toFixed(2), seen: seen.toFixed(2) });
    const sentence = fill(words.map.analogy, { a, b, c, found: best });
    this.tell(sentence, view === "map" ? words.map.analogy_note : flat);
    this.tools.say(sentence);
    return this.tools.painted(request, since);
  }

  tell(title, note) {
    setText(this.title, title);
    setText(this.note, note);
  }

  /** The call that computes the list, and how to ask the whole file. */
  python() {
    if (!this.found) return null;
    const { near, analogy } = this.found;
    const [name, asked] = near ? ["near", [pythonValue([near])]] : ["analogy", analogy.map(pythonValue)];
    const whole = near
      ? pythonCall("most_similar", [pythonValue(near)])
      : pythonCall("most_similar", [], { positive: analogy.slice(1), negative: analogy.slice(0, 1) });
    return [
      `from lmtutorial.widgets.map_data import ${name}`, "", `print(${pythonCall(name, asked, { top: MAP_LISTED })})`, "",
      `# ${words.map.python_note}`, "from lmtutorial import embeddings", `print(embeddings.load_glove().${whole})`,
    ].join("\n");
  }
}
