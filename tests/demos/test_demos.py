"""The list of lessons, the page they write on, the command line and the gallery."""

import ast
import doctest
import importlib
import io
import re
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from autograd import Value
from demos import __main__ as command
from demos import curriculum as lessons
from demos import gallery as gallery_page
from demos import page as lesson
from demos.curriculum import LESSONS, Lesson, find
from demos.exercises import exercise
from demos.page import Page, Picture, Table, Text

FOLDER = Path(lessons.__file__).parent


@pytest.mark.parametrize("module", [lesson, lessons, gallery_page, exercise])
def test_examples(module: object) -> None:
    assert doctest.testmod(module).failed == 0


def test_the_list_is_that_of_the_curriculum() -> None:
    assert [entry.id for entry in LESSONS] == [f"L{k:02}" for k in range(1, 31)]
    assert len({entry.module for entry in LESSONS}) == 30
    assert all(entry.sentence.endswith(".") and len(entry.sentence) <= 110 for entry in LESSONS)


@pytest.mark.parametrize(
    ("words", "module"),
    [
        ("12", "l2_regularisation"),
        ("L12", "l2_regularisation"),
        ("l12", "l2_regularisation"),
        ("lambda", "l2_regularisation"),
        ("λ", "l2_regularisation"),
        ("1", "gates"),
        ("L01", "gates"),
        ("learning_rate", "learning_rate"),
        ("overfitting.py", "overfitting"),
        ("softmax", "softmax_and_cross_entropy"),
        ("two moons", "two_moons"),
        ("L2 Regularization", "l2_regularisation"),
        ("weight-decay", "l2_regularisation"),
        ("vectorize", "vectorisation"),
        ("initialization", "preprocessing_and_initialisation"),
        ("momentum", "optimisers"),
        ("why zero grad", "why_topological_order"),
    ],
)
def test_a_lesson_is_found(words: str, module: str) -> None:
    assert [entry.name for entry in find(words)] == [module]


def test_a_lesson_is_found_by_its_chinese_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert find("过拟合") == []
    monkeypatch.setenv("CHAINRULE_LANG", "zh")
    assert [entry.id for entry in find("过拟合")] == ["L11"]
    assert [entry.id for entry in find("overfitting")] == ["L11"]
    assert command.main(["线性回归"]) == 2
    assert "L13  regression_as_classifier  把线性回归用作分类器" in capsys.readouterr().err
    assert command.main([]) == 0
    assert "L11  overfitting                       模型容量与过拟合" in capsys.readouterr().out


@pytest.mark.parametrize("words", ["31", "nonsense", ""])
def test_no_lesson_is_found(words: str) -> None:
    assert find(words) == []


def test_words_of_several_lessons_are_refused_with_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["gradient"]) == 2
    error = capsys.readouterr().err
    assert "several lessons for 'gradient'" in error
    assert "learning_rate" in error
    assert "gates" not in error
    assert command.main(["nonsense"]) == 2
    assert "no lesson for 'nonsense'" in capsys.readouterr().err


def test_the_list_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("L") for line in lines) == 30
    assert lines[11].split(maxsplit=2) == ["L12", "l2_regularisation", "L2 regularisation"]


def test_a_page_wraps_paragraphs_and_leaves_formulas_alone(capsys: pytest.CaptureFixture[str]) -> None:
    page = Page(plots=False)
    page.say(f"""{"word " * 40}

        f = q·z
          = 3
    """)
    long, formula = page.content
    assert isinstance(long, Text)
    assert long.kind == "paragraph"
    assert formula == Text("f = q·z\n  = 3", "formula")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 88
    assert lines[-3:] == ["    f = q·z", "      = 3", ""]


def test_numbers_of_a_table_stand_under_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    page = Page(plots=False)
    page.table(["name", "loss", "steps"], [["a", 0.123456789, 12000], ["longer", 1e-9, 7]])
    assert capsys.readouterr().out.splitlines() == [
        "name       loss   steps",
        "a       0.12346  12,000",
        "longer    1e-09       7",
        "",
    ]
    assert isinstance(page.content[0], Table)


@pytest.mark.slow
def test_figures_are_saved_under_the_name_of_the_lesson(tmp_path: Path) -> None:
    page = Page(out=tmp_path, name="slopes")
    for title in ("First", "Second < third"):
        with page.figure(title, columns=2) as (_, axes):
            axes[1].plot([1, 2], [3, 4])
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        f"slopes{k}.{suffix}" for k in ("-2", "") for suffix in ("png", "svg")
    ]
    pictures = [item for item in page.content if isinstance(item, Picture)]
    assert [(picture.path.name, picture.title) for picture in pictures] == [
        ("slopes.svg", "First"), ("slopes-2.svg", "Second < third")
    ]  # fmt: skip
    assert [len(picture.panels) for picture in pictures] == [2, 2]
    (left, right) = pictures[0].panels
    assert left[0] + left[2] <= right[0] + 8  # side by side, but for the room round them
    first = (tmp_path / "slopes.svg").read_bytes()
    with Page(out=tmp_path, name="slopes").figure("First", columns=2) as (_, axes):
        axes[1].plot([1, 2], [3, 4])
    assert (tmp_path / "slopes.svg").read_bytes() == first


def test_a_notebook_shows_the_pictures_and_keeps_its_own_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[str] = []
    monkeypatch.setitem(sys.modules, "ipykernel", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(version_info=(9, 0), get_ipython=lambda: None))
    fake = SimpleNamespace(SVG=lambda filename: filename, display=shown.append)
    monkeypatch.setitem(sys.modules, "IPython.display", fake)
    page = Page(out=tmp_path, name="slopes")
    page.say("Automatically created module for IPython interactive environment")
    assert capsys.readouterr().out == ""
    with page.figure("A line") as (_, axes):
        axes.plot([1, 2], [3, 4])
    assert shown == [str(tmp_path / "slopes.svg")]


def test_without_plots_nothing_is_written(tmp_path: Path) -> None:
    page = Page(out=tmp_path / "none", plots=False)
    with page.figure("A line") as (_, axes):
        axes.plot([1, 2], [3, 4])
    page.drawing(SimpleNamespace(save=lambda path: pytest.fail("drawn")))
    assert page.content == []
    assert not (tmp_path / "none").exists()


def test_steps_stand_in_columns(capsys: pytest.CaptureFixture[str]) -> None:
    Page(plots=False).steps(["+  s = a + b  ∂s/∂a = 1", "tanh  t = tanh(s)  ∂t/∂s = 0.5"])
    assert capsys.readouterr().out.splitlines()[:2] == [
        "    +     s = a + b    ∂s/∂a = 1",
        "    tanh  t = tanh(s)  ∂t/∂s = 0.5",
    ]


def test_paragraphs_fit_a_narrow_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    Page(plots=False).say("word " * 40)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 40


def test_a_lesson_links_the_page_of_its_stepper(tmp_path: Path) -> None:
    page = Page(out=tmp_path, name="gates")
    page.stepper((Value(2.0, "x") * 3).stepper(), "Step < through")
    gallery_page.write_gallery(tmp_path, [(LESSONS[0], page)])
    reader = Reader((tmp_path / "L01.html").read_text(encoding="utf-8"))
    assert "gates-steps.html" in reader.links
    assert "Step < through" in reader.text
    assert "<html" in (tmp_path / "gates-steps.html").read_text(encoding="utf-8")


class Reader(HTMLParser):
    """The elements, the addresses and the texts of a page; every element that opens must close."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.links += [value or "" for name, value in attributes if name in ("src", "href")]
        if tag not in ("img", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def fake_lessons(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two lessons, the second of which fails, in place of the real ones."""

    def good(page: Page) -> dict[str, float]:
        page.say("For x < 0 & y:\n\n    a <b>\n")
        page.table(["x"], [[page.seed]])
        with page.figure("It <rises>") as (_, axes):
            axes.plot([1, 2], [3, 4])
        return {}

    def bad(page: Page) -> dict[str, float]:
        raise ArithmeticError("no luck")

    monkeypatch.setattr(command, "LESSONS", (Lesson("L01", "gates", "a < b", "S."), Lesson("L02", "race", "t", "S.")))
    real = importlib.import_module

    def import_module(name: str, package: str | None = None) -> Any:
        if name.startswith(".lessons."):
            return SimpleNamespace(main=good if name == ".lessons.l01_gates" else bad)
        return real(name, package)  # what matplotlib loads

    monkeypatch.setattr(command.importlib, "import_module", import_module)


def test_all_writes_a_gallery_that_needs_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_lessons(monkeypatch)
    assert command.main(["--all", "--out", str(tmp_path), "--seed", "7"]) == 1
    captured = capsys.readouterr()
    assert "this lesson failed: ArithmeticError: no luck" in captured.err
    assert "failed: L02 t" in captured.err
    index = Reader((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert index.links == ["L01.html"]
    page = Reader((tmp_path / "L01.html").read_text(encoding="utf-8"))
    assert page.elements.count("section") == page.elements.count("img") == page.elements.count("table") == 1
    assert {*page.links} == {"index.html", "gates.svg"}
    assert (tmp_path / "gates.svg").exists()
    assert "For x < 0 & y:" in page.text
    assert "a <b>" in page.text
    assert "chainrule learn start local" in page.text
    assert (FOLDER / "lessons" / "l01_gates.py").read_text(encoding="utf-8") in page.text


def test_the_pages_of_the_gallery_lead_to_each_other(tmp_path: Path) -> None:
    gallery_page.write_gallery(tmp_path, [(lesson, Page(plots=False)) for lesson in LESSONS[:3]])
    ways = {
        name: Reader((tmp_path / f"{name}.html").read_text(encoding="utf-8")).links for name in ("L01", "L02", "L03")
    }
    assert ways["L01"] == ["index.html", "L02.html"] * 2
    assert ways["L02"] == ["L01.html", "index.html", "L03.html"] * 2
    assert ways["L03"] == ["L02.html", "index.html"] * 2


def test_a_phone_shows_the_panels_of_a_picture_and_a_click_all_of_it(tmp_path: Path) -> None:
    page = Page(out=tmp_path, name="curves")
    with page.figure("Two curves", columns=2) as (_, axes):
        for ax in axes:
            ax.plot([1, 2], [3, 4])
    gallery_page.write_gallery(tmp_path / "site", [(LESSONS[1], page)])
    links = Reader((tmp_path / "site" / "L02.html").read_text(encoding="utf-8")).links
    panels = [link for link in links if link.startswith("curves.svg#svgView(viewBox(")]
    assert len(panels) == 2
    assert links.count("curves.svg") == 2  # the picture, and the link to it alone
    assert (tmp_path / "site" / "curves.svg").exists()  # though it was drawn elsewhere


def test_a_lesson_leads_to_the_playground_with_its_settings(tmp_path: Path) -> None:
    lesson = next(lesson for lesson in LESSONS if lesson.id == "L12")
    gallery_page.write_gallery(tmp_path, [(lesson, Page(plots=False))], language="zh_CN")
    text = (tmp_path / "L12.html").read_text(encoding="utf-8")
    (address,) = (link for link in Reader(text).links if link.startswith("playground.html#"))
    assert "Hidden%20layers=20,20&L2=0.003&Language=zh-CN" in address
    assert '<html lang="zh-CN">' in text
    assert (tmp_path / "playground.html").exists()


def test_a_gallery_that_cannot_be_written_says_so_before_the_lessons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_lessons(monkeypatch)
    monkeypatch.setattr(command.importlib, "import_module", lambda *names: pytest.fail("a lesson ran"))
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OSError, match="file"):
        command.main(["--all", "--no-plots", "--out", str(tmp_path / "file")])


def test_the_gallery_without_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_lessons(monkeypatch)
    assert command.main(["--all", "--out", str(tmp_path), "--no-plots"]) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["L01.html", "index.html"]


def test_one_lesson_that_fails_shows_where(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_lessons(monkeypatch)
    with pytest.raises(ArithmeticError):
        command.main(["2"])


def test_highlighted_code_is_the_code() -> None:
    for path in FOLDER.rglob("*.py"):
        code = path.read_text(encoding="utf-8")
        assert Reader(gallery_page.highlighted(code)).text == code


def test_output_survives_a_terminal_that_has_no_greek() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "demos", "12x"],
        capture_output=True,
        cwd=FOLDER.parent,
        env={"PYTHONIOENCODING": "ascii"},
    )
    assert run.returncode == 2
    assert b"Traceback" not in run.stderr
    io.TextIOWrapper(io.BytesIO(run.stderr), encoding="ascii").read()


def test_the_wheel_has_what_the_commands_import() -> None:
    wheel = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    included = wheel["targets"]["wheel"]["force-include"]
    ours = {path.removeprefix("demos/"): target for path, target in included.items() if path.startswith("demos/")}
    assert ours == {path: f"chainrule_demos/{path}" for path in ours}
    installed = [
        file for path in ours for file in ([FOLDER / path] if path.endswith(".py") else FOLDER.rglob(f"{path}/*.py"))
    ]
    assert len(installed) > len(LESSONS)
    for file in installed:
        depth = len(file.relative_to(FOLDER).parts)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] != "demos", file
                if node.level == depth and node.module:  # from the package's own folder
                    head = node.module.split(".")[0]
                    assert head in ours or f"{head}.py" in ours, (file, head)


@pytest.mark.parametrize("entry", LESSONS, ids=str)
def test_a_lesson_opens_with_its_idea_and_is_cells(entry: Lesson) -> None:
    """`# %%` within a function would tear it apart in a notebook."""
    code = (FOLDER / "lessons" / f"{entry.module}.py").read_text(encoding="utf-8")
    cells = re.split(r"^[ ]*# %%.*$", code, flags=re.MULTILINE)
    assert len(cells) > 2
    for cell in cells:
        compile(cell, entry.module, "exec")
    tree = ast.parse(code)
    assert len(ast.get_docstring(tree) or "") > 200
    assert any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body)
    ours, others = ("autograd", "nn"), ("numpy", "matplotlib", "sklearn", "scipy")
    for module in imported(tree):
        assert module in ours or module.split(".")[0] in {*others, *sys.stdlib_module_names}


def imported(tree: ast.Module) -> list[str]:
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
    return modules + [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
