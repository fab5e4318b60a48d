"""Expressions typed by anyone: a fixed grammar, read with `ast` and calculated without `eval`.

Python's parser makes a tree, which is translated piece by piece into a flat list: numbers, names, and functions to
apply to what stands before them. Whatever the grammar does not name cannot be reached, and nothing recurses.
"""

import ast
import operator
import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from .engine import functions
from .engine.value import Value, apply
from .rules import table
from .rules.table import Operation

if TYPE_CHECKING:
    from inspect import Signature

_LONGEST = 20_000  # characters
_DEEPEST = 100  # brackets within each other
_TOO_LARGE = "a number in the expression is too large for a float"


class ExpressionError(ValueError):
    """A text that is no expression of the grammar."""


class Function(NamedTuple):
    """What may be called: the kinds of its arguments ("number", "list", "condition") and of its result.

    The last argument may be left out, or given by name, where `optional` names it.
    """

    call: Callable[..., Any]
    arguments: tuple[str, ...] = ("number",)
    optional: str = ""
    gives: str = "number"


def _functions() -> dict[str, Function]:
    known = {
        "where": Function(functions.where, ("condition", "number", "number")),
        "leaky_relu": Function(functions.leaky_relu, ("number", "number"), "slope"),
        "dot": Function(functions.dot, ("list", "list", "number"), "bias"),
        "softmax": Function(functions.softmax, ("list",), gives="list"),
        "log_softmax": Function(functions.log_softmax, ("list",), gives="list"),
    }
    for name, row in table.TABLE.items():
        call = getattr(functions, name, None)
        if call and name.isidentifier() and name not in known:
            known[name] = Function(call, ("list",) if row.variadic else ("number",) * len(row.operands))
    return known


FUNCTIONS = _functions()


class Expression:
    """A function of numbers or Values, given as text; `names` are its variables in the order in which they appear.

    Raises ExpressionError, which says what is wrong in one line, when the text is not in the grammar: numbers, names,
    ``+ - * / **``, the functions of this package and, as conditions of `where`, comparisons.

    >>> expression = Expression("(x + y) * z")
    >>> expression.names
    ('x', 'y', 'z')
    >>> expression(-2.0, 5.0, -4.0)
    -12.0
    >>> Expression("(lambda: 1)()")
    Traceback (most recent call last):
        ...
    autograd.expression.ExpressionError: only functions can be called, not 'lambda: 1': write * to multiply
    """

    def __init__(self, text: str):
        self.text = text
        self._program = _translate(text)
        self.names = tuple(dict.fromkeys(item for item in self._program if isinstance(item, str)))

    def __call__(self, *point: Any) -> Any:
        """The value where the variables, in the order of `names`, are the numbers or Values of `point`."""
        variables = dict(zip(self.names, point, strict=True))
        stack: list[Any] = []
        for item in self._program:
            if isinstance(item, float):
                stack.append(item)
            elif isinstance(item, str):
                stack.append(variables[item])
            else:
                start = len(stack) - item.arity
                stack[start:] = [item.function(*stack[start:])]
        return stack[0]

    @property
    def __signature__(self) -> "Signature":
        from inspect import Parameter, Signature

        return Signature([Parameter(name, Parameter.POSITIONAL_ONLY) for name in self.names])


class _Apply(NamedTuple):
    """In the program: replace the last `arity` results by what the function makes of them."""

    function: Callable[..., Any]
    arity: int
    constant: bool = False  # whether it may be calculated at once where all operands are plain numbers


_Item = float | str | _Apply


def _arithmetic(row: Operation, on_values: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def calculate(a: Any, b: Any) -> Any:
        return on_values(a, b) if isinstance(a, Value) or isinstance(b, Value) else apply(row, (a, b))

    return calculate


_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: _arithmetic(table.ADD, operator.add),
    ast.Sub: _arithmetic(table.SUB, operator.sub),
    ast.Mult: _arithmetic(table.MUL, operator.mul),
    ast.Div: _arithmetic(table.DIV, operator.truediv),
    ast.Pow: _arithmetic(table.POW, operator.pow),
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_COMPARISONS: dict[type[ast.AST], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
# What else Python has, by name, and where there is one, what to write instead.
_FOREIGN = {
    ast.Attribute: "attribute",
    ast.BitXor: "^: a power is written x**y",
    ast.BoolOp: "and, or",
    ast.DictComp: "comprehension",
    ast.FloorDiv: "//",
    ast.GeneratorExp: "comprehension",
    ast.IfExp: "if ... else: a choice is written where(condition, a, b)",
    ast.Invert: "~",
    ast.JoinedStr: "string",
    ast.List: "list here: it belongs into a function of many, such as total([x, y])",
    ast.ListComp: "comprehension",
    ast.MatMult: "@",
    ast.Mod: "%",
    ast.NamedExpr: "assignment: numbers are given after it, as x=2",
    ast.SetComp: "comprehension",
    ast.Starred: "star",
    ast.Subscript: "index",
    ast.Tuple: "comma outside of a call",
}


def _translate(text: str) -> list[_Item]:
    """The program of an expression: operands before the functions that take them."""
    program: list[_Item] = []
    todo: list[tuple[ast.AST, str] | _Item] = [(_tree(text), "number")]
    while todo:
        item = todo.pop()
        if not isinstance(item, tuple) or isinstance(item, _Apply):
            program.append(item)
            if isinstance(item, _Apply) and item.constant:
                _fold(program)
            continue
        translated, operands = _read(*item)
        todo.append(translated)
        todo += reversed(operands)
    return program


def _tree(text: str) -> ast.expr:
    text = " ".join(text.split())
    if not text:
        raise ExpressionError("the expression is empty")
    if len(text) > _LONGEST:
        raise ExpressionError(f"the expression has {len(text)} characters; the longest that is read has {_LONGEST}")
    if _depth(text) > _DEEPEST:
        raise ExpressionError(f"the expression has more than {_DEEPEST} brackets within each other")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        reason = str(error.msg).partition(". ")[0].partition(": ")[0]
        column = f" at character {error.offset}" if error.offset else ""
        raise ExpressionError(f"the expression {_quoted(text)} cannot be read: {reason}{column}") from None
    except (RecursionError, MemoryError):
        raise ExpressionError("the expression is too long, or nested too deeply, for Python's parser") from None
    except ValueError:
        raise ExpressionError(f"the expression holds characters that are no text: {_quoted(text)}") from None


def _depth(text: str) -> int:
    depth = deepest = 0
    for c in text:
        depth += (c in "([{") - (c in ")]}")
        deepest = max(deepest, depth)
    return deepest


def _read(node: ast.AST, wanted: str) -> tuple[_Item, list[tuple[ast.AST, str]]]:
    """One piece of the tree: what to put into the program, and the operands to translate before it."""
    match node:
        case ast.Compare() if wanted == "condition":
            comparisons = [_known(_COMPARISONS, comparison, node) for comparison in node.ops]
            operands = [node.left, *node.comparators]
            return _Apply(_all(comparisons), len(operands)), [(operand, "number") for operand in operands]
        case ast.List() if wanted == "list":
            return _Apply(_list, len(node.elts)), [(element, "number") for element in node.elts]
        case ast.Call(func=ast.Name(id=name)):
            return _read_call(node, name, wanted)
        case ast.Call():
            raise ExpressionError(f"only functions can be called, not {_source(node.func)}: write * to multiply")
        case ast.Constant() | ast.Name() | ast.UnaryOp() | ast.BinOp() if wanted == "list":
            raise ExpressionError(f"a list such as [x, y] belongs where {_source(node)} stands")
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return _number(value), []
        case ast.Name(id=name):
            if name in FUNCTIONS:
                raise ExpressionError(f"{name} is a function: write {name}(...)")
            return name, []
        case ast.UnaryOp(op=sign, operand=operand):
            return _Apply(_known(_OPERATORS, sign, node), 1, constant=True), [(operand, "number")]
        case ast.BinOp(left=left, op=symbol, right=right):
            return _Apply(_known(_OPERATORS, symbol, node), 2, constant=True), [(left, "number"), (right, "number")]
    raise _refusal(node)


def _read_call(node: ast.Call, name: str, wanted: str) -> tuple[_Item, list[tuple[ast.AST, str]]]:
    function = FUNCTIONS.get(name)
    if function is None:
        raise ExpressionError(f"unknown function {_quoted(name)}: {_suggestion(name)}")
    if (function.gives == "list") != (wanted == "list"):
        raise ExpressionError(f"{name}(...) is a {function.gives}, and a {wanted} belongs where it stands")
    given: list[ast.expr] = list(node.args)
    for keyword in node.keywords:
        if not function.optional or keyword.arg != function.optional or len(given) != len(function.arguments) - 1:
            raise ExpressionError(f"{name} takes no argument {_quoted(str(keyword.arg))} here")
        given.append(keyword.value)
    if function.arguments == ("list",) and given and not _is_list(given[0]):
        given = [ast.List(elts=given)]  # total(x, y) is total([x, y])
    most = len(function.arguments)
    if not most - bool(function.optional) <= len(given) <= most:
        count = f"{most - 1} or {most}" if function.optional else str(most)
        raise ExpressionError(f"{name} takes {count} argument{'s' if most > 1 else ''}, got {len(given)}")
    return _Apply(function.call, len(given)), list(zip(given, function.arguments, strict=False))


def _is_list(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
        return FUNCTIONS[node.func.id].gives == "list"
    return isinstance(node, ast.List)


def _number(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if number - number != 0:
        raise ExpressionError(_TOO_LARGE)
    return number


def _fold(program: list[_Item]) -> None:
    """Calculate the last item at once where its operands are plain numbers: ``-2``, ``1/3``, ``9**9**9``."""
    last = program[-1]
    assert isinstance(last, _Apply)
    numbers = program[-1 - last.arity : -1]
    if not all(isinstance(number, float) for number in numbers):
        return
    try:
        result = last.function(*numbers)
    except OverflowError:
        result = float("inf")
    except (ValueError, ZeroDivisionError):
        return  # it has no value: an error of the calculation, not of the grammar
    if result - result != 0:
        raise ExpressionError(_TOO_LARGE)
    program[-1 - last.arity :] = [result]


def _all(comparisons: Iterable[Callable[[float, float], bool]]) -> Callable[..., bool]:
    def compare(*operands: Any) -> bool:
        numbers = [float(x) for x in operands]
        return all(f(a, b) for f, a, b in zip(comparisons, numbers, numbers[1:], strict=False))

    return compare


def _list(*elements: Any) -> list[Any]:
    return list(elements)


def _known(meanings: dict[type[ast.AST], Callable[..., Any]], symbol: ast.AST, node: ast.AST) -> Callable[..., Any]:
    if type(symbol) not in meanings:
        raise _refusal(symbol, node)
    return meanings[type(symbol)]


def _refusal(piece: ast.AST, node: ast.AST | None = None) -> ExpressionError:
    """Why a piece of the tree is not in the grammar."""
    if isinstance(piece, ast.Compare):
        what = "comparison here: it is a condition, for where(condition, a, b)"
    elif isinstance(piece, ast.Constant):
        what = "string" if isinstance(piece.value, (str, bytes)) else "number of this kind"
    else:
        what = _FOREIGN.get(type(piece), type(piece).__name__.lower())
    name, _, advice = what.partition(": ")
    advice = advice or "it is made of numbers, names, + - * / ** and functions"
    return ExpressionError(f"an expression has no {name} ({_source(node or piece)}): {advice}")


def _source(node: ast.AST) -> str:
    try:
        return _quoted(ast.unparse(node))
    except (RecursionError, ValueError):
        return "a piece of it"


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}...")


def _suggestion(name: str) -> str:
    import difflib

    close = _CLOSE.get(name) or next(iter(difflib.get_close_matches(name, FUNCTIONS, n=1)), None)
    return f"did you mean {close}?" if close else f"there are {', '.join(sorted(FUNCTIONS))}"


_CLOSE = {"ln": "log", "max": "maximum", "min": "minimum", "sum": "total", "tg": "tan", "pow": "**"}
