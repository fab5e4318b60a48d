"""The pages of the gallery in a real browser, in both languages: nothing is cut off, asked for or missing."""

import importlib
from pathlib import Path
from typing import Any

import pytest

from demos.curriculum import LESSONS
from demos.gallery import write_gallery
from demos.page import Page, Text
from tests.chromium import needs_chromium
from tests.extent import ALL

pytestmark = [pytest.mark.slow, needs_chromium]
SIZES = ({"width": 1280, "height": 900}, {"width": 390, "height": 844})
SHOWN = LESSONS if ALL else [lesson for lesson in LESSONS if lesson.id in ("L01", "L03", "L28")]

# What is wrong with a page: it is wider than the window, an image is missing, words of a formula do not fit in.
WRONG = """() => [
  ...(document.documentElement.scrollWidth > innerWidth + 1 ? ["wider than the window"] : []),
  ...[...document.images].filter((image) => !image.naturalWidth).map((image) => image.src),
  ...[...document.querySelectorAll("mtext")].filter((words) => {
    const line = Object.assign(document.createElement("span"), { textContent: words.textContent });
    Object.assign(line.style, { font: getComputedStyle(words).font, whiteSpace: "nowrap" });
    document.body.append(line);
    const needed = line.getBoundingClientRect().width;
    line.remove();
    return words.getBoundingClientRect().width < 0.7 * needed;
  }).map((words) => words.textContent),
]"""


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_pages_show_all_they_have(chromium: Any, tmp_path: Path, language: str) -> None:
    shown = []
    for lesson in SHOWN:
        page = Page(quick=True, out=tmp_path, name=lesson.name, language=language)
        importlib.import_module(f"demos.lessons.{lesson.module}").main(page)
        shown.append((lesson, page))
    words = Page(plots=False, language=language)
    words.content.append(
        Text("学习率调度    η 随轮数减小：先迈大步，最后迈小步    再迈小步\nn = 1    x    y", "formula")
    )
    shown.append((LESSONS[-1], words))
    write_gallery(tmp_path, shown, language)
    for size in SIZES:
        for path in sorted(tmp_path.glob("*.html")):
            if path.stem == "playground" or path.stem.endswith("-steps"):
                continue  # with tests of their own
            complaints: list[str] = []
            opened = chromium.new_page(viewport=size)
            opened.on("pageerror", lambda error, said=complaints: said.append(str(error)))
            opened.on("request", lambda r, said=complaints: r.url.startswith("http") and said.append(r.url))
            opened.goto(path.as_uri())
            assert [*opened.evaluate(WRONG), *complaints] == [], path.name
            for address in opened.eval_on_selector_all("a[href]", "links => links.map((link) => link.href)"):
                target = address.removeprefix("file://").partition("#")[0]
                assert Path(target).exists(), f"{path.name} leads to {address}"
            opened.close()
