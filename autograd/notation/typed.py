"""Formulas as people type them, rewritten as Python: ``2x² − √y·|z|`` becomes ``2*x**2 - sqrt(y)*abs(z)``.

It is the inverse of `symbols`: whatever the screen shows can be typed. Only the notation is rewritten; what the result
means, and whether it is a formula at all, is for the reader of the Python text to decide.
"""

import re
from collections.abc import Collection
from keyword import kwlist
from typing import NamedTuple
from unicodedata import normalize


class NotationError(ValueError):
    """Notation with two readings or with none."""


class Token(NamedTuple):
    """A piece of the text: its kind ("number", "name", "power", "space" or "sign") and how it is written."""

    kind: str
    text: str


_SIGNS = str.maketrans(
    {"·": "*", "⋅": "*", "∙": "*", "×": "*", "÷": "/", "∕": "/", "⁄": "/", "−": "-", "–": "-", "^": "**"}
    | {"≤": "<=", "≥": ">=", "≠": "!="}
)
_RAISED = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_TOKEN = re.compile(
    r"(?P<number>0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?(?:[jJ]\b)?)"
    r"|(?P<name>[^\W\d]\w*)|(?P<space>\s+)|(?P<sign>\*\*|//|.)",
    re.DOTALL,
)
_POWER = re.compile("([⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_CLOSING = {")": "(", "]": "[", "}": "{"}


def python_text(text: str, names: Collection[str] = ()) -> str:
    """`text`, with any of ``· × ÷ − ² √ ^ |x|``, full-width characters, products without a sign, in Python's notation.

    A name before a parenthesis is a call; √ takes the next name, call, number or parenthesis; ``πr`` is π times r,
    unless it is one of `names`.

    Raises NotationError for what has two readings (``1/2x``) and for a bar or a root without an operand.

    >>> python_text("2x² − √y·|z|")
    '2*x**2 - sqrt(y)*abs(z)'
    >>> python_text("1/2x")
    Traceback (most recent call last):
        ...
    autograd.notation.typed.NotationError: '1/2x' has two readings, 1/(2*x) and (1/2)*x: write the one you mean
    """
    return _Rewriter(_tokens(text, names)).text()


def _tokens(text: str, names: Collection[str]) -> list[Token]:
    tokens: list[Token] = []
    for k, part in enumerate(_POWER.split(text)):
        if k % 2:
            tokens.append(Token("power", part.translate(_RAISED)))
            continue
        for match in _TOKEN.finditer(normalize("NFKC", part).translate(_SIGNS)):
            kind = match.lastgroup or "sign"
            if kind == "name" and match[0].startswith("π") and match[0][1:].isidentifier() and match[0] not in names:
                tokens += [Token(kind, "π"), Token("sign", "*"), Token(kind, match[0][1:])]
            else:
                tokens.append(Token("sign" if match[0] in kwlist else kind, match[0]))
    return tokens


class _Level:
    """What is open: the whole text, a bracket or a bar. Places are numbers of pieces of the result."""

    def __init__(self, opened: str, start: int, roots: int = 0):
        self.opened = opened
        self.roots = roots  # before it, which take it as their operand
        self.term = start  # where the current term begins
        self.operator, self.place = "", start  # the last operator between two operands, and where it is


class _Rewriter:
    """Goes through the tokens once; `_levels` are the brackets and bars that are open."""

    def __init__(self, tokens: list[Token]):
        self._tokens = tokens
        self._pieces: list[str] = []
        self._levels = [_Level("", 0)]
        self._before = ""  # the kind of the last operand; "" where an operand is expected
        self._roots = 0  # that wait for their operand

    def text(self) -> str:
        for k, token in enumerate(self._tokens):
            if token.kind == "space":
                self._pieces.append(" ")
            elif token.kind == "power":
                self._pieces.append(f"**{token.text}" if token.text.isdecimal() else f"**({token.text})")
                self._before = self._before and "close"
            else:
                self._rewrite(token, self._following(k))
        if self._roots:
            raise _no_operand()
        if self._levels[-1].opened == "|":
            raise _open_bar()
        return "".join(self._pieces)

    def _following(self, k: int) -> Token:
        """The next token that is not a space."""
        return next((token for token in self._tokens[k + 1 : k + 3] if token.kind != "space"), Token("sign", ""))

    def _rewrite(self, token: Token, following: Token) -> None:
        kind, text = token
        if text == "√" or (text == "sqrt" and (following.kind in ("number", "name") or following.text in ("√", "|"))):
            self._product("sqrt", "√(...)")
            self._pieces.append("sqrt(")
            self._roots += 1
            self._before = ""
        elif kind in ("number", "name"):
            called = kind == "name" and following.text == "("
            self._product(kind, f"{text}(...)" if called else text)
            self._pieces.append(text)
            self._before = kind
            if not called:
                self._close_roots()
        elif text == "|":
            self._bar()
        elif text in ("(", "[", "{"):
            if text == "(" and following.text != ")":
                self._product(text, "(...)")
            self._open(text, text)
        elif text in _CLOSING:
            self._close(text, _CLOSING[text])
        else:
            self._sign(text)

    def _product(self, kind: str, operand: str) -> None:
        """Write the sign of the product that was left out before an operand, if one was."""
        if not self._before or kind == "number" or (self._before == "name" and kind in ("name", "(")):
            return
        while self._pieces[-1] == " ":  # 2 x
            self._pieces.pop()
        level = self._levels[-1]
        if level.operator in ("/", "**"):
            left, right = (
                "".join(self._pieces[start:end]).strip()
                for start, end in ((level.term, level.place), (level.place + 1, len(self._pieces)))
            )
            sign = level.operator
            raise NotationError(
                f"{f'{left}{sign}{right}{operand}'!r} has two readings, {left}{sign}({right}*{operand}) and "
                f"({left}{sign}{right})*{operand}: write the one you mean"
            )
        self._pieces.append("*")

    def _bar(self) -> None:
        if self._before and self._levels[-1].opened == "|":
            self._close(")", "|")
        else:
            self._product("|", "|...|")
            self._open("|", "abs(")

    def _open(self, opened: str, text: str) -> None:
        self._pieces.append(text)
        self._levels.append(_Level(opened, len(self._pieces), self._roots))
        self._roots, self._before = 0, ""

    def _close(self, text: str, opened: str) -> None:
        if self._roots:
            raise _no_operand()
        if self._levels[-1].opened == opened:
            self._roots = self._levels.pop().roots
        elif self._levels[-1].opened == "|":
            raise _open_bar()
        self._pieces.append(text)
        self._before = "close" if text == ")" else ""
        self._close_roots()

    def _close_roots(self) -> None:
        if self._roots:
            self._pieces.append(")" * self._roots)
            self._roots, self._before = 0, "close"

    def _sign(self, text: str) -> None:
        if self._roots:
            raise _no_operand()
        level = self._levels[-1]
        if self._before:
            level.operator, level.place = text, len(self._pieces)
            if text not in ("*", "/", "**"):
                level.term = level.place + 1
        self._pieces.append(text)
        self._before = ""


def _no_operand() -> NotationError:
    return NotationError("√ needs a name, a number or parentheses after it")


def _open_bar() -> NotationError:
    return NotationError("a bar | is not closed: the absolute value of x is written |x| or abs(x)")
