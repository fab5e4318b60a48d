"""From call to call: settings, random numbers, results that are not finite, large batches, and threads."""

import math
import threading
import tracemalloc
from random import Random

import numpy as np
import pytest

from autograd import BranchChanged, Value, compile, dot, grad, maximum, setting, take, total, uniform, where
from autograd.compiler import traced as batches
from autograd.compiler.backends import numpy as numpy_backend
from autograd.compiler.compiled import Compiled
from autograd.compiler.program.replay import replay
from tests.eagerly import agree, eagerly

X = np.array([[1.0, 2.0], [-0.5, 0.25], [3.0, -1.0]])
T = np.array([1.0, -1.0, 0.5])
pytestmark = pytest.mark.usefixtures("each_backend")


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
        for strength in range(25):
            model.strength = float(strength)
            assert program([2.0]) == 2.0 * strength
        assert sum(map(len, program._traces._known.values())) < 20


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


class TestWhatChanges:
    def test_the_data_of_a_constant_is_followed(self):
        w, constant = Value(2.0), Value(3.0).detach()
        program = compile(lambda x: w * constant * x)
        assert program([1.0]) == 6.0
        constant.data = 10.0
        assert program([1.0]) == program.value_and_grad([1.0])[0] == 20.0
        assert len(program.parameters) == 1

    def test_an_assignment_inside_is_refused(self):
        w = Value(3.0, "w")

        def f(x):
            w.data = 7.0
            return w * x

        with pytest.raises(TypeError, match=r"the data of w is set to 7.0 in a compiled function"):
            compile(f)([1.0])
        assert w.data == 3.0

    def test_a_leaf_of_the_functions_own_may_be_set(self):
        def f(x):
            own = Value(0.0)
            own.data = 2.0
            return own * x

        assert compile(f)([3.0]) == 6.0

    def test_a_node_that_was_kept_says_so(self):
        w, kept = Value(2.0), []

        def f(x):
            kept.append(w * x)
            return w * x

        compile(f)([1.0])
        for use in (lambda: kept[0].backward(), lambda: grad(kept[0], [w])):
            with pytest.raises(TypeError, match="kept by a compiled function"):
                use()


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

    @pytest.mark.parametrize(
        "f",
        [
            lambda w, x: where(w * x > 0, (w * x).sqrt(), w * x),
            lambda w, x: (w * x).relu().sqrt() + w * x,
            lambda w, x: w * x - where(w * x > 0, 1.0 - (w * x).sqrt(), 2.0 * w * x),
            lambda w, x: dot([w, w], [where(w * x > 0, (w * x).sqrt(), w * x), x]),
            lambda w, x: maximum(w * x, (w * x).abs().sqrt() - 1.0),
        ],
    )
    def test_behind_the_side_that_a_choice_did_not_take_nothing_arrives(self, f, monkeypatch):
        """The slope of sqrt is infinite at 0; no example is calculated on the graph for that."""
        w, x = Value(1.0), np.array([0.0, 1.0, 4.0])
        reference = eagerly(lambda x: f(w, x), [x], [w])
        monkeypatch.setattr(batches, "replay", None)
        value, gradient = compile(lambda x: f(w, x)).value_and_grad(x)
        assert value == pytest.approx(reference.results.mean(), rel=1e-15)
        assert gradient == pytest.approx(reference.gradient, rel=1e-15)

    def test_a_slope_that_happens_to_be_0_is_no_choice(self):
        w = Value(1.0)
        for power in (lambda x: (w * x).sqrt() ** 2, lambda x: (w * x).sqrt() * (w * x).sqrt()):
            with pytest.raises(ValueError, match="example 1: the gradient becomes NaN"):
                compile(power).value_and_grad(np.array([1.0, 0.0, 4.0]))

    def test_many_examples_that_are_infinite_are_a_few_sweeps(self, monkeypatch):
        calls = []
        monkeypatch.setattr(batches, "replay", lambda *arguments: calls.append(1) or replay(*arguments))
        w = Value(1.0)
        program = compile(lambda x: w * x * 1e308 * 10.0)
        value, gradient = program.value_and_grad(np.ones(4096))
        assert (value, gradient.tolist()) == (math.inf, [math.inf])
        assert program(np.ones(4096)) == math.inf
        assert np.isinf(program.map(np.ones(4096))).all()
        assert len(calls) < 10

    def test_an_error_among_results_that_are_infinite_is_raised(self):
        w, x = Value(1.0), np.ones(100)
        program = compile(lambda x: where(x < 2.0, w * x * 1e308 * 10.0, (4.0 - w * x).log()))
        program(np.ones(3))
        x[50] = 5.0
        for call in (program, program.map, program.value_and_grad):
            with pytest.raises(ValueError, match="example 50: log"):
                call(x)

    def test_a_comparison_that_meets_nan(self):
        w = Value(1.0)

        def chosen(x):
            return where((w * x).log() > 0.0, w * x, 2.0 * w * x)

        def branch(x):
            return w * x if (w * x).log() > 0.0 else 2.0 * w * x

        for f in (chosen, branch):
            program = compile(f)
            program([0.5, 0.25])
            for call in (program, program.map, program.value_and_grad):
                with pytest.raises(ValueError, match=r"example 1: log\(x\) needs x > 0"):
                    call([0.5, -1.0])

    def test_one_of_many_comparisons_that_meets_nan(self):
        w = Value(1.0)
        program = compile(lambda x: total([where((w * a).log() > 0.0, w * a, 2.0 * a) for a in x]))
        program(np.ones((2, 3)))
        x = np.ones((20, 3))
        x[17, 2] = -1.0
        for call in (program, program.map, program.value_and_grad):
            with pytest.raises(ValueError, match=r"example 17: log\(x\) needs x > 0"):
                call(x)

    def test_a_product_with_a_comparison_stays_ieee(self):
        w = Value(1.0)
        for backend in ("numpy", "llvm"):
            program = Compiled(lambda x: (x < 0.0) * (w * x * 1e308 * 1e10) + 1.0, backend)
            assert np.isnan(program.map([5.0])).all()

    def test_a_zero_keeps_its_sign_as_on_the_graph(self):
        for f, expected in ((lambda x: x + 0.0, 1.0), (lambda x: 0.0 - x, 1.0), (lambda x: x - 0.0, -1.0)):
            (found,) = compile(f).map([-0.0])
            assert math.copysign(1.0, found) == expected

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
        ws = [Value(0.01 * k) for k in range(200)]
        program = compile(lambda x: total([(w * x).tanh() for w in ws]), backend="numpy")
        x = np.linspace(-1.0, 1.0, 20_000)
        program.value_and_grad(x[:10])
        tracemalloc.start()
        value, gradient = program.value_and_grad(x)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 30e6  # the whole batch at once would be 96 MB
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
        assert (type(y), y.data, y.parents[0]) == (Value, 6.0, w)
        done.set()
        thread.join()


def test_one_example_is_asked_where_thousands_are_not_finite(monkeypatch):
    asked = []

    def counted(program, theta, inputs, with_gradient):
        asked.append(with_gradient)
        return replay(program, theta, inputs, with_gradient)

    monkeypatch.setattr(batches, "replay", counted)
    w = Value(1.0)
    product = compile(lambda x: w * x)
    value, gradient = product.value_and_grad(np.full(4096, np.inf))
    assert (value, gradient.tolist(), asked) == (np.inf, [np.inf], [True])
