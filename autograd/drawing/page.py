"""The stand-alone page: one HTML file that steps through backprop in a browser, with no server and no network.

The picture is laid out once; the page holds every step as data and shows the state at any of them. Its security policy
allows nothing but its own style and script, by their hashes, and what comes from the user is text everywhere.
"""

import os
from typing import TYPE_CHECKING, Any

from ..engine.value import Value
from ..files import write_whole
from ..messages import Translate, translation
from ..notation.mathml import mathml
from ..notation.symbols import short_number
from ..stepping.recording import RecordedPass, record_pass
from ..stepping.stepper import BaseStepper
from ..stepping.steps import Evaluation, Step
from . import board
from .diagram import Diagram, Style
from .folding import Folds
from .page_picture import cleaned, parts_data, picture

if TYPE_CHECKING:
    from .drawing import Unfolded

MOST_STEPS = 2_000  # that a page shows smoothly
_FORMAT = ".4g"  # of the numbers in the picture


def write_page(stepper: BaseStepper, path: str | os.PathLike[str], language: str | None = None) -> None:
    """Write the page of `stepper` to `path`. The file appears complete or not at all.

    `language` is the one that it begins with, "en" or "zh_CN"; None takes that of the browser.

    Raises ValueError for more than 2,000 steps and where a gradient becomes NaN, OSError where the file cannot be
    written, LayoutError when no layout engine works.
    """
    if len(stepper) > MOST_STEPS:
        raise ValueError(
            f"the page would have {len(stepper):,} steps, more than {MOST_STEPS:,}: collapse sums (dot and mean are "
            "one node each), expand less, take one example of a batch, or step through a part: stepper(inner_node)"
        )
    write_whole(path, page(stepper, language).encode())


def page(stepper: BaseStepper, language: str | None = None) -> str:
    """The text of the page; `stepper` and all gradients are unchanged."""
    record = record_pass(stepper)
    output = record.stepper.equations.name(stepper.output).text
    data = _data(record, begin_forward=len(stepper) > len(record.backward)) | {"language": language}
    style = Style(stepper.names, _FORMAT, True, record.widest(_FORMAT).get)
    diagram = Diagram(stepper.output, style, collapse=False)
    folds = Folds(diagram)
    if folds:
        data |= _with_parts(data, folds)
    graph = picture(
        diagram,
        folds,
        data["graph"],
        old=[node for node, grad in record.before.items() if grad is not None],
        grads=record.gradients(len(record.backward)),
    )
    return _assembled(_TITLE.format(output=output), graph, data, steps=True)


def picture_page(svg: str) -> str:
    """The text of the page of a picture, to zoom and pan."""
    return _assembled(_ALONE, cleaned(svg.encode(), _ALONE), _data_of_picture(), steps=False)


def folding_page(graph: "Unfolded", engine: str | None) -> str | None:
    """The text of the page of a graph whose layers and neurons open and close; None where it has none."""
    diagram = Diagram(graph.output, graph.style, collapse=False)
    folds = Folds(diagram)
    if not folds:
        return None
    data = _data_of_picture() | parts_data(folds) | {"opened": graph.opened}
    return _assembled(_ALONE, picture(diagram, folds, _ALONE, engine=engine), data, steps=False)


def _data_of_picture() -> dict[str, Any]:
    name = translation("zh_CN")(_ALONE)
    chinese = {"words": board.chinese_words(), "title": name, "graph": name}
    return {"alone": True, "language": None, "graph": _ALONE, "chinese": chinese}


def _assembled(title: str, graph: str, data: dict[str, Any], steps: bool) -> str:
    """The page of a graph."""
    import re
    from html import escape

    style = board.asset("board.css") + board.asset("page.css")
    parts = [board.PARTS] if "parts" in data else []
    names = [*board.WORDS_AND_VIEW, *parts, *([board.STEPS] if steps else [])]
    script = f'"use strict";\n{board.script(names)}{board.asset("page.js")}'
    template = board.asset("page.html")
    if not steps:
        template = re.sub("<!--steps-->.*?<!--/steps-->", "", template, flags=re.DOTALL)
    policy = f"default-src 'none'; style-src {board.quoted(style)}; script-src {board.quoted(script)}"
    texts = {
        "policy": f"{policy}; base-uri 'none'; form-action 'none'",
        "title": escape(title),
        "alone": "" if steps else ' class="alone"',
        "style": style,
        "script": script,
        "board": board.html(graph, steps),
        "data": board.json_text(data),
    }
    return re.sub("@([a-z]+)@", lambda place: texts[place[1]], re.sub("<!--/?steps-->", "", template))


def _data(record: RecordedPass, begin_forward: bool) -> dict[str, Any]:
    """What the script needs: nodes by their position in topological order, and the steps."""
    order, name = record.stepper.order, record.stepper.equations.name
    position = {node: k for k, node in enumerate(order)}
    expected = dict.fromkeys(order, 0)
    for step in record.backward:
        expected[step.parent] += 1
    output = name(order[-1]).text
    return {
        "output": output,
        "graph": _GRAPH.format(output=output, n=len(order)),
        "chinese": _in_chinese(record, output),
        "beginForward": begin_forward,
        "startForward": _START_FORWARD,
        "startBackward": _start(record, output),
        "nodes": [
            {
                "name": name(node).text,
                "data": short_number(node.data),
                "constant": node.operation is None,
                "leaf": not node.parents,
                "expected": expected[node],
                "grad": _grad_texts(record.before.get(node)),
            }
            for node in order
        ],
        "started": [[position[node], _grad_texts(grad)] for node, grad in record.started.items()],
        "forward": [_evaluation(step, position) for step in record.forward],
        "backward": [_step(step, position) for step in record.backward],
    }


def _start(record: RecordedPass, output: str, translate: Translate = str) -> str:
    """The sentence before the first step of the backward pass."""
    if not record.backward:
        return translate("The graph has no edge along which a gradient of {output} could be passed back.").format(
            output=output
        )
    state = "No gradient has been calculated yet."
    if any(grad is not None for grad in record.before.values()):
        state = "The gradients shown are from an earlier pass: leaves will add to theirs, the others start again."
    first = translate(
        "The first is that of {output} by itself, ∂{output}/∂{output} = 1; each step passes a gradient back along one "
        "edge of the graph: upstream × local derivative."
    )
    return translate("{sentence} {next}").format(sentence=translate(state), next=first.format(output=output))


def _in_chinese(record: RecordedPass, output: str) -> dict[str, Any]:
    """The words and sentences of the page in Chinese."""
    translate = translation("zh_CN")
    steps: list[Evaluation | Step] = [*record.forward, *record.backward]
    return {
        "words": board.chinese_words(),
        "title": translate(_TITLE).format(output=output),
        "graph": translate(_GRAPH).format(output=output, n=len(record.stepper.order)),
        "startForward": translate(_START_FORWARD),
        "startBackward": _start(record, output, translate),
        "sentences": [step.explain(translate) for step in steps],
    }


def _with_parts(data: dict[str, Any], folds: Folds) -> dict[str, Any]:
    """The parts of the graph, and of each node its part and its operands."""
    parts = parts_data(folds)
    nodes = [facts | known for facts, known in zip(parts["nodes"], data["nodes"], strict=True)]
    return {"parts": parts["parts"], "nodes": nodes, "opened": "some"}


_TITLE = "Backpropagation of {output}, step by step"
_START_FORWARD = (
    "Only the inputs are known. Each step of the forward pass calculates one operation; then the backward pass takes "
    "the gradients back."
)
_GRAPH = "Graph of {output}: {n} nodes"
_ALONE = "Computation graph"


def _grad_texts(grad: float | None) -> list[str] | None:
    """A gradient as the table shows it, and as the picture shows it."""
    return None if grad is None else [short_number(grad), format(grad + 0.0, _FORMAT)]


def _evaluation(step: Evaluation, position: dict[Value, int]) -> dict[str, Any]:
    return {
        "node": position[step.node],
        "operands": list(range(len(step.node.parents))),
        "sentence": step.explain(),
        "formula": mathml(step.latex),
    }


def _step(step: Step, position: dict[Value, int]) -> dict[str, Any]:
    return {
        "node": position[step.node],
        "operand": step.operand,
        "parent": position[step.parent],
        "upstream": short_number(step.upstream),
        "local": short_number(step.local),
        "contribution": short_number(step.contribution),
        "total": _grad_texts(step.total),
        "sentence": step.explain(),
        "formula": mathml(step.latex),
    }
