"""A module of the standard library with functions of the test's own, as one module of ours sees it.

A function that is replaced in the standard library itself is replaced for every thread, and for what waits in one.
"""

from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any


def replaced(module: ModuleType, **functions: Callable[..., Any] | str) -> SimpleNamespace:
    """To be set as the name by which a module of ours knows `module`."""
    return SimpleNamespace(**vars(module) | functions)
