"""A model's architecture as plain data: what a file holds so that the model can be made again.

A description names one of the classes of `nn.structure` and its arguments. Making a model of it runs no code but
theirs, and only when its parameters are as many as the file has numbers for.
"""

from itertools import pairwise
from typing import Any

from ..activations import Activation
from ..layers import Layer, Sequential
from ..module import Module
from ..regularization import Dropout, LayerNorm
from ..structure import KINDS, chain

_BY_NAME = {kind.__name__: kind for kind in KINDS}
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


def layers(model: Module) -> list[tuple[int, int, Activation]]:
    """Inputs, outputs and activation function of each layer of a chain; for a normalisation, its name."""
    found: list[tuple[int, int, Activation]] = []
    for link in chain(model) or ():
        if isinstance(link, LayerNorm):
            found.append((link.n, link.n, repr(link)))
        elif not isinstance(link, Dropout):
            found.append((link.n_inputs, link.n_outputs if isinstance(link, Layer) else 1, link.activation))
    return found


def _layout(model: Module) -> tuple[list[str], list[str]]:
    return list(map(repr, chain(model) or ())), [name for name, _ in model.named_parameters()]


def _described(module: Module) -> dict[str, Any]:
    arguments = {name: getattr(module, name) for name in KINDS[type(module)]}
    if isinstance(module, Sequential):
        arguments["layers"] = list(map(_described, module.layers))
    return {"kind": type(module).__name__} | {
        name: argument.p if isinstance(argument, Dropout) else argument for name, argument in arguments.items()
    }


def _made(description: dict[str, Any]) -> Module:
    kind = _BY_NAME[description["kind"]]
    arguments = {name: description[name] for name in KINDS[kind]}
    if kind is Sequential:
        return Sequential(*map(_made, arguments["layers"]))
    if kind not in (Dropout, LayerNorm):
        arguments["init"] = "zeros"
    return kind(**arguments)


def _size(description: Any) -> int:
    """How many parameters the described model has."""
    numbers = modules = 0
    stack = [description]
    while stack:
        part = stack.pop()
        modules += 1
        name = part.get("kind") if isinstance(part, dict) else None
        kind = _BY_NAME.get(name) if isinstance(name, str) else None
        if kind is None or set(part) != {"kind", *KINDS[kind]}:
            raise ValueError(f"its architecture holds something that is not a module: {str(part)[:60]}")
        if kind is Sequential:
            if not isinstance(part["layers"], list):
                raise ValueError(f"its architecture has a Sequential without a list: {str(part)[:60]}")
            stack += part["layers"]
        elif kind is LayerNorm:
            numbers += 2 * _checked_widths([part["n"]])[0]
        elif kind is not Dropout:
            outputs = part.get("sizes", [part.get("n_outputs", 1)])
            numbers += sum((n + 1) * m for n, m in pairwise(_checked_widths([part["n_inputs"], *outputs])))
        if modules > _MOST_MODULES:
            raise ValueError(f"its architecture has more than {_MOST_MODULES} modules")
    return numbers


def _checked_widths(widths: list[int]) -> list[int]:
    if not all(type(n) is int and n >= 1 for n in widths):
        raise ValueError(f"its architecture has layers of widths {str(widths)[:60]}")
    return widths
