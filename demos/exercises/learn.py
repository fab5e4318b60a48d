"""The command `chainrule learn`: exercises that the engine checks, one file each."""

import argparse
import ast
import json
import textwrap
from collections.abc import Sequence
from pathlib import Path
from time import sleep, strftime

from autograd import console, messages, write_whole

from ..page import width
from . import progress
from .catalogue import EXERCISES, by_id
from .checking import LIMIT, Verdict, check, named_in
from .exercise import Exercise, word
from .progress import Progress, Unreadable

_ABOUT = """\
Exercises that are checked. Begin with: chainrule learn next
It writes a file, such as predict1.py. Answer in it, then: chainrule learn check predict1.py
"""
_WAIT = 0.3  # seconds between two looks of `watch` at a file


class NoExercise(Exception):
    """What was asked for is no exercise."""


def main(arguments: Sequence[str]) -> int:
    """Run `chainrule learn`. Returns 0, 1 for a wrong answer, 2 where there is no such exercise."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except NoExercise as error:
        return console.complain(error, 2, "chainrule learn")
    except Unreadable as error:
        return console.complain(error, 1, "chainrule learn")


def _parser() -> argparse.ArgumentParser:
    parser = console.parser(
        "chainrule learn",
        description=word(_ABOUT),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=word("Exit status of check: 0 right, 1 wrong, 2 no exercise."),
    )
    commands = parser.add_subparsers(metavar="command")
    parser.set_defaults(run=_list, seed=None)
    seed = argparse.ArgumentParser(add_help=False)
    seed.add_argument("--seed", type=int, metavar="N", help=word("of the numbers (default: your own)"))
    name = argparse.ArgumentParser(add_help=False)
    name.add_argument("id", nargs="?", help=word("of the exercise (default: the current one)"))

    def add(name: str, run: object, text: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}", parents=[*parents])
        command.set_defaults(run=run)
        return command

    add("list", _list, word("list the exercises and what is done"))
    add("next", _next, word("start the first exercise that is not done"), seed)
    start = add("start", _start, word("write the file of an exercise, ID.py"), seed)
    start.add_argument("id", metavar="ID", help=word("the name of the exercise, as 'chainrule learn list' gives it"))
    add("hint", _hint, word("show one more hint"), name, seed)
    checked = add("check", _check, word("check a file"), seed)
    checked.add_argument("file", type=Path, metavar="FILE", help=word("the file with the answer"))
    checked.add_argument("--json", action="store_true", help=word("print the verdict as JSON; progress is left alone"))
    limit = word("seconds that the file may take (default {limit:g})", limit=LIMIT)
    checked.add_argument("--limit", type=float, default=LIMIT, metavar="S", help=limit)
    add("solution", _solution, word("print a right solution"), name, seed)
    watch = add("watch", _watch, word("check a file each time it is saved, until it is right"))
    watch.add_argument("file", nargs="?", type=Path, metavar="FILE", help=word("default: that of the current exercise"))
    add("reset", _reset, word("forget what is done"))
    return parser


def _list(_: argparse.Namespace) -> int:
    learner = progress.load()
    widest = max(len(exercise.id) for exercise in EXERCISES)
    for exercise in EXERCISES:
        mark = "✓" if exercise.id in learner.done else ">" if exercise.id == learner.current else " "
        print(f"{mark} {exercise.id:<{widest}}  {word(exercise.title)}")
    done = sum(exercise.id in learner.done for exercise in EXERCISES)
    print("\n" + word("{k} of {n} done; 'chainrule learn next' starts the next one", k=done, n=len(EXERCISES)))
    return 0


def _next(options: argparse.Namespace) -> int:
    learner = progress.load(options.seed)
    exercise = _next_of(learner)
    if exercise is None:
        print(word("All exercises are done. 'chainrule learn reset' begins again, with other numbers."))
        return 0
    return _begin(exercise, learner, learner.seed)


def _next_of(learner: Progress) -> Exercise | None:
    return next((exercise for exercise in EXERCISES if exercise.id not in learner.done), None)


def _start(options: argparse.Namespace) -> int:
    learner = progress.load()
    return _begin(_named(options.id), learner, learner.seed if options.seed is None else options.seed)


def _begin(exercise: Exercise, learner: Progress, seed: int) -> int:
    """Write the file of an exercise, unless there is one, and make it the current one."""
    learner.current = exercise.id
    learner.save()
    path = Path(f"{exercise.id}.py")
    if path.exists():
        print(word("{path} is there already and is left as it is.", path=path))
    else:
        code = _own_code(Path(f"{exercise.follows}.py")) if exercise.follows in learner.done else None
        write_whole(path, exercise.file(seed, code).encode())
        print(word("wrote {path}", path=path))
    lesson = word("lesson {id}: {command}", id=exercise.lesson, command=f"chainrule lesson {int(exercise.lesson[1:])}")
    print(f"\n{word(exercise.title)}  ({lesson})\n")
    print(textwrap.indent(exercise.sheet(seed).text, "  "))
    print("\n" + word("Answer in {path}, then: chainrule learn check {path}", path=path))
    print(word("a hint: {command}", command="chainrule learn hint"))
    return 0


def _own_code(path: Path) -> str | None:
    """The code below the task in a learner's file, which the next stage goes on with; None where there is none."""
    try:
        text = path.read_text(encoding="utf-8")
        first = ast.parse(text).body[0]
    except (OSError, ValueError, SyntaxError, IndexError):
        return None
    return "\n".join(text.splitlines()[first.end_lineno or 0 :])


def _hint(options: argparse.Namespace) -> int:
    learner = progress.load()
    exercise = _named(options.id or learner.current)
    hints = exercise.sheet(_seed(exercise, learner, options.seed)).hints
    shown = min(learner.hints.get(exercise.id, 0) + 1, len(hints))
    learner.hints[exercise.id] = shown
    learner.save()
    heading = word("{title}, hint {k} of {n}:", title=word(exercise.title), k=shown, n=len(hints))
    print(f"{heading}\n\n{_wrapped(hints[shown - 1])}")
    return 0


def _solution(options: argparse.Namespace) -> int:
    learner = progress.load()
    exercise = _named(options.id or learner.current)
    seed = _seed(exercise, learner, options.seed)
    print(exercise.file(seed, exercise.sheet(seed).solution), end="")
    return 0


def _check(options: argparse.Namespace) -> int:
    exercise, seed = _exercise_of(options.file)
    if options.seed is not None and options.seed != seed:
        raise NoExercise(f"{options.file} has the numbers of seed {seed}, not of {options.seed}")
    verdict = check(options.file, exercise, seed, options.limit)
    if options.json:
        print(json.dumps({"file": str(options.file), "title": word(exercise.title), **verdict._asdict()}))
    else:
        _tell(verdict, exercise)
    return 0 if verdict.right else 1


def _tell(verdict: Verdict, exercise: Exercise) -> None:
    """Print the verdict and keep it."""
    if verdict.printed:
        print(textwrap.indent(verdict.printed.rstrip(), "  | "), end="\n\n")
    title = word(exercise.title)
    if not verdict.right:
        wrong, hint = word("WRONG: {title}", title=title), word("a hint: {command}", command="chainrule learn hint")
        print(f"{wrong}\n\n{_wrapped(verdict.why)}\n\n{hint} {exercise.id}")
        return
    learner = progress.load()
    if exercise.id not in learner.done:
        learner.done.append(exercise.id)
    following = _next_of(learner)
    learner.current = following.id if following else ""
    learner.save()
    print(word("right: {title}", title=title) + f"\n{_wrapped(verdict.why)}" * bool(verdict.why))
    if following:
        print(word("next: {command}    ({title})", command="chainrule learn next", title=word(following.title)))
    else:
        print(word("That was the last one."))


def _wrapped(text: str) -> str:
    """The text with its paragraphs wrapped; indented lines stay as they are."""
    return "\n".join(line if line.startswith(" ") else messages.wrapped(line, width()) for line in text.splitlines())


def _watch(options: argparse.Namespace) -> int:
    path = options.file or Path(f"{_named(progress.load().current).id}.py")
    exercise, _ = _exercise_of(path)
    print(word("watching {path}; Ctrl-C ends", path=path))
    seen = None
    while True:
        try:
            status = path.stat()
        except OSError:  # an editor is replacing it
            sleep(_WAIT)
            continue
        state = status.st_mtime_ns, status.st_size
        if state != seen:
            seen = state
            exercise, seed = _exercise_of(path)
            verdict = check(path, exercise, seed)
            print(f"\n{strftime('%H:%M:%S')}")
            _tell(verdict, exercise)
            if verdict.right:
                return 0
        sleep(_WAIT)


def _reset(_: argparse.Namespace) -> int:
    progress.reset()
    print(word("Forgotten. Your files are left as they are."))
    return 0


def _named(name: str) -> Exercise:
    exercise = by_id(name)
    if exercise is None:
        known = "no exercise is started" if not name else f"there is no exercise {name!r}"
        raise NoExercise(f"{known}; 'chainrule learn list' lists them")
    return exercise


def _exercise_of(path: Path) -> tuple[Exercise, int]:
    found = named_in(path)
    if found is None:
        raise NoExercise(
            f"{path} is no exercise: its first line should be like '# chainrule learn engine1, seed 7'"
            if path.exists()
            else f"there is no file {path}"
        )
    return found


def _seed(exercise: Exercise, learner: Progress, asked: int | None) -> int:
    """The seed that was asked for, else that of the file of the exercise, else the learner's."""
    if asked is not None:
        return asked
    found = named_in(Path(f"{exercise.id}.py"))
    return found[1] if found and found[0] is exercise else learner.seed
