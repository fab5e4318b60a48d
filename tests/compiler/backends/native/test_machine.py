"""How long machine code lives: as long as its programs, while it is recent, and on disk for processes to come."""

import gc
import os
import subprocess
import sys
import weakref

import numpy as np
import pytest

import autograd
from autograd import Value
from autograd.compiler.compiled import Compiled
from autograd.kept import keep

pytest.importorskip("llvmlite")

from autograd.compiler.backends.native import machine as module
from autograd.compiler.backends.native.machine import Machine, machine


def constant(number: float) -> str:
    return f"define double @sweep(ptr %frame) {{\n  ret double {number!r}\n}}\n"


def forget_recent():
    """Compile so many other programs that none of before is recent."""
    for k in range(16):
        machine(constant(1000.0 + k))
    gc.collect()


def test_programs_of_one_text_share_their_code_which_goes_with_the_last():
    w = Value(2.0, "w")

    def program():
        f = autograd.compile(lambda x: autograd.sinh(w * x) + 0.12345, backend="llvm")
        f.value_and_grad([1.0, 2.0])
        return f, f._traces.latest[1].runner(True).machine

    f, first = program()
    g, second = program()
    assert first is second
    code = weakref.ref(first)
    del g, first, second
    forget_recent()
    assert code() is not None
    del f
    forget_recent()
    assert code() is None


def test_code_of_a_descent_goes_with_it():
    w = Value(2.0)
    loss = Compiled(lambda x: (w * x) ** 2, "llvm")
    descent = loss.descent(np.ones(3), rule=lambda p, g, norm: p - 0.125 * g * norm)
    descent.run()
    code = weakref.ref(descent._rule.runner(False).machine)
    del descent, loss
    forget_recent()
    assert code() is None


def test_what_was_used_last_is_kept():
    first = weakref.ref(machine(constant(1.0)))
    for k in range(100):
        machine(constant(2.0 + k))
        assert machine(constant(1.0)) is first()
    forget_recent()
    assert first() is None


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_FOLDER", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path / "cache"


def compiled(number):
    """What the code of a constant returns, and whether it was made anew."""
    made = []
    original = module.keep
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "keep", lambda *arguments: (made.append(1), original(*arguments)))
        code = Machine(constant(number))
        return code.call(None), bool(made)


def test_code_is_loaded_from_the_disk(folder):
    assert compiled(5.0) == (5.0, True)
    assert compiled(5.0) == (5.0, False)
    assert compiled(6.0) == (6.0, True)
    assert sorted(path.suffix for path in folder.iterdir()) == [".machine"] * 2


def test_code_that_is_damaged_is_made_again(folder):
    compiled(5.0)
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    assert compiled(5.0) == (5.0, True)
    assert compiled(5.0) == (5.0, False)


def test_what_is_whole_but_of_something_else_is_made_again(folder):
    compiled(5.0)
    (path,) = folder.iterdir()
    compiled(6.0)
    (other,) = set(folder.iterdir()) - {path}
    path.write_bytes(other.read_bytes())
    assert compiled(5.0) == (5.0, True)
    keep(str(path), b"no machine code")
    assert compiled(5.0) == (5.0, True)
    assert compiled(5.0) == (5.0, False)


def test_a_folder_that_cannot_be_written_does_no_harm(folder):
    folder.write_text("a file, where the folder would be")
    assert compiled(5.0) == compiled(5.0) == (5.0, True)


def test_files_that_were_not_used_for_longest_go(folder, monkeypatch):
    monkeypatch.setattr(module, "_MOST", 3)
    for age, number in enumerate([1.0, 2.0, 3.0]):
        before = set(folder.iterdir()) if folder.exists() else set()
        compiled(number)
        (new,) = set(folder.iterdir()) - before
        os.utime(new, (1e9 + age, 1e9 + age))
    assert compiled(1.0) == (1.0, False)  # used now: 2.0 is the oldest
    assert compiled(4.0) == (4.0, True)
    assert len(list(folder.iterdir())) == 3
    assert compiled(1.0) == (1.0, False)
    assert compiled(2.0) == (2.0, True)


def test_code_of_another_processor_or_version_is_not_taken(folder, monkeypatch):
    assert compiled(5.0) == (5.0, True)
    monkeypatch.setattr(module, "_made_by", lambda: ("another version",))
    assert compiled(5.0) == (5.0, True)


SCRIPT = """
import sys
import numpy as np, nn
from autograd.compiler.backends.native import machine
machine._FOLDER = sys.argv[1]
sys.dont_write_bytecode = False
X = np.random.default_rng(0).normal(size=(300, 5))
model = nn.MLP(5, [8, 3], "tanh", seed=0)
history = nn.fit(model, X, (X[:, 0] > 0).astype(int), epochs=400, batch_size=10, seed=0, progress=False)
assert history.engine == "compiled (llvm)", history.engine
print([p.data.hex() for p in model.parameters()])
"""


@pytest.mark.slow
def test_a_second_process_calculates_the_same_digits(folder):
    def run():
        ran = subprocess.run([sys.executable, "-c", SCRIPT, str(folder)], capture_output=True, text=True, check=True)
        return ran.stdout

    first = run()
    files = {path: path.read_bytes() for path in folder.iterdir()}
    assert len(files) > 3
    assert run() == first
    assert {path: path.read_bytes() for path in folder.iterdir()} == files
