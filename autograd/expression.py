"""Expressions typed by anyone: a fixed grammar, parsed with `ast` and calculated without `eval`.

The notation of people is rewritten as Python's (`notation.typed`). Python's parser makes a tree, which is translated
node by node into a flat list: numbers, names, and functions to apply to the results before them. What the grammar does
not contain cannot be reached, and nothing recurses.
"""

import ast
import math
import operator
import sys
import warnings
from collections.abc import Callable, Collection, Iterable
from inspect import Parameter, Signature, signature
from typing import Any, NamedTuple

from .engine import functions
from .engine.value import Value, apply
from .notation.typed import NotationError, python_text
from .rules import table
from .rules.table import Operation

_LONGEST = 20_000  # characters
_DEEPEST = 100  # brackets within each other
_TOO_LARGE = "a number in the expression is too large for a float"


class ExpressionError(ValueError):
    """A text that is no expression of the grammar."""


class Function(NamedTuple):
    """What may be called: the kinds of its arguments ("number", "list", "condition") and of its result.

    The last argument may be left out, or given by name, where `optional` names it; where `many`, it may be repeated.
    """

    call: Callable[..., Any]
    arguments: tuple[str, ...] = ("number",)
    optional: str = ""
    gives: str = "number"
    many: bool = False


_KINDS = {"condition": "condition", "xs": "list", "ws": "list"}  # of the parameters with these names
_LISTS = ("softmax", "log_softmax")  # of one list, and give a list


def _functions() -> dict[str, Function]:
    """The public functions of the package that come from a row of the table, and those that give a list."""
    package = sys.modules[__package__ or "autograd"]
    known = {}
    for name in sorted(name for name in {*table.TABLE, *_LISTS} if name.isidentifier()):
        if call := getattr(functions, name, None) if hasattr(package, name) else None:
            known[name] = _function(name, call)
    return known


def _function(name: str, call: Callable[..., Any]) -> Function:
    parameters = [*signature(call).parameters.values()]
    row = table.TABLE.get(name)
    if name in _LISTS:
        return Function(call, ("list",), gives="list")
    if len(parameters) == 1 and row and row.variadic:
        return Function(call, ("list",))
    kinds = tuple(_KINDS.get(parameter.name, "number") for parameter in parameters)
    last = parameters[-1]
    optional = last.name if last.default is not Parameter.empty else ""
    return Function(call, kinds, optional, many=last.kind is Parameter.VAR_POSITIONAL)


FUNCTIONS = _functions()
CONSTANTS = {"pi": math.pi, "π": math.pi, "e": math.e}
# Other names that people use for the functions.
ALIASES = {
    "acos": "arccos", "acosh": "arccosh", "asin": "arcsin", "asinh": "arcsinh", "atan": "arctan", "atan2": "arctan2",
    "atanh": "arctanh", "expit": "sigmoid", "lg": "log10", "ln": "log", "max": "maximum", "min": "minimum",
    "sgn": "sign", "sum": "total", "swish": "silu", "tg": "tan", "σ": "sigmoid",
}  # fmt: skip


class Expression:
    """A function of numbers or Values, given as text; `names` are its variables in the order in which they appear.

    Arguments:
        text: numbers, names, ``+ - * / **``, the functions of this package and, as conditions of `where`, comparisons;
            in Python's notation or as people write: ``2x² − √y·|z|``. `pi` and `e` are the constants.
        variables: names that are variables even if they are the name of a constant.

    Raises ExpressionError, which says in one line what is wrong, when the text is not in this grammar.

    >>> expression = Expression("(x + y) * z")
    >>> expression.names
    ('x', 'y', 'z')
    >>> expression(-2.0, 5.0, -4.0)
    -12.0
    >>> Expression("2x² + pi").names
    ('x',)
    >>> Expression("(lambda: 1)()")
    Traceback (most recent call last):
        ...
    autograd.expression.ExpressionError: only functions can be called, not 'lambda: 1': write * to multiply
    """

    def __init__(self, text: str, variables: Collection[str] = ()):
        self.text = text
        self._program = _translate(text, variables)
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
    def __signature__(self) -> Signature:
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


def _translate(text: str, variables: Collection[str]) -> list[_Item]:
    """The program of an expression: operands before the functions that take them."""
    constants = {name: number for name, number in CONSTANTS.items() if name not in variables}
    program: list[_Item] = []
    todo: list[tuple[ast.AST, str] | _Item] = [(_tree(text, variables), "number")]
    while todo:
        item = todo.pop()
        if not isinstance(item, tuple) or isinstance(item, _Apply):
            program.append(constants.get(item, item) if isinstance(item, str) else item)
            if isinstance(item, _Apply) and item.constant:
                _fold(program)
            continue
        translated, operands = _read(*item)
        todo.append(translated)
        todo += reversed(operands)
    return program


def _tree(text: str, variables: Collection[str]) -> ast.expr:
    text = " ".join(text.split())
    if not text:
        raise ExpressionError("the expression is empty")
    if len(text) > _LONGEST:
        raise ExpressionError(f"the expression has {len(text)} characters; the longest that is read has {_LONGEST}")
    for character, reason in _REFUSED.items():
        if character in text:
            raise ExpressionError(f"the expression {_quoted(text)} cannot be read: {reason}")
    try:
        python = python_text(text, variables)
    except NotationError as error:
        raise ExpressionError(f"the expression {_quoted(text)} cannot be read: {error}") from None
    if _depth(python) > _DEEPEST:
        raise ExpressionError(f"the expression has more than {_DEEPEST} brackets within each other")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(python, mode="eval").body
    except SyntaxError as error:
        reason = str(error.msg).partition(". ")[0].partition(": ")[0]
        column = f" at character {error.offset}" if error.offset and python == text else ""
        raise ExpressionError(f"the expression {_quoted(text)} cannot be read: {reason}{column}") from None
    except (RecursionError, MemoryError):
        raise ExpressionError("the expression is too long, or nested too deeply, for Python's parser") from None
    except ValueError:
        raise ExpressionError(f"the expression contains characters that are no text: {_quoted(text)}") from None


_REFUSED = {
    "…": "… stands for a part that was left out; type the whole formula",
    "#": "a name has no #; give each input a name of its own",
}


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
            raise ExpressionError(f"a list such as [x, y] must be in the place of {_source(node)}")
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return _number(value), []
        case ast.Name(id=name):
            if name in FUNCTIONS:
                raise ExpressionError(f"{name} is a function: write {name}(...)")
            return name, []
        case ast.UnaryOp(op=sign, operand=operand):
            return _Apply(_known(_OPERATORS, sign, node), 1, constant=True), [(operand, "number")]
        case ast.IfExp(test=ast.Compare() as condition, body=yes, orelse=no):  # 1 if x > 0 else 0, as it is printed
            return _Apply(functions.where, 3), [(condition, "condition"), (yes, "number"), (no, "number")]
        case ast.BinOp(left=left, op=symbol, right=right):
            return _Apply(_known(_OPERATORS, symbol, node), 2, constant=True), [(left, "number"), (right, "number")]
    raise _refusal(node)


def _read_call(node: ast.Call, name: str, wanted: str) -> tuple[_Item, list[tuple[ast.AST, str]]]:
    function = _function_named(name)
    if function is None:
        raise ExpressionError(f"unknown function {_quoted(name)}: {_suggestion(name)}")
    if (
        function.gives == "list"
        and wanted == "number"
        and len(node.args) > 1
        and isinstance(node.args[0], ast.Constant)
    ):
        row = table.TABLE[name]  # softmax(0, x, y), as it is printed: the one at place 0
        function = Function(lambda *xs: apply(row, xs), ("number", "number"), many=True)
    if (function.gives == "list") != (wanted == "list"):
        raise ExpressionError(f"{name}(...) is a {function.gives}, and a {wanted} must be in its place")
    given: list[ast.expr] = list(node.args)
    for keyword in node.keywords:
        if not function.optional or keyword.arg != function.optional or len(given) != len(function.arguments) - 1:
            raise ExpressionError(f"{name} takes no argument {_quoted(str(keyword.arg))} here")
        given.append(keyword.value)
    kinds = function.arguments
    if kinds == ("list",) and given and not _is_list(given[0]):
        given = [ast.List(elts=given)]  # total(x, y) is total([x, y])
    if function.many:
        kinds = kinds[:-1] + kinds[-1:] * max(0, len(given) - len(kinds) + 1)
    least = len(kinds) - bool(function.optional)
    if not least <= len(given) <= len(kinds):
        count = f"{least} or {len(kinds)}" if function.optional else f"at least {least}" if function.many else least
        raise ExpressionError(f"{name} takes {count} argument{'s' if len(kinds) > 1 else ''}, got {len(given)}")
    return _Apply(function.call, len(given)), list(zip(given, kinds, strict=False))


def _function_named(name: str) -> Function | None:
    return FUNCTIONS.get(ALIASES.get(name, name))


def _is_list(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        function = _function_named(node.func.id)
        return function is not None and function.gives == "list"
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
        numbers = [x.data if isinstance(x, Value) else float(x) for x in operands]
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
    meant = _meant(name)
    return f"did you mean {meant}?" if meant else f"there are {', '.join(sorted(FUNCTIONS))}"


def _meant(name: str) -> str | None:
    """The function that a name is a slip of; None rather than another function (`erfcx` is not erfc, nor `sec` sin)."""
    if _MEANT.get(name) in {*FUNCTIONS, "**"}:
        return _MEANT[name]
    beginnings = [known for known in FUNCTIONS if len(name) > 2 and known.startswith(name)]
    slips = [known for known in FUNCTIONS if len(name) > 4 and _is_slip(name, known)] or beginnings
    return slips[0] if len(slips) == 1 else None


def _is_slip(name: str, known: str) -> bool:
    """Whether two names differ by one slip inside of the word: a letter wrong, left out, doubled, or two exchanged."""
    if name[0] != known[0] or name[-1] != known[-1] or abs(len(name) - len(known)) > 1:
        return False
    start = next((k for k, (a, b) in enumerate(zip(name, known, strict=False)) if a != b), min(len(name), len(known)))
    rest, wanted = name[start:], known[start:]
    return rest[1:] == wanted[1:] or rest[1:] == wanted or rest == wanted[1:] or rest[1::-1] + rest[2:] == wanted


# What else people call the functions, where it is not a name to accept.
_MEANT = {
    "absolute": "abs", "average": "mean", "cosine": "cos", "lse": "logsumexp", "pow": "**", "product": "prod",
    "sig": "sigmoid", "sigm": "sigmoid", "sine": "sin", "tangent": "tan",
}  # fmt: skip
