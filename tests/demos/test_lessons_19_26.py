"""Lessons L19 to L26: vectorisation, architecture, activation functions, initialisation, dropout, training."""

import math
from functools import cache
from types import ModuleType

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


@cache
def numbers_of(lesson: ModuleType) -> dict[str, float]:
    """What a lesson returns, for all tests of it."""
    numbers: dict[str, float] = lesson.main(Page(quick=True, plots=False))
    return numbers


def test_a_loop_a_compiled_program_and_matrices_give_the_same_numbers() -> None:
    numbers = numbers_of(vectorisation)
    assert 0.1 < numbers["loss"] < 10
    assert numbers["difference"] < 1e-13
    assert abs(numbers["slope"]) > 1e-3
    assert numbers["slope"] == pytest.approx(numbers["slope by nudging"], rel=1e-6)


def test_one_neuron_cuts_once_and_ten_separate() -> None:
    numbers = numbers_of(one_neuron_ten_neurons)
    for name, best_line in {"moons": 0.92, "circles": 0.75, "spiral": 0.9}.items():
        assert 0.5 < numbers[f"{name} 1"] < best_line
        assert numbers[f"{name} 10"] == 1.0


def test_random_labels_are_fitted_and_nothing_is_learnt() -> None:
    numbers = numbers_of(one_neuron_ten_neurons)
    assert numbers["random labels"] == numbers["random labels, neighbour"] == numbers["random labels, plane"] == 1.0
    assert numbers["random labels, line"] < 0.75
    assert 0.4 < numbers["random labels, new"] < 0.6


def test_shapes_of_the_weights() -> None:
    numbers = numbers_of(architecture)
    assert [(numbers[f"layer {k} n"], numbers[f"layer {k} m"]) for k in (1, 2, 3)] == [(3, 4), (4, 4), (4, 1)]
    assert numbers["parameters"] == 41


def test_layers_without_activation_functions_collapse_into_one() -> None:
    numbers = numbers_of(architecture)
    assert numbers["collapse"] < 1e-14
    assert numbers["tanh apart"] > 0.1
    assert numbers["linear"] == pytest.approx(numbers["line"], rel=1e-3)
    assert numbers["from the line"] < 0.01
    assert numbers["tanh"] < numbers["line"] / 50


def test_slopes_of_activation_functions() -> None:
    numbers = numbers_of(activation_functions)
    assert (numbers["sigmoid 0"], numbers["tanh 0"], numbers["relu 0"]) == (0.25, 1.0, 0.0)
    assert numbers["sigmoid 10"] == pytest.approx(math.exp(-10) / (1 + math.exp(-10)) ** 2, rel=1e-12)
    assert numbers["leaky_relu -1"] == 0.01


def test_depth_kills_the_gradient_of_sigmoids() -> None:
    numbers = numbers_of(activation_functions)
    assert numbers["sigmoid first to last"] < 0.25**6
    assert 0.05 < numbers["tanh first to last"] < 20
    assert 0.05 < numbers["relu first to last"] < 20


def test_a_dead_relu_stays_dead_and_a_leaky_one_revives() -> None:
    numbers = numbers_of(activation_functions)
    assert numbers["killed"] >= 3
    assert numbers["dead moved"] == 0.0
    assert numbers["dead loss"] == pytest.approx(numbers["variance"], rel=1e-6)
    assert numbers["leaky loss"] < numbers["variance"] / 100


def test_standardised_features_train_where_raw_ones_do_not() -> None:
    numbers = numbers_of(preprocessing_and_initialisation)
    assert numbers["raw condition"] > 1e6
    assert numbers["standardised condition"] < 100
    assert numbers["standardised features"] < 0.05
    assert numbers["raw features"] > 0.5


def test_the_size_of_the_first_weights_decides() -> None:
    numbers = numbers_of(preprocessing_and_initialisation)
    assert numbers["zeros gradient"] == 0.0
    assert numbers["zeros loss"] == pytest.approx(math.log(2), abs=1e-9)
    assert numbers["too small gradient"] < 1e-6
    assert numbers["too small loss"] == pytest.approx(math.log(2), abs=1e-4)
    assert numbers["too large highest"] > 1e6
    assert numbers["too large loss"] > 0.6
    assert numbers["too small signal ratio"] < 1e-4
    assert 0.5 < numbers["He signal ratio"] < 3
    assert numbers["too large signal ratio"] > 10
    assert numbers["He loss"] < 0.2
    assert numbers["Xavier loss"] < 0.3


def test_dropout() -> None:
    numbers = numbers_of(dropout)
    assert numbers["different masks"] == 3
    assert numbers["masked values"]
    assert numbers["evaluation changes"] == 0.0
    assert numbers["mean"] == pytest.approx(1.0, abs=0.06)  # four standard deviations
    assert numbers["variance"] == pytest.approx(1.0, abs=0.01)
    assert numbers["gap 0.5"] < 0.5 * numbers["gap 0"]
    assert numbers["test 0.5"] < 0.8 * numbers["test 0"]


def test_the_loop_by_hand_is_fit() -> None:
    numbers = numbers_of(training_loop)
    assert numbers["by hand"] < 1e-12


def test_early_stopping_and_resuming() -> None:
    numbers = numbers_of(training_loop)
    assert numbers["epochs"] == numbers["best epoch"] + 20
    assert numbers["kept"] == pytest.approx(numbers["best"], rel=1e-12)
    assert numbers["last"] > 1.2 * numbers["best"]
    assert numbers["train last"] < numbers["train first"] / 3
    assert numbers["resumed"] == 0.0
    assert numbers["loaded"] == 0.0


def test_two_moons() -> None:
    numbers = numbers_of(two_moons)
    assert numbers["parameters"] == 337
    assert numbers["right"] == 1.0
    assert numbers["test right"] > 0.98
    assert numbers["lowest margin"] > 0.0
    assert 0 < numbers["pulling"] == numbers["within the margin"] < 15
    assert numbers["last loss"] < 0.02 < 0.3 < numbers["first loss"]
