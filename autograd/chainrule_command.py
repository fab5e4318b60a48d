"""The command ``chainrule``, and the check that no other distribution is in its way.

PyPI has other distributions called `autograd` and `nn`, whose files would mix with ours. So the wheel installs this
file as the top-level module ``chainrule_command``, which none of them overwrites, and it imports nothing of ours until
it has looked. The packages `autograd` and `nn` ask it first of all.
"""

import os
import re
import sys
from importlib.machinery import PathFinder

_INSTALLED = re.compile(r"(autograd|nn)-[^-]+\.(dist|egg)-info")  # what pip leaves beside the packages it installs
_REPAIR = (
    "'pip install --force-reinstall chainrule' (or the folder or file it came from), or use another environment "
    "(python -m venv)"
)


def problem(folder: str) -> str | None:
    """What is wrong with the packages installed in `folder`, and the way out; None where all is well."""
    names = sorted({found[1] for found in map(_INSTALLED.fullmatch, os.listdir(folder)) if found})
    if names:
        others = " and ".join(repr(name) for name in names)
        return (
            f"the distribution {others} of PyPI is installed beside chainrule in {folder}, and both bring a package of "
            f"that name: 'pip uninstall {' '.join(names)}', then {_REPAIR}"
        )
    spec = PathFinder.find_spec("autograd")
    where = spec.origin if spec else None
    if where is None or not os.path.isfile(os.path.join(os.path.dirname(where), "name_clash.py")):
        found = f"{where} is another one" if where else "it is incomplete, as after uninstalling another 'autograd'"
        return f"the package autograd of chainrule was not found ({found}): 'pip uninstall autograd', then {_REPAIR}"
    return None


def refuse() -> None:
    """Raise ImportError where another distribution is in the way."""
    found = problem(os.path.dirname(os.path.abspath(__file__)))
    if found:
        raise ImportError(found)


def main() -> int:
    """The command ``chainrule``."""
    try:
        refuse()
    except ImportError as error:
        print(f"chainrule: {error}", file=sys.stderr)
        return 1
    from autograd.cli import main as run

    return run()
