"""Real data from the file to a judged model: what a practitioner would expect of each, in few epochs."""

import numpy as np
import pytest

import nn

datasets = pytest.importorskip("sklearn.datasets")


def test_moons_are_separated_by_two_hidden_layers():
    X, y = datasets.make_moons(100, noise=0.1, random_state=0)
    model = nn.MLP(2, [16, 16, 1], seed=0)
    optimizer = nn.Adam(model.parameters(), lr=0.03)
    history = nn.fit(model, X, 2 * y - 1, nn.hinge_loss, l2=1e-4, optimizer=optimizer, epochs=40, batch_size=20, seed=0)
    assert history.metrics["accuracy"][-1] == 1.0
    assert all((model(list(x)) > 0) == bool(t) for x, t in zip(X, y, strict=True))


def test_circles_are_separated_where_no_line_does():
    X, y = datasets.make_circles(120, noise=0.05, factor=0.4, random_state=0)
    line, net = nn.MLP(2, [1], seed=0), nn.MLP(2, [8, 1], "tanh", seed=0)
    accuracies = []
    for model in (line, net):
        optimizer = nn.Adam(model.parameters(), lr=0.05)
        history = nn.fit(model, X, y, nn.binary_cross_entropy, optimizer=optimizer, epochs=40, batch_size=20, seed=0)
        accuracies.append(history.metrics["accuracy"][-1])
    assert accuracies[0] < 0.7
    assert accuracies[1] == 1.0


def test_iris_by_softmax_regression():
    X, y = datasets.load_iris(return_X_y=True)
    train, test, y_train, y_test = nn.train_test_split(X, y, test_size=0.3, seed=0, stratify=y)
    scale = nn.Standardizer().fit(train)
    model = nn.MLP(4, [3], seed=0)
    history = nn.fit(
        model, scale.transform(train), y_train, nn.cross_entropy, optimizer=nn.Adam(model.parameters(), lr=0.05),
        epochs=40, batch_size=10, validation=(scale.transform(test), y_test), seed=0,
    )  # fmt: skip
    assert history.metrics["validation_accuracy"][-1] >= 0.95


def test_digits_by_softmax_regression():
    X, y = datasets.load_digits(return_X_y=True)
    train, test, y_train, y_test = nn.train_test_split(X / 16.0, y, test_size=300, seed=0, stratify=y)
    model = nn.MLP(64, [10], seed=0)
    optimizer = nn.Adam(model.parameters(), lr=0.05)
    options = {"optimizer": optimizer, "epochs": 5, "batch_size": 32, "seed": 0}
    history = nn.fit(model, train, y_train, nn.cross_entropy, **options, validation=(test, y_test))
    assert history.metrics["validation_accuracy"][-1] >= 0.93


def test_breast_cancer_with_early_stopping():
    X, y = datasets.load_breast_cancer(return_X_y=True)
    train, test, y_train, y_test = nn.train_test_split(X, y, test_size=0.25, seed=0, stratify=y)
    scale = nn.Standardizer().fit(train)
    model = nn.MLP(30, [4, 1], "tanh", seed=0)
    history = nn.fit(
        model, scale.transform(train), y_train, nn.binary_cross_entropy, l2=1e-3,
        optimizer=nn.Adam(model.parameters(), lr=0.01), epochs=15, batch_size=16, validation=0.2, patience=3, seed=0,
    )  # fmt: skip
    predicted = [model(list(x)) > 0 for x in scale.transform(test)]
    assert np.mean(np.array(predicted) == y_test) >= 0.95
    assert history.best_epoch >= history.epochs - 3


def test_diabetes_as_the_closed_form_predicts_it():
    X, y = datasets.load_diabetes(return_X_y=True)
    inputs, outputs = nn.Standardizer(), nn.Standardizer()
    X, y = inputs.fit_transform(X), outputs.fit_transform(y)
    closed = np.linalg.lstsq(np.column_stack([X, np.ones(len(X))]), y, rcond=None)[1][0] / len(X)
    model = nn.MLP(10, [1], seed=0)
    optimizer = nn.SGD(model.parameters(), lr=0.1, momentum=0.9)
    history = nn.fit(model, X, y, nn.mse_loss, optimizer=optimizer, epochs=60, batch_size=None, seed=0)
    assert 1.0 - history.train_loss[-1] == pytest.approx(0.5177, abs=0.005)  # R², as scikit-learn documents it
    assert history.train_loss[-1] == pytest.approx(closed, rel=0.01)
