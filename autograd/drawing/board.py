"""The board of a page: what shows a graph and its steps, as HTML, a style and a script; and the words that it says.

Its files are in `assets`. The pages of steppers and of pictures have one each; what differs is the data.
"""

from collections.abc import Iterable
from typing import Any

from ..messages import translation

# One idea a file, in the order in which they need each other; the last two only where there are parts, or steps.
WORDS_AND_VIEW = ("words", "view")
PARTS, STEPS = "fold", "steps"

# The words of board.html and of the scripts, and those in the boxes of a picture.
WORDS = (
    *("Picture of the graph", "Size of the picture", "Zoom in", "Zoom out", "Fit", "Zoom in (+)", "Zoom out (-)"),
    *("Fit (0)", "Steps", "First", "Back", "Play", "Pause", "Next", "Last", "Step", "Speed", "slow", "medium", "fast"),
    *("very fast", "Forward pass first", "or", "This step", "Formula of the step", "upstream", "local derivative"),
    *("passed to", "calculated", "receives", "Values and gradients", "node", "data", "gradient", "received", "done ✓"),
    *("earlier pass", "{k} of {n}", "Forward pass, step {k} of {n}", "Backward pass, step {k} of {n}"),
    *("Before step 1 of {n}", "No steps", "{n} values"),
)
BOX_WORDS = ("grad", "old grad", "input", "weight", "bias", "sum {name}", "operations", "parameters", "outputs")


def chinese_words() -> dict[str, str]:
    """The words of a board in Chinese, by the English ones."""
    translate = translation("zh_CN")
    return {word: translate(word) for word in (*WORDS, *BOX_WORDS)}


def asset(name: str) -> str:
    """The text of a file, without indentation and comments, which only our readers need."""
    from importlib.resources import files

    text = files("autograd.drawing").joinpath("assets", name).read_text(encoding="utf-8")
    lines = (line.lstrip() for line in text.splitlines(keepends=True))
    return "".join(line for line in lines if not line.startswith("//"))


def script(names: Iterable[str]) -> str:
    """The function ``makeBoard(root, data, options)`` of these files."""
    body = "".join(asset(f"{name}.js") for name in names)
    return f"function makeBoard(root, data, options = {{}}) {{\n{body}return board;\n}}\n"


def html(graph: str, steps: bool) -> str:
    """The elements of a board, with the picture `graph`; without the controls where there are no steps."""
    import re

    text = asset("board.html")
    if not steps:
        text = re.sub("<!--steps-->.*?<!--/steps-->", "", text, flags=re.DOTALL)
    return re.sub("<!--/?steps-->", "", text).replace("@graph@", graph)


def quoted(source: str) -> str:
    """What a content security policy calls a style or a script (Content Security Policy Level 3, section 2.3.1)."""
    from base64 import b64encode
    from hashlib import sha256

    return f"'sha256-{b64encode(sha256(source.encode()).digest()).decode()}'"


def json_text(data: Any) -> str:
    """Data as the text of a script element, which the parser of HTML ends at ``</script``: no < is left in it."""
    import json

    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", r"\u003c")
