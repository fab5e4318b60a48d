"""Random functions, compiled against the graph: hypothesis writes Python, and shrinks it to a few lines.

Where something has a kink, rounding could put the two readings on different sides of it. So functions with kinks at
random places use arithmetic that is exact in both (small dyadic numbers, + - * and choices), and functions with
rounding have their kinks away from round numbers.
"""

import re

import numpy as np
import pytest
from hypothesis import given, note
from hypothesis import strategies as st

import autograd
from autograd import Value
from autograd.compiler.backends import numpy as numpy_backend
from autograd.compiler.compiled import Compiled
from tests.eagerly import agree, eagerly, example
from tests.extent import examples

NAMES = {name: getattr(autograd, name) for name in autograd.__all__}
INPUTS = ["x[0]", "x[1]", "x[2]", "t", "m[0][1]", "m[1][0]"]
PARAMETERS = [f"p{k}" for k in range(5)]
MADE_OUTSIDE = ["q0", "q1", "q2", "fixed"]
RETURNED = ["{last}", "{last}", "{last} + v0", "[{last}, v0, p0, 2.0]", "[t, {last}]"]
NUMBERS = ["0.5", "2.0", "-1.25", "3", "0.0", "1.0"]

# Operands are drawn anew for each hole.
EXACT = [
    "{} + {}",
    "{} - {}",
    "{} * {}",
    "-{}",
    "abs({})",
    "relu({})",
    "leaky_relu({}, 0.5)",
    "leaky_relu({}, {})",
    "minimum({}, {})",
    "maximum({}, {})",
    "where({} < {}, {}, {})",
    "where({} >= {}, {}, {})",
    "where(({} < {}) & ({} <= {}), {}, {})",
    "where(({} > {}) | ({} <= {}), {}, {})",
    "where(({} > {}) == ({} <= {}), {}, {})",
    "where({}, {}, {})",
    "({} > {}) * {} + 1.0",
    "value({}).detach()",
    "unrecorded(lambda: {} * {})",
    "dot([{}, {}], [{}, {}])",
    "dot([{}], [{}], {})",
    "dot([{}, {}, {}], [{}, {}, {}], {})",
    "total([{}, {}, {}])",
    "mean([{}, {}])",
    "take([{}, {}, {}], c)",
    "take([{}, {}, {}], c) * take([{}, {}, {}], c)",
    "max([{}, {}])",
    "value({}) ** 2",
    "value({}) ** 0",
    "value({}) ** 1",
]
ROUNDED = [
    "{} + {}",
    "{} - {}",
    "{} * {}",
    "{} / (1.0 + value({}) * {} + 3.0)",
    "{} / (1.5 + abs({} + 0.0371))",
    "abs({} + 0.0371)",
    "relu({} - 0.0371)",
    "elu({} - 0.0371)",
    "leaky_relu({} + 0.0371, {})",
    "minimum({}, {} + 0.0371)",
    "where({} < {} + 0.0371, {}, {})",
    "exp(tanh({}))",
    "expm1(tanh({}))",
    "log(abs({} + 0.0371) + 0.5)",
    "log1p(abs({} + 0.0371))",
    "sqrt(abs({} + 0.0371) + 0.25)",
    "sin({})",
    "cos({})",
    "tan(0.5 * tanh({}))",
    "sinh(tanh({}))",
    "cosh(tanh({}))",
    "tanh({})",
    "arcsin(0.75 * tanh({}))",
    "arccos(0.75 * tanh({}))",
    "arctan({})",
    "erf({})",
    "sigmoid({})",
    "softplus({})",
    "silu({})",
    "gelu({})",
    "(abs({} + 0.0371) + 0.5) ** tanh({})",
    "(abs({} + 0.0371) + 0.5) ** -1.5",
    "2.0 ** tanh({})",
    "tanh({}) ** 3",
    "dot([{}, {}], [{}, {}])",
    "dot([{}, {}, {}], x, {})",
    "dot([p0, p1, p2], x, {})",
    "dot(x, [{}, {}, {}])",
    "total([{}, {}, {}])",
    "mean([{}, {}, {}])",
    "logsumexp([{}, {}])",
    "softmax([{}, {}, {}])[1]",
    "log_softmax([{}, {}])[0]",
    "take(log_softmax([{}, {}, {}]), c)",
    "value({}).detach() * {}",
    "unrecorded(lambda: tanh({}) * {})",
    "grad(value({}) * tanh({}), [p0, p1], create_graph=True)[0]",
    "grad(value({}) * value({}) * p1, [p0, variable({})], create_graph=True)[1]",
]


def functions(templates):
    """The text of a random function of one example."""
    step = st.tuples(st.sampled_from(templates), st.lists(st.integers(-4, 20), min_size=9, max_size=9))
    return st.builds(written, st.lists(step, min_size=1, max_size=12), st.sampled_from(RETURNED))


def written(steps, returned):
    """Steps as Python; an operand below 0 is one of the last that were calculated, so that functions get deep."""
    pool = INPUTS + PARAMETERS + MADE_OUTSIDE + NUMBERS
    lines = ["def f(x, t, m, c):"]
    for k, (template, operands) in enumerate(steps):
        lines.append(f"    v{k} = {template.format(*(pool[i] for i in operands))}")
        pool.append(f"v{k}")
    return "\n".join([*lines, f"    return {returned.format(last=f'v{len(steps) - 1}')}"])


def value(x):
    return x if isinstance(x, Value) else Value(x)


def variable(x):
    return x if isinstance(x, Value) and x.requires_grad else Value(0.5)


def unrecorded(f):
    with autograd.no_grad():
        return f()


def made(text, numbers):
    """The function of a text, with parameters, and nodes made of them outside."""
    parameters = {name: Value(number, name) for name, number in zip(PARAMETERS, numbers, strict=True)}
    p0, p1, p2, *_ = parameters.values()
    outside = {"q0": p0 * p1, "q1": autograd.relu(p1 + 0.5) - p2, "q2": Value(0.5) * 2.0, "fixed": p0.detach()}
    namespace = NAMES | parameters | outside | {"value": value, "unrecorded": unrecorded, "variable": variable}
    exec(text, namespace)
    return namespace["f"]


def batch(n, seed):
    rng = np.random.default_rng(seed)

    def dyadic(*shape):
        return rng.integers(-12, 13, shape) / 8.0

    return [dyadic(n, 3), dyadic(n), dyadic(n, 2, 2), rng.integers(0, 3, n)]


dyadics = st.lists(st.integers(-12, 12).map(lambda k: k / 8.0), min_size=5, max_size=5)
sizes = st.sampled_from([1, 2, 3, 17])


def run(text, numbers, n):
    note(text)
    note(f"p = {numbers}, batch({n}, 0)")
    try:
        agree(made(text, numbers), batch(n, 0), backend="numpy")
    except autograd.BranchChanged:
        assert "max(" in text


@examples(400)
@given(functions(EXACT), dyadics, sizes)
def test_exact_functions(text, numbers, n):
    run(text, numbers, n)


@examples(400)
@given(functions(ROUNDED), dyadics, sizes)
def test_rounded_functions(text, numbers, n):
    run(text, numbers, n)


@examples(40)
@given(functions(ROUNDED + EXACT[:5]), dyadics)
def test_many_chunks(text, numbers):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numpy_backend, "_CHUNK_BYTES", 1)
        patch.setattr(numpy_backend, "_FEWEST", 7)
        run(text, numbers, 24)


# Networks: each step makes the list h of the next layer from the last one.
LAYERS = [
    "h = [tanh(dot(w, h, b)) for w, b in zip(W(3, h), B(3))]",
    "h = [relu(dot(w, h, b)) for w, b in zip(W(4, h), B(4))]",
    "h = [dot(h, w) for w in W(2, h)]",
    "h = [sigmoid(dot(w, h, 0.25)) for w in W(1, h)]",
    "h = [gelu(dot(w, h) + b) for w, b in zip(W(2, h), B(2))]",
    "h = [dot([w * w - 0.5 for w in ws], h, sum(ws)) for ws in W(3, h)]",
    "h = [dot([1.0, -0.5, 0.25, 2.0][: len(h)], h[:4]), dot([0.5] * len(h), h, 1.0)]",
    "h = [dot(w, h, x[0]) for w in W(2, h)]",
    "h = [dot(w, list(reversed(h)), b) for w, b in zip(W(2, h), B(2))]",
    "w, b = W(len(h), h), B(len(h))\n    for _ in range(3):\n        h = [tanh(dot(r, h, a)) for r, a in zip(w, b)]",
    "h = [silu(dot(B(2), pair, p)) for p in B(1) for pair in zip(h + x, (h + x)[1:])]",
    "h = [a + b for a, b in zip(h, [dot(w, h, b) for w, b in zip(W(len(h), h), B(len(h)))])]",
    "h = h + x",
    "h = h[:2] + [t]",
    "h = softmax(h)",
    "h = [(a - mean(h)) / sqrt(mean([(b - mean(h)) ** 2 for b in h]) + 0.1) for a in h]",
    "w = W(3, h)\n    s = softmax([dot(h, k) for k in w])\n    h = [dot(s, column) for column in zip(*w)]",
    "h = [leaky_relu(a, p) for a, p in zip(h, B(len(h)))]",
    "h = [where(a > b, a, b) * dot(h, h) for a, b in zip(h, h[1:] + [0.1])]",
    "h = [tanh(dot(w, h, b).detach() + dot(w, h)) for w, b in zip(W(2, h), B(2))]",
    "h = [tanh(h[i] * B(2)[0] + h[i - 1] * B(2)[1]) for i in range(len(h))]",
]
HEADS = [
    "return -take(log_softmax([dot(w, h, b) for w, b in zip(W(3, h), B(3))]), c)",
    "return relu(1.0 - t * dot(B(len(h)), h))",
    "return mean([(a - t) ** 2 for a in h])",
    "return softplus(-t * total(h)) + 0.01 * dot(theta, theta)",
    "return logsumexp(h) + 0.01 * total([abs(p) for p in theta])",
    "return h",
    "return -dot(softmax(x), log_softmax((h + h + h)[:3]))",
]


@st.composite
def networks(draw):
    layers = draw(st.lists(st.sampled_from(LAYERS), min_size=1, max_size=4))
    lines = ["h = x", *layers, draw(st.sampled_from(HEADS))]
    return "def f(x, t, m, c):\n" + "\n".join(f"    {line}" for line in lines)


def network(text, seed, tied):
    """The function of a text; W(k, h) are the weights of k neurons that see h, B(k) as many biases.

    Where weights are `tied`, all layers of one shape share them.
    """
    rng = np.random.default_rng(seed)
    known, theta = {}, []
    turn = iter(())

    def parameters(k, n):
        name = (k, n) if tied else (k, n, next(turn))
        if name not in known:
            known[name] = [[Value(number) for number in row] for row in rng.normal(0.0, 0.5, (k, n))]
            theta.extend(p for row in known[name] for p in row)
        return known[name]

    namespace = NAMES | {"W": lambda k, h: parameters(k, len(h)), "B": lambda k: parameters(1, k)[0], "theta": theta}
    exec(text, namespace)

    def f(*arguments):
        nonlocal turn
        turn = iter(range(1000))
        return namespace["f"](*arguments)

    f(*example(batch(1, 0), 0))  # makes the parameters
    return f


def rough_batch(n, seed):
    """`batch`, its numbers no longer whole eighths."""
    *numbers, classes = batch(n, seed)
    return [*(x + np.random.default_rng(seed).normal(0.0, 0.1, x.shape) for x in numbers), classes]


@examples(150)
@given(networks(), st.integers(0, 5), st.booleans(), sizes)
def test_networks(text, seed, tied, n):
    note(text)
    note(f"seed {seed}, tied {tied}, batch({n}, {seed})")
    agree(network(text, seed, tied), rough_batch(n, seed), backend="numpy")


# Functions that have no value in many places, or infinite ones.
WILD = [
    "{} + {}",
    "{} - {}",
    "{} * {}",
    "{} * 1e200",
    "{} / {}",
    "1.0 / {}",
    "log({})",
    "log1p({})",
    "sqrt({})",
    "exp(5.0 * value({}))",
    "exp({} * 1e3)",
    "expm1({} * {})",
    "arcsin({})",
    "value({}) ** {}",
    "value({}) ** -1",
    "value({}) ** 0.5",
    "relu({})",
    "abs({})",
    "maximum({}, {})",
    "where({} > {}, {}, {})",
    "tan({})",
    "sinh({} * 300.0)",
    "softplus({} * 1e3)",
    "logsumexp([{}, {}])",
    "dot([{}, {}], [{}, {}])",
    "take([{}, {}], c)",
]


@examples(300)
@given(functions(WILD), dyadics, st.integers(0, 20))
def test_functions_that_may_have_no_value(text, numbers, seed):
    """What the graph gives without an error, the program gives too; its errors are those of the graph."""
    note(text)
    note(f"p = {numbers}, batch(1, {seed})")
    columns = batch(1, seed)
    f = made(text, numbers)
    program = Compiled(f, "numpy")
    result = outcome(lambda: program.map(*columns).ravel().tolist())
    expected = outcome(lambda: eagerly(f, columns, []).results.ravel().tolist())
    if isinstance(result, list) and len(result) == 1 and isinstance(expected, list):
        result += outcome(lambda: program.value_and_grad(*columns)[1].tolist())
        reference = outcome(lambda: eagerly(f, columns, program.parameters))
        expected += [reference] if isinstance(reference, str) else reference.gradient.tolist()
        scale = 1.0 if isinstance(reference, str) else reference.largest
    else:
        scale = 1.0
    if "x ** y" in (expected, expected[-1]):
        return  # the graph refuses exponents that it calculated from numbers alone, the program does not
    if isinstance(expected, str):
        # In arrays, infinity may come and go on the way: 1 / exp(1000) is 0.
        assert result == expected or (isinstance(result, list) and np.isfinite(result).all())
    elif isinstance(expected[-1], str):
        assert result[-1] == expected[-1] or np.isfinite(result[1:]).all()
    else:
        largest = max(abs(x) for x in [1.0, scale, *expected] if np.isfinite(x))
        np.testing.assert_allclose(result, expected, rtol=1e-11, atol=1e-12 * largest)


def outcome(calculate):
    """What it gives; or the error, without the number of the example and the labels that only one of them has."""
    try:
        return calculate()
    except (ValueError, ArithmeticError) as error:
        message = re.sub(r" \(node '[^']*'\)|^example 0: ", "", str(error))
        return "x ** y" if message.startswith("x ** y with") else f"{type(error).__name__}: {message}"
