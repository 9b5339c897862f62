"""Shapley and Owen values: their axioms, their closed forms, and the library `shap` beside them.

All games but those on the shipped model are float64 tables, so that tolerances measure the method and not the model.
"""

from itertools import permutations

import numpy as np
import pytest
import shap
from games import SetGame, additive_game, number_of, random_game, text_of

import lmtutorial as lt
from lmtutorial.explainers import owen
from lmtutorial.explainers.kernel_shap import draw_pairs, kernel_shap
from lmtutorial.explainers.masking import MaskedText
from lmtutorial.explainers.owen import partition_shap, phrase_tree
from lmtutorial.explainers.shapley import coalitions, exact_shapley, permutation_shap, shapley_of_table

METHODS = [exact_shapley, kernel_shap, permutation_shap, partition_shap]


def play(game: SetGame) -> MaskedText:
    return MaskedText(game, text_of(game.words))


def table_game(table: np.ndarray) -> MaskedText:
    table = np.asarray(table, np.float64)
    return play(SetGame(lambda masks: table[number_of(masks)], len(table).bit_length() - 1))


def by_orders(worth: np.ndarray) -> np.ndarray:
    """The definition: marginal contributions, averaged over every order of joining."""
    words = len(worth).bit_length() - 1
    gains = []
    for order in permutations(range(words)):
        joined = np.concatenate([[0], np.cumsum(1 << np.array(order))])
        gains.append(np.empty(words))
        gains[-1][list(order)] = np.diff(worth[joined])
    return np.mean(gains, axis=0)


def shap_exact(worth: np.ndarray) -> np.ndarray:
    words = len(worth).bit_length() - 1
    explainer = shap.explainers.Exact(lambda x: worth[number_of(x.astype(int))], np.zeros((1, words)))
    return explainer(np.ones((1, words))).values[0]


def shap_partition(worth: np.ndarray, linkage: np.ndarray) -> np.ndarray:
    words = len(worth).bit_length() - 1
    masker = shap.maskers.Partition(np.zeros((2, words)), clustering=linkage)
    explainer = shap.explainers.Partition(lambda x: worth[number_of(x.astype(int))], masker)
    return explainer(np.ones((1, words)), max_evals=100_000, silent=True).values[0]


def linkage_of(tree, words: int) -> np.ndarray:
    """A nested tree in scipy's form: (words - 1, 4), the two parts of each phrase, a distance, its number of words."""
    rows = []

    def number(node):
        if not isinstance(node, tuple):
            return node, 1
        (a, m), (b, n) = number(node[0]), number(node[1])
        rows.append([a, b, len(rows) + 1.0, m + n])
        return words + len(rows) - 1, m + n

    number(tree)
    return np.array(rows)


def random_tree(words: list[int], rng) -> tuple | int:
    if len(words) == 1:
        return words[0]
    cut = int(rng.integers(1, len(words)))
    return random_tree(words[:cut], rng), random_tree(words[cut:], rng)


def chain(words: int) -> tuple | int:
    """The deepest tree there is: one word off at each cut."""
    tree = 0
    for word in range(1, words):
        tree = (tree, word)
    return tree


def owen_by_hand(worth: np.ndarray, tree, there: int = 0) -> dict[int, float]:
    """The recursion of Owen values as it is written down: {word: score}; sets are numbers, as in `coalitions`."""

    def members(node) -> int:
        return members(node[0]) | members(node[1]) if isinstance(node, tuple) else 1 << node

    if not isinstance(tree, tuple):
        return {tree: worth[there | 1 << tree] - worth[there]}
    a, b = tree
    parts = [owen_by_hand(worth, part, there | other) for part in tree for other in (0, members(b if part == a else a))]
    scores = {}
    for part in parts:
        for word, score in part.items():
            scores[word] = scores.get(word, 0) + score / 2
    return scores


# --- exact ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [1, 2, 3, 5, 7])
def test_exact_values_are_the_mean_over_all_orders_of_joining(words):
    worth = np.random.default_rng(words).normal(size=2**words)
    # sums of a few thousand float64 terms near 1
    assert np.allclose(exact_shapley(table_game(worth)).scores, by_orders(worth), atol=1e-12)


@pytest.mark.parametrize("words", [2, 5, 10])
def test_exact_values_are_those_of_shap(words):
    worth = np.random.default_rng(words).normal(size=2**words)
    assert np.allclose(exact_shapley(table_game(worth)).scores, shap_exact(worth), atol=1e-9)


def test_coalitions_are_every_set_once_in_the_order_of_their_numbers():
    masks = coalitions(6)
    assert np.array_equal(number_of(masks), np.arange(64))


def test_a_product_of_two_words_is_shared_in_halves_and_occlusion_counts_it_twice():
    game = play(SetGame(lambda m: m[:, 0] * m[:, 1] * 1.0, 2))
    for method in METHODS:
        assert np.allclose(method(game).scores, [0.5, 0.5], atol=1e-12)
    assert np.allclose(game.whole() - game(game.without_each_word()), [1.0, 1.0])


@pytest.mark.parametrize("method", METHODS)
def test_one_word_gets_everything_and_two_share_what_they_do_together(method):
    assert method(table_game([0.5, 3.0])).scores == pytest.approx([2.5])
    assert method(table_game([0.0, 1.0, 2.0, 7.0])).scores == pytest.approx([3.0, 4.0])


# --- axioms, for every method where it is exact -----------------------------------------------------------------------

EXACT = [
    exact_shapley,
    lambda game: kernel_shap(game, evaluations=2 ** len(game)),
    lambda game: kernel_shap(game, evaluations=2 ** len(game), triples=False),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("words", range(1, 9))
def test_efficiency_scores_add_up_to_what_the_whole_text_gained(method, words):
    e = method(play(random_game(words, seed=words)))
    assert abs(e.completeness_gap) < 1e-9


@pytest.mark.parametrize("method", [method for method in METHODS if method is not exact_shapley])
def test_efficiency_holds_exactly_even_where_the_scores_are_estimates(method):
    e = method(play(random_game(11, seed=3)), evaluations=60)
    # a random table of 2,048 numbers cannot be known from 60 of them
    assert abs(e.completeness_gap) < 1e-9
    assert np.abs(e.scores - exact_shapley(play(random_game(11, seed=3))).scores).max() > 0.01


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("words", range(2, 9))
def test_a_word_that_never_changes_anything_gets_nothing(method, words):
    table = np.random.default_rng(words).normal(size=2**words)
    dummy = words // 2
    game = play(SetGame(lambda m: table[number_of(np.where(np.arange(words) == dummy, False, m))], words))
    assert abs(method(game).scores[dummy]) < 1e-9


@pytest.mark.parametrize("method", EXACT)
def test_words_that_can_be_exchanged_get_the_same(method):
    table = np.random.default_rng(0).normal(size=(7, 2**5))
    # words 0 and 1 enter only through how many of them are there
    game = play(SetGame(lambda m: table[m[:, :2].sum(1), number_of(m[:, 2:])], 7))
    scores = method(game).scores
    assert abs(scores[0] - scores[1]) < 1e-9


@pytest.mark.parametrize("method", [*EXACT, partition_shap, lambda g: permutation_shap(g, seed=4)])
def test_the_scores_of_a_sum_of_games_are_the_sums_of_the_scores(method):
    a, b = np.random.default_rng(1).normal(size=(2, 2**8))
    of_sum = method(table_game(2 * a - 3 * b)).scores
    assert np.allclose(of_sum, 2 * method(table_game(a)).scores - 3 * method(table_game(b)).scores, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_in_an_additive_model_every_word_gets_its_weight(method):
    weights = np.random.default_rng(2).normal(size=12)
    assert np.allclose(method(play(additive_game(weights))).scores, weights, atol=1e-9)


# --- Kernel SHAP ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [3, 4, 7, 8, 10])
@pytest.mark.parametrize("triples", [True, False])
def test_given_every_set_kernel_shap_is_exact(words, triples):
    worth = np.random.default_rng(words).normal(size=2**words)
    e = kernel_shap(table_game(worth), evaluations=2**words, triples=triples)
    assert np.allclose(e.scores, shapley_of_table(worth), atol=1e-9)
    assert np.array_equal(e.diagnostics["standard_error"], np.zeros(words))


def test_pairs_of_complements_share_out_what_two_words_do_together_without_error():
    words = 14
    rng = np.random.default_rng(5)
    single, both = rng.normal(size=words), np.triu(rng.normal(size=(words, words)), 1)
    game = SetGame(lambda m: m @ single + np.einsum("ni,ij,nj->n", m * 1.0, both, m * 1.0), words)
    truth = single + (both.sum(0) + both.sum(1)) / 2
    # 14 words have 16,384 sets; the least budget suffices, because an interaction of two is the same on both sides
    assert np.allclose(kernel_shap(play(game), evaluations=60, triples=False).scores, truth, atol=1e-9)


def test_fitting_triples_makes_a_game_of_triples_nearly_exact():
    words, triples = 10, np.random.default_rng(6).normal(size=120)
    members = np.array([(i, j, k) for i in range(10) for j in range(i) for k in range(j)])
    game = SetGame(lambda m: m[:, members].all(axis=2) @ triples, words)
    truth = exact_shapley(play(game)).scores
    with_triples = np.abs(kernel_shap(play(game), evaluations=400).scores - truth).max()
    without = np.abs(kernel_shap(play(game), evaluations=400, triples=False).scores - truth).max()
    # 199 pairs determine 10 + 120 unknowns; what is left is that a ridge shrinks
    assert with_triples < 0.1 * without


def test_no_feature_selection_hides_a_word():
    weights = np.linspace(0.1, 2, 14)
    # shap's default keeps ten features and gives the others zero
    assert np.allclose(kernel_shap(play(additive_game(weights)), evaluations=40).scores, weights, atol=1e-9)


@pytest.mark.parametrize("words, pairs", [(5, 9), (12, 60), (12, 500), (13, 700), (40, 200)])
def test_pairs_are_distinct_and_stand_for_all_the_weight_of_their_size(words, pairs):
    masks, weights, chance = draw_pairs(words, pairs, np.random.default_rng(0))
    both = np.unique(np.concatenate([masks, ~masks]), axis=0)
    assert len(both) == 2 * len(masks) == 2 * pairs
    size = masks.sum(axis=1)
    for s in np.unique(size):
        half = 0.5 if 2 * s == words else 1.0  # such a set and its complement are of the same size
        assert weights[size == s].sum() == pytest.approx(half * (words - 1) / (s * (words - s)))
    assert ((chance > 0) & (chance <= 1)).all()


def test_the_error_falls_with_the_evaluations_and_the_standard_error_tells_it():
    worth = np.tanh(coalitions(11) @ np.random.default_rng(7).normal(size=11)) * 3
    truth = shapley_of_table(worth)
    root_mean_square = []
    for budget in (64, 256, 1024):
        errors, told = [], []
        for seed in range(8):
            e = kernel_shap(table_game(worth), evaluations=budget, seed=seed)
            errors.append(e.scores - truth)
            told.append(e.diagnostics["standard_error"])
        root_mean_square.append(np.sqrt(np.mean(np.square(errors))))
        # 88 errors, but those of a seed hang together: within a factor of two either way
        assert 0.5 < np.sqrt(np.mean(np.square(told))) / root_mean_square[-1] < 2
    assert root_mean_square[0] > 2 * root_mean_square[1] > 4 * root_mean_square[2]


def test_kernel_shap_needs_at_most_two_thirds_of_the_evaluations_of_shap():
    model, reviews = lt.load_model("reviews-lstm"), lt.load_reviews()
    texts = [t for t in reviews[reviews["split"] == "validation"]["text"] if len(t.split()) == 12][:6]
    ours, theirs = [], []
    for text in texts:
        game = MaskedText(model, text)
        if len(game) > 13:
            continue
        truth = exact_shapley(game).scores
        ask = shap.KernelExplainer(lambda x, g=game: g(x.astype(bool)), np.zeros((1, len(game))))
        np.random.seed(0)  # shap draws from NumPy's global state
        values = ask.shap_values(np.ones((1, len(game))), nsamples=384 - 2, l1_reg=False, silent=True)[0]
        theirs.append(np.sqrt(np.mean((values - truth) ** 2)))
        ours.append(np.sqrt(np.mean((kernel_shap(game, evaluations=256).scores - truth) ** 2)))
    assert len(ours) >= 4 and np.median(ours) <= np.median(theirs)


# --- orders -----------------------------------------------------------------------------------------------------------


def test_orders_come_near_the_exact_values_within_their_standard_error():
    worth = np.random.default_rng(8).normal(size=2**9)
    e = permutation_shap(table_game(worth), evaluations=4000)
    away = (e.scores - shapley_of_table(worth)) / e.diagnostics["standard_error"]
    # nine nearly normal numbers: one beyond 4 has a chance of 6 in 10,000
    assert np.abs(away).max() < 4 and np.abs(away).max() > 0.1


@pytest.mark.parametrize("method", [kernel_shap, permutation_shap])
def test_the_same_seed_gives_the_same_scores_whatever_the_global_state(method):
    np.random.seed(1)
    first = method(play(random_game(10)), evaluations=100, seed=3).scores
    np.random.seed(2)
    assert np.array_equal(first, method(play(random_game(10)), evaluations=100, seed=3).scores)
    assert not np.array_equal(first, method(play(random_game(10)), evaluations=100, seed=4).scores)


@pytest.mark.parametrize("budget", [50, 101, 300])
@pytest.mark.parametrize("method", [kernel_shap, permutation_shap, partition_shap])
def test_no_method_asks_more_than_it_was_allowed(method, budget):
    game = random_game(12)
    e = method(play(game), evaluations=budget)
    assert game.rows_seen == e.diagnostics["evaluations"] <= budget


# --- Owen values ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_owen_values_are_their_recursion_and_those_of_shap_on_the_same_tree(seed):
    words = 7
    rng = np.random.default_rng(seed)
    worth, tree = rng.normal(size=2**words), random_tree(rng.permutation(words).tolist(), rng)
    scores = partition_shap(table_game(worth), tree=tree).scores
    by_hand = owen_by_hand(worth, tree)
    assert np.allclose(scores, [by_hand[word] for word in range(words)], atol=1e-12)
    assert np.allclose(scores, shap_partition(worth, linkage_of(tree, words)), atol=1e-6)


def test_a_phrase_gets_what_it_would_get_as_a_single_word():
    worth = np.random.default_rng(9).normal(size=2**4)
    scores = partition_shap(table_game(worth), tree=((0, 1), (2, 3))).scores
    of_phrases = shapley_of_table(worth[[0, 3, 12, 15]])  # none, words 0 1, words 2 3, all
    assert np.allclose([scores[:2].sum(), scores[2:].sum()], of_phrases)


@pytest.mark.parametrize("words", [5, 8, 20])
def test_a_tree_asks_what_it_says_and_too_few_evaluations_split_phrases_evenly(words):
    game = random_game(words) if words < 10 else additive_game(np.arange(words))
    tree = phrase_tree(text_of(words), play(game).encoding.spans)
    full = owen.cost(owen.phrases(tree, words)) + 2
    e = partition_shap(play(game), evaluations=full)
    assert e.diagnostics["evaluations"] == full and e.diagnostics["uncut"] == 0
    short = partition_shap(play(game), evaluations=2)
    assert np.allclose(short.scores, (short.output - short.baseline_output) / words)


@pytest.mark.parametrize(
    "text, tree",
    [
        ("bad", 0),
        ("Slow, but a joy", (0, (1, (2, 3)))),
        ("I couldn't care. Fine film", ((0, ((1, 2), 3)), (4, 5))),
        ("one two three four", ((0, 1), (2, 3))),
        ("witty; sad, long", (0, (1, 2))),
    ],
)
def test_a_text_parts_at_its_strongest_punctuation_and_there_in_the_middle(text, tree):
    spans = lt.load_model("reviews-lstm").encode(text).spans
    assert phrase_tree(text, spans) == tree


# --- the shipped model, and what goes wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["exact_shapley", "kernel_shap", "permutation_shap", "partition_shap"])
def test_on_the_shipped_model_the_scores_add_up_and_do_not_depend_on_the_method(method):
    e = lt.explain(lt.load_model("reviews-lstm"), "a gorgeous, moving film", method=method)
    # 16 sets: all methods but Owen values are exact here or nearly so
    assert abs(e.completeness_gap) < 1e-9
    assert e.top(1)[0][0] in ("gorgeous", "moving")


def test_a_text_of_four_hundred_words_is_explained_within_its_budget():
    weights = np.random.default_rng(10).normal(size=400)
    for method in (kernel_shap, partition_shap):
        e = method(play(additive_game(weights)))
        assert abs(e.completeness_gap) < 1e-8 and e.diagnostics["evaluations"] <= 2000
    assert np.allclose(kernel_shap(play(additive_game(weights))).scores, weights, atol=1e-8)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: exact_shapley(play(additive_game(np.ones(17)))), "kernel_shap or partition_shap"),
        (lambda: kernel_shap(play(additive_game(np.ones(12))), evaluations=20), "at least 26 evaluations, got 20"),
        (lambda: kernel_shap(play(additive_game(np.ones(1001)))), "use partition_shap"),
        (lambda: permutation_shap(play(additive_game(np.ones(9))), evaluations=5), "costs 18 evaluations"),
        (lambda: permutation_shap(play(additive_game(np.ones(1001)))), "use partition_shap"),
        (lambda: partition_shap(play(additive_game(np.ones(3))), evaluations=1), "two evaluations, got 1"),
        (lambda: partition_shap(play(additive_game(np.ones(3))), tree=(0, 1)), "each word number from 0 to 2 once"),
        (lambda: partition_shap(play(additive_game(np.ones(3))), tree=(0, 1, 2)), "has two parts"),
        (lambda: partition_shap(play(additive_game(np.ones(2))), tree=(0, "film")), "each word number"),
        (lambda: partition_shap(play(additive_game(np.ones(900))), tree=chain(900)), "too deep"),
    ],
)
def test_what_cannot_be_done_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call()
