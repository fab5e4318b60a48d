"""What is there for speed alone gives what the plain way gives, to the last bit, on random graphs."""

import math
import sys
import weakref
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, dot, maximum, total, where
from autograd.engine import fast_backward, fast_ops, value
from autograd.engine.backward import gradients, topological_order
from autograd.engine.fast_ops import Codes
from autograd.rules import table
from autograd.rules.operation import TABLE, Operation
from tests.extent import case

UNARY = [row for row in TABLE.values() if len(row.operands) == 1 and row.name in vars(Value)]
INFIX = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "**": "pow"}


def bits(x: float | None) -> str | None:
    return None if x is None else x.hex()


def recorded(node: Any) -> tuple[Any, ...]:
    if not isinstance(node, Value):
        return ("number", bits(float(node)))
    parents = [p.op or bits(p.data) for p in node.parents]
    return bits(node.data), node.op, node.requires_grad, parents, [*map(bits, node.local_grads)], node.label, node.scope


def outcome(function: Any, *operands: Any) -> tuple[Any, ...]:
    try:
        return recorded(function(*operands))
    except Exception as error:
        return type(error), str(error)


SPECIAL = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    2.0,
    5e-324,
    1e-310,
    1e308,
    -1e308,
    1e-160,
    710.0,
    -746.0,
    math.inf,
    -math.inf,
    math.nan,
]
numbers = st.one_of(st.sampled_from(SPECIAL), st.floats(-20, 20))


def operand(number: float, kind: str) -> Any:
    return {"leaf": Value(number), "constant": Value(number).detach(), "number": number}[kind]


@given(st.sampled_from(UNARY), numbers, st.sampled_from(["leaf", "constant"]))
def test_generated_methods_do_what_apply_does(row: Operation, x: float, kind: str) -> None:
    node = operand(x, kind)
    assert outcome(getattr(node, row.name)) == outcome(lambda: value.apply(row, (node,)))


@given(st.sampled_from(sorted(INFIX)), numbers, numbers, st.sampled_from(["leaf", "constant", "number"]))
def test_generated_operators_do_what_arithmetic_does(symbol: str, a: float, b: float, kind: str) -> None:
    x, y, row = Value(a), operand(b, kind), TABLE[symbol]
    assert outcome(getattr(x, f"__{INFIX[symbol]}__"), y) == outcome(lambda: value.arithmetic(row, x, y))
    assert outcome(getattr(x, f"__r{INFIX[symbol]}__"), y) == outcome(lambda: value.arithmetic(row, y, x))


def graph(draw: Random) -> Value:
    """Sums, products, choices, layers and functions of leaves, constants and each other."""
    pool = [Value(draw.choice([0.0, -0.0, 1.0, -1.0, 0.5, -2.0, draw.uniform(-3, 3)])) for _ in range(4)]
    pool += [pool[0].detach(), Value(3.0).detach()]
    for _ in range(draw.randint(1, 8)):
        a, b = draw.choice(pool), draw.choice(pool)
        xs = draw.choices(pool, k=draw.randint(1, 4))
        rows = [draw.choices(pool, k=len(xs)) for _ in range(draw.randint(1, 3))]
        pool += dot([*rows, xs], xs, draw.choices(pool, k=len(rows) + 1))
        pool += [a + b, a * b, a - 2.0, -a, a.relu(), a.tanh(), maximum(a, b), where(a > 0, a, b), total(xs), b * b * b]
        pool = draw.sample(pool, len(pool))
    return total(pool[-5:]) + pool[0] * 0.25


def check_a_random_graph(seed: int) -> None:
    draw = Random(seed)
    output = graph(draw)
    if not output.requires_grad:
        return
    start = draw.choice([1.0, -0.5, 0.0, 3.0])
    plain = gradients(output, None, start)
    for node in topological_order(output):
        node.grad = draw.choice([None, 0.0, 2.0])
    held = {node: node.grad for node in topological_order(output) if not node.parents}
    fast = fast_backward.fast_backward(output, start)
    assert fast or not all(map(math.isfinite, plain.values()))
    for node in topological_order(output):
        if fast and node.requires_grad:
            before = held.get(node)
            expected = plain.get(node, 0.0) + 0.0 if before is None else plain.get(node, 0.0) + 0.0 + before
            assert (node.grad or 0.0) + 0.0 == expected
            assert bits((node.grad or 0.0) + 0.0) == bits(expected + 0.0)
    assert fast or {node: node.grad for node in held} == held


def test_the_fast_pass_gives_what_the_plain_pass_gives() -> None:
    for seed in range(150):
        with case(f"seed {seed}"):
            check_a_random_graph(seed)


def test_neurons_are_dots() -> None:
    ws, xs, b = [Value(0.5), Value(-2.0)], [Value(3.0), Value(0.25).detach()], Value(0.125)
    (neuron,) = dot([ws], xs, [b])
    plain = value.apply(table.DOT, (*ws, *xs, b))
    assert recorded(neuron) == recorded(plain)
    assert neuron.parents == plain.parents


def test_code_is_kept_for_the_next_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = tmp_path / "kept"
    first = Codes(str(path))
    code = first.of("x = 1 + 1", "<f>")
    first.keep()
    monkeypatch.setattr(fast_ops, "compile", None, raising=False)  # not called again
    assert Codes(str(path)).of("x = 1 + 1", "<f>") == code


def test_a_source_that_is_not_kept_is_compiled_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = tmp_path / "kept"
    for source in ("x = 2", "x = 3"):
        codes = Codes(str(path))
        known: dict[str, int] = {}
        exec(codes.of(source, "<f>"), known)
        assert known["x"] == int(source[-1])
        codes.keep()
        assert list(Codes(str(path))._known) == [source]


def test_the_numbers_of_a_layer_are_those_of_now() -> None:
    ws = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]
    xs, biases = [Value(1.0), Value(10.0)], [Value(0.5), Value(0.0)]
    rows = tuple(map(tuple, ws))
    assert [y.data for y in dot(rows, xs, biases)] == [21.5, 43.0]
    ws[0][1].data = 3.0
    assert [y.data for y in dot(rows, xs, biases)] == [31.5, 43.0]
    biases[1].data = 1.0
    assert [y.data for y in dot(rows, xs, biases)] == [31.5, 44.0]
    assert [y.local_grads[0] for y in dot(rows, xs, biases)] == [1.0, 1.0]
    assert [y.local_grads[3] for y in dot(rows, xs, biases)] == [3.0, 4.0]
    lists = tuple(ws)  # a tuple of lists, which may change
    assert [y.data for y in dot(lists, xs, biases)] == [31.5, 44.0]
    ws[1][0] = Value(5.0)
    assert [y.data for y in dot(lists, xs, biases)] == [31.5, 46.0]


def test_a_layer_that_is_gone_leaves_nothing_behind() -> None:
    w, b = Value(1.0), Value(0.0)
    dot(((w,),), [Value(2.0)], [b])
    gone = weakref.ref(w), weakref.ref(b)
    del w, b
    assert [reference() for reference in gone] == [None, None]
