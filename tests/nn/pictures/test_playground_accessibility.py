"""The playground by the rules of WCAG 2.2, checked by axe-core: by day and by night, in both languages."""

import pytest

from tests.axe import violations
from tests.chromium import needs_chromium
from tests.nn.pictures.playground_page import Pages, put

pytestmark = needs_chromium
LANGUAGES, SCHEMES = ["en-GB", "zh-CN"], ["light", "dark"]


@pytest.fixture
def pages(chromium, tmp_path):
    pages = Pages(chromium, tmp_path)
    yield pages
    pages.close()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing(pages, language, scheme):
    page = pages.open(locale=language, color_scheme=scheme)
    page.evaluate("playground.epoch(3)")
    assert violations(page) == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_in_the_steps_of_a_neuron(pages, language, scheme):
    page = pages.open(locale=language, color_scheme=scheme)
    page.evaluate("playground.epoch(3)")
    page.locator(".unit[data-layer='1'][data-k='2']").click()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert "5" in page.locator("#place").inner_text()
    assert violations(page) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing_where_something_is_wrong(pages, scheme):
    page = pages.open(color_scheme=scheme, viewport={"width": 390, "height": 844})
    page.locator("summary").click()
    page.get_by_label("CSV text").fill("a,b,c\n1,x,2")
    page.get_by_role("button", name="Use this table").click()
    page.get_by_role("spinbutton", name="Noise").fill("7")
    assert violations(page) == []
    put(page, Learning_rate=100)
    page.evaluate("playground.epoch(9)")
    assert violations(page) == []


def test_axe_finds_nothing_with_data_of_eight_classes(pages):
    page = pages.open([[k / 8, k % 3, -k] for k in range(16)], [k % 8 for k in range(16)])
    page.evaluate("playground.epoch(2)")
    assert violations(page) == []
