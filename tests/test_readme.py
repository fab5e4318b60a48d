"""The README tells what is there: each file with the sentence that it opens with, each lesson with its picture."""

import ast
import doctest
import re
from pathlib import Path

import pytest

from demos.curriculum import LESSONS

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh-CN.md")
DOCUMENTS = [
    *(ROOT / name for name in READMES),
    *(ROOT / folder / "README.md" for folder in ("autograd", "nn", "demos")),
]
LESSON_TABLE = (ROOT / "demos" / "README.md").read_text(encoding="utf-8")
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
        for line in LESSON_TABLE.splitlines()
        if line.startswith("|") and f"`python -m demos {int(lesson.id[1:])}`" in line
    ]
    assert lesson.title in row
    assert lesson.sentence in row
    (picture,) = re.findall(r'src="([^"]+)"', row)
    assert (ROOT / "demos" / picture).is_file()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_picture_and_link_is_there(document: Path) -> None:
    for target in re.findall(r"\]\(((?!http)[^)#]+)\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).is_file(), target


@pytest.mark.parametrize("name", READMES)
def test_the_readme_shows_what_happens(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its Python examples, run one after the other; the fences around them are no part of what is printed."""
    monkeypatch.chdir(tmp_path)
    text = re.sub(r"^```\w*$", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    example = doctest.DocTestParser().get_doctest(text, {}, name, name, 0)
    result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS).run(example)
    assert result.attempted > 15
    assert result.failed == 0


@pytest.mark.parametrize("name", READMES)
def test_the_readme_is_two_screens(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    assert "BLANKLINE" not in text


def test_both_readmes_show_the_same_code() -> None:
    english, chinese = (
        re.findall(r"^```.*?^```$", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        for name in READMES
    )
    without_comments = [[re.sub(r"  #.*", "", block).split() for block in blocks] for blocks in (english, chinese)]
    assert without_comments[0] == without_comments[1]
