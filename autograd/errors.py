"""Why an operation has no value here: messages that name the operation, the number, the node and the way out."""

import math
from collections.abc import Sequence
from typing import Any

from .table import Operation


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
    size = getattr(data, "size", 1)
    if size != 1 or callable(size):
        raise TypeError(f"expected one real number, got {_kind(data)} of shape {getattr(data, 'shape', '?')}")
    if getattr(data, "shape", ()):
        data = data.item()  # an array of one element
    if isinstance(data, (str, bytes, bytearray, complex)) or not hasattr(data, "__float__") or _is_node(data):
        raise TypeError(f"expected a real number, got {_kind(data)} {_short(data)}")
    return float(data)


def is_number(x: Any) -> bool:
    """Whether `x` can stand beside a Value in an expression (arrays cannot: NumPy takes them element by element)."""
    return (
        isinstance(x, (int, float))
        or (hasattr(x, "__float__") and not getattr(x, "shape", ()) and not isinstance(x, complex))
    )  # fmt: skip


def _is_node(x: Any) -> bool:
    return hasattr(x, "local_grads")


def _kind(x: Any) -> str:
    return type(x).__name__


def _short(x: Any) -> str:
    text = repr(x)
    return text if len(text) <= 40 else text[:37] + "..."
