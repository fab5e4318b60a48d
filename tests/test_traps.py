"""The traps of the field that concern the engine, each by name. Every one has cost somebody an afternoon."""

import copy
import gc
import math
from typing import Any

import numpy as np
import pytest

from autograd import Value, dot, grad, log_softmax, logsumexp, no_grad, relu, softmax, total
from autograd.engine.backward import topological_order


def test_trap_backward_twice() -> None:
    """x³ at 3: 27, then 54. An engine that does not set inner gradients anew says 72 or more."""
    x = Value(3.0)
    y = x * x * x
    y.backward()
    assert x.grad == 27.0
    y.backward()
    assert x.grad == 54.0
    x.grad = None
    y.backward()
    assert x.grad == 27.0


def test_trap_leftover_gradients_of_inner_nodes_shared_by_two_outputs() -> None:
    x = Value(3.0)
    q = x * x
    a, b = q * 2, q * 3
    a.backward()
    b.backward()
    assert (q.grad, x.grad) == (3.0, 30.0)


@pytest.mark.parametrize("length", [995, 1000, 5000])
def test_trap_a_chain_that_overflows_the_stack(length: int) -> None:
    x = y = Value(1.0)
    for _ in range(length):
        y = y + x
    y.backward()
    assert x.grad == length + 1
    assert grad(y, [x], create_graph=True)[0].data == length + 1
    assert copy.deepcopy(y).data == length + 1


def test_trap_a_sum_of_a_thousand_losses() -> None:
    w = Value(0.5)
    loss = sum((w * k - 1) ** 2 for k in range(1000))
    loss.backward()
    assert w.grad == pytest.approx(sum(2 * k * (0.5 * k - 1) for k in range(1000)))


@pytest.mark.slow
def test_trap_a_million_nodes_are_freed_without_the_stack() -> None:
    y = Value(1.0)
    for _ in range(300_000):
        y = relu(y)
    del y  # a recursive deallocation would end the process here


def test_trap_x_times_x_loses_an_edge() -> None:
    x = Value(3.0)
    for y, slope in (
        (x * x, 6.0),
        (x + x, 2.0),
        (x - x, 0.0),
        (x / x, 0.0),
        (dot([x], [x]), 6.0),
        (total([x, x]), 2.0),
    ):
        assert y.parents == (x, x)
        x.grad = None
        y.backward()
        assert x.grad == slope


def test_trap_operand_order_lost_in_a_set() -> None:
    for _ in range(20):
        a, b = Value(1.0), Value(2.0)
        assert (a - b).parents == (a, b)
        assert (b - a).parents == (b, a)


def test_trap_a_node_visited_before_all_its_children() -> None:
    a = Value(1.0)
    b = a + a
    c = b + b
    d = c + b
    d.backward()
    assert (c.grad, b.grad, a.grad) == (1.0, 3.0, 6.0)


def test_trap_gradient_overwritten_instead_of_added() -> None:
    x = Value(3.0)
    y = x * 2 + x * 5
    y.backward()
    assert x.grad == 7.0


def test_trap_zip_hides_a_wrong_input_length() -> None:
    with pytest.raises(ValueError, match="2 and 3"):
        dot([Value(1.0)] * 2, [1.0, 2.0, 3.0])


def test_trap_width_1() -> None:
    w, x = Value(2.0), Value(3.0)
    for y in (dot([w], [x]), total([w * x]), logsumexp([w * x])):
        w.grad = None
        y.backward()
        assert (y.data, w.grad) == (6.0, 3.0)


def test_trap_data_changed_between_forward_and_backward() -> None:
    x, w = Value(3.0), Value(2.0)
    y = x * w + w.exp()
    expected = grad(y, [x, w])
    x.data, w.data = 100.0, -100.0
    y.backward()
    assert [x.grad, w.grad] == expected == [2.0, 3.0 + math.exp(2.0)]
    with pytest.raises(ValueError, match="changed"):
        grad(y, [x, w], create_graph=True)


def test_trap_a_numpy_number_on_the_left() -> None:
    v = Value(3.0)
    for number in (np.float64(2.0), np.float32(2.0), np.int64(2), np.array(2.0)):
        for y, data in (
            (number * v, 6.0),
            (number + v, 5.0),
            (number - v, -1.0),
            (number / v, 2 / 3),
            (number**v, 8.0),
        ):
            assert type(y) is Value
            assert y.data == data
            assert y.parents[1] is v


def test_trap_no_grad_leaks_after_an_exception() -> None:
    x = Value(3.0)
    with pytest.raises(ZeroDivisionError), no_grad():
        x / 0
    assert (x * x).parents == (x, x)

    @no_grad()
    def failing() -> None:
        raise KeyError("on purpose")

    with pytest.raises(KeyError):
        failing()
    assert (x * x).requires_grad


def test_trap_softmax_at_logits_of_1000() -> None:
    for logits in ([1000.0, 0.0], [-1000.0, 1000.0], [1000.0, 1000.0]):
        xs = list(map(Value, logits))
        for p in (*softmax(xs), *log_softmax(xs), logsumexp(xs)):
            for x in xs:
                x.grad = None
            p.backward()
            assert math.isfinite(p.data)
            assert all(x.grad is not None and math.isfinite(x.grad) for x in xs)


def test_trap_leftover_gradients_carried_into_the_next_epoch() -> None:
    """None, not 0, says that a gradient was reset and not computed since."""
    w = Value(1.0)
    for _ in range(2):
        w.grad = None
        (w * 3).backward()
        assert w.grad == 3.0


def test_trap_equal_values_are_merged() -> None:
    a, b = Value(2.0), Value(2.0)
    y = a * b
    assert len(topological_order(y)) == 3
    assert len({a, b}) == 2


def test_trap_a_constant_on_the_left_of_a_comparison_or_power() -> None:
    v = Value(3.0)
    assert v > 2
    assert not v > 5
    y = 2**v
    y.backward()
    assert v.grad == pytest.approx(8 * math.log(2))


def test_trap_reference_cycles_that_only_the_collector_frees() -> None:
    gc.collect()
    gc.disable()
    try:
        x = Value(2.0)
        y = (x * x + 1).sigmoid()
        y.backward()
        del y
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_trap_in_place_update_of_a_leaf_while_training() -> None:
    w = Value(5.0)
    for _ in range(50):
        loss = (w - 2) ** 2
        w.grad = None
        loss.backward()
        w.data -= 0.2 * (w.grad or 0.0)
    assert w.data == pytest.approx(2.0)
    assert w.parents == ()


def test_trap_a_derivative_of_0_times_infinity() -> None:
    """What relu shuts off stays shut off, though sqrt at 0 has an infinite slope."""
    x = Value(-1.0)
    y = relu(x).sqrt()
    y.backward()
    assert x.grad == 0.0


def test_trap_a_shallow_copy_that_shares_the_gradient() -> None:
    model: Any = {"w": Value(1.0, "w")}
    twin = copy.deepcopy(model)
    (twin["w"] * 2).backward()
    assert (model["w"].grad, twin["w"].grad) == (None, 2.0)
