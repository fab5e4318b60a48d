"""Loops over the parameters in the text of LLVM, a vector of them at a time.

What is done alike for many parameters, such as the square of each weight in a penalty, is written as one loop.
Expressions are alike when they differ only in which parameter they are about. A sum of many of them, or an addition of
each to the gradient by its parameter, becomes one instruction with a template: the expression for one of them, and the
places of all. The loop goes over all parameters, a vector at a time, and leaves out those that are not meant.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .as_machine_code import LOOP, Number
from .lines import Instructions

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


def padded(count: int, lanes: int) -> int:
    """`count`, up to a whole number of vectors."""
    return -(-count // lanes) * lanes


class Loops(Instructions):
    """Instructions, and loops over what is alike for many parameters.

    Attributes: `own`, what stands for the numbers of a template while its loop is written; `vectors`, how many hold
    all parameters.
    """

    def __init__(self, lanes: int, parameters: int):
        super().__init__(lanes)
        self.own: dict[Number, str] = {}
        self.vectors = padded(parameters, lanes) // lanes
        self._loops = 0
        self._tables: dict[frozenset[int], str] = {}

    def tables(self) -> list[str]:
        """The constants that the loops read: a byte for each parameter, 1 for those that are meant."""
        size = self.vectors * self.lanes
        return [
            f"@{name} = private constant [{size} x i8] [{', '.join(f'i8 {int(k in slots)}' for k in range(size))}]"
            for slots, name in self._tables.items()
        ]

    def counting(self, name: str, count: int) -> Iterator[tuple[str, str]]:
        """A loop: the body of a `for` over this writes its body. Yields the counter and the block before."""
        before = self.block
        self.line(f"br label %{name}")
        self.label(name)
        self.line(f"%{name}.k = phi i64 [0, %{before}], [%{name}.next, %{name}]")
        yield f"%{name}.k", before
        self.line(f"%{name}.next = add i64 %{name}.k, 1")
        self.line(f"%{name}.more = icmp slt i64 %{name}.next, {count}")
        self.line(f"br i1 %{name}.more, label %{name}, label %{name}.end")
        self.label(f"{name}.end")

    def fold(self, template: Template, *_: Number) -> str:
        """The sum of an expression over parameters."""
        section, name = self.section, self._new_name()
        shared = self._splats(template)
        self.section = LOOP
        for k, before in self.counting(name, self.vectors):
            self.line(f"%{name}.sum = phi {self.vector} [zeroinitializer, %{before}], [%{name}.new, %{name}]")
            value, meant = self._about_each(template, shared, k)
            chosen = self._chosen(meant, value, "zeroinitializer")
            self.line(f"%{name}.new = fadd {self.vector} %{name}.sum, {chosen}")
        self.section = section
        return self.sum_of_lanes(f"%{name}.new")

    def spread(self, template: Template, *_: Number) -> None:
        """Add an expression to the gradient by its parameter."""
        section, shared = self.section, self._splats(template)
        self.section = LOOP
        for k, _before in self.counting(self._new_name(), self.vectors):
            value, meant = self._about_each(template, shared, k)
            first = self.new(f"mul i64 {k}, {self.lanes}")
            held = self.load(self.vector, "%gradient", first)
            total = self.new(f"fadd contract {self.vector} {held}, {value}")
            self.store(self.vector, self._chosen(meant, total, held), "%gradient", first)
        self.section = section

    def sum_of_lanes(self, x: str) -> str:
        sum_up = self.declare("double", f"llvm.vector.reduce.fadd.v{self.lanes}f64", "double", self.vector)
        return self.new(f"call reassoc double @{sum_up}(double 0.0, {self.vector} {x})")

    def _about_each(self, template: Template, shared: dict[Number, str], k: str) -> tuple[str, str]:
        """The expression for a vector of parameters, and which of them are meant."""
        lanes = self.lanes
        first = self.new(f"mul i64 {k}, {lanes}")
        table = self._tables.setdefault(template.slots, f"meant{len(self._tables)}")
        marks = self.load(f"<{lanes} x i8>", f"@{table}", first, "i8")
        meant = self.new(f"icmp ne <{lanes} x i8> {marks}, zeroinitializer")
        mask = f"<{lanes} x i1>"
        load = self.declare(self.vector, f"llvm.masked.load.v{lanes}f64.p0", "ptr", "i32", mask, self.vector)
        place = self.at("%theta", first)
        # Of the last vector only a part may be there to be read.
        leaf = self.new(
            f"call {self.vector} @{load}(ptr {place}, i32 8, {mask} {meant}, {self.vector} zeroinitializer)"
        )
        outside = self.names  # where one of these numbers may be wanted for its own parameter alone
        self.own = self.names = shared | {template.leaf: leaf}
        for number in template.numbers:
            self.instruction(number)
        value = self.own[template.result]
        self.own, self.names = {}, outside
        return value, meant

    def _chosen(self, condition: str, x: str, y: str) -> str:
        return self.new(f"select <{self.lanes} x i1> {condition}, {self.vector} {x}, {self.vector} {y}")

    def _splats(self, template: Template) -> dict[Number, str]:
        return {x: self.splat("i1" if x.boolean else "double", self.operand(x)) for x in template.shared}

    def _new_name(self) -> str:
        self._loops += 1
        return f"parameters{self._loops}"
