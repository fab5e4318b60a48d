"""The README tells what is there: each file with the sentence that it opens with, each lesson with its picture."""

import ast
import re
from pathlib import Path

import pytest

from demos.curriculum import LESSONS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PACKAGES = ("autograd", "nn", "demos")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_stands_in_the_list_of_its_package_with_its_sentence(package: str) -> None:
    text = (ROOT / package / "README.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^- `([\w/]+\.py)`: (.+)$", text, re.MULTILINE))
    sentences = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        if not path.name.startswith("__") and path.parent.name != "lessons":
            docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            sentence = docstring.split("\n")[0].replace("``", "`").rstrip(".")
            sentences[path.relative_to(ROOT / package).as_posix()] = sentence
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
