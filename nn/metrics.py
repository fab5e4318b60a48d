"""Figures that people judge a model by, of one example each; `fit` averages them."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


def accuracy(prediction: "ArrayLike", target: "ArrayLike") -> float:
    """1.0 when the class predicted is the right one, else 0.0.

    Arguments:
        prediction: several numbers, the largest of which says the class (logits, probabilities); or one, which says
            the positive class when it is above 0 (a logit, a margin).
        target: for several numbers, the index of the class, or a list whose largest number says it; for one, the
            class: 1 or 0, or +1 or -1.

    A prediction with NaN in it is never right.

    >>> accuracy([0.1, 2.0, -1.0], 1), accuracy(-0.3, 1), accuracy(-0.3, -1)
    (1.0, 0.0, 1.0)
    """
    import numpy as np

    return float(correct(np.array([prediction], float), np.array([target]))[0])


def correct(predictions: "NDArray[np.float64]", targets: "NDArray[Any]") -> "NDArray[np.bool_]":
    """Whether the class predicted is the right one: arrays of what `accuracy` takes, an example in each row."""
    import numpy as np

    known = ~np.isnan(predictions).reshape(len(predictions), -1).any(axis=1)
    if predictions.ndim == 1:
        right = (predictions > 0.0) == (targets > 0.5)
    else:
        known &= ~np.isnan(targets).reshape(len(targets), -1).any(axis=1)
        right = predictions.argmax(axis=1) == (targets if targets.ndim == 1 else targets.argmax(axis=1))
    both: NDArray[np.bool_] = known & right
    return both
