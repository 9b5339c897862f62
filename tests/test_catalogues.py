"""Nothing that a reader meets is missing from the catalogues, nothing else is in them, and a translation comes back."""

import json
import re
import subprocess
import sys

import pytest
import yaml
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from markdown_it import MarkdownIt

from tools import book_translation, catalogues
from tools.execute import SOLUTION_CELL
from tools.notebooks import read

pytestmark = pytest.mark.slow
NOT_PROSE = set("explorer bibliography quiz code-block code math status class-setup tableofcontents".split())


@pytest.fixture(scope="module")
def pages():
    """{page: the messages that were gathered from it}"""
    return {name: {one_line(m.id) for m in found if m.id} for name, found in catalogues.of_pages().items()}


def one_line(text: str) -> str:
    return " ".join(text.split())


def contents(root) -> list[str]:
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    return [toc["root"], *(c["file"] for part in toc["parts"] for c in part["chapters"])]


def markdown(root, page: str) -> list[str]:
    """The Markdown of a page: one text of a prose page, one a cell of a notebook."""
    notebook = root / f"{page}.ipynb"
    if notebook.is_file():
        return [cell.source for cell in read(notebook).cells if cell.cell_type == "markdown"]
    return [(root / f"{page}.md").read_text(encoding="utf-8")]


def counted(text: str):
    """Headings, paragraphs, list items, cells and terms of a piece of Markdown, found without Sphinx and MyST."""
    text = re.sub(r"^\(.+\)=$|^%.*$|\$\$.*?\$\$|^\\begin\{(\w+\*?)\}.*?^\\end\{\1\}", "\n\n", text, flags=re.M | re.S)
    text = re.sub(r"^:{3,}(?:\{\S+\} *(.*))?$", r"\n\n\1\n\n", text, flags=re.M)
    text = re.sub(r"(?<=\n\n)(:[\w-]+:.*\n)+", "\n", re.sub(r"\n\n+(?=:[\w-]+:)", "\n\n", text))
    text = re.sub(r"\n: +(?=\S)", "\n\n", text)  # a definition
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "inline" and re.search(r"[^\W\d_]", token.content):
            yield one_line(token.content)
        elif token.type == "fence" and (found := re.match(r"\{([\w:-]+)\} *(.*)", token.info)):
            kind, argument = found.groups()
            inside = re.sub(r"\A(:[\w-]+:.*\n)+", "", token.content)
            if kind == "glossary":
                yield from (one_line(line) for line in inside.splitlines() if line.strip())
            elif kind not in NOT_PROSE:
                yield from counted(inside if kind.startswith(("button", "figure")) else f"{argument}\n\n{inside}")
        elif token.type == "html_block":
            yield from (
                one_line(piece) for piece in re.findall(r"<(?:summary|p)\b[^>]*>(.+?)</(?:summary|p)>", token.content)
            )


def alt_texts(root, page: str) -> list[str]:
    notebook = root / f"{page}.ipynb"
    cells = read(notebook).cells if notebook.is_file() else []
    found = [cell.metadata.get("mystnb", {}).get("image", {}).get("alt") for cell in cells if cell.get("outputs")]
    return [one_line(alt) for alt in found if alt]


def test_every_page_of_the_contents_has_a_catalogue(root, pages):
    assert sorted(pages) == sorted(contents(root))


def test_every_sentence_of_prose_is_gathered(root, pages):
    total = 0
    for page in contents(root):
        wanted = {sentence for text in markdown(root, page) for sentence in counted(text)}
        assert sorted(wanted - pages[page]) == [], page
        total += len(wanted)
    assert total > 2500, "so many there were when this was written"


def test_every_alt_text_of_a_figure_is_gathered(root, pages):
    found = [alt for page in contents(root) for alt in alt_texts(root, page)]
    assert len(found) > 100
    assert [alt for page in contents(root) for alt in alt_texts(root, page) if alt not in pages[page]] == []


def test_code_and_outputs_are_left_out(root, pages):
    """Each message stands in the page's own Markdown, in an alt text, on a fold, or in the table of contents."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    captions = "\n".join([*(part["caption"] for part in toc["parts"]), *SOLUTION_CELL["mystnb"].values()])
    for page in contents(root):
        known = letters("\n".join([*markdown(root, page), *alt_texts(root, page), captions]))
        assert [message for message in pages[page] if letters(message) not in known] == [], page


def letters(text: str) -> str:
    return re.sub(r"\W+", "", text)


def strings(content) -> list[str]:
    """All texts in a YAML or JSON file, in a plain walk."""
    if isinstance(content, str):
        return [content]
    inner = content.values() if isinstance(content, dict) else content if isinstance(content, list) else []
    return [text for value in inner for text in strings(value)]


@pytest.mark.parametrize(
    ("name", "folder", "unread"),
    [
        ("explorers", "lmtutorial/widgets/words/en/*.json", ()),
        ("checkers", "lmtutorial/checks/messages/en/*.yml", ()),
        ("quizzes", "data/quizzes/*.yml", ("kind", "recompute")),
        ("quiz_page", "lmtutorial/quiz_page/words/en.json", ()),
    ],
)
def test_every_text_of_a_file_is_gathered_once_for_each_place_it_stands(root, name, folder, unread):
    wanted = []
    for file in root.glob(folder):
        content = (json.loads if file.suffix == ".json" else yaml.safe_load)(file.read_text(encoding="utf-8"))
        for question in content["questions"] if unread else []:
            for key in unread:
                question.pop(key, None)
        wanted += strings(content)
    gathered = [message for message in catalogues.of_files(name) if message.id]
    assert sorted(message.id for message in gathered) == sorted(wanted)
    assert len({message.context for message in gathered}) == len(wanted) > 10


def save(catalogue: Catalog, file) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "wb") as stream:
        write_po(stream, catalogue)


def test_translated_words_come_back_in_files_of_the_same_shape(tmp_path):
    for name in catalogues.FILES:
        catalogue = catalogues.of_files(name)
        for message in catalogue:
            if message.id:
                message.string = f"译 {message.id}"
        save(catalogue, tmp_path / "zh_CN" / "LC_MESSAGES" / f"{name}.po")
    made = catalogues.put_back("zh_CN", locale=tmp_path, root=tmp_path)
    for file in made:
        english = catalogues.ROOT / file.relative_to(tmp_path).as_posix().replace("quizzes/zh_CN", "quizzes").replace(
            "zh_CN", "en"
        )
        unread = ("kind", "recompute") if "quizzes" in file.parts else ()
        old, new = (list(catalogues.texts(catalogues.load(f), unread)) for f in (english, file))
        assert [(place, f"译 {text}") for place, text in old] == new
    from lmtutorial import quizzes

    quiz = next(file for file in made if "quizzes" in file.parts)
    assert quizzes.read(quiz).questions[0].stem.startswith("译 "), "a translated quiz is a quiz"


def test_a_translation_that_loses_what_is_filled_in_is_refused(tmp_path):
    catalogue = catalogues.of_files("quiz_page")
    next(m for m in catalogue if m.id and "{all}" in m.id).string = "全部答对。"
    save(catalogue, tmp_path / "zh_CN" / "LC_MESSAGES" / "quiz_page.po")
    with pytest.raises(ValueError, match=r"keep what stands in braces, \['\{all\}'"):
        catalogues.put_back("zh_CN", locale=tmp_path, root=tmp_path)


def test_a_language_that_nobody_began_is_told(tmp_path):
    with pytest.raises(ValueError, match="holds none of .*CONTRIBUTING.md"):
        catalogues.put_back("tlh", locale=tmp_path, root=tmp_path)


CHINESE = {
    "Why look inside a language model?": "为什么要看语言模型的内部？",
    "**Before you read on:** which word of the sentence decided it?": "**读下去之前：** 是句子中的哪个词起了决定作用？",
    "Show the solution": "看答案",
    "how the context reaches the next word": "上下文如何影响下一个词",
}


@pytest.fixture(scope="module")
def edition(root, tmp_path_factory):
    """Chapter 1, built by jupyter-book with the settings of this book and a few sentences in Chinese: its folder."""
    book = tmp_path_factory.mktemp("edition")
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    config["sphinx"]["config"]["language"] = "zh_CN"
    (book / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (book / "_toc.yml").write_text("format: jb-book\nroot: notebooks/01_why_interpretability\n", encoding="utf-8")
    for name in ("tools", "notebooks", "book", "lmtutorial"):
        (book / name).symlink_to(root / name)
    said = dict(CHINESE)
    cells = read(root / "notebooks/01_why_interpretability.ipynb").cells
    summary = next(s for c in cells for s in re.findall("<summary>(Hint.*?)</summary>", c.source))
    alt = alt_texts(root, "notebooks/01_why_interpretability")[0]
    said |= {summary: "提示：先数一数", alt: "三行圆点和箭头"}
    catalogue = Catalog(locale="zh_CN")
    for english, chinese in said.items():
        catalogue.add(english, chinese)
    save(catalogue, book / "locale/zh_CN/LC_MESSAGES/notebooks/01_why_interpretability.po")
    build(book)
    return book


def build(book, *options: str) -> None:
    start = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    command = [*start, "build", str(book), "-q", *options]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr[-2000:]


def test_a_page_is_built_in_another_language_where_it_was_translated(edition):
    page = (edition / "_build/html/notebooks/01_why_interpretability.html").read_text(encoding="utf-8")
    article = page[page.index("<article") : page.index("</article>")]
    assert '<html lang="zh-CN"' in page
    assert re.search(r"<h1>.*为什么要看语言模型的内部？", article)
    assert "<strong>读下去之前：</strong> 是句子中的哪个词起了决定作用？" in article
    assert "<th" in article and "上下文如何影响下一个词" in article
    assert "<summary>提示：先数一数</summary>" in article and 'alt="三行圆点和箭头"' in article
    assert "看答案" in article and "Show the solution" not in article
    assert "Why look inside" not in article and "Here is a sentence from a film review." in article, "the rest: English"


def test_an_edition_still_gathers_the_english_sentences(edition):
    build(edition, "--builder", "custom", "--custom-builder", "gettext", "--path-output", str(edition / "again"))
    (file,) = (edition / "again").rglob("01_why_interpretability.pot")
    with open(file, "rb") as stream:
        found = {message.id for message in read_po(stream)}
    assert set(CHINESE) <= found and not re.search(r"[\u4e00-\u9fff]", "".join(found))


def test_html_with_a_drawing_in_it_gives_its_words_and_takes_them_back():
    drawing = '<svg aria-label="A map"><text x="1">gradients</text></svg><script>let gradients = 1</script>'
    assert list(book_translation.sentences(drawing)) == ["A map", "gradients"]
    new = book_translation.replaced(book_translation.replaced(drawing, "gradients", "梯度"), "A map", "地图")
    assert new == '<svg aria-label="地图"><text x="1">梯度</text></svg><script>let gradients = 1</script>'
