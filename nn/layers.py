"""Neurons, layers and multilayer perceptrons, for one example at a time.

A neuron makes two nodes: a `dot` of its weights and inputs, and its activation function. They are in a scope within
that of its layer, so that pictures can show a layer as one box.
"""

import random
from collections.abc import Iterable
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

from autograd import Value, dot, scope, setting

from .activations import ACTIVATIONS, Activation, named
from .checks import is_number, positive_int
from .initialization import Init, generator, initial_weights
from .inputs import inputs_of, unpacked
from .module import Module
from .regularization import Dropout

if TYPE_CHECKING:
    from .inputs import Inputs


class Neuron(Module):
    """One neuron: activation(w·x + b).

    Arguments:
        n_inputs: how many numbers it takes.
        activation: a name ("linear", "relu", "sigmoid", "tanh", ...: any function of one number that `autograd` has) or
            a function.
        init: "zeros", "uniform", "xavier", "he", "auto" or a number; see `nn.initialization`.
        seed: an int or a `random.Random`; the same seed gives the same weights.
        n_outputs: for the neurons of a layer, how many they are, for the init; the layer then names the parameters.

    Attributes: `w`, the list of weights, and `b`, the bias. Called with a list of `n_inputs` numbers or Values, it
    returns a Value. Raises ValueError for another length.

    >>> neuron = Neuron(2, "sigmoid", init="zeros")
    >>> neuron([3.0, 4.0]).data
    0.5
    """

    def __init__(
        self,
        n_inputs: int,
        activation: Activation = "linear",
        init: Init = "auto",
        seed: int | random.Random | None = None,
        *,
        n_outputs: int | None = None,
    ):
        self.n_inputs = positive_int("n_inputs", n_inputs)
        self.activation = named(activation)
        rng = generator(seed)
        self.w = list(map(Value, initial_weights(init, self.n_inputs, n_outputs or 1, self.activation, rng)))
        self.b = Value(0.0)
        if n_outputs is None:
            self.named_parameters()

    def __call__(self, x: "Inputs") -> Any:
        """The output for one example, a list of `n_inputs` numbers or Values."""
        inputs = inputs_of(self, x)
        with scope(self._scope_name) as own:
            out = self.forward(inputs)
            if isinstance(out, Value):
                out.scope = own
            return out

    def forward(self, x: list[Value]) -> Any:
        """The output for a list of Values; a subclass may calculate something else."""
        out = dot(setting(self.w), x, self.b)
        activation: Any = self.activation
        return out if activation == "linear" else ACTIVATIONS.get(activation, activation)(out)

    def __repr__(self) -> str:
        return f"Neuron({self.n_inputs}, {_name(self.activation)})"


class Layer(Module):
    """Neurons that share their inputs.

    Arguments:
        n_inputs, activation, init, seed: as those of `Neuron`.
        n_outputs: the number of neurons; they are the list `neurons`.

    Called with a list of `n_inputs` numbers or Values, it returns the list of the outputs of its neurons; with one
    neuron, its output. Raises ValueError for another length.

    >>> layer = Layer(3, 2, "tanh", seed=0)
    >>> layer
    Layer(3, 2, 'tanh')
    >>> len(layer([1.0, 2.0, 3.0])), len(layer.parameters())
    (2, 8)
    """

    def __init__(
        self,
        n_inputs: int,
        n_outputs: int,
        activation: Activation = "linear",
        init: Init = "auto",
        seed: int | random.Random | None = None,
    ):
        self.n_inputs, self.n_outputs = positive_int("n_inputs", n_inputs), positive_int("n_outputs", n_outputs)
        self.activation = named(activation)
        rng = generator(seed)
        self.neurons = [
            Neuron(self.n_inputs, activation, init, rng, n_outputs=self.n_outputs) for _ in range(self.n_outputs)
        ]
        self._rows = _Rows()
        self.named_parameters()

    def __call__(self, x: "Inputs") -> Any:
        return unpacked(self.forward(inputs_of(self, x)))

    def forward(self, inputs: list[Value]) -> list[Value]:
        neurons: list[Neuron] = setting(self.neurons)
        activation, *others = {neuron.activation for neuron in neurons}
        own = any(type(neuron).forward is not Neuron.forward for neuron in neurons)
        if others or own or callable(activation):  # which may make several nodes
            with scope(self._scope_name):
                return [neuron(inputs) for neuron in neurons]
        # One node for the sum and one for the activation: to set their scope takes less than to enter it.
        here = scope(self._scope_name).here()
        names = [neuron._scope_name for neuron in neurons]
        rows = self._rows.of(setting([neuron.w for neuron in neurons]))
        sums: list[Value] = dot(rows, inputs, [neuron.b for neuron in neurons])
        here.hold(sums, names)
        if activation == "linear":
            return sums
        outs = list(map(ACTIVATIONS[activation], sums))
        here.hold(outs, names)
        return outs

    def __repr__(self) -> str:
        return f"Layer({self.n_inputs}, {self.n_outputs}, {_name(self.activation)})"


class _Rows:
    """The weights of neurons as tuples: the same tuples at every call, for the graphs of all examples to share."""

    def __init__(self) -> None:
        self._lists: list[list[Value]] = []
        self._tuples: tuple[tuple[Value, ...], ...] = ()

    def of(self, lists: list[list[Value]]) -> tuple[tuple[Value, ...], ...]:
        if lists != self._lists:  # Values are equal only to themselves
            self._lists, self._tuples = [list(w) for w in lists], tuple([tuple(w) for w in lists])
        return self._tuples


class Sequential(Module):
    """Modules one after the other, each called with the outputs of the one before it.

    Arguments:
        modules: any number of modules; they are the list `layers`. Raises TypeError for anything else.

    >>> Sequential(Layer(2, 3, "relu"), Dropout(0.5), Layer(3, 1))
    Sequential(Layer(2, 3, 'relu'), Dropout(0.5), Layer(3, 1, 'linear'))
    """

    def __init__(self, *modules: Module):
        for module in modules:
            if not isinstance(module, Module):
                raise TypeError(f"Sequential takes modules, got {module!r}")
        self.layers = list(modules)
        self.named_parameters()

    def forward(self, x: "Inputs") -> Any:
        for module in setting(self.layers):
            x = module(x)
        return x

    @recursive_repr()
    def __repr__(self) -> str:
        return f"Sequential({', '.join(map(repr, self.layers))})"


class MLP(Module):
    """A multilayer perceptron: layers of neurons, each of which takes all outputs of the layer before.

    Arguments:
        n_inputs: how many numbers an example has.
        sizes: the widths of the layers, the last of which is the number of outputs.
        activation: of the hidden layers.
        output_activation: of the last layer.
        dropout: the probability with which an output of a hidden layer is dropped while training.
        init: see `nn.initialization`.
        seed: makes weights and dropout repeatable.

    Called with one example, a list of numbers or Values, gives the list of outputs; a single Value when there is one.
    Raises ValueError when the example has another length.

    >>> model = MLP(2, [16, 16, 1], seed=0)
    >>> model
    MLP(2, [16, 16, 1], activation='relu', output_activation='linear')
    >>> model([0.5, -1.0]).backward()
    >>> model.named_parameters()[1][0], len(model.parameters())
    ('layers.0.neurons.0.w.1', 337)
    """

    def __init__(
        self,
        n_inputs: int,
        sizes: Iterable[int],
        activation: Activation = "relu",
        output_activation: Activation = "linear",
        dropout: float = 0.0,
        init: Init = "auto",
        seed: int | random.Random | None = None,
    ):
        if is_number(sizes) or not (sizes := list(sizes)):
            raise ValueError(f"sizes is the list of the layers' widths, such as [16, 16, 1], got {sizes!r}")
        self.n_inputs = positive_int("n_inputs", n_inputs)
        self.sizes = [positive_int("a layer's width", size) for size in sizes]
        self.activation, self.output_activation = named(activation), named(output_activation)
        rng = generator(seed)
        self.layers = [
            Layer(n, size, activation if k < len(sizes) - 1 else output_activation, init, rng)
            for k, (n, size) in enumerate(zip([self.n_inputs, *self.sizes], self.sizes, strict=False))
        ]
        self.dropout = Dropout(dropout, rng.getrandbits(64))  # drawn last: the weights are the same without dropout
        self.named_parameters()

    def __call__(self, x: "Inputs") -> Any:
        return unpacked(super().__call__(inputs_of(self, x)))

    def forward(self, inputs: list[Value]) -> list[Value]:
        *hidden, last = setting(self.layers)
        for layer in hidden:
            inputs = layer.forward(inputs)
            if self.dropout.p:
                inputs = self.dropout(inputs)
        outputs: list[Value] = last.forward(inputs)
        return outputs

    def __repr__(self) -> str:
        dropout = f", dropout={self.dropout.p}" if self.dropout.p else ""
        activations = f"activation={_name(self.activation)}, output_activation={_name(self.output_activation)}"
        return f"MLP({self.n_inputs}, {self.sizes}, {activations}{dropout})"


def _name(activation: Activation) -> str:
    return repr(activation) if isinstance(activation, str) else getattr(activation, "__name__", repr(activation))
