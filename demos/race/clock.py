"""How the race takes times: contestants work in blocks and take turns, and times are written short.

A block is the mean of calls that take a while together, as in `timeit`; what counts is the best of several blocks. It
has a few calls at least, since the garbage that one leaves is collected in the next. The contestants take turns by the
block, so that a busy machine slows them all; the collector is on, as it is in a user's program, and has nothing left to
do when a block begins.
"""

import gc
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Work = Callable[[], Any]

_FEWEST = 5  # calls in a block


def race(title: str, contestants: dict[str, Work], quick: bool, steps: int = 1) -> dict[str, float]:
    """The seconds of each contestant, for one of its `steps`; prints them beside the first, which is ours."""
    best = dict.fromkeys(contestants, float("inf"))
    for _ in range(2 if quick else 7):
        for name, work in contestants.items():
            gc.collect()
            best[name] = min(best[name], (_block(work, 1, 0.02) if quick else _block(work, _FEWEST, 0.2)) / steps)
    ours = next(iter(best.values()))
    print(title)
    for name, seconds in best.items():
        print(f"  {name:<24}{written(seconds):>12}   {seconds / ours:8.2f} x ours")
    print()
    return best


def _block(work: Work, fewest: int, seconds: float) -> float:
    """The mean time of at least `fewest` calls, which take at least `seconds` together."""
    calls = 0
    start = time.perf_counter()
    while (taken := time.perf_counter() - start) < seconds or calls < fewest:
        work()
        calls += 1
    return taken / calls


def where_it_works(name: str, work: Work, seconds: float = 120) -> dict[str, Work]:
    """The contestant, once it has been compiled by a first call; without it, and a line says why, where that fails."""
    start = time.perf_counter()
    try:
        with _at_most(seconds):
            work()
    except Exception as error:
        reason = next(iter(str(error).strip().splitlines()), "")
        print(f"left out: {name}: {type(error).__name__}: {reason}")
        return {}
    print(f"trace and compile, {name}: {written(time.perf_counter() - start)}")
    return {name: work}


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """A TimeoutError after so many seconds, where the system has alarms."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def give_up(*_: object) -> None:
        raise TimeoutError(f"not ready after {written(seconds)}")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def written(seconds: float) -> str:
    """Three digits and a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"
