"""What is alike for many parameters becomes one loop: the same numbers, whatever is summed and however it is mixed."""

from itertools import product

import numpy as np
import pytest

import autograd
from autograd import Value, dot, exp, tanh, total, where
from tests.extent import some

pytest.importorskip("llvmlite")

from autograd.compiler.backends.native.runner import LlvmRunner

COUNTS = [1, 15, 16, 17, 31, 40, 100]
LANES = [2, 4, 8]


@pytest.fixture(params=LANES, autouse=True)
def lanes(request, monkeypatch):
    monkeypatch.setattr("autograd.compiler.backends.native.runner.native_lanes", lambda: request.param)


PENALTIES = {
    "squares": lambda ws: 0.1 * dot(ws, ws),
    "every other square": lambda ws: 0.1 * dot(ws[::2], ws[::2]),
    "absolute values": lambda ws: 0.1 * total([abs(w) for w in ws]),
    "length": lambda ws: dot(ws, ws) ** 0.5,
    "squares over their length": lambda ws: dot(ws, ws) / (1.0 + total(ws) ** 2),
    "a function": lambda ws: total([tanh(w) * exp(-w) for w in ws]),
    "scaled by one of them": lambda ws: total([w * ws[0] for w in ws]),
    "neighbours": lambda ws: total([w * v for w, v in zip(ws, [*ws[1:], ws[0]], strict=True)]),
    "two kinds": lambda ws: total([w * w if k % 3 else abs(w) for k, w in enumerate(ws)]),
    "other numbers for each": lambda ws: total([(w - 0.1 * k) ** 2 for k, w in enumerate(ws)]),
    "one of them twice": lambda ws: total([ws[0], *ws, ws[0]]),
    "a number besides": lambda ws: total([3.0, *ws, 1.0]) ** 2,
    "each twice": lambda ws: total([w * w for w in ws] * 2),
    "times one of the terms": lambda ws: dot(ws, ws) * (ws[0] * ws[0]),
    "chosen by two of them": lambda ws: total([where(ws[0] * ws[-1] < ws[0] + ws[-1], w * w, w) for w in ws]),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("name", "count", "lanes"), some(product(PENALTIES, COUNTS, LANES), 8), indirect=["lanes"])
def test_penalties_are_those_of_arrays(name, count, lanes):
    rng = np.random.default_rng(count)
    ws = [Value(x) for x in rng.normal(size=count)]
    X = rng.normal(size=(5, count))

    def loss(x):
        return dot(ws, x) ** 2 + PENALTIES[name](ws)

    native, arrays = (autograd.compile(loss, backend=backend) for backend in ("llvm", "numpy"))
    (value, gradient), (expected, slopes) = native.value_and_grad(X), arrays.value_and_grad(X)
    assert native.parameters == arrays.parameters
    assert value == pytest.approx(expected, rel=1e-12)
    assert gradient == pytest.approx(slopes, rel=1e-12, abs=1e-12)


def test_what_is_not_meant_is_left_out_even_if_it_is_not_finite():
    """The loop passes over all parameters; those that are no part of the sum may be anything."""
    ws = [Value(float(k)) for k in range(20)]
    others = [Value(1e300), Value(-1e300)]
    loss = autograd.compile(
        lambda x: dot([others[0], *ws, others[1]], x) * 1e-300 + dot(ws, ws) + 0.0 * others[0], backend="llvm"
    )
    value, gradient = loss.value_and_grad(np.zeros((3, 22)))
    assert value == sum(k * k for k in range(20))
    slope = dict(zip(loss.parameters, gradient, strict=True))
    assert [slope[w] for w in ws] == [2.0 * k for k in range(20)]
    assert (slope[others[0]], slope[others[1]]) == (0.0, 0.0)


def test_parameters_beyond_the_last_are_not_read():
    """The parameters may be an array of the user's, behind whose end is nothing of ours."""
    ws = [Value(0.1 * k) for k in range(19)]
    loss = autograd.compile(lambda x: x * dot(ws, ws), backend="llvm")
    loss(np.ones(2))
    memory = np.full(40, np.nan)
    theta = memory[:19]
    theta[:] = loss.flat_parameters()
    for _ in range(4):  # copied at first, then read where it stands
        value, gradient = loss.value_and_grad(np.ones(2), at=theta)
    assert value == pytest.approx(sum(w.data**2 for w in ws))
    assert gradient == pytest.approx(2.0 * theta)


def test_a_comparison_that_both_loops_read():
    """The one over the parameters chooses a term by it, the one over the examples a slope."""
    ws, (a, b) = [Value(0.1 * k) for k in range(40)], [Value(0.3), Value(0.7)]

    def loss(x):
        larger = a * b < a + b
        return total([where(larger, w * w, w) for w in ws]) + where(larger, x, 2.0 * x) * a

    native, arrays = (autograd.compile(loss, backend=backend) for backend in ("llvm", "numpy"))
    X = np.linspace(0.0, 1.0, 11)
    (value, gradient), (expected, slopes) = native.value_and_grad(X), arrays.value_and_grad(X)
    assert value == pytest.approx(expected, rel=1e-12)
    assert gradient == pytest.approx(slopes, rel=1e-12, abs=1e-12)


def test_a_long_sum_within_the_loop_over_examples():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(11, 70))
    w = Value(0.7)
    loss = autograd.compile(lambda x: total([w * y for y in x]), backend="llvm")
    assert loss.map(X) == pytest.approx(0.7 * X.sum(axis=1), rel=1e-12)
    assert loss.value_and_grad(X)[1] == pytest.approx([X.sum(axis=1).mean()], rel=1e-12)


def test_the_text_has_a_loop_and_not_a_line_for_each():
    ws = [Value(0.1 * k) for k in range(500)]
    from autograd.compiler.traced import Traced

    few, many = (
        len(
            LlvmRunner(Traced(lambda x, n=n: x * dot(ws[:n], ws[:n]), [1.0], "llvm").program, True).machine.llvm.split(
                "\n"
            )
        )
        for n in (100, 500)
    )
    assert many == few
