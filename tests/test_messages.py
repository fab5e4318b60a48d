"""The catalogue of Chinese words: compiled from its text, complete, with the same places for what is filled in."""

import ast
import re
import string
from pathlib import Path

import pytest

import autograd
from autograd import messages
from autograd.console import COMMON
from autograd.drawing.board import BOX_WORDS, WORDS
from autograd.drawing.page import page
from autograd.rules import table
from autograd.rules.operation import Operation
from demos.curriculum import LESSONS as LIST
from demos.exercises.catalogue import EXERCISES
from tests.drawing.passes import gates
from tests.said import PO, catalogue, has_words, said, told

FOLDER = Path(autograd.__file__).parent
DEMOS = FOLDER.parent / "demos"
CATALOGUE = catalogue()


def test_the_compiled_catalogue_is_that_of_the_text():
    chinese = messages.translation("zh_CN").__self__
    compiled = {key: text for key, text in chinese._catalog.items() if key}
    assert compiled == {key: text for key, text in CATALOGUE.items() if key}


def test_a_translation_fills_in_the_same():
    def places(text):
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    for key, translation in CATALOGUE.items():
        assert places(translation) == places(key), key


def test_no_entry_is_overlooked_empty_or_fuzzy():
    text = PO.read_text("utf-8")
    assert text.count("\nmsgid ") == len(CATALOGUE)  # one line each, none twice
    assert "fuzzy" not in text
    assert [key for key, translation in CATALOGUE.items() if key and not translation] == []


def test_everything_that_is_said_has_a_translation():
    about = {row.about for row in vars(table).values() if isinstance(row, Operation)}
    assert about <= CATALOGUE.keys()
    assert {*WORDS, *BOX_WORDS} <= CATALOGUE.keys()
    said = set()
    for file in ("stepping/steps.py", "drawing/page.py"):
        for call in ast.walk(ast.parse((FOLDER / file).read_text("utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "translate":
                said |= {part.value for part in ast.walk(call) if isinstance(part, ast.Constant)}
    said = {text for text in said if isinstance(text, str) and len(text) > 9}
    assert len(said) > 10
    assert said <= CATALOGUE.keys()


def test_the_words_of_the_script_are_among_those_of_the_page():
    assets = FOLDER / "drawing/assets"
    script = "".join((assets / name).read_text("utf-8") for name in ("words.js", "view.js", "fold.js", "steps.js"))
    assert set(re.findall(r'word\("([^"]+)"', script)) <= {*WORDS, *BOX_WORDS}


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"CHAINRULE_LANG": "zh", "LANG": "en_US.UTF-8"}, "zh_CN"),
        ({"CHAINRULE_LANG": "en", "LC_ALL": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "zh_CN.UTF-8", "LANG": "en_US"}, "zh_CN"),
        ({"LC_MESSAGES": "zh_TW"}, "zh_CN"),
        ({"CHAINRULE_LANG": "", "LANG": "zh-CN"}, "zh_CN"),
        ({"LANG": "C.UTF-8"}, None),
        ({"LANG": "fr_FR"}, None),
        ({}, None),
    ],
)
def test_the_language_of_the_environment(environment, language):
    assert messages.language(environment) == language


def test_a_step_is_explained_in_chinese():
    step = gates().stepper().step()
    assert step.explain(messages.translation("zh_CN")) == (
        "运算 *（积）：f = q·z。它对 q 的局部导数是 ∂f/∂q = z = -4。上游梯度：f 的梯度是 1；按链式法则，传给 q 的是 "
        "1 × (-4) = -4。q 原来没有梯度，现在是 -4。这是传给 q 的唯一一份梯度，所以它的梯度已经"
        "完整：从 q 到 f 的所有路径之和。"
    )


def test_a_page_may_begin_in_a_language():
    assert '"language":"zh_CN"' in page(gates().stepper(), "zh_CN")
    assert '"language":null' in page(gates().stepper())


LESSONS = sorted((DEMOS / "lessons").glob("l*.py"))


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_that_is_translated_is_translated_whole(path):
    texts = said(path)
    if texts[0] not in CATALOGUE:
        pytest.skip("not translated yet")
    assert [text for text in texts if text not in CATALOGUE] == []


TOLD = [
    FOLDER / "cli.py",
    FOLDER / "stepping" / "interactive.py",
    DEMOS / "__main__.py",
    DEMOS / "gallery.py",
    DEMOS / "page.py",
    *sorted((DEMOS / "exercises").glob("*.py")),
]


@pytest.mark.parametrize("path", TOLD, ids=lambda path: path.stem)
def test_what_commands_and_exercises_tell_is_translated(path):
    assert [text for text in told(path) if text not in CATALOGUE] == []


def test_what_is_told_is_found():
    texts = {path.stem: told(path) for path in TOLD}
    assert "{k} of {n} done; 'chainrule learn next' starts the next one" in texts["learn"]
    assert "Your own engine 1: a Value holds a number" in texts["write_an_engine"]
    assert "What if a node is used twice?" in texts["find_the_bug"]
    assert "2. Correct the line." in texts["find_the_bug"]
    assert sum(map(len, texts.values())) > 250


def test_the_curriculum_and_common_errors_are_translated():
    wanted = {text for lesson in LIST for text in (lesson.title, lesson.sentence)}
    assert wanted | {exercise.title for exercise in EXERCISES} | {*COMMON} <= CATALOGUE.keys()


def test_sheets_look_up_nothing_that_has_no_translation(monkeypatch):
    asked = set()

    def recording(_):
        return lambda text: asked.add(text) or text

    monkeypatch.setattr(messages, "translation", recording)
    for exercise in EXERCISES:
        exercise.file(1)
    monkeypatch.undo()
    assert len(asked) > 100
    assert {text for text in asked if has_words(text)} <= CATALOGUE.keys()


def test_words_fill_their_places_in_the_language_that_is_asked_for(monkeypatch):
    assert messages.word("wrote {path}", path="{x}") == "wrote {x}"
    assert messages.word("wrote {path}", "zh_CN", path="f.svg") == "已写入 f.svg"
    monkeypatch.setenv("CHAINRULE_LANG", "zh")
    assert messages.word("wrote {path}", path="f.svg") == "已写入 f.svg"
    assert messages.word("{nobody} says this", nobody=1) == "1 says this"
    assert messages.word("braces {stay} without fields") == "braces {stay} without fields"


def test_an_error_is_told_again_by_the_first_template_that_it_was_made_of():
    templates = ["{name} takes {wanted} argument, got {given}", "{name} is a function: write {call}"]
    assert messages.retold("f(x) takes 1 argument, got 2", templates, "zh_CN") == "f(x) 需要 1 个参数，这里有 2 个。"
    assert messages.retold("f is a function: write f(...)", templates, "zh_CN") == "f 是函数：请写成 f(...)"
    assert messages.retold("f(x) takes 1 argument, got 2", templates, "en") is None
    assert messages.retold("so f is a function", templates, "zh_CN") is None
