"""Whether a loss can be recorded: with the targets as they are, it is held against its recording, which has numbers.

So a loss refuses a target in its own words, and one that asks a target for more than arithmetic is noticed.
"""

from collections.abc import Sequence
from typing import Any

from autograd import BranchChanged, compile, no_grad

from .diagnosis import about
from .engines import Loss, mode_kept, plain
from .examples import Example
from .modules import Module


def check_loss(loss: Loss, model: Module, data: Sequence[Example]) -> None:
    """Hold the loss against its recording, for the prediction of the first example and every target of the data.

    Raises what the loss itself does, naming the example; TypeError, or BranchChanged, when the recording differs.
    """
    import numpy as np

    different = {repr(example.target): example for example in reversed(data)}  # the first of each
    examples = list(reversed(different.values()))
    with mode_kept(model), no_grad():
        prediction = model.eval()(data[0].x)
        expected = [_number(loss, prediction, example) for example in examples]
    predictions, targets = [plain(prediction)] * len(examples), [example.target for example in examples]
    cause = None
    try:
        recorded = compile(loss, backend="numpy").map(predictions, targets)
        if np.allclose(recorded, expected, rtol=1e-9, atol=1e-12, equal_nan=True):
            return
    except BranchChanged:
        raise
    except Exception as error:  # of any class: it is what the loss raises for a target that is no plain number
        cause = error
    raise TypeError(
        "the loss does with a target what a recording does not hold, such as to compare it or look it up: "
        "train with compiled=False"
    ) from cause


def _number(loss: Loss, prediction: Any, example: Example) -> float:
    try:
        return float(loss(prediction, example.target))
    except (ValueError, TypeError, ArithmeticError) as error:
        raise about(error, example.name) from error
