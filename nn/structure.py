"""Which modules a model applies one after the other, for all that needs to know its layers: pictures and files.

`KINDS` is the list of the classes that this is known of, with the arguments that make such a module again.
"""

from collections.abc import Iterator

from .layers import MLP, Layer, Neuron, Sequential
from .module import Module
from .regularization import Dropout, LayerNorm

Link = Layer | Neuron | LayerNorm | Dropout

KINDS: dict[type[Module], tuple[str, ...]] = {
    MLP: ("n_inputs", "sizes", "activation", "output_activation", "dropout"),
    Sequential: ("layers",),
    Layer: ("n_inputs", "n_outputs", "activation"),
    Neuron: ("n_inputs", "activation"),
    LayerNorm: ("n", "eps"),
    Dropout: ("p",),
}


def chain(model: Module) -> list[Link] | None:
    """The layers, normalisations and dropouts that `model` applies one after the other; None for other models.

    Subclasses count as others, since they may calculate anything.

    >>> chain(Sequential(MLP(2, [3, 1], dropout=0.5), Dropout(0.1)))
    [Layer(2, 3, 'relu'), Dropout(0.5), Layer(3, 1, 'linear'), Dropout(0.1)]
    """
    links: list[Link] = []
    stack = [model]
    while stack:
        module = stack.pop()
        own = isinstance(module, Layer) and any(type(neuron) is not Neuron for neuron in module.neurons)
        if own or type(module) not in KINDS:
            return None
        if isinstance(module, Sequential):
            stack += reversed(module.layers)
        elif isinstance(module, MLP):
            *hidden, last = module.layers
            dropout = [module.dropout] if module.dropout.p else []
            stack += [last, *(m for layer in reversed(hidden) for m in (*dropout, layer))]
        elif isinstance(module, Link):
            links.append(module)
    return links


def neurons(layer: Layer | Neuron) -> list[Neuron]:
    """The neurons of a layer; of a single neuron, itself."""
    return layer.neurons if isinstance(layer, Layer) else [layer]


def positions(links: list[Link]) -> Iterator[tuple[int, Layer | Neuron | LayerNorm]]:
    """Each module with parameters and its number in a `torch.nn.Sequential`.

    There activation functions and dropout have numbers of their own; "linear" is no activation function and has none.

    >>> links = chain(MLP(2, [3, 3, 1], dropout=0.5))
    >>> [k for k, layer in positions(links)]
    [0, 3, 6]
    """
    k = 0
    for module in links:
        if not isinstance(module, Dropout):
            yield k, module
        if isinstance(module, (Layer, Neuron)):
            k += module.activation != "linear"
        k += 1
