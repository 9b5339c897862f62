"""Run layers on the later places only, when all before is known.

In a causal model a value depends on the layers below it and on the places before it. Whoever changes something at one
place need not compute the earlier ones again: all that later places take from them are their keys and values. It is the
cache that makes a model write quickly, here used to ask many "what if" about one prompt.
"""

import numpy as np
from keras import ops

from ..models.activations import Run
from ..models.transformer import Transformer

READ = ("keys", "values")  # the sites of each layer that a `Tail` needs


class Tail:
    """What a Transformer does from a place on, for prompts whose earlier places stay as they were.

    Args:
        model: a Transformer.
        start: the first place that is run; the earlier ones are kept.
        run: a run of the prompts in which the sites `READ` of all layers were read.
    """

    def __init__(self, model: Transformer, start: int, run: Run):
        self.model, self.start = model, start
        sites = [[f"layer.{i}.{name}" for name in READ] for i in range(model.sizes.layers)]
        self.past = [tuple(run[site][:, :, :start] for site in pair) for pair in sites]

    def layer(self, number: int, stream, replace: dict[str, np.ndarray] | None = None):
        """The stream behind a layer (rows, time - start, width), out of what it reads.

        Args:
            number: of the layer.
            stream: (rows, time - start, width) at the places that are run; rows are the prompts, again and again.
            replace: {name of a site in the layer, without "layer.I.": what stands there instead, at the places run}.
        """
        x = ops.convert_to_tensor(stream)
        times = len(stream) // len(self.past[number][0])
        past = tuple(ops.tile(kept, (times, 1, 1, 1)) for kept in self.past[number])
        replaced = {name: ops.convert_to_tensor(value) for name, value in (replace or {}).items()}
        return self.model.layer(number, x, past, self.model.places(x, past), replaced)[0]
