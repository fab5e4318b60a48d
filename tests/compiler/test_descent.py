"""Gradient descent by a compiled function: steps of any rule, by arrays and by machine code, held against a loop in
Python over its gradients."""

import importlib.util
import threading

import numpy as np
import pytest

import autograd
import nn
from autograd import BranchChanged, Value, log, maximum, uniform, where
from tests.extent import some

needs_llvm = pytest.mark.skipif(importlib.util.find_spec("llvmlite") is None, reason="llvmlite is not installed")
KINDS = ["numpy", *(pytest.param(f"llvm {lanes}", marks=needs_llvm) for lanes in (2, 4, 8))]
every_kind = pytest.mark.parametrize("backend", KINDS, indirect=True)


@pytest.fixture(params=some(KINDS, 2))
def backend(request, monkeypatch):
    """A back end; machine code with so many lanes."""
    name, *lanes = request.param.split()
    if lanes:
        monkeypatch.setattr("autograd.compiler.backends.native.runner.native_lanes", lambda: int(lanes[0]))
    return name


def data(n):
    rng = np.random.default_rng(n)
    X = rng.normal(size=(n, 2))
    return X, np.where(X[:, 0] > X[:, 1], 1.0, -1.0)


def network_loss(backend):
    """A small network, whose parameters fill no whole number of vectors."""
    model = nn.MLP(2, [3, 1], activation="tanh", seed=1)
    return autograd.compile(
        lambda x, t: [nn.hinge_loss(out := model(x), t) + nn.l2_penalty(model, 0.01), out], backend=backend
    )


def native(descent):
    return descent._native is not None


def momentum(p, g, norm, v):
    v = 0.9 * v + g
    return [p - 0.1 * v, v]


def adam(p, g, norm, m, v, t):
    t = t + 1
    m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
    return [p - 0.05 * (m / (1 - 0.9**t)) / ((v / (1 - 0.99**t)) ** 0.5 + 1e-8), m, v, t]


RULES = {
    "plain": (lambda p, g, norm: p - 0.1 * g, []),
    "by length": (lambda p, g, norm: p - 0.1 * g / maximum(norm, 0.05), []),
    "momentum": (momentum, [0.0]),
    "Adam": (adam, [0.0, 0.0, 0]),
}


def by_hand(loss, X, t, rule, state, order, size, theta=None, moved=None):
    """The parameters, their state, and the lengths of gradients, by a loop in Python, one number at a time."""
    theta = loss.flat_parameters() if theta is None else theta.copy()
    rows = [list(state) for _ in theta]
    norms = []
    for start in range(0, len(order), size):
        batch = order[start : start + size]
        _, gradient = loss.map_and_grad(X[batch], t[batch], at=theta)
        moves = np.ones(len(theta), bool) if moved is None else moved
        norms.append(float(np.linalg.norm(gradient[moves])))
        for k in np.flatnonzero(moves):
            result = rule(float(theta[k]), float(gradient[k]), norms[-1], *rows[k])
            theta[k], *rows[k] = result if isinstance(result, list) else [result]
    return theta, rows, norms


@every_kind
@pytest.mark.parametrize("rule", RULES)
def test_steps_are_those_of_a_loop_in_python(backend, rule):
    move, state = RULES[rule]
    loss = network_loss(backend)
    for n, size in [(1, 1), (9, 1), (9, 4), (19, 8), (19, 19), (33, 32), (40, 7)]:
        case = f"{n} examples, {size} at a time"
        X, t = data(n)
        descent = loss.descent(X, t, rule=move, state=state)
        assert native(descent) is (backend == "llvm"), case
        order = np.random.default_rng(1).permutation(n)
        descent.run(order, size)
        theta, rows, norms = by_hand(loss, X, t, move, state, order, size)
        assert descent.theta == pytest.approx(theta, rel=1e-10, abs=1e-12), case
        assert descent.norms == pytest.approx(norms, rel=1e-10), case
        for kept, column in zip(descent.state, zip(*rows, strict=True), strict=True):
            assert np.broadcast_to(kept, len(theta)) == pytest.approx(np.array(column), rel=1e-10, abs=1e-12), case


@every_kind
def test_results_are_those_before_each_step_in_the_order_of_the_examples(backend):
    X, t = data(11)
    loss = network_loss(backend)
    descent = loss.descent(X, t, rule=RULES["plain"][0])
    order = [3, 1, 10, 0, 2, 5, 4, 9, 6, 8, 7]
    at = loss.flat_parameters()
    descent.run(order, 6)
    assert descent.results[:6] == pytest.approx(loss.map(X[order[:6]], t[order[:6]], at=at), rel=1e-12)
    at = at - 0.1 * loss.map_and_grad(X[order[:6]], t[order[:6]], at=at)[1]
    assert descent.results[6:] == pytest.approx(loss.map(X[order[6:]], t[order[6:]], at=at), rel=1e-12)


def test_examples_may_come_again_or_not_at_all(backend):
    X, t = data(10)
    loss = network_loss(backend)
    move, state = RULES["Adam"]
    for order in ([7] * 5, [1, 2, 3], list(range(10)) * 4, []):
        descent = loss.descent(X, t, rule=move, state=state)
        descent.run(order, 3)
        theta, _, norms = by_hand(loss, X, t, move, state, np.array(order, int), 3)
        assert descent.theta == pytest.approx(theta, rel=1e-10, abs=1e-12)
        assert (len(descent.norms), len(descent.results)) == (len(norms), len(order))


@every_kind
def test_examples_that_are_many_go_piece_by_piece(backend, monkeypatch):
    X, t = data(31)
    loss = network_loss(backend)
    loss.map(X, t)
    move, state = RULES["Adam"]
    at = loss.flat_parameters()
    theta, _, norms = by_hand(loss, X, t, move, state, np.arange(31), 4)
    for most in (1, 3, 7, 24, 33):
        monkeypatch.setattr("autograd.compiler.descent._AT_ONCE", 3 * most)
        descent = loss.descent(X, t, rule=move, state=state)
        descent.run(batch_size=4)
        case = f"{most} examples at once"
        assert descent.theta == pytest.approx(theta, rel=1e-10, abs=1e-12), case
        assert descent.norms == pytest.approx(norms, rel=1e-10), case
        assert descent.results[:4] == pytest.approx(loss.map(X[:4], t[:4], at=at), rel=1e-12), case
        assert len(descent.results) == 31, case


def test_the_values_stay_as_they_are(backend):
    X, t = data(8)
    loss = network_loss(backend)
    loss.map(X, t)
    before = loss.flat_parameters()
    descent = loss.descent(X, t, rule=RULES["plain"][0])
    descent.run()
    assert np.array_equal(loss.flat_parameters(), before)
    assert not np.array_equal(descent.theta, before)
    loss.set_flat_parameters(descent.theta)
    assert loss.map(X, t) == pytest.approx(loss.map(X, t, at=descent.theta))


def test_values_that_the_rule_reads_are_read_at_each_run(backend):
    X, t = data(8)
    loss, rate = network_loss(backend), Value(0.1)
    descent = loss.descent(X, t, rule=lambda p, g, norm: p - rate * g)
    expected = descent.theta.copy()
    for rate.data in (0.1, 0.05, 0.0):
        expected -= rate.data * loss.map_and_grad(X, t, at=expected)[1]
        descent.run()
        assert descent.theta == pytest.approx(expected, rel=1e-11, abs=1e-13)


@every_kind
def test_only_some_parameters_move(backend):
    X, t = data(9)
    loss = network_loss(backend)
    loss.map(X, t)
    moved = np.arange(len(loss.parameters)) % 3 == 1
    chosen = [p for p, moves in zip(loss.parameters, moved, strict=True) if moves]
    for rule, state in RULES.values():
        descent = loss.descent(X, t, rule=rule, state=state, moved=chosen)
        descent.run(batch_size=4)
        theta, _, norms = by_hand(loss, X, t, rule, state, np.arange(9), 4, moved=moved)
        assert descent.theta == pytest.approx(theta, rel=1e-10, abs=1e-12)
        assert descent.norms == pytest.approx(norms, rel=1e-10)


def test_starting_again_from_other_numbers(backend):
    X, t = data(9)
    loss = network_loss(backend)
    descent = loss.descent(X, t, rule=adam, state=[0.0, 0.0, 0])
    descent.run(batch_size=2)
    first = descent.theta.copy(), [np.copy(x) for x in descent.state]
    descent.run(batch_size=2)
    second = descent.theta.copy()
    descent.start_from(*first)
    descent.run(batch_size=2)
    assert np.array_equal(descent.theta, second)
    assert descent.state[2] == 10.0


def test_random_numbers_are_those_of_single_steps(backend):
    import random

    def run(whole):
        rng, w = random.Random(5), Value(0.3)
        loss = autograd.compile(lambda x: [(w * x - uniform(rng)) ** 2, w * x], backend=backend)
        X = np.linspace(-1, 1, 13)
        if whole:
            descent = loss.descent(X, rule=lambda p, g, norm: p - 0.1 * g)
            descent.run(batch_size=5)
            return descent.theta, rng.random()
        theta = np.array([0.3])
        for start in range(0, 13, 5):
            theta = theta - 0.1 * loss.map_and_grad(X[start : start + 5], at=theta)[1]
        return theta, rng.random()

    (theta, drawn), (expected, expected_drawn) = run(True), run(False)
    assert theta == pytest.approx(expected, rel=1e-12)
    assert drawn == expected_drawn


def test_a_minibatch_that_is_not_finite_ends_it_after_the_steps_before(backend):
    import random

    rng, w = random.Random(5), Value(1.0)
    loss = autograd.compile(lambda x: 1.0 / (w * x) + uniform(rng), backend=backend)
    X = np.array([1.0, 2.0, 3.0, 4.0, 0.0, 1.0])
    descent = loss.descent(X, rule=lambda p, g, norm: p - 0.1 * g)
    with pytest.raises(ZeroDivisionError, match="x / y needs y != 0"):
        descent.run(batch_size=2)
    assert len(descent.norms) == 2
    assert descent.results.shape == (4, 1)
    expected = 1.0
    for x in (X[:2], X[2:4]):
        expected += 0.1 * np.mean(1.0 / (expected**2 * x))
    assert descent.theta == pytest.approx([expected])
    reference = random.Random(5)
    assert rng.random() == [reference.random() for _ in range(5)][4]  # four examples have drawn theirs


def test_a_branch_that_goes_another_way_ends_it(backend):
    w = Value(1.0)
    loss = autograd.compile(lambda x: w * x if x > 0 else -(w**2) * x, backend=backend)
    descent = loss.descent(np.array([1.0, 2.0, -1.0, 1.0]), rule=lambda p, g, norm: p - 0.1 * g)
    with pytest.raises(BranchChanged):
        descent.run(batch_size=2)
    assert len(descent.norms) == 1
    assert descent.theta == pytest.approx([1.0 - 0.1 * 1.5])


def test_a_result_that_only_the_graph_has_is_got_over(backend):
    """The local derivative of √x at 0 is infinite; where it is not asked for, training goes on."""
    w = Value(1.0)
    loss = autograd.compile(
        lambda x: (w * x.sqrt() - 1.0) ** 2 + where(x > 0, w * x, w * (0.0 * x.sqrt())), backend=backend
    )
    X = np.array([0.0, 1.0, 4.0])
    descent = loss.descent(X, rule=lambda p, g, norm: p - 0.01 * g)
    descent.run(batch_size=1)
    assert np.isfinite(descent.theta).all()
    assert len(descent.norms) == 3


@pytest.mark.parametrize("size", [0, -1, True, 1.5, "2"])
def test_a_batch_size_that_makes_no_sense(size):
    loss = network_loss("numpy")
    descent = loss.descent(*data(4), rule=RULES["plain"][0])
    with pytest.raises(ValueError, match="batch_size is a whole number from 1"):
        descent.run(batch_size=size)


def test_an_order_that_makes_no_sense(backend):
    descent = network_loss(backend).descent(*data(4), rule=RULES["plain"][0])
    for order in ([0.5], [[0, 1], [2, 3]], [True, False, True, True], 3):
        with pytest.raises(ValueError, match="order is a list of whole numbers"):
            descent.run(order)
    descent.run([], batch_size=2)
    assert descent.results.shape == (0, 2)


def test_a_batch_size_beyond_the_number_of_examples(backend):
    descent = network_loss(backend).descent(*data(4), rule=RULES["plain"][0])
    descent.run(batch_size=10**30)
    assert len(descent.norms) == 1


def test_a_further_result_that_is_not_finite_ends_it_too(backend):
    w = Value(1.0)
    loss = autograd.compile(lambda x, t: [(w * x - 1.0) ** 2, 1e200 * t * t], backend=backend)
    descent = loss.descent(np.arange(6.0), [1.0, 2.0, 1e150, 3.0, 4.0, 5.0], rule=lambda p, g, norm: p - 0.01 * g)
    with pytest.raises(OverflowError, match="not finite"):
        descent.run(batch_size=2)
    assert len(descent.norms) == 1


@pytest.mark.parametrize("size", [2, 8])
def test_a_rule_that_has_no_value_leaves_all_as_it_was(backend, size):
    import random

    rng, reference, w = random.Random(5), random.Random(5), Value(1.0)
    loss = autograd.compile(lambda x: w * x * (1.0 + uniform(rng)), backend=backend)
    # log(p) is 0 after a step, and has no value after two.
    descent = loss.descent(np.arange(1.0, 9.0), rule=lambda p, g, norm, v, t: [log(p), v + g, t + 1], state=[0.0, 0])
    if size == 8:
        descent.run()
    with pytest.raises(ValueError, match="log") as caught:
        descent.run(batch_size=size)
    assert "in the rule" in caught.value.__notes__[0]
    assert len(descent.norms) == (1 if size == 2 else 0)
    gradients, steps = descent.state
    assert (descent.theta.tolist(), steps) == ([0.0], 1.0)
    drawn = [reference.random() for _ in range(size)]
    assert gradients == pytest.approx(np.mean([(1.0 + u) * (k + 1) for k, u in enumerate(drawn)]))
    assert rng.random() == reference.random()


def test_rules_that_make_no_sense():
    X, t = data(4)
    loss = network_loss("numpy")
    with pytest.raises(TypeError, match=r"choose with where\(\)"):
        loss.descent(X, t, rule=lambda p, g, norm: p - g if g > 0 else p)
    with pytest.raises(ValueError, match="was given a state of 1 numbers and returned one of 0"):
        loss.descent(X, t, rule=lambda p, g, norm, v: p - g, state=[0.0])
    with pytest.raises(ValueError, match="must stay so"):
        loss.descent(X, t, rule=lambda p, g, norm, v: [p - g, v + g], state=[0])
    with pytest.raises(ValueError, match="no parameters"):
        autograd.compile(lambda x: x * 2.0).descent([1.0], rule=lambda p, g, norm: p)
    with pytest.raises(IndexError):
        loss.descent(X, t, rule=lambda p, g, norm: p - g).run([0, 4])


def test_a_rule_chooses_with_where(backend):
    X, t = data(6)
    loss = network_loss(backend)
    descent = loss.descent(X, t, rule=lambda p, g, norm: p - where(g > 0, 0.01, -0.01))
    theta = descent.theta.copy()
    descent.run()
    assert descent.theta == pytest.approx(theta - 0.01 * np.where(loss.map_and_grad(X, t)[1] > 0, 1, -1))


@needs_llvm
def test_two_descents_in_two_threads():
    X, t = data(64)
    loss = network_loss("llvm")
    move, state = RULES["Adam"]
    results = {}

    def work(k):
        descent = loss.descent(X, t, rule=move, state=state)
        for epoch in range(20):
            descent.run(np.random.default_rng(100 * k + epoch).permutation(64), 8)
        results[k] = descent.theta.copy()

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    threaded = dict(results)
    for k in range(4):
        work(k)
        assert np.array_equal(threaded[k], results[k])


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"rule": None}, TypeError, "the rule of a descent is a function of a parameter, its gradient"),
        ({"state": ["a"]}, TypeError, r"state is a list of numbers, got \['a'\]"),
        ({"state": 0.0}, TypeError, "state is a list of numbers, got 0.0"),
        ({"moved": [1, 2]}, TypeError, r"moved is a list of parameters, which are Values, got \[1, 2\]"),
        ({"moved": Value(3.0)}, TypeError, "moved is a list of parameters"),
        ({"moved": [Value(3.0)]}, ValueError, "none of the parameters that are to move is one of the function's"),
    ],
)
def test_options_that_make_no_sense(options, error, said):
    with pytest.raises(error, match=said):
        network_loss("numpy").descent(*data(4), **({"rule": RULES["plain"][0]} | options))


def test_an_example_that_does_not_exist_is_named_before_any_step(backend):
    descent = network_loss(backend).descent(*data(4), rule=RULES["plain"][0])
    before = descent.theta.copy()
    for order in ([0, 1, 4], [0, 1, -5]):
        with pytest.raises(IndexError, match=rf"there is no example {order[-1]}: there are 4"):
            descent.run(order, 1)
        assert np.array_equal(descent.theta, before)


def test_numbers_to_start_from_that_do_not_fit_change_nothing():
    descent = network_loss("numpy").descent(*data(4), rule=momentum, state=[0.0])
    before = descent.theta.copy()
    p = len(before)
    for theta, state, said in (
        ([1.0, 2.0], [0.0], rf"theta is one number or {p} numbers, got an array of shape \(2,\)"),
        (1.0, [], "this descent keeps 1 in its state, got 0"),
        (1.0, [[1.0, 2.0]], rf"state is numbers or arrays of {p} numbers, got an array of shape \(2,\)"),
    ):
        with pytest.raises(ValueError, match=said):
            descent.start_from(theta, state)
        assert np.array_equal(descent.theta, before)
        assert not descent.state[0].any()


def test_what_is_wrong_in_a_rule_says_so():
    for rule in (lambda p, g: p, lambda p, g, norm: "p", lambda p, g, norm: p / 0.0):
        with pytest.raises((TypeError, ZeroDivisionError)) as error:
            network_loss("numpy").descent(*data(4), rule=rule)
        assert error.value.__notes__ == ["in the rule of a descent, whose examples are the parameters"]
