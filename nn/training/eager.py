"""How an epoch becomes steps: the seam between the training loop and the way its numbers are calculated.

`Eager` builds the graphs of a few examples, goes backwards through them and lets them go, so that a batch of any size
takes the memory of a few examples. What is descended is the mean of the losses of the batch, plus the penalty.
"""

import gc
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd import Value, no_grad, total

from ..losses import l2_penalty
from ..module import Module, mode_kept
from ..optimizers import Optimizer, clip_grad_norm
from .examples import Example
from .overflow import WAY_OUT, about, where_it_began

Loss = Callable[[Any, Any], Any]
Metric = Callable[[Any, Any], float]
Snapshot = tuple[Sequence[Value], Iterable[float]]  # parameters and their numbers

_TOGETHER = 8  # examples whose graphs stand at once: more are no faster, fewer are


class Eager:
    """Steps and evaluations on the graph, one example at a time.

    Arguments:
        data: the examples to train on.
        loss: a function of prediction and target of one example.
        l2: the strength of the penalty on the weights.
        metrics: functions of prediction and target, as plain numbers, of one example.
        max_norm: the length to which a longer gradient is shortened.
    """

    def __init__(
        self,
        data: Sequence[Example],
        model: Module,
        loss: Loss,
        l2: float,
        metrics: Sequence[Metric],
        optimizer: Optimizer,
        max_norm: float | None,
    ):
        self.data, self.model, self.loss, self.l2, self.metrics = data, model, loss, l2, metrics
        self.optimizer, self.max_norm = optimizer, max_norm
        self._parameters = list(dict.fromkeys([*model.parameters(), *optimizer.parameters]))

    def epoch(self, order: Sequence[int], batch_size: int) -> tuple[list[float], list[float]]:
        """A step of the optimiser for each minibatch of the examples in this order.

        Returns the sums over the examples of loss and metrics, and the lengths of the gradients before they are
        shortened. Raises what went wrong, naming the example; an OverflowError for a number that is not finite.
        """
        steps = [self.step(order[k : k + batch_size]) for k in range(0, len(order), batch_size)]
        return [sum(column) for column in zip(*(sums for sums, _ in steps), strict=True)], [norm for _, norm in steps]

    def step(self, rows: Sequence[int]) -> tuple[list[float], float]:
        """One step for a minibatch; returns the sums over its examples and the length, as `epoch` does of each."""
        batch = [self.data[k] for k in rows]
        with _collector_at_rest():
            self.forget_gradients()
            sums = [0.0] * (1 + len(self.metrics))
            for k in range(0, len(batch), _TOGETHER):
                some = batch[k : k + _TOGETHER]
                losses = []
                for example in some:
                    prediction, loss = self._forward(example)
                    if not math.isfinite(loss.data):
                        raise _overflow(example, loss)
                    losses.append(loss)
                    sums = self._add(sums, prediction, loss, example)
                _backward(losses, some, 1.0 / len(batch))
            if self.l2:
                l2_penalty(self.model, self.l2).backward()
            norm = math.hypot(*(p.grad for p in self.optimizer.parameters if p.grad is not None))
            if not math.isfinite(norm):
                raise self._infinite_gradient(batch)
            if self.max_norm is not None:
                clip_grad_norm(self.optimizer.parameters, self.max_norm)
            self.optimizer.step()
            return sums, norm

    def evaluate(self, data: Sequence[Example]) -> list[float]:
        """The sums over `data` of loss and metrics, without a graph and with random parts at rest."""
        sums = [0.0] * (1 + len(self.metrics))
        with mode_kept(self.model):
            self.model.eval()
            for example in data:
                with no_grad():
                    prediction, loss = self._forward(example)
                if not math.isfinite(loss.data):
                    raise _overflow(example, self._forward(example)[1])  # once more, with the graph that explains it
                sums = self._add(sums, prediction, loss, example)
        return sums

    def settle(self) -> None:
        """Let parameters and optimiser hold the numbers that training has come to; here they always do."""

    def finite(self) -> bool:
        """Whether all parameters are finite."""
        return all(math.isfinite(parameter.data) for parameter in self._parameters)

    def snapshot(self) -> Snapshot:
        """The parameters as they are, for `restore`."""
        return self._parameters, [parameter.data for parameter in self._parameters]

    def restore(self, snapshot: Snapshot) -> None:
        """Set the parameters to what they were."""
        parameters, numbers = snapshot
        for parameter, number in zip(parameters, numbers, strict=True):
            parameter.data = float(number)

    def forget_gradients(self) -> None:
        """Each `grad` is None again, so that nothing is added to what is left over."""
        for parameter in self._parameters:
            parameter.grad = None

    def _forward(self, example: Example) -> tuple[Any, Value]:
        try:
            prediction = self.model(example.x)
            loss = self.loss(prediction, example.target)
        except (ValueError, TypeError, ArithmeticError) as error:
            raise about(error, example.name) from error
        if not isinstance(loss, Value):
            raise TypeError(f"{example.name}: a loss is a Value calculated from the prediction, got {loss!r}")
        return prediction, loss

    def _add(self, sums: list[float], prediction: Any, loss: Value, example: Example) -> list[float]:
        numbers = plain(prediction) if self.metrics else None
        figures = [loss.data, *(float(metric(numbers, example.target)) for metric in self.metrics)]
        return [a + b for a, b in zip(sums, figures, strict=True)]

    def _infinite_gradient(self, batch: Sequence[Example]) -> Exception:
        """The first example of the batch by itself whose gradient is not finite, as an error."""
        for example in batch:
            self.forget_gradients()
            _backward([self._forward(example)[1]], [example], 1.0)
            for name, parameter in self.model.named_parameters():
                if parameter.grad is not None and not math.isfinite(parameter.grad):
                    return OverflowError(f"{example.name}: the gradient by {name!r} is {parameter.grad!r}: {WAY_OUT}")
        return OverflowError(f"the gradient of a batch is too long for a float: {WAY_OUT}")


def _backward(losses: list[Value], batch: Sequence[Example], seed: float) -> None:
    try:
        total(losses).backward(seed)
    except ValueError:
        for loss, example in zip(losses, batch, strict=True):
            try:
                loss.backward(seed)
            except ValueError as error:
                raise about(error, example.name) from error
        raise


def _overflow(example: Example, loss: Value) -> Exception:
    return OverflowError(f"{example.name}: the loss is {loss.data!r}; {where_it_began(loss)}: {WAY_OUT}")


def plain(prediction: Any) -> Any:
    """A prediction as numbers."""
    return [float(p) for p in prediction] if isinstance(prediction, (list, tuple)) else float(prediction)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """The garbage collector off, for a tenth of the time: graphs have no cycles that it would have to find."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
