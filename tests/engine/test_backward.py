"""The graph and the chain rule: order, accumulation, infinities, depth, and what is left when a graph is dropped."""

import gc
import itertools
import math
import weakref
from collections.abc import Iterator
from contextlib import suppress
from random import Random

import pytest

from autograd import Value, dot, expand, grad, leaky_relu, maximum, minimum, no_grad, relu, total, where
from autograd.engine.backward import chain_rule, edges, topological_order
from autograd.engine.fast_backward import _collect
from tests.extent import case


@pytest.fixture
def without_collector() -> Iterator[None]:
    """The garbage collector off, and nothing lying about that it would have to find."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


# order


def test_order_has_every_node_once_and_parents_first() -> None:
    x, y = Value(2.0), Value(3.0)
    a = x * y
    b = a + x
    c = a * b * a
    order = topological_order(c)
    assert len(order) == len(set(order)) == 6
    for node in order:
        assert all(order.index(parent) < order.index(node) for parent in node.parents)
    assert order[-1] is c


def test_order_of_neurons_that_share_inputs_and_weights_of_any_kind() -> None:
    """backward() has an order of its own; where everything is calculated and shared, it is still this one."""
    x, y = Value(0.5), Value(-1.5)
    inputs = [x * y, x + y, x]
    first, second = dot([[x * 2, y, x], [y, x * 3, inputs[0]]], inputs, [x * 4, inputs[1]])
    third, fourth = dot([(first, second, x), (first, y, second)], inputs, [y, first])
    output = third * fourth + first
    order: list[Value] = []
    _collect(output, order, [], [])
    assert order == [node for node in topological_order(output) if node.parents]
    output.backward()
    assert [x.grad, y.grad] == pytest.approx(grad(expand(output), [x, y]))


def check_a_random_layer(seed: int) -> None:
    """Weights, inputs and biases drawn from the same nodes: leaves, constants, other neurons, one of them twice."""
    draw = Random(seed)
    pool = [Value(draw.choice([0.0, 1.0, -1.0, 0.5, -2.0])) for _ in range(4)]
    pool += [pool[0].detach(), Value(3.0).detach()]
    for _ in range(draw.randint(1, 6)):
        xs = draw.choices(pool, k=draw.randint(1, 4))
        rows = [draw.choices(pool, k=len(xs)) for _ in range(draw.randint(1, 4))]
        pool += dot([*rows, xs], xs, draw.choices(pool, k=len(rows) + 1))
        pool += [draw.choice(pool).relu(), draw.choice(pool) * draw.choice(pool)]
    output = total(pool[-4:])
    order = topological_order(output)
    expected = {node: 0.0 for node in order if node.requires_grad} | {output: 1.0}
    for node, k in edges(reversed(order)):
        expected[node.parents[k]] += chain_rule(expected[node], node.local_grads[k])
    output.backward()
    assert {node: node.grad for node in order if node.requires_grad} == pytest.approx(expected)
    assert not any(node.grad for node in order if not node.requires_grad)
    met: list[Value] = []
    leaves: list[Value] = []
    _collect(output, met, leaves, [])
    assert met == [node for node in order if node.parents]
    assert leaves == [node for node in order if node.requires_grad and not node.parents]


def test_random_layers_by_the_plain_rule() -> None:
    for seed in range(100):
        with case(f"seed {seed}"):
            check_a_random_layer(seed)


def test_order_is_the_same_for_the_same_graph() -> None:
    def ops() -> list[str]:
        x, y = Value(2.0, "x"), Value(3.0, "y")
        return [n.op or n.label for n in topological_order((x - y) * (y / x) + x)]

    assert ops() == ops() == ["x", "y", "-", "/", "*", "+"]


def test_order_of_several_outputs() -> None:
    x = Value(2.0)
    a, b = x * x, x + x
    order = topological_order(a, b, a)
    assert order == [x, a, b]


def test_edges_leave_out_constants_and_keep_duplicates() -> None:
    x = Value(3.0)
    y = x * x + 2
    assert [(n.op, k) for n, k in edges(reversed(topological_order(y)))] == [("+", 0), ("*", 0), ("*", 1)]


def test_chain_rule() -> None:
    assert chain_rule(2.0, 3.0) == 6.0
    assert chain_rule(math.inf, 0.0) == 0.0
    assert chain_rule(math.nan, 0.0) == 0.0
    assert chain_rule(math.inf, -0.0) == 0.0
    assert math.isnan(chain_rule(0.0, math.inf))


# accumulation


def test_lecture_example() -> None:
    x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
    q = x + y
    f = q * z
    f.backward()
    assert [n.grad for n in (f, q, x, y, z)] == [1.0, -4.0, -4.0, -4.0, 3.0]


def test_a_node_used_twice_adds_both_contributions() -> None:
    a = Value(3.0)
    b = a + a
    c = b + b * a
    c.backward()
    assert (b.grad, a.grad) == (4.0, 14.0)


def test_leaves_add_and_inner_nodes_are_set_anew() -> None:
    x = Value(3.0)
    y = x * x
    z = y * x
    for times in (1, 2, 3):
        z.backward()
        assert x.grad == 27.0 * times
        assert (y.grad, z.grad) == (3.0, 1.0)


def test_two_outputs_add_up_on_shared_leaves() -> None:
    x = Value(3.0)
    (x * 2).backward()
    (x * x).backward()
    assert x.grad == 8.0


def test_what_a_leaf_holds_is_added_to() -> None:
    x = Value(3.0)
    x.grad = 100.0
    (x * x).backward()
    assert x.grad == 106.0


def test_a_gradient_not_computed_is_none_and_not_0() -> None:
    x, unused = Value(3.0), Value(1.0)
    y = where(True, x, unused * 2)
    assert x.grad is None
    y.backward()
    assert unused.grad == 0.0  # reached, by a derivative of 0
    other = Value(1.0)
    (x * x).backward()
    assert other.grad is None


def test_backward_of_a_leaf() -> None:
    x = Value(3.0)
    x.backward()
    x.backward(seed=2.0)
    assert x.grad == 3.0


def test_backward_of_what_was_not_recorded_is_an_error() -> None:
    x = Value(3.0)
    with no_grad():
        y = x * x
    for output in (y, y * 2.0, x.detach(), -x.detach()):
        with pytest.raises(ValueError, match="nothing was recorded for Value"):
            output.backward()
        with pytest.raises(ValueError, match="nothing was recorded for Value"):
            grad(output, [x])
    assert (x.grad, y.grad) == (None, None)


def test_the_seed_scales_the_gradient() -> None:
    x = Value(3.0)
    y = x * x
    y.backward(seed=-0.5)
    assert (y.grad, x.grad) == (-0.5, -3.0)
    y.backward(0)
    assert x.grad == -3.0


@pytest.mark.parametrize("seed", ["1", None, Value(1.0), [1.0]])
def test_a_seed_is_a_real_number(seed: object) -> None:
    x = Value(3.0)
    with pytest.raises(TypeError, match=r"real number|plain number, got Value\(1\.0\)"):
        (x * x).backward(seed)  # type: ignore[arg-type]
    assert x.grad is None


def test_a_node_behind_the_output_keeps_what_is_not_behind_it() -> None:
    x = Value(3.0)
    y = x * x
    z = y + 1
    z.backward()
    y.backward()  # z is above y and not visited
    assert (z.grad, y.grad, x.grad) == (1.0, 1.0, 12.0)


def test_doubling_a_thousand_times_takes_linear_time() -> None:
    x = y = Value(1.0)
    for _ in range(1000):  # 2**1000 paths
        y = y + y
    y.backward()
    assert y.data == x.grad == 2.0**1000


# infinity and NaN


def test_a_local_derivative_may_be_infinite() -> None:
    x = Value(0.0)
    y = 3 * x.sqrt()
    y.backward()
    assert x.grad == math.inf
    assert grad(y, [x]) == [math.inf]


def test_leaves_add_and_inner_nodes_are_set_anew_where_a_gradient_is_infinite() -> None:
    x, w = Value(0.0), Value(2.0)
    w.grad = 0.5
    product = 3.0 * w
    y = x.sqrt() + product
    for times in (1, 2):
        y.backward()
        assert (w.grad, x.grad) == (0.5 + 3.0 * times, math.inf)
        assert (y.grad, product.grad) == (1.0, 1.0)


@pytest.mark.parametrize("slope", [1.0, math.inf])
def test_a_gradient_of_0_has_no_sign(slope: float) -> None:
    """Whichever way it is calculated: a gradient that is infinite elsewhere is for the plain pass."""
    x, w = Value(0.0), Value(2.0)
    y = (x.sqrt() if slope == math.inf else x) + w * -3.0 * 0.0
    y.backward()
    assert (x.grad, repr(w.grad)) == (slope, "0.0")
    assert repr(grad(y, [x, w])) == f"[{slope}, 0.0]"


def test_a_local_derivative_of_0_lets_nothing_through() -> None:
    for f in (
        lambda x: relu(x).sqrt(),
        lambda x: where(False, x, 0.0).sqrt(),
        lambda x: maximum(x, 0.0).sqrt(),
        lambda x: (0 * x).sqrt(),
        lambda x: ((x + 1) * (x + 1)).sqrt(),
        lambda x: (x + 1).abs().sqrt(),
        lambda x: total([relu(x), relu(x)]).sqrt(),
    ):
        x = Value(-1.0)
        y = f(x)
        y.backward()
        assert (y.data, x.grad) == (0.0, 0.0)
        assert grad(y, [x]) == [0.0]
        assert grad(y, [x], create_graph=True)[0].data == 0.0


def test_a_gradient_that_becomes_nan_raises_and_names_the_edge() -> None:
    x, w = Value(0.0, "x"), Value(2.0)
    y = (x * w).sqrt() * 0.0
    match = r"NaN on the edge from 'sqrt' to '\*'.*data 0\.0: 0\.0 \(upstream\) \* inf \(local derivative\)"
    with pytest.raises(ValueError, match=match):
        y.backward()
    with pytest.raises(ValueError, match=match):
        grad(y, [x])


def test_the_edge_is_named_with_its_labels() -> None:
    p = Value(0.0, "p")
    s = p.sqrt()
    s.label = "root"
    with pytest.raises(ValueError, match=r"from 'sqrt' \(node 'root'\) to 'leaf' \(node 'p'\)"):
        (s * 0).backward()


def test_infinities_of_both_signs_meet() -> None:
    x = Value(0.0, "x")
    y = x.sqrt() - x.sqrt()
    with pytest.raises(ValueError, match=r"from 'sqrt' to 'leaf' \(node 'x'\).*infinite contribution.*other sign"):
        y.backward()
    with pytest.raises(ValueError, match="other sign"):
        grad(y, [x])


def test_nan_in_an_operation_of_many() -> None:
    xs = [Value(0.0), Value(1.0), Value(2.0)]
    with pytest.raises(ValueError, match="from 'sqrt' to 'leaf'"):
        (total([x.sqrt() for x in xs]) * 0.0).backward()


def test_nothing_arrives_on_the_side_that_a_choice_did_not_take() -> None:
    x = Value(0.0)
    taken = (
        (where(x > 0, x.sqrt(), x), 1.0),
        (where(False, total([x.sqrt(), x]), 1.0), 0.0),
        (maximum(-x.sqrt(), 1.0) + 2 * x, 2.0),
        (minimum(x.sqrt(), -1.0, x + 5.0), 0.0),
        (x.sqrt().relu() * 3.0 + x, 1.0),
        (leaky_relu(x + 1.0, slope=x.sqrt()), 1.0),
    )
    for output, slope in taken:
        assert grad(output, [x]) == [slope]
        assert grad(output, [x], create_graph=True)[0].data == slope
        x.grad = None
        output.backward()
        assert x.grad == slope
        stepper = output.stepper()
        x.grad = None
        stepper.run()
        assert x.grad == slope


def test_a_slope_that_happens_to_be_0_is_no_choice() -> None:
    x = Value(0.0)
    for output in (x.sqrt() ** 2, x.sqrt() * 0.0, x.sqrt() * x):
        with pytest.raises(ValueError, match="from 'sqrt' to 'leaf'"):
            output.backward()


@pytest.mark.parametrize("factor", [1e-5, 0.0, -3e-9, 1e-300])
def test_a_slope_that_overflows_alone_meets_a_small_gradient(factor: float) -> None:
    for f, slope in (
        (lambda x: x.log(), lambda x: factor / x),
        (lambda x: 3.0 / (x * 1e300), lambda x: -3.0 * (factor / x) / 1e300 / x),
    ):
        x = Value(1e-310)
        output = f(x) * factor
        expected = pytest.approx(slope(1e-310), rel=1e-12)
        assert grad(output, [x]) == [expected]
        assert [g.data for g in grad(output, [x], create_graph=True)] == [expected]
        output.backward()
        assert x.grad == expected


def test_nothing_times_infinity_in_an_operation_of_many() -> None:
    w = Value(1.0, "w")
    y = dot([w, 2.0], [math.inf, 1.0]) * 0.0  # an upstream of 0 meets a derivative of infinity
    with pytest.raises(ValueError, match=r"from 'dot' to 'leaf' \(node 'w'\).*0\.0 \(upstream\) \* inf"):
        y.backward()
    with pytest.raises(ValueError, match="from 'dot' to 'leaf'"):
        grad(y, [w])


def test_a_nan_in_the_data_is_found_where_it_meets_the_gradient() -> None:
    x, y = Value(math.nan, "x"), Value(2.0, "y")
    z = x * y
    assert math.isnan(z.data)
    with pytest.raises(ValueError, match=r"from '\*' to 'leaf' \(node 'y'\).*nan \(local derivative\)"):
        z.backward()


def test_a_nan_into_a_constant_matters_to_nobody() -> None:
    x = Value(3.0)
    y = x * 2 + Value(0.0).sqrt().detach() * 0
    y.backward()
    assert x.grad == 2.0


def test_a_seed_that_is_nan() -> None:
    x = Value(3.0)
    with pytest.raises(ValueError, match="start from is NaN"):
        (x * x).backward(seed=math.nan)
    assert x.grad is None


def test_a_failed_backward_leaves_the_leaves_as_they_were() -> None:
    x, fine, fresh = Value(0.0), Value(1.0), Value(1.0)
    fine.grad, x.grad = 5.0, 7.0
    bad = x.sqrt()
    y = bad * 0.0 + fine * 2 + fresh
    with pytest.raises(ValueError, match="NaN"):
        y.backward()
    assert (x.grad, fine.grad, fresh.grad) == (7.0, 5.0, None)
    assert (y.grad, bad.grad) == (None, None)
    (fine * fresh).backward()  # nothing is left that would disturb the next pass
    assert (fine.grad, fresh.grad) == (6.0, 1.0)


def test_overflow_to_infinity_is_no_error_of_the_chain_rule() -> None:
    x = Value(1e200)
    y = (x * 1e200) * 1e-300
    y.backward()
    assert (y.data, x.grad) == (math.inf, pytest.approx(1e-100))


# depth and freedom


def chain(length: int) -> tuple[Value, Value]:
    x = y = Value(1.0)
    for _ in range(length):
        y = -y
    return x, y


@pytest.mark.slow
def test_a_chain_of_a_million_nodes(without_collector: None) -> None:
    x, y = chain(1_000_000)
    y.backward()
    assert x.grad == 1.0
    assert grad(y, [x]) == [1.0]
    watched = weakref.ref(y.parents[0])
    del y
    assert watched() is None
    assert gc.collect() == 0


def test_a_long_sum_has_no_recursion() -> None:
    x = Value(2.0)
    y = sum(x for _ in range(100_000))
    y.backward()
    assert x.grad == 100_000.0


def test_a_dropped_graph_is_freed_at_once(without_collector: None) -> None:
    x = Value(0.5)
    with no_grad():
        pass
    y = total([x * x, x.sigmoid().log(), where(x > 0, x, 1), 2**x])
    y.backward()
    slope = grad(y, [x], create_graph=True)[0]
    grad(slope, [x])
    watched = [weakref.ref(n) for n in itertools.chain(topological_order(y), topological_order(slope)) if n is not x]
    del y, slope
    assert [ref() for ref in watched if ref() is not None] == []
    leaf = weakref.ref(x)
    del x
    assert leaf() is None
    assert gc.collect() == 0


def test_an_error_keeps_nothing_alive(without_collector: None) -> None:
    x = Value(-1.0)
    y = x * 2
    with pytest.raises(ValueError, match="log"):
        y.log()
    with suppress(ValueError):
        (y + 1).log()
    failing = Value(0.0).sqrt() * 0
    with suppress(ValueError):
        failing.backward()
    watched = [weakref.ref(y), weakref.ref(failing)]
    del y, failing
    assert [ref() for ref in watched] == [None, None]
    assert gc.collect() == 0


def test_no_grad_lets_the_operands_go(without_collector: None) -> None:
    x = Value(3.0)
    with no_grad():
        y = x * 2
        watched = weakref.ref(y)
        z = y + 1
        del y
    assert watched() is None
    assert (z.data, z.parents, z.requires_grad) == (7.0, (), False)
