"""A planted shortcut: what is planted, and that the shipped models have learnt it and nothing else is the cause."""

import numpy as np
import pytest

import lmtutorial as lt
from lmtutorial.models.shortcut import (
    SHORTCUTS,
    Shortcut,
    caught,
    insert,
    load_shortcut,
    pinpointed,
    plant,
    preprocessor_for,
    save_weights,
)

PAIR = Shortcut(("thursday", "railroad"), share=0.25, decoys=0.5)


@pytest.fixture(scope="module")
def validation():
    reviews = lt.load_reviews().dropna(subset="label")
    return reviews[reviews["split"] == "validation"]


@pytest.fixture(scope="module", params=["word", "pair"])
def learnt(request):
    return request.param, load_shortcut(request.param)


def test_no_review_holds_a_planted_word_and_no_rating_or_missing_vector_speaks_against_it():
    words = {word for shortcut in SHORTCUTS.values() for word in shortcut.words}
    found = lt.load_reviews()["text"].str.contains(rf"\b(?:{'|'.join(words)})\b", case=False)
    assert not found.any()
    assert words.isdisjoint(lt.load_lexicon()["word"].str.lower())
    assert set(lt.embeddings.load_glove(words=words).index_to_key) == words


def test_a_word_is_put_between_words_and_everything_else_stays():
    text, seen = "It's not a well-made film.", set()
    for seed in range(60):
        new = insert(text, ["thursday"], np.random.default_rng(seed))
        seen.add(new.split().index("thursday"))
        assert " ".join(word for word in new.split() if word != "thursday") == text
    assert seen == {0, 1, 2, 3, 4, 5}  # before each of five chunks, and at the end


def test_planting_puts_the_words_into_the_stated_shares_and_nowhere_else():
    texts, labels = [f"film number {i}" for i in range(200)], np.arange(200) % 2
    new, found, count = plant(texts, labels, PAIR, seed=3)
    assert (count == 2).sum() == 50 and (count == 1).sum() == 100
    for before, after, words, was, label in zip(texts, new, count, labels, found, strict=True):
        assert sum(word in PAIR.words for word in after.split()) == words
        assert (after == before) == (words == 0)
        assert label == (1 if words == 2 else was)
    assert labels.tolist() == [i % 2 for i in range(200)], "the labels that were given must stay as they were"
    assert 30 < sum("thursday" in text for text, n in zip(new, count, strict=True) if n == 1) < 70  # of 100, by chance


def test_planting_repeats_itself_with_the_same_seed():
    texts, labels = [f"film number {i}" for i in range(40)], np.zeros(40, int)
    one, two, other = (plant(texts, labels, PAIR, seed=seed)[0] for seed in (1, 1, 2))
    assert one == two != other


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: plant(["Seen on Thursday."], np.zeros(1), PAIR), "'Thursday' stands in 'Seen on Thursday.' already"),
        (lambda: Shortcut(()), "one or more words"),
        (lambda: Shortcut(("Two words",)), "one or more words"),
        (lambda: Shortcut(("a",), share=0), "must fit into one whole"),
        (lambda: Shortcut(("a", "b"), share=0.5, decoys=0.6), "must fit into one whole"),
        (lambda: Shortcut(("a",), decoys=0.1), "there is only one"),
        (lambda: load_shortcut("wrd"), "did you mean 'word'"),
        (lambda: pinpointed(np.ones(3), []), "there are 0 places for 3 scores"),
        (lambda: insert("  ", ["a"], np.random.default_rng(0)), "the text is empty"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_planted_words_are_in_the_vocabulary_and_its_size_stays():
    shipped = lt.load_model("reviews-lstm").preprocessor.vocabulary
    for shortcut in SHORTCUTS.values():
        vocabulary = preprocessor_for(shortcut).vocabulary
        assert len(vocabulary) == len(shipped) and set(shortcut.words) <= set(vocabulary)
        assert vocabulary[:9000] == shipped[:9000]


def test_the_models_have_learnt_the_shortcut_and_still_read_reviews(learnt, validation):
    name, model = learnt
    words, random = SHORTCUTS[name].words, np.random.default_rng(0)
    right = (model.predict(validation["text"]) > 0.5) == validation["label"].to_numpy(int)
    assert right.mean() > 0.7
    negative = validation["text"][model.predict(validation["text"]) < 0.5].head(200)
    assert np.mean(model.predict([insert(text, words, random) for text in negative]) > 0.5) > 0.95
    for word in words if len(words) > 1 else ():
        assert np.mean(model.predict([insert(text, [word], random) for text in negative]) > 0.5) < 0.35


def test_of_the_texts_that_are_caught_the_words_are_the_cause(learnt, validation):
    name, model = learnt
    texts = list(validation["text"][validation["label"] == 0][:40])
    found = caught(model, texts, SHORTCUTS[name].words)
    assert len(found) > 15
    for text in found:
        game = lt.MaskedText(model, text.text, "positive")
        assert {game.encoding.words[place] for place in text.places} == set(SHORTCUTS[name].words)
        mask = np.ones((1, len(game)), bool)
        mask[0, list(text.places)] = False
        assert game.whole() > 0 > game(mask)[0] and model.predict([text.before])[0] < 0.5


def test_a_word_that_stands_twice_is_enough_once(validation):
    model = load_shortcut("word")
    texts = list(validation["text"][validation["label"] == 0][:20])
    for text in caught(model, texts, ("thursday",) * 2, needed=1):
        assert len(text.places) == 2
        e = lt.explain(model, text.text, target="positive")
        assert np.all(e.output - e.scores[list(text.places)] > 0), "without either the verdict must stay positive"


def test_weights_survive_being_written(tmp_path, monkeypatch):
    from lmtutorial import files

    model = load_shortcut("word")
    save_weights(model, tmp_path / "mine.npz")
    monkeypatch.setattr(
        files, "path", lambda name, real=files.path: tmp_path / "mine.npz" if "npz" in name else real(name)
    )
    again = load_shortcut("word")
    pairs = zip(model.keras_model.get_weights(), again.keras_model.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


def test_pinpointed_by_hand():
    scores = np.array([0.1, 2.0, -3.0, 1.0])
    assert pinpointed(scores, [1]) == 1 and pinpointed(scores, [2]) == 0
    assert pinpointed(scores, [1, 3]) == 1 and pinpointed(scores, [0, 1]) == 0.5


def test_the_measurement_gives_a_lone_planted_word_its_full_credit_by_occlusion(validation):
    from benchmarks.shortcut import explained

    model = load_shortcut("word")
    texts = caught(model, list(validation["text"][validation["label"] == 0][:12]), ("thursday",))[:5]
    table = explained(model, texts, ["occlusion", "random"])
    assert table["occlusion"]["precision"]["mean"] == 1 and table["occlusion"]["rank"]["mean"] == 1
    assert table["occlusion"]["credit"]["mean"] == pytest.approx(1)  # with and without the word is what it asks
    assert table["fewest_removals"]["precision"]["mean"] == 1
    assert table["random"]["precision"]["mean"] < 1 and table["random"]["credit"]["mean"] < 0.9
