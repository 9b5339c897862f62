/*
 * The widget's entry, which anywidget calls: the same explorer as in the book, answered by Python.
 *
 * `model` holds `kind`; `start`, the state that the explorer opens with; `example`, what it shows then, in plain text; and
 * `state`, what the reader sees now, which Python can read. While Python still runs other cells, the text stands there.
 */
import { mount } from "./explorers.js";
import { pythonEngine, wellFormed } from "./python_engine.js";
import { make } from "./ui.js";
import { words } from "./words.js";

export function render({ model, el }) {
  const example = make("pre", {}, model.get("example"));
  const host = make("div", { class: "lm-explorer", "data-kind": model.get("kind") }, example, make("p", {}, words.widget.starting));
  el.append(host);
  const engine = pythonEngine(model);

  const onState = (changed, state) => {
    model.set("state", wellFormed(state));
    model.save_changes();
  };
  const config = { id: model.get("kind"), kind: model.get("kind"), state: model.get("start"), link: model.get("state"), onState };
  mount(host, engine, config).catch((error) => host.replaceChildren(make("p", { role: "alert" }, error.message)));

  return () => engine.close();
}
