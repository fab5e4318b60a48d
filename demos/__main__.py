"""The lessons from the command line: a list of them, one of them, or all of them and a gallery."""

import argparse
import importlib
import os
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from .curriculum import LESSONS, Lesson, find
from .gallery import write_gallery
from .page import GALLERY, Page

# What the lessons import that the engine does not need, and what installs it.
PACKAGES = {"matplotlib": "matplotlib", "scipy": "scipy", "sklearn": "scikit-learn"}


def main(arguments: Sequence[str] | None = None, program: str = "python -m demos") -> int:
    """Run the command line; returns the exit status: 1 when a lesson failed, 2 when it is not clear which is meant."""
    parser = argparse.ArgumentParser(program, description="Lessons on neural networks, from the chain rule.")
    parser.add_argument("lesson", nargs="*", help="its number (12, L12), name, or a word of its title (lambda)")
    parser.add_argument("--all", action="store_true", help="run every lesson and write the gallery")
    parser.add_argument("--out", type=Path, default=GALLERY, metavar="DIR", help="folder for pictures and gallery")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the random numbers (default 0)")
    parser.add_argument("--quick", action="store_true", help="less work, the same claims")
    parser.add_argument("--no-plots", action="store_true", help="text only")
    options = parser.parse_args(arguments)

    chosen = list(LESSONS) if options.all else []
    if options.lesson and not options.all:
        words = " ".join(options.lesson)
        chosen = find(words)
        if len(chosen) != 1:
            print(f"{'several lessons' if chosen else 'no lesson'} for {words!r}:", file=sys.stderr)
            _list(chosen or LESSONS, sys.stderr)
            return 2
    if not chosen:
        _list(LESSONS, sys.stdout)
        print(f"\n{program} 12 (or a word, such as lambda) runs one, --all runs all and writes the gallery")
        return 0

    if options.all and (missing := [name for module, name in PACKAGES.items() if find_spec(module) is None]):
        print(f"the gallery needs {', '.join(missing)}: pip install {' '.join(missing)}", file=sys.stderr)
        return 1
    shown, failed = [], []
    for lesson in chosen:
        page = Page(
            seed=options.seed, quick=options.quick, plots=not options.no_plots, out=options.out, name=lesson.name
        )
        print(f"{lesson}\n{'=' * len(str(lesson))}\n")
        start = time.perf_counter()
        try:
            importlib.import_module(f".lessons.{lesson.module}", __package__).main(page)
        except ModuleNotFoundError as error:
            wanted = PACKAGES.get((error.name or "").split(".")[0])
            if wanted is None:
                raise
            print(f"this lesson needs {wanted}: pip install {wanted}", file=sys.stderr)
            return 1
        except Exception as error:
            if not options.all:
                raise
            failed.append(lesson)
            print(f"this lesson failed: {type(error).__name__}: {error}\n", file=sys.stderr)
            continue
        shown.append((lesson, page))
        if options.all:
            print(f"({time.perf_counter() - start:.1f} s)\n\n")
    if options.all:
        write_gallery(options.out, shown)
        print(f"gallery: {os.path.relpath(options.out / 'index.html')}")
    if failed:
        print(f"failed: {', '.join(map(str, failed))}", file=sys.stderr)
    return 1 if failed else 0


def _list(lessons: Sequence[Lesson], stream: object) -> None:
    widest = max(len(lesson.name) for lesson in lessons)
    for lesson in lessons:
        print(f"{lesson.id}  {lesson.name:<{widest}}  {lesson.title}", file=stream)  # type: ignore[call-overload]


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # for terminals that have no λ
    sys.exit(main())
