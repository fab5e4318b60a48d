"""Standardising, splitting and minibatches, for lists and NumPy arrays."""

import math
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from nn import Standardizer, minibatches, train_test_split

TABLE = [[1.0, 10.0, 5.0], [2.0, 30.0, 5.0], [6.0, 20.0, 5.0]]


class TestStandardizer:
    def test_mean_0_deviation_1(self):
        out = np.array(Standardizer().fit_transform(TABLE))
        np.testing.assert_allclose(out[:, :2].mean(axis=0), 0.0, atol=1e-15)
        np.testing.assert_allclose(out[:, :2].std(axis=0), 1.0)

    def test_as_scikit_learn(self):
        preprocessing = pytest.importorskip("sklearn.preprocessing")
        X = np.random.default_rng(0).normal(3.0, 7.0, (50, 4))
        expected = preprocessing.StandardScaler().fit(X)
        ours = Standardizer().fit(X)
        np.testing.assert_allclose(ours.transform(X[:5]), expected.transform(X[:5]), rtol=1e-12)
        np.testing.assert_allclose(ours.mean, expected.mean_)
        np.testing.assert_allclose(ours.scale, expected.scale_)

    @pytest.mark.parametrize("constant", [5.0, 0.1, 0.0, -1e9])
    def test_a_constant_column_becomes_0(self, constant):
        X = [[float(k), constant] for k in range(7)]
        standardizer = Standardizer().fit(X)
        assert [row[1] for row in standardizer.transform(X)] == [0.0] * 7
        assert standardizer.transform([[0.0, constant + 2.0]])[0][1] == pytest.approx(2.0)

    def test_new_data_goes_by_the_old(self):
        standardizer = Standardizer().fit([[0.0], [2.0]])
        assert standardizer.transform([[5.0]]) == [[4.0]]

    def test_inverse(self):
        standardizer = Standardizer().fit(TABLE)
        np.testing.assert_allclose(standardizer.inverse(standardizer.transform(TABLE)), TABLE)

    def test_lists_stay_lists_and_arrays_arrays(self):
        standardizer = Standardizer().fit(TABLE)
        rows = standardizer.transform(TABLE)
        assert type(rows) is list
        assert type(rows[0]) is list
        assert type(rows[0][0]) is float
        np.testing.assert_array_equal(standardizer.transform(np.array(TABLE)), rows)
        assert isinstance(standardizer.transform(np.array(TABLE)), np.ndarray)
        assert standardizer.transform(tuple(map(tuple, TABLE))) == rows

    def test_targets(self):
        standardizer = Standardizer()
        assert standardizer.fit_transform([1, 3]) == [-1.0, 1.0]
        out = standardizer.transform(np.array([1, 3]))
        assert out.shape == (2,)
        assert standardizer.inverse([0.0, 2.0]) == [2.0, 4.0]

    def test_before_fit(self):
        with pytest.raises(ValueError, match="call fit first"):
            Standardizer().transform(TABLE)

    def test_other_columns(self):
        with pytest.raises(ValueError, match="fitted on 3 columns, got 2"):
            Standardizer().fit(TABLE).transform([[1.0, 2.0]])

    @pytest.mark.parametrize("bad", [math.nan, math.inf])
    def test_not_finite(self, bad):
        with pytest.raises(ValueError, match="row 1 of the data is not finite"):
            Standardizer().fit([[1.0], [bad], [2.0]])

    @pytest.mark.parametrize("bad", [[], 3.0, np.zeros((2, 2, 2)), [[1.0, 2.0], [1.0]], [["a"]], [[1j]]])
    def test_no_table(self, bad):
        with pytest.raises(ValueError, match="expected a table of examples"):
            Standardizer().fit(bad)


def labelled(n):
    return [[float(k), -float(k)] for k in range(n)], list(range(n))


class TestSplit:
    @given(st.integers(2, 60), st.floats(0.05, 0.95), st.integers(0, 5))
    def test_every_example_once_with_its_target(self, n, share, seed):
        X, y = labelled(n)
        n_test = math.ceil(share * n - 1e-9)
        if not 0 < n_test < n:
            return
        X_train, X_test, y_train, y_test = train_test_split(X, y, share, seed=seed)
        assert sorted(y_train + y_test) == y
        assert len(y_test) == n_test
        assert [row[0] for row in X_train] == y_train
        assert [row[0] for row in X_test] == y_test

    def test_is_random_and_repeatable(self):
        X, y = labelled(50)
        tests = [train_test_split(X, y, seed=seed)[3] for seed in range(5)]
        assert len(set(map(tuple, tests))) == 5
        assert train_test_split(X, y, seed=3)[3] == tests[3]
        assert Counter(k for t in tests for k in t).most_common(1)[0][1] < 5

    def test_a_number_of_examples(self):
        X, y = labelled(10)
        assert [len(part) for part in train_test_split(X, y, test_size=3, seed=0)] == [7, 3, 7, 3]

    @pytest.mark.parametrize("test_size", [np.float32(0.25), np.float64(0.25), np.int64(3)])
    def test_numbers_of_numpy(self, test_size):
        assert len(train_test_split(*labelled(10), test_size=test_size)[3]) == 3

    def test_shares_without_rounding_up_for_nothing(self):
        X, y = labelled(100)
        assert len(train_test_split(X, y, test_size=0.07)[3]) == 7  # 0.07 * 100 is 7.000000000000001

    def test_arrays(self):
        X, y = map(np.array, labelled(10))
        parts = train_test_split(X, y, seed=0)
        assert [part.shape for part in parts] == [(7, 2), (3, 2), (7,), (3,)]
        assert [p.tolist() for p in parts] == list(train_test_split(X.tolist(), y.tolist(), seed=0))

    def test_stratified(self):
        y = [0] * 50 + [1] * 40 + [2] * 10
        X = [[float(k)] for k in range(100)]
        for seed in range(5):
            for labels in (y, np.array(y), [str(k) for k in y]):
                _, _, y_train, y_test = train_test_split(X, y, 0.2, seed=seed, stratify=labels)
                assert Counter(y_test) == {0: 10, 1: 8, 2: 2}
                assert Counter(y_train) == {0: 40, 1: 32, 2: 8}
        one, two = (train_test_split(X, y, 0.2, seed=seed, stratify=y)[1] for seed in (0, 1))
        assert one != two

    @pytest.mark.parametrize("test_size", [0.0, 1.0, -0.5, 1.5, 0, 10, 11, True, "half", None])
    def test_no_part_is_empty(self, test_size):
        X, y = labelled(10)
        with pytest.raises(ValueError, match=r"test_size is a share|no part may be empty"):
            train_test_split(X, y, test_size=test_size)

    def test_lengths(self):
        with pytest.raises(ValueError, match="same length, got 2 and 3"):
            train_test_split([[1], [2]], [1, 2, 3])
        with pytest.raises(ValueError, match="a label for each of the 2 examples, got 1"):
            train_test_split([[1], [2]], [1, 2], stratify=[0])

    def test_global_random_state_is_untouched(self):
        before = random.getstate()
        train_test_split(*labelled(10))
        list(minibatches(*labelled(10), 3))
        assert random.getstate() == before


class TestMinibatches:
    @given(st.integers(1, 40), st.integers(1, 50), st.booleans())
    def test_every_example_once_an_epoch(self, n, batch_size, shuffle):
        X, y = labelled(n)
        batches = list(minibatches(X, y, batch_size, shuffle=shuffle, seed=0))
        assert sorted(t for _, targets in batches for t in targets) == y
        assert all([row[0] for row in rows] == targets for rows, targets in batches)
        sizes = [len(targets) for _, targets in batches]
        assert sizes == [batch_size] * (n // batch_size) + ([n % batch_size] if n % batch_size else [])

    def test_in_order_without_shuffle(self):
        assert [y for _, y in minibatches(*labelled(5), 2, shuffle=False)] == [[0, 1], [2, 3], [4]]

    def test_shuffled_repeatably(self):
        epochs = [[y for _, y in minibatches(*labelled(30), 7, seed=4)] for _ in range(2)]
        assert epochs[0] == epochs[1]
        assert epochs[0] != [y for _, y in minibatches(*labelled(30), 7, seed=5)]
        assert epochs[0] != [y for _, y in minibatches(*labelled(30), 7, shuffle=False)]

    def test_a_generator_gives_another_order_each_epoch(self):
        def epochs():
            rng = random.Random(0)
            return [[y for _, y in minibatches(*labelled(30), 7, seed=rng)] for _ in range(3)]

        assert epochs() == epochs()
        assert epochs()[0] != epochs()[1]

    def test_arrays(self):
        X, y = map(np.array, labelled(5))
        batches = list(minibatches(X, y, 2, shuffle=False))
        assert [b.shape for b, _ in batches] == [(2, 2), (2, 2), (1, 2)]
        assert [t.tolist() for _, t in batches] == [[0, 1], [2, 3], [4]]
        assert isinstance(batches[0][0], np.ndarray)
        assert [t for _, t in minibatches(X, y.tolist(), 2, shuffle=False)] == [[0, 1], [2, 3], [4]]

    @pytest.mark.parametrize(
        ("X", "y", "size", "message"),
        [([[1]], [1, 2], 1, "same length, got 1 and 2"), ([], [], 1, "there are no examples"),
         ([[1]], [1], 0, "batch_size is a whole number from 1"), ([[1]], [1], 2.5, "batch_size is a whole number"),
         ([[1]], [1], True, "batch_size is a whole number"), ([[1]], [1], None, "batch_size is a whole number")],
    )  # fmt: skip
    def test_errors_come_at_the_call(self, X, y, size, message):
        with pytest.raises(ValueError, match=message):
            minibatches(X, y, size)


class TestLargeAndSmallNumbers:
    """Columns near the limits of floats are scaled as others are, without a warning."""

    @pytest.mark.parametrize("size", [1e160, 1e308, 1.7e308, 1e-160, 1e-308, 5e-324 * 2**20, 1.0])
    def test_a_column_is_scaled_as_its_shape_is(self, size):
        column = np.array([1.0, -1.0, 0.5, -0.25])
        X = np.stack([column * size, [1.0, 3.0, 2.0, 2.0]], axis=1)
        standardizer = nn.Standardizer()
        scaled = standardizer.fit_transform(X)
        assert scaled[:, 0] == pytest.approx((column - column.mean()) / column.std(), rel=1e-5)
        assert np.isfinite(standardizer.scale).all()
        assert standardizer.inverse(scaled) == pytest.approx(X, rel=1e-9)

    def test_what_would_overflow_is_refused(self):
        standardizer = nn.Standardizer().fit([[0.0], [1e-300]])
        with pytest.raises(ValueError, match="row 1 of the data is too large to be scaled"):
            standardizer.transform([[0.0], [1e300]])


def test_tables_of_pandas():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [0.0, 0.0, 1.0, 1.0]}, index=[7, 3, 5, 1])
    column = pandas.Series(["x", "y", "x", "y"], index=[7, 3, 5, 1])
    train, test, y_train, y_test = nn.train_test_split(table, column, test_size=0.5, seed=0, stratify=column)
    assert sorted([*train.index, *test.index]) == [1, 3, 5, 7]
    assert list(train.index) == list(y_train.index)
    assert sorted(y_test) == ["x", "y"]
    standardizer = nn.Standardizer().fit(table)
    assert standardizer.transform(table).tolist() == nn.Standardizer().fit_transform(table.to_numpy()).tolist()
    assert standardizer.fit(table["a"]).transform(table["a"]).shape == (4,)
    batches = list(nn.minibatches(table, column, batch_size=3, shuffle=False))
    assert [batch.tolist() for batch, _ in batches] == [[[1, 0], [2, 0], [3, 1]], [[4, 1]]]
    assert [list(targets) for _, targets in batches] == [["x", "y", "x"], ["y"]]
