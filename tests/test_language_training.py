"""The language models that ship: what their cards say is what they do, and what they had to beat is beaten."""

from dataclasses import replace

import numpy as np
import pytest

import lmtutorial as lt
from lmtutorial import files
from lmtutorial.models.language_training import LANGUAGE_RECIPES, LanguageData, train_language_model, untrained, windows
from lmtutorial.models.ngrams import KneserNey, Unigram
from lmtutorial.models.zoo import model_card
from lmtutorial.preprocessing import SPECIAL

NAMES = list(LANGUAGE_RECIPES)


@pytest.fixture(scope="module")
def data():
    """{name: the documents that it was trained on}; two models of one corpus share them."""
    assert len({recipe.max_tokens for recipe in LANGUAGE_RECIPES.values()}) == 1
    corpora = {recipe.corpus: recipe for recipe in LANGUAGE_RECIPES.values()}
    by_corpus = {corpus: LanguageData.load(recipe, progress=False) for corpus, recipe in corpora.items()}
    return {name: by_corpus[recipe.corpus] for name, recipe in LANGUAGE_RECIPES.items()}


@pytest.fixture(scope="module")
def counting(data):
    """{corpus: test perplexities of the n-grams}."""
    found = {}
    for name, recipe in LANGUAGE_RECIPES.items():
        if recipe.corpus not in found:
            here, size = data[name], len(data[name].preprocessor.vocabulary)
            trigram = KneserNey.tune(here.ids["train"], here.ids["validation"], size, here.start)
            unigram = Unigram.fit(here.ids["train"], size, here.start)
            found[recipe.corpus] = {"trigram": trigram, "unigram": unigram}
            found[recipe.corpus] = {n: model.perplexity(here.ids["test"]) for n, model in found[recipe.corpus].items()}
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_vocabulary_is_that_of_the_training_documents(name, data):
    assert lt.load_model(name).preprocessor == data[name].preprocessor
    assert {split: data[name].tokens(split) for split in data[name].ids} == model_card(name)["tokens"]


@pytest.mark.parametrize("name", NAMES)
def test_the_cards_test_perplexities_are_what_comes_out_today(name, data, counting):
    lm, here, card = lt.load_model(name), data[name], model_card(name)["perplexity"]["test"]
    found = np.exp(-np.concatenate(lm.log_probs_of_ids(here.ids["test"], progress=False)).mean())
    assert (
        abs(found - card[LANGUAGE_RECIPES[name].kind]) < 0.02
    )  # the card has two decimals; other processors differ in the sixth digit
    counted = counting[LANGUAGE_RECIPES[name].corpus]
    assert abs(counted["trigram"] - card["trigram"]) < 0.1  # where the tuning stops
    assert abs(counted["unigram"] - card["unigram"]) < 0.01


def test_the_network_is_surprised_far_less_than_the_trigram_on_unread_articles():
    card = model_card("wiki-lstm")["perplexity"]["test"]
    assert card["lstm"] <= 0.70 * card["trigram"] and card["trigram"] < 0.5 * card["unigram"]


def test_the_transformer_is_no_worse_than_the_lstm_on_the_same_articles():
    ours, lstm = (model_card(name)["perplexity"]["test"] for name in ("wiki-transformer", "wiki-lstm"))
    assert ours["trigram"] == lstm["trigram"], "the same tokens and vocabulary"
    assert ours["transformer"] < lstm["lstm"]


@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_small_and_its_weights_are_float16(name):
    folder = files.path(f"models/{name}/weights.npz").parent
    assert sum(file.stat().st_size for file in folder.iterdir()) < 6e6
    with np.load(folder / "weights.npz") as weights:
        assert {weights[key].dtype for key in weights} == {np.dtype(np.float16)}


@pytest.mark.parametrize("name", NAMES)
def test_the_licence_of_the_text_stands_beside_the_weights(name):
    licence = files.path(f"models/{name}/LICENSE.txt").read_text(encoding="utf-8")
    words = ("CC BY-SA 3.0", "Wikipedia", "Anarchism") if name.startswith("wiki") else ("CC0", "Moby-Dick")
    assert all(word in licence for word in words) and model_card(name)["licence"] in licence


def test_the_same_recipe_gives_the_same_model_and_learns(data):
    whole = data["book-lstm"]
    few = {split: documents[:6] for split, documents in whole.ids.items()}
    small = LanguageData(whole.preprocessor, few)
    recipe = replace(LANGUAGE_RECIPES["book-lstm"], dim=50, units=(24,), epochs=2)
    models = [train_language_model(recipe, small, verbose=0) for _ in range(2)]
    first, second = (lm.keras_model.get_weights() for lm, _ in models)
    assert all(np.allclose(a, b, atol=2e-3) for a, b in zip(first, second, strict=True))  # float16, two threads
    assert all(np.array_equal(a, a.astype(np.float16)) for a in first)
    loss = models[0][1].history["val_loss"]
    assert loss.iloc[-1] < loss.iloc[0] < np.log(len(whole.preprocessor.vocabulary))


def test_a_learning_rate_rises_before_it_falls():
    recipe = replace(LANGUAGE_RECIPES["wiki-transformer"], epochs=4, warmup=1, learning_rate=0.1)
    rate = recipe.rates(steps=10)
    found = [float(rate(step)) for step in range(40)]
    assert found[0] == 0 and np.isclose(max(found), 0.1) and np.argmax(found) == 10
    assert (np.diff(found[:11]) > 0).all() and (np.diff(found[10:]) < 0).all()
    assert float(LANGUAGE_RECIPES["wiki-lstm"].rates(10)(0)) == np.float32(2e-3), "without a warm-up it falls at once"


def test_a_transformer_learns_by_the_same_machinery(data):
    whole = data["wiki-transformer"]
    few = {split: [document[:300] for document in documents[:8]] for split, documents in whole.ids.items()}
    recipe = replace(
        LANGUAGE_RECIPES["wiki-transformer"], width=56, layers=1, heads=2, hidden=64, length=32, batch_size=4, epochs=2
    )
    lm, report = train_language_model(recipe, LanguageData(whole.preprocessor, few), verbose=0)
    loss = report.history["loss"]
    assert loss.iloc[-1] < loss.iloc[0] < 1.02 * np.log(lm.vocabulary_size)
    weights = lm.transformer.get_weights()
    assert all(np.array_equal(w, w.astype(np.float16)) for w in weights)
    first, second = (untrained(recipe, whole.preprocessor).get_weights() for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    queries, keys = first[2], first[3]
    assert queries.shape == keys.shape and not np.allclose(queries, keys), "no two matrices begin with the same numbers"


def test_windows_ask_at_every_token_what_comes_next(data):
    here = data["book-lstm"]
    batches = windows(LANGUAGE_RECIPES["book-lstm"], here, "train")
    ids, labels = batches.rows(3)
    assert np.array_equal(ids[:, 1:], labels[:, :-1]) and ids.shape == (len(batches) * batches.batch_size, 48)
    places = {tuple(row) for row in ids}
    assert len(places) == len(ids), "no stretch of text stands twice in an epoch"
    again, other = batches.rows(3)[0], batches.rows(4)[0]
    assert np.array_equal(ids, again) and not np.array_equal(ids, other)
    # an epoch leaves out less than one batch and one window
    assert ids.size > len(batches.stream) - (batches.batch_size + 2) * 48
    drawn = np.concatenate([ids.numpy() for ids, _ in batches.epoch(3)])
    assert np.array_equal(drawn, ids)


def test_a_text_shorter_than_one_batch_is_refused(data):
    here = data["book-lstm"]
    short = LanguageData(here.preprocessor, {split: [ids[:30] for ids in d[:2]] for split, d in here.ids.items()})
    with pytest.raises(ValueError, match="of 62 tokens does not fill one batch of 16 windows of 48"):
        windows(LANGUAGE_RECIPES["book-lstm"], short, "train")


def test_an_untrained_network_begins_with_glove(data):
    preprocessor = data["book-lstm"].preprocessor
    table = untrained(LANGUAGE_RECIPES["book-lstm"], preprocessor).get_layer("words").get_weights()[0]
    glove = lt.embeddings.load_glove(words=preprocessor.vocabulary)
    whale, ship = (preprocessor.lookup([word])[0] for word in ("whale", "ship"))
    begun = table[whale, :50] / table[ship, :50]
    assert whale > len(SPECIAL) and np.allclose(begun, glove["whale"] / glove["ship"], rtol=1e-4)
