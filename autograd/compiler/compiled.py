"""`compile`: record one example, run the batch.

The first call traces the function on the first example of its arguments; what was recorded then runs over all of them
as array arithmetic, with parameters read anew at each call.
"""

import weakref
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from ..engine.grad_mode import current_mode, modes
from ..engine.value import Value
from .arguments import batch, flat, matrices
from .backends.runner import USUAL, MachineCode, Options, ShortWay
from .descent import Descent
from .distributed import distributed_map, distributed_mean, is_distributed
from .program.listing import listing
from .program.trace import takes
from .readings import held
from .traced import Traced
from .traces import Lost, Shapes, Traces, has_name

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .arguments import Floats

_OWNERS = 16  # objects without a __dict__ whose compiled methods are remembered


_Way = tuple[tuple[Shapes, Traced], ShortWay | None]  # a trace and the shortest way to run it


class Compiled:
    """A function of one example that runs over a batch; made by `compile`."""

    def __init__(self, function: Callable[..., object], backend: str = "auto", options: Options = USUAL):
        self.__wrapped__ = function
        self.backend, self.options = backend, options
        self.__doc__ = function.__doc__
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        self.__qualname__ = getattr(function, "__qualname__", self.__name__)
        self.__module__ = getattr(function, "__module__", __name__)
        self._traces = Traces(function, self.__name__, backend, options)
        self._owners: dict[int, _State] = {}
        self._ways: dict[bool, _Way] = {}  # without a gradient and with it

    def __repr__(self) -> str:
        return f"<compiled {self.__qualname__}>"

    def __get__(self, owner: object, kind: type | None = None) -> "Compiled":
        """As a method: the function compiled for one object, which keeps what was traced and is free to go."""
        if owner is None:
            return self
        kept: Any = getattr(owner, "__dict__", None)
        name: str | int = f"compiled {self.__qualname__}"
        if kept is None:  # an object of __slots__: the last few are remembered here, by identity
            kept, name = self._owners, id(owner)
        state: _State | None = kept.pop(name, None)
        if not isinstance(state, _State) or not state.belongs_to(owner):
            state = None
        made = state.method if state else None
        if made is None:
            made = Compiled(MethodType(self.__wrapped__, owner), self.backend, self.options)
            if state:
                made._traces, made._ways = state.traces, state.ways
            state = _State(owner, made)
        kept[name] = state  # the one used last is the last
        if len(self._owners) > _OWNERS:
            del self._owners[next(iter(self._owners))]
        return made

    def __reduce__(self) -> str | tuple[Callable[..., Any], tuple[Any, ...]]:
        return self._recipe(alone=isinstance(self.__wrapped__, FunctionType) and not has_name(self.__wrapped__))

    def __copy__(self) -> "Compiled":
        return self._made_again(lambda arguments: arguments)

    def __deepcopy__(self, memo: dict[int, object]) -> "Compiled":
        return self._made_again(lambda arguments: deepcopy(arguments, memo))

    def _made_again(self, copied: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> "Compiled":
        recipe = self._recipe(alone=False)
        if isinstance(recipe, str):
            return self
        make, arguments = recipe
        made: Compiled = make(*copied(arguments))
        return made

    def _recipe(self, alone: bool) -> str | tuple[Callable[..., Any], tuple[Any, ...]]:
        """How to make it again, as `__reduce__` gives it: by its function or, `alone`, by what was traced of that."""
        if has_name(self):
            return self.__qualname__  # pickled by name, as functions are
        if isinstance(self.__wrapped__, MethodType):
            owner = self.__wrapped__.__self__
            for kind in type(owner).__mro__:
                found = vars(kind).get(self.__name__)
                if isinstance(found, Compiled) and found.__wrapped__ is self.__wrapped__.__func__:  # decorated there
                    first = getattr(type(owner), self.__name__) is found
                    return (getattr, (owner, self.__name__)) if first else (Compiled.__get__, (found, owner))
        if self._traces.latest and (alone or isinstance(self.__wrapped__, Lost)):
            return _remembered, (self.__name__, self.backend, self._traces)
        return Compiled, (self.__wrapped__, self.backend, self.options)

    # What the user calls

    def __call__(self, *arguments: "ArrayLike", at: "ArrayLike | None" = None) -> float:
        """The mean of the function over the examples, ``arguments[k][i]`` being argument k of example i.

        `at` are parameters, a flat array in the order of `parameters`; with it no Value is read. Raises ValueError for
        arguments that do not fit together, `BranchChanged` where an example goes another way than the first did, and
        the error of the eager engine, with the number of the example, where one has no value.
        """
        return self._mean(False, arguments, at)[0]

    def value_and_grad(self, *arguments: "ArrayLike", at: "ArrayLike | None" = None) -> "tuple[float, Floats]":
        """The mean over the examples, and its gradient: an array in the order of `parameters`.

        Arguments may be Dask arrays, here and in a call: each block is calculated where it is, and added up.
        """
        return self._mean(True, arguments, at)

    def backward(self, *arguments: "ArrayLike", at: "ArrayLike | None" = None) -> float:
        """`value_and_grad`, with the gradient added to the `grad` of every parameter; returns the value."""
        value, gradient = self.value_and_grad(*arguments, at=at)
        for parameter, slope in zip(self._traces.parameters, gradient.tolist(), strict=False):
            parameter.grad = slope if parameter.grad is None else parameter.grad + slope
        return value

    def map(self, *arguments: "ArrayLike", at: "ArrayLike | None" = None) -> Any:
        """The result for each example: an array of shape (n,), or (n, k) for a function that gives a list of k.

        Of Dask arrays it is a Dask array, calculated with the parameters as they are now when that is asked for.
        """
        import numpy as np

        if is_distributed(arguments):
            return distributed_map(self._traces, arguments, at)
        arrays, n, traced = self._prepare(arguments, with_values=at is None)
        with np.errstate(all="ignore"):
            return _by_example(traced, traced.results(self._traces.theta(traced, at), matrices(arrays), n))

    def map_and_grad(self, *arguments: "ArrayLike", at: "ArrayLike | None" = None) -> "tuple[Floats, Floats]":
        """What `map` gives, and the gradient of the mean of the first output, from one sweep.

        This is how training watches its predictions: ``return [loss, *outputs]``. Raises ValueError when a result or
        the gradient is not finite.
        """
        import numpy as np

        arrays, n, traced = self._prepare(arguments, with_values=at is None)
        results = np.empty((len(traced.program.outputs), n), self.options.dtype)
        with np.errstate(all="ignore"):
            _, gradient = traced.total_and_gradient(self._traces.theta(traced, at), matrices(arrays), n, results)
            gradient = self._traces.in_order(traced, gradient / n)
        if not np.isfinite(results).all() or not np.isfinite(gradient).all():
            raise ValueError(f"a result or the gradient of {self.__name__} is not finite")
        return _by_example(traced, results), gradient

    def descent(
        self,
        *arguments: "ArrayLike",
        rule: Callable[..., object],
        state: Sequence[float] = (),
        moved: Iterable[Value] | None = None,
    ) -> Descent:
        """Gradient descent on the mean of the first output, step by step or in whole epochs.

        Arguments:
            arguments: the examples, as for a call.
            rule: what a step does to one parameter: a function, written with Values, of the parameter, its gradient,
                the length of the whole gradient, and the numbers of the state. It returns the parameter, or a list of
                it and the new state. Values that it reads, such as a learning rate, are read anew in each run.
            state: the numbers that the rule keeps, as they are at first: a float is kept for each parameter, a whole
                number (int) counts what is the same for all, such as steps.
            moved: the parameters that move; without it, all.

        Returns a `Descent`, which starts from the numbers that the parameters have now and leaves them as they are.

        >>> w = Value(0.0)
        >>> loss = Compiled(lambda x, t: (w * x - t) ** 2)
        >>> descent = loss.descent([1.0, 2.0], [3.0, 6.0], rule=lambda p, g, norm: p - 0.1 * g)
        >>> for epoch in range(50):
        ...     descent.run(batch_size=1)
        >>> descent.theta.round(6).tolist()
        [3.0]
        """
        arrays, _, traced = self._prepare(arguments)
        return Descent(traced, matrices(arrays), rule, state, moved, self.backend)

    @property
    def traced(self) -> bool:
        """Whether the function has been recorded: from then on the properties below are known."""
        return self._traces.latest is not None

    @property
    def reads_settings(self) -> bool:
        """Whether what was recorded last depends on settings, such as those of `train` and `eval` (see `setting`)."""
        return self._require_trace().reads_settings

    @property
    def parameters(self) -> list[Value]:
        """The leaf Values that the function reaches and that are not its arguments, in the order of gradients.

        A leaf that the function makes anew each time it runs is a constant of it. When the function is traced again and
        reaches further parameters, they are added at the end.
        """
        self._require_trace()
        return list(self._traces.parameters)

    def flat_parameters(self) -> "Floats":
        """The data of the parameters, an array of float64."""
        import numpy as np

        return np.array([parameter._data for parameter in self.parameters], float)

    def _theta(self) -> "Floats":
        """`flat_parameters` in the type of the program."""
        theta = self.flat_parameters()
        return theta if self.options.dtype == "float64" else theta.astype(self.options.dtype)

    def set_flat_parameters(self, theta: "ArrayLike") -> None:
        """Put numbers in the order of `parameters` into their data; ValueError for another number of them."""
        parameters = self.parameters
        for parameter, number in zip(parameters, flat(theta, len(parameters)).tolist(), strict=True):
            parameter.data = number

    @property
    def source(self) -> str:
        """The program, readable: a line for each block, in the names of labels and scopes."""
        return listing(self.__name__, self._require_trace().program)

    @property
    def llvm(self) -> str:
        """The program as text of LLVM, where the llvm back end runs it; else AttributeError."""
        return str(self._machine().llvm)

    @property
    def assembly(self) -> str:
        """The program as instructions of this processor, where the llvm back end runs it; else AttributeError."""
        return str(self._machine().assembly)

    @property
    def javascript(self) -> str:
        """The program as an ES module, for a page or for Node.

        It exports ``map(theta, ...)``, the results of all examples, and for a function with one output
        ``valueAndGrad(theta, ...)``, an object of the mean ``value`` and its ``gradient``. ``theta`` are the
        parameters in the order of `parameters`; arguments and results are flat typed arrays, example after example.
        Random numbers, such as those of dropout, are drawn by ``Math.random``. A gradient that is not finite is
        returned as it is.
        """
        from .backends.javascript import module

        traced = self._require_trace()
        assert self._traces.latest is not None
        names = self._traces.names(len(self._traces.latest[0]))
        rows = None if self._traces.has_all(traced) else traced.rows
        return module(self.__name__, traced.program, names, rows, len(self._traces.parameters))

    # How it is done

    def _machine(self) -> MachineCode:
        return self._require_trace().machine()

    def _require_trace(self) -> Traced:
        if self._traces.latest is None:
            raise ValueError(f"{self.__name__} has not been traced yet: call it once, and it knows its parameters")
        return self._traces.latest[1]

    def _mean(
        self, with_gradient: bool, arguments: "tuple[ArrayLike, ...]", at: "ArrayLike | None"
    ) -> tuple[float, Any]:
        """The mean of the only output and, if asked for, its gradient."""
        import numpy as np

        found = self._shortly(with_gradient, arguments, at)
        if found is not None:
            return found
        if is_distributed(arguments):
            return distributed_mean(self._traces, arguments, at, with_gradient)
        arrays, n, traced = self._prepare(arguments, with_values=at is None)
        self._traces.require_one_output(traced)
        at = None if at is None else flat(at, len(self._traces.parameters), self.options.dtype)
        found = self._shortly(with_gradient, arrays, at)
        if found is not None:
            return found
        theta, data = self._traces.theta(traced, at), matrices(arrays)
        with np.errstate(all="ignore"):
            if not with_gradient:
                return traced.total(theta, data, n) / n, None
            total, gradient = traced.total_and_gradient(theta, data, n)
            return total / n, self._traces.in_order(traced, gradient / n)

    def _shortly(
        self, with_gradient: bool, arguments: "Sequence[ArrayLike]", at: "ArrayLike | None"
    ) -> "tuple[float, Floats] | None":
        """The mean of the first output, and its gradient, by the shortest way, if there is one that takes these."""
        latest = self._traces.latest
        if latest is None or modes or not latest[1].current(with_values=at is None):
            return None
        way = self._ways.get(with_gradient)
        if way is None or way[0] is not latest:
            way = latest, latest[1].shortest_way(latest[0], with_gradient) if self._traces.has_all(latest[1]) else None
            self._ways[with_gradient] = way
        if way[1] is None:
            return None
        return way[1](arguments, self._theta() if at is None else at)

    def _prepare(
        self, arguments: "tuple[ArrayLike, ...]", with_values: bool = True
    ) -> "tuple[list[Floats], int, Traced]":
        if current_mode().tracer is not None:
            raise TypeError(
                f"{self.__name__} is compiled and takes a batch: inside a function to be compiled, which is about one "
                f"example, call the function that it was made from, {self.__name__}.__wrapped__"
            )
        if not arguments:
            if not takes(self.__wrapped__, 0):
                self.__wrapped__()  # whose TypeError says what is missing
            raise ValueError(f"{self.__name__} needs an argument with an example in each row, got none")
        arrays, n = batch(arguments, self._traces.names, self.options.dtype)
        return arrays, n, self._traces.find(arrays, with_values)


class _State:
    """What an object keeps of a compiled method: the traces. The method itself holds the object, and is held weakly."""

    def __init__(self, owner: object, made: Compiled):
        self.traces, self.ways = made._traces, made._ways
        self._method = weakref.ref(made)
        self._owner = held(owner)

    @property
    def method(self) -> Compiled | None:
        """The method, while somebody has it."""
        return self._method()

    def belongs_to(self, owner: object) -> bool:
        """Whether it was made for this object: a copy of an object has the attributes of the other."""
        return self._owner() is owner

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return _nothing, ()

    def __deepcopy__(self, memo: dict[int, object]) -> None:
        return None


def _nothing() -> None:
    """In a pickle, in the place of what is traced again."""


def _remembered(name: str, backend: str, traces: Traces) -> Compiled:
    made = Compiled(Lost(name), backend, traces.options)
    made._traces = traces
    return made


def _by_example(traced: Traced, results: "Floats") -> "Floats":
    return results[0] if traced.single else results.T.copy()
