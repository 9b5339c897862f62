"""The widget in a real JupyterLab: typed into, overtaken, failed, restarted; and its example where nothing runs."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import nbformat
import pytest
from nbconvert import HTMLExporter

import lmtutorial as lt
from tools.execute import execute, tidy
from tools.notebooks import WIDGET

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TEXT, TOKEN = "A gorgeous, moving film.", "only-on-this-machine"
CELLS = [
    f"import lmtutorial as lt\nexplorer = lt.explore(text={TEXT!r}, method='occlusion')\nexplorer",
    # a text with "slow" in it is answered late, one with "boom" not at all
    "import time\n"
    "from lmtutorial.widgets import widget\n"
    "engine = widget.answer\n"
    "def answer(model, request):\n"
    "    if 'slow' in request.get('text', ''):\n"
    "        time.sleep(3)\n"
    "    if 'boom' in request.get('text', ''):\n"
    "        raise RuntimeError('the model fell over')\n"
    "    return engine(model, request)\n"
    "widget.answer = answer\n"
    "print('ready')",
    "explorer.state['text'].upper()",
]
KINDS = [
    "import keras\n"
    "import lmtutorial as lt\n"
    "from IPython.display import display\n"
    "words = lt.Preprocessor.fit(list(lt.load_reviews()['text'][:300]))\n"
    "ids = keras.Input((None,), dtype='int32')\n"
    "vectors = keras.layers.Embedding(len(words.vocabulary), 8, mask_zero=True)(ids)\n"
    "rating = keras.Model(ids, keras.layers.Dense(1)(keras.layers.LSTM(6)(vectors)))\n"
    "mine = lt.TextClassifier.from_keras(rating, words)\n"
    f"display(lt.explore(mine, {TEXT!r}), lt.explore('wiki-lstm', 'In the war', kind='sentence'))\n"
    "others = ('methods', 'path', 'softmax', 'next_word', 'map', 'lens_grid', 'patching_grid')\n"
    "display(*(lt.explore(kind=kind) for kind in others))\n"
    "print('all shown')"
]


def notebook(sources=CELLS) -> nbformat.NotebookNode:
    new = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    tidy(new)
    return new


@contextmanager
def jupyterlab(folder):
    """The address of a JupyterLab that serves a folder and nobody else."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {f"JUPYTER{kind}": str(folder / kind.lower()) for kind in ("_CONFIG_DIR", "_RUNTIME_DIR", "LAB_SETTINGS_DIR")}
    own["JUPYTERLAB_WORKSPACES_DIR"] = str(folder / "workspaces")
    address, settings = f"http://127.0.0.1:{port}", {"token": TOKEN, "ip": "127.0.0.1", "port": port, "port_retries": 0}
    settings |= {"root_dir": str(folder), "open_browser": False, "allow_root": True}
    command = [sys.executable, "-m", "jupyterlab", *(f"--ServerApp.{key}={value}" for key, value in settings.items())]
    with open(folder / "log.txt", "w", encoding="utf-8") as log:
        server = subprocess.Popen(command, cwd=folder, env={**os.environ, **own}, stdout=log, stderr=log)
        try:
            _wait_for(f"{address}/api/status?token={TOKEN}", server, folder / "log.txt")
            yield address
        finally:
            server.terminate()
            server.wait(30)


def _wait_for(address, server, log):
    for _ in range(240):
        assert server.poll() is None, log.read_text(encoding="utf-8")[-2000:]
        try:
            return urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.25)
    pytest.fail(f"JupyterLab did not start: {log.read_text(encoding='utf-8')[-2000:]}")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    nbformat.write(notebook(), folder / "explorer.ipynb")
    nbformat.write(notebook(KINDS), folder / "kinds.ipynb")
    with jupyterlab(folder) as found:
        yield found


@contextmanager
def opened(chromium, address, name):
    """A page with a notebook open in JupyterLab, and nothing allowed but this one server."""
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.refused, page.troubles = [], []
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    page.route(lambda url: not url.startswith((address, "data:", "blob:")), lambda route: _refuse(page, route))
    page.goto(f"{address}/lab/workspaces/{name}/tree/{name}.ipynb?token={TOKEN}")
    idle(page)
    yield page
    page.context.close()


def idle(page):
    """Wait for a kernel that has nothing to do: before it is there, cells are not run but cleared."""
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)


def _refuse(page, route):
    page.refused.append(route.request.url)
    route.abort()


@pytest.fixture(scope="module")
def lab(chromium, address):
    """The notebook of one explorer, all cells run."""
    with opened(chromium, address, "explorer") as page:
        run_all(page)
        yield page


def menu(page, name, item):
    page.get_by_role("menuitem", name=name, exact=True).click()
    page.locator(".lm-Menu-itemLabel").get_by_text(item, exact=True).click()


def run_all(page):
    """Run all cells, and wait until the last one has printed and the explorer is drawn."""
    menu(page, "Run", "Run All Cells")
    page.get_by_text("ready", exact=True).wait_for(timeout=60_000)
    page.wait_for_selector(".lm-explorer[data-live]", timeout=60_000)
    page.evaluate(
        """() => {
          window.painted = [];
          document.querySelector(".lm-explorer").addEventListener("lm-explorer-painted", (event) => {
            window.painted.push(event.detail.request.text);
          });
        }"""
    )


@pytest.fixture
def explorer(lab):
    """The explorer, with nothing painted yet in this test."""
    lab.evaluate("window.painted.length = 0")
    return lab.locator(".lm-explorer")


def write(lab, text):
    """Type a text in place of the one that stands there, key by key."""
    area = lab.locator(".lm-explorer textarea").first
    area.click()
    area.press("Control+a")
    area.press_sequentially(text, delay=5)
    return area


def painted(lab, text):
    lab.wait_for_function("(text) => window.painted.includes(text)", arg=text, timeout=30_000)


def shown(explorer) -> tuple[list[str], list[str]]:
    """Words and numbers as they stand in the explorer."""
    words, numbers = explorer.locator(".lmx-token .lmx-word"), explorer.locator(".lmx-token .lmx-score")
    return words.all_inner_texts(), numbers.all_inner_texts()


def test_typing_shows_what_lt_explain_computes(lab, explorer):
    text = "It has all the excitement of eating oatmeal."
    write(lab, text)
    painted(lab, text)
    e = lt.explain(lt.load_model("reviews-lstm"), text, method="occlusion")
    assert shown(explorer) == (e.tokens, [lt.render.number(score) for score in e.scores])
    assert f"{1 - e.diagnostics['probability']:.0%}".replace("%", " %") in explorer.locator(".lmx-verdict").inner_text()
    assert lab.refused == [] and lab.troubles == []


def test_another_method_explains_the_same_text(lab, explorer):
    text = "not a bad film"
    write(lab, text)
    painted(lab, text)
    lab.evaluate("window.painted.length = 0")
    explorer.get_by_label("LIME").check()
    painted(lab, text)
    settings = {"sampling": "authors", "num_samples": 500, "seed": 0}
    e = lt.explain(lt.load_model("reviews-lstm"), text, method="lime", **settings)
    assert shown(explorer)[1] == [lt.render.number(score) for score in e.scores]
    explorer.get_by_label("occlusion").check()


def test_offsets_hold_behind_an_emoji_and_typed_html_is_text(lab, explorer):
    text = "😀 a <img src=x onerror=alert(1)> fine film"
    write(lab, text)
    painted(lab, text)
    assert shown(explorer)[0] == ["a", "img", "src", "x", "onerror", "alert", "1", "fine", "film"]
    assert explorer.locator("img").count() == 0


def test_a_slow_answer_never_overwrites_a_newer_one(lab, explorer):
    write(lab, "a slow film")
    lab.wait_for_timeout(500)  # it is on its way to Python, which sleeps over it
    write(lab, "a dull film")
    painted(lab, "a dull film")
    lab.wait_for_timeout(500)
    assert shown(explorer)[0] == ["a", "dull", "film"]
    assert "a slow film" not in lab.evaluate("window.painted")


def test_a_failure_is_a_message_and_the_widget_answers_afterwards(lab, explorer):
    write(lab, "a boom film")
    explorer.get_by_text("the model fell over").wait_for(timeout=10_000)
    write(lab, "qzxv")
    explorer.get_by_text("the model knows none of the words of 'qzxv'").wait_for(timeout=10_000)
    write(lab, "a fine film")
    painted(lab, "a fine film")
    assert shown(explorer)[0] == ["a", "fine", "film"]
    assert explorer.get_by_text("knows none of the words").count() == 0


def test_keys_stay_in_the_text_area(lab, explorer):
    """Enter would run the cell, arrows would leave it, and single letters are commands of JupyterLab."""
    cells, counts = lab.locator(".jp-Cell").count(), lab.locator(".jp-InputPrompt").all_inner_texts()
    area = write(lab, "dd film")
    for key in ["ArrowUp", "ArrowDown", *["ArrowLeft"] * 4]:
        area.press(key)
    area.press_sequentially("x y a b c z m 00 ", delay=5)
    area.press("Enter")
    painted(lab, area.input_value())
    assert area.evaluate("(area) => area === document.activeElement")
    assert area.input_value() == "dd x y a b c z m 00 film"
    assert lab.locator(".jp-Cell").count() == cells
    assert lab.locator(".jp-InputPrompt").all_inner_texts() == counts


def test_python_reads_what_the_reader_sees(lab, explorer):
    write(lab, "a quiet film")
    painted(lab, "a quiet film")
    lab.wait_for_timeout(500)  # the state is told after a pause
    lab.locator(".jp-CodeCell .cm-content").nth(2).click()
    lab.keyboard.press("Control+Enter")
    lab.get_by_text("'A QUIET FILM'", exact=True).wait_for(timeout=10_000)


def test_a_restarted_kernel_is_told_of_and_running_the_cell_again_helps(lab, explorer):
    menu(lab, "Kernel", "Restart Kernel…")
    lab.locator(".jp-Dialog button.jp-mod-warn").click()
    lab.wait_for_timeout(1000)
    write(lab, "a new film")
    explorer.get_by_text("run this cell again").wait_for(timeout=10_000)
    menu(lab, "Edit", "Clear Outputs of All Cells")
    idle(lab)
    run_all(lab)
    write(lab, "a new film")
    painted(lab, "a new film")
    assert shown(explorer)[0] == ["a", "new", "film"]


@pytest.fixture(scope="module")
def kinds(chromium, address):
    """Every kind of explorer, one on a reader's own Keras model and one on a language model's next word."""
    with opened(chromium, address, "kinds") as page:
        menu(page, "Run", "Run All Cells")
        page.get_by_text("all shown", exact=True).wait_for(timeout=120_000)
        page.wait_for_function("document.querySelectorAll('.lm-explorer[data-live]').length === 9", timeout=60_000)
        page.wait_for_timeout(1000)
        yield page


def test_every_kind_and_a_model_of_ones_own_comes_to_life(kinds):
    assert kinds.troubles == [] and kinds.refused == []
    assert kinds.locator(".lm-explorer .lmx-message:visible").all_inner_texts() == []
    mine, next_word, methods, *_ = kinds.locator(".lm-explorer").all()
    assert "TextClassifier" in mine.inner_text() and "rating" in mine.inner_text()
    assert "the" in next_word.locator(".lmx-word").all_inner_texts()
    assert methods.locator(".lmx-methods").first.locator("tbody tr").count() == 8
    assert kinds.get_by_role("grid").count() == 2


def test_two_explorers_of_one_notebook_share_no_id_and_no_radio_group(kinds):
    ids = kinds.evaluate("[...document.querySelectorAll('.lm-explorer [id]')].map((e) => e.id)")
    assert len(ids) > 20 and len(set(ids)) == len(ids)
    checked = kinds.evaluate(
        "[...document.querySelectorAll('.lm-explorer[data-kind=sentence]')]"
        ".map((e) => e.querySelectorAll('input[type=radio]:checked').length)"
    )
    assert checked == [1, 1]


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_everybody_can_read_the_explorers_in_jupyterlabs_themes(kinds, theme):
    kinds.get_by_role("menuitem", name="Settings", exact=True).click()
    kinds.locator(".lm-Menu-itemLabel").get_by_text("Theme", exact=True).hover()
    kinds.locator(".lm-Menu-itemLabel").get_by_text(theme, exact=True).click()
    light = str(theme.endswith("Light")).lower()
    kinds.wait_for_selector(f"body[data-jp-theme-light={light}]", state="attached")
    kinds.wait_for_timeout(500)
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(kinds, context=".lm-explorer")
    assert found.violations_count == 0, found.generate_report()


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The notebook as it is committed: run, then tidied."""
    new = notebook()
    execute(new, folder=tmp_path_factory.mktemp("run"))
    assert WIDGET in new.cells[0].outputs[0].data
    tidy(new)
    return new


def test_a_notebook_shown_without_a_kernel_holds_the_stored_example(executed, tmp_path, chromium):
    page_file = tmp_path / "explorer.html"
    page_file.write_text(HTMLExporter().from_notebook_node(executed)[0], encoding="utf-8")
    page = chromium.new_context(java_script_enabled=False).new_page()
    page.route("https://**", lambda route: route.abort())  # nbconvert's own MathJax and require.js
    page.goto(page_file.as_uri())
    example = page.locator(".lm-explorer")
    assert example.is_visible() and "gorgeous" in example.inner_text()
    assert re.search(r"[▲▼][+−]\d", example.inner_text())
    assert "A stored example" in example.inner_text()
    page.context.close()
