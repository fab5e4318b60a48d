"""The stepper as a part of another page, which makes its graphs itself: its board, and the texts that Python knows.

The page puts the HTML and the style into a root of their own, describes a graph and its steps as `page` does, and calls
``makeBoard``. The playground shows the backprop of a neuron in this way.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..engine.value import Value
from ..rules.table import DOT

if TYPE_CHECKING:  # `import autograd` imports this module, and most programs make no page
    from ..notation.mathml import Tree

# The sentences of sentences.js, which are those of `stepping.steps`, and the words that a page beside it needs.
SENTENCES = (
    "Operation {op} ({about}): {equation}.",
    "Its local derivative with respect to {parent} is {derivation}.",
    "Upstream, {node} has gradient {upstream}: the chain rule passes {passed} to {parent}.",
    "{parent} had no gradient yet and now has {total}.",
    "{parent} had {before} and now has {added}.",
    "That is contribution {k} of {n} to {parent}.",
    "That was the only contribution to {parent}, so its gradient is complete: {what}.",
    "That was the last of {n} contributions to {parent}, so its gradient is complete: {what}.",
    "the sum over all paths from {parent} to {output}",
    "In numbers: {result}.",
    "{sentence} {next}",
    "Play the pass",
    "Pause the pass",
)
_EMPTY = '<svg class="graph" viewBox="0 0 1 1" role="group" font-size="16" stroke-width="1.6"><g></g></svg>'


class FunctionTexts(NamedTuple):
    """A function of one number in words and symbols, as JSON: what it is, and its derivative where ``a = f(z)``.

    `formula` is the derivative as a factor of a product, `derivative` as it stands alone.
    """

    about: str
    derivative: str
    formula: "Tree"


class StepperComponent(NamedTuple):
    """What a page needs to show steps on graphs of its own.

    Attributes:
        html: the elements of a board, with an empty picture.
        style: the style sheet, for the document or for the root of a component.
        script: the functions ``makeBoard(root, data, options)``, ``drawBoxes(svg, data)`` and ``teller(say)``.
        chinese: the words and sentences in Chinese, by the English ones.
        functions: `FunctionTexts` by name; None for a function that gives back its number.
        dot: what the sum of a neuron is, in words.

    >>> from autograd import stepper_component, tanh
    >>> stepper_component({"tanh": tanh}).functions["tanh"].derivative
    '1 - a·a'
    """

    html: str
    style: str
    script: str
    chinese: dict[str, str]
    functions: dict[str, FunctionTexts | None]
    dot: str


def stepper_component(functions: Mapping[str, Callable[[Value], Any]]) -> StepperComponent:
    """The stepper as a component of another page.

    Arguments:
        functions: functions of one number, by the names that the page has for them; each is one operation of the table.

    Returns a `StepperComponent`. Raises ValueError for a function that is defined neither at 0.5 nor at 2.

    >>> component = stepper_component({})
    >>> component.script.count("function makeBoard(")
    1
    """
    from ..messages import translation
    from . import board

    texts = {name: _texts(function) for name, function in functions.items()}
    translate = translation("zh_CN")
    about = [DOT.about, *(text.about for text in texts.values() if text)]
    style = board.asset("board.css") + board.asset("component.css")
    scripts = [board.asset("boxes.js"), board.asset("sentences.js")]
    return StepperComponent(
        html='<p id="place" class="place"></p>\n' + board.html(_EMPTY, steps=True),
        style=style,
        script="".join([*scripts, board.script([*board.WORDS_AND_VIEW, board.PARTS, board.STEPS])]),
        chinese=board.chinese_words() | {text: translate(text) for text in (*SENTENCES, *about)},
        functions=texts,
        dot=DOT.about,
    )


def _texts(function: Callable[[Value], Any]) -> FunctionTexts | None:
    from ..notation.mathml import mathml
    from ..notation.symbols import Latex, Symbols
    from ..rules.as_formulas import partial_formulas
    from ..stepping.steps import factor

    z = Value(0.5, "z")
    try:
        a = function(z)
    except (ValueError, ArithmeticError):  # such as arccosh
        a = function(z := Value(2.0, "z"))
    if a is z:
        return None
    k = a.parents.index(z)
    symbols, latex = (
        partial_formulas(a.operation, "a", [kind("z") if p is z else p.data for p in a.parents], kind)[k]
        for kind in (Symbols, Latex)
    )
    return FunctionTexts(a.operation.about, symbols.text, mathml(factor(latex)))
