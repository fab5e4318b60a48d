"""The numbers of the playground are the engine's: losses, gradients, penalties, steps of every optimiser."""

import math
import random

import pytest

import nn
from autograd import Value
from nn.activations import ACTIVATIONS
from nn.initialization import INITS
from nn.optimizers import OPTIMIZERS
from tests.chromium import needs_chromium
from tests.nn.pictures.playground_page import Pages, layers, put

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def page(chromium, tmp_path_factory):
    pages = Pages(chromium, tmp_path_factory.mktemp("playground"))
    yield pages.open()
    pages.close()


def points(n, classes=2, seed=0):
    rng = random.Random(seed)
    return [[rng.uniform(-1.5, 1.5), rng.uniform(-1, 1)] for _ in range(n)], [k % classes for k in range(n)]


def start(page, widths, classes=2, n=12, **settings):
    """A page with these hidden layers and points of our own, none of them for testing; and the same model here."""
    X, y = points(n, classes)
    page.evaluate("playground.set('Preset', 'one neuron')")
    put(page, Test_share=0, Standardize=False, L2=0, L1=0, Dropout=0, Activation="tanh", Seed=3, **settings)
    page.evaluate("data => playground.load(data)", {"X": X, "y": y})
    layers(page, *widths)
    outputs = 1 if classes == 2 else classes
    model = nn.MLP(2, [*widths, outputs], activation=page.evaluate("playground.state().options.Activation"))
    theta = page.evaluate("playground.parameters()")
    assert len(theta) == len(model.parameters())
    for parameter, number in zip(model.parameters(), theta, strict=True):
        parameter.data = number
    return model, X, y


def mean_loss(model, X, y):
    loss = nn.binary_cross_entropy if model.sizes[-1] == 1 else nn.cross_entropy
    return sum(loss(model(x), t) for x, t in zip(X, y, strict=True)) / len(X)


def close(found, expected, tolerance=1e-10):
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        assert math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance), (a, b)


def chosen(outputs):
    return int(outputs.data > 0) if isinstance(outputs, Value) else max(range(len(outputs)), key=lambda k: outputs[k])


def gradient_here(model, X, y, l2=0.0, l1=0.0):
    loss = mean_loss(model, X, y) + nn.l2_penalty(model, l2) + nn.l1_penalty(model, l1)
    loss.backward()
    gradient = [parameter.grad for parameter in model.parameters()]
    for parameter in model.parameters():
        parameter.grad = None
    return gradient


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("widths", [[], [1], [16, 16], [3, 2, 4, 5]])
def test_the_gradient_is_the_engines(page, widths, classes):
    model, X, y = start(page, widths, classes)
    state = page.evaluate("playground.state()")
    assert state["layers"] == [2, *model.sizes]
    assert state["trainLoss"] == pytest.approx(mean_loss(model, X, y).data, rel=1e-12)
    assert state["testLoss"] is None
    close(page.evaluate("playground.gradient()"), gradient_here(model, X, y))
    right = sum(chosen(model(x)) == t for x, t in zip(X, y, strict=True))
    assert state["trainAccuracy"] == pytest.approx(right / len(X))


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name not in ("arccosh", "log", "sqrt", "sign")])
def test_the_gradient_of_every_activation(page, activation):
    model, X, y = start(page, [3, 2], Initialization="uniform")
    put(page, Activation=activation)
    model = nn.MLP(2, [3, 2, 1], activation=activation)
    for parameter, number in zip(model.parameters(), page.evaluate("playground.parameters()"), strict=True):
        parameter.data = number
    try:
        expected = gradient_here(model, X, y)
    except (ValueError, ArithmeticError):  # outside the domain
        assert "diverged" in page.evaluate("playground.step(5), playground.state().diverged")
        return
    close(page.evaluate("playground.gradient()"), expected)


def test_penalties_are_in_the_gradient_and_not_in_the_loss(page):
    model, X, y = start(page, [4, 3])
    before = page.evaluate("playground.state().trainLoss")
    put(page, L2=0.03, L1=0.02)
    close(page.evaluate("playground.gradient()"), gradient_here(model, X, y, 0.03, 0.02))
    assert page.evaluate("playground.state().trainLoss") == before


def test_dropout_is_off_in_the_gradient_and_on_in_training(page):
    model, X, y = start(page, [6, 5])
    put(page, Dropout=0.5, Batch_size=100, Optimizer="sgd", Learning_rate=1)
    gradient = page.evaluate("playground.gradient()")
    close(gradient, gradient_here(model, X, y))
    before = page.evaluate("playground.parameters()")
    after = page.evaluate("playground.step(), playground.parameters()")
    moved = [(a - b) for a, b in zip(before, after, strict=True)]
    assert max(abs(m - g) for m, g in zip(moved, gradient, strict=True)) > 1e-3


@pytest.mark.parametrize("momentum", [0, 0.8])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_are_those_of_the_optimisers(page, name, momentum):
    model, X, y = start(page, [4])
    put(page, Optimizer=name, Learning_rate=0.05, Momentum=momentum, Batch_size=1000)
    settings = {"momentum": momentum} if name in ("sgd", "rmsprop") else {}
    optimizer = OPTIMIZERS[name](model.parameters(), lr=0.05, **settings)
    for _ in range(7):
        optimizer.zero_grad()
        mean_loss(model, X, y).backward()
        optimizer.step()
    found = page.evaluate("playground.step(7), playground.parameters()")
    close(found, [parameter.data for parameter in model.parameters()])
    assert page.evaluate("playground.state().steps") == 7
    assert page.evaluate("playground.state().epoch") == 7


def test_predictions(page):
    model, X, _ = start(page, [5])
    close(page.evaluate("X => X.map((x) => playground.predict(x))", X), [model(x).data for x in X])
    close(page.evaluate("X => playground.predict(X)", X), [model(x).data for x in X])
    model, X, _ = start(page, [5], classes=3)
    close(page.evaluate("x => playground.predict(x)", X[0]), [out.data for out in model(X[0])])


def test_standardized_inputs_are_those_of_the_standardizer(page):
    X, y = points(9)
    X = [[100 * a + 7, b] for a, b in X]
    start(page, [4])
    put(page, Standardize=True)
    page.evaluate("data => playground.load(data)", {"X": X, "y": y})
    model = nn.MLP(2, [4, 1], activation="tanh")
    for parameter, number in zip(model.parameters(), page.evaluate("playground.parameters()"), strict=True):
        parameter.data = number
    scaled = nn.Standardizer().fit_transform(X)
    close(page.evaluate("playground.gradient()"), gradient_here(model, scaled, y))
    assert page.evaluate("x => playground.predict(x)", X[0]) == pytest.approx(model(scaled[0]).data)


def test_the_test_part_is_not_trained_on(page):
    start(page, [4])
    X, y = points(20)
    put(page, Test_share=0.25)
    page.evaluate("data => playground.load(data)", {"X": X, "y": y})
    data = page.evaluate("playground.data()")
    assert sorted(data["train"] + data["test"]) == list(range(20))
    assert len(data["test"]) == 5
    model = nn.MLP(2, [4, 1], activation="tanh")
    for parameter, number in zip(model.parameters(), page.evaluate("playground.parameters()"), strict=True):
        parameter.data = number
    for part, name in (("train", "trainLoss"), ("test", "testLoss")):
        loss = mean_loss(model, [X[k] for k in data[part]], [y[k] for k in data[part]]).data
        assert page.evaluate("playground.state()")[name] == pytest.approx(loss, rel=1e-12)


@pytest.mark.parametrize("init", INITS)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_first_weights_have_the_size_that_the_name_says(page, init, activation):
    start(page, [20, 20], Initialization=init)
    put(page, Activation=activation)
    found = page.evaluate("playground.parameters()")[3 * 20 : 3 * 20 + 21 * 20]
    weights = [w for k, w in enumerate(found) if k % 21 != 20]
    assert not any(w for k, w in enumerate(found) if k % 21 == 20)  # biases
    model = nn.MLP(2, [20, 20, 1], activation=activation, init=init, seed=1)
    expected = [w.data for neuron in model.layers[1].neurons for w in neuron.w]

    def deviation(numbers):
        return math.sqrt(sum(w * w for w in numbers) / len(numbers))

    assert deviation(weights) == pytest.approx(deviation(expected), rel=0.15)
    if (init, activation) != ("auto", "relu") and init != "he":
        assert max(map(abs, weights), default=0) <= 1.02 * max(map(abs, expected))


def test_the_same_seed_gives_the_same_numbers(page):
    start(page, [4])
    put(page, Data="spiral", Dropout=0.3, Seed=5, Batch_size=7, Test_share=0.3)
    run = "playground.reset(), playground.epoch(3), [playground.parameters(), playground.state().trainLoss]"
    first = page.evaluate(run)
    assert page.evaluate(run) == first
    put(page, Seed=6)
    assert page.evaluate(run) != first


def test_rules_are_those_of_the_table(page):
    slopes = """([name, x]) => {
        const rule = playground.rules[name];
        return [rule.value(x), ...rule.partials(rule.value(x), x)];
    }"""
    for name in ("tanh", "gelu", "sigmoid", "softplus"):
        x = Value(0.7)
        out = getattr(x, name)()
        out.backward()
        close(page.evaluate(slopes, [name, 0.7]), [out.data, x.grad], 1e-15)
    assert page.evaluate("playground.rules['*'].partials(0, 0.7, -1.3)") == [-1.3, 0.7]
