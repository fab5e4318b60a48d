"""Training by a compiled program: an epoch is a few sweeps over arrays.

Model, loss and penalty are recorded for one example, the optimiser's rule for one parameter. While training runs,
parameters and the optimiser's state live in flat arrays; they are back in the Values whenever somebody may look: after
each epoch that a callback follows, and at the end, whatever ends it.
"""

from collections.abc import Sequence
from copy import copy
from math import isclose, isfinite
from typing import Any

from autograd import BranchChanged, Value, compile, no_grad

from .diagnosis import about
from .engines import Eager, Metric, Snapshot, mode_kept, plain
from .examples import Example
from .losses import l2_penalty
from .metrics import accuracy, correct
from .optimizers import Optimizer, clip_factor

_MANY_STEPS = 2_000
# What a recording makes of a function that asks a number for more than arithmetic.
NOT_RECORDED = (BranchChanged, TypeError, LookupError, AttributeError)


class Compiled(Eager):
    """Epochs and evaluations like those of `Eager`, with the same numbers to rounding.

    What goes wrong in a batch is met again on the graph, which says where. Where the model takes another way for some
    example (BranchChanged) or cannot be recorded, training goes on eagerly, unless it is `required` to be compiled.
    """

    def __init__(self, *arguments: Any, steps: int, required: bool = False):
        super().__init__(*arguments)
        self.required = required
        self._eagerly = False
        # Machine code takes a quarter of a second to make and saves a tenth of a millisecond a step.
        backend = "auto" if steps > _MANY_STEPS else "numpy"
        self._program = compile(self._results, backend=backend)
        self._evaluation = compile(self._results, backend=backend)
        self._several = True  # outputs of the model, in a list
        self._descent: Any = None
        self._settings: list[Any] = []  # of the optimiser, and what the rule keeps, when it was recorded
        self._state: list[float] = []
        self._lr = Value(self.optimizer.lr, "lr")
        self._held = False  # whether the numbers are in the descent, and those of the Values are of earlier
        self._checked: set[int] = set()  # lists of examples whose targets the loss takes, by their identity
        self._tables: dict[int, tuple[Any, Any]] = {}  # of lists of examples, by their identity

    def epoch(self, order: Sequence[int], batch_size: int) -> tuple[list[float], list[float]]:
        """A step of the optimiser for each minibatch; returns what that of `Eager` does."""
        sums, norms, met = [0.0] * (1 + len(self.metrics)), [], 0
        while met < len(order):
            if not self._eagerly and self._descend(order[met:], batch_size):
                results, lengths = self._descent.results, self._descent.norms
                figures = self._sums(results, self.data, order[met : met + len(results)])
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
        try:
            self._begin()
            self._descent.run(order, batch_size)
        except (ValueError, ArithmeticError):
            pass  # the graph will say what it is, or get by
        except NOT_RECORDED:
            if self.required:
                raise
            self._eagerly = True
        return self._held and len(self._descent.norms) > 0

    def _begin(self) -> None:
        """Let the descent hold the numbers as they are."""
        settings = [getattr(self.optimizer, name) for name in self.optimizer.settings if name != "lr"]
        if self._descent is None or not self._descent.current or settings != self._settings:
            self.settle()
            self._descent = None
        if not self._held:
            self._hold(settings)
        self._lr.data = self.optimizer.lr

    def _hold(self, settings: list[Any]) -> None:
        """Move the numbers from the Values and the optimiser into the descent."""
        # What counts steps is the same for all parameters, unless some were left out at first.
        counts = [isinstance(x, int) for x in self.optimizer.initial_state]
        same = [len(set(column)) == 1 for column in zip(*self.optimizer.state, strict=True)]
        state = [0 if count and alike else 0.0 for count, alike in zip(counts, same, strict=True)]
        if self._descent is None or state != self._state:
            self._check_targets(self.data)
            self._descent, self._settings, self._state = self._new_descent(state), settings, state
        rows = [self.optimizer.initial_state if k is None else self.optimizer.state[k] for k in self._places]
        columns = [
            self.optimizer.state[0][j] if isinstance(x, int) else [row[j] for row in rows] for j, x in enumerate(state)
        ]
        self._descent.start_from([p.data for p in self._descent.parameters], columns)
        self._held = True

    def _new_descent(self, state: Sequence[float]) -> Any:
        if type(self.optimizer).step is not Optimizer.step:
            raise TypeError(f"{type(self.optimizer).__name__} has a step of its own: train with compiled=False")
        like = copy(self.optimizer)
        like.lr = self._lr  # type: ignore[assignment]  # it may change from epoch to epoch

        def rule(p: Value, g: Value, norm: Value, *kept: Any) -> list[Any]:
            if self.max_norm is not None:
                g = g * clip_factor(norm, self.max_norm)
            after, new = like.new_values(p, g, kept)
            return [after, *new]

        moved = self.optimizer.parameters
        descent = self._program.descent(*self._table(self.data), rule=rule, state=state, moved=moved)
        numbers = {parameter: k for k, parameter in enumerate(moved)}
        self._places = [numbers.get(parameter) for parameter in descent.parameters]
        return descent

    def settle(self) -> None:
        """Let parameters and optimiser hold the numbers that training has come to."""
        if not self._held:
            return
        self._held = False
        for parameter, number in zip(self._descent.parameters, self._descent.theta.tolist(), strict=True):
            parameter.data = number
        columns = [
            [kept] * len(self._places) if isinstance(kept, float) else kept.tolist() for kept in self._descent.state
        ]
        kinds = [type(x) for x in self.optimizer.initial_state]
        for k, *kept in zip(self._places, *columns, strict=True):
            if k is not None:
                self.optimizer.state[k] = tuple(kind(x) for kind, x in zip(kinds, kept, strict=True))

    def finite(self) -> bool:
        """Whether all parameters are finite."""
        return bool(abs(self._descent.theta).max() < float("inf")) if self._held else super().finite()

    def snapshot(self) -> Snapshot:
        """The parameters as they are, for `restore`."""
        return (self._descent.parameters, self._descent.theta.copy()) if self._held else super().snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Set the parameters to what they were."""
        self.settle()
        super().restore(snapshot)

    def evaluate(self, data: Sequence[Example]) -> list[float]:
        """The sums over `data` of loss and metrics, with random parts at rest."""
        if not self._eagerly:
            try:
                with mode_kept(self.model):
                    self.model.eval()
                    return self._evaluate(data)
            except (ValueError, ArithmeticError):
                pass  # the graph will say what it is, or get by
            except NOT_RECORDED:
                if self.required:
                    raise
        self.settle()
        return super().evaluate(data)

    def _evaluate(self, data: Sequence[Example]) -> list[float]:
        self._check_targets(data)
        arguments, at = self._table(data), None
        if self._held and self._evaluation.traced and self._evaluation.parameters == self._descent.parameters:
            at = self._descent.theta
        else:
            self.settle()
        results = self._evaluation.map(*arguments, at=at)
        sums = self._sums(results, data, range(len(data)))
        if not isfinite(sums[0]):
            raise OverflowError("the loss of some example is not finite")
        return sums

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
            return float(correct(predictions, self._table(data)[1][rows]).sum())
        return sum(float(metric(p, data[k].target)) for p, k in zip(predictions.tolist(), rows, strict=True))

    def _table(self, data: Sequence[Example]) -> tuple[Any, Any]:
        """Examples and targets as arrays."""
        import numpy as np

        if id(data) not in self._tables:
            self._tables[id(data)] = np.array([e.x for e in data], float), np.array([e.target for e in data], float)
        return self._tables[id(data)]

    def _check_targets(self, data: Sequence[Example]) -> None:
        """Hold the loss with plain targets against its recording, for which a target is only a number.

        So the loss refuses a target in its own words, and one that asks a target for more than arithmetic is noticed.
        """
        if id(data) in self._checked:
            return
        different = {tuple(e.target) if isinstance(e.target, list) else e.target: e for e in reversed(data)}
        examples = list(reversed(different.values()))
        with mode_kept(self.model), no_grad():
            prediction = self.model.eval()(self.data[0].x)
            expected = []
            for example in examples:
                try:
                    expected.append(float(self.loss(prediction, example.target)))
                except (ValueError, ArithmeticError) as error:
                    raise about(error, example.name) from error
        recorded = compile(self.loss, backend="numpy").map(
            [plain(prediction)] * len(examples), [example.target for example in examples]
        )
        if not all(
            isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) for a, b in zip(recorded.tolist(), expected, strict=True)
        ):
            raise TypeError(
                "the loss does with a target what a recording does not hold, such as to compare it or look it up: "
                "train with compiled=False"
            )
        self._checked.add(id(data))
