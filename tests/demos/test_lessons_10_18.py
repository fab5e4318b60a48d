"""Lessons L10 to L18: from linear models of several kinds to minibatches; each claim with a margin."""

from pathlib import Path

import numpy as np
import pytest

from demos.lessons import l10_kinds_of_data as kinds_of_data
from demos.lessons import l11_overfitting as overfitting
from demos.lessons import l12_l2_regularisation as l2_regularisation
from demos.lessons import l13_regression_as_classifier as regression_as_classifier
from demos.lessons import l14_zero_one_loss as zero_one_loss
from demos.lessons import l15_bayes_to_logistic as bayes_to_logistic
from demos.lessons import l16_cross_entropy_or_squared_error as cross_entropy_or_squared_error
from demos.lessons import l17_softmax_and_cross_entropy as softmax_and_cross_entropy
from demos.lessons import l18_minibatches as minibatches
from demos.page import Page
from tests.extent import some

pytestmark = pytest.mark.slow  # they train


def quick(seed: int = 0) -> Page:
    return Page(quick=True, plots=False, seed=seed)


def test_kinds_of_data() -> None:
    found = kinds_of_data.main(quick())
    assert found.slope == pytest.approx(-0.0619, abs=5e-5)
    slopes = (0.7985, 0.3197, 0.2319)  # of setosa, versicolor, virginica, as R's lm gives them
    for joint, alone, slope in zip(found.joint, found.alone, slopes, strict=True):
        assert joint.slope == pytest.approx(slope, abs=5e-5)
        assert joint == pytest.approx(alone, abs=1e-6)
    one, heights, lines = found.errors.values()
    assert lines < heights - 0.005
    assert heights < 0.5 * one


@pytest.mark.parametrize("seed", [0, 3])
def test_overfitting(seed: int) -> None:
    found = overfitting.main(quick(seed))
    for errors in (found.polynomials, found.patients):
        assert (np.diff(errors.train) < 1e-9).all()
        assert 0 < errors.lowest < len(errors.test) - 1
        lowest = min(errors.test)
        assert errors.test[0] > 1.15 * lowest
        assert errors.test[-1] > 1.5 * lowest
    assert overfitting.DEGREES[found.polynomials.lowest] == 3  # the sine has one bend up and one down


def test_overfitting_goes_to_the_bottom() -> None:
    rng = np.random.default_rng(5)
    x, y = overfitting.points(16, rng)
    features = overfitting.powers(x, 14)
    table = np.column_stack([features, np.ones(16)])
    closed = np.mean((table @ np.linalg.lstsq(table, y, rcond=None)[0] - y) ** 2)
    assert overfitting.error(overfitting.fitted(features, y), features, y) == pytest.approx(closed, rel=1e-3)


def test_l2_regularisation() -> None:
    found = l2_regularisation.main(quick())
    assert (np.diff(found.train) > 0).all()
    lowest = int(np.argmin(found.test))
    assert 0 < lowest < len(found.test) - 1
    assert found.test[0] > 3 * found.test[lowest]
    assert found.test[-1] > 2 * found.test[lowest]
    assert (np.diff(found.ranges) < 0).all()
    assert found.ranges[-1] < 1e-6  # flat
    assert found.curves[-1].mean() == pytest.approx(found.y.mean(), abs=1e-6)  # and the bias is free
    bare, small, right, large, huge = found.accuracies
    assert right > bare + 0.02
    assert right > small + 0.02
    assert right > large + 0.05
    assert huge == pytest.approx(0.5, abs=0.01)
    assert min(found.learnt[:2]) >= 4
    assert found.learnt[2] <= 2


def test_l2_is_what_ridge_regression_gives() -> None:
    rng = np.random.default_rng(5)
    x, y = overfitting.points(16, rng)
    features = overfitting.powers(x, 14)
    centred = features - features.mean(axis=0)
    closed = np.linalg.solve(centred.T @ centred / 16 + 0.01 * np.eye(14), centred.T @ (y - y.mean()) / 16)
    assert [w.data for w in overfitting.fitted(features, y, 0.01).w] == pytest.approx(closed, abs=1e-5)


@pytest.mark.parametrize("seed", some([0, 1], 2))
def test_regression_as_classifier(seed: int) -> None:
    found = regression_as_classifier.main(quick(seed))
    clouds, everything = map(found.boundary, found.regression)
    logistic, logistic_everything = map(found.boundary, found.logistic)
    assert min(clouds.accuracy, logistic.accuracy, logistic_everything.accuracy) > 0.98 > everything.accuracy
    assert everything.tilt - clouds.tilt > 20
    assert abs(logistic_everything.tilt - logistic.tilt) < 4


def test_both_regressions_have_one_update() -> None:
    (beside, far), (logistic_beside, logistic_far) = regression_as_classifier.main(quick()).updates
    for update in (beside, far, logistic_beside, logistic_far):
        assert update.engine == pytest.approx(update.formula, rel=1e-9, abs=1e-12)
    assert far.formula == pytest.approx([7 * (far.f - 1), -6 * (far.f - 1)])
    assert abs(far.f - 1) > 3 > 0.9 > abs(beside.f - 1) > 0.1
    assert abs(logistic_beside.f - 1) > 0.1 > 1e-9 > abs(logistic_far.f - 1)


def test_zero_one_loss() -> None:
    found = zero_one_loss.main(quick())
    assert found.slopes["0/1"] == [0] * 6
    assert found.slopes["hinge"] == [-1, -1, -1, -1, 0, 0]
    assert found.slopes["squared"] == pytest.approx([-6, -4, -3, -1, 0, 2])
    assert found.slopes["logistic"][0] == pytest.approx(-1 / np.log(2) / (1 + np.exp(-2)))
    still, *others = found.descents.values()
    assert (still.gradient, still.moved) == (0.0, 0.0)
    assert still.wrong == found.start > 0.3
    assert all(other.moved > 1 for other in others)
    assert all(other.wrong < 0.15 for other in others)
    assert found.changes < 20  # of 2,000


@pytest.mark.parametrize("seed", some([0, 1], 2))
def test_bayes_to_logistic(seed: int) -> None:
    found = bayes_to_logistic.main(quick(seed))
    assert found.gap < 1e-13
    assert found.soft == pytest.approx(found.true, abs=1e-5)
    assert (np.abs(found.hard - found.true) < 4 * found.chance).all()
    assert (np.abs(found.generative - found.true) < 4 * found.chance).all()
    assert (found.chance < 0.1).all()


def test_cross_entropy_or_squared_error() -> None:
    found = cross_entropy_or_squared_error.main(quick())
    squared, entropy = found.slopes.values()
    assert [f"{s:.1e}" for s in squared] == ["-4.5e-05", "-6.6e-03", "-1.2e-01", "-4.4e-05", "-2.1e-09"]
    assert squared[2] == -0.125
    assert [f"{s:.4g}" for s in entropy[1:3]] == ["-0.9933", "-0.5"]
    assert f"{entropy[0]:.5f}" == "-0.99995"
    assert [f"{s:.1e}" for s in entropy[3:]] == ["-6.7e-03", "-4.5e-05"]
    assert found.steps("cross-entropy", -1.0) * 3 < found.steps("squared error", -1.0)
    for far in (-4.0, -30.0):
        assert found.steps("squared error", far) is None  # in 300 steps
        assert found.curves["squared error", far][-1] < 0.2
        assert found.curves["cross-entropy", far][-1] > 0.9
    assert found.steps("cross-entropy", -4.0) < 40
    assert 5 < found.steps("cross-entropy", -30.0) / found.steps("cross-entropy", -4.0) < 12  # 7.5 times as far


def test_softmax_and_cross_entropy() -> None:
    found = softmax_and_cross_entropy.main(quick())
    scores = np.array(softmax_and_cross_entropy.SCORES)
    closed = np.exp(scores) / np.exp(scores).sum()
    assert found.q == pytest.approx(closed, rel=1e-12)
    assert np.argsort(found.q).tolist() == np.argsort(scores).tolist()
    assert found.gradients == pytest.approx(closed - [0, 1, 0, 0], rel=1e-12)
    entropy, divergence, cross_entropy = found.unsure
    assert cross_entropy == pytest.approx(entropy + divergence, rel=1e-12)
    assert cross_entropy == pytest.approx(-np.dot([0.1, 0.6, 0.1, 0.2], np.log(closed)), rel=1e-12)
    assert found.sure == pytest.approx((0.0, -np.log(closed[1]), -np.log(closed[1])), rel=1e-12)
    digits = found.digits
    assert digits.probabilities.sum(axis=1) == pytest.approx(np.ones(540), abs=1e-12)
    assert -digits.log_likelihood / 540 == pytest.approx(digits.loss, rel=1e-9)
    assert 0.92 < digits.accuracy < 1
    assert digits.weights[0].reshape(8, 8)[3:5, 3:5].mean() < -0.3  # the zero wants no ink in the middle
    mistakes = digits.surest_mistakes
    assert len(mistakes) == round(540 * (1 - digits.accuracy))
    assert (digits.answers[mistakes] != digits.truth[mistakes]).all()
    assert (np.diff(digits.probabilities[mistakes].max(axis=1)) <= 0).all()
    assert found.iris.accuracy > 0.93


@pytest.mark.parametrize("seed", some([0, 1], 2))
def test_minibatches(seed: int) -> None:
    found = minibatches.main(quick(seed))
    assert [len(batch) for batch in found.batches] == [100, 100, 100, 100, 42]
    assert sorted(np.concatenate(found.batches)) == list(range(442))  # each once
    noise = found.noise
    assert noise.measured[:3] == pytest.approx(noise.predicted[:3], rel=0.15)
    assert noise.measured[3] < 1e-12
    assert noise.predicted[0] / noise.predicted[1] == pytest.approx(10**0.5, rel=0.02)
    one, ten, hundred, everything = found.training.excess.values()
    assert ten[0] < 0.5 * hundred[0] < 0.5 * everything[0]  # small batches learn first
    assert np.mean(one[5:]) > 2 * np.mean(ten[5:])  # and end restless
    assert (np.diff(everything) < 0).all()
    assert min(one + ten + hundred + everything) > 0  # no error is below the closed form's


@pytest.mark.parametrize("seed", some([0, 1], 2))
def test_noise_leaves_a_poor_valley_where_it_is_strong(seed: int) -> None:
    wave = minibatches.wave(quick(seed))
    assert wave.good == pytest.approx(3, abs=0.1)
    assert wave.good - wave.poor > 2
    left = {key: wave.in_the_good(paths) for key, paths in wave.paths.items()}
    assert left[1, 0.4] >= 5  # of ten
    assert [left[key] for key in ((1, 0.1), (5, 0.1), (40, 0.1), (40, 0.4))] == [0, 0, 0, 0]
    assert np.ptp(wave.paths[40, 0.4]) < 1e-3  # the full batch stays where its gradient is 0
    assert wave.in_the_good(wave.back) == 10
    assert wave.noise[0] > 5 * wave.noise[1]
    assert wave.twins == [0.0, 0.0]


def test_minibatches_are_described_by_their_curves() -> None:
    restless, falling = [4.0, 3, 4, 3, 4, 3, 4, 3], [8.0, 7, 6, 5, 4, 3, 2, 1]
    found = minibatches.standing({1: restless, 442: falling})
    assert (found.ahead, found.behind, found.lowest, found.highest) == (1, 442, 442, 1)
    assert (found.moving, found.settled) == ([442], [1])
    assert found.ends == {1: 3.5, 442: 1.5}
    assert minibatches.standing({10: falling, 442: falling}).settled == []
    assert minibatches.standing({10: restless, 442: restless}).moving == []


@pytest.mark.parametrize("settled", [True, False])
def test_the_text_of_minibatches_follows_the_curves(capsys: pytest.CaptureFixture[str], settled: bool) -> None:
    restless, falling = [4.0, 3, 4, 3, 4, 3, 4, 3], [8.0, 7, 6, 5, 4, 3, 2, 1]
    excess = {1: restless if settled else falling, 442: falling}
    minibatches.tell_training(quick(), minibatches.Training(0.5, excess, [0.1, 0.1]))
    text = capsys.readouterr().out
    assert ("Still on the way down: the full batch." in text) is settled
    assert ("Still on the way down: size 1, the full batch." in text) is not settled
    assert ("No longer getting better: size 1." in text) is settled


def test_short_names_of_strengths() -> None:
    found = [l2_regularisation.short(strength) for strength in (0.0, 1e-6, 0.01, 1.0, 1e4)]
    assert found == ["0", "10⁻⁶", "0.01", "1", "10⁴"]


def test_pictures_and_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kinds_of_data.main(Page(quick=True, out=tmp_path, name="kinds_of_data"))
    assert (tmp_path / "kinds_of_data.svg").stat().st_size > 10_000
    assert "Simpson's paradox" in capsys.readouterr().out
