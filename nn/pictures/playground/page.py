"""The page of the playground as one file: the parts of this folder put together, and the rules of the table.

The JavaScript says nothing that is known here already: the rules come from the table, the names of activations,
initialisations and rectifiers from `nn`. Its security policy allows nothing but its own style and script.
"""

# ruff: noqa: N803 (X is the usual name)

import json
import os
import re
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd import StepperComponent, javascript_rules, stepper_component, write_whole

from ...activations import ACTIVATIONS, is_rectifier
from ...initialization import INITS
from .own_data import read_csv, table_data

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# One idea a file, in the order in which they need each other.
SCRIPTS = [
    *("random", "language", "datasets", "csv", "network", "optimizers", "settings", "training"),
    *("colours", "maps", "plane", "network_picture", "curves", "space", "gradient_sizes", "neuron", "card", "controls"),
    "main",
]


class Playground:
    """The page of `nn.playground`; a notebook shows it in the cell.

    Attributes: `html`, its text, and `path`, the file to which it was last written, or None.
    """

    def __init__(self, html: str):
        self.html = html
        self.path: str | None = None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file. Raises ValueError for a name that does not end in .html, OSError as `open`."""
        if Path(path).suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"the playground is a page: name a file that ends in .html, not {os.fspath(path)!r}")
        write_whole(path, self.html.encode())
        self.path = os.fspath(path)

    def _repr_html_(self) -> str:
        from html import escape

        style = "width: 100%; height: 900px; border: 0"
        return f'<iframe title="Neural network playground" style="{style}" srcdoc="{escape(self.html)}"></iframe>'

    def __repr__(self) -> str:
        return f"<playground, a page of {len(self.html):,} characters: save(path) writes it>"


def playground(
    X: "ArrayLike | None" = None,
    y: "ArrayLike | None" = None,
    path: str | os.PathLike[str] | None = None,
    show: bool = True,
) -> Playground:
    """A page in which a small network learns while you watch: you change data, layers and training as it runs.

    Arguments:
        X: your own examples, shape (n, 2), or more columns, of which two are chosen in the page; or the path of a CSV
            file with a header, columns of numbers and the class in the last one. Without them, the page makes data.
        y: their classes, shape (n,): at most eight different numbers or texts.
        path: where to write the page, a name that ends in .html. It needs no network and no server.
        show: whether to open it in the browser. In a notebook, the result shows itself in the cell instead.

    Returns the page; its attribute `html` is the text. Raises ValueError for data that is not finite or does not fit,
    OSError where the file cannot be written.

    >>> page = playground([[0.0, 0.5], [1.0, -0.5]], ["no", "yes"], show=False)
    >>> page.html[:15]
    '<!doctype html>'
    """
    if isinstance(X, (str, os.PathLike)) and y is None:
        page = Playground(assembled(read_csv(X)))
    else:
        page = Playground(assembled(None if X is None and y is None else table_data(X, y)))
    if path is not None:
        page.save(path)
    if show and not _in_notebook():
        _open(page)
    return page


def _in_notebook() -> bool:
    import sys

    shell = sys.modules.get("IPython")
    return shell is not None and getattr(shell.get_ipython(), "kernel", None) is not None


def _open(page: Playground) -> None:
    import tempfile
    import webbrowser

    if page.path is None:
        page.save(os.path.join(tempfile.mkdtemp(prefix="chainrule-"), "playground.html"))
    webbrowser.open(Path(str(page.path)).resolve().as_uri())


def assembled(data: dict[str, Any] | None) -> str:
    """The text of the page, with data of your own or None."""
    stepper = stepper_component(ACTIVATIONS)
    style, script = _asset("page.css"), _script(stepper)
    parts = {
        "policy": f"default-src 'none'; style-src {_hash(style)} {_hash(stepper.style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'",
        "style": style,
        "board": stepper.style,
        "steps": stepper.html,
        "script": script,
        "data": _json(data),
    }
    return re.sub("@([a-z]+)@", lambda place: parts[place[1]], _asset("page.html"))


def _script(stepper: StepperComponent) -> str:
    """All of JavaScript, in a scope of its own."""
    rules = javascript_rules().replace("export const rules", "const rules")
    known = {
        "CHINESE": stepper.chinese | json.loads(_asset("chinese.json")),
        "STEPPER": {"chinese": stepper.chinese, "functions": stepper.functions, "dot": stepper.dot},
        "ACTIVATIONS": list(ACTIVATIONS),
        "RECTIFIERS": [name for name in ACTIVATIONS if is_rectifier(name)],
        "INITS": list(INITS),
    }
    constants = [f"const {name} = {_json(value)};\n" for name, value in known.items()]
    loops = f"const LOOPS = {{\n{''.join(map(_loops, ACTIVATIONS))}}};\n"
    texts = [f"const rules = (() => {{\n{rules}\nreturn rules;\n}})();\n", *constants, loops, stepper.script]
    return "".join(['"use strict";\n(() => {\n', *texts, *(_asset(f"{name}.js") for name in SCRIPTS), "})();\n"])


def _loops(name: str) -> str:
    """An activation function over arrays, as loops of its own, into which the browser compiles its rule."""
    if name == "linear":
        return ""
    others = "".join(f", {number}" for number in _other_operands(name))
    loop = "for (let k = 0; k < sums.length; k++)"
    value, partials = f"rules.{name}.value(sums[k]{others})", f"rules.{name}.partials(values[k], sums[k]{others})"
    return (
        f"{name}: {{\n"
        f"values(sums, values) {{ {loop} values[k] = {value}; }},\n"
        f"slopes(values, sums, slopes) {{ {loop} slopes[k] = {partials}[0]; }},\n"
        "},\n"
    )


def _other_operands(name: str) -> list[float]:
    """What an activation function takes beside its number: the slope of leaky_relu."""
    _, *others = signature(ACTIVATIONS[name]).parameters.values()
    return [parameter.default for parameter in others if isinstance(parameter.default, float)]


def _asset(name: str) -> str:
    text = files("nn.pictures.playground").joinpath(name).read_text(encoding="utf-8")
    # without what only readers of the files need
    return "".join(line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("//"))


def _hash(source: str) -> str:
    """What a content security policy calls a style or a script (Content Security Policy Level 3, section 2.3.1)."""
    return f"'sha256-{b64encode(sha256(source.encode()).digest()).decode()}'"


def _json(data: object) -> str:
    """Data as the text of a script element, which the parser of HTML ends at ``</script``: no < is left in it."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", r"\u003c")
