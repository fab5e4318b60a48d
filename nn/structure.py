"""The chain of layers in a model: drawn as columns, and numbered as a `torch.nn.Sequential` numbers it."""

from collections.abc import Iterator

from .layers import MLP, Dropout, Layer, Neuron, Sequential
from .module import Module


def chain(model: Module) -> list[Layer | Neuron | Dropout] | None:
    """The layers and dropouts that `model` applies one after the other; None when it is no such chain.

    `MLP`, `Sequential`, `Layer`, `Neuron` and `Dropout` are known; a class of the user's may calculate anything.

    >>> chain(Sequential(MLP(2, [3, 1], dropout=0.5), Dropout(0.1)))
    [Layer(2, 3, 'relu'), Dropout(0.5), Layer(3, 1, 'linear'), Dropout(0.1)]
    """
    links: list[Layer | Neuron | Dropout] = []
    stack = [model]
    while stack:
        module = stack.pop()
        if type(module) is Sequential:
            stack += reversed(module.layers)
        elif type(module) is MLP:
            *hidden, last = module.layers
            dropout = [module.dropout] if module.dropout.p else []
            stack += [last, *(m for layer in reversed(hidden) for m in (*dropout, layer))]
        elif type(module) in (Layer, Neuron, Dropout):
            links.append(module)  # type: ignore[arg-type]  # mypy does not narrow by `type() in`
        else:
            return None
    return links


def neurons(layer: Layer | Neuron) -> list[Neuron]:
    return layer.neurons if isinstance(layer, Layer) else [layer]


def positions(links: list[Layer | Neuron | Dropout]) -> Iterator[tuple[int, Layer | Neuron]]:
    """Each layer and its number in a `torch.nn.Sequential`, where activation functions and dropout have their own.

    "linear" is no activation function, and takes no number.

    >>> links = chain(MLP(2, [3, 3, 1], dropout=0.5))
    >>> [k for k, layer in positions(links)]
    [0, 3, 6]
    """
    k = 0
    for module in links:
        if isinstance(module, (Layer, Neuron)):
            yield k, module
            k += module.activation != "linear"
        k += 1
