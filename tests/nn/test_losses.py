"""Losses and penalties: closed forms, limits, gradients, bad targets; and PyTorch's where it is installed."""

import math

import numpy as np
import pytest

import nn
from autograd import Value, check_gradients, compile, grad, scope, softmax
from nn import (
    MLP,
    Module,
    Neuron,
    binary_cross_entropy,
    cross_entropy,
    hinge_loss,
    huber_loss,
    kl_divergence,
    l1_penalty,
    l2_penalty,
    mse_loss,
)
from nn.losses import LOSSES
from nn.penalties import weights


class TestMse:
    def test_one_output(self):
        assert mse_loss(3.0, 1.0) == 4.0
        z = Value(3.0)
        assert grad(mse_loss(z, 1.0), [z]) == [4.0]

    def test_several_outputs_are_their_mean(self):
        zs = [Value(1.0), Value(2.0), Value(6.0)]
        loss = mse_loss(zs, [0.0, 2.0, 3.0])
        assert loss.data == pytest.approx((1 + 0 + 9) / 3)
        assert grad(loss, zs) == pytest.approx([2 / 3, 0.0, 2.0])

    def test_a_list_of_one(self):
        assert mse_loss(Value(3.0), [1.0]).data == mse_loss([Value(3.0)], 1.0).data == 4.0
        assert mse_loss(Value(3.0), np.array([1.0])).data == 4.0

    def test_targets_may_be_values(self):
        t = Value(1.0)
        assert grad(mse_loss(3.0, t), [t]) == [-4.0]

    @pytest.mark.parametrize("target", [[1.0], [1.0] * 3, 1.0])
    def test_lengths(self, target):
        with pytest.raises(ValueError, match=r"as many targets as predictions, got [13] and 2"):
            mse_loss([1.0, 2.0], target)


class TestBinaryCrossEntropy:
    @pytest.mark.parametrize("z", [-3.0, 0.0, 0.7, 5.0])
    @pytest.mark.parametrize("t", [0, 1, 0.3])
    def test_is_its_definition(self, z, t):
        q = 1 / (1 + math.exp(-z))
        expected = -t * math.log(q) - (1 - t) * math.log(1 - q)
        assert binary_cross_entropy(z, t) == pytest.approx(expected, rel=1e-12)

    def test_its_gradient_is_prediction_minus_target(self):
        # The figures of cross-entropy against squared error at z = -10 ... 10 for target 1.
        for z, expected in ((-10, -0.99995), (-5, -0.9933), (0, -0.5), (5, -6.7e-3), (10, -4.5e-5)):
            logit = Value(z)
            (slope,) = grad(binary_cross_entropy(logit, 1), [logit])
            assert slope == pytest.approx(-1 / (1 + math.exp(z)), rel=1e-13)
            assert slope == pytest.approx(expected, rel=1e-2)

    @pytest.mark.parametrize(
        ("z", "t", "loss", "slope"),
        [(1000, 1, 0.0, 0.0), (1000, 0, 1000.0, 1.0), (-1000, 1, 1000.0, -1.0), (-1000, 0, 0.0, 0.0),
         (40, 1, math.exp(-40), -math.exp(-40)), (-40, 0, math.exp(-40), math.exp(-40))],
    )  # fmt: skip
    def test_far_logits(self, z, t, loss, slope):
        logit = Value(z)
        out = binary_cross_entropy(logit, t)
        assert out.data == pytest.approx(loss, rel=1e-14, abs=0)
        assert grad(out, [logit]) == pytest.approx([slope], rel=1e-14, abs=0)

    @pytest.mark.parametrize("t", [-1, 2, 1.0001, math.nan, None, "yes", [1]])
    def test_no_probability(self, t):
        with pytest.raises(ValueError, match="target from 0 to 1, got"):
            binary_cross_entropy(0.5, t)

    @pytest.mark.parametrize("logits", [[Value(1.0), Value(2.0)], (1.0, 2.0, 3.0), np.ones(2)])
    def test_several_logits(self, logits):
        with pytest.raises(TypeError, match=r"needs one logit, got a list of [23]: .* use cross_entropy"):
            binary_cross_entropy(logits, 1)


class TestCrossEntropy:
    @pytest.mark.parametrize("margin", [5.0, 37.0, 100.0, 700.0])
    def test_of_a_confident_model_has_all_its_digits(self, margin):
        true = math.log1p(math.exp(-margin))
        slope = math.exp(-margin) / (1.0 + math.exp(-margin))
        logits = [Value(margin), Value(0.0)]
        loss = cross_entropy(logits, 0)
        assert loss.data == pytest.approx(true, rel=1e-15, abs=0)
        assert grad(loss, logits) == pytest.approx([-slope, slope], rel=1e-15, abs=0)
        for backend in ("numpy", "llvm"):
            f = compile(backend=backend)(lambda x, k: [(e := cross_entropy([x, 0.0 * x], k)), *grad(e, [x])])
            assert f.map([margin], [0.0])[0] == pytest.approx([true, -slope], rel=1e-15, abs=0)

    def test_is_its_definition(self):
        logits = [0.3, -1.0, 2.0]
        powers = [math.exp(z) for z in logits]
        q = [p / sum(powers) for p in powers]
        for k in range(3):
            assert cross_entropy(logits, k) == pytest.approx(-math.log(q[k]), rel=1e-14)
        t = [0.2, 0.5, 0.3]
        expected = -sum(a * math.log(b) for a, b in zip(t, q, strict=True))
        assert cross_entropy(logits, t) == pytest.approx(expected, rel=1e-14)

    def test_a_class_is_the_probability_1(self):
        logits = [0.3, -1.0, 2.0]
        assert cross_entropy(logits, 1) == pytest.approx(cross_entropy(logits, [0.0, 1.0, 0.0]), rel=1e-15)

    @pytest.mark.parametrize("target", [2, [0.2, 0.5, 0.3]])
    def test_its_gradient_is_prediction_minus_target(self, target):
        logits = [Value(z) for z in (0.3, -1.0, 2.0)]
        t = [0.0, 0.0, 1.0] if target == 2 else target
        expected = [q.data - a for q, a in zip(softmax(logits), t, strict=True)]
        assert grad(cross_entropy(logits, target), logits) == pytest.approx(expected, rel=1e-12)

    @pytest.mark.parametrize(
        ("logits", "k", "loss", "slopes"),
        [([1000.0, 0.0], 0, 0.0, [0.0, 0.0]), ([1000.0, 0.0], 1, 1000.0, [1.0, -1.0]),
         ([-1000.0, 1000.0], 0, 2000.0, [-1.0, 1.0]), ([0.0, 0.0], 0, math.log(2), [-0.5, 0.5])],
    )  # fmt: skip
    def test_far_logits(self, logits, k, loss, slopes):
        zs = [Value(z) for z in logits]
        out = cross_entropy(zs, k)
        assert out.data == loss
        assert grad(out, zs) == slopes

    def test_an_offset_costs_no_digits(self):
        near, far = [0.5, -1.25, 2.0], [1e8 + 0.5, 1e8 - 1.25, 1e8 + 2.0]
        for target in (1, [0.25, 0.25, 0.5]):
            assert cross_entropy(far, target) == cross_entropy(near, target)

    @pytest.mark.parametrize("target", [1, 1.0, np.int64(1), np.uint8(1), np.float64(1.0), np.array(1), Value(1.0)])
    def test_kinds_of_class_indices(self, target):
        assert cross_entropy([0.3, -1.0, 2.0], target) == cross_entropy([0.3, -1.0, 2.0], 1)

    def test_kinds_of_probabilities(self):
        expected = cross_entropy([0.3, -1.0], [0.25, 0.75])
        for target in ((0.25, 0.75), np.array([0.25, 0.75]), [Value(0.25), Value(0.75)]):
            loss = cross_entropy([0.3, -1.0], target)
            assert getattr(loss, "data", loss) == expected

    @pytest.mark.parametrize("target", [-1, 3, 0.5, math.nan, math.inf, True, np.True_, "cat", None])
    def test_no_class(self, target):
        with pytest.raises(ValueError, match="cross_entropy needs a class from 0 to 2, got"):
            cross_entropy([0.3, -1.0, 2.0], target)

    @pytest.mark.parametrize("target", [[0.5, 0.5], [0.5, 0.5, 0.5], [1.5, -0.5, 0.0], [math.nan, 0.5, 0.5], [1, 1, 0]])
    def test_no_probabilities(self, target):
        with pytest.raises(ValueError, match="the target of cross_entropy needs"):
            cross_entropy([0.3, -1.0, 2.0], target)

    @pytest.mark.parametrize("logits", [[0.3], [], 0.3, Value(0.3)])
    def test_one_logit_is_none(self, logits):
        with pytest.raises(ValueError, match="at least two classes"):
            cross_entropy(logits, 0)


class TestHinge:
    @pytest.mark.parametrize(
        ("score", "target", "loss", "slope"),
        [(0.25, 1, 0.75, -1.0), (0.25, -1, 1.25, 1.0), (1.0, 1, 0.0, 0.0), (3.0, 1, 0.0, 0.0), (3.0, -1, 4.0, 1.0)],
    )
    def test_is_its_definition(self, score, target, loss, slope):
        s = Value(score)
        out = hinge_loss(s, target)
        assert out.data == loss == hinge_loss(score, target)
        assert grad(out, [s]) == [slope]

    def test_kinds_of_targets(self):
        assert {hinge_loss(0.25, t) for t in (-1, -1.0, np.int64(-1), np.float64(-1))} == {1.25}
        assert hinge_loss(0.25, Value(-1.0)).data == 1.25

    @pytest.mark.parametrize("target", [0, 2, 0.5, math.nan])
    def test_no_sign(self, target):
        with pytest.raises(ValueError, match=r"target of \+1 or -1, got .*it is 2\*t - 1"):
            hinge_loss(0.5, target)

    def test_several_scores(self):
        with pytest.raises(TypeError, match=r"needs one score, got a list of 2: .* use cross_entropy"):
            hinge_loss([Value(1.0), Value(2.0)], 1)


class TestKullbackLeibler:
    def test_by_hand(self):
        p, q = [0.1, 0.4, 0.5], [0.8, 0.15, 0.05]
        expected = 0.1 * math.log(0.1 / 0.8) + 0.4 * math.log(0.4 / 0.15) + 0.5 * math.log(0.5 / 0.05)
        assert kl_divergence(p, q) == pytest.approx(expected, rel=1e-14)

    def test_is_0_only_where_equal(self):
        assert kl_divergence([0.3, 0.7], [0.3, 0.7]) == 0.0
        assert kl_divergence([0.3, 0.7], [0.3000001, 0.6999999]) > 0.0

    def test_is_not_symmetric(self):
        assert kl_divergence([0.9, 0.1], [0.5, 0.5]) != kl_divergence([0.5, 0.5], [0.9, 0.1])

    def test_cross_entropy_is_entropy_plus_divergence(self):
        logits, p = [0.3, -1.0, 2.0], [0.2, 0.5, 0.3]
        entropy = -sum(a * math.log(a) for a in p)
        assert cross_entropy(logits, p) == pytest.approx(entropy + kl_divergence(p, softmax(logits)), rel=1e-14)

    def test_0_log_0_is_0(self):
        assert kl_divergence([0.0, 1.0], [0.5, 0.5]) == math.log(2)
        assert kl_divergence([0.0, 1.0], [0.0, 1.0]) == 0.0
        p, q = [Value(0.0), Value(1.0)], [Value(0.5), Value(0.5)]
        out = kl_divergence(p, q)
        assert out.data == math.log(2)
        assert grad(out, q) == [0.0, -2.0]

    def test_q_0_where_p_is_not(self):
        for q in ([0.0, 1.0], [Value(0.0), Value(1.0)]):
            with pytest.raises(ValueError, match=r"infinite where q is 0 and p is not: p\[0\] is 0\.25, q\[0\] is"):
                kl_divergence([0.25, 0.75], q)

    def test_gradients(self):
        assert check_gradients(kl_divergence, [0.1, 0.4, 0.5], [0.8, 0.15, 0.05])

    @pytest.mark.parametrize(
        ("p", "q", "message"),
        [([0.5, 0.5], [1.0], "q of kl_divergence needs 2 probabilities, got 1"),
         ([0.5, 0.6], [0.5, 0.5], "p of kl_divergence needs probabilities"),
         ([0.5, 0.5], [1.5, -0.5], "q of kl_divergence needs probabilities")],
    )  # fmt: skip
    def test_no_probabilities(self, p, q, message):
        with pytest.raises(ValueError, match=message):
            kl_divergence(p, q)


@pytest.mark.parametrize(
    ("loss", "point"),
    [(lambda z: mse_loss(z, 0.3), [1.7]), (lambda zs: mse_loss(zs, [0.3, -1.0]), [[1.7, 0.2]]),
     (lambda z: binary_cross_entropy(z, 0.3), [0.8]), (lambda zs: cross_entropy(zs, 1), [[0.3, -1.0, 2.0]]),
     (lambda zs: cross_entropy(zs, [0.5, 0.25, 0.25]), [[0.3, -1.0, 2.0]]),
     (lambda s: hinge_loss(s, -1), [0.4])],
)  # fmt: skip
@pytest.mark.parametrize("order", [1, 2])
def test_gradients(loss, point, order):
    assert check_gradients(loss, *point, order=order)


@pytest.mark.parametrize(
    "loss",
    [mse_loss(2.0, 1), mse_loss([2.0, 1.0], [1, 2]), binary_cross_entropy(0.5, 1), cross_entropy([0.5, 1.0], 1),
     cross_entropy([0.5, 1.0], [0.5, 0.5]), hinge_loss(0.5, 1), kl_divergence([0.5, 0.5], [0.25, 0.75])],
)  # fmt: skip
def test_plain_numbers_give_floats(loss):
    assert type(loss) is float


class TestPenalties:
    def test_weights_only(self):
        model = MLP(2, [3, 1], seed=0)
        for layer in model.layers:
            for neuron in layer.neurons:
                neuron.b.data = 1000.0
        ws = [w.data for layer in model.layers for neuron in layer.neurons for w in neuron.w]
        assert l2_penalty(model, 0.5).data == pytest.approx(0.5 * sum(w * w for w in ws), rel=1e-14)
        assert l1_penalty(model, 0.5).data == pytest.approx(0.5 * sum(map(abs, ws)), rel=1e-14)

    def test_gradients(self):
        neuron = Neuron(3)
        neuron.load_state_dict({"w.0": 3.0, "w.1": -4.0, "w.2": 0.0, "b": 5.0})
        assert grad(l2_penalty(neuron, 0.1), neuron.parameters()) == pytest.approx([0.6, -0.8, 0.0, 0.0])
        assert grad(l1_penalty(neuron, 0.1), neuron.parameters()) == [0.1, -0.1, 0.0, 0.0]

    def test_backward_twice_the_strength_times_w(self):
        neuron = Neuron(2, seed=0)
        l2_penalty(neuron, 0.25).backward()
        assert [w.grad for w in neuron.w] == [0.5 * w.data for w in neuron.w]
        assert neuron.b.grad is None

    def test_nothing_to_penalise(self):
        class Empty(Module):
            pass

        assert l2_penalty(Empty(), 0.1) == l1_penalty(Empty(), 0.1) == 0.0

    @pytest.mark.parametrize("strength", [-0.1, math.nan])
    def test_negative_strength(self, strength):
        with pytest.raises(ValueError, match="strength of at least 0"):
            l2_penalty(Neuron(1), strength)

    def test_which_parameters_are_biases(self):
        class Net(Module):
            def __init__(self):
                self.W_h, self.b_h = [[Value(1.0)], [Value(1.0)]], [Value(1.0), Value(1.0)]
                self.w1, self.b1 = Value(1.0), Value(1.0)
                self.bias, self.output_bias, self.biases = Value(1.0), Value(1.0), (Value(1.0),)
                self.table = {"b": Value(1.0), "base": Value(1.0), "B2": [Value(1.0)]}
                self.beta, self.blend, self.b = Value(1.0), Value(1.0), Neuron(1)

        names = {w.label for w in weights(Net())}
        assert names == {"W_h.0.0", "W_h.1.0", "w1", "table.base", "beta", "blend", "b.w.0"}


class TestHuber:
    @pytest.mark.parametrize("delta", [0.5, 1.0, 3.0])
    @pytest.mark.parametrize("e", [-4.0, -1.0, -0.25, 0.0, 0.5, 2.0])
    def test_square_inside_line_outside(self, e, delta):
        z = Value(1.0 + e)
        loss = huber_loss(z, 1.0, delta)
        inside = abs(e) <= delta
        assert loss.data == pytest.approx(0.5 * e * e if inside else delta * (abs(e) - 0.5 * delta))
        assert grad(loss, [z]) == [pytest.approx(e if inside else math.copysign(delta, e))]

    def test_several_outputs_and_arguments(self):
        assert huber_loss([0.5, 3.0], [0.0, 0.0]) == (0.125 + 2.5) / 2
        for delta in (0.0, -1.0, math.nan, "wide"):
            with pytest.raises(ValueError, match="delta is a number above 0"):
                huber_loss(1.0, 0.0, delta)
        with pytest.raises(ValueError, match="huber_loss needs as many targets"):
            huber_loss([1.0, 2.0], [0.0])


class TestOptions:
    LOGITS = (0.3, -1.0, 2.0)

    def log_q(self, k):
        return self.LOGITS[k] - math.log(sum(map(math.exp, self.LOGITS)))

    @pytest.mark.parametrize("s", [0.1, 0.5, 1.0])
    @pytest.mark.parametrize("target", [0, 2, [0.5, 0.25, 0.25]])
    def test_label_smoothing(self, s, target):
        given = target if isinstance(target, list) else [float(k == target) for k in range(3)]
        smoothed = [(1 - s) * t + s / 3 for t in given]
        expected = -sum(t * self.log_q(k) for k, t in enumerate(smoothed))
        zs = list(map(Value, self.LOGITS))
        assert cross_entropy(zs, target, label_smoothing=s).data == pytest.approx(expected)
        assert cross_entropy(zs, smoothed).data == pytest.approx(expected)
        assert check_gradients(lambda z: cross_entropy(z, target, label_smoothing=s), list(self.LOGITS))

    @pytest.mark.parametrize("s", [-0.1, 1.5, math.nan])
    def test_no_share(self, s):
        with pytest.raises(ValueError, match="label_smoothing is a number from 0 to 1"):
            cross_entropy([0.0, 1.0], 0, label_smoothing=s)

    def test_ignored(self):
        zs = list(map(Value, self.LOGITS))
        loss = cross_entropy(zs, -100, ignore_index=-100)
        assert loss.data == 0.0
        assert grad(loss, zs) == [0.0, 0.0, 0.0]
        assert cross_entropy(zs, 1, ignore_index=-100).data == cross_entropy(zs, 1).data
        assert cross_entropy(list(self.LOGITS), 1, ignore_index=1) == 0.0
        with pytest.raises(ValueError, match="class from 0 to 2, got -1"):
            cross_entropy(zs, -1, ignore_index=-100)

    def test_compiled(self):
        logits, classes = [self.LOGITS, (1.0, 2.0, 3.0), (0.0, 0.0, 1.0), (1.0, 1.0, 1.0)], [0, -1, 2, 1]

        def loss(z, t):
            return cross_entropy(z, t, label_smoothing=0.2, ignore_index=-1)

        assert compile(loss).map(logits, classes) == pytest.approx(list(map(loss, map(list, logits), classes)))

    @pytest.mark.parametrize("t", [0.0, 0.3, 1.0])
    def test_pos_weight(self, t):
        z = 0.7
        expected = 3.0 * t * math.log1p(math.exp(-z)) + (1 - t) * math.log1p(math.exp(z))
        assert binary_cross_entropy(z, t, pos_weight=3.0) == pytest.approx(expected)
        assert binary_cross_entropy(z, t, pos_weight=1.0) == binary_cross_entropy(z, t)
        with pytest.raises(ValueError, match="pos_weight is a number from 0"):
            binary_cross_entropy(z, t, pos_weight=-1.0)


def test_classes_for_a_squared_error_are_explained():
    with pytest.raises(
        ValueError, match="as many targets as predictions, got 1 and 3; for a class of several, use cross_e"
    ):
        mse_loss([0.0, 0.0, 0.0], 2)


def test_every_loss_has_a_name_for_fit_and_is_exported():
    losses = {name for name in nn.__all__ if name.endswith(("_loss", "_entropy"))}
    assert losses == set(LOSSES), "a loss is decorated with _loss in nn/losses.py and exported by nn/__init__.py"


class TestAgainstPyTorch:
    def check(self, ours, theirs, *points):
        torch = pytest.importorskip("torch")
        zs = [Value(z) for z in points]
        tensor = torch.tensor(points, dtype=torch.float64, requires_grad=True)
        out, expected = ours(zs), theirs(torch.nn.functional, tensor, torch)
        expected.backward()
        assert out.data == pytest.approx(expected.item(), rel=1e-12, abs=1e-14)  # at z = -30 theirs is 1e-15 off
        assert grad(out, zs) == pytest.approx(tensor.grad.tolist(), rel=1e-12, abs=1e-14)

    def test_mse(self):
        t = [1.0, 0.5]
        self.check(
            lambda zs: mse_loss(zs, t),
            lambda f, z, torch: f.mse_loss(z, torch.tensor(t, dtype=torch.float64)),
            0.3, -2.0,
        )  # fmt: skip

    @pytest.mark.parametrize("z", [-30.0, -1.5, 0.0, 4.0])
    @pytest.mark.parametrize("t", [0.0, 0.25, 1.0])
    def test_binary(self, z, t):
        self.check(
            lambda zs: binary_cross_entropy(zs[0], t),
            lambda f, z, torch: f.binary_cross_entropy_with_logits(z[0], torch.tensor(t).double()),
            z,
        )

    def test_classes(self):
        logits = (0.3, -1.0, 2.0, 700.0)
        for k in range(4):
            self.check(
                lambda zs, k=k: cross_entropy(zs, k),
                lambda f, z, torch, k=k: f.cross_entropy(z, torch.tensor(k)),
                *logits,
            )
        t = [0.1, 0.2, 0.3, 0.4]
        self.check(
            lambda zs: cross_entropy(zs, t),
            lambda f, z, torch: f.cross_entropy(z, torch.tensor(t, dtype=torch.float64)),
            0.3, -1.0, 2.0, 1.0,
        )  # fmt: skip

    @pytest.mark.parametrize("z", [-3.0, 0.2, 1.0, 4.0])
    def test_huber(self, z):
        self.check(
            lambda zs: huber_loss(zs, [0.0, 1.0], delta=0.7),
            lambda f, z, torch: f.huber_loss(z, torch.tensor([0.0, 1.0], dtype=torch.float64), delta=0.7),
            z, 0.5,
        )  # fmt: skip

    def test_options(self):
        self.check(
            lambda zs: cross_entropy(zs, 2, label_smoothing=0.3),
            lambda f, z, torch: f.cross_entropy(z, torch.tensor(2), label_smoothing=0.3),
            0.3, -1.0, 2.0,
        )  # fmt: skip
        self.check(
            lambda zs: binary_cross_entropy(zs[0], 1.0, pos_weight=2.5),
            lambda f, z, torch: f.binary_cross_entropy_with_logits(
                z[0], torch.tensor(1.0).double(), pos_weight=torch.tensor(2.5)
            ),
            0.3,
        )

    def test_divergence(self):
        p = [0.1, 0.4, 0.5]
        self.check(
            lambda qs: kl_divergence(p, qs),
            lambda f, q, torch: f.kl_div(q.log(), torch.tensor(p, dtype=torch.float64), reduction="sum"),
            0.8, 0.15, 0.05,
        )  # fmt: skip


def test_what_a_loss_makes_is_in_a_scope_of_its_own():
    scores, target = [Value(0.5), Value(-1.0)], Value(2.0)
    with scope("model"):
        shifted = [score + 1.0 for score in scores]
    for out in (
        mse_loss(shifted, [0.0, target]),
        huber_loss(shifted, [0.0, target]),
        mse_loss(target, 1),
    ):
        assert out.scope.path == ("loss",)
        assert {node.scope.path for node in out.parents if node is not target} == {("loss",)}
    assert [x.scope for x in (*scores, target)] == [None] * 3
    assert {x.scope.path for x in shifted} == {("model",)}
    with scope("training"):
        assert hinge_loss(scores[0], 1).scope.path == ("training", "loss")
