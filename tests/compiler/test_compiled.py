"""What `compile` promises to who calls it: results, gradients, shapes, copies, and SciPy's minimisers."""

import copy
import inspect
import math
import pickle

import numpy as np
import pytest

import nn
from autograd import Value, compile, dot, grad, take, total, where
from tests.eagerly import agree

X = np.array([[1.0, 2.0], [-0.5, 0.25], [3.0, -1.0]])
T = np.array([1.0, -1.0, 0.5])
pytestmark = pytest.mark.usefixtures("each_backend")


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

    def test_a_method_by_another_name_leaves_the_method_as_it_is(self):
        class Model:
            def one(self, x):
                return 2.0 * x

            loss = compile(one)

        model = Model()
        assert (model.one(3.0), model.loss([3.0]), model.one(3.0)) == (6.0, 6.0, 6.0)
        assert model.loss is model.loss

    @pytest.mark.parametrize("first", ["loss", "inherited"])
    def test_a_method_that_overrides_another(self, first):
        model = Overriding()
        getattr(model, first)([1.0])
        for made in (model, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            assert (made.loss([1.0]), made.inherited([1.0]), Model.loss.__get__(made)([1.0])) == (102.0, 2.0, 2.0)

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
            ((X, np.ma.array(T, mask=[True, False, False])), "t is a masked array"),
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
                call(np.array([1.0]))

    def test_too_few_arguments_are_the_functions_own_error(self, line):
        for _ in range(2):  # before and after it was traced
            with pytest.raises(TypeError, match="missing 1 required positional argument: 't'"):
                line[0]([1.0])
            with pytest.raises(TypeError, match="missing 2 required positional arguments"):
                line[0]()
            line[0]([1.0], [1.0])
        with pytest.raises(ValueError, match="needs an argument"):
            compile(lambda *xs: Value(1.0))()

    @pytest.mark.slow
    def test_traces_of_many_shapes_are_forgotten(self):
        program = compile(lambda x: dot(x, x))
        for width in range(1, 25):
            assert program(np.ones((2, width))) == width
        assert len(program._traces._known) < 20

    def test_a_method_of_an_object_without_a_dict(self):
        class Line:
            __slots__ = ("w",)

            def __init__(self, w):
                self.w = Value(w)

            @compile
            def loss(self, x):
                return self.w * x

        lines = [Line(float(k)) for k in range(40)]
        assert [line.loss([1.0]) for line in lines] == [float(k) for k in range(40)]
        assert lines[-1].loss is lines[-1].loss

    def test_nothing_is_copied_into_the_arguments(self):
        x = X.copy()
        x.flags.writeable = False
        compile(lambda x: x[0] * 2.0).value_and_grad(x)


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

    def test_what_was_traced_of_a_function_without_a_name(self):
        """A lambda cannot be pickled; the program that was made of it can."""
        w, v = Value(2.0, "w"), Value(-1.0, "v")
        program = compile(lambda x, t: where(x[0] < w, (w * x[1] - t) ** 2, take([v, w, v * w], t)))
        data = np.array([[1.0, 2.0], [3.0, 1.0], [0.5, -1.0]]), np.array([0.0, 1.0, 2.0])
        expected, slopes = program.value_and_grad(*data)
        copied, (cw, cv) = pickle.loads(pickle.dumps((program, [w, v])))
        for made in (copied, pickle.loads(pickle.dumps(copied))):
            value, gradient = made.value_and_grad(*data)
            assert (value, gradient.tolist()) == (expected, slopes.tolist())
            assert made.source == program.source
            assert [p.label for p in made.parameters] == [p.label for p in program.parameters]
        assert set(copied.parameters) == {cw, cv}
        cw.data = 5.0
        assert copied(*data) != expected
        assert program(*data) == expected
        with pytest.raises(ValueError, match="without its function, which is a lambda"):
            copied([[1.0, 2.0, 3.0]], [0.0])

    def test_settings_and_random_numbers_come_along(self):
        model = nn.MLP(2, [4, 1], dropout=0.5, seed=1)
        program = compile(lambda x: model(x))
        ones = np.ones((5, 2))
        program.map(ones)
        copied = pickle.loads(pickle.dumps(program))
        assert copied.map(ones).tolist() == program.map(ones).tolist()
        assert copied.map(ones).tolist() != copied.map(ones).tolist()

    @pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
    def test_a_copy_keeps_the_function(self, copied):
        w = Value(2.0)
        program = compile(lambda x: w * x)
        program([1.0])
        made = copied(program)
        assert made.__wrapped__ is program.__wrapped__
        w.data = 3.0
        assert made([1.0]) == 3.0

    @pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
    def test_a_copy_of_what_was_traced(self, copied):
        w = Value(2.0)
        program = compile(lambda x: w * x)
        program([1.0])
        assert copied(pickle.loads(pickle.dumps(program)))([3.0]) == 6.0


class Model:
    def __init__(self):
        self.w = Value(2.0)

    @compile
    def loss(self, x):
        return self.w * x


class Overriding(Model):
    @compile
    def loss(self, x):
        return super().loss.__wrapped__(x) + 100.0

    def inherited(self, x):
        return super().loss(x)


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
