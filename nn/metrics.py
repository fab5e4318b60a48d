"""Figures that people judge a model by, of one example each; `fit` averages them."""

from collections.abc import Sequence
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
    if isinstance(prediction, (int, float)):
        return float((prediction > 0.0) == (target > 0.5))
    right = target if isinstance(target, (int, float)) else largest(target)
    return float(largest(prediction) == right)


def largest(numbers: Sequence[float]) -> int:
    """The index of the largest number, the first where several are.

    >>> largest([0.5, 2.0, 2.0])
    1
    """
    return max(range(len(numbers)), key=numbers.__getitem__)
