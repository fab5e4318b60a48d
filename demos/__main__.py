"""The lessons from the command line: a list of them, one of them, or all of them and a gallery."""

import importlib
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from autograd import console, messages

from .curriculum import LESSONS, Lesson, find
from .gallery import write_gallery
from .page import GALLERY, Page

# What the lessons import that the engine does not need, and what installs it.
PACKAGES = {"matplotlib": "matplotlib", "scipy": "scipy", "sklearn": "scikit-learn"}


def main(arguments: Sequence[str] | None = None, program: str = "python -m demos") -> int:
    """Run the command line; returns the exit status: 1 when a lesson failed, 2 when it is not clear which is meant."""
    parser = console.parser(program, description=messages.word("Lessons on neural networks, from the chain rule."))
    add = parser.add_argument
    add("lesson", nargs="*", help=messages.word("its number (12, L12), name, or a word of its title (lambda)"))
    add("--all", action="store_true", help=messages.word("run every lesson and write the gallery"))
    add("--out", type=Path, default=GALLERY, metavar="DIR", help=messages.word("folder for pictures and gallery"))
    add("--seed", type=int, default=0, metavar="N", help=messages.word("of the random numbers (default 0)"))
    add("--quick", action="store_true", help=messages.word("less work, the same claims"))
    add("--no-plots", action="store_true", help=messages.word("text only"))
    options = parser.parse_args(arguments)

    chosen = list(LESSONS) if options.all else []
    if options.lesson and not options.all:
        words = " ".join(options.lesson)
        chosen = find(words)
        if len(chosen) != 1:
            console.complain(f"{'several lessons' if chosen else 'no lesson'} for {words!r}:", 2, program)
            _list(chosen or LESSONS, sys.stderr)
            return 2
    if not chosen:
        _list(LESSONS, sys.stdout)
        usage = "{program} 12 (or a word, such as lambda) runs one, --all runs all and writes the gallery"
        print("\n" + messages.word(usage, program=program))
        return 0

    if options.all and (missing := [name for module, name in PACKAGES.items() if find_spec(module) is None]):
        needed = f"the gallery needs {', '.join(missing)}: pip install {' '.join(missing)}"
        return console.complain(needed, 1, program)
    if options.all:
        options.out.mkdir(parents=True, exist_ok=True)  # before the lessons, which take minutes
        with tempfile.TemporaryFile(dir=options.out):
            pass
    shown, failed = [], []
    for lesson in chosen:
        page = Page(
            seed=options.seed, quick=options.quick, plots=not options.no_plots, out=options.out, name=lesson.name
        )
        title = f"{lesson.id} {messages.word(lesson.title)}"
        print(f"{title}\n{'=' * messages.columns(title)}\n")
        start = time.perf_counter()
        try:
            importlib.import_module(f".lessons.{lesson.module}", __package__).main(page)
        except ModuleNotFoundError as error:
            wanted = PACKAGES.get((error.name or "").split(".")[0])
            if wanted is None:
                raise
            return console.complain(f"this lesson needs {wanted}: pip install {wanted}", 1, program)
        except Exception as error:
            if not options.all or console.is_closed_pipe(error):
                raise
            failed.append(lesson)
            console.complain(f"this lesson failed: {type(error).__name__}: {error}", 1, program)
            continue
        shown.append((lesson, page))
        if options.all:
            print(f"({time.perf_counter() - start:.1f} s)\n\n")
    if options.all:
        write_gallery(options.out, shown)
        print(messages.word("gallery: {path}", path=os.path.relpath(options.out / "index.html")))
    return console.complain(f"failed: {', '.join(map(str, failed))}", 1, program) if failed else 0


def _list(lessons: Sequence[Lesson], stream: object) -> None:
    widest = max(len(lesson.name) for lesson in lessons)
    for lesson in lessons:
        print(f"{lesson.id}  {lesson.name:<{widest}}  {messages.word(lesson.title)}", file=stream)  # type: ignore[call-overload]


if __name__ == "__main__":
    sys.exit(console.run(main))
