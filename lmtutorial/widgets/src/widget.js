/*
 * The widget's entry, which anywidget calls: the same explorer as in the book, answered by Python.
 *
 * `model` holds `kind`; `start`, the state that the explorer opens with; `example`, what it shows then, in plain text;
 * and `state`, what the reader sees now, which Python can read. While Python still runs other cells, the text stands
 * there.
 */
import { mount } from "./explorers.js";
import { pythonEngine, wellFormed } from "./python_engine.js";
import { make } from "./ui.js";
import { words } from "./words.js";

export function render({ model, el }) {
  const example = make("pre", {}, model.get("example"));
  const kind = model.get("kind");
  const starting = make("p", {}, words.widget.starting);
  const host = make("div", { class: "lm-explorer", "data-kind": kind }, example, starting);
  el.append(host);
  const engine = pythonEngine(model);

  const onState = (changed, state) => {
    model.set("state", wellFormed(state));
    model.save_changes();
  };
  const config = { id: kind, kind, state: model.get("start"), link: model.get("state"), onState };
  const mounted = mount(host, engine, config);
  mounted.catch((error) => host.replaceChildren(make("p", { role: "alert" }, error.message)));

  return () => {
    engine.close();
    mounted.then((explorer) => explorer.close(), () => {});
  };
}
