"""What `fit` is given by name or in several forms, as the objects that it works with; errors say what it may be."""

from collections.abc import Callable, Mapping

from ..checks import non_negative
from ..module import Module
from ..optimizers import OPTIMIZERS, Adam, Optimizer
from ..schedules import Schedule


def check_settings(l2: float, max_norm: float | None, metrics: object) -> None:
    """Raise ValueError or TypeError for a penalty, a length or metrics that make no sense."""
    non_negative("l2", l2)
    if max_norm is not None:
        non_negative("max_norm", max_norm)
    if metrics is None:
        return
    if not isinstance(metrics, Mapping):
        raise TypeError(f'metrics is a dict of functions by name, such as {{"accuracy": nn.accuracy}}, got {metrics!r}')
    for name in metrics:
        if f"validation_{name}" in metrics:
            raise ValueError(f"a metric may not be called 'validation_{name}': {name!r} of other data has that name")


def chosen_optimizer(optimizer: Optimizer | str | None, lr: float | None, model: Module) -> Optimizer:
    """The optimiser that is given, or one made by its name."""
    if optimizer is None or isinstance(optimizer, str):
        kind = Adam if optimizer is None else OPTIMIZERS.get(optimizer.lower())
        if kind is None:
            raise ValueError(f"unknown optimizer {optimizer!r}: choose {', '.join(sorted(OPTIMIZERS))}, or an object")
        return kind(model.parameters(), lr=0.01 if lr is None else non_negative("lr", lr))
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer is an object such as nn.Adam(model.parameters(), lr=0.01), got {optimizer!r}")
    if lr is not None:
        raise ValueError(f"lr is for an optimiser given by name: this {type(optimizer).__name__} has lr={optimizer.lr}")
    return optimizer


def chosen_schedule(
    schedule: Schedule | Callable[[Optimizer], Schedule] | None, optimizer: Optimizer
) -> Schedule | None:
    """The schedule that is given, or made by the function that is given."""
    if schedule is not None and not isinstance(schedule, Schedule) and callable(schedule):
        schedule = schedule(optimizer)
    if schedule is None:
        return None
    if not isinstance(schedule, Schedule):
        raise TypeError(f"schedule is a schedule such as nn.StepLR(optimizer, 10), or makes one, got {schedule!r}")
    if schedule.optimizer is not optimizer:
        raise ValueError(
            "the schedule is of another optimiser: give fit the same optimiser, or schedule=lambda optimizer: ..."
        )
    return schedule
