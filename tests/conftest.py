"""What the tests share: reproducible random examples, and a table of operations that each test leaves as it was."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from autograd import Value, compile
from autograd.compiler.backends.choice import BACKENDS
from autograd.engine import primitive
from autograd.rules.table import TABLE

settings.register_profile(
    "same every time", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same every time")


@pytest.fixture
def own_operations() -> Iterator[None]:
    """Forget the operations that a test defines with `primitive`."""
    rows, own = dict(TABLE), set(primitive._own)
    yield
    TABLE.clear()
    TABLE.update(rows)
    primitive._own.clear()
    primitive._own.update(own)


@pytest.fixture(params=["numpy", "llvm"])
def each_backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let "auto" be each of the back ends, one after the other."""
    if request.param == "llvm":
        pytest.importorskip("llvmlite")
    monkeypatch.setitem(BACKENDS, "auto", BACKENDS[request.param])


@pytest.fixture
def line() -> tuple[Any, Value, Value]:
    """A compiled loss with two parameters."""
    w, b = Value(2.0, "w"), Value(-0.5, "b")

    @compile
    def loss(x: Value, t: Value) -> Value:
        """Squared error."""
        return (w * x + b - t) ** 2

    return loss, w, b
