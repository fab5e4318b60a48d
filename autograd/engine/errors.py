"""Why an operation has no value here: messages that name the operation, the number, the node and the way out."""

import math
from collections.abc import Sequence
from typing import Any

from ..rules.table import Operation


def holds(operation: Operation, numbers: Sequence[float]) -> bool:
    """Whether `numbers` satisfy the domain that the row states (a row that states none takes all)."""
    if not operation.domain or operation.variadic:
        return True
    names = dict(zip(operation.operands, numbers, strict=True))
    return bool(eval(operation.domain, {"__builtins__": {"abs": abs}, "inf": math.inf}, names))


def no_value(
    operation: Operation, numbers: Sequence[float], labels: Sequence[str], error: type[Exception]
) -> Exception:
    """The exception to raise where `operation` has no finite value at `numbers`."""
    names = ["x"] * len(numbers) if operation.variadic else list(operation.operands)
    known = list(zip(names, numbers, labels, strict=True))
    if not holds(operation, numbers):
        import re

        blamed = [k for k in known if re.search(rf"\b{k[0]}\b", operation.domain)]
        got = _number(*blamed[0][1:]) if len(blamed) == 1 else _assignments(blamed)
        return error(f"{operation.signature} needs {operation.domain}, got {got}")
    if operation.variadic:
        known = [max(known, key=lambda k: abs(k[1]))]
    if error is OverflowError:
        reason = "is too large for a float"
        return error(f"{operation.signature} {reason} at {_assignments(known)}: bring the operands nearer to 1")
    return error(f"{operation.signature} has no value at {_assignments(known)}")


def negative_base(base: float, label: str) -> ValueError:
    return ValueError(
        f"x ** y with a Value y needs x >= 0, got {_number(base, label)}: "
        "a negative base has no derivative by its exponent; make the exponent a plain number"
    )


def _number(number: float, label: str) -> str:
    return f"{number!r} (node {label!r})" if label else f"{number!r}"


def _assignments(known: Sequence[tuple[str, float, str]]) -> str:
    return ", ".join(f"{name} = {_number(number, label)}" for name, number, label in known)


def real(data: Any) -> float:
    """`data` as a float; TypeError that names what came when it is not one real number."""
    if type(data) is float:
        return data
    if hasattr(data, "shape") and hasattr(data, "item"):
        if math.prod(data.shape) != 1:
            raise TypeError(f"expected one real number, got {_kind(data)} of shape {data.shape}")
        data = data.item()  # an array of one element, or a scalar of NumPy, as Python's own number
    if not hasattr(data, "__float__") or _is_node(data):
        raise TypeError(f"expected a real number, got {_kind(data)} {_short(data)}")
    return float(data)


def is_number(x: Any) -> bool:
    """Whether `x` can stand beside a Value in an expression (arrays cannot: NumPy takes them element by element)."""
    if isinstance(x, (int, float)):
        return True
    if not hasattr(x, "__float__") or getattr(x, "shape", None):
        return False
    if hasattr(x, "dtype"):  # all of NumPy has __float__: what it holds may be complex, text or a node
        x = x.item()
        return hasattr(x, "__float__") and not _is_node(x)
    return True


def _is_node(x: Any) -> bool:
    return hasattr(x, "local_grads")


def _kind(x: Any) -> str:
    return type(x).__name__


def _short(x: Any) -> str:
    text = repr(x)
    return text if len(text) <= 40 else text[:37] + "..."


class BranchChanged(RuntimeError):  # noqa: N818 (the name is the message)
    """An example would have taken another way at an ``if`` than the one that was traced."""
