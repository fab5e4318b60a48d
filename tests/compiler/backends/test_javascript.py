"""Programs as ES modules, run by Node beside the compiled function itself."""

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Value, compile, where
from autograd.compiler.compiled import Compiled
from tests.compiler.test_fuzz import HEADS, LAYERS, network, rough_batch
from tests.node import in_node, needs_node

pytestmark = needs_node

RUN = """(name, ...xs) => {
  const arrays = xs.map((x) => Float64Array.from(x));
  try { return module[name](...arrays); } catch (error) { return error.message; }
}"""


def run(folder: Path, program: Any, *calls: tuple[str, Any]) -> list[Any]:
    """What the module gives for calls by name, with theta and the arguments."""
    cases = [[name, *[np.ravel(x).tolist() for x in arguments]] for name, *arguments in calls]
    return in_node(folder, program.javascript, RUN, cases)


def agrees(folder: Path, program: Any, *data: Any, tolerance: float = 1e-12) -> None:
    """`map` and `valueAndGrad`, at the parameters and a little beside them."""
    program.map(*data)
    theta = program.flat_parameters()
    points = [theta, theta + 0.125 * np.sin(np.arange(len(theta)))]
    found = run(folder, program, *[(name, t, *data) for t in points for name in ("map", "valueAndGrad")])
    for t, results, both in zip(points, found[::2], found[1::2], strict=True):
        np.testing.assert_allclose(results, np.ravel(program.map(*data, at=t)), rtol=tolerance, atol=tolerance)
        value, gradient = program.value_and_grad(*data, at=t)
        assert both["value"] == pytest.approx(value, rel=tolerance)
        np.testing.assert_allclose(both["gradient"], gradient, rtol=tolerance, atol=tolerance)


def examples(n: int, width: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=(n, width))


ACTIVATIONS = ["relu", "leaky_relu", "tanh", "sigmoid", "gelu", "softplus", "silu", "elu", "selu", "mish"]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_networks(activation: str, tmp_path: Path) -> None:
    model = nn.MLP(3, [8, 5, 4], activation, seed=1)
    loss = compile(lambda x, t: nn.cross_entropy(model(x), t))
    X = examples(150, 3)  # two whole tiles and a part
    agrees(tmp_path, loss, X, np.arange(150) % 4)


def test_moons(tmp_path: Path) -> None:
    model = nn.MLP(2, [16, 16, 1], "relu", seed=2)
    loss = compile(lambda x, t: nn.hinge_loss(model(x), t) + nn.l2_penalty(model, 1e-4))
    agrees(tmp_path, loss, examples(100, 2), np.where(np.arange(100) % 2, 1.0, -1.0))


@pytest.mark.parametrize("loss", [nn.binary_cross_entropy, nn.mse_loss, nn.hinge_loss], ids=lambda loss: loss.__name__)
def test_losses(loss: Callable[..., Any], tmp_path: Path) -> None:
    model = nn.MLP(2, [6, 1], "tanh", seed=3)
    agrees(tmp_path, compile(lambda x, t: loss(model(x), t)), examples(30, 2), np.arange(30) % 2)


def test_dropout_off_and_on(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Layer(2, 8, "tanh", seed=1), nn.Dropout(0.5, seed=1), nn.Layer(8, 1, seed=2))
    loss = compile(lambda x: model(x) ** 2)
    model.eval()
    agrees(tmp_path, loss, examples(20, 2))
    model.train()
    loss(examples(20, 2))
    theta = loss.flat_parameters()
    first, second = run(tmp_path, loss, *[("map", theta, np.ones((20, 2)))] * 2)
    assert len({round(x, 9) for x in first}) > 5
    assert first != second


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "logsumexp": lambda w, x: autograd.logsumexp([w[0] * x[0], x[1], w[1] * x[2]]),
    "softmax": lambda w, x: autograd.softmax([w[0] * x[0], x[1], w[1]])[1],
    "prod": lambda w, x: autograd.prod([w[0], x[0], x[1], w[1], x[2]]),
    "norm": lambda w, x: autograd.norm([w[0] - x[0], x[1], w[1]]),
    "maximum": lambda w, x: autograd.maximum(w[0] * x[0], x[1], w[1] * x[2]),
    "where": lambda w, x: where(x[0] > 0.1, w[0] * x[1], w[1] * autograd.exp(x[2])),
    "power": lambda w, x: (w[0] * w[0] + x[0] ** 2) ** (1.5 * w[1]) + w[0] ** 3,
    "erf": lambda w, x: autograd.erf(w[0] * x[0]) + autograd.erfc(w[1] * x[1]),
    "once": lambda w, x: autograd.exp(w[0]) * x[0] + autograd.total([w[0], w[1], w[0] * w[1]]),
    "repeated": lambda w, x: w[0] * x[0] + w[0] * x[0] * x[1] + autograd.dot([w[0], w[0], w[1]], x),
    "others": lambda w, x: autograd.hypot(w[0], x[0]) + autograd.arctan2(w[1], x[1]) + autograd.cbrt(w[0] * x[2]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str, tmp_path: Path) -> None:
    w = [Value(0.75, "w0"), Value(-0.5 if name != "power" else 0.5, "w1")]
    agrees(tmp_path, compile(lambda x: FUNCTIONS[name](w, x)), examples(70, 3))


def test_several_outputs_have_no_mean(tmp_path: Path) -> None:
    model = nn.MLP(2, [4, 3], "tanh", seed=1)
    scores = compile(lambda x: model(x))
    X = examples(9, 2)
    expected = scores.map(X)
    ((got),) = run(tmp_path, scores, ("map", scores.flat_parameters(), X))
    assert np.reshape(got, (9, 3)) == pytest.approx(expected, abs=1e-12)
    assert "valueAndGrad" not in scores.javascript.partition("const tile")[2]


def test_parameters_of_other_traces(tmp_path: Path) -> None:
    a, b = Value(2.0, "a"), Value(3.0, "b")
    f = compile(lambda x: a * x[0] if len(x) == 1 else b * x[0] * x[1])
    f(examples(4, 1))
    agrees(tmp_path, f, examples(4, 2))


def test_where_nothing_passes_an_infinite_slope_does_no_harm(tmp_path: Path) -> None:
    w = Value(1.0)
    f = compile(lambda x: where(x > 0.0, autograd.sqrt(w * x), w * x))
    agrees(tmp_path, f, np.array([0.0, 1.0, 4.0]))


def test_errors(tmp_path: Path) -> None:
    w = Value(2.0, "w")
    f = compile(lambda x, t: w * x[0] - t if x[0] > 0.5 else w * t)
    f(np.ones((2, 1)), np.zeros(2))
    theta = [2.0]
    changed, unequal, short, few = run(
        tmp_path, f, ("map", theta, [1.0, 0.0], [0.0, 0.0]), ("map", theta, [1.0, 1.0], [0.0]),
        ("valueAndGrad", [], [1.0], [1.0]), ("map", theta, [1.0]),
    )  # fmt: skip
    assert changed == "0.5 < x[0] was True when the function was traced, not so for example 1"
    assert unequal == "x has 2 numbers, 1 an example; t has 1 numbers, 1 an example"
    assert short == "theta must have 1 numbers, got 0"
    assert few == "needs x, t, got 1 arrays"


def test_names_that_javascript_reserves(tmp_path: Path) -> None:
    w = Value(2.0, "new\nlabel */ `")

    def function(new: Any, let: Any) -> Any:
        return w * new - let if w < 3 else w

    program = compile(function)
    agrees(tmp_path, program, np.arange(3.0), np.ones(3)[::-1])


def test_nothing_is_evaluated_from_text() -> None:
    f = compile(lambda x: autograd.gelu(x))
    f([1.0])
    assert not re.search(r"\beval\b|\bFunction\b|\bimport\b", f.javascript)


def test_random_networks(tmp_path: Path) -> None:
    """Layers and heads of the fuzz, each at least once, put together by chance."""
    chance = random.Random(8)
    layers, heads = chance.sample(LAYERS, len(LAYERS)), [head for head in HEADS if head != "return h"]
    texts = []
    while layers:
        lines = ["h = x", *layers[:2], chance.choice(LAYERS), heads[len(texts) % len(heads)]]
        texts.append("def f(x, t, m, c):\n" + "\n".join(f"    {line}" for line in lines))
        layers = layers[2:]
    data = rough_batch(17, 1)
    programs = [Compiled(network(text, 3, len(text) % 2 == 0), "numpy") for text in texts]
    expected = [program.value_and_grad(*data) for program in programs]
    for k, program in enumerate(programs):
        (tmp_path / f"m{k}.mjs").write_text(program.javascript, "utf-8")
    module = "\n".join(f'export * as m{k} from "./m{k}.mjs";' for k in range(len(programs)))
    flat = [np.ravel(x).tolist() for x in data]
    cases = [[f"m{k}", program.flat_parameters().tolist(), *flat] for k, program in enumerate(programs)]
    run = "(name, ...xs) => module[name].valueAndGrad(...xs.map((x) => Float64Array.from(x)))"
    for text, (value, gradient), found in zip(texts, expected, in_node(tmp_path, module, run, cases), strict=True):
        scale = max(1.0, abs(value), *np.abs(gradient))
        assert abs(found["value"] - value) <= 1e-12 * scale, text
        np.testing.assert_allclose(found["gradient"], gradient, rtol=0, atol=1e-12 * scale, err_msg=text)
