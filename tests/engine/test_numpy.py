"""NumPy interplay: its scalars on either side, object arrays of Values, and what cannot be one number."""

from typing import Any

import numpy as np
import pytest

from autograd import Value, dot, exp, grad, mean, total

SCALARS = [np.float64(2), np.float32(2), np.float16(2), np.longdouble(2), np.int64(2), np.uint8(2), np.array(2.0)]
scalars = pytest.mark.parametrize("number", SCALARS, ids=lambda x: type(x).__name__)


@scalars
def test_scalars_on_either_side(number: Any) -> None:
    v = Value(3.0)
    left = [number + v, number - v, number * v, number / v, number**v]
    right = [v + number, v - number, v * number, v / number, v**number]
    assert all(type(x) is Value for x in left + right)
    assert [x.data for x in left] == [5.0, -1.0, 6.0, 2 / 3, 8.0]
    assert [x.data for x in right] == [5.0, 1.0, 6.0, 1.5, 9.0]
    assert all(type(x.data) is float for x in left + right)
    assert all(type(slope) is float for x in left + right for slope in x.local_grads)
    assert all(len(x.parents) == 2 for x in left + right)
    assert grad(number * v, [v]) == [2.0]


@scalars
def test_scalars_as_data(number: Any) -> None:
    v = Value(number)
    assert (type(v.data), v.data) == (float, 2.0)
    v.data = number * 2
    assert (type(v.data), v.data) == (float, 4.0)
    assert type(exp(number)) is float


@scalars
def test_comparisons_with_scalars(number: Any) -> None:
    v = Value(3.0)
    assert number < v
    assert number <= v
    assert not number > v
    assert v > number
    assert v >= number
    assert not v < number


def test_arrays_of_one_element_are_numbers() -> None:
    assert Value(np.array([3.0])).data == 3.0
    assert Value(np.array([[3]])).data == 3.0
    assert Value(np.bool_(True)).data == 1.0


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (np.array([1.0, 2.0]), r"ndarray of shape \(2,\)"),
        (np.array([]), r"ndarray of shape \(0,\)"),
        (np.complex64(1 + 2j), "complex"),
        (np.complex128(1 + 2j), "complex"),
        (np.array(1 + 2j), "complex"),
        (np.array([1j]), "complex"),
        (np.str_("1.5"), "str"),
        (np.array("1.5"), "str"),
        (np.array(None), "NoneType"),
        (np.array([Value(1.0)]), "Value"),
    ],
)
def test_what_is_no_real_number(wrong: Any, named: str) -> None:
    with pytest.raises(TypeError, match=named):
        Value(wrong)
    v = Value(1.0)
    with pytest.raises(TypeError, match=named):
        v.data = wrong
    with pytest.raises(TypeError, match=named):
        exp(wrong)


@pytest.mark.parametrize("wrong", [np.complex64(1j), np.complex128(1j), np.array(1j)])
def test_complex_numbers_do_not_lose_their_imaginary_part_silently(wrong: Any) -> None:
    v = Value(1.0)
    for make in (lambda: v + wrong, lambda: wrong + v, lambda: v < wrong, lambda: wrong**v):
        with pytest.raises(TypeError):
            make()


def test_arrays_take_values_element_by_element() -> None:
    v = Value(3.0)
    for product in (np.array([1.0, 2.0]) * v, v * np.array([1.0, 2.0])):
        assert (product.shape, product.dtype) == ((2,), object)
        assert [x.data for x in product] == [3.0, 6.0]
        assert grad(product.sum(), [v]) == [3.0]
    assert [x.data for x in np.array([1.0, 2.0]) - v] == [-2.0, -1.0]
    assert [x.data for x in v - np.array([1.0, 2.0])] == [2.0, 1.0]
    assert [x.data for x in v / np.array([1.0, 2.0])] == [3.0, 1.5]
    assert [x.data for x in 2 ** np.array([v])] == [8.0]
    assert list(v < np.array([1.0, 5.0])) == [False, True]


def test_functions_of_numpy_on_arrays_of_values() -> None:
    xs = [Value(0.25), Value(0.5)]
    array = np.array(xs)
    for name in [
        "exp",
        "expm1",
        "log",
        "log1p",
        "sqrt",
        "sin",
        "cos",
        "tan",
        "sinh",
        "cosh",
        "arcsin",
        "arccos",
        "arctan",
        "tanh",
    ]:
        result = getattr(np, name)(array)
        assert [y.op for y in result] == [name, name]
        assert [y.parents for y in result] == [(x,) for x in xs]
        assert [y.data for y in result] == pytest.approx(list(getattr(np, name)(np.array([0.25, 0.5]))), rel=1e-14)
    assert [y.op for y in np.abs(array)] == ["abs", "abs"]
    assert [y.data for y in np.negative(array)] == [-0.25, -0.5]
    assert np.maximum(array, 0.3).tolist() == [0.3, xs[1]]


def test_matrix_products_of_arrays_of_values() -> None:
    numbers = np.arange(6.0).reshape(2, 3)
    a = np.array([[Value(x) for x in row] for row in numbers])
    b = np.array([Value(1.0), Value(-2.0), Value(0.5)])
    product = a @ b
    assert [y.data for y in product] == list(numbers @ np.array([1.0, -2.0, 0.5]))
    product.sum().backward()
    assert [x.grad for x in b] == list(numbers.sum(axis=0))
    assert [[x.grad for x in row] for row in a] == [[1.0, -2.0, 0.5]] * 2
    assert [y.data for y in numbers @ b] == [y.data for y in product]
    assert [y.data for y in np.dot(a, np.array([1.0, -2.0, 0.5]))] == [y.data for y in product]
    assert np.outer(b, b)[1, 2].data == -1.0


def test_sums_and_means_of_arrays_of_values() -> None:
    array = np.array([Value(1.0), Value(2.0), Value(6.0)])
    assert array.sum().data == 9.0
    assert array.mean().data == 3.0
    assert np.sum(array**2).data == 41.0
    assert grad(array.mean(), array) == pytest.approx([1 / 3] * 3)
    assert np.max(array) is array[2]
    assert [v.data for v in np.sort(array)[::-1]] == [6.0, 2.0, 1.0]


def test_functions_of_many_take_arrays() -> None:
    ws = np.array([Value(1.0), Value(2.0)])
    assert dot(ws, np.array([3.0, 4.0])).data == 11.0
    assert total(ws).data == 3.0
    assert mean(np.array([1.0, 2.0])) == 1.5
    assert type(mean(np.array([1.0, 2.0]))) is float
    assert total(np.array([[1.0], [2.0]])) == 3.0
    with pytest.raises(TypeError, match=r"shape \(2,\)"):
        total(np.ones((2, 2)))


def test_a_value_is_one_element_of_an_array() -> None:
    v = Value(3.0)
    assert np.array([v, v]).dtype == object
    assert np.array([v, v]).shape == (2,)
    assert np.array(v).item() is v
    with pytest.warns(UserWarning, match="the graph ends"):
        assert np.asarray([v, 2.0], dtype=float).tolist() == [3.0, 2.0]
    with pytest.warns(UserWarning, match="the graph ends"):
        assert float(np.float64(v)) == 3.0  # type: ignore[arg-type]


def test_a_value_within_an_array_keeps_its_gradient() -> None:
    v, w = Value(3.0), Value(2.0)
    y = w * np.array(v)
    assert grad(y, [v, w]) == [2.0, 3.0]


def test_isclose_and_friends_work_on_the_data() -> None:
    assert np.isclose((Value(0.1) + 0.2).data, 0.3)
    assert np.allclose(np.array([Value(1.0).detach()], dtype=float), [1.0])
