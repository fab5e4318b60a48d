"""Training steps on the graph: build the graphs of a few examples, go backward through them, and drop them.

So a batch of any size takes the memory of a few examples. What is minimised is the mean of the losses of the batch,
plus the penalty. `CompiledSteps` does the same work with arrays, and turns to this class for what it cannot do.
"""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from autograd import Value, total

from ..clipping import clip_grad_norm
from ..module import Module
from ..optimizers import Optimizer
from ..penalties import l2_of, weights_among
from .evaluation import Loss, Metric, add_up, collector_paused, forward, overflow_error, sums_on_graph
from .examples import Example, Examples
from .overflow import WAY_OUT, with_name

if TYPE_CHECKING:
    from .examples import Rows

Snapshot = tuple[Sequence[Value], Iterable[float]]  # parameters and their numbers

_TOGETHER = 8  # examples whose graphs exist at the same time: more are no faster, fewer are


class GraphSteps:
    """Steps and evaluations on the graph, one example at a time.

    Arguments:
        data: the examples to train on.
        model, loss, optimizer: as those of `fit`.
        l2: the strength of the penalty on the weights.
        metrics: functions of prediction and target, as plain numbers, of one example.
        max_norm: the length to which a longer gradient is shortened.
        reason: why training does not run compiled.
    """

    def __init__(
        self,
        data: Examples,
        model: Module,
        loss: Loss,
        l2: float,
        metrics: Sequence[Metric],
        optimizer: Optimizer,
        max_norm: float | None,
        *,
        reason: str,
    ):
        self.data, self.model, self.loss, self.l2, self.metrics = data, model, loss, l2, metrics
        self.optimizer, self.max_norm, self.reason = optimizer, max_norm, reason
        named = model.named_parameters()
        parameters = dict.fromkeys(parameter for _, parameter in named)
        if parameters.keys().isdisjoint(optimizer.parameters):
            raise ValueError("the optimiser moves no parameter of this model: make it of model.parameters()")
        self._parameters = list(parameters | dict.fromkeys(optimizer.parameters))
        self._penalised = weights_among(named) if l2 else []

    @property
    def engine(self) -> str:
        """What does the work, as `History.engine` says it."""
        return f"graph: {self.reason}"

    def epoch(self, order: "Rows", batch_size: int) -> tuple[list[float], list[float]]:
        """A step of the optimiser for each minibatch of the examples in this order.

        Returns the sums over the examples of loss and metrics, and the length of the gradient of each step before it
        is shortened. Raises what went wrong, naming the example; an OverflowError for a number that is not finite.
        """
        steps = [self.step(order[k : k + batch_size]) for k in range(0, len(order), batch_size)]
        return [sum(each) for each in zip(*(sums for sums, _ in steps), strict=True)], [norm for _, norm in steps]

    def step(self, rows: "Rows") -> tuple[list[float], float]:
        """One step for a minibatch; returns the sums over its examples, and the length of the gradient."""
        batch = [self.data[k] for k in rows]
        weights = [1.0] * len(batch) if self.data.weights is None else self.data.weights[rows].tolist()
        with collector_paused():
            self.forget_gradients()
            sums = [0.0] * (1 + len(self.metrics))
            for k in range(0, len(batch), _TOGETHER):
                some, their_weights = batch[k : k + _TOGETHER], weights[k : k + _TOGETHER]
                losses = []
                for example, weight in zip(some, their_weights, strict=True):
                    prediction, loss = forward(self.model, self.loss, example)
                    if not math.isfinite(loss.data):
                        raise overflow_error(example, loss)
                    losses.append(loss if weight == 1.0 else loss * weight)
                    sums = add_up(sums, prediction, loss, example, self.metrics, weight)
                _backward(losses, some, 1.0 / len(batch))
            penalty = self.penalty()
            if penalty is not None:
                penalty.backward()
            norm = math.hypot(*(p.grad for p in self.optimizer.parameters if p.grad is not None))
            if not math.isfinite(norm):
                raise self._infinite_gradient(batch)
            if self.max_norm is not None:
                clip_grad_norm(self.optimizer.parameters, self.max_norm)
            self.optimizer.step()
            return sums, norm

    def penalty(self) -> Value | None:
        """The penalty on the weights, if there is one."""
        return l2_of(self._penalised, self.l2) if self._penalised else None

    def evaluate(self, data: Examples) -> list[float]:
        """The sums over `data` of loss and metrics, without a graph and in evaluation mode."""
        return sums_on_graph(self.model, self.loss, self.metrics, data)

    def write_back(self) -> None:
        """Write the current numbers of the training into parameters and optimizer; here they are always there."""

    def finite(self) -> bool:
        """Whether all parameters are finite."""
        return all(math.isfinite(parameter.data) for parameter in self._parameters)

    def snapshot(self) -> Snapshot:
        """The current numbers of the parameters, for `restore`."""
        return self._parameters, [parameter.data for parameter in self._parameters]

    def restore(self, snapshot: Snapshot) -> None:
        """Set the parameters to the numbers of a snapshot."""
        parameters, numbers = snapshot
        for parameter, number in zip(parameters, numbers, strict=True):
            parameter.data = float(number)

    def forget_gradients(self) -> None:
        """Set each `grad` to None, so that nothing is added to an earlier gradient."""
        for parameter in self._parameters:
            parameter.grad = None

    def _infinite_gradient(self, batch: Sequence[Example]) -> Exception:
        """An error that names the first example of the batch whose gradient by itself is not finite."""
        for example in batch:
            self.forget_gradients()
            _backward([forward(self.model, self.loss, example)[1]], [example], 1.0)
            for name, parameter in self.model.named_parameters():
                if parameter.grad is not None and not math.isfinite(parameter.grad):
                    return OverflowError(
                        f"{example.name}: the gradient with respect to {name!r} is {parameter.grad!r}: {WAY_OUT}"
                    )
        return OverflowError(f"the gradient of a batch is too long for a float: {WAY_OUT}")


def _backward(losses: list[Value], batch: Sequence[Example], seed: float) -> None:
    recorded = [loss for loss in losses if loss.requires_grad]  # that of an ignored example may be a constant
    if not recorded:
        return
    try:
        total(recorded).backward(seed)
    except ValueError:
        for loss, example in zip(losses, batch, strict=True):
            try:
                if loss.requires_grad:
                    loss.backward(seed)
            except ValueError as error:
                raise with_name(error, example.name) from error
        raise
