"""The stand-alone page: one HTML file that steps through backprop in a browser, with no server and no network.

The picture is laid out once; the page holds every step as data and shows the state at any of them. Its security policy
allows nothing but its own style and script, by their hashes, and what comes from the user is text everywhere.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..engine.value import Value
from ..files import write_whole
from ..messages import Translate, translation
from ..notation.mathml import mathml
from ..notation.symbols import short_number
from ..stepping.recording import RecordedPass, record_pass
from ..stepping.stepper import BaseStepper
from ..stepping.steps import Evaluation, Step
from .diagram import Diagram, Style
from .dot import OLD, dot_source
from .folding import Folds
from .layout import lay_out

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST_STEPS = 2_000  # that a page shows smoothly
_FORMAT = ".4g"  # of the numbers in the picture
_MARGIN = 28.0  # around the picture, for the marks of the current step


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
    title = _TITLE.format(output=output)
    data = _data(record, begin_forward=len(stepper) > len(record.backward))
    data["language"] = language
    data["chinese"] = _words(record, output, translation("zh_CN"))
    style = Style(stepper.names, _FORMAT, True, record.widest(_FORMAT).get)
    diagram = Diagram(stepper.output, style, collapse=False)
    folds = Folds(diagram)
    if folds:
        _add_parts(data, folds)
    return _assembled(title, _graph(record, diagram, folds), data)


def picture_page(svg: str, title: str) -> str:
    """The text of the page of a picture without steps, to zoom and pan."""
    return _assembled(title, _cleaned(svg.encode(), title), None)


def _assembled(title: str, graph: str, data: dict[str, Any] | None) -> str:
    """The page of a graph; `data` are the steps, None for a picture alone."""
    import re
    from html import escape

    style = _asset("page.css")
    scripts = ["view.js"]
    if data is not None:
        scripts += ["data.js", *(["fold.js"] if "parts" in data else []), "page.js"]
    script = "".join(map(_asset, scripts))
    template = _asset("page.html")
    if data is None:
        template = re.sub("<!--steps-->.*?<!--/steps-->", "", template, flags=re.DOTALL)
    policy = f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}"
    parts = {
        "policy": f"{policy}; base-uri 'none'; form-action 'none'",
        "title": escape(title),
        "alone": ' class="alone"' if data is None else "",
        "style": style,
        "script": script,
        "graph": graph,
        "data": _json(data),
    }
    return re.sub("@([a-z]+)@", lambda place: parts[place[1]], re.sub("<!--/?steps-->", "", template))


def _asset(name: str) -> str:
    from importlib.resources import files

    text = files("autograd.drawing").joinpath("assets", name).read_text(encoding="utf-8")
    lines = (line.lstrip() for line in text.splitlines(keepends=True))
    return "".join(line for line in lines if not line.startswith("//"))  # without what only our readers need


def _hash(source: str) -> str:
    """What a content security policy calls a style or a script (Content Security Policy Level 3, section 2.3.1)."""
    from base64 import b64encode
    from hashlib import sha256

    return f"'sha256-{b64encode(sha256(source.encode()).digest()).decode()}'"


def _json(data: Any) -> str:
    """Data as the text of a script element, which the parser of HTML ends at ``</script``: no < is left in it."""
    import json

    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", r"\u003c")


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


def _words(record: RecordedPass, output: str, translate: Translate) -> dict[str, Any]:
    """The words and sentences of the page in another language."""
    steps: list[Evaluation | Step] = [*record.forward, *record.backward]
    return {
        "words": {word: translate(word) for word in WORDS},
        "title": translate(_TITLE).format(output=output),
        "startForward": translate(_START_FORWARD),
        "startBackward": _start(record, output, translate),
        "sentences": [step.explain(translate) for step in steps],
    }


_TITLE = "Backpropagation of {output}, step by step"
_START_FORWARD = (
    "Only the inputs are known. Each step of the forward pass calculates one operation; then the backward pass takes "
    "the gradients back."
)
# The words of page.html, page.js and fold.js.
WORDS = (
    *("Picture of the graph", "Size of the picture", "Zoom in", "Zoom out", "Fit", "Zoom in (+)", "Zoom out (-)"),
    *("Fit (0)", "Steps", "First", "Back", "Play", "Pause", "Next", "Last", "Step", "Speed", "slow", "medium", "fast"),
    *("very fast", "Forward pass first", "or", "This step", "Formula of the step", "upstream", "local derivative"),
    *("passed to", "calculated", "receives", "Values and gradients", "node", "data", "gradient", "received", "done ✓"),
    *("earlier pass", "{k} of {n}", "Forward pass, step {k} of {n}", "Backward pass, step {k} of {n}"),
    *("Before step 1 of {n}", "No steps", "{n} values"),
)


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


def _graph(record: RecordedPass, diagram: Diagram, folds: Folds) -> str:
    """The picture at the end as elements of the page, with space for the widest gradient that each node will have.

    Of a graph with parts it has every box once, at any place: the script places them.
    """
    stepper = record.stepper
    boxes, arrows, groups = diagram.describe()
    old = {diagram.box_name(node) for node, grad in record.before.items() if grad is not None}
    boxes = [box._replace(reserved_name=OLD) if box.name in old else box for box in boxes]
    if folds:
        boxes, arrows, groups = [box._replace(group=None) for box in boxes] + folds.boxes(), [], []
    svg = lay_out(dot_source(boxes, arrows, groups, "LR"), "svg")
    end = record.gradients(len(record.backward))
    grads = {diagram.box_name(node): diagram.style.number(grad) for node, grad in end.items()}
    rows = {
        name: [(diagram.position[node], node.operation is not None) for node in nodes]
        for name, nodes in folds.shown().items()
    }
    return _cleaned(svg, f"Graph of {stepper.equations.name(stepper.output)}: {len(stepper.order)} nodes", grads, rows)


def _add_parts(data: dict[str, Any], folds: Folds) -> None:
    """What the script needs to place the boxes: the parts, and of each node its part and its operands."""
    arrows = iter(folds.diagram.describe()[1])  # in the order of the operands
    data["parts"] = folds.data()
    for node, facts in zip(folds.diagram.order, data["nodes"], strict=True):
        facts["part"] = folds.part_of(node)
        facts["operands"] = [[folds.diagram.position[parent], next(arrows).label] for parent in node.parents]


def _cleaned(
    svg: bytes,
    label: str,
    grads: Mapping[str, str] | None = None,
    rows: Mapping[str, list[tuple[int, bool]]] | None = None,
) -> str:
    """The SVG without what the style sheet says and what only a separate file needs; its parts get classes.

    `grads` is what to write as the gradient of each node, None where there are no steps. `rows` are those at the end of
    closed layers and neurons: the number of the node that each shows, and whether it has a gradient.
    """
    import re
    from xml.etree import ElementTree

    root = ElementTree.fromstring(svg)  # noqa: S314 (written by our own layout engine)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = {
            key: re.sub(r"-?\d+\.\d+", lambda x: f"{round(float(x[0]), 1):g}", value) if key in _COORDINATES else value
            for key, value in element.attrib.items()
            if key != "font-family" and (key, value) not in _USUAL and not key.startswith("{")
        }
        element.text = element.text if element.tag == "text" else None
        element.tail = None
    for group in root.iter("g"):
        group[:] = [part for part in _unwrapped(group) if part.tag != "title"]
        if group.get("class") == "node" and rows and group.get("id", "") in rows:
            _name_rows([part for part in group if part.tag == "text"], rows[group.attrib["id"]])
        elif group.get("class") == "node" and grads is not None:
            texts = [part for part in group if part.tag == "text"]
            values = texts if len(texts) == 1 else texts[-3::2]  # data and grad, each after its name; or a constant
            for text, kind in zip(values, ("data", "grad"), strict=False):
                text.set("class", kind)
                if kind == "grad":
                    text.text = grads[group.attrib["id"]]
        elif group.get("class") == "edge":
            _clean_edge(group)
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    box = (left - _MARGIN, top - _MARGIN, width + 2 * _MARGIN, height + 2 * _MARGIN)
    shape = {"class": "graph", "viewBox": " ".join(f"{x:g}" for x in box), "role": "group", "aria-label": label}
    root.attrib = shape | dict(_USUAL)
    return ElementTree.tostring(root, encoding="unicode")


def _name_rows(texts: list["Element"], rows: list[tuple[int, bool]]) -> None:
    """Say in each text of a number which node it belongs to; before the numbers of each row is its name."""
    if rows and texts[-2].text == "grad":  # each number has a name before it
        texts = [*texts[:-4], texts[-2], texts[-3], texts[-1]]
    for node, has_gradient in reversed(rows):
        for kind in ("grad", "data") if has_gradient else ("data",):
            text = texts.pop()
            text.set("class", kind)
            text.set("data-node", str(node))
        texts.pop()


_USUAL = {"text-anchor": "start", "font-size": "16.00", "stroke-width": "1.6"}.items()  # and inherited
_COORDINATES = {"d", "points", "x", "y", "cx", "cy", "font-size"}


def _clean_edge(group: "Element") -> None:
    """The style sheet says how an arrow looks; the ground of its label becomes a plain rectangle."""
    coloured = group[0].get("stroke") != "#808080"
    for part in group:
        for name in ("stroke-width",) if coloured else ("fill", "stroke", "stroke-width"):
            if part.tag != "text" and part.get("stroke") != "none":
                part.attrib.pop(name, None)
        if part.get("stroke") == "none":
            numbers = [tuple(map(float, point.split(","))) for point in part.attrib["d"][1:].replace("C", " ").split()]
            left, top = map(min, zip(*numbers, strict=True))
            right, bottom = map(max, zip(*numbers, strict=True))
            part.tag = "rect"
            box = {"x": left, "y": top, "width": right - left, "height": bottom - top}
            part.attrib = {name: f"{x:.5g}" for name, x in box.items()}
    group[0].set("class", "line")
    if coloured:
        group.set("class", "edge coloured")


def _unwrapped(group: "Element") -> list["Element"]:
    """The children of `group`, those of its tooltip in place of the tooltip."""
    children: list[Element] = []
    for part in group:
        if part.tag == "g" and part.get("id", "").startswith("a_"):
            children += part[0]
        else:
            children.append(part)
    return children
