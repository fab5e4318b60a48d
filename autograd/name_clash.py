"""PyPI has other distributions called `autograd` and `nn`, whose files would mix with ours: this says so by name.

The wheel holds this file twice, here and as the module ``chainrule_command``, where no other distribution can overwrite
it; so it imports nothing of the package until it has looked.
"""

import os
import re
import sys
from importlib.machinery import PathFinder

_INSTALLED = re.compile(r"(autograd|nn)-[^-]+\.(dist|egg)-info")  # what pip leaves beside the packages it installs


def problem(folder: str) -> str | None:
    """What is wrong with the packages installed in `folder`, and the way out; None where all is well."""
    names = sorted({found[1] for found in map(_INSTALLED.fullmatch, os.listdir(folder)) if found})
    if names:
        others = " and ".join(repr(name) for name in names)
        return (
            f"the distribution {others} of PyPI is installed beside chainrule in {folder}, and both bring a package of "
            f"that name: 'pip uninstall {' '.join(names)}', then 'pip install --force-reinstall chainrule', or use "
            "another environment (python -m venv)"
        )
    spec = PathFinder.find_spec("autograd")
    where = spec.origin if spec else None
    if where is None or not os.path.isfile(os.path.join(os.path.dirname(where), "name_clash.py")):
        found = f"{where} is another one" if where else "it is incomplete, as after uninstalling another 'autograd'"
        return (
            f"the package autograd of chainrule was not found ({found}): 'pip uninstall autograd', then "
            "'pip install --force-reinstall chainrule', or use another environment (python -m venv)"
        )
    return None


def refuse() -> None:
    """Raise ImportError where another distribution is in the way."""
    here = os.path.dirname(os.path.abspath(__file__))
    found = problem(os.path.dirname(here) if os.path.basename(here) == "autograd" else here)
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


if __name__ == "autograd.name_clash":
    refuse()
