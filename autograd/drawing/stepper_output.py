"""The stepper that users get: it steps, and writes and shows what it steps through, as a page or as pictures."""

import os
from pathlib import Path
from typing import Any

from ..engine.value import Value
from ..stepping import stepper as stepping
from .step_pictures import Pass

_PICTURES = (".svg", ".png", ".pdf", ".dot")
_SHOWN = 200  # nodes and steps of a graph that a notebook shows as a picture


class Stepper(stepping.Stepper):
    __doc__ = stepping.Stepper.__doc__

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the pass to files, in the format of the suffix; the stepper stays where it is.

        - ``"f.html"``: a page that steps through the pass in a browser, from the beginning; one file, without network.
        - ``"steps/*.svg"`` (or png, pdf, dot): a picture of each step, ``steps/01.svg`` and so on, on one layout. The
          folder is made.
        - ``"step.svg"``: a picture of the current step.

        Raises ValueError for another suffix, for a page of more than 2,000 steps and for a picture of more than 500
        nodes, OSError where a file cannot be written, LayoutError when no layout engine works.
        """
        target = Path(path)
        suffix = target.suffix.lower()
        if suffix in (".html", ".htm") and "*" not in target.name:
            from .page import write_page

            write_page(self, target)
        elif suffix not in _PICTURES:
            raise ValueError(
                f"cannot save a pass as {target.name!r}: name a page (f.html), pictures of all steps (steps/*.svg) or "
                f"a picture of this step (f.svg); pictures end in {', '.join(_PICTURES)}"
            )
        elif "*" in target.name:
            self._save_series(target)
        else:
            Pass(self).picture(self.position).save(target)

    def _save_series(self, target: Path) -> None:
        whole = Pass(self)
        digits = max(2, len(str(len(self))))
        for number in range(1, len(self) + 1):
            picture = whole.picture(number)
            if number == 1:  # nothing is made where nothing can be drawn
                target.parent.mkdir(parents=True, exist_ok=True)
            picture.save(target.with_name(target.name.replace("*", f"{number:0{digits}}")))

    def _repr_svg_(self) -> str | None:
        """The graph with the current step, for a notebook; nothing where it is too large or cannot be laid out."""
        from .layout import LayoutError

        if len(self.order) > _SHOWN or len(self) > _SHOWN:
            return None
        try:
            return Pass(self).picture(self.position).svg
        except (LayoutError, ValueError):  # a pass that ends in NaN has no picture, but it can be stepped through
            return None

    def _repr_mimebundle_(self, *_: Any, **__: Any) -> dict[str, str]:
        picture = self._repr_svg_()
        bundle = {"text/plain": str(self)}
        return bundle if picture is None else bundle | {"image/svg+xml": picture}


def stepper(output: Value, forward: bool = False) -> Stepper:
    """Backprop of `output` in single steps: a `Stepper`, also as the method ``output.stepper()``.

    With `forward`, the operations of the forward pass come first. Raises TypeError when `output` is not a Value.

    >>> x = Value(3.0, "x")
    >>> s = stepper(x * x)
    >>> print(s.run().explain())
    Operation * (product): f = x·x. Its local derivative by x, its operand 2 of 2, is ∂f/∂x = x = 3. Upstream, f has
    gradient 1: the chain rule passes 1 × 3 = 3 to x. x had 3 and now has 3 + 3 = 6. That was the last of
    2 contributions to x, so its gradient is complete: the sum over all paths from x to f.
    """
    return Stepper(output, forward)
