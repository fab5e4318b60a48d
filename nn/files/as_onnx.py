"""Models as ONNX, the format that most runtimes for networks read: a graph of operations on a batch of examples.

A layer is one `Gemm`. An activation function is written as the graph of primitives that `autograd.expand` makes of it,
each of which is an operation of ONNX or a formula of some; so the formulas are those of the table of `autograd`. They
use only operations that runtimes offer in float64 too.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

import autograd
from autograd import Value, expand

from ..activations import ACTIVATIONS
from ..layers import Layer, Neuron
from ..module import Module
from ..regularization import Dropout, LayerNorm
from ..structure import chain, neurons

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

    from ..data import Floats

DType = Literal["float32", "float64"]
_OPSET, _IR = 17, 8  # of 2022: runtimes need not be the newest

_SAME = {  # operations of `autograd` that ONNX has
    "+": "Add",
    "-": "Sub",
    "*": "Mul",
    "/": "Div",
    "neg": "Neg",
    "abs": "Abs",
    "sign": "Sign",
    "exp": "Exp",
    "log": "Log",
    "sqrt": "Sqrt",
    "sin": "Sin",
    "cos": "Cos",
    "tanh": "Tanh",
    "relu": "Relu",
    "maximum": "Max",
    "minimum": "Min",
}


class _Tensor:
    """A number for each example, or a few: an operand that knows the graph it is in."""

    def __init__(self, graph: "_Graph", name: str):
        self.graph, self.name = graph, name

    def to(self, operation: str, *others: "_Tensor | float", **attributes: Any) -> "_Tensor":
        """The result of an operation of ONNX on this and others."""
        return self.graph.add(operation, self, *others, **attributes)

    def __add__(self, other: "_Tensor | float") -> "_Tensor":
        return self.to("Add", other)

    def __sub__(self, other: "_Tensor | float") -> "_Tensor":
        return self.to("Sub", other)

    def __mul__(self, other: "_Tensor | float") -> "_Tensor":
        return self.to("Mul", other)

    def __truediv__(self, other: "_Tensor | float") -> "_Tensor":
        return self.to("Div", other)

    __radd__, __rmul__ = __add__, __mul__


def _where(condition: _Tensor, a: "_Tensor | float", b: "_Tensor | float") -> _Tensor:
    return condition.to("Where", a, b)


def _log1p(x: _Tensor) -> _Tensor:
    """log(1 + x); what the rounding of 1 + x lost is given back as a factor (Goldberg 1991, theorem 4)."""
    rounded = x + 1.0
    return _where(rounded.to("Equal", 1.0), x, rounded.to("Log") * (x / (rounded - 1.0)))


def _expm1(x: _Tensor) -> _Tensor:
    """exp(x) - 1; near 0, 2t / (1 - t) with t = tanh(x / 2)."""
    t = (x * 0.5).to("Tanh")
    return _where(x.to("Abs").to("Less", 1.0), (t + t) / (t * -1.0 + 1.0), x.to("Exp") - 1.0)


def _sinh(x: _Tensor) -> _Tensor:
    """(exp(x) - exp(-x)) / 2; near 0, 2t / (1 - t²) with t = tanh(x / 2)."""
    t, root = (x * 0.5).to("Tanh"), (x * 0.5).to("Exp")  # exp(x) might overflow
    far = root * 0.5 * root - x.graph.constant(0.5) / root / root
    return _where(x.to("Abs").to("Less", 1.0), (t + t) / (t * t * -1.0 + 1.0), far)


def _cosh(x: _Tensor) -> _Tensor:
    root = (x * 0.5).to("Exp")
    return root * 0.5 * root + x.graph.constant(0.5) / root / root


def _elu(x: _Tensor) -> _Tensor:
    return _where(x.to("Greater", 0.0), x, _expm1(x.to("Min", 0.0)))


def _selu(x: _Tensor) -> _Tensor:
    return _where(x.to("Greater", 0.0), x * _SELU, _expm1(x.to("Min", 0.0)) * _SELU_BELOW)


def _leaky_relu(x: _Tensor, slope: "_Tensor | float") -> _Tensor:
    return _where(x.to("Greater", 0.0), x, x * slope)


def _tan(x: _Tensor) -> _Tensor:
    return x.to("Sin") / x.to("Cos")


def _log2(x: _Tensor) -> _Tensor:
    return x.to("Log") / 0.6931471805599453


def _log10(x: _Tensor) -> _Tensor:
    return x.to("Log") / 2.302585092994046


def _cbrt(x: _Tensor) -> _Tensor:
    return x.to("Sign") * x.to("Abs").to("Pow", 1.0 / 3.0)


_COMPOSED: dict[str, Callable[..., _Tensor]] = {  # operations of `autograd` that are formulas of those of ONNX
    function.__name__[1:]: function
    for function in (_log1p, _expm1, _sinh, _cosh, _elu, _selu, _leaky_relu, _tan, _log2, _log10, _cbrt)
}
_SELU = ACTIVATIONS["selu"](1.0)  # its slope for positive numbers
_SELU_BELOW = -ACTIVATIONS["selu"](-1000.0)  # how far below 0 it comes


class _Graph:
    """Operations in the order in which they run, and the constants that they read."""

    def __init__(self, dtype: DType):
        self.dtype = dtype
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, TensorProto] = {}

    def add(self, operation: str, *operands: "_Tensor | float", **attributes: Any) -> _Tensor:
        """One more operation; returns its result."""
        from onnx import helper

        tensors = [x if isinstance(x, _Tensor) else self.constant(x) for x in operands]
        name = f"{operation.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, [t.name for t in tensors], [name], **attributes))
        return _Tensor(self, name)

    def constant(self, numbers: "Floats | float", name: str = "") -> _Tensor:
        """Numbers that are part of the model; plain ones are there once."""
        import numpy as np
        from onnx import numpy_helper

        name = name or repr(numbers)
        with np.errstate(over="ignore"):
            array = np.asarray(numbers).astype(self.dtype)
        if not np.isfinite(array).all():
            raise ValueError(f"{name} is too large for {self.dtype}: save with dtype='float64'")
        self.constants[name] = numpy_helper.from_array(array, name)
        return _Tensor(self, name)

    def reshaped(self, x: _Tensor, shape: list[int], name: str) -> None:
        """`x` in another shape, under a name of its own."""
        from onnx import helper

        self.constants["shape"] = helper.make_tensor("shape", 7, [len(shape)], shape)  # 7 is int64
        self.nodes.append(helper.make_node("Reshape", [x.name, "shape"], [name]))

    def activated(self, x: _Tensor, activation: str) -> _Tensor:
        """The activation function of this name, of each number of `x`."""
        point, output = _expanded(activation)
        results: dict[Value, Any] = {point: x}  # tensors; numbers where they are constants

        def result(node: Value) -> Any:
            if node not in results:
                operands = [result(parent) for parent in node.parents]
                if not operands:
                    results[node] = node.data
                elif node.op in _SAME:
                    results[node] = self.add(_SAME[node.op], *operands)
                elif node.op in _COMPOSED:
                    results[node] = _COMPOSED[node.op](*operands)
                else:
                    raise ValueError(
                        f"the activation {activation!r} cannot be saved as ONNX, where {node.op} is not available in "
                        "float64: choose another, such as 'relu', 'tanh' or 'silu', or save to .safetensors"
                    )
            return results[node]

        calculated: _Tensor = result(output)
        return calculated


def _expanded(activation: str) -> tuple[Value, Value]:
    """An activation function at some point of its domain, as a graph of primitives: the point and the output."""
    for number in (0.5, 2.0):
        point = Value(number)
        with suppress(ValueError, ArithmeticError):
            return point, expand(ACTIVATIONS[activation](point))
    raise ValueError(f"the activation {activation!r} has no value at 0.5, nor at 2")


def onnx_bytes(model: Module, arrays: "dict[str, Floats]", metadata: dict[str, Any], dtype: DType) -> bytes:
    """The content of an ONNX file that calculates what `nn.predict` does, in float32 or float64.

    The graph takes "input", of shape (n, inputs) for any n, and gives "output", of shape (n, outputs); (n,) for a model
    of one output. Dropout is left out.

    Arguments:
        arrays: the tensors of the model, in the order of its layers.
        metadata: what is kept beside them, as JSON.

    Raises ValueError for a model that is no chain of layers, an activation function that cannot be written, and numbers
    too large for the type; ImportError without the library onnx.
    """
    try:
        from onnx import TensorProto, checker, helper
    except ImportError as error:
        raise ImportError("ONNX files are made by the library onnx: pip install onnx") from error
    layers = [link for link in chain(model) or () if not isinstance(link, Dropout)]
    if not layers:
        raise ValueError(
            "models made of MLP, Sequential, Layer, Neuron, LayerNorm and Dropout can be saved as ONNX, and this "
            f"{type(model).__name__} is another: save it to .safetensors"
        )
    graph = _Graph(dtype)
    x = _Tensor(graph, "input")
    tensors = iter(arrays.items())
    for layer in layers:
        weights, biases = (graph.constant(array, name) for name, array in (next(tensors), next(tensors)))
        if isinstance(layer, LayerNorm):
            shifted = x - x.to("ReduceMean", axes=[1])
            deviation = ((shifted * shifted).to("ReduceMean", axes=[1]) + layer.eps).to("Sqrt")
            x = shifted / deviation * weights + biases
        else:
            x = graph.activated(x.to("Gemm", weights, biases, transB=1), _activation(layer))
    outputs = _outputs(layers[-1])
    beside = [] if outputs == 1 and not isinstance(layers[-1], LayerNorm) else [outputs]
    graph.reshaped(x, [-1, *beside], "output")
    kind = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE}[dtype]
    made = helper.make_model(
        helper.make_graph(
            graph.nodes,
            type(model).__name__,
            [helper.make_tensor_value_info("input", kind, ["n", layers[0].n_inputs])],
            [helper.make_tensor_value_info("output", kind, ["n", *beside])],
            list(graph.constants.values()),
        ),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR,
        producer_name="chainrule",
        producer_version=autograd.__version__,
    )
    helper.set_model_props(made, {name: json.dumps(entry) for name, entry in metadata.items()})
    checker.check_model(made, full_check=True)
    content: bytes = made.SerializeToString(deterministic=True)
    return content


def _outputs(layer: Layer | Neuron | LayerNorm) -> int:
    return layer.n if isinstance(layer, LayerNorm) else len(neurons(layer))


def _activation(layer: Layer | Neuron) -> str:
    """The name of the activation function of a layer."""
    activation, *others = {neuron.activation for neuron in neurons(layer)}
    if others or not isinstance(activation, str):
        raise ValueError(
            f"{layer!r} has an activation function without a name, or several, which cannot be saved as ONNX: save to "
            ".safetensors"
        )
    return activation
