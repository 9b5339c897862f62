"""What does `train` cost above Keras' own fit, and how fast is a step beside PyTorch and beside bare matrix products?

    python -m benchmarks.training_speed             # fifteen minutes on two idle cores; writes training_speed.json
    python -m benchmarks.training_speed --quick     # a first look, nothing written

1. Overhead: the same steps of the same batches by `train` and by a bare `fit`, in turns, for the review classifier
   (short steps, where a fixed cost weighs most) and for the language model. A bare `fit` builds the optimizer's memory
   in its first step and traces that step twice; `train` builds it before. So there is a second bare `fit` that does so
   too, and the overhead is counted against that one. On a machine with neighbours a run may take twice as long as the
   one before it: so the quickest runs are compared too (neighbours only ever slow one down), and so are the processor's
   seconds.
2. Tokens per second of the language model's step: Keras as it comes, Keras compiled by XLA, the same model in PyTorch
   (copied weights: the loss of the first step must agree to 1e-4), and nothing but the matrix products that the step
   cannot do without, the quicker library of the two for each product.
3. The second part runs twice, each time in a process of its own: as the system comes, and told to keep the memory that
   it has. The scores of one batch are 61 MB; given back and asked for again at every step they arrive page by page.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import numpy as np

from . import protocol, record

SHAPE = {"vocabulary_size": 10_000, "dim": 200, "units": (256,)}
BATCH, LENGTH, CLIP, RATE = 32, 48, 1.0, 2e-3
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "4000000000", "MALLOC_ARENA_MAX": "1"}


class Repeated:
    """The same batches in every epoch: what a bare `fit` can be given too."""

    def __init__(self, batches, steps: int):
        self.data, self.steps = batches.epoch(0).take(steps).cache(), min(steps, len(batches))

    def __len__(self):
        return self.steps

    def epoch(self, number):
        return self.data


def overhead(turns: int, quick: bool) -> dict:
    """{model: seconds of `train` and of a bare `fit` for the same steps, and their ratio}."""
    from lmtutorial.models.batches import TrimmedBatches
    from lmtutorial.models.classifier import build_lstm
    from lmtutorial.models.lstm_language_model import build_lstm_lm
    from lmtutorial.models.windows import Windows
    from lmtutorial.models.zoo import RECIPES, ReviewData

    data = ReviewData.load(RECIPES["reviews-lstm"])
    rows = [part[: 320 if quick else 3200] for part in data.ids("train")]
    stream = np.random.default_rng(0).integers(2, 10_000, 40 * BATCH * LENGTH).astype(np.int32)
    tasks = {
        "reviews-lstm": (build_lstm(data.matrix, dropout=0.3), Repeated(TrimmedBatches(*rows, 64, 0), 10**6), 4),
        "wiki-lstm": (
            build_lstm_lm(**SHAPE),
            Repeated(Windows([stream], 2, length=LENGTH, batch_size=BATCH), 3 if quick else 20),
            1,
        ),
    }
    found = {}
    for name, (model, batches, epochs) in tasks.items():
        found[name] = _overhead_of(model, batches, 1 if quick else epochs, turns)
        print(name, found[name], flush=True)
    return found


def _overhead_of(model, batches, epochs: int, turns: int) -> dict:
    import keras

    from lmtutorial.models.training import train

    of_classifier = model.output_shape[-1] == 1
    loss = "binary_crossentropy" if of_classifier else keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def ours():
        train(model, batches, loss=loss, epochs=epochs, clipnorm=CLIP, verbose=0)

    def bare(built: bool):
        model.compile(loss=loss, optimizer=keras.optimizers.Adam(1e-3, global_clipnorm=CLIP))
        if built:
            model.optimizer.build(model.trainable_variables)
        model.fit(batches.data, epochs=epochs, shuffle=False, verbose=0)

    runs = {"train": ours, "fit": lambda: bare(False), "fit, optimizer built": lambda: bare(True)}
    busy = {name: [] for name in runs}

    def watched(name):
        began = time.process_time()
        runs[name]()
        busy[name].append(time.process_time() - began)

    _, seconds = protocol.taking_turns({name: lambda name=name: watched(name) for name in runs}, turns)
    cpu = {name: np.array(values[1:]) for name, values in busy.items()}  # the first call is a warm-up
    return {"steps": epochs * len(batches)} | {
        clock: {
            "seconds": {name: protocol.spread([values]) for name, values in by.items()},
            "ratio": {name: protocol.spread([by["train"] / by[name]]) for name in runs if name != "train"},
            "ratio_of_quickest": {
                name: round(float(by["train"].min() / by[name].min()), 4) for name in runs if name != "train"
            },
        }
        for clock, by in (("wall", seconds), ("cpu", cpu))
    }


def step_rates(turns: int, steps: int) -> dict:
    """Tokens per second of one training step by each contestant, and the loss of its first step."""
    ids = np.random.default_rng(0).integers(2, SHAPE["vocabulary_size"], (BATCH, LENGTH + 1)).astype(np.int32)
    makers = {"keras": lambda w: keras_step(ids, w, False), "keras, XLA": lambda w: keras_step(ids, w, True)}
    weights = initial_weights()
    try:
        import torch  # noqa: F401

        makers["torch"] = lambda w: torch_step(ids, w)
    except ImportError:
        print("PyTorch is not installed: it is left out (make crosscheck installs it)")
    runs = {name: make(weights) for name, make in makers.items()}
    losses = {name: float(run()) for name, run in runs.items()}
    assert max(losses.values()) - min(losses.values()) < 1e-4, f"not the same model: {losses}"
    runs["matrix products"] = bare_products()
    repeated = {name: (lambda run=run: [run() for _ in range(steps)]) for name, run in runs.items()}
    _, seconds = protocol.taking_turns(repeated, turns)
    tokens = BATCH * LENGTH * steps
    return {
        "first_loss": {name: round(loss, 6) for name, loss in losses.items()},
        "tokens_per_second": {name: protocol.spread([tokens / s]) for name, s in seconds.items()},
        "of_torch": {
            name: protocol.spread([seconds["torch"] / s]) for name, s in seconds.items() if "torch" in seconds
        },
        "of_bound": {name: protocol.spread([seconds["matrix products"] / s]) for name, s in seconds.items()},
    }


def initial_weights() -> list[np.ndarray]:
    import keras

    from lmtutorial.models.lstm_language_model import build_lstm_lm

    keras.utils.set_random_seed(0)
    return build_lstm_lm(**SHAPE, dropout=(0.0, 0.0)).get_weights()


def keras_step(ids: np.ndarray, weights: list[np.ndarray], jit: bool):
    """A function that takes one step and returns the loss before it."""
    import keras
    import tensorflow as tf

    from lmtutorial.models.lstm_language_model import build_lstm_lm

    model = build_lstm_lm(**SHAPE, dropout=(0.0, 0.0))
    model.set_weights(weights)
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        optimizer=keras.optimizers.Adam(RATE, global_clipnorm=CLIP),
        jit_compile=jit,
    )
    model.make_train_function()
    batches = iter(tf.data.Dataset.from_tensors((ids[:, :-1], ids[:, 1:])).repeat())

    def step():
        model.reset_metrics()
        return model.train_function(batches)["loss"]

    return step


def torch_step(ids: np.ndarray, weights: list[np.ndarray]):
    """The same with PyTorch. It knows two biases in an LSTM; the second is nothing and stays it."""
    import torch

    table, kernel, recurrent, bias, to_width, width_bias, out_bias = (torch.tensor(w) for w in weights)
    words = torch.nn.Embedding.from_pretrained(table, freeze=False)
    lstm = torch.nn.LSTM(SHAPE["dim"], SHAPE["units"][0], batch_first=True)
    state = {"weight_ih_l0": kernel.T, "weight_hh_l0": recurrent.T, "bias_ih_l0": bias}
    lstm.load_state_dict({**state, "bias_hh_l0": torch.zeros_like(bias)})
    lstm.bias_hh_l0.requires_grad_(False)
    width = torch.nn.Linear(SHAPE["units"][0], SHAPE["dim"])
    width.load_state_dict({"weight": to_width.T, "bias": width_bias})
    out_bias = torch.nn.Parameter(out_bias)
    parameters = [
        *words.parameters(),
        *(p for p in lstm.parameters() if p.requires_grad),
        *width.parameters(),
        out_bias,
    ]
    adam = torch.optim.Adam(parameters, lr=RATE, eps=1e-7)
    inputs, labels = torch.tensor(ids[:, :-1]).long(), torch.tensor(ids[:, 1:]).long().reshape(-1)

    def step():
        adam.zero_grad()
        hidden = width(lstm(words(inputs))[0]).reshape(-1, SHAPE["dim"])
        loss = torch.nn.functional.cross_entropy(hidden @ words.weight.T + out_bias, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, CLIP)
        adam.step()
        return loss.item()

    return step


def products() -> list[tuple[int, tuple[int, int], tuple[int, int]]]:
    """(how often, shape, shape) of every matrix product of a step: forward, and two of that size backward."""
    tokens, words, dim, units = BATCH * LENGTH, SHAPE["vocabulary_size"], SHAPE["dim"], SHAPE["units"][0]
    forward = [
        (1, (tokens, dim), (dim, 4 * units)),  # all inputs of the LSTM at once
        (LENGTH, (BATCH, units), (units, 4 * units)),  # its states, one step after the other
        (1, (tokens, units), (units, dim)),
        (1, (tokens, dim), (dim, words)),
    ]
    found = []
    for times, (n, k), (_, m) in forward:
        found += [(times, (n, k), (k, m)), (times, (n, m), (m, k))]
        # the gradient of the weights of all steps of an LSTM is one product
        found.append((1, (k, n * times), (n * times, m)))
    return found


def bare_products():
    """A function that does nothing but the matrix products of a step, each by the library that is quicker at it."""
    import tensorflow as tf

    random, chosen = np.random.default_rng(0), []
    for times, a, b in products():
        x, y = (random.normal(size=shape).astype(np.float32) for shape in (a, b))
        ways = [_tf_product(tf.constant(x), tf.constant(y))]
        try:
            import torch

            ways.append(_torch_product(torch.tensor(x), torch.tensor(y)))
        except ImportError:
            pass
        chosen.append((times, min(ways, key=lambda way: min(protocol.seconds_of(way) for _ in range(4)))))

    def run():
        for times, way in chosen:
            for _ in range(times):
                way()

    return run


def _tf_product(x, y):
    import tensorflow as tf

    return lambda: tf.matmul(x, y)


def _torch_product(x, y):
    import torch

    out = torch.empty(x.shape[0], y.shape[1])  # no memory to ask for: the product and nothing else
    return lambda: torch.mm(x, y, out=out)


def rates_in_a_process(environment: dict[str, str], threads: int, turns: int, steps: int) -> dict:
    """`step_rates` with these settings of the system, which count only from a process' start."""
    command = [sys.executable, "-m", "benchmarks.training_speed", "--rates", f"{threads},{turns},{steps}"]
    ended = subprocess.run(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(ended.stdout.splitlines()[-1])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="few steps and turns, nothing written")
    options.add_argument("--threads", type=int, default=protocol.cores(), help="by default as many as cores")
    options.add_argument("--rates", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.rates:
        threads, turns, steps = map(int, chosen.rates.split(","))
        protocol.pin(threads)
        print(json.dumps(step_rates(turns, steps)))
        return
    turns, steps = (2, 2) if chosen.quick else (9, 4)
    found = {**record.circumstances("benchmarks.training_speed"), "threads": chosen.threads}
    found["model"] = {**SHAPE, "batch": BATCH, "length": LENGTH, "clipnorm": CLIP}
    found["rates"] = {
        "as it comes": rates_in_a_process({}, chosen.threads, turns, steps),
        "memory kept": rates_in_a_process(KEEP_MEMORY, chosen.threads, turns, steps),
    }
    found["environment"] = KEEP_MEMORY
    print(json.dumps(found["rates"], indent=1), flush=True)
    protocol.pin(chosen.threads)
    found["overhead"] = overhead(*((2, True) if chosen.quick else (7, False)))
    if not chosen.quick:
        print(record.write("training_speed.json", found))


if __name__ == "__main__":
    main()
