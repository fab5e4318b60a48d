"""Activation functions by name: every function of one number that the engine has, and "linear", which does nothing."""

from collections.abc import Callable
from typing import Any

import autograd

Activation = str | Callable[[Any], Any]


def linear(x: Any) -> Any:
    """The number itself: no activation function.

    >>> linear(3.0)
    3.0
    """
    return x


_NAMES = (
    "abs arccos arcsin arctan cos cosh elu erf exp expm1 gelu leaky_relu log log1p relu sigmoid silu sin sinh softplus "
    "sqrt tan tanh"
)
ACTIVATIONS: dict[Any, Callable[[Any], Any]] = {"linear": linear} | {n: getattr(autograd, n) for n in _NAMES.split()}


def named(activation: Activation) -> Activation:
    """The name of an activation function that has one; a function of the user's own as it is.

    Raises ValueError for a name that is not known, TypeError for what is neither a name nor a function.

    >>> named(autograd.tanh), named("relu")
    ('tanh', 'relu')
    """
    if isinstance(activation, str):
        if activation not in ACTIVATIONS:
            raise ValueError(
                f"unknown activation {activation!r}: choose {', '.join(sorted(ACTIVATIONS))}, or a function"
            )
        return activation
    for name, function in ACTIVATIONS.items():
        if function is activation:
            return str(name)
    if not callable(activation):
        raise TypeError(f"an activation is a name or a function of one number, got {activation!r}")
    return activation
