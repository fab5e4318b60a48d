"""Recorded instructions as the text of an LLVM function: a loop over blocks of as many examples as a vector has lanes.

Inside the loop every number is a vector, with an example in each lane; before and after it, a double. The last block is
filled up with copies of the last example, whose lanes enter no sum. Sums over the examples are kept in memory, a vector
for each, and added across the lanes at the end.
"""

from collections.abc import Callable
from typing import Any

from .as_machine_code import AFTER, BEFORE, C_NAMES, LOOP, Number, Recorder
from .functions import FORMS
from .lines import ARITHMETIC, NAN, Instructions
from .loops import Loops, padded
from .lowering import Recording

# What the function is given: addresses and numbers of eight bytes, in this order; then the address of each argument.
FRAME = ("theta", "kept", "sums", "gradient", "results", "stride", "step", "examples", "divisor", "scratch")
_KINDS = {"stride": "i64", "step": "i64", "examples": "i64", "divisor": "double"}
NAME = "sweep"

_WIDEST = 4  # numbers of an example that are loaded as one piece and sorted out
_BLOCK = 400  # lines in one piece: the time to compile a piece grows faster than its length

Symbol = Callable[[str, int], str | None]  # the function of a name for so many lanes, if there is one


def write(recording: Recording, lanes: int, symbol: Symbol) -> str:
    """The text of a module with a function `NAME`, which returns the sum of the first output over the examples.

    The sum and its gradient are divided by the divisor in the frame.
    The function returns NaN where a branch goes another way than the trace did, or an output or the gradient is not
    finite.
    """
    return _Writer(recording, lanes, symbol).text()


class _Writer(Loops):
    def __init__(self, recording: Recording, lanes: int, symbol: Symbol):
        super().__init__(lanes, recording.parameters)
        self.recording, self.symbol = recording, symbol
        self.kept = {x: k for k, x in enumerate(recording.kept)}
        self._blocks = 0
        self.groups = padded(recording.summed, lanes) // lanes if recording.with_gradient else 0

    def text(self) -> str:
        self._entry()
        self._loop()
        self._end()
        sweep = self.function(f"double @{NAME}(ptr noalias nonnull %frame)")
        return "\n\n".join([*self.tables(), sweep, "\n".join(self.declared.values())]) + "\n"

    # Sections

    def operand(self, x: Any) -> str:
        if not isinstance(x, Number):
            return self.literal(x)
        if x in self.own:
            return self.own[x]
        if x.call == "parameter" or (self.section == LOOP and x in self.kept):
            # Read from memory at each use: the processor spreads a number over the lanes as it reads it.
            base, slot = ("%theta", x.operands[0]) if x.call == "parameter" else ("%kept", self.kept[x])
            single = self.load("double", base, slot)
            return single if self.section != LOOP else self.splat("double", single)
        return self.names[x]

    def _write(self, section: int) -> None:
        self.section = section
        for number in self.recording.numbers:
            if number.section == section and number.call != "parameter":
                self.instruction(number)
                if len(self.lines) - self.begun > _BLOCK and number.call not in ARITHMETIC:
                    self._break()

    def _break(self) -> None:
        """Go on in a new block, by a condition that always holds and that nobody can know to."""
        self._blocks += 1
        self.line(f"br i1 %any, label %part{self._blocks}, label %none")
        self.label(f"part{self._blocks}")

    def _entry(self) -> None:
        self.label("entry")
        for k, name in enumerate((*FRAME, *(f"argument{a}" for a in range(len(self.recording.widths))))):
            place = self.at("%frame", k, "i64")
            self.line(f"%{name} = load {_KINDS.get(name, 'ptr')}, ptr {place}, align 8")
        self.line("%any = icmp sgt i64 %examples, 0")
        self._write(BEFORE)
        for number, slot in self.kept.items():
            value = self.names[number]
            value = self.new(f"uitofp i1 {value} to double") if number.boolean else value
            self.store("double", value, "%kept", slot)
        if self.groups:
            memset = self.declare("void", "llvm.memset.p0.i64", "ptr", "i8", "i64", "i1")
            self.line(
                f"call void @{memset}(ptr %sums, i8 0, i64 {self.groups * self.lanes * self.lanes * 8}, i1 false)"
            )
        self.line("br label %loop")

    def _loop(self) -> None:
        lanes, zeros = self.lanes, "zeroinitializer"
        self.section, before = LOOP, self.block
        self.label("loop")
        phis = len(self.lines)  # what they become is known when the body is written
        self.line("%left = sub i64 %examples, %i")
        for a, width in enumerate(self.recording.widths):
            self.line(f"%offset{a} = mul i64 %i, {width}")
            self.line(f"%whole{a} = getelementptr double, ptr %argument{a}, i64 %offset{a}")
        self.line(f"%full = icmp sge i64 %left, {lanes}")
        self.line("br i1 %full, label %body, label %fill")
        self._fill()
        self.label("body")
        for a in range(len(self.recording.widths)):
            self.line(f"%x{a} = phi ptr [%whole{a}, %loop], [%scratch{a}, %fill]")
        left = self.splat("i64", "%left")
        numbered = f"<{', '.join(f'i64 {k}' for k in range(lanes))}>"
        self.line(f"%counted = icmp sgt <{lanes} x i64> {left}, {numbered}")
        self.line("%at = mul i64 %i, %step")
        self.total, self.wrong = "%total", "%wrong"
        self._write(LOOP)
        self.lines[phis:phis] = [
            f"  %i = phi i64 [0, %{before}], [%next, %{self.block}]",
            f"  %total = phi {self.vector} [{zeros}, %{before}], [{self.total}, %{self.block}]",
            f"  %wrong = phi <{lanes} x i1> [{zeros}, %{before}], [{self.wrong}, %{self.block}]",
        ]
        self.line(f"%next = add i64 %i, {lanes}")
        self.line("%more = icmp slt i64 %next, %examples")
        self.line("br i1 %more, label %loop, label %end")

    def _fill(self) -> None:
        """The last examples, and copies of the very last that fill the block, in memory of their own."""
        self.label("fill")
        start = 0
        copy = self.declare("void", "llvm.memcpy.p0.p0.i64", "ptr", "ptr", "i64", "i1")
        rows = [self.new("sub i64 %left, 1")] if self.recording.widths else []
        for lane in range(self.lanes if rows else 0):
            smaller = self.new(f"icmp slt i64 {lane}, {rows[0]}")
            rows.append(self.new(f"select i1 {smaller}, i64 {lane}, i64 {rows[0]}"))
        for a, width in enumerate(self.recording.widths):
            self.line(f"%scratch{a} = getelementptr double, ptr %scratch, i64 {start}")
            for lane, row in enumerate(rows[1:]):
                source = self.at(f"%whole{a}", self.new(f"mul i64 {row}, {width}"))
                target = self.at(f"%scratch{a}", lane * width)
                self.line(f"call void @{copy}(ptr {target}, ptr {source}, i64 {width * 8}, i1 false)")
            start += self.lanes * width
        self.line("br label %body")

    def _end(self) -> None:
        self.section = AFTER
        self.label("end")
        any_of = self.declare("i1", f"llvm.vector.reduce.or.v{self.lanes}i1", f"<{self.lanes} x i1>")
        nan = NAN
        result = self.sum_of_lanes(self.total)
        changed = self.new(f"call i1 @{any_of}(<{self.lanes} x i1> {self.wrong})")
        result = self.new(f"select i1 {changed}, double {nan}, double {result}")
        result = self.new(f"fdiv double {result}, %divisor")
        if self.groups:
            self._add_across_lanes()
            self._write(AFTER)
            if self.recording.parameters:
                result = self._unless_infinite(result, nan)
        self.line(f"ret double {result}")
        self.label("none")
        self.line(f"ret double {nan}")

    def _add_across_lanes(self) -> None:
        """Sums in as many lanes as a vector has become one vector of sums, by adding neighbours."""
        lanes = self.lanes
        divisor = self.splat("double", "%divisor")
        for k, _ in self.counting("across", self.groups):
            first = self.new(f"mul i64 {k}, {lanes}")
            base = self.at("%sums", first, self.vector)
            rows = [self.load(self.vector, base, lane, self.vector) for lane in range(lanes)]
            evens, odds = [list(range(start, 2 * lanes, 2)) for start in (0, 1)]
            while len(rows) > 1:
                pairs = list(zip(rows[::2], rows[1::2], strict=True))
                rows = [
                    self.new(
                        f"fadd {self.vector} {self.shuffle(lanes, x, y, evens)}, {self.shuffle(lanes, x, y, odds)}"
                    )
                    for x, y in pairs
                ]
            self.store(self.vector, self.new(f"fdiv {self.vector} {rows[0]}, {divisor}"), "%gradient", first)

    def _unless_infinite(self, result: str, nan: str) -> str:
        """NaN in place of `result` if the gradient is not finite: a number times 0 is 0 only if it is."""
        zeros = "zeroinitializer"
        zero = "%nothing"
        for k, before in self.counting("finite", self.vectors):
            self.line(f"%nothing = phi {self.vector} [{zeros}, %{before}], [%nothing.new, %finite]")
            part = self.load(self.vector, "%gradient", self.new(f"mul i64 {k}, {self.lanes}"))
            product = self.new(f"fmul {self.vector} {part}, {zeros}")
            self.line(f"%nothing.new = fadd {self.vector} {product}, %nothing")
            zero = "%nothing.new"
        total = self.sum_of_lanes(zero)
        unordered = self.new(f"fcmp uno double {total}, 0.0")
        return self.new(f"select i1 {unordered}, double {nan}, double {result}")

    def instruction(self, number: Number) -> None:
        call, operands = number.call, number.operands
        if call in _METHODS:
            name = _METHODS[call](self, *operands)
        elif call in C_NAMES:
            name = self._function(C_NAMES[call], list(map(self.operand, operands)))
        else:
            name = self.arithmetic(call, operands)
        if name is not None:
            self.names[number] = name

    def condition(self, x: Number) -> str:
        if self.section == LOOP and x in self.kept and x not in self.own:  # stored as 1 or 0
            return self.new(f"fcmp une {self.kind()} {self.operand(x)}, {self.literal(0.0)}")
        return self.operand(x)

    def _function(self, name: str, arguments: list[str]) -> str:
        """A call for all lanes at once where there is such a function or a form of it, else lane by lane."""
        kind = self.kind()
        if self.section != LOOP:
            return self.call(kind, self.declare(kind, name, *[kind] * len(arguments)), arguments)
        known = self.symbol(name, self.lanes)
        if known is not None:
            self.declare(kind, known, *[kind] * len(arguments))
        elif name in FORMS:
            known = f"{name}.{self.lanes}"
            if known not in self.declared:
                self.declared[known] = _Form(self.lanes, self.declared).text(name, known)
        else:
            return self.lane_by_lane(name, arguments)
        return self.call(kind, known, arguments)

    def _input(self, a: int, j: int) -> str:
        """The numbers that stand at place `j` of an argument, for the examples of the block."""
        width, lanes = self.recording.widths[a], self.lanes
        if width == 1:
            return self.load(self.vector, f"%x{a}", 0)
        if width <= _WIDEST:
            piece = self.new(f"load <{width * lanes} x double>, ptr %x{a}, align 8")
            return self.shuffle(width * lanes, piece, "poison", list(range(j, width * lanes, width)))
        vector = "poison"
        for lane in range(lanes):
            single = self.load("double", f"%x{a}", lane * width + j)
            vector = self.new(f"insertelement {self.vector} {vector}, double {single}, i64 {lane}")
        return vector

    def _counted(self) -> str:
        return "%counted"

    def _examples(self) -> str:
        count = self.new("sitofp i64 %examples to double")
        return self.new(f"fdiv double {count}, %divisor")

    def _add_up(self, *terms: Any) -> str:
        """A sum in strands, so that no addition waits for all before it."""
        names, kind = [self.operand(x) for x in terms], self.kind()
        strands = 4 if self.section == LOOP else 8
        while len(names) > 1:
            width = min(strands, len(names) // 2)
            head = [self.new(f"fadd contract {kind} {names[k]}, {names[k + width]}") for k in range(width)]
            names = head + names[2 * width :]
        return names[0]

    def _sum(self, slot: int) -> str:
        return self.load("double", "%gradient", slot)

    def _store_result(self, row: int, x: Any) -> None:
        place = self.new(f"mul i64 %stride, {row}")
        base = self.at("%results", self.new(f"add i64 {place}, %at"))
        self.store(self.vector, self.operand(x), base, 0)

    def _add_to_total(self, x: Any) -> None:
        chosen = self.new(
            f"select <{self.lanes} x i1> %counted, {self.vector} {self.operand(x)}, {self.vector} zeroinitializer"
        )
        self.total = self.new(f"fadd {self.vector} {self.total}, {chosen}")

    def _check_branch(self, x: Any, taken: bool) -> None:
        relation = "oeq" if taken else "une"
        differs = self.new(f"fcmp {relation} {self.vector} {self.operand(x)}, {self.literal(0.0)}")
        self.wrong = self.new(f"or <{self.lanes} x i1> {self.wrong}, {differs}")

    def _accumulate(self, slot: int, x: Any) -> None:
        held = self.load(self.vector, "%sums", slot, self.vector)
        total = self.new(f"fadd contract {self.vector} {held}, {self.operand(x)}")
        self.store(self.vector, total, "%sums", slot, self.vector)

    def _add_to_gradient(self, slot: int, x: Any) -> None:
        held = self.load("double", "%gradient", slot)
        self.store("double", self.new(f"fadd contract double {held}, {self.operand(x)}"), "%gradient", slot)


class _Form(Instructions):
    """A function of a vector by its form; lane by lane where a number is beyond the bounds of that."""

    def __init__(self, lanes: int, declared: dict[str, str]):
        super().__init__(lanes)
        self.section, self.declared = LOOP, declared

    def text(self, name: str, own_name: str) -> str:
        form, lanes = FORMS[name], self.lanes
        argument = Recorder().leaf("argument", section=LOOP)
        self.names[argument] = "%x"
        result = form.value(argument)
        self.label("entry")
        below = self.new(f"fcmp ult {self.vector} %x, {self.literal(form.low)}")  # or NaN
        above = self.new(f"fcmp ugt {self.vector} %x, {self.literal(form.high)}")
        beyond = self.new(f"or <{lanes} x i1> {below}, {above}")
        any_of = self.declare("i1", f"llvm.vector.reduce.or.v{lanes}i1", f"<{lanes} x i1>")
        self.line(f"%any = call i1 @{any_of}(<{lanes} x i1> {beyond})")
        self.line("br i1 %any, label %beyond, label %between")
        self.label("between")
        for number in argument.recorder.numbers[1:]:
            self.instruction(number)
        self.line(f"ret {self.vector} {self.names[result]}")
        self.label("beyond")
        self.line(f"ret {self.vector} {self.lane_by_lane(name, ['%x'])}")
        return self.function(f"internal {self.vector} @{own_name}({self.vector} %x)", "memory(none) willreturn ")


_METHODS: dict[str, Callable[..., str | None]] = {
    "input": _Writer._input,
    "counted": _Writer._counted,
    "examples": _Writer._examples,
    "add up": _Writer._add_up,
    "fold": _Writer.fold,
    "spread": _Writer.spread,
    "sum": _Writer._sum,
    "store result": _Writer._store_result,
    "add to total": _Writer._add_to_total,
    "check branch": _Writer._check_branch,
    "accumulate": _Writer._accumulate,
    "add to gradient": _Writer._add_to_gradient,
}
