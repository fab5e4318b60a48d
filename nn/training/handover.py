"""Handing numbers over: parameters and the optimiser's state go from Values to the arrays of a descent, and come back.

A descent (`autograd.compile`) wants the optimiser's rule as a function of one parameter, and an array for each number
that the rule keeps. Here the rule is made from `new_values`, and the state becomes arrays and then tuples again.
"""

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

from autograd import Value

from ..optimizers import Optimizer, clip_factor


class Handover:
    """Who has the numbers of training: a descent while `held`, the Values and the optimiser otherwise.

    Arguments:
        record: makes the descent: called with `rule`, `state` and `moved`, the options of `descent` of a compiled
            function.
        max_norm: the length to which a longer gradient is shortened.
    """

    def __init__(self, optimizer: Optimizer, max_norm: float | None, record: Callable[..., Any]):
        self.optimizer, self.max_norm, self._record = optimizer, max_norm, record
        self.descent: Any = None
        self.held = False
        self._lr = Value(optimizer.lr, "lr")
        self._settings: list[Any] = []  # of the optimiser, and what the rule keeps, when it was recorded
        self._state: list[float] = []

    def take(self) -> None:
        """Let a descent have the numbers as they are; its rule is recorded anew where a setting has changed."""
        self._lr.data = self.optimizer.lr
        settings = [getattr(self.optimizer, name) for name in self.optimizer.settings if name != "lr"]
        known = self.descent is not None and self.descent.current and settings == self._settings
        if self.held and known:
            return
        self.give_back()
        state = self._initial_state()
        if not known or state != self._state:
            descent = self._record(rule=self._rule(), state=state, moved=self.optimizer.parameters)
            numbers = {parameter: k for k, parameter in enumerate(self.optimizer.parameters)}
            self._places = [numbers.get(parameter) for parameter in descent.parameters]  # in the optimiser's lists
            self.descent, self._settings, self._state = descent, settings, state
        self.descent.start_from([p.data for p in self.descent.parameters], self._columns())
        self.held = True

    def give_back(self) -> None:
        """Let parameters and optimiser have the numbers that the descent has come to."""
        if not self.held:
            return
        for parameter, number in zip(self.descent.parameters, self.descent.theta.tolist(), strict=True):
            parameter.data = number
        columns = [
            [kept] * len(self._places) if isinstance(kept, float) else kept.tolist() for kept in self.descent.state
        ]
        kinds = [type(x) for x in self.optimizer.initial_state]
        for k, *kept in zip(self._places, *columns, strict=True):
            if k is not None:
                self.optimizer.state[k] = tuple(kind(x) for kind, x in zip(kinds, kept, strict=True))
        self.held = False  # last: what is interrupted can be done again

    def _rule(self) -> Callable[..., list[Any]]:
        """A step for one parameter: of it, its gradient, the length of the whole gradient, and what is kept."""
        if type(self.optimizer).step is not Optimizer.step:
            raise TypeError(f"{type(self.optimizer).__name__} has a step of its own: train with compiled=False")
        like = copy(self.optimizer)
        like.lr = self._lr  # type: ignore[assignment]  # it may change from epoch to epoch

        def rule(p: Value, g: Value, norm: Value, *kept: Any) -> list[Any]:
            if self.max_norm is not None:
                g = g * clip_factor(norm, self.max_norm)
            after, new = like.new_values(p, g, kept)
            return [after, *new]

        return rule

    def _initial_state(self) -> list[float]:
        """What a rule keeps, as a descent wants it: an int for a count that is the same for all, else a float.

        Counts differ where some parameters had no gradient in earlier steps.
        """
        counts = [isinstance(x, int) for x in self.optimizer.initial_state]
        alike = [len(set(column)) == 1 for column in zip(*self.optimizer.state, strict=True)]
        return [0 if count and same else 0.0 for count, same in zip(counts, alike, strict=True)]

    def _columns(self) -> Sequence[Any]:
        """The optimiser's state: a number for a count that is the same for all, else one for each parameter."""
        state = self.optimizer.state
        rows = [self.optimizer.initial_state if k is None else state[k] for k in self._places]
        return [state[0][j] if isinstance(x, int) else [row[j] for row in rows] for j, x in enumerate(self._state)]
