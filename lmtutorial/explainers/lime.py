"""LIME: explain one answer by a straight line that imitates the model in the neighbourhood of the text.

1. Make variants of the text by leaving words out (`lime_sampling.authors`, or `stratified`).
2. Ask the model about each of them.
3. Weigh each by how near it is to the text (`lime_sampling.kernel`).
4. Fit a line: answer = intercept + a slope for each word that is kept (`lime_fitting.weighted_ridge`). A word's score
   is its slope.

Distribution, kernel and ridge are those of the authors' code, odd choices included, so that the numbers are LIME's.
Left out is what hides words: no features are selected. The default draws its variants with more care, and aims at the
very line that the authors' way reaches with endless patience (`lime_limit`), with less chance in it.

Source: Ribeiro, Singh & Guestrin 2016, "Why should I trust you?"; LIME's limit is studied by Mardaoui & Garreau 2021.
"""

import numpy as np

from .explanation import Explanation
from .lime_fitting import standard_error, weighted_r2, weighted_ridge
from .lime_pairs import line_by_pairs, pairs_help
from .lime_sampling import Sample, authors, merged, size_weights, stratified
from .masking import MaskedText

MOST = 2 * 10**7  # samples x words: beyond this the fit alone takes gigabytes
LISTABLE = 16  # words whose variants can all be asked about


def lime(
    game: MaskedText,
    *,
    num_samples: int = 5000,
    sampling: str = "stratified",
    budget: int | None = None,
    words: str = "positions",
    kernel_width: float = 25.0,
    alpha: float = 1.0,
    seed: int = 0,
) -> Explanation:
    """score_i = slope of word i in the weighted ridge of the answers on the words kept.

    Args:
        game: the model and text to explain.
        num_samples: how many samples LIME's answer is meant for. More of them shrink the slopes less.
        sampling: "authors" draws them as LIME's authors do; "stratified" asks about fewer variants that stand for them,
            or about all 2^words where these are no more than `budget`.
        budget: how many variants "stratified" may ask about; by default `num_samples`.
        words: "positions" scores each word of the text; "types" leaves out all occurrences of a word (in any case)
            together, and shares its slope equally among them.
        kernel_width: how fast a variant's weight falls with its distance.
        alpha: strength of the ridge.
        seed: of the sampling.

    Returns:
        an `Explanation` in the unit of the game. Diagnostics: `r2` (weighted, of the line), `intercept`,
        `local_prediction` (the line's answer for the whole text: intercept + sum of the scores), `standard_error`
        (words,) over seeds, estimated from this one (too large rather than too small where samples are few), and
        `types` (words,) where words are taken together.

    Raises:
        ValueError: if a setting is none of the above, if there are fewer samples than words, or if they are so many
            that the fit would not fit into memory.

    >>> import lmtutorial as lt
    >>> e = lt.explain(lt.load_model("reviews-lstm"), "a gorgeous, moving film", method="lime")
    >>> e.top(1)[0][0], e.diagnostics["evaluations"]
    ('gorgeous', 16)
    """
    units = word_units(game.encoding.words, words)
    count = int(units.max()) + 1
    rows = _checked(count, num_samples, sampling, budget, kernel_width, alpha)
    rng = np.random.default_rng(seed)
    if sampling == "authors":
        sample = merged(authors(rng, count, num_samples, kernel_width))
    else:
        sample = stratified(rng, count, num_samples, kernel_width, rows)
    settings = {"num_samples": num_samples, "sampling": sampling, "budget": budget, "words": words}
    settings |= {"kernel_width": kernel_width, "alpha": alpha, "seed": seed}
    return _explanation(game, units, sample, "lime", settings)


def lime_limit(
    game: MaskedText,
    *,
    num_samples: int = 5000,
    words: str = "positions",
    kernel_width: float = 25.0,
    alpha: float = 1.0,
) -> Explanation:
    """weighted ridge over all 2^words masks, each with the weight expected of it: (n - 1) p(mask) kernel(mask).

    It is what `lime` with `num_samples` samples gives on average over seeds, but for a bias that falls with 1/n.

    Args:
        game, num_samples, words, kernel_width, alpha: as for `lime`.

    Raises:
        ValueError: if the text has more than 16 words (or types), or as `lime` does.
    """
    units = word_units(game.encoding.words, words)
    count = int(units.max()) + 1
    if count > LISTABLE:
        raise ValueError(f"the limit asks about all 2^{count} variants; it takes a text of at most {LISTABLE} words")
    _checked(count, num_samples, "stratified", 2**count, kernel_width, alpha)
    sample = stratified(np.random.default_rng(0), count, num_samples, kernel_width, 2**count)
    settings = {"num_samples": num_samples, "words": words, "kernel_width": kernel_width, "alpha": alpha}
    return _explanation(game, units, sample, "lime_limit", settings)


def word_units(words: list[str], kind: str) -> np.ndarray:
    """(words,) the number of the unit that each word belongs to: its own, or that of all words spelled like it.

    >>> word_units(["good", "film", "Good"], "types")
    array([1, 0, 1])
    """
    if kind == "positions":
        return np.arange(len(words))
    if kind == "types":
        return np.unique([word.casefold() for word in words], return_inverse=True)[1]
    raise ValueError(f'words must be "positions" or "types", got {kind!r}')


def _checked(units: int, num_samples: int, sampling: str, budget: int | None, width: float, alpha: float) -> int:
    """How many variants to ask about; `ValueError` for settings that make no sense."""
    if sampling not in ("authors", "stratified"):
        raise ValueError(f'sampling must be "authors" or "stratified", got {sampling!r}')
    if sampling == "authors" and budget is not None:
        raise ValueError(f'budget={budget} is for sampling="stratified"; "authors" draws num_samples')
    for name, value in ("num_samples", num_samples), ("budget", num_samples if budget is None else budget):
        if not isinstance(value, int | np.integer) or value < units + 1:
            raise ValueError(f"{name} must be a whole number of at least {units + 1} for {units} words, got {value!r}")
    if not width > 0 or not alpha > 0:
        raise ValueError(f"kernel_width and alpha must be above 0, got {width!r} and {alpha!r}")
    if value * units > MOST:
        raise ValueError(
            f"{value:,} samples of {units:,} words are too many to fit in memory: take fewer samples or a shorter text"
        )
    return int(value)


def _explanation(game: MaskedText, units: np.ndarray, sample: Sample, method: str, settings: dict) -> Explanation:
    """Ask the model about the sample, fit the line, and tell how well it fits."""
    answers = game(sample.masks if len(units) == sample.masks.shape[1] else sample.masks[:, units])
    alpha, count = settings["alpha"], sample.masks.shape[1]
    if settings.get("sampling") == "stratified" and pairs_help(sample):
        sizes = size_weights(count, settings["num_samples"], settings["kernel_width"])
        line, misses = line_by_pairs(sample, answers, sizes, alpha, probability=game.unit == "probability")
    else:
        line = weighted_ridge(sample.masks, answers, sample.weights, alpha)
        misses = answers - line(sample.masks)
    error = standard_error(sample, misses, alpha)
    occurrences = np.bincount(units)[units]
    diagnostics = {
        "r2": weighted_r2(line, sample.masks, answers, sample.weights),
        "intercept": line.intercept,
        "local_prediction": line.intercept + float(line.slopes.sum()),
        "standard_error": error[units] / occurrences,
    }
    if settings["words"] == "types":
        diagnostics["types"] = units
    scores = line.slopes[units] / occurrences
    return Explanation.of_game(game, scores, method, settings=settings, diagnostics=diagnostics)
