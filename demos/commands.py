"""The commands of the course: `chainrule lesson`, `chainrule gallery` and `chainrule learn`."""

from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run the command that the first word names with the others as its arguments; returns the exit status."""
    word, *rest = arguments
    if word == "learn":
        from .exercises.learn import main as learn

        return learn(rest)
    from .__main__ import main as lessons

    return lessons(["--all", *rest] if word == "gallery" else rest, program=f"chainrule {word}")
