/*
 * The card that every explorer lives in.
 *
 * An explorer is a function `(host, engine, state, tools)`: it fills the empty element `host`, asks `engine` what it
 * needs to know about `state`, and gives back { set(state), python() }; and close() if it listens to more than its own
 * elements. It leaves to its card what all explorers share: messages, the spoken line, progress, links, and the buttons
 * at the foot.
 */
import { button, copyField } from "./controls.js";
import { changedFrom } from "./share.js";
import { Stale } from "./stale.js";
import { afterPause, fill, make, setText, withDefaults } from "./ui.js";
import { words } from "./words.js";

/**
 * Builds an explorer. What stood in `host` (the stored example) is replaced only when the first answer is drawn.
 *
 * @param {Element} host
 * @param {{ask: function}} engine
 * @param {{build: function, start: object, title: string}} explorer `start` is its state where nobody chose another
 * @param {{id: string, state: object, link?: object, onState?: function, linkTo?: function}} config
 *   `state` is the author's example, `link` what a reader's link changes in it; `onState(changed, state)` hears what
 *   the reader changes, `linkTo(changed)` makes an address of it (without it there is no button for links).
 * @returns {Promise<{set: function, close: function}>} `set(state)` shows another state; what it leaves out is the
 *   author's. `close()` is for a page that takes the explorer away and lives on.
 */
export async function mountExplorer(host, engine, { build, start, title }, config) {
  const about = await engine.ask({ do: "about" }, { slot: `${config.id}:about` });
  const initial = withDefaults(config.state ?? {}, start);
  const card = cardFor(host, engine, { ...config, about, initial, title });
  const explorer = build(card.body, engine, withDefaults(config.link ?? {}, initial), card.tools);
  card.connect(explorer);
  return { set: (state) => explorer.set(withDefaults(state, initial)), close: () => explorer.close?.() };
}

/** The card: a body for the explorer, a line for messages, progress, a spoken line, and the buttons. */
function cardFor(host, engine, config) {
  const body = make("div", { class: "lmx-body" });
  const foot = make("div", { class: "lmx-foot" });
  const spoken = make("p", { class: "lmx-hidden", "aria-live": "polite" });
  const progress = make("progress", { class: "lmx-progress", max: 1, value: 0, "aria-label": words.common.progress });
  const messages = messageLine();
  const parts = [progress, body, messages.element, foot, spoken];
  const card = make("div", { class: "lmx", role: "group", "aria-label": config.title }, parts);
  const reveal = () => {
    if (card.isConnected) return;
    host.replaceChildren(card);
    host.setAttribute("data-live", "");
    host.dispatchEvent(new CustomEvent("lm-explorer-ready", { bubbles: true }));
  };
  const sharing = sharedState(config);
  const busy = busyWith(progress);
  const tools = {
    id: config.id, about: config.about, save: sharing.save, busy,
    ask: askingWith(engine, config.id, (slot, text) => {
      messages.complain(slot, text);
      if (text === "") return;
      busy(null);
      reveal();
    }),
    ...tellingTools(host, { messages, spoken, busy, reveal }),
  };
  return { body, tools, connect: (explorer) => foot.append(...footOf(explorer, sharing, config)) };
}

/** One line for a hint, or for the complaints of the questions that failed, by their slots. */
function messageLine() {
  const element = make("p", { class: "lmx-message", role: "status", hidden: true });
  const complaints = new Map();

  function show(hint = "") {
    const text = hint || [...new Set(complaints.values())].join(" ");
    setText(element, text);
    element.className = `lmx-message ${hint ? "lmx-hint" : "lmx-warning"}`;
    element.hidden = text === "";
  }
  return {
    element,
    hint(text) {
      complaints.clear();
      show(text);
    },
    complain(slot, text) {
      complaints.delete(slot);
      if (text) complaints.set(slot, text);
      show();
    },
  };
}

/** Progress of slow work, 0 to 1; null when it is done. Quick work never shows it. */
function busyWith(progress) {
  return (share) => {
    progress.value = share ?? 0;
    progress.classList.toggle("lmx-busy", share !== null);
  };
}

/** `ask` for an explorer: its slots are its own, and where there is nothing to paint the answer is null. */
function askingWith(engine, id, complain) {
  return async (request, { slot = "main", onProgress } = {}) => {
    try {
      const answer = await engine.ask(request, { slot: `${id}:${slot}`, onProgress });
      complain(slot, "");
      return answer;
    } catch (error) {
      if (!(error instanceof Stale)) complain(slot, error.message);
      return null;
    }
  };
}

/** What an explorer may say: a hint, a spoken sentence, and that it has painted. */
function tellingTools(host, { messages, spoken, busy, reveal }) {
  let sentence = "";
  const speak = afterPause(() => setText(spoken, sentence), 900);
  return {
    /** A calm line below the explorer ("write a sentence"); the empty text takes it and all complaints away. */
    hint(text) {
      messages.hint(text);
      busy(null);
      reveal();
    },
    /** Speaks to screen readers once the reader pauses. */
    say(text) {
      sentence = text;
      speak();
    },
    /** To be called after every repaint, with the request and the moment (performance.now()) that it was made. */
    painted(request, since) {
      reveal();
      afterPaint(() => {
        const detail = { milliseconds: performance.now() - since, request };
        host.dispatchEvent(new CustomEvent("lm-explorer-painted", { bubbles: true, detail }));
      });
    },
  };
}

/** Runs a task once the browser has drawn what was changed; in a hidden page, which is never drawn, soon. */
function afterPaint(task) {
  if (document.hidden) setTimeout(task, 0);
  else requestAnimationFrame(() => setTimeout(task, 0));
}

/** The reader's changes, told to the page after a pause. */
function sharedState(config) {
  const listeners = [];
  let current = withDefaults(config.link ?? {}, config.initial);
  const tellPage = afterPause(() => config.onState?.(changedFrom(current, config.initial), current), 250);
  return {
    save(state) {
      if (JSON.stringify(state) === JSON.stringify(current)) return;
      current = { ...state };
      tellPage();
      for (const listener of listeners) listener();
    },
    onChange: (listener) => listeners.push(listener),
    changed: () => changedFrom(current, config.initial),
  };
}

/** The buttons at the foot, and where they put what is copied. */
function footOf(explorer, sharing, config) {
  const copied = copyField();
  const say = { copied: words.common.copied, by_hand: words.common.copy_by_hand };
  sharing.onChange(copied.hide); // what was copied is no longer what is shown
  const reset = button(words.common.reset, () => explorer.set({ ...config.initial }), { quiet: true });
  const link = button(words.common.copy_link, () => {
    copied.show(config.linkTo(sharing.changed()), { ...say, label: words.common.the_link });
  }, { quiet: true });
  const python = button(words.common.copy_python, () => {
    const lines = explorer.python();
    if (lines) copied.show(lines, { ...say, label: words.common.the_python });
  }, { quiet: true });
  const name = make("span", { class: "lmx-model" }, fill(words.common.model, { name: config.about.name }));
  return [make("div", { class: "lmx-buttons" }, reset, config.linkTo ? link : null, python, name), copied.element];
}
