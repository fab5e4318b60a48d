"""Expressions: what the grammar takes, and what it refuses, however large."""

import inspect
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value
from autograd.expression import FUNCTIONS, Expression, ExpressionError

LEGAL = {
    "(x + y) * z": lambda x, y, z: (x + y) * z,
    "-x*3": lambda x: -x * 3,
    "--x": lambda x: x,
    "+x - -y": lambda x, y: x + y,
    "x**2 / y": lambda x, y: x**2 / y,
    "2**x": lambda x: 2**x,
    "x**-y": lambda x, y: x**-y,
    "-x**2": lambda x: -(x**2),
    "1_000*x + 0x10 + 1e-3": lambda x: 1000 * x + 16 + 1e-3,
    "2 + 3": lambda: 5,
    "9**9": lambda: 9**9,
    "leaky_relu(-x)": lambda x: -0.01 * x,
    "leaky_relu(-x, 0.5)": lambda x: -0.5 * x,
    "leaky_relu(-x, slope=y)": lambda x, y: -y * x,
    "minimum(x, y) + maximum(x, 2)": lambda x, y: min(x, y) + max(x, 2),
    "where(x > 1, x, -x)": lambda x: x if x > 1 else -x,
    "where(0 < x <= 1.5, 1, 2) * x": lambda x: (1 if 0 < x <= 1.5 else 2) * x,
    "where(x == y, 1, 2)": lambda x, y: 2,
    "where(1, x, y)": lambda x, y: x,
    "dot([x, y], [2, 3])": lambda x, y: 2 * x + 3 * y,
    "dot([x], [y], 4)": lambda x, y: x * y + 4,
    "dot([x], [y], bias=x)": lambda x, y: x * y + x,
    "dot(softmax([x, y]), [1, 0])": lambda x, y: math.exp(x) / (math.exp(x) + math.exp(y)),
    "total(log_softmax([x, x]))": lambda x: -2 * math.log(2),
    "total(x, y, 1)": lambda x, y: x + y + 1,
    "total([x, y])": lambda x, y: x + y,
    "total([])": lambda: 0,
    "mean(x, y)": lambda x, y: (x + y) / 2,
    "logsumexp([x, y])": lambda x, y: math.log(math.exp(x) + math.exp(y)),
    "σ_1 * 名": lambda s, n: s * n,
    "x\n + y": lambda x, y: x + y,
    "  x": lambda x: x,
}


@pytest.mark.parametrize("text", LEGAL)
def test_legal(text):
    expression, f = Expression(text), LEGAL[text]
    point = [1.5 + k for k in range(len(expression.names))]
    assert len(point) == len(inspect.signature(f).parameters)
    assert float(expression(*point)) == pytest.approx(f(*point), rel=1e-12)
    assert float(expression(*map(Value, point))) == pytest.approx(f(*point), rel=1e-12)


def test_every_public_function_is_in_the_grammar():
    contract = """exp expm1 log log1p sqrt sin cos tan sinh cosh arcsin arccos arctan tanh sigmoid relu leaky_relu elu
        softplus silu gelu erf abs minimum maximum where dot total mean logsumexp softmax log_softmax"""
    assert set(FUNCTIONS) == set(contract.split())
    for name in FUNCTIONS:
        if FUNCTIONS[name].arguments == ("number",):
            assert float(Expression(f"{name}(x)")(0.5)) == float(getattr(autograd, name)(0.5))


def test_a_variable_is_one_leaf_however_often_it_stands():
    expression = Expression("x*y + sin(x) - x")
    assert expression.names == ("x", "y")
    x, y = Value(2.0), Value(3.0)
    expression(x, y).backward()
    assert x.grad == pytest.approx(3 + math.cos(2) - 1)
    assert list(inspect.signature(expression).parameters) == ["x", "y"]


ILLEGAL = {
    "": "is empty",
    "x.data": "no attribute",
    "x.__class__.__bases__": "no attribute",
    "foo(x)": "unknown function 'foo': there are abs",
    "ln(x)": "did you mean log?",
    "sine(x)": "did you mean sin?",
    "__import__('os').system('ls')": "only functions can be called",
    "__import__('os')": "unknown function '__import__'",
    "eval(x)": "unknown function 'eval'",
    "lambda x: x": "no lambda",
    "[i for i in x]": "no comprehension",
    "total(i for i in x)": "no comprehension",
    "{x}": "no set",
    "{x: 1}": "no dict",
    "'text'": "no string",
    "b'text'": "no string",
    "f'{x}'": "no string",
    "(x := 3)": "no assignment",
    "x = 3": "invalid syntax",
    "x; y": "invalid syntax",
    "import os": "invalid syntax",
    "x if y else z": "where(condition, a, b)",
    "x and y": "no and, or",
    "not x": "no not",
    "x[0]": "no index",
    "x, y": "no comma",
    "log(*x)": "no star",
    "log(**x)": "no argument",
    "log(x=1)": "no argument 'x'",
    "log()": "takes 1 argument, got 0",
    "sin(x, y)": "takes 1 argument, got 2",
    "where(x > 0, 1)": "takes 3 arguments, got 2",
    "leaky_relu(x, 1, 2)": "takes 1 or 2 arguments, got 3",
    "sin": "sin is a function",
    "2(x + 1)": "write * to multiply",
    "x^2": "written x**y",
    "x % 2": "no %",
    "x // 2": "no //",
    "~x": "no ~",
    "x @ y": "no @",
    "x > 0": "no comparison here",
    "x is y": "no comparison here",
    "where(x is y, 1, 2)": "made of numbers",
    "1j": "no number of this kind",
    "True": "no number of this kind",
    "...": "no number of this kind",
    "softmax([x, y])": "is a list",
    "[x]": "no list here",
    "dot(x, y)": "a list such as",
    "total([[x]])": "no list here",
    "1e999": "too large",
    "9**9**9**9": "too large",
    "1" + "0" * 400: "too large",
    "1" * 5000: "Exceeds the limit",
    "1e308 * 10": "too large",
    "x\0y": "null bytes",
    "\ud800": "no text",
    "(" * 100_000 + "x" + ")" * 100_000: "characters",
    "(" * 150 + "x" + ")" * 150: "brackets",
    "sin(" * 150 + "x": "brackets",
    "(x": "was never closed",
    "-" * 9000 + "x": "too long, or nested too deeply",
    "**".join(["x"] * 5000): "too long, or nested too deeply",
    "x" * 100_000: "characters",
    "lambda:" * 2000 + "x": "no lambda",
    "<".join(["x"] * 5000): "no comparison here",
}


@pytest.mark.parametrize("text", ILLEGAL, ids=lambda text: repr(text[:30]))
def test_illegal_in_one_line(text):
    with pytest.raises(ExpressionError) as error:
        Expression(text)
    message = str(error.value)
    assert ILLEGAL[text] in message
    assert "\n" not in message
    assert len(message) < 500


def test_a_sum_of_9000_terms_is_calculated_or_refused():
    """Which of them is a matter of Python's own parser."""
    try:
        total = Expression("+".join(["x"] * 9000))(Value(2.0)).data
    except ExpressionError:
        return
    assert total == 18_000.0


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("log(-1)", ValueError),
        ("log(x)", ValueError),
        ("1/0", ZeroDivisionError),
        ("x/0", ZeroDivisionError),
        ("(-8)**(1/3)", ValueError),
        ("exp(1000)", OverflowError),
        ("x**1e6", OverflowError),
        ("mean([])", ValueError),
    ],
)
def test_legal_but_without_a_value(text, error):
    expression = Expression(text)
    with pytest.raises(error) as raised:
        expression(*(Value(-2.0, "x") for _ in expression.names))
    assert not isinstance(raised.value, ExpressionError)


@given(st.text(alphabet=st.sampled_from("xy12 .+-*/%()[]{}<>=!,:'\"fl@&|^~\\\n#;_"), max_size=30))
@settings(max_examples=300, deadline=None)
def test_any_text_is_an_expression_or_an_expression_error(text):
    try:
        names = Expression(text).names
        message = ""
    except ExpressionError as error:
        names, message = (), str(error)
    assert all(name.isidentifier() for name in names)
    assert "\n" not in message
