"""How a command runs in a terminal: errors become lines, a closed pipe ends it, symbols are those that it can show.

>>> def command():
...     raise UsageError("no file is given")
>>> run(command)  # it says so on stderr; 2 is the exit status
2
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from . import messages
from .stepping.terminal import plain_symbols

if TYPE_CHECKING:
    import argparse

# What the errors say that beginners meet. Each has a line in Chinese, which the commands print below it; the first of
# those that fit is taken.
COMMON = (
    "no expression is given; try: {example}",
    "more than one expression is given, {first} and {second}: put quotes round one that has spaces",
    "no number is given for {names}: add {numbers}",
    "{name} is not in the expression",
    "{names} are not in the expression",
    "{name} is given twice",
    "{name} is a function and cannot be a variable: choose another name",
    "{name} is a word of Python and cannot be a variable: choose another name",
    "{assignment}: it is not a number",
    "the expression is empty",
    "the expression {text} cannot be read: '(' was never closed at character {k}",
    "the expression {text} cannot be read: '(' was never closed",
    "the expression {text} cannot be read: {reason}",
    "an expression has no {part} ({text}): {advice}",
    "unknown function {name}: did you mean {other}?",
    "unknown function {name}: there are {functions}",
    "{name} takes {wanted} argument, got {given}",
    "{name} takes {wanted} arguments, got {given}",
    "{name} is a function: write {call}",
    "{function}(x) needs x > 0, got {x}",
    "sqrt(x) needs x >= 0, got {x}",
    "x / y needs y != 0, got {y}",
    "exp(x) needs x <= {most}, got {x}",
    "x ** y needs x > 0 or (x == 0 and y >= 0) or (x < 0 and y % 1 == 0), got {numbers}",
    "x ** y with a Value y needs x >= 0, got {x}: {reason}",
    "{function} needs {condition}, got {numbers}",
    "the value is {value}: too large for a float at this point",
    "a number in the expression is too large for a float",
    "the gradient becomes NaN on the edge from {node} to {parent}: {reason}",
    "[Errno {number}] the file cannot be written ({reason}): {path}",
    "[Errno {number}] No such file or directory: {path}",
    "{option} cannot write {file}: name {names}",
    "the picture would have {nodes} nodes and {arrows} arrows, more than max_nodes={most} allows: {advice}",
    "unrecognized arguments: {arguments}; {help} explains",
    "the following arguments are required: {arguments}; {help} explains",
    "argument {option}: expected one argument; {help} explains",
    "argument {option}: invalid choice: {choice} (choose from {choices}); {help} explains",
    "argument {option}: invalid {kind} value: {value}; {help} explains",
    "no lesson for {words}:",
    "several lessons for {words}:",
    "this lesson needs {library}: pip install {package}",
    "the gallery needs {libraries}: pip install {packages}",
    "no exercise is started; 'chainrule learn list' lists them",
    "there is no exercise {name}; 'chainrule learn list' lists them",
    "there is no file {path}",
    "{path} is no exercise: its first line should be like {line}",
    "{path} has the numbers of seed {seed}, not of {other}",
    "line {name}: the expression {text} cannot be read: {reason}",
    "line {name}: {label} is not known here; known are {known}",
    "this lesson failed: {error}",
    "failed: {lessons}",
    "{path} cannot be read: 'chainrule learn reset' begins again",
)


class UsageError(Exception):
    """A mistake in the command."""


def parser(program: str, **options: Any) -> "argparse.ArgumentParser":
    """A parser that raises `UsageError` for a mistake instead of ending the process.

    Arguments:
        program: how the command is called, such as "chainrule learn".
        options: those of `argparse.ArgumentParser`.
    """
    import argparse  # here, because the package is imported by more than commands

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise UsageError(f"{message}; {self.prog} --help explains")

    return Parser(program, **options)


def run(command: Callable[[], int]) -> int:
    """Run a command; returns its exit status.

    It is 2 for a `UsageError`, 1 where a file cannot be read or written, 130 after Ctrl-C. A pipe that closes, such as
    that of ``| head``, ends the command quietly.
    """
    with plain_symbols(), _language_that_can_be_read():
        try:
            status = command()
            if sys.stdout is not None:
                sys.stdout.flush()
            return status
        except UsageError as error:
            return complain(error, 2)
        except KeyboardInterrupt:
            return 130
        except OSError as error:
            if not is_closed_pipe(error):
                return complain(error, 1)
            _forget_output()
            return 0


def complain(error: object, status: int, program: str = "chainrule") -> int:
    """Print an error to stderr; returns the status."""
    print(f"{program}: {explained(error)}", file=sys.stderr)
    return status


def explained(error: object) -> str:
    """An error in a line and, where there is one, a line in the user's language below it."""
    message = " ".join(str(error).split()) or type(error).__name__
    line = messages.retold(message, COMMON)
    return f"{message}\n{line}" if line else message


def is_closed_pipe(error: BaseException) -> bool:
    """Whether the error says that the reader of the output is gone."""
    if isinstance(error, OSError) and sys.platform == "win32" and error.errno == 22 and error.filename is None:
        return True
    return isinstance(error, BrokenPipeError)


def _forget_output() -> None:
    """The reader of the output is gone: the rest goes nowhere, also what Python still flushes when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _language_that_can_be_read() -> Iterator[None]:
    """Within the block, commands speak English where the terminal lacks the characters of the user's language."""
    before = os.environ.get("CHAINRULE_LANG")
    name = messages.LANGUAGES[messages.language() or "en"]
    if not all(_has(stream, name) for stream in (sys.stdout, sys.stderr)):
        os.environ["CHAINRULE_LANG"] = "en"
    try:
        yield
    finally:
        os.environ.pop("CHAINRULE_LANG", None)
        if before is not None:
            os.environ["CHAINRULE_LANG"] = before


def _has(stream: TextIO | None, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
