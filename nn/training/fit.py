"""Training: epochs of shuffled minibatches, a look at other data after each, and an end that can be trusted.

The loop decides what happens when; how a batch becomes a step is the engine's affair (module `engines`). The order of
the examples is a function of the seed and of how many epochs the optimiser has seen, so that training stopped after
any epoch goes on as if it had not been.
"""

import math
import random
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autograd import no_grad

from ..checks import at_least_0, counted, is_number
from ..data import shuffled, train_test_split
from ..initialization import generator
from ..losses import binary_cross_entropy, cross_entropy, hinge_loss, mse_loss
from ..metrics import accuracy
from ..module import Module, mode_kept
from ..optimizers import Adam, Optimizer
from .compiled import Compiled
from .eager import Eager, Loss, Metric
from .examples import Example, examples
from .history import History
from .overflow import WAY_OUT

Callback = Callable[[History], Any]


def fit(
    model: Module,
    X: Any,  # noqa: N803 (the usual name)
    y: Any,
    loss: Loss = mse_loss,
    l2: float = 0.0,
    optimizer: Optimizer | None = None,
    epochs: int = 100,
    batch_size: int | None = 32,
    validation: Any = None,
    patience: int | None = None,
    compiled: bool | str = "auto",
    progress: bool = True,
    seed: int | random.Random | None = None,
    *,
    metrics: Mapping[str, Metric] | None = None,
    max_norm: float | None = None,
    callbacks: Iterable[Callback] = (),
) -> History:
    """Train a model on examples.

    Arguments:
        X: the examples, shape (n, inputs): lists or an array of finite numbers.
        y: the targets, shape (n,) or (n, outputs); whole numbers may be classes.
        loss: a function of prediction and target of one example, such as `nn.cross_entropy`.
        l2: strength of the penalty on the weights, never the biases, that is added to the mean loss (`nn.l2_penalty`).
        optimizer: an optimiser of the model's parameters; without one, ``Adam(model.parameters(), lr=0.01)``.
        epochs: how often each example is met.
        batch_size: examples a step, the last batch of an epoch may be shorter; None for all of them.
        validation: a pair (X, y) of other examples, or the share of these, between 0 and 1, to keep aside.
        patience: how many epochs in a row may pass without a lower validation loss (train loss, where there is no
            validation) than the lowest so far, before training ends; the best weights are then restored.
        compiled: False trains on the graph, True with a compiled program, which keeps the plain numbers that `loss`
            reads from elsewhere as they are at first; "auto" takes what is best here.
        progress: whether to show a bar, where there is a terminal.
        seed: makes the order of the examples repeatable.
        metrics: functions of prediction and target, as plain numbers, of one example, by name; their means go into the
            history. Without it, for classes, ``{"accuracy": nn.accuracy}``.
        max_norm: a longer gradient is shortened to this length before a step (`nn.clip_grad_norm`).
        callbacks: functions called with the history after each epoch; training ends when one returns True. This is
            where to step a schedule, save a checkpoint or look at the model.

    Returns a History. Ctrl-C ends training early: the weights of the best epoch are restored, and `interrupted` is
    True. An optimiser that has trained before goes on in its random order, with its seed where none is given: twice 5
    epochs are 10, also with `save_checkpoint` and `load_checkpoint` between.

    Raises ValueError, naming the row, for data that does not fit or is not finite; and what the engine raises, naming
    the example, when a number stops being finite: an OverflowError where it was addition or multiplication. The
    weights of the best epoch are then restored. Afterwards the model is in the mode, training or evaluation, in which
    it was.

    >>> import nn
    >>> model = nn.MLP(1, [1], seed=0)
    >>> X, y = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
    >>> history = nn.fit(model, X, y, nn.mse_loss, optimizer=nn.SGD(model.parameters(), lr=0.1), epochs=200, seed=0)
    >>> f"{model([3.0]):.3f}", history.train_loss[-1] < 1e-5
    ('7.000', True)
    """
    callbacks = list(callbacks)
    _check(model, loss, l2, max_norm, metrics)
    counted("epochs", epochs)
    for name, number in (("batch_size", batch_size), ("patience", patience)):
        if number is not None:
            counted(name, number)
    data = examples(X, y)
    optimizer = _optimizer(optimizer, model)
    order, done = _order(optimizer, seed)
    data, others = _set_aside(data, validation, order)
    if metrics is None:
        metrics = {"accuracy": accuracy} if _has_classes(model, data, loss) else {}
    size = len(data) if batch_size is None else min(batch_size, len(data))
    steps = epochs * math.ceil(len(data) / size)
    engine = _engine(compiled, steps, data, model, loss, l2, list(metrics.values()), optimizer, max_norm)
    run = _Run(engine, others, list(metrics), patience)
    history = run.history
    bar = _bar(epochs) if progress else None
    try:
        with mode_kept(model):
            for epoch in range(done, done + epochs):
                if epoch == done or callbacks:  # who else could have changed it?
                    model.train()
                run.epoch(shuffled(len(data), generator(order + epoch)), size)
                optimizer.shuffled = (order, epoch + 1)
                _advance(bar, history)
                if callbacks:
                    engine.settle()
                for callback in callbacks:
                    if callback(history):
                        history.stopped = history.stopped or "a callback asked for it"
                if history.stopped:
                    break
        engine.settle()  # here too, where Ctrl-C is caught: what it interrupts is done again below
    except KeyboardInterrupt:
        history.stopped, history.interrupted = "interrupted (Ctrl-C)", True
    except (ValueError, ArithmeticError):
        engine.restore(run.best)
        raise
    finally:
        engine.settle()
        engine.forget_gradients()
        if bar is not None:
            bar.close()
    if history.interrupted or patience is not None:
        engine.restore(run.best)
    return history


class _Run:
    """One call of `fit`: what happens in an epoch, and what was best so far."""

    def __init__(self, engine: Eager, others: list[Example], metrics: list[str], patience: int | None):
        self.engine, self.others, self.patience = engine, others, patience
        self.names = [*metrics, *(f"validation_{name}" for name in metrics)] if others else metrics
        self.history = History(metrics={name: [] for name in self.names})
        self.best, self.lowest = engine.snapshot(), math.inf

    def epoch(self, order: list[int], batch_size: int) -> None:
        """Meet every example once, then look at the others."""
        history = self.history
        sums, norms = self.engine.epoch(order, batch_size)
        if not self.engine.finite():
            raise OverflowError(f"a parameter is no longer finite after epoch {history.epochs + 1}: {WAY_OUT}")
        train_loss, *figures = (x / len(order) for x in sums)
        loss = train_loss
        if self.others:
            loss, *others = (x / len(self.others) for x in self.engine.evaluate(self.others))
            figures += others
            history.validation_loss.append(loss)
        history.gradient_norm.append(sum(norms) / len(norms))
        for name, figure in zip(self.names, figures, strict=True):
            history.metrics[name].append(figure)
        history.train_loss.append(train_loss)  # last: an epoch counts, wherever Ctrl-C comes, when all of it is there
        if loss < self.lowest:
            self.lowest, self.best, history.best_epoch = loss, self.engine.snapshot(), history.epochs
        elif self.patience is not None and history.epochs - history.best_epoch >= self.patience:
            history.stopped = f"no lower loss for {self.patience} epochs (patience)"


def _check(model: Any, loss: Any, l2: float, max_norm: float | None, metrics: Any) -> None:
    if not isinstance(model, Module):
        raise TypeError(f"fit trains a Module, got a {type(model).__name__}")
    if not callable(loss):
        raise TypeError(f"loss is a function of prediction and target, such as nn.mse_loss, got {loss!r}")
    at_least_0("l2", l2)
    if max_norm is not None:
        at_least_0("max_norm", max_norm)
    if metrics is None:
        return
    if not isinstance(metrics, Mapping):
        raise TypeError(f'metrics is a dict of functions by name, such as {{"accuracy": nn.accuracy}}, got {metrics!r}')
    for name in metrics:
        if f"validation_{name}" in metrics:
            raise ValueError(f"a metric may not be called 'validation_{name}': {name!r} of other data has that name")


def _optimizer(optimizer: Any, model: Module) -> Optimizer:
    if optimizer is None:
        return Adam(model.parameters(), lr=0.01)
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer is an object such as nn.Adam(model.parameters(), lr=0.01), got {optimizer!r}")
    if set(optimizer.parameters).isdisjoint(model.parameters()):
        raise ValueError("the optimizer moves no parameter of this model: make it of model.parameters()")
    return optimizer


def _order(optimizer: Optimizer, seed: int | random.Random | None) -> tuple[int, int]:
    """What the order of the examples is drawn from, and how many epochs of it are over."""
    before, done = optimizer.shuffled or (None, 0)
    if seed is None and before is not None:
        return before, done
    return generator(seed).getrandbits(64), done


def _set_aside(data: list[Example], validation: Any, order: int) -> tuple[list[Example], list[Example]]:
    """The examples to train on, and those to validate on."""
    if validation is None:
        return data, []
    if is_number(validation):
        share = float(validation)
        if not 0.0 < share < 1.0:
            raise ValueError(f"validation is a pair (X, y) or a share between 0 and 1, got {validation!r}")
        train, others, _, _ = train_test_split(data, data, test_size=share, seed=order)
        return train, others
    try:
        inputs, targets = validation
    except (TypeError, ValueError):
        raise ValueError(f"validation is a pair (X, y) or a share between 0 and 1, got {validation!r}") from None
    return data, examples(inputs, targets, " of the validation data")


def _has_classes(model: Module, data: list[Example], loss: Loss) -> bool:
    """Whether the targets are classes: the loss tells, or the targets where the loss is the user's own."""
    if loss in (cross_entropy, binary_cross_entropy, hinge_loss, mse_loss):
        return loss is not mse_loss
    if not all(isinstance(example.target, int) for example in data):
        return False
    if all(example.target in (-1, 1) for example in data):
        return True
    with mode_kept(model), no_grad():
        model.eval()
        try:
            return isinstance(model(data[0].x), (list, tuple))
        except (ValueError, TypeError, ArithmeticError):
            return False  # the first step meets it again, and says so


def _engine(compiled: Any, steps: int, *arguments: Any) -> Eager:
    if compiled not in (True, False, "auto"):
        raise ValueError(f'compiled is True, False or "auto", got {compiled!r}')
    _, model, _, _, _, optimizer, _ = arguments
    # What a user has written may do what a recording of one example does not hold, such as drawing random numbers.
    parts = [optimizer, *(module for _, module in model.named_modules())]
    own = all(type(part).__module__.split(".")[0] == "nn" for part in parts)
    if compiled is True or (compiled == "auto" and own):
        return Compiled(*arguments, steps=steps, required=compiled is True)
    return Eager(*arguments)


def _bar(epochs: int) -> Any:
    """A progress bar on a terminal, else None."""
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    from tqdm import tqdm

    return tqdm(total=epochs, unit="epoch")


def _advance(bar: Any, history: History) -> None:
    if bar is not None:
        part = "validation " if history.validation_loss else ""
        shown = {f"{part}loss": history.validation_loss or history.train_loss}
        shown |= {f"{part}accuracy": history.metrics.get(f"{part}accuracy".replace(" ", "_"), [])}
        bar.set_postfix({name: f"{values[-1]:.4g}" for name, values in shown.items() if values}, refresh=False)
        bar.update()
