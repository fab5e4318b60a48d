"""Training by a compiled program: a minibatch is one sweep over arrays.

Model, loss and penalty are recorded for one example. While training runs, parameters and the optimiser's state live in
flat arrays; they are back in the Values whenever somebody may look: after each epoch that a callback follows, and at
the end, whatever ends it.
"""

from collections.abc import Sequence
from typing import Any

from autograd import BranchChanged, Value, compile, no_grad

from .diagnosis import about
from .engines import Eager, mode_kept
from .examples import Example
from .losses import l2_penalty
from .optimizers import clip_factor

_MANY_STEPS = 20_000


class Compiled(Eager):
    """Steps and evaluations like those of `Eager`, with the same numbers to rounding.

    What goes wrong in a batch is met again on the graph, which says where. Where the model takes another way for some
    example (BranchChanged) or cannot be recorded, training goes on eagerly, unless it is `required` to be compiled.
    """

    def __init__(self, *arguments: Any, steps: int, required: bool = False):
        super().__init__(*arguments)
        self.required = required
        self._eagerly = False
        # Machine code takes half a second to make and saves tens of microseconds a step; arrays are ready at once.
        backend = "auto" if steps > _MANY_STEPS else "numpy"
        self._program = compile(self._results, backend=backend)
        self._evaluation = compile(self._results, backend="numpy")
        self._several = True  # outputs of the model, in a list
        self._theta: Any = None  # None: the Values hold the numbers
        self._kept: Any = ()  # the optimiser's state, an array for each of its numbers
        self._targets: set[Any] = set()  # those that the loss has accepted

    def _results(self, x: Any, target: Any) -> list[Any]:
        """What is descended, the loss alone, and the model's outputs."""
        prediction = self.model(x)
        self._several = isinstance(prediction, (list, tuple))
        loss = self.loss(prediction, target)
        if not isinstance(loss, Value):
            raise TypeError(f"a loss is a Value calculated from the prediction, got {loss!r}")
        descended = loss + l2_penalty(self.model, self.l2) if self.l2 else loss
        return [descended, loss, *(prediction if self._several else [prediction])]

    def step(self, batch: Sequence[Example]) -> tuple[list[float], float]:
        """One step of the optimiser; returns sums over the batch and the length of the gradient, as `Eager` does."""
        if not self._eagerly:
            try:
                return self._step(batch)
            except (ValueError, ArithmeticError):
                self.settle()  # the graph will say what it is, or get by
            except (BranchChanged, TypeError):
                self.settle()
                if self.required:
                    raise
                self._eagerly = True
        return super().step(batch)

    def _step(self, batch: Sequence[Example]) -> tuple[list[float], float]:
        import numpy as np

        self._check_targets(batch)
        X, targets = _arrays(batch)  # noqa: N806
        results, gradient = self._program.map_and_grad(X, targets, at=self._theta)
        if self._theta is None:
            self._take_over()
        moved = gradient[self._moved]
        with np.errstate(over="ignore"):  # it is reported below
            norm = float(np.sqrt(moved @ moved))
        if not np.isfinite(norm):
            raise OverflowError("the gradient is too long for a float")
        if self.max_norm is not None:
            moved = moved * clip_factor(norm, self.max_norm)
        theta = self._theta.copy()
        theta[self._moved], self._kept = self.optimizer.new_values(theta[self._moved], moved, self._kept)
        self._theta = theta
        return self._sums(results, batch), norm

    def _take_over(self) -> None:
        """Move the numbers from the Values and the optimiser into arrays."""
        import numpy as np

        place = {parameter: k for k, parameter in enumerate(self._program.parameters)}
        known = [(k, place[p]) for k, p in enumerate(self.optimizer.parameters) if p in place]
        self._owned, self._moved = [k for k, _ in known], np.array([at for _, at in known], int)
        self._kept = [
            np.array(numbers) for numbers in zip(*(self.optimizer.state[k] for k in self._owned), strict=True)
        ]
        self._theta = self._program.flat_parameters()

    def settle(self) -> None:
        """Move the numbers back."""
        if self._theta is None:
            return
        self._program.set_flat_parameters(self._theta)
        columns = [kept.tolist() for kept in self._kept]
        for row, k in enumerate(self._owned):
            self.optimizer.state[k] = tuple(column[row] for column in columns)
        self._theta = None

    def evaluate(self, data: Sequence[Example]) -> list[float]:
        """The sums over `data` of loss and metrics, with random parts at rest."""
        theta = self._theta
        self.settle()
        try:
            if self._eagerly:
                return super().evaluate(data)
            with mode_kept(self.model):
                self.model.eval()
                return self._sums(self._evaluation.map(*_arrays(data)), data)
        except (ValueError, ArithmeticError, TypeError, BranchChanged):
            if self.required:
                raise
            return super().evaluate(data)
        finally:
            self._theta = theta  # nobody has touched the Values meanwhile

    def numbers(self) -> Any:
        """The parameters as they are, for `restore`."""
        if self._theta is not None:
            self._program.set_flat_parameters(self._theta)
        return super().numbers()

    def restore(self, numbers: Any) -> None:
        """Set the parameters to what `numbers` gave."""
        self.settle()
        super().restore(numbers)

    def _sums(self, results: Any, batch: Sequence[Example]) -> list[float]:
        sums = [float(results[:, 1].sum())] + [0.0] * len(self.metrics)
        if self.metrics:
            predictions = results[:, 2:].tolist() if self._several else results[:, 2].tolist()
            for prediction, example in zip(predictions, batch, strict=True):
                for k, metric in enumerate(self.metrics):
                    sums[1 + k] += float(metric(prediction, example.target))
        return sums

    def _check_targets(self, batch: Sequence[Example]) -> None:
        """Let the loss refuse a target with plain numbers, in its own words: in a program it is only a number."""
        fresh = [e for e in batch if (tuple(e.target) if isinstance(e.target, list) else e.target) not in self._targets]
        if not fresh:
            return
        with mode_kept(self.model), no_grad():
            prediction = self.model.eval()(fresh[0].x)
        for example in fresh:
            try:
                self.loss(prediction, example.target)
            except (ValueError, ArithmeticError) as error:
                raise about(error, example.name) from error
            self._targets.add(tuple(example.target) if isinstance(example.target, list) else example.target)


def _arrays(batch: Sequence[Example]) -> tuple[Any, Any]:
    import numpy as np

    return np.array([e.x for e in batch], float), np.array([e.target for e in batch], float)
