"""What the terminal can do: its colours, its width, the symbols that its encoding lacks, and single keys."""

import codecs
import os
import sys
from contextlib import suppress
from typing import TextIO


def has_colour(stream: TextIO | None) -> bool:
    """Whether colours may be written to `stream`: a terminal that has them, without NO_COLOR (no-color.org), or any
    stream with FORCE_COLOR (force-color.org)."""
    if os.environ.get("FORCE_COLOR") and not os.environ.get("NO_COLOR"):
        return True
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not is_terminal(stream):
        return False
    # An old console of Windows would print the codes; those that understand them announce themselves.
    return sys.platform != "win32" or any(name in os.environ for name in ("WT_SESSION", "ANSICON", "TERM"))


def is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # it is closed
        return False


def bold(text: str) -> str:
    return f"\x1b[1;36m{text}\x1b[0m"


def dim(text: str) -> str:
    return f"\x1b[2m{text}\x1b[0m"


def can_redraw(stream: TextIO | None) -> bool:
    """Whether the cursor can go back to overwrite what was written."""
    if sys.platform == "win32":
        os.system("")  # noqa: S605, S607 (an empty command: it makes the console of Windows 10 understand the codes)
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def width_of(stream: TextIO | None, most: int) -> int:
    """The columns to write: those of the terminal, at least 40, at most `most`."""
    if not is_terminal(stream):
        return most
    import shutil

    return max(40, min(most, shutil.get_terminal_size().columns))


# fmt: off
_ASCII = {
    "∂": "d", "·": "*", "×": "*", "√": "sqrt ", "²": "^2", "³": "^3", "…": "...", "–": "-", "✓": "ok", "▶": ">",
    "│": "|", "−": "-", "÷": "/",
    "→": "->", "←": "<-", "⁰": "^0", "¹": "^1", "⁴": "^4", "⁵": "^5", "⁶": "^6", "⁷": "^7", "⁸": "^8", "⁹": "^9",
}
# fmt: on


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    """An error handler of codecs: symbols in ASCII, other characters as escapes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(_ASCII.get(c) or c.encode("ascii", "backslashreplace").decode() for c in text), error.end


class plain_symbols:
    """Within the block, characters that the encoding of the standard streams lacks are written in ASCII."""

    def __enter__(self) -> None:
        codecs.register_error("chainrule", _in_ascii)
        self._streams = [(s, s.errors) for s in (sys.stdout, sys.stderr) if hasattr(s, "reconfigure")]
        for stream, _ in self._streams:
            stream.reconfigure(errors="chainrule")

    def __exit__(self, *error: object) -> None:
        for stream, before in self._streams:
            if not stream.closed:
                stream.reconfigure(errors=before)


class Keys:
    """Single keys from the terminal: ``with Keys() as keys: keys.read()``; afterwards the terminal is as it was.

    `read` waits for a key and returns its character or its name: "enter", "backspace", "left", "right", "home", "end",
    "end of input", or "" for a key that it does not know. Ctrl-C raises KeyboardInterrupt.
    """

    def __enter__(self) -> "Keys":
        if sys.platform != "win32":
            import termios
            import tty

            self._input = sys.stdin.fileno()
            self._before = termios.tcgetattr(self._input)
            tty.setcbreak(self._input)
        return self

    def __exit__(self, *error: object) -> None:
        if sys.platform != "win32":
            import termios

            with suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(self._input, termios.TCSADRAIN, self._before)

    if sys.platform == "win32":

        def read(self) -> str:
            import msvcrt

            key = msvcrt.getwch()
            if key == "\x03":
                raise KeyboardInterrupt
            if key in "\x00\xe0":
                return _WINDOWS.get(msvcrt.getwch(), "")
            return _NAMES.get(key, key)

    else:

        def read(self) -> str:
            import select

            key = self._byte()
            if key != "\x1b" or not select.select([self._input], [], [], 0.05)[0]:
                return _NAMES.get(key, key)
            sequence = self._byte()
            while sequence[-1:] in ("[", "O", ";") or sequence[-1:].isdigit():  # ESC [ C, ESC O C, ESC [ 1 ; 2 C
                sequence += self._byte()
            return _SEQUENCES.get(sequence[1:] if sequence.endswith("~") else sequence[-1:], "")

        def _byte(self) -> str:
            return os.read(self._input, 1).decode("latin-1")


_NAMES = {
    "": "end of input",
    "\x04": "end of input",
    "\r": "enter",
    "\n": "enter",
    "\x7f": "backspace",
    "\b": "backspace",
}
_SEQUENCES = {"C": "right", "D": "left", "H": "home", "F": "end"}  # what ends the sequence of a key, in xterm
_SEQUENCES |= {"1~": "home", "7~": "home", "4~": "end", "8~": "end"}  # in the Linux console, rxvt and tmux
_WINDOWS = {"M": "right", "K": "left", "G": "home", "O": "end"}
