"""Schedules: how the learning rate changes from epoch to epoch.

Each sets the `lr` of its optimiser: call ``step()`` after each epoch, or give the schedule to `fit`. Formulas and
arguments are those of PyTorch.
"""

import math
from collections.abc import Mapping
from copy import copy
from typing import Any

from .checks import is_finite, is_number, non_negative, positive, positive_int, share
from .optimizers import Optimizer


class Schedule:
    """The base of all schedules: the learning rate at the start, and the number of epochs since.

    A subclass says in `lr_at` what the learning rate is, and names its arguments in `settings`.

    Attributes: `optimizer`; `initial_lr`; `epoch`, how often `step` was called.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> class Halved(Schedule):
    ...     def lr_at(self, epoch):
    ...         return self.initial_lr / 2**epoch
    >>> sgd = SGD([Value(0.0)], lr=1.0)
    >>> Halved(sgd).step()
    >>> sgd.lr
    0.5
    """

    settings: tuple[str, ...] = ()

    def __init__(self, optimizer: Optimizer):
        self.optimizer = optimizer
        self.initial_lr = optimizer.lr
        self.epoch = 0

    def lr_at(self, epoch: int) -> float:
        """The learning rate after `epoch` epochs; for subclasses to write."""
        raise NotImplementedError

    def step(self) -> None:
        """One epoch is done: set the learning rate for the next."""
        self.epoch += 1
        self.optimizer.lr = self.lr_at(self.epoch)

    def state_dict(self) -> dict[str, Any]:
        """Settings and progress as plain numbers."""
        return {name: getattr(self, name) for name in ("initial_lr", "epoch", *self.settings)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set settings and progress to those of a `state_dict` of the same kind of schedule.

        The learning rate itself belongs to the optimiser. Raises KeyError when names are missing or unknown, ValueError
        when a number is out of its range; the schedule is then as it was.
        """
        self.__dict__.update(self.checked_state(state))

    def checked_state(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """`state`, if `load_state_dict` takes it; else its errors."""
        names = self.state_dict().keys()
        if state.keys() != names:
            raise KeyError(f"{type(self).__name__} needs a state of {sorted(names)}, got {sorted(state)}")
        try:
            # A schedule with these settings checks them.
            made = type(self)(copy(self.optimizer), **{name: state[name] for name in self.settings})
        except TypeError as error:
            raise ValueError(f"the settings of a {type(self).__name__} are not of this kind: {error}") from error
        checked = dict(state) | {name: getattr(made, name) for name in self.settings}
        non_negative("initial_lr", state["initial_lr"])
        _count("epoch", state["epoch"])
        return checked


class StepLR(Schedule):
    """lr = initial · gamma^⌊epoch / step_size⌋: multiplied by `gamma` every `step_size` epochs.

    Arguments:
        optimizer: whose `lr` is set.
        step_size: a number of epochs, from 1.
        gamma: the factor, above 0.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> sgd = SGD([Value(0.0)], lr=1.0)
    >>> schedule = StepLR(sgd, step_size=2, gamma=0.5)
    >>> for epoch in range(4):
    ...     schedule.step()
    >>> sgd.lr
    0.25
    """

    settings = ("step_size", "gamma")

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1):
        self.step_size, self.gamma = positive_int("step_size", step_size, " of epochs"), positive("gamma", gamma)
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        return self.initial_lr * self.gamma ** (epoch // self.step_size)


class ExponentialLR(Schedule):
    """lr = initial · gamma^epoch: multiplied by `gamma` every epoch.

    Arguments:
        optimizer: whose `lr` is set.
        gamma: the factor, above 0.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> sgd = SGD([Value(0.0)], lr=1.0)
    >>> ExponentialLR(sgd, gamma=0.5).step()
    >>> sgd.lr
    0.5
    """

    settings = ("gamma",)

    def __init__(self, optimizer: Optimizer, gamma: float):
        self.gamma = positive("gamma", gamma)
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        return self.initial_lr * self.gamma**epoch


class CosineAnnealingLR(Schedule):
    """lr = eta_min + (initial - eta_min) · (1 + cos(π · epoch / T_max)) / 2: down to `eta_min` in `T_max` epochs.

    After them it rises again the same way (Loshchilov and Hutter 2017, equation 5, without restarts).

    Arguments:
        optimizer: whose `lr` is set.
        T_max: a number of epochs, from 1.
        eta_min: the lowest learning rate, from 0.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> sgd = SGD([Value(0.0)], lr=1.0)
    >>> schedule = CosineAnnealingLR(sgd, T_max=2)
    >>> schedule.step()
    >>> round(sgd.lr, 12)
    0.5
    """

    settings = ("T_max", "eta_min")

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0):  # noqa: N803 (PyTorch's name)
        self.T_max, self.eta_min = positive_int("T_max", T_max, " of epochs"), non_negative("eta_min", eta_min)
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        return self.eta_min + (self.initial_lr - self.eta_min) * (1.0 + math.cos(math.pi * epoch / self.T_max)) / 2.0


class LinearLR(Schedule):
    """The learning rate times a factor that goes in a line from one number to another: a warm-up.

    lr = initial · (start_factor + (end_factor - start_factor) · min(epoch, total_iters) / total_iters).

    Arguments:
        optimizer: whose `lr` is set, for the first epoch at once.
        start_factor: the factor of the first epoch, above 0 and at most 1.
        end_factor: the factor after `total_iters` epochs, from 0 to 1.
        total_iters: a number of epochs, from 1.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> sgd = SGD([Value(0.0)], lr=1.0)
    >>> schedule = LinearLR(sgd, start_factor=0.5, total_iters=2)
    >>> sgd.lr
    0.5
    >>> schedule.step()
    >>> sgd.lr
    0.75
    """

    settings = ("start_factor", "end_factor", "total_iters")

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1.0 / 3.0, end_factor: float = 1.0, total_iters: int = 5
    ):
        self.start_factor, self.end_factor = (
            positive("start_factor", start_factor),
            non_negative("end_factor", end_factor),
        )
        if max(self.start_factor, self.end_factor) > 1.0:
            raise ValueError(f"the factors of LinearLR are at most 1, got {start_factor!r} and {end_factor!r}")
        self.total_iters = positive_int("total_iters", total_iters, " of epochs")
        super().__init__(optimizer)
        optimizer.lr = self.lr_at(0)

    def lr_at(self, epoch: int) -> float:
        part = min(epoch, self.total_iters) / self.total_iters
        return self.initial_lr * (self.start_factor + (self.end_factor - self.start_factor) * part)


class ReduceLROnPlateau(Schedule):
    """Multiplies the learning rate by `factor` when a figure, such as the validation loss, gets no better any more.

    Arguments:
        optimizer: whose `lr` is set.
        mode: "min" for a figure that should fall, "max" for one that should rise.
        factor: what the learning rate is multiplied by, from 0 and below 1.
        patience: so many epochs without a better figure are passed over; the next reduces.
        threshold: a figure is better that is below best · (1 - threshold); for "max", above best · (1 + threshold).
        cooldown: epochs after a reduction in which none are counted.
        min_lr: the lowest learning rate.
        eps: a smaller change of the learning rate is not made.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> sgd = SGD([Value(0.0)], lr=1.0)
    >>> schedule = ReduceLROnPlateau(sgd, factor=0.5, patience=1)
    >>> for loss in [0.9, 0.9, 0.9]:
    ...     schedule.step(loss)
    >>> sgd.lr
    0.5
    """

    settings = ("mode", "factor", "patience", "threshold", "cooldown", "min_lr", "eps")
    _progress = ("best", "num_bad_epochs", "cooldown_counter")

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ):
        if mode not in ("min", "max"):
            raise ValueError(f'mode is "min" or "max", got {mode!r}')
        self.mode, self.factor = mode, share("factor", factor)
        self.patience, self.cooldown = _count("patience", patience), _count("cooldown", cooldown)
        self.threshold, self.min_lr = non_negative("threshold", threshold), non_negative("min_lr", min_lr)
        self.eps = non_negative("eps", eps)
        self.best: float | None = None
        self.num_bad_epochs = self.cooldown_counter = 0
        super().__init__(optimizer)

    def step(self, figure: float | None = None) -> None:
        """One epoch is done, with this figure: reduce the learning rate if it has been no better for too long."""
        if not is_number(figure):
            raise TypeError(f"step of ReduceLROnPlateau takes the figure to watch, such as a loss, got {figure!r}")
        number = float(figure)  # type: ignore[arg-type]  # is_number says so
        self.epoch += 1
        if self._is_better(number):
            self.best, self.num_bad_epochs = number, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter:
            self.cooldown_counter, self.num_bad_epochs = self.cooldown_counter - 1, 0
        if self.num_bad_epochs > self.patience:
            lr = max(self.optimizer.lr * self.factor, self.min_lr)
            if self.optimizer.lr - lr > self.eps:
                self.optimizer.lr = lr
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0

    def _is_better(self, figure: float) -> bool:
        if self.best is None:
            return figure == figure  # NaN is not
        if self.mode == "min":
            return figure < self.best * (1.0 - self.threshold)
        return figure > self.best * (1.0 + self.threshold)

    def state_dict(self) -> dict[str, Any]:
        return super().state_dict() | {name: getattr(self, name) for name in self._progress}

    def checked_state(self, state: Mapping[str, Any]) -> dict[str, Any]:
        checked = super().checked_state(state)
        best = checked["best"]
        if best is not None and not is_finite(best):
            raise ValueError(f"best is a finite number or None, got {best!r}")
        _count("num_bad_epochs", checked["num_bad_epochs"])
        _count("cooldown_counter", checked["cooldown_counter"])
        return checked


def _count(name: str, n: Any) -> int:
    """`n` as an int if it is a whole number from 0 and below 2⁵³, else ValueError."""
    if isinstance(n, bool) or not hasattr(n, "__index__") or not 0 <= n < 2**53:
        raise ValueError(f"{name} is a whole number from 0, got {n!r}")
    return int(n)
