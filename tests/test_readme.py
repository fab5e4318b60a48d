"""The README tells what is there: each file with the sentence that it opens with, each lesson with its picture."""

import ast
import re
from pathlib import Path

import pytest

from demos.lessons import LESSONS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("autograd", "nn")
    for path in (ROOT / folder).rglob("*.py")
    if not path.name.startswith("__")
)


def test_every_module_stands_in_the_tree_with_its_sentence() -> None:
    told = dict(re.findall(r"^- `((?:autograd|nn)/[\w/]+\.py)`: (.+)$", README, re.MULTILINE))
    sentences = {}
    for name in MODULES:
        docstring = ast.get_docstring(ast.parse((ROOT / name).read_text(encoding="utf-8"))) or ""
        sentences[name] = docstring.split("\n")[0].replace("``", "`").rstrip(".")
    assert told == sentences


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.id)
def test_every_lesson_stands_in_the_table(lesson) -> None:
    (row,) = [
        line
        for line in README.splitlines()
        if line.startswith("|") and f"`python -m demos {int(lesson.id[1:])}`" in line
    ]
    assert lesson.title in row
    assert lesson.sentence in row
    (picture,) = re.findall(r'src="([^"]+)"', row)
    assert (ROOT / picture).is_file()


def test_every_picture_and_link_is_there() -> None:
    for target in re.findall(r"\]\(((?!http)[^)#]+)\)", README):
        assert (ROOT / target).is_file(), target
