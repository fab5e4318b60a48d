"""A model's architecture as plain data: what a file holds so that the model can be made again.

A description names one of the classes below and its arguments. Making a model of it runs no code but theirs, and only
when its parameters are as many as the file has numbers for.
"""

from itertools import pairwise
from typing import Any

from ..layers import MLP, Dropout, Layer, Neuron, Sequential
from ..module import Module
from ..structure import chain, neurons

_ARGUMENTS = {
    "MLP": ("n_inputs", "sizes", "activation", "output_activation", "dropout"),
    "Layer": ("n_inputs", "n_outputs", "activation"),
    "Neuron": ("n_inputs", "activation"),
    "Dropout": ("p",),
}
_CLASSES: dict[str, Any] = {"MLP": MLP, "Layer": Layer, "Neuron": Neuron, "Dropout": Dropout}
_MOST_MODULES = 10_000


def describe(model: Module) -> dict[str, Any] | None:
    """The description of a model; None when a model made of it would be another.

    >>> describe(Layer(2, 3, "tanh"))
    {'kind': 'Layer', 'n_inputs': 2, 'n_outputs': 3, 'activation': 'tanh'}
    """
    if chain(model) is None:
        return None
    description = _described(model)
    try:
        again = _made(description)
    except (ValueError, TypeError):
        return None
    known = all(isinstance(activation, str) for _, _, activation in layers(model))
    return description if known and _layout(again) == _layout(model) else None


def build(description: Any, numbers: int) -> Module:
    """The model that is described, its parameters all 0.

    Raises ValueError when the description makes no sense, or its parameters are not as many as `numbers`.
    """
    needed = _size(description)
    if needed != numbers:
        raise ValueError(f"its architecture has {needed} parameters, its tensors have {numbers}")
    return _made(description)


def layers(model: Module) -> list[tuple[int, int, Any]]:
    """Inputs, outputs and activation function of each layer of a chain."""
    links = [link for link in chain(model) or () if not isinstance(link, Dropout)]
    return [(link.n_inputs, len(neurons(link)), link.activation) for link in links]


def _layout(model: Module) -> Any:
    return list(map(repr, chain(model) or ())), [name for name, _ in model.named_parameters()]


def _described(module: Module) -> dict[str, Any]:
    kind = type(module).__name__
    if isinstance(module, Sequential):
        return {"kind": kind, "layers": [_described(layer) for layer in module.layers]}
    arguments = {name: getattr(module, name) for name in _ARGUMENTS[kind]}
    return {"kind": kind} | {name: a.p if isinstance(a, Dropout) else a for name, a in arguments.items()}


def _made(description: dict[str, Any]) -> Module:
    arguments = {name: argument for name, argument in description.items() if name != "kind"}
    kind = description["kind"]
    if kind == "Sequential":
        return Sequential(*map(_made, arguments["layers"]))
    if kind != "Dropout":
        arguments["init"] = "zeros"
    model: Module = _CLASSES[kind](**arguments)
    return model


def _size(description: Any) -> int:
    """How many parameters the model has that is described."""
    numbers = modules = 0
    stack = [description]
    while stack:
        part = stack.pop()
        modules += 1
        kind = part.get("kind") if isinstance(part, dict) else None
        if kind == "Sequential" and set(part) == {"kind", "layers"} and isinstance(part["layers"], list):
            stack += part["layers"]
        elif kind in _ARGUMENTS and set(part) == {"kind", *_ARGUMENTS[kind]}:
            numbers += sum((n + 1) * m for n, m in pairwise(_widths(part)))
        else:
            raise ValueError(f"its architecture holds what is no module: {str(part)[:60]}")
        if modules > _MOST_MODULES:
            raise ValueError(f"its architecture has more than {_MOST_MODULES} modules")
    return numbers


def _widths(part: dict[str, Any]) -> list[int]:
    if part["kind"] == "Dropout":
        return []
    outputs = part["sizes"] if part["kind"] == "MLP" else [part.get("n_outputs", 1)]
    widths = [part["n_inputs"], *outputs]
    if not all(type(n) is int and n >= 1 for n in widths):
        raise ValueError(f"its architecture has layers of widths {str(widths)[:60]}")
    return widths
