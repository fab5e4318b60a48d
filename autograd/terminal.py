"""What the terminal can show: colour, its width, and symbols that its encoding may lack."""

import os
import sys
from typing import Any


def has_colour(stream: Any) -> bool:
    """Whether colours may be written to `stream`: a terminal that has them, without NO_COLOR (no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not is_terminal(stream):
        return False
    # An old console of Windows would print the codes; those that understand them announce themselves.
    return sys.platform != "win32" or any(name in os.environ for name in ("WT_SESSION", "ANSICON", "TERM"))


def is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):  # no stream, or a closed one
        return False


def bold(text: str) -> str:
    return f"\x1b[1;36m{text}\x1b[0m"


def dim(text: str) -> str:
    return f"\x1b[2m{text}\x1b[0m"
