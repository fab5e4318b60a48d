"""`chainrule learn`: its files, its verdicts, its progress; a learner's file runs in a process of its own."""

import ast
import json
import os
import sys
from pathlib import Path

import pytest

from autograd.cli import main as chainrule
from autograd.notation.text_layout import columns
from demos.exercises import learn, progress
from demos.exercises.catalogue import EXERCISES, by_id
from demos.exercises.checking import check, named_in
from demos.exercises.exercise import Exercise
from tests.replaced import replaced


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the files, and one for the progress."""
    monkeypatch.setenv("CHAINRULE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def solve(name: str, seed: int = 3) -> Path:
    exercise = by_id(name)
    assert exercise is not None
    path = Path(f"{name}.py")
    path.write_text(exercise.file(seed, exercise.sheet(seed).solution), encoding="utf-8")
    return path


def test_the_way_through(capsys: pytest.CaptureFixture[str]) -> None:
    assert chainrule(["learn", "next", "--seed", "3"]) == 0
    assert "wrote local.py" in capsys.readouterr().out
    assert chainrule(["learn", "check", "local.py"]) == 1
    assert "WRONG: Fill in the local derivatives" in capsys.readouterr().out
    assert chainrule(["learn", "hint"]) == 0
    assert "hint 1 of 3" in capsys.readouterr().out
    assert chainrule(["learn", "hint", "local"]) == 0
    assert "hint 2 of 3" in capsys.readouterr().out
    assert chainrule(["learn", "solution"]) == 0
    Path("local.py").write_text(capsys.readouterr().out, encoding="utf-8")
    assert chainrule(["learn", "check", "local.py"]) == 0
    assert "right: Fill in the local derivatives" in capsys.readouterr().out
    assert chainrule(["learn", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("✓ local")
    assert lines[1].startswith("> predict1")
    assert f"1 of {len(EXERCISES)} done" in lines[-1]
    assert chainrule(["learn", "reset"]) == 0
    assert not progress.progress_file().exists()
    assert Path("local.py").exists()


def test_the_way_through_in_chinese(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_LANG", "zh")
    assert chainrule(["learn", "next", "--seed", "3"]) == 0
    out = capsys.readouterr().out
    assert "  写出每条边的局部导数：" in out
    assert "在 local.py 里作答" in out
    first, title, *_ = Path("local.py").read_text(encoding="utf-8").splitlines()
    assert (first, title) == ("# chainrule learn local, seed 3", '"""填写局部导数')
    assert max(map(columns, out.splitlines())) <= 88
    path = solve("local")
    path.write_text(path.read_text(encoding="utf-8").replace(": 1.0,", ": 2.0,", 1), encoding="utf-8")
    assert chainrule(["learn", "check", "local.py"]) == 1
    out = capsys.readouterr().out
    assert "错误：填写局部导数" in out
    assert "∂f/∂v4 不是 2.0。运算 +（和）：f = v4 + v3。它对 v4 的局部导数是 ∂f/∂v4 = 1。" in out
    assert chainrule(["learn", "hint"]) == 0
    assert "填写局部导数，提示 1/3" in capsys.readouterr().out
    solve("local")
    assert chainrule(["learn", "check", "local.py", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "填写局部导数"
    assert chainrule(["learn", "check", "local.py"]) == 0
    assert "正确：填写局部导数\n下一个：chainrule learn next    （预测下一步 1" in capsys.readouterr().out


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_a_file_in_chinese_has_the_same_code(exercise: Exercise, monkeypatch: pytest.MonkeyPatch) -> None:
    english = ast.parse(exercise.file(2))
    monkeypatch.setenv("CHAINRULE_LANG", "zh")
    chinese = ast.parse(exercise.file(2))
    assert ast.get_docstring(chinese) != ast.get_docstring(english)
    assert list(map(ast.unparse, chinese.body[1:])) == list(map(ast.unparse, english.body[1:]))
    assert max(map(columns, exercise.file(2).splitlines())) <= 120


def test_a_file_that_is_there_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bug1.py").write_text("mine", encoding="utf-8")
    assert learn.main(["start", "bug1"]) == 0
    assert "left as it is" in capsys.readouterr().out
    assert Path("bug1.py").read_text(encoding="utf-8") == "mine"


def test_the_numbers_are_those_of_the_seed() -> None:
    texts = set()
    for seed in ("1", "1", "2"):
        Path("predict2.py").unlink(missing_ok=True)
        assert learn.main(["start", "predict2", "--seed", seed]) == 0
        texts.add(Path("predict2.py").read_text(encoding="utf-8"))
    assert len(texts) == 2


def test_a_stage_goes_on_with_the_learners_own_code(capsys: pytest.CaptureFixture[str]) -> None:
    path = solve("engine1")
    path.write_text(path.read_text(encoding="utf-8") + "\n# my own remark\n", encoding="utf-8")
    assert learn.main(["start", "engine2"]) == 0
    assert "my own remark" not in Path("engine2.py").read_text(encoding="utf-8")  # it was not checked yet
    Path("engine2.py").unlink()
    assert learn.main(["check", "engine1.py"]) == 0
    assert learn.main(["start", "engine2"]) == 0
    assert "my own remark" in Path("engine2.py").read_text(encoding="utf-8")
    assert Path("engine2.py").read_text(encoding="utf-8").count('"""') == 2


def test_a_teacher_gets_json_and_nothing_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    path = solve("predict1")
    assert learn.main(["check", str(path), "--json", "--seed", "3"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {key: found[key] for key in ("file", "exercise", "seed", "right")} == {
        "file": "predict1.py", "exercise": "predict1", "seed": 3, "right": True,
    }  # fmt: skip
    assert not progress.progress_file().exists()
    assert learn.main(["check", str(path), "--json", "--seed", "4"]) == 2
    assert "numbers of seed 3" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["start", "nothing"], ["check", "nothing.py"], ["check", "text.py"], ["hint"], ["watch"], ["solution", "x"]],
)
def test_what_is_no_exercise_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("text.py").write_text("# chainrule learn nothing, seed 3\n", encoding="utf-8")
    assert learn.main(arguments) == 2
    assert capsys.readouterr().err.startswith("chainrule learn: ")


def test_progress_that_cannot_be_read_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    progress.load(seed=4).save()
    for text in ("{", "[]", '{"seed": "x"}', '{"seed": 1, "current": "", "done": 3, "hints": {}}'):
        progress.progress_file().write_text(text, encoding="utf-8")
        assert learn.main(["list"]) == 1
        assert "chainrule learn reset" in capsys.readouterr().err
    assert learn.main(["reset"]) == 0
    assert learn.main(["list"]) == 0


@pytest.mark.parametrize(
    ("platform", "variable", "end"),
    [
        ("linux", "XDG_DATA_HOME", "data/chainrule/progress.json"),
        ("win32", "LOCALAPPDATA", "data/chainrule/progress.json"),
        ("linux", "", "home/.local/share/chainrule/progress.json"),
        ("darwin", "", "home/Library/Application Support/chainrule/progress.json"),
    ],
)
def test_progress_is_kept_where_the_system_wants_it(
    platform: str, variable: str, end: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CHAINRULE_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(progress, "sys", replaced(sys, platform=platform))
    monkeypatch.setenv("USERPROFILE" if os.name == "nt" else "HOME", str(folder / "home"))
    if variable:
        monkeypatch.setenv(variable, str(folder / "data"))
    assert progress.progress_file() == folder / end


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import os; os._exit(0)", "ended its process"),
        ("raise SystemExit", "raised SystemExit"),
        ("steps = [", "Python cannot read line"),
        ("\n1 / 0", "raised ZeroDivisionError: division by zero (line 3)"),
        ("def f(): f()\nf()", "calls itself without end"),
        ("while True: pass", "stopped after 1 seconds"),
        ("import threading, time; threading.Thread(target=time.sleep, args=(600,)).start()", "gives no steps yet"),
        ("input()", "raised EOFError"),
        ("x = 'é", "Python cannot read line"),
    ],
)
def test_what_a_file_does_harms_nobody(code: str, why: str) -> None:
    exercise = by_id("predict1")
    assert exercise is not None
    path = Path("predict1.py")
    path.write_text(f"# chainrule learn predict1, seed 3\n{code}\n", encoding="utf-8")
    verdict = check(path, exercise, 3, limit=1.0 if "while" in code else 120.0)
    assert not verdict.right
    assert why in verdict.why


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("while True: pass", "文件运行 1 秒后被停止：是不是有一个不会结束的循环？"),
        ("steps = [", "Python 读不懂文件的第 2 行："),
        ("\n1 / 0", "文件引发了 ZeroDivisionError：division by zero（第 3 行）"),
        ("import os; os._exit(0)", "文件在被检查之前就结束了自己的进程（退出状态 0）"),
    ],
)
def test_a_verdict_is_in_the_language_of_the_learner(code: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_LANG", "zh")
    exercise = by_id("predict1")
    assert exercise is not None
    path = Path("predict1.py")
    path.write_text(f"# chainrule learn predict1, seed 3\n{code}\n", encoding="utf-8")
    assert why in check(path, exercise, 3, limit=1.0 if "while" in code else 120.0).why


def test_a_file_that_changes_twice_in_a_second_is_read_anew() -> None:
    path = solve("local")
    right = path.read_text(encoding="utf-8")
    assert ": 1.0," in right
    path.write_text(right.replace(": 1.0,", ": 2.0,", 1), encoding="utf-8")
    os.utime(path, (1e9, 1e9))
    assert learn.main(["check", "local.py"]) == 1
    path.write_text(right, encoding="utf-8")
    os.utime(path, (1e9, 1e9))
    assert learn.main(["check", "local.py"]) == 0
    assert not Path("__pycache__").exists()


def test_what_a_file_prints_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    path = solve("predict1")
    path.write_text(path.read_text(encoding="utf-8") + "\nprint('λ here')\n", encoding="utf-8")
    assert learn.main(["check", str(path)]) == 0
    assert "  | λ here" in capsys.readouterr().out


def test_a_file_beside_the_answer_cannot_replace_a_module_of_python() -> None:
    Path("random.py").write_text("raise ValueError", encoding="utf-8")
    Path("mine.py").write_text("one = 1", encoding="utf-8")
    path = solve("predict1")
    path.write_text(path.read_text(encoding="utf-8") + "\nimport mine\n", encoding="utf-8")
    assert learn.main(["check", str(path)]) == 0


def test_the_first_line_names_the_exercise() -> None:
    path = Path("renamed.py")
    path.write_text("\ufeff# chainrule learn bug2, seed -5\r\n", encoding="utf-8")
    found = named_in(path)
    assert found is not None
    assert (found[0].id, found[1]) == ("bug2", -5)


def test_watch_checks_again_when_the_file_changes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert learn.main(["start", "predict1", "--seed", "3"]) == 0
    monkeypatch.setattr(learn, "sleep", lambda _: solve("predict1"))  # it is saved between two looks
    assert learn.main(["watch"]) == 0
    out = capsys.readouterr().out
    assert out.index("WRONG") < out.index("right: ")
