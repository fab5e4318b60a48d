"""The pages of steppers and pictures by the rules of WCAG 2.2, checked by axe-core."""

import pytest

import nn
from autograd import draw
from tests.axe import violations
from tests.chromium import needs_chromium
from tests.drawing.passes import gates
from tests.drawing.test_page_browser import network, wide

pytestmark = needs_chromium
PHONE = {"width": 390, "height": 844}


def old():
    """A pass over gradients of an earlier one."""
    f = gates()
    f.backward()
    return f.stepper(forward=True)


@pytest.mark.parametrize(
    ("make", "language", "scheme"),
    [
        (lambda: gates().stepper(), "en-US", "light"),
        (old, "zh-CN", "dark"),
        (lambda: network().stepper(), "en-US", "dark"),
        (lambda: network().stepper(), "zh-CN", "light"),
        (lambda: draw(gates()), "en-US", "dark"),
        (lambda: draw(network()), "zh-CN", "light"),
        (lambda: draw(network(), collapse=True), "en-US", "dark"),
        (lambda: draw(nn.MLP(2, [2, 1], seed=0)([1.0, 2.0]), rankdir="TB"), "en-US", "light"),
    ],
)
def test_axe_finds_nothing(chromium, tmp_path, make, language, scheme):
    make().save(tmp_path / "f.html")
    context = chromium.new_context(locale=language, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    page.goto((tmp_path / "f.html").as_uri())
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    found = violations(page)
    context.close()
    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_where_layers_are_open(chromium, tmp_path, scheme):
    wide().stepper().save(tmp_path / "f.html")
    context = chromium.new_context(viewport=PHONE, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    page.goto((tmp_path / "f.html").as_uri())
    for name in ("layers.1", "neurons.3"):
        page.get_by_role("button", name=name, exact=True).focus()
        page.keyboard.press("Enter")
    page.keyboard.press("End")
    found = violations(page)
    context.close()
    assert found == []
