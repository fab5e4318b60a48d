"""The public functions, made from the rows of the table: Values in, a node of the graph out; numbers in, a float out.

Functions of one number are methods of `Value` too. Those of many numbers are in the module `many`.
"""

from typing import Any

from ..rules import table
from ..rules.operation import Operation
from . import many, traced
from .docstrings import example
from .fast_ops import codes, generated
from .signatures import Binary, Number, Unary
from .value import apply

dot, total, mean, prod, norm = many.dot, many.total, many.mean, many.prod, many.norm
logsumexp, softmax, log_softmax = many.logsumexp, many.softmax, many.log_softmax
take, uniform, where = traced.take, traced.uniform, traced.where


def _function(row: Operation) -> Any:
    function = generated(row)
    function.__doc__ = f"{function.__doc__}\n\n{example(row, function)}"
    return function


exp: Unary = _function(table.EXP)
expm1: Unary = _function(table.EXPM1)
log: Unary = _function(table.LOG)
log1p: Unary = _function(table.LOG1P)
sqrt: Unary = _function(table.SQRT)
sin: Unary = _function(table.SIN)
cos: Unary = _function(table.COS)
tan: Unary = _function(table.TAN)
sinh: Unary = _function(table.SINH)
cosh: Unary = _function(table.COSH)
tanh: Unary = _function(table.TANH)
arcsin: Unary = _function(table.ARCSIN)
arccos: Unary = _function(table.ARCCOS)
arctan: Unary = _function(table.ARCTAN)
erf: Unary = _function(table.ERF)
erfc: Unary = _function(table.ERFC)
abs: Unary = _function(table.ABS)
sigmoid: Unary = _function(table.SIGMOID)
relu: Unary = _function(table.RELU)
elu: Unary = _function(table.ELU)
softplus: Unary = _function(table.SOFTPLUS)
silu: Unary = _function(table.SILU)
gelu: Unary = _function(table.GELU)
log2: Unary = _function(table.LOG2)
log10: Unary = _function(table.LOG10)
cbrt: Unary = _function(table.CBRT)
sign: Unary = _function(table.SIGN)
arcsinh: Unary = _function(table.ARCSINH)
arccosh: Unary = _function(table.ARCCOSH)
arctanh: Unary = _function(table.ARCTANH)
log_sigmoid: Unary = _function(table.LOG_SIGMOID)
selu: Unary = _function(table.SELU)
mish: Unary = _function(table.MISH)
arctan2: Binary = _function(table.ARCTAN2)
hypot: Binary = _function(table.HYPOT)
_minimum: Binary = _function(table.MINIMUM)
_maximum: Binary = _function(table.MAXIMUM)
_leaky_relu = _function(table.LEAKY_RELU)
_clamp = _function(table.CLAMP)
codes.keep()


def leaky_relu(x: Any, slope: Number = 0.01) -> Any:
    """leaky_relu(x, slope): x above 0, slope * x below, with derivative `slope` at 0 (Maas et al. 2013).

    Arguments:
        x: a Value or a plain number.
        slope: the same; a Value is learned.

    Returns a Value if an operand is one, a float for plain numbers alone.

    >>> leaky_relu(-2.0), leaky_relu(-2.0, slope=0.5)
    (-0.02, -1.0)
    """
    return _leaky_relu(x, slope)


def clamp(x: Any, low: Number, high: Number) -> Any:
    """clamp(x, low, high): x, not below `low` and not above `high`; its derivative is 1 at these borders.

    Arguments:
        x, low, high: Values or plain numbers; `low` is not above `high`.

    Returns a Value if an operand is one, a float for plain numbers alone.

    >>> clamp(5.0, 0.0, 1.0), clamp(0.25, 0.0, 1.0)
    (1.0, 0.25)
    """
    return _clamp(x, low, high)


def minimum(x: Any, y: Any, *more: Any) -> Any:
    """minimum(x, y, ...): the smallest of two or more numbers; NaN where one of them is NaN.

    Arguments:
        x, y, more: Values or plain numbers.

    The gradient goes to the smallest; where two are equal, they share it equally. Returns a Value if an operand is one,
    a float for plain numbers alone.

    >>> minimum(3.0, 1.0, 2.0)
    1.0
    """
    return apply(table.MIN, (x, y, *more)) if more else _minimum(x, y)


def maximum(x: Any, y: Any, *more: Any) -> Any:
    """maximum(x, y, ...): the largest of two or more numbers; NaN where one of them is NaN.

    Arguments:
        x, y, more: Values or plain numbers.

    The gradient goes to the largest; where two are equal, they share it equally. Returns a Value if an operand is one,
    a float for plain numbers alone.

    >>> maximum(3.0, 1.0, 2.0)
    3.0
    """
    return apply(table.MAX, (x, y, *more)) if more else _maximum(x, y)
