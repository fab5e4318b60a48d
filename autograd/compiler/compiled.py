"""`compile`: record one example, run the batch.

The first call traces the function on the first example of its arguments; what was recorded then runs over all of them
as array arithmetic, with parameters read anew at each call.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Any

from ..value import Value
from . import trace
from .listing import describe, listing
from .lowering import lower
from .program import Program, build

_CHUNK_BYTES = 1 << 22  # of numbers in work at a time: a few megabytes stay in the cache


class BranchChanged(RuntimeError):
    """An example would have taken another way at an ``if`` than the one that was traced."""


class _Runner:
    """One program on one back end; every thread has workspaces of its own."""

    def __init__(self, program: Program, with_gradient: bool):
        from .numpy_code import Code

        self.program = program
        constants = [program.nodes[k].number for k in program.blocks[2].nodes]
        self.lowered = lower(program, with_gradient)
        self.code = Code(self.lowered, constants)
        self.chunk = max(64, _CHUNK_BYTES // max(self.code.bytes_per_example, 1))
        self._local = threading.local()

    def workspace(self, n: int) -> dict[str, Any]:
        spaces: dict[int, dict[str, Any]] = self._local.__dict__.setdefault("spaces", {})
        if n not in spaces:
            if len(spaces) >= 4:
                spaces.pop(next(iter(spaces)))
            spaces[n] = self.code.make(n)
            spaces[n]["examples"][0, 0] = n
        return spaces[n]

    def chunks(self, theta: Any, columns: list[Any], draw: Callable[[int], Any], n: int) -> Iterator[tuple[Any, int, int]]:
        """Calculate chunk by chunk; yields the workspace after each, with the first and last example."""
        import numpy as np

        for start in range(0, n, self.chunk):
            stop = min(start + self.chunk, n)
            space = self.workspace(stop - start)
            inputs = space["inputs"]
            for rows, c in zip(self.program.arguments[:-1], columns, strict=True):
                np.copyto(inputs[rows], c[start:stop].T)
            random = self.program.arguments[-1]
            if random.stop > random.start:
                inputs[random] = draw(stop - start).T
            np.copyto(space["theta"], theta)
            space["before"]()
            space["body"]()
            yield space, start, stop

    def check_branches(self, space: dict[str, Any], start: int) -> None:
        for array, taken, node in self.lowered.branches:
            went = space[array.name] if not isinstance(array, float) else array
            differs = (went != 0) != taken
            if getattr(differs, "any", lambda: differs)():
                row = start + int(differs.argmax())
                raise BranchChanged(
                    f"{describe(self.program, node)} was {taken} when the function was traced and is {not taken} for "
                    f"example {row}: choose with where(condition, a, b), which compiles both sides"
                )


class _Traced:
    """A program and its runners, for one shape of example."""

    def __init__(self, function: Callable[..., Any], examples: list[Any]):
        tape, outputs, self.single = trace.run(function, examples)
        self.settings = tape.settings
        self.key: Any = None  # the shapes of the example
        self.generators = [generator for _, generator in tape.randoms]
        self.program = build(tape, outputs)
        self.parameters = self.program.parameters
        self._runners: dict[bool, _Runner] = {}

    def current(self) -> bool:
        return all(getattr(owner, name) == value for owner, name, value in self.settings)

    def runner(self, with_gradient: bool) -> _Runner:
        if with_gradient not in self._runners:
            self._runners[with_gradient] = _Runner(self.program, with_gradient)
        return self._runners[with_gradient]

    def draw(self, n: int) -> Any:
        import numpy as np

        numbers = [[generator.random() for generator in self.generators] for _ in range(n)]
        return np.array(numbers)


class Compiled:
    """A function of one example that runs over a batch; made by `compile`."""

    def __init__(self, function: Callable[..., Any]):
        self._function = function
        self._traces: dict[Any, list[_Traced]] = {}
        self._latest: _Traced | None = None
        self._lock = threading.RLock()
        self.__doc__ = function.__doc__
        self.__name__ = getattr(function, "__name__", "function")
        self.__wrapped__ = function

    def __repr__(self) -> str:
        return f"<compiled {self.__name__}>"

    # What the user calls

    def __call__(self, *arguments: Any, at: Any = None) -> float:
        """The mean of the function over the examples, ``arguments[k][i]`` being argument k of example i.

        `at` are parameters, a flat array in the order of `parameters`; without it the Values are read.
        """
        columns, n, traced = self._prepare(arguments)
        self._require_single(traced)
        total, theta = 0.0, self._theta(traced, at)
        runner = traced.runner(False)
        for space, start, stop in self._run(runner, traced, theta, columns, n):
            runner.check_branches(space, start)
            total += _total(runner, space, stop - start)
        value = total / n
        return value if value - value == 0.0 else self._eager(arguments, traced, at, n)[0]

    def value_and_grad(self, *arguments: Any, at: Any = None) -> tuple[float, Any]:
        """The mean over the examples, and its gradient: an array in the order of `parameters`."""
        columns, n, traced = self._prepare(arguments)
        self._require_single(traced)
        value, gradient, _ = self._sweep(columns, n, traced, at, keep=False)
        if value is None:
            return self._eager(arguments, traced, at, n)
        return value, gradient

    def map_and_grad(self, *arguments: Any, at: Any = None) -> tuple[Any, Any]:
        """What `map` gives, and the gradient of the mean of the first output, from one sweep.

        This is how training watches its predictions: ``return [loss, *outputs]``. Raises ValueError when a result or
        the gradient is not finite.
        """
        columns, n, traced = self._prepare(arguments)
        value, gradient, results = self._sweep(columns, n, traced, at, keep=True)
        if value is None:
            raise ValueError(f"the value or the gradient of {self.__name__} is not finite for some example")
        return results[0] if traced.single else results.T.copy(), gradient

    def _sweep(self, columns: list[Any], n: int, traced: _Traced, at: Any, keep: bool) -> tuple[Any, Any, Any]:
        """Mean and gradient of the first output, None where they are not finite; and all results, if asked to."""
        import numpy as np

        theta = self._theta(traced, at)
        runner = traced.runner(True)
        results = np.empty((len(traced.program.outputs), n)) if keep else None
        total, flow, space = 0.0, None, {}
        for space, start, stop in self._run(runner, traced, theta, columns, n):
            if runner.lowered.branches:
                runner.check_branches(space, start)
            total += _total(runner, space, stop - start)
            if results is not None:
                results[:, start:stop] = _outputs(runner, space)
            if n > runner.chunk:
                flow = space["flow"].copy() if flow is None else flow + space["flow"]
        if flow is not None:
            np.copyto(space["flow"], flow)
        space["after"]()
        gradient = space[runner.lowered.gradient.name][:, 0] / n
        value = total / n
        finite = value - value == 0.0 and np.isfinite(gradient @ gradient)
        return value if finite else None, gradient, results

    def backward(self, *arguments: Any) -> float:
        """`value_and_grad`, with the gradient added to the `grad` of every parameter; returns the value."""
        value, gradient = self.value_and_grad(*arguments)
        for parameter, g in zip(self.parameters, gradient.tolist(), strict=True):
            parameter.grad = g if parameter.grad is None else parameter.grad + g
        return value

    def map(self, *arguments: Any, at: Any = None) -> Any:
        """The result for each example: an array of shape (n,), or (n, k) for a function of k outputs."""
        import numpy as np

        columns, n, traced = self._prepare(arguments)
        runner = traced.runner(False)
        k = len(traced.program.outputs)
        results = np.empty((k, n))
        for space, start, stop in self._run(runner, traced, self._theta(traced, at), columns, n):
            runner.check_branches(space, start)
            results[:, start:stop] = _outputs(runner, space)
        if not np.isfinite(results).all():
            bad = int(np.flatnonzero(~np.isfinite(results).all(axis=0))[0])
            self._example(arguments, traced, at, bad)
        return results[0] if traced.single else results.T.copy()

    @property
    def parameters(self) -> list[Value]:
        """The leaf Values that the function reaches and that are not its arguments, in the order of gradients."""
        return self._require_trace().parameters

    def flat_parameters(self) -> Any:
        """The data of the parameters, an array of float64."""
        return self._theta(self._require_trace(), None)[:, 0]

    def set_flat_parameters(self, theta: Any) -> None:
        """Put numbers in the order of `parameters` into their data; ValueError for another number of them."""
        traced = self._require_trace()
        for parameter, number in zip(traced.parameters, self._theta(traced, theta).tolist(), strict=True):
            parameter.data = number

    @property
    def source(self) -> str:
        """The program, readable: a line for each block, in the names of labels and scopes."""
        return listing(self.__name__, self._require_trace().program)

    # How it is done

    def _require_trace(self) -> _Traced:
        if self._latest is None:
            raise ValueError(f"{self.__name__} has not been traced yet: call it once, and it knows its parameters")
        return self._latest

    def _require_single(self, traced: _Traced) -> None:
        if len(traced.program.outputs) != 1:
            raise ValueError(f"{self.__name__} has {len(traced.program.outputs)} outputs: use map(), or return one loss")

    def _prepare(self, arguments: tuple[Any, ...]) -> tuple[list[Any], int, _Traced]:
        arrays = [_array(k, argument) for k, argument in enumerate(arguments)]
        if not arrays:
            raise ValueError(f"{self.__name__} needs arguments with an example in each row")
        n = len(arrays[0])
        if any(len(a) != n for a in arrays):
            shapes = " and ".join(str(a.shape) for a in arrays)
            raise ValueError(f"the arguments differ in their number of examples: they have shapes {shapes}")
        if n == 0:
            raise ValueError("the batch is empty: there is no example to take the mean of")
        key = tuple(a.shape[1:] for a in arrays)
        latest = self._latest
        if latest is None or latest.key != key or latest.settings and not latest.current():
            latest = self._find(key, arrays)
        return [a.reshape(n, -1) for a in arrays], n, latest

    def _find(self, key: Any, arrays: list[Any]) -> _Traced:
        with self._lock:
            known = self._traces.setdefault(key, [])
            traced = next((t for t in known if t.current()), None)
            if traced is None:
                traced = _Traced(self._function, [a[0].tolist() for a in arrays])
                traced.key = key
                known.append(traced)
            self._latest = traced
            return traced

    def _theta(self, traced: _Traced, at: Any) -> Any:
        import numpy as np

        p = len(traced.parameters)
        if at is None:
            return np.fromiter((v._data for v in traced.parameters), float, p).reshape(-1, 1)
        theta = np.asarray(at, float)
        if theta.shape != (p,) and theta.shape != (p, 1):
            raise ValueError(f"at must be a flat array of shape ({p},), one number a parameter, got shape {theta.shape}")
        return theta.reshape(-1, 1)

    def _run(self, runner: _Runner, traced: _Traced, theta: Any, columns: list[Any], n: int) -> Iterator[Any]:
        import numpy as np

        with np.errstate(all="ignore"):
            try:
                yield from runner.chunks(theta, columns, traced.draw, n)
            except IndexError:
                raise ValueError("an index of take() is no whole number in its range for some example") from None

    def _example(self, arguments: tuple[Any, ...], traced: _Traced, at: Any, row: int) -> tuple[float, list[float]]:
        """One example by the eager engine, which raises where something has no value."""
        from ..gradients import grad

        inputs = [_values(_array(k, a)[row].tolist()) for k, a in enumerate(arguments)]
        with self._lock, _parameters_at(traced, at, self):
            output = self._function(*inputs)
            if not isinstance(output, Value):
                return 0.0, []
            return output._data, grad(output, traced.parameters)

    def _eager(self, arguments: tuple[Any, ...], traced: _Traced, at: Any, n: int) -> tuple[float, Any]:
        """The slow and careful way for a batch whose result is not finite."""
        import numpy as np

        total, gradient = 0.0, np.zeros(len(traced.parameters))
        for row in range(n):
            try:
                value, slopes = self._example(arguments, traced, at, row)
            except (ValueError, ArithmeticError) as error:
                raise type(error)(f"example {row}: {error}") from error
            total += value
            gradient += slopes or 0.0
        return total / n, gradient / n


class _parameters_at:
    """Put other numbers into the parameters for a while."""

    def __init__(self, traced: _Traced, at: Any, compiled: Compiled):
        self.traced, self.at, self.compiled = traced, at, compiled

    def __enter__(self) -> None:
        self.before = [p._data for p in self.traced.parameters]
        if self.at is not None:
            for p, number in zip(self.traced.parameters, self.compiled._theta(self.traced, self.at).flat, strict=True):
                p._data = float(number)

    def __exit__(self, *error: object) -> None:
        for p, number in zip(self.traced.parameters, self.before, strict=True):
            p._data = number


def _total(runner: _Runner, space: dict[str, Any], n: int) -> float:
    outputs = runner.lowered.outputs
    if isinstance(outputs, float):
        return outputs * n
    array = space[outputs.name][:1]  # a gradient is of the first output
    return float(array.sum()) if outputs.batch else float(array[0, 0]) * n


def _outputs(runner: _Runner, space: dict[str, Any]) -> Any:
    outputs = runner.lowered.outputs
    return outputs if isinstance(outputs, float) else space[outputs.name]


def _array(k: int, argument: Any) -> Any:
    import numpy as np

    if type(argument) is np.ndarray and argument.dtype == np.float64 and argument.ndim:
        return argument
    try:
        array = np.asarray(argument)
        if array.dtype.kind not in "fiub":
            raise TypeError
        array = array.astype(float)
    except (TypeError, ValueError):
        raise ValueError(f"argument {k} must be an array of numbers with an example in each row, got {argument!r}") from None
    if not array.ndim:
        raise ValueError(f"argument {k} must have an example in each row, got the single number {argument!r}")
    return array


def _values(example: Any) -> Any:
    return [_values(x) for x in example] if isinstance(example, list) else Value(example)


def compile(function: Callable[..., Any]) -> Compiled:
    """Make a function of one example, written with Values, run over a batch.

    Arguments:
        function: takes a Value for each argument that is a number, a list of Values (nested, for more dimensions) for
            each that is an array, and returns a Value or a list of Values. An ``if`` on a Value is frozen as it goes
            for the first example, and checked for the others (`BranchChanged`); `where` compiles both sides.

    Returns a `Compiled`: call it with arrays whose first axis is the batch. Works as a decorator.

    >>> import autograd
    >>> w = Value(2.0, "w")
    >>> @autograd.compile
    ... def loss(x, t):
    ...     return (w * x - t) ** 2
    >>> loss([1.0, 2.0], [1.0, 1.0])
    5.0
    >>> value, gradient = loss.value_and_grad([1.0, 2.0], [1.0, 1.0])
    >>> gradient.tolist()
    [7.0]
    """
    return Compiled(function)
