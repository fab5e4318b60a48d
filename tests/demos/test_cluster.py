"""Logistic regression on data that is made in the workers."""

import math

import pytest

from demos.page import Page

pytest.importorskip("dask.array")
pytest.importorskip("scipy")


def test_it_finds_the_recipe(tmp_path) -> None:
    from demos import cluster

    numbers = cluster.main(Page(out=tmp_path, quick=True), cluster=False)
    assert numbers["start"] == pytest.approx(math.log(2.0), rel=1e-12)
    assert numbers["end"] < 0.4
    assert numbers["error"] < 0.05
    assert numbers["slope"] < 1e-3
