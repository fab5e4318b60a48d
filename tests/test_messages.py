"""The catalogue of Chinese words: compiled from its text, complete, with the same places for what is filled in."""

import ast
import re
import string
from pathlib import Path

import pytest

import autograd
from autograd import messages
from autograd.drawing.board import BOX_WORDS, WORDS
from autograd.drawing.page import page
from autograd.rules import table
from autograd.rules.operation import Operation
from tests.drawing.passes import gates
from tests.said import catalogue, said

FOLDER = Path(autograd.__file__).parent
CATALOGUE = catalogue()


def test_the_compiled_catalogue_is_that_of_the_text():
    chinese = messages.translation("zh_CN").__self__
    compiled = {key: text for key, text in chinese._catalog.items() if key}
    assert compiled == {key: text for key, text in CATALOGUE.items() if key}


@pytest.mark.parametrize("key", CATALOGUE)
def test_a_translation_fills_in_the_same(key):
    def places(text):
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert places(CATALOGUE[key]) == places(key)


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


LESSONS = sorted((FOLDER.parent / "demos" / "lessons").glob("l*.py"))


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_that_is_translated_is_translated_whole(path):
    texts = said(path)
    if texts[0] not in CATALOGUE:
        pytest.skip("not translated yet")
    assert [text for text in texts if text not in CATALOGUE] == []
