"""What a stepper writes and shows: the page, pictures of its steps, and the picture in a notebook."""

import os
from typing import TYPE_CHECKING, Any

from .moments import Pass
from .stepper import Stepper

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Stepper"]

_PICTURES = (".svg", ".png", ".pdf", ".dot")
_SHOWN = 200  # nodes and steps of a graph that a notebook shows as a picture


def save(self: Stepper, path: str | os.PathLike[str]) -> None:
    """Write the pass to files, in the format of the suffix; the stepper stays where it is.

    - ``"f.html"``: a page that steps through the pass in a browser, from the beginning; one file, without network.
    - ``"steps/*.svg"`` (or png, pdf, dot): a picture of each step, ``steps/01.svg`` and so on, on one layout. The
      folder is made.
    - ``"step.svg"``: a picture of the step in hand.

    Raises ValueError for another suffix, for a page of more than 2,000 steps and for a picture of more than 500 nodes,
    OSError where a file cannot be written, LayoutError when no layout engine works.
    """
    from pathlib import Path

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
        _save_series(self, target)
    else:
        Pass(self).picture(self.position).save(target)


def _save_series(stepper: Stepper, target: "Path") -> None:
    whole = Pass(stepper)
    digits = max(2, len(str(len(stepper))))
    for number in range(1, len(stepper) + 1):
        picture = whole.picture(number)
        if number == 1:  # nothing is made where nothing can be drawn
            target.parent.mkdir(parents=True, exist_ok=True)
        picture.save(target.with_name(target.name.replace("*", f"{number:0{digits}}")))


def _svg(self: Stepper) -> str | None:
    """The graph with the step in hand, for a notebook; nothing where it is too large or cannot be laid out."""
    from .layout import LayoutError

    if len(self.order) > _SHOWN or len(self) > _SHOWN:
        return None
    try:
        return Pass(self).picture(self.position).svg
    except (LayoutError, ValueError):  # a pass that ends in NaN has no picture, but it can be stepped through
        return None


def _mimebundle(self: Stepper, *_: Any, **__: Any) -> dict[str, str]:
    picture = _svg(self)
    bundle = {"text/plain": str(self)}
    return bundle if picture is None else bundle | {"image/svg+xml": picture}


Stepper.save = save  # type: ignore[method-assign]
Stepper._repr_svg_ = _svg  # type: ignore[attr-defined]
Stepper._repr_mimebundle_ = _mimebundle  # type: ignore[attr-defined]
