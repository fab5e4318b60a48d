"""Stepping in the terminal: a key moves, and the board and the sentence of the step are drawn anew in their place."""

import shutil
import sys
import textwrap

from ..notation.text_layout import clip
from .stepper import Stepper
from .steps import WIDTH
from .terminal import Keys, can_redraw, dim, has_colour
from .text_view import board

_KEYS = "Enter or → next   ← back   r run   q quit"


def explore(stepper: Stepper) -> None:
    """Let the person at the terminal step through `stepper`, until they quit."""
    redraw, colour = can_redraw(sys.stdout), has_colour(sys.stdout)
    moves = {"next": stepper.step, "back": stepper.back, "run": stepper.run}
    shown = 0
    with Keys() as keys:
        while True:
            lines = _picture(stepper, colour)
            above = f"\r\x1b[{shown}A\x1b[J" if redraw and shown else ""
            print(above + "\n".join(lines), flush=True)
            shown = len(lines)
            while (key := keys.read()) not in moves:
                if key == "quit":
                    return
            moves[key]()


def _picture(stepper: Stepper, colour: bool) -> list[str]:
    """What is shown: as many steps as leave room for the rest, and nothing beyond the edges of the terminal.

    A line that is wider would take two, and the next picture would be drawn too low.
    """
    columns, height = shutil.get_terminal_size()
    width = max(2, min(columns, WIDTH))
    step = stepper.current
    told = step.explain() if step else "Each step is one application of the chain rule, on one edge of the graph."
    keys = clip(_KEYS, width)
    below = ["", *(clip(line, width) for line in textwrap.wrap(told, width - 1)), "", dim(keys) if colour else keys]
    for around in range(5, 0, -1):
        lines = ["", *board(stepper, width, around, colour)]
        if len(lines) + len(below) < height:
            break
    return [*lines, *below][: height - 1]
