"""Threads that share a call: they sleep until there is work, and are made again in a process that was forked."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from typing import TypeVar

T = TypeVar("T")


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def share(work: Callable[[T], object], parts: Sequence[T], threads: int | None) -> None:
    """Do all parts, on this thread and others: whoever is free takes the next."""
    helpers = min(processors() if threads is None else threads, len(parts)) - 1
    waiting = iter(parts)  # its next() is atomic

    def some() -> None:
        for part in waiting:
            work(part)

    if helpers < 1:
        some()
        return
    others = [_pool().submit(some) for _ in range(helpers)]
    try:
        some()
    finally:
        wait(others)
    for other in others:
        other.result()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(1, processors()), thread_name_prefix="autograd")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # the threads of the parent are not there
