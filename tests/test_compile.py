"""What `compile` promises: calls, parameters, branches, settings, shapes, threads and what is not finite."""

import copy
import inspect
import math
import pickle
import threading
from random import Random

import numpy as np
import pytest
from eagerly import agree, eagerly

import autograd
from autograd import BranchChanged, Value, compile, dot, grad, no_grad, setting, take, total, uniform, where
from autograd.compiler import numpy_backend
from autograd.compiler.backends import BACKENDS

X = np.array([[1.0, 2.0], [-0.5, 0.25], [3.0, -1.0]])
T = np.array([1.0, -1.0, 0.5])


@pytest.fixture(autouse=True, params=["numpy", "llvm"])
def _each_backend(request, monkeypatch):
    if request.param == "llvm":
        pytest.importorskip("llvmlite")
    monkeypatch.setitem(BACKENDS, "auto", BACKENDS[request.param])


@pytest.fixture
def line():
    """A loss with two parameters."""
    w, b = Value(2.0, "w"), Value(-0.5, "b")

    @compile
    def loss(x, t):
        """Squared error."""
        return (w * x + b - t) ** 2

    return loss, w, b


class TestCalls:
    def test_the_mean_and_its_gradient(self, line):
        loss, w, b = line
        x, t = X[:, 0], T
        errors = 2.0 * x - 0.5 - t
        assert loss(x, t) == pytest.approx(np.mean(errors**2), rel=1e-15)
        value, gradient = loss.value_and_grad(x, t)
        assert value == pytest.approx(np.mean(errors**2), rel=1e-15)
        slopes = dict(zip(loss.parameters, gradient, strict=True))
        assert slopes[w] == pytest.approx(np.mean(2 * errors * x), rel=1e-15)
        assert slopes[b] == pytest.approx(np.mean(2 * errors), rel=1e-15)
        assert type(value) is float
        assert gradient.dtype == np.float64

    def test_backward_adds_to_the_gradients(self, line):
        loss, w, b = line
        value, gradient = loss.value_and_grad(X[:, 0], T)
        slopes = dict(zip(loss.parameters, gradient.tolist(), strict=True))
        assert w.grad is None
        assert loss.backward(X[:, 0], T) == value
        assert (w.grad, b.grad) == (slopes[w], slopes[b])
        loss.backward(X[:, 0], T)
        assert (w.grad, b.grad) == (2 * slopes[w], 2 * slopes[b])

    def test_map_gives_a_result_for_each_example(self):
        w = Value(2.0)
        assert compile(lambda x: w * x).map([1.0, 2.0]).tolist() == [2.0, 4.0]
        assert compile(lambda x: [w * x]).map([1.0, 2.0]).tolist() == [[2.0], [4.0]]
        assert compile(lambda x: (w, x, 7)).map([1.0, 2.0]).tolist() == [[2.0, 1.0, 7.0], [2.0, 2.0, 7.0]]
        assert compile(lambda x: np.array([w * x, x], object)).map([3]).tolist() == [[6.0, 3.0]]
        assert compile(lambda x: x > 1.5).map([1.0, 2.0]).tolist() == [0.0, 1.0]

    def test_parameters_are_read_anew_at_each_call(self, line):
        loss, w, _ = line
        before = loss([1.0], [0.0])
        w.data = 3.0
        assert (before, loss([1.0], [0.0])) == (1.5**2, 2.5**2)

    def test_flat_parameters_and_at(self, line):
        loss, w, b = line
        loss([1.0], [0.0])
        theta = loss.flat_parameters()
        assert theta.tolist() == [p.data for p in loss.parameters]
        assert loss([1.0], [0.0], at=theta + 1.0) == pytest.approx((3.0 + 0.5) ** 2)
        assert loss.map([1.0, 2.0], [0.0, 0.0], at=list(theta)).tolist() == [1.5**2, 3.5**2]
        assert loss.backward([1.0], [0.0], at=theta * 0.0) == 0.0
        loss.set_flat_parameters(theta + 1.0)
        assert (w.data, b.data) == (3.0, 0.5)

    def test_results_are_arrays_of_their_own(self, line):
        loss, *_ = line
        _, first = loss.value_and_grad(X[:, 0], T)
        kept, mapped = first.copy(), loss.map(X[:, 0], T)
        mapped_before = mapped.copy()
        loss.value_and_grad(X[:, 0] + 1.0, T)
        loss.map(X[:, 0] + 1.0, T)
        assert first.tolist() == kept.tolist()
        assert mapped.tolist() == mapped_before.tolist()
        mapped[:] = 0.0  # and may be written to

    def test_map_and_grad(self):
        w = Value(2.0)
        program = compile(lambda x: [w * x[0], x[1] + w])
        results, gradient = program.map_and_grad(X)
        assert results.tolist() == [[2.0, 4.0], [-1.0, 2.25], [6.0, 1.0]]
        assert gradient.tolist() == [pytest.approx(X[:, 0].mean())]
        with pytest.raises(ValueError, match="not finite"):
            program.map_and_grad(np.array([[1.0, math.inf]]))

    def test_before_the_first_call_the_parameters_are_not_known(self):
        program = compile(lambda x: x)
        for ask in (lambda: program.parameters, program.flat_parameters, lambda: program.source):
            with pytest.raises(ValueError, match="not been traced yet: call it once"):
                ask()


class TestWhatItTakes:
    def test_anything_that_is_called_with_an_example(self):
        class Model:
            def __init__(self):
                self.w = Value(3.0)

            def __call__(self, x, t=0.0, *, scale=2.0):
                return self.w * x * scale + t

            def predict(self, *xs):
                return self(xs[0]) + xs[1]

            @compile
            def loss(self, x):
                """The docstring."""
                return self(x) ** 2

        model, other = Model(), Model()
        other.w.data = 1.0
        assert compile(model)([1.0, 2.0]) == 9.0
        assert compile(model)([1.0, 2.0], [1.0, 1.0]) == 10.0
        assert compile(model.predict)([1.0], [2.0]) == 8.0
        assert (model.loss([1.0]), other.loss([1.0])) == (36.0, 4.0)
        assert model.loss is model.loss
        assert Model.loss.__doc__ == "The docstring."

    def test_it_looks_like_the_function(self, line):
        loss, *_ = line
        assert loss.__doc__ == "Squared error."
        assert "loss" in repr(loss)
        assert list(inspect.signature(loss).parameters) == ["x", "t"]

    def test_options(self):
        @compile(backend="numpy")
        def double(x):
            return 2 * x

        assert double([1.0, 2.0]) == 3.0
        with pytest.raises(ValueError, match="unknown backend 'fortran'"):
            compile(abs, backend="fortran")
        with pytest.raises(TypeError, match="takes a function"):
            compile(3)

    def test_compiled_twice(self, line):
        loss, *_ = line
        assert compile(loss)([1.0], [0.0]) == loss([1.0], [0.0])

    def test_lists_tuples_integers_booleans_and_nested_arguments(self):
        program = compile(lambda m, flag: m[0][1] * 10 + m[1][0] + flag)
        assert program.map([[[1, 2], [3, 4]]], [True]).tolist() == [24.0]
        assert program.map(np.array([[[1, 2], [3, 4]]], np.float32), (0,)).tolist() == [23.0]
        columns = np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)[:, :, ::2])
        agree(lambda m: dot(m[0], m[1]) + m[2][1] * Value(1.0), [columns])

    def test_examples_without_numbers(self):
        program = compile(lambda x, t: total(x) + t)
        assert program.map(np.empty((3, 0)), [1.0, 2.0, 3.0]).tolist() == [1.0, 2.0, 3.0]


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
        assert not program._latest[1].program.branches

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
        assert autograd.modes.modes == {}
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


class TestSettings:
    class Model:
        training = True

    def test_are_noticed_when_they_change_and_remembered(self):
        model, traces = self.Model(), []
        w = Value(2.0)

        def f(x):
            traces.append(setting(model, "training"))
            return w * x if traces[-1] else x

        program = compile(f)
        for training in (True, False, True, False, False, True):
            model.training = training
            assert program([3.0]) == (6.0 if training else 3.0)
        assert traces == [True, False]

    def test_of_any_number_are_forgotten_at_last(self):
        model = self.Model()
        program = compile(lambda x: x * setting(model, "strength"))
        for strength in range(50):
            model.strength = float(strength)
            assert program([2.0]) == 2.0 * strength
        assert sum(map(len, program._traces.values())) < 20


class TestRandomNumbers:
    def f(self, rng):
        w = Value(2.0)
        return lambda x: sum(where(uniform(rng) < 0.5, 0.0, 2.0) * w * a + uniform(rng) for a in x)

    def test_are_those_of_the_eager_engine(self):
        for n in (1, 3, 40):
            columns = np.random.default_rng(0).normal(size=(n, 2))
            compiled = compile(self.f(Random(7)))
            f = self.f(Random(7))
            for _ in range(3):  # the first call traces, which draws nothing
                expected = eagerly(f, [columns], []).results[:, 0]
                np.testing.assert_allclose(compiled.map(columns), expected, rtol=1e-14)

    def test_in_many_chunks_too(self, monkeypatch):
        monkeypatch.setattr(numpy_backend, "_CHUNK_BYTES", 1)
        monkeypatch.setattr(numpy_backend, "_FEWEST", 3)
        columns = np.ones((10, 2))
        expected = eagerly(self.f(Random(7)), [columns], []).results[:, 0]
        np.testing.assert_allclose(compile(self.f(Random(7)), backend="numpy").map(columns), expected, rtol=1e-14)

    def test_of_several_generators(self):
        def f(first, second):
            return lambda x: uniform(first) + 10.0 * uniform(second) + 100.0 * uniform(first) + x

        columns = np.zeros(5)
        expected = eagerly(f(Random(1), Random(2)), [columns], []).results[:, 0]
        np.testing.assert_allclose(compile(f(Random(1), Random(2))).map(columns), expected, rtol=1e-14)

    def test_a_failed_trace_draws_none(self):
        rng = Random(3)

        def f(x):
            uniform(rng)
            raise RuntimeError

        with pytest.raises(RuntimeError):
            compile(f)([1.0])
        assert rng.random() == Random(3).random()


class TestShapes:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((X, T[:2]), r"x has shape \(3, 2\) and t has shape \(2,\)"),
            ((X, 1.0), "t must have an example in each row.*single number 1.0"),
            ((X, np.float64(1.0)), "t must have an example in each row"),
            (("text", T), "x must be an array of real numbers, got dtype <U4"),
            ((["a", "b"], T), r"x must be an array of real numbers, got dtype <U1 and shape \(2,\)"),
            ((X, None), "t must be an array of real numbers"),
            ((X, T + 1j), "t must be an array of real numbers, got dtype complex128"),
            ((X, [Value(1.0)] * 3), r"t must be an array of real numbers.*__wrapped__"),
            ((X, T.astype(object)), "t must be an array of real numbers, got dtype object"),
            (([[1.0], [1.0, 2.0]], T), "x must be an array of numbers"),
            ((X[:0], T[:0]), r"empty.*x has shape \(0, 2\)"),
            (([], []), r"empty.*x has shape \(0,\)"),
            ((np.array(["2020-01-01"], "datetime64[D]"), T), "x must be an array of real numbers"),
            ((), "needs an argument"),
        ],
    )
    def test_that_are_wrong_say_so(self, arguments, message):
        w = Value(2.0)
        program = compile(lambda x, t: dot([w, w], x) - t)
        for _ in range(2):  # before and after it was traced
            for call in (program, program.map, program.value_and_grad):
                with pytest.raises(ValueError, match=message):
                    call(*arguments)
            program(X, T)

    def test_of_another_example_are_traced_and_refused_in_the_words_of_the_function(self):
        w = [Value(1.0), Value(2.0)]
        program = compile(lambda x: dot(w, x))
        program(X)
        with pytest.raises(ValueError, match=r"x of shape \(n, 2\).*x of shape \(n, 3\).*2 and 3"):
            program(np.ones((4, 3)))
        with pytest.raises(ValueError, match=r"x of shape \(n, 2\).*x of shape \(n\)"):
            program(np.ones(4))
        assert program(X) == pytest.approx(np.mean(X @ [1.0, 2.0]))
        program = compile(lambda x: x.tanh())
        program(T)
        with pytest.raises(ValueError, match=r"x of shape \(n\).*x of shape \(n, 2\)"):
            program(X)

    @pytest.mark.parametrize("at", [[1.0], np.ones(3), np.ones((2, 1)), 1.0, [[1.0, 2.0]], ["a", "b"], [1j, 2j], None])
    def test_of_the_parameters(self, line, at):
        loss, *_ = line
        loss([1.0], [0.0])
        for call in (
            lambda: loss([1.0], [0.0], at=at),
            lambda: loss.value_and_grad([1.0], [0.0], at=at),
            lambda: loss.map([1.0], [0.0], at=at),
            lambda: loss.set_flat_parameters(at),
        ):
            if at is not None:
                with pytest.raises(ValueError, match=r"at must be"):
                    call()
        with pytest.raises(ValueError, match="at must be"):
            loss.set_flat_parameters(None)

    def test_a_loss_has_one_output(self):
        program = compile(lambda x: [x, x])
        for call in (program, program.value_and_grad, program.backward):
            with pytest.raises(ValueError, match=r"2 outputs.*map"):
                call([1.0])

    def test_too_few_arguments_are_the_functions_own_error(self, line):
        with pytest.raises(TypeError, match="missing 1 required positional argument: 't'"):
            line[0]([1.0])

    def test_nothing_is_copied_into_the_arguments(self):
        x = X.copy()
        x.flags.writeable = False
        compile(lambda x: x[0] * 2.0).value_and_grad(x)


class TestNotFinite:
    def test_the_error_of_the_example_is_raised(self):
        w = Value(2.0, "w")
        program = compile(lambda x: (w * x).log())
        x = np.array([1.0, 2.0, -3.0, 4.0, -5.0])
        for call in (program, program.value_and_grad, program.map, program.backward):
            with pytest.raises(ValueError, match=r"example 2: log\(x\) needs x > 0, got -6.0"):
                call(x)
        with pytest.raises(ZeroDivisionError, match="example 1: x / y"):
            compile(lambda x: w / x)(np.array([1.0, 0.0]))
        with pytest.raises(OverflowError, match="example 1: exp"):
            compile(lambda x: (w * x).exp())(np.array([1.0, 1000.0]))

    def test_at_other_parameters_than_the_values_hold(self):
        w = Value(2.0)
        program = compile(lambda x: (w * x).log())
        program([1.0, 2.0])
        with pytest.raises(ValueError, match=r"example 0: .* got -1.0"):
            program.value_and_grad([1.0, 2.0], at=[-1.0])
        assert w.data == 2.0

    def test_the_number_counts_from_the_first_chunk(self, monkeypatch):
        monkeypatch.setattr(numpy_backend, "_CHUNK_BYTES", 1)
        monkeypatch.setattr(numpy_backend, "_FEWEST", 4)
        w = Value(1.0)
        program = compile(lambda x: (w * x).log(), backend="numpy")
        x = np.ones(50)
        x[33] = -1.0
        for call in (program, program.value_and_grad, program.map):
            with pytest.raises(ValueError, match="example 33: log"):
                call(x)

    def test_where_the_graph_is_finite_its_numbers_are_taken(self):
        w = Value(0.0)

        # The derivative of sqrt is infinite at 0, that of relu 0: on the graph it lets nothing through.
        def f(x):
            return (w * x + x).relu().sqrt() + x * 2.0

        x = np.array([1.0, 0.0, -2.0, 4.0])
        program = compile(f, backend="numpy")
        reference = eagerly(f, [x], [w])
        value, gradient = program.value_and_grad(x)
        assert value == reference.results.mean()
        assert gradient.tolist() == reference.gradient.tolist()

    def test_an_exponent_that_is_no_variable_is_none_on_the_graph_either(self):
        w = Value(2.0)

        def f(x):
            return x ** w.detach() + (w * x).relu().sqrt()

        x = np.array([1.0, -3.0])
        reference = eagerly(f, [x], [w])
        value, gradient = compile(f).value_and_grad(x)
        assert value == pytest.approx(reference.results.mean(), rel=1e-15)
        assert gradient == pytest.approx(reference.gradient, rel=1e-15)

    def test_infinity_that_the_graph_gives_is_a_result(self):
        w = Value(1e308)
        program = compile(lambda x: w * x)
        assert program([1.0, 10.0]) == math.inf
        assert program.map([1.0, 10.0, -10.0]).tolist() == [1e308, math.inf, -math.inf]

    def test_nan_in_the_data_stays_where_it_is(self):
        w = Value(2.0)
        program = compile(lambda x: (w * x[0]).tanh() + x[1])
        outputs = program.map(np.array([[1.0, 2.0], [math.nan, 1.0], [0.0, math.inf]]))
        assert outputs[0] == pytest.approx(2.0 + math.tanh(2.0))
        assert math.isnan(outputs[1])
        assert outputs[2] == math.inf

    def test_a_gradient_that_is_nan_is_the_error_of_the_graph(self):
        w = Value(0.0)
        program = compile(lambda x: (w.sqrt() - (2.0 * w).sqrt()) * x)
        with pytest.raises(ValueError, match="example 0: the gradient becomes NaN"):
            program.value_and_grad([1.0, 2.0])

    def test_a_power_of_a_negative_base_with_an_exponent_that_is_learned(self):
        w = Value(2.0)
        program = compile(lambda x: x**w)
        with pytest.raises(ValueError, match=r"example 1: .*with a Value y needs x >= 0, got -2.0"):
            program.value_and_grad([2.0, -2.0])
        with pytest.raises(ValueError, match=r"^x \*\* y with a Value y needs x >= 0"):
            compile(lambda x: x**w)([-2.0, 2.0])
        assert compile(lambda x: x ** w.detach()).map([2.0, -2.0]).tolist() == [4.0, 4.0]

    def test_an_index_that_is_none(self):
        w = Value(1.0)
        program = compile(lambda x, k: take([x[0], x[1], w], k))
        agree(program.__wrapped__, [X, np.array([2, 0, 1])])
        for bad in (3, -1, 0.5, math.nan):
            with pytest.raises(ValueError, match=r"example 1: take\(xs, index\) needs a whole number from 0 to 2"):
                program(X, [0, bad, 1])
        with pytest.raises(ValueError, match=r"whole number from 0 to 2, got 7"):
            compile(program.__wrapped__)(X, [7, 0, 1])

    def test_random_numbers_are_those_of_the_example(self):
        def f(rng):
            return lambda x: (x + uniform(rng) * 0.0 + 1.0).log() + uniform(rng)

        x = np.array([1.0, 2.0, math.inf, 3.0])
        expected = eagerly(f(Random(5)), [x], []).results[:, 0]
        assert compile(f(Random(5))).map(x).tolist() == pytest.approx(expected.tolist())

    def test_user_settings_for_floating_point_errors_are_left_alone(self):
        program = compile(lambda x: where(x > 0.0, (x + 2.0).log(), x))
        with np.errstate(all="raise"):
            before = np.geterr()
            assert program.map([1.0, -3.0, 0.0]).tolist() == pytest.approx([math.log(3.0), -3.0, 0.0])
            with pytest.raises(BranchChanged) as caught:
                compile(lambda x: x if x > 0.0 else -x)([1.0, -1.0])
            assert np.geterr() == before
            assert caught.traceback  # and with it all that is still held


class TestMemoryAndThreads:
    def test_a_large_batch_takes_no_more_memory_than_a_chunk(self):
        import tracemalloc

        ws = [Value(0.01 * k) for k in range(200)]
        program = compile(lambda x: total([(w * x).tanh() for w in ws]), backend="numpy")
        x = np.linspace(-1.0, 1.0, 50_000)
        program.value_and_grad(x[:10])
        tracemalloc.start()
        value, gradient = program.value_and_grad(x)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 30e6  # the whole batch at once would be 240 MB
        assert value == pytest.approx(0.0, abs=1e-9)
        w = 0.01 * np.arange(200)
        assert gradient == pytest.approx((x / np.cosh(w[:, None] * x) ** 2).mean(axis=1), rel=1e-9, abs=1e-12)

    def test_batches_of_many_sizes(self):
        w = Value(2.0)
        program = compile(lambda x: w * x)
        for n in (*range(1, 40), 3, 7):
            assert program.value_and_grad(np.arange(n) + 0.0)[1].tolist() == [pytest.approx((n - 1) / 2)]

    def test_threads_share_a_program(self):
        ws = [Value(0.1 * k) for k in range(8)]
        program = compile(lambda x, t: (dot(ws, x).tanh() - t) ** 2)
        rng = np.random.default_rng(0)
        batches = [(rng.normal(size=(n, 8)), rng.normal(size=n)) for n in (1, 5, 50, 51, 52, 53, 54, 5)]
        expected = [compile(program.__wrapped__).value_and_grad(*batch) for batch in batches]
        start, failures = threading.Barrier(len(batches)), []

        def work(k):
            start.wait()  # so that the first calls meet
            for _ in range(50):
                value, gradient = program.value_and_grad(*batches[k])
                if value != expected[k][0] or gradient.tolist() != expected[k][1].tolist():
                    failures.append(k)

        threads = [threading.Thread(target=work, args=(k,)) for k in range(len(batches))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        assert len(program.parameters) == 8

    def test_a_trace_in_one_thread_leaves_the_others_alone(self):
        w, halfway, done = Value(2.0), threading.Event(), threading.Event()

        def f(x):
            halfway.set()
            assert done.wait(10.0)
            return w * x

        thread = threading.Thread(target=lambda: compile(f)([1.0]))
        thread.start()
        assert halfway.wait(10.0)
        y = w * 3.0
        assert (type(y), float(y), y.parents[0]) == (Value, 6.0, w)
        done.set()
        thread.join()


def squared(x):
    return x * x


cubed = compile(lambda x: x * x * x)
cubed.__qualname__ = cubed.__name__ = "cubed"


@compile
def decorated(x):
    return x + 1.0


class TestCopies:
    def test_by_name_as_functions_are(self):
        assert pickle.loads(pickle.dumps(decorated)) is decorated
        assert copy.deepcopy(decorated) is decorated
        assert pickle.loads(pickle.dumps(cubed)) is cubed

    def test_of_an_importable_function(self):
        program = compile(squared)
        program([3.0])
        assert pickle.loads(pickle.dumps(program))([3.0]) == 9.0

    def test_with_the_object_that_they_belong_to(self):
        model = Model()
        assert model.loss([3.0]) == 6.0
        for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            copied.w.data = 5.0
            assert (copied.loss([3.0]), model.loss([3.0])) == (15.0, 6.0)

    def test_of_what_cannot_be_pickled(self):
        with pytest.raises((pickle.PicklingError, AttributeError)):
            pickle.dumps(compile(lambda x: x))


class Model:
    def __init__(self):
        self.w = Value(2.0)

    @compile
    def loss(self, x):
        return self.w * x


def test_scipy_trains_with_it():
    """Logistic regression by L-BFGS, and by Newton's method with products of the Hessian and a direction."""
    minimize = pytest.importorskip("scipy.optimize").minimize
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 2))
    t = (x @ [1.5, -2.0] + 0.5 + rng.normal(size=40) > 0.0) + 0.0
    ws, b = [Value(0.0), Value(0.0)], Value(0.0)

    @compile
    def loss(x, t):
        logit = dot(ws, x, b)
        return logit.softplus() - t * logit + 0.01 * dot(ws, ws)

    @compile
    def curvature(x, t, direction):
        slopes = grad(loss.__wrapped__(x, t), loss.parameters, create_graph=True)
        return grad(dot(slopes, direction), loss.parameters)

    def value_and_grad(theta):
        return loss.value_and_grad(x, t, at=theta)

    def hessian_times(theta, direction):
        return curvature.map(x, t, np.tile(direction, (len(x), 1)), at=theta[order]).mean(axis=0)

    loss(x, t)
    start = loss.flat_parameters()
    curvature.map(x, t, np.ones((len(x), 3)))
    order = [loss.parameters.index(p) for p in curvature.parameters]
    bfgs = minimize(value_and_grad, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-10})
    newton = minimize(value_and_grad, start, jac=True, hessp=hessian_times, method="Newton-CG", options={"xtol": 1e-12})
    assert newton.nit < bfgs.nit
    assert newton.x == pytest.approx(bfgs.x, rel=1e-6)
    assert np.abs(value_and_grad(newton.x)[1]).max() < 1e-9
    assert [p.data for p in (*ws, b)] == [0.0, 0.0, 0.0]  # nobody has touched the Values
    loss.set_flat_parameters(newton.x)
    assert loss(x, t) == pytest.approx(newton.fun, rel=1e-14)
    hessian = np.array([hessian_times(newton.x, direction) for direction in np.eye(3)])
    logits = x @ [w.data for w in ws] + b.data
    spread = np.exp(-logits) / (1.0 + np.exp(-logits)) ** 2
    columns = {id(ws[0]): x[:, 0], id(ws[1]): x[:, 1], id(b): np.ones(len(x))}
    inputs = np.array([columns[id(p)] for p in loss.parameters])
    decay = np.diag([0.0 if p is b else 0.02 for p in loss.parameters])
    assert hessian == pytest.approx((inputs * spread) @ inputs.T / len(x) + decay, rel=1e-12)
