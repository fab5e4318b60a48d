"""What a trace read besides its arguments, and whether all of it is as it was.

A trace is stale once something that it read has been replaced: a setting (see `setting`), the data of a constant, or
what a name in the function means. This is asked at every call, so it is a few comparisons of lists.
"""

import dis
import weakref
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, TypeVar

from ..engine.value import Value

T = TypeVar("T")


class _Names:
    """Variables around a function (`cells`) and of its module (`names`), and what they were."""

    def __init__(self, function: FunctionType | None, values: bool):
        closure = (function.__closure__ or ()) if function else ()
        self._globals: dict[str, object] = function.__globals__ if function else {}
        self._cells = [cell for cell in closure if _watched(_content(cell), values)]
        names = _global_names(function.__code__) if function else []
        self._names = [name for name in names if name in self._globals and _watched(self._globals[name], values)]
        self.found = self.now()

    def now(self) -> list[object]:
        known = self._globals
        return [cell.cell_contents for cell in self._cells] + [known.get(name) for name in self._names]

    def __bool__(self) -> bool:
        return len(self.found) > 0


class Readings:
    """What one trace read.

    Arguments:
        settings: pairs of an object and the name of its attribute, or of a list and "".
        constants: Values that the trace took as numbers.
        function: the one that was traced.

    Attributes: `settings` tells whether there are any that have more to say than what a model consists of.
    """

    def __init__(
        self, settings: Iterable[tuple[Any, str]], constants: Iterable[Value], function: Callable[..., object] | None
    ):
        named = {(id(owner), name): (owner, name) for owner, name in settings}.values()
        function = function.__func__ if isinstance(function, MethodType) else function
        function = function if isinstance(function, FunctionType) else None
        self._constants = [(weakref.ref(value), value._data) for value in constants]
        self._set([(held(owner), name, getattr(owner, name)) for owner, name in named if name])
        self._names, self._variables = _Names(function, values=False), _Names(function, values=True)
        lists = [xs for xs, name in named if not name] + [xs for xs in self._variables.found if type(xs) is list]
        lists = list({tuple(map(id, xs)): xs for xs in lists}.values())  # a model may be called many times
        self._lists = [xs for xs in lists if not _is_values(xs)]  # what a model consists of
        self._values = [xs for xs in lists if _is_values(xs)]  # where its numbers are
        self._were = _copied(self._lists), _copied(self._values)

    def _set(self, settings: list[tuple[Callable[[], object], str, object]]) -> None:
        self._owners = [(owner, name) for owner, name, _ in settings]
        self._found = [value for _, _, value in settings]
        self.settings = any(not isinstance(owner(), type) for owner, _ in self._owners)

    def __getstate__(self) -> dict[str, Any]:
        settings = [(owner(), name, value) for (owner, name), value in zip(self._owners, self._found, strict=True)]
        # Those of a class, such as a count of changes, are another process's.
        return {"settings": [s for s in settings if s[0] is not None and not isinstance(s[0], type)]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__((), (), None)  # type: ignore[misc]
        # Their function stayed behind, so nobody else has these objects.
        self._set([(partial(_same, owner), name, value) for owner, name, value in state["settings"]])

    def drop_unreachable(self) -> None:
        """Forget constants that nobody can set, because nobody has them any more."""
        self._constants = [(reference, number) for reference, number in self._constants if reference() is not None]

    def current(self, with_values: bool) -> bool:
        """Whether all is as it was; `with_values`, also which Values are where, not only what is calculated."""
        for reference, number in self._constants:
            value = reference()
            if value is not None and value._data != number == number:
                return False
        lists, values = self._were
        try:
            return (
                self._lists == lists
                and [getattr(owner(), name) for owner, name in self._owners] == self._found
                and (not self._names or self._names.now() == self._names.found)
                and (not with_values or (self._values == values and self._variables.now() == self._variables.found))
            )
        except (AttributeError, ValueError):  # an object that is gone, or arrays that are not the same
            return False


def _watched(x: object, values: bool) -> bool:
    """Whether what a name means may change what is calculated; `values`, which Values it is calculated from."""
    return not isinstance(x, (ModuleType, type)) and (isinstance(x, Value) or _is_values(x)) == values


def _content(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty
        return type


@lru_cache(maxsize=1000)
def _global_names(code: CodeType) -> tuple[str, ...]:
    """The global names that a function reads, those of functions within it included."""
    names = [i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")]
    for inner in code.co_consts:
        names += _global_names(inner) if isinstance(inner, CodeType) else ()
    return tuple(dict.fromkeys(names))


def _copied(x: object) -> object:
    return [_copied(y) for y in x] if type(x) is list else x


def _is_values(x: object) -> bool:
    """Whether `x` is lists of Values."""
    first = x
    while type(first) is list and first:
        first = first[0]
    return first is not x and isinstance(first, Value)


def held(x: T) -> Callable[[], T | None]:
    """A function that returns `x` as long as it lives; for ever where it cannot be referred to weakly."""
    try:
        return weakref.ref(x)
    except TypeError:
        return partial(_same, x)


def _same(x: T) -> T:
    return x
