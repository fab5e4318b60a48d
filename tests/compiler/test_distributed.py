"""Dask arrays as arguments: what NumPy arrays give, on each of Dask's schedulers, with the data left where it is."""

import os
import pickle
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Value, compile
from autograd.compiler.parcel import Parcel
from autograd.compiler.traced import Traced

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")

CHANCE = np.random.default_rng(4)
X, Y = CHANCE.normal(size=(101, 2)), CHANCE.integers(0, 3, 101)
DX, DY = da.from_array(X, chunks=(30, 1)), da.from_array(Y, chunks=40)  # blocks that do not fit together


def network() -> Any:
    model = nn.MLP(2, [8, 3], "tanh", seed=3)
    return model, compile(lambda x, t: nn.cross_entropy(model(x), t))


@pytest.fixture(params=["synchronous", "threads", "cluster"])
def scheduler(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param != "cluster":
        with dask.config.set(scheduler=request.param):
            yield request.param
        return
    with request.getfixturevalue("cluster").as_current():
        yield request.param


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    scheduling = pytest.importorskip("distributed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with (
            scheduling.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as local,
            scheduling.Client(local, set_as_default=False) as client,
        ):
            yield client


@pytest.mark.usefixtures("scheduler")
def test_equal_to_numpy() -> None:
    _, loss = network()
    value, gradient = network()[1].value_and_grad(X, Y)
    outputs = network()[1].map(X, Y)
    assert loss(DX, DY) == pytest.approx(value, rel=1e-12)
    got, slopes = loss.value_and_grad(DX, DY)
    mapped = loss.map(DX, DY)
    assert isinstance(mapped, da.Array)
    assert mapped.shape == (101,)
    found = mapped.compute()
    assert type(got) is float
    assert got == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(slopes, gradient, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found, outputs, rtol=1e-12)


@pytest.mark.usefixtures("scheduler")
def test_parameters_and_several_outputs() -> None:
    model, loss = network()
    scores = compile(lambda x: model(x))
    loss(DX, DY)
    theta = loss.flat_parameters() + 0.25
    value, gradient = loss.value_and_grad(DX, DY, at=theta)
    assert scores.map(DX).compute() == pytest.approx(scores.map(X), abs=1e-12)
    expected, slopes = loss.value_and_grad(X, Y, at=theta)
    assert value == pytest.approx(expected, rel=1e-12)
    assert gradient == pytest.approx(slopes, abs=1e-12)
    with pytest.raises(ValueError, match="3 outputs, and no mean"):
        scores(DX)


def test_a_worker_compiles_once(cluster: Any) -> None:
    model, loss = network()
    with cluster.as_current():
        for _ in range(3):
            loss.value_and_grad(DX, DY)
            for parameter in model.parameters():
                parameter.data += 0.125
    made = cluster.run(_programs)
    assert all(count in (0, 1) for count in made.values())
    assert sum(made.values()) >= 1
    assert loss.value_and_grad(DX, DY)[0] == pytest.approx(loss(X, Y), rel=1e-12)


def _programs() -> int:
    """How many of the programs that arrived last have been compiled, and how often."""
    arrived = list(Parcel._arrived.values())[-1:]
    return sum(len(parcel.traced._runners) for parcel in arrived)


def test_only_the_first_example_comes_to_the_caller(cluster: Any) -> None:
    def block(start: int) -> Any:
        return np.full((50, 2), os.getpid() + 0.0 * start)

    starts = da.arange(4, chunks=1)
    data = da.map_blocks(lambda s: block(s[0]), starts, chunks=((50,) * 4, (2,)), new_axis=1, dtype=float)
    w = Value(0.0)
    spread = compile(lambda x: (x[0] - os.getpid()) ** 2 + 0.0 * w)
    with cluster.as_current():
        assert spread(data) > 0.5  # no block was made in this process
    assert spread(data.compute(scheduler="synchronous")) == 0.0


def test_programs_pickle_small() -> None:
    model = nn.MLP(64, [32, 10], "relu", seed=1)
    loss = compile(lambda x, t: nn.cross_entropy(model(x), t))
    loss(CHANCE.normal(size=(2, 64)), [1, 2])
    traced: Traced = loss._traces.latest[1]  # type: ignore[index]
    parcel = Parcel.of(traced)
    packed = pickle.dumps(parcel)
    assert len(packed) < 30 * len(loss.parameters)
    again = pickle.loads(packed)
    assert again is pickle.loads(packed)
    assert not any(isinstance(x, Value) for x in again.traced.program.parameters)


def test_blocks_without_examples() -> None:
    _, loss = network()
    kept = X[:, 0] > np.repeat([9.0, -9.0, 0.3, 9.0], [30, 30, 30, 11])
    dx, dy = (array.rechunk({0: 30})[da.from_array(kept, chunks=30)] for array in (DX, DY))
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        loss(dx, dy)
    for array in (dx, dy):
        array.compute_chunk_sizes()
    assert loss(dx, dy) == pytest.approx(loss(X[kept], Y[kept]), rel=1e-12)
    assert loss.map(dx, dy).compute() == pytest.approx(loss.map(X[kept], Y[kept]), rel=1e-12)
    with pytest.raises(ValueError, match="empty"):
        loss(DX[:0], DY[:0])


def test_errors() -> None:
    _, loss = network()
    with pytest.raises(ValueError, match="differ in their number of examples"):
        loss(DX, DY[:50])
    with pytest.raises(autograd.BranchChanged) as error:
        compile(lambda x: x[0] if x[0] > X[0, 0] - 1e-9 else -x[0])(DX)
    assert "counted from the beginning of their block" in error.value.__notes__[0]
    logarithm = compile(lambda x: autograd.log(x[0]))
    with pytest.raises(ValueError, match="log"):
        logarithm(da.from_array(np.array([[1.0], [2.0], [-1.0]]), chunks=(1, 1)))


def test_numpy_beside_dask_and_float32() -> None:
    model, loss = network()
    assert loss(DX, Y) == pytest.approx(loss(X, Y), rel=1e-12)
    single = compile(lambda x, t: nn.cross_entropy(model(x), t), dtype="float32")
    value, gradient = single.value_and_grad(DX, DY)
    assert gradient.dtype == np.float32
    assert single.map(DX, DY).compute().dtype == np.float32
    assert value == pytest.approx(loss(X, Y), rel=1e-5)


def test_each_block_has_a_mask_of_its_own_and_each_call_another() -> None:
    model = nn.Sequential(nn.Dropout(0.5, seed=1))
    mask = compile(lambda x: model(x))
    ones = da.ones((64, 1), chunks=16) + da.arange(64, chunks=16)[:, None]
    first, second = mask.map(ones).compute()[:, 0] > 0, mask.map(ones).compute()[:, 0] > 0
    assert (first != second).any()
    assert (first[:16] != first[16:32]).any()
