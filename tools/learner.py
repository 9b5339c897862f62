"""Make the learner's notebooks out of the finished chapters, so that task and solution never drift apart.

    python -m tools.learner            # writes notebooks/learner/NN_name.ipynb

Cells tagged `solution` go. In code, the rest of a cell below a line `# solution: what to do` becomes
`raise NotImplementedError("what to do")`. Outputs are cleared. Roles that only the book can draw, such as
{term}`token`, become plain words; links climb one folder more. Hints stay.
"""

import copy
import os
import re
import sys
from pathlib import Path

import nbformat
from pybtex.database import parse_file

from lmtutorial.colab import FIRST_CELL, LLM_CELL
from tools.execute import write
from tools.notebooks import FOLDER, ROOT, chapters, read, tags

TARGET = FOLDER / "learner"
# What a chapter says of its copy; the copy itself says "here".
HERE = re.compile(r"Do them in the \[learner's copy\]\(\S+\) \(\[in Colab\]\(\S+\)\)")
SOLUTION = re.compile(r"^(?P<indent>[ \t]*)# solution: *(?P<task>.+?)\s*$", re.M)


def learner_copy(notebook: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    """The learner's copy of a chapter; `name` is the chapter's file name."""
    new = copy.deepcopy(notebook)
    new.cells = [cell for cell in new.cells if "solution" not in tags(cell)]
    for cell in new.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            cell.source = without_solution(cell.source)
            if cell.source not in (FIRST_CELL, LLM_CELL):
                cell.metadata = nbformat.from_dict({})
        else:
            cell.source = plain_words(_moved(HERE.sub("Do them here", cell.source)))
    note = (
        f"*This is the learner's copy: the exercises wait for your code, and `checks` tells you when you are there. "
        f"The finished chapter, with solutions, is [{name}](../{name}).*"
    )
    new.cells.insert(1, nbformat.v4.new_markdown_cell(note, id="learners-copy"))
    return new


def without_solution(source: str) -> str:
    """The code of a cell with what follows its `# solution: …` line replaced by the task.

    >>> print(without_solution("def f(x):\\n    # solution: double x\\n    return 2 * x"))
    def f(x):
        raise NotImplementedError("double x")
    """
    found = SOLUTION.search(source)
    if not found:
        return source
    task = found["task"].replace("\\", "\\\\").replace('"', '\\"')
    return f'{source[: found.start()]}{found["indent"]}raise NotImplementedError("{task}")'


def plain_words(text: str) -> str:
    """Markdown in which the book's roles are words that any notebook program shows.

    >>> plain_words("a {term}`vocabulary` of {term}`tokens <token>`")
    'a vocabulary of tokens'
    """
    text = re.sub(r"\{term\}`([^`<]+?)(?:\s*<[^`>]+>)?`", r"\1", text)
    text = re.sub(r"\{(?:ref|doc|numref)\}`([^`<]+?)(?:\s*<[^`>]+>)?`", r"\1", text)
    return re.sub(r"\{cite:(\w+)\}`([^`]+)`", _citation, text)


def _citation(found: re.Match) -> str:
    """{cite:t}`pang2004` -> Pang & Lee (2004); {cite:p}`pang2004` -> (Pang & Lee 2004)."""
    textual = found[1].startswith("t")
    entries = parse_file(ROOT / "book" / "references.bib").entries
    cited = []
    for key in re.split(r"\s*,\s*", found[2].strip()):
        people = [" ".join(p.last_names).replace("{", "").replace("}", "") for p in entries[key].persons["author"]]
        who = people[0] + (" et al." if len(people) > 2 else f" & {people[1]}" if len(people) == 2 else "")
        year = entries[key].fields["year"]
        cited.append(f"{who} ({year})" if textual else f"{who} {year}")
    return ", ".join(cited) if textual else f"({'; '.join(cited)})"


def _moved(text: str) -> str:
    """Links as seen from one folder further down; those to other chapters lead to their learner's copies."""
    text = text.replace("](learner/", "](")
    return text.replace("](../", "](../../").replace('src="../', 'src="../../').replace('href="../', 'href="../../')


def write_all(target: Path = TARGET) -> list[Path]:
    """Write every learner's copy into `target` and remove those whose chapter is gone."""
    made = []
    for path in chapters():
        made.append(target / path.name)
        write(learner_copy(read(path), path.name), made[-1])
    for old in set(target.glob("*.ipynb")) - set(made):
        os.remove(old)
    return made


if __name__ == "__main__":
    for file in write_all():
        print(file.relative_to(ROOT))
    sys.exit(0)
