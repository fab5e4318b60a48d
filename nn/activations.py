"""Activation functions by name: every function of one number that `autograd` exports, and "linear", which does nothing.

The table follows the exports: a function that is added there is an activation function here.
"""

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, TypeVar

import autograd
from autograd import Value

Activation = str | Callable[[Value], Value]

T = TypeVar("T")
_OTHER_NAMES = {"swish": "silu", "logistic": "sigmoid", "identity": "linear"}  # for the hint of an error alone


def linear(x: T) -> T:
    """The number itself: no activation function.

    >>> linear(3.0)
    3.0
    """
    return x


def _of_one_number(name: str) -> bool:
    """Whether `autograd` exports a function of this name, also a method of Values, that gives a number for a number."""
    function = getattr(autograd, name)
    if not callable(function) or not hasattr(Value, name):
        return False
    for number in (0.5, 2.0):  # one of them is in the domain of each
        try:
            return isinstance(function(number), float)
        except (TypeError, AttributeError):
            return False
        except (ValueError, ArithmeticError):
            continue
    return False


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": linear,
    **{name: getattr(autograd, name) for name in dir(autograd) if _of_one_number(name)},
}


def named(activation: Activation) -> Activation:
    """The name of an activation function that has one; a function of the user's own as it is.

    Raises ValueError for a name that is not known, TypeError for anything but a name or a function.

    >>> named(autograd.tanh), named("relu")
    ('tanh', 'relu')
    """
    if isinstance(activation, str):
        if activation not in ACTIVATIONS:
            close = get_close_matches(activation.lower(), ACTIVATIONS, 1)
            meant = _OTHER_NAMES.get(activation, close[0] if close else "")
            hint = f" (did you mean {meant!r}?)" if meant else ""
            raise ValueError(
                f"unknown activation {activation!r}{hint}: choose {', '.join(sorted(ACTIVATIONS))}, or a function"
            )
        return activation
    for name, function in ACTIVATIONS.items():
        if function is activation:
            return name
    if not callable(activation):
        raise TypeError(f"an activation is a name or a function of one number, got {activation!r}")
    return activation


def is_rectifier(activation: Activation) -> bool:
    """Whether a named function passes positive numbers on and holds negative ones near 0, as relu does.

    >>> [name for name in sorted(ACTIVATIONS) if is_rectifier(name)]
    ['elu', 'gelu', 'leaky_relu', ...'relu', 'silu', 'softplus']
    """
    if not isinstance(activation, str):
        return False
    try:
        above, below = (ACTIVATIONS[activation](x) for x in (10.0, -10.0))
    except (ValueError, ArithmeticError):
        return False
    return bool(9.9 < above < 10.1 and -1.0 <= below <= 0.1)
