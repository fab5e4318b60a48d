"""Formulas as MathML: what a terminal shows as ``w ← w - η·∂L/∂w`` is set by a browser as in a book.

The lessons write formulas as text, with words between them. Fractions are what stands round a slash, indices are the
digits of a name and what follows an underscore; all else is set as it is written.
"""

import html
import re

_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<number>\d+(?:[.,]\d+)*(?:e[-+]?\d+)?)|(?P<wide>[\u2e80-\ua4cf\uff01-\uff60]+)"
    r"|(?P<name>[^\W\d_]\u0302?(?:(?<=[A-Za-z])[A-Za-z]+(?:'[a-z]+)?)?)(?P<index>_\w+|\d+)?"
    r"|(?P<upper>[⁰¹²³⁴-⁹⁻ⁿᵀˢ]+)|(?P<lower>[₀-₉]+)|(?P<sign>.)"
)
_UPPER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻ⁿᵀˢ", "0123456789−nTs")
_LOWER = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_FUNCTIONS = {"exp", "log", "max", "min", "sin", "cos", "tanh", "KL"}
_OPERATORS = frozenset("·+-=<>≈←∝⊙,;:")
_CLOSING = {"(": ")", "[": "]"}
_OPEN, _CLOSE = "<mrow><mo>(</mo>", "<mo>)</mo></mrow>"

Node = str


def formula(text: str) -> str:
    """Lines of formulas and words as HTML. What two spaces part stands in columns, or side by side in a single line.

    >>> formula("w ← 2x")
    '<p class="formula"><math displaystyle="true"><mi>w</mi><mo>←</mo><mn>2</mn><mi>x</mi></math></p>'
    >>> "<mfrac><mrow><mo>∂</mo><mi>L</mi></mrow><mrow><mo>∂</mo><mi>w</mi></mrow></mfrac>" in formula("∂L/∂w")
    True
    """
    lines = [[_math(cell) for cell in _cells(line)] for line in text.splitlines() if line.strip()]
    if len(lines) == 1:
        return f'<p class="formula">{" ".join(lines[0])}</p>'
    widest = max(map(len, lines))
    rows = "\n".join(
        "<tr>" + (f'<td colspan="{widest}">{line[0]}' if len(line) == 1 else "<td>" + "<td>".join(line)) + "</tr>"
        for line in lines
    ).replace("</math><", "</math></td><")
    return f'<div class="wide"><table class="formula" role="presentation">\n{rows}</table></div>'


def _cells(line: str) -> list[str]:
    """What two spaces part; an equals sign or a plus begins no cell and ends none."""
    return re.split(r"(?<![=+ ])\s{2,}(?![=+]\s)", re.sub(r"(?<=\s[=+])\s+", " ", line.strip()))


def _math(text: str) -> str:
    return f'<math displaystyle="true">{"".join(_Reader(text).row())}</math>'


class _Reader:
    """Reads a formula token by token."""

    def __init__(self, text: str):
        self.tokens = [*_TOKEN.finditer(text)][::-1]  # the next one last

    def row(self, end: str = "") -> list[Node]:
        """The elements up to the sign `end`, fractions made."""
        chunks: list[list[Node]] = [[]]
        while self.tokens and self.tokens[-1][0] != end:
            if self.tokens[-1]["space"]:
                self.tokens.pop()
                chunks.append([])
            else:
                self._add(chunks[-1])
        if self.tokens:
            self.tokens.pop()
        return _words(_over([chunk for chunk in chunks if chunk]))

    def _add(self, chunk: list[Node]) -> None:
        """Read an element; indices and powers are put onto the one before."""
        token = self.tokens.pop()
        text = html.escape(token[0], quote=False)
        if token["upper"]:
            chunk[-1:] = [f"<msup>{_one(chunk[-1:])}<mn>{text.translate(_UPPER)}</mn></msup>"]
        elif token["lower"]:
            chunk[-1:] = [f"<msub>{_one(chunk[-1:])}<mn>{text.translate(_LOWER)}</mn></msub>"]
        elif text == "'" and chunk:
            chunk[-1:] = [f"<mrow>{chunk[-1]}<mo>′</mo></mrow>"]
        elif text == "^" and chunk:
            rest: list[Node] = []
            while self.tokens and not self.tokens[-1]["space"]:
                self._add(rest)
            chunk[-1:] = [f"<msup>{_one(chunk[-1:])}{_one(rest)}</msup>"]
        elif text == "√" and self.tokens:
            inner: list[Node] = []
            self._add(inner)
            chunk.append(f"<msqrt>{_bare(inner)}</msqrt>")
        elif text in _CLOSING:
            inside = "".join(self.row(_CLOSING[text]))
            chunk.append(f"<mrow><mo>{text}</mo>{inside}<mo>{_CLOSING[text]}</mo></mrow>")
        elif text == "a" and len(self.tokens) > 1 and len(self.tokens[-2]["name"] or "") > 2:
            chunk.append("<mtext>a</mtext>")  # the article
        elif token["name"]:
            chunk.append(_name(token["name"], (token["index"] or "").removeprefix("_")))
        elif token["number"]:
            chunk.append(f"<mn>{text}</mn>")
        elif token["wide"]:
            chunk.append(f"<mtext>{text}</mtext>")
        elif text == "½":
            chunk.append("<mfrac><mn>1</mn><mn>2</mn></mfrac>")
        else:
            chunk.append(f"<mo>{text.replace('-', '−')}</mo>")


def _name(name: str, index: str) -> Node:
    if len(name) == 2 and name[0] == "d" and not index:  # ds, below dσ
        return f"<mrow><mi>d</mi><mi>{name[1]}</mi></mrow>"
    tag = "mi" if len(name.replace("\u0302", "")) == 1 or name in _FUNCTIONS or index else "mtext"
    base = f"<{tag}>{html.escape(name, quote=False)}</{tag}>"
    if not index:
        return base
    under = f"<mn>{index}</mn>" if index.isdigit() else f"<mi>{index}</mi>"
    return f"<msub>{base}{under}</msub>"


def _over(chunks: list[list[Node]]) -> list[list[Node]]:
    """The chunks with fractions in place of slashes: of whole chunks where spaces stand round the slash."""
    done: list[list[Node]] = []
    k = 0
    while k < len(chunks):
        if chunks[k] == ["<mo>/</mo>"] and done and k + 1 < len(chunks):
            below = _tight(chunks[k + 1])
            k += 1
            if below[-1].removeprefix("<msub>")[4:].startswith((*(f"{name}<" for name in _FUNCTIONS), "Σ")):
                below += chunks[k + 1] if k + 1 < len(chunks) else []  # log 2
                k += 1
            after = [below.pop()] if below[-1] in ("<mo>,</mo>", "<mo>;</mo>") and len(below) > 1 else []
            done[-1] = [f"<mfrac>{_side(done[-1])}{_side(below)}</mfrac>", *after]
        else:
            done.append(_tight(chunks[k]))
        k += 1
    return done


def _tight(chunk: list[Node]) -> list[Node]:
    """A chunk with fractions for slashes between two operators, as in ``η·∂L/∂w``."""
    while "<mo>/</mo>" in chunk[1:-1]:
        at = chunk.index("<mo>/</mo>", 1)
        first, last = at, at + 1
        while first > 0 and not _is_operator(chunk[first - 1]):
            first -= 1
        while last < len(chunk) and not _is_operator(chunk[last]) and chunk[last] != "<mo>/</mo>":
            last += 1
        if first == at or last == at + 1:
            break
        chunk = [*chunk[:first], f"<mfrac>{_side(chunk[first:at])}{_side(chunk[at + 1 : last])}</mfrac>", *chunk[last:]]
    return chunk


def _is_operator(node: Node) -> bool:
    return node.removeprefix("<mo>").removesuffix("</mo>").replace("−", "-") in _OPERATORS


def _words(chunks: list[list[Node]]) -> list[Node]:
    """All elements in a row, with the spaces that stand beside words."""
    row: list[Node] = []
    for chunk in chunks:
        if row and ("<mtext>" in (row[-1][:7], chunk[0][:7]) or row[-1] == "<mo>,</mo>"):
            row.append('<mspace width="0.35em"/>')
        row += chunk
    return row


def _one(nodes: list[Node]) -> Node:
    return nodes[0] if len(nodes) == 1 else f"<mrow>{''.join(nodes)}</mrow>"


def _side(nodes: list[Node]) -> Node:
    """The numerator or denominator: without the parentheses round all of it."""
    return f"<mrow>{_bare(nodes)}</mrow>"


def _bare(nodes: list[Node]) -> str:
    text = "".join(nodes)
    round_all = len(nodes) == 1 and text.startswith(_OPEN) and text.endswith(_CLOSE)
    return text[len(_OPEN) : -len(_CLOSE)] if round_all else text
