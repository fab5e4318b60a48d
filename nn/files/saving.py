"""Models on disk: which tensors a model is saved as, and what a file must hold to be loaded.

The weights of a layer are one tensor [outputs, inputs] and its biases another, named as in the `torch.nn.Sequential`
that calculates the same; in a module of the user's, by its attributes. A file is checked as a whole before the first
number of a model is changed.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import Value, write_whole

from ..layers import Layer, Neuron
from ..module import Module
from ..regularization import LayerNorm
from ..structure import chain, neurons, positions
from . import tensorfile
from .architecture import build, describe, layers
from .as_javascript import javascript_text
from .as_onnx import DType, onnx_bytes
from .tensorfile import Path

if TYPE_CHECKING:
    from ..data import Floats

OPTIMIZER = "optimizer/"  # in a checkpoint, tensors whose names begin so are the optimiser's


def save(model: Module, path: Path, *, dtype: DType | None = None) -> None:
    """Write a model to a file, whole or not at all: ONNX or JavaScript by its suffix, else safetensors, for `load`.

    A path that ends in ``.onnx`` gives an ONNX file that calculates what `nn.predict` does for the array "input"; it
    needs the library onnx, and a model made of `MLP`, `Sequential`, `Layer`, `Neuron`, `LayerNorm` and `Dropout`.

    A path that ends in ``.js`` or ``.mjs`` gives an ES module without dependencies. Its function ``predict(x)`` gives
    the output for an example, a list of numbers; a list of them where the model has several. A model of your own says
    how many inputs it takes in an attribute `n_inputs`.

    All others are safetensors files. For an `MLP`, or a `Sequential` of layers, the tensors are those of a
    `torch.nn.Sequential` of `Linear`, activation functions, `LayerNorm` and `Dropout`: ``0.weight`` [outputs, inputs],
    ``0.bias`` and so on, where each activation function other than "linear", and each dropout, has a number of its own,
    as in PyTorch; nested ones are numbered through. In a module of your own, a layer in the attribute `hidden` is
    ``hidden.weight`` and ``hidden.bias``, and a single parameter has its own name. All are float64.

    The metadata holds the architecture and the activation functions, labels of parameters that you gave yourself, and
    `model.class_names`, a list of strings, if you set it.

    Arguments:
        model: the model; it is not changed.
        path: the file to write.
        dtype: of the numbers in an ONNX file: "float32" (where none is given) or "float64".

    Raises OSError where it cannot be written; ValueError when a parameter is not finite, and for a model that cannot be
    saved as ONNX or JavaScript.

    >>> import os, tempfile
    >>> from nn import Layer
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(Layer(2, 1), os.path.join(folder, "model.safetensors"))
    ...     os.listdir(folder)
    ['model.safetensors']
    """
    arrays, metadata = contents(model)
    suffix = os.path.splitext(os.fspath(path))[1].lower()
    if suffix == ".onnx":
        if dtype not in (None, "float32", "float64"):
            raise ValueError(f'dtype is "float32" or "float64", got {dtype!r}')
        write_whole(path, onnx_bytes(model, arrays, metadata, dtype or "float32"))
    elif dtype not in (None, "float64"):
        raise ValueError(f"dtype is for ONNX files: all numbers of other files are float64, got {dtype!r}")
    elif suffix in (".js", ".mjs"):
        write_whole(path, javascript_text(model).encode())
    else:
        tensorfile.write(path, arrays, metadata)


def load(path: Path, into: Module | None = None) -> Module:
    """Read a model from a safetensors file.

    Arguments:
        path: the file to read.
        into: a model of the same architecture to fill, where the file cannot say it (a module of your own, an
            activation function of your own, a file from elsewhere); without it, a new model is made.

    Returns the model. Raises ValueError, naming the file, when it is damaged, foreign or of another model; the model
    given is then as it was. Nothing in a file is executed.

    >>> import os, tempfile
    >>> from nn import MLP
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.safetensors")
    ...     model = MLP(2, [3, 1], "tanh", seed=0)
    ...     save(model, path)
    ...     copy = load(path)
    >>> copy
    MLP(2, [3, 1], activation='tanh', output_activation='linear')
    >>> copy.state_dict() == model.state_dict()
    True
    """
    arrays, metadata = tensorfile.read(path)
    with naming(path):
        if "training" in metadata:  # a checkpoint
            arrays = {name: array for name, array in arrays.items() if not name.startswith(OPTIMIZER)}
        model = into if into is not None else _made(arrays, metadata)
        changes = changes_for(model, arrays, metadata)
    apply(model, changes)
    return model


def contents(model: Module) -> "tuple[dict[str, Floats], dict[str, Any]]":
    """Tensors and metadata of a model."""
    if not isinstance(model, Module):
        raise TypeError(f"what is saved is a Module, got a {type(model).__name__}")
    arrays = {name: array_of(name, slot.shape, [v.data for v in slot.values]) for name, slot in _slots(model).items()}
    labels = {name: parameter.label for name, parameter in model.named_parameters() if parameter.label != name}
    metadata: dict[str, Any] = {"architecture": describe(model), "labels": labels}
    if hasattr(model, "class_names"):
        metadata["class_names"] = list(map(str, model.class_names))
    return arrays, metadata


def array_of(name: str, shape: tuple[int, ...], numbers: Iterable[float]) -> "Floats":
    import numpy as np

    array = np.array(list(numbers), dtype=np.float64).reshape(shape)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds numbers that are not finite: nothing was saved")
    return array


class Changes(NamedTuple):
    """What loading does to a model."""

    numbers: list[tuple[Value, float]]
    labels: list[tuple[Value, str]]
    class_names: list[str] | None


class _Slot(NamedTuple):
    """The Values that one tensor holds, the last index running fastest."""

    shape: tuple[int, ...]
    values: list[Value]


def _slots(model: Module) -> dict[str, _Slot]:
    """The tensors of a model by name: two a layer, one for each parameter by itself."""
    slots: dict[str, _Slot] = {}
    seen: set[Module] = set()
    for path, module in model.named_modules():
        links = chain(module)
        if module not in seen and links is not None:
            seen.update(part for _, part in module.named_modules())
            before = f"{path}." if path else ""
            numbered = not path or not isinstance(module, (Layer, Neuron, LayerNorm))
            for k, layer in positions(links):
                slots |= _of_layer(f"{before}{k}." if numbered else before, layer)
    placed = {value for slot in slots.values() for value in slot.values}
    slots |= {name: _Slot((), [p]) for name, p in model.named_parameters() if p not in placed}
    # A key of a dict may be half of a pair of characters, which is not UTF-8.
    return {name.encode("utf-8", "backslashreplace").decode(): slot for name, slot in slots.items()}


def _of_layer(before: str, layer: Layer | Neuron | LayerNorm) -> dict[str, _Slot]:
    if isinstance(layer, LayerNorm):
        weights, biases = _Slot((layer.n,), layer.gain), layer.bias
    else:
        units = neurons(layer)
        weights = _Slot((len(units), units[0].n_inputs), [w for unit in units for w in unit.w])
        biases = [unit.b for unit in units]
    return {f"{before}weight": weights, f"{before}bias": _Slot((len(biases),), biases)}


def _made(arrays: "Mapping[str, Floats]", metadata: Mapping[str, Any]) -> Module:
    if metadata.get("architecture") is None:
        raise ValueError("it does not say the architecture: give a model of the same one, load(path, into=model)")
    return build(metadata["architecture"], sum(array.size for array in arrays.values()))


def changes_for(model: Module, arrays: "Mapping[str, Floats]", metadata: Mapping[str, Any]) -> Changes:
    """What a file changes in `model`, all of it checked. Raises ValueError when it is of another model."""
    slots = _slots(model)
    for missing, where in ((slots.keys() - arrays.keys(), "file"), (arrays.keys() - slots.keys(), "model")):
        if missing:
            raise ValueError(f"it is of another model: the {where} has no {', '.join(map(repr, sorted(missing)[:3]))}")
    for name, slot in slots.items():
        if arrays[name].shape != slot.shape:
            raise ValueError(f"{name!r} has the shape {arrays[name].shape} there and {slot.shape} in the model")
    if metadata.get("architecture") is not None:
        there = layers(build(metadata["architecture"], sum(array.size for array in arrays.values())))
        for k, (layer, own) in enumerate(zip(there, layers(model), strict=False)):
            if layer != own:
                raise ValueError(f"layer {k} is (inputs, outputs, activation) {layer} there and {own} in the model")
    parameters = dict(model.named_parameters())
    labels = metadata.get("labels", {})
    class_names = metadata.get("class_names")
    if not all(name in parameters and isinstance(label, str) for name, label in labels.items()):
        raise ValueError("its labels are not those of parameters of the model")
    if class_names is not None and not (type(class_names) is list and all(type(name) is str for name in class_names)):
        raise ValueError("its class names are not all text")
    numbers = [
        (value, number)
        for name, slot in slots.items()
        for value, number in zip(slot.values, arrays[name].ravel().tolist(), strict=True)
    ]
    return Changes(numbers, [(parameters[name], label) for name, label in labels.items()], class_names)


def apply(model: Module, changes: Changes) -> None:
    for parameter, number in changes.numbers:
        parameter.data = number
    for parameter, label in changes.labels:
        parameter.label = label
    if changes.class_names is not None:
        model.class_names = changes.class_names  # the user's own attribute


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn errors into a ValueError that names the file."""
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"cannot load {str(path)!r}: {tensorfile.shortened(reason)}") from error
