"""Optimisers: how a gradient becomes a step.

The rule of each stands in its `new_values`, plain arithmetic that takes floats here and Values where it is compiled to
move all parameters at once. Formulas and defaults are those of PyTorch.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from autograd import Value, minimum

from .checks import at_least_0, is_number


class Optimizer:
    """What all optimisers share: the parameters, the learning rate, and the numbers kept for each parameter.

    `state` holds, for each parameter, the tuple that `new_values` keeps from step to step; `initial_state` is what it
    starts from. `lr` may be set at any time.
    """

    initial_state: tuple[Any, ...] = ()
    settings: tuple[str, ...] = ("lr",)  # attributes that state_dict carries
    shuffled: tuple[int, int] | None = None  # by `fit` so far: the seed of the order, and how many epochs

    def __init__(self, parameters: Iterable[Value], lr: float):
        self.parameters = _parameters(parameters)
        self.lr = at_least_0("lr", lr)
        self.state = [self.initial_state] * len(self.parameters)

    def new_values(self, p: Any, g: Any, state: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        """The parameter and its state after one step, from parameter, gradient and state; numbers or Values."""
        raise NotImplementedError

    def step(self) -> None:
        """Move every parameter that has a gradient; those whose `grad` is None stay."""
        for k, parameter in enumerate(self.parameters):
            if parameter.grad is not None:
                parameter.data, self.state[k] = self.new_values(parameter.data, parameter.grad, self.state[k])

    def zero_grad(self) -> None:
        """Forget the gradients: each `grad` is None again."""
        for parameter in self.parameters:
            parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        """Settings and state as plain numbers and lists, from which training goes on exactly."""
        return {name: getattr(self, name) for name in self.settings} | {"state": [list(s) for s in self.state]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` of an optimiser of this kind gave.

        Raises KeyError when names are missing or unknown, ValueError when the numbers do not fit; the optimiser is then
        as it was.
        """
        names = {*self.settings, "state"}
        if set(state) != names:
            raise KeyError(f"{type(self).__name__} needs a state of {sorted(names)}, got {sorted(state)}")
        like = type(self)(self.parameters, **{name: state[name] for name in self.settings})  # checks them
        kept = [tuple(numbers) for numbers in state["state"]]
        if len(kept) != len(self.parameters) or any(len(numbers) != len(self.initial_state) for numbers in kept):
            raise ValueError(
                f"{type(self).__name__} needs {len(self.initial_state)} numbers for each of its "
                f"{len(self.parameters)} parameters, got {len(kept)} lists of lengths {sorted({len(k) for k in kept})}"
            )
        for number in (x for numbers in kept for x in numbers):
            if not isinstance(number, (int, float)) or not math.isfinite(number):
                raise ValueError(f"the state of an optimiser is of finite numbers, got {number!r}")
        self.__dict__.update(like.__dict__, state=kept)

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.settings)
        return f"{type(self).__name__}({len(self.parameters)} parameters, {settings})"


class SGD(Optimizer):
    """Gradient descent, with momentum if you like.

    v ← momentum·v + g, then p ← p - lr·v; with `nesterov`, p ← p - lr·(g + momentum·v). The first v is the first
    gradient (Sutskever et al. 2013, in the form of PyTorch).

    >>> x = Value(1.0)
    >>> sgd = SGD([x], lr=0.1)
    >>> (x * x).backward()
    >>> sgd.step()
    >>> x.data
    0.8
    """

    settings = ("lr", "momentum", "nesterov")

    def __init__(self, parameters: Iterable[Value], lr: float, momentum: float = 0.0, nesterov: bool = False):
        self.momentum, self.nesterov = at_least_0("momentum", momentum), bool(nesterov)
        if nesterov and momentum == 0.0:
            raise ValueError("nesterov needs a momentum above 0")
        self.initial_state = (0.0,)
        super().__init__(parameters, lr)

    def new_values(self, p: Any, g: Any, state: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        if self.momentum == 0.0:
            return p - self.lr * g, state
        v = self.momentum * state[0] + g
        return p - self.lr * (g + self.momentum * v if self.nesterov else v), (v,)


class Adam(Optimizer):
    """Steps scaled by running means of the gradient (m) and of its square (v) (Kingma and Ba 2015, algorithm 1).

    m ← β₁·m + (1 - β₁)·g and v ← β₂·v + (1 - β₂)·g², each divided by 1 - βᵗ at step t since they start at 0; then
    p ← p - lr·m / (√v + eps).

    >>> x = Value(1.0)
    >>> adam = Adam([x], lr=0.1)
    >>> (x * x).backward()
    >>> adam.step()
    >>> round(x.data, 6)
    0.9
    """

    initial_state = (0.0, 0.0, 0)  # m, v, t
    settings: tuple[str, ...] = ("lr", "betas", "eps")

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ):
        self.betas, self.eps = _betas(betas), at_least_0("eps", eps)
        super().__init__(parameters, lr)

    def new_values(self, p: Any, g: Any, state: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        beta_1, beta_2 = self.betas
        m, v, t = state
        t = t + 1
        m = beta_1 * m + (1.0 - beta_1) * g
        v = beta_2 * v + (1.0 - beta_2) * g * g
        root = (v / (1.0 - beta_2**t)) ** 0.5
        return p - self.lr * (m / (1.0 - beta_1**t)) / (root + self.eps), (m, v, t)


class AdamW(Adam):
    """Adam with decoupled weight decay: each step also takes lr·weight_decay·p away (Loshchilov and Hutter 2019).

    It decays all parameters it is given, biases too, as PyTorch's does.

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
        self.weight_decay = at_least_0("weight_decay", weight_decay)
        super().__init__(parameters, lr, betas, eps)

    def new_values(self, p: Any, g: Any, state: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        return super().new_values(p * (1.0 - self.lr * self.weight_decay), g, state)


def clip_grad_norm(parameters: Iterable[Value], max_norm: float) -> float:
    """Shorten the gradient, taken as one vector over all `parameters`, to the length `max_norm` where it is longer.

    Returns its length before. Each gradient is multiplied by max_norm / (length + 1e-6) where that is below 1, as in
    PyTorch (Pascanu et al. 2013). Parameters whose `grad` is None count as 0 and stay. Raises ValueError, naming the
    parameter, for a gradient that is not finite.

    >>> x, y = Value(0.0), Value(0.0)
    >>> x.grad, y.grad = 30.0, 40.0
    >>> clip_grad_norm([x, y], max_norm=5.0)
    50.0
    >>> round(x.grad, 6), round(y.grad, 6)
    (3.0, 4.0)
    """
    at_least_0("max_norm", max_norm)
    listed = list(parameters)
    gradients = {parameter: parameter.grad for parameter in listed if parameter.grad is not None}
    for parameter, gradient in gradients.items():
        if not math.isfinite(gradient):
            name = repr(parameter.label) if parameter.label else f"number {listed.index(parameter)}"
            raise ValueError(f"the gradient of parameter {name} is {gradient!r}: lower the learning rate")
    length = math.hypot(*gradients.values())
    factor = clip_factor(length, max_norm)
    if factor < 1.0:
        for parameter, gradient in gradients.items():
            parameter.grad = gradient * factor
    return length


def clip_factor(length: Any, max_norm: float) -> Any:
    """What to multiply a gradient of this length, a number or a Value, by, so that it is no longer than `max_norm`."""
    return minimum(1.0, max_norm / (length + 1e-6))


def _parameters(parameters: Any) -> list[Value]:
    if hasattr(parameters, "parameters"):
        raise TypeError("an optimiser takes a list of parameters: pass model.parameters()")
    listed = list(parameters)
    for parameter in listed:
        if not isinstance(parameter, Value):
            raise TypeError(f"an optimiser takes a list of Values, got a {type(parameter).__name__} among them")
        if parameter.parents or not parameter.requires_grad:
            raise ValueError(f"an optimiser moves leaf Values, and {parameter!r} is calculated or constant")
    if not listed:
        raise ValueError("an optimiser needs at least one parameter, got none")
    if len(set(listed)) < len(listed):
        raise ValueError("a parameter stands twice in the list of the optimiser, and would move twice a step")
    return listed


def _betas(betas: Any) -> tuple[float, float]:
    pair = list(betas) if hasattr(betas, "__iter__") else []
    if len(pair) != 2 or not all(is_number(beta) and 0.0 <= beta < 1.0 for beta in pair):
        raise ValueError(f"betas are numbers from 0 and below 1, two of them, got {betas!r}")
    return float(pair[0]), float(pair[1])
