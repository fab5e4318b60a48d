"""Stepping in the terminal: a key moves the stepper, and its state is printed again over the old one.

What each key does is the table `MOVES`.
"""

import shutil
import sys
from collections.abc import Callable

from ..messages import word, wrapped
from ..notation.text_layout import clip
from .stepper import BaseStepper
from .steps import WIDTH, Evaluation, Step
from .terminal import Keys, can_redraw, dim, has_colour
from .text_view import COLUMN, GAP, state_lines

MOVES: dict[str, Callable[[BaseStepper], Step | Evaluation | None]] = {
    **dict.fromkeys(("right", "enter", " ", "n"), BaseStepper.step),
    **dict.fromkeys(("left", "backspace", "b", "p"), BaseStepper.back),
    **dict.fromkeys(("end", "r"), BaseStepper.run),
    "home": lambda stepper: stepper.goto(0),
}
_QUIT = ("q", "end of input")
_HELP = "→ Enter n next   ← b back   Home first   End r last   q quit"


def explore(stepper: BaseStepper) -> None:
    """Let the person at the terminal step through `stepper`, until they quit."""
    redraw, colour = can_redraw(sys.stdout), has_colour(sys.stdout)
    shown = 0
    with Keys() as keys:
        while True:
            lines = _screen(stepper, colour)
            above = f"\r\x1b[{shown}A\x1b[J" if redraw and shown else ""
            print(above + "\n".join(lines), flush=True)
            shown = len(lines)
            while (key := keys.read().lower()) not in MOVES:
                if key in _QUIT:
                    return
            MOVES[key](stepper)


def _screen(stepper: BaseStepper, colour: bool) -> list[str]:
    """What is shown: the state, the sentence of the current step and the keys, within the edges of the terminal.

    A wider line would take two, and the next state would be printed too low. Of the state there is as much as fits.
    """
    columns, height = shutil.get_terminal_size()
    width = max(2, min(columns, WIDTH))
    step = stepper.current
    before = word("Each step is one application of the chain rule, on one edge of the graph.")
    text = step.explain(word) if step else before
    keys = clip(word(_HELP), width)
    sentence = [clip(line, width) for line in wrapped(text, width - 1).splitlines()]
    below = ["", *sentence[: max(1, height - 8)], "", dim(keys) if colour else keys]
    space = height - 1 - len(below)  # and a line for the cursor
    row = max(1, (width - 4) // (COLUMN + GAP))  # nodes side by side
    for around, nodes in ((5, 12), (4, 12), (3, 12), (3, row), (2, row), (1, row), (0, row)):
        lines = ["", *state_lines(stepper, width, around, colour, nodes)]
        if len(lines) > space and nodes == row:
            lines = [line for line in lines if line]
        if len(lines) <= space:
            break
    return [*lines[: max(0, space)], *below]
