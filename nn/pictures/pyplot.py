"""matplotlib, or an error that says how to install it."""

from types import ModuleType


def pyplot() -> ModuleType:
    """The module ``matplotlib.pyplot``. Raises ImportError, saying what to install, where there is none."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError("plots are drawn with matplotlib: pip install matplotlib") from error
    return plt
