"""A learner's file is run and checked in a process of its own, with a time limit, so that nothing it does harms us.

The process is this module, run by `check`: it loads the file, checks it, and writes the verdict to a file of its own.
"""

import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import NamedTuple

from .catalogue import by_id
from .exercise import Exercise, Wrong, word

LIMIT = 20.0  # seconds
_FIRST = re.compile(r"# chainrule learn (?P<id>\w+), seed (?P<seed>-?\d+)")
_ROOM = 4_000  # characters of what a file prints


class Verdict(NamedTuple):
    """Whether a file is right, why not (or what else there is to say), and what the file printed."""

    exercise: str
    seed: int
    right: bool
    why: str
    printed: str


def named_in(path: Path) -> tuple[Exercise, int] | None:
    """The exercise and the seed in the first line of a file; None where there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            found = _FIRST.match(file.readline().lstrip("\ufeff"))
    except OSError:
        return None
    exercise = by_id(found["id"]) if found else None
    return (exercise, int(found["seed"])) if found and exercise else None


def check(path: Path, exercise: Exercise, seed: int, limit: float = LIMIT) -> Verdict:
    """Check a file; it has `limit` seconds."""
    root = Path(__file__).parents[2]
    paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"}
    with tempfile.TemporaryDirectory() as folder:
        answer, output = Path(folder, "verdict.json"), Path(folder, "output.txt")
        # -B: where the file changes twice in a second, Python would take the bytecode of the text before.
        options = ["-B", "-P", "-m", __name__]
        command = [sys.executable, *options, str(path.resolve()), exercise.id, str(seed), str(answer)]
        # A file, since a pipe would wait for processes that the learner's file starts.
        with open(output, "wb") as stream:
            try:
                done = subprocess.run(  # noqa: S603
                    command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, timeout=limit, env=environment
                )
                status = done.returncode
                why = word("the file ended its process (exit status {k}) before it could be checked", k=status)
            except subprocess.TimeoutExpired:
                stopped = "the file was stopped after {limit:g} seconds: is there a loop that does not end?"
                why = word(stopped, limit=limit)
        with open(output, encoding="utf-8", errors="replace") as text:
            printed = text.read(_ROOM)
        try:
            right, why = json.loads(answer.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            right = False
    return Verdict(exercise.id, seed, right, why, printed)


def _checked(path: Path, exercise: Exercise, seed: int) -> tuple[bool, str]:
    """Load the file and check it; to be called in a process of its own."""
    check_module = exercise.sheet(seed).check
    sys.path.append(str(path.parent))
    spec = importlib.util.spec_from_file_location("answer", path)
    if spec is None or spec.loader is None:
        return False, word("{file} is no Python file", file=path.name)
    module = importlib.util.module_from_spec(spec)
    sys.modules["answer"] = module
    try:
        spec.loader.exec_module(module)
        return True, check_module(module) or ""
    except Wrong as wrong:
        return False, str(wrong)
    except SyntaxError as error:
        return False, word("Python cannot read line {k} of the file: {reason}", k=error.lineno, reason=error.msg)
    except RecursionError as error:
        return False, word("a function of the file calls itself without end{where}", where=_where(error, path))
    except (Exception, SystemExit) as error:
        where = _where(error, path)
        return False, word(
            "the file raised {kind}: {error}{where}", kind=type(error).__name__, error=error, where=where
        )


def _where(error: BaseException, path: Path) -> str:
    """The last line of the learner's file that the error went through."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return word(" (line {k})", k=lines[-1]) if lines else ""


def main() -> None:
    """Check the file in the arguments, and write the verdict to the last of them."""
    path, name, seed, answer = sys.argv[1:]
    exercise = by_id(name)
    assert exercise is not None
    verdict = _checked(Path(path), exercise, int(seed))
    Path(answer).write_text(json.dumps(verdict), encoding="utf-8")
    sys.stdout.flush()
    os._exit(0)  # threads that the file started do not matter any more


if __name__ == "__main__":
    main()
