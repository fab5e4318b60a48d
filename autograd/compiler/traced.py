"""A traced function over a batch: chunk by chunk on a back end, checked, and repaired where a result is not finite."""

import gc
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import isfinite
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from ..engine.errors import BranchChanged
from ..engine.value import Value
from .backends.choice import BACKENDS
from .backends.runner import USUAL, MachineCode, Options, Results, Runner, ShortWay
from .program.blocks import Program, build
from .program.naming import describe
from .program.replay import example, replay
from .program.trace import Nested, traced
from .readings import Readings

if TYPE_CHECKING:
    from random import Random

    from .arguments import Floats


class Traced:
    """A function traced for one shape of example, and its programs over a batch.

    Arguments:
        examples: the arguments of the function for one example, nested lists of numbers.

    Attributes: `single` tells whether there is one output that stands in no list; `keeps_leaves`, whether the function
    keeps Values that it made while it was traced (they are parameters, once it is traced again).

    `theta` below is the parameters in an array of shape (p, 1), another object for each call; `data` are the
    arguments of all examples, arrays of shape (n, numbers of an example).
    """

    rows: list[int]  # the places of its parameters among those of all traces of the function
    ordered: bool  # whether they are the first of those, in their order

    def __init__(
        self, function: Callable[..., object], examples: Sequence[Nested], backend: str, options: Options = USUAL
    ):
        self.program, self.single, self._readings, self._generators, made = _record(function, examples)
        self.keeps_leaves = len(made) > 0
        self.program.constants.clear()
        self._readings.drop_unreachable()
        self._make_runner = BACKENDS[backend]
        self.options = options
        self._lock = threading.Lock()
        self._runners: dict[tuple[bool, bool], Runner] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("_lock", "_runners")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock(), _runners={})  # runners are made when they are asked for

    def unlock(self) -> None:
        """See `Traces.unlock`."""
        self._lock = threading.Lock()

    @property
    def parameters(self) -> list[Value]:
        return self.program.parameters

    @property
    def reads_settings(self) -> bool:
        return self._readings.settings

    def current(self, with_values: bool = True) -> bool:
        """Whether all that the function read is as it was, see `Readings.current`."""
        return self._readings.current(with_values)

    def total(self, theta: "Floats", data: "list[Floats]", n: int) -> float:
        """The sum of the first output over the examples."""
        total = 0.0
        for start, part, found in self._chunks(theta, data, n, with_gradient=False):
            some = _sum(found.outputs, len(part[0]))
            total += some if isfinite(some) else float(self._repaired(found.outputs, theta, part, start)[0].sum())
        return total

    def total_and_gradient(
        self, theta: "Floats", data: "list[Floats]", n: int, results: "Floats | None" = None
    ) -> "tuple[float, Floats]":
        """The sums over the examples of the first output and of its gradient with respect to the parameters.

        `results` is an array of shape (outputs, n) that takes all outputs, if they are of interest.
        """
        import numpy as np

        total = 0.0
        gradient: Floats | None = None
        for start, part, found in self._chunks(theta, data, n, with_gradient=True):
            m = len(part[0])
            some, slopes, outputs = _sum(found.outputs, m), found.gradient[:, 0], found.outputs
            finite = isfinite(some) and (isfinite(slopes @ slopes) or bool(np.isfinite(slopes).all()))
            if not finite or (results is not None and not np.isfinite(outputs).all()):
                outputs, slopes = self._carefully(outputs, theta, part, start)
                some = float(outputs[0].sum())
            if results is not None:
                results[:, start : start + m] = outputs
            total += some
            gradient = slopes if n == m else slopes.copy() if gradient is None else gradient + slopes
        assert gradient is not None  # a batch has an example
        return total, gradient

    def shortest_way(self, examples: Sequence[tuple[int, ...]], with_gradient: bool) -> ShortWay | None:
        """The shortest way to means of the only output and its gradient, if the back end has one for this program.

        `examples` are the shapes of one example. It is a function of arguments and parameters that gives None where it
        does not apply.
        """
        if len(self.program.outputs) > 1 or self._generators:
            return None
        return self.runner(with_gradient).short_way(examples)

    def machine(self) -> MachineCode:
        """The machine code of the program with its gradient; AttributeError where NumPy runs it."""
        machine = self.runner(with_gradient=True).machine
        if machine is None:
            raise AttributeError(
                "NumPy runs this program, so there is no machine code: the llvm back end needs llvmlite "
                "(pip install llvmlite)"
            )
        return machine

    def results(self, theta: "Floats", data: "list[Floats]", n: int) -> "Floats":
        """The outputs for each example, of shape (outputs, n)."""
        import numpy as np

        results = np.empty((len(self.program.outputs), n), self.options.dtype)
        for start, part, found in self._chunks(theta, data, n, with_gradient=False):
            outputs = found.outputs
            if not np.isfinite(outputs).all():
                outputs = self._repaired(outputs, theta, part, start)
            results[:, start : start + len(part[0])] = outputs
        return results

    def _chunks(
        self, theta: "Floats", data: "list[Floats]", n: int, with_gradient: bool
    ) -> "Iterator[tuple[int, list[Floats], Results]]":
        """Calculate chunk by chunk: the first example of each, the numbers of its examples, and the results."""
        runner = self.runner(with_gradient)
        size = -(-n // -(-n // runner.chunk))  # as many in each chunk, so that one workspace may do
        for start in range(0, n, size):
            part = data if n == size else [array[start : start + size] for array in data]
            if self.draws:
                part = [*part, self.draw(len(part[0]))]
            found = runner.run(theta, part, len(part[0]))
            if found.branches or found.unordered:
                self._check(found, theta, part, start)
            yield start, part, found

    def runner(self, with_gradient: bool, careful: bool = False) -> Runner:
        """What runs the program, made when it is first asked for."""
        key = with_gradient, careful
        if key not in self._runners:
            with self._lock, _collector_at_rest():
                if key not in self._runners:
                    self._runners[key] = self._make_runner(
                        self.program, with_gradient, self.options._replace(careful=careful)
                    )
        return self._runners[key]

    @property
    def draws(self) -> int:
        """How many random numbers an example takes."""
        return len(self._generators)

    def draw(self, n: int) -> "Floats":
        """Random numbers for `n` examples, in the order in which the function would draw them: example by example."""
        import numpy as np

        draws = [generator.random for generator in self._generators]
        return np.array([[draw() for draw in draws] for _ in range(n)]).reshape(n, len(draws))

    def drawing_from(self, generator: "Random") -> "Traced":
        """The same function, with the same programs, that draws its random numbers from `generator`."""
        other = Traced.__new__(Traced)
        other.__dict__.update(vars(self), _generators=[generator] * self.draws)
        return other

    def random_states(self) -> list[tuple[Any, ...]]:
        """Where the random generators stand."""
        return [generator.getstate() for generator in self._generators]

    def set_random_states(self, states: Sequence[tuple[Any, ...]]) -> None:
        """Put the random generators back to where they stood."""
        for generator, state in zip(self._generators, states, strict=True):
            generator.setstate(state)

    def _check(self, found: Results, theta: "Floats", part: "list[Floats]", start: int) -> None:
        """Raise where a comparison meets NaN, if the graph does, and where a branch goes another way."""
        import numpy as np

        rows = [int(np.flatnonzero(array[0])[0]) for array in found.unordered if array.any()]
        if rows:
            self._replay(theta, part, min(rows), start, with_gradient=False)
        for went, (node, taken) in zip(found.branches, self.program.branches, strict=True):
            differs = ((went != 0.0) != taken)[0]
            if differs.any():
                batch = self.program.nodes[node].batch
                where = (
                    f"for example {start + int(differs.argmax())}" if batch else "with the parameters as they are now"
                )
                raise BranchChanged(
                    f"{describe(self.program, node)} was {taken} when the function was traced and is {not taken} "
                    f"{where}: choose with where(condition, a, b), which compiles both sides"
                )

    # Where something is not finite

    def _repaired(self, outputs: "Floats", theta: "Floats", part: "list[Floats]", start: int) -> "Floats":
        """The outputs, once a few examples that are not finite have been calculated eagerly, which may raise.

        If the graph gives finite numbers for one of these, it is asked for all.
        """
        return self._explained(outputs, theta, part, start, with_gradient=False)[0]

    def _explained(
        self, outputs: "Floats", theta: "Floats", part: "list[Floats]", start: int, with_gradient: bool
    ) -> "tuple[Floats, dict[int, list[float]]]":
        """The same, and what the graph gave for these examples, with its gradient if asked for."""
        import numpy as np

        k = len(outputs)
        outputs = np.array(np.broadcast_to(outputs, (k, len(part[0]))))
        rows = np.flatnonzero(~np.isfinite(outputs).all(axis=0))
        fine = np.all([np.isfinite(array).all(axis=1) for array in part], axis=0)  # the data of these examples are
        kinds = [rows, rows[fine[rows] & np.isnan(outputs[:, rows]).any(axis=0)], rows[fine[rows]]]
        asked = {int(kind[0]): [0.0] for kind in kinds if len(kind)}
        for row in asked:
            asked[row] = self._replay(theta, part, row, start, with_gradient)
            outputs[:, row] = asked[row][:k]
            if np.isfinite(outputs[:, row]).all() and self.options.dtype == "float64":
                for other in rows:
                    outputs[:, other] = self._replay(theta, part, int(other), start, with_gradient=False)
                break
        return outputs, asked

    def _carefully(
        self, outputs: "Floats", theta: "Floats", part: "list[Floats]", start: int
    ) -> "tuple[Floats, Floats]":
        """Outputs and summed gradient by the program whose slopes of 0 let nothing through.

        If these are not finite either, the first example of which that is true is calculated eagerly, which may raise.
        """
        import numpy as np

        def finite(first: int, last: int) -> bool:
            found = runner.run(theta, [array[first:last] for array in part], last - first)
            return bool(np.isfinite(found.outputs).all() and np.isfinite(found.gradient).all())

        outputs, asked = self._explained(outputs, theta, part, start, with_gradient=True)
        runner = self.runner(with_gradient=True, careful=True)
        gradient = runner.run(theta, part, len(part[0])).gradient[:, 0].copy()
        if np.isfinite(outputs).all() and np.isfinite(gradient).all():
            return outputs, gradient
        wrong = np.flatnonzero(~np.isfinite(outputs).all(axis=0))
        first, last = (int(wrong[0]), int(wrong[0]) + 1) if len(wrong) else (0, len(part[0]))
        while last - first > 1:
            middle = (first + last) // 2
            first, last = (middle, last) if finite(first, middle) else (first, middle)
        numbers = asked.get(first) or self._replay(theta, part, first, start, with_gradient=True)
        if np.isfinite(numbers).all() and self.options.dtype == "float64" and not finite(first, last):
            return self._one_by_one(theta, part, start)
        return outputs, gradient

    def _one_by_one(self, theta: "Floats", part: "list[Floats]", start: int) -> "tuple[Floats, Floats]":
        """Outputs and summed gradient, examples where something is not finite calculated eagerly."""
        import numpy as np

        k, n = len(self.program.outputs), len(part[0])
        runner = self.runner(with_gradient=True, careful=True)
        outputs, gradient = np.empty((k, n)), np.zeros(len(theta))
        for row in range(n):
            found = runner.run(theta, [array[row : row + 1] for array in part], 1)
            numbers = np.concatenate([found.outputs[:, 0], found.gradient[:, 0]])
            if not np.isfinite(numbers).all():
                numbers = np.array(self._replay(theta, part, row, start, with_gradient=True))
            outputs[:, row] = numbers[:k]
            gradient += numbers[k:]
        return outputs, gradient

    def _replay(self, theta: "Floats", part: "list[Floats]", row: int, start: int, with_gradient: bool) -> list[float]:
        try:
            inputs = example(self.program, part, row)
            return replay(self.program, theta[:, 0].tolist(), inputs, with_gradient)
        except (ValueError, ArithmeticError) as error:
            raise type(error)(f"example {start + row}: {error}") from error


def _record(
    function: Callable[..., object], examples: Sequence[Nested]
) -> "tuple[Program, bool, Readings, list[Random], WeakSet[Value]]":
    """Trace and build; what else the trace made is gone afterwards."""
    with _collector_at_rest(), traced(function, examples) as (tape, outputs, single):
        program = build(tape, outputs)
        readings = Readings([(owner, name) for owner, name, _ in tape.settings], program.constants, function)
        return program, single, readings, [generator for _, generator in tape.randoms], tape.made


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """The garbage collector off: it would look, again and again, through a program that is growing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _sum(outputs: "Floats", n: int) -> float:
    """The sum of the first output over `n` examples, which have one for all where they are the same."""
    total: float = float(outputs[0].sum(dtype=float)) * (n / outputs.shape[1])
    return total
