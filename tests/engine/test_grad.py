"""Gradients: random graphs against an independent oracle; `grad`, `expand`, `paths` and the checker."""

import copy
import math
import pickle
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import autograd
from autograd import Value, check_gradients, dot, expand, grad, no_grad, paths, primitive, relu, total
from autograd.engine.backward import topological_order
from tests import oracle
from tests.extent import examples
from tests.oracle import Jet

# random graphs


class Instruction(NamedTuple):
    """One operation on numbers that were calculated before, chosen by position, and on one constant."""

    name: str
    operands: tuple[int, ...]
    constant: float


UNARY = [
    "neg",
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
    "tanh",
    "arcsin",
    "arccos",
    "arctan",
    "erf",
    "sigmoid",
    "softplus",
    "silu",
    "gelu",
    "abs",
    "relu",
    "leaky_relu",
    "elu",
]
BINARY = ["+", "-", "*", "/", "**", "minimum", "maximum"]
WITH_CONSTANT = [f"number {op}" for op in ("+", "-", "*", "/", "**")] + [f"{op} number" for op in ("-", "/", "**")]
MANY = ["where", "dot", "dot without bias", "total", "mean", "logsumexp", "softmax", "log_softmax"]


class Engine:
    """The operations by Values."""

    minimum, maximum = staticmethod(autograd.minimum), staticmethod(autograd.maximum)
    dot, total, mean = staticmethod(autograd.dot), staticmethod(autograd.total), staticmethod(autograd.mean)
    logsumexp, softmax = staticmethod(autograd.logsumexp), staticmethod(autograd.softmax)
    log_softmax = staticmethod(autograd.log_softmax)

    @staticmethod
    def unary(name: str, x: Value) -> Value:
        return -x if name == "neg" else getattr(autograd, name)(x)

    @staticmethod
    def where(condition: Value, a: Value, b: Value) -> Value:
        return autograd.where(condition > 0, a, b)


class Oracle:
    """The operations by jets."""

    minimum, maximum = staticmethod(oracle.minimum), staticmethod(oracle.maximum)
    dot, total, mean = staticmethod(oracle.dot), staticmethod(oracle.total), staticmethod(oracle.mean)
    logsumexp, softmax = staticmethod(oracle.logsumexp), staticmethod(oracle.softmax)
    log_softmax, where = staticmethod(oracle.log_softmax), staticmethod(oracle.pick)

    @staticmethod
    def unary(name: str, x: Jet) -> Jet:
        return x.unary(name)


def calculate(world: Any, instruction: Instruction, known: Sequence[Any]) -> Any:
    name, c = instruction.name, instruction.constant
    xs = [known[k % len(known)] for k in instruction.operands]
    x, y = xs[:2]
    infix: dict[str, Callable[[Any, Any], Any]] = {
        "+": lambda x, y: x + y,
        "-": lambda x, y: x - y,
        "*": lambda x, y: x * y,
        "/": lambda x, y: x / y,
        "**": lambda x, y: x**y,
    }
    if name in UNARY:
        return world.unary(name, x)
    if name in infix:
        return infix[name](x, y)
    if name.startswith("number "):
        return infix[name[7:]](c, x)
    if name.endswith(" number"):
        return infix[name[:-7]](x, c)
    if name in ("minimum", "maximum"):
        return getattr(world, name)(x, y)
    if name == "where":
        return world.where(*xs[:3])
    if name == "dot":
        return world.dot(xs[:2], xs[2:4], xs[4])
    if name == "dot without bias":
        return world.dot(xs[:2], xs[2:4])
    result = getattr(world, name)(xs[:4])
    return result[1] if isinstance(result, list) else result


CONSTANTS = [-2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0]
INSTRUCTIONS = st.builds(
    Instruction,
    st.sampled_from(UNARY + BINARY + WITH_CONSTANT + MANY),
    st.tuples(*[st.integers(0, 11)] * 5),
    st.sampled_from(CONSTANTS),
)
NUMBERS = st.integers(-3000, 3000).map(lambda k: k / 1000)
POINTS = st.lists(NUMBERS, min_size=1, max_size=3)
PROGRAMS = st.lists(INSTRUCTIONS, min_size=4, max_size=20)


def exact(program: list[Instruction], point: list[float]) -> tuple[list[Instruction], Jet]:
    """The instructions that have a well-conditioned value here, and the jet of the sum of all results."""
    known, kept = Jet.inputs(point), []
    for instruction in program:
        try:
            made = calculate(Oracle, instruction, known)
        except (oracle.KinkError, ValueError, ZeroDivisionError, TypeError):  # TypeError: a complex number
            continue
        largest = max(abs(made.value), *made.bulk, *(abs(x) for row in made.dd for x in row))
        if largest < 1e4:
            known.append(made)
            kept.append(instruction)
    return kept, oracle.total(known)


def run(program: list[Instruction], inputs: list[Value]) -> Value:
    known = list(inputs)
    for instruction in program:
        known.append(calculate(Engine, instruction, known))
    return total(known)


@examples(250)
@given(PROGRAMS, POINTS)
@pytest.mark.slow
def test_random_graphs_against_the_oracle(program: list[Instruction], point: list[float]) -> None:
    kept, jet = exact(program, point)
    inputs = list(map(Value, point))
    output = run(kept, inputs)
    assert output.data == pytest.approx(float(jet.value), rel=1e-10, abs=1e-10)
    output.backward()
    for x, slope, bulk in zip(inputs, jet.d, jet.bulk, strict=True):
        assert x.grad == pytest.approx(float(slope), abs=1e-9 * float(1 + bulk))


@examples(80)
@given(PROGRAMS, POINTS)
def test_second_derivatives_of_random_graphs_against_the_oracle(program: list[Instruction], point: list[float]) -> None:
    kept, jet = exact(program, point)
    inputs = list(map(Value, point))
    slopes = grad(run(kept, inputs), inputs, create_graph=True)
    largest = max(abs(float(x)) for row in jet.dd for x in row)
    for slope, row in zip(slopes, jet.dd, strict=True):
        assert grad(slope, inputs) == pytest.approx([float(x) for x in row], abs=1e-7 * (1 + largest))


def test_the_random_graphs_hold_every_operation() -> None:
    """What the oracle skips at one point it must take at another, else it tests nothing."""
    for name in UNARY + BINARY + WITH_CONSTANT + MANY:
        kept = [
            exact([Instruction(name, (0, 1, 2, 0, 1), c)], [a, b, d])[0]
            for a, b, d, c in ((0.7, 0.4, 1.9, 2.0), (-0.7, 2.0, 0.3, 2.0))
        ]
        assert any(kept), name


def test_the_oracle_finds_a_wrong_gradient() -> None:
    _, jet = exact([Instruction("sigmoid", (0,) * 5, 0.0)], [0.3])
    s = 1 / (1 + math.exp(-0.3))
    assert float(jet.d[0]) == pytest.approx(1 + s * (1 - s), rel=1e-15)
    assert float(jet.dd[0][0]) == pytest.approx(s * (1 - s) * (1 - 2 * s), rel=1e-14)


def graph(program: list[Instruction], point: list[float]) -> tuple[Value, list[Value]]:
    kept, _ = exact(program, point)
    inputs = [Value(x, f"x{k}") for k, x in enumerate(point)]
    return run(kept, inputs), inputs


SOME = examples(50)


@SOME
@given(PROGRAMS, POINTS)
def test_grad_gives_what_backward_gives(program: list[Instruction], point: list[float]) -> None:
    output, inputs = graph(program, point)
    slopes = grad(output, inputs)
    graphs = grad(output, inputs, create_graph=True)
    nodes = topological_order(output)
    assert all(n.grad is None for n in nodes)  # grad touches none
    output.backward()
    assert slopes == pytest.approx([x.grad for x in inputs], rel=1e-14)
    assert [g.data for g in graphs] == pytest.approx(slopes, rel=1e-9, abs=1e-12)
    inner = [n for n in nodes if n.parents]
    assert grad(output, inner) == pytest.approx([n.grad for n in inner], rel=1e-14)


@SOME
@given(PROGRAMS, POINTS)
def test_a_second_backward_adds_exactly_one_more_gradient(program: list[Instruction], point: list[float]) -> None:
    output, _ = graph(program, point)
    output.backward()
    once = {n: n.grad for n in topological_order(output)}
    output.backward()
    for node, slope in once.items():
        assert node.grad == (slope if node.parents or slope is None else 2 * slope)


@SOME
@given(PROGRAMS, POINTS, st.sampled_from([-4.0, 0.5, 1024.0]))
def test_the_gradient_is_linear_in_the_seed(program: list[Instruction], point: list[float], seed: float) -> None:
    output, inputs = graph(program, point)
    output.backward(seed)
    assert [x.grad for x in inputs] == [seed * slope for slope in grad(output, inputs)]  # exact: a power of two


@SOME
@given(PROGRAMS, PROGRAMS, POINTS)
def test_the_gradient_of_a_sum_is_the_sum_of_gradients(
    one: list[Instruction], other: list[Instruction], point: list[float]
) -> None:
    inputs = list(map(Value, point))
    f, g = run(exact(one, point)[0], inputs), run(exact(other, point)[0], inputs)
    both = grad(2 * f - g, inputs)
    apart = zip(grad(f, inputs), grad(g, inputs), strict=True)
    for slope, (df, dg) in zip(both, apart, strict=True):
        assert slope == pytest.approx(2 * df - dg, abs=1e-12 * (1 + abs(df) + abs(dg)) * 1e3)


@SOME
@given(PROGRAMS, POINTS)
def test_copies_have_the_same_gradients(program: list[Instruction], point: list[float]) -> None:
    output, inputs = graph(program, point)
    expected = grad(output, inputs)
    for twin in (copy.deepcopy(output), pickle.loads(pickle.dumps(output))):
        nodes = topological_order(twin)
        leaves = {n.label: n for n in nodes if n.label}
        assert [n.op for n in nodes] == [n.op for n in topological_order(output)]
        assert grad(twin, [leaves[x.label] for x in inputs]) == expected
        assert not set(nodes) & set(topological_order(output))


@SOME
@given(PROGRAMS, POINTS)
def test_expand_keeps_value_and_gradients(program: list[Instruction], point: list[float]) -> None:
    output, inputs = graph(program, point)
    _, jet = exact(program, point)
    expanded = expand(output)
    assert expanded.data == pytest.approx(output.data, rel=1e-9, abs=1e-9)
    for slope, exact_slope, bulk in zip(grad(expanded, inputs), jet.d, jet.bulk, strict=True):
        assert slope == pytest.approx(float(exact_slope), abs=1e-6 * float(1 + bulk))


@SOME
@given(PROGRAMS, POINTS)
def test_path_products_add_up_to_the_gradient(program: list[Instruction], point: list[float]) -> None:
    output, inputs = graph(program, point)
    try:
        found = paths(output, inputs[0], limit=2000)
    except ValueError:
        assume(False)
    assert sum(abs(p.product) for p in found) < math.inf
    size = 1 + sum(abs(p.product) for p in found)
    assert math.fsum(p.product for p in found) == pytest.approx(grad(output, inputs)[0], abs=1e-12 * size)


@SOME
@given(PROGRAMS, POINTS)
def test_no_grad_gives_the_same_numbers(program: list[Instruction], point: list[float]) -> None:
    kept, _ = exact(program, point)
    recorded = run(kept, list(map(Value, point)))
    with no_grad():
        quiet = run(kept, list(map(Value, point)))
    assert quiet.data == recorded.data
    assert (quiet.parents, quiet.requires_grad) == ((), False)


# grad


def test_grad_gives_floats_in_the_order_of_the_inputs() -> None:
    x, y, z = Value(2.0), Value(3.0), Value(5.0)
    f = x * y + z
    assert grad(f, [z, x, y, x]) == [1.0, 3.0, 2.0, 3.0]
    assert grad(f, x) == grad(f, (n for n in [x])) == [3.0]  # type: ignore[call-overload]
    assert all(type(g) is float for g in grad(f, [x, y]))
    assert (x.grad, f.grad) == (None, None)


def test_grad_by_the_output_itself_and_by_inner_nodes() -> None:
    x = Value(3.0)
    q = x * x
    f = q * q
    assert grad(f, [f, q, x]) == [1.0, 18.0, 108.0]
    assert grad(x, [x]) == [1.0]


def test_an_input_on_which_the_output_does_not_depend_has_gradient_0() -> None:
    x, y = Value(3.0), Value(4.0)
    assert grad(x * x, [y]) == [0.0]
    (slope,) = grad(x * x, [y], create_graph=True)
    assert (slope.data, grad(slope, [x])) == (0.0, [0.0])
    assert grad(x, [x * x]) == [0.0]


def test_create_graph_leaves_every_grad_untouched() -> None:
    x = Value(3.0)
    x.grad = 7.0
    y = x**3
    (slope,) = grad(y, [x], create_graph=True)
    assert isinstance(slope, Value)
    assert (x.grad, y.grad, slope.grad) == (7.0, None, None)


def test_derivatives_of_any_order() -> None:
    x = Value(0.7)
    f: Value = x.sin()
    for k in range(1, 7):
        (f,) = grad(f, [x], create_graph=True)
        assert f.data == pytest.approx(math.sin(0.7 + k * math.pi / 2), rel=1e-13)
    x = Value(2.0)
    f = x**5
    for expected in (80.0, 160.0, 240.0, 240.0, 120.0, 0.0, 0.0):
        (f,) = grad(f, [x], create_graph=True)
        assert f.data == pytest.approx(expected)


def test_the_hessian_of_a_function_of_many_is_symmetric() -> None:
    xs = [Value(x) for x in (0.3, -1.0, 2.0)]
    hessian = [grad(g, xs) for g in grad(autograd.logsumexp(xs), xs, create_graph=True)]
    p = autograd.softmax([x.data for x in xs])
    for i in range(3):
        assert hessian[i] == pytest.approx([p[i] * ((i == j) - p[j]) for j in range(3)], rel=1e-13)


def test_the_mixed_derivative_of_a_power_at_exponent_0() -> None:
    x, y = Value(2.0), Value(0.0)
    by_x, by_y = grad(x**y, [x, y], create_graph=True)
    assert grad(by_x, [x, y]) == [0.0, 0.5]
    assert grad(by_y, [x, y]) == pytest.approx([0.5, math.log(2.0) ** 2])


def test_a_gradient_can_be_trained_on() -> None:
    """A penalty on the gradient: backward runs through create_graph's graph into other leaves."""
    x, w = Value(2.0), Value(3.0)
    (slope,) = grad(w * x**2, [x], create_graph=True)
    (slope**2).backward()  # (2wx)² = 4w²x²
    assert (w.grad, x.grad) == (8 * 3.0 * 4.0, 8 * 9.0 * 2.0)


def test_create_graph_by_constants_and_detached_values() -> None:
    x = Value(3.0)
    d = (x * x).detach()
    (slope,) = grad(d * x, [x], create_graph=True)
    assert slope.data == 9.0
    assert grad(slope, [x]) == [0.0]


def test_create_graph_in_no_grad_records_nothing() -> None:
    x = Value(3.0)
    y = x * x * x
    with no_grad():
        (slope,) = grad(y, [x], create_graph=True)
    assert (slope.data, slope.parents) == (27.0, ())


@pytest.mark.parametrize(
    ("make", "change"),
    [
        (lambda x, w: x * x, lambda x, w: setattr(x, "data", 4.0)),
        (lambda x, w: x * w, lambda x, w: setattr(w, "data", 4.0)),
        (lambda x, w: (0 * x) * w, lambda x, w: setattr(x, "data", 4.0)),
        (lambda x, w: x.relu() * w, lambda x, w: setattr(x, "data", -3.0)),
        (lambda x, w: x**2, lambda x, w: setattr(x, "data", -x.data)),
        (lambda x, w: dot([w, x], [x, 2]), lambda x, w: setattr(w, "data", 4.0)),
        (lambda x, w: x * 2.0 + w, lambda x, w: setattr(x, "data", math.nan)),
        (lambda x, w: x.sqrt() + w, lambda x, w: setattr(x, "data", -3.0)),  # no value, and the slope by the old one
        (lambda x, w: w * (1.0 / x), lambda x, w: setattr(x, "data", 0.0)),
        (lambda x, w: w + x.exp(), lambda x, w: setattr(x, "data", 1000.0)),
    ],
)
def test_create_graph_refuses_data_changed_since(make: Any, change: Any) -> None:
    x, w = Value(3.0, "x"), Value(0.0, "w")
    y = make(x, w)
    before = grad(y, [x, w])
    change(x, w)
    assert grad(y, [x, w]) == before  # what was recorded
    with pytest.raises(ValueError, match="changed"):
        grad(y, [x, w], create_graph=True)


def test_create_graph_where_the_data_is_nan() -> None:
    x = Value(math.nan)
    y = x * 2.0
    assert grad(y, [x], create_graph=True)[0].data == 2.0
    x.data = 3.0
    with pytest.raises(ValueError, match="changed"):
        grad(y, [x], create_graph=True)


def test_slopes_that_pythons_functions_refuse_are_infinite(own_operations: None) -> None:
    entropy = primitive(
        "entropy",
        value=lambda m, x: m.where(x > 0.0, x * m.log(m.where(x > 0.0, x, 1.0)), 0.0),
        partials=lambda m, out, x: (m.log(x) + 1.0,),
    )
    for f, slope in ((entropy, -math.inf), (autograd.sqrt, math.inf)):
        x = Value(0.0)
        y = f(x)
        assert y.local_grads == (slope,)
        assert grad(y, [x], create_graph=True)[0].data == slope


def test_data_set_to_what_it_was_is_no_change() -> None:
    x = Value(3.0)
    y = x * x
    x.data = 5.0
    x.data = 3.0
    assert grad(y, [x], create_graph=True)[0].data == 6.0


@pytest.mark.parametrize("wrong", [3.0, "x", None])
def test_grad_wants_values(wrong: Any) -> None:
    x = Value(3.0)
    with pytest.raises(TypeError, match=type(wrong).__name__):
        grad(wrong, [x])
    with pytest.raises(TypeError, match=rf"inputs\[1\].*{type(wrong).__name__}"):
        grad(x * x, [x, wrong])


def test_grad_of_a_million_nodes_deep_graph_stays_out_of_recursion() -> None:
    x = y = Value(1.0)
    for _ in range(20_000):
        y = y * 1.0
    (slope,) = grad(y, [x], create_graph=True)
    assert slope.data == 1.0
    assert grad(slope, [x]) == [0.0]


def test_branches_that_do_not_reach_an_input_are_not_read() -> None:
    """Their derivatives may be infinite or have no graph: nobody asked."""
    x, p = Value(2.0), Value(0.0)
    y = x * x + p.sqrt()
    assert grad(y, [x]) == [4.0]
    assert grad(y, [x], create_graph=True)[0].data == 4.0


# expand


def test_expand_a_neuron() -> None:
    ws, xs, b = [Value(2.0), Value(-3.0)], [Value(-1.0), Value(-2.0)], Value(-3.0)
    out = dot(ws, xs, b).sigmoid()
    gates = expand(out)
    assert gates.data == pytest.approx(out.data, rel=1e-15)
    assert {n.op for n in topological_order(gates) if n.op} == {"*", "+", "neg", "exp", "/"}
    assert grad(gates, [*ws, *xs, b]) == pytest.approx(grad(out, [*ws, *xs, b]), rel=1e-14)
    assert {n for n in topological_order(gates) if not n.parents and n.requires_grad} == {*ws, *xs, b}


def test_expand_leaves_primitives_leaves_and_choices_alone() -> None:
    x = Value(2.0)
    assert expand(x) is x
    assert expand(x * x).op == "*"
    assert expand(relu(x)).op == "relu"
    assert expand(x.exp()).parents == (x,)


def test_expand_keeps_labels() -> None:
    x = Value(2.0, "x")
    y = (x * 3).sigmoid()
    y.label = "y"
    assert expand(y).label == "y"
    same = x + 0
    same.label = "z"
    assert expand(same).label == "z"
    assert x.label == "x"


def test_expand_to_an_operand_leaves_its_label_alone() -> None:
    for label in ("", "x"):
        x = Value(2.0, label)
        same = total([x])
        same.label = "t"
        assert expand(same) is x
        assert x.label == label


def test_expand_says_which_node_overflows() -> None:
    for sign in (1.0, -1.0):
        y = autograd.mean([Value(sign * 1.5e308), Value(sign * 1.5e308)])
        y.label = "y"
        with pytest.raises(OverflowError, match=r"mean \(node 'y'\) overflows at -?1\.5e\+308 when expanded"):
            expand(y)
    for infinite in (Value(1e308) * 10.0, Value(-1e308) * 10.0):
        assert expand(infinite).data == infinite.data
    assert math.isnan(expand(autograd.mean([Value(math.inf), Value(-math.inf)])).data)


def test_expand_a_primitive_of_the_users(own_operations: None) -> None:
    swish = primitive(
        "swish", value=lambda m, x: x / (1.0 + m.exp(-x)), partials=lambda m, out, x: (out / x + out * (1.0 - out / x),)
    )
    x = Value(0.7)
    gates = expand(swish(x))
    assert [n.op for n in topological_order(gates) if n.op] == ["neg", "exp", "+", "/"]
    assert grad(gates, [x]) == pytest.approx(grad(swish(x), [x]), rel=1e-14)


def test_expand_a_long_chain() -> None:
    y = Value(1.0)
    for _ in range(5000):
        y = y.tanh()
    assert expand(y).data == y.data


@pytest.mark.parametrize("f", [expand, lambda v: paths(v, Value(1.0)), lambda v: paths(Value(1.0), v)])
def test_expand_and_paths_want_values(f: Any) -> None:
    with pytest.raises(TypeError, match="must be a Value, got float"):
        f(3.0)


# paths


def test_paths_of_a_small_graph() -> None:
    a = Value(3.0, "a")
    b = a * 2
    c = b + a
    found = paths(c, a)
    assert sorted(p.product for p in found) == [1.0, 2.0]
    assert {p.nodes for p in found} == {(a, c), (a, b, c)}
    (long,) = [p for p in found if len(p.nodes) == 3]
    assert long.local_grads == (2.0, 1.0)
    assert str(long).startswith("a → * → +")


def test_a_path_as_text() -> None:
    x = Value(3.0)
    half = x * 0.5
    half.label = "half"
    (path,) = paths((-half) * 0.25, x)
    assert str(path) == "3 → half → neg → *: 0.5 · (-1) · 0.25 = -0.125"
    (zero,) = paths((-half) * (half.detach() - 1.5), x)
    assert str(zero) == "3 → half → neg → *: 0.5 · (-1) · 0 = 0"
    assert str(paths(x, x)[0]) == "3: 1 = 1"


def test_a_path_through_the_side_that_a_choice_did_not_take_has_product_0() -> None:
    x = Value(0.0)
    for output, products in (
        (autograd.where(x > 0.0, x.sqrt(), 4.0 * x), [0.0, 4.0]),
        (autograd.leaky_relu(x - 1.0, slope=-0.5), [-0.5]),
        (relu(x.sqrt() + 1.0), [math.inf]),
    ):
        assert sorted(path.product for path in paths(output, x)) == products


def test_an_edge_that_stands_twice_makes_two_paths() -> None:
    x = Value(3.0)
    assert [p.product for p in paths(x * x, x)] == [3.0, 3.0]
    assert len(paths((x * x) * (x * x), x)) == 4


def test_paths_to_itself_and_to_nowhere() -> None:
    x, y = Value(3.0), Value(4.0)
    (only,) = paths(x, x)
    assert (only.nodes, only.local_grads, only.product) == ((x,), (), 1.0)
    assert paths(x * x, y) == []


def test_too_many_paths() -> None:
    x = y = Value(1.0)
    for _ in range(60):
        y = y + y
    with pytest.raises(ValueError, match=rf"{2**60} paths.*limit=10000"):
        paths(y, x)
    with pytest.raises(ValueError, match="limit=3"):
        paths(x * x + x * x, x, limit=3)
    assert len(paths(x * x + x * x, x, limit=4)) == 4


def test_branches_that_never_reach_the_leaf_cost_nothing() -> None:
    x, other = Value(2.0), Value(1.0)
    elsewhere = other
    for _ in range(200):
        elsewhere = elsewhere + elsewhere  # 2**200 paths, none from x
    found = paths(elsewhere * x, x)
    assert [p.product for p in found] == [elsewhere.data]


def test_a_path_of_many_nodes() -> None:
    x = y = Value(1.0)
    for _ in range(50_000):
        y = -y
    (only,) = paths(y, x)
    assert (len(only.nodes), only.product) == (50_001, 1.0)


# the checker


def test_check_gradients_agrees_where_the_rule_is_right() -> None:
    check = check_gradients(lambda x, y: x * y.exp() + x / y, 2.0, 0.5)
    assert check
    assert len(check) == 2
    assert [c.name for c in check] == ["df/dx", "df/dy"]
    assert "all 2 agree" in str(check)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: x.log(), 1e-3),
        (lambda x: x.sqrt(), 1e-4),
        (lambda x: x.arcsin(), 0.9999),
        (lambda x: (1000 * x).sin() / 1000, 0.3),
        (lambda x: relu(x) * x, 1e-5),
        (lambda x: x**3, 1e4),
        (lambda x: x.exp(), 100.0),
        (lambda x: x * 1e-12, 1.0),
        (lambda x: x**2, 0.0),
    ],
)
def test_check_gradients_agrees_near_poles_edges_and_kinks(f: Any, x: float, order: int) -> None:
    check = check_gradients(f, x, order=order)
    assert check, f"\n{check}"


def test_check_gradients_raises_what_the_function_raises_near_the_point() -> None:
    with pytest.raises(ValueError, match="sqrt"):
        check_gradients(lambda x: x.sqrt(), 0.0)


def test_check_gradients_takes_lists() -> None:
    check = check_gradients(lambda ws, xs, b: dot(ws, xs, b).sigmoid(), [0.1, -0.2], [1.0, 2.0], 0.3)
    assert check
    assert [c.name for c in check] == ["df/dws[0]", "df/dws[1]", "df/dxs[0]", "df/dxs[1]", "df/db"]


def test_check_gradients_takes_arrays_of_any_kind() -> None:
    checks = check_gradients(lambda x, ys: x * ys[0] * ys[1], np.array(2.0), np.array([3.0, 4.0]))
    assert [(check.name, check.chain_rule) for check in checks] == [
        ("df/dx", 12.0),
        ("df/dys[0]", 8.0),
        ("df/dys[1]", 6.0),
    ]


def test_check_gradients_of_order_2() -> None:
    check = check_gradients(lambda x, y: (x * y).sin() * x, 0.7, 1.3, order=2)
    assert check
    assert [c.name for c in check] == ["df/dx", "df/dy", "d²f/dxdx", "d²f/dxdy", "d²f/dydx", "d²f/dydy"]


@pytest.mark.parametrize("order", [1, 2])
def test_check_gradients_finds_a_wrong_rule_and_names_it(order: int, own_operations: None) -> None:
    wrong = primitive("wrong", value=lambda m, x: x * x * x, partials=lambda m, out, x: (3.001 * x * x,))
    check = check_gradients(lambda x, y: wrong(x) + y.exp(), 1.5, 0.2, order=order)
    assert not check
    assert check.worst.name == "df/dx"
    assert [c.agrees for c in check][:2] == [False, True]
    assert "differ, worst: df/dx" in str(check)


def test_check_gradients_of_order_2_finds_a_wrong_second_derivative(own_operations: None) -> None:
    hidden = primitive(  # the right slope everywhere, but at one point as a number that has no slope itself
        "hidden",
        value=lambda m, x: x * x,
        partials=lambda m, out, x: (m.where(x < 1.5, 2.0 * x, m.where(x > 1.5, 2.0 * x, 3.0)),),
    )
    assert check_gradients(lambda x: hidden(x), 1.5)
    check = check_gradients(lambda x: hidden(x), 1.5, order=2)
    assert not check
    assert check.worst.name == "d²f/dxdx"


def test_check_gradients_finds_a_missing_contribution() -> None:
    assert not check_gradients(lambda x: x * x.detach(), 1.5)
    assert not check_gradients(lambda x: relu(x), 0.0)  # at a kink a difference is no derivative


def test_check_gradients_of_a_function_without_gradient() -> None:
    assert check_gradients(lambda x: 3.0, 1.5)
    assert not check_gradients(lambda x: x.data, 1.5)


def test_check_gradients_leaves_no_mode_behind() -> None:
    with pytest.raises(ValueError, match="log"):
        check_gradients(lambda x: x.log(), -1.0)
    assert (Value(1.0) * 2).requires_grad


@pytest.mark.parametrize("order", [0, 3, "1"])
def test_check_gradients_knows_orders_1_and_2(order: Any) -> None:
    with pytest.raises(ValueError, match=f"order must be 1 or 2, got {order!r}"):
        check_gradients(lambda x: x, 1.0, order=order)


def test_check_gradients_needs_a_point() -> None:
    with pytest.raises(ValueError, match="point"):
        check_gradients(lambda: 1.0)


# numbers of the lecture


def test_the_lectures_sigmoid_neuron() -> None:
    w0, x0, w1, x1, w2 = (Value(x) for x in (2.0, -1.0, -3.0, -2.0, -3.0))
    f = (w0 * x0 + w1 * x1 + w2).sigmoid()
    f.backward()
    assert round(f.data, 4) == 0.7311
    assert [round(v.grad or 0.0, 4) for v in (w0, x0, w1, x1, w2)] == [-0.1966, 0.3932, -0.3932, -0.5898, 0.1966]
