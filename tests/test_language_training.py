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
    return {name: LanguageData.load(LANGUAGE_RECIPES[name], progress=False) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_the_vocabulary_is_that_of_the_training_documents(name, data):
    assert lt.load_model(name).preprocessor == data[name].preprocessor
    assert {split: data[name].tokens(split) for split in data[name].ids} == model_card(name)["tokens"]


@pytest.mark.parametrize("name", NAMES)
def test_the_cards_test_perplexities_are_what_comes_out_today(name, data):
    lm, here, card = lt.load_model(name), data[name], model_card(name)["perplexity"]["test"]
    found = np.exp(-np.concatenate(lm.log_probs_of_ids(here.ids["test"], progress=False)).mean())
    assert abs(found - card["lstm"]) < 0.02  # the card has two decimals; other processors differ in the sixth digit
    trigram = KneserNey.tune(here.ids["train"], here.ids["validation"], len(here.preprocessor.vocabulary), here.start)
    assert abs(trigram.perplexity(here.ids["test"]) - card["trigram"]) < 0.1  # where the tuning stops
    unigram = Unigram.fit(here.ids["train"], len(here.preprocessor.vocabulary), here.start)
    assert abs(unigram.perplexity(here.ids["test"]) - card["unigram"]) < 0.01


def test_the_network_is_surprised_far_less_than_the_trigram_on_unread_articles():
    card = model_card("wiki-lstm")["perplexity"]["test"]
    assert card["lstm"] <= 0.70 * card["trigram"] and card["trigram"] < 0.5 * card["unigram"]


@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_small_and_its_weights_are_float16(name):
    folder = files.path(f"models/{name}/weights.npz").parent
    assert sum(file.stat().st_size for file in folder.iterdir()) < 6e6
    with np.load(folder / "weights.npz") as weights:
        assert {weights[key].dtype for key in weights} == {np.dtype(np.float16)}


@pytest.mark.parametrize("name", NAMES)
def test_the_licence_of_the_text_stands_beside_the_weights(name):
    licence = files.path(f"models/{name}/LICENSE.txt").read_text(encoding="utf-8")
    words = ("CC BY-SA 3.0", "Wikipedia", "Anarchism") if name == "wiki-lstm" else ("CC0", "Moby-Dick")
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
