"""What an exercise is: a text, a file to begin with, hints, a right solution, and a check that says why it is wrong."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any


class Wrong(Exception):
    """The answer is wrong; the text says why."""


@dataclass(frozen=True)
class Sheet:
    """An exercise with the numbers of one seed.

    Attributes:
        text: the task, which the file opens with.
        start: the code below it, which the learner changes.
        hints: one after the other, each saying more.
        solution: code in place of `start` that is right.
        check: looks at the module that the file makes. It raises `Wrong`, or returns what else there is to say.
    """

    text: str
    start: str
    hints: tuple[str, ...]
    solution: str
    check: Callable[[ModuleType], str | None]


@dataclass(frozen=True)
class Exercise:
    """An entry of the list: `sheet(seed)` makes the exercise, `follows` is the one whose code it goes on with."""

    id: str
    title: str
    lesson: str
    sheet: Callable[[int], Sheet]
    follows: str = ""

    def file(self, seed: int, code: str | None = None) -> str:
        """The text of a learner's file: `code`, by default what the exercise begins with, below the task."""
        sheet = self.sheet(seed)
        code = sheet.start if code is None else code
        text = sheet.text.strip("\n")
        task = f'"""{self.title}\n\n{text}\n"""'
        return f"# chainrule learn {self.id}, seed {seed}\n{task}\n\n{code.strip()}\n"


def asked(module: ModuleType, name: str) -> Any:
    """What the file calls `name`. Raises `Wrong` where there is no such thing, or where it still is ``...``."""
    found = getattr(module, name, ...)
    if found is ...:
        raise Wrong(f"the file gives no {name} yet")
    return found


def number(found: Any, name: str) -> float:
    """The answer as a number. Raises `Wrong` where it is none."""
    if found is ... or found is None:
        raise Wrong(f"{name} is not given yet")
    try:
        return float(found)
    except (TypeError, ValueError):
        raise Wrong(f"{name} is {shown(found)}, which is not a number") from None


def close(a: float, b: float, tolerance: float = 1e-6) -> bool:
    """Whether two numbers are equal up to rounding, by default to six digits."""
    return math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance * 1e-3)


def mapping(found: Any, name: str) -> Mapping[Any, Any]:
    """The answer as a dict. Raises `Wrong` where it is none."""
    if not isinstance(found, Mapping):
        raise Wrong(f"{name} is {shown(found)}, but should be a dict")
    return found


def shown(found: object, room: int = 60) -> str:
    """A learner's object as a short text, also where its own `__repr__` fails."""
    try:
        text = repr(found)
    except Exception:
        text = f"an object of class {type(found).__name__}"
    return text if len(text) <= room else f"{text[: room - 1]}…"
