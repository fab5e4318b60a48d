"""Training: what `fit` promises, compared with steps made by hand and with runs that end early."""

import copy
import gc
import io
import math
import pickle
import random
import signal
import sys
import tracemalloc
import types
from functools import partial

import numpy as np
import pytest

import nn
from autograd import Value, compile, exp, mean

LINE_X = [[k / 10] for k in range(20)]
LINE_Y = [2.0 * k / 10 - 1.0 for k in range(20)]
BLOBS_X = [[c + random.Random(k).gauss(0, 0.3), c] for k in range(12) for c in (-1.0, 1.0)]
BLOBS_Y = [1 if x[1] > 0 else -1 for x in BLOBS_X]


def sgd(model, lr=0.1, **options):
    return nn.SGD(model.parameters(), lr=lr, **options)


def numbers(model):
    return list(model.state_dict().values())


class Counting(nn.Module):
    """A line that keeps the examples it is called with, and its mode."""

    def __init__(self):
        self.w, self.b = Value(0.0), Value(0.0)
        self.met = []

    def forward(self, x):
        self.met.append((x, self.training))
        return self.w * x + self.b


# What is calculated


def test_a_line_is_found_as_the_closed_form_says():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    y = X @ [2.0, -3.4] + 4.2 + 0.01 * rng.normal(size=60)
    closed = np.linalg.lstsq(np.column_stack([X, np.ones(60)]), y, rcond=None)[0]
    model = nn.MLP(2, [1], seed=0)
    nn.fit(model, X, y, nn.mse_loss, optimizer=sgd(model, 0.1), epochs=80, batch_size=None, seed=0)
    assert numbers(model) == pytest.approx(closed, abs=1e-5)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 24])
def test_a_step_is_that_of_the_mean_loss_and_the_penalty(count):
    X, y = BLOBS_X[:count], BLOBS_Y[:count]
    model, by_hand = nn.MLP(2, [3, 1], "tanh", seed=3), nn.MLP(2, [3, 1], "tanh", seed=3)
    losses = [nn.hinge_loss(by_hand(x), t) for x, t in zip(X, y, strict=True)]
    (mean(losses) + nn.l2_penalty(by_hand, 0.1)).backward()
    norm = math.hypot(*(p.grad for p in by_hand.parameters()))
    sgd(by_hand).step()
    history = nn.fit(model, X, y, nn.hinge_loss, l2=0.1, optimizer=sgd(model), epochs=1, batch_size=count)
    assert history.train_loss == pytest.approx([sum(loss.data for loss in losses) / count], rel=1e-12)
    assert history.gradient_norm == pytest.approx([norm], rel=1e-12)
    assert numbers(model) == pytest.approx(numbers(by_hand), rel=1e-12)


def test_the_penalty_moves_weights_and_no_bias():
    model = nn.MLP(1, [1], init="zeros")
    model.load_state_dict({"layers.0.neurons.0.w.0": 2.0, "layers.0.neurons.0.b": 3.0})
    history = nn.fit(model, [[1.0]], [5.0], nn.mse_loss, l2=0.5, optimizer=sgd(model, 0.1), epochs=1)
    assert numbers(model) == pytest.approx([2.0 - 0.1 * 2 * 0.5 * 2.0, 3.0])
    assert history.train_loss == [0.0]  # the penalty is not in it


def test_every_example_once_an_epoch_and_the_last_short_batch_too():
    sizes = []

    class Watched(nn.SGD):
        def step(self):
            sizes.append(len(model.met))
            super().step()

    model = Counting()
    optimizer = Watched(model.parameters(), lr=0.0)
    nn.fit(
        model, range(10), range(10), nn.mse_loss, optimizer=optimizer, epochs=2, batch_size=4, seed=1, compiled=False,
    )  # fmt: skip
    first, second = model.met[:10], model.met[10:]
    assert sizes == [4, 8, 10, 14, 18, 20]
    assert sorted(x for x, _ in first) == sorted(x for x, _ in second) == list(range(10))
    assert first != second


def test_the_train_loss_is_the_mean_over_examples_not_over_batches():
    model = Counting()
    history = nn.fit(model, [0.0] * 5, [0.0, 0.0, 0.0, 0.0, 5.0], optimizer=sgd(model, 0.0), epochs=1, batch_size=4)
    assert history.train_loss == [5.0]


@pytest.mark.parametrize("compiled", [False, True])
def test_a_batch_larger_than_the_data_is_all_of_it(compiled):
    def run(batch_size):
        model = nn.MLP(1, [1], seed=0)
        nn.fit(model, LINE_X, LINE_Y, optimizer=sgd(model), epochs=2, batch_size=batch_size, compiled=compiled, seed=0)
        return numbers(model)

    assert run(20) == run(21) == run(10**30) == run(None)


def test_the_gradient_is_shortened_and_its_length_reported_before():
    model = Counting()
    history = nn.fit(model, [0.0], [50.0], optimizer=sgd(model, 1.0), epochs=1, max_norm=2.0)
    assert history.gradient_norm == [100.0]
    assert model.b.data == pytest.approx(2.0, rel=1e-6)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_batch():
    def peak(n):
        model = nn.MLP(2, [16, 1], seed=0)
        optimizer = sgd(model)
        tracemalloc.start()
        nn.fit(model, [[1.0, 2.0]] * n, [1.0] * n, optimizer=optimizer, epochs=1, batch_size=None, compiled=False)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak(8)  # imports
    assert peak(320) < 4 * peak(16)


# The same again


def run(seed, epochs=3, model_seed=0):
    model = nn.MLP(2, [4, 1], dropout=0.3, seed=model_seed)
    optimizer = nn.Adam(model.parameters(), lr=0.01)
    options = {"optimizer": optimizer, "batch_size": 5, "validation": 0.25, "seed": seed}
    return model, optimizer, nn.fit(model, BLOBS_X, BLOBS_Y, nn.hinge_loss, epochs=epochs, **options)


def test_same_seed_same_numbers():
    (one, _, a), (two, _, b), (other, _, _) = run(7), run(7), run(8)
    assert numbers(one) == numbers(two) != numbers(other)
    assert (a.train_loss, a.validation_loss, a.metrics) == (b.train_loss, b.validation_loss, b.metrics)


def test_twice_three_epochs_are_six():
    model, optimizer, first = run(7)
    second = nn.fit(
        model, BLOBS_X, BLOBS_Y, nn.hinge_loss, optimizer=optimizer, epochs=3, batch_size=5, validation=0.25
    )
    whole, _, history = run(7, epochs=6)
    assert numbers(model) == numbers(whole)
    assert first.validation_loss + second.validation_loss == history.validation_loss


def test_the_global_random_numbers_are_left_alone():
    random.seed(1)
    before = random.getstate()
    run(7)
    assert random.getstate() == before


# Looking at other examples


def test_validation_builds_no_graph_rests_dropout_and_the_mode_comes_back():
    model = Counting()
    model.inner = nn.Dropout(0.5)
    model.inner.eval()
    losses = []

    def loss(prediction, target):
        losses.append((model.training, bool(prediction.parents)))
        return (prediction - target) ** 2

    nn.fit(
        model, [1.0, 2.0], [1.0, 2.0], loss, optimizer=sgd(model), validation=([3.0], [3.0]), epochs=1,
        compiled=False,
    )  # fmt: skip
    assert losses == [(True, True), (True, True), (False, False)]
    assert model.training
    assert not model.inner.training


def test_the_mode_comes_back_after_an_error():
    model = Counting().eval()
    with pytest.raises(ZeroDivisionError):
        nn.fit(model, [1.0], [1.0], lambda p, t: p / 0, optimizer=sgd(model))
    assert not model.training


@pytest.mark.parametrize("share", [0.3, np.float32(0.25), np.array(0.25)])
def test_a_share_set_aside_is_never_trained_on(share):
    model = Counting()
    nn.fit(model, range(10), range(10), optimizer=sgd(model, 0.0), epochs=4, validation=share, seed=0, compiled=False)
    trained = {x for x, training in model.met if training}
    validated = {x for x, training in model.met if not training}
    assert (len(trained), len(validated)) == (7, 3)
    assert not trained & validated


def test_patience_ends_training_and_brings_the_best_weights_back():
    model = Counting()
    other = ([0.0], [1.0])  # on the way to 3 the line passes 1: from there on validation gets worse
    history = nn.fit(
        model, [0.0], [3.0], optimizer=sgd(model, 0.05), epochs=100, validation=other, patience=4, progress=False
    )
    assert history.validation_loss.index(min(history.validation_loss)) + 1 == history.best_epoch
    assert history.epochs == history.best_epoch + 4 < 100
    assert nn.mse_loss(model.b.data, 1.0) == pytest.approx(min(history.validation_loss))
    assert "patience" in str(history)


def test_without_patience_the_last_weights_stay():
    model = Counting()
    history = nn.fit(model, [0.0], [3.0], optimizer=sgd(model, 0.05), epochs=30, validation=([0.0], [1.0]))
    assert nn.mse_loss(model.b.data, 1.0) == history.validation_loss[-1] > min(history.validation_loss)


# Metrics


@pytest.mark.parametrize(
    ("loss", "y", "outputs"),
    [
        (nn.hinge_loss, BLOBS_Y, 1),
        (nn.binary_cross_entropy, [(t + 1) // 2 for t in BLOBS_Y], 1),
        (nn.cross_entropy, [(t + 1) // 2 for t in BLOBS_Y], 2),
        (nn.cross_entropy, np.array([(t + 1) // 2 for t in BLOBS_Y]), 2),
        (nn.cross_entropy, np.array(BLOBS_Y) > 0, 2),
        (nn.cross_entropy, [[(t + 1) // 2] for t in BLOBS_Y], 2),
        (nn.cross_entropy, [[1, 0] if t < 0 else [0, 1] for t in BLOBS_Y], 2),
        (lambda p, t: nn.hinge_loss(p, t) + 1.0, BLOBS_Y, 1),
        (lambda p, t: 2.0 * nn.cross_entropy(p, t), [(t + 1) // 2 for t in BLOBS_Y], 2),
    ],
)
def test_accuracy_of_classes(loss, y, outputs):
    model = nn.MLP(2, [outputs], seed=0)
    history = nn.fit(
        model, np.array(BLOBS_X), y, loss, optimizer=sgd(model, 0.5), epochs=8, validation=(BLOBS_X, y), seed=0
    )
    assert history.metrics["accuracy"][-1] == history.metrics["validation_accuracy"][-1] == 1.0
    assert len(history.metrics["accuracy"]) == 8


def test_numbers_to_predict_have_no_accuracy():
    model = nn.MLP(1, [1])
    assert nn.fit(model, LINE_X, LINE_Y, nn.mse_loss, epochs=1).metrics == {}
    assert nn.fit(model, LINE_X, LINE_Y, lambda p, t: (p - t) ** 2, epochs=1).metrics == {}


def test_metrics_of_the_users_own_get_plain_numbers():
    seen = []

    def error(prediction, target):
        seen.append((type(prediction), type(target)))
        return abs(prediction - target)

    model = Counting()
    history = nn.fit(model, [1.0, 2.0], [3.0, -5.0], optimizer=sgd(model), epochs=1, metrics={"error": error})
    assert history.metrics == {"error": [4.0]}
    assert seen == [(float, float)] * 2


# The end


def test_a_callback_sees_each_epoch_and_may_end_training():
    model, seen = Counting(), []

    def callback(history):
        seen.append((history.epochs, history.train_loss[-1]))
        return history.epochs == 3

    history = nn.fit(model, [0.0], [1.0], optimizer=sgd(model), epochs=10, callbacks=[callback])
    assert seen == list(enumerate(history.train_loss, 1))
    assert history.epochs == 3
    assert not history.interrupted


def test_a_callback_may_keep_figures_of_its_own_in_the_history():
    model = Counting()
    optimizer = sgd(model, 0.5)

    def callback(history):
        history.metrics.setdefault("learning rate", []).append(optimizer.lr)

    metrics = {"output": lambda prediction, target: prediction}
    history = nn.fit(model, [0.0], [1.0], optimizer=optimizer, epochs=2, metrics=metrics, callbacks=[callback])
    assert history.metrics == {"output": [0.0, 1.0], "learning rate": [0.5, 0.5]}


def test_a_schedule_as_a_callback():
    model = Counting()
    optimizer = sgd(model, 1.0)
    schedule = nn.ExponentialLR(optimizer, 0.5)
    nn.fit(model, [0.0], [1.0], optimizer=optimizer, epochs=3, callbacks=[lambda history: schedule.step()])
    assert optimizer.lr == 0.125


def test_ctrl_c_keeps_the_best_weights_and_returns_the_history():
    model = Counting()

    def interrupt(history):
        if history.epochs == 20:
            signal.raise_signal(signal.SIGINT)

    history = nn.fit(
        model, [0.0], [3.0], optimizer=sgd(model, 0.05), validation=([0.0], [1.0]), epochs=100, callbacks=[interrupt]
    )
    assert history.interrupted
    assert history.epochs == 20
    assert nn.mse_loss(model.b.data, 1.0) == min(history.validation_loss)
    assert "Ctrl-C" in str(history)


def test_ctrl_c_within_an_epoch():
    model, calls = Counting(), []

    def loss(prediction, target):
        calls.append(1)
        if len(calls) == 10:
            raise KeyboardInterrupt
        return nn.mse_loss(prediction, target)

    history = nn.fit(model, [0.0] * 4, [1.0] * 4, loss, optimizer=sgd(model), epochs=9, batch_size=1, compiled=False)
    assert history.interrupted
    assert history.epochs == len(history.gradient_norm) == 2
    assert history.train_loss[1] < history.train_loss[0]
    again = Counting()
    nn.fit(again, [0.0] * 4, [1.0] * 4, optimizer=sgd(again), epochs=2, batch_size=1, compiled=False)
    assert numbers(model) == numbers(again)


def test_no_gradients_are_left_over():
    model = nn.MLP(2, [1])
    nn.fit(model, BLOBS_X, BLOBS_Y, nn.hinge_loss, epochs=1)
    assert all(p.grad is None for p in model.parameters())


def test_gradients_left_over_by_others_are_not_carried_in():
    one, two = nn.MLP(2, [1], seed=0), nn.MLP(2, [1], seed=0)
    for p in two.parameters():
        p.grad = 100.0
    for model in (one, two):
        nn.fit(model, BLOBS_X, BLOBS_Y, nn.hinge_loss, optimizer=sgd(model), epochs=1, seed=0)
    assert numbers(one) == numbers(two)


@pytest.mark.parametrize("enabled", [True, False])
def test_the_garbage_collector_is_as_it_was_whatever_happens(enabled):
    model, during = Counting(), []

    def loss(prediction, target):
        during.append(gc.isenabled())
        raise ZeroDivisionError

    try:
        if not enabled:
            gc.disable()
        with pytest.raises(ZeroDivisionError):
            nn.fit(model, [0.0], [1.0], loss, optimizer=sgd(model), compiled=False)
        assert gc.isenabled() is enabled
    finally:
        gc.enable()
    assert during == [False]


# Numbers that stop being finite


def test_a_loss_that_overflows_names_example_operation_and_node():
    model = Counting()
    model.w.data = 1e200
    with pytest.raises(
        OverflowError, match=r"example 2: the loss is inf; it began at '\*' = inf .*1e\+200 \(node 'w'\)"
    ):
        nn.fit(model, [0.0, 0.0, 1e200], [0.0] * 3, lambda p, t: p - t, optimizer=sgd(model), epochs=1)


def test_divergence_ends_with_the_best_weights():
    model = nn.MLP(1, [1], seed=0)
    start = numbers(model)
    with pytest.raises(ArithmeticError, match=r"example \d+"):
        nn.fit(model, [[100.0]], [1.0], nn.mse_loss, optimizer=sgd(model, 1e6), epochs=100)
    assert numbers(model) == start  # the loss of epoch 1 was measured with them, and no later one is lower


def test_an_operation_without_value_names_the_example_and_keeps_its_class():
    model = Counting()
    with pytest.raises(ValueError, match=r"example 1: log\(x\) needs x > 0") as caught:
        nn.fit(model, [1.0, -1.0], [1.0, 0.0], lambda p, t: (p + t).log(), optimizer=sgd(model), seed=0)
    assert caught.value.__cause__ is not None
    with pytest.raises(OverflowError, match=r"example 0: exp\(x\)"):
        nn.fit(model, [1.0], [1000.0], lambda p, t: exp(p + t), optimizer=sgd(model))


def test_a_gradient_that_overflows_names_example_and_parameter():
    model = Counting()
    model.w.data = 1e-160
    with pytest.raises(OverflowError, match="example 1: the gradient with respect to 'w' is inf"):
        nn.fit(model, [1.0, 1e160], [1.0, 1.0], lambda p, t: p * 1e160, optimizer=sgd(model))


def test_a_gradient_that_becomes_nan_names_the_example():
    model = Counting()
    with pytest.raises(ValueError, match=r"example 1: the gradient becomes NaN on the edge"):
        nn.fit(
            model, [1.0, 2.0], [1.0, 0.0], lambda p, t: ((p * 0 + t).sqrt() - 1).sqrt() if t else p.sqrt() - p.sqrt(),
            optimizer=sgd(model),
        )  # fmt: skip


def test_a_validation_loss_that_overflows_is_explained_too():
    model = Counting()
    model.w.data = 1.0
    with pytest.raises(OverflowError, match=r"example 0 of the validation data: the loss is inf; it began at '\*'"):
        nn.fit(
            model, [0.0], [0.0], lambda p, t: p * p, optimizer=sgd(model, 0.0), validation=([1e200], [0.0]), epochs=1
        )


def test_a_parameter_that_runs_away_in_the_last_step_is_noticed():
    model = Counting()
    with pytest.raises(OverflowError, match="parameter"):
        nn.fit(model, [0.0], [1e10], optimizer=sgd(model, 1e305), epochs=1)
    assert model.b.data == 0.0


# What is refused before anything starts


@pytest.mark.parametrize(
    ("X", "y", "said"),
    [
        ([[1.0], [float("nan")]], [1.0, 2.0], "row 1 of X holds nan"),
        ([[1.0], [2.0]], [float("inf"), 2.0], "row 0 of y holds inf"),
        (np.array([[1.0], [-np.inf]]), np.zeros(2), "row 1 of X holds -inf"),
        ([[1.0], ["two"]], [1.0, 2.0], "row 1 of X holds 'two'"),
        ([[1.0], [2.0]], ["a", "b"], "row 0 of y holds 'a', which is not a number: number the classes from 0"),
        ([[1.0], [None]], [1.0, 2.0], "row 1 of X holds None"),
        ([[1.0]], [1.0, 2.0], "same length, got 1 and 2"),
        ([], [], "no examples"),
        (np.zeros((0, 2)), np.zeros(0), "no examples"),
        (3.0, [1.0], "X is a list or an array"),
    ],
)
def test_data_that_does_not_fit(X, y, said):
    model = nn.MLP(1, [1])
    before = numbers(model)
    with pytest.raises(ValueError, match=said):
        nn.fit(model, X, y, nn.mse_loss, epochs=1)
    with pytest.raises(ValueError, match=said.replace("X ", "X of the validation data ").split(" of ")[0]):
        nn.fit(model, LINE_X, LINE_Y, nn.mse_loss, epochs=1, validation=(X, y))
    assert numbers(model) == before


def test_an_example_of_another_length_is_named():
    with pytest.raises(ValueError, match=r"example 1: .*takes 2 inputs, got 3"):
        nn.fit(nn.MLP(2, [1]), [[1.0, 2.0], [1.0, 2.0, 3.0]], [0.0, 0.0], nn.mse_loss)


def test_a_class_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match=r"example 2: .*class from 0 to 1, got 2"):
        nn.fit(nn.MLP(1, [2]), [[1.0]] * 3, [0, 1, 2], nn.cross_entropy)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"epochs": 0}, ValueError),
        ({"epochs": 2.5}, ValueError),
        ({"batch_size": 0}, ValueError),
        ({"batch_size": -1}, ValueError),
        ({"patience": 0}, ValueError),
        ({"l2": -1.0}, ValueError),
        ({"l2": float("nan")}, ValueError),
        ({"validation": 1.5}, ValueError),
        ({"validation": 3}, ValueError),
        ({"max_norm": -1.0}, ValueError),
        ({"max_norm": "long"}, ValueError),
        ({"l2": "strong"}, ValueError),
        ({"validation": 1.0}, ValueError),
        ({"metrics": [nn.accuracy]}, TypeError),
        ({"metrics": {"a": nn.accuracy, "validation_a": nn.accuracy}}, ValueError),
        ({"compiled": "yes"}, ValueError),
        ({"loss": "mean"}, ValueError),
        ({"loss": lambda p, t: 1.0}, TypeError),
        ({"optimizer": nn.Adam}, TypeError),
        ({"optimizer": "adams"}, ValueError),
        ({"lr": -1.0}, ValueError),
        ({"lr": 0.1, "optimizer": nn.SGD(nn.MLP(1, [1]).parameters(), lr=0.1)}, ValueError),
        ({"optimizer": nn.SGD([Value(1.0)], lr=0.1)}, ValueError),
    ],
)
def test_settings_that_make_no_sense(options, error):
    with pytest.raises(error):
        nn.fit(nn.MLP(1, [1]), LINE_X, LINE_Y, **{"loss": nn.mse_loss, "epochs": 1} | options)


def test_a_function_is_no_model():
    with pytest.raises(TypeError, match="Module"):
        nn.fit(lambda x: x, LINE_X, LINE_Y)


# What is shown


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_on_a_terminal_and_silence_elsewhere(monkeypatch, capfd):
    model = Counting()
    nn.fit(model, [0.0], [1.0], optimizer=sgd(model), epochs=3)
    assert capfd.readouterr() == ("", "")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    nn.fit(model, [0.0], [1.0], optimizer=sgd(model), epochs=3)
    assert "3/3" in terminal.getvalue()
    assert "loss=" in terminal.getvalue()
    terminal.truncate(0)
    nn.fit(model, [0.0], [1.0], optimizer=sgd(model), epochs=3, progress=False)
    monkeypatch.setattr(sys, "stderr", None)  # a program without a terminal
    nn.fit(model, [0.0], [1.0], optimizer=sgd(model), epochs=3)
    assert terminal.getvalue() == ""


def test_a_history_prints_as_a_table():
    history = nn.History([0.5, 0.25], [0.75, 0.625], [2.0, 1.0], {"accuracy": [0.5, 1.0]}, best_epoch=2)
    assert str(history).splitlines() == [
        "epoch  train loss  validation loss  gradient norm    accuracy",
        "    1         0.5             0.75              2         0.5",
        "    2        0.25            0.625              1           1",
        "best: epoch 2; losses are means over the examples, without penalty",
    ]
    assert "no epoch" in str(nn.History())


def test_a_long_history_prints_its_first_and_last_epoch_and_some_between():
    lines = str(nn.History([1.0 / k for k in range(1, 1001)], best_epoch=1000)).splitlines()
    epochs = [int(line.split()[0]) for line in lines[1:-1]]
    assert (epochs[0], epochs[-1]) == (1, 1000)
    assert len(epochs) == len(set(epochs)) == 20


@pytest.mark.parametrize("compiled", [False, True])
def test_ctrl_c_while_looking_at_other_examples_leaves_whole_epochs(compiled):
    met = []

    def error(prediction, target):
        met.append(target)
        if met.count(-7.0) == 3:
            raise KeyboardInterrupt
        return abs(prediction - target)

    model = nn.MLP(1, [1], seed=0)
    history = nn.fit(
        model, LINE_X, LINE_Y, optimizer=sgd(model), validation=([[0.5]], [-7.0]), epochs=9, metrics={"error": error},
        compiled=compiled,
    )  # fmt: skip
    lists = [history.train_loss, history.validation_loss, history.gradient_norm, *history.metrics.values()]
    assert history.interrupted
    assert [len(values) for values in lists] == [2] * 5
    assert "ended after epoch 2" in str(history)


# Names, weights, schedules


class Line(nn.Module):
    def __init__(self):
        self.w = Value(0.0)

    def forward(self, x):
        return self.w * x[0]


@pytest.mark.parametrize("compiled", [False, True])
def test_optimizer_and_loss_by_name(compiled):
    def run(loss, optimizer, **options):
        model = nn.MLP(2, [3, 1], seed=0)
        made = optimizer(model.parameters()) if callable(optimizer) else optimizer
        nn.fit(model, BLOBS_X, BLOBS_Y, loss, optimizer=made, epochs=3, seed=0, compiled=compiled, **options)
        return numbers(model)

    for name, kind in {"sgd": nn.SGD, "adam": nn.Adam, "AdamW": nn.AdamW, "rmsprop": nn.RMSprop}.items():
        assert run("hinge_loss", name, lr=0.02) == run(nn.hinge_loss, lambda p, kind=kind: kind(p, lr=0.02))
    assert run("mse", None) == run("mse_loss", "adam", lr=0.01)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("lr", [1.2, 1.9, 0.3])
def test_the_best_weights_are_those_the_lowest_loss_was_measured_with(compiled, lr):
    model = Line()
    history = nn.fit(
        model, [[1.0]], [1.0], nn.mse_loss, optimizer=sgd(model, lr), epochs=50, batch_size=None, patience=3,
        compiled=compiled,
    )  # fmt: skip
    assert (model.w.data - 1.0) ** 2 == pytest.approx(min(history.train_loss), rel=1e-9)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("lr", [10.0, 3.0])
def test_after_divergence_the_weights_are_the_best(compiled, lr):
    model = Line()
    with pytest.raises(OverflowError):
        nn.fit(
            model, [[1.0]], [1.0], nn.mse_loss, optimizer=sgd(model, lr), epochs=3000, batch_size=None,
            compiled=compiled,
        )  # fmt: skip
    assert model.w.data == 0.0


@pytest.mark.parametrize("compiled", [False, True])
def test_a_schedule_steps_after_each_epoch(compiled):
    model = nn.MLP(1, [1], seed=0)
    optimizer = sgd(model, 1e-3)
    options = {"epochs": 4, "seed": 0, "compiled": compiled}
    nn.fit(model, LINE_X, LINE_Y, optimizer=optimizer, schedule=nn.ExponentialLR(optimizer, 0.5), **options)
    assert optimizer.lr == 1e-3 * 0.5**4
    made = []
    nn.fit(
        model, LINE_X, LINE_Y, optimizer="sgd", lr=0.1, schedule=lambda o: made.append(o) or nn.StepLR(o, 2), **options
    )
    assert made[0].lr == pytest.approx(0.001)
    with pytest.raises(ValueError, match="another optimiser"):
        nn.fit(model, LINE_X, LINE_Y, schedule=nn.StepLR(optimizer, 2), **options)
    with pytest.raises(TypeError, match="schedule is"):
        nn.fit(model, LINE_X, LINE_Y, schedule="step", **options)


def test_a_plateau_is_that_of_the_validation_loss():
    for validation, watched in ((None, "train_loss"), (([[0.5]], [3.0]), "validation_loss")):
        model = nn.MLP(1, [1], seed=0)
        optimizer = sgd(model, 0.05)
        schedule = nn.ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
        history = nn.fit(
            model, LINE_X, LINE_Y, optimizer=optimizer, schedule=schedule, validation=validation, epochs=12, seed=0
        )
        losses = getattr(history, watched)
        expected = nn.ReduceLROnPlateau(sgd(nn.Neuron(1), 0.05), factor=0.5, patience=0)
        for loss in losses:
            expected.step(loss)
        assert optimizer.lr == expected.optimizer.lr
        assert schedule.best == expected.best


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.slow
def test_weights_of_samples_and_classes(compiled):
    y = [(t + 1) // 2 for t in BLOBS_Y]

    def run(X=BLOBS_X, y=y, **options):
        model = nn.MLP(2, [3, 1], "tanh", seed=0)
        history = nn.fit(model, X, y, optimizer="sgd", lr=0.1, epochs=3, batch_size=None, compiled=compiled, **options)
        return [*numbers(model), *history.train_loss]

    plain = run()
    twice = [2.0 if t else 1.0 for t in y]
    assert run(sample_weight=[7.0] * len(y)) == pytest.approx(plain)
    assert run(class_weight={0: 1.0, 1: 2.0}) == pytest.approx(run(sample_weight=twice))
    assert run(class_weight={1: 2.0}) == pytest.approx(run(sample_weight=twice))
    assert run(sample_weight=twice) != pytest.approx(plain)
    assert run(sample_weight=np.array(twice) * 4e307) == pytest.approx(run(sample_weight=twice))
    # A weight of 2 is the example twice, one of 0 is leaving it out.
    rows = [k for k, t in enumerate(y) for _ in range(1 + t)]
    assert run(sample_weight=twice) == pytest.approx(run([BLOBS_X[k] for k in rows], [y[k] for k in rows]))
    some = [k for k in range(len(y)) if k % 3]
    zeros = [float(k % 3 > 0) for k in range(len(y))]
    assert run(sample_weight=zeros) == pytest.approx(run([BLOBS_X[k] for k in some], [y[k] for k in some]))
    uneven = [k for k in range(len(y)) if y[k] or k % 4 == 0]
    data = {"X": [BLOBS_X[k] for k in uneven], "y": [y[k] for k in uneven]}
    share = sum(data["y"]) / len(uneven)
    assert run(**data, class_weight="balanced") == pytest.approx(
        run(**data, class_weight={0: 0.5 / (1.0 - share), 1: 0.5 / share})
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sample_weight": [1.0]}, "a number for each of the 20"),
        ({"sample_weight": [-1.0] * 20}, "row 0 of sample_weight holds -1"),
        ({"sample_weight": [math.nan] * 20}, "row 0 of sample_weight holds nan"),
        ({"sample_weight": [0.0] * 20}, "all examples weigh 0"),
        ({"class_weight": {0: 1.0}}, "whole numbers"),
        ({"class_weight": "even", "y": [0, 1] * 10}, "balanced"),
        ({"class_weight": {2: 1.0}, "y": [0, 1] * 10}, "the classes are"),
        ({"class_weight": {1: -1.0}, "y": [0, 1] * 10}, "the weight of class 1"),
    ],
)
def test_weights_that_make_no_sense(options, said):
    with pytest.raises(ValueError, match=said):
        nn.fit(nn.MLP(1, [1]), LINE_X, **{"y": LINE_Y, "epochs": 1} | options)


@pytest.mark.parametrize("compiled", [False, True])
def test_classes_that_are_not_known_are_left_out(compiled):
    y = [(t + 1) // 2 if k % 3 else -100 for k, t in enumerate(BLOBS_Y)]
    known = [k for k, t in enumerate(y) if t >= 0]
    loss = partial(nn.cross_entropy, ignore_index=-100)

    def run(X, y, loss):
        model = nn.MLP(2, [3, 2], "tanh", seed=0)
        history = nn.fit(
            model, X, y, loss, optimizer="sgd", lr=1.0, epochs=3, batch_size=None, compiled=compiled, validation=(X, y)
        )
        accuracies = [x for figures in history.metrics.values() for x in figures]
        assert len(accuracies) == 6
        assert type(accuracies[-1]) is float
        assert accuracies[-1] > 0.5
        return [*numbers(model), *history.train_loss, *history.validation_loss, *accuracies]

    assert run(BLOBS_X, y, loss) == pytest.approx(
        run([BLOBS_X[k] for k in known], [y[k] for k in known], nn.cross_entropy)
    )


@pytest.mark.parametrize("compiled", [False, True])
def test_examples_that_weigh_0_count_for_no_metric(compiled):
    weights = [float(k % 3 > 0) for k in range(len(BLOBS_Y))]
    wrong = [-y if k % 3 == 0 else y for k, y in enumerate(BLOBS_Y)]
    history = nn.fit(
        nn.MLP(2, [1], seed=0), BLOBS_X, wrong, "hinge", lr=0.1, epochs=30, compiled=compiled, sample_weight=weights
    )
    assert history.metrics["accuracy"][-1] == 1.0


def _kinds_of_data():
    """The same numbers as people have them: whole numbers from 0 to 8, so that every type can hold them."""
    rows = [[float(k * j % 9) for j in range(1, 4)] for k in range(20)]
    table = np.array(rows)
    kinds = {
        "lists": rows,
        "tuples": tuple(map(tuple, rows)),
        "list of arrays": [np.array(row) for row in rows],
        "NumPy's numbers": [[np.float64(x) for x in row] for row in rows],
        "whole numbers": [[int(x) for x in row] for row in rows],
        "mixed numbers": [[int(x) if x < 4 else x for x in row] for row in rows],
        "every other row": np.repeat(table, 2, axis=0)[::2],
        "columns first": np.asfortranarray(table),
        "backwards": table[::-1][::-1],
        "swapped bytes": table.astype(table.dtype.newbyteorder()),
        "objects": table.astype(object),
    }
    kinds |= {name: table.astype(name) for name in ("float16", "float32", "uint8", "int64")}
    fixed = table.copy()
    fixed.setflags(write=False)
    kinds["read only"] = fixed
    try:
        import pandas
    except ImportError:
        return kinds
    frame = pandas.DataFrame(table, columns=["a", "b", "c"], index=range(100, 120))
    mixed = frame.astype({"a": "int64", "b": "float32"})
    return kinds | {"frame": frame, "mixed frame": mixed, "nullable frame": frame.astype("Int64")}


KINDS_OF_DATA = _kinds_of_data()


@pytest.mark.parametrize("kind", KINDS_OF_DATA)
def test_the_same_numbers_train_the_same_whatever_holds_them(kind):
    def run(X):
        y = [row[0] for row in np.asarray(KINDS_OF_DATA["lists"]).tolist()]
        model, scale = nn.MLP(3, [2, 1], "tanh", seed=0), nn.Standardizer().fit(X)
        train, test, y_train, y_test = nn.train_test_split(X, y, test_size=0.25, seed=0)
        nn.fit(model, train, y_train, epochs=2, seed=0, progress=False)
        (batch, _), *_ = nn.minibatches(X, y, 6, seed=1)
        return [*numbers(model), *nn.predict(model, test), *scale.mean, *np.ravel(scale.transform(batch)), *y_test]

    expected = run(KINDS_OF_DATA["lists"])
    assert run(KINDS_OF_DATA[kind]) == pytest.approx(expected, rel=1e-12)


# How it is calculated


def test_without_shuffling_examples_come_in_the_order_of_the_data():
    model = Counting()
    xs = [x for (x,) in LINE_X]
    nn.fit(model, xs, LINE_Y, epochs=2, batch_size=3, optimizer=sgd(model), compiled=False, shuffle=False)
    assert [x for x, training in model.met if training][-40:] == xs * 2

    def run(**options):
        model = nn.MLP(1, [2, 1], "tanh", seed=0)
        nn.fit(model, LINE_X, LINE_Y, epochs=3, batch_size=3, seed=1, **options)
        return numbers(model)

    assert run(shuffle=False, compiled=True) == pytest.approx(run(shuffle=False, compiled=False), rel=1e-9)
    assert run(shuffle=False) != run()


def test_a_callback_that_calls_the_model_meets_the_numbers_of_now():
    def run(compiled):
        model, found = nn.MLP(1, [3, 1], "tanh", seed=0), []
        model([0.5])
        callbacks = [lambda history: found.append(model([0.5]).data)]
        nn.fit(model, LINE_X, LINE_Y, epochs=4, seed=1, compiled=compiled, callbacks=callbacks)
        return [*found, model([0.5]).data]

    compiled, on_graph = run(True), run(False)
    assert compiled == pytest.approx(on_graph, rel=1e-9)
    assert len(set(compiled)) == 4  # the last is that of the last epoch


def test_the_engine_is_named():
    def run(model=None, **options):
        return nn.fit(model or nn.MLP(1, [1]), LINE_X, LINE_Y, epochs=1, **options).engine

    assert run() == run(compiled=True) == "compiled (numpy)"
    assert run(compiled=False) == "graph: compiled=False"


def test_subclasses_and_modules_of_ones_own_are_compiled():
    class Mine(nn.MLP):
        pass

    assert nn.fit(Mine(1, [1]), LINE_X, LINE_Y, epochs=1).engine == "compiled (numpy)"
    assert nn.fit(Counting(), [0.0], [1.0], epochs=1).engine == "compiled (numpy)"


@pytest.mark.parametrize("noise", [lambda self: random.random(), lambda self: random.random() * self.training])
def test_a_model_with_random_numbers_of_its_own_trains_on_the_graph(noise):
    class Noisy(Line):
        def forward(self, x):
            return self.w * (x[0] + noise(self))

    with pytest.warns(UserWarning, match="Noisy does not calculate the same when its recording") as warned:
        history = nn.fit(Noisy(), LINE_X, LINE_Y, epochs=3)
    assert len(warned) == 1
    assert history.engine.startswith("graph: Noisy does not")
    with pytest.raises(TypeError, match="Noisy does not"):
        nn.fit(Noisy(), LINE_X, LINE_Y, epochs=3, compiled=True)


def test_a_module_that_keeps_what_it_calculates_stays_usable():
    class Keeping(Line):
        def forward(self, x):
            self.last = x
            self.hidden = self.w * x[0]
            return self.hidden

    model = Keeping()
    nn.fit(model, LINE_X, LINE_Y, epochs=2)
    assert model.parameters() == [model.w]
    nn.fit(model, LINE_X, LINE_Y, epochs=2, l2=0.1)


def test_values_are_written_when_they_are_read():
    model, seen = nn.MLP(1, [2, 1], "tanh", dropout=0.2, seed=0), []
    optimizer = nn.Adam(model.parameters(), lr=0.01)
    writes = []

    class Watched(nn.training.parameter_arrays.ParameterArrays):
        def to_values(self):
            writes.append(self.in_arrays)
            super().to_values()

    def look(history):
        if history.epochs == 4:
            before = len(writes)
            seen.append(copy.deepcopy(model).state_dict() == model.state_dict())
            seen.append(len(writes) > before)
            seen.append(optimizer.state[0][2])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nn.training.compiled_steps, "ParameterArrays", Watched)
        nn.fit(
            model, LINE_X, LINE_Y, optimizer=optimizer, epochs=7, batch_size=None, seed=0, callbacks=[look],
            validation=(LINE_X, LINE_Y),
        )  # fmt: skip
    assert seen == [True, True, 4]
    assert sum(writes) == 3  # for the comparison before the first evaluation, when the callback looked, and at the end
    assert all(type(p) is Value for p in model.parameters())


@pytest.mark.parametrize(
    "read",
    [
        lambda p: p.data,
        lambda p: (p * 1.0).data,
        lambda p: (-p).data * -1,
        lambda p: copy.copy(p).data,
        lambda p: pickle.loads(pickle.dumps(p)).data,
        lambda p: float(f"{p:.17g}"),
        lambda p: max(p, Value(-9.0)).data,
        lambda p: p.data if p > -9.0 else 0.0,
    ],
)
def test_every_way_to_read_a_parameter_gives_its_current_number(read):
    def run(compiled, seen):
        model = nn.MLP(1, [1], init=1.0, seed=1)
        parameter = model.parameters()[0]
        nn.fit(
            model,
            LINE_X,
            LINE_Y,
            epochs=3,
            seed=0,
            compiled=compiled,
            callbacks=[lambda h: seen.append(read(parameter))],
        )

    eager, compiled = [], []
    run(False, eager)
    run(True, compiled)
    assert compiled == pytest.approx(eager, rel=1e-9)
    assert len(set(compiled)) == 3


@pytest.mark.parametrize(
    "use",
    [
        lambda model: nn.predict(model, LINE_X).tolist(),
        lambda model: compile(lambda x: model(x)).map(LINE_X).tolist(),
        lambda model: [nn.evaluate(model, LINE_X, LINE_Y)["loss"]],
        lambda model: list(model.state_dict().values()),
        lambda model: [p.data for p in copy.deepcopy(model).parameters()],
        lambda model: [nn.l2_penalty(model, 1.0).data],
        lambda model: [float(max(map(abs, (p.data for p in model.parameters()))))],
    ],
)
def test_every_way_to_use_the_model_in_a_callback_sees_its_current_numbers(use):
    def run(compiled):
        model, seen = nn.MLP(1, [3, 1], "tanh", seed=1), []
        callbacks = [lambda history: seen.extend(use(model))]
        nn.fit(model, LINE_X, LINE_Y, epochs=3, seed=0, compiled=compiled, callbacks=callbacks)
        return [*seen, *numbers(model)]

    assert run(True) == pytest.approx(run(False), rel=1e-9)


def test_an_optimiser_that_is_copied_in_a_callback_has_its_current_state():
    model, copies = nn.MLP(1, [1], seed=0), []
    optimizer = nn.Adam(model.parameters(), lr=0.01)
    nn.fit(
        model, LINE_X, LINE_Y, optimizer=optimizer, epochs=2, batch_size=None,
        callbacks=[lambda history: copies.append(pickle.loads(pickle.dumps(optimizer)).state[0][2])],
    )  # fmt: skip
    assert copies == [1, 2]


def test_setting_a_parameter_in_a_callback_counts():
    model = nn.MLP(1, [1], seed=0)

    def reset(history):
        for p in model.parameters():
            p.data = 5.0

    nn.fit(model, LINE_X, LINE_Y, epochs=2, callbacks=[reset])
    assert numbers(model) == [5.0, 5.0]


def test_arrays_stay_arrays():
    X, y = np.zeros((2000, 50)), np.arange(2000.0)
    model = nn.MLP(50, [1], seed=0)
    nn.fit(model, X, y, epochs=1, batch_size=500)  # imports and caches
    tracemalloc.start()
    try:
        nn.fit(model, X, y, epochs=1, batch_size=500)
        assert tracemalloc.get_traced_memory()[1] < 2.5 * X.nbytes
    finally:
        tracemalloc.stop()


def test_a_history_as_a_dict_and_a_table():
    history = nn.fit(nn.MLP(1, [1]), LINE_X, LINE_Y, epochs=2, validation=0.2, seed=0)
    assert list(history.to_dict()) == ["train_loss", "validation_loss", "gradient_norm"]
    pandas = pytest.importorskip("pandas")
    table = history.to_frame()
    assert isinstance(table, pandas.DataFrame)
    assert table.index.tolist() == [1, 2]
    assert table["train_loss"].tolist() == history.train_loss


def test_a_bar_in_notebooks(monkeypatch):
    bars = []

    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    bar = types.SimpleNamespace(
        set_postfix=lambda *arguments, **options: None,
        update=lambda: bars.append("update"),
        close=lambda: bars.append("close"),
    )
    monkeypatch.setitem(sys.modules, "tqdm.auto", types.SimpleNamespace(tqdm=lambda **options: bar))
    nn.fit(nn.MLP(1, [1]), LINE_X, LINE_Y, epochs=2)
    assert bars == ["update", "update", "close"]
    nn.fit(nn.MLP(1, [1]), LINE_X, LINE_Y, epochs=2, progress=False)
    assert len(bars) == 3
