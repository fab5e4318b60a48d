"""How commands end: errors with a line in Chinese, pipes that close, terminals that lack characters."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from autograd import Value, check_derivation, cli, console, messages
from demos import __main__ as lessons
from demos.exercises import progress

ROOT = Path(__file__).parent.parent


def process(*arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
    )


@pytest.mark.parametrize("arguments", [("demos",), ("demos", "4", "--no-plots"), ("autograd", "learn", "list")])
def test_a_pipe_that_closes_ends_a_command_quietly(arguments: tuple[str, ...], tmp_path: Path) -> None:
    command = process("-m", *arguments, CHAINRULE_HOME=str(tmp_path))
    assert command.stdout is not None
    assert command.stderr is not None
    command.stdout.close()
    assert command.stderr.read() == b""
    command.stderr.close()
    assert command.wait(60) == 0


def test_a_terminal_without_chinese_characters_is_spoken_to_in_english() -> None:
    for encoding, heading in (("ascii", "gradients"), ("gbk", "梯度"), ("utf-8", "梯度")):
        command = process("-m", "autograd", "x*y", "x=2", "y=3", CHAINRULE_LANG="zh", PYTHONIOENCODING=encoding)
        out, err = command.communicate(timeout=60)
        assert (command.returncode, err) == (0, b"")
        assert f"\n{heading}\n" in out.decode(encoding).replace("\r\n", "\n")


def test_the_language_of_the_environment_is_as_before_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    for before in ("zh", None):
        monkeypatch.delenv("CHAINRULE_LANG", raising=False)
        if before:
            monkeypatch.setenv("CHAINRULE_LANG", before)
        assert console.run(lambda: 3) == 3
        assert os.environ.get("CHAINRULE_LANG") == before


def test_a_mistake_in_the_command_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    def mistaken() -> int:
        console.parser("chainrule play", allow_abbrev=False).parse_args(["--wrong"])
        return 0

    assert console.run(mistaken) == 2
    assert capsys.readouterr().err == "chainrule: unrecognized arguments: --wrong; chainrule play --help explains\n"


def test_a_file_that_cannot_be_opened_is_a_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert console.run(lambda: len((tmp_path / "none").read_text())) == 1
    assert capsys.readouterr().err.startswith("chainrule: [Errno 2]")


def test_ctrl_c_ends_a_command_with_130() -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    assert console.run(interrupted) == 130


# The errors of `console.COMMON`, in its order: the command that meets each, and a piece of its line in Chinese.
ERRORS = [
    ([], '可以试一试：chainrule "(x + y) * z"'),
    (["x", "y"], "给出了不止一个表达式：'x' 和 'y'"),
    (["x*y", "x=1"], "没有给出 y 的数值：请加上 y=1.0"),
    (["x", "x=1", "y=2"], "表达式里没有 y。"),
    (["x", "x=1", "y=2", "z=3"], "表达式里没有 y, z。"),
    (["x", "x=1", "x=2"], "x 给出了两次"),
    (["sin*2", "sin=1"], "sin 是函数，不能作变量"),
    (["x", "lambda=1"], "lambda 是 Python 的关键字"),
    (["x", "x=one"], "x=one：等号后面应该是一个数"),
    ([""], "表达式是空的"),
    (["(x", "x=1"], "读不懂表达式 '(x'：有一个左括号“(”没有对应的右括号“)”（第 1 个字符）"),
    (["（x", "x=1"], "有一个左括号“(”没有对应的右括号“)”。"),
    (["x +", "x=1"], "读不懂表达式 'x +'，它不是一个公式"),
    (["x.real", "x=1"], "表达式里不能有 attribute（'x.real'）"),
    (["sig(x)", "x=1"], "没有函数 'sig'：是不是想写 sigmoid？"),
    (["foo(x)", "x=1"], "没有函数 'foo'：可用的函数有 abs, "),
    (["sin(x, x)", "x=1"], "sin 需要 1 个参数，这里有 2 个"),
    (["max(x)", "x=1"], "max 需要 at least 2 个参数，这里有 1 个"),
    (["sin", "x=1"], "sin 是函数：请写成 sin(...)"),
    (["log(-1)"], "log 只对正数有定义，这里得到的是 -1.0。"),
    (["sqrt(x)", "x=-1"], "负数没有实数平方根：sqrt 得到的是 -1.0 (node 'x')"),
    (["1/x", "x=0"], "不能除以 0：除数是 0.0 (node 'x')"),
    (["exp(x)", "x=1000"], "exp 的结果太大，浮点数放不下：x 最大约为 709.78，这里得到的是 1000.0"),
    (["x**0.5", "x=-1"], "乘方在这里没有值：负数只能有整数次方"),
    (["(-2)**y", "y=2"], "指数是变量时，底数不能是负数，这里得到的是 -2.0"),
    (["asin(x)", "x=2"], "arcsin(x) 要求 -1 <= x <= 1，这里得到的是 2.0"),
    (["x*1e308", "x=10"], "结果是 inf：在这一点上太大"),
    (["1e999"], "表达式里有一个数太大"),
    (["sqrt(x) - sqrt(x)", "x=0"], "从 'sqrt' 到 'leaf' (node 'x') with data 0.0 的边上，梯度变成 NaN"),
    (["x", "x=1", "--svg", "no/f.svg"], "不能写入文件 'no/f.svg'（错误 2，No such file or directory）"),
    (["play", "--data", "none.csv", "--out", "f.html"], "没有这个文件或文件夹：'none.csv'"),
    (["x", "x=1", "--svg", "f.txt"], "--svg 不能写 'f.txt'"),
    (["+".join(["x*x"] * 600), "x=1", "--svg", "f.svg"], "超过了 max_nodes=500"),
    (["x", "x=1", "--wrong"], "不认识的参数：--wrong；见 chainrule --help"),
    (["learn", "start"], "缺少必需的参数：ID；见 chainrule learn start --help"),
    (["x", "x=1", "--svg"], "参数 --svg 后面需要一个值"),
    (["x", "x=1", "--order", "3"], "参数 --order 不能取 3，只能取 1, 2"),
    (["lesson", "--seed", "q"], "参数 --seed 的值 'q' 不合要求（需要 int）"),
    (["lesson", "nonsense"], "没有与 'nonsense' 相符的课"),
    (["lesson", "gradient"], "有几课与 'gradient' 相符"),
    (["lesson", "1"], "这一课需要安装 matplotlib：pip install matplotlib"),
    (["gallery"], "课程网页需要安装 matplotlib"),
    (["learn", "hint"], "还没有开始任何练习"),
    (["learn", "start", "nothing"], "没有练习 'nothing'"),
    (["learn", "check", "none.py"], "没有文件 none.py"),
    (["learn", "check", "mine.py"], "mine.py 不是练习：它的第一行应该像 '# chainrule learn engine1, seed 7'"),
    (["learn", "check", "predict1.py", "--seed", "4"], "predict1.py 的数值来自随机种子 3，而不是 4"),
]  # fmt: skip


@pytest.fixture
def beginner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with two files, in which Chinese is spoken and no library is installed that lessons need."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHAINRULE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CHAINRULE_LANG", "zh")
    Path("mine.py").write_text("x = 1\n")
    Path("predict1.py").write_text("# chainrule learn predict1, seed 3\n")
    monkeypatch.setattr(lessons, "find_spec", lambda _: None)

    def missing(name: str, _: str) -> None:
        raise ModuleNotFoundError("no matplotlib", name="matplotlib")

    monkeypatch.setattr(lessons, "importlib", SimpleNamespace(import_module=missing))


@pytest.mark.usefixtures("beginner")
@pytest.mark.parametrize("k", range(len(ERRORS)), ids=lambda k: console.COMMON[k][:40])
def test_an_error_that_beginners_meet_has_a_line_in_chinese(k: int, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, line = ERRORS[k]
    assert cli.main(arguments) in (1, 2)
    english, chinese = capsys.readouterr().err.splitlines()[:2]
    message = english.partition(": ")[2]
    assert console.COMMON[k] == next(text for text in console.COMMON if messages._pattern(text).fullmatch(message))
    assert line in chinese


@pytest.mark.usefixtures("beginner")
def test_progress_that_cannot_be_read_has_a_line_in_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    progress.load(3).save()
    progress.progress_file().write_text("{")
    assert cli.main(["learn", "list"]) == 1
    assert "progress.json：'chainrule learn reset' 重新开始" in capsys.readouterr().err


@pytest.mark.usefixtures("beginner")
def test_lessons_that_fail_have_a_line_in_chinese(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lessons, "find_spec", lambda _: "there")
    monkeypatch.setattr(lessons, "LESSONS", lessons.LESSONS[:2])
    monkeypatch.setattr(lessons, "importlib", SimpleNamespace(import_module=lambda *_: None))
    assert cli.main(["gallery"]) == 1
    error = capsys.readouterr().err
    assert "这一课没有成功：AttributeError: 'NoneType'" in error
    assert "没有成功的课：L01 the chain rule on gates, L02 a sigmoid neuron as gates" in error


def test_a_formula_of_a_learner_that_cannot_be_read_has_a_line_in_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    x = Value(2.0, "x")
    monkeypatch.setenv("CHAINRULE_LANG", "zh")
    for formula, line in (("2*", "读不懂表达式 '2*'"), ("2*q", "不认识名字 'q'；可以使用 x")):
        with pytest.raises(ValueError, match="line 'dx'") as error:
            check_derivation(x * x, {"dx": formula})
        assert line in console.explained(error.value)


def test_every_error_is_met_by_one_of_these_tests() -> None:
    assert [text.partition(" ")[0] for text in console.COMMON[len(ERRORS) :]] == [
        "line", "line", "this", "failed:", "{path}",
    ]  # fmt: skip
