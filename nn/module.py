"""`Module`: any object whose attributes hold parameters.

Parameters are leaf Values: attributes themselves, in lists, tuples and dicts, or in other modules. The path to a
parameter is its name, and the name of a module within another is the scope of what it calculates.
"""

from collections.abc import Iterator, Mapping, Sequence
from reprlib import recursive_repr
from typing import Any, Self, SupportsFloat

from autograd import Scope, Value, scope, setting

from .checks import is_finite

_LEAF = Value(0.0).operation  # what leaves have, and neither constants nor what is calculated


class Module:
    """The base of all models: finds the parameters in its attributes.

    A subclass sets leaf Values and modules as attributes, directly or in lists, tuples and dicts, and says in
    ``forward(self, x)`` what it calculates. `training` says whether random parts, such as dropout, act. Parameters
    and scopes get their names when `parameters` or `named_parameters` is called.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.bias = Value(2.0), Value(1.0)
    ...
    ...     def forward(self, x):
    ...         return self.slope * x + self.bias
    >>> line = Line()
    >>> line(3.0).data
    7.0
    >>> line.state_dict()
    {'slope': 2.0, 'bias': 1.0}
    """

    training = True
    changes = 0  # how often an attribute of some module was replaced; a compiled function notices, see `setting`
    _scope_name = "Module"  # of its scope: what the module that holds this one calls it, else its class

    def __init_subclass__(cls) -> None:
        cls._scope_name = cls.__name__

    def __setattr__(self, name: str, value: object) -> None:
        if name != "training" and not name.startswith("_") and getattr(self, name, value) is not value:
            Module.changes += 1
        super().__setattr__(name, value)

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """What `forward` gives: in a scope of its own where this module is part of another."""
        setting(Module, "changes")
        if "_scope_name" not in vars(self):
            return self.forward(*inputs, **options)
        with scope(self._scope_name):
            return self.forward(*inputs, **options)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """What this module calculates; for subclasses to write."""
        raise NotImplementedError(f"{type(self).__name__} needs a method forward(self, x) that says what it calculates")

    def named_modules(self) -> list[tuple[str, "Module"]]:
        """This module, named "", and every one below it once, with the path to it."""
        return [(path, part) for path, _, _, part in _parts(self, modules_only=True) if isinstance(part, Module)]

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Every parameter once, with its path as its name, such as ``layers.0.neurons.3.w.1``.

        The names become the labels of the parameters, in messages and pictures, save those that you labelled yourself.
        Raises ValueError when two parameters would get one name.
        """
        setting(Module, "changes")
        parameters = []
        homes: dict[Module, Scope] = {}
        for path, start, owner, part in _parts(self):
            if isinstance(part, Module):
                if path and part._scope_name != path[start:]:
                    part._scope_name = path[start:]
                continue
            parameters.append((path, part))
            label, home = part.label, part.scope
            if label != path and f".{path}".endswith(f".{label}" if label else ""):
                part.label = path
            if home is None or home.name != owner._scope_name:  # it is drawn in the box of its module
                if owner not in homes:
                    homes[owner] = Scope(owner._scope_name)
                part.scope = homes[owner]
        if len(dict(parameters)) < len(parameters):
            raise ValueError(f"two parameters of {type(self).__name__} get the same name: rename a key of its dicts")
        return parameters

    def parameters(self) -> list[Value]:
        """Every parameter once: the leaf Values below this module, in the order of its attributes."""
        return [parameter for _, parameter in self.named_parameters()]

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters: each `grad` is None again."""
        for _, _, _, part in _parts(self):
            if isinstance(part, Value):
                part.grad = None

    def train(self, mode: bool = True) -> Self:
        """Let random parts (dropout) act from now on, here and in all modules below; returns the module."""
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Let random parts (dropout) rest from now on, here and in all modules below; returns the module."""
        return self.train(False)

    def state_dict(self) -> dict[str, float]:
        """The number of each parameter by its name."""
        return {name: parameter.data for name, parameter in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Set every parameter to its number in `state`, as `state_dict` gave it.

        Raises KeyError when names are missing or unknown, ValueError when one is not a finite number; the model is
        then as it was.
        """
        parameters = dict(self.named_parameters())
        missing = [name for name in parameters if name not in state]
        unknown = [name for name in state if name not in parameters]
        if missing or unknown:
            raise KeyError(
                f"this state is of another model: {_some('missing', missing)}, {_some('not in this model', unknown)}"
            )
        numbers = {name: _finite(name, state[name]) for name in parameters}
        for name, parameter in parameters.items():
            parameter.data = numbers[name]

    @recursive_repr()
    def __repr__(self) -> str:
        parts = [
            f"{path}={part!r}" for path, _, owner, part in _parts(self) if owner is self and isinstance(part, Module)
        ]
        return f"{type(self).__name__}({', '.join(parts[1:])})"


def _parts(root: Module, modules_only: bool = False) -> list[tuple[str, int, Module, Value | Module]]:
    """Every parameter (unless `modules_only`) and module below `root` once, in the order of the attributes.

    Each with its path, where in the path the name within its module begins, that module, and the part itself.
    """
    parts: list[tuple[str, int, Module, Value | Module]] = [("", 0, root, root)]
    parameters: set[Value] = set()
    walked: set[int] = {id(root)}
    stack = [("", 0, root, _children(root))]  # no recursion: modules may be nested deep, and in circles
    while stack:
        before, start, owner, children = stack[-1]
        for key, child in children:
            if isinstance(child, Value):
                if modules_only or (type(child) is not Value and _is_traced(type(child).__module__)):
                    continue
                if child.operation is _LEAF and child not in parameters:
                    parameters.add(child)
                    parts.append((f"{before}{key}", start, owner, child))
            elif isinstance(child, (Module, list, tuple, dict)) and id(child) not in walked:
                walked.add(id(child))
                path = f"{before}{key}."
                if isinstance(child, Module):
                    parts.append((path[:-1], start, owner, child))
                    stack.append((path, len(path), child, _children(child)))
                else:
                    stack.append((path, start, owner, _children(child)))
                break
        else:
            stack.pop()
    return parts


def _is_traced(module: str) -> bool:
    """Whether Values of a class in this module are those of a function that is being compiled, such as a kept input."""
    return module.startswith("autograd.compiler.")


def _children(part: Any) -> Iterator[tuple[object, object]]:
    if isinstance(part, Module):
        return iter(vars(part).items())
    return iter(part.items()) if isinstance(part, dict) else iter(enumerate(part))


def _finite(name: str, number: SupportsFloat) -> float:
    if not is_finite(number):
        raise ValueError(f"the state of parameter {name!r} is a finite number, got {number!r}")
    return float(number)


def _some(what: str, names: Sequence[object]) -> str:
    shown = ", ".join(map(repr, names[:3])) + (", ..." if len(names) > 3 else "")
    return f"{len(names)} {what}{f' ({shown})' if names else ''}"
