"""How much a run of the tests asks: a part of the cases and of the random examples, or all of them.

With CHAINRULE_TESTS=all, all of them.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from hypothesis import settings

T = TypeVar("T")

ALL = os.environ.get("CHAINRULE_TESTS") == "all"


def some(cases: Iterable[T], step: int) -> list[T]:
    """The first of every `step` cases."""
    return list(cases)[:: 1 if ALL else step]


@contextmanager
def case(name: object) -> Iterator[None]:
    """Names the case of a test with many: an error inside says it."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"the case: {name}")
        raise


def examples(count: int) -> settings:
    """As many random examples, or a quarter of them, but five at least."""
    return settings(max_examples=count if ALL else max(5, count // 4))
