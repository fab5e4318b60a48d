"""Formulas: whatever is calculated with them, the text is worth what the calculation is worth."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.notation.symbols import Symbols
from autograd.rules.as_formulas import call_formula, is_composed, partial_formulas, value_formula
from autograd.rules.floats import FLOATS
from autograd.rules.formula import Formula, Source, number_text
from autograd.rules.table import TABLE, Operation
from tests.extent import examples

X, Y, Z = (Formula(name) for name in "xyz")
AT = {"x": 3.0, "y": -2.0, "z": 0.5}


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (X + Y, "x + y"),
        (X - (Y - Z), "x - (y - z)"),
        ((X - Y) - Z, "x - y - z"),
        (X * (Y + Z), "x*(y + z)"),
        (X / (Y / Z), "x / (y / z)"),
        (X / Y / Z, "x / y / z"),
        (X * (Y * Z), "x*(y*z)"),
        ((X + Y) ** Z, "(x + y)**z"),
        ((X**Y) ** Z, "(x**y)**z"),
        (X ** (Y**Z), "x**(y**z)"),
        ((-X) ** 2, "(-x)**2"),
        (-(X**2), "-x**2"),
        (X**-1, "x**(-1)"),
        (-(X + Y), "-(x + y)"),
        (-(X * Y), "-x*y"),
        (X - -Y, "x - -y"),
        (2 - X, "2 - x"),
        (2 / X, "2 / x"),
        (2**X, "2**x"),
        (X.call("exp") + 1, "exp(x) + 1"),
        (X.call("minimum", Y, 2), "minimum(x, y, 2)"),
        ((X < Y) < Z, "(x < y) < z"),
        ((X >= Y).choice(X, Y) + 1, "(x if x >= y else y) + 1"),
        ((X > 0).choice((Y > 0).choice(X, Y), Z), "(x if y > 0 else y) if x > 0 else z"),
        ((X > 0).choice(X, (Y > 0).choice(Y, Z)), "x if x > 0 else y if y > 0 else z"),
    ],
)
def test_parentheses_where_they_are_needed_and_nowhere_else(formula: Formula, text: str) -> None:
    assert formula.text == str(formula) == text


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (1 * X, "x"),
        (X * 1.0, "x"),
        (-1 * X, "-x"),
        (X * -1, "-x"),
        (0 + X, "x"),
        (X + 0, "x"),
        (X - 0, "x"),
        (0 - X, "-x"),
        (X / 1, "x"),
        (X**1, "x"),
        (X ** (Formula.of(2) - 1), "x"),
        (2 * X ** (Formula.of(3) - 1), "2*x**2"),
        (Formula.of(2) * 3 + X, "6 + x"),
        (-Formula.of(2), "-2"),
        (0 * X, "0*x"),  # not 0: x may be infinite
        (X - X, "x - x"),
        (X**0, "x**0"),
        (Formula.of(1) / 0, "1 / 0"),
        (Formula.of(-8) ** 0.5, "(-8)**0.5"),
        (Formula.of(1e308) * 10, "1e+308*10"),
    ],
)
def test_simplified_as_much_as_keeps_the_value(formula: Formula, text: str) -> None:
    assert formula.text == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (2.0, "2"),
        (-2.0, "-2"),
        (0.1, "0.1"),
        (1e-05, "1e-05"),
        (1e22, "1e+22"),
        (1 / 3, "0.3333333333333333"),
        (5, "5"),
    ],
)
def test_numbers_read_back_as_themselves(number: float, text: str) -> None:
    assert number_text(number) == text
    assert float(text) == number


def test_a_source_has_floats_for_numbers() -> None:
    x = Source("x")
    assert str(2 * x**3) == "2.0*x**3.0"
    assert str(x + 1) == "x + 1.0"


def test_a_formula_knows_its_number() -> None:
    assert (Formula.of(2) * 3).number == 6.0
    assert (X * 3).number is None
    assert Formula.of(2) < 3
    assert not Formula.of(2) > 3
    assert isinstance(X < 3, Formula)


def test_a_formula_is_no_bool_and_not_compared_for_equality() -> None:
    with pytest.raises(TypeError, match=r"cannot branch on 'x > 0'.*m\.where"):
        bool(X > 0)
    with pytest.raises(TypeError, match=r"'x' == 0.*identity"):
        X == 0  # noqa: B015
    with pytest.raises(TypeError, match="identity"):
        X != Y  # noqa: B015
    with pytest.raises(TypeError, match="unhashable"):
        hash(X)


# any formula at all

Pair = tuple[Any, Any]  # the same calculation with formulas and with floats

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
}
NUMBERS = st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0, 0.5, 3])
LEAVES = st.one_of(st.sampled_from(sorted(AT)).map(lambda n: ("name", n)), NUMBERS.map(lambda c: ("number", c)))
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(sorted(OPERATORS)), inner, inner),
        st.tuples(st.just("neg"), inner),
        st.tuples(st.just("exp"), inner),
        st.tuples(st.just("choice"), inner, inner, inner),
    ),
    max_leaves=10,
)


class UndefinedError(ArithmeticError):
    pass


def calculate(tree: Any, kind: type[Formula] | None) -> Any:
    """A tree by formulas, or by floats where `kind` is None."""
    op, *parts = tree
    if op == "name":
        return AT[parts[0]] if kind is None else kind(parts[0])
    if op == "number":
        return parts[0]
    operands = [calculate(part, kind) for part in parts]
    if op == "neg":
        return -operands[0]
    if op == "exp":
        return FLOATS.exp(operands[0]) if kind is None else kind.of(operands[0]).call("exp")
    if op == "choice":
        condition = operands[0] > 0
        if isinstance(condition, Formula) and condition.number is None:
            return condition.choice(*operands[1:])
        return operands[1] if condition else operands[2]
    result = OPERATORS[op](*operands)
    if isinstance(result, complex) or (isinstance(result, float) and not math.isfinite(result)):
        raise UndefinedError
    return result


@examples(600)
@given(TREES, st.sampled_from([Formula, Source]))
def test_the_text_is_worth_what_the_calculation_is(tree: Any, kind: type[Formula]) -> None:
    try:
        expected = calculate(tree, None)
        formula = calculate(tree, kind)
    except ArithmeticError:
        return
    text = str(kind.of(formula))
    assert eval(text, {"exp": FLOATS.exp}, AT) == pytest.approx(expected, rel=1e-12, abs=1e-12), text


def test_the_property_above_would_notice_a_lost_parenthesis() -> None:
    class Careless(Formula):
        __slots__ = ()

        def within(self, rank: int) -> str:
            return self.text

    tree = ("-", ("name", "x"), ("-", ("name", "y"), ("name", "z")))
    text = str(calculate(tree, Careless))
    assert eval(text, {}, AT) != calculate(tree, None)


# rows as text

ROWS = {
    "sigmoid": ("1 / (1 + exp(-x))", ["out*(1 - out)"]),
    "tanh": ("tanh(x)", ["1 - out*out"]),
    "*": ("x*y", ["y", "x"]),
    "-": ("x - y", ["1", "-1"]),
    "/": ("x / y", ["1 / y", "-out / y"]),
    "log": ("log(x)", ["1 / x"]),
    "neg": ("-x", ["-1"]),
    "total": ("a + b + c", ["1", "1", "1"]),
    "dot": ("a*b + c", ["b", "a", "1"]),
    "mean": ("(a + b + c) / 3", ["0.3333333333333333"] * 3),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_a_row_looks_like(name: str) -> None:
    row, (value, slopes) = TABLE[name], ROWS[name]
    names = list(row.operands) if not row.variadic else ["a", "b", "c"]
    assert str(value_formula(row, names)) == value
    assert list(map(str, partial_formulas(row, "out", names))) == slopes


def test_numbers_put_into_a_row() -> None:
    square = partial_formulas(TABLE["**"], "out", ["x", 2.0])[0]
    assert str(square) == "2*x"
    assert str(value_formula(TABLE["**"], ["x", 3.0])) == "x**3"
    assert str(value_formula(TABLE["*"], [2.0, 3.0])) == "6"
    assert str(value_formula(TABLE["logsumexp"], ["x"])) == "x + log(exp(x - x))"


def test_calls() -> None:
    assert str(call_formula(TABLE["+"], ["x", "y"])) == "x + y"
    assert str(call_formula(TABLE["neg"], ["x"])) == "-x"
    assert str(call_formula(TABLE["sigmoid"], ["x"])) == "sigmoid(x)"
    assert str(call_formula(TABLE["dot"], ["w1", "w2", "x1", 2.0])) == "dot(w1, w2, x1, 2)"


@pytest.mark.parametrize(
    ("name", "composed"),
    [
        ("sigmoid", True),
        ("dot", True),
        ("softplus", True),
        ("mean", True),
        ("exp", False),
        ("+", False),
        ("relu", False),
    ],
)
def test_which_rows_are_formulas_of_others(name: str, composed: bool) -> None:
    assert is_composed(TABLE[name], 3 if TABLE[name].variadic else len(TABLE[name].operands)) is composed


def test_signatures() -> None:
    assert [TABLE[name].signature for name in ("+", "log", "dot", "leaky_relu")] == [
        "x + y",
        "log(x)",
        "dot(*xs)",
        "leaky_relu(x, slope)",
    ]
    assert repr(TABLE["log"]) == "Operation('log')"
    assert isinstance(TABLE["log"], Operation)


def test_inside_a_rule_floats_overflow_to_infinity() -> None:
    assert [FLOATS.exp(1000.0), FLOATS.expm1(1000.0), FLOATS.cosh(1000.0), FLOATS.cosh(-1000.0)] == [math.inf] * 4
    assert [FLOATS.sinh(1000.0), FLOATS.sinh(-1000.0)] == [math.inf, -math.inf]
    assert [FLOATS.exp(-1000.0), FLOATS.expm1(-1000.0)] == [0.0, -1.0]
    with pytest.raises(ValueError, match="domain"):
        FLOATS.log(-1.0)


def test_symbols_are_written_as_people_write_them() -> None:
    w, x = Symbols("w"), Symbols("x")
    assert str(w * x) == "w·x"
    assert str(x**2 + 1) == "x² + 1"
    assert str((w + x) ** 10) == "(w + x)¹⁰"


def test_a_negative_zero_has_a_sign() -> None:
    assert str(Formula.of(-0.0) ** Formula("x")) == "(-0)**x"
    assert str(Source.of(-0.0) ** Source("x")) == "(-0.0)**x"
