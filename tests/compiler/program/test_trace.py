"""What one run of a function records: parameters and branches; and what it refuses."""

import copy
import math

import numpy as np
import pytest

import autograd
import nn
from autograd import (
    BranchChanged,
    Value,
    compile,
    dot,
    grad,
    log,
    maximum,
    minimum,
    no_grad,
    norm,
    relu,
    sqrt,
    take,
    total,
    where,
)
from tests.eagerly import agree

X = np.array([[1.0, 2.0], [-0.5, 0.25], [3.0, -1.0]])
T = np.array([1.0, -1.0, 0.5])
pytestmark = pytest.mark.usefixtures("each_backend")


class TestParameters:
    def test_are_the_leaves_that_the_trace_reaches(self):
        used, unused, branch, detached = (Value(float(k + 1)) for k in range(4))

        def f(x):
            unused * x
            return x * used * detached.detach() if branch > 0.0 else x

        program = agree(f, [X[:, 0]])
        assert set(program.parameters) == {used, branch, detached}
        _, gradient = program.value_and_grad(X[:, 0])
        slopes = dict(zip(program.parameters, gradient, strict=True))
        assert (slopes[branch], slopes[detached]) == (0.0, 0.0)
        assert slopes[used] != 0.0
        detached.data = 7.0
        assert program.map([1.0]).tolist() == [7.0]

    def test_behind_nodes_that_were_made_outside(self):
        w, v = Value(2.0), Value(3.0)
        inner = (w * v).exp() * 0.01
        with no_grad():
            number = w * 10.0
        program = agree(lambda x: inner * x + w + number, [X[:, 0]])
        assert set(program.parameters) == {w, v}
        w.data = 0.0  # read anew, also by what was calculated outside; what was not recorded is a number
        assert program([1.0]) == pytest.approx(0.01 + 20.0)

    def test_there_need_not_be_any(self):
        program = agree(lambda x: x * 2.0, [X[:, 0]])
        value, gradient = program.value_and_grad([1.0, 2.0])
        assert (value, gradient.shape, program.parameters) == (3.0, (0,), [])
        assert program([1.0], at=[]) == 2.0

    @pytest.mark.parametrize("result", [3.5, Value(2.0), np.float64(1.5), 4, True])
    def test_results_that_are_no_calculation(self, result):
        agree(lambda x: result, [X[:, 0]])

    def test_an_argument_as_the_result(self):
        agree(lambda x, t: t, [X, T])
        agree(lambda x, t: [t, x[1], t, x[0]], [X, T])

    def test_leaves_that_the_function_makes_are_constants(self):
        w = Value(2.0)

        def f(x):
            state = Value(0.5)
            for step in (x, w, x):
                state = (state * step).tanh()
            return state

        assert agree(f, [X[:, 0]]).parameters == [w]

    def test_leaves_that_the_function_makes_once_are_parameters(self):
        class Lazy:
            w = None

            def __call__(self, x):
                if self.w is None:
                    self.w = Value(2.0)
                return self.w * x

        lazy = Lazy()
        program = compile(lazy)
        assert program([3.0]) == 6.0
        assert program.parameters == [lazy.w]
        lazy.w.data = 5.0
        assert program([3.0]) == 15.0

    def test_keep_their_order_when_it_is_traced_again(self):
        a, b, c = Value(2.0, "a"), Value(3.0, "b"), Value(5.0, "c")

        def f(x):
            return dot([a, b], x) if len(x) == 2 else dot([c, b, a], x)

        program = compile(f)
        program(X)
        assert program.parameters == [a, b]
        three = np.arange(6.0).reshape(2, 3)
        assert program(three) == pytest.approx(np.mean(three @ [5.0, 3.0, 2.0]))
        assert program.parameters == [a, b, c]
        theta = np.array([1.0, 10.0, 100.0])
        for columns, abc in ((X, [0, 1]), (three, [2, 1, 0])):  # the column that each parameter is multiplied by
            value, gradient = program.value_and_grad(columns, at=theta)
            assert value == pytest.approx(np.mean(columns[:, abc] @ theta[: len(abc)]))
            assert gradient.tolist() == pytest.approx([*columns[:, abc].mean(axis=0), 0.0][:3])
        with pytest.raises(ValueError, match=r"shape \(3,\).*shape \(2,\)"):
            program(X, at=theta[:2])
        assert program.backward(X) == pytest.approx(program(X))
        assert c.grad == 0.0

    def test_no_value_is_read_with_at(self, line):
        loss, w, b = line
        loss([1.0], [0.0])
        theta = loss.flat_parameters()
        w.data = b.data = math.nan
        assert loss([1.0], [0.0], at=theta) == 1.5**2
        assert loss.value_and_grad([1.0], [0.0], at=theta)[1].tolist() == [3.0, 3.0]


class TestBranches:
    def test_one_that_another_example_takes_otherwise(self):
        program = compile(lambda x, t: x[0] if x[1] > 1.5 * t else t)
        with pytest.raises(BranchChanged, match=r"x\[1\].* was True .* False for example 2: .*where"):
            program(X, T)
        for call in (program.map, program.value_and_grad, program.backward):
            with pytest.raises(BranchChanged, match="example 2"):
                call(X, T)
        assert program(X[:1], T[:1]) == 1.0

    def test_one_on_a_long_calculation(self):
        w = Value(1.0, "w")
        program = compile(lambda x, t: x[0] if take([x[0], x[1], w, 2.0], t) * total([*x, *x, w]) > 0.0 else t)
        with pytest.raises(BranchChanged) as caught:
            program(X, [0, 0, 1])
        assert str(caught.value).startswith("0 < take([x[0], x[1], …], t)*total(x[0], x[1], x[0], …) was True")

    def test_one_on_a_parameter(self):
        w = Value(1.0, "w")
        program = compile(lambda x: x * w if w > 0.0 else x)
        assert program([2.0]) == 2.0
        w.data = -1.0
        with pytest.raises(BranchChanged, match=r"0 < w.*parameters as they are now"):
            program([2.0])
        assert program([2.0], at=[3.0]) == 6.0

    @pytest.mark.parametrize(
        "f",
        [
            lambda x: max(x),
            lambda x: sorted(x)[0],
            lambda x: x[0] if x[0] else x[1],
            lambda x: x[0] if not (x[0] < 0.5 or x[1] >= 1.75) else x[1],
            lambda x: x[0] if 0.5 < x[0] < 2.0 else x[1],
            lambda x: [x[1], x[0]][x[0] > 0.5],
            lambda x: x[0] * int(x[0] > 0.5) + float(x[1] <= 0.0),
        ],
    )
    def test_recorded_where_a_comparison_is_used_as_a_bool(self, f):
        program = compile(f)
        same = np.array([[1.0, 2.0], [1.5, 3.0]])
        assert program.map(same).tolist() == [float(f(row)) for row in same.tolist()]
        with pytest.raises(BranchChanged, match="example 1"):
            program(np.array([[1.0, 2.0], [0.0, -1.0]]))

    def test_symbolic_in_where_and_with_and_or(self):
        w = Value(0.75)

        def f(x):
            inside = (x[0] > 0.0) & (x[1] < w)
            return where(inside, x[0] * w, where((x[0] < 0.0) | (x[1] >= w) | False, x[1], w * w)) + (x[0] > x[1]) * w

        program = agree(f, [np.random.default_rng(0).normal(0.0, 1.0, (50, 2))])
        assert not program._traces.latest[1].program.branches

    def test_comparisons_of_comparisons(self):
        def correct(x, t):
            return where((x > 0.0) == (t > 0.0), 1.0, 0.0) - where((x > 0.0) != (t > 0.0), 1.0, 0.0) * 2.0

        x, t = np.array([1.0, 1.0, -1.0, -1.0]), np.array([1.0, -1.0, 1.0, -1.0])
        assert compile(correct).map(x, t).tolist() == [1.0, -2.0, -2.0, 1.0]

    def test_equality_stays_identity(self):
        assert compile(lambda x, t: x if x == t else t).map([1.0], [1.0]).tolist() == [1.0]
        assert compile(lambda x: 1.0 if x == x else 0.0).map([math.nan]).tolist() == [1.0]

    def test_on_nothing_that_varies_are_settled(self):
        limit = 3
        program = compile(lambda x: x if Value(2.0) < limit else -x)
        assert program.map([1.0, -1.0]).tolist() == [1.0, -1.0]

    @pytest.mark.parametrize(
        "read", [float, lambda v: v.data, math.exp, lambda v: [1, 2][int(v.data)], lambda v: np.exp(float(v))]
    )
    def test_numbers_of_the_moment_are_refused(self, read):
        w = Value(0.5, "w")
        for f, name in (
            (lambda x: x * read(x), "the input x"),
            (lambda x: x * read(w), "the parameter w"),
            (lambda x: x * read(w * x), r"\*"),
        ):
            with pytest.raises(TypeError, match=rf"float\(x\) or x.data of {name}.*where"):
                compile(f)([1.0])
        assert w.data == 0.5

    def test_numbers_of_constants_are_not(self):
        fixed = Value(0.5).detach()
        assert compile(lambda x: x * float(fixed) * Value(4.0).data)([3.0]) == 6.0

    def test_backward_is_refused(self):
        w = Value(1.0)
        with pytest.raises(TypeError, match="use grad"):
            compile(lambda x: (x * w).backward())([1.0])


class TestTracing:
    def test_happens_once_for_each_shape_of_example(self):
        seen = []

        def f(x):
            seen.append(len(x))
            return total(x)

        program = compile(f)
        for columns in (X, X[:1], np.ones((3, 3)), X, np.ones((2, 3)), X):
            program(columns)
            program.map(columns)
        assert seen == [2, 3]

    def test_leaves_no_trace_of_itself(self):
        w = Value(2.0)

        def fails(x):
            with no_grad():
                raise KeyError("inside")

        def returns(x):
            return (w * x).tanh()

        for f, error in ((fails, KeyError), (lambda x: None, TypeError), (lambda x: {"a": x}, TypeError)):
            with pytest.raises(error):
                compile(f)([1.0])
        compile(returns)([1.0])
        assert autograd.engine.grad_mode.modes == {}
        y = w * 3.0
        y.backward()
        assert (type(y), w.grad) == (Value, 3.0)

    @pytest.mark.parametrize("result", [None, "text", {"loss": 1.0}, [[1.0]], 1j, [], iter([1.0])])
    def test_results_that_are_refused(self, result):
        with pytest.raises((TypeError, ValueError), match="a compiled function returns"):
            compile(lambda x: result)([1.0])

    def test_a_failed_trace_can_be_repeated(self):
        ready = False

        @compile
        def f(x):
            if not ready:
                raise RuntimeError("not yet")
            return x

        with pytest.raises(RuntimeError):
            f([1.0])
        ready = True
        assert f([1.0]) == 1.0

    def test_values_that_were_kept_say_so(self):
        kept = []

        def f(x):
            kept.extend([x, x * 2.0, x > 0.0])
            return x

        compile(f)([1.0])
        for use in (
            lambda: kept[0] * 2.0,
            lambda: kept[1] + Value(1.0),
            lambda: float(kept[0]),
            lambda: kept[1].exp(),
            lambda: dot([kept[0]], [1.0]),
            lambda: bool(kept[2]),
            lambda: kept[0] < 1.0,
        ):
            with pytest.raises(TypeError, match="used after its trace"):
                use()
        assert "x" in repr(kept[0])
        with pytest.raises(TypeError, match="trace"):
            compile(lambda x: kept[0])([1.0])
        with pytest.raises(TypeError, match="used after its trace"):
            compile(lambda x: x * kept[0])([1.0])

    def test_a_copy_of_an_argument_is_refused(self):
        with pytest.raises(TypeError, match="copy"):
            compile(lambda x: copy.copy(x) * 2.0)([1.0])

    def test_inside_another_and_inside_no_grad(self, line):
        loss, *_ = line
        with pytest.raises(TypeError, match=r"loss.__wrapped__"):
            compile(lambda x: loss([x], [x]))([1.0])
        assert compile(lambda x: loss.__wrapped__(x, 0.0))([1.0]) == 2.25
        with no_grad(), autograd.scope("elsewhere"):
            assert loss.value_and_grad([1.0], [0.0])[1].tolist() == [3.0, 3.0]
            w = Value(0.0)
            fresh = compile(lambda x: (w * x + 0.0) ** 0.5 + w)
            assert math.isinf(fresh.value_and_grad([1.0])[1][0])  # by the eager engine, which records here too

    def test_printing_inside_is_harmless(self, capsys):
        w = Value(2.0, "w")

        def f(x):
            print(f"{x:.3f}", x, w, [x * w])
            return x * w

        assert compile(f)([1.0, 2.0]) == 3.0
        assert "of a compiled function" in capsys.readouterr().out

    def test_gradients_inside(self):
        w, v = Value(1.5), Value(-0.5)

        def newton(x):
            loss = (w * x).tanh() * v + w**4
            slope, other = grad(loss, [w, v], create_graph=True)
            (curvature,) = grad(slope, [w], create_graph=True)
            return slope / curvature + other + grad(loss, [v])[0]

        agree(newton, [X[:, 0]])


def test_whether_settings_are_read():
    model = nn.MLP(1, [2, 1], dropout=0.5, seed=0)
    plain = nn.MLP(1, [2, 1], seed=0)
    programs = [compile(lambda x, model=model: model(x)) for model in (model, plain)]
    for program in programs:
        program.map([[1.0]])
    assert [program.reads_settings for program in programs] == [True, False]


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize(
    ("f", "slopes"),
    [
        (lambda x: where(x > 0, sqrt(x), x), [1.0, 0.5, 0.25]),
        (lambda x: maximum(-sqrt(x), 1.0) + x, [1.0, 1.0, 1.0]),
        (lambda x: relu(log(x + 1e-300)) + where(x > 2, x / (x - 2), x), [1.0, 1.0, -0.25]),
        (
            lambda x: minimum(sqrt(x), -1.0, x + 9.0).relu() + where(x > 1, where(x > 0, sqrt(x), x), 2 * x),
            [2.0, 2.0, 0.25],
        ),
        (lambda x: norm([x, 0.0]) + sqrt(x * x + 0.0 * x), [0.0, 2.0, 2.0]),
    ],
)
def test_a_gradient_inside_passes_nothing_to_the_side_that_was_not_taken(backend, f, slopes):
    if backend == "llvm":
        pytest.importorskip("llvmlite")
    points = [0.0, 1.0, 4.0]
    assert [grad(f(x := Value(p)), [x])[0] for p in points] == slopes
    assert compile(lambda x: grad(f(x), [x]), backend=backend).map(points).ravel().tolist() == slopes


def test_a_slope_of_0_that_is_no_choice_is_none_inside_either():
    with pytest.raises((ValueError, ZeroDivisionError), match="example 1"):
        compile(lambda x: grad(sqrt(x) ** 2, [x])).map([1.0, 0.0])
