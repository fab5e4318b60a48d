"""Pictures of single steps: where stepping and drawing, which do not know each other, meet.

A `Moment` is a pass after some of its steps. It tells a drawing which gradients there are and what is in hand; all
moments of a pass leave the same room for numbers, so their pictures can be laid one on the other.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from ..engine.value import Value
from ..notation.text_layout import AMPLE, columns
from ..stepping.recording import rehearse
from ..stepping.stepper import Stepper
from ..stepping.steps import Evaluation, Step
from .drawing import Drawing, compose

if TYPE_CHECKING:
    from .diagram import Diagram
    from .dot import Arrow, Box, Caption, Mark

_FORMAT = ".4g"


class Pass:
    """The pass of a stepper with all its moments; the stepper stays where it is."""

    def __init__(self, stepper: Stepper):
        self.record = rehearse(stepper)
        self.evaluations = self.record.forward if len(stepper) > len(self.record.backward) else []
        self.steps: list[Evaluation | Step] = [*self.evaluations, *self.record.backward]

    @cached_property
    def captions(self) -> list[str]:
        return ["before the first step", *map(self._caption, range(1, len(self.steps) + 1))]

    @cached_property
    def longest(self) -> str:
        """The longest line of all captions."""
        return max((line for text in self.captions for line in text.split("\n")), key=columns)

    def _caption(self, number: int) -> str:
        step = self.steps[number - 1]
        _, equation, *rest = step.cells(AMPLE)
        return f"step {number} of {len(self.steps)}, {step.phase}: {equation}\n{'    '.join(rest)}"

    def picture(self, taken: int) -> Drawing:
        """The graph after `taken` steps."""
        from .diagram import Diagram, Style

        moment = Moment(self, taken)
        style = Style(moment.names, _FORMAT, True, moment.gradients.get)
        return compose(Diagram(self.record.stepper.output, style, collapse=False), moment=moment)


class Moment:
    """A pass after `taken` of its steps, as a drawing shows it."""

    def __init__(self, whole: Pass, taken: int):
        self.whole, self.taken = whole, taken
        self.step = whole.steps[taken - 1] if taken else None
        self.names: Mapping[Value, str] = whole.record.stepper.names
        self.gradients = whole.record.gradients(max(0, taken - len(whole.evaluations)))

    def marked(
        self, diagram: "Diagram", boxes: Iterable["Box"], arrows: Iterable["Arrow"]
    ) -> tuple[list["Box"], list["Arrow"], "Caption"]:
        """The boxes and arrows of `diagram` with what is in hand marked, and the text below them."""
        from .dot import Caption

        unknown = {diagram.box_name(step.node) for step in self.whole.evaluations[self.taken :]}
        widest = self.whole.record.widest(diagram.style.spec).items()
        room = {diagram.box_name(node): diagram.style.number(grad) for node, grad in widest}
        marks, edges = self._in_hand(diagram)
        shown = []
        for box in boxes:
            kept = [f"–\n{text}" for _, text in box.rows]
            if box.role != "scope":
                kept[-1] += f"\n{room.get(box.name, '')}"
                if box.name in unknown:
                    box = box._replace(rows=(("data", "–"), *box.rows[1:]))
            shown.append(box._replace(room=tuple(kept), mark=marks.get(box.name, "")))
        caption = Caption(self.whole.captions[self.taken], self.whole.longest)
        return shown, [arrow._replace(marked=arrow.name in edges) for arrow in arrows], caption

    def _in_hand(self, diagram: "Diagram") -> tuple[dict[str, "Mark"], set[str]]:
        """The marks of boxes, and the arrows, by name."""
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
