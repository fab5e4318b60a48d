"""The rules of WCAG 2.2 in a page, by axe-core: ``npm install --global axe-core``, or AXE_CORE names its folder."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

RULES = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']"


@cache
def _folder() -> str | None:
    if named := os.environ.get("AXE_CORE"):
        return named
    npm = shutil.which("npm")
    if npm is None:
        return None
    root = subprocess.run([npm, "root", "--global"], capture_output=True, text=True, check=True).stdout.strip()
    return f"{root}/axe-core"


def violations(page):
    """What axe-core finds wrong in a page, by rule; the test is skipped where it is not installed."""
    folder = _folder()
    if folder is None or not Path(folder, "axe.min.js").exists():
        pytest.skip("axe-core is not installed")
    page.evaluate(Path(folder, "axe.min.js").read_text(encoding="utf-8"))
    result = page.evaluate(f"axe.run({{runOnly: {RULES}}})")
    assert len(result["passes"]) > 10
    return [
        (rule["id"], [(node["target"], node["html"][:120], node["failureSummary"][:200]) for node in rule["nodes"]])
        for rule in result["violations"]
    ]
