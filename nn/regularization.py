"""Modules between layers: dropout and layer normalisation."""

import random
from typing import TYPE_CHECKING, Any

from autograd import Value, mean, setting, sqrt, uniform, where

from .checks import Number, is_number, positive, positive_int
from .initialization import generator
from .inputs import inputs_of
from .module import Module

if TYPE_CHECKING:
    from .inputs import Inputs


class Dropout(Module):
    """Sets each input to 0 with probability `p` while training, and multiplies the others by 1 / (1 - p).

    Each call draws a new mask. The expected value of each output is the input ("inverted" dropout), so that evaluation
    (`eval()`) passes the inputs on as they are (Srivastava et al. 2014, section 10).

    Arguments:
        p: the probability, from 0 and below 1.
        seed: an int or a `random.Random`. The generator is the attribute `rng`.

    >>> dropout = Dropout(0.5, seed=1)
    >>> dropout([1.0, 2.0, 3.0, 4.0])
    [0.0, 4.0, 6.0, 0.0]
    >>> dropout.eval()([1.0, 2.0, 3.0, 4.0])
    [1.0, 2.0, 3.0, 4.0]
    """

    def __init__(self, p: float = 0.5, seed: int | random.Random | None = None):
        if isinstance(p, bool) or not is_number(p) or not 0.0 <= p < 1.0:
            raise ValueError(f"dropout needs a probability 0 <= p < 1, got {p!r}")
        self.p = float(p)
        self.rng = generator(seed)

    def draw(self) -> Number:
        """One factor of a mask: 0 with probability `p`, else 1 / (1 - p)."""
        p = setting(self, "p")
        factor: Number = where(uniform(self.rng) < p, 0.0, 1.0 / (1.0 - p))
        return factor

    def forward(self, x: Any) -> Any:
        if not setting(self, "training") or setting(self, "p") == 0.0:
            return x
        return x * self.draw() if is_number(x) else [value * self.draw() for value in x]

    def __repr__(self) -> str:
        return f"Dropout({self.p})"


class LayerNorm(Module):
    """Shifts and scales the numbers of one example to mean 0 and variance 1, then by a gain and a bias for each.

    y = (x - mean) / √(variance + eps) · gain + bias, where the variance is divided by n (Ba et al. 2016, equation 4, in
    the form of PyTorch). Gains start at 1 and biases at 0; penalties touch neither.

    Arguments:
        n: how many numbers there are, from 1.
        eps: added to the variance, above 0.

    Called with a list of n numbers or Values, it returns a list of n Values. Raises ValueError for another length.

    >>> norm = LayerNorm(2)
    >>> [round(y.data, 3) for y in norm([1.0, 3.0])]
    [-1.0, 1.0]
    """

    def __init__(self, n: int, eps: float = 1e-5):
        self.n, self.eps = positive_int("n", n), positive("eps", eps)
        self.gain, self.bias = [Value(1.0) for _ in range(self.n)], [Value(0.0) for _ in range(self.n)]
        self.named_parameters()

    @property
    def n_inputs(self) -> int:
        """The same as `n`."""
        return self.n

    def forward(self, x: "Inputs") -> list[Value]:
        inputs = inputs_of(self, x)
        center = mean(inputs)
        shifted = [value - center for value in inputs]
        deviation = sqrt(mean([value * value for value in shifted]) + self.eps)
        return [value / deviation * gain + b for value, gain, b in zip(shifted, self.gain, self.bias, strict=True)]

    def __repr__(self) -> str:
        return f"LayerNorm({self.n})" if self.eps == 1e-5 else f"LayerNorm({self.n}, eps={self.eps!r})"
