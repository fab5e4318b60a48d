"""Lessons L19 to L26: vectorisation, architecture, activation functions, initialisation, dropout, training."""

import math
from functools import cache
from types import ModuleType

import numpy as np
import pytest

from demos.lessons import l19_vectorisation as vectorisation
from demos.lessons import l20_one_neuron_ten_neurons as one_neuron_ten_neurons
from demos.lessons import l21_architecture as architecture
from demos.lessons import l22_activation_functions as activation_functions
from demos.lessons import l23_preprocessing_and_initialisation as preprocessing_and_initialisation
from demos.lessons import l24_dropout as dropout
from demos.lessons import l25_training_loop as training_loop
from demos.lessons import l26_two_moons as two_moons
from demos.page import Page

pytestmark = pytest.mark.slow  # they train


def quick() -> Page:
    return Page(quick=True, plots=False)


@cache
def numbers_of(lesson: ModuleType) -> dict[str, float]:
    """What a lesson returns, for all tests of it."""
    numbers: dict[str, float] = lesson.main(Page(quick=True, plots=False))
    return numbers


def test_a_loop_a_compiled_program_and_matrices_give_the_same_numbers() -> None:
    found = vectorisation.main(quick())
    assert [batch.n for batch in found.batches] == [1, 10, 100]
    assert 0.1 < found.batches[-1].loss < 10
    assert all(batch.difference < 1e-13 for batch in found.batches)
    assert abs(found.slope) > 1e-3
    assert found.slope == pytest.approx(found.nudged, rel=1e-6)
    assert "tanh(W1 @ x + b1)" in found.source


@cache
def cuts() -> one_neuron_ten_neurons.Results:
    return one_neuron_ten_neurons.main(quick())


def test_one_neuron_cuts_once_and_ten_separate() -> None:
    shares = cuts().shares
    for name, best_line in {"moons": 0.92, "circles": 0.75, "spiral": 0.9}.items():
        assert 0.5 < shares[name, 1] < best_line
        assert shares[name, 10] == 1.0


def test_random_labels_are_fitted_and_nothing_is_learnt() -> None:
    found = cuts()
    assert found.network[0] == found.neighbour[0] == found.plane == 1.0
    assert found.line[0] < 0.75
    assert all(0.4 < new < 0.6 for _, new in (found.line, found.network, found.neighbour))


@cache
def layers() -> architecture.Results:
    return architecture.main(quick())


def test_shapes_of_the_weights() -> None:
    found = layers()
    assert found.shapes == [(3, 4), (4, 4), (4, 1)]
    assert architecture.counts([3, 4, 4, 1]) == (32, 9)
    assert len(found.model.parameters()) == 32 + 9
    assert architecture.counts([32 * 32 * 3, 100, 10]) == (308_200, 110)


def test_layers_without_activation_functions_collapse_into_one() -> None:
    found = layers()
    assert found.collapse < 1e-14
    assert found.apart > 0.1
    best = found.loss(found.line)
    assert found.loss(found.fits["linear"]) == pytest.approx(best, rel=1e-3)
    assert abs(found.fits["linear"] - found.line).max() < 0.01
    assert found.loss(found.fits["tanh"]) < best / 50


@cache
def activations() -> activation_functions.Results:
    return activation_functions.main(quick())


def test_slopes_of_activation_functions() -> None:
    slopes = activations().slopes
    assert [slopes[name][0.0] for name in ("sigmoid", "tanh", "relu")] == [0.25, 1.0, 0.0]
    assert slopes["sigmoid"][10.0] == pytest.approx(math.exp(-10) / (1 + math.exp(-10)) ** 2, rel=1e-12)
    assert slopes["leaky_relu"][-1.0] == 0.01


def test_depth_kills_the_gradient_of_sigmoids() -> None:
    fading = activations().fading
    assert fading["sigmoid"] < 0.25**6
    assert 0.05 < fading["tanh"] < 20
    assert 0.05 < fading["relu"] < 20


def test_a_dead_relu_stays_dead_and_a_leaky_one_revives() -> None:
    found = activations()
    variance = np.var(activation_functions.RAMP[1])
    assert found.dead_after >= found.dead_before + 3
    assert found.moved["relu"] == 0.0
    assert found.losses["relu"][-1] == pytest.approx(variance, rel=1e-6)
    assert found.losses["leaky_relu"][-1] < variance / 100


@cache
def beginnings() -> preprocessing_and_initialisation.Results:
    return preprocessing_and_initialisation.main(quick())


def test_standardised_features_train_where_raw_ones_do_not() -> None:
    found = beginnings()
    assert found.conditions["raw"] > 1e6
    assert found.conditions["standardised"] < 100
    last = {name: found.runs[name, rate][-1] for name, rate in found.best.items()}
    assert last["standardised"] < 0.05
    assert last["raw"] > 0.5


def test_the_size_of_the_first_weights_decides() -> None:
    found = beginnings()
    last = {name: losses[-1] for name, losses in found.losses.items()}
    growth = {name: signal[5] / signal[0] for name, signal in found.signals.items() if signal[0]}
    assert found.gradients["zeros"][0] == 0.0
    assert last["zeros"] == pytest.approx(math.log(2), abs=1e-9)
    assert found.gradients["too small"][0] < 1e-6
    assert last["too small"] == pytest.approx(math.log(2), abs=1e-4)
    assert max(found.losses["too large"]) > 100
    assert last["too large"] > 0.6
    assert growth["too small"] < 1e-4
    assert 0.5 < growth["He"] < 3
    assert growth["too large"] > 10
    assert last["He"] < 0.1
    assert last["Xavier"] < 0.1


def test_neurons_that_begin_equal_stay_equal() -> None:
    assert beginnings().equal_apart == 0.0


def test_dropout() -> None:
    found = dropout.main(quick())
    assert len(set(map(tuple, found.masks))) == 3
    assert {value for mask in found.masks for value in mask} == {0.0, 2.0}
    assert found.resting == [1.0] * 8
    assert found.kept.mean() == pytest.approx(1.0, abs=0.06)  # four standard deviations
    assert found.kept.var() == pytest.approx(1.0, abs=0.01)
    assert found.gaps[0.5] < 0.5 * found.gaps[0.0]
    assert found.test[0.5] < 0.8 * found.test[0.0]
    assert min(found.histories[0.0].validation_loss) < min(found.test.values())


@cache
def loops() -> training_loop.Results:
    return training_loop.main(quick())


def test_the_loop_by_hand_is_fit() -> None:
    assert loops().by_hand == pytest.approx(loops().by_fit, abs=1e-12)


def test_early_stopping_and_resuming() -> None:
    found = loops()
    best = min(found.early.validation_loss)
    assert found.early.epochs == found.early.best_epoch + 20
    assert found.kept == pytest.approx(best, rel=1e-12)
    assert found.whole.validation_loss[-1] > 1.2 * best
    assert found.whole.train_loss[-1] < found.whole.train_loss[0] / 3
    assert found.one_go == found.two_goes == found.loaded


def test_two_moons() -> None:
    found = two_moons.main(quick())
    assert len(found.model.parameters()) == 337
    assert found.right == 1.0
    assert found.fresh_right > 0.98
    assert found.margins.min() > 0.0
    assert list(found.pulling) == list(found.margins < 1.0)
    assert 0 < found.pulling.sum() < 15
    assert found.history.train_loss[-1] < 0.02 < 0.3 < found.history.train_loss[0]
