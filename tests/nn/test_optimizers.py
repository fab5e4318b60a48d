"""Optimisers, schedules, clipping: trajectories compared with the papers' formulas and PyTorch, states, errors."""

import json
import math

import numpy as np
import pytest

import nn
from autograd import Value
from nn import (
    MLP,
    SGD,
    Adam,
    AdamW,
    CosineAnnealingLR,
    ExponentialLR,
    Layer,
    LinearLR,
    ReduceLROnPlateau,
    RMSprop,
    StepLR,
    clip_grad_norm,
    mse_loss,
)
from nn.optimizers import OPTIMIZERS, Optimizer

STEPS = 20
START = (1.5, -0.7, 0.2)


def slopes(p):
    """The gradient of (x - 1)² + 10·(y + x·y)² + z⁴ at p, a function with some curvature."""
    x, y, z = p
    u = y + x * y
    return [2 * (x - 1) + 20 * u * y, 20 * u * (1 + x), 4 * z**3]


def trajectory(make, steps=STEPS, start=START):
    """The parameters after each step of an optimiser."""
    parameters = [Value(x) for x in start]
    optimizer = make(parameters)
    path = []
    for _ in range(steps):
        optimizer.zero_grad()
        for parameter, slope in zip(parameters, slopes([p.data for p in parameters]), strict=True):
            parameter.grad = slope
        optimizer.step()
        path.append([p.data for p in parameters])
    return path


def by_formula(rule, start=START):
    """The same for a rule ``rule(t, p, g, memory) -> p`` for one number, t from 1."""
    p, memories, path = list(start), [{} for _ in start], []
    for t in range(1, STEPS + 1):
        g = slopes(p)
        p = [rule(t, *k) for k in zip(p, g, memories, strict=True)]
        path.append(p)
    return path


def plain(t, p, g, memory):
    return p - 0.01 * g


def momentum(t, p, g, memory):
    memory["v"] = g if t == 1 else 0.9 * memory["v"] + g
    return p - 0.01 * memory["v"]


def nesterov(t, p, g, memory):
    memory["v"] = g if t == 1 else 0.9 * memory["v"] + g
    return p - 0.01 * (g + 0.9 * memory["v"])


def adam(t, p, g, memory, lr=0.05, b1=0.8, b2=0.95, eps=1e-6):
    """Algorithm 1 of Kingma and Ba."""
    memory["m"] = b1 * memory.get("m", 0.0) + (1 - b1) * g
    memory["v"] = b2 * memory.get("v", 0.0) + (1 - b2) * g**2
    m_hat = memory["m"] / (1 - b1**t)
    v_hat = memory["v"] / (1 - b2**t)
    return p - lr * m_hat / (math.sqrt(v_hat) + eps)


def adamw(t, p, g, memory):
    """Algorithm 2 of Loshchilov and Hutter, with the decay scaled by lr as in PyTorch."""
    return adam(t, p, g, memory) - 0.05 * 0.3 * p


def decayed(t, p, g, memory):
    return momentum(t, p, g + 0.3 * p, memory)


def rmsprop(t, p, g, memory, alpha=0.9, mu=0.0):
    """The slides of Tieleman and Hinton, with eps outside of the root and momentum as in PyTorch."""
    memory["v"] = alpha * memory.get("v", 0.0) + (1 - alpha) * g**2
    memory["b"] = mu * memory.get("b", 0.0) + g / (math.sqrt(memory["v"]) + 1e-6)
    return p - 0.01 * memory["b"]


def rmsprop_with_all(t, p, g, memory):
    return rmsprop(t, p, g + 0.2 * p, memory, mu=0.5)


SETTINGS = {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-6}
CASES = {
    "sgd": (SGD, {"lr": 0.01}, plain),
    "momentum": (SGD, {"lr": 0.01, "momentum": 0.9}, momentum),
    "nesterov": (SGD, {"lr": 0.01, "momentum": 0.9, "nesterov": True}, nesterov),
    "decayed": (SGD, {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.3}, decayed),
    "rmsprop": (RMSprop, {"lr": 0.01, "alpha": 0.9, "eps": 1e-6}, rmsprop),
    "rmsprop with all": (
        RMSprop, {"lr": 0.01, "alpha": 0.9, "eps": 1e-6, "weight_decay": 0.2, "momentum": 0.5}, rmsprop_with_all,
    ),
    "adam": (Adam, SETTINGS, adam),
    "adamw": (AdamW, {**SETTINGS, "weight_decay": 0.3}, adamw),
}  # fmt: skip


@pytest.fixture(params=CASES, ids=str)
def case(request):
    return CASES[request.param]


class TestTrajectories:
    def test_against_the_formulas(self, case):
        kind, settings, rule = case
        np.testing.assert_allclose(trajectory(lambda ps: kind(ps, **settings)), by_formula(rule), rtol=1e-12)

    def test_against_pytorch(self, case):
        torch = pytest.importorskip("torch")
        kind, settings, _ = case
        tensor = torch.tensor(START, dtype=torch.float64, requires_grad=True)
        theirs = getattr(torch.optim, kind.__name__)([tensor], **settings)
        expected = []
        for _ in range(STEPS):
            tensor.grad = torch.tensor(slopes(tensor.tolist()), dtype=torch.float64)
            theirs.step()
            expected.append(tensor.tolist())
        np.testing.assert_allclose(trajectory(lambda ps: kind(ps, **settings)), expected, rtol=1e-12)

    def test_defaults_are_those_of_pytorch(self):
        torch = pytest.importorskip("torch")
        tensor = torch.zeros(1, requires_grad=True)
        for kind in (Adam, AdamW, RMSprop):
            theirs, ours = getattr(torch.optim, kind.__name__)([tensor]).defaults, kind([Value(0.0)])
            for name in ours.settings:
                assert getattr(ours, name) == theirs[name], name

    def test_one_formula_for_numbers_and_arrays(self, case):
        kind, settings, _ = case
        optimizer = kind([Value(0.0)], **settings)
        p, state, path = np.array(START), optimizer.initial_state, []
        for _ in range(STEPS):
            p, state = optimizer.new_values(p, np.array(slopes(p)), state)
            path.append(p)
        np.testing.assert_allclose(trajectory(lambda ps: kind(ps, **settings)), path, rtol=1e-14)

    def test_they_descend(self, case):
        kind, settings, _ = case
        path = trajectory(lambda ps: kind(ps, **settings), steps=3000)
        if not settings.get("weight_decay"):  # which moves the minimum
            np.testing.assert_allclose(path[-1][:2], [1.0, 0.0], atol=0.02)


class TestAdam:
    def test_the_first_step_is_lr_whatever_the_gradient(self):
        for slope in (1e-3, 1.0, -1e6):
            x = Value(0.0)
            x.grad = slope
            Adam([x], lr=0.1).step()
            assert x.data == pytest.approx(-math.copysign(0.1, slope), rel=1e-4)

    def test_decay_is_decoupled(self):
        x = Value(2.0)
        x.grad = 0.0
        AdamW([x], lr=0.1, weight_decay=0.5).step()
        assert x.data == 2.0 * (1 - 0.1 * 0.5)


class TestGradientsOfZero:
    """Where all gradients so far were 0 and eps is 0, the step is 0 and not 0 / 0."""

    @pytest.mark.parametrize("kind", [Adam, AdamW, RMSprop])
    @pytest.mark.parametrize("eps", [0.0, 1e-320])
    def test_no_step(self, kind, eps):
        a, b, c = parameters = [Value(1.0), Value(2.0), Value(3.0)]
        optimizer = kind(parameters, lr=0.1, eps=eps)
        optimizer.weight_decay = 0.0
        a.grad, b.grad, c.grad = 1.0, 0.0, -1.0
        optimizer.step()
        assert a.data < 1.0
        assert b.data == 2.0
        assert c.data > 3.0

    def test_compiled_too(self):
        def run(compiled):
            model = MLP(2, [1], init="zeros")
            adam = Adam(model.parameters(), lr=0.1, eps=0.0)
            nn.fit(model, [[0.0, 1.0]] * 3, [1.0] * 3, optimizer=adam, epochs=3, compiled=compiled)
            return [p.data for p in model.parameters()]

        assert run(True) == pytest.approx(run(False))
        assert run(True)[0] == 0.0  # its input is 0, and so is its gradient

    def test_a_step_that_fails_moves_nothing(self):
        class Picky(SGD):
            def new_values(self, p, g, state):
                return super().new_values(p, 1.0 / g, state)

        a, b = Value(1.0), Value(1.0)
        a.grad, b.grad = 1.0, 0.0
        with pytest.raises(ZeroDivisionError):
            Picky([a, b], lr=0.1).step()
        assert (a.data, b.data) == (1.0, 1.0)


class TestSteps:
    def test_parameters_without_gradient_stay(self, case):
        kind, settings, _ = case
        x, y = Value(1.0), Value(2.0)
        optimizer = kind([x, y], **settings)
        x.grad = 1.0
        optimizer.step()
        assert x.data != 1.0
        assert y.data == 2.0
        y.grad = 1.0
        x.grad = None
        before = x.data
        optimizer.step()
        assert x.data == before
        assert y.data != 2.0

    def test_a_parameter_that_comes_late_starts_at_its_own_first_step(self):
        x, y = Value(1.0), Value(1.0)
        optimizer = Adam([x, y], lr=0.1)
        x.grad = 3.0
        optimizer.step()
        x.grad, y.grad = None, 3.0
        optimizer.step()
        assert x.data == y.data

    def test_zero_grad(self):
        x = Value(1.0)
        optimizer = SGD([x], lr=0.1)
        (x * 3).backward()
        optimizer.zero_grad()
        assert x.grad is None

    def test_lr_may_be_set(self):
        x = Value(1.0)
        optimizer = SGD([x], lr=0.1)
        optimizer.lr = 0.5
        x.grad = 1.0
        optimizer.step()
        assert x.data == 0.5

    def test_trains_a_line(self):
        line = Layer(1, 1, seed=0)
        optimizer = SGD(line.parameters(), lr=0.1, momentum=0.5)
        for _ in range(200):
            optimizer.zero_grad()
            for x in (-1.0, 0.0, 2.0):
                (mse_loss(line([x]), 3.0 * x - 1.0) / 3).backward()
            optimizer.step()
        assert [p.data for p in line.parameters()] == pytest.approx([3.0, -1.0])


class TestStates:
    def test_training_goes_on_exactly(self, case):
        kind, settings, _ = case
        whole = trajectory(lambda ps: kind(ps, **settings))
        kept = {}

        def half(parameters):
            kept["first"] = kind(parameters, **settings)
            return kept["first"]

        first = trajectory(half, STEPS // 2)
        state = json.loads(json.dumps(kept["first"].state_dict()))  # plain enough for JSON, and exact

        def resumed(parameters):
            optimizer = kind(parameters, lr=9.0)
            optimizer.load_state_dict(state)
            return optimizer

        assert first + trajectory(resumed, STEPS - STEPS // 2, first[-1]) == whole

    def test_a_state_is_a_copy(self):
        optimizer = SGD([Value(1.0)], lr=0.1, momentum=0.9)
        state = optimizer.state_dict()
        optimizer.parameters[0].grad = 1.0
        optimizer.step()
        assert state["state"] == [[0.0]]
        other = SGD([Value(1.0)], lr=0.1, momentum=0.9)
        other.load_state_dict(state)
        state["state"][0][0] = 7.0
        assert other.state_dict()["state"] == [[0.0]]

    @pytest.mark.parametrize(
        ("change", "error"),
        [
            (lambda s: s.pop("eps"), KeyError),
            (lambda s: s.update(momentum=0.9), KeyError),
            (lambda s: s["state"].pop(), ValueError),
            (lambda s: s["state"][0].pop(), ValueError),
            (lambda s: s["state"][1].__setitem__(0, math.nan), ValueError),
            (lambda s: s["state"][1].__setitem__(0, "1"), ValueError),
            (lambda s: s.update(lr=-1.0), ValueError),
            (lambda s: s.update(betas=[0.9, 1.0]), ValueError),
            (lambda s: s["state"][1].__setitem__(1, -1e-300), ValueError),
            (lambda s: s["state"][1].__setitem__(2, -1), ValueError),
            (lambda s: s["state"][1].__setitem__(2, 1.0), ValueError),
            (lambda s: s["state"][1].__setitem__(2, 10**400), ValueError),
        ],
    )
    def test_bad_states_leave_it_as_it_was(self, change, error):
        optimizer = Adam([Value(1.0), Value(2.0)], lr=0.1)
        for p in optimizer.parameters:
            p.grad = 1.0
        optimizer.step()
        before, bad = optimizer.state_dict(), optimizer.state_dict()
        bad["lr"] = 0.2
        change(bad)
        with pytest.raises(error):
            optimizer.load_state_dict(bad)
        assert optimizer.state_dict() == before


class TestArguments:
    @pytest.mark.parametrize("kind", [SGD, RMSprop, Adam, AdamW])
    @pytest.mark.parametrize("lr", [-0.1, math.nan, math.inf, None, "fast", [0.1]])
    def test_lr(self, kind, lr):
        with pytest.raises(ValueError, match="lr is a number from 0, got"):
            kind([Value(0.0)], lr=lr)

    @pytest.mark.parametrize("kind", [SGD, RMSprop, Adam, AdamW])
    def test_parameters(self, kind):
        x = Value(1.0)
        with pytest.raises(ValueError, match="at least one parameter"):
            kind([], lr=0.1)
        with pytest.raises(ValueError, match="is twice in the list"):
            kind([x, x], lr=0.1)
        with pytest.raises(ValueError, match="calculated or constant"):
            kind([x * 2], lr=0.1)
        with pytest.raises(ValueError, match="calculated or constant"):
            kind([x.detach()], lr=0.1)
        with pytest.raises(TypeError, match=r"pass model.parameters\(\)"):
            kind(MLP(1, [1]), lr=0.1)
        with pytest.raises(TypeError, match="a float among them"):
            kind([x, 1.0], lr=0.1)
        assert len(kind((p for p in [x]), lr=0.1).parameters) == 1

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda ps: SGD(ps, lr=0.1, momentum=-0.5), "momentum is a number from 0"),
            (lambda ps: SGD(ps, lr=0.1, nesterov=True), "nesterov needs a momentum above 0"),
            (lambda ps: Adam(ps, betas=(0.9, 1.0)), "betas are numbers"),
            (lambda ps: Adam(ps, betas=(-0.1, 0.9)), "betas are numbers"),
            (lambda ps: Adam(ps, betas=0.9), "betas are numbers .*, two of them, got 0.9"),
            (lambda ps: Adam(ps, betas=(0.9, 0.99, 0.999)), "betas are numbers"),
            (lambda ps: Adam(ps, betas=(0.9, "b")), "betas are numbers"),
            (lambda ps: Adam(ps, eps=-1.0), "eps is a number from 0"),
            (lambda ps: AdamW(ps, weight_decay=-1.0), "weight_decay is a number from 0"),
        ],
    )
    def test_settings(self, make, message):
        with pytest.raises(ValueError, match=message):
            make([Value(0.0)])

    def test_the_signature_of_adam_is_that_of_adamw(self):
        x = Value(1.0)
        adamw = AdamW([x], 0.5, (0.1, 0.2), 1e-3, weight_decay=0.25)
        assert (adamw.lr, adamw.betas, adamw.eps, adamw.weight_decay) == (0.5, (0.1, 0.2), 1e-3, 0.25)
        assert AdamW([x]).lr == Adam([x]).lr

    def test_every_optimiser_has_a_name_for_fit_and_is_exported(self):
        kinds = {
            kind for kind in vars(nn.optimizers).values() if isinstance(kind, type) and issubclass(kind, Optimizer)
        }
        missing = [kind.__name__ for kind in kinds if kind.__name__ not in nn.__all__]
        assert not missing, f"nn/__init__.py exports no {missing}"
        assert kinds - {Optimizer} == set(OPTIMIZERS.values())
        assert {kind for kind, _, _ in CASES.values()} == set(OPTIMIZERS.values()), "CASES has no trajectory of it"

    def test_repr(self):
        assert (
            repr(SGD([Value(0.0)], lr=0.1))
            == "SGD(1 parameters, lr=0.1, momentum=0.0, nesterov=False, weight_decay=0.0)"
        )


def rates(make, epochs=12):
    optimizer = SGD([Value(0.0)], lr=0.5)
    schedule = make(optimizer)
    path = [optimizer.lr]
    for _ in range(epochs):
        schedule.step()
        path.append(optimizer.lr)
    return path


class TestSchedules:
    def test_step(self):
        assert rates(lambda o: StepLR(o, step_size=5)) == pytest.approx([0.5] * 5 + [0.05] * 5 + [0.005] * 3)

    def test_exponential(self):
        assert rates(lambda o: ExponentialLR(o, gamma=0.9)) == pytest.approx([0.5 * 0.9**t for t in range(13)])

    def test_cosine(self):
        path = rates(lambda o: CosineAnnealingLR(o, T_max=12, eta_min=0.1))
        assert (path[0], path[6], path[12]) == (0.5, pytest.approx(0.3), 0.1)
        assert path == sorted(path, reverse=True)

    @pytest.mark.parametrize(
        "make",
        [
            lambda m, o: m.StepLR(o, step_size=3, gamma=0.3),
            lambda m, o: m.ExponentialLR(o, gamma=0.9),
            lambda m, o: m.CosineAnnealingLR(o, T_max=10, eta_min=0.01),
            lambda m, o: m.LinearLR(o, start_factor=0.1, end_factor=0.8, total_iters=7),
            lambda m, o: m.LinearLR(o),
        ],
    )
    def test_against_pytorch(self, make):
        torch = pytest.importorskip("torch")
        theirs = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
        schedule = make(torch.optim.lr_scheduler, theirs)
        expected = [theirs.param_groups[0]["lr"]]
        for _ in range(25):
            theirs.step()
            schedule.step()
            expected.append(theirs.param_groups[0]["lr"])
        assert rates(lambda o: make(nn, o), 25) == pytest.approx(expected, rel=1e-9)

    def test_linear(self):
        path = rates(lambda o: LinearLR(o, start_factor=0.2, end_factor=0.6, total_iters=4), 6)
        assert path == pytest.approx([0.1, 0.15, 0.2, 0.25, 0.3, 0.3, 0.3])

    @pytest.mark.parametrize(
        ("options", "figures", "expected"),
        [
            ({"patience": 1, "factor": 0.5}, [1, 1, 1, 1, 1, 1], [1, 1, 0.5, 0.5, 0.25, 0.25]),
            ({"patience": 0, "factor": 0.5, "cooldown": 2}, [1, 1, 1, 1, 1], [1, 0.5, 0.5, 0.5, 0.25]),
            ({"patience": 0, "factor": 0.5, "min_lr": 0.4}, [1, 1, 1, 1], [1, 0.5, 0.4, 0.4]),
            ({"patience": 0, "factor": 0.5, "mode": "max"}, [1, 2, 1, 3], [1, 1, 0.5, 0.5]),
            ({"patience": 0, "factor": 0.5, "threshold": 0.1}, [1, 0.95, 0.8], [1, 0.5, 0.5]),
            ({"patience": 0, "factor": 0.5, "eps": 0.9}, [1, 1, 1], [1, 1, 1]),
            ({"patience": 0, "factor": 0.5}, [math.nan, 1, math.inf], [0.5, 0.5, 0.25]),
        ],
    )
    def test_plateau(self, options, figures, expected):
        sgd = SGD([Value(0.0)], lr=1.0)
        schedule = ReduceLROnPlateau(sgd, **options)
        path = []
        for figure in figures:
            schedule.step(figure)
            path.append(sgd.lr)
        assert path == expected

    def test_plateau_against_pytorch(self):
        torch = pytest.importorskip("torch")
        figures = [math.sin(k) + 3.0 / (k + 1) for k in range(60)]
        for options in (
            {"patience": 2},
            {"patience": 1, "cooldown": 3, "factor": 0.5, "min_lr": 1e-3, "threshold": 0.05},
        ):
            theirs = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
            ours = SGD([Value(0.0)], lr=0.5)
            their_schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, **options)
            schedule = ReduceLROnPlateau(ours, **options)
            for figure in figures:
                theirs.step()
                their_schedule.step(figure)
                schedule.step(figure)
                assert ours.lr == pytest.approx(theirs.param_groups[0]["lr"], rel=1e-12)

    def test_a_plateau_needs_a_figure(self):
        with pytest.raises(TypeError, match="takes the figure to watch"):
            ReduceLROnPlateau(SGD([Value(0.0)], lr=0.5)).step()

    @pytest.mark.parametrize("kind", ["StepLR", "ExponentialLR", "CosineAnnealingLR", "LinearLR", "ReduceLROnPlateau"])
    def test_bad_states_leave_it_as_it_was(self, kind):
        arguments = {"StepLR": (3,), "ExponentialLR": (0.5,), "CosineAnnealingLR": (7,)}.get(kind, ())
        sgd = SGD([Value(1.0)], lr=0.3)
        schedule = getattr(nn, kind)(sgd, *arguments)
        good, lr = schedule.state_dict(), sgd.lr
        for name in good:
            for bad in ("x", [1], math.nan, 10**400, *([-3] if name != "best" else [])):
                with pytest.raises(ValueError):  # noqa: PT011 (each setting has its own message)
                    schedule.load_state_dict({**good, name: bad})
            with pytest.raises(KeyError):
                schedule.load_state_dict({key: value for key, value in good.items() if key != name})
        assert schedule.state_dict() == good
        assert sgd.lr == lr
        schedule.load_state_dict(json.loads(json.dumps(good)))
        assert schedule.state_dict() == good

    def test_state_resumes(self):
        one, two = (SGD([Value(0.0)], lr=0.5) for _ in range(2))
        first, second = StepLR(one, 3), StepLR(two, 7, gamma=0.5)
        for _ in range(4):
            first.step()
        second.load_state_dict(json.loads(json.dumps(first.state_dict())))
        two.load_state_dict(one.state_dict())
        for _ in range(4):
            first.step()
            second.step()
            assert one.lr == two.lr
        with pytest.raises(KeyError, match="StepLR needs a state of"):
            first.load_state_dict({"epoch": 3})

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda o: StepLR(o, 0), "step_size is a whole number of epochs from 1"),
            (lambda o: StepLR(o, 2.5), "step_size is a whole number of epochs from 1"),
            (lambda o: CosineAnnealingLR(o, 0), "T_max is a whole number of epochs from 1"),
            (lambda o: ExponentialLR(o, 0.0), "gamma is a number above 0"),
            (lambda o: ExponentialLR(o, math.nan), "gamma is a number above 0"),
        ],
    )
    def test_arguments(self, make, message):
        with pytest.raises(ValueError, match=message):
            make(SGD([Value(0.0)], lr=0.5))


def with_gradients(*gradients):
    parameters = [Value(0.0, f"p{k}") for k in range(len(gradients))]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    return parameters


class TestClipping:
    def test_longer_than_allowed(self):
        parameters = with_gradients(3.0, None, -4.0)
        assert clip_grad_norm(parameters, 1.0) == 5.0
        assert [p.grad for p in parameters] == [3.0 * (1 / (5 + 1e-6)), None, -4.0 * (1 / (5 + 1e-6))]

    def test_shorter_stays_exactly(self):
        parameters = with_gradients(0.3, -0.4)
        assert clip_grad_norm(parameters, 1.0) == 0.5
        assert [p.grad for p in parameters] == [0.3, -0.4]

    def test_nothing_to_clip(self):
        assert clip_grad_norm(with_gradients(None, None), 1.0) == 0.0
        assert clip_grad_norm([], 1.0) == 0.0
        assert clip_grad_norm(with_gradients(0.0), 1.0) == 0.0

    def test_takes_a_generator(self):
        parameters = with_gradients(30.0, 40.0)
        assert clip_grad_norm((p for p in parameters), 5.0) == 50.0
        assert parameters[0].grad == pytest.approx(3.0)

    def test_huge_gradients_do_not_overflow(self):
        parameters = with_gradients(3e200, 4e200)
        assert clip_grad_norm(parameters, 1.0) == pytest.approx(5e200)
        assert [p.grad for p in parameters] == pytest.approx([0.6, 0.8])

    @pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
    def test_not_finite(self, bad):
        parameters = with_gradients(1.0, bad)
        with pytest.raises(ValueError, match=r"gradient of parameter 'p1' is .*lower the learning rate"):
            clip_grad_norm(parameters, 1.0)
        assert parameters[0].grad == 1.0

    @pytest.mark.parametrize("max_norm", [-1.0, math.nan])
    def test_max_norm(self, max_norm):
        with pytest.raises(ValueError, match="max_norm is a number from 0"):
            clip_grad_norm(with_gradients(1.0), max_norm)

    @pytest.mark.parametrize("max_norm", [0.1, 2.0, 100.0])
    def test_against_pytorch(self, max_norm):
        torch = pytest.importorskip("torch")
        tensors = [torch.zeros(1, dtype=torch.float64, requires_grad=True) for _ in range(3)]
        gradients = [1.5, -2.0, 0.3]
        for tensor, gradient in zip(tensors, gradients, strict=True):
            tensor.grad = torch.tensor([gradient], dtype=torch.float64)
        expected = torch.nn.utils.clip_grad_norm_(tensors, max_norm).item()
        parameters = with_gradients(*gradients)
        assert clip_grad_norm(parameters, max_norm) == pytest.approx(expected, rel=1e-15)
        assert [p.grad for p in parameters] == pytest.approx([t.grad.item() for t in tensors], rel=1e-14)


def test_a_rule_of_ones_own():
    class SignDescent(Optimizer):
        def new_values(self, p, g, state):
            return p - self.lr * (1.0 if g > 0 else -1.0), state

    (x,) = parameters = with_gradients(1e-9)
    SignDescent(parameters, lr=0.25).step()
    assert x.data == -0.25


def test_adamw_takes_its_arguments_by_place_as_pytorch_does():
    optimizer = nn.AdamW([Value(1.0)], 0.1, (0.5, 0.6), 1e-3, 0.25)
    assert (optimizer.lr, optimizer.betas, optimizer.eps, optimizer.weight_decay) == (0.1, (0.5, 0.6), 1e-3, 0.25)
