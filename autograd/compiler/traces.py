"""All traces of a function: one for each shape of example and for each combination of the settings that it reads.

Their parameters stand in one order, that in which they were met; a trace has some of them, mostly all.
"""

import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import MethodType
from typing import TYPE_CHECKING, Any, Never, Protocol
from weakref import WeakMethod, WeakSet

from ..engine.value import Value
from .arguments import flat, shapes
from .backends.runner import USUAL, Options
from .program.trace import argument_names, takes
from .traced import Traced

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .arguments import Floats

Shapes = tuple[tuple[int, ...], ...]  # of the arguments of one example

_REMEMBERED = 8  # traces for one shape of example: settings may have that many combinations without being traced again
_SHAPES = 16  # of examples whose traces are remembered
_NODES = 500_000  # of all programs that are remembered, about 200 MB; the newest is kept, however large


class Rows(Protocol):
    """An array with an example in each row, or what knows its shape and gives the first of them."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, row: int, /) -> Any: ...


class _Named(Protocol):
    """A function, or what looks like one."""

    __module__: str
    __qualname__: str


_all: WeakSet["Traces"] = WeakSet()


class Traces:
    """What is known of a function that examples were run through.

    Attributes: `latest`, the trace that was used last, behind the shapes of an example; `parameters`, of all traces.
    """

    def __init__(self, function: Callable[..., object], name: str, backend: str, options: Options = USUAL):
        self._reference = _referred(function)
        self._name, self._backend, self.options = name, backend, options
        self._known: dict[Shapes, list[Traced]] = {}  # by the shapes of an example
        self.latest: tuple[Shapes, Traced] | None = None
        self.parameters: list[Value] = []
        self._place: dict[Value, int] = {}
        self._names: dict[int, list[str]] = {}  # of the arguments, by their number
        self._lock = threading.RLock()
        _all.add(self)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("_reference", "_lock")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _reference=_referred(Lost(state["_name"])), _lock=threading.RLock())
        _all.add(self)

    @property
    def _function(self) -> Callable[..., object]:
        return self._reference() or Lost(self._name)

    def unlock(self) -> None:
        """Forget who holds the locks, in a process that was forked: the threads that do are not there."""
        self._lock = threading.RLock()
        for known in self._known.values():
            for traced in known:
                traced.unlock()

    def names(self, count: int) -> list[str]:
        """What the function calls its first `count` arguments."""
        if count not in self._names:
            self._names[count] = argument_names(self._function, count)
        return self._names[count]

    def find(self, arrays: Sequence[Rows], with_values: bool = True) -> Traced:
        """The trace for such arguments, made if need be on the first example of them.

        Without `with_values`, when parameters come as numbers, it does not matter which Values hold them now.
        """
        key = tuple([array.shape[1:] for array in arrays])
        latest = self.latest
        if latest is not None and latest[0] == key and latest[1].current(with_values):
            return latest[1]
        with self._lock:
            known = self._known[key] = self._known.pop(key, [])  # the shape used last is the last
            traced = next((t for t in known if t.current(with_values)), None)
            if traced is None:
                traced = self._trace(key, arrays)
                known.append(traced)
                del known[:-_REMEMBERED]
                while len(self._known) > 1 and (len(self._known) > _SHAPES or self._size() > _NODES):
                    del self._known[next(iter(self._known))]
                while len(known) > 1 and self._size() > _NODES:
                    del known[0]
            self.latest = key, traced
            return traced

    def _size(self) -> int:
        return sum(len(traced.program.nodes) for known in self._known.values() for traced in known)

    def _trace(self, key: Shapes, arrays: Sequence[Rows]) -> Traced:
        names = self.names(len(arrays))
        example = [array[0].tolist() for array in arrays]
        try:
            traced = Traced(self._function, example, self._backend, self.options)
            if traced.keeps_leaves:  # by now they are there before it begins
                traced = Traced(self._function, example, self._backend, self.options)
        except (AttributeError, IndexError, TypeError, ValueError) as error:
            if self.latest is None or self.latest[0] == key or not takes(self._function, len(arrays)):
                error.add_note(f"when {self._name} was traced on the first example of {shapes(names, key)}")
                raise
            raise ValueError(
                f"{self._name} was traced with {shapes(names, self.latest[0])} and does not take "
                f"{shapes(names, key)}: {error}"
            ) from error
        for parameter in traced.parameters:
            if parameter not in self._place:
                self._place[parameter] = len(self.parameters)
                self.parameters.append(parameter)
        traced.rows = [self._place[parameter] for parameter in traced.parameters]
        traced.ordered = traced.rows == list(range(len(traced.rows)))
        return traced

    def require_one_output(self, traced: Traced) -> None:
        """ValueError where a mean is asked for of a function that returns several numbers."""
        k = len(traced.program.outputs)
        if k != 1:
            raise ValueError(f"{self._name} has {k} outputs, and no mean of them: use map(), or return one loss")

    def theta(self, traced: Traced, at: "ArrayLike | None") -> "Floats":
        """The parameters of a trace, of shape (p, 1)."""
        import numpy as np

        if at is None:
            theta = np.array([parameter._data for parameter in traced.parameters], self.options.dtype)
        else:
            theta = flat(at, len(self.parameters), self.options.dtype)
            if not self.has_all(traced):
                theta = theta[traced.rows]
        return theta.reshape(-1, 1)

    def in_order(self, traced: Traced, gradient: "Floats") -> "Floats":
        """A gradient by the parameters of a trace as one by all parameters."""
        import numpy as np

        if self.has_all(traced):
            return gradient
        whole = np.zeros(len(self.parameters), gradient.dtype)
        whole[traced.rows] = gradient
        return whole

    def has_all(self, traced: Traced) -> bool:
        """Whether a trace has all parameters, in their order."""
        return traced.ordered and len(traced.rows) == len(self.parameters)


def _referred(function: Callable[..., object]) -> Callable[[], Callable[..., object] | None]:
    """A reference to a function; to a method a weak one, since its object keeps what was traced."""
    if isinstance(function, MethodType):
        with suppress(TypeError):  # an object of __slots__ may have no place for weak references
            return WeakMethod(function)
    return lambda: function


def has_name(function: _Named) -> bool:
    """Whether the name of a function leads to it, so that a pickle may hold the name alone."""
    found: object = sys.modules.get(function.__module__)
    for name in function.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is function


class Lost:
    """In the place of a function that stayed behind."""

    def __init__(self, name: str):
        self.__name__ = name

    def __call__(self, *_: object) -> Never:
        raise ValueError(
            f"{self.__name__} came out of a pickle with what was traced and without its function, which is a lambda or "
            "stands within another function: it can be traced anew only where it was defined"
        )


def _unlock_all() -> None:
    for traces in list(_all):
        traces.unlock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock_all)
