"""A traced function on its way to other processes, each of which unpacks it, and so compiles it, once."""

import pickle
import threading
import weakref
import zlib
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, ClassVar
from uuid import uuid4

from .program.blocks import Node
from .traced import Traced

_REMEMBERED = 8  # programs that a process keeps compiled
_FIELDS = [field.name for field in fields(Node)]


class Parcel:
    """A traced function that pickles small. Unpickled again and again in a process, it is the same object."""

    _sent: ClassVar[weakref.WeakKeyDictionary[Traced, list[Any]]] = weakref.WeakKeyDictionary()
    _arrived: ClassVar[dict[str, "Parcel"]] = {}
    _lock = threading.Lock()

    def __init__(self, traced: Traced, parcel: list[Any]):
        self.traced, self._label = traced, parcel  # a name, and the bytes once they are needed

    @classmethod
    def of(cls, traced: Traced) -> "Parcel":
        """The parcel of a traced function, with the same name each time."""
        return cls(traced, cls._sent.setdefault(traced, [uuid4().hex, None]))

    def __dask_tokenize__(self) -> str:
        return str(self._label[0])

    def __reduce__(self) -> tuple[Callable[[str, bytes], "Parcel"], tuple[Any, ...]]:
        if self._label[1] is None:
            self._label[1] = _packed(self.traced)
        return Parcel._opened, tuple(self._label)

    @classmethod
    def _opened(cls, name: str, packed: bytes) -> "Parcel":
        with cls._lock:
            found = cls._arrived.pop(name, None) or cls(_unpacked(packed), [name, packed])
            cls._arrived[name] = found  # the one used last is the last
            while len(cls._arrived) > _REMEMBERED:
                del cls._arrived[next(iter(cls._arrived))]
            return found


def _packed(traced: Traced) -> bytes:
    """The program without Values, settings and generators; nodes field by field, which is small and quick."""
    program = traced.program
    columns = [[getattr(node, name) for node in program.nodes] for name in _FIELDS]
    none: list[Any] = [None] * len(program.parameters)
    state = traced.__getstate__() | {
        "program": replace(program, nodes=[], parameters=none, constants=[]),
        "_settings": [],
        "_generators": [None] * traced.draws,
    }
    return zlib.compress(pickle.dumps((state, columns), pickle.HIGHEST_PROTOCOL), 1)


def _unpacked(packed: bytes) -> Traced:
    state, columns = pickle.loads(zlib.decompress(packed))  # noqa: S301 (what Dask sends is trusted as Dask itself is)
    state["program"].nodes = list(map(Node, *columns))
    traced = Traced.__new__(Traced)
    traced.__setstate__(state)
    return traced
