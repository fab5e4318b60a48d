"""Machine code against NumPy: two readers of one list of instructions, with networks of any width, in both types."""

import multiprocessing
import os
import threading
from itertools import product

import numpy as np
import pytest
from hypothesis import given, note
from hypothesis import strategies as st

import autograd
import nn
from autograd import Value, dot, logsumexp, mean, take, tanh, total, where
from autograd.compiler.traced import Traced
from tests.compiler.test_fuzz import EXACT, batch, dyadics, functions, made, network, networks, rough_batch
from tests.extent import examples, some

pytest.importorskip("llvmlite")

from autograd.compiler.backends.native.runner import LlvmRunner
from autograd.compiler.backends.numpy import NumpyRunner
from autograd.compiler.backends.runner import Options

LANES = [2, 4, 8]
DTYPES = {"float64": 1e-12, "float32": 2e-4}
sizes = st.sampled_from([1, 2, 3, 4, 5, 8, 9, 16, 17, 63, 100, 300])


def compare(f, columns, lanes, options=Options(), tolerance=1e-12):  # noqa: B008
    """Both readers on the same numbers; parameters are as they are."""
    arrays = [np.asarray(column, options.dtype) for column in columns]
    program = Traced(f, [array[0].tolist() for array in arrays], "numpy").program
    theta = np.array([[parameter.data] for parameter in program.parameters], options.dtype).reshape(-1, 1)
    rows = [array.reshape(len(array), -1) for array in arrays]
    runners = [NumpyRunner(program, True, options), LlvmRunner(program, True, options, lanes=lanes)]
    with np.errstate(all="ignore"):
        expected, found = (runner.run(theta, rows, len(rows[0])) for runner in runners)
    for name in ("outputs", "gradient"):
        one, other = getattr(expected, name), getattr(found, name)
        assert other.dtype == options.dtype
        one = np.broadcast_to(one, other.shape)
        finite = np.isfinite(one)
        np.testing.assert_array_equal(finite, np.isfinite(other))
        largest = max(1.0, np.abs(one[finite]).max(initial=0.0))
        np.testing.assert_allclose(other[finite], one[finite], rtol=tolerance, atol=tolerance * largest, err_msg=name)
    for one, other in zip(expected.branches, found.branches, strict=True):
        np.testing.assert_array_equal(np.broadcast_to(one, other.shape) != 0.0, other != 0.0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("lanes", LANES)
def test_networks(lanes, dtype):
    @examples(15)
    @given(networks(), st.integers(0, 5), st.booleans(), sizes)
    def run(text, seed, tied, n):
        note(text)
        note(f"seed {seed}, tied {tied}, batch({n}, {seed})")
        compare(network(text, seed, tied), rough_batch(n, seed), lanes, Options(dtype), DTYPES[dtype])

    run()


@pytest.mark.parametrize("careful", [False, True])
@pytest.mark.parametrize("lanes", LANES)
def test_functions(lanes, careful):
    @examples(25)
    @given(functions(EXACT), dyadics, sizes)
    def run(text, numbers, n):
        note(text)
        note(f"p = {numbers}, batch({n}, 0)")
        compare(made(text, numbers), batch(n, 0), lanes, Options(careful=careful))

    run()


WIDTHS = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 33, 64, 100, 257, 300]  # an odd count: every second case has them all


@pytest.mark.parametrize(("dtype", "width"), some(product(DTYPES, WIDTHS), 2))
def test_networks_of_any_width(width, dtype):
    rng = np.random.default_rng(width)
    model = nn.MLP(width, [width, 3], activation="tanh", seed=1)
    for n in (1, 33, 300):
        X, y = rng.normal(size=(n, width)), rng.integers(0, 3, n)
        compare(lambda x, t: nn.cross_entropy(model(x), t), [X, y], 4, Options(dtype), DTYPES[dtype])


def test_instructions_of_every_kind():
    rng = np.random.default_rng(0)
    ws = [Value(x) for x in rng.normal(size=7)]

    def f(x, c):
        first = [a * b for a, b in zip(ws, x, strict=True)]
        gathered = [first[k] for k in (3, 1, 3, 6)]
        picked = take(gathered, c) + take([ws[0], ws[1], 2.0, x[0]], c) + take([w * w for w in ws], 2)
        return total(gathered) * logsumexp(first) + picked + dot(ws[:2], ws[2:4]) * max(abs(w) for w in ws[:1])

    for n in (1, 5, 300):
        compare(f, [rng.normal(size=(n, 7)), rng.integers(0, 4, n)], 4)


def text_of(width):
    model = nn.MLP(width, [width, width, 1], seed=1)
    traced = Traced(lambda x, t: nn.hinge_loss(model(x), t) + nn.l2_penalty(model, 1e-3), [[0.5] * width, 1.0], "llvm")
    return LlvmRunner(traced.program, True).machine.llvm


def test_the_text_does_not_grow_with_the_network():
    assert text_of(16).count("\n") == text_of(40).count("\n")


# Types, threads, processes


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_float32(backend):
    rng = np.random.default_rng(0)
    model = nn.MLP(5, [8, 3], seed=1)

    def loss(x, t):
        return nn.cross_entropy(model(x), t)

    X, y = rng.normal(size=(50, 5)), rng.integers(0, 3, 50)
    exact, single = autograd.compile(loss), autograd.compile(loss, backend=backend, dtype=np.float32)
    value, gradient = single.value_and_grad(X, y)
    expected, slopes = exact.value_and_grad(X, y)
    assert gradient.dtype == single.map(X, y).dtype == np.float32
    assert single.flat_parameters().dtype == np.float64
    assert value == pytest.approx(expected, rel=1e-6)
    assert gradient == pytest.approx(slopes, rel=1e-4, abs=1e-6)
    assert value != expected
    theta = single.flat_parameters()
    for at in (theta, theta.astype(np.float32)):
        assert single.value_and_grad(X.astype(np.float32), y, at=at)[1].tolist() == gradient.tolist()
    descent = single.descent(X, y.astype(float), rule=lambda p, g, norm: p - 0.1 * g)
    descent.run(batch_size=10)
    assert descent.theta.dtype == np.float64
    assert single(X, y, at=descent.theta) < value


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": "float16"}, "unknown dtype 'float16': choose 'float64' or 'float32'"),
        ({"threads": 0}, "threads is a whole number from 1"),
        ({"threads": 1.5}, "threads is a whole number from 1"),
    ],
)
def test_options_that_make_no_sense(options, message):
    with pytest.raises(ValueError, match=message):
        autograd.compile(lambda x: x, **options)


def wide(threads):
    model = nn.MLP(2, [64, 64, 1], seed=1)
    return autograd.compile(
        lambda x, t: nn.hinge_loss(model(x), t) + nn.l2_penalty(model, 1e-3), backend="llvm", threads=threads
    )


def test_the_number_of_threads_changes_no_digit():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(3001, 2)), rng.choice([-1.0, 1.0], 3001)
    value, gradient = wide(1).value_and_grad(X, y)
    for threads in (2, 3, None):
        program = wide(threads)
        for _ in range(3):
            again, slopes = program.value_and_grad(X, y)
            assert again == value
            np.testing.assert_array_equal(slopes, gradient)
    numpy = autograd.compile(program.__wrapped__, backend="numpy")
    expected, slopes = numpy.value_and_grad(X, y)
    assert value == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-11, atol=1e-13)


def in_child(connection, program, X, y):
    connection.send(program.value_and_grad(X, y)[0])


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork")
def test_a_child_that_was_forked_has_threads_of_its_own():
    X, y = np.random.default_rng(0).normal(size=(3000, 2)), np.ones(3000)
    program = wide(2)
    expected = program.value_and_grad(X, y)[0]
    fork = multiprocessing.get_context("fork")
    receiver, sender = fork.Pipe(duplex=False)
    child = fork.Process(target=in_child, args=(sender, program, X, y))
    child.start()
    assert receiver.poll(60.0)
    assert receiver.recv() == expected
    child.join()


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork")
def test_a_child_does_not_wait_for_a_thread_that_compiled_when_it_was_forked():
    """The thread is held within the trace: the child calls the same function."""
    X, t = np.ones((3, 2)), np.ones(3)
    inside, done = threading.Event(), threading.Event()
    w, parent = Value(2.0), os.getpid()

    def f(x, t):
        if os.getpid() == parent and threading.current_thread() is not threading.main_thread():
            inside.set()
            done.wait(60.0)
        return w * x[0] * t

    program = autograd.compile(f, backend="llvm")
    thread = threading.Thread(target=program, args=(X, t))
    thread.start()
    assert inside.wait(60.0)
    fork = multiprocessing.get_context("fork")
    receiver, sender = fork.Pipe(duplex=False)
    child = fork.Process(target=in_child, args=(sender, program, X, t))
    child.start()
    try:
        assert receiver.poll(60.0)
        assert receiver.recv() == 2.0
    finally:
        done.set()
        thread.join()
        child.kill()
        child.join()


def test_what_a_mean_and_a_choice_pass_on():
    """An array that some examples share and a mask over rows, in one fused loop."""
    ws = [Value(0.3), Value(-0.2), Value(0.9)]

    def f(x):
        layer = [where(w < a, w * a, tanh(a)) for w, a in zip(ws, x, strict=True)]
        return mean([(a - mean(layer)) ** 2 for a in layer])

    compare(f, [np.random.default_rng(0).normal(size=(11, 3))], 4)
