"""The command line, as a function and as a process; stepping in a terminal through a pty."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograd import Value, cli
from autograd.notation.text_layout import columns as columns_of
from autograd.stepping import interactive
from tests.replaced import replaced

ROOT = Path(__file__).parent.parent
L01 = ["(x + y) * z", "x=-2", "y=5", "z=-4"]


@pytest.fixture(autouse=True)
def no_forced_colours(monkeypatch):
    monkeypatch.delenv("FORCE_COLOR", raising=False)


def command(*arguments, **options):
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | options.pop("env", {})
    return subprocess.run(
        [sys.executable, "-m", "autograd", *arguments], capture_output=True, timeout=120, env=environment, **options
    )


def run(capsys, *arguments):
    status = cli.main(list(arguments))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_the_gates_as_a_process():
    result = command(*L01, encoding="utf-8", env={"PYTHONIOENCODING": "utf-8"})
    assert (result.returncode, result.stderr) == (0, "")
    assert (
        result.stdout
        == """\
f = (x + y) * z = -12

forward, operation by operation
  +  v1 = x + y   = -2 + 5 = 3
  *  f = v1·z     = 3·(-4) = -12

backward from ∂f/∂f = 1, edge by edge: grad + upstream × local derivative
  *  f = v1·z     ∂f/∂v1 = z = -4   v1.grad: 0 + 1 × (-4) = -4
  *  f = v1·z     ∂f/∂z = v1 = 3    z.grad: 0 + 1 × 3 = 3
  +  v1 = x + y   ∂v1/∂x = 1        x.grad: 0 + (-4) × 1 = -4
  +  v1 = x + y   ∂v1/∂y = 1        y.grad: 0 + (-4) × 1 = -4

gradients
  ∂f/∂x = -4
  ∂f/∂y = -4
  ∂f/∂z = 3
"""
    )


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_terminal_that_is_not_utf_8(encoding):
    result = command("sqrt(x)*σ**2", "x=4", "σ=3", env={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"})
    assert (result.returncode, result.stderr) == (0, b"")
    text = result.stdout.decode(encoding)
    assert "df/dx = 2.25" in text
    assert "sqrt x" in text
    assert re.search(r"df/d\\u03c3 += 12", text)


def test_a_pipe_that_closes():
    process = subprocess.Popen(
        [sys.executable, "-m", "autograd", "+".join(["x*x"] * 400), "x=2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    process.stdout.read(1)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 0


def test_hostile_input_as_a_process():
    result = command("9**9**9**9")
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.count(b"\n") == 1


def test_gradients_are_exact_and_one_a_line(capsys):
    _, out, _ = run(capsys, "sigmoid(w0*x0 + w1*x1 + w2)", "w0=2", "w1=-3", "w2=-3", "x0=-1", "x1=-2")
    lines = out[out.index("\ngradients\n") :].splitlines()[2:]
    found = {line.split("=")[0].strip(): float(line.split("=")[1]) for line in lines}
    wanted = {"w0": -0.1966, "x0": 0.3932, "w1": -0.3932, "x1": -0.5898, "w2": 0.1966}
    assert found == {f"∂f/∂{name}": pytest.approx(value, abs=5e-5) for name, value in wanted.items()}
    assert len(str(found["∂f/∂w0"])) > 15
    assert "f·(1 - f) = 0.196612" in out


def test_expand_writes_functions_out(capsys):
    _, out, _ = run(capsys, "sigmoid(x)", "x=1", "--expand")
    assert re.search(r"^  exp +", out, re.MULTILINE)
    assert "sigmoid  " not in out
    assert float(re.search(r"∂f/∂x = (.*)", out)[1]) == pytest.approx(0.19661193324148185)


def test_second_derivatives(capsys):
    status, out, _ = run(capsys, "x**2 * y", "x=3", "y=2", "--order", "2")
    found = {k.strip(): float(v) for k, v in re.findall(r"^ +(∂².*) = (.*)$", out, re.MULTILINE)}
    assert status == 0
    assert found == {"∂²f/∂x²": 4.0, "∂²f/∂x∂y": 6.0, "∂²f/∂y²": 0.0}


def test_check(capsys):
    status, out, _ = run(capsys, *L01, "--check")
    assert status == 0
    assert "all 3 agree" in out
    status, out, _ = run(capsys, "x**2 * y", "x=3", "y=2", "--check", "--order=2")
    assert status == 0
    assert "agree" in out
    status, out, _ = run(capsys, "relu(x)", "x=0", "--check")  # at the kink there is no derivative
    assert status == 1
    assert "kink: 0 to the left, 1 to the right" in out
    status, out, _ = run(capsys, "1e17 + x", "x=1", "--check")
    assert status == 1
    assert "not resolved" in out


@pytest.mark.parametrize(
    ("arguments", "first", "gradient"),
    [
        (["-x*3", "x=-2"], "f = -x*3 = 6", "∂f/∂x = -3"),
        (["x=-2", "-x"], "f = -x = 2", "∂f/∂x = -1"),
        (["--", "--x", "x=1e-3"], "f = --x = 0.001", "∂f/∂x = 1"),
        (["x", "x=7"], "x = 7", "∂x/∂x = 1"),
        (["x * f", "f=2", "x=1/4"], "v1 = x * f = 0.5", "∂v1/∂f = 0.25"),
        (["where(x > 0, 1, 2)", "x=3"], "f = where(x > 0, 1, 2) = 1", "∂f/∂x = 0"),
        (["sqrt(x)", "x=0"], "f = sqrt(x) = 0", "∂f/∂x = inf"),
        (["2 + 3"], "f = 2 + 3 = 5", "no variables, so no gradients"),
        (["x·y", "x=2", "y=3"], "f = x·y = 6", "∂f/∂y = 2"),
        (["（x＋1）²", "x＝２"], "f = （x＋1）² = 9", "∂f/∂x = 6"),
        (["2x", "x", "=", "−3"], "f = 2x = -6", "∂f/∂x = 2"),
        (["2x", "x=", "-3"], "f = 2x = -6", "∂f/∂x = 2"),
        (["2x", "x", "=-3"], "f = 2x = -6", "∂f/∂x = 2"),
        (["where(x == y, x, 1)", "x=2", "y=2"], "f = where(x == y, x, 1) = 2", "∂f/∂y = 0"),
        (["pi*x", "x=2/pi"], "f = pi*x = 2", "∂f/∂x = 3.141592653589793"),
        (["e*x", "x=2", "e=3"], "f = e*x = 6", "∂f/∂x = 3"),
        (["sqrt(x)", "x=0", "--order=2"], "f = sqrt(x) = 0", "∂²f/∂x² = -inf"),
        (["where(x > 0, 1, 2)", "x=1", "--order=2"], "f = where(x > 0, 1, 2) = 1", "∂²f/∂x² = 0"),
        (["ln(x)", "x=e"], "f = ln(x) = 1", "∂f/∂x = 0.36787944117144233"),
        (["ﬁ*2", "ﬁ=4"], "f = ﬁ*2 = 8", "∂f/∂fi = 2"),  # Python's parser takes names in their normal form
    ],
)
def test_expressions(capsys, arguments, first, gradient):
    status, out, err = run(capsys, *arguments)
    assert (status, err) == (0, "")
    assert out.splitlines()[0] == first
    assert out.splitlines()[-1].strip() == gradient


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ([], 2, "no expression is given; try:"),
        (["x=3"], 2, "no expression is given"),
        (["x", "y"], 2, "more than one expression"),
        (["x * y", "x=1"], 2, "no number is given for y: add y=1.0"),
        (["x", "x=1", "y=2", "z=3"], 2, "y, z are not in the expression"),
        (["x", "x=1", "x=2"], 2, "x is given twice"),
        (["x", "x=one"], 2, "x=one: it is not a number"),
        (["x", "x="], 2, "x=: the expression is empty"),
        (["x", "x=nan"], 2, "it is not a number"),
        (["x", "x=1e999"], 2, "too large"),
        (["x", "x=1/0"], 2, "x=1/0: x / y needs y != 0"),
        (["sin*2", "sin=1"], 2, "sin is a function and cannot be a variable"),
        (["x", "lambda=1"], 2, "lambda is a word of Python"),
        (["lambda: 1"], 2, "no lambda"),
        (["x.real", "x=1"], 2, "no attribute"),
        (["x", "x=1", "--svgg"], 2, "unrecognized arguments: --svgg"),
        (["x", "x=1", "--order", "3"], 2, "invalid choice"),
        (["x", "x=1", "--svg"], 2, "expected one argument"),
        (["log(x)", "x=-1"], 1, "log(x) needs x > 0, got -1.0 (node 'x')"),
        (["log(-1)"], 1, "log(x) needs x > 0, got -1.0"),
        (["1/x", "x=0"], 1, "x / y needs y != 0"),
        (["exp(x)", "x=1000"], 1, "got 1000.0 (node 'x')"),
        (["x*1e308", "x=10"], 1, "the value is inf"),
        (["sqrt(x) - sqrt(x)", "x=0"], 1, "the gradient becomes NaN"),
        (["x", "x=1", "--dot", "no/such/folder/f.dot"], 1, "No such file or directory"),
        (["x", "x=1", "--svg", "no/such/folder/f.svg"], 1, "No such file or directory"),
        (["x", "x=1", "--html", "no/such/folder/f.html"], 1, "No such file or directory"),
        (["x", "x=1", "--dot", "."], 1, "Is a directory"),
        (["x", "x=1", "--svg", "f.txt"], 2, "--svg cannot write 'f.txt': name one that ends in .svg or .png or .pdf"),
        (["x", "x=1", "--html", "p.txt"], 2, "--html cannot write 'p.txt': name one that ends in .html or .htm"),
        (["x", "x=1", "--dot", "p.png"], 2, "--dot cannot write 'p.png'"),
        (["x", "x=1", "--svg", "f.svg", "--rankdir", "UP"], 2, "invalid choice"),
        (["+".join(["x*x"] * 600), "x=1", "--svg", "f.svg"], 1, "more than max_nodes"),
        (["1/2x", "x=1"], 2, "two readings, 1/(2*x) and (1/2)*x"),
        (["sig(x)", "x=1"], 2, "did you mean sigmoid?"),
    ],
)
def test_mistakes_are_one_line_on_stderr(capsys, monkeypatch, tmp_path, arguments, status, message):
    monkeypatch.chdir(tmp_path)
    got, out, err = run(capsys, *arguments)
    assert got == status
    if {"--svg", "--dot", "--html"} & {*arguments}:  # what cannot be written is refused before anything is printed
        assert out == ""
    assert not [*tmp_path.iterdir()]
    assert err.startswith("chainrule: ")
    assert err.count("\n") == 1
    assert message in err


def test_help_and_version(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    out = capsys.readouterr().out
    assert ended.value.code == 0
    assert 'chainrule "(x + y) * z" x=-2 y=5 z=-4' in out
    assert "--expand" in out
    assert "leaky_relu" in out
    assert max(map(len, out.splitlines())) <= 120
    assert run(capsys, "--version")[1].startswith("chainrule ")


def test_pictures_name_the_nodes_as_the_steps_do(capsys, tmp_path):
    pytest.importorskip("autograd.drawing.draw")
    svg, dot = tmp_path / "f.svg", tmp_path / "f.txt"
    status, out, _ = run(capsys, *L01, "--svg", str(svg), f"--dot={dot}")
    assert status == 0
    assert f"wrote {svg}" in out
    assert "<svg" in svg.read_text(encoding="utf-8")
    assert "digraph" in dot.read_text(encoding="utf-8")
    assert "v1" in dot.read_text(encoding="utf-8")


def test_one_gradient_a_line_below_each_other(capsys):
    _, out, _ = run(capsys, "名*x + long_name", "名=2", "x=3", "long_name=1")
    assert out.endswith("\ngradients\n  ∂f/∂名        = 3\n  ∂f/∂x         = 2\n  ∂f/∂long_name = 1\n")


def test_svg_writes_the_format_of_its_suffix(capsys, tmp_path):
    png = tmp_path / "f.png"
    assert run(capsys, *L01, "--svg", str(png))[0] == 0
    assert png.read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["f.png"]


def test_a_graph_may_run_down(capsys, tmp_path):
    dot = tmp_path / "f.dot"
    assert run(capsys, *L01, "--dot", str(dot), "--rankdir=TB")[0] == 0
    assert re.search(r"rankdir=\"?TB", dot.read_text(encoding="utf-8"))


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_file_is_kept(capsys, tmp_path):
    page = tmp_path / "f.html"
    page.write_text("old")
    page.chmod(0o444)
    status, out, err = run(capsys, *L01, "--html", str(page))
    assert (status, out) == (1, "")
    assert "Permission denied" in err
    assert page.read_text() == "old"


def test_colours_are_forced_through_a_pipe():
    forced = command(*L01, encoding="utf-8", env={"PYTHONIOENCODING": "utf-8", "FORCE_COLOR": "1"})
    assert "\x1b[1;36mgradients\x1b[0m" in forced.stdout
    refused = {"PYTHONIOENCODING": "utf-8", "FORCE_COLOR": "1", "NO_COLOR": "1"}
    assert "\x1b" not in command(*L01, encoding="utf-8", env=refused).stdout


def test_thousands_of_operands_do_not_collect_the_operands_at_each_step(capsys, monkeypatch):
    """The work of a listing grows with the number of its lines, not with its square."""
    counted = {}
    for n in (200, 400):
        reads = 0

        def data(self):
            nonlocal reads
            reads += 1
            return self._data

        with monkeypatch.context() as patch:
            patch.setattr(Value, "data", property(data, Value.data.fset))
            run(capsys, f"logsumexp([{', '.join(f'x{k}' for k in range(n))}])", *(f"x{k}={k / n}" for k in range(n)))
        counted[n] = reads
    assert counted[400] < 2.5 * counted[200]


def test_the_page_begins_before_the_first_step(capsys, monkeypatch, tmp_path):
    def write_page(stepper, path, language):
        gradients = [node.grad for node in stepper.order]
        Path(path).write_text(f"{stepper.position} {gradients}", encoding="utf-8")

    monkeypatch.setattr("autograd.drawing.page.write_page", write_page)
    page = tmp_path / "f.html"
    status, out, _ = run(capsys, *L01, "--html", str(page))
    assert status == 0
    assert page.read_text(encoding="utf-8") == "0 [None, None, None, None, None]"
    assert "∂f/∂z = 3" in out


def test_step_without_a_terminal_is_the_plain_list(capsys):
    assert run(capsys, *L01, "--step") == run(capsys, *L01)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("columns", [12, 30, 40, 45, 200])
def test_stepping_writes_no_line_wider_than_the_terminal(columns, language, monkeypatch):
    monkeypatch.setenv("CHAINRULE_LANG", language)
    size = os.terminal_size((columns, 24))
    monkeypatch.setattr(interactive, "shutil", replaced(shutil, get_terminal_size=lambda: size))
    x = Value(2.0, "an input with a long name")
    s = (x * x * 3 + x.exp()).stepper()
    s.watch(x.label)
    for _ in range(len(s) + 1):
        picture = interactive._screen(s, colour=False)
        assert len(picture) < 24
        assert all(columns_of(line) <= columns for line in picture), picture
        s.step()


class Pty:
    """The command in a terminal of 100 columns."""

    def __init__(self, *arguments):
        import fcntl
        import pty
        import struct
        import termios

        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self.modes = termios.tcgetattr(slave)
        self.slave = slave
        self.process = subprocess.Popen(
            [sys.executable, "-m", "autograd", *arguments, "--step"],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "TERM": "xterm", "NO_COLOR": "1"},
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self.seen = ""

    def wait_for(self, text):
        """What came since the last call, up to and with `text`."""
        import select

        deadline = time.monotonic() + 120
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            if select.select([self.master], [], [], 1)[0]:
                self.seen += os.read(self.master, 4096).decode(errors="replace")
        found, _, self.seen = self.seen.partition(text)
        return found + text

    def press(self, keys):
        os.write(self.master, keys.encode())

    def end(self):
        """The exit status, and whether the terminal is as it was."""
        import termios

        return self.process.wait(120), termios.tcgetattr(self.slave) == self.modes

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.slave)
        os.close(self.master)


@pytest.fixture
def terminal():
    terminal = Pty(*L01)
    yield terminal
    terminal.close()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no ptys on Windows")
class TestInATerminal:
    def test_keys(self, terminal):
        assert "∂f/∂z = v1 = 3" not in terminal.wait_for("q quit")
        terminal.press("\n")
        terminal.wait_for("▶ 1")
        terminal.press("\x1b[C")
        terminal.wait_for("▶ 2")
        assert "z.grad: 0 + 1 × 3 = 3" in terminal.wait_for("q quit")
        terminal.press("\x1b[D")
        terminal.wait_for("▶ 1")
        terminal.press("\x1bOD")
        terminal.wait_for("before step 1 of 4")
        terminal.press("xr")
        terminal.wait_for("every gradient is complete")
        terminal.press("\n")  # at the end it does nothing
        terminal.wait_for("every gradient is complete")
        terminal.press("q")
        terminal.wait_for("∂f/∂z = 3")
        assert terminal.end() == (0, True)

    def test_ctrl_c_restores_the_terminal(self, terminal):
        terminal.wait_for("q quit")
        terminal.press("\x03")
        assert terminal.end() == (130, True)
