"""One example as a module takes it: a list of Values, of the right length, whatever it comes as."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from autograd import Value, setting

from .checks import Number, is_number
from .module import Module

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    Inputs = Value | Sequence[Number] | ArrayLike  # of one example


class TakesInputs(Protocol):
    """A module that says how many inputs it takes."""

    @property
    def n_inputs(self) -> int: ...


def inputs_of(model: TakesInputs, x: "Inputs") -> list[Value]:
    """One example as a list of Values: plain numbers become constants, one for all neurons that read it."""
    setting(Module, "changes")
    if type(x) is not list:
        x = _row(x)
    if (x and isinstance(x[0], (list, tuple))) or getattr(x[0] if x else 0.0, "shape", None):
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


def unpacked(outputs: list[Value]) -> Any:
    """The only output by itself, several as a list."""
    return outputs[0] if len(outputs) == 1 else outputs
