"""Which examples are met when: those kept aside for validation, and the order of the others in each epoch."""

import random
from typing import TYPE_CHECKING, Any

from ..checks import is_number
from ..data import train_test_split
from ..initialization import generator
from ..optimizers import Optimizer
from .evaluation import Loss
from .example_weights import weighted
from .examples import Examples, examples

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def order_and_epochs(optimizer: Optimizer, seed: int | random.Random | None) -> tuple[int, int]:
    """What the order of the examples is drawn from, and how many epochs of it are done."""
    before, done = optimizer.shuffled or (None, 0)
    if seed is None and before is not None:
        return before, done
    return generator(seed).getrandbits(64), done


def rows_in_order(n: int, seed: int | None) -> "NDArray[np.int64]":
    """The whole numbers below n as an array, in the random order of a seed if there is one."""
    import numpy as np

    return np.arange(n) if seed is None else np.random.Generator(np.random.PCG64(seed)).permutation(n)


def set_aside(data: Examples, validation: Any, order: int, loss: Loss) -> tuple[Examples, Examples | None]:
    """The examples to train on, and those to validate on."""
    if validation is None:
        return data, None
    if is_number(validation):
        import numpy as np

        share = float(validation)
        if not 0.0 < share < 1.0:
            raise ValueError(f"validation is a pair (X, y) or a share between 0 and 1, got {validation!r}")
        rows = np.arange(len(data))
        train, others, _, _ = train_test_split(rows, rows, test_size=share, seed=order)
        return data.select(train), data.select(others)
    try:
        inputs, targets = validation
    except (TypeError, ValueError):
        raise ValueError(f"validation is a pair (X, y) or a share between 0 and 1, got {validation!r}") from None
    return data, weighted(examples(inputs, targets, " of the validation data"), loss)
