"""Neurons, layers and multilayer perceptrons, for one example at a time.

A neuron makes two nodes: a `dot` of its weights and inputs, and its activation function. They are in a scope within
that of its layer, so that pictures can show a layer as one box.
"""

import random
from collections.abc import Iterable
from reprlib import recursive_repr
from typing import Any

from autograd import Value, dot, mean, scope, setting, sqrt, uniform, where

from .activations import ACTIVATIONS, Activation, named
from .checks import is_number, positive, positive_int
from .initialization import Init, generator, initial_weights
from .module import Module


class Neuron(Module):
    """One neuron: activation(w·x + b).

    Arguments:
        n_inputs: how many numbers it takes.
        activation: a name ("linear", "relu", "sigmoid", "tanh", ...: any function of one number that `autograd` has) or
            a function.
        init: "zeros", "uniform", "xavier", "he", "auto" or a number; see `nn.initialization`.
        seed: an int or a `random.Random`; the same seed gives the same weights.
        n_outputs: how many neurons there are in its layer, for the init.

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
        n_outputs: int = 1,
    ):
        self.n_inputs = positive_int("n_inputs", n_inputs)
        self.activation = named(activation)
        self.w = list(map(Value, initial_weights(init, self.n_inputs, n_outputs, self.activation, generator(seed))))
        self.b = Value(0.0)
        self.named_parameters()

    def __call__(self, x: Any) -> Any:
        """The output for one example, a list of `n_inputs` numbers or Values."""
        inputs = _inputs(self, x)
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

    def __call__(self, x: Any) -> Any:
        return _unpacked(self.forward(_inputs(self, x)))

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
        self._tuples: list[tuple[Value, ...]] = []

    def of(self, lists: list[list[Value]]) -> list[tuple[Value, ...]]:
        if lists != self._lists:  # Values are equal only to themselves
            self._lists, self._tuples = [list(w) for w in lists], [tuple(w) for w in lists]
        return self._tuples


class Dropout(Module):
    """Sets each input to 0 with probability `p` while training, and multiplies the others by 1 / (1 - p).

    Each call draws a new mask. The expected value of each output is the input ("inverted" dropout), so that evaluation
    (`eval()`) passes the inputs on as they are (Srivastava et al. 2014, section 10).

    Arguments:
        p: the probability, from 0 and below 1.
        seed: an int or a `random.Random`. The generator is the attribute `rng`.

    >>> dropout = Dropout(0.5, seed=1)
    >>> dropout([1.0, 2.0, 3.0, 4.0])
    [0.0, 4.0, 6.0, 0.0]
    >>> dropout.eval()([1.0, 2.0, 3.0, 4.0])
    [1.0, 2.0, 3.0, 4.0]
    """

    def __init__(self, p: float = 0.5, seed: int | random.Random | None = None):
        if isinstance(p, bool) or not is_number(p) or not 0.0 <= p < 1.0:
            raise ValueError(f"dropout needs a probability 0 <= p < 1, got {p!r}")
        self.p = float(p)
        self.rng = generator(seed)

    def draw(self) -> Any:
        """One factor of a mask: 0 with probability `p`, else 1 / (1 - p)."""
        p = setting(self, "p")
        return where(uniform(self.rng) < p, 0.0, 1.0 / (1.0 - p))

    def forward(self, x: Any) -> Any:
        if not setting(self, "training") or setting(self, "p") == 0.0:
            return x
        return x * self.draw() if is_number(x) else [value * self.draw() for value in x]

    def __repr__(self) -> str:
        return f"Dropout({self.p})"


class LayerNorm(Module):
    """Shifts and scales the numbers of one example to mean 0 and variance 1, then by a gain and a bias for each.

    y = (x - mean) / √(variance + eps) · gain + bias, where the variance is divided by n (Ba et al. 2016, equation 4, in
    the form of PyTorch). Gains start at 1 and biases at 0; penalties touch neither.

    Arguments:
        n: how many numbers there are, from 1.
        eps: added to the variance, above 0.

    Called with a list of n numbers or Values, it returns a list of n Values. Raises ValueError for another length.

    >>> norm = LayerNorm(2)
    >>> [round(y.data, 3) for y in norm([1.0, 3.0])]
    [-1.0, 1.0]
    """

    def __init__(self, n: int, eps: float = 1e-5):
        self.n, self.eps = positive_int("n", n), positive("eps", eps)
        self.gain, self.bias = [Value(1.0) for _ in range(self.n)], [Value(0.0) for _ in range(self.n)]
        self.named_parameters()

    @property
    def n_inputs(self) -> int:
        """The same as `n`."""
        return self.n

    def forward(self, x: Any) -> list[Value]:
        inputs = _inputs(self, x)
        center = mean(inputs)
        shifted = [value - center for value in inputs]
        deviation = sqrt(mean([value * value for value in shifted]) + self.eps)
        return [value / deviation * gain + b for value, gain, b in zip(shifted, self.gain, self.bias, strict=True)]

    def __repr__(self) -> str:
        return f"LayerNorm({self.n})" if self.eps == 1e-5 else f"LayerNorm({self.n}, eps={self.eps!r})"


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

    def forward(self, x: Any) -> Any:
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

    def __call__(self, x: Any) -> Any:
        return _unpacked(super().__call__(_inputs(self, x)))

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


def _inputs(model: Any, x: Any) -> list[Value]:
    """One example as a list of Values: plain numbers become constants, one for all neurons that read it."""
    setting(Module, "changes")
    if type(x) is not list:
        x = _row(x)
    if (x and isinstance(x[0], (list, tuple))) or getattr(x[0] if x else 0.0, "shape", ()):
        raise ValueError(f"a model takes one example, got a list of {len(x)} rows: use nn.predict(model, X)")
    if len(x) != model.n_inputs:
        raise ValueError(f"{model!r} takes {model.n_inputs} inputs, got {len(x)}")
    return [v if isinstance(v, Value) else Value(v).detach() for v in x]


def _row(x: Any) -> list[Any]:
    if hasattr(x, "to_numpy"):  # of pandas
        x = x.to_numpy()
    if getattr(x, "ndim", 1) > 1:
        raise ValueError(f"a model takes one example, got an array of shape {x.shape}: use nn.predict(model, X)")
    if hasattr(x, "tolist"):
        x = x.tolist()  # of NumPy
    return [x] if is_number(x) else list(x)


def _unpacked(outputs: list[Value]) -> Any:
    return outputs[0] if len(outputs) == 1 else outputs


def _name(activation: Activation) -> str:
    return repr(activation) if isinstance(activation, str) else getattr(activation, "__name__", repr(activation))
