"""Formulas for people: symbols, LaTeX, names, and choices made where the numbers are known."""

import math
import re
from itertools import product

import pytest

from autograd import Value, stepper
from autograd.engine.evaluate import FLOATS, evaluate, local_grads
from autograd.notation.symbols import Latex, Symbols, latex_name, short_number
from autograd.rules.as_formulas import call_formula, partial_formulas, partial_formulas_at, value_formula
from autograd.rules.formula import CHOICE, Source
from autograd.rules.table import LEAF, TABLE
from tests.extent import case

ROWS = [row for row in TABLE.values() if row is not LEAF]
POINTS = (
    (0.5, 0.25, 0.75, 0.125, 0.5),
    (-0.5, 2.0, -3.0, 1.5, 0.25),
    (0.5, 0.5, 0.5, 0.5, 0.5),
    (0.0, 1.0, 0.0, 1.0, 0.0),
)


def operands(row):
    return [f"x{k}" for k in range(5)] if row.variadic else list(row.operands)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_side_taken_has_the_value_of_the_whole_rule(row):
    for point in POINTS:
        with case(point):
            check_the_side_taken(row, point)


def check_the_side_taken(row, point):
    names = operands(row)
    numbers = point[: len(names)]
    try:
        out = evaluate(row, numbers, numbers)
    except (ValueError, ArithmeticError):
        return
    scope = {name: getattr(FLOATS, name) for name in TABLE if name.isidentifier()} | {"max": max}
    scope["take"] = lambda index, *xs: xs[int(index)]
    scope |= dict(zip(names, numbers, strict=True)) | {"out": out}
    for formula, local in zip(
        partial_formulas_at(row, "out", names, (out, *numbers), Source), local_grads(row, out, numbers), strict=True
    ):
        if math.isfinite(local):
            assert eval(formula.text, scope) == local
            assert formula.rank != CHOICE


def test_every_row_reads_in_every_notation():
    for row, kind in product(ROWS, [Symbols, Latex]):
        with case(f"{row.name} in {kind.__name__}"):
            names = operands(row)
            formulas = [value_formula(row, names, kind), call_formula(row, names, kind)]
            formulas += partial_formulas(row, "f", names, kind)
            for text in map(str, formulas):
                for left, right in ("()", "[]", "{}"):
                    assert text.count(left) == text.count(right)
                assert text.count(r"\left") == text.count(r"\right")
                assert text.count("**") == text.count("*") == 0


def test_symbols():
    x, y = Symbols("x"), Symbols("y")
    assert str(x**2 * y) == "x²·y"
    assert str(x**y + y**12) == "x^y + y¹²"
    assert str((x + y) * -2) == "(x + y)·(-2)"
    assert str(x - (-y)) == "x - (-y)"
    assert str(x.call("sqrt") * (x + y).call("sqrt")) == "√x·√(x + y)"
    assert str(x.call("abs") ** 2) == "|x|²"
    assert str(Symbols.add_up([x] * 9)) == "x + x + … + x"
    assert str(Symbols.add_up([x - y] * 9)) == "x - y + (x - y) + … + (x - y)"
    assert str(x * (1 / 3)) == "x·0.333333"


def test_latex():
    x, y = Latex("x"), Latex("y")
    assert str((x + y) * x) == r"\left(x + y\right) \cdot x"
    assert str(1 / (x + y)) == r"\frac{1}{x + y}"
    assert str((1 / x) ** (x + y)) == r"\left(\frac{1}{x}\right)^{x + y}"
    assert str(x.call("sigmoid")) == r"\sigma\left(x\right)"
    assert str(x * 1e-10) == r"x \cdot \left(1 \cdot 10^{-10}\right)"
    assert Latex.numeral(math.inf) == r"\infty"
    assert Latex.numeral(-math.inf) == r"-\infty"


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("x", "x"),
        ("w0", "w_{0}"),
        ("w_12", "w_{12}"),
        ("w[3]", "w_{3}"),
        ("loss", r"\mathrm{loss}"),
        ("net_h1", r"\mathrm{net\_h}_{1}"),
        ("a & {b}", r"\mathrm{a\ \&\ \{b\}}"),
        ("50%_x#2", r"\mathrm{50\%\_x\#2}"),
        ("\\input", r"\mathrm{\backslash input}"),
    ],
)
def test_labels_are_variables_of_latex(name, latex):
    assert latex_name(name) == latex


def test_numbers_to_read():
    assert [short_number(x) for x in (3.0, -0.0, 0.1 + 0.2, 1e-5, 123456789.0)] == [
        "3",
        "0",
        "0.3",
        "1e-05",
        "1.23457e+08",
    ]


def test_absolute_values_within_each_other_can_be_read_back():
    x, y = Symbols("x"), Symbols("y")
    assert str((x.call("abs") * y.call("abs")).call("abs")) == "abs(|x|·|y|)"


def test_a_negative_factor_has_parentheses_on_either_side():
    x, y = Value(-3.0, "x"), Value(-2.0, "y")
    s = stepper(x * y, forward=True)
    assert str(s.step()) == "*  f = x·y    = (-3)·(-2) = 6"
    for step in s:
        for line in (str(step), step.explain()):
            assert not re.search(r"× ?-|(?<![(\d])-\d+ ×", line)
