"""Every row at ±0, subnormal, huge, infinite and NaN operands: each interpreter of the table gives the same answer.

The answer is that of `apply` on Values, a value and its derivatives, or the error that it raises.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value, expand, grad, primitive
from autograd.engine.fast_ops import generate
from autograd.engine.value import apply
from autograd.rules.arrays import ARRAYS
from autograd.rules.floats import FLOATS
from autograd.rules.formula import Source
from autograd.rules.table import TABLE, Operation
from tests.extent import ALL
from tests.rules.test_table import texts

Point = tuple[float, ...]

SPECIAL = [
    0.0, -0.0, 5e-324, -5e-324, 1e-310, -1e-310, 2.3e-308, -2.3e-308, 1e-160, -1e-160, 1e-9, -1e-9, 0.5, -0.5, 1.0,
    -1.0, math.nextafter(1, 0), math.nextafter(1, 2),
    2.0, -2.0, 3.0, -3.0, 37.0, -37.0, 700.5, -700.5, 709.8, -709.8, 745.5,
    -745.5, 1e8, -1e8, 1e16, 1e155, -1e155, 1e308, -1e308, 1.7976931348623157e308, -1.7976931348623157e308, math.inf,
    -math.inf, math.nan,
]  # fmt: skip
NUMBERS = st.sampled_from(SPECIAL) | st.floats() | st.floats(-5, 5)
EXAMPLES = 2000 if ALL else 40  # of each row
INDEXED = {"softmax", "log_softmax"}
ROWS = [row for row in TABLE.values() if row.name != "power_term"]  # whose last operand is a plain whole number


@st.composite
def points(draw: st.DrawFn, row: Operation) -> Point:
    if not row.variadic:
        return tuple(draw(NUMBERS) for _ in row.operands)
    many = draw(st.lists(NUMBERS, min_size=1, max_size=4))
    return (float(draw(st.integers(0, len(many) - 1))), *many) if row.name in INDEXED else tuple(many)


Answer = tuple[Any, ...] | type[Exception]


def answer(calculate: Callable[[], Any]) -> Any:
    try:
        return calculate()
    except (ValueError, ArithmeticError) as error:
        return type(error)


def node(made: Value) -> Answer:
    return repr(made.data), *map(repr, made.local_grads)


def close(x: float, y: float, ulps: int) -> bool:
    """Within some units in the last place, or of the smallest normal number: subnormal ones have fewer digits."""
    if x == y or (x != x and y != y):
        return True
    return math.isfinite(x - y) and abs(x - y) <= ulps * max(math.ulp(x), math.ulp(y)) + 2.3e-308 * 1e-10


def public(row: Operation) -> Callable[..., Any]:
    if row.infix:
        return lambda x, y: eval(f"x {row.name} y", {"x": x, "y": y})
    if row.name == "neg":
        return lambda x: -x
    return generate(row)


def check_floats(row: Operation, point: Point) -> None:
    of_values = answer(lambda: repr(apply(row, tuple(map(Value, point))).data))
    assert answer(lambda: repr(apply(row, point))) == of_values


def check_generated_function(row: Operation, point: Point) -> None:
    if row.variadic or (row.name == "**" and point[0] < 0):
        return
    plain = answer(lambda: node(apply(row, tuple(map(Value, point)))))
    assert answer(lambda: node(public(row)(*map(Value, point)))) == plain


def check_text(row: Operation, point: Point) -> None:
    """The Source of the rule, run by Python, gives what the rule gives, to the last bit and the sign of 0."""
    value, partials, _ = texts(row, len(point), Source)
    numbers = {f"x{k}": x for k, x in enumerate(point)}
    out = answer(lambda: row.value(FLOATS, *point))
    if isinstance(out, complex):  # a power that is no real number
        return
    assert answer(lambda: repr(value.run(numbers))) == (out if isinstance(out, type) else repr(out))
    if isinstance(out, type):
        return
    numbers["out"] = out
    slopes = answer(lambda: row.partials(FLOATS, out, *point))
    if isinstance(slopes, type):
        return
    for slope, partial in zip(slopes, partials, strict=True):
        assert answer(lambda partial=partial: repr(partial.run(numbers))) == repr(float(slope)), partial.text


def check_arrays(row: Operation, point: Point) -> None:
    """The arrays of NumPy give what floats give, and something infinite or NaN where those raise."""
    columns = [np.array([x]) for x in point]
    with np.errstate(all="ignore"):
        out = float(np.broadcast_to(row.value(ARRAYS, *columns), 1)[0])
    made = answer(lambda: apply(row, tuple(map(Value, point))))
    if isinstance(made, type):
        assert not math.isfinite(out)
        return
    assert close(out, made.data, 4)
    with np.errstate(all="ignore"):
        slopes = [float(np.broadcast_to(s, 1)[0]) for s in row.partials(ARRAYS, np.array([made.data]), *columns)]
    for slope, exact in zip(slopes, made.local_grads, strict=True):
        assert close(slope, exact, 8), (slopes, made.local_grads)


def check_create_graph(row: Operation, point: Point) -> None:
    """Gradients that are graphs are the gradients that are floats."""
    inputs = [Value(x) for x in point]
    made = answer(lambda: apply(row, tuple(inputs)))
    if isinstance(made, type):
        return
    first = answer(lambda: grad(made, inputs))
    graphs = answer(lambda: [slope.data for slope in grad(made, inputs, create_graph=True)])
    if isinstance(first, type):
        assert graphs == first
        return
    assert not isinstance(graphs, type), graphs
    assert all(close(x, y, 4) for x, y in zip(first, graphs, strict=True)), (first, graphs)


def check_expand(row: Operation, point: Point) -> None:
    """The expanded graph has the value of the row, or says that the formula overflows.

    The textbook's formulas lose digits in the tails.
    """
    made = answer(lambda: apply(row, tuple(map(Value, point))))
    if isinstance(made, type):
        return
    expanded = answer(lambda: expand(made).data)
    if expanded is not OverflowError:
        assert not isinstance(expanded, type), expanded
        assert isinstance(expanded, float)
        assert math.isfinite(expanded) or repr(expanded) == repr(made.data)
        if all(x == 0 or 1e-3 < abs(x) < 30 for x in point):
            assert expanded == pytest.approx(made.data, rel=1e-9, abs=1e-15)


INTERPRETERS = [check_floats, check_generated_function, check_text, check_arrays, check_create_graph, check_expand]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_interpreter_gives_the_same_answer(row: Operation) -> None:
    @settings(max_examples=EXAMPLES)
    @given(points(row))
    def at(point: Point) -> None:
        for check in INTERPRETERS:
            check(row, point)

    at()


@pytest.mark.parametrize("x", [0.0, -0.0])
def test_a_generated_function_keeps_the_sign_of_zero(x: float, own_operations: None) -> None:
    plus = primitive("plus_zero", value=lambda m, x: 0.0 + x, partials=lambda m, out, x: (0.0 + x,))
    minus = primitive("zero_minus", value=lambda m, x: 0.0 - x, partials=lambda m, out, x: (x + 0.0,))
    for function in (plus, minus):
        made = function(Value(x))
        assert node(made) == node(apply(TABLE[made.op], (Value(x),)))
        assert repr(made.data) == "0.0"


def test_a_primitive_may_use_what_many_numbers_need(own_operations: None) -> None:
    """Rows of a fixed number of operands are generated from text, in which these functions are known too."""
    chosen = primitive(
        "chosen",
        value=lambda m, k, x, y: m.take(k, [x, y]) + m.largest([x, y]) - m.smallest([x, y]) + m.length([x, y]),
        partials=lambda m, out, k, x, y: (0.0, 1.0, 1.0),
    )
    assert chosen(Value(1.0), Value(3.0), Value(4.0)).data == 4.0 + 1.0 + 5.0
    assert math.isnan(chosen(Value(0.0), Value(1.0), Value(math.nan)).data)
    with pytest.raises(ValueError, match="'take' has a meaning"):
        primitive("take", value=lambda m, x: x, partials=lambda m, out, x: (1.0,))
