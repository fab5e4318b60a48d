"""How commands end: errors with a line in Chinese, pipes that close, terminals that lack characters."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograd import console

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
        console.Parser("chainrule play", allow_abbrev=False).parse_args(["--wrong"])
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
