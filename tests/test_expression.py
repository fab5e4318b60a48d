"""Expressions: what the grammar takes, and what it refuses, however large."""

import inspect
import math
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value
from autograd.engine.backward import topological_order
from autograd.expression import FUNCTIONS, Expression, ExpressionError
from autograd.notation.equations import Equations
from autograd.notation.names import Names
from autograd.notation.text_layout import BUDGETS
from autograd.rules.table import TABLE
from tests.extent import examples


@st.composite
def graphs(draw):
    """A graph of the functions of expressions on a few labelled inputs."""
    nodes = [Value(draw(st.sampled_from([-2.0, -0.5, 0.75, 3.0])), name) for name in ("x", "y", "z")]
    arithmetic = [operator.add, operator.sub, operator.mul, operator.truediv]
    for _ in range(draw(st.integers(1, 6))):
        picked = [draw(st.sampled_from(nodes)) for _ in range(3)]
        name = draw(st.sampled_from([*FUNCTIONS, "+", "power", "number"]))
        try:
            if name == "+":
                node = draw(st.sampled_from(arithmetic))(*picked[:2])
            elif name == "power":
                node = picked[0] ** draw(st.sampled_from([2, 3, -1, 0.5, -2.5]))
            elif name == "number":
                node = draw(st.sampled_from(arithmetic))(draw(st.sampled_from([2, -3, 0.25, 1e-7])), picked[0])
            else:
                function = FUNCTIONS[name]
                kinds = {"list": picked, "condition": picked[0] > picked[1]}
                node = function.call(*(kinds.get(kind, picked[k]) for k, kind in enumerate(function.arguments)))
        except (ValueError, ArithmeticError):
            continue
        nodes += [n for n in (node if isinstance(node, list) else [node]) if isinstance(n, Value) and abs(n.data) < 1e4]
    return nodes[-1]


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
    # as people write, and as the screen shows
    "x·y×2÷4−1": lambda x, y: x * y * 2 / 4 - 1,
    "x⋅y": lambda x, y: x * y,
    "x² + y³ − x¹⁰·y⁻²": lambda x, y: x**2 + y**3 - x**10 * y**-2,
    "x²y": lambda x, y: x**2 * y,
    "-x²": lambda x: -(x**2),
    "(-x)²": lambda x: x**2,
    "x^2": lambda x: x**2,
    "-x^2": lambda x: -(x**2),
    "x^y^2": lambda x, y: x ** (y**2),
    "x^(-2)": lambda x: x**-2,
    "√x": lambda x: math.sqrt(x),
    "√2x": lambda x: math.sqrt(2) * x,
    "√(x + 1)y": lambda x, y: math.sqrt(x + 1) * y,
    "√x²": lambda x: x,
    "√√x": lambda x: x**0.25,
    "√sin(x)": lambda x: math.sqrt(math.sin(x)),
    "2√|x|": lambda x: 2 * math.sqrt(x),
    "sqrt x + sqrt(y)": lambda x, y: math.sqrt(x) + math.sqrt(y),
    "|x|": lambda x: x,
    "|-x|·|y|": lambda x, y: x * y,
    "|x||y|": lambda x, y: x * y,
    "||x| - 3|": lambda x: 3 - x,
    "2|x - 5|": lambda x: 2 * (5 - x),
    "（x＋y）＊２": lambda x, y: (x + y) * 2,
    "ｍａｘ（ｘ，ｙ）": lambda x, y: max(x, y),
    "2x": lambda x: 2 * x,
    "2 x": lambda x: 2 * x,
    "2x**2": lambda x: 2 * x**2,
    "1.5x + 2e1x + 2x1": lambda x, x1: 21.5 * x + 2 * x1,
    "2(x+1)": lambda x: 2 * (x + 1),
    "(x+1)(x-1)": lambda x: (x + 1) * (x - 1),
    "(x+1)y": lambda x, y: (x + 1) * y,
    "2sin(x)cos(y)": lambda x, y: 2 * math.sin(x) * math.cos(y),
    "total([2x, 3y])": lambda x, y: 2 * x + 3 * y,
    "1/(2x)": lambda x: 1 / (2 * x),
    "1/2·x": lambda x: x / 2,
    "2x/3": lambda x: 2 * x / 3,
    "2πx + pi": lambda x: 2 * math.pi * x + math.pi,
    "e^x": lambda x: math.exp(x),
    "2e": lambda: 2 * math.e,
    "2e3": lambda: 2000,
    "σ(x·y)": lambda x, y: 1 / (1 + math.exp(-x * y)),
    "ln(x) + asin(x/9) + acos(x/9) + atan(x)": lambda x: math.log(x) + math.pi / 2 + math.atan(x),
    "swish(x)": lambda x: x / (1 + math.exp(-x)),
    "1 if x > 2 else x": lambda x: x,
    "where(x ≤ y, 1, 2)x": lambda x, y: x,
    "x\n + y": lambda x, y: x + y,
    "  x": lambda x: x,
}


@pytest.mark.parametrize("text", LEGAL)
def test_legal(text):
    expression, f = Expression(text), LEGAL[text]
    point = [1.5 + k for k in range(len(expression.names))]
    assert len(point) == len(inspect.signature(f).parameters)
    assert float(expression(*point)) == pytest.approx(f(*point), rel=1e-12)
    result = expression(*map(Value, point))
    assert getattr(result, "data", result) == pytest.approx(f(*point), rel=1e-12)


def test_every_public_function_is_in_the_grammar():
    rows = {name for name in TABLE if name.isidentifier() and hasattr(autograd, name)}
    assert set(FUNCTIONS) == rows
    for name in FUNCTIONS:
        if FUNCTIONS[name].arguments == ("number",):
            x = 0.5 if TABLE[name].holds([0.5]) else 1.5
            assert Expression(f"{name}(x)")(x) == getattr(autograd, name)(x)


@pytest.mark.parametrize(
    ("name", "meant"),
    {
        "sig": "sigmoid", "sigmoi": "sigmoid", "sigmiod": "sigmoid", "softmx": "softmax", "logsumxp": "logsumexp",
        "arcsn": "arcsin", "leakyrelu": "leaky_relu", "sqrtt": "sqrt", "soft": None, "sine": "sin", "sec": None,
        "csc": None, "cot": None, "sinc": None, "erfcx": None, "relu6": None, "hardtanh": None, "si": None, "t": None,
        "mod": None, "det": None, "exp3": None, "log3": None, "tanhshrink": None, "softsign": None,
    }.items(),
)  # fmt: skip
def test_a_hint_is_the_right_function_or_none(name, meant):
    with pytest.raises(ExpressionError) as error:
        Expression(f"{name}(x)")
    assert f": {f'did you mean {meant}?' if meant else 'there are abs'}" in str(error.value)


def test_a_variable_may_be_called_as_a_constant_is():
    assert Expression("e·pi·π").names == ()
    assert Expression("e·pi·π", variables=["e", "π"]).names == ("e", "π")
    assert Expression("e·pi", variables=["e"])(2.0) == 2 * math.pi


@given(graphs(), st.sampled_from(BUDGETS[:-1]))
@examples(150)
def test_every_formula_that_is_printed_can_be_typed(graph, room):
    """Equations and local derivatives, by name, give the numbers of the nodes."""
    order = topological_order(graph)
    equations = Equations(Names(order))
    data = {name: node.data for node, name in equations.names.items()}
    for node in (node for node in order if node.parents):
        printed = [(equations.equation(node, room), node.data)]
        for k, local in enumerate(node.local_grads):
            if not node.parents[k].requires_grad:
                continue
            printed.append((equations.local(node, k, room).text, local))
            choice = equations.choice(node, k)
            printed += [(choice.text, local)] if choice is not None else []
            in_numbers = equations.local_in_numbers(node, k, room).text
            assert "…" in in_numbers or Expression(in_numbers).names == ()
        for text, number in printed:
            if text and "…" not in text:
                expression = Expression(text, variables=data)
                typed = expression(*(data[name] for name in expression.names))
                assert typed == pytest.approx(number, rel=1e-3, abs=1e-3), text
        numbers = equations.numbers(node, room)
        assert "…" in numbers or Expression(numbers).names == ()


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
    "x(y)": "unknown function 'x'",
    "1/2x": "'1/2x' has two readings, 1/(2*x) and (1/2)*x",
    "y + a·b/2x": "'a*b/2x' has two readings, a*b/(2*x) and (a*b/2)*x",
    "x/y(2)": "unknown function 'y'",
    "1/2(x + 1)": "two readings",
    "1/2sin(x)": "two readings, 1/(2*sin(...)) and",
    "x / (y+1)(y-1)": "two readings, x/((y+1)*(...)) and",
    "1/2|x|": "two readings",
    "1÷2√x": "two readings",
    "x^2y": "two readings, x**(2*y) and (x**2)*y",
    "x y": "invalid syntax",
    "x 2": "invalid syntax",
    "2 3": "invalid syntax",
    "(x)2": "invalid syntax",
    "[x](y)": "only functions can be called",
    "|x": "a bar | is not closed",
    "(|x)": "a bar | is not closed",
    "x | y": "a bar | is not closed",
    "|x|y|": "a bar | is not closed",
    "x & y": "made of numbers",
    "√": "√ needs a name",
    "√-x": "√ needs a name",
    "(√)": "√ needs a name",
    "²": "invalid syntax",
    "x + ²": "invalid syntax",
    "x1 + … + x9": "left out",
    "w#1 * 2": "a name has no #",
    "1 if x else 2": "where(condition, a, b)",
    "π(x)": "unknown function",
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
    "2sin": "sin is a function",
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


@given(st.text(alphabet=st.sampled_from("xye12 .+-*/%()[]{}<>=!,:'\"fl@&|^~\\\n#;_·×÷−²⁻√σπ（＋１｜…½"), max_size=30))
@examples(300)
def test_any_text_is_an_expression_or_an_expression_error(text):
    try:
        names = Expression(text).names
        message = ""
    except ExpressionError as error:
        names, message = (), str(error)
    assert all(name.isidentifier() for name in names)
    assert "\n" not in message
