"""Keys and symbols of terminals."""

import io
import os
import sys

import pytest

from autograd.stepping import terminal

KEYS = {
    "a": "a",
    "\r": "enter",
    "\n": "enter",
    " ": " ",
    "\x7f": "backspace",
    "\x04": "end of input",
    "\x1b[C": "right",
    "\x1bOC": "right",
    "\x1b[D": "left",
    "\x1b[1;2D": "left",
    "\x1b[H": "home",
    "\x1bOH": "home",
    "\x1b[1~": "home",
    "\x1b[7~": "home",
    "\x1b[F": "end",
    "\x1b[4~": "end",
    "\x1b[8~": "end",
    "\x1b[3~": "",  # Delete
    "\x1b[A": "",  # up
}


@pytest.mark.skipif(sys.platform == "win32", reason="there are no ptys on Windows")
def test_keys_have_names_and_the_terminal_is_restored(monkeypatch):
    import pty
    import termios

    master, slave = pty.openpty()
    modes = termios.tcgetattr(slave)
    with os.fdopen(slave, "rb", buffering=0) as device:
        monkeypatch.setattr(sys, "stdin", device)
        with terminal.Keys() as keys:
            for sequence, name in KEYS.items():
                os.write(master, sequence.encode())
                assert keys.read() == name, repr(sequence)
        assert termios.tcgetattr(slave) == modes
    os.close(master)


def test_what_is_no_terminal():
    closed = io.StringIO()
    closed.close()
    for stream in (None, io.StringIO(), closed):
        assert not terminal.is_terminal(stream)
        assert terminal.width_of(stream, 77) == 77


def test_symbols_that_the_encoding_lacks_are_written_in_ascii(monkeypatch):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    monkeypatch.setattr(sys, "stdout", stream)
    with terminal.plain_symbols():
        print("∂f/∂x = 2·x² × (-4) …")
    assert raw.getvalue().decode().strip() == "df/dx = 2*x^2 * (-4) ..."
    assert stream.errors == "strict"
