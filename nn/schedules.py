"""Schedules: how the learning rate changes from epoch to epoch.

Each sets the `lr` of its optimiser to a function of the number of epochs so far: call ``step()`` after each epoch.
Formulas and arguments are those of PyTorch.
"""

import math
from collections.abc import Mapping
from typing import Any

from .checks import above_0, counted
from .optimizers import Optimizer


class Schedule:
    """What all schedules share: the learning rate at the start, and the number of epochs since."""

    settings: tuple[str, ...] = ()

    def __init__(self, optimizer: Optimizer):
        self.optimizer = optimizer
        self.initial_lr = optimizer.lr
        self.epoch = 0

    def lr_at(self, epoch: int) -> float:
        """The learning rate after `epoch` epochs."""
        raise NotImplementedError

    def step(self) -> None:
        """One epoch is over: set the learning rate of the next."""
        self.epoch += 1
        self.optimizer.lr = self.lr_at(self.epoch)

    def state_dict(self) -> dict[str, Any]:
        """Where the schedule stands, as plain numbers."""
        return {name: getattr(self, name) for name in ("initial_lr", "epoch", *self.settings)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` of a schedule of this kind gave; the optimiser carries its learning rate itself.

        Raises KeyError when names are missing or unknown.
        """
        names = {"initial_lr", "epoch", *self.settings}
        if set(state) != names:
            raise KeyError(f"{type(self).__name__} needs a state of {sorted(names)}, got {sorted(state)}")
        self.__dict__.update(state)


class StepLR(Schedule):
    """lr = initial · gamma^⌊epoch / step_size⌋: multiplied by `gamma` every `step_size` epochs.

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
        self.step_size, self.gamma = counted("step_size", step_size, " of epochs"), above_0("gamma", gamma)
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        return self.initial_lr * self.gamma ** (epoch // self.step_size)


class ExponentialLR(Schedule):
    """lr = initial · gamma^epoch: multiplied by `gamma` every epoch."""

    settings = ("gamma",)

    def __init__(self, optimizer: Optimizer, gamma: float):
        self.gamma = above_0("gamma", gamma)
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        return self.initial_lr * self.gamma**epoch


class CosineAnnealingLR(Schedule):
    """lr = eta_min + (initial - eta_min) · (1 + cos(π · epoch / T_max)) / 2: down to `eta_min` in `T_max` epochs.

    After them it rises again the same way (Loshchilov and Hutter 2017, equation 5, without restarts).
    """

    settings = ("T_max", "eta_min")

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0):  # noqa: N803 (PyTorch's name)
        self.T_max, self.eta_min = counted("T_max", T_max, " of epochs"), float(eta_min)
        super().__init__(optimizer)

    def lr_at(self, epoch: int) -> float:
        return self.eta_min + (self.initial_lr - self.eta_min) * (1.0 + math.cos(math.pi * epoch / self.T_max)) / 2.0
