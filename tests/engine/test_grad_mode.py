"""no_grad and scope hold for one thread, end with their block, and can be entered as often as one likes."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from autograd import Value, grad, no_grad, scope
from autograd.engine.grad_mode import modes


@pytest.fixture(autouse=True)
def no_mode_left_behind() -> Iterator[None]:
    assert modes == {}
    yield
    assert modes == {}


def recorded() -> bool:
    y = Value(1.0) * Value(2.0)
    assert y.requires_grad == bool(y.parents)
    return bool(y.parents)


def test_nothing_is_recorded_in_the_block() -> None:
    x = Value(3.0)
    with no_grad():
        made = [x + 1, x * x, -x, x**2, x.sigmoid(), x.relu(), abs(x), 2 - x, sum([x, x])]
        leaf = Value(1.0)
    assert all(y.parents == () and not y.requires_grad and y.local_grads == () for y in made)
    assert [y.data for y in made[:4]] == [4.0, 9.0, -3.0, 9.0]
    assert leaf.requires_grad  # a leaf is given, not recorded
    assert recorded()


def test_what_was_not_recorded_is_a_constant_afterwards() -> None:
    x = Value(3.0)
    with no_grad():
        frozen = x * x
    y = frozen * x
    y.backward()
    assert (x.grad, frozen.grad) == (9.0, None)


def test_gradients_can_be_asked_for_in_the_block() -> None:
    x = Value(3.0)
    y = x * x
    with no_grad():
        y.backward()
        assert grad(y, [x]) == [6.0]
    assert x.grad == 6.0


def test_blocks_nest() -> None:
    with no_grad():
        with no_grad():
            assert not recorded()
        assert not recorded()
    assert recorded()


def test_one_object_may_be_entered_inside_itself() -> None:
    quiet = no_grad()
    with quiet:
        with quiet:
            assert not recorded()
        assert not recorded()
    assert recorded()
    with quiet:
        assert not recorded()
    assert recorded()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit, SystemExit])
def test_an_exception_ends_the_block(error: type[BaseException]) -> None:
    with pytest.raises(error), no_grad(), scope("s"), no_grad():
        raise error
    assert recorded()
    assert Value(1.0).scope is None


def test_scope_and_no_grad_do_not_disturb_each_other() -> None:
    with no_grad():
        with scope("a"):
            assert not recorded()
        assert not recorded()
        assert Value(1.0).scope is None
    with scope("a"):
        with no_grad():
            w = Value(1.0)
            assert not recorded()
        assert recorded()
        assert (Value(1.0) * 2).scope.path == ("a",)  # type: ignore[union-attr]
    assert w.scope is not None
    assert w.scope.path == ("a",)


def test_as_a_decorator() -> None:
    @no_grad()
    def evaluate(depth: int) -> list[bool]:
        """Docstring."""
        return [recorded(), *(evaluate(depth - 1) if depth else [])]

    assert evaluate(3) == [False] * 4
    assert evaluate.__name__ == "evaluate"
    assert evaluate.__doc__ == "Docstring."
    assert recorded()


def test_a_decorator_without_parentheses_is_refused() -> None:
    with pytest.raises(TypeError):

        @no_grad  # type: ignore[arg-type, call-arg]
        def evaluate() -> None: ...


def in_thread(function: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result(timeout=120)


def test_the_block_holds_for_its_own_thread_alone() -> None:
    with no_grad():
        assert in_thread(recorded)
        assert not recorded()
    with scope("here"):
        assert in_thread(lambda: Value(1.0).scope) is None


def test_one_decorated_function_in_many_threads() -> None:
    inside, outside = threading.Barrier(4), threading.Barrier(4)

    @no_grad()
    def evaluate() -> bool:
        inside.wait(timeout=120)  # all four are in the block at once
        return recorded()

    def work() -> tuple[bool, bool]:
        quiet = evaluate()
        outside.wait(timeout=120)
        return quiet, recorded()

    with ThreadPoolExecutor(4) as pool:
        outcomes = [future.result(timeout=120) for future in [pool.submit(work) for _ in range(4)]]
    assert outcomes == [(False, True)] * 4


def test_one_object_in_two_threads_that_leave_in_the_order_they_came() -> None:
    quiet, entered, left = no_grad(), threading.Event(), threading.Event()

    def other() -> tuple[bool, bool]:
        with quiet:
            entered.set()
            left.wait(timeout=120)
            inside = recorded()
        return inside, recorded()

    with ThreadPoolExecutor(1) as pool:
        with quiet:
            future = pool.submit(other)
            entered.wait(timeout=120)
        assert recorded()
        left.set()
        assert future.result(timeout=120) == (False, True)


def test_graphs_of_several_threads_are_right() -> None:
    def work(k: int) -> float:
        x = Value(float(k))
        y = x
        for step in range(300):
            with scope(f"{k}"):
                y = y + x * 0.5
            if step % 3 == 0:
                with no_grad():
                    _ = y * y
        y.backward()
        return x.grad or 0.0

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(8))) == [151.0] * 8


def test_no_grad_records_no_memory() -> None:
    x = Value(1.0)
    with no_grad():
        for _ in range(1000):
            x = x * 1.5 - x * 0.5
    assert x.parents == ()


def holding(entered: list[str]) -> Iterator[None]:
    with no_grad(), scope("held"):
        entered.append("in")
        yield


def test_a_generator_that_is_finalised_in_another_thread_leaves_both_as_they_were() -> None:
    generators: list[Any] = []

    def begin() -> None:
        generators.append(holding([]))
        next(generators[-1])
        assert not recorded()
        generators.append(holding([]))
        next(generators[-1])
        generators.pop(0).close()
        assert not recorded()

    in_thread(begin)
    assert recorded()
    generators.pop().close()
    assert recorded()
    assert Value(1.0).scope is None
    assert in_thread(recorded)


def test_a_block_that_a_thread_left_open_is_not_inherited() -> None:
    kept: list[Any] = []
    for _ in range(20):
        thread = threading.Thread(target=lambda: kept.append(holding([])) or next(kept[-1]))  # type: ignore[func-returns-value]
        thread.start()
        thread.join()
        assert in_thread(recorded)
    kept.clear()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (0, 2, 1)])
def test_blocks_may_be_left_in_any_order(order: tuple[int, ...]) -> None:
    blocks = [no_grad(), scope("outer"), scope("inner")]
    for block in blocks:
        block.__enter__()
    seen = []
    for k in order:
        blocks[k].__exit__(None, None, None)
        left = [b for j, b in enumerate(blocks) if j not in order[: order.index(k) + 1]]
        assert recorded() == (blocks[0] not in left)
        made = Value(1.0).scope
        seen.append(None if made is None else made.name)
        assert seen[-1] == next((b.name for b in reversed(left) if isinstance(b, scope)), None)
    assert seen[-1] is None


def test_a_mode_holds_for_one_asyncio_task() -> None:
    async def evaluates() -> list[bool]:
        with no_grad():
            await asyncio.sleep(0.002)
            child = asyncio.create_task(trains())  # a task of its own, begun in the block
            inner = recorded()
            return [inner, await child, recorded()]

    async def trains() -> bool:
        await asyncio.sleep(0.001)
        return recorded()

    async def main() -> list[Any]:
        return await asyncio.gather(evaluates(), trains(), trains())

    assert asyncio.run(main()) == [[False, True, False], True, True]
    assert recorded()


@pytest.mark.parametrize("name", ["", " ", "\t", "\n", None, 3])
def test_a_scope_has_a_name_that_can_be_seen(name: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="a scope"):
        scope(name)
