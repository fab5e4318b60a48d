"""What a row of the table is, a rule with its facts; and what a rule sees as ``m``, functions for a kind of number."""

import math
from collections.abc import Callable, Sequence
from typing import Any


class Operation:
    """One row of the table: a rule, and the facts about it.

    ``value(m, *operands)`` is the result, ``partials(m, out, *operands)`` the tuple of derivatives with respect to each
    operand, where ``out`` is the result. `operands` are the names of the rule's operands, such as ``("x", "y")``, or
    ``("xs",)`` where a variadic rule takes any number of them.

    Facts:
        about: what it is, in a few words.
        domain: a condition on the operands in Python, "" if all are fine; for messages, docstrings and test points.
        error: what is raised outside the domain.
        ieee: finite operands may give infinity, as Python's own sums and products do; else that is an OverflowError.
        overflows: there are finite operands in the domain whose value is too large for a float.
        choice: it passes one of its operands on, and nothing to the others: a derivative of 0 cuts the graph there.
        pole: its derivative is infinite at a point where its value is finite.
        steepest: the largest derivative that it has anywhere, 0.0 where it has none; a gate far below it is saturated.
    """

    __slots__ = (
        "_holds", "about", "choice", "domain", "error", "ieee", "name", "operands", "overflows", "partials", "pole",
        "steepest", "value", "variadic",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        about: str,
        value: Callable[..., Any],
        partials: Callable[..., tuple[Any, ...]],
        domain: str = "",
        error: type[Exception] = ValueError,
        *,
        ieee: bool = False,
        overflows: bool = False,
        choice: bool = False,
        pole: bool = False,
        steepest: float = 0.0,
    ):
        self.name, self.about, self.value, self.partials = name, about, value, partials
        self.domain, self.error, self.ieee, self.choice, self.steepest = domain, error, ieee, choice, steepest
        self.overflows, self.pole = overflows, pole
        self.operands, self.variadic = _operand_names(value)
        self._holds = _condition(name, domain, self.operands) if domain and not self.variadic else None

    @property
    def may_be_infinite(self) -> bool:
        """Whether a derivative may be infinite where the operands are finite."""
        return self.pole or bool(self.domain)

    def holds(self, numbers: Sequence[float]) -> bool:
        """Whether `numbers` are in the domain that the row states; a row that states none takes all."""
        return self._holds is None or bool(self._holds(*numbers))

    def __repr__(self) -> str:
        return f"Operation({self.name!r})"

    @property
    def infix(self) -> bool:
        return not self.name.isidentifier()

    @property
    def signature(self) -> str:
        """How the operation is written: ``x / y``, ``log(x)``, ``dot(*xs)``."""
        if self.infix:
            return f" {self.name} ".join(self.operands)
        *first, last = self.operands
        return f"{self.name}({', '.join([*first, '*' * self.variadic + last])})"

    def __reduce__(self) -> tuple[Callable[[str], "Operation"], tuple[str]]:
        return lookup, (self.name,)  # rules are code: a pickle names its row


def _condition(name: str, domain: str, operands: Sequence[str]) -> Callable[..., Any]:
    """The domain as a function of the operands. Raises ValueError where its text is no condition on them."""
    try:
        code = compile(domain, f"<domain of {name}>", "eval")
        unknown = set(code.co_names) - {*operands, "abs", "inf"}
        if unknown:
            raise ValueError(f"it has no operand {', '.join(sorted(unknown))}")
        source = f"lambda {', '.join(operands)}: {domain}"
        condition: Callable[..., Any] = eval(source, {"__builtins__": {"abs": abs}, "inf": math.inf})
        return condition
    except (SyntaxError, TypeError, ValueError) as error:
        raise ValueError(
            f"the domain of {name!r} must be a condition on {', '.join(operands)} such as '{operands[0]} > 0', "
            f"got {domain!r}: {error}"
        ) from None


def _operand_names(rule: Callable[..., Any]) -> tuple[tuple[str, ...], bool]:
    """The names of a rule's operands, after the namespace m, and whether they stand for any number of them."""
    code = rule.__code__
    names = code.co_varnames[1 : code.co_argcount]
    variadic = bool(code.co_flags & 4)  # CO_VARARGS of the inspect module, which would double the import time
    return names + code.co_varnames[code.co_argcount :][:variadic], variadic


TABLE: dict[str, Operation] = {}


def op(name: str, *row: Any, **facts: Any) -> Operation:
    """Add a row to the table and return it; what a row consists of stands at `Operation`."""
    TABLE[name] = Operation(name, *row, **facts)
    return TABLE[name]


def lookup(name: str) -> Operation:
    """The row called `name`; LookupError when no such operation is known in this process."""
    if name == LEAF.name:
        return LEAF
    if name not in TABLE:
        raise LookupError(
            f"unknown operation {name!r}: define it with primitive({name!r}, ...) before loading this graph"
        )
    return TABLE[name]


LEAF = Operation("", "a number that was given, not calculated", lambda m: None, lambda m, out: ())


class Namespace:
    """What a rule sees as ``m``: functions for one kind of number; what is missing is read from its row."""

    def __init__(self, read: Callable[["Namespace", Operation], Callable[..., Any]], **functions: Callable[..., Any]):
        self._read = read
        self.__dict__.update(functions)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name in TABLE:
            return self._read(self, TABLE[name])
        known = sorted({n for n in self.__dict__ if n != "_read"} | {n for n in TABLE if n.isidentifier()})
        raise AttributeError(f"a rule asked for m.{name}, but m has only {', '.join(known)}")
