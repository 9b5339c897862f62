"""What a language model says was its reason, as numbers that can be held against what moves its answer.

A model that has judged a text can be asked which word decided. It will answer, fluently, and nothing in the way it
works says that the answer describes what it did: the reply is a chain of next-word guesses like any other text.
(Turpin et al. 2023, "Language Models Don't Always Say What They Think", for reasons that are not the reasons.)

1. Let the model give its verdict, and go on with the question "which word decided?".
2. *Told*: the log probability of each word of the text as the reply, to its closing quotation mark.
3. *Named*: the reply that it writes when it always takes the likeliest piece; it need not be a word of the text.
"""

from dataclasses import dataclass

import numpy as np

from ..models.zero_shot import ZeroShot

# What follows the verdict. In a chat the turn ends and the user asks on; in a form another line is filled in.
IN_CHAT = (
    ".<|im_end|>\n<|im_start|>user\nWhich word of the review decided your answer? Name one word of the review."
    '<|im_end|>\n<|im_start|>assistant\nThe word that decided my answer is "'
)
IN_FORM = '\nThe word of the review that decided it: "'
END, LONGEST = '"', 8


@dataclass(frozen=True)
class StatedReason:
    """What a model says decided.

    Attributes:
        words: of the text.
        verdict: the class that the model predicted.
        told: (words,) log probability of each word as the reply; minus infinity for what is no word but a mark.
        named: the word that the model writes.
    """

    words: tuple[str, ...]
    verdict: str
    told: np.ndarray
    named: str

    @property
    def told_word(self) -> int:
        """The number of the word of the text that is likeliest to be the reply."""
        return int(np.argmax(self.told))

    @property
    def named_word(self) -> int | None:
        """The number of the word that the model wrote, where it first stands; `None` if the text has no such word."""
        spelled = [word.lower() for word in self.words]
        written = self.named.strip(" .,!?'\"").lower()
        return spelled.index(written) if written in spelled else None


def stated_reason(model: ZeroShot, text: str) -> StatedReason:
    """Ask the model for its verdict on a text, and then for the word that decided it.

    Args:
        model: its frame is gone on with as a chat where it is one, else as a form.
        text: one text.

    Returns:
        a `StatedReason`. A word that stands in the text more than once is told with its first place.

    Raises:
        ValueError: if no word of the text has a letter or a digit.
    """
    lm, encoding = model.lm, model.encode(text)
    words = tuple(encoding.words)
    told = [i for i, word in enumerate(words) if any(map(str.isalnum, word)) and word not in words[:i]]
    if not told:
        raise ValueError(f"{text!r} has no word that could be named")
    verdict = int(model.predict_ids(encoding.ids[None])[0, 0] > 0)
    said = model.before + text + model.after + model.answers[verdict]
    prompt = said + (IN_CHAT if "<|im_end|>" in model.after else IN_FORM)
    values = np.full(len(words), -np.inf)
    values[told] = reply_log_probs(lm, prompt, [words[i] for i in told])
    reply = lm.decode(lm.draw(prompt, LONGEST, top_k=1))
    return StatedReason(words, model.classes[verdict], values, reply.split(END)[0])


def reply_log_probs(lm, prompt: str, replies: list[str]) -> np.ndarray:
    """(replies,) log P of each reply and the quotation mark behind it, after a prompt that is read once."""
    before, spelled = lm.ids(prompt), [lm.ids(reply + END) for reply in replies]
    _, state = lm.step(before[None, :-1])
    state = [tuple(np.repeat(np.asarray(kept), len(spelled), axis=0) for kept in pair) for pair in state]
    width = max(map(len, spelled))
    targets = np.full((len(spelled), width), lm.padding, np.int32)
    for row, ids in zip(targets, spelled, strict=True):
        row[: len(ids)] = ids
    ids = np.concatenate([np.full((len(spelled), 1), before[-1], np.int32), targets[:, :-1]], axis=1)
    log_p, _ = lm.read(ids, targets, state)
    inside = np.arange(width) < np.array([len(ids) for ids in spelled])[:, None]
    return np.where(inside, log_p, 0).sum(axis=1)
