"""Training: epochs of shuffled minibatches, an evaluation after each, and the best weights at the end.

The loop decides what happens when; how a batch becomes a step is the work of `GraphSteps` or `CompiledSteps`. The order
of the examples is a function of the seed and of how many epochs the optimiser has done, so that training stopped after
any epoch can be continued exactly.
"""

import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..checks import positive_int
from ..metrics import accuracy
from ..modes import mode_kept
from ..module import Module
from ..optimizers import Optimizer
from ..schedules import ReduceLROnPlateau, Schedule
from .compiled_steps import CompiledSteps
from .evaluation import Loss, Metric, chosen_loss, has_classes
from .example_weights import weighted
from .examples import Examples, examples
from .graph_steps import GraphSteps
from .history import History
from .order import order_and_epochs, rows_in_order, set_aside
from .overflow import WAY_OUT
from .progress import advance, progress_bar
from .settings import check_settings, chosen_optimizer, chosen_schedule

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

Callback = Callable[[History], object]
Weight = Mapping[Any, float] | str


def fit(
    model: Module,
    X: "ArrayLike",  # noqa: N803 (the usual name)
    y: "ArrayLike",
    loss: Loss | str | None = None,
    l2: float = 0.0,
    optimizer: Optimizer | str | None = None,
    epochs: int = 100,
    batch_size: int | None = 32,
    validation: "tuple[ArrayLike, ArrayLike] | float | None" = None,
    patience: int | None = None,
    compiled: bool | str = "auto",
    progress: bool = True,
    seed: int | random.Random | None = None,
    *,
    lr: float | None = None,
    schedule: Schedule | Callable[[Optimizer], Schedule] | None = None,
    class_weight: Weight | None = None,
    sample_weight: "ArrayLike | None" = None,
    metrics: Mapping[str, Metric] | None = None,
    max_norm: float | None = None,
    callbacks: Iterable[Callback] = (),
    shuffle: bool = True,
) -> History:
    """Train a model on examples.

    Arguments:
        X: the examples, shape (n, inputs): an array, a list of lists or a table of finite numbers.
        y: the targets, shape (n,) or (n, outputs); whole numbers may be classes.
        loss: a function of prediction and target of one example, or its name ("cross_entropy", "mse_loss" ...). Without
            it: `cross_entropy` for whole numbers from 0 and a model of several outputs, `binary_cross_entropy` for 0
            and 1 and a model of one output, `mse_loss` for all else.
        l2: the strength of the penalty on the weights, never the biases, that is added to the mean loss
            (`nn.l2_penalty`).
        optimizer: an optimiser of the parameters of the model, or the name of one ("sgd", "rmsprop", "adam", "adamw");
            without it, "adam".
        epochs: how often each example is used.
        batch_size: examples a step, the last batch of an epoch may be shorter; None for all of them.
        validation: a pair (X, y) of other examples, or the share of these, between 0 and 1, to keep aside.
        patience: how many epochs in a row may pass without a lower validation loss (train loss, where there is no
            validation) than the lowest so far, before training ends; the best weights are then restored.
        compiled: False trains on the graph, True with a compiled program, or raises what is in the way; "auto" compiles
            where a recording of one example agrees with the graph, and warns where not. A program keeps the plain
            numbers that model and loss read from elsewhere as they are at first.
        progress: whether to show a bar, on a terminal or in a notebook.
        seed: makes the order of the examples repeatable.
        lr: the learning rate of an optimiser given by name, 0.01 without it.
        schedule: a schedule of the optimiser, or a function that makes one of it; it steps after each epoch, a
            `ReduceLROnPlateau` by the validation loss (train loss, where there is no validation).
        class_weight: how much each class counts, by its number; or "balanced", for n / (classes · examples of it).
        sample_weight: how much each example counts, shape (n,), from 0. Weights of both kinds are multiplied, and
            scaled once to be 1 on average over the examples to train on. The train loss is weighted too.
        metrics: functions of prediction and target, as plain numbers, of one example, by name; their means go into the
            history. Without it, for classes, ``{"accuracy": nn.accuracy}``.
        max_norm: a longer gradient is shortened to this length before a step (`nn.clip_grad_norm`).
        callbacks: functions called with the history after each epoch; training ends when one returns True. This is
            where to save a checkpoint or look at the model; one that reads nothing takes no time.
        shuffle: whether the examples come in another order in each epoch; False keeps that of the data.

    Returns a History. Ctrl-C ends training early: the best weights are restored, and `interrupted` is True. The best
    weights are those with which the lowest loss was measured; without validation and in minibatches, where the loss is
    measured along the epoch, those at the end of that epoch. An optimiser that has trained before goes on in its random
    order, with its seed where none is given: twice 5 epochs are 10, also with `save_checkpoint` and `load_checkpoint`
    between.

    Raises ValueError, naming the row, for data that does not fit or is not finite; and what the engine raises, naming
    the example, when a number stops being finite: an OverflowError where it was addition or multiplication. The best
    weights are then restored. Afterwards the model is in the mode, training or evaluation, in which it was.

    >>> import nn
    >>> model = nn.MLP(1, [1], seed=0)
    >>> X, y = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
    >>> history = nn.fit(model, X, y, "mse_loss", optimizer="sgd", lr=0.1, epochs=200, seed=0)
    >>> f"{model([3.0]):.3f}", history.train_loss[-1] < 1e-5, history.engine
    ('7.000', True, 'compiled (numpy)')
    """
    callbacks = list(callbacks)
    if not isinstance(model, Module):
        raise TypeError(f"fit trains a Module, got a {type(model).__name__}")
    check_settings(l2, max_norm, metrics)
    positive_int("epochs", epochs)
    for name, number in (("batch_size", batch_size), ("patience", patience)):
        if number is not None:
            positive_int(name, number)
    data = examples(X, y)
    loss = chosen_loss(loss, model, data)
    data = weighted(data, loss, class_weight, sample_weight)
    optimizer = chosen_optimizer(optimizer, lr, model)
    schedule = chosen_schedule(schedule, optimizer)
    order, done = order_and_epochs(optimizer, seed)
    data, others = set_aside(data, validation, order, loss)
    if metrics is None:
        metrics = {"accuracy": accuracy} if has_classes(model, data, loss) else {}
    size = len(data) if batch_size is None else min(batch_size, len(data))
    count = epochs * math.ceil(len(data) / size)
    steps = _steps(compiled, count, size, data, model, loss, l2, list(metrics.values()), optimizer, max_norm)
    run = _Run(steps, others, list(metrics), patience)
    history = run.history
    bar = progress_bar(epochs) if progress else None
    modules = [module for _, module in model.named_modules()]
    try:
        with mode_kept(model):
            for epoch in range(done, done + epochs):
                if not all(module.training for module in modules):
                    model.train()
                run.epoch(rows_in_order(len(data), order + epoch if shuffle else None), size)
                optimizer.shuffled = (order, epoch + 1)
                advance(bar, history)
                if isinstance(schedule, ReduceLROnPlateau):
                    schedule.step((history.validation_loss or history.train_loss)[-1])
                elif schedule is not None:
                    schedule.step()
                for callback in callbacks:
                    if callback(history):
                        history.stopped = history.stopped or "a callback asked for it"
                if history.stopped:
                    break
        steps.write_back()  # here too, where Ctrl-C is caught: what it interrupts is done again below
    except KeyboardInterrupt:
        history.stopped, history.interrupted = "interrupted (Ctrl-C)", True
    except (ValueError, ArithmeticError):
        steps.restore(run.best)
        raise
    finally:
        steps.write_back()
        steps.forget_gradients()
        if bar is not None:
            bar.close()
    if history.interrupted or patience is not None:
        steps.restore(run.best)
    history.engine = steps.engine
    return history


class _Run:
    """One call of `fit`: what happens in an epoch, and what was best so far."""

    def __init__(self, steps: GraphSteps, others: Examples | None, metrics: list[str], patience: int | None):
        self.steps, self.others, self.patience = steps, others, patience
        self.names = [*metrics, *(f"validation_{name}" for name in metrics)] if others else metrics
        self.history = History(metrics={name: [] for name in self.names})
        self.best, self.lowest = steps.snapshot(), math.inf

    def epoch(self, order: "NDArray[np.int64]", batch_size: int) -> None:
        """Use every example once, then evaluate the others."""
        history = self.history
        # The loss of an epoch of one step is that of the weights before the step.
        before = self.steps.snapshot() if self.others is None and batch_size >= len(order) else None
        sums, norms = self.steps.epoch(order, batch_size)
        if not self.steps.finite():
            raise OverflowError(f"a parameter is no longer finite after epoch {history.epochs + 1}: {WAY_OUT}")
        train_loss, *figures = self.steps.data.means(sums)
        loss = train_loss
        if self.others is not None:
            loss, *others = self.others.means(self.steps.evaluate(self.others))
            figures += others
            history.validation_loss.append(loss)
        history.gradient_norm.append(sum(norms) / len(norms))
        for name, figure in zip(self.names, figures, strict=True):
            history.metrics[name].append(figure)
        history.train_loss.append(train_loss)  # last: an epoch counts, wherever Ctrl-C comes, when all of it is there
        if loss < self.lowest:
            self.lowest, self.best, history.best_epoch = loss, before or self.steps.snapshot(), history.epochs
        elif self.patience is not None and history.epochs - history.best_epoch >= self.patience:
            history.stopped = f"no lower loss for {self.patience} epochs (patience)"


def _steps(
    compiled: bool | str,
    count: int,
    size: int,
    data: Examples,
    model: Module,
    loss: Loss,
    l2: float,
    metrics: Sequence[Metric],
    optimizer: Optimizer,
    max_norm: float | None,
) -> GraphSteps:
    if compiled not in (True, False, "auto"):
        raise ValueError(f'compiled is True, False or "auto", got {compiled!r}')
    if compiled is False:
        return GraphSteps(data, model, loss, l2, metrics, optimizer, max_norm, reason="compiled=False")
    required = compiled is True
    return CompiledSteps(
        data, model, loss, l2, metrics, optimizer, max_norm, steps=count, batch_size=size, required=required
    )
