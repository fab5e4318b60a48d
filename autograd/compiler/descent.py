"""Gradient descent over minibatches: a gradient, a rule that moves the parameters by it, and the next minibatch.

The rule is a function of one example too, an example being a parameter: what it is, its gradient, and what an optimiser
keeps of earlier steps. So it is traced and run by the same back ends; where they make machine code, whole epochs run
without a look at Python.
"""

import reprlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from ..engine.errors import is_number
from ..engine.functions import where
from ..engine.value import Value
from .backends.runner import Epochs
from .traced import Traced

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from .arguments import Floats

_SPARE = 7  # numbers past the end of a row: machine code writes whole vectors
_IN_RULE = "in the rule of a descent, whose examples are the parameters"
_AT_ONCE = 1 << 20  # numbers of examples that machine code is given at a time, in the order in which it meets them


class Descent:
    """A run of gradient descent, made by `Compiled.descent`; one thread at a time may use it.

    Attributes: `parameters`; `theta`, their numbers as they are now, an array in the same order. Of the last `run`, in
    the order in which the examples were met: `results`, an array of shape (examples, outputs); `norms`, the length of
    the gradient of each minibatch, a list that tells by its length how many steps were taken.
    """

    results: "Floats"
    norms: list[float]

    def __init__(
        self,
        loss: Traced,
        data: "list[Floats]",
        rule: Callable[..., object],
        state: Sequence[float],
        moved: Iterable[Value] | None,
        backend: str,
    ):
        import numpy as np

        self.parameters = loss.parameters
        self._loss, self._data, self._backend = loss, data, backend
        p = len(self.parameters)
        if not p:
            raise ValueError("the function has no parameters, so there is nothing to move")
        _check(rule, state)
        self._norm = Value(1.0)
        self._shared = [Value(x) if isinstance(x, int) else None for x in state]  # numbers that are the same for all
        self._rows = np.zeros((1 + len(state), p + _SPARE))  # of parameters, of numbers for each, of shared ones
        self._kept = self._rows[1 : 1 + self._shared.count(None), :p]
        moves = np.array([[float(moves)] for moves in _chosen(self.parameters, moved)])
        self._moved = [] if moves.all() else [moves]
        self._k = len(loss.program.outputs)
        self._outputs = np.zeros((self._k, 0))  # of the function, an example a column
        self.theta = self._rows[0, :p]
        self.start_from([parameter.data for parameter in self.parameters], state)
        self._rule = self._traced(rule)
        self._numbers = np.zeros((len(self._rule.parameters), 1))  # what the rule reads beside its arguments
        self._native = self._native_epochs()

    @property
    def current(self) -> bool:
        """Whether all settings that the function read, such as those of `train` and `eval`, are as they were."""
        return self._loss.current()

    @property
    def state(self) -> "list[Floats | float]":
        """What the rule keeps from step to step: an array for each number that it was given, a float for a count."""
        rows = iter(self._kept)
        return [next(rows) if shared is None else shared.data for shared in self._shared]

    def start_from(self, theta: "ArrayLike", state: "Sequence[float | Floats]") -> None:
        """Go on from these numbers: an array (or one number for all), and what `state` gives.

        Raises ValueError, and changes nothing, for arrays of another shape.
        """
        import numpy as np

        p = len(self.theta)
        if np.shape(theta) not in ((), (p,)):
            raise ValueError(f"theta is one number or {p} numbers, got an array of shape {np.shape(theta)}")
        if len(state) != len(self._shared):
            raise ValueError(f"this descent keeps {len(self._shared)} in its state, got {len(state)}")
        for shared, number in zip(self._shared, state, strict=True):
            if np.shape(number) != () and (shared is not None or np.shape(number) != (p,)):
                raise ValueError(f"state is numbers or arrays of {p} numbers, got an array of shape {np.shape(number)}")
        self.theta[:] = theta
        rows = iter(self._kept)
        for shared, number in zip(self._shared, state, strict=True):
            if shared is None:
                next(rows)[:] = number
            else:
                shared.data = float(number)

    def run(self, order: Sequence[int] | None = None, batch_size: int | None = None) -> None:
        """Meet examples, a step for each minibatch: an epoch, if each is met once.

        Arguments:
            order: the numbers of the examples to meet, in order, any of them as often as you like; without it, all as
                they stand.
            batch_size: examples a step, the last may have fewer; without it, all at once.

        Raises what `Compiled.map_and_grad` would, or the rule. The steps before are then taken, and the examples of the
        minibatch in question have drawn no random numbers.
        """
        import numpy as np

        rows = np.arange(len(self._data[0])) if order is None else np.asarray(order)
        if rows.ndim != 1 or (len(rows) and rows.dtype.kind not in "iu"):
            raise ValueError(f"order is a list of whole numbers, the places of examples, got {reprlib.repr(order)}")
        n = len(self._data[0])
        missing = rows[(rows < -n) | (rows >= n)]
        if len(missing):
            raise IndexError(f"there is no example {missing[0]}: there are {n}")
        rows = rows.astype(np.int64)
        size = len(rows) if batch_size is None else batch_size
        if isinstance(size, bool) or not hasattr(size, "__index__") or size < (1 if len(rows) else 0):
            raise ValueError(f"batch_size is a whole number from 1, got {batch_size!r}")
        size = min(size, len(rows))
        if len(rows) + _SPARE > self._outputs.shape[1]:
            self._outputs = np.zeros((len(self._outputs), len(rows) + _SPARE))
        self.norms = []
        met = 0
        try:
            while met < len(rows):
                if self._native is None or not self._run_native(rows[met : met + self._at_once(size)], size, met):
                    met = len(self.norms) * size
                    self._step(rows[met : met + size], met)
                met = len(self.norms) * size
        finally:
            self.results = self._outputs[: self._k, : min(len(self.norms) * size, len(rows))].T

    # One step, with arrays

    def _step(self, rows: "NDArray[np.int64]", met: int) -> None:
        import numpy as np

        loss, p, m = self._loss, len(self.theta), len(rows)
        results = self._outputs[: self._k, met : met + m]
        states = loss.random_states()
        try:
            with np.errstate(all="ignore"):
                theta = self.theta.reshape(p, 1).copy()
                numbers = theta.astype(loss.options.dtype)
                _, gradient = loss.total_and_gradient(numbers, [array[rows] for array in self._data], m, results)
                gradient = gradient.reshape(p, 1) / m
                moving = gradient[self._moved[0] > 0.0] if self._moved else gradient[:, 0]
                norm = float(np.sqrt(moving @ moving))
            if not (np.isfinite(norm) and np.isfinite(results).all()):
                raise OverflowError("a result or the gradient of a minibatch is not finite")
            self._norm.data = norm
            self._rows[:, :p] = self._ruled(theta, gradient)
        except BaseException:
            loss.set_random_states(states)
            raise
        self._hear_rule()
        self.norms.append(norm)

    def _ruled(self, theta: "Floats", gradient: "Floats") -> "Floats":
        """What the rule makes of parameters and all else that it keeps."""
        import numpy as np

        self._tell_rule()
        arguments = [theta, gradient, *(row.reshape(len(theta), 1) for row in self._kept), *self._moved]
        try:
            with np.errstate(all="ignore"):
                return self._rule.results(self._numbers.copy(), arguments, len(theta))
        except (ValueError, ArithmeticError) as error:
            error.add_note(_IN_RULE)
            raise

    def _tell_rule(self) -> None:
        """Let the rule read Values as they are now."""
        for k, value in enumerate(self._rule.parameters):
            self._numbers[k] = value.data

    def _hear_rule(self) -> None:
        """Take over the shared numbers that the rule came to."""
        shared = [value for value in self._shared if value is not None]
        for value, row in zip(shared, self._rows[1 + len(self._kept) :], strict=True):
            value.data = float(row[0])

    def _traced(self, rule: Callable[..., object]) -> Traced:
        """The rule as a program: from arguments to outputs, both in the order of `_rows`."""

        def moved(p: Value, g: Value, *others: Value) -> list[object]:
            kept = others[: len(self._kept)]
            rows = iter(kept)
            state = [next(rows) if shared is None else shared for shared in self._shared]
            result = rule(p, g, self._norm, *state)
            after, *new = result if isinstance(result, (list, tuple)) else [result]
            if len(new) != len(state):
                raise ValueError(f"the rule was given a state of {len(state)} numbers and returned one of {len(new)}")
            own = [after, *(x for x, shared in zip(new, self._shared, strict=True) if shared is None)]
            if self._moved:
                own = [where(others[-1] > 0.5, x, before) for x, before in zip(own, [p, *kept], strict=True)]
            return [*own, *(x for x, shared in zip(new, self._shared, strict=True) if shared is not None)]

        example = [self.theta[0], 1.0, *self._kept[:, 0], *([1.0] if self._moved else [])]
        try:
            traced = Traced(moved, [float(x) for x in example], self._backend)
        except (TypeError, ValueError, ArithmeticError) as error:
            error.add_note(_IN_RULE)
            raise
        program = traced.program
        if program.branches or traced.draws:
            raise TypeError("a rule does the same for every parameter: choose with where(), and draw no numbers")
        if any(program.nodes[k].batch for k in program.outputs[1 + len(self._kept) :]):
            raise ValueError("a state that is given as a whole number is the same for all parameters, and must stay so")
        return traced

    # Whole epochs by machine code

    def _at_once(self, size: int) -> int:
        """How many examples machine code is given, whole minibatches of this size."""
        numbers: int = self._loss.draws + sum(array.shape[1] for array in self._data)
        return max(1, _AT_ONCE // (numbers * size)) * size

    def _run_native(self, rows: "NDArray[np.int64]", size: int, met: int) -> bool:
        """Steps over these examples, or up to one that needs another look; whether none did."""
        import numpy as np

        loss = self._loss
        data = [np.take(array, rows, axis=0) for array in self._data]
        states = loss.random_states()
        if loss.draws:
            data.append(loss.draw(len(rows)))
        self._tell_rule()
        assert self._native is not None
        norms = self._native.run(data, size, self._outputs[:, met:])
        if norms:
            self._hear_rule()
            self.norms += norms
        whole = len(norms) * size >= len(rows)
        if loss.draws and not whole:
            loss.set_random_states(states)
            loss.draw(len(norms) * size)
        return whole

    def _native_epochs(self) -> Epochs | None:
        """What runs them, if the back end makes machine code of this program; else None."""
        runner = self._loss.runner(with_gradient=True)
        if not sum(array.shape[1] for array in self._data) or self._loss.options.dtype != "float64":
            return None
        square = Traced(
            lambda g, *moved: g * g * moved[0] if moved else g * g, [1.0, *[1.0] * len(self._moved)], self._backend
        )
        runners = [traced.runner(with_gradient=False) for traced in (square, self._rule)]
        parameters = self._rule.parameters
        return runner.epochs(
            *runners,
            rows=self._rows,
            moved=self._moved,
            numbers=self._numbers,
            norm=parameters.index(self._norm) if self._norm in parameters else None,
            shared=[parameters.index(v) if v in parameters else None for v in self._shared if v is not None],
        )


def _check(rule: object, state: object) -> None:
    if not callable(rule):
        raise TypeError(
            "the rule of a descent is a function of a parameter, its gradient, the length of the whole gradient, and "
            f"what it keeps; got {rule!r}"
        )
    if not isinstance(state, (list, tuple)) or not all(map(is_number, state)):
        raise TypeError(f"state is a list of numbers, got {state!r}")


def _chosen(parameters: Sequence[Value], moved: Iterable[Value] | None) -> list[bool]:
    """Which parameters move: all, or those of `moved`, which may have others too."""
    if moved is None:
        return [True] * len(parameters)
    chosen = list(moved) if hasattr(moved, "__iter__") else [None]
    if not all(isinstance(parameter, Value) for parameter in chosen):
        raise TypeError(f"moved is a list of parameters, which are Values, got {reprlib.repr(moved)}")
    known = set(chosen)
    if known.isdisjoint(parameters):
        raise ValueError("none of the parameters that are to move is one of the function's")
    return [parameter in known for parameter in parameters]
