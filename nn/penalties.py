"""Penalties on the weights of a model: added to a loss, they keep weights small. Biases and gains are left alone."""

import re
from functools import cache

from autograd import Value, abs, dot, scope, total

from .module import Module

_NOT_A_WEIGHT = re.compile(r"(b|bias|biases)(_\w*)?|\w*_(b|bias|biases)|gain")


def weights(model: Module) -> list[Value]:
    """The parameters that penalties act on: all but biases, and the gains of `LayerNorm`.

    A parameter is a bias if its attribute is called so: ``b``, ``bias``, ``b1``, ``b_hidden``, ``output_bias`` and the
    like, also as the name of a list or the key of a dict; a gain if it is called ``gain``.

    >>> from nn import Neuron
    >>> [w.label for w in weights(Neuron(2))]
    ['w.0', 'w.1']
    """
    return weights_among(model.named_parameters())


def weights_among(named_parameters: list[tuple[str, Value]]) -> list[Value]:
    """The same of parameters with their names."""
    return [parameter for path, parameter in named_parameters if _names_weight(path.rstrip(".0123456789"))]


@cache
def _names_weight(path: str) -> bool:
    return _NOT_A_WEIGHT.fullmatch(path.rpartition(".")[2].lower()) is None


def l2_penalty(model: Module, strength: float) -> Value:
    """strength · Σw² over the weights of `model`, never its biases; there is no factor ½.

    Its gradient with respect to a weight w is 2 · strength · w.

    Arguments:
        model: its weights are all parameters but biases and the gains of `LayerNorm`.
        strength: a number from 0.

    Raises ValueError for another strength.

    >>> from nn import Neuron
    >>> neuron = Neuron(2)
    >>> neuron.load_state_dict({"w.0": 3.0, "w.1": -4.0, "b": 100.0})
    >>> l2_penalty(neuron, 0.1).data
    2.5
    """
    return l2_of(weights(model), strength)


def l2_of(ws: list[Value], strength: float) -> Value:
    """strength · Σw² over some weights."""
    with scope("l2_penalty"):
        penalty: Value = _strength(strength) * dot(ws, ws)
    return penalty


def l1_penalty(model: Module, strength: float) -> Value:
    """strength · Σ|w| over the weights of `model`, never its biases.

    It drives weights to 0, where its gradient is taken as 0 (Tibshirani 1996).

    Arguments:
        model, strength: as those of `l2_penalty`.

    >>> from nn import Neuron
    >>> neuron = Neuron(2)
    >>> neuron.load_state_dict({"w.0": 3.0, "w.1": -4.0, "b": 100.0})
    >>> l1_penalty(neuron, 0.5).data
    3.5
    """
    with scope("l1_penalty"):
        penalty: Value = _strength(strength) * total([abs(w) for w in weights(model)])
    return penalty


def _strength(strength: float) -> float:
    if not strength >= 0.0:
        raise ValueError(f"a penalty needs a strength of at least 0, got {strength!r}")
    return strength
