"""A progress bar over the epochs of a training."""

import sys
import warnings
from typing import TYPE_CHECKING

from .history import History

if TYPE_CHECKING:
    from tqdm import tqdm


def progress_bar(epochs: int) -> "tqdm | None":
    """A progress bar on a terminal or in a notebook, else None."""
    if "ipykernel" in sys.modules:
        with warnings.catch_warnings(action="ignore"):  # that there are no widgets: the bar is text then
            from tqdm.auto import tqdm

        return tqdm(total=epochs, unit="epoch")
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    from tqdm import tqdm

    return tqdm(total=epochs, unit="epoch")


def advance(bar: "tqdm | None", history: History) -> None:
    """Show one more epoch, with its loss and accuracy; without a bar, nothing."""
    if bar is not None:
        part = "validation " if history.validation_loss else ""
        shown = {f"{part}loss": history.validation_loss or history.train_loss}
        shown |= {f"{part}accuracy": history.metrics.get(f"{part}accuracy".replace(" ", "_"), [])}
        bar.set_postfix({name: f"{values[-1]:.4g}" for name, values in shown.items() if values}, refresh=False)
        bar.update()
