"""Machine code against the graph and against NumPy, with as many lanes as a processor may have."""

import math
import pickle
import threading
import warnings

import numpy as np
import pytest
from hypothesis import given, note
from hypothesis import strategies as st

import autograd
import nn
from autograd import Value
from autograd.compiler.backends import choice as backends
from autograd.compiler.compiled import Compiled
from tests.compiler.test_fuzz import EXACT, ROUNDED, batch, dyadics, functions, made, network, networks, rough_batch
from tests.eagerly import agree
from tests.extent import examples

pytest.importorskip("llvmlite")

from autograd.compiler.backends.native import runner as llvm_backend
from autograd.compiler.backends.native.memory import CHUNK
from autograd.compiler.backends.native.runner import LlvmRunner

LANES = [2, 4, 8]
sizes = st.sampled_from([1, 2, 3, 5, 8, 9, 16, 17, 63, 100])


@pytest.fixture(params=LANES)
def lanes(request, monkeypatch):
    """Machine code for so many lanes, whatever this processor has."""
    with_lanes(monkeypatch, request.param)
    return request.param


def with_lanes(monkeypatch, lanes, vector_functions=True):
    if not vector_functions:
        monkeypatch.setattr(llvm_backend, "vector_function", lambda name, lanes: None)
    monkeypatch.setitem(backends.BACKENDS, "llvm", lambda *arguments: LlvmRunner(*arguments, lanes=lanes))


def moons(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(0.0, 1.0, (n, 2)), rng.choice([-1.0, 1.0], n)


def moons_loss(backend, sizes=(16, 16, 1)):
    model = nn.MLP(2, list(sizes), seed=1)
    return autograd.compile(lambda x, t: nn.hinge_loss(model(x), t) + nn.l2_penalty(model, 1e-3), backend=backend)


# The same numbers as the graph


@pytest.mark.parametrize("count", LANES)
@pytest.mark.parametrize(
    ("templates", "vector_functions"),
    [(EXACT, True), (ROUNDED, True), (ROUNDED, False)],
    ids=["exact", "rounded", "forms"],
)
def test_random_functions(templates, vector_functions, count):
    @examples(40)
    @given(functions(templates), dyadics, sizes)
    def run(text, numbers, n):
        note(text)
        note(f"p = {numbers}, batch({n}, 0), {count} lanes")
        with pytest.MonkeyPatch.context() as patch:
            with_lanes(patch, count, vector_functions)
            try:
                agree(made(text, numbers), batch(n, 0), backend="llvm")
            except autograd.BranchChanged:
                assert "max(" in text

    run()


@pytest.mark.parametrize("count", LANES)
@pytest.mark.parametrize("vector_functions", [True, False])
def test_random_networks(vector_functions, count):
    @examples(15)
    @given(networks(), st.integers(0, 5), st.booleans(), sizes)
    def run(text, seed, tied, n):
        note(text)
        note(f"seed {seed}, tied {tied}, batch({n}, {seed}), {count} lanes")
        with pytest.MonkeyPatch.context() as patch:
            with_lanes(patch, count, vector_functions)
            agree(network(text, seed, tied), rough_batch(n, seed), backend="llvm")

    run()


def test_every_batch_size(lanes):
    small = (3, 1)
    native, arrays = moons_loss("llvm", small), moons_loss("numpy", small)
    X, y = moons(1000)
    for n in [*range(1, 40), 99, 100, 101, 255, 256, 257, 999, 1000]:
        value, gradient = native.value_and_grad(X[:n], y[:n])
        expected, slopes = arrays.value_and_grad(X[:n], y[:n])
        assert value == pytest.approx(expected, rel=1e-13, abs=1e-15), n
        np.testing.assert_allclose(gradient, slopes, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(native.map(X[:n], y[:n]), arrays.map(X[:n], y[:n]), rtol=1e-13, atol=1e-15)


def test_more_examples_than_are_kept_at_a_time(lanes):
    native, arrays = moons_loss("llvm", (3, 1)), moons_loss("numpy", (3, 1))
    X, y = moons(2 * CHUNK + 5)
    theta = np.linspace(-1.0, 1.0, 13)
    for at in (None, theta):
        value, gradient = native.value_and_grad(X, y, at=at)
        expected, slopes = arrays.value_and_grad(X, y, at=at)
        assert value == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(native.map(X, y), arrays.map(X, y), rtol=1e-12)


@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 9])
def test_arguments_of_any_width(lanes, width):
    f = autograd.compile(lambda x, t: autograd.dot(x, [k + 1.0 for k in range(width)]) * t, backend="llvm")
    X, t = np.random.default_rng(0).normal(0.0, 1.0, (13, width)), np.arange(13.0)
    np.testing.assert_allclose(f.map(X, t), X @ np.arange(1.0, width + 1.0) * t, rtol=1e-14, atol=1e-14)


# What is filled up enters no sum


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_met_where_it_stands(lanes, bad):
    w = Value(2.0, "w")
    f = autograd.compile(lambda x: w * x, backend="llvm")
    for n in (1, 7, 8, 9):
        for row in {0, n // 2, n - 1}:
            X = np.ones(n)
            X[row] = bad
            results = f.map(X)
            assert np.isfinite(np.delete(results, row)).all()
            np.testing.assert_equal(results[row], bad * 2.0)


def test_errors_are_those_of_the_graph(lanes):
    w = Value(1.0, "w")
    f = autograd.compile(lambda x: autograd.log(w * x), backend="llvm")
    X = np.ones(11)
    f(X)
    X[10] = -1.0
    for call in (f, f.map, f.value_and_grad, lambda X: f.value_and_grad(X, at=np.ones(1))):
        with pytest.raises(ValueError, match=r"example 10: log\(x\) needs x > 0, got -1"):
            call(X)


def test_the_error_of_the_last_example_is_not_hidden_by_choices(lanes):
    f = autograd.compile(lambda x: autograd.maximum(0.5, autograd.log(x)), backend="llvm")
    f.map([2.0, 3.0])
    with pytest.raises(ValueError, match="example 2: log"):
        f.map([2.0, 3.0, -1.0])


def test_branches(lanes):
    w = Value(1.0, "w")

    @autograd.compile(backend="llvm")
    def f(x):
        return w * x if x > 0.0 else -x

    X = np.ones(19)
    f.value_and_grad(X, at=np.ones(1))
    assert f.value_and_grad(X, at=np.ones(1))[0] == 1.0
    X[17] = -1.0
    for call in (f, f.map, f.value_and_grad, lambda X: f.value_and_grad(X, at=np.ones(1))):
        with pytest.raises(autograd.BranchChanged, match="example 17"):
            call(X)


@pytest.mark.parametrize("exponent", [np.inf, -np.inf, np.nan])
def test_an_exponent_that_is_not_finite(exponent):
    power = autograd.compile(lambda x: x**exponent + 0.0 * x, backend="llvm")
    np.testing.assert_array_equal(power.map([0.5, 1.0, 2.0]), np.array([0.5, 1.0, 2.0]) ** exponent)


def test_what_cancels_in_the_graph_cancels(lanes):
    """A product and a difference that were rounded as one would leave the rounding of the other product."""
    x, y = np.random.default_rng(0).random((2, 100))
    assert not autograd.compile(lambda x, y: x * y - y * x, backend="llvm").map(x, y).any()

    def roots(a, b, c):
        return 0.0 * a if b * b - 4 * a * c < 0 else b * b

    found = []
    for a, c in zip(x[:30], y[:30], strict=True):
        b = 2.0 * (a * c) ** 0.5  # one root or none or two, as it is rounded
        found.append(autograd.compile(roots, backend="llvm")([a], [b], [c]))
        assert found[-1] == roots(a, b, c)
    assert any(found)
    assert not all(found)


def test_an_index_out_of_range(lanes):
    f = autograd.compile(lambda x, c: autograd.take(x, c), backend="llvm")
    X = np.arange(12.0).reshape(4, 3)
    np.testing.assert_array_equal(f.map(X, [0, 2, 1, 1]), [0.0, 5.0, 7.0, 10.0])
    for wrong in (3, -1, 0.5):
        with pytest.raises(ValueError, match="example 3"):
            f.map(X, [0, 2, 1, wrong])


# The short way


def test_the_short_way_reads_what_the_arrays_hold_now():
    native, arrays = moons_loss("llvm", (3, 1)), moons_loss("numpy", (3, 1))
    X, y = moons(21)
    native(X, y), arrays(X, y)
    theta = native.flat_parameters()

    def same(X, y, theta):
        value, gradient = native.value_and_grad(X, y, at=theta)
        expected, slopes = arrays.value_and_grad(X, y, at=theta)
        assert value == pytest.approx(expected, rel=1e-13)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-12, atol=1e-15)

    for _ in range(4):  # from the third time on the arrays are read where they are
        same(X, y, theta)
        X *= 1.1
        y *= -1.0
        theta += 0.1
    for _ in range(4):
        same(X.copy(), y, theta * 0.5)
    same(X[::-1], y[::-1], theta[::-1])
    same(X.astype(np.float32), y.astype(int), theta.tolist())
    same(X[:5], y[:5], theta)
    same(np.asfortranarray(X), y, theta)
    X, y = moons(5000)
    for _ in range(3):
        same(X, y, theta)
    same(X[::2], y[::2], theta)
    with pytest.raises(ValueError, match="shape"):
        native.value_and_grad(X, y[:-1], at=theta)
    with pytest.raises(ValueError, match="at must be a flat array"):
        native.value_and_grad(X, y, at=theta[:-1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of NumPy 2.5
        X.shape = (2500, 4)
    with pytest.raises(ValueError, match="shape"):
        native.value_and_grad(X, y, at=theta)


def test_what_is_no_array_is_refused_also_where_an_array_was_read_that_is_gone():
    w = Value(2.0)
    f = autograd.compile(lambda x: w * x, backend="llvm")
    X = np.ones(5000)  # too large to be copied
    assert f(X) == f(X) == 2.0
    del X
    with pytest.raises(ValueError, match="x must be an array"):
        f(None)


def test_arguments_of_one_width_and_different_shapes():
    w = Value(1.0, "w")

    def f(x, t):
        return w * x[1][0] * t if isinstance(x[0], list) else w * (x[3] - x[0]) * t

    f = autograd.compile(f, backend="llvm")
    X, t, theta = np.arange(12.0), np.ones(3), np.ones(1)
    for _ in range(3):
        assert f.value_and_grad(X.reshape(3, 2, 2), t, at=theta)[0] == 6.0
        assert f.value_and_grad(X.reshape(3, 4), t, at=theta)[0] == 3.0


def test_which_arrays_go_the_short_way():
    w = Value(2.0)
    f = autograd.compile(lambda x: w * x, backend="llvm")
    X = np.arange(5.0)
    f.value_and_grad(X)
    way, theta = f._traces.latest[1].runner(with_gradient=True).mean_and_gradient, np.ones(1)
    for array in (X, np.arange(10.0)[::2], pickle.loads(pickle.dumps(X))):
        for _ in range(3):
            mean, gradient = way([array], theta)
            assert mean == gradient[0] == array.mean()
    for array in (X.astype(">f8"), X.astype(np.float32), X.astype(int), np.ma.array(X), list(X), None):
        for _ in range(3):
            assert way([array], theta) is None


def test_arrays_that_begin_at_an_odd_address():
    w = Value(2.0)
    f = autograd.compile(lambda x: w * x, backend="llvm")
    for n in (7, 5000):
        X = np.zeros(8 * n + 1, np.uint8)[1:].view(float)
        X[:] = np.arange(n)
        assert not X.flags.aligned
        for _ in range(3):
            assert f(X) == f.value_and_grad(X)[0] == n - 1.0
            assert f.map(X).tolist() == (2.0 * X).tolist()


def test_gradients_are_new_arrays():
    f = moons_loss("llvm", (3, 1))
    X, y = moons(9)
    f(X, y)
    theta = f.flat_parameters()
    results = [f.value_and_grad(X, y, at=theta * k)[1] for k in (1.0, 2.0, 3.0)]
    copies = [r.copy() for r in results]
    f.value_and_grad(X, y, at=theta)
    for result, copy in zip(results, copies, strict=True):
        np.testing.assert_array_equal(result, copy)


def test_training_goes_over_to_evaluation():
    dropout = nn.Dropout(0.5, seed=1)
    w = Value(1.0, "w")
    f = autograd.compile(lambda x: w * dropout([x])[0], backend="llvm")
    X, theta = np.ones(200), np.ones(1)
    values = {f.value_and_grad(X, at=theta)[0] for _ in range(4)}
    assert len(values) > 1
    dropout.eval()
    for _ in range(3):
        assert f.value_and_grad(X, at=theta)[0] == 1.0
    dropout.train()
    assert len({f.value_and_grad(X, at=theta)[0] for _ in range(4)}) > 1


# A program is an object like others


def test_text():
    w = Value(2.0, "w")
    f = autograd.compile(lambda x: autograd.tanh(w * x), backend="llvm")
    with pytest.raises(ValueError, match="not been traced"):
        _ = f.llvm
    f([1.0])
    assert "define double @sweep" in f.llvm
    assert "sweep:" in f.assembly
    assert f.llvm == f.llvm
    g = autograd.compile(lambda x: autograd.tanh(w * x), backend="numpy")
    g([1.0])
    with pytest.raises(AttributeError, match="NumPy runs this program"):
        _ = g.llvm


square_parameter = Value(3.0, "w")


def square(x):
    return square_parameter * x * x


def test_pickle():
    f = autograd.compile(square, backend="llvm")
    assert f([2.0]) == 12.0
    g = pickle.loads(pickle.dumps(f))
    assert g.backend == "llvm"
    assert g([2.0]) == 12.0


def test_threads():
    f = moons_loss("llvm", (4, 1))
    X, y = moons(300)
    f(X, y)
    theta = f.flat_parameters()
    expected = {k: f.value_and_grad(X[:k], y[:k], at=theta * k) for k in (7, 100, 300)}
    wrong = []

    def work(k):
        for _ in range(200):
            value, gradient = f.value_and_grad(X[:k], y[:k], at=theta * k)
            if not (np.isclose(value, expected[k][0], 1e-12) and np.allclose(gradient, expected[k][1], 1e-12)):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# Choosing


def runner_of(backend, f, *arguments):
    compiled = Compiled(f, backend)
    compiled(*arguments)
    return type(compiled._traces.latest[1].runner(False)).__name__


def test_auto_takes_machine_code_for_programs_of_any_size():
    w = [Value(0.1 * k) for k in range(5000)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for backend in ("auto", "llvm"):
            assert runner_of(backend, lambda x: w[0] * x, [1.0]) == "LlvmRunner"
            assert runner_of(backend, lambda x: autograd.dot(w, [x] * 5000), [1.0]) == "LlvmRunner"


def test_without_llvmlite(monkeypatch):
    monkeypatch.setattr(backends.importlib.util, "find_spec", lambda name: None)
    backends._trouble.cache_clear()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert runner_of("auto", lambda x: x + 1.0, [1.0]) == "NumpyRunner"
        with pytest.warns(RuntimeWarning, match="needs llvmlite"):
            assert runner_of("llvm", lambda x: x + 1.0, [1.0]) == "NumpyRunner"
    finally:
        backends._trouble.cache_clear()


@pytest.mark.parametrize("failure", ["wrong", "raises"])
def test_a_failing_self_check(monkeypatch, failure):
    def check():
        if failure == "raises":
            raise RuntimeError("no such processor")
        return False

    monkeypatch.setattr(backends, "_agrees", check)
    for cached in (backends._trouble, backends._warn_once):
        cached.cache_clear()
    try:
        with pytest.warns(RuntimeWarning, match="no such processor" if failure == "raises" else "something else"):
            assert runner_of("auto", lambda x: x + 1.0, [1.0]) == "NumpyRunner"
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert runner_of("auto", lambda x: x + 2.0, [1.0]) == "NumpyRunner"
    finally:
        for cached in (backends._trouble, backends._warn_once):
            cached.cache_clear()


def test_unknown_backend():
    with pytest.raises(ValueError, match="unknown backend 'cuda': choose 'auto' or 'numpy' or 'llvm'"):
        autograd.compile(lambda x: x, backend="cuda")


@pytest.mark.parametrize("n", [3, 7, 49, 1000])
def test_every_call_gives_the_same_to_the_last_digit(n):
    """The first call, later ones, lists and arrays, numbers of the Values and of an array."""
    rng = np.random.default_rng(n)
    X, t = rng.normal(size=(n, 2)), rng.normal(size=n)
    w, v = Value(0.3), Value(-0.7)
    f = autograd.compile(lambda x, t: (w * x[0] + v * x[1] - t) ** 2 + 0.1 * w * w, backend="llvm")
    first, (value, gradient) = f(X, t), f.value_and_grad(X, t)
    theta = f.flat_parameters()
    for arguments in ((X, t), (X.tolist(), t.tolist()), (X.copy(), t[:])):
        for at in (None, theta, theta.tolist()):
            assert f(*arguments, at=at) == first == value
            assert f.value_and_grad(*arguments, at=at)[1].tolist() == gradient.tolist()


def test_the_mean_of_equal_numbers_is_that_number():
    w = Value(1.0)
    f = autograd.compile(lambda x: w * x, backend="llvm")
    for n in (1, 49, 98, 103, 107):  # multiplied by 1/n, a sum of n ones is less than 1
        value, gradient = f.value_and_grad(np.ones(n))
        assert (value, gradient.tolist()) == (1.0, [1.0])


def test_the_power_of_a_half_is_a_root_and_what_a_power_is():
    numbers = np.array([0.0, -0.0, 2.0**-1074, 0.25, 2.0, 1e300, np.inf, -np.inf])
    w = Value(1.0)
    f = autograd.compile(lambda x: (w * x) ** 0.5, backend="llvm")
    found = f.map(numbers)
    assert found.tolist() == [x**0.5 if x != -math.inf else math.inf for x in numbers.tolist()]
    assert not np.signbit(found).any()
    f.value_and_grad(numbers[2:5])
    assert "@llvm.sqrt" in f.llvm
