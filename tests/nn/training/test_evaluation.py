"""Predictions and evaluations of many examples, compared with the model called one by one."""

import math
import random
from functools import partial

import numpy as np
import pytest

import nn
from autograd import Value

RNG = np.random.default_rng(0)
X = RNG.normal(size=(17, 2))


class Branching(nn.Module):
    """A model that a recording does not fit."""

    def __init__(self):
        self.w = Value(2.0)

    def forward(self, x):
        return self.w * x[0] if x[0] > 0 else self.w * x[1]


class Named(nn.Module):
    """A model whose outputs are looked up."""

    def __init__(self):
        self.w = Value(2.0)

    def forward(self, x):
        return [self.w * x[0], self.w + x[1]]


@pytest.mark.parametrize("model", [nn.MLP(2, [5, 1], seed=0), Branching(), Named(), nn.MLP(2, [4, 3], dropout=0.5)])
def test_predictions_are_those_of_the_model_one_by_one(model):
    before = model.state_dict()
    predicted = nn.predict(model, X)
    assert model.training
    assert model.state_dict() == before
    model.eval()
    expected = [nn.training.evaluation.plain(model(x)) for x in X.tolist()]
    model.train()
    assert predicted.shape == np.shape(expected)
    assert predicted == pytest.approx(np.array(expected), rel=1e-12)


@pytest.mark.parametrize("data", [X.tolist(), X.astype(np.float32), np.asfortranarray(X), list(X)])
def test_data_of_any_kind(data):
    model = nn.MLP(2, [3, 1], seed=1)
    assert nn.predict(model, data) == pytest.approx(nn.predict(model, X), rel=1e-5)


def test_tables_of_pandas():
    pandas = pytest.importorskip("pandas")
    model = nn.MLP(2, [3, 1], seed=1)
    table, column = pandas.DataFrame(X, columns=["a", "b"]), pandas.Series(X[:, 0] > 0, index=range(100, 117))
    assert nn.predict(model, table).tolist() == nn.predict(model, X).tolist()
    assert nn.evaluate(model, table, column) == nn.evaluate(model, X, X[:, 0] > 0)
    nn.fit(model, table, column, epochs=1)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (np.array([[1.0, 2.0], [np.nan, 0.0]]), "row 1 of X holds nan"),
        ([[1.0, 2.0], [1.0]], "example 1: .* takes 2 inputs, got 1"),
        (np.zeros((3, 5)), "takes 2 inputs, got 5"),
        (np.zeros((0, 2)), "no examples"),
        (7.0, "with an example in each row"),
    ],
)
def test_data_that_does_not_fit(data, said):
    with pytest.raises(ValueError, match=said):
        nn.predict(nn.MLP(2, [1]), data)


def test_a_model_called_with_a_batch_names_predict():
    for model in (nn.MLP(2, [3, 1]), nn.Layer(2, 2), nn.Neuron(2), nn.LayerNorm(2), nn.Sequential(nn.Layer(2, 1))):
        for batch in (X, X.tolist(), X[:2].tolist(), [tuple(row) for row in X], list(X)):
            with pytest.raises(ValueError, match=r"nn\.predict\(model, X\)"):
                model(batch)


def test_evaluation_gives_means_in_evaluation_mode():
    model = nn.MLP(2, [6, 1], dropout=0.5, seed=0)
    y = (X[:, 0] > 0).astype(int)
    result = nn.evaluate(model, X, y, nn.binary_cross_entropy)
    outputs = nn.predict(model, X)
    assert list(result) == ["loss", "accuracy"]
    assert result["loss"] == pytest.approx(
        np.mean([nn.binary_cross_entropy(o, t) for o, t in zip(outputs, y, strict=True)])
    )
    assert result["accuracy"] == np.mean((outputs > 0) == y)
    assert nn.evaluate(model, X, y, "binary_cross_entropy") == result == nn.evaluate(model, X, y)
    assert model.training
    size = nn.evaluate(model, X, y, metrics={"size": lambda p, t: abs(p)})
    assert list(size) == ["loss", "size"]
    assert size["size"] == pytest.approx(np.abs(outputs).mean())


def test_classes_that_are_not_known_are_left_out():
    model, y = nn.MLP(2, [2], seed=0), [k % 2 if k % 3 else -1 for k in range(17)]
    known = [k for k in range(17) if y[k] >= 0]
    loss = partial(nn.cross_entropy, ignore_index=-1)
    expected = nn.evaluate(model, X[known], [y[k] for k in known], nn.cross_entropy)
    assert nn.evaluate(model, X, y, loss) == pytest.approx(expected)
    assert expected["accuracy"] > 0.0


def test_evaluation_of_a_model_that_a_recording_does_not_fit():
    y = X[:, 0]
    expected = np.mean((nn.predict(Branching(), X) - y) ** 2)
    assert nn.evaluate(Branching(), X, y) == {"loss": pytest.approx(expected)}


def test_random_numbers_of_a_model_s_own_are_drawn_for_each_example():
    class Noisy(nn.Module):
        def __init__(self):
            self.w = Value(1.0)

        def forward(self, x):
            return self.w * random.random() + 0.0 * x[0]

    assert len(set(nn.predict(Noisy(), X).tolist())) == len(X)
    rng = random.Random(7)
    random.seed(7)
    result = nn.evaluate(Noisy(), X, X[:, 0], lambda p, t: p + 0.0 * t)["loss"]
    assert result not in {rng.random() for _ in range(50)}  # that would be one number for all


def test_targets_that_the_loss_refuses():
    with pytest.raises(ValueError, match=r"example 2: .*class from 0 to 1, got 2"):
        nn.evaluate(nn.MLP(2, [2]), X[:3], [0, 1, 2], nn.cross_entropy)
    with pytest.raises(ValueError, match="unknown loss"):
        nn.evaluate(nn.MLP(2, [2]), X[:3], [0, 1, 1], "crossentropy")
    with pytest.raises(ValueError, match="'loss'"):
        nn.evaluate(nn.MLP(2, [2]), X[:3], [0, 1, 1], metrics={"loss": nn.accuracy})


@pytest.mark.parametrize(
    ("y", "outputs", "loss"),
    [
        ([0, 1, 2, 1], 3, "cross_entropy"),
        ([0, 1, 1, 1], 2, "cross_entropy"),
        ([0, 1, 1, 0], 1, "binary_cross_entropy"),
        ([False, True, True, False], 1, "binary_cross_entropy"),
        ([0, 1, 2, 3], 1, "mse_loss"),
        ([0.0, 1.0, 1.0, 0.0], 1, "mse_loss"),
        ([-1, 1, 1, -1], 1, "mse_loss"),
        ([[0, 1], [1, 0], [1, 0], [1, 1]], 2, "mse_loss"),
    ],
)
def test_the_loss_that_fits_the_targets(y, outputs, loss):
    model = nn.MLP(2, [outputs], seed=0)
    assert nn.evaluate(model, X[:4], y)["loss"] == nn.evaluate(model, X[:4], y, loss)["loss"]
    by_name = nn.fit(nn.MLP(2, [outputs], seed=0), X[:4], y, loss, epochs=2, seed=0)
    assert nn.fit(nn.MLP(2, [outputs], seed=0), X[:4], y, epochs=2, seed=0).train_loss == by_name.train_loss


@pytest.mark.parametrize(
    ("prediction", "target"),
    [
        ([math.nan, 1.0], 0), ([1.0, math.nan], 1), (math.nan, 0), (math.nan, -1), (math.nan, 1),
        ([1.0, 0.0], [1.0, math.nan]),
    ],
)  # fmt: skip
def test_nan_is_never_right(prediction, target):
    assert nn.accuracy(prediction, target) == 0.0
