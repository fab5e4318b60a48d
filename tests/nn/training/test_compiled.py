"""Compiled training: the numbers of training on the graph, by arrays and by machine code, whatever `fit` is given."""

import importlib.util
import math
import random
from functools import cache
from itertools import product

import numpy as np
import pytest

import nn
import nn.training.compiled_steps
import nn.training.evaluation
from autograd import BranchChanged, Value, compile
from nn.training.evaluation import check_loss
from nn.training.parameter_arrays import ParameterArrays
from tests.extent import some

needs_llvm = pytest.mark.skipif(importlib.util.find_spec("llvmlite") is None, reason="llvmlite is not installed")
KINDS = ["numpy", pytest.param("llvm", marks=needs_llvm)]

N = 43
X = [[random.Random(k).gauss(0, 1), random.Random(1000 + k).gauss(0, 1)] for k in range(N)]
CLASSES = [(x[0] * x[1] > 0) + (x[0] > 1) for x in X]
MARGINS = [1 if x[0] * x[1] > 0 else -1 for x in X]
CURVE = [math.sin(x[0]) + x[1] ** 2 for x in X]

OPTIMIZERS = {
    "SGD": lambda parameters: nn.SGD(parameters, lr=0.02),
    "momentum": lambda parameters: nn.SGD(parameters, lr=0.005, momentum=0.9),
    "Nesterov": lambda parameters: nn.SGD(parameters, lr=0.005, momentum=0.8, nesterov=True),
    "Adam": lambda parameters: nn.Adam(parameters, lr=0.02),
    "AdamW": lambda parameters: nn.AdamW(parameters, lr=0.02, weight_decay=0.1),
}


@pytest.fixture(params=KINDS)
def backend(request, monkeypatch):
    """Training compiled by this back end, however short it is."""
    if request.param == "numpy":
        monkeypatch.setattr(nn.training.compiled_steps, "_WORTH", math.inf)
    else:
        monkeypatch.setattr(nn.training.compiled_steps, "_WORTH", 0.0)
    return request.param


def network(outputs=1, **options):
    return nn.MLP(2, [5, outputs], seed=3, **options)


def train(compiled, model=None, optimizer="Adam", X=X, y=CURVE, loss=nn.mse_loss, **options):
    """The model trained, its optimiser, and what happened."""
    model = model or network(activation="tanh")
    made = OPTIMIZERS[optimizer](model.parameters())
    given = {"epochs": 2, "batch_size": 8, "seed": 1} | options
    history = nn.fit(model, X, y, loss, optimizer=made, compiled=compiled, **given)
    return model, made, history


def weights(model):
    return list(model.state_dict().values())


def same(first, second):
    """Compare parameters, the optimisers' states and histories of two runs."""
    (model, optimizer, history), (other_model, other_optimizer, other_history) = first, second
    assert list(other_model.state_dict().values()) == pytest.approx(weights(model), rel=1e-9, abs=1e-11)
    for kept, others in zip(optimizer.state, other_optimizer.state, strict=True):
        assert others == pytest.approx(kept, rel=1e-9, abs=1e-11)
        assert [type(x) for x in others] == [type(x) for x in kept]
    for name in ("train_loss", "validation_loss", "gradient_norm"):
        assert getattr(other_history, name) == pytest.approx(getattr(history, name), rel=1e-9, abs=1e-11)
    assert other_history.metrics.keys() == history.metrics.keys()
    for name, figures in history.metrics.items():
        assert other_history.metrics[name] == pytest.approx(figures)
    assert (other_history.best_epoch, other_history.stopped) == (history.best_epoch, history.stopped)


def on_the_graph(train):
    """The result of `train`, which warns that it goes on on the graph."""
    with pytest.warns(UserWarning, match="training runs on the graph, which is slower: "):
        result = train()
    assert result[2].engine.startswith("graph: ")
    return result


@cache
def graph(**options):
    """Training on the graph, which both back ends are held against."""
    return train(False, **options)


def holds(backend, **options):
    first, second = train(False, **options), train(True, **options)
    same(first, second)
    return second


@pytest.mark.parametrize(("optimizer", "batch_size"), some(product(OPTIMIZERS, [1, 7, 8, N, None]), 2))
def test_the_numbers_of_the_graph(backend, optimizer, batch_size):
    same(graph(optimizer=optimizer, batch_size=batch_size), train(True, optimizer=optimizer, batch_size=batch_size))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_penalty_and_shortened_gradients(backend, optimizer):
    compiled = train(True, optimizer=optimizer, l2=0.01, max_norm=0.5)
    same(graph(optimizer=optimizer, l2=0.01, max_norm=0.5), compiled)
    history = compiled[2]
    assert max(history.gradient_norm) > 0.5  # so some were shortened


KINDS_OF_CLASSES = {
    nn.cross_entropy: (CLASSES, 3),
    nn.hinge_loss: (MARGINS, 1),
    nn.binary_cross_entropy: ([t > 0 for t in MARGINS], 1),
}


@cache
def classifier(loss, compiled):
    """Training with classes; `compiled` is the back end, or False for the graph."""
    y, outputs = KINDS_OF_CLASSES[loss]
    return train(bool(compiled), network(outputs), y=y, loss=loss, epochs=10, validation=(X[:9], y[:9]))


@pytest.mark.parametrize("loss", KINDS_OF_CLASSES)
def test_classes_and_their_accuracy(backend, loss):
    compiled = classifier(loss, backend)
    same(classifier(loss, False), compiled)
    history = compiled[2]
    assert set(history.metrics) == {"accuracy", "validation_accuracy"}
    assert history.metrics["accuracy"][-1] > history.metrics["accuracy"][0]


def test_targets_of_several_numbers(backend):
    y = [[a, b * b] for a, b in X]
    same(train(False, network(2), y=y), train(True, network(2), y=y))


def test_metrics_of_the_users_own(backend):
    metrics = {"error": lambda prediction, target: abs(prediction - target)}
    _, _, history = holds(backend, metrics=metrics, validation=0.25)
    assert set(history.metrics) == {"error", "validation_error"}


def test_validation_and_patience(backend):
    _, _, history = holds(backend, epochs=60, validation=(X[:5], MARGINS[:5]), patience=3)
    assert history.stopped is not None
    assert history.epochs < 60


def test_dropout_draws_the_same_masks(backend):
    def model():
        return nn.MLP(2, [6, 4, 1], dropout=0.4, seed=3)

    same(train(False, model(), validation=0.25), train(True, model(), validation=0.25))


def test_a_schedule_moves_the_learning_rate(backend):
    def run(compiled):
        model = network()
        optimizer = nn.SGD(model.parameters(), lr=0.2, momentum=0.5)
        schedule = nn.StepLR(optimizer, step_size=1, gamma=0.5)
        options = {"epochs": 5, "batch_size": 8, "seed": 1, "callbacks": [lambda history: schedule.step()]}
        return model, optimizer, nn.fit(model, X, CURVE, optimizer=optimizer, compiled=compiled, **options)

    same(run(False), run(True))
    assert run(True)[1].lr == 0.2 * 0.5**5


def test_other_settings_may_change_between_epochs(backend):
    def run(compiled):
        model = network()
        optimizer = nn.SGD(model.parameters(), lr=0.1, momentum=0.9)
        callbacks = [lambda history: setattr(optimizer, "momentum", 0.5)]
        history = nn.fit(model, X, CURVE, optimizer=optimizer, compiled=compiled, epochs=4, seed=1, callbacks=callbacks)
        return model, optimizer, history

    same(run(False), run(True))


def test_a_callback_sees_and_may_change_the_weights(backend):
    def run(compiled):
        model = network()
        seen = []

        def look(history):
            seen.append(model([1.0, -1.0]).data)
            model.parameters()[0].data *= 0.5

        optimizer = nn.Adam(model.parameters(), lr=0.02)
        history = nn.fit(model, X, CURVE, optimizer=optimizer, compiled=compiled, epochs=4, seed=1, callbacks=[look])
        return seen, (model, optimizer, history)

    (eager, first), (compiled, second) = run(False), run(True)
    assert compiled == pytest.approx(eager, rel=1e-9)
    same(first, second)


def test_only_the_optimisers_parameters_move(backend):
    def run(compiled):
        model = network(activation="tanh")
        moving = [p for name, p in model.named_parameters() if not name.startswith("layers.0")][::-1]
        assert 0 < len(moving) < len(model.parameters())
        optimizer = nn.AdamW(moving, lr=0.05)
        history = nn.fit(model, X, CURVE, optimizer=optimizer, compiled=compiled, epochs=3, l2=0.1, seed=1)
        return model, optimizer, history

    same(run(False), run(True))


def test_counts_that_differ_between_parameters(backend):
    def run(compiled):
        model = network(activation="tanh")
        optimizer = nn.Adam(model.parameters(), lr=0.02)
        for parameter in model.parameters()[:3]:
            parameter.grad = 0.1
        optimizer.step()  # the others stay, and have taken no step
        return model, optimizer, nn.fit(model, X, CURVE, optimizer=optimizer, compiled=compiled, epochs=3, seed=1)

    same(run(False), run(True))


def test_twice_two_epochs_are_four(backend):
    whole = train(True, epochs=4)
    model = network(activation="tanh")
    optimizer = OPTIMIZERS["Adam"](model.parameters())
    for seed in (1, None):
        nn.fit(model, X, CURVE, optimizer=optimizer, compiled=True, epochs=2, batch_size=8, seed=seed)
    assert weights(model) == weights(whole[0])
    assert optimizer.state == whole[1].state


def test_the_optimisers_of_the_user_run_on_the_graph():
    class Sign(nn.SGD):
        def new_values(self, p, g, state):
            return p - math.copysign(self.lr, g), state

    def run(compiled):
        model = network()
        optimizer = Sign(model.parameters(), lr=0.01)
        return model, optimizer, nn.fit(model, X, CURVE, optimizer=optimizer, compiled=compiled, epochs=2, seed=1)

    same(run(False), on_the_graph(lambda: run("auto")))
    with pytest.raises(TypeError, match="stay as it is in the compiled"):
        run(True)


def test_an_optimiser_with_a_step_of_its_own_cannot_be_compiled():
    class Mine(nn.SGD):
        def step(self):
            super().step()

    model = network()
    with pytest.raises(TypeError, match="Mine has a step of its own: train with compiled=False"):
        nn.fit(model, X, CURVE, optimizer=Mine(model.parameters(), lr=0.1), compiled=True, epochs=1)


def test_a_branch_goes_on_eagerly_unless_it_must_be_compiled(backend):
    class Bent(nn.MLP):
        def forward(self, x):
            (y,) = super().forward(x)
            return [x[0] * y if x[0] > 0 else y]

    def run(compiled):
        return train(compiled, Bent(2, [3, 1], activation="tanh", seed=3))

    same(run(False), on_the_graph(lambda: run("auto")))
    with pytest.raises(BranchChanged):
        run(True)


def test_a_loss_that_overflows_names_the_example_and_keeps_the_best_weights(backend):
    bad = [row[:] for row in X]
    bad[17] = [1e200, 1e200]
    model = network()
    with pytest.raises(OverflowError, match="example 17: the loss is inf"):
        nn.fit(model, bad, CURVE, optimizer=nn.SGD(model.parameters(), lr=0.01), compiled=True, epochs=3, seed=1)
    assert weights(model) == weights(network())


def test_divergence_ends_with_the_best_weights(backend):
    def run(compiled):
        model = network()
        with pytest.raises(OverflowError) as error:
            nn.fit(
                model, X, CURVE, optimizer=nn.SGD(model.parameters(), lr=50.0), compiled=compiled, epochs=400, seed=1,
            )  # fmt: skip
        return weights(model), str(error.value)

    (eager, said), (compiled, compiled_said) = run(False), run(True)
    assert compiled == pytest.approx(eager, rel=1e-6)
    assert said.split(":")[0] == compiled_said.split(":")[0]


def test_a_derivative_that_is_infinite_and_allowed_is_got_over(backend):
    class Root(nn.Module):
        """w·√x: at x = 0 the derivative with respect to x is infinite, that with respect to w is not."""

        def __init__(self):
            self.w = Value(1.0)

        def forward(self, x):
            return self.w * x[0].sqrt() if isinstance(x[0], Value) else self.w * math.sqrt(x[0])

    rows = [[abs(a)] for a, _ in X[:7]] + [[0.0]]
    same(
        train(False, Root(), X=rows, y=CURVE[:8], optimizer="momentum"),
        train(True, Root(), X=rows, y=CURVE[:8], optimizer="momentum"),
    )


def test_ctrl_c_keeps_the_best_weights(backend):
    def run(compiled):
        def interrupt(history):
            if history.epochs == 2:
                raise KeyboardInterrupt

        return train(compiled, callbacks=[interrupt])

    first, second = run(False), run(True)
    same(first, second)
    assert second[2].interrupted


def test_the_same_seed_gives_the_same_numbers(backend):
    first, second = train(True), train(True)
    assert np.array_equal(weights(first[0]), weights(second[0]))


def test_a_branch_that_changes_within_an_epoch(backend):
    """The steps before it are taken by the program, those after it on the graph, and none is lost."""
    rows = [[0.1 * (k % 7), -0.1 * (k % 5)] for k in range(N - 1)] + [[9.0, 9.0]]

    def loss(prediction, target):
        return (prediction - target) ** 2 if target < 3.0 else 0.1 * (prediction - target)

    def run(compiled):
        return train(compiled, X=rows, y=[min(sum(x), 4.0) for x in rows], loss=loss, epochs=2, batch_size=4)

    same(run(False), on_the_graph(lambda: run("auto")))


LOSSES_THAT_ASK_MORE = {
    "==": lambda p, t: (-p).softplus() if t == 1 else p.softplus(),
    "in": lambda p, t: (-p).softplus() if t in (1, 2) else p.softplus(),
    "isinstance": lambda p, t: (p - t) ** 2 if isinstance(t, int) else p * 0.0,
    "dictionary": lambda p, t: {0: 1.0, 1: 5.0}[t] * (p - t) ** 2,
    "array": lambda p, t: float(np.array([1.0, 5.0])[t]) * (p - t) ** 2,
    "method": lambda p, t: t.bit_length() * (p - 1.0) ** 2 + p * p,
    "one-hot": lambda p, t: sum((p - (1.0 if k == t else 0.0)) ** 2 for k in range(3)),
}


@pytest.mark.parametrize("name", LOSSES_THAT_ASK_MORE)
def test_a_loss_that_asks_more_of_a_class_than_arithmetic_trains_on_the_graph(backend, name):
    y = [int(t > 0) for t in MARGINS]

    def run(compiled):
        return train(compiled, y=y, loss=LOSSES_THAT_ASK_MORE[name], validation=(X[:6], y[:6]))

    same(run(False), on_the_graph(lambda: run("auto")))
    with pytest.raises((TypeError, LookupError, AttributeError)):
        run(True)


@pytest.mark.parametrize("compiled", [False, True, "auto"])
def test_a_validation_loss_that_is_not_finite_is_explained(backend, compiled):
    model = nn.MLP(2, [1], seed=0)
    with pytest.raises(OverflowError, match="example 0 of the validation data: the loss is inf"):
        nn.fit(
            model, X, CURVE, validation=([[1e200, 1e200]], [0.0]), compiled=compiled, epochs=1, seed=0,
        )  # fmt: skip


@pytest.mark.parametrize("compiled", [False, True, "auto"])
@pytest.mark.parametrize(
    ("loss", "bad"), [(nn.hinge_loss, 7), (nn.binary_cross_entropy, 7), (nn.cross_entropy, 3), (nn.cross_entropy, -1)]
)
def test_a_target_of_the_validation_data_that_the_loss_refuses(backend, compiled, loss, bad):
    outputs = 3 if loss is nn.cross_entropy else 1
    low = -1 if loss is nn.hinge_loss else 0
    with pytest.raises(ValueError, match="example 2 of the validation data: "):
        nn.fit(
            network(outputs), X, [max(t, low) for t in MARGINS], loss, validation=(X[:4], [low, 1, bad, 1]),
            compiled=compiled, epochs=1, seed=0,
        )  # fmt: skip


def test_dropout_that_is_annealed(backend):
    def run(compiled):
        model = nn.MLP(2, [6, 1], dropout=0.1, seed=3)
        (dropout,) = (m for _, m in model.named_modules() if isinstance(m, nn.Dropout))
        callbacks = [lambda history: setattr(dropout, "p", 0.2 * history.epochs)]
        optimizer = nn.SGD(model.parameters(), lr=0.02)
        options = {"epochs": 4, "batch_size": 8, "seed": 1, "callbacks": callbacks}
        return model, optimizer, nn.fit(model, X, CURVE, optimizer=optimizer, compiled=compiled, **options)

    same(run(False), run(True))


class OfTheUserError(Exception):
    """What a user's loss may raise."""


def guarded(error):
    """A loss that refuses all but classes: in a recording that is every target."""

    def loss(prediction, target):
        if target not in (0, 1):
            raise error("no class")
        return nn.binary_cross_entropy(prediction, target)

    return loss


@pytest.mark.parametrize("error", [ValueError, AssertionError, RuntimeError, OfTheUserError])
def test_a_loss_that_looks_at_its_target_trains_on_the_graph_whatever_it_raises(backend, error):
    y = [int(t > 0) for t in MARGINS]

    def run(compiled):
        return train(compiled, y=y, loss=guarded(error), validation=(X[:6], y[:6]))

    same(run(False), on_the_graph(lambda: run("auto")))
    with pytest.raises(TypeError, match="what a recording cannot hold") as raised:
        run(True)
    assert isinstance(raised.value.__cause__, error)


def test_a_loss_that_cannot_be_recorded_is_asked_for_it_once(monkeypatch):
    recordings = []
    monkeypatch.setattr(
        nn.training.evaluation, "check_loss", lambda *arguments: recordings.append(1) or check_loss(*arguments)
    )
    with pytest.warns(UserWarning, match="graph"):
        train("auto", y=[int(t > 0) for t in MARGINS], loss=guarded(ValueError), validation=(X[:6], [0, 1] * 3))
    assert len(recordings) == 2  # for training and for validation


def test_targets_in_rows_and_columns(backend):
    y = [[[a, b], [b, a]] for a, b in X]

    def run(compiled):
        return train(compiled, y=y, loss=lambda p, t: sum((p - v) ** 2 for row in t for v in row))

    same(run(False), run(True))


def test_a_learning_rate_that_is_no_number_takes_no_step():
    model = network()
    optimizer = nn.SGD(model.parameters(), lr=0.1)
    callbacks = [lambda history: setattr(optimizer, "lr", "fast")]
    seen = []
    with pytest.raises(TypeError):
        nn.fit(model, X, CURVE, optimizer=optimizer, epochs=9, callbacks=[seen.append, *callbacks], batch_size=None)
    assert seen[-1].epochs == 1


def test_numbers_come_back_whole_where_that_is_interrupted():
    model = network()
    optimizer = nn.Adam(model.parameters(), lr=0.02)
    program = compile(lambda x, t: nn.mse_loss(model(x), t), backend="numpy")
    numbers = ParameterArrays(optimizer, None, lambda **options: program.descent(X, CURVE, **options))
    optimizer.state = Interrupted(optimizer.state)
    numbers.to_arrays()
    numbers.run(range(len(X)), len(X))
    with pytest.raises(KeyboardInterrupt):
        numbers.to_values()
    numbers.to_values()
    assert [t for _, _, t in optimizer.state] == [1] * len(optimizer.state)
    assert weights(model) == numbers.descent.theta.tolist()
    assert not numbers.in_arrays


def test_ctrl_c_while_the_numbers_come_back_at_the_end():
    model = network()
    optimizer = nn.Adam(model.parameters(), lr=0.02)
    optimizer.state = Interrupted(optimizer.state)
    history = nn.fit(model, X, CURVE, optimizer=optimizer, compiled=True, epochs=3, batch_size=None, seed=1)
    assert history.interrupted
    assert history.epochs == 3
    assert [t for _, _, t in optimizer.state] == [3] * len(optimizer.state)


class Interrupted(list):
    """A list where Ctrl-C comes when its third entry is set first."""

    def __setitem__(self, k, entry):
        if k == 2 and not self[k][-1]:
            super().__setitem__(k, (0.0, 0.0, -1))
            raise KeyboardInterrupt
        super().__setitem__(k, entry)
