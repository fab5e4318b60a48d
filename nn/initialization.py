"""The first weights: random, and of a size with which signals neither grow nor shrink from layer to layer.

`n_inputs` and `n_outputs` are those of the layer. Biases start at 0.
"""

import math
import random
from operator import index

from .activations import Activation, is_rectifier

Init = str | float

INITS = ("zeros", "uniform", "xavier", "he", "auto")


def generator(seed: int | random.Random | None) -> random.Random:
    """A generator of random numbers: for an int the same each time, for None another; a `random.Random` is returned.

    The global state of the module `random` is never touched. Raises TypeError for another kind of seed.
    """
    if isinstance(seed, random.Random):
        return seed
    if seed is not None and not hasattr(seed, "__index__"):
        raise TypeError(f"a seed is a whole number, a random.Random or None, got {seed!r}")
    return random.Random(None if seed is None else index(seed))  # noqa: S311 (no secrets are made of it)


def initial_weights(
    init: Init, n_inputs: int, n_outputs: int, activation: Activation, rng: random.Random
) -> list[float]:
    """The first weights of one neuron.

    Arguments:
        init: "zeros"; "uniform", between -a and a with a = 1/sqrt(n_inputs); a number, which is a; "xavier", between
            -a and a with a = sqrt(6 / (n_inputs + n_outputs)) (Glorot and Bengio 2010, equation 16); "he", normal with
            standard deviation sqrt(2 / n_inputs) (He et al. 2015, equation 10); "auto", He for rectifiers
            (relu, leaky_relu, elu, softplus, silu, gelu ...), Xavier for all others.
        activation: that of the layer, by which "auto" chooses.

    Raises ValueError for another name, or a number that is negative or not finite.

    >>> initial_weights("zeros", 3, 1, "relu", random.Random(0))
    [0.0, 0.0, 0.0]
    """
    if init == "auto":
        init = "he" if is_rectifier(activation) else "xavier"  # which pass about half of the signal on
    if init == "he":
        deviation = math.sqrt(2.0 / n_inputs)
        return [rng.gauss(0.0, deviation) for _ in range(n_inputs)]
    a = _range(init, n_inputs, n_outputs)
    return [rng.uniform(-a, a) if a else 0.0 for _ in range(n_inputs)]


def _range(init: Init, n_inputs: int, n_outputs: int) -> float:
    """The `a` of a uniform distribution between -a and a."""
    if init == "zeros":
        return 0.0
    if init == "uniform":
        return 1.0 / math.sqrt(n_inputs)
    if init == "xavier":
        return math.sqrt(6.0 / (n_inputs + n_outputs))
    if isinstance(init, (int, float)) and not isinstance(init, bool) and 0.0 <= init < math.inf:
        return float(init)
    raise ValueError(f"unknown init {init!r}: choose {', '.join(INITS)}, or a number a for uniform between -a and a")
