"""Array instructions as the text of an LLVM module.

The batch is met in tiles, as many examples as keep all arrays in the cache. In memory an array is rows of neighbouring
examples; what is the same for all examples is one number a row. Neighbouring instructions that go number by number are
one loop; matrix products call the kernels. The last vector of a tile is filled with copies of the last example, for
which the reverse pass begins with 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from ...instructions.array import AFTER, BEFORE, BODY, Array, Instruction
from ...instructions.lowering import Lowered, lower
from ...program.blocks import Program
from .folds import Folds
from .functions import Symbol
from .fusion import step_shape
from .layout import columns
from .lines import NAN, Kind, Lines, Whole
from .machine import NAME
from .maps import Maps
from .moves import Moves
from .numbers import Number

# What the function is given: addresses and numbers of eight bytes, in this order; then the address of each argument.
FRAME = (
    "theta", "once", "work", "results", "stride", "step", "examples", "divisor", "tile", "line", "total", "gradient",
)  # fmt: skip
_KINDS = {"divisor": "double"} | dict.fromkeys(("stride", "step", "examples", "tile", "line"), "i64")


@dataclass
class Code:
    """A program as text, and the memory that it needs, in numbers.

    Work has `rows` rows, each as long as a tile. What is the same for all examples takes `once` numbers, of which the
    first `sums` are added up over the examples; `constants` is a place among them, and what is there.
    """

    text: str
    kind: Kind
    widths: list[int]  # numbers of an example in each argument, random numbers last
    parameters: int
    results: int  # outputs, branches, and whether comparisons meet NaN
    branches: int
    rows: int
    once: int
    sums: int
    constants: tuple[int, list[float]]
    work: int  # additions and multiplications an example takes, about


def write(program: Program, with_gradient: bool, kind: Kind, symbol: Symbol, careful: bool = False) -> Code:
    """The code of a program: a function `NAME` of a frame, which returns the mean of the first output.

    It returns NaN where a branch goes another way than the trace did, a comparison meets NaN, or an output or the
    gradient is not finite. `careful` is explained at `lower`.
    """
    return _Writer(program, lower(program, with_gradient, seeded=True, careful=careful), kind, symbol).code()


class _Writer(Maps, Folds, Moves):
    def __init__(self, program: Program, lowered: Lowered, kind: Kind, symbol: Symbol):
        super().__init__(program, lowered, kind, symbol)
        self.widths = [rows.stop - rows.start for rows in program.arguments if rows.stop > rows.start]
        self.tables = {}

    def code(self) -> Code:
        functions = [self._part(), self._finish(), self._sweep()]
        tables = [
            f"{name} = internal constant [{len(rows)} x i64] [{', '.join(f'i64 {row}' for row in rows)}]"
            for rows, name in self.tables.items()
        ]
        constants = self.program.blocks[2].nodes
        return Code(
            "\n\n".join([*tables, *functions, *self.declared.values()]) + "\n",
            self.kind,
            self.widths,
            len(self.program.blocks[1].nodes),
            len(self.program.outputs) + len(self.lowered.branches) + len(self.lowered.unordered),
            len(self.lowered.branches),
            self.rows,
            self.once + self.kind.lanes,  # a vector may be read that begins with the last number
            self.sums,
            (self.place[self.lowered.constants], [self.program.nodes[k].number for k in constants]),
            sum(self._work(i) for i in self.plan.instructions if i.section == BODY),
        )

    def _work(self, i: Instruction) -> int:
        """Additions and multiplications, about, that an instruction does for each example."""
        if i.call == "matmul":
            return 2 * i.out.rows * (columns(i.arguments[0]) if i.out.batch else i.out.columns)
        return max(x.rows for x in (i.out, *i.reads))

    # Functions of the module

    def _begin(self) -> None:
        self.t = Lines(self.kind, self.declared)
        for k, name in enumerate((*FRAME, *(f"argument{a}" for a in range(len(self.widths))))):
            place = self.t.new(f"getelementptr i64, ptr %frame, i64 {k}")
            if name == "total":
                self.total_place = place
            else:
                self.t.line(f"%{name} = load {_KINDS.get(name, 'ptr')}, ptr {place}, align 8")

    def _part(self) -> str:
        """The examples from first to last: their sums."""
        self._begin()
        t, lanes = self.t, self.kind.lanes
        self.total = t.slot(f"<{lanes} x double>")
        t.store("zeroinitializer", self.total, f"<{lanes} x double>")
        self._steps(BEFORE)
        for row in self.ones:
            place = t.row("%work", "%line", row)
            with t.loop("%line", 0, lanes) as e:
                t.store(t.literal(1.0), t.at(place, e))
        t.declare("i64", "llvm.smin.i64", "i64", "i64")
        last = t.new("sub i64 %tile, 1")
        with t.loop(t.new(f"add i64 %last, {last}"), "%first", "%tile") as start:
            self.start = start
            self.count = t.new(f"call i64 @llvm.smin.i64(i64 {t.new(f'sub i64 %last, {start}')}, i64 %tile)")
            self.whole = t.new(f"and i64 {t.new(f'add i64 {self.count}, {lanes - 1}')}, {-lanes}")
            self.later = t.new(f"icmp ne i64 {start}, %first")
            self._read_arguments()
            self._steps(BODY)
            self._results()
        total = t.sum_of_lanes(t.load(self.total, f"<{lanes} x double>"), "double")
        t.line(f"store double {total}, ptr {self.total_place}, align 8")
        return t.function("void @part(ptr noalias nonnull %frame, i64 %first, i64 %last)")

    def _finish(self) -> str:
        """What follows from the sums, and the mean of the first output."""
        self._begin()
        t = self.t
        examples, _, _ = self._pointer(self.lowered.examples)
        t.store(t.new(f"sitofp i64 %examples to {self.kind.scalar}"), examples, self.kind.scalar)
        self._steps(AFTER)
        mean = t.new(f"fdiv double {t.new(f'load double, ptr {self.total_place}, align 8')}, %divisor")
        gradient = self.lowered.gradient
        if gradient is not None and gradient.rows:
            mean = self._divide(gradient, mean)
        return t.function("double @finish(ptr noalias nonnull %frame)", f"double {mean}")

    def _divide(self, gradient: Array, mean: str) -> str:
        """Divide the gradient; the mean becomes NaN if it is not finite: a number times 0 is 0 only if it is."""
        t, kind = self.t, self.kind
        place, _, _ = self._pointer(gradient)
        slot = t.slot(kind.vector)
        t.store("zeroinitializer", slot)
        divisor = "%divisor" if kind.size == 8 else t.new("fptrunc double %divisor to float")
        divisors = t.splat(divisor)
        for k, mask in self._vectors(gradient.rows):
            slopes = t.arithmetic("fdiv", self._get(t.at(place, k), mask), divisors)
            self._set(slopes, t.at("%gradient", k), mask)
            nothing = t.arithmetic("fmul", slopes, "zeroinitializer")
            t.store(t.arithmetic("fadd", nothing, t.load(slot)), slot)
        nothing = t.sum_of_lanes(t.load(slot))
        finite = t.new(f"fcmp ord {kind.scalar} {nothing}, 0.0")
        return t.new(f"select i1 {finite}, double {mean}, double {t.number(NAN)}")

    def _sweep(self) -> str:
        self.t = Lines(self.kind, self.declared)
        place = self.t.new(f"getelementptr i64, ptr %frame, i64 {FRAME.index('examples')}")
        examples = self.t.new(f"load i64, ptr {place}, align 8")
        self.t.line(f"call void @part(ptr %frame, i64 0, i64 {examples})")
        return self.t.function(
            f"double @{NAME}(ptr noalias nonnull %frame)", f"double {self.t.new('call double @finish(ptr %frame)')}"
        )

    # A tile: what goes in and out

    def _read_arguments(self) -> None:
        """The numbers of the examples as rows, and the seeds of the reverse pass."""
        t, scalar = self.t, self.kind.scalar
        before = t.new(f"sub i64 {self.count}, 1")
        filled = [rows for rows in self.program.arguments if rows.stop > rows.start]
        for a, (width, rows) in enumerate(zip(self.widths, filled, strict=True)):
            target = t.row("%work", "%line", rows.start)
            source = t.row(f"%argument{a}", width, self.start)
            if width == 1:
                copy = t.declare("void", "llvm.memcpy.p0.p0.i64", "ptr", "ptr", "i64", "i1")
                size = t.times(self.count, self.kind.size)
                t.line(f"call void @{copy}(ptr {target}, ptr {source}, i64 {size}, i1 false)")
            else:
                self._kernel("transpose", f"ptr {target}, i64 %line, ptr {source}, i64 {width}",
                             f"i64 {self.count}, i64 {width}")  # fmt: skip
        with t.when(t.new(f"icmp ne i64 {self.count}, {self.whole}")), t.loop(self.lowered.inputs.rows) as r:
            row = t.row("%work", "%line", r)
            number = t.load(t.at(row, before), scalar)
            with t.loop(self.whole, self.count) as e:
                t.store(number, t.at(row, e), scalar)
        if self.lowered.gradient is not None:
            seeds = t.row("%work", "%line", self.place[self.lowered.seed])
            for e, mask in self._tile():
                one = t.literal(1.0)
                none = t.literal(self.lowered.builder.nothing)
                t.store(t.select(mask, one, none) if mask else one, t.at(seeds, e))

    def _results(self) -> None:
        """Store outputs and branches, add up the first output, and notice what is wrong."""
        outputs, nodes = self.lowered.outputs, self.program.outputs
        distinct = {node: row for row, node in reversed(list(enumerate(nodes)))}
        checks = ["finite" if distinct[node] == row else "" for row, node in enumerate(nodes)]
        checks[0] = "total"
        first = 0
        for check, alike in groupby(checks):
            stop = first + len(list(alike))
            if stop - first == 1:
                self._result(first, self._row(outputs, first), outputs.batch, check, 1)
            else:
                with self.t.loop(stop, first) as r:
                    self._result(r, self._row(outputs, r), outputs.batch, check, 1)
            first = stop
        taken = ["oeq" if taken else "une" for _, taken in self.program.branches]
        checked = [*zip(self.lowered.branches, taken, strict=True), *((x, "une") for x in self.lowered.unordered)]
        for row, (array, check) in enumerate(checked, first):
            self._result(row, self._row(array, 0), array.batch, check, 2)

    def _result(self, row: Whole, place: str, batch: bool, check: str, step: int) -> None:
        """Look through the numbers at a place, and keep them from this step on."""
        t = self.t
        every = "" if batch else t.splat(t.load(place, self.kind.scalar))
        base = t.at(t.row("%results", "%stride", row), self.start)
        keep = t.new(f"icmp sge i64 %step, {step}")
        for e, mask in self._tile():
            value = every or t.load(t.at(place, e))
            with t.when(keep):
                self._set(value, t.at(base, e), mask)
            if check == "total":
                self._add_to_total(mask, value)
            elif check == "finite":  # 0 more, or NaN
                self._add_to_total(mask, t.arithmetic("fmul", value, "zeroinitializer"))
            elif check:
                changed = Number(t, value).compare(check, 0.0).name
                self._add_to_total(mask, t.select(changed, t.literal(NAN), "zeroinitializer"))

    def _add_to_total(self, mask: str, value: str) -> None:
        t = self.t
        wide = f"<{self.kind.lanes} x double>"
        value = t.select(mask, value, "zeroinitializer") if mask else value
        if self.kind.size == 4:
            value = t.new(f"fpext {self.kind.vector} {value} to {wide}")
        t.store(t.new(f"fadd {wide} {t.load(self.total, wide)}, {value}"), self.total, wide)

    # Steps

    def _steps(self, section: int) -> None:
        for step in self.plan.steps:
            if step[0].section == section:
                if step_shape(step[0]) is not None:
                    self._map(step)
                else:
                    (instruction,) = step
                    _OTHERS[instruction.call](self, instruction)


_OTHERS: dict[str, Callable[[_Writer, Instruction], None]] = {
    "matmul": _Writer._matmul,
    "sum_rows": _Writer._sum_rows,
    "largest_row": _Writer._largest_row,
    "product_of_rows": _Writer._product_of_rows,
    "products_of_other_rows": _Writer._products_of_other_rows,
    "take": _Writer._take,
    "positions": _Writer._positions,
    "take_rows": _Writer._take_rows,
    "assemble": _Writer._assemble,
}
