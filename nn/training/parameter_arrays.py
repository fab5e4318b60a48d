"""Parameters and the state of the optimiser as flat arrays while a compiled program trains, as Values for all others.

The program (`descent` of a compiled function) takes the rule of the optimiser as a function of one parameter, and an
array for each number that the rule keeps. Writing thousands of Values after each epoch would cost more than the epoch.
So they are written when somebody reads one: meanwhile each parameter has a class that does this first.
"""

from collections.abc import Callable
from copy import copy
from threading import Thread
from typing import TYPE_CHECKING, Any

from autograd import Value, compile

from ..checks import Number
from ..clipping import clip_factor
from ..optimizers import Optimizer

if TYPE_CHECKING:
    from .examples import Rows


class ParameterArrays:
    """The numbers of a training: `in_arrays` says whether they are in the arrays of a descent, or in the Values.

    Arguments:
        max_norm: the length to which a longer gradient is shortened.
        new_descent: makes the descent: called with `rule`, `state` and `moved`, the options of `descent` of a compiled
            function.
    """

    def __init__(self, optimizer: Optimizer, max_norm: float | None, new_descent: Callable[..., Any]):
        self.optimizer, self.max_norm, self._new_descent = optimizer, max_norm, new_descent
        self.descent: Any = None
        self.in_arrays = False
        self._lr = Value(optimizer.lr, "lr")
        self._settings: list[object] = []  # of the optimiser when its rule was recorded
        self._state: list[float] = []  # what the rule kept at first, as the descent was made with
        self._kept: list[Any] = []  # what the rule keeps now; not read from Values when somebody traces a function
        self._deferred = _deferred_class(self.to_values)

    def to_arrays(self) -> None:
        """Move the numbers into the arrays; the rule is recorded again where a setting of the optimiser has changed."""
        self._lr.data = self.optimizer.lr
        settings = [getattr(self.optimizer, name) for name in self.optimizer.settings if name != "lr"]
        recorded = self.descent is not None and self.descent.current and settings == self._settings
        if self.in_arrays and recorded:
            return
        self.to_values()
        state = self._initial_state()
        if not recorded or state != self._state:
            descent = self._new_descent(rule=self._rule(), state=state, moved=self.optimizer.parameters)
            index = {parameter: k for k, parameter in enumerate(self.optimizer.parameters)}
            self._indices = [index.get(parameter) for parameter in descent.parameters]  # in the optimiser's lists
            self.descent, self._settings, self._state = descent, settings, state
        self.descent.start_from([p.data for p in self.descent.parameters], self._state_arrays())
        self._kept = self.descent.state
        self.in_arrays = True
        if all(type(parameter) is Value for parameter in self.descent.parameters):
            self.optimizer.before_reading = self.to_values
            for parameter in self.descent.parameters:
                parameter.__class__ = self._deferred

    def run(self, order: "Rows", batch_size: int) -> None:
        """Take a step for each minibatch of the examples in this order (`run` of a descent)."""
        try:
            self.descent.run(order, batch_size)
        finally:
            self._kept = self.descent.state

    def to_values(self) -> None:
        """Write the numbers back into parameters and optimizer."""
        if not self.in_arrays:
            return
        try:
            self._write()
        except TypeError:  # while a function is traced, which may not set numbers; but a trace is of one thread
            writer = Thread(target=self._write)
            writer.start()
            writer.join()

    def _write(self) -> None:
        self.optimizer.before_reading = None
        for parameter, number in zip(self.descent.parameters, self.descent.theta.tolist(), strict=True):
            kind = type(parameter)
            object.__setattr__(parameter, "__class__", Value if kind is self._deferred else kind)
            try:
                parameter.data = number
            except BaseException:
                object.__setattr__(parameter, "__class__", kind)
                raise
        columns = []
        for kept, start in zip(self._kept, self.optimizer.initial_state, strict=True):
            column = [kept] * len(self._indices) if isinstance(kept, float) else kept.tolist()
            columns.append(list(map(int, column)) if isinstance(start, int) else column)
        state = self.optimizer.state
        for k, row in zip(self._indices, zip(*columns, strict=True), strict=False):  # no columns, no rows
            if k is not None:
                state[k] = row
        self.in_arrays = False  # last: after an interruption (Ctrl-C) all of it is done again

    def _rule(self) -> Callable[..., list[Number]]:
        """A step for one parameter: of it, its gradient, the length of the whole gradient, and what is kept."""
        kind = type(self.optimizer)
        if kind.step is not Optimizer.step:
            raise TypeError(f"{kind.__name__} has a step of its own: train with compiled=False")
        like = copy(self.optimizer)
        if kind.new_values.__module__ != Optimizer.__module__:
            _compare_rule(like)
        like.lr = self._lr  # type: ignore[assignment]  # it may change from epoch to epoch

        def rule(p: Value, g: Value, norm: Value, *kept: Number) -> list[Number]:
            if self.max_norm is not None:
                g = g * clip_factor(norm, self.max_norm)
            after, new = like.new_values(p, g, kept)
            return [after, *new]

        return rule

    def _initial_state(self) -> list[float]:
        """What the rule keeps at first, as a descent takes it: an int for a count that all parameters share.

        Counts differ, and are floats then, where some parameters had no gradient in earlier steps.
        """
        counts = [isinstance(x, int) for x in self.optimizer.initial_state]
        shared = [len(set(each)) == 1 for each in zip(*self.optimizer.state, strict=True)]
        return [0 if count and same else 0.0 for count, same in zip(counts, shared, strict=True)]

    def _state_arrays(self) -> list[Number | list[Number]]:
        """The state of the optimiser: a number for a count that all share, else a list with one for each parameter."""
        state = self.optimizer.state
        rows = [self.optimizer.initial_state if k is None else state[k] for k in self._indices]
        return [state[0][j] if isinstance(x, int) else [row[j] for row in rows] for j, x in enumerate(self._state)]


def _deferred_class(write: Callable[[], None]) -> type[Value]:
    """The class of parameters whose number is elsewhere: whatever is read or set, `write` comes first.

    `write` gives the parameter its number, and the class Value again.
    """

    class Deferred(Value):
        __slots__ = ()

        def __getattribute__(self, name: str) -> Any:
            write()
            return getattr(self, name)

        def __setattr__(self, name: str, value: object) -> None:
            write()
            setattr(self, name, value)

    return Deferred


def _compare_rule(optimizer: Optimizer) -> None:
    """Compare the rule of a user's optimiser with its recording for a few numbers; TypeError where they differ."""
    import numpy as np

    def recorded(p: Value, g: Value, *kept: Number) -> list[Any]:
        after, new = optimizer.new_values(p, g, kept)
        return [after, *new]

    ps, gs = [0.5, -1.5, 2.0, 0.0], [0.25, -0.75, 0.0, -3.0]
    state = [float(x) for x in optimizer.initial_state]
    on_numbers = [recorded(p, g, *optimizer.initial_state) for p, g in zip(ps, gs, strict=True)]  # type: ignore[arg-type]
    results = compile(recorded, backend="numpy").map(ps, gs, *([x] * len(ps) for x in state))
    if not np.allclose(results, on_numbers, rtol=1e-9, atol=1e-12):
        raise TypeError(
            f"{type(optimizer).__name__}.new_values calculates something else than its recording: "
            "train with compiled=False"
        )
