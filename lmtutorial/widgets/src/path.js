/*
 * The third explorer: integrated gradients as a walk from the baseline (every word unknown) to the text.
 *
 * At each place of the walk every word has a slope: how fast the model's answer changes as that word comes in. What a
 * word has gathered so far is its slopes added up along the way, and all words together have gathered just what the
 * answer has moved by: at the end of the walk these sums are the attributions, and they are complete.
 */
import { PathChart, SlopeBars } from "./chart.js";
import { button, slider, textField } from "./controls.js";
import { pythonCall, pythonLines, pythonValue } from "./share.js";
import { legendLine, spokenOf, tokenLine, verdictLine, verdictOf } from "./tokens.js";
import { afterPause, fill, largestOf, make, prefersCalm, setText, signed } from "./ui.js";
import { atPlace, gathered } from "./walk.js";
import { words } from "./words.js";

export const PATH_START = { text: "", place: 0.5 };

const PATH_POINTS = 33; // places at which the model is asked; between them slopes go straight
const WALK = 5000; // milliseconds from baseline to text when played

export function pathExplorer(host, engine, state, tools) {
  const explorer = new PathExplorer(host, state, tools);
  explorer.set(state);
  return { set: (wanted) => explorer.set(wanted), python: () => explorer.python(), close: () => explorer.close() };
}

class PathExplorer {
  constructor(host, state, tools) {
    this.tools = tools;
    this.state = state;
    this.turn = 0;
    this.walk = null;
    const follow = afterPause(() => this.ask(), 40);
    const hears = { onInput: (text) => this.typed(text, follow), onEnter: follow.now };
    this.field = textField(words.path.sentence, "", hears);
    this.verdict = verdictLine(tools.about.classes);
    this.tokens = tokenLine(words.path.gathered);
    this.legend = legendLine();
    const range = { min: 0, max: 1, step: 0.01, value: state.place, show: (place) => place.toFixed(2) };
    this.slider = slider(words.path.place, range, (place) => this.moved(place));
    this.play = button(words.path.play, () => this.playOrPause());
    this.chart = new PathChart((place) => this.moved(place));
    this.account = make("p", { class: "lmx-account" });
    this.slopes = new SlopeBars();
    this.result = make("div", { class: "lmx-result" }, this.verdict.element, this.tokens.element, this.legend.element,
      make("div", { class: "lmx-row lmx-walk" }, this.slider.element, this.play),
      this.account, make("div", { class: "lmx-columns" }, this.chart.element, this.slopes.element));
    host.append(
      make("p", { class: "lmx-title" }, words.path.title),
      make("p", { class: "lmx-lead" }, words.path.lead),
      this.field.element, this.result,
    );
  }

  typed(text, follow) {
    this.state.text = text;
    this.tools.save(this.state);
    follow();
  }

  set(state) {
    this.pause();
    this.state = { ...state, place: Math.min(1, Math.max(0, state.place)) };
    this.field.value = state.text;
    this.slider.value = this.state.place;
    this.tools.save(this.state);
    this.ask();
  }

  async ask() {
    const turn = (this.turn += 1);
    const since = performance.now();
    this.result.classList.add("lmx-waiting");
    if (this.state.text.trim() === "") return this.tools.hint(words.common.write_something);
    const request = { do: "path", text: this.state.text, points: PATH_POINTS };
    const onProgress = (share) => turn === this.turn && this.tools.busy(share);
    const answer = await this.tools.ask(request, { onProgress });
    if (!answer || turn !== this.turn) return undefined;
    this.tools.busy(null);
    const sums = gathered(answer.alphas, answer.slopes);
    this.walk = { ...answer, sums, largest: largestOf(sums[sums.length - 1]) };
    this.result.classList.remove("lmx-waiting");
    this.verdict.update({ ...answer, output: answer.outputs[PATH_POINTS - 1], unit: answer.unit ?? "logit" });
    this.legend.update(answer);
    this.chart.setWalk(this.walk);
    this.slopes.setWalk(this.walk);
    this.paint();
    const whole = { ...answer, scores: sums[sums.length - 1] };
    this.tools.say(spokenOf(whole, verdictOf(answer, this.tools.about.classes).text));
    return this.tools.painted(request, since);
  }

  /** The reader's hand, on the slider or on the chart. */
  moved(place) {
    this.pause();
    this.goTo(place);
    this.tools.save(this.state);
  }

  goTo(place) {
    this.state.place = Math.round(100 * place) / 100;
    if (this.slider.value !== this.state.place) this.slider.value = this.state.place;
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.paint();
    });
  }

  /** All that depends on the place. */
  paint() {
    if (!this.walk) return;
    const { place } = this.state;
    const here = atPlace(this.walk, place);
    const total = here.sums.reduce((sum, part) => sum + part, 0);
    this.tokens.update({ ...this.walk, scores: here.sums }, this.walk.largest);
    this.chart.setPlace(place, this.walk.outputs[0] + total);
    this.slopes.update(here.slopes);
    const ends = { baseline: signed(this.walk.outputs[0]), output: signed(here.output) };
    setText(this.account, fill(words.path.account, { ...ends, place: place.toFixed(2), total: signed(total) }));
  }

  playOrPause() {
    if (this.playing) this.pause();
    else this.start();
  }

  /** Walks by itself: smoothly, or in ten steps for who asked for little motion. */
  start() {
    const from = this.state.place >= 1 ? 0 : this.state.place;
    const began = performance.now();
    const calm = prefersCalm();
    setText(this.play, words.path.pause);
    this.playing = setInterval(() => {
      const walked = from + (performance.now() - began) / WALK;
      this.goTo(Math.min(1, calm ? Math.floor(10 * walked) / 10 : walked));
      if (walked >= 1) this.pause();
    }, calm ? WALK / 10 : 30);
  }

  pause() {
    if (!this.playing) return;
    clearInterval(this.playing);
    this.playing = null;
    setText(this.play, words.path.play);
    this.tools.save(this.state);
  }

  close() {
    this.pause();
    this.chart.close();
  }

  python() {
    if (!this.walk) return null;
    const settings = { method: "integrated_gradients", points: PATH_POINTS, rule: "trapezoid", tolerance: null };
    return pythonLines(this.tools.about, pythonCall("lt.explain", ["model", pythonValue(this.walk.text)], settings));
  }
}
