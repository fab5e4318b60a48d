"""Optimisers: how a gradient becomes a step.

The rule of each is its `new_values`, plain arithmetic that takes floats here, and Values where it is compiled to move
all parameters at once. Formulas and defaults are those of PyTorch.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autograd import Value, where

from .checks import Number, check_state_number, checked_betas, leaf_values, non_negative, share

State = tuple[Number, ...]  # what is kept for one parameter


class Optimizer:
    """The base of all optimisers: the parameters, the learning rate, and the numbers kept for each parameter.

    A subclass says in `new_values` what a step does to one parameter, and declares the attributes below.

    Attributes:
        parameters: the list of leaf Values to move.
        lr: the learning rate; it may be set at any time.
        state: for each parameter, the tuple of numbers that `new_values` keeps from step to step.
        initial_state: the tuple that each parameter starts with; an int in it counts steps.
        lowest_state: for each number of the tuple, the smallest that is possible.
        settings: the names of the attributes that `state_dict` holds, which are also those of the constructor.

    Arguments:
        parameters: leaf Values, such as ``model.parameters()``.
        lr: the learning rate, from 0.

    Raises ValueError for an empty list, a parameter that is in it twice or is not a leaf, and a setting out of range;
    TypeError for anything but a list of Values.

    >>> class SignDescent(Optimizer):
    ...     def new_values(self, p, g, state):
    ...         return p - self.lr * (g / abs(g)), state
    >>> x = Value(1.0)
    >>> (x * x).backward()
    >>> SignDescent([x], lr=0.25).step()
    >>> x.data
    0.75
    """

    initial_state: tuple[float, ...] = ()
    lowest_state: tuple[float, ...] = ()
    settings: tuple[str, ...] = ("lr",)
    shuffled: tuple[int, int] | None = None  # by `fit` so far: the seed of the order, and how many epochs
    before_reading: Callable[[], None] | None = None  # writes the current numbers into `state`, while `fit` has them

    def __init__(self, parameters: Iterable[Value], lr: float):
        self.parameters = leaf_values(parameters)
        self.lr = non_negative("lr", lr)
        self._state: list[State] = [self.initial_state] * len(self.parameters)

    @property
    def state(self) -> list[State]:
        """For each parameter, the tuple of numbers that `new_values` keeps from step to step."""
        if self.before_reading is not None:
            self.before_reading()
        return self._state

    @state.setter
    def state(self, state: list[State]) -> None:
        if self.before_reading is not None:
            self.before_reading()
        self._state = state

    def __getstate__(self) -> dict[str, Any]:
        _ = self.state  # the current one
        return self.__dict__

    def new_values(self, p: Number, g: Number, state: State) -> tuple[Number, State]:
        """One step for one parameter; for subclasses to write.

        Arguments:
            p: the parameter, a float or a Value.
            g: the gradient with respect to it.
            state: what is kept of earlier steps for this parameter.

        Returns the parameter and the state after the step. Written with operators and functions of `autograd`, it is
        compiled by `fit`.
        """
        raise NotImplementedError

    def step(self) -> None:
        """Move every parameter that has a gradient; those whose `grad` is None stay.

        All or none: an error in the rule changes nothing.
        """
        state = self.state
        moved = [(k, p, p.grad) for k, p in enumerate(self.parameters) if p.grad is not None]
        after = [self.new_values(p.data, gradient, state[k]) for k, p, gradient in moved]
        for (k, parameter, _), (number, kept) in zip(moved, after, strict=True):
            parameter.data, state[k] = number, kept

    def zero_grad(self) -> None:
        """Forget the gradients: each `grad` is None again."""
        for parameter in self.parameters:
            parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        """The settings by name, and "state": numbers and lists with which training goes on exactly."""
        return {name: getattr(self, name) for name in self.settings} | {"state": [list(s) for s in self.state]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set the settings and the state to those of a `state_dict` of the same kind of optimiser.

        Raises KeyError when names are missing or unknown, ValueError when a number is out of its range; the optimiser
        is then as it was.
        """
        names = {*self.settings, "state"}
        if set(state) != names:
            raise KeyError(f"{type(self).__name__} needs a state of {sorted(names)}, got {sorted(state)}")
        like = type(self)(self.parameters, **{name: state[name] for name in self.settings})  # checks them
        kept = [tuple(numbers) for numbers in state["state"]]
        if len(kept) != len(self.parameters) or any(len(numbers) != len(like.initial_state) for numbers in kept):
            raise ValueError(
                f"{type(self).__name__} needs {len(like.initial_state)} numbers for each of its "
                f"{len(self.parameters)} parameters, got {len(kept)} lists of lengths {sorted({len(k) for k in kept})}"
            )
        for numbers in kept:
            for number, start, lowest in zip(numbers, like.initial_state, like.lowest_state, strict=True):
                check_state_number(number, start, lowest)
        _ = self.state  # what `fit` keeps elsewhere comes back before it is replaced
        self.__dict__.update(like.__dict__, _state=kept)

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.settings)
        return f"{type(self).__name__}({len(self.parameters)} parameters, {settings})"


class SGD(Optimizer):
    """Gradient descent, with momentum if you like.

    v ← momentum·v + g, then p ← p - lr·v; with `nesterov`, p ← p - lr·(g + momentum·v). The first v is the first
    gradient (Sutskever et al. 2013, in the form of PyTorch).

    Arguments:
        parameters, lr: as those of `Optimizer`.
        momentum: the share of the last v that is kept, from 0.
        nesterov: whether to look ahead; needs a momentum above 0.
        weight_decay: this times p is added to the gradient of every parameter, biases too.

    >>> x = Value(1.0)
    >>> sgd = SGD([x], lr=0.1)
    >>> (x * x).backward()
    >>> sgd.step()
    >>> x.data
    0.8
    """

    initial_state = (0.0,)  # v
    lowest_state = (-math.inf,)
    settings = ("lr", "momentum", "nesterov", "weight_decay")

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ):
        self.momentum, self.nesterov = non_negative("momentum", momentum), bool(nesterov)
        self.weight_decay = non_negative("weight_decay", weight_decay)
        if nesterov and momentum == 0.0:
            raise ValueError("nesterov needs a momentum above 0")
        super().__init__(parameters, lr)

    def new_values(self, p: Number, g: Number, state: State) -> tuple[Number, State]:
        if self.weight_decay:
            g = g + self.weight_decay * p
        if self.momentum == 0.0:
            return p - self.lr * g, state
        v = self.momentum * state[0] + g
        return p - self.lr * (g + self.momentum * v if self.nesterov else v), (v,)


class RMSprop(Optimizer):
    """Steps scaled by a running mean of the square of the gradient (Tieleman and Hinton 2012, in the form of PyTorch).

    v ← alpha·v + (1 - alpha)·g², then p ← p - lr·g / (√v + eps); with momentum, b ← momentum·b + g / (√v + eps) and
    p ← p - lr·b.

    Arguments:
        parameters, lr: as those of `Optimizer`.
        alpha: the share of the last v that is kept, from 0 and below 1.
        eps: added to the root, from 0.
        weight_decay: this times p is added to the gradient of every parameter, biases too.
        momentum: the share of the last b that is kept, from 0.

    >>> x = Value(1.0)
    >>> (x * x).backward()
    >>> RMSprop([x], lr=0.01).step()
    >>> round(x.data, 6)
    0.9
    """

    initial_state = (0.0, 0.0)  # v, b
    lowest_state = (0.0, -math.inf)
    settings = ("lr", "alpha", "eps", "weight_decay", "momentum")

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
    ):
        self.alpha, self.eps = share("alpha", alpha), non_negative("eps", eps)
        self.weight_decay, self.momentum = (
            non_negative("weight_decay", weight_decay),
            non_negative("momentum", momentum),
        )
        super().__init__(parameters, lr)

    def new_values(self, p: Number, g: Number, state: State) -> tuple[Number, State]:
        v, b = state
        if self.weight_decay:
            g = g + self.weight_decay * p
        v = self.alpha * v + (1.0 - self.alpha) * g * g
        step = g / _denominator(v**0.5, self.eps)
        if self.momentum:
            b = step = self.momentum * b + step
        return p - self.lr * step, (v, b)


class Adam(Optimizer):
    """Steps scaled by running means of the gradient (m) and of its square (v) (Kingma and Ba 2015, algorithm 1).

    m ← β₁·m + (1 - β₁)·g and v ← β₂·v + (1 - β₂)·g², each divided by 1 - βᵗ at step t since they start at 0; then
    p ← p - lr·m / (√v + eps).

    Arguments:
        parameters, lr: as those of `Optimizer`.
        betas: β₁ and β₂, from 0 and below 1.
        eps: added to the root, from 0. Where both are 0, so is the step.

    >>> x = Value(1.0)
    >>> adam = Adam([x], lr=0.1)
    >>> (x * x).backward()
    >>> adam.step()
    >>> round(x.data, 6)
    0.9
    """

    initial_state = (0.0, 0.0, 0)  # m, v, t
    lowest_state = (-math.inf, 0.0, 0)
    settings: tuple[str, ...] = ("lr", "betas", "eps")

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ):
        self.betas, self.eps = checked_betas(betas), non_negative("eps", eps)
        super().__init__(parameters, lr)

    def new_values(self, p: Number, g: Number, state: State) -> tuple[Number, State]:
        beta_1, beta_2 = self.betas
        m, v, t = state
        t = t + 1
        m = beta_1 * m + (1.0 - beta_1) * g
        v = beta_2 * v + (1.0 - beta_2) * g * g
        root = (v / (1.0 - beta_2**t)) ** 0.5
        return p - self.lr * (m / (1.0 - beta_1**t)) / _denominator(root, self.eps), (m, v, t)


class AdamW(Adam):
    """Adam with decoupled weight decay: each step also takes lr·weight_decay·p away (Loshchilov and Hutter 2019).

    It decays all parameters it is given, biases too, as PyTorch's does.

    Arguments:
        parameters, lr, betas, eps: as those of `Adam`.
        weight_decay: the strength of the decay, from 0.

    >>> x = Value(1.0)
    >>> adam = AdamW([x], lr=0.1, weight_decay=0.5)
    >>> x.grad = 0.0
    >>> adam.step()
    >>> x.data
    0.95
    """

    settings = ("lr", "betas", "eps", "weight_decay")

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ):
        self.weight_decay = non_negative("weight_decay", weight_decay)
        super().__init__(parameters, lr, betas, eps)

    def new_values(self, p: Number, g: Number, state: State) -> tuple[Number, State]:
        return super().new_values(p * (1.0 - self.lr * self.weight_decay), g, state)


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {  # the classes above, by the names that `fit` takes
    name.lower(): kind
    for name, kind in list(globals().items())
    if isinstance(kind, type) and issubclass(kind, Optimizer) and kind is not Optimizer
}


def _denominator(root: Number, eps: float) -> Number:
    """root + eps; 1 where that is 0, which is where all gradients so far were 0, so that the step is 0."""
    return root + eps if eps else where(root > 0.0, root, 1.0)
