"""The reading of the table by JavaScript: every row as two functions, for pages that calculate without Python.

A rule is evaluated with an `Expression`, which remembers how it was made. From these, `Writer` writes the statements of
a function: what is used once stands where it is used, what is used several times gets a name. A list of any length,
the ``*xs`` of a rule over many numbers, is one expression that stands for each element; a sum over it is a loop.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from . import error_function
from .formula import ATOM, CHOICE, COMPARISON, PRODUCT, SIGN, SUM
from .parts import complete
from .table import TABLE, Namespace, Operation

_RANKS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "?": CHOICE, "neg": SIGN} | dict.fromkeys(
    ("<", "<=", ">", ">="), COMPARISON
)
_OVER_LISTS = ("sum", "largest", "smallest", "product", "productsOfOthers")

# What JavaScript's Math has, by the names of the table.
_MATH = "abs exp expm1 log log1p log2 log10 sqrt cbrt sin cos tan sinh cosh tanh hypot"
FUNCTIONS = {name: f"Math.{name}" for name in _MATH.split()} | {
    "arcsin": "Math.asin",
    "arccos": "Math.acos",
    "arctan": "Math.atan",
    "arcsinh": "Math.asinh",
    "arccosh": "Math.acosh",
    "arctanh": "Math.atanh",
    "arctan2": "Math.atan2",
    "minimum": "minimum",
    "maximum": "maximum",
    "erf": "erf",
    "erfc": "erfc",
}

NUMBERS = """\
const power = (x, y) => (x === 1 || y === 0 ? 1 : x === -1 && (y === Infinity || y === -Infinity) ? 1 : x ** y);
const minimum = (x, y) => (y < x ? y : x <= y ? x : x + y); // NaN if one of them is
const maximum = (x, y) => (x < y ? y : y <= x ? x : x + y);
"""
LISTS = """\
const take = (index, xs) => xs[index] ?? NaN;

// Lists: f(i) is the element at i.
const each = (count, f) => Array.from({ length: count }, (_, i) => f(i));
const reduce = (count, f, two) => {
  let result = f(0);
  for (let i = 1; i < count; i++) result = two(result, f(i));
  return result;
};
const sum = (count, f) => (count ? reduce(count, f, (x, y) => x + y) : 0);
const product = (count, f) => reduce(count, f, (x, y) => x * y);
const largest = (count, f) => reduce(count, f, maximum);
const smallest = (count, f) => reduce(count, f, minimum);
const productsOfOthers = (count, f) => {
  const before = new Array(count).fill(1), after = new Array(count).fill(1);
  for (let i = 1; i < count; i++) before[i] = before[i - 1] * f(i - 1);
  for (let i = count - 2; i >= 0; i--) after[i] = after[i + 1] * f(i + 1);
  return before.map((x, i) => x * after[i]);
};
"""
_TAKEN = {*re.findall(r"const (\w+)", NUMBERS + LISTS), "rules", "erf", "erfc", "i", "count", "all", "out", "xs"}
_RESERVED = (
    " arguments await break case catch class const continue debugger default delete do else enum eval export extends "
    " false finally for function if implements import in instanceof interface let new null package private protected "
    " public return static super switch this throw true try typeof var void while with yield Math Array NaN Infinity "
    " undefined "
)


def safe(name: str) -> str:
    """A name of Python as one that JavaScript, and what we write in it, has no other use for."""
    return f"{name}_" if name in _TAKEN or f" {name} " in _RESERVED or re.fullmatch(r"t\d+", name) else name


def numeral(number: float) -> str:
    """A number in JavaScript: ``2``, ``1e-05``, ``-Infinity``."""
    if math.isnan(number):
        return "NaN"
    text = repr(float(number)).replace("inf", "Infinity")
    return text[:-2] if text.endswith(".0") else text


class Expression:
    """A number that JavaScript will calculate. `each`: it stands for one number for each element of a list."""

    __slots__ = ("call", "each", "operands")

    def __init__(self, call: str, *operands: "Expression | float", each: bool | None = None):
        self.call, self.operands = call, operands
        inherits = call not in _OVER_LISTS or call == "productsOfOthers"
        self.each = (inherits and any(_is_each(x) for x in operands)) if each is None else each

    def __repr__(self) -> str:
        return f"<{self.call} of {len(self.operands)}>"

    def __add__(self, other: Any) -> "Expression":
        return self if _is(other, 0.0) else Expression("+", self, other)

    def __radd__(self, other: Any) -> "Expression":
        return self if _is(other, 0.0) else Expression("+", other, self)

    def __sub__(self, other: Any) -> "Expression":
        return Expression("-", self, other)

    def __rsub__(self, other: Any) -> "Expression":
        return Expression("-", other, self)

    def __mul__(self, other: Any) -> "Expression":
        return self if _is(other, 1.0) else Expression("*", self, other)

    def __rmul__(self, other: Any) -> "Expression":
        return self if _is(other, 1.0) else Expression("*", other, self)

    def __truediv__(self, other: Any) -> "Expression":
        return self if _is(other, 1.0) else Expression("/", self, other)

    def __rtruediv__(self, other: Any) -> "Expression":
        return Expression("/", other, self)

    def __pow__(self, other: Any) -> "Expression":
        return Expression("power", self, other)

    def __rpow__(self, other: Any) -> "Expression":
        return Expression("power", other, self)

    def __neg__(self) -> "Expression":
        return Expression("neg", self)

    def __lt__(self, other: Any) -> "Expression":
        return Expression("<", self, other)

    def __le__(self, other: Any) -> "Expression":
        return Expression("<=", self, other)

    def __gt__(self, other: Any) -> "Expression":
        return Expression(">", self, other)

    def __ge__(self, other: Any) -> "Expression":
        return Expression(">=", self, other)

    def __bool__(self) -> bool:
        raise TypeError("a rule cannot branch on a number with if: write m.where(condition, a, b)")


def _is_each(x: "Expression | float") -> bool:
    return isinstance(x, Expression) and x.each


def _is(x: Any, number: float) -> bool:
    return isinstance(x, (int, float)) and x == number


class _QuestionError(Exception):
    """A rule asks whether an expression is 0: its function has two branches."""

    def __init__(self, expression: Expression):
        super().__init__()
        self.expression = expression


def _where(condition: Any, a: Any, b: Any) -> Any:
    if not isinstance(condition, Expression):
        return a if condition else b
    if _RANKS.get(condition.call) != COMPARISON:
        condition = Expression("!=", condition)
    return Expression("?", condition, a, b)


def _over(call: str, xs: Iterable[Any]) -> Any:
    """A function of many: a loop over what stands for each element of a list, and the single numbers beside it."""
    two = {"sum": "+", "largest": "maximum", "smallest": "minimum", "product": "*"}[call]
    parts = [Expression(call, x) if _is_each(x) else x for x in xs]
    result, *others = parts or [0.0]
    for x in others:
        result = result + x if two == "+" else Expression(two, result, x)
    return result


def _take(index: Any, xs: Sequence[Any]) -> Expression:
    (x,) = xs
    return Expression("take", index, x, each=False)


def namespace(answers: dict[str, bool] | None = None) -> Namespace:
    """The functions of expressions. `answers` say of operands whether they are 0, where a rule asks for that."""
    known = answers or {}

    def is_zero(x: Any) -> bool:
        if not isinstance(x, Expression):
            return not x
        if x.call not in known:
            raise _QuestionError(x)
        return known[x.call]

    return complete(
        Namespace(
            lambda _, row: partial(_function, f"rules.{row.name}.value"),
            **{name: partial(_function, call) for name, call in FUNCTIONS.items()},
            where=_where,
            sum=lambda xs, *rest: _over("sum", [*xs, *rest]),
            largest=partial(_over, "largest"),
            smallest=partial(_over, "smallest"),
            product=partial(_over, "product"),
            products_of_others=lambda xs: [Expression("productsOfOthers", *xs)],
            count=lambda _: Expression("count"),
            positions=lambda _: [Expression("i", each=True)],
            take=_take,
            is_zero=is_zero,
        )
    )


def _function(call: str, *operands: Any) -> Expression:
    return Expression(call, *operands)


class Writer:
    """Writes expressions as the statements of one function.

    Arguments:
        results: the expressions whose texts `texts` gives; `statements` go before them.
    """

    def __init__(self, results: Sequence[Expression | float]):
        self.statements: list[str] = []
        self._known: dict[Any, Expression] = {}
        self._keys: dict[int, Any] = {}
        self._names: dict[int, str] = {}
        self._results = [self._shared(x) for x in results]
        uses = Counter(id(x) for x in self._results)
        for x in self._known.values():
            for y in _expressions(x):
                # What is no list but is used by one is calculated once, not for each element.
                uses[id(y)] += 1 if y.each or not (x.each or x.call in _OVER_LISTS) else 2
        for x in self._known.values():
            is_list = x.call == "productsOfOthers"
            if x.operands and (uses[id(x)] > 1 or is_list):
                name = f"t{len(self._names) + 1}"
                text = self._body(x)[0]
                self.statements.append(f"const {name} = {text if is_list or not x.each else _each(text)};")
                self._names[id(x)] = f"{name}[i]" if x.each else name

    def texts(self) -> list[str]:
        """The text of each result; of one that stands for each element, with ``i`` for its place."""
        return [self._text(x)[0] for x in self._results]

    def _shared(self, x: Expression | float) -> Expression | float:
        """The first expression that was made as `x` was; an explicit stack, since formulas may be deep."""
        if not isinstance(x, Expression):
            return x
        stack = [x]
        while stack:
            node = stack[-1]
            missing = [y for y in _expressions(node) if id(y) not in self._keys]
            if missing:
                stack.extend(missing)
                continue
            stack.pop()
            if id(node) not in self._keys:
                operands = [self._known[self._keys[id(y)]] if isinstance(y, Expression) else y for y in node.operands]
                key = (node.call, *(id(y) if isinstance(y, Expression) else numeral(y) for y in operands))
                self._keys[id(node)] = key
                if key not in self._known:
                    self._known[key] = Expression(node.call, *operands, each=node.each)
        return self._known[self._keys[id(x)]]

    def _text(self, x: Expression | float) -> tuple[str, int]:
        if not isinstance(x, Expression):
            text = numeral(x)
            return text, SIGN if text.startswith("-") else ATOM
        name = self._names.get(id(x))
        return (name, ATOM) if name else self._body(x)

    def _within(self, x: Expression | float, rank: int) -> str:
        text, own = self._text(x)
        return text if own >= rank else f"({text})"

    def _body(self, x: Expression) -> tuple[str, int]:
        rank = _RANKS.get(x.call, ATOM)
        if not x.operands:
            return x.call, ATOM
        if x.call == "neg":
            return f"-{self._within(x.operands[0], ATOM)}", SIGN
        if x.call == "!=":
            return f"{self._within(x.operands[0], SUM)} != 0", COMPARISON
        if x.call == "?":
            condition, a, b = x.operands
            yes, no = self._within(a, COMPARISON), self._within(b, CHOICE)
            return f"{self._within(condition, COMPARISON)} ? {yes} : {no}", CHOICE
        if x.call in _RANKS:
            left, right = x.operands
            return f"{self._within(left, rank)} {x.call} {self._within(right, rank + 1)}", rank
        if x.call in _OVER_LISTS:
            return f"{x.call}(count, (i) => {self._text(x.operands[0])[0]})", ATOM
        if x.call == "take":
            index, element = x.operands
            return f"take({self._text(index)[0]}, {_each(self._text(element)[0])})", ATOM
        return f"{x.call}({', '.join(self._text(y)[0] for y in x.operands)})", ATOM


def _expressions(x: Expression) -> Iterator[Expression]:
    """The operands that are no plain numbers."""
    return (y for y in x.operands if isinstance(y, Expression))


def _each(text: str) -> str:
    """The list of what `text` is at each place i."""
    named = re.fullmatch(r"(xs|t\d+)\[i\]", text)
    return named[1] if named else f"each(count, (i) => {text})"


def _function_text(head: str, body: list[str], result: str) -> str:
    """A function with these statements; short where it has none."""
    if not body:
        return f"{head} => {result}"
    return "\n".join([f"{head} => {{", *(f"      {line}" for line in body), f"      return {result};", "    }"])


def _operands(row: Operation) -> tuple[list[Expression], list[str], list[str]]:
    """The operands of a row, the parameters of its functions, and statements that make the first of the second."""
    names = [safe(name) for name in row.operands]
    if not row.variadic:
        return [Expression(name) for name in names], names, []
    fixed = names[:-1]
    if row.name == "dot":  # two lists and a bias
        xs = [Expression("all[i]", each=True), Expression("all[count + i]", each=True), Expression("bias")]
        start = "const count = all.length >> 1, bias = all.length % 2 ? all[2 * count] : 0;"
        return xs, ["...all"], [start]
    xs = [*map(Expression, fixed), Expression("xs[i]", each=True)]
    return xs, [*fixed, "...xs"], ["const count = xs.length;"]


def _body(rule: Callable[[Namespace], Sequence[Any]], many: Sequence[bool] | None, answers: dict[str, bool]) -> Any:
    """Statements of a function and the text of its result; `many` says which elements of a list are lists."""
    try:
        results = rule(namespace(answers))
    except _QuestionError as question:
        x = question.expression.call
        zero, if_zero = _body(rule, many, answers | {x: True})
        others, result = _body(rule, many, answers | {x: False})
        return [f"if ({x} === 0) {{", *(f"  {line}" for line in zero), f"  return {if_zero};", "}", *others], result
    writer = Writer(results)
    texts = writer.texts()
    if many is None:
        return writer.statements, texts[0]
    parts = [f"...{_each(text)}" if is_many else text for text, is_many in zip(texts, many, strict=True)]
    return writer.statements, f"[{', '.join(parts)}]"


def _row(row: Operation) -> str:
    xs, parameters, start = _operands(row)
    statements, result = _body(lambda m: [row.value(m, *xs)], None, {})
    value = _function_text(f"({', '.join(parameters)})", [*start, *statements], result)
    out = Expression("out")
    statements, result = _body(lambda m: row.partials(m, out, *xs), [x.each for x in xs], {})
    if row.name == "dot":
        result += ".slice(0, all.length)"  # no bias, no derivative by it
    partials = _function_text(f"({', '.join(['out', *parameters])})", [*start, *statements], result)
    return f'  "{row.name}": {{\n    value: {value},\n    partials: {partials},\n  }},'


def functions(names: Iterable[str]) -> str:
    """Of erf and erfc, which `Math` lacks, those in `names`; they call ``rules``."""
    lines = []
    for name in names:
        rule = getattr(error_function, name)
        statements, result = _body(lambda m, rule=rule: [rule(m, Expression("x"))], None, {})  # type: ignore[misc]
        body = "\n".join(f"  {line}" for line in [*statements, f"return {result};"])
        lines.append(f"const {name} = (x) => {{\n{body}\n}};")
    return "\n".join(lines)


def javascript(rows: Iterable[Operation] | None = None) -> str:
    """Rows of the table as an ES module, for a page or for Node.

    Its one export is ``rules``: ``rules["tanh"].value(x)`` is the value of an operation and ``.partials(out, x)`` the
    list of its derivatives, one for each operand, where ``out`` is the value. Outside the domain they give what IEEE
    754 says, NaN or an infinity, where Python raises. Nothing in it is evaluated from text.

    Arguments:
        rows: the rows that are wanted, all when None; rows that these call are added. A rule with ``*xs`` must treat
            all of them in the same way, as those of the table do.

    Example:
        >>> from autograd.rules.as_javascript import javascript
        >>> from autograd.rules.table import lookup
        >>> text = javascript([lookup("tanh")])
        >>> "value: (x) => Math.tanh(x)," in text
        True
    """
    wanted = dict.fromkeys(TABLE if rows is None else [row.name for row in rows])
    given = {} if rows is None else {row.name: row for row in rows}
    written: dict[str, str] = {}
    helpers = NUMBERS + LISTS + functions(["erf", "erfc"])
    stack = [*wanted, *_called(helpers)][::-1]
    while stack:
        name = stack.pop()
        if name not in written:
            written[name] = _row(given.get(name) or TABLE[name])
            stack.extend(_called(written[name]))
    return f"{helpers}\n\nexport const rules = {{\n" + "\n".join(written.values()) + "\n};\n"


def _called(text: str) -> list[str]:
    return re.findall(r"rules\.(\w+)\.value", text)
