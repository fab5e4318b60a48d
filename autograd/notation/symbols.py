"""How people write formulas: on a line of text with symbols (``w·x²``), and in LaTeX.

Both are kinds of `Formula`, so every rule of the table can be evaluated with them. They are for people: numbers are
rounded, and of many terms only the first and last are shown.
"""

from collections.abc import Iterable

from ..rules.formula import ATOM, CHOICE, POWER, PRODUCT, SUM, Formula

DIGITS = 6  # significant digits of a number that is shown


def short_number(number: float, digits: int = DIGITS) -> str:
    """A rounded number: ``3``, ``-0.196612``, ``1e-05``; never ``-0``."""
    return f"{number + 0.0:.{digits}g}"


class Symbols(Formula):
    """A formula as people write it: ``w·x``, ``x²``, ``√x``, ``|x|``, ``x·(-2)``."""

    __slots__ = ()
    times = "·"
    dots = "…"
    _RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

    @staticmethod
    def numeral(number: float) -> str:
        return short_number(number)

    def _join(self, symbol: str, other: Formula, rank: int) -> Formula:
        right = other.within(rank + 1)
        return type(self)(f"{self.within(rank)}{symbol}{f'({right})' if right.startswith('-') else right}", rank)

    def _power(self, exponent: Formula) -> Formula:
        if exponent.text.isdecimal():
            return type(self)(self.within(ATOM) + exponent.text.translate(self._RAISED), POWER)
        return type(self)(f"{self.within(ATOM)}^{exponent.within(ATOM)}", POWER)

    def call(self, name: str, *operands: Formula | float) -> Formula:
        if name == "sqrt":
            return type(self)(f"√{self.within(ATOM)}", POWER)
        if name == "abs" and "|" not in self.text:  # of ||x|·y|, nobody sees which bar closes which
            return type(self)(f"|{self.text}|")
        return type(self)(f"{name}({', '.join(some([self, *operands], self.dots))})")

    @classmethod
    def add_up(cls, terms: Iterable[Formula | float], *rest: Formula | float) -> Formula:
        formulas = [term for term in map(cls.of, (*terms, *rest)) if term.number != 0] or [cls.of(0.0)]
        if len(formulas) <= _MOST:
            return super().add_up(formulas)
        first, second, *_, last = formulas
        return cls(f"{(first + second).text} + {cls.dots} + {last.within(PRODUCT)}", SUM)


_MOST = 5  # terms and operands that are shown; of more, the first two and the last


def some(xs: Iterable[Formula | float | str], dots: str) -> list[str]:
    """The texts of `xs`; of many, the first two and the last."""
    texts = [str(x) for x in xs]
    return texts if len(texts) <= _MOST else [*texts[:2], dots, texts[-1]]


class Latex(Symbols):
    r"""A formula in LaTeX: ``w \cdot x^{2}``, ``\frac{1}{x}``, ``\sigma\left(x\right)``."""

    __slots__ = ()
    times = r" \cdot "
    dots = r"\dots"
    _FUNCTIONS = ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "max")

    @staticmethod
    def numeral(number: float) -> str:
        if number != number:
            return r"\mathrm{NaN}"
        if number - number != 0:
            return r"\infty" if number > 0 else r"-\infty"
        mantissa, e, exponent = short_number(number).partition("e")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if e else mantissa

    @classmethod
    def of(cls, x: Formula | float) -> Formula:
        formula = super().of(x)
        if formula is not x and "cdot" in formula.text:
            formula.rank = PRODUCT
        return formula

    def within(self, rank: int) -> str:
        return self.text if self.rank >= rank else rf"\left({self.text}\right)"

    def _join(self, symbol: str, other: Formula, rank: int) -> Formula:
        if symbol == self.divide:
            return type(self)(rf"\frac{{{self.text}}}{{{other.text}}}", POWER)
        return super()._join(symbol, other, rank)

    def _power(self, exponent: Formula) -> Formula:
        return type(self)(f"{self.within(ATOM)}^{{{exponent.text}}}", POWER)

    def call(self, name: str, *operands: Formula | float) -> Formula:
        if name == "sqrt":
            return type(self)(rf"\sqrt{{{self.text}}}")
        if name == "abs":
            return type(self)(rf"\left|{self.text}\right|")
        if name == "sigmoid":
            function = r"\sigma"
        else:
            function = rf"\{name}" if name in self._FUNCTIONS else rf"\operatorname{{{latex_text(name)}}}"
        return type(self)(rf"{function}\left({', '.join(some([self, *operands], self.dots))}\right)")

    def choice(self, a: Formula | float, b: Formula | float) -> Formula:
        yes, no = self.of(a), self.of(b)
        cases = rf"{yes.text} & \text{{if }} {self.text} \\ {no.text} & \text{{else}}"
        return type(self)(rf"\begin{{cases}} {cases} \end{{cases}}", CHOICE)


def latex_name(name: str) -> str:
    r"""A label as a variable of LaTeX: ``x``, ``w_{0}`` for w0 and w[0], ``\mathrm{net\_h}_{1}``."""
    import re

    match = re.fullmatch(r"([^\W\d_](?:\w*[^\W\d_])?)_?(?:(\d+)|\[(\d+)\])?", name)
    if not match:
        return rf"\mathrm{{{latex_text(name)}}}"
    stem, *indices = match.groups()
    index = "".join(filter(None, indices))
    written = stem if len(stem) == 1 else rf"\mathrm{{{latex_text(stem)}}}"
    return f"{written}_{{{index}}}" if index else written


def latex_text(text: str) -> str:
    """`text` with the characters that mean something to LaTeX escaped."""
    escapes = {c: f"\\{c}" for c in "{}$&#%_"} | {" ": r"\ ", "\\": r"\backslash ", "^": r"\hat{}", "~": r"\sim "}
    return "".join(escapes.get(c, c) for c in text)
