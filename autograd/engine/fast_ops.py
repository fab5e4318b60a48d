"""For speed alone: each row of the table as one generated function that evaluates it and makes the node.

The text of a row is Python, so such a function calls no rule: it calculates, keeps the local derivatives and fills the
node in one go. Whatever is not the plain case (other kinds of operands, a mode, an error to explain, an infinite
derivative) it hands to `apply` and `arithmetic` of the module `value`, which give the same node.
"""

import linecache
import marshal
import math
import os
import sys
from collections.abc import Callable, Sequence
from functools import cache
from operator import mul
from types import CodeType, FunctionType
from typing import Any
from weakref import WeakKeyDictionary

from ..kept import keep, load
from ..rules import table
from ..rules.as_formulas import partial_formulas, value_formula
from ..rules.floats import FLOATS
from ..rules.formula import Source
from ..rules.operation import Operation
from . import value
from .docstrings import describe
from .grad_mode import USUAL, current_mode, modes
from .value import Value, assigned

# Every name of its own begins with "_": no operation and no operand of the user's can take its place.
_TEMPLATE = """\
def {name}({parameters}):
    {check}
    _scope = None
    if _modes:
        _mode = _current_mode()
        if not _mode.recording or _mode.tracer is not None:
            return _general(_operation, {operands})
        _scope = _mode.scope
    {numbers}
    try:
        _data = {data}
        {local_grads}
        if {unsure}:
            raise ValueError
    except (ValueError, ArithmeticError, TypeError):
        try:
            return _general(_operation, {operands})
        except Exception as _error:
            raise _error.with_traceback(None) from None
    _node = _new(_Value)
    _node._data = _data
    _node._grad = None
    _node._label = ""
    if {constant}:
        _node.operation = _node._x = _node._y = _node._dx = _node._dy = None
    else:
        _node.operation = _operation
        {edges}
    _node._scope = _scope
    return _node
"""


def generate(operation: Operation, name: str = "", owner: str = "", left: str = "Value") -> Callable[..., Any]:
    """The function that applies a row with a fixed number of operands.

    Arguments:
        name: what it is called, the name of the row if it is "".
        owner: the class whose method it is.
        left: for an operator, which operand is known to be a Value: "Value" the left one, "number" the right one.
    """
    name, docstring = name or operation.name, describe(operation)
    environment = _functions_of_floats(tuple(table.TABLE)) | {
        "__name__": "autograd",
        "_Value": Value,
        "_constant": value.constant,
        "_current_mode": current_mode,
        "_float": float,
        "_general": value.arithmetic if operation.infix else _apply,
        "_modes": modes,
        "_new": object.__new__,
        "_operation": operation,
        "_plain": (float, int),
        "_type": type,
        "inf": math.inf,
        "sum": sum,
        "take": lambda index, *xs: FLOATS.take(index, xs),
        "nan": math.nan,
    }
    names = operation.operands
    numbers = [f"_x_{n}" for n in names]
    operands = [f"_node_{n}" if n in environment or n.startswith("_") else n for n in names]
    slopes = partial_formulas(operation, "_data", numbers, Source)
    check = _check_operator(operands, left) if operation.infix and len(operands) == 2 else _check_function(operands)
    if operation is table.POW:  # a negative base has no derivative with respect to its exponent
        check += f"\n    if {operands[0]}._data < 0.0 and {operands[1]}.operation is not None: "
        check += f"return _general(_operation, {', '.join(operands)})"
    # A power may be complex.
    doubtful = ["_data", *(f"_slope_{n}" for n, slope in zip(names, slopes, strict=True) if "**" in slope.text)]
    unsure = [f"_type({result}) is not _float" for result in doubtful]
    source = _TEMPLATE.format(
        name=name,
        parameters=", ".join(operands if left == "Value" else operands[::-1]),
        operands=", ".join(operands),
        check=check,
        numbers="\n    ".join(f"{number} = {node}._data" for number, node in zip(numbers, operands, strict=True)),
        data=value_formula(operation, numbers, Source),
        unsure="False" if operation.ieee else " or ".join([*unsure, "_data - _data != 0.0"]),
        local_grads="\n        ".join(f"_slope_{n} = {slope}" for n, slope in zip(names, slopes, strict=True)),
        constant=" and ".join(f"{node}.operation is None" for node in operands),
        edges="\n        ".join(_edges(operands, [f"_slope_{n}" for n in names])),
    )
    function = _compiled(source, name, owner, environment)
    function.__doc__ = docstring
    function.__annotations__ = dict.fromkeys(names, "SupportsFloat") | {"return": "Value | float"}
    return function


@cache
def _functions_of_floats(names: tuple[str, ...]) -> dict[str, Any]:
    """What a rule may call: the rows of these names."""
    return {name: getattr(FLOATS, name) for name in names if name.isidentifier()}


class Codes:
    """The code of generated functions, by their sources, kept in a file.

    To compile them takes longer than the rest of ``import autograd``.
    """

    def __init__(self, path: str):
        self._path = path
        self._used: dict[str, CodeType] = {}
        self._complete = True
        kept = load(path)
        self._known: dict[str, CodeType] = marshal.loads(kept) if kept else {}  # noqa: S302 (as byte code is)

    def of(self, source: str, file: str) -> CodeType:
        """A source as code of a file of this name."""
        code = self._known.get(source)
        if code is None or code.co_filename != file:
            code, self._complete = compile(source, file, "exec"), False
        self._used[source] = code
        return code

    def keep(self) -> None:
        """Keep what was asked for so far, if something had to be compiled."""
        if not self._complete:
            keep(self._path, marshal.dumps(self._used))
        self._known, self._used = {}, {}


_KEPT = f"fast_ops.generated.{sys.implementation.cache_tag}-{sys.hexversion:x}"
codes = Codes(os.path.join(os.path.dirname(__file__), "__pycache__", _KEPT))


@cache
def generated(operation: Operation) -> FunctionType:
    """`generate`, once for each row."""
    function = generate(operation)
    assert isinstance(function, FunctionType)
    return function


def _compiled(source: str, name: str, owner: str, environment: dict[str, Any]) -> Callable[..., Any]:
    """The function of a source, which a debugger, a traceback and inspect.getsource can look into."""
    qualname = f"{owner}.{name}" if owner else name
    file = f"<autograd {qualname}>"
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    of_floats = environment.get(name)
    exec(codes.of(source, file), environment)
    made: Callable[..., Any] = environment[name]
    environment[name] = of_floats  # inside the function, exp is that of floats
    made.__module__, made.__qualname__ = "autograd", qualname
    return made


def _apply(operation: Operation, *operands: Any) -> Any:
    return value.apply(operation, operands)


def _edges(operands: list[str], slopes: list[str]) -> list[str]:
    """How parents and local derivatives go into the slots of a node."""
    if len(operands) > 2:
        operands, slopes = [f"({', '.join(operands)})"], [f"({', '.join(slopes)})"]
    x, y = [*operands, "None"][:2]
    dx, dy = [*slopes, "None"][:2]
    return [f"_node._x = {x}", f"_node._y = {y}", f"_node._dx = {dx}", f"_node._dy = {dy}"]


def _check_function(operands: list[str]) -> str:
    condition = " or ".join(f"_type({node}) is not _Value" for node in operands)
    return f"if {condition}: return _general(_operation, {', '.join(operands)})"


def _check_operator(operands: list[str], left: str) -> str:
    """Python has seen to it that one operand is a Value; a plain number as the other one becomes a constant."""
    other = operands[1] if left == "Value" else operands[0]
    return f"""if _type({other}) is not _Value:
        if _type({other}) not in _plain:
            return _general(_operation, {", ".join(operands)})
        {other} = _constant(_float({other}))"""


def neurons(rows: Sequence[Sequence[Value]], xs: Sequence[Value], biases: Sequence[Value]) -> list[Value]:
    """``dot(ws, xs, bias)`` for each row and its bias, all of them Values: most of what a network calculates.

    The row of the table as a loop that reads the inputs once, since a row with any number of operands has no generated
    function; a test compares it with the row. Raises AttributeError where something is not a Value.
    """
    mode = current_mode() if modes else USUAL
    general = not mode.recording or mode.tracer is not None or not xs
    scope, operation, new = mode.scope, table.DOT, object.__new__
    inputs = tuple(xs)
    numbers = tuple([node._data for node in inputs])
    n = len(numbers)
    nodes = []
    starts = [bias._data for bias in biases]
    for ws, bias, start, weights in zip(rows, biases, starts, _numbers(rows, biases), strict=True):
        data = sum(map(mul, weights, numbers), start)
        if len(weights) != n:
            raise unequal(weights, numbers)
        if general or data - data != 0.0 or ws[0].operation is None:
            nodes.append(value.apply(operation, (*ws, *inputs, bias)))
            continue
        node = new(Value)
        node._data = data
        node._grad = None
        node._label = ""
        node.operation = operation
        node._x = tuple(ws)
        node._xs = inputs
        node._b = bias
        node._y = None
        node._dx = numbers
        node._dy = weights
        node._scope = scope
        nodes.append(node)
    return nodes


# The numbers of the weights of a layer are read once for all examples of a step. By its first bias: the rows that were
# read, how often the data of a Value had been set by then, and what they were.
_read: WeakKeyDictionary[Value, tuple[Any, int, list[tuple[float, ...]]]] = WeakKeyDictionary()


def _numbers(rows: Sequence[Sequence[Value]], biases: Sequence[Value]) -> list[tuple[float, ...]]:
    """The data of each row. Only rows that stay what they are, tuples of tuples, are remembered."""
    if type(rows) is not tuple:
        return [tuple([node._data for node in ws]) for ws in rows]
    _ = rows[0][0]._data  # a weight whose number is elsewhere (`nn.fit`) fetches it now, and so do all others
    times, known = assigned[0], _read.get(biases[0])
    if known is None or known[0] is not rows or known[1] != times:
        known = rows, times, [tuple([node._data for node in ws]) for ws in rows]
        if all(type(ws) is tuple for ws in rows):
            _read[biases[0]] = known
    return known[2]


def unequal(weights: Sequence[Any], inputs: Sequence[Any]) -> ValueError:
    return ValueError(f"dot(ws, xs) needs as many weights as inputs, got {len(weights)} and {len(inputs)}")


def _install() -> None:
    """Give Value its operators and methods in this form: the one place where a class is changed from outside."""
    operators = {"add": table.ADD, "sub": table.SUB, "mul": table.MUL, "truediv": table.DIV, "pow": table.POW}
    for name, row in operators.items():
        setattr(Value, f"__{name}__", generate(row, f"__{name}__", "Value"))
        setattr(Value, f"__r{name}__", generate(row, f"__r{name}__", "Value", left="number"))
    setattr(Value, "__neg__", generate(table.NEG, "__neg__", "Value"))  # noqa: B010 (typed in the class)
    setattr(Value, "__abs__", generate(table.ABS, "__abs__", "Value"))  # noqa: B010
    for row in table.TABLE.values():
        if len(row.operands) == 1 and row.name in vars(Value):
            setattr(Value, row.name, _as_method(generated(row)))


def _as_method(function: FunctionType) -> FunctionType:
    method = FunctionType(function.__code__, function.__globals__, function.__name__)
    method.__module__, method.__qualname__ = function.__module__, f"Value.{function.__name__}"
    method.__doc__, method.__annotations__ = function.__doc__, function.__annotations__
    return method


_install()
