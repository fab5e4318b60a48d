"""Pickling: a function goes by its name; one without a name stays behind, and what was traced of it goes alone."""

import sys
from typing import Any, Never


def has_name(function: Any) -> bool:
    """Whether the name of a function leads to it, so that a pickle may hold the name alone."""
    found: Any = sys.modules.get(function.__module__)
    for name in function.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is function


class Lost:
    """In the place of a function that stayed behind."""

    def __init__(self, name: str):
        self.__name__ = name

    def __call__(self, *_: Any) -> Never:
        raise ValueError(
            f"{self.__name__} came out of a pickle with what was traced and without its function, which is a lambda or "
            "stands within another function: it can be traced anew only where it was defined"
        )
