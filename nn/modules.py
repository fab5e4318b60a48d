"""Neurons, layers and multilayer perceptrons: objects that hold parameters and calculate with them.

A module is any object whose attributes hold leaf Values: directly, in lists, tuples and dicts, or in other modules. The
path to a parameter is its name. A model takes one example; a neuron makes one `dot` node of it and one of its
activation function, inside scopes that pictures collapse to boxes.
"""

import math
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from reprlib import recursive_repr
from typing import Any, Self

from autograd import Value, dot, scope

from .activations import Activation, function, named
from .initialization import Init, generator, initial_weights

_BIAS = re.compile(r"(b|bias|biases)(\d+|_\w*)?|\w*_(b|bias|biases)\d*")


class Module:
    """The base of all models: finds the parameters in its attributes.

    A subclass sets leaf Values and modules as attributes, directly or in lists, tuples and dicts, and says in
    ``forward(self, x)`` what it calculates. `training` tells random parts, such as dropout, whether to act.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.bias = Value(2.0), Value(1.0)
    ...
    ...     def forward(self, x):
    ...         return self.slope * x + self.bias
    >>> line = Line()
    >>> line(3.0).data
    7.0
    >>> line.state_dict()
    {'slope': 2.0, 'bias': 1.0}
    """

    training = True
    _name = ""  # what the module that holds this one calls it; the name of its scope

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """What `forward` gives, in the scope of this module."""
        if not self._name:
            return self.forward(*inputs, **options)
        with scope(self._name):
            return self.forward(*inputs, **options)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """What this module calculates; for subclasses to say."""
        raise NotImplementedError(f"{type(self).__name__} needs a method forward(self, x) that says what it calculates")

    def named_modules(self) -> list[tuple[str, "Module"]]:
        """This module, named "", and every one below it once, with the path to it."""
        return [(name, part) for name, part in _parts(self) if isinstance(part, Module)]

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Every parameter once, with its path as its name, such as ``layers.0.neurons.3.w.1``.

        The names become the labels of the parameters, in messages and pictures, save those that you labelled yourself.
        Raises ValueError when two parameters would get one name.
        """
        parameters = [(name, part) for name, part in _parts(self) if isinstance(part, Value)]
        if len(dict(parameters)) < len(parameters):
            raise ValueError(f"two parameters of {type(self).__name__} get the same name: rename a key of its dicts")
        for name, parameter in parameters:
            if parameter.label != name and f".{name}".endswith(f".{parameter.label}" if parameter.label else ""):
                parameter.label = name
        return parameters

    def parameters(self) -> list[Value]:
        """Every parameter once: the leaf Values below this module, in the order of its attributes."""
        return [parameter for _, parameter in self.named_parameters()]

    def weights(self) -> list[Value]:
        """The parameters that penalties act on: all but the biases.

        A bias is what its attribute calls so: ``b``, ``bias``, ``b1``, ``b_hidden``, ``output_bias`` and the like, also
        as the name of a list.
        """
        return [parameter for name, parameter in self.named_parameters() if not _is_bias(name)]

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters: each `grad` is None again."""
        for parameter in self.parameters():
            parameter.grad = None

    def train(self, mode: bool = True) -> Self:
        """Let random parts (dropout) act from now on, here and in all modules below; returns the module."""
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Let random parts (dropout) rest from now on, here and in all modules below; returns the module."""
        return self.train(False)

    def state_dict(self) -> dict[str, float]:
        """The number of each parameter by its name."""
        return {name: parameter.data for name, parameter in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Set every parameter to its number in `state`, as `state_dict` gave it.

        Raises KeyError when names are missing or unknown, ValueError when one is no finite number; the model is then as
        it was.
        """
        parameters = dict(self.named_parameters())
        missing = [name for name in parameters if name not in state]
        unknown = [name for name in state if name not in parameters]
        if missing or unknown:
            raise KeyError(
                f"this state is of another model: {_some('missing', missing)}, {_some('not in this model', unknown)}"
            )
        numbers = {name: _finite(name, state[name]) for name in parameters}
        for name, parameter in parameters.items():
            parameter.data = numbers[name]

    @recursive_repr()
    def __repr__(self) -> str:
        modules = (f"{k}={v!r}" for k, v in vars(self).items() if _holds_module(v))
        return f"{type(self).__name__}({', '.join(modules)})"


class Neuron(Module):
    """One neuron: activation(w·x + b).

    Arguments:
        n_inputs: how many numbers it takes.
        activation: a name ("linear", "relu", "sigmoid", "tanh", ...: any function of one number that `autograd` has) or
            a function.
        init: "zeros", "uniform", "xavier", "he", "auto" or a number; see `nn.initial_weights`.
        seed: an int or a `random.Random`; the same seed gives the same weights.
        n_outputs: how many neurons there are in its layer, for the init.
        name: the name of its scope.

    Attributes: `w`, the list of weights, and `b`, the bias.

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
        name: str = "neuron",
    ):
        self.n_inputs = _count("n_inputs", n_inputs)
        self.activation = named(activation)
        self._name = name
        with scope(name):  # leaves made in a scope are drawn as parameters of it
            self.w = list(map(Value, initial_weights(init, n_inputs, n_outputs, self.activation, generator(seed))))
            self.b = Value(0.0)
        self.named_parameters()

    def __call__(self, x: Any) -> Value:
        """The output for one example, a list of numbers or Values."""
        return self.forward(_inputs(self, x))

    def forward(self, inputs: list[Value]) -> Value:
        with scope(self._name):
            out: Value = dot(self.w, inputs, self.b)
            return function(self.activation)(out)

    def __repr__(self) -> str:
        return f"Neuron({self.n_inputs}, {_spelt(self.activation)})"


class Layer(Module):
    """Neurons that share their inputs.

    Arguments: as those of `Neuron`; `n_outputs` is the number of neurons. Called with a list of numbers or Values, it
    gives the list of the neurons' outputs; with one neuron, its output.

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
        *,
        name: str = "layer",
    ):
        self.n_inputs, self.n_outputs = _count("n_inputs", n_inputs), _count("n_outputs", n_outputs)
        self.activation = named(activation)
        self._name = name
        rng = generator(seed)
        with scope(name):
            self.neurons = [
                Neuron(n_inputs, activation, init, rng, n_outputs=n_outputs, name=f"neurons.{k}")
                for k in range(self.n_outputs)
            ]
        self.named_parameters()

    def __call__(self, x: Any) -> Any:
        return _unpacked(self.forward(_inputs(self, x)))

    def forward(self, inputs: list[Value]) -> list[Value]:
        with scope(self._name):
            return [neuron.forward(inputs) for neuron in self.neurons]

    def __repr__(self) -> str:
        return f"Layer({self.n_inputs}, {self.n_outputs}, {_spelt(self.activation)})"


class Dropout(Module):
    """Sets each input to 0 with probability `p` while training, and multiplies the others by 1 / (1 - p).

    The mask is drawn anew at each call, and the expected value of each output is the input: "inverted" dropout, so that
    in evaluation (`eval()`) nothing is left to do (Srivastava et al. 2014, section 10).

    Arguments:
        p: the probability, from 0 up to but not 1.
        seed: an int or a `random.Random`. The generator is the attribute `rng`.

    >>> dropout = Dropout(0.5, seed=1)
    >>> dropout([1.0, 2.0, 3.0, 4.0])
    [0.0, 4.0, 6.0, 0.0]
    >>> dropout.eval()([1.0, 2.0, 3.0, 4.0])
    [1.0, 2.0, 3.0, 4.0]
    """

    def __init__(self, p: float = 0.5, seed: int | random.Random | None = None):
        if isinstance(p, bool) or not 0.0 <= p < 1.0:
            raise ValueError(f"dropout needs a probability 0 <= p < 1, got {p!r}")
        self.p = float(p)
        self.rng = generator(seed)

    def draw(self) -> float:
        """One factor of a mask: 0 with probability `p`, else 1 / (1 - p)."""
        return 0.0 if self.rng.random() < self.p else 1.0 / (1.0 - self.p)

    def forward(self, x: Any) -> Any:
        if not self.training or self.p == 0.0:
            return x
        return x * self.draw() if _is_number(x) else [value * self.draw() for value in x]

    def __repr__(self) -> str:
        return f"Dropout({self.p})"


class Sequential(Module):
    """Modules one after the other, each called with what the one before it gave.

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
        for module in self.layers:
            x = module(x)
        return x

    @recursive_repr()
    def __repr__(self) -> str:
        return f"Sequential({', '.join(map(repr, self.layers))})"


class MLP(Module):
    """A multilayer perceptron: layers of neurons, each of which sees all outputs of the layer before.

    Arguments:
        n_inputs: how many numbers an example has.
        sizes: the widths of the layers, the last of which is the number of outputs.
        activation: of the hidden layers.
        output_activation: of the last layer.
        dropout: the probability with which an output of a hidden layer is dropped while training.
        init: see `nn.initial_weights`.
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
        if isinstance(sizes, int) or not (sizes := list(sizes)):
            raise ValueError(f"sizes is the list of the layers' widths, such as [16, 16, 1], got {sizes!r}")
        self.n_inputs = _count("n_inputs", n_inputs)
        self.sizes = [_count("a layer's width", size) for size in sizes]
        self.activation, self.output_activation = named(activation), named(output_activation)
        rng = generator(seed)
        self.layers = [
            Layer(n, size, activation if k < len(sizes) - 1 else output_activation, init, rng, name=f"layers.{k}")
            for k, (n, size) in enumerate(zip([self.n_inputs, *self.sizes], self.sizes, strict=False))
        ]
        self.dropout = Dropout(dropout, rng.getrandbits(64))  # drawn last: the weights are the same without dropout
        self.named_parameters()

    def __call__(self, x: Any) -> Any:
        inputs = _inputs(self, x)
        if not self._name:
            return _unpacked(self.forward(inputs))
        with scope(self._name):
            return _unpacked(self.forward(inputs))

    def forward(self, inputs: list[Value]) -> list[Value]:
        *hidden, last = self.layers
        for layer in hidden:
            inputs = self.dropout.forward(layer.forward(inputs))
        return last.forward(inputs)

    def __repr__(self) -> str:
        dropout = f", dropout={self.dropout.p}" if self.dropout.p else ""
        activations = f"activation={_spelt(self.activation)}, output_activation={_spelt(self.output_activation)}"
        return f"MLP({self.n_inputs}, {self.sizes}, {activations}{dropout})"


def _parts(root: Module) -> Iterator[tuple[str, Any]]:
    """Every module and parameter below `root` once, with its path; modules learn their names on the way."""
    seen: set[int] = set()
    stack: list[tuple[str, str, Any]] = [("", "", root)]  # path from the root, path from the nearest module, part
    while stack:
        path, name, part = stack.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, Value):
            if not part.parents and part.requires_grad:
                yield path, part
            continue
        if isinstance(part, Module):
            yield path, part
            if name:
                part._name = name
            name = ""
            children: Iterable[tuple[Any, Any]] = vars(part).items()
        else:
            children = part.items() if isinstance(part, dict) else enumerate(part)
        before, within = path and path + ".", name and name + "."
        stack += [
            (f"{before}{key}", f"{within}{key}", child)
            for key, child in reversed(list(children))
            if isinstance(child, (Value, Module, list, tuple, dict))
        ]


def _inputs(model: Any, x: Any) -> list[Value]:
    """One example as a list of Values: plain numbers become constants, one for all neurons that read it."""
    if type(x) is not list:
        x = _row(x)
    if len(x) != model.n_inputs:
        raise ValueError(f"{model!r} takes {model.n_inputs} inputs, got {len(x)}")
    return [v if isinstance(v, Value) else Value(v).detach() for v in x]


def _row(x: Any) -> list[Any]:
    if getattr(x, "ndim", 1) > 1:
        raise ValueError(f"a model takes one example, got an array of shape {x.shape}: call it row by row")
    if hasattr(x, "tolist"):
        x = x.tolist()  # of NumPy
    return [x] if _is_number(x) else list(x)


def _is_number(x: Any) -> bool:
    return isinstance(x, (Value, int, float)) or (hasattr(x, "__float__") and not getattr(x, "shape", ()))


def _unpacked(outputs: list[Value]) -> Any:
    return outputs[0] if len(outputs) == 1 else outputs


def _count(what: str, n: Any) -> int:
    if isinstance(n, bool) or not hasattr(n, "__index__") or n < 1:
        raise ValueError(f"{what} is a whole number from 1, got {n!r}")
    return int(n)


def _finite(name: str, number: Any) -> float:
    if not _is_number(number) or isinstance(number, bool) or not math.isfinite(number):
        raise ValueError(f"the state of parameter {name!r} is a finite number, got {number!r}")
    return float(number)


def _some(what: str, names: list[Any]) -> str:
    shown = ", ".join(map(repr, names[:3])) + (", ..." if len(names) > 3 else "")
    return f"{len(names)} {what}{f' ({shown})' if names else ''}"


def _is_bias(name: str) -> bool:
    words = [word for word in name.split(".") if not word.isdigit()]
    return bool(words) and bool(_BIAS.fullmatch(words[-1].lower()))


def _holds_module(value: Any) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    return isinstance(value, Module) or (isinstance(value, (list, tuple)) and any(isinstance(v, Module) for v in value))


def _spelt(activation: Activation) -> str:
    return repr(activation) if isinstance(activation, str) else getattr(activation, "__name__", repr(activation))
