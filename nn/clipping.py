"""Shortening a gradient that is too long for a step."""

import math
from collections.abc import Iterable

from autograd import Value, minimum

from .checks import Number, non_negative


def clip_grad_norm(parameters: Iterable[Value], max_norm: float) -> float:
    """Shorten the gradient, taken as one vector over all `parameters`, to the length `max_norm` where it is longer.

    Each gradient is multiplied by max_norm / (length + 1e-6) where that is below 1, as in PyTorch (Pascanu et al.
    2013). Parameters whose `grad` is None count as 0 and stay.

    Returns the length before. Raises ValueError, naming the parameter, for a gradient that is not finite.

    >>> x, y = Value(0.0), Value(0.0)
    >>> x.grad, y.grad = 30.0, 40.0
    >>> clip_grad_norm([x, y], max_norm=5.0)
    50.0
    >>> round(x.grad, 6), round(y.grad, 6)
    (3.0, 4.0)
    """
    non_negative("max_norm", max_norm)
    listed = list(parameters)
    gradients = {parameter: parameter.grad for parameter in listed if parameter.grad is not None}
    for parameter, gradient in gradients.items():
        if not math.isfinite(gradient):
            name = repr(parameter.label) if parameter.label else f"number {listed.index(parameter)}"
            raise ValueError(f"the gradient of parameter {name} is {gradient!r}: lower the learning rate")
    length = math.hypot(*gradients.values())
    factor = clip_factor(length, max_norm)
    if factor < 1.0:
        for parameter, gradient in gradients.items():
            parameter.grad = gradient * factor
    return length


def clip_factor(length: Number, max_norm: float) -> Number:
    """What to multiply a gradient of this length, a number or a Value, by, so that it is no longer than `max_norm`."""
    factor: Number = minimum(1.0, max_norm / (length + 1e-6))
    return factor
