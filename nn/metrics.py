"""Figures that people judge a model by, of one example each; `fit` averages them."""

from typing import Any


def accuracy(prediction: Any, target: Any) -> float:
    """1.0 when the class predicted is the right one, else 0.0.

    Arguments:
        prediction: several numbers, of which the largest tells the class (logits, probabilities); or one, which tells
            the positive class when above 0 (a logit, a margin).
        target: for several numbers, the index of the class, or a list whose largest number tells it; for one, the
            class: 1 or 0, or +1 or -1.

    >>> accuracy([0.1, 2.0, -1.0], 1), accuracy(-0.3, 1), accuracy(-0.3, -1)
    (1.0, 0.0, 1.0)
    """
    import numpy as np

    return float(correct(np.array([prediction]), np.array([target]))[0])


def correct(predictions: Any, targets: Any) -> Any:
    """Whether the class predicted is the right one: arrays of what `accuracy` takes, an example in each row."""
    if predictions.ndim == 1:
        return (predictions > 0.0) == (targets > 0.5)
    return predictions.argmax(axis=1) == (targets if targets.ndim == 1 else targets.argmax(axis=1))
