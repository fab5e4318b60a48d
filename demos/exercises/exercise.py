"""What an exercise is: a text, a file to begin with, hints, a right solution, and a check that says why it is wrong.

Texts are written in English and looked up in the catalogue where they are used, so that a sheet and its verdicts are in
the learner's language. Only the title is looked up where it is shown.
"""

import math
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from autograd import messages

from ..page import paragraphs

word, joined = messages.word, messages.joined  # for all exercises
_WIDTH = 86  # columns of a task, which the terminal shows with an indentation of two


class Wrong(Exception):
    """The answer is wrong; the text says why, in the learner's language, with its places filled."""

    def __init__(self, text: str, /, **fields: object):
        super().__init__(word(text, **fields))


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
        opening = f'"""{word(self.title)}\n\n{sheet.text}\n"""'
        return f"# chainrule learn {self.id}, seed {seed}\n{opening}\n\n{code.strip()}\n"


def task(text: str, **fields: object) -> str:
    """The text of a task: each paragraph looked up, filled and wrapped; one that is indented stays in its lines.

    >>> print(task("The numbers\\nare given:\\n\\n    x = {x:g}", x=2.0))
    The numbers are given:
    <BLANKLINE>
        x = 2
    """
    parts = []
    for part in paragraphs(text):
        if part.startswith("    "):
            parts.append(textwrap.indent(word(textwrap.dedent(part), **fields), "    "))
        else:
            parts.append(messages.wrapped(word(part, **fields), _WIDTH))
    return "\n\n".join(parts)


def asked(module: ModuleType, name: str) -> Any:
    """What the file calls `name`. Raises `Wrong` where there is no such thing, or where it still is ``...``."""
    found = getattr(module, name, ...)
    if found is ...:
        raise Wrong("the file gives no {name} yet", name=name)
    return found


def number(found: Any, name: str) -> float:
    """The answer as a number. Raises `Wrong` where it is none."""
    if found is ... or found is None:
        raise Wrong("{name} is not given yet", name=name)
    try:
        return float(found)
    except (TypeError, ValueError):
        raise Wrong("{name} is {found}, which is not a number", name=name, found=shown(found)) from None


def close(a: float, b: float, tolerance: float = 1e-6) -> bool:
    """Whether two numbers are equal up to rounding, by default to six digits."""
    return math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance * 1e-3)


def mapping(found: Any, name: str) -> Mapping[Any, Any]:
    """The answer as a dict. Raises `Wrong` where it is none."""
    if not isinstance(found, Mapping):
        raise Wrong("{name} is {found}, but should be a dict", name=name, found=shown(found))
    return found


def shown(found: object, room: int = 60) -> str:
    """A learner's object as a short text, also where its own `__repr__` fails."""
    try:
        text = " ".join(repr(found).split())
    except Exception:
        text = word("an object of class {name}", name=type(found).__name__)
    return text if len(text) <= room else f"{text[: room - 1]}…"
