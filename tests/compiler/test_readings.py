"""What a trace read: replaced, it is noticed."""

import gc
import weakref

import numpy as np
import pytest

import autograd
import nn
from autograd import Value, compile
from autograd.compiler import traces

X = np.random.default_rng(0).normal(size=(5, 2))


def eager(model):
    return np.mean([model(x).data for x in X.tolist()])


@pytest.fixture
def model():
    return nn.MLP(2, [3, 1], seed=1)


def replace_activation(model):
    for neuron in model.layers[0].neurons:
        neuron.activation = "tanh"


def replace_one_activation(model):
    model.layers[0].neurons[1].activation = "sigmoid"


def replace_weight(model):
    model.layers[0].neurons[0].w[0] = Value(5.0)


def replace_weights(model):
    model.layers[0].neurons[0].w = [Value(5.0), Value(6.0)]


def replace_bias(model):
    model.layers[1].neurons[0].b = Value(5.0)


def replace_layer(model):
    model.layers[-1] = nn.Layer(3, 1, seed=9)


def replace_neuron(model):
    model.layers[0].neurons[2] = nn.Neuron(2, "tanh", seed=9)


CHANGES = [replace_activation, replace_one_activation, replace_weight, replace_weights, replace_bias, replace_layer,
           replace_neuron]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("backend", ["numpy", "auto"])
def test_a_changed_model_is_followed(model, change, backend):
    outputs = compile(lambda x: model(x), backend=backend)
    outputs.value_and_grad(X)
    change(model)
    assert outputs(X) == pytest.approx(eager(model), rel=1e-12)
    assert outputs.value_and_grad(X)[0] == pytest.approx(eager(model), rel=1e-12)


@pytest.mark.parametrize("change", [replace_activation, replace_layer, replace_neuron])
def test_also_where_parameters_come_as_numbers(model, change):
    outputs = compile(lambda x: model(x))
    outputs.value_and_grad(X)
    theta = outputs.flat_parameters()
    change(model)
    if change is replace_activation:
        outputs.value_and_grad(X, at=theta)
    else:  # there are further parameters now
        with pytest.raises(ValueError, match="at must be a flat array"):
            outputs.value_and_grad(X, at=theta)
    assert outputs.value_and_grad(X, at=outputs.flat_parameters())[0] == pytest.approx(eager(model), rel=1e-12)


def test_a_layer_of_sequential(model):
    chain = nn.Sequential(nn.Layer(2, 3, seed=1), nn.Layer(3, 1, seed=2))
    outputs = compile(lambda x: chain(x))
    outputs(X)
    chain.layers[1] = nn.Layer(3, 1, seed=5)
    assert outputs(X) == pytest.approx(eager(chain), rel=1e-12)


def test_an_attribute_of_a_module_of_ones_own():
    class Line(nn.Module):
        def __init__(self):
            self.slope, self.power = Value(2.0), 1

        def forward(self, x):
            self.last = self.slope * x**self.power
            return self.last

    line = Line()
    outputs = compile(lambda x: line(x[0]))
    assert outputs(X) == pytest.approx(2.0 * X[:, 0].mean())
    first = outputs._traces.latest
    outputs(X)
    assert outputs._traces.latest is first  # what the function itself sets is no change
    line.power = 2
    assert outputs(X) == pytest.approx(2.0 * (X[:, 0] ** 2).mean())
    line.slope = Value(3.0)
    assert outputs(X) == pytest.approx(3.0 * (X[:, 0] ** 2).mean())


def test_training_a_model_is_no_change(model):
    outputs = compile(lambda x: model(x) ** 2 + nn.l2_penalty(model, 0.1))
    outputs(X)
    first = outputs._traces.latest
    for parameter in model.parameters():
        parameter.data = 0.5
    model.train()
    nn.MLP(2, [3, 1])
    outputs(X)
    outputs(X, at=outputs.flat_parameters())
    assert outputs._traces.latest is first


def test_what_a_name_means():
    w, k = Value(2.0), 3.0
    f = compile(lambda x: w * x[0] * k)
    mean = X[:, 0].mean()
    assert f(X) == pytest.approx(6.0 * mean)
    w = Value(5.0)
    assert f(X) == pytest.approx(15.0 * mean)
    k = 1.0
    assert f(X) == pytest.approx(5.0 * mean)


def test_what_a_global_name_means(monkeypatch):
    monkeypatch.setitem(globals(), "slope", Value(2.0))
    f = compile(lambda x: sum([slope * y for y in x]))  # noqa: F821
    f(X)
    monkeypatch.setitem(globals(), "slope", Value(7.0))
    assert f(X) == pytest.approx(7.0 * X.sum(axis=1).mean())


class Model(nn.Module):
    def __init__(self):
        self.net = nn.MLP(2, [3, 1], dropout=0.1, seed=1)

    @compile
    def loss(self, x):
        return self.net(x) ** 2


def test_a_compiled_method_lets_its_owner_go():
    model = Model()
    model.loss.value_and_grad(X)
    model.loss(X)
    gone = weakref.ref(model)
    gc.disable()
    try:
        del model
        assert gone() is None
    finally:
        gc.enable()


def test_a_compiled_method_keeps_its_owner_while_it_is_held():
    loss = Model().loss
    gc.collect()
    assert loss(X) >= 0.0
    assert loss.parameters


def test_the_traces_of_a_method_are_kept():
    model = Model()
    model.loss(X)
    assert model.loss.traced


def test_memory_for_programs_is_bounded(monkeypatch):
    monkeypatch.setattr(traces, "_NODES", 100)
    w = Value(1.0)
    f = compile(lambda x: autograd.total([w * y for y in x]))
    for width in (10, 20, 30, 40, 200):
        assert f(np.ones((3, width))) == width
    assert f._traces._size() < 700
    assert len(f._traces._known) == 1
