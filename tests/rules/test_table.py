"""Every row of the table, by what the row itself says: a new row is tested the moment it exists.

Values are held against 50 digits: mpmath's function of that name, or the row's own rule read with mpmath numbers (one
more reading). Derivatives are held against derivatives of that reference, never against the row's `partials`.
"""

import itertools
import math
import random
import sys
from collections.abc import Callable, Iterator
from functools import cache
from types import CodeType
from typing import Any, NamedTuple

import numpy as np
import pytest
from mpmath import mp, mpf

import autograd
from autograd import Value, check_gradients, grad, primitive
from autograd.engine import functions
from autograd.engine.fast_ops import generate
from autograd.engine.functions import where
from autograd.engine.value import apply, arithmetic
from autograd.notation.symbols import Latex, Symbols
from autograd.rules import exact as exact_rows
from autograd.rules import table
from autograd.rules.arrays import ARRAYS
from autograd.rules.as_formulas import call_formula, partial_formulas, textbook, value_formula
from autograd.rules.floats import FLOATS
from autograd.rules.formula import Formula, Source
from autograd.rules.parts import complete
from autograd.rules.table import LEAF, TABLE, Namespace, Operation, lookup
from tests import oracle

ROWS = [row for row in TABLE.values() if row.name != "power_term"]  # which has whole numbers among its operands: see **
INTERNAL = {row.name for row in vars(exact_rows).values() if isinstance(row, Operation)}  # which other rows need
INDEXED = {"softmax", "log_softmax"}  # whose first operand is a place among the others
LARGEST = mpf(sys.float_info.max)
TINIEST = 5e-324
Point = tuple[float, ...]

# one more reading: the rules by 50-digit numbers

ALIASES = {
    "arcsin": mp.asin, "arccos": mp.acos, "arctan": mp.atan, "arcsinh": mp.asinh, "arccosh": mp.acosh,
    "arctanh": mp.atanh, "arctan2": mp.atan2, "abs": abs, "erfc": oracle.erfc, "cbrt": oracle.cbrt,
    "log2": lambda x: mp.log(x, 2), "minimum": min, "maximum": max, "norm": None,
    "semicircle": lambda x: mp.sqrt(1 - x * x),
}  # fmt: skip
MPMATH = Namespace(
    lambda m, row: lambda *xs: reference(row)(*xs),
    **{
        name: function
        for name, function in ({n: getattr(mp, n, None) for n in TABLE if n.isidentifier()} | ALIASES).items()
        if function
    },
    where=lambda condition, a, b: a if condition else b,
    sum=lambda terms, start=0: mp.fsum([*terms, start]),
    largest=max,
    smallest=min,
    take=lambda index, xs: xs[int(index)],
    positions=lambda xs: range(len(xs)),
    count=len,
)
vars(MPMATH).update(textbook(MPMATH) | {"tail": lambda condition, exact, written: exact() if condition else written})
complete(MPMATH)


def by_hand(row: Operation) -> bool:
    return row.name in oracle.UNARY and len(row.operands) == 1


def reference(row: Operation) -> Callable[..., Any]:
    """The exact value of a row: not its rule, where mpmath knows a function of that name."""
    if row.name in vars(MPMATH) and not row.variadic:
        return vars(MPMATH)[row.name]
    if by_hand(row):
        return lambda x: oracle.UNARY[row.name](x)[0]
    return lambda *xs: row.value(MPMATH, *xs)


# where to look

ORDINARY = [-3.3, -1.25, -0.7, -0.2, 0.3, 0.6, 1.7, 4.1]
HARD = [0.0, 1.0, -1.0, 2.0, 0.5, 30.0, -30.0, 1000.0, -1000.0, 1e-8, -1e-8, 1e8, -1e8, 1 - 1e-9, 1e-9 - 1]
EXTREME = [TINIEST, -TINIEST, 1e-300, -1e-300, 1e300, -1e300, sys.float_info.max, math.nextafter(1, 0), 709.78, -745.0]


def arities(row: Operation) -> list[int]:
    if row.name in INDEXED:
        return [2, 3, 4, 5, 8]
    return [1, 2, 3, 4, 7] if row.variadic else [len(row.operands)]


def points(row: Operation, candidates: list[float], most: int, seed: int = 0) -> Iterator[Point]:
    """Every combination of the candidates where there are few operands, else some, chosen by chance."""
    chance = random.Random(f"{row.name} {seed}")
    if row.name in INDEXED:
        for arity in arities(row)[1:]:
            for _ in range(most // len(arities(row))):
                yield float(chance.randrange(arity)), *[chance.choice(candidates) for _ in range(arity)]
        return
    for arity in arities(row):
        if len(candidates) ** arity <= most:
            yield from itertools.product(candidates, repeat=arity)
        else:
            for _ in range(most // len(arities(row))):
                yield tuple(chance.choice(candidates) for _ in range(arity))


def valid(row: Operation, candidates: list[float], most: int) -> list[Point]:
    found = [p for p in points(row, candidates, 4 * most) if row.holds(p)]
    random.Random(row.name).shuffle(found)
    return found[:most]


@cache
def jittered(row: Operation, most: int) -> list[Point]:
    """Random points near the ordinary ones, in the row's domain."""
    chance = random.Random(row.name)
    near = [p for _ in range(5) for p in points(row, ORDINARY, 2 * most, seed=1)]
    fixed = row.name in INDEXED
    moved = [(*p[:fixed], *[x + chance.uniform(-0.1, 0.1) for x in p[fixed:]]) for p in near]
    chance.shuffle(moved)
    return [p for p in moved if row.holds(p)][:most]


def extra(row: Operation) -> list[Point]:
    """Points of which chance finds none."""
    if row.name == "**":
        return [(x, float(n)) for x in (-2.7, -0.4, 1.3) for n in (-2, -1, 0, 1, 2, 3)]
    return []


def close(got: float, exact: Any, rtol: float, atol: float) -> bool:
    return bool(abs(mpf(got) - exact) <= rtol * abs(exact) + atol)


def is_real(x: Any) -> bool:
    return isinstance(x, (int, float)) or (isinstance(x, mpf) and bool(mp.isfinite(x)))


# the checks, each a function of the row, so that they can be checked themselves


def check_value(row: Operation, point: Point) -> None:
    """Exact to a few units in the last place; refused only where there is no value that a float can hold."""
    try:
        exact = reference(row)(*map(mpf, point))
    except (ZeroDivisionError, ValueError):
        exact = None
    try:
        got = apply(row, point)
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        stated = isinstance(error, OverflowError) or not row.holds(point)
        assert stated, f"{row.name}{point} is in the domain it states, but was refused"
        refused = exact is None or not is_real(exact) or abs(exact) > LARGEST
        summed = row.variadic and max(map(abs, point)) > 1e300  # the mean of two large numbers may be none
        assert refused or summed, f"{row.name}{point} is {exact}, but was refused"
        return
    assert exact is not None, f"{row.name}{point} has no value, but gave {got}"
    assert row.holds(point), f"{row.name}{point} has a value outside the domain it states"
    size = max(map(abs, point)) if row.variadic else 0.0  # sums cancel
    size = max([size, *(abs(w * x) for w, x in itertools.combinations(point, 2))]) if row.name == "dot" else size
    if math.isinf(got):
        assert row.name in ("+", "-", "*"), f"{row.name}{point} gave {got}"
        assert abs(exact) > LARGEST
        return
    # gelu asks erfc at a rounded point; 1e-305 is where sigmoid gives up digits to denormal numbers
    assert close(got, exact, 1e-12 if row.name == "gelu" else 4e-15, 1e-15 * size + 1e-305), (
        f"{row.name}{point} is {exact}, but gave {got}"
    )


@cache
def exact_partials(row: Operation, point: Point) -> list[Any] | None:
    """The derivatives of the reference; None at a kink or an edge, where there is none."""
    exact = list(map(mpf, point))
    if row.name == "sign" and point[0] == 0:
        return None
    if by_hand(row) and not (row.name in oracle.KINKED and point[0] == 0):
        try:
            return [oracle.UNARY[row.name](*exact)[1]]
        except ZeroDivisionError:
            return None
    sides = []
    for direction in (-1, 1):
        try:
            sides.append([differentiated(row, exact, {k: 1}, direction) for k in range(len(point))])
        except (ZeroDivisionError, ValueError):
            return None
    if any(not is_real(x) for side in sides for x in side):
        return None
    smooth = all(abs(a - b) <= 1e-12 * (1 + abs(a)) for a, b in zip(*sides, strict=True))
    return sides[0] if smooth else None


def differentiated(row: Operation, at: list[Any], orders: dict[int, int], direction: int = 0) -> Any:
    """The derivative of the reference by operands k, orders[k] times each, by differences at 50 digits and more."""
    ks = tuple(orders)

    if row.name in INDEXED and 0 in orders:
        return mpf(0)

    def f(*moved: Any) -> Any:
        operands = list(at)
        for k, x in zip(ks, moved, strict=True):
            operands[k] = x
        return reference(row)(*operands)

    where_, n = tuple(at[k] for k in ks), tuple(orders.values())
    if len(ks) == 1:
        return mp.diff(f, where_[0], n[0], direction=direction)
    return mp.diff(f, where_, n)


def check_partials(row: Operation, point: Point, rtol: float = 1e-11) -> None:
    exact = exact_partials(row, point)
    if exact is None:
        return
    inputs = [Value(x) for x in point]
    try:
        output = apply(row, tuple(inputs))
    except OverflowError:
        return
    output.backward()
    for k, (x, slope) in enumerate(zip(inputs, exact, strict=True)):
        assert x.grad == output.local_grads[k]
        # the derivatives of sigmoid and tanh are 1 - out in spirit: right to the last digit of 1, not of themselves
        assert close(x.grad, slope, rtol, 1e-15) or (math.isinf(x.grad) and abs(slope) > LARGEST), (
            f"∂{row.name}/∂{k} at {point} is {slope}, but gave {x.grad}"
        )
    assert grad(output, inputs) == [x.grad for x in inputs]


def check_second(row: Operation, point: Point) -> None:
    exact = list(map(mpf, point))
    if exact_partials(row, point) is None:
        return
    inputs = [Value(x) for x in point]
    slopes = grad(apply(row, tuple(inputs)), inputs, create_graph=True)
    pairs = list(itertools.product(range(len(point)), repeat=2))
    seconds = {(i, j): g for i, s in enumerate(slopes) for j, g in enumerate(grad(s, inputs))}
    for i, j in pairs if len(pairs) <= 9 else random.Random(0).sample(pairs, 6):
        if row.name == "**" and point[0] <= 0 and 1 in (i, j):
            continue  # a negative base has no derivative by its exponent
        orders = {i: 2} if i == j else {i: 1, j: 1}
        second = oracle.UNARY[row.name](*exact)[2] if by_hand(row) else differentiated(row, exact, orders)
        assert close(seconds[i, j], second, 1e-9, 1e-12), (
            f"∂²{row.name}/∂{i}∂{j} at {point} is {second}, but gave {seconds[i, j]}"
        )


class Text(NamedTuple):
    """A formula, and how to calculate it."""

    text: str
    code: CodeType
    known: dict[str, Any]

    def run(self, numbers: dict[str, float]) -> Any:
        return eval(self.code, self.known, numbers)


@cache
def texts(row: Operation, count: int, kind: type[Formula]) -> tuple[Text, list[Text], Text | None]:
    """The value, the derivatives and the call of a row of so many operands x0, x1, …."""
    python = {name: getattr(FLOATS, name) for name in TABLE if name.isidentifier()}
    python |= {"take": lambda index, *xs: xs[int(index)], "inf": math.inf, "nan": math.nan}
    names = [f"x{k}" for k in range(count)]

    def text(formula: Any) -> Text:
        return Text(str(formula), compile(str(formula), "<formula>", "eval"), python)

    partials = list(map(text, partial_formulas(row, "out", names, kind)))
    call = None if row.name == "neg" else text(call_formula(row, names, kind))
    return text(value_formula(row, names, kind)), partials, call


def check_text(row: Operation, point: Point) -> None:
    """The rule as text, run by Python, gives what the rule gives."""
    numbers = {f"x{k}": x for k, x in enumerate(point)}
    out = row.value(FLOATS, *point)
    slopes = row.partials(FLOATS, out, *point)
    for kind in (Formula, Source):
        rtol = 1e-14 if kind is Source else 1e-9  # the textbook's forms lose digits
        value, partials, call = texts(row, len(point), kind)
        assert value.run(numbers) == pytest.approx(out, rel=rtol, abs=1e-15), value.text
        for partial, slope in zip(partials, slopes, strict=True):
            try:
                written = partial.run(numbers | {"out": out})
            except (ValueError, ArithmeticError):  # x**y*log(x) of a negative x
                assert kind is Formula, partial.text
                continue
            assert written == pytest.approx(slope, rel=rtol, abs=1e-15), partial.text
        if call:
            assert call.run(numbers) == pytest.approx(out, rel=1e-14, abs=1e-300), call.text


# the tests


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_values_are_exact(row: Operation) -> None:
    for point in [*jittered(row, 40), *extra(row), *points(row, ORDINARY + HARD, 300)]:
        check_value(row, point)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if not row.variadic and row.name != "**"], ids=lambda row: row.name
)
def test_values_are_exact_for_tiny_and_huge_numbers(row: Operation) -> None:
    for point in points(row, EXTREME + HARD[:3], 200):
        check_value(row, point)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_derivatives_are_exact(row: Operation) -> None:
    tested = [p for p in jittered(row, 15) if exact_partials(row, p) is not None]
    assert len(tested) >= 10, "too few points to speak of a test"
    for point in tested + extra(row):
        check_partials(row, point)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_derivatives_are_exact_near_hard_points(row: Operation) -> None:
    for point in valid(row, HARD, 25):
        check_partials(row, point)


@pytest.mark.parametrize("row", [row for row in ROWS if by_hand(row)], ids=lambda row: row.name)
def test_derivatives_are_exact_for_tiny_and_huge_numbers(row: Operation) -> None:
    for (x,) in valid(row, EXTREME, 20):
        if row.name not in oracle.KINKED:
            check_partials(row, (x,))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_second_derivatives_are_exact(row: Operation) -> None:
    for point in jittered(row, 6 if row.variadic else 20) + extra(row):
        check_second(row, point)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("order", [1, 2])
def test_central_differences_agree(row: Operation, order: int) -> None:
    for point in jittered(row, 3):
        if exact_partials(row, point) is None or (row.name == "**" and point[0] < 0):
            continue
        fixed = point[: row.name in INDEXED]
        moved = point[len(fixed) :]
        check = check_gradients(lambda *xs, fixed=fixed: apply(row, (*fixed, *xs)), *moved, order=order, rtol=1e-5)
        assert check, f"at {point}:\n{check}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_text_gives_what_floats_give(row: Operation) -> None:
    for point in jittered(row, 20) + extra(row):
        check_text(row, point)
    if row.name != "**":  # whose derivative at 0 floats refuse and arrays give
        for point in valid(row, [0.0, 1.0, -1.0, 30.0], 12):
            if not any(math.isinf(x) for x in apply(row, tuple(map(Value, point))).local_grads):
                check_text(row, point)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_symbols_name_every_operand_of_the_rule(row: Operation) -> None:
    names = ["α", "β", "γ", "δ"][: 4 if row.variadic else len(row.operands)]
    for kind in (Symbols, Latex):
        text = str(value_formula(row, names, kind))
        assert all(name in text for name in names)
        assert "**" not in text
        assert text.count("{") == text.count("}")
        assert text.count("(") == text.count(")")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_arrays_give_what_floats_give(row: Operation) -> None:
    for arity in arities(row):
        chosen = [p for p in jittered(row, 40) if len(p) == arity]
        if not chosen:
            continue
        columns = [np.array(column) for column in zip(*chosen, strict=True)]
        out = row.value(ARRAYS, *columns)
        floats = [row.value(FLOATS, *p) for p in chosen]
        assert np.broadcast_to(out, len(chosen)) == pytest.approx(floats, rel=1e-13, abs=1e-15)
        with np.errstate(all="ignore"):
            slopes = row.partials(ARRAYS, out, *columns)
        for k, slope in enumerate(slopes):
            exact = [row.partials(FLOATS, out, *p)[k] for out, p in zip(floats, chosen, strict=True)]
            assert np.broadcast_to(slope, len(chosen)) == pytest.approx(exact, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("row", [row for row in ROWS if not row.variadic], ids=lambda row: row.name)
def test_the_written_out_function_is_the_rule(row: Operation) -> None:
    """Eager arithmetic runs generated code; it makes the node that the general way makes, bit for bit."""
    for point in [*jittered(row, 20), *extra(row), *valid(row, HARD, 30)]:
        inputs = [Value(x) for x in point]
        try:
            expected = apply(row, tuple(inputs))
        except (ArithmeticError, ValueError):
            continue
        if row.name == "**" and point[0] < 0:
            continue
        made = public(row)(*inputs)
        assert made.data == expected.data
        assert list(map(repr, made.local_grads)) == list(map(repr, expected.local_grads))
        assert made.operation is expected.operation
        if row.name != "where":
            assert made.parents == tuple(inputs)


def public(row: Operation) -> Callable[..., Any]:
    """The way in which users reach a row."""
    import autograd

    if row.infix:
        return lambda x, y: eval(f"x {row.name} y", {"x": x, "y": y})
    if row.name == "neg":
        return lambda x: -x
    return getattr(autograd, row.name, None) or generate(row)


def test_operands_are_taken_in_order() -> None:
    x, y = Value(3.0), Value(2.0)
    assert [(x - y).data, (x / y).data, (x**y).data] == [1.0, 1.5, 9.0]
    assert where(True, x, y).parents[1:] == (x, y)
    assert arithmetic(TABLE["-"], 5, x).data == 2.0


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_says_what_it_is(row: Operation) -> None:
    assert row.about
    assert row.operands
    assert lookup(row.name) is row
    assert str(value_formula(row, [f"x{k}" for k in range(4 if row.variadic else len(row.operands))]))
    numbers = dict.fromkeys(row.operands, 0.5)
    assert isinstance(eval(row.domain or "True", {"abs": abs, "inf": math.inf}, numbers), bool)


def lists_without(name: str) -> str:
    """Where a public function of one number is to be named besides its row, and is not."""
    lists = {
        "engine/functions.py": hasattr(functions, name),
        "the methods of Value in engine/value.py": name in vars(Value),
        "autograd/__init__.py": name in dir(autograd),
        "UNARY in tests/oracle.py": name in oracle.UNARY,
    }
    return ", ".join(where for where, named in lists.items() if not named)


@pytest.mark.parametrize("name", [row.name for row in vars(table).values() if isinstance(row, Operation)])
def test_a_new_row_is_in_every_list(name: str) -> None:
    """Adding a function of one number is adding a row; this says which line of export it lacks."""
    row = TABLE.get(name)
    if row and len(row.operands) == 1 and not row.variadic and name not in ("neg", *INTERNAL):
        assert not lists_without(name), f"{name} is not in {lists_without(name)}"


def test_what_lacks_a_row_is_named() -> None:
    assert lists_without("cosecant").count(",") == 3
    assert not lists_without("tanh")


def test_the_table_has_every_function_of_the_contract() -> None:
    contract = """exp expm1 log log1p sqrt sin cos tan sinh cosh arcsin arccos arctan tanh sigmoid relu leaky_relu elu
    softplus silu gelu erf abs minimum maximum where dot total mean logsumexp + - * / ** neg"""
    assert set(contract.split()) <= set(TABLE)


def test_lookup_of_an_unknown_operation_says_what_to_do() -> None:
    assert lookup("") is LEAF
    with pytest.raises(LookupError, match=r"unknown operation 'frobnicate'.*primitive\('frobnicate'"):
        lookup("frobnicate")


def test_the_namespace_names_what_it_has() -> None:
    with pytest.raises(AttributeError, match=r"m\.cosecant.*arcsin.*where"):
        FLOATS.cosecant  # noqa: B018


KINKS: list[tuple[str, Point, tuple[float, ...], float]] = [  # derivatives, and the second one by the first operand
    ("abs", (0.0,), (0.0,), 0.0),
    ("sign", (0.0,), (0.0,), 0.0),
    ("relu", (0.0,), (0.0,), 0.0),
    ("leaky_relu", (0.0, 0.01), (0.01, 0.0), 0.0),
    ("elu", (0.0,), (1.0,), 1.0),
    ("selu", (0.0,), (1.7580993408473768,), 1.7580993408473768),
    ("clamp", (1.0, 1.0, 2.0), (1.0, 0.0, 0.0), 0.0),
    ("clamp", (2.0, 1.0, 2.0), (1.0, 0.0, 0.0), 0.0),
    ("clamp", (0.5, 1.0, 2.0), (0.0, 1.0, 0.0), 0.0),
    ("clamp", (2.5, 1.0, 2.0), (0.0, 0.0, 1.0), 0.0),
    ("minimum", (2.0, 2.0), (0.5, 0.5), 0.0),
    ("maximum", (2.0, 2.0), (0.5, 0.5), 0.0),
    ("min", (2.0, 3.0, 2.0), (0.5, 0.0, 0.5), 0.0),
    ("max", (2.0, 1.0, 2.0), (0.5, 0.0, 0.5), 0.0),
    ("where", (1.0, 2.0, 3.0), (0.0, 1.0, 0.0), 0.0),
    ("where", (0.0, 2.0, 3.0), (0.0, 0.0, 1.0), 0.0),
    ("hypot", (0.0, 0.0), (0.0, 0.0), 0.0),
    ("norm", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0.0),
    ("arctan2", (0.0, 0.0), (0.0, 0.0), 0.0),
    ("**", (0.0, 0.0), (0.0, 0.0), 0.0),
]


@pytest.mark.parametrize(("name", "point", "slopes", "second"), KINKS)
def test_derivatives_at_kinks(name: str, point: Point, slopes: tuple[float, ...], second: float) -> None:
    inputs = [Value(x) for x in point]
    output = apply(TABLE[name], (inputs[0], point[1]) if name == "**" else tuple(inputs))
    assert output.local_grads == slopes
    graphs = grad(output, inputs[:1], create_graph=True)
    assert [slope.data for slope in graphs] == [slopes[0]]
    assert grad(graphs[0], inputs[:1]) == [second]


@pytest.mark.parametrize("row", [row for row in ROWS if row.steepest], ids=lambda row: row.name)
def test_the_steepest_derivative_is_stated(row: Operation) -> None:
    slopes = [apply(row, (Value(x),)).local_grads[0] for (x,) in points(row, ORDINARY + HARD, 100)]
    assert max(map(abs, slopes)) == row.steepest


# the checks are checked: each must fail for a rule that is wrong in the place it looks at

WRONG = {
    "value": (check_value, lambda m, x: m.exp(x) * (1.0 + 1e-13), lambda m, out, x: (m.exp(x),)),
    "partial": (check_partials, lambda m, x: x * x, lambda m, out, x: (2.0000001 * x,)),
    "sign": (check_partials, lambda m, x: m.cos(x), lambda m, out, x: (m.sin(x),)),
    "second": (
        check_second,
        lambda m, x: m.sin(x),
        lambda m, out, x: (m.cos(x.detach() if hasattr(x, "detach") else x),),
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_row_is_found(what: str) -> None:
    check, value, partials = WRONG[what]
    row = Operation("exp" if what == "value" else "wrong", "a wrong rule", value, partials)
    with pytest.raises(AssertionError):
        check(row, (0.7,))


def test_text_that_differs_from_floats_is_found() -> None:
    row = Operation("two", "faced", lambda m, x: x * (2.0 if m is FLOATS else 3.0), lambda m, out, x: (2.0,))
    with pytest.raises(AssertionError):
        check_text(row, (0.7,))


def test_a_row_of_the_users_passes_the_same_checks(own_operations: None) -> None:
    primitive(
        "area_cosh",
        value=lambda m, x: m.log(x + m.sqrt(x * x - 1.0)),
        partials=lambda m, out, x: (1.0 / m.sqrt(x * x - 1.0),),
        domain="x > 1",
    )
    primitive(
        "hypotenuse",
        value=lambda m, x, y: m.sqrt(x * x + y * y),
        partials=lambda m, out, x, y: (x / out, y / out),
        domain="x != 0 or y != 0",
    )
    for name in ("area_cosh", "hypotenuse"):
        row = TABLE[name]
        chosen = jittered(row, 12)
        assert len(chosen) >= 4
        for point in chosen:
            check_partials(row, point)
            check_second(row, point)
            check_text(row, point)


EDGES = [0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 30.0, 700.0, 1e-310, 1e160, -1e200, 1.79e308, -1.79e308]


PUBLIC = [
    row for row in TABLE.values() if not row.name.isidentifier() or row.name == "neg" or hasattr(autograd, row.name)
]


@pytest.mark.parametrize("row", [row for row in PUBLIC if row.operands[0] != "index"], ids=lambda row: row.name)
def test_the_facts_of_a_row_are_true(row: Operation) -> None:
    """What it raises outside its domain, and whether its value overflows inside."""
    overflows, infinite = False, False
    raised = set()
    for point in itertools.product(EDGES, repeat=1 if row.variadic else min(len(row.operands), 3)):
        operands = (*point, *point) if row.variadic else (*point, 1.0)[: len(row.operands)]
        try:
            data = apply(row, tuple(map(Value, operands))).data
            infinite |= math.isinf(data)
        except (ValueError, ArithmeticError) as error:
            if row.holds(operands):
                assert isinstance(error, OverflowError), (operands, error)  # noqa: PT017
                overflows = True
            else:
                raised.add(type(error))
    assert overflows == row.overflows
    assert infinite == row.ieee or row.name == "neg"
    if row.domain and row.name != "**":  # 0 to a negative power is a division by zero
        assert raised <= {row.error}
