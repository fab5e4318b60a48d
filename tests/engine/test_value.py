"""Value: what it takes, what an expression records, how it converts and compares, and the functions of the contract."""

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import (
    Value,
    abs,
    arcsin,
    dot,
    elu,
    exp,
    expm1,
    gelu,
    leaky_relu,
    log1p,
    log_softmax,
    logsumexp,
    maximum,
    mean,
    minimum,
    no_grad,
    primitive,
    relu,
    scope,
    sigmoid,
    silu,
    softmax,
    softplus,
    sqrt,
    tanh,
    total,
    where,
)

UNARY = [
    "exp",
    "expm1",
    "log",
    "log1p",
    "sqrt",
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "arcsin",
    "arccos",
    "arctan",
    "tanh",
    "sigmoid",
    "relu",
    "leaky_relu",
    "elu",
    "softplus",
    "silu",
    "gelu",
    "erf",
    "abs",
]


def slopes(f: Callable[..., Any], *point: float) -> list[float | None]:
    inputs = [Value(x) for x in point]
    f(*inputs).backward()
    return [x.grad for x in inputs]


# what a Value is made of


@pytest.mark.parametrize(
    ("data", "number"),
    [(2, 2.0), (2.5, 2.5), (True, 1.0), (Fraction(1, 4), 0.25), (Decimal("0.5"), 0.5), (-0.0, -0.0), (1e308, 1e308)],
)
def test_data_is_anything_with_a_real_float_value(data: Any, number: float) -> None:
    v = Value(data)
    assert type(v.data) is float
    assert v.data == number
    v.data = data
    assert type(v.data) is float
    assert v.data == number


class Floaty:
    def __float__(self) -> float:
        return 7.0


class Priced(Floaty):
    item = "apple"


class Round(Floaty):
    shape = "circle"


@pytest.mark.parametrize("kind", [Floaty, Priced, Round])
def test_data_may_be_any_object_that_says_its_float(kind: Any) -> None:
    assert Value(kind()).data == 7.0
    if kind is not Round:  # what has a shape decides itself, as arrays do
        assert (Value(1.0) + kind()).data == 8.0


@pytest.mark.parametrize("data", ["1.5", b"1", 1j, None, [1.0], (1.0,), {}, {1.0}, Value, object()])
def test_what_is_no_real_number_is_a_type_error_that_names_it(data: Any) -> None:
    with pytest.raises(TypeError, match=type(data).__name__):
        Value(data)
    v = Value(1.0)
    with pytest.raises(TypeError, match=type(data).__name__):
        v.data = data
    assert v.data == 1.0


def test_a_value_of_a_value_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="Value"):
        Value(Value(1.0))  # type: ignore[arg-type]


def test_a_label_is_a_str() -> None:
    assert Value(1.0, "w").label == "w"
    assert Value(1.0, label="w").label == "w"
    assert Value(1.0).label == ""
    with pytest.raises(TypeError, match="label"):
        Value(1.0, 3)  # type: ignore[arg-type]


def test_a_leaf() -> None:
    v = Value(3, "v")
    assert (v.data, v.grad, v.label, v.op, v.parents, v.local_grads) == (3.0, None, "v", "", (), ())
    assert v.requires_grad


def test_what_a_value_does_not_have_cannot_be_set() -> None:
    v = Value(1.0)
    with pytest.raises(AttributeError):
        v.gard = 1.0  # type: ignore[attr-defined]  # a slip of the pen is no silent new attribute


# what an expression records

EXPRESSIONS: list[tuple[Callable[[Any, Any], Any], str, tuple[float, float], float, tuple[float, float]]] = [
    (lambda x, y: x + y, "+", (3.0, 4.0), 7.0, (1.0, 1.0)),
    (lambda x, y: x - y, "-", (3.0, 4.0), -1.0, (1.0, -1.0)),
    (lambda x, y: x * y, "*", (3.0, 4.0), 12.0, (4.0, 3.0)),
    (lambda x, y: x / y, "/", (3.0, 4.0), 0.75, (0.25, -0.1875)),
    (lambda x, y: x**y, "**", (3.0, 4.0), 81.0, (108.0, 81.0 * math.log(3.0))),
]


@pytest.mark.parametrize(("f", "op", "point", "data", "local"), EXPRESSIONS)
def test_an_operation_is_one_node_with_operands_in_order(
    f: Callable[[Any, Any], Any], op: str, point: tuple[float, float], data: float, local: tuple[float, float]
) -> None:
    x, y = map(Value, point)
    out = f(x, y)
    assert (out.op, out.data, out.parents) == (op, data, (x, y))
    assert out.local_grads == pytest.approx(local)
    assert out.grad is None
    assert out.label == ""

    out = f(x, point[1])
    assert (out.op, out.data, out.parents[0]) == (op, data, x)
    assert (out.parents[1].data, out.parents[1].requires_grad) == (point[1], False)

    out = f(point[0], y)
    assert (out.op, out.data, out.parents[1]) == (op, data, y)
    assert (out.parents[0].data, out.parents[0].requires_grad) == (point[0], False)


@pytest.mark.parametrize("number", [2, 2.0, True, Fraction(1, 2), Decimal("0.5")])
def test_any_real_number_stands_on_either_side(number: Any) -> None:
    v, n = Value(4.0), float(number)
    for f, *_ in EXPRESSIONS:
        assert f(v, number).data == f(4.0, n)
        assert f(number, v).data == f(n, 4.0)


def test_unary_operators() -> None:
    v = Value(-3.0)
    assert ((-v).op, (-v).data, (-v).local_grads, (-v).parents) == ("neg", 3.0, (-1.0,), (v,))
    assert (+v).data == -3.0
    assert (v.__abs__().op, v.__abs__().data, v.__abs__().local_grads) == ("abs", 3.0, (-1.0,))


def test_in_place_operators_make_new_nodes() -> None:
    v = w = Value(2.0)
    v += 1
    v *= w
    assert v.data == 6.0
    assert w.data == 2.0
    assert v.parents[1] is w


@pytest.mark.parametrize("other", ["1", None, [1.0], 1j, object()])
def test_arithmetic_with_what_is_no_number_is_pythons_type_error(other: Any) -> None:
    v = Value(2.0)
    for f, *_ in EXPRESSIONS:
        with pytest.raises(TypeError, match=r"unsupported operand|can only|must be str|can't"):
            f(v, other)
        with pytest.raises(TypeError, match=r"unsupported operand|can only|must be str|can't"):
            f(other, v)


class Reflecting:
    """A class of somebody else's that knows what to do with a Value."""

    def __radd__(self, other: Any) -> str:
        return "mine"

    __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = __radd__


def test_the_other_operands_class_gets_its_turn() -> None:
    for f, *_ in EXPRESSIONS:
        assert f(Value(1.0), Reflecting()) == "mine"


def test_parents_keep_duplicates() -> None:
    x = Value(3.0)
    y = x * x
    assert y.parents == (x, x)
    assert y.local_grads == (3.0, 3.0)
    assert total([x, x, x]).parents == (x, x, x)


def test_sum_of_values() -> None:
    values = [Value(float(k)) for k in range(5)]
    result = sum(values)
    result.backward()
    assert result.data == 10.0
    assert [v.grad for v in values] == [1.0] * 5
    assert sum(values, Value(1.0)).data == 11.0


def test_a_constant_gets_no_gradient() -> None:
    x = Value(3.0)
    y = (2 * x + 1) ** 2
    y.backward()
    constants = [p for n in (y, y.parents[0], y.parents[0].parents[0]) for p in n.parents if not p.requires_grad]
    assert [c.data for c in constants] == [2.0, 1.0, 2.0]
    assert all(c.grad is None and c.op == "" and c.parents == () for c in constants)
    assert x.grad == 28.0


def test_equal_constants_are_nodes_of_their_own() -> None:
    x = Value(1.0)
    a, b = x + 2, x + 2
    assert a.parents[1] is not b.parents[1]


def test_data_set_later_changes_what_is_calculated_next_not_what_was_recorded() -> None:
    x = Value(3.0)
    y = x * x
    x.data = 10
    y.backward()
    assert (y.data, y.local_grads, x.grad) == (9.0, (3.0, 3.0), 6.0)
    assert (x * x).data == 100.0


# conversions, comparisons, identity


def test_equality_and_hash_are_identity() -> None:
    a, b = Value(1.0), Value(1.0)
    assert a == a
    assert a != b
    assert a != 1.0
    assert not a == b  # noqa: SIM201
    assert len({a, b, a}) == 2
    assert [a, b].index(b) == 1


@pytest.mark.parametrize(("x", "y"), [(1.0, 2.0), (2.0, 1.0), (2.0, 2.0), (math.nan, 1.0)])
def test_comparisons_are_those_of_the_data(x: float, y: float) -> None:
    v, w = Value(x), Value(y)
    expected = [x < y, x <= y, x > y, x >= y]
    assert [v < w, v <= w, v > w, v >= w] == expected
    assert [v < y, v <= y, v > y, v >= y] == expected
    assert [x < w, x <= w, x > w, x >= w] == expected
    assert all(type(outcome) is bool for outcome in (v < w, v <= y, x > w))


def test_comparing_with_what_is_no_number_is_a_type_error() -> None:
    for other in ("1", None, [1.0], 1j):
        with pytest.raises(TypeError, match="not supported between"):
            Value(1.0) < other  # noqa: B015
        with pytest.raises(TypeError, match="not supported between"):
            other >= Value(1.0)  # noqa: B015


def test_values_sort_and_have_a_largest() -> None:
    values = [Value(x) for x in (3.0, 1.0, 2.0)]
    assert [v.data for v in sorted(values)] == [1.0, 2.0, 3.0]
    assert max(values) is values[0]


def test_bool_float_and_format() -> None:
    v = Value(2.0)
    assert bool(v)
    assert not Value(0.0)
    assert not Value(-0.0)
    with pytest.warns(UserWarning, match=r"the graph ends at float\(\)"):
        assert float(v) == 2.0
    with pytest.warns(UserWarning, match=r"\(node 'angle'\).*autograd\.exp, not math\.exp"):
        assert math.exp(Value(0.0, "angle")) == 1.0  # type: ignore[arg-type]
    assert float(v.detach()) == 2.0
    x = Value(-2.5)
    assert (int(x), round(x), math.floor(x), math.ceil(x), math.trunc(x)) == (-2, -2, -3, -2, -2)  # type: ignore[call-overload]
    assert round(Value(2.345), 1) == 2.3  # type: ignore[call-overload]
    assert f"{Value(math.pi):.3f}" == "3.142"
    assert f"{Value(1234.5):>12,.1f}" == "     1,234.5"
    assert f"{Value(0.25):.0%}" == "25%"
    assert f"{v}" == repr(v) == "Value(2.0)"
    assert str(v) == "Value(2.0)"
    with pytest.raises(ValueError, match="format"):
        f"{v:q}"


def test_repr_shows_label_and_gradient() -> None:
    x = Value(2.0, "x")
    assert repr(x) == "Value(2.0, label='x')"
    (x * 3).backward()
    assert repr(x) == "Value(2.0, label='x', grad=3.0)"
    assert repr(Value(0.0)) == "Value(0.0)"


def test_detach() -> None:
    x = Value(3.0, "x")
    y = x * x.detach()
    y.backward()
    assert (y.data, x.grad) == (9.0, 3.0)
    assert not x.detach().requires_grad
    assert (x * 2).detach().parents == ()


# functions


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_number_are_methods_too(name: str) -> None:
    function, x = getattr(autograd, name), Value(0.4)
    by_function, by_method = function(x), getattr(x, name)()
    assert by_function.data == by_method.data == function(0.4)
    assert by_function.op == by_method.op == name
    assert by_function.parents[0] is by_method.parents[0] is x
    assert by_function.local_grads == by_method.local_grads


@pytest.mark.parametrize("name", UNARY)
def test_a_plain_number_gives_a_float(name: str) -> None:
    for number in (1, True, 0.5, Fraction(1, 2), Decimal("0.5")):
        assert type(getattr(autograd, name)(number)) is float


def test_functions_of_many_give_floats_for_plain_numbers() -> None:
    many = [
        dot([1, 2], [3, 4], 5),
        total([1, 2]),
        mean([1, 2]),
        logsumexp([1, 2]),
        *softmax([1, 2]),
        *log_softmax([1, 2]),
    ]
    chosen = [minimum(1, 2), maximum(1, 2), where(True, 1, 2), leaky_relu(-1, 2)]
    assert all(type(x) is float for x in many + chosen)


def test_functions_take_values_and_numbers_mixed() -> None:
    x, w = Value(2.0), Value(3.0)
    assert maximum(x, 1).data == 2.0
    assert maximum(1, x).data == 2.0
    assert maximum(1, x).parents[1] is x
    assert dot([w, 2], [5, x], 1).data == 20.0
    assert total([x, 1, 2.5]).data == 5.5
    assert where(x > 1, x, 0).data == 2.0
    assert [p.data for p in softmax([x, 2])] == [0.5, 0.5]


@pytest.mark.parametrize("bad", ["1", None, [1.0], 1j, {}])
def test_functions_refuse_what_is_no_number(bad: Any) -> None:
    for function in (exp, sigmoid, relu, autograd.log):
        with pytest.raises(TypeError, match=type(bad).__name__):
            function(bad)
    for function in (minimum, maximum):
        with pytest.raises(TypeError, match=type(bad).__name__):
            function(Value(1.0), bad)
    with pytest.raises(TypeError, match=type(bad).__name__):
        total([Value(1.0), bad])
    with pytest.raises(TypeError, match=type(bad).__name__):
        dot([1.0], [Value(1.0)], bias=bad)


def test_functions_of_many_are_single_nodes() -> None:
    ws, xs, b = [Value(2.0), Value(-3.0)], [Value(-1.0), Value(-2.0)], Value(-3.0)
    out = dot(ws, xs, b)
    assert (out.op, out.data, out.parents) == ("dot", 1.0, (*ws, *xs, b))
    assert out.local_grads == (-1.0, -2.0, 2.0, -3.0, 1.0)
    assert dot(ws, xs).parents == (*ws, *xs)
    for function, local in ((total, (1.0,) * 4), (mean, (0.25,) * 4), (logsumexp, tuple(softmax([2, -3, -1, -2])))):
        out = function([*ws, *xs])
        assert (out.op, out.parents) == (function.__name__, (*ws, *xs))
        assert out.local_grads == pytest.approx(local)


def test_functions_of_many_take_any_iterable() -> None:
    xs = [Value(1.0), Value(2.0)]
    assert total(x for x in xs).data == 3.0
    assert mean(tuple(xs)).data == 1.5
    assert dot(iter(xs), map(float, [3, 4])).data == 11.0
    assert logsumexp(reversed(xs)).parents == tuple(reversed(xs))


def test_functions_of_none() -> None:
    assert total([]) == 0.0
    assert dot([], []) == 0.0
    assert dot([], [], 3.0) == 3.0
    b = Value(3.0)
    dot([], [], b).backward()
    assert b.grad == 1.0
    for function in (mean, logsumexp, softmax, log_softmax):
        with pytest.raises(ValueError, match=f"{function.__name__}.*at least one"):
            function([])


def test_functions_of_one() -> None:
    x = Value(3.0)
    for function in (total, mean, logsumexp):
        out = function([x])
        assert (out.data, out.local_grads) == (3.0, (1.0,))
    assert softmax([x])[0].data == 1.0
    assert log_softmax([x])[0].data == 0.0
    assert slopes(lambda v: softmax([v])[0], 3.0) == [0.0]


@pytest.mark.parametrize("wrong", [Value(1.0), 1.0, "ab", b"ab", {"a": 1.0}, None])
def test_functions_of_many_want_a_list(wrong: Any) -> None:
    for function in (total, mean, logsumexp, softmax, log_softmax):
        with pytest.raises(TypeError, match=rf"{function.__name__}\(xs\) takes a list.*{type(wrong).__name__}"):
            function(wrong)


def test_dot_needs_lists_of_one_length() -> None:
    with pytest.raises(ValueError, match="got 2 and 3"):
        dot([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="got 1 and 0"):
        dot([Value(1.0)], [])


def test_a_wrong_number_of_operands_is_pythons_type_error() -> None:
    with pytest.raises(TypeError, match=r"minimum\(\) missing 1 required positional argument: 'y'"):
        minimum(1.0)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"exp\(\) takes 1 positional argument but 2 were given"):
        exp(1.0, 2.0)  # type: ignore[call-arg]


def test_a_neuron_is_the_row_of_the_table() -> None:
    """dot of Values alone has a way of its own, for speed; it makes the same node."""
    ws, xs, b = [Value(x) for x in (0.1, -3.0, 1e-9)], [Value(x) for x in (7.0, 0.3, 1e9)], Value(0.7)
    fast, general = dot(ws, xs, b), autograd.engine.value.apply(autograd.rules.table.DOT, (*ws, *xs, b))
    for name in ("data", "grad", "label", "operation", "parents", "local_grads", "scope"):
        assert getattr(fast, name) == getattr(general, name)
    repeated = dot([ws[0], ws[0]], [ws[0], xs[0]], ws[0])
    repeated.backward()
    assert ws[0].grad == pytest.approx(0.1 + 0.1 + 7.0 + 1.0)
    with no_grad():
        assert (dot(ws, xs, b).parents, dot(ws, xs, b).data) == ((), fast.data)
    with scope("neuron"):
        assert dot(ws, xs, b).scope.path == ("neuron",)
    big = Value(1.7e308, "big")
    with pytest.raises(OverflowError, match="node 'big'"):
        dot([big], [big], b)
    assert dot([], [], b).parents == (b,)


def test_dots_of_rows_are_the_dots_of_each_row() -> None:
    rows, xs, biases = (
        [[Value(1.0), Value(2.0)], (Value(3.0), Value(-4.0))],
        [Value(0.5), Value(0.25)],
        [Value(7.0), 0.0],
    )
    for bias in (biases, [Value(7.0), Value(0.0)]):  # with a plain number, and of Values alone
        nodes = dot(rows, xs, bias)
        for node, row, b in zip(nodes, rows, bias, strict=True):
            one = dot(list(row), xs, b)
            assert (node.data, node.op, node.local_grads) == (one.data, "dot", one.local_grads)
            assert node.parents == (*row, *xs, *([b] if isinstance(b, Value) else []))
        total(nodes).backward()
        assert [x.grad for x in xs] == [4.0, -2.0]
        for x in xs:
            x.grad = None
    assert dot([[1.0, 2.0]], [3.0, 4.0], [5.0]) == [16.0]
    with no_grad():
        assert [node.parents for node in dot(rows, xs, biases)] == [(), ()]
    with pytest.raises(ValueError, match="as many weights as inputs, got 1 and 2"):
        dot([rows[0], [Value(1.0)]], xs, [Value(0.0), Value(0.0)])
    with pytest.raises(ValueError, match="as many biases as rows, got 1 and 2"):
        dot(rows, xs, biases[:1])
    assert dot([[1.0, 2.0], [0.0, 1.0]], [3.0, 4.0]) == [11.0, 4.0]
    assert [node.parents for node in dot(rows, xs)] == [(*row, *xs) for row in rows]


def test_the_inputs_of_rows_may_be_any_iterable() -> None:
    rows, biases = [[Value(1.0), Value(2.0)], [Value(3.0), Value(-4.0)]], [Value(7.0), Value(0.0)]
    xs = [Value(0.5), Value(0.25)]
    for inputs in (tuple(xs), iter(xs), np.array(xs)):
        assert [node.parents for node in dot(rows, inputs, tuple(biases))] == [
            (*row, *xs, b) for row, b in zip(rows, biases, strict=True)
        ]
    assert dot([[1.0, 2.0], [0.0, 1.0]], (3.0, 4.0)) == [11.0, 4.0]
    assert dot([[1.0, 2.0], [0.0, 1.0]], iter([3.0, 4.0])) == [11.0, 4.0]
    with pytest.raises(TypeError, match=r"takes a list of numbers or Values, got Value Value\(1\.0\)"):
        dot([rows[0], Value(1.0)], xs, biases)


# ties and kinks


def test_kinks() -> None:
    assert slopes(relu, 0.0) == [0.0]
    assert slopes(relu, -0.0) == [0.0]
    assert slopes(abs, 0.0) == [0.0]
    assert slopes(leaky_relu, 0.0) == [0.01]
    assert slopes(lambda x: leaky_relu(x, slope=0.3), 0.0) == [0.3]
    assert slopes(elu, 0.0) == [1.0]
    assert slopes(lambda x: x.relu(), 5e-324) == [1.0]
    assert slopes(lambda x: x.abs(), -5e-324) == [-1.0]
    assert relu(-0.0) == 0.0


def test_ties_share_the_gradient_equally() -> None:
    for function in (minimum, maximum):
        assert slopes(function, 2.0, 2.0) == [0.5, 0.5]
        assert slopes(function, 0.0, -0.0) == [0.5, 0.5]
    assert slopes(lambda x: maximum(x, x), 2.0) == [1.0]
    assert slopes(lambda x: minimum(x, 2.0), 2.0) == [0.5]
    assert slopes(minimum, 1.0, 2.0) == [1.0, 0.0]
    assert slopes(maximum, 1.0, 2.0) == [0.0, 1.0]


def test_a_learned_slope_of_leaky_relu() -> None:
    assert slopes(leaky_relu, -2.0, 0.1) == [0.1, -2.0]
    assert slopes(leaky_relu, 2.0, 0.1) == [1.0, 0.0]
    assert slopes(lambda x: x.leaky_relu(0.2), -2.0) == [0.2]


@pytest.mark.parametrize("x", [-2.0, 0.0, -0.0, 3.0, 5e-324, 1e300])
def test_x_to_the_power_0_has_derivative_0_everywhere(x: float) -> None:
    for zero in (0, 0.0):
        y = Value(x) ** zero
        y.backward()
        assert y.data == 1.0
        assert y.parents[0].grad == 0.0


def test_powers_at_0() -> None:
    assert slopes(lambda x: x**1, 0.0) == [1.0]
    assert slopes(lambda x: x**2, 0.0) == [0.0]
    assert slopes(lambda x: x**1.5, 0.0) == [0.0]
    assert slopes(lambda x: x**0.5, 0.0) == [math.inf]
    assert slopes(lambda x: 0.0**x, 2.0) == [0.0]


def test_powers_of_a_negative_base() -> None:
    assert slopes(lambda x: x**3, -2.0) == [12.0]
    assert slopes(lambda x: x**-1, -2.0) == [-0.25]
    assert slopes(lambda x: x**2.0, -2.0) == [-4.0]


def test_where_passes_gradient_to_the_chosen_side_alone() -> None:
    assert slopes(lambda a, b: where(True, a, b), 2.0, 3.0) == [1.0, 0.0]
    assert slopes(lambda a, b: where(0.0, a, b), 2.0, 3.0) == [0.0, 1.0]
    assert slopes(lambda a, b: where(a > b, a * a, b * b), 2.0, 3.0) == [0.0, 6.0]
    assert slopes(lambda a, b: where(a, a, b), 2.0, 3.0) == [1.0, 0.0]  # the condition has no gradient
    assert where(Value(0.0), 1.0, 2.0) == 2.0


# stability


def test_sigmoid_is_exact_far_out() -> None:
    assert [sigmoid(1000.0), sigmoid(-1000.0), sigmoid(0.0)] == [1.0, 0.0, 0.5]
    assert slopes(sigmoid, 1000.0) == [0.0]
    assert slopes(sigmoid, -1000.0) == [0.0]
    assert sigmoid(-700.0) == pytest.approx(math.exp(-700.0), rel=1e-12)
    assert slopes(sigmoid, -700.0) == [pytest.approx(math.exp(-700.0), rel=1e-12)]


def test_softplus_is_exact_far_out() -> None:
    assert [softplus(1000.0), softplus(-1000.0)] == [1000.0, 0.0]
    assert slopes(softplus, 1000.0) == [1.0]
    assert slopes(softplus, -1000.0) == [0.0]
    assert softplus(-700.0) == pytest.approx(math.exp(-700.0), rel=1e-12)
    assert softplus(0.0) == pytest.approx(math.log(2.0), rel=1e-15)


@pytest.mark.parametrize("function", [silu, gelu, elu, tanh, relu, leaky_relu])
def test_activations_are_finite_far_out(function: Callable[..., Any]) -> None:
    limits = {silu: 0.0, gelu: 0.0, elu: -1.0, tanh: -1.0, relu: 0.0, leaky_relu: -10.0}
    assert function(-1000.0) == limits[function]
    assert function(1000.0) == (1.0 if function is tanh else 1000.0)
    assert slopes(function, 1000.0) == [0.0 if function is tanh else 1.0]
    assert slopes(function, -1000.0) == [0.01 if function is leaky_relu else 0.0]


def test_expm1_and_log1p_keep_small_numbers() -> None:
    for x in (1e-20, -1e-20, 5e-324):
        assert expm1(x) == x
        assert log1p(x) == x
        assert slopes(expm1, x) == slopes(log1p, x) == [1.0]
    assert expm1(-1000.0) == -1.0


@pytest.mark.parametrize("offset", [0.0, 1e8, -1e8, 1000.0, -1000.0])
def test_an_offset_on_all_logits_costs_no_digits(offset: float) -> None:
    logits = [1.0, 2.0, 4.5, -3.0]
    expected = softmax(logits)
    given = [offset + x for x in logits]
    assert [x - offset for x in given] == logits  # the offset itself is exact
    assert softmax(given) == pytest.approx(expected, rel=1e-14)
    assert log_softmax(given) == pytest.approx(log_softmax(logits), rel=1e-14)
    assert logsumexp(given) == pytest.approx(offset + logsumexp(logits), rel=1e-15)
    assert slopes(lambda *xs: logsumexp(xs), *given) == pytest.approx(expected, rel=1e-14)
    for k in range(4):
        jacobian = [expected[k] * ((j == k) - p) for j, p in enumerate(expected)]
        assert slopes(lambda *xs, k=k: softmax(xs)[k], *given) == pytest.approx(jacobian, rel=1e-13)
        log_jacobian = [(j == k) - p for j, p in enumerate(expected)]
        assert slopes(lambda *xs, k=k: log_softmax(xs)[k], *given) == pytest.approx(log_jacobian, rel=1e-13)


def test_softmax_at_logits_of_1000() -> None:
    assert softmax([1000.0, 0.0]) == [1.0, 0.0]
    assert softmax([-1000.0, 0.0]) == [0.0, 1.0]
    assert log_softmax([1000.0, 0.0]) == [0.0, -1000.0]
    assert logsumexp([1000.0, 0.0]) == 1000.0
    assert logsumexp([1000.0, 1000.0]) == 1000.0 + math.log(2.0)
    assert slopes(lambda a, b: softmax([a, b])[0], 1000.0, 0.0) == [0.0, 0.0]
    assert slopes(lambda a, b: log_softmax([a, b])[1], 1000.0, 0.0) == [-1.0, 1.0]
    assert slopes(lambda a, b: logsumexp([a, b]), 1000.0, 0.0) == [1.0, 0.0]


def test_softmax_of_values_adds_up_to_1_and_its_gradients_to_0() -> None:
    xs = [Value(x) for x in (0.3, -1.2, 2.0)]
    ps = softmax(xs)
    assert sum(p.data for p in ps) == pytest.approx(1.0, rel=1e-15)
    ps[1].backward()
    assert sum(x.grad or 0.0 for x in xs) == pytest.approx(0.0, abs=1e-16)


def test_softmax_masks_with_minus_infinity() -> None:
    assert softmax([0.0, -math.inf]) == [1.0, 0.0]


# primitives of the user


def test_a_primitive_works_like_any_operation(own_operations: None) -> None:
    cube = primitive("cube", value=lambda m, x: x**3, partials=lambda m, out, x: (3.0 * x**2,))
    x = Value(2.0, "x")
    y = cube(x)
    y.backward()
    assert (y.data, y.op, y.parents, x.grad) == (8.0, "cube", (x,), 12.0)
    assert cube(2) == 8.0
    assert type(cube(2)) is float
    (slope,) = autograd.grad(cube(x), [x], create_graph=True)
    (second,) = autograd.grad(slope, [x], create_graph=True)
    assert (slope.data, second.data, autograd.grad(second, [x])) == (12.0, 12.0, [6.0])
    assert cube.__name__ == "cube"
    assert "3*x**2" in (cube.__doc__ or "")


def test_a_primitive_of_several_operands(own_operations: None) -> None:
    hypotenuse = primitive(
        "hypotenuse",
        value=lambda m, x, y: m.sqrt(x * x + y * y),
        partials=lambda m, out, x, y: (x / out, y / out),
    )
    assert slopes(hypotenuse, 3.0, 4.0) == [0.6, 0.8]
    assert slopes(lambda x: hypotenuse(x, 4), 3.0) == [0.6]
    assert hypotenuse(3, 4) == 5.0


def test_a_primitive_uses_primitives(own_operations: None) -> None:
    primitive("twice", value=lambda m, x: 2.0 * x, partials=lambda m, out, x: (2.0,))
    four = primitive("four_times", value=lambda m, x: m.twice(m.twice(x)), partials=lambda m, out, x: (4.0,))
    x = Value(1.5)
    assert four(x).data == 6.0
    assert autograd.expand(four(x)).data == 6.0


def test_the_value_of_a_primitive_is_a_real_number(own_operations: None) -> None:
    power = primitive("power_of_a_half", value=lambda m, x: x**0.5, partials=lambda m, out, x: (0.5 / out,))
    assert power(Value(9.0)).data == 3.0
    for x in (-9.0, Value(-9.0)):  # complex, for Python
        with pytest.raises(ValueError, match=r"power_of_a_half\(x\) has no value at x = -9\.0"):
            power(x)
    step = primitive("step", value=lambda m, x: x > 0.0, partials=lambda m, out, x: (0.0,))
    assert [type(step(Value(x)).data) for x in (-1.0, 1.0)] == [float, float]
    assert [type(step(x)) for x in (-1.0, 1.0)] == [float, float]


def test_a_local_derivative_that_is_complex_is_nan(own_operations: None) -> None:
    rule = primitive("wrong_below_0", value=lambda m, x: x * x, partials=lambda m, out, x: (2.0 * x**1.5 / x**0.5,))
    assert slopes(rule, 4.0) == [8.0]
    y = rule(Value(-4.0, "p"))
    assert math.isnan(y.local_grads[0])
    with pytest.raises(ValueError, match=r"from 'wrong_below_0' to 'leaf' \(node 'p'\)"):
        y.backward()


@pytest.mark.parametrize(
    "operand",
    ["data", "node", "out", "scope", "new", "operation", "Value", "modes", "exp", "type", "m_", "local_grads"],
)
def test_operands_of_a_primitive_may_have_any_name(operand: str, own_operations: None) -> None:
    rules: dict[str, Any] = {}
    exec(f"def value(m, {operand}): return {operand} * m.exp({operand})", rules)
    exec(f"def partials(m, result, {operand}): return (m.exp({operand}) * (1.0 + {operand}),)", rules)
    f = primitive("f", value=rules["value"], partials=rules["partials"])
    assert slopes(f, 0.5) == [pytest.approx(1.5 * math.exp(0.5))]


@pytest.mark.parametrize("name", ["node", "data", "constant", "plain", "type", "float", "Value", "general", "new"])
def test_primitives_may_have_the_names_of_other_things(name: str, own_operations: None) -> None:
    first = primitive(name, value=lambda m, x: x * x, partials=lambda m, out, x: (2.0 * x,))
    rules: dict[str, Any] = {}
    exec(f"value = lambda m, x: m.{name}(x) + 1.0", rules)
    second = primitive("uses", value=rules["value"], partials=lambda m, out, x: (2.0 * x,))
    assert (slopes(first, 3.0), slopes(second, 3.0), second(Value(3.0)).data) == ([6.0], [6.0], 10.0)


@pytest.mark.parametrize("name", ["exp", "dot", "where", "neg", "sum", "largest", "max"])
def test_a_name_that_is_taken_is_refused(name: str, own_operations: None) -> None:
    with pytest.raises(ValueError, match=f"'{name}'.*another name"):
        primitive(name, value=lambda m, x: x, partials=lambda m, out, x: (1.0,))
    assert exp(0.0) == 1.0


@pytest.mark.parametrize("name", ["", "two words", "1st", "lambda", "None", "+", "_hidden", 3, None])
def test_a_name_is_an_identifier(name: Any, own_operations: None) -> None:
    with pytest.raises(ValueError, match="identifier"):
        primitive(name, value=lambda m, x: x, partials=lambda m, out, x: (1.0,))


def test_defining_a_primitive_again_replaces_it(own_operations: None) -> None:
    first = primitive("f", value=lambda m, x: x, partials=lambda m, out, x: (1.0,))
    old = first(Value(3.0))
    second = primitive("f", value=lambda m, x: x * x, partials=lambda m, out, x: (2.0 * x,))
    x = Value(3.0)
    assert second(x).data == 9.0
    assert first(x).data == 3.0
    assert (
        autograd.grad(old, [old.parents[0]], create_graph=True)[0].data == 1.0
    )  # a node keeps the rule it was made by


@pytest.mark.parametrize("partials", [lambda m, out, x: 1.0, lambda m, out, x: (1.0, 2.0), lambda m, out, x: [1.0]])
def test_a_wrong_number_of_partials_is_a_type_error_at_once(partials: Any, own_operations: None) -> None:
    with pytest.raises(TypeError, match=r"'f' must be a tuple of 1"):
        primitive("f", value=lambda m, x: x, partials=partials)
    with pytest.raises(LookupError):
        autograd.rules.table.lookup("f")


def test_a_rule_must_not_branch_in_python(own_operations: None) -> None:
    with pytest.raises(TypeError, match=r"cannot branch on 'x > 0'.*m\.where"):
        primitive("f", value=lambda m, x: x if x > 0 else -x, partials=lambda m, out, x: (1.0,))
    with pytest.raises(TypeError, match=r"'x' == 0.0.*identity"):
        primitive("f", value=lambda m, x: m.where(x == 0.0, 1.0, x), partials=lambda m, out, x: (1.0,))


def test_other_mistakes_in_a_primitive(own_operations: None) -> None:
    with pytest.raises(AttributeError, match=r"m\.cosecant"):
        primitive("f", value=lambda m, x: m.cosecant(x), partials=lambda m, out, x: (1.0,))
    with pytest.raises(ValueError, match="operands"):
        primitive("f", value=lambda m: 1.0, partials=lambda m, out: ())
    with pytest.raises(ValueError, match="operands"):
        primitive("f", value=lambda m, *xs: xs[0], partials=lambda m, out, *xs: (1.0,))
    for bad in (3.0, None, math.sin):
        with pytest.raises(TypeError, match="functions"):
            primitive("f", value=bad, partials=lambda m, out, x: (1.0,))  # type: ignore[arg-type]


def test_a_primitive_may_need_a_domain_that_one_half_is_not_in(own_operations: None) -> None:
    area_cosh = primitive(
        "area_cosh",
        value=lambda m, x: m.log(x + m.sqrt(x * x - 1.0)),
        partials=lambda m, out, x: (1.0 / m.sqrt(x * x - 1.0),),
        domain="x >= 1",
    )
    assert area_cosh(2.0) == pytest.approx(math.acosh(2.0), rel=1e-15)
    with pytest.raises(ValueError, match=r"area_cosh\(x\) needs x >= 1, got 0.5"):
        area_cosh(Value(0.5))


def test_numbers_of_any_kind_in_a_rule(own_operations: None) -> None:
    class Half(float):
        def __repr__(self) -> str:
            return "half"  # as NumPy's scalars print more than the number

    f = primitive("f", value=lambda m, x: x * Half(0.5), partials=lambda m, out, x: (Half(0.5),))
    assert (f(Value(3.0)).data, slopes(f, 3.0)) == (1.5, [0.5])
    g = primitive("g", value=lambda m, x: m.minimum(x, math.inf) * 2, partials=lambda m, out, x: (2,))
    assert (g(Value(3.0)).data, slopes(g, 3.0)) == (6.0, [2.0])


# scopes


def test_scopes_name_what_is_made_inside() -> None:
    outside = Value(1.0)
    with scope("layer 1"):
        w = Value(2.0)
        with scope("neuron 2"):
            y = w * outside
            z = y + 1
        after = w + w
    assert outside.scope is None
    assert [n.scope.path for n in (w, y, z, z.parents[1], after) if n.scope] == [
        ("layer 1",),
        ("layer 1", "neuron 2"),
        ("layer 1", "neuron 2"),
        ("layer 1", "neuron 2"),
        ("layer 1",),
    ]
    assert (w * 2).scope is None


def test_a_scope_holds_nodes_in_scopes_within_it() -> None:
    with scope("layer") as layer:
        nodes = [Value(1.0), Value(2.0), Value(3.0)]
        assert scope("a").here().path == ("layer", "a")
        assert Value(1.0).scope is layer
    layer.hold(nodes, ["a", "b", "a"])
    assert [node.scope.path for node in nodes if node.scope] == [("layer", "a"), ("layer", "b"), ("layer", "a")]
    assert nodes[0].scope is nodes[0].scope is nodes[2].scope
    assert nodes[0].scope.parent is layer
    layer.hold(nodes, "xyz")
    assert nodes[2].scope.path == ("layer", "z")
    nodes[2].scope = None
    assert nodes[2].scope is None


def test_a_scope_entered_twice_and_left_by_an_exception() -> None:
    one = scope("a")
    with one, one:
        assert Value(1.0).scope.path == ("a", "a")  # type: ignore[union-attr]
    with pytest.raises(ZeroDivisionError), one:
        Value(1.0) / 0
    assert Value(1.0).scope is None


def test_sqrt_at_0_has_a_value() -> None:
    y = sqrt(Value(0.0))
    assert (y.data, y.local_grads) == (0.0, (math.inf,))
    assert arcsin(Value(1.0)).local_grads == (math.inf,)


def test_leaves_are_what_nothing_was_calculated_for() -> None:
    x = Value(2.0)
    assert x.is_leaf
    assert (x * 3.0).parents[1].is_leaf
    assert not (x * 3.0).is_leaf
    assert x.detach().is_leaf


def test_defaults_of_methods() -> None:
    x = Value(-2.0)
    assert x.leaky_relu().data == leaky_relu(x).data == -0.02
    assert len((x * x).stepper()) == 2  # the backward pass alone


def test_a_negative_base_has_no_slope_for_its_exponent_however_small_it_is() -> None:
    n = Value(2.0)
    for base in (-0.5, -1e-300):
        with pytest.raises(ValueError, match="base"):
            Value(base) ** n
    assert (Value(0.0) ** n).data == 0.0


def test_the_warning_of_float_is_about_the_line_that_called_it() -> None:
    with pytest.warns(UserWarning, match="graph ends") as found:
        float(Value(1.0) * 2.0)
    assert found[0].filename == __file__


def test_the_third_derivative_of_a_power_by_both() -> None:
    x, n = Value(1.7), Value(2.3)
    (first,) = autograd.grad(x**n, [n], create_graph=True)
    (second,) = autograd.grad(first, [n], create_graph=True)
    (third,) = autograd.grad(second, [x])
    log = math.log(1.7)
    assert third == pytest.approx(1.7**1.3 * (2.3 * log**2 + 2.0 * log), rel=1e-13)
