"""The page by the rules of WCAG 2.2, checked by axe-core: ``npm install --global axe-core`` for these tests to run."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from autograd import draw
from tests.drawing.passes import gates
from tests.drawing.test_page_browser import BROWSER, chromium, network, playwright  # noqa: F401

pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium")


@pytest.fixture(scope="module")
def axe():
    """The script of axe-core, from the folder AXE_CORE names or from npm's global packages."""
    folder = os.environ.get("AXE_CORE")
    if folder is None:
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("there is no npm")
        root = subprocess.run([npm, "root", "--global"], capture_output=True, text=True, check=True).stdout.strip()
        folder = f"{root}/axe-core"
    script = Path(folder, "axe.min.js")
    if not script.exists():
        pytest.skip("axe-core is not installed")
    return script.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("make", "language", "scheme"),
    [
        (lambda: gates().stepper(), "en-US", "light"),
        (lambda: network().stepper(), "en-US", "dark"),
        (lambda: network().stepper(), "zh-CN", "light"),
        (lambda: draw(gates()), "en-US", "dark"),
    ],
)
def test_axe_finds_nothing(chromium, tmp_path, axe, make, language, scheme):  # noqa: F811
    make().save(tmp_path / "f.html")
    context = chromium.new_context(locale=language, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    page.goto((tmp_path / "f.html").as_uri())
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.evaluate(axe)
    result = page.evaluate(
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )
    context.close()
    assert len(result["passes"]) > 10
    assert [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in result["violations"]] == []
