"""Array instructions as the text of an LLVM module.

The batch is met in tiles, as many examples as keep all arrays in the cache. In memory an array is rows of neighbouring
examples; what is the same for all examples is one number a row. Neighbouring instructions that go number by number are
one loop; matrix products call the kernels. The last vector of a tile is filled with copies of the last example, for
which the reverse pass begins with 0.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from operator import add, le, lt, mul, neg, sub, truediv
from typing import Any

from ...instructions.array import AFTER, BEFORE, BODY, Array, Instruction, Piece
from ...instructions.lowering import Lowered, lower
from ...instructions.plan import Plan, Step
from ...program.blocks import ONE, Program
from . import numbers
from .functions import Functions, Symbol
from .kernels import kernels
from .lines import NAN, Kind, Lines
from .machine import NAME
from .numbers import C_NAMES, Number

# What the function is given: addresses and numbers of eight bytes, in this order; then the address of each argument.
FRAME = (
    "theta", "once", "work", "results", "stride", "step", "examples", "divisor", "tile", "line", "total", "gradient",
)  # fmt: skip
_KINDS = {"divisor": "double"} | dict.fromkeys(("stride", "step", "examples", "tile", "line"), "i64")

_FUNCTIONS = [name for name in C_NAMES if name != "power"]
_MAPS: dict[str, Callable[..., Any]] = {
    "add": add, "subtract": sub, "multiply": mul, "divide": truediv, "negative": neg, "square": lambda x: x * x,
    "less": lt, "less_equal": le, "not_equal": lambda x, y: x.compare("une", y), "real": lambda x: x.real(),
    "abs": numbers.ARITHMETIC.abs, "sqrt": numbers.ARITHMETIC.sqrt, "where": numbers.where,
    "maximum": numbers.maximum, "minimum": numbers.minimum,
}  # fmt: skip
_MAP_NAMES = {*_MAPS, *_FUNCTIONS, "power"}


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


def fused(instructions: Sequence[Instruction]) -> list[Step]:
    """Neighbours that go over the same numbers, in one step."""
    steps: list[Step] = []
    for instruction in instructions:
        if steps and _joins(steps[-1], instruction):
            steps[-1].append(instruction)
        else:
            steps.append([instruction])
    return steps


def _joins(step: Step, instruction: Instruction) -> bool:
    first = step[0]
    shape = step_shape(instruction)
    if shape is None or shape != step_shape(first) or instruction.section != first.section:
        return False
    made = {i.out: i.call for i in step}
    return all(
        x.root not in made or (x.base is None and x.rows == shape[0] and made[x] != "sum_examples")
        for x in instruction.arguments
        if isinstance(x, Array)
    )


def step_shape(instruction: Instruction) -> tuple[int, bool] | None:
    """The rows over which an instruction goes number by number, and whether each has many examples."""
    if instruction.call == "sum_examples":
        return instruction.arguments[0].rows, True
    return (instruction.out.rows, instruction.out.batch) if instruction.call in _MAP_NAMES else None


def columns(matrix: Array) -> int:
    """How many columns a matrix of weights has, by the way it was taken."""
    rows, columns = matrix.root.rows, matrix.root.columns
    for name, *arguments in matrix.path:
        if name == "part":
            rows = arguments[1] - arguments[0]
        elif name == "shaped":
            rows, columns = arguments
        elif name == "left":
            columns = arguments[0]
        else:
            rows, columns = columns, rows
    return columns


class _Writer:
    def __init__(self, program: Program, lowered: Lowered, kind: Kind, symbol: Symbol):
        self.program, self.lowered, self.kind = program, lowered, kind
        self.plan = Plan(lowered, fused)
        self.declared: dict[str, str] = {}
        self.functions = Functions(symbol)
        self.tables: dict[tuple[int, ...], str] = {}
        self.widths = [rows.stop - rows.start for rows in program.arguments if rows.stop > rows.start]
        self.calls: dict[str, Callable[..., Any]] = {
            **_MAPS,
            **{name: partial(self.functions, C_NAMES[name]) for name in _FUNCTIONS},
            "power": partial(numbers.power, library=self.functions),
        }
        self.ones: list[int] = []  # rows of work that are 1
        self._lay_out()

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

    # Where arrays are

    def _lay_out(self) -> None:
        """The first row, or number, of each array that is no view and is not placed in another."""
        low, buffers = self.lowered, self.plan.buffers
        of_buffer: dict[int, int] = {}
        self.rows = 0
        self.ones += [k for k, node in enumerate(self.program.blocks[0].nodes) if node == ONE]
        self.place = {low.inputs: self._rows(low.inputs.rows), low.seed: self._rows(1)}
        for k, buffer in enumerate(buffers):
            if buffer.batch:
                of_buffer[k] = self._rows(buffer.rows + buffer.ones)
                self.ones += [of_buffer[k] + buffer.rows] if buffer.ones else []
        self.once = 0
        summed = {self._home(i.out) for i in self.plan.instructions if i.section == BODY and i.out.section == AFTER}
        singles = [k for k, buffer in enumerate(buffers) if not buffer.batch]
        sums = [k for k in singles if buffers[k] in summed]
        of_buffer |= {k: self._numbers(buffers[k].rows * buffers[k].columns) for k in sums}
        self.sums = self.once
        others = [k for k in singles if k not in of_buffer]
        of_buffer |= {k: self._numbers(buffers[k].rows * buffers[k].columns) for k in others}
        self.place |= {low.constants: self._numbers(low.constants.rows), low.examples: self._numbers(1)}
        self.place |= {array: of_buffer[k] for array, k in self.plan.buffer_of.items()}

    def _home(self, array: Array) -> Array:
        while array in self.plan.placed:
            array = self.plan.placed[array][0]
        return array

    def _rows(self, count: int) -> int:
        self.rows += count
        return self.rows - count

    def _numbers(self, count: int) -> int:
        lanes = self.kind.lanes
        start, self.once = self.once, self.once + -(-count // lanes) * lanes
        return start

    def _offset(self, array: Array) -> tuple[int, int, int]:
        """Where an array begins and its strides from row to row and column to column; of a batch, counted in rows."""
        home, offset, row, column = self.plan.strides(array)
        return self.place.get(home, 0) + offset, row, column  # theta has memory of its own

    def _pointer(self, array: Array) -> tuple[str, int, int]:
        """The address of an array, and its strides."""
        offset, row, column = self._offset(array)
        if array.batch:
            return self.t.row("%work", "%line", offset), row, column
        return self.t.at("%theta" if array.root is self.lowered.theta else "%once", offset), row, column

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
            with t.when(t.new(f"icmp ne i64 {self.count}, {self.whole}")), t.loop(width) as r:
                row = t.row(target, "%line", r)
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
        k = len(self.program.outputs)
        distinct = {node: row for row, node in reversed(list(enumerate(self.program.outputs)))}
        for row in range(k):
            check = "total" if row == 0 else "finite" if distinct[self.program.outputs[row]] == row else ""
            self._result(row, self.lowered.outputs.part(row, row + 1), check)
        for row, (branch, (_, taken)) in enumerate(zip(self.lowered.branches, self.program.branches, strict=True)):
            self._result(k + row, branch, "oeq" if taken else "une")
        for row, array in enumerate(self.lowered.unordered, k + len(self.lowered.branches)):
            self._result(row, array, "une")

    def _result(self, row: int, array: Array, check: str) -> None:
        t = self.t
        place, _, _ = self._pointer(array)
        every = "" if array.batch else t.splat(t.load(place, self.kind.scalar))
        base = t.row("%results", "%stride", row)
        base = t.at(base, self.start)
        keep = t.new(f"icmp sge i64 %step, {1 if row < len(self.program.outputs) else 2}")
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

    def _vectors(self, rows: int, exact: bool = True) -> Iterator[tuple[Any, str]]:
        """Vectors of the rows of an array with one column: the first row of each, and a mask where not all are rows.

        Where it need not be `exact`, the last vector may go beyond the rows.
        """
        lanes = self.kind.lanes
        whole = rows // lanes * lanes if exact else -(-rows // lanes) * lanes
        if whole:
            with self.t.loop(whole, 0, lanes) as k:
                yield k, ""
        if whole < rows:
            yield whole, self.t.before(0, rows - whole)

    def _tile(self) -> Iterator[tuple[str, str]]:
        """Vectors of the examples of a tile: the first example of each, and a mask where not all are examples."""
        with self.t.loop(self.count, 0, self.kind.lanes) as e:
            yield e, ""
        with self.t.when(self.t.new(f"icmp ne i64 {self.count}, {self.whole}")):
            yield e, self.t.before(e, self.count)

    def _get(self, place: str, mask: str) -> str:
        return self.t.load_masked(place, mask) if mask else self.t.load(place)

    def _set(self, value: str, place: str, mask: str) -> None:
        if mask:
            self.t.store_masked(value, place, mask)
        else:
            self.t.store(value, place)

    def _map(self, step: Step) -> None:
        """Number by number."""
        shape = step_shape(step[0])
        assert shape is not None
        rows, batch = shape
        if not batch:
            self._map_once(step, rows)
        elif rows == 1:
            self._map_row(step, 0)
        else:
            with self.t.loop(rows) as r:
                self._map_row(step, r)

    def _map_row(self, step: Step, r: Any) -> None:
        """A row, vector by vector of its examples."""
        t = self.t
        made = {i.out for i in step}
        places: dict[Array, str] = {}
        values: dict[Array, Number] = {}
        for x in (x for i in step for x in i.arguments):
            if isinstance(x, Array) and x not in made and x not in places and x not in values:
                place = self._row(x, r)
                if x.batch:
                    places[x] = place
                else:
                    values[x] = Number(t, t.splat(t.load(place, self.kind.scalar)))
        targets = {i.out: self._row(i.out, r) for i in step if i.out.batch and i.out not in self.plan.passing}
        sums = {i: t.slot(self.kind.vector) for i in step if i.call == "sum_examples"}
        for slot in sums.values():
            t.store("zeroinitializer", slot)
        with t.loop(self.whole, 0, self.kind.lanes) as e:
            inner = dict(values)
            for i in step:
                for x in i.arguments:
                    if isinstance(x, Array) and x in places and x not in inner:
                        inner[x] = Number(t, t.load(t.at(places[x], e)))
                if i in sums:
                    x = inner[i.arguments[0]].real()
                    t.store(t.arithmetic("fadd", t.load(sums[i]), x.name), sums[i])
                    continue
                inner[i.out] = self._value(i, inner)
                if i.out in targets:
                    t.store(inner[i.out].real().name, t.at(targets[i.out], e))
        for i, slot in sums.items():
            place = self._row(i.out, r)
            old = t.new(
                f"select i1 {self.later}, {self.kind.scalar} {t.load(place, self.kind.scalar)}, {self.kind.scalar} 0.0"
            )
            total = t.sum_of_lanes(t.load(slot))
            t.store(t.new(f"fadd {self.kind.scalar} {old}, {total}"), place, self.kind.scalar)

    def _map_once(self, step: Step, rows: int) -> None:
        """Numbers that are the same for all examples."""
        t, theta = self.t, self.lowered.theta
        made = {i.out for i in step}
        values: dict[Array, Number] = {}
        places: dict[Array, str] = {}
        for x in (x for i in step for x in i.arguments):
            if isinstance(x, Array) and x not in made and x not in places and x not in values:
                place, stride, _ = self._pointer(x)
                assert x.rows == 1 or stride == 1
                if x.rows == 1:
                    values[x] = Number(t, t.splat(t.load(place, self.kind.scalar)))
                else:
                    places[x] = place
        targets = {i.out: self._pointer(i.out)[0] for i in step if i.out not in self.plan.passing}
        exact = any(x.root is theta for x in places) or any(out in self.plan.placed for out in targets)
        for k, mask in self._vectors(rows, exact):
            for x, place in places.items():
                values[x] = Number(t, self._get(t.at(place, k), mask))
            for i in step:
                values[i.out] = self._value(i, values)
                if i.out in targets:
                    self._set(values[i.out].real().name, t.at(targets[i.out], k), mask)

    def _value(self, i: Instruction, values: dict[Array, Number]) -> Number:
        arguments = [values[x] if isinstance(x, Array) else float(x) for x in i.arguments]
        return self.calls[i.call](*arguments)  # type: ignore[no-any-return]

    def _row(self, x: Array, r: Any) -> str:
        """The address of row `r`; of an array with one row, of that."""
        place, stride, _ = self._pointer(x)
        if x.rows == 1:
            return place
        return self.t.row(place, "%line" if x.batch else stride, r)

    # Products

    def _kernel(self, name: str, *arguments: str) -> None:
        address = kernels(self.kind)[name]
        self.t.line(f"call void inttoptr (i64 {address} to ptr)({', '.join(arguments)}) ; {name}")

    def _matmul(self, i: Instruction) -> None:
        a, b = i.arguments
        target, stride, _ = self._pointer(i.out)
        left, row, column = self._pointer(a)
        right, _, _ = self._pointer(b)
        if i.out.batch:
            terms = columns(a)
            self._kernel(
                "product", f"ptr {target}, i64 %line, ptr {left}, i64 {row}, i64 {column}, ptr {right}, i64 %line",
                f"i64 {i.out.rows}, i64 {terms}, i64 {self.whole}, i1 false",
            )  # fmt: skip
        else:
            self._kernel(
                "outer", f"ptr {target}, i64 {stride}, ptr {left}, i64 %line, ptr {right}, i64 %line",
                f"i64 {i.out.rows}, i64 {i.out.columns}, i64 {self.whole}, i1 {self.later}",
            )  # fmt: skip

    # Over rows

    @contextmanager
    def _examples(self, batch: bool) -> Iterator[str]:
        """A loop over vectors of examples, or one vector with the same number in each lane."""
        if batch:
            with self.t.loop(self.whole, 0, self.kind.lanes) as self.example:
                yield self.example
        else:
            self.example = "0"
            yield "0"

    def _fold(
        self, i: Instruction, x: Array, start: float | None, merge: Callable[[Number, Number, str], Number]
    ) -> None:
        """Go through the rows of `x` from the first, or from a number to start with."""
        out = i.out
        with self._examples(out.batch) as e:
            first = Number(self.t, self.t.literal(start)) if start is not None else self._cell(x, "0", e)
            self._set_cell(first, out, "0", e)
        with self.t.loop(x.rows, 0 if start is not None else 1) as r, self._examples(out.batch) as e:
            self._set_cell(merge(self._cell(out, "0", e), self._cell(x, r, e), r), out, "0", e)

    def _cell(self, x: Array, r: str, e: str) -> Number:
        """The numbers of a row for some examples."""
        place = self._row(x, r)
        return Number(self.t, self.t.load(self.t.at(place, e)) if x.batch else self._spread(place))

    def _set_cell(self, value: Number, x: Array, r: str, e: str) -> None:
        """Store what `_cell` reads."""
        place, name = self._row(x, r), value.real().name
        if x.batch:
            self.t.store(name, self.t.at(place, e))
        else:
            first = self.t.new(f"extractelement {self.kind.vector} {name}, i64 0")
            self.t.store(first, place, self.kind.scalar)

    def _spread(self, place: str) -> str:
        return self.t.splat(self.t.load(place, self.kind.scalar))

    def _sum_rows(self, i: Instruction) -> None:
        (x,) = i.arguments
        if x.batch:
            self._fold(i, x, None, lambda total, number, r: total + number)
            return
        t = self.t
        slot = t.slot(self.kind.vector)
        t.store("zeroinitializer", slot)
        source, _, _ = self._pointer(x)
        for k, mask in self._vectors(x.rows):
            t.store(t.arithmetic("fadd", t.load(slot), self._get(t.at(source, k), mask)), slot)
        t.store(t.sum_of_lanes(t.load(slot)), self._pointer(i.out)[0], self.kind.scalar)

    def _product_of_rows(self, i: Instruction) -> None:
        self._fold(i, i.arguments[0], None, lambda product, number, r: product * number)

    def _products_of_other_rows(self, i: Instruction) -> None:
        """Of each row, the product of all others: what comes before, from above, times what comes after, from below."""
        (x,), out, t = i.arguments, i.out, self.t
        with self._examples(out.batch) as e:
            self._set_cell(Number(t, t.literal(1.0)), out, "0", e)
        with t.loop(x.rows, 1) as r, self._examples(out.batch) as e:
            above = t.new(f"sub i64 {r}, 1")
            self._set_cell(self._cell(out, above, e) * self._cell(x, above, e), out, r, e)
        slot = t.slot(self.kind.vector)
        with self._examples(out.batch) as e:
            t.store(t.literal(1.0), slot)
            with t.loop(x.rows) as k:
                r, after = t.new(f"sub i64 {x.rows - 1}, {k}"), Number(t, t.load(slot))
                self._set_cell(self._cell(out, r, e) * after, out, r, e)
                t.store((after * self._cell(x, r, e)).name, slot)

    def _largest_row(self, i: Instruction) -> None:
        self._fold(i, i.arguments[0], None, lambda largest, number, r: numbers.maximum(largest, number))

    def _take(self, i: Instruction) -> None:
        """The row at an index; NaN where there is no such row."""
        x, index = i.arguments
        t = self.t
        place, _, _ = self._pointer(index)

        def chosen(found: Number, number: Number, r: str) -> Number:
            wanted = Number(t, t.load(t.at(place, self.example)) if index.batch else self._spread(place))
            row = Number(t, t.splat(t.new(f"uitofp i64 {r} to {self.kind.scalar}")))
            return numbers.where(wanted.compare("oeq", row), number, found)  # type: ignore[no-any-return]

        self._fold(i, x, NAN, chosen)

    def _positions(self, i: Instruction) -> None:
        place, _, _ = self._pointer(i.out)
        with self.t.loop(i.out.rows) as r:
            number = self.t.new(f"uitofp i64 {r} to {self.kind.scalar}")
            self.t.store(number, self.t.at(place, r), self.kind.scalar)

    # Moving rows

    def _table(self, rows: Sequence[int], k: str) -> str:
        """The number at place `k` of a list of rows."""
        name = self.tables.setdefault(tuple(rows), f"@rows{len(self.tables)}")
        return self.t.new(f"load i64, ptr {self.t.new(f'getelementptr i64, ptr {name}, i64 {k}')}, align 8")

    def _take_rows(self, i: Instruction) -> None:
        x, rows = i.arguments
        with self.t.loop(len(rows)) as k:
            self._move(self._row(x, self._table(rows, k)), x.batch, self._row(i.out, k), i.out.batch, True)

    def _assemble(self, i: Instruction) -> None:
        for piece in i.pieces:
            if not (isinstance(piece.number, Array) and piece.number.root in self.plan.placed):
                self._put(piece, i.out)

    def _put(self, piece: Piece, out: Array) -> None:
        t, number = self.t, piece.number
        rows = piece.rows
        target, step, _ = self._pointer(out)
        stride = "%line" if out.batch else step
        if isinstance(rows, slice) and not out.batch:
            self._put_numbers(t.at(target, rows.start), number, rows.stop - rows.start, piece.first)
            return
        with t.loop(len(piece.listed)) as k:
            if isinstance(rows, slice):
                place = t.row(t.row(target, stride, rows.start), stride, k)
            else:
                place = t.row(target, stride, self._table(rows, k))
            source = self._row(number, k) if isinstance(number, Array) else float(number)
            self._move(source, isinstance(number, Array) and number.batch, place, out.batch, piece.first)

    def _put_numbers(self, target: str, number: Any, rows: int, first: bool) -> None:
        """Neighbouring numbers that are the same for all examples."""
        t = self.t
        source = ""
        if isinstance(number, Array):
            source, _, _ = self._pointer(number)
        for k, mask in self._vectors(rows):
            at = t.at(target, k)
            if not source:
                value = t.literal(float(number))
            else:
                value = self._spread(source) if number.rows == 1 else self._get(t.at(source, k), mask)
            self._set(value if first else t.arithmetic("fadd", self._get(at, mask), value), at, mask)

    def _move(self, source: Any, source_batch: bool, target: str, batch: bool, first: bool) -> None:
        """Copy a row, or add it; the source is an address or a plain number."""
        t, scalar = self.t, self.kind.scalar
        if not batch:
            number = t.number(source) if isinstance(source, float) else t.load(source, scalar)
            if not first:
                number = t.new(f"fadd {scalar} {t.load(target, scalar)}, {number}")
            t.store(number, target, scalar)
            return
        every = "" if source_batch else t.literal(source) if isinstance(source, float) else self._spread(source)
        with t.loop(self.whole, 0, self.kind.lanes) as e:
            number = every or t.load(t.at(source, e))
            place = t.at(target, e)
            t.store(number if first else t.arithmetic("fadd", t.load(place), number), place)


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
