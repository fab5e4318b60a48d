"""Scopes: names for the parts of a model, such as a neuron within a layer, that nodes belong to."""

from collections.abc import Iterable
from typing import Any
from weakref import WeakValueDictionary

from .grad_mode import Block, current_mode, mode


class Scope:
    """The named part of a model that a node belongs to; `parent` is the part around it.

    >>> from autograd import Value, scope
    >>> with scope("layer 1"), scope("neuron 2"):
    ...     w = Value(0.5)
    >>> w.scope
    Scope('layer 1/neuron 2')
    >>> w.scope.parent.name
    'layer 1'
    """

    __slots__ = ("__weakref__", "_inner", "name", "parent")

    def __init__(self, name: str, parent: "Scope | None" = None):
        if not isinstance(name, str):
            raise TypeError(f"a scope's name is a str, got {type(name).__name__} {name!r}")
        if not name.strip():
            raise ValueError(f"a scope needs a name that can be seen, got {name!r}")
        self.name, self.parent = name, parent
        self._inner: WeakValueDictionary[str, Scope] | None = None  # weak, since each of them holds this one

    def within(self, name: str) -> "Scope":
        """The scope of that name within this one: the same object as long as a node holds it."""
        if self._inner is None:
            self._inner = WeakValueDictionary()
        return self._inner.setdefault(name, Scope(name, self))

    def hold(self, nodes: Iterable[Any], names: Iterable[str]) -> None:
        """Put each node into the scope of its name within this one.

        The scope is made when somebody asks for it: a network has many neurons that nobody draws.
        """
        for node, name in zip(nodes, names, strict=True):
            node._scope = self
            node._part = name

    @property
    def path(self) -> tuple[str, ...]:
        """The names from the outermost scope to this one."""
        names: list[str] = []
        scope: Scope | None = self
        while scope is not None:
            names.append(scope.name)
            scope = scope.parent
        return tuple(reversed(names))

    def __repr__(self) -> str:
        return f"Scope({'/'.join(self.path)!r})"

    def __reduce__(self) -> tuple[type["Scope"], tuple[str, "Scope | None"]]:
        return Scope, (self.name, self.parent)  # slots alone have no pickle in protocols 0 and 1


class scope(mode):
    """Name the part of a model that the nodes made inside belong to; drawing can collapse it to one box.

    Leaves made inside count as parameters of that part. It holds for the calling thread and asyncio task. Raises
    TypeError or ValueError for a name that is not a text one can see.

    >>> from autograd import Value
    >>> with scope("layer 1"):
    ...     with scope("neuron 2"):
    ...         w = Value(0.5)
    >>> w.scope.path
    ('layer 1', 'neuron 2')
    """

    def __init__(self, name: str):
        super().__init__()
        self.name = Scope(name).name

    def here(self) -> Scope:
        """The scope that would be entered here."""
        return Scope(self.name, current_mode().scope)

    def __enter__(self) -> Scope:
        entered = self.here()
        self._entered.append(Block(scope=entered))
        return entered

    def _recreate_cm(self) -> "scope":
        return scope(self.name)


def inside(scope: Scope | None) -> mode:
    """Continue a scope that was entered before, such as that of a node which is being rewritten."""
    return mode(scope=scope)
