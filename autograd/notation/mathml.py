r"""LaTeX formulas as MathML, which browsers show without any library.

Only the LaTeX that `notation` writes is understood: fractions, roots, powers, indices, functions, cases. The result is
a tree of tuples, ``("mfrac", ("mi", "x"), ("mn", "2"))``, from which elements are made without parsing any markup.
"""

from collections.abc import Callable
from typing import ClassVar

Tree = tuple["str | Tree", ...]

_PIECE = r"\\[A-Za-z]+|\\.|[0-9]+(?:\.[0-9]+)?|\s+|."
_SIGNS = {
    r"\cdot": ("mo", "·"),
    r"\dots": ("mo", "…"),
    r"\infty": ("mi", "∞"),
    r"\partial": ("mi", "∂"),
    r"\sigma": ("mi", "σ"),
    "-": ("mo", "−"),
    "<=": ("mo", "≤"),
    ">=": ("mo", "≥"),
}
_MINUS = _SIGNS["-"]
_IN_TEXT = {r"\ ": " ", r"\backslash": "\\", r"\hat": "^", r"\sim": "~"}  # what `latex_text` writes


def mathml(latex: str) -> Tree:
    r"""The formula as a tree of MathML elements: tuples of a name and children, which are trees or text.

    >>> mathml(r"\frac{\partial f}{\partial w_{0}} = 2 \cdot x^{2}")
    ('math',
     ('mfrac', ('mrow', ('mi', '∂'), ('mi', 'f')), ('mrow', ('mi', '∂'), ('msub', ('mi', 'w'), ('mn', '0')))),
     ('mo', '='), ('mn', '2'), ('mo', '·'), ('msup', ('mi', 'x'), ('mn', '2')))
    """
    return ("math", *_Reader(latex).row(""))


class _Reader:
    """Reads a formula piece by piece."""

    def __init__(self, latex: str):
        import re

        self.pieces = re.findall(_PIECE, latex, re.DOTALL)[::-1]  # the next one last

    def row(self, end: str) -> list[Tree]:
        """The elements up to the piece `end`, which is removed too."""
        elements: list[Tree] = []
        while self.pieces and self.pieces[-1] != end:
            piece = self.pieces.pop()
            if piece in ("_", "^"):
                base = elements.pop() if elements else ("mrow",)
                elements.append(self._script(base, piece))
            elif not piece.isspace():
                elements.append(self._element(piece))
        if self.pieces:
            self.pieces.pop()
        return _signed(elements)

    def _script(self, base: Tree, piece: str) -> Tree:
        script = self._argument()
        if piece == "^" and base[0] == "msub":
            return ("msubsup", *base[1:], script)
        return ("msub" if piece == "_" else "msup", base, script)

    def _element(self, piece: str) -> Tree:
        if piece == "{":
            return _grouped(self.row("}"))
        if piece in self._COMMANDS:
            return self._COMMANDS[piece](self)
        if piece in ("<", ">") and self.pieces and self.pieces[-1] == "=":
            piece += self.pieces.pop()
        if piece in _SIGNS:
            return _SIGNS[piece]
        if piece[0].isdecimal():
            return ("mn", piece)
        if piece[0] == "\\":
            return ("mi", piece[1:])  # \exp, \log, …
        return ("mi" if piece.isalpha() else "mo", piece)

    def _argument(self) -> Tree:
        """The contents of the braces that follow."""
        self.pieces.pop()
        return _grouped(self.row("}"))

    def _text(self) -> str:
        """The plain text in the braces that follow."""
        written, depth = "", 0
        while True:
            piece = self.pieces.pop()
            if piece in _IN_TEXT:
                written += _IN_TEXT[piece]
                if piece == r"\hat":
                    del self.pieces[-2:]  # its empty braces
                elif piece != r"\ " and self.pieces[-1] == " ":
                    self.pieces.pop()  # ends the name of the command
            elif piece in ("{", "}"):
                depth += 1 if piece == "{" else -1
                if depth == 0:
                    return written
            else:
                written += piece[1] if piece[0] == "\\" and len(piece) == 2 else piece

    def _fraction(self) -> Tree:
        return ("mfrac", self._argument(), self._argument())

    def _root(self) -> Tree:
        return ("msqrt", self._argument())

    def _upright(self) -> Tree:
        text = self._text()
        return ("mi" if text.isidentifier() else "mtext", text)

    def _sentence(self) -> Tree:
        return ("mtext", self._text().replace(" ", "\N{NO-BREAK SPACE}"))

    def _relation(self) -> Tree:
        sign = self._text()
        if self.pieces and self.pieces[-1] == "=":
            sign += self.pieces.pop()
        return ("mo", sign)

    def _fenced(self) -> Tree:
        opening = self.pieces.pop()
        inner = self.row(r"\right")
        return ("mrow", ("mo", opening), _grouped(inner), ("mo", self.pieces.pop()))

    def _cases(self) -> Tree:
        self._text()  # the name of the environment
        rows: list[list[list[Tree]]] = [[[]]]
        for element in self.row(r"\end"):
            if element == ("mo", "&"):
                rows[-1].append([])
            elif element == ("mi", "\\"):
                rows.append([[]])
            else:
                rows[-1][-1].append(element)
        self._text()
        table: list[Tree] = [("mtr", *(("mtd", *cell) for cell in row)) for row in rows]
        return ("mrow", ("mo", "{"), ("mtable", *table))

    _COMMANDS: ClassVar[dict[str, Callable[["_Reader"], Tree]]] = {
        r"\begin": _cases,
        r"\frac": _fraction,
        r"\left": _fenced,
        r"\mathrel": _relation,
        r"\mathrm": _upright,
        r"\operatorname": _upright,
        r"\sqrt": _root,
        r"\text": _sentence,
    }


def _signed(elements: list[Tree]) -> list[Tree]:
    """Each sign together with its number: a minus between two elements is spaced as a subtraction."""
    signed: list[Tree] = []
    for element in elements:
        if signed[-1:] == [_MINUS] and (len(signed) == 1 or signed[-2][0] == "mo"):
            signed[-1] = ("mrow", _MINUS, element)
        else:
            signed.append(element)
    return signed


def _grouped(elements: list[Tree]) -> Tree:
    return elements[0] if len(elements) == 1 else ("mrow", *elements)
