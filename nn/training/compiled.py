"""Training by a compiled program: an epoch is a few sweeps over arrays.

Model, loss and penalty are recorded for one example, the optimiser's rule for one parameter. While training runs,
parameters and the optimiser's state live in flat arrays (module `handover`); they are back in the Values whenever
somebody may look: after each epoch that a callback follows, and at the end, whatever ends it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import isfinite
from typing import Any

from autograd import BranchChanged, Value, compile, no_grad

from ..losses import l2_penalty
from ..metrics import accuracy, correct
from ..module import Module, mode_kept
from .eager import Eager, Loss, Metric, Snapshot, plain
from .examples import Example
from .handover import Handover
from .overflow import about

_MANY_STEPS = 2_000
# What a recording makes of a function that asks a number for more than arithmetic.
_NOT_RECORDED = (BranchChanged, TypeError, LookupError, AttributeError)


class Compiled(Eager):
    """Epochs and evaluations like those of `Eager`, with the same numbers to rounding.

    What goes wrong in a batch is met again on the graph, which says where. Where model or loss take another way for
    some example (BranchChanged) or cannot be recorded, it goes on eagerly, unless it is `required` to be compiled.
    """

    def __init__(self, *arguments: Any, steps: int, required: bool = False):
        super().__init__(*arguments)
        self.required = required
        # Machine code takes a quarter of a second to make and saves a tenth of a millisecond a step.
        backend = "auto" if steps > _MANY_STEPS else "numpy"
        self._program = compile(self._results, backend=backend)
        self._evaluation = compile(self._results, backend=backend)
        self._given_up: set[Any] = set()  # of the two programs, those that the model or the loss does not fit
        self._several = True  # outputs of the model, in a list
        self._numbers = Handover(self.optimizer, self.max_norm, self._new_descent)
        self._known: dict[int, tuple[Any, Any]] = {}  # arrays of lists of examples, by their identity

    def epoch(self, order: Sequence[int], batch_size: int) -> tuple[list[float], list[float]]:
        """A step of the optimiser for each minibatch; returns what that of `Eager` does."""
        sums, norms, met = [0.0] * (1 + len(self.metrics)), [], 0
        while met < len(order):
            if self._program not in self._given_up and self._descend(order[met:], batch_size):
                descent = self._numbers.descent
                figures = self._sums(descent.results, self.data, order[met : met + len(descent.results)])
                lengths = descent.norms
            else:
                self.settle()
                figures, norm = self.step(order[met : met + batch_size])
                lengths = [norm]
            sums = [a + b for a, b in zip(sums, figures, strict=True)]
            norms += lengths
            met += batch_size * len(lengths)
        return sums, norms

    def _descend(self, order: Sequence[int], batch_size: int) -> bool:
        """Take steps by the program, as far as it goes; whether it took any."""
        with self._graph_may_follow(self._program):
            self._numbers.take()
            self._numbers.descent.run(order, batch_size)
        return self._numbers.held and len(self._numbers.descent.norms) > 0

    @contextmanager
    def _graph_may_follow(self, program: Any) -> Iterator[None]:
        """Errors end the work in here in silence: the graph will say what it is, or get by."""
        try:
            yield
        except (ValueError, ArithmeticError):
            pass  # of these numbers: the next may be better
        except _NOT_RECORDED:
            if self.required:
                raise
            self._given_up.add(program)

    def settle(self) -> None:
        """Let parameters and optimiser hold the numbers that training has come to."""
        self._numbers.give_back()

    def finite(self) -> bool:
        """Whether all parameters are finite."""
        numbers = self._numbers
        return bool(abs(numbers.descent.theta).max() < float("inf")) if numbers.held else super().finite()

    def snapshot(self) -> Snapshot:
        """The parameters as they are, for `restore`."""
        numbers = self._numbers
        return (numbers.descent.parameters, numbers.descent.theta.copy()) if numbers.held else super().snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Set the parameters to what they were."""
        self.settle()
        super().restore(snapshot)

    def evaluate(self, data: Sequence[Example]) -> list[float]:
        """The sums over `data` of loss and metrics, with random parts at rest."""
        sums = None
        if self._evaluation not in self._given_up:
            with self._graph_may_follow(self._evaluation):
                if self._evaluation.traced and not self._evaluation.reads_settings:
                    sums = self._evaluate(data)
                else:
                    with mode_kept(self.model):
                        self.model.eval()
                        sums = self._evaluate(data)
        if sums is None:
            self.settle()
            sums = super().evaluate(data)
        return sums

    def _evaluate(self, data: Sequence[Example]) -> list[float]:
        arguments = self._arrays(data)
        numbers, at = self._numbers, None
        if numbers.held and self._evaluation.traced and self._evaluation.parameters == numbers.descent.parameters:
            at = numbers.descent.theta
        else:
            self.settle()
        results = self._evaluation.map(*arguments, at=at)
        sums = self._sums(results, data, range(len(data)))
        if not isfinite(sums[0]):
            raise OverflowError("the loss of some example is not finite")
        return sums

    def _new_descent(self, **options: Any) -> Any:
        return self._program.descent(*self._arrays(self.data), **options)

    def _results(self, x: Any, target: Any) -> list[Any]:
        """What is descended, the loss alone, and the model's outputs."""
        prediction = self.model(x)
        self._several = isinstance(prediction, (list, tuple))
        loss = self.loss(prediction, target)
        if not isinstance(loss, Value):
            raise TypeError(f"a loss is a Value calculated from the prediction, got {loss!r}")
        descended = loss + l2_penalty(self.model, self.l2) if self.l2 else loss
        return [descended, loss, *(prediction if self._several else [prediction])]

    def _sums(self, results: Any, data: Sequence[Example], rows: Sequence[int]) -> list[float]:
        """Of loss and metrics, from the outputs of the program for each of these rows of the data."""
        predictions = results[:, 2:] if self._several else results[:, 2]
        return [float(results[:, 1].sum()), *(self._sum(metric, predictions, data, rows) for metric in self.metrics)]

    def _sum(self, metric: Metric, predictions: Any, data: Sequence[Example], rows: Sequence[int]) -> float:
        if metric is accuracy:
            return float(correct(predictions, self._arrays(data)[1][rows]).sum())
        return sum(float(metric(p, data[k].target)) for p, k in zip(predictions.tolist(), rows, strict=True))

    def _arrays(self, data: Sequence[Example]) -> tuple[Any, Any]:
        """Examples and targets as arrays, once the loss is known to take these targets."""
        import numpy as np

        if id(data) not in self._known:
            check_loss(self.loss, self.model, data)
            self._known[id(data)] = np.array([e.x for e in data], float), np.array([e.target for e in data], float)
        return self._known[id(data)]


def check_loss(loss: Loss, model: Module, data: Sequence[Example]) -> None:
    """Hold the loss against its recording, for the prediction of the first example and every target of the data.

    Raises what the loss itself does, naming the example; TypeError, or BranchChanged, when the recording differs.
    """
    import numpy as np

    different = {repr(example.target): example for example in reversed(data)}  # the first of each
    examples = list(reversed(different.values()))
    with mode_kept(model), no_grad():
        prediction = model.eval()(data[0].x)
        expected = [_number(loss, prediction, example) for example in examples]
    predictions, targets = [plain(prediction)] * len(examples), [example.target for example in examples]
    cause = None
    try:
        recorded = compile(loss, backend="numpy").map(predictions, targets)
        if np.allclose(recorded, expected, rtol=1e-9, atol=1e-12, equal_nan=True):
            return
    except BranchChanged:
        raise
    except Exception as error:  # of any class: it is what the loss raises for a target that is no plain number
        cause = error
    raise TypeError(
        "the loss does with a target what a recording does not hold, such as to compare it or look it up: "
        "train with compiled=False"
    ) from cause


def _number(loss: Loss, prediction: Any, example: Example) -> float:
    try:
        return float(loss(prediction, example.target))
    except (ValueError, TypeError, ArithmeticError) as error:
        raise about(error, example.name) from error
