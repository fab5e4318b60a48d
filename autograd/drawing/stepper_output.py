"""The stepper that users get: the steps of `stepping`, with pages and pictures of them."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..engine.value import Value
from ..stepping.stepper import BaseStepper

if TYPE_CHECKING:
    from pathlib import Path

    from .drawing import Drawing

_PICTURES = (".svg", ".png", ".pdf", ".dot")
_SHOWN = 200  # nodes and steps of a graph that a notebook shows as a picture
_LIVE = 800  # and as a page, in which layers open and close: up to 2 MB
_HEIGHT = 800  # pixels of the page in a notebook


class Stepper(BaseStepper):
    """Backpropagation from `output`, step by step; made by `stepper(output)` or ``output.stepper()``.

    Arguments:
        output: the Value whose gradient is calculated.
        forward: show the forward pass first, one step for each operation.

    Raises TypeError when `output` is not a Value.

    `step`, `back`, `goto`, `until`, `run` and `reset` move; `watch` shows a gradient with each step; `save` writes
    pages and pictures. While stepping, `.grad` of the nodes holds the state so far; run to the end, it is what
    `output.backward()` gives, to the last bit. `position` steps of ``len(stepper)`` have been taken, `current` is the
    last of them (None at the start).

    >>> x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    >>> q = x + y
    >>> q.label = "q"
    >>> f = q * z
    >>> s = f.stepper()
    >>> print(s.step())
    *  f = q·z    ∂f/∂q = z = -4     q.grad: 0 + 1 × (-4) = -4
    >>> print(s.step())
    *  f = q·z    ∂f/∂z = q = 3      z.grad: 0 + 1 × 3 = 3
    >>> q.grad, z.grad, x.grad
    (-4.0, 3.0, None)
    >>> _ = s.back()
    >>> z.grad is None
    True
    >>> for step in s:
    ...     print(step)
    *  f = q·z    ∂f/∂z = q = 3      z.grad: 0 + 1 × 3 = 3
    +  q = x + y  ∂q/∂x = 1          x.grad: 0 + (-4) × 1 = -4
    +  q = x + y  ∂q/∂y = 1          y.grad: 0 + (-4) × 1 = -4
    >>> s.done
    True
    """

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the pass to files, in the format of the suffix; the stepper keeps its state.

        - ``"f.html"``: a page that steps through the pass in a browser, from the beginning; one file, without network.
        - ``"steps/*.svg"`` (or png, pdf, dot): a picture of each step, ``steps/01.svg`` and so on, on one layout. The
          folder is made.
        - ``"f.gif"``: a moving picture, a frame before the first step and one for each step. It needs Pillow.
        - ``"step.svg"``: a picture of the current step.

        Raises ValueError for another suffix, for a page of more than 2,000 steps, a GIF of more than 300 and a picture
        of more than 500 nodes, ImportError for a GIF without Pillow, OSError where a file cannot be written,
        LayoutError when no layout engine works.
        """
        from pathlib import Path

        target = Path(path)
        suffix = target.suffix.lower()
        if suffix in (".html", ".htm") and "*" not in target.name:
            from .page import write_page

            write_page(self, target)
        elif suffix == ".gif" and "*" not in target.name:
            from ..files import write_whole
            from .animation import animation
            from .step_pictures import PassPictures

            write_whole(target, animation(PassPictures(self)))
        elif suffix not in _PICTURES:
            raise ValueError(
                f"cannot save a pass as {target.name!r}: name a page (f.html), a moving picture (f.gif), pictures of "
                f"all steps (steps/*.svg) or a picture of this step (f.svg); pictures end in {', '.join(_PICTURES)}"
            )
        elif "*" in target.name:
            self._save_series(target)
        else:
            self._picture().save(target)

    def _picture(self) -> "Drawing":
        from .step_pictures import PassPictures

        return PassPictures(self).picture(self.position)

    def _save_series(self, target: "Path") -> None:
        from .step_pictures import PassPictures

        pictures = PassPictures(self)
        digits = max(2, len(str(len(self))))
        for number in range(1, len(self) + 1):
            picture = pictures.picture(number)
            if number == 1:  # no folder is made when nothing can be drawn
                target.parent.mkdir(parents=True, exist_ok=True)
            picture.save(target.with_name(target.name.replace("*", f"{number:0{digits}}")))

    def _repr_svg_(self) -> str | None:
        """The graph with the current step, for a notebook; None where it is too large or cannot be laid out."""
        return self._shown(lambda: self._picture()._repr_svg_())

    def _repr_html_(self) -> str | None:
        """The page, live in the cell of a notebook: a frame that needs no extension and no network."""
        from html import escape

        from .page import page

        text = self._shown(lambda: page(self), _LIVE)
        if text is None:
            return None
        return (
            f'<iframe title="Backpropagation, step by step" sandbox="allow-scripts" width="100%" height="{_HEIGHT}" '
            f'style="border:0" srcdoc="{escape(text)}"></iframe>'
        )

    def _shown(self, make: Callable[[], str], most: int = _SHOWN) -> str | None:
        from .layout import LayoutError

        if len(self.order) > most or len(self) > most:
            return None
        try:
            return make()
        except (LayoutError, ValueError):  # a pass that ends in NaN has no picture, but it can be stepped through
            return None

    def _repr_mimebundle_(self, *_: Any, **__: Any) -> dict[str, str]:
        forms = {"text/plain": str(self), "image/svg+xml": self._repr_svg_(), "text/html": self._repr_html_()}
        return {kind: text for kind, text in forms.items() if text is not None}


def stepper(output: Value, forward: bool = False) -> Stepper:
    """Backpropagation of `output` in single steps: a `Stepper`, also as the method ``output.stepper()``.

    Arguments:
        output: the Value to start from.
        forward: whether the operations of the forward pass come first.

    Returns a `Stepper` before its first step. Raises TypeError when `output` is not a Value.

    >>> x = Value(3.0, "x")
    >>> s = stepper(x * x)
    >>> print(s.run().explain())
    Operation * (product): f = x·x. Its local derivative with respect to x, its operand 2 of 2, is ∂f/∂x = x = 3.
    Upstream, f has gradient 1: the chain rule passes 1 × 3 = 3 to x. x had 3 and now has 3 + 3 = 6. That was the last
    of 2 contributions to x, so its gradient is complete: the sum over all paths from x to f.
    """
    return Stepper(output, forward)
