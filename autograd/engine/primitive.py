"""`primitive`: a row of the user's own in the table, and the function for it."""

from collections.abc import Callable
from keyword import iskeyword
from types import FunctionType
from typing import Any

from ..rules.operation import TABLE, Namespace, Operation
from .fast_ops import generate

_own: set[str] = set()  # the names of the user's operations


def primitive(
    name: str, *, value: Callable[..., Any], partials: Callable[..., tuple[Any, ...]], domain: str = ""
) -> Callable[..., Any]:
    """Add an operation of your own to the table; returns the function for it.

    Arguments:
        name: an identifier that no operation of this package has. Defining it again replaces it.
        value: ``value(m, x, ...)``, the result, written with ``+ - * / **``, comparisons and the functions of `m`.
        partials: ``partials(m, out, x, ...)``, a tuple of the derivatives with respect to each operand; `out` is the
            result.
        domain: a condition on the operands, such as ``"x > 0"``, for error messages.

    Backward, second derivatives, drawing, stepping and compiling follow from these two rules. Raises ValueError or
    TypeError where a name, a rule or the domain cannot be used.

    >>> from autograd import Value
    >>> cube = primitive("cube", value=lambda m, x: x * x * x, partials=lambda m, out, x: (3.0 * x * x,))
    >>> x = Value(2.0)
    >>> cube(x).backward()
    >>> x.grad
    12.0
    """
    if not isinstance(name, str) or not name.isidentifier() or iskeyword(name) or name.startswith("_"):
        raise ValueError(f"an operation's name is an identifier that begins with a letter, got {name!r}")
    if (name in TABLE and name not in _own) or name in ("inf", "largest", "nan", "sum", "take"):
        raise ValueError(f"{name!r} has a meaning in the rules of this package already: choose another name")
    if not isinstance(value, FunctionType) or not isinstance(partials, FunctionType):
        raise TypeError(f"primitive({name!r}) needs functions made by def or lambda for value and partials")
    from inspect import Parameter, signature  # here, for a light import of the package

    for parameter in signature(value).parameters.values():
        if parameter.default is not Parameter.empty or parameter.kind is Parameter.KEYWORD_ONLY:
            raise ValueError(
                f"the value of {name!r} has the option {parameter}, but an operation has operands alone: give the "
                "number at each call, or define one operation for each number"
            )
    if not isinstance(domain, str):
        raise TypeError(f"the domain of {name!r} is a condition as text, such as 'x > 0', got {domain!r}")

    def checked(m: Namespace, out: Any, *operands: Any) -> tuple[Any, ...]:
        slopes = partials(m, out, *operands)
        if not isinstance(slopes, tuple) or len(slopes) != len(operands):
            raise TypeError(
                f"the partials of {name!r} must be a tuple of {len(operands)}, one for each operand: got {slopes!r}"
            )
        if any(isinstance(slope, complex) for slope in slopes):  # the power of a negative number: NaN, as for NumPy
            raise ValueError(f"the partials of {name!r} have no value here")
        return slopes

    row = Operation(name, "defined by the user", value, checked, domain)
    if not row.operands or row.variadic:
        raise ValueError(f"the value of {name!r} needs m and a fixed number of operands: value=lambda m, x: ...")
    function = generate(row)
    TABLE[name] = row  # now that both rules have been read
    _own.add(name)
    return function
