"""The prompts about who gets the drink: two of a pair differ in who gives, and in nothing else."""

import numpy as np
import pytest

from lmtutorial.indirect_objects import (
    FRAMES,
    HALVES,
    LAST_PLACES,
    NAMES,
    ORDERS,
    load_indirect_objects,
    without_repetition,
)


@pytest.fixture(scope="module")
def prompts():
    return load_indirect_objects()


def test_every_frame_order_and_half_has_as_many_prompts(prompts):
    counts = prompts.groupby(["frame", "order", "half"]).size()
    assert len(prompts) == 64 and len(counts) == len(FRAMES) * len(ORDERS) * len(HALVES) and set(counts) == {2}


def test_the_giver_is_named_twice_and_the_receiver_once(prompts):
    for row in prompts.itertuples():
        words = row.clean.replace(",", "").split()
        answer, other = row.answer.strip(), row.other.strip()
        assert (words.count(other), words.count(answer)) == (2, 1)
        first, second = (word for word in words[:5] if word in NAMES)
        assert (first, second) == ((answer, other) if row.order == ORDERS[0] else (other, answer))


def test_the_two_prompts_of_a_pair_differ_in_the_giver_alone(prompts):
    giver = -len(LAST_PLACES)
    for row in prompts.itertuples():
        clean, corrupted = row.clean.split(), row.corrupted.split()
        assert clean[giver] == row.other.strip() and corrupted[giver] == row.answer.strip()
        clean[giver] = corrupted[giver] = ""
        assert clean == corrupted and clean[-1] == "to"


def test_within_a_frame_nobody_comes_in_two_pairs(prompts):
    for _, rows in prompts.groupby("frame"):
        assert len({*rows["answer"], *rows["other"]}) == 2 * len(rows)


def test_without_repetition_three_different_people_are_named():
    for frame in range(len(FRAMES)):
        texts = without_repetition(frame, 10)
        assert len(texts) == 10
        for text in texts:
            assert len({word for word in text.replace(",", "").split() if word in NAMES}) == 3


def test_the_same_seed_gives_the_same_prompts(prompts):
    assert prompts.equals(load_indirect_objects(seed=0))
    assert not prompts["clean"].equals(load_indirect_objects(seed=1)["clean"])


@pytest.mark.parametrize("pairs", [0, 7])
def test_a_number_of_pairs_that_names_do_not_suffice_for_is_refused(pairs):
    with pytest.raises(ValueError, match=f"from 1 to 6 .24 names.*got {pairs}|there are 24 names.*got {pairs}"):
        load_indirect_objects(pairs)
    with pytest.raises(ValueError, match="from 0 to 7, got 8"):
        without_repetition(8)


def test_for_the_llm_every_name_is_one_piece_and_both_prompts_have_the_same_length(llm, prompts):
    assert all(len(llm.ids(f" {name}")) == 1 for name in NAMES)
    for frame, rows in prompts.groupby("frame"):
        texts = [*rows["clean"], *rows["corrupted"], *without_repetition(frame)]
        assert len({len(llm.ids(text)) for text in texts}) == 1
        last = [llm.tokens(text)[-len(LAST_PLACES) :] for text in rows["clean"]]
        assert [pieces[0] for pieces in last] == rows["other"].tolist() and {p[-1] for p in last} == {" to"}
        assert np.array_equal([" ".join(p).split() for p in last], [t.split()[-5:] for t in rows["clean"]])
