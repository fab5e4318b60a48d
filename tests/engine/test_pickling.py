"""Copies: deepcopy and pickle copy the graph behind a node, however deep, and shared leaves stay shared."""

import copy
import gc
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from autograd import Value, grad, primitive, scope, total
from autograd.engine.backward import topological_order

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
COPIES: list[Callable[[Any], Any]] = [
    copy.deepcopy,
    *(lambda v, p=p: pickle.loads(pickle.dumps(v, p)) for p in PROTOCOLS),
]
every_way = pytest.mark.parametrize("copied", COPIES, ids=["deepcopy", *(f"pickle {p}" for p in PROTOCOLS)])


@every_way
def test_a_leaf(copied: Callable[[Any], Any]) -> None:
    x = Value(-0.5, "x")
    x.grad = 3.0
    twin = copied(x)
    assert twin is not x
    assert (twin.data, twin.grad, twin.label, twin.op, twin.parents, twin.local_grads) == (-0.5, 3.0, "x", "", (), ())
    assert twin.requires_grad
    twin.data = 1.0
    assert x.data == -0.5


@every_way
def test_a_graph_has_right_gradients_afterwards(copied: Callable[[Any], Any]) -> None:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    f = (x * y).sigmoid() + x**2 - 1
    f.label = "f"
    f.backward()
    twin = copied(f)
    theirs = topological_order(twin)
    assert not set(theirs) & set(topological_order(f))
    for mine, other in zip(topological_order(f), theirs, strict=True):
        assert (other.data, other.grad, other.label, other.op, other.local_grads, other.requires_grad) == (
            mine.data,
            mine.grad,
            mine.label,
            mine.op,
            mine.local_grads,
            mine.requires_grad,
        )
    leaves = {n.label: n for n in theirs}
    assert grad(twin, [leaves["x"], leaves["y"]]) == grad(f, [x, y])
    (slope,) = grad(twin, [leaves["x"]], create_graph=True)
    assert grad(slope, [leaves["x"]]) == grad(grad(f, [x], create_graph=True)[0], [x])
    twin.backward()
    assert leaves["x"].grad == 2 * (x.grad or 0.0)


@every_way
def test_operands_keep_order_and_duplicates(copied: Callable[[Any], Any]) -> None:
    x, y = Value(3.0), Value(2.0)
    difference, square = copied(y - x), copied(x * x)
    assert [p.data for p in difference.parents] == [2.0, 3.0]
    assert square.parents[0] is square.parents[1]
    square.backward()
    assert square.parents[0].grad == 6.0


@every_way
def test_leaves_shared_by_several_objects_stay_shared(copied: Callable[[Any], Any]) -> None:
    w, x = Value(2.0, "w"), Value(3.0, "x")
    model = {"parameters": [w], "loss": w * x, "again": [w, w + 1]}
    twin = copied(model)
    (v,) = twin["parameters"]
    assert twin["loss"].parents[0] is v
    assert twin["again"][0] is v
    assert twin["again"][1].parents[0] is v
    assert v is not w
    twin["loss"].backward()
    assert v.grad == 3.0
    assert w.grad is None


@every_way
def test_a_constant_stays_a_constant(copied: Callable[[Any], Any]) -> None:
    x = Value(3.0)
    y = copied(x * 2)
    y.backward()
    assert (y.parents[0].grad, y.parents[1].grad, y.parents[1].requires_grad) == (2.0, None, False)
    detached = copied(x.detach())
    assert (detached.data, detached.requires_grad) == (3.0, False)


@every_way
def test_scopes_come_along(copied: Callable[[Any], Any]) -> None:
    with scope("layer"), scope("neuron"):
        x = Value(1.0)
        y = x * 2
    twin = copied(y)
    assert [n.scope.path for n in (twin, *twin.parents)] == [("layer", "neuron")] * 3


def test_deepcopy_shares_inner_nodes_between_outputs() -> None:
    x = Value(3.0)
    q = x * x
    a, b = copy.deepcopy([q + 1, q + 2])
    assert a.parents[0] is b.parents[0]


def test_a_shallow_copy_has_the_same_operands() -> None:
    x = Value(3.0, "x")
    y = x * x
    twin = copy.copy(y)
    assert twin is not y
    assert (twin.data, twin.op, twin.parents, twin.local_grads) == (9.0, "*", (x, x), (3.0, 3.0))
    assert copy.copy(x).label == "x"


def test_the_copy_of_a_copy() -> None:
    x = Value(3.0)
    y = x * x + x
    twin = pickle.loads(pickle.dumps(copy.deepcopy(copy.deepcopy(y))))
    twin.backward()
    assert twin.parents[1].grad == 7.0


def deep(length: int) -> Value:
    y = Value(1.0)
    for _ in range(length):
        y = -y
    return y


@pytest.mark.parametrize("copied", [COPIES[0], COPIES[-1]], ids=["deepcopy", "pickle"])
@pytest.mark.slow
def test_a_deep_graph_has_no_recursion(copied: Callable[[Any], Any]) -> None:
    gc.disable()
    try:
        twin = copied(deep(20_000))
        twin.backward()
        order = topological_order(twin)
        assert len(order) == 20_001
        assert order[0].grad == 1.0
    finally:
        gc.enable()


@pytest.mark.slow
def test_a_wide_graph_has_no_recursion() -> None:
    twin = pickle.loads(pickle.dumps(total([Value(float(k)) for k in range(5_000)])))
    assert (len(twin.parents), twin.data) == (5_000, 12_497_500.0)


def test_a_pickle_is_read_by_another_process() -> None:
    x = Value(0.5, "x")
    script = (
        "import pickle, sys; y = pickle.load(sys.stdin.buffer); y.backward(); x = y.parents[0]; "
        "print(y.op, y.data, x.label, x.grad)"
    )
    done = subprocess.run([sys.executable, "-c", script], input=pickle.dumps(x.exp()), capture_output=True, check=True)
    expected = x.exp()
    assert done.stdout.decode().split() == ["exp", repr(expected.data), "x", repr(expected.local_grads[0])]


def test_a_pickle_with_an_operation_that_is_not_defined_here_says_so(own_operations: None) -> None:
    mine = primitive("mine", value=lambda m, x: 2.0 * x, partials=lambda m, out, x: (2.0,))
    data = pickle.dumps(mine(Value(1.0)))
    assert pickle.loads(data).op == "mine"
    script = (
        "import pickle, sys\ntry:\n    pickle.load(sys.stdin.buffer)\nexcept LookupError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], input=data, capture_output=True, check=True)
    assert "unknown operation 'mine'" in done.stdout.decode()
