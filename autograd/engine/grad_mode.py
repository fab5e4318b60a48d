"""How new nodes are made in one thread: recorded or not, and within which named part of a model.

The mode is asked for at every operation, so the usual one costs nothing: threads in another mode stand in a dictionary
that is mostly empty.
"""

from collections.abc import Iterable
from contextlib import ContextDecorator
from threading import get_ident
from typing import Any, NamedTuple
from weakref import WeakValueDictionary


class Scope:
    """A name for what is calculated inside ``with scope(name):``, such as a neuron within a layer."""

    __slots__ = ("__weakref__", "_inner", "name", "parent")

    _inner: "WeakValueDictionary[str, Scope]"  # weak, since each of them holds this one

    def __init__(self, name: str, parent: "Scope | None" = None):
        self.name, self.parent = name, parent

    def within(self, name: str) -> "Scope":
        """The scope of that name within this one: the same as long as a node holds it."""
        if not hasattr(self, "_inner"):
            self._inner = WeakValueDictionary()
        return self._inner.setdefault(name, Scope(name, self))

    def hold(self, nodes: Iterable[Any], names: Iterable[str]) -> None:
        """Let each node belong to the scope of its name within this one, which is made when it is asked for."""
        for node, name in zip(nodes, names, strict=True):
            node._scope = self
            node._part = name

    @property
    def path(self) -> tuple[str, ...]:
        """The names from the outermost scope to this one."""
        names: list[str] = []
        inner: Scope | None = self
        while inner is not None:
            names.append(inner.name)
            inner = inner.parent
        return tuple(reversed(names))

    def __repr__(self) -> str:
        return f"Scope({'/'.join(self.path)!r})"

    def __reduce__(self) -> tuple[type["Scope"], tuple[str, "Scope | None"]]:
        return Scope, (self.name, self.parent)  # slots alone have no pickle in protocols 0 and 1


class Mode(NamedTuple):
    """How new nodes are made in one thread; `pauses` counts the no_grad blocks that are open.

    With `ieee`, results may be infinite or NaN, where else the operation would raise: so are local derivatives.

    A `tape` stands here while a function is traced to be compiled: it makes the nodes, compares them and takes notes.
    """

    pauses: int = 0
    scope: Scope | None = None
    tape: Any = None
    ieee: bool = False

    @property
    def recording(self) -> bool:
        return not self.pauses


USUAL = Mode()
modes: dict[int, Mode] = {}  # by thread, where not the usual one


def current_mode() -> Mode:
    return modes.get(get_ident(), USUAL)


def set_mode(mode: Mode) -> None:
    if mode == USUAL:
        modes.pop(get_ident(), None)
    else:
        modes[get_ident()] = mode


class no_grad(ContextDecorator):
    """Calculate without recording: results are constants, and the operands can be freed.

    As a context manager or as a decorator, ``@no_grad()``; it holds for the calling thread and ends with the block,
    also when that raises.

    >>> from autograd import Value
    >>> w = Value(2.0)
    >>> with no_grad():
    ...     y = w * 3
    >>> y.data, y.parents
    (6.0, ())
    """

    # Nothing is kept in the object: it may be entered again inside its own block, or by several threads.

    def __enter__(self) -> None:
        mode = current_mode()
        set_mode(mode._replace(pauses=mode.pauses + 1))

    def __exit__(self, *error: object) -> None:
        mode = current_mode()
        set_mode(mode._replace(pauses=mode.pauses - 1))


class scope:
    """Name the part of a model that the nodes made inside belong to; drawing can collapse it to one box.

    Leaves made inside count as parameters of that part.

    >>> from autograd import Value
    >>> with scope("layer 1"):
    ...     with scope("neuron 2"):
    ...         w = Value(0.5)
    >>> w.scope.path
    ('layer 1', 'neuron 2')
    """

    __slots__ = ("name",)

    def __init__(self, name: str):
        self.name = name

    def here(self) -> Scope:
        """What would be entered here."""
        return Scope(self.name, current_mode().scope)

    def __enter__(self) -> Scope:
        mode = current_mode()
        entered = self.here()
        modes[get_ident()] = Mode(mode.pauses, entered, mode.tape)
        return entered

    def __exit__(self, *error: object) -> None:
        mode = current_mode()
        set_mode(Mode(mode.pauses, mode.scope.parent if mode.scope else None, mode.tape))


class inside:
    """Continue a scope that was entered before, such as that of a node which is being rewritten."""

    __slots__ = ("_before", "scope")

    def __init__(self, scope: Scope | None):
        self.scope = scope

    def __enter__(self) -> None:
        self._before = current_mode()
        set_mode(self._before._replace(scope=self.scope))

    def __exit__(self, *error: object) -> None:
        set_mode(self._before)


def setting(owner: object, name: str) -> Any:
    """``getattr(owner, name)``, for a setting that decides what is calculated, such as a model's training mode.

    A compiled function that reads it this way notices when it changes, and is traced anew.
    """
    value = getattr(owner, name)
    tape = current_mode().tape
    if tape is not None:
        tape.settings.append((owner, name, value))
    return value
