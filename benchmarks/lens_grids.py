"""What every layer of the LLM says comes next, for the prompts of the page's figure (chapter 16).

    python -m benchmarks.lens_grids        # half a minute

Writes data/measurements/lens_grids.json.
"""

import json

import lmtutorial as lt
from lmtutorial import files
from lmtutorial.inside.lens import logit_lens

from . import record

# Each prompt with its likeliest next piece. They are of different kinds: a name to be found again, two facts, a word's
# opposite, a row to be continued, a line of a program, and a verdict on a review.
PROMPTS = (
    ("When Mary and John went to the store, John gave a drink to", " Mary"),
    ("The capital of France is", " Paris"),
    ("Water boils at 100 degrees", " Celsius"),
    ("The opposite of hot is", " cold"),
    ("One, two, three, four,", " five"),
    ("for i in range(10):\n    print(", "i"),
    ("Review: a gorgeous, moving film\nSentiment:", " positive"),
)


def main() -> None:
    lm = lt.load_model("smollm2-135m")
    grids = [logit_lens(lm, text, target).to_dict() for text, target in PROMPTS]
    known = json.dumps(record.circumstances("benchmarks.lens_grids"), indent=1)[:-2]
    lines = ",\n  ".join(json.dumps(grid, ensure_ascii=False, separators=(",", ":")) for grid in grids)
    written = files.data_folder() / "measurements" / "lens_grids.json"
    with files.written_whole(written) as beside:  # one line a prompt: indented, it would be twice as long
        beside.write_text(f'{known},\n "prompts": [\n  {lines}\n ]\n}}\n', encoding="utf-8")
    print(f"{len(grids)} prompts: {written.name}, {written.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
