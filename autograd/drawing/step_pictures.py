"""Pictures of single steps: a recorded pass from `stepping`, drawn with what `draw` uses.

A `Frame` is the graph after some of the steps: it has the gradients there are then and marks the current step. All
frames of a pass reserve the same space for numbers, so their pictures can be laid one on the other.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from ..engine.value import Value
from ..notation.text_layout import WIDE, columns
from ..stepping.recording import record_pass
from ..stepping.stepper import BaseStepper
from ..stepping.steps import Evaluation, Step
from .diagram import Diagram, Style
from .dot import OLD, Arrow, Box, Caption, Mark
from .drawing import Drawing, compose

_FORMAT = ".4g"


class PassPictures:
    """The pass of a stepper, of which every frame can be drawn; the stepper keeps its state."""

    def __init__(self, stepper: BaseStepper):
        self.record = record_pass(stepper)
        self.evaluations = self.record.forward if len(stepper) > len(self.record.backward) else []
        self.steps: list[Evaluation | Step] = [*self.evaluations, *self.record.backward]

    @cached_property
    def captions(self) -> list[str]:
        old = any(grad is not None for grad in self.record.before.values())
        start = "before the first step" + "; old gradients are from an earlier pass" * old
        return [start, *map(self._caption, range(1, len(self.steps) + 1))]

    @cached_property
    def widest_caption(self) -> str:
        """The widest line of all captions."""
        return max((line for text in self.captions for line in text.split("\n")), key=columns)

    def _caption(self, number: int) -> str:
        step = self.steps[number - 1]
        _, equation, *rest = step.cells(WIDE)
        return f"step {number} of {len(self.steps)}, {step.phase}: {equation}\n{'    '.join(rest)}"

    def picture(self, taken: int) -> Drawing:
        """The graph after `taken` steps."""
        frame = Frame(self, taken)
        style = Style(frame.names, _FORMAT, True, frame.gradients.get)
        diagram = Diagram(self.record.stepper.output, style, collapse=False)
        return compose(diagram, mark=lambda boxes, arrows: frame.marked(diagram, boxes, arrows))


class Frame:
    """A pass after `taken` of its steps, as a picture shows it."""

    def __init__(self, pictures: PassPictures, taken: int):
        self.pictures, self.taken = pictures, taken
        self.step = pictures.steps[taken - 1] if taken else None
        self.names: Mapping[Value, str] = pictures.record.stepper.names
        self.backward = max(0, taken - len(pictures.evaluations))  # steps of the backward pass
        self.gradients = pictures.record.gradients(self.backward)

    def marked(
        self, diagram: Diagram, boxes: Iterable[Box], arrows: Iterable[Arrow]
    ) -> tuple[list[Box], list[Arrow], Caption]:
        """The boxes and arrows of `diagram` with the current step marked, and the text below them."""
        unknown = {diagram.box_name(step.node) for step in self.pictures.evaluations[self.taken :]}
        widest = self.pictures.record.widest(diagram.style.spec).items()
        reserved = {diagram.box_name(node): diagram.style.number(grad) for node, grad in widest}
        marks, edges = self._current(diagram)
        before = {diagram.box_name(node) for node, grad in self.pictures.record.before.items() if grad is not None}
        old = {diagram.box_name(node) for node in self.pictures.record.old(self.backward)}
        shown = []
        for box in boxes:
            texts = [f"–\n{text}" for _, text in box.rows]
            if box.role != "scope":
                texts[-1] += f"\n{reserved.get(box.name, '')}"
                if box.name in unknown:
                    box = box._replace(rows=(("data", "–"), *box.rows[1:]))
            if box.name in old:
                rows = tuple((OLD if name == "grad" else name, text) for name, text in box.rows)
                box = box._replace(rows=rows, tooltip=f"{box.tooltip}, from an earlier pass")
            if box.name in before:
                box = box._replace(reserved_name=OLD)
            shown.append(box._replace(reserved=tuple(texts), mark=marks.get(box.name, "")))
        caption = Caption(self.pictures.captions[self.taken], self.pictures.widest_caption)
        return shown, [arrow._replace(marked=arrow.name in edges) for arrow in arrows], caption

    def _current(self, diagram: Diagram) -> tuple[dict[str, Mark], set[str]]:
        """The marks of the current step's boxes, and its arrows, by name."""
        if self.step is None:
            return {}, set()
        node, head = self.step.node, diagram.box_name(self.step.node)
        marks: dict[str, Mark] = {}
        operands: Sequence[int] = range(len(node.parents))
        if isinstance(self.step, Step):
            operands = (self.step.operand,)
            marks[diagram.box_name(self.step.parent)] = "receives"
        marks[head] = "upstream"
        return marks, {f"edge{diagram.position[node]}_{k}" for k in operands}
