"""Formulas: numbers that print themselves.

Calculating with them gives text instead of a result, so a rule of the table, read with formulas, writes itself down.
They simplify just enough to be readable (``1*x``, ``0 + x``, ``x**(2 - 1)``) and never change the value of the text.
"""

from collections.abc import Iterable
from typing import Any

# How tightly a text holds together: an operand that holds less tightly than its place demands gets parentheses.
CHOICE, COMPARISON, SUM, PRODUCT, SIGN, POWER, ATOM = range(7)


def number_text(number: float) -> str:
    """The shortest text that reads back as the same number: ``2``, ``0.1``, ``1e-05``."""
    text = repr(float(number))
    return text[:-2] if text.endswith(".0") else text


class Formula:
    """A piece of Python source. `number` is its value where that is known, such as the 2 of ``x**2``."""

    __slots__ = ("number", "rank", "text")
    times, divide = "*", " / "

    @staticmethod
    def numeral(number: float) -> str:
        return number_text(number)

    def __init__(self, text: str, rank: int = ATOM, number: float | None = None):
        self.text, self.rank, self.number = text, rank, number

    @classmethod
    def of(cls, x: "Formula | float") -> "Formula":
        if isinstance(x, Formula):
            return x
        text = cls.numeral(x)
        return cls(text, SIGN if text.startswith("-") else ATOM, float(x))  # -0 too has a sign

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"

    def within(self, rank: int) -> str:
        """The text, in parentheses where it holds less tightly than `rank`."""
        return self.text if self.rank >= rank else f"({self.text})"

    def _join(self, symbol: str, other: "Formula", rank: int) -> "Formula":
        # The right operand gets parentheses already at the same rank: a + (b + c) is not a + b + c to the last bit.
        return type(self)(f"{self.within(rank)}{symbol}{other.within(rank + 1)}", rank)

    def _fold(self, name: str, other: "Formula") -> "Formula | None":
        """The result as a number, where both are numbers and their arithmetic is possible."""
        if self.number is None or other.number is None:
            return None
        try:
            result = getattr(self.number, name)(other.number)
        except ArithmeticError:
            return None
        return self.of(result) if isinstance(result, float) and result - result == 0 else None

    def _arithmetic(self, name: str, symbol: str, other: "Formula", rank: int) -> "Formula":
        folded = self._fold(name, other)
        return self._join(symbol, other, rank) if folded is None else folded

    def __add__(self, other: "Formula | float") -> "Formula":
        other = self.of(other)
        if self.number == 0:
            return other
        if other.number == 0:
            return self
        return self._arithmetic("__add__", " + ", other, SUM)

    def __sub__(self, other: "Formula | float") -> "Formula":
        other = self.of(other)
        if self.number == 0:
            return -other
        if other.number == 0:
            return self
        return self._arithmetic("__sub__", " - ", other, SUM)

    def __mul__(self, other: "Formula | float") -> "Formula":
        other = self.of(other)
        for one, rest in ((self, other), (other, self)):
            if one.number == 1:
                return rest
            if one.number == -1:
                return -rest
        return self._arithmetic("__mul__", self.times, other, PRODUCT)

    def __truediv__(self, other: "Formula | float") -> "Formula":
        other = self.of(other)
        if other.number == 1:
            return self
        return self._arithmetic("__truediv__", self.divide, other, PRODUCT)

    def __pow__(self, other: "Formula | float") -> "Formula":
        other = self.of(other)
        if other.number == 1:
            return self
        folded = self._fold("__pow__", other)
        return self._power(other) if folded is None else folded

    def _power(self, exponent: "Formula") -> "Formula":
        return type(self)(f"{self.within(ATOM)}**{exponent.within(ATOM)}", POWER)

    def __neg__(self) -> "Formula":
        if self.number is not None:
            return self.of(-self.number)
        return type(self)(f"-{self.within(PRODUCT)}", SIGN if self.rank > PRODUCT else PRODUCT)

    def __radd__(self, other: float) -> "Formula":
        return self.of(other) + self

    def __rsub__(self, other: float) -> "Formula":
        return self.of(other) - self

    def __rmul__(self, other: float) -> "Formula":
        return self.of(other) * self

    def __rtruediv__(self, other: float) -> "Formula":
        return self.of(other) / self

    def __rpow__(self, other: float) -> "Formula":
        return self.of(other) ** self

    def _compare(self, symbol: str, name: str, other: "Formula | float") -> "Formula | bool":
        other = self.of(other)
        if self.number is not None and other.number is not None:
            return bool(getattr(self.number, name)(other.number))
        # Both sides within SUM: a < b < c would mean something else in Python.
        return type(self)(f"{self.within(SUM)} {symbol} {other.within(SUM)}", COMPARISON)

    def __lt__(self, other: "Formula | float") -> "Formula | bool":
        return self._compare("<", "__lt__", other)

    def __le__(self, other: "Formula | float") -> "Formula | bool":
        return self._compare("<=", "__le__", other)

    def __gt__(self, other: "Formula | float") -> "Formula | bool":
        return self._compare(">", "__gt__", other)

    def __ge__(self, other: "Formula | float") -> "Formula | bool":
        return self._compare(">=", "__ge__", other)

    def __eq__(self, other: object) -> bool:
        raise TypeError(f"a rule cannot ask whether {self.text!r} == {other!s}, identity for Values: use < and >")

    __hash__ = None  # type: ignore[assignment]  # what is not compared is not looked up

    def __bool__(self) -> bool:
        raise TypeError(f"a rule cannot branch on {self.text!r} with if: write m.where(condition, a, b)")

    def call(self, name: str, *operands: "Formula | float") -> "Formula":
        """The text of a function of this and more operands: ``exp(x)``, ``minimum(x, y)``."""
        return type(self)(f"{name}({', '.join(self.of(x).text for x in (self, *operands))})")

    @classmethod
    def add_up(cls, terms: "Iterable[Formula | float]", *rest: "Formula | float") -> "Formula":
        """The text of a sum of any number of terms."""
        known = [term for term in map(cls.of, (*terms, *rest)) if term.number != 0]
        if len(known) < 2:
            return known[0] if known else cls.of(0.0)
        first, *others = known
        return cls(" + ".join([first.within(SUM), *(term.within(PRODUCT) for term in others)]), SUM)

    def choice(self, a: "Formula | float", b: "Formula | float") -> "Formula":
        """The text of ``a`` where this condition holds, else ``b``."""
        yes, no = self.of(a), self.of(b)
        return type(self)(f"{yes.within(COMPARISON)} if {self.within(COMPARISON)} else {no.text}", CHOICE)


class Source(Formula):
    """A formula to be run on floats: its numbers are floats."""

    __slots__ = ()

    @staticmethod
    def numeral(number: float) -> str:
        return repr(float(number))

    # No zero is dropped: -0.0 + 0.0 is 0.0, and 0.0 - 0.0 is not -0.0.

    def __add__(self, other: Formula | float) -> Formula:
        return self._arithmetic("__add__", " + ", self.of(other), SUM)

    def __sub__(self, other: Formula | float) -> Formula:
        return self._arithmetic("__sub__", " - ", self.of(other), SUM)

    @classmethod
    def add_up(cls, terms: "Iterable[Formula | float]", *rest: "Formula | float") -> Formula:
        # Not a + b + c: from Python 3.12 on, sum rounds once, and the rule, evaluated with floats, adds up by it.
        start = cls.of(*rest or (0.0,)).text
        return cls(f"sum([{', '.join(cls.of(term).text for term in terms)}], {start})")


def write(kind: type[Formula], name: str, *operands: Any) -> Any:
    """What function `name` of formulas and numbers looks like: the text reading of the table."""
    xs = [kind.of(x) for x in operands]
    if name == "abs" and xs[0].number is not None:
        return kind.of(abs(xs[0].number))
    return xs[0].call(name, *xs[1:])


def choose(condition: "Formula | bool", a: Any, b: Any) -> Any:
    """`where` for formulas: the choice itself, or its text where the condition is not known."""
    if isinstance(condition, Formula) and condition.number is None:
        return condition.choice(a, b)
    known = condition.number if isinstance(condition, Formula) else condition
    return a if known else b


def add_up(kind: type[Formula], terms: Iterable[Any], *rest: Any) -> Formula:
    """``a + b + c`` of any number of terms."""
    return kind.add_up(terms, *rest)
