"""What the tests share: reproducible random examples, and a table of operations that each test leaves as it was."""

import gc
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from autograd import Value, compile
from autograd.compiler.backends.choice import BACKENDS
from autograd.engine import primitive
from autograd.rules.table import TABLE
from tests import chromium as chromium_browser
from tests.extent import examples

settings.register_profile(
    "same every time",
    max_examples=examples(100).max_examples,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("same every time")

os.environ["CHAINRULE_LANG"] = "en"  # what the tests read, whatever the locale

# A process that a shell starts with & ignores Ctrl-C, and so do its children: tests that send it could not pass.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# Files whose tests take over two seconds, with a browser, Node, a cluster, a compiler or a process each, or take many
# examples.
SLOW = {
    "test_accessibility.py", "test_accuracy.py", "test_animation.py", "test_as_javascript.py", "test_descent.py",
    "test_distributed.py", "test_estimators.py", "test_exercises.py", "test_exercises_command.py", "test_functions.py",
    "test_fuzz.py",
    "test_javascript.py", "test_layout.py", "test_onnx.py",
    "test_page_browser.py", "test_playground.py", "test_playground_accessibility.py", "test_playground_numbers.py",
    "test_race.py", "test_race_sweep.py",
    "test_random_graphs.py", "test_runner.py", "test_special_values.py", "test_writer.py",
}  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.name in SLOW:
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """The garbage collector need not look through all that was imported again and again."""
    gc.collect()
    gc.freeze()


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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser for the tests of a file."""
    with chromium_browser.started() as browser:
        yield browser


@pytest.fixture
def line() -> tuple[Any, Value, Value]:
    """A compiled loss with two parameters."""
    w, b = Value(2.0, "w"), Value(-0.5, "b")

    @compile
    def loss(x: Value, t: Value) -> Value:
        """Squared error."""
        return (w * x + b - t) ** 2

    return loss, w, b
