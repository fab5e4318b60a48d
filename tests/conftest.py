"""What the tests share: reproducible random examples, and a table of operations that each test leaves as it was."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from autograd import functions
from autograd.table import TABLE

settings.register_profile(
    "same every time", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same every time")


@pytest.fixture
def own_operations() -> Iterator[None]:
    """Forget the operations that a test defines with `primitive`."""
    rows, own = dict(TABLE), set(functions._own)
    yield
    TABLE.clear()
    TABLE.update(rows)
    functions._own.clear()
    functions._own.update(own)
