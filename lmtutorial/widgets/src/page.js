/*
 * The book's script: brings the explorers of a page to life.
 *
 * Each stands in the page as <div class="lm-explorer" data-kind data-model data-state> with a stored example inside.
 * When one comes within a screen of the reader, its model is loaded and its first answer computed; only then does the
 * live explorer take the example's place. Where that fails, a message says so and the example stays. One without a
 * model (a reader's own, which no page has) is left as it is.
 */
import { mountExplorer } from "./card.js";
import { fromScript, pageEngines } from "./page_engine.js";
import { PARTS, SHARED } from "./parts.js";
import { readLink, writeLink } from "./share.js";
import { STYLES } from "./styles.js";
import { fill, make, setText } from "./ui.js";
import { words } from "./words.js";

// The models lie beside the folder of this script. Only while the script first runs does the page know which it is.
const home = document.currentScript.src;
const bookModels = pageEngines(new URL("../lm-models/", home).href);
const live = new Map(); // {host: promise of its explorer}
const parts = new Map(); // {name of a part: promise of its explorers}
const UNNOTICED = 400; // milliseconds of loading that nobody is told of

/** Loads, computes and shows an explorer; asked again, gives back the same promise. */
function wake(host, link) {
  if (!live.has(host)) live.set(host, bringToLife(host, link).catch((error) => tellFailure(host, error)));
  return live.get(host);
}

async function bringToLife(host, link) {
  const loading = Promise.all([explorerOf(host.dataset.kind), bookModels.engineOf(host.dataset.model)]);
  tellLoading(host, loading);
  const [explorer, engine] = await loading;
  return mountExplorer(host, engine, explorer, {
    id: host.id,
    state: JSON.parse(host.dataset.state || "{}"),
    link,
    linkTo: (changed) => location.href.split("#")[0] + writeLink(host.id, changed),
    onState: (changed) => showInAddress(host.id, changed),
  });
}

/** A line above the example for as long as that is to be seen, if loading takes long enough to be noticed. */
function tellLoading(host, loading) {
  const line = make("p", { class: "lmx-loading", role: "status", "aria-live": "polite" });
  host.prepend(line); // empty: screen readers speak only of what changes in a line that they know
  const show = (bytes) => {
    const sized = fill(words.common.loading_size, { size: (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0) });
    setText(line, bytes ? sized : words.common.loading);
  };
  const timer = setTimeout(() => {
    show(null);
    bookModels.bytesOf(host.dataset.model).then(show);
  }, UNNOTICED);
  loading.then(() => clearTimeout(timer), () => clearTimeout(timer));
}

/** The explorer of a kind. Explorers come in scripts of their own, each when one of its kinds is first asked for. */
async function explorerOf(kind) {
  const [part, file] = PARTS[kind];
  if (!parts.has(part)) parts.set(part, loadPart(part, file));
  return (await parts.get(part))[kind];
}

async function loadPart(part, file) {
  const [, build] = await fromScript(new URL(file, home).href, "lmExplorerPart", (given) => given === part);
  const { explorers, styles } = build(SHARED);
  document.head.append(make("style", {}, styles));
  return explorers;
}

/** The address of the page follows the explorer that the reader touched last; that is what makes it a link. */
function showInAddress(id, changed) {
  const asAuthored = Object.keys(changed).length === 0;
  history.replaceState(history.state, "", asAuthored ? location.href.split("#")[0] : writeLink(id, changed));
}

function tellFailure(host, error) {
  host.classList.add("lm-explorer-failed");
  host.querySelector(".lmx-loading")?.remove();
  const text = fill(words.common.failed, { reason: error.message });
  host.prepend(make("p", { class: "lmx-message lmx-warning", role: "status" }, text));
  return null;
}

/** Shows the explorer that the address names: at the start, and when a link within the page changes the address. */
async function followAddress() {
  const link = readLink(location.hash);
  const host = link && document.getElementById(link.id);
  if (!host?.matches(".lm-explorer[data-model]") || !(host.dataset.kind in PARTS)) return;
  host.scrollIntoView({ block: "start" });
  const awake = live.has(host);
  const explorer = await wake(host, link.state);
  if (awake) explorer?.set(link.state);
}

function start() {
  const hosts = [...document.querySelectorAll(".lm-explorer[data-model]:not([data-taken])")];
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries.filter(({ isIntersecting }) => isIntersecting)) {
      observer.unobserve(entry.target);
      wake(entry.target, {});
    }
  }, { rootMargin: "100% 0px" });
  followAddress();
  for (const host of hosts.filter(({ dataset }) => dataset.kind in PARTS)) {
    host.setAttribute("data-taken", "");
    observer.observe(host);
  }
  window.addEventListener("hashchange", followAddress);
}

document.documentElement.classList.add("lm-waking"); // before the page is drawn: see explorer.css
document.head.append(make("style", {}, STYLES));
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
