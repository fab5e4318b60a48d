"""matplotlib where it is installed, and a word on how to get it where it is not."""

from typing import Any


def pyplot() -> Any:
    """The module ``matplotlib.pyplot``; ImportError that says what to install where there is none."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError("plots are drawn with matplotlib: pip install matplotlib, or chainrule[demos]") from error
    return plt
