"""Training steps by a compiled program: an epoch is a few sweeps over arrays.

Model, loss and penalty are recorded for one example, the rule of the optimiser for one parameter. While training runs,
parameters and the state of the optimiser are in flat arrays (`ParameterArrays`).
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from autograd import Value, compile, mean

from ..modes import random_generators
from ..module import Module
from .evaluation import NOT_RECORDED, Evaluation, compare, loss_value, plain, reason
from .examples import Examples
from .graph_steps import GraphSteps, Snapshot
from .parameter_arrays import ParameterArrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .examples import Rows

# Machine code takes up to half a second to make, the first time in a process, and little then. It is made where NumPy
# would need more than these seconds: about so many for a step, and for each parameter and example of it.
_WORTH, _STEP, _MULTIPLICATION = 0.2, 1e-4, 2e-9
_COMPARED = 2  # examples for which the recording is compared with the graph


class CompiledSteps(GraphSteps):
    """Epochs and evaluations like those of `GraphSteps`, with the same numbers to rounding.

    What goes wrong in a batch is repeated on the graph, which says where. Where model or loss take another branch for
    some example (BranchChanged), cannot be recorded, or calculate something else than their recording, training goes on
    on the graph after one warning; unless it is `required` to be compiled, which then raises.

    Arguments, besides those of `GraphSteps`:
        steps: about how many steps are to come.
        batch_size: examples a step.
        required: whether to raise what keeps training from being compiled.
    """

    def __init__(self, *arguments: Any, steps: int, batch_size: int, required: bool = False):
        super().__init__(*arguments, reason="")
        self.required = required
        seconds = steps * (_STEP + _MULTIPLICATION * batch_size * len(self._parameters))  # with NumPy
        backend = "auto" if seconds > _WORTH else "numpy"
        self._program = compile(self._results if self.data.weights is None else self._weighted, backend=backend)
        self._evaluation = Evaluation(self.model, self.loss, self.metrics, backend, required)
        self._several = True  # outputs of the model, in a list
        self._compared = self._warned = False
        self._arrays = ParameterArrays(self.optimizer, self.max_norm, self._new_descent)

    @property
    def engine(self) -> str:
        if self.reason:
            return super().engine
        machine = self._program.traced and hasattr(self._program, "llvm")
        return f"compiled ({'llvm' if machine else 'numpy'})"

    def epoch(self, order: "Rows", batch_size: int) -> tuple[list[float], list[float]]:
        """A step of the optimiser for each minibatch; returns what that of `GraphSteps` does."""
        sums, norms, done = [0.0] * (1 + len(self.metrics)), [], 0
        while done < len(order):
            if not self.reason and self._descend(order[done:], batch_size):
                descent = self._arrays.descent
                results = descent.results
                predictions = results[:, 2:] if self._several else results[:, 2]
                rows = order[done : done + len(results)]
                figures, lengths = self._evaluation.added_up(results[:, 1], predictions, self.data, rows), descent.norms
            else:
                self.write_back()
                figures, norm = self.step(order[done : done + batch_size])
                lengths = [norm]
                self._warn()
            sums = [a + b for a, b in zip(sums, figures, strict=True)]
            norms += lengths
            done += batch_size * len(lengths)
        return sums, norms

    def _warn(self) -> None:
        """Warn once that training is slower than it could be, and say why."""
        if self.reason and not self._warned:
            self._warned = True
            warnings.warn(f"training runs on the graph, which is slower: {self.reason}", UserWarning, stacklevel=5)

    def _descend(self, order: "Rows", batch_size: int) -> bool:
        """Take steps by the program, as far as it goes; whether it took any."""
        begun = False
        with self._graph_may_follow():
            self._compare()
            self._arrays.to_arrays()
            begun = True
            self._arrays.run(order, batch_size)
        return begun and len(self._arrays.descent.norms) > 0

    @contextmanager
    def _graph_may_follow(self) -> Iterator[None]:
        """Errors end the work in here without a message: the graph repeats it, and raises them or not."""
        try:
            yield
        except (ValueError, ArithmeticError):
            pass  # because of these numbers: the next may be better
        except NOT_RECORDED as error:
            if self.required:
                raise
            self.reason = reason(error)

    def write_back(self) -> None:
        self._arrays.to_values()

    def finite(self) -> bool:
        arrays = self._arrays
        return bool(abs(arrays.descent.theta).max() < float("inf")) if arrays.in_arrays else super().finite()

    def snapshot(self) -> Snapshot:
        arrays = self._arrays
        return (arrays.descent.parameters, arrays.descent.theta.copy()) if arrays.in_arrays else super().snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        self.write_back()
        super().restore(snapshot)

    def evaluate(self, data: Examples) -> list[float]:
        arrays = self._arrays
        if arrays.in_arrays:
            return self._evaluation.sums(data, arrays.descent.parameters, arrays.descent.theta)
        return self._evaluation.sums(data)

    def _new_descent(self, **options: Any) -> Any:
        return self._program.descent(*self._columns(slice(None)), **options)

    def _columns(self, rows: "Rows | slice") -> "list[NDArray[Any]]":
        """The arguments of the program for these rows of the data."""
        data = self.data
        return [data.x[rows], data.y[rows], *([] if data.weights is None else [data.weights[rows]])]

    def _results(self, x: Any, target: Any) -> list[Value]:
        """What is minimised, the loss alone, and the outputs of the model."""
        return self._weighted(x, target, None)

    def _weighted(self, x: Any, target: Any, weight: Value | float | None) -> list[Value]:
        return self._calculated(x, target, weight, self.penalty())

    def _calculated(self, x: Any, target: Any, weight: Value | float | None, penalty: Value | None) -> list[Value]:
        prediction = self.model(x)
        self._several = isinstance(prediction, (list, tuple))
        loss = loss_value(self.loss, prediction, target)
        minimised = loss if weight is None else loss * weight
        if penalty is not None:
            minimised = minimised + penalty
        return [minimised, loss, *(prediction if self._several else [prediction])]

    def _compare(self) -> None:
        """Compare the recording with the graph for a few examples, before the first step.

        Both draw the same random numbers where these come from a `random.Random` of the model, as for dropout.
        """
        if self._compared:
            return
        import numpy as np

        self._evaluation.check(self.data)
        rows = np.unique(np.linspace(0, len(self.data) - 1, _COMPARED).astype(int))
        columns = self._columns(rows)
        with _same_random_numbers(self.model):
            try:
                recorded, slopes = self._program.map_and_grad(*columns)
            except (ValueError, ArithmeticError):  # such as of a derivative that is infinite
                recorded, slopes = self._program.map(*columns), None
        weights = [None] * len(rows) if self.data.weights is None else self.data.weights[rows].tolist()
        with _same_random_numbers(self.model):
            penalty = self.penalty()  # one graph for all examples
            results = [
                self._calculated(example.x, example.target, weight, penalty)
                for example, weight in zip((self.data[k] for k in rows.tolist()), weights, strict=True)
            ]
        pairs = [(recorded, [plain(result) for result in results])]
        if slopes is not None:
            pairs.append((slopes, _gradient(mean([result[0] for result in results]), self._program.parameters)))
        compare(self.model, pairs)
        self._compared = True


def _gradient(output: Value, parameters: Sequence[Value]) -> list[float]:
    """The gradient of `output`; each `grad` stays as it was. (`grad` gives the same, on the plain path.)"""
    before = [parameter.grad for parameter in parameters]
    try:
        for parameter in parameters:
            parameter.grad = None
        output.backward()
        return [parameter.grad or 0.0 for parameter in parameters]
    finally:
        for parameter, gradient in zip(parameters, before, strict=True):
            parameter.grad = gradient


@contextmanager
def _same_random_numbers(model: Module) -> Iterator[None]:
    """Set the random numbers of the model back at the end."""
    states = [(generator, generator.getstate()) for generator in random_generators(model).values()]
    try:
        yield
    finally:
        for generator, state in states:
            generator.setstate(state)
