"""Errors that name the operation, the number, the node and how to fix it; and what counts as a number."""

import math
import re
from collections.abc import Sequence
from typing import Any

from ..rules.table import Operation


class BranchChanged(RuntimeError):  # noqa: N818 (the name is the message)
    """An example would have taken another way at an ``if`` than the one that was traced.

    >>> import autograd
    >>> double_or_negate = autograd.compile(lambda x: 2 * x if x > 0 else -x)
    >>> double_or_negate.map([1.0, -1.0])
    Traceback (most recent call last):
    autograd.engine.errors.BranchChanged: ...
    """


def no_value(
    operation: Operation, numbers: Sequence[float], labels: Sequence[str], error: type[Exception]
) -> Exception:
    """The exception to raise where `operation` has no finite value at `numbers`."""
    names = ["x"] * len(numbers) if operation.variadic else list(operation.operands)
    known = list(zip(names, numbers, labels, strict=True))
    if not operation.holds(numbers):
        blamed = [k for k in known if re.search(rf"\b{k[0]}\b", operation.domain)]
        got = _with_label(*blamed[0][1:]) if len(blamed) == 1 else _assignments(blamed)
        return error(f"{operation.signature} needs {operation.domain}, got {got}")
    if operation.variadic:
        known = [max(known, key=lambda k: abs(k[1]))]
    if error is OverflowError:
        reason = "is too large for a float"
        return error(f"{operation.signature} {reason} at {_assignments(known)}: bring the operands nearer to 1")
    return error(f"{operation.signature} has no value at {_assignments(known)}")


def negative_base(base: float, label: str) -> ValueError:
    return ValueError(
        f"x ** y with a Value y needs x >= 0, got {_with_label(base, label)}: "
        "a negative base has no derivative with respect to its exponent; make the exponent a plain number"
    )


def nan_message(node: Any, k: int, upstream: float, passed: float) -> str:
    """Where and why a gradient becomes NaN: on the edge from `node` to its parent k."""
    parent, local = node.parents[k], node.local_grads[k]
    if passed == passed:
        why = "an infinite contribution meets one of the other sign"
    else:
        why = f"{upstream!r} (upstream) * {local!r} (local derivative) is NaN"
    ends = [f"{end.op or 'leaf'!r}{named(end.label)}" for end in (node, parent)]
    return (
        f"the gradient becomes NaN on the edge from {ends[0]} to {ends[1]} with data {parent.data!r}: {why}; "
        "keep the operands away from this point"
    )


def require_value(what: str, x: Any) -> None:
    """TypeError where `x`, which is called `what`, is not a Value."""
    if not is_node(x):
        if callable(x):
            raise TypeError(
                f"{what} must be a Value, got the function {getattr(x, '__name__', x)!r}: call it with Values and pass "
                "what it returns, or use jacobian(f, *point), which calls it"
            )
        raise TypeError(f"{what} must be a Value, got {type(x).__name__} {short(x)}: a plain number has no graph")


def not_recorded(output: Any) -> ValueError:
    """The error for an output that has no gradients."""
    return ValueError(
        f"nothing was recorded for {short(output)}: it is a constant, made of plain numbers or detached Values, "
        "or inside no_grad(); calculate it from Values with recording on"
    )


def named(label: str) -> str:
    """How a message says which node it means: ``" (node 'w')"``, nothing for a node without a label."""
    return f" (node {quoted(label)})" if label else ""


def quoted(label: str) -> str:
    """A label in a message: of a long one, the first and the last part."""
    return repr(label if len(label) <= 80 else f"{label[:50]}…{label[-25:]}")


def short(x: Any) -> str:
    """The repr of something unexpected, cut to a line."""
    text = repr(x)
    return text if len(text) <= 40 else text[:37] + "..."


def _with_label(number: float, label: str) -> str:
    return f"{number!r}{named(label)}"


def _assignments(known: Sequence[tuple[str, float, str]]) -> str:
    return ", ".join(f"{name} = {_with_label(number, label)}" for name, number, label in known)


def real(data: Any) -> float:
    """`data` as a float; TypeError that names what came when it is not one real number."""
    if type(data) is float:
        return data
    if is_node(data):
        raise TypeError(
            f"expected a plain number, got {short(data)}, which is a Value already: use it as it is, its number "
            ".data, or .detach() for a constant"
        )
    if hasattr(data, "shape") and hasattr(data, "item"):
        if math.prod(data.shape) != 1:
            raise TypeError(f"expected one real number, got {type(data).__name__} of shape {data.shape}")
        data = data.item()  # an array of one element, or a scalar of NumPy, as Python's own number
    if not hasattr(data, "__float__") or is_node(data):
        raise TypeError(f"expected a real number, got {type(data).__name__} {short(data)}")
    return float(data)


def is_number(x: Any) -> bool:
    """Whether `x` can be an operand beside a Value (arrays cannot: NumPy takes them element by element)."""
    if isinstance(x, (int, float)):
        return True
    if not hasattr(x, "__float__") or getattr(x, "shape", None):
        return False
    if hasattr(x, "dtype"):  # all of NumPy has __float__: what it holds may be complex, text or a node
        x = x.item()
        return hasattr(x, "__float__") and not is_node(x)
    return True


def is_node(x: Any) -> bool:
    """Whether `x` is a Value (which this module, below it, does not import)."""
    return hasattr(type(x), "local_grads")
