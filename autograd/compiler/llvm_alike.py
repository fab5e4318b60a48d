"""What is done alike for many parameters, such as the square of each weight in a penalty: written as one loop.

Expressions are alike when they differ only in which parameter they are about. A sum of many of them, or an addition of
each to the gradient by its parameter, becomes one instruction with a template: the expression for one of them, and the
places of all. The loop goes over all parameters, a vector at a time, and leaves out those that are not meant.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .llvm_numbers import LOOP, Number

_MANY = 16  # fewer are as soon done one by one


class Template:
    """An expression about one parameter, and all parameters for which it is to be calculated.

    Attributes: `slots`, the places of these; `leaf`, the number that stands for the parameter; `numbers`, what to
    calculate, operands first; `shared`, what is the same for all.
    """

    def __init__(self, result: Number, slots: Iterable[int], about: "_About"):
        self.result, self.slots = result, frozenset(slots)
        known: dict[Number, None] = {}
        stack = [(result, False)]
        while stack:
            number, ready = stack.pop()
            if ready:
                known[number] = None
            elif number not in known:
                own = number in about.slots and number.call != "parameter"
                operands = [(x, False) for x in number.operands if isinstance(x, Number)] if own else []
                stack += [(number, True), *operands]
        (self.leaf,) = (x for x in known if x.call == "parameter")
        self.shared = [x for x in known if x not in about.slots]
        self.numbers = [x for x in known if x is not self.leaf and x in about.slots]


def gathered(numbers: Iterable[Number]) -> list[Number]:
    """The numbers, sums of what is alike and additions to gradients of what is alike replaced by templates."""
    numbers = list(numbers)
    about = _About(numbers)
    effects = [x for x in numbers if x.call == "add to gradient"]
    spread: dict[Number, Number | None] = {}
    for group in about.groups([x.operands[1] for x in effects]):
        slots = [effects[k].operands[0] for k in group]
        if slots == [about.slots[effects[k].operands[1]] for k in group]:
            template = Template(effects[group[0]].operands[1], slots, about)
            last = effects[group[-1]]
            spread |= dict.fromkeys([effects[k] for k in group])
            spread[last] = Number(last.recorder, "spread", (template, *template.shared), last.section, False)
    result = []
    for number in numbers:
        if number.call == "add up" and number.section != LOOP:
            result += _fold(number, about)
        replaced = spread.get(number, number)
        result += [] if replaced is None else [replaced]
    return result


def _fold(number: Number, about: "_About") -> list[Number]:
    """Let a sum have sums of what is alike among its operands; returns those."""
    operands, folds = number.operands, []
    alone = dict.fromkeys(range(len(operands)))
    for group in about.groups(operands):
        template = Template(operands[group[0]], [about.slots[operands[k]] for k in group], about)
        folds.append(Number(number.recorder, "fold", (template, *template.shared), number.section, False))
        for k in group:
            del alone[k]
    number.operands = (*folds, *(operands[k] for k in alone))
    return folds


class _About:
    """Which parameter each number outside the loop over examples is about, and the form of its expression.

    Attributes: `slots`, the place of that parameter, for numbers that depend on one only.
    """

    def __init__(self, numbers: Iterable[Number]):
        self.slots: dict[Number, int] = {}
        self._forms: dict[Number, int] = {}
        known: dict[Any, int] = {}
        for number in numbers:
            slots = {self.slots[x] for x in number.operands if x in self.slots}
            if number.call == "parameter":
                slots = {number.operands[0]}
            if len(slots) == 1 and number.section != LOOP and number.call not in ("add up", "add to gradient"):
                (self.slots[number],) = slots
                parts = [self._forms.get(x, x.hex() if isinstance(x, float) else x) for x in number.operands]
                key = number.call, *([] if number.call == "parameter" else parts)
                self._forms[number] = known.setdefault(key, len(known))

    def groups(self, numbers: Sequence[Any]) -> Iterator[list[int]]:
        """The places, in `numbers`, of those that are alike and many, and each about another parameter."""
        alike: dict[int, dict[int, int]] = {}
        for k, number in enumerate(numbers):
            if number in self._forms:
                alike.setdefault(self._forms[number], {}).setdefault(self.slots[number], k)
        return (list(group.values()) for group in alike.values() if len(group) >= _MANY)
