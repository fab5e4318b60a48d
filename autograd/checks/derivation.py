"""Grading a derivation by hand: formulas for gradients, line by line, compared with the engine.

Each formula is parsed as an `expression` and calculated from the values of the graph and the lines before it. A line is
right or wrong; a line that is wrong only because of an earlier one names that one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, SupportsFloat

from ..engine.backward import topological_order
from ..engine.errors import require_value
from ..engine.grad import grad
from ..engine.value import Value
from ..notation.text_layout import clip
from .report import Report

Formula = str | SupportsFloat


class Line(NamedTuple):
    """One line of a derivation.

    `name` and `formula` are as they were given, `means` is the derivative (or node) that the line is about, `by_hand`
    and `engine` are its two values. `engine` is None for a definition, which only serves the lines after it.
    `inherited` are the earlier lines whose errors alone make this one wrong; `trouble` is why the formula has no value.
    """

    name: str
    formula: str
    means: str
    by_hand: float
    engine: float | None
    right: bool
    inherited: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def ok(self) -> bool:
        """Whether the line is right."""
        return self.right

    @property
    def error(self) -> float:
        """The value by hand minus the engine's; 0 for a definition."""
        return 0.0 if self.engine is None else self.by_hand - self.engine

    @property
    def verdict(self) -> str:
        """ "ok", "WRONG" with the reason where it is known, or "" for a definition."""
        if self.engine is None:
            return ""
        if self.right:
            return "ok"
        cause = self.trouble or (f"through {', '.join(self.inherited)}" if self.inherited else "")
        return f"WRONG, {cause}" if cause else "WRONG"

    def cells(self) -> tuple[str, ...]:
        """What the table shows."""
        engine = ("", "") if self.engine is None else (f"{self.engine:.6g}", f"{self.error:.4g}")
        return (self.name, self.means, clip(self.formula, 40), f"{self.by_hand:.6g}", *engine, self.verdict)


class Derivation(Report[Line]):
    """The result of `check_derivation`: a sequence of lines that prints as a table and is true when all are right."""

    heading = ("line", "means", "formula", "by hand", "engine", "error", "")
    numeric = (3, 4, 5)

    @property
    def wrong(self) -> tuple[str, ...]:
        """The names of the lines that are wrong."""
        return tuple(line.name for line in self if not line.right)

    def summary(self) -> str:
        """How many lines are wrong, and which."""
        graded = sum(line.engine is not None for line in self)
        wrong = self.wrong
        return f"{len(wrong)} of {graded} wrong: {', '.join(wrong)}" if wrong else f"all {graded} right"


def check_derivation(
    output: Value,
    formulas: Mapping[str, Formula | tuple[Value | str, Formula]],
    *,
    values: Mapping[str, SupportsFloat] | None = None,
    rtol: float = 1e-6,
) -> Derivation:
    """Grade formulas that were derived by hand, line by line, against the engine.

    Arguments:
        output: the Value that is differentiated, usually a loss.
        formulas: the lines in their order: a name, and its formula (a text such as ``"delta_o * h1"``, written as the
            command line and the stepper write formulas) or its number. A formula may use the labels of the graph (they
            mean the data of the nodes), the lines before it, `values`, and the functions of this package.
        values: more names for the formulas: plain numbers, or Values of the graph that have no label.
        rtol: a number is right when it differs by at most rtol times its size. A decimal, such as -0.0079, is also
            right when the engine's number rounds to it.

    The name of a line says what it is:

    - a label, ``h1``: the data of that node;
    - ``d`` or ``∂`` before a label, ``dw1``, also ``dL/dw1``: the derivative of `output` with respect to that node;
    - ``delta_`` or ``δ_`` before the rest of a label that begins with ``net_``: δ_h1 is the derivative with respect to
      net_h1;
    - any name whose value is a pair, ``"δ": (node or label, formula)``: the derivative with respect to that node;
    - any other name: a definition, which is not graded and which a later line must use.

    Returns a `Derivation`: ``bool()`` is True when all lines are right, ``print()`` shows a table, `.wrong` names the
    wrong lines. A line that is wrong only because an earlier one is, is wrong "through" that one.

    Raises ValueError, naming the line, for a formula that cannot be read, an unknown name and a definition that nothing
    uses; TypeError when `output` is not a Value.

    >>> w, x = Value(0.5, "w"), Value(3.0, "x")
    >>> net = w * x
    >>> net.label = "net_h"
    >>> h = net.tanh()
    >>> h.label = "h"
    >>> print(check_derivation(h * h, {"δ_h": "2 * h * (1 - h)", "dw": "δ_h * x", "dx": "δ_h * w"}))
    line  means      formula            by hand    engine     error
    δ_h   ∂f/∂net_h  2 * h * (1 - h)    0.17171  0.327133   -0.1554  WRONG
    dw    ∂f/∂w      δ_h * x           0.515129  0.981398   -0.4663  WRONG, through δ_h
    dx    ∂f/∂x      δ_h * w          0.0858549  0.163566  -0.07771  WRONG, through δ_h
    3 of 3 wrong: δ_h, dw, dx
    """
    require_value("output", output)
    grader = _Grader(output, values or {}, rtol)
    lines = [grader.grade(name, given) for name, given in formulas.items()]
    grader.finish(lines)
    return Derivation(lines)


class _Grader:
    """Grades one line after another with what the lines before it gave."""

    def __init__(self, output: Value, values: Mapping[str, SupportsFloat], rtol: float):
        self.output, self.rtol = output, rtol
        self.nodes: dict[str, list[Value]] = {}
        for node in topological_order(output):
            if node.label:
                self.nodes.setdefault(_normal(node.label), []).append(node)
        self.nodes |= {_normal(name): [value] for name, value in values.items() if isinstance(value, Value)}
        self.numbers = {_normal(name): float(x) for name, x in values.items() if not isinstance(x, Value)}
        self.written: dict[str, float] = {}  # the values by hand
        self.true: dict[str, float] = {}  # and what they would be if every line before were right
        self.through: dict[str, tuple[str, ...]] = {}  # of each line, the lines whose errors are in it
        self.unused: list[str] = []

    def grade(self, name: str, given: Formula | tuple[Value | str, Formula]) -> Line:
        target, formula = given if isinstance(given, tuple) else (None, given)
        means, engine = self._meaning(name, target)
        names, by_hand, alone, trouble = self._calculate(name, formula)
        right = engine is None or self._agree(by_hand, engine, formula)
        sound = engine is None or self._agree(alone, engine, formula)
        inherited = tuple(dict.fromkeys(line for used in names for line in self.through.get(used, ())))
        own = _normal(name)
        self.written[own] = by_hand
        self.true[own] = alone if engine is None else engine
        self.through[own] = () if engine is not None and right else inherited if sound else (name,)
        self.unused = [line for line in self.unused if _normal(line) not in names]
        if engine is None:
            if trouble:
                raise ValueError(f"line {name!r}: {trouble}")
            self.unused.append(name)
        text = formula if isinstance(formula, str) else f"{float(formula):.10g}"
        return Line(name, text, means, by_hand, engine, right, inherited if sound and not right else (), trouble)

    def finish(self, lines: Iterable[Line]) -> None:
        if self.unused:
            known = ", ".join(sorted(self.nodes)) or "no labels"
            raise ValueError(
                f"line {self.unused[0]!r} means nothing here: no gradient has that name, and no later line uses it. "
                f"The graph has {known}; the gradient of node w is called dw, or give it as (node, formula)"
            )
        if all(line.engine is None for line in lines):
            raise ValueError("there is no line to grade: the gradient of the node labelled w is called dw")

    def _meaning(self, name: str, target: Value | str | None) -> tuple[str, float | None]:
        """What a line is about, and the value by the engine; None for a definition."""
        if target is not None:
            node = target if isinstance(target, Value) else self._node(_normal(target), f"line {name!r}")
            return self._gradient(node, node.label or "·")
        plain = _normal(name)
        if plain in self.nodes:
            return plain, self._node(plain, f"line {name!r}").data
        for label in _differentiated(plain):
            if label in self.nodes:
                return self._gradient(self._node(label, f"line {name!r}"), label)
        return "", None

    def _gradient(self, node: Value, label: str) -> tuple[str, float]:
        if not node.requires_grad:
            raise ValueError(f"{node!r} is a constant: it has no gradient to grade")
        return f"∂{self.output.label or 'f'}/∂{label}", grad(self.output, [node])[0]

    def _node(self, label: str, where: str) -> Value:
        found = self.nodes.get(label, [])
        if len(found) == 1:
            return found[0]
        if found:
            raise ValueError(f"{where}: {len(found)} nodes are labelled {label!r}; name one of them in values")
        known = ", ".join(sorted({*self.nodes, *self.numbers, *self.written})) or "nothing"
        raise ValueError(f"{where}: {label!r} is not known here; known are {known}")

    def _calculate(self, name: str, formula: Formula) -> tuple[Sequence[str], float, float, str]:
        """The names in a formula, its value by hand and without the errors of earlier lines, and why it has none."""
        if not isinstance(formula, str):
            return (), float(formula), float(formula), ""
        from ..expression import Expression  # ast takes longer to import than all the rest

        try:
            expression = Expression(formula, {*self.nodes, *self.numbers, *self.written})
        except ValueError as error:
            raise ValueError(f"line {name!r}: {error}") from None
        results = []
        trouble = ""
        for lines in (self.written, self.true):
            point = [self._number(used, lines, name) for used in expression.names]
            try:
                results.append(float(expression(*point)))
            except (ValueError, ArithmeticError) as error:
                results.append(float("nan"))
                trouble = trouble or str(error)
        return expression.names, results[0], results[1], trouble

    def _number(self, used: str, lines: Mapping[str, float], line: str) -> float:
        if used in lines:
            return lines[used]
        return self.numbers[used] if used in self.numbers else self._node(used, f"line {line!r}").data

    def _agree(self, by_hand: float, engine: float, formula: Formula) -> bool:
        slack = max(self.rtol * abs(engine), 1e-12, _half_a_digit(formula))
        return abs(by_hand - engine) <= slack


def _differentiated(name: str) -> Iterator[str]:
    """The labels of the nodes whose gradient may be called `name`."""
    for sign in ("delta_", "δ_", "delta", "δ"):
        if name.startswith(sign):
            yield f"net_{name.removeprefix(sign)}"
    above, slash, below = name.partition("/")
    by = below if slash and above.startswith(_D) else name
    if by.startswith(_D):
        yield by[1:]


_D = ("d", "∂")


def _half_a_digit(formula: Formula) -> float:
    """Half a unit of the last decimal place of a number; 0 for a whole number and for a formula."""
    import re
    from decimal import Decimal

    text = formula.strip() if isinstance(formula, str) else repr(float(formula))
    if not re.fullmatch(r"[-+]?\d*\.\d+([eE][-+]?\d+)?", text) or text.endswith(".0"):
        return 0.0
    exponent = Decimal(text).as_tuple().exponent
    assert isinstance(exponent, int)
    return 0.5000001 * 10.0**exponent


def _normal(name: str) -> str:
    """A name as Python's parser normalises it."""
    from unicodedata import normalize

    return normalize("NFKC", name)
