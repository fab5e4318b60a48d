"""Modes: whether new nodes are recorded, in which scope they are made, and whether a function is being traced.

A mode holds for one thread, or for one asyncio task, while a block that was entered there is open. Every operation asks
for the mode, so the usual one costs one test of an empty dictionary: only threads and tasks with an open block are in
it.
"""

import sys
from contextlib import ContextDecorator
from threading import local
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

if TYPE_CHECKING:
    from .scope import Scope


class Mode(NamedTuple):
    """How new nodes are made here and now.

    `recording` is False inside `no_grad`; `scope` is the innermost open scope. `tracer` makes the nodes while a
    function is traced to be compiled, or evaluated in forward mode; `ieee` lets an operation without a finite value
    give infinity or NaN where it would raise.
    """

    recording: bool = True
    scope: "Scope | None" = None
    tracer: Any = None
    ieee: bool = False


USUAL = Mode()
modes: dict[int, Mode] = {}  # by the id of the thread's or task's owner, where a block is open
_blocks: dict[int, list["Block"]] = {}  # the open blocks of each owner, in the order they were entered


class Block:
    """One entered block: the fields of the mode that it sets, and the thread or task that entered it."""

    __slots__ = ("_owner", "changes")

    def __init__(self, **changes: Any):
        self.changes = changes
        self._owner = _enter(self)

    def leave(self) -> None:
        """End the block, whoever calls this: another thread may finalize the generator that entered it."""
        blocks = _blocks.get(self._owner, [])
        if self in blocks:
            blocks.remove(self)
            _settle(self._owner)

    @property
    def is_here(self) -> bool:
        """Whether this thread or task entered the block."""
        return self._owner == id(_here())


class _Owner:
    """Stands for a thread: dies with it, so that the next thread does not inherit a block that was left open."""


class _Thread(local):
    def __init__(self) -> None:
        self.owner = _Owner()


_thread = _Thread()
_watched: dict[int, "ref[Any]"] = {}


def _here() -> Any:
    """What a mode belongs to: the running asyncio task, else the thread."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None and asyncio._get_running_loop() is not None:  # None where current_task would raise
        task = asyncio.current_task()
        if task is not None:
            return task
    return _thread.owner


def _enter(block: Block) -> int:
    owner = _here()
    key = id(owner)
    if key not in _blocks:
        _blocks[key] = []
        _watched[key] = ref(owner, lambda _: _forget(key))
    _blocks[key].append(block)
    _settle(key)
    return key


def _settle(key: int) -> None:
    """Let the mode follow from the blocks that are open, whatever order they are left in."""
    mode = USUAL
    for block in _blocks[key]:
        mode = mode._replace(**block.changes)
    if _blocks[key]:
        modes[key] = mode
    else:
        _forget(key)


def _forget(key: int) -> None:
    for known in (modes, _blocks, _watched):
        known.pop(key, None)


def current_mode() -> Mode:
    """The mode of the calling thread or asyncio task."""
    return modes.get(id(_here()), USUAL) if modes else USUAL


class mode(ContextDecorator):
    """A context manager that sets fields of the mode, ``with mode(tracer=...):``, and may be entered again inside."""

    def __init__(self, **changes: Any):
        self._changes = changes
        self._entered: list[Block] = []

    def __enter__(self) -> Any:
        self._entered.append(Block(**self._changes))

    def __exit__(self, *error: object) -> None:
        entered = next((b for b in reversed(self._entered) if b.is_here), self._entered[-1])
        self._entered.remove(entered)
        entered.leave()

    def _recreate_cm(self) -> "mode":
        return type(self)(**self._changes)  # calls of a decorated function share no blocks


class no_grad(mode):
    """Calculate without recording: results are constants, and the operands can be freed.

    A context manager, or a decorator: ``@no_grad()``. It holds for the calling thread and asyncio task and ends with
    the block, also when that raises.

    >>> from autograd import Value
    >>> w = Value(2.0)
    >>> with no_grad():
    ...     y = w * 3
    >>> y.data, y.parents
    (6.0, ())
    """

    def __init__(self) -> None:
        super().__init__(recording=False)

    def _recreate_cm(self) -> "no_grad":
        return no_grad()


def setting(owner: Any, name: str = "") -> Any:
    """``getattr(owner, name)``, for a setting that decides what is calculated, such as a model's training mode.

    Without a name it is for a list, such as that of a model's layers, and gives the list itself.

    A compiled function that reads a setting in this way notices when it changes, and is traced again.

    Arguments:
        owner: the object that has the setting, or the list.
        name: the attribute's name.

    Returns what the attribute is now.

    >>> class Model:
    ...     training = True
    >>> setting(Model(), "training")
    True
    """
    value = getattr(owner, name) if name else owner
    tracer = current_mode().tracer
    if tracer is not None:
        tracer.settings.append((owner, name, value))
    return value
