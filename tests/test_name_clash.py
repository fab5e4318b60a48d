"""Another distribution that brings a package `autograd` or `nn` is named, whichever was installed first or last."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
from autograd.chainrule_command import problem

ROOT = Path(autograd.__file__).parent.parent


@pytest.fixture
def installed(tmp_path):
    """A folder with the packages as the wheel installs them."""
    folder = tmp_path / "site-packages"
    for package in ("autograd", "nn"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.move(folder / "autograd" / "chainrule_command.py", folder)
    return folder


def install(folder, package, last):
    """Put another distribution into the folder; the file that both have is that of the one installed last."""
    (folder / f"{package}-1.9.1.dist-info").mkdir()
    (folder / package / "core.py").write_text("")
    if last:
        (folder / package / "__init__.py").write_text("import a_library_that_is_missing\n")


def run(folder, code):
    return subprocess.run(
        [sys.executable, "-SE", "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); {code}"],
        capture_output=True,
        text=True,
        cwd=folder.parent,
        check=False,
    )


COMMAND = "import chainrule_command; sys.exit(chainrule_command.main())"


@pytest.mark.parametrize(
    ("package", "last", "code"),
    [
        ("autograd", False, "import autograd"),
        ("autograd", False, "import nn"),
        ("autograd", False, COMMAND),
        ("autograd", True, "import nn"),
        ("autograd", True, COMMAND),
        ("nn", False, "import nn"),
        ("nn", False, "import autograd"),
        ("nn", True, "import autograd"),
        ("nn", True, COMMAND),
    ],
)
def test_another_distribution_is_named_with_the_way_out(installed, package, last, code):
    install(installed, package, last)
    result = run(installed, code)
    assert result.returncode == 1
    message = result.stderr.splitlines()[-1]
    assert f"the distribution '{package}' of PyPI" in message
    assert f"'pip uninstall {package}', then 'pip install --force-reinstall chainrule'" in message


@pytest.mark.parametrize("code", ["import nn", COMMAND])
def test_what_uninstalling_the_other_one_took_along_is_said(installed, code):
    (installed / "autograd" / "__init__.py").unlink()
    result = run(installed, code)
    assert result.returncode == 1
    assert "incomplete" in result.stderr
    assert "--force-reinstall chainrule" in result.stderr


def test_another_package_earlier_on_the_path_is_named(installed):
    other = installed.parent / "other"
    (other / "autograd").mkdir(parents=True)
    (other / "autograd" / "__init__.py").write_text("")
    result = run(installed, f"sys.path.insert(0, {str(other)!r}); import nn")
    assert result.returncode == 1
    assert f"{other / 'autograd' / '__init__.py'} is another one" in result.stderr


def test_alone_there_is_no_problem(installed):
    (installed / "chainrule-0.3.0.dist-info").mkdir()
    (installed / "autograd_gamma-0.5.0.dist-info").mkdir()
    assert problem(str(installed)) is None
    assert run(installed, "import nn, autograd; assert autograd.__file__.startswith(sys.path[0])").stderr == ""


def test_the_command_passes_on_what_the_engine_returns(installed):
    assert run(installed, "sys.argv = ['chainrule', 'x*x', 'x=3']; " + COMMAND).returncode == 0
    assert run(installed, "sys.argv = ['chainrule', 'x*', 'x=3']; " + COMMAND).returncode == 2
