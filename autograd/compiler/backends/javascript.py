"""Array instructions as an ES module: loops over typed arrays, for pages and servers that run without Python.

The batch is met in tiles of examples, which stay in the cache; an array is rows of neighbouring examples, and what is
the same for all examples is one number a row. A step of instructions that go number by number is one loop.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from ...rules.as_javascript import FUNCTIONS, NUMBERS, javascript, numeral
from ..instructions.array import AFTER, BEFORE, BODY, Array, Instruction, Piece
from ..instructions.lowering import lower
from ..instructions.plan import Plan
from ..program.blocks import Program
from ..program.naming import describe
from .native.fusion import fused, step_shape
from .native.layout import columns

_TILE = 64  # examples
_OPERATORS = {
    "add": "{} + {}", "subtract": "{} - {}", "multiply": "{} * {}", "divide": "{} / {}", "square": "{0} * {0}",
    "negative": "-{}", "less": "{} < {}", "less_equal": "{} <= {}", "not_equal": "{} != {}", "real": "+{}",
    "where": "{} ? {} : {}", "power": "power({}, {})",
}  # fmt: skip


def module(name: str, program: Program, names: Sequence[str], rows: Sequence[int] | None, parameters: int) -> str:
    """The text of the module.

    Arguments:
        names: of the arguments of the function.
        rows: the places of the program's parameters among so many `parameters`, None where they are all, in order.
    """
    one_output = len(program.outputs) == 1
    widths = [place.stop - place.start for place in program.arguments]
    sweeps = [_Sweep("sweep", program, False).text]
    if one_output:
        sweeps += [_Sweep("sweepBack", program, True).text, _Sweep("sweepBackCarefully", program, True, True).text]
    body = "\n\n".join(sweeps)
    needs_rules = any(f"{function}(" in body for function in ("erf", "erfc"))
    helpers = javascript([]).replace("export const rules", "const rules") if needs_rules else NUMBERS
    own = json.dumps(list(rows)) if rows is not None else "null"
    head = _HEAD.format(
        name=" ".join(name.split()), takes=", ".join(names), parameters=parameters, own=own,
        names=json.dumps(list(names)), widths=json.dumps(widths[: len(names)]), random=sum(widths[len(names) :]),
        outputs=len(program.outputs), tile=_TILE,
    )  # fmt: skip
    return "\n".join([head, helpers, _PRODUCTS, body, _TAIL, _GRADIENT if one_output else ""]).rstrip() + "\n"


_HEAD = """\
// {name}({takes}), a compiled function of one example. map is its result for each example, valueAndGrad its mean over
// the examples and the gradient of that. Their arguments are the parameters theta, {parameters} numbers, and then
// {takes}, flat: the numbers of the first example, those of the second, and so on.

const tile = {tile};
const names = {names}, widths = {widths}, random = {random}, outputs = {outputs};
const parameters = {parameters}, own = {own};
"""

_PRODUCTS = """\
// A matrix times rows of examples; four terms at a time, so that what is added up is loaded and stored less often.
const matrixProduct = (out, o, rows, a, i, row, column, terms, b, p, count) => {
  for (let r = 0; r < rows; r++, o += tile, i += row) {
    for (let e = 0; e < count; e++) out[o + e] = 0;
    let j = 0;
    for (; j + 3 < terms; j += 4) {
      const k = i + j * column, q = p + j * tile;
      const w0 = a[k], w1 = a[k + column], w2 = a[k + 2 * column], w3 = a[k + 3 * column];
      for (let e = 0; e < count; e++)
        out[o + e] += w0 * b[q + e] + w1 * b[q + tile + e] + (w2 * b[q + 2 * tile + e] + w3 * b[q + 3 * tile + e]);
    }
    for (; j < terms; j++) {
      const w = a[i + j * column], q = p + j * tile;
      for (let e = 0; e < count; e++) out[o + e] += w * b[q + e];
    }
  }
};

// Of each row of a and each row of b the sum of their products over the examples, added to a matrix.
const addOuter = (out, o, rows, columns, a, i, b, p, count) => {
  for (let r = 0; r < rows; r++, i += tile) {
    let j = 0;
    for (; j + 3 < columns; j += 4, o += 4) {
      const q = p + j * tile;
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
      for (let e = 0; e < count; e++) {
        const x = a[i + e];
        s0 += x * b[q + e];
        s1 += x * b[q + tile + e];
        s2 += x * b[q + 2 * tile + e];
        s3 += x * b[q + 3 * tile + e];
      }
      out[o] += s0;
      out[o + 1] += s1;
      out[o + 2] += s2;
      out[o + 3] += s3;
    }
    for (; j < columns; j++, o++) {
      let s = 0;
      for (let e = 0; e < count; e++) s += a[i + e] * b[p + j * tile + e];
      out[o] += s;
    }
  }
};
"""

_TAIL = """
const examples = (theta, data) => {
  if (theta.length !== parameters) throw new RangeError(`theta must have ${parameters} numbers, got ${theta.length}`);
  if (data.length !== names.length) throw new RangeError(`needs ${names.join(", ")}, got ${data.length} arrays`);
  const lengths = data.map((array, k) => array.length / widths[k]);
  const n = lengths.find((length, k) => widths[k]) ?? 0;
  if (!(n > 0) || !Number.isInteger(n) || lengths.some((length, k) => widths[k] && length !== n))
    throw new RangeError(
      names.map((name, k) => `${name} has ${data[k].length} numbers, ${widths[k]} an example`).join("; "),
    );
  if (random) data.push(Float64Array.from({ length: n * random }, Math.random));
  return n;
};
const ownOf = (theta) =>
  own ? Float64Array.from(own, (k) => theta[k]) : theta instanceof Float64Array ? theta : Float64Array.from(theta);

export const map = (theta, ...data) => {
  const n = examples(theta, data), results = new Float64Array(n * outputs);
  sweep(n, ownOf(theta), data, results, null);
  return results;
};
"""

_GRADIENT = """
export const valueAndGrad = (theta, ...data) => {
  const n = examples(theta, data), slopes = new Float64Array(own ? own.length : parameters);
  let total = sweepBack(n, ownOf(theta), data, null, slopes);
  if (!Number.isFinite(total) || !slopes.every(Number.isFinite))
    total = sweepBackCarefully(n, ownOf(theta), data, null, slopes); // a slope of 0 lets nothing through
  const gradient = new Float64Array(parameters);
  slopes.forEach((slope, k) => (gradient[own ? own[k] : k] = slope / n));
  return { value: total / n, gradient };
};
"""


class _Sweep:
    """One function of the module: the sum of the first output over the examples and, if asked for, of its gradient."""

    def __init__(self, name: str, program: Program, with_gradient: bool, careful: bool = False):
        self.program, self.name = program, name
        self.lowered = lower(program, with_gradient, careful=careful)
        self.plan = Plan(self.lowered, fused)
        self.lines: list[str] = []
        self.indent = "  "
        self.tables: dict[tuple[int, ...], str] = {}  # lists of rows
        low = self.lowered
        self.memory = {low.inputs: "inputs", low.theta: "theta", low.constants: "constants", low.examples: "examples"}
        self.memory |= {array: f"a{k}" for array, k in self.plan.buffer_of.items()}
        self._write()
        self.lines[-1] += ";"
        self.text = "\n".join([f"const {name} = (() => {{", *self._memory(), *self.lines, "})();"])

    # Text

    def line(self, text: str) -> None:
        self.lines.append(self.indent + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        self.line(f"{head} {{".lstrip())
        self.indent += "  "
        yield
        self.indent = self.indent[:-2]
        self.line("}")

    def loop(self, variable: str, stop: int | str, start: int | str = 0) -> AbstractContextManager[None]:
        return self.block(f"for (let {variable} = {start}; {variable} < {stop}; {variable}++)")

    @contextmanager
    def rows(self, count: int) -> Iterator[int | str]:
        """A loop over rows, if there are several: the row."""
        if count == 1:
            with self.block(""):
                yield 0
        else:
            with self.loop("r", count):
                yield "r"

    def cell(self, x: Array, row: int | str = 0, column: str = "") -> str:
        """The number of an array at a row; of a batch for example ``e``, of an array with one row in that."""
        home, offset, step, across = self.plan.strides(x)
        row = 0 if x.rows == 1 else row
        first = [offset + step * row] if isinstance(row, int) else [_times(_group(row), step), offset]
        place = _sum(*first, _times(column, across) if column else 0)
        if home.batch:
            place = _sum(_times(_group(place), _TILE) if place != "0" else 0, "e")
        return f"{self.memory[home]}[{place}]"

    # The function

    def _memory(self) -> Iterator[str]:
        """What stays from call to call."""
        numbers = ", ".join(numeral(self.program.nodes[k].number) for k in self.program.blocks[2].nodes)
        rows = len(self.program.blocks[0].nodes)  # those of ones included
        yield f"  const inputs = new Float64Array({rows * _TILE}).fill(1);"
        yield f"  const constants = Float64Array.of({numbers}), examples = new Float64Array(1);"
        for k, buffer in enumerate(self.plan.buffers):
            size = (buffer.rows + buffer.ones) * (_TILE if buffer.batch else buffer.columns)
            fill = f".fill(1, {buffer.rows * _TILE})" if buffer.ones else ""
            yield f"  const a{k} = new Float64Array({size}){fill};"
        for table, name in self.tables.items():
            yield f"  const {name} = [{', '.join(map(str, table))}];"

    def _write(self) -> None:
        low, outputs = self.lowered, self.program.outputs
        with self.block("return (n, theta, data, results, gradient) =>"):
            self.line("let total = 0;")
            self.line("examples[0] = n;")
            sums = [i.out for i in self.plan.instructions if i.section == BODY and i.out.section == AFTER]
            for home in dict.fromkeys(self.plan.strides(out)[0] for out in sums):
                self.line(f"{self.memory[home]}.fill(0);")
            self._steps(BEFORE)
            with self.block("for (let start = 0; start < n; start += tile)"):
                self.line("const count = Math.min(tile, n - start);")
                self._read_arguments()
                self._steps(BODY)
                self._check()
                with self.loop("e", "count"):
                    self.line(f"total += {self.cell(low.outputs.part(0, 1))};")
                with self.block("if (results)"), self.loop("e", "count"):
                    for k in range(len(outputs)):
                        self.line(
                            f"results[(start + e) * {len(outputs)} + {k}] = {self.cell(low.outputs.part(k, k + 1))};"
                        )
            self._steps(AFTER)
            if low.gradient is not None:
                with self.loop("r", low.gradient.rows):
                    self.line(f"gradient[r] = {self.cell(low.gradient, 'r')};")
            self.line("return total;")

    def _read_arguments(self) -> None:
        filled = [k for k, rows in enumerate(self.program.arguments) if rows.stop > rows.start]
        for k in filled:
            rows = self.program.arguments[k]
            width = rows.stop - rows.start
            with self.loop("e", "count"), self.loop("r", width):
                place = f"{_group(_sum(rows.start, 'r'))} * {_TILE} + e"
                self.line(f"inputs[{place}] = data[{k}][(start + e) * {width} + r];")

    def _check(self) -> None:
        """Throw where a branch goes another way than the trace did, or a comparison meets NaN."""
        for array, (node, taken) in zip(self.lowered.branches, self.program.branches, strict=True):
            message = json.dumps(
                f"{describe(self.program, node)} was {taken} when the function was traced, not so for "
            )
            with self.loop("e", "count"):
                sign = "==" if taken else "!="
                self.line(f"if ({self.cell(array)} {sign} 0) throw new Error({message} + `example ${{start + e}}`);")
        for array in self.lowered.unordered:
            with self.loop("e", "count"):
                message = "`a comparison meets NaN in example ${start + e}`"
                self.line(f"if ({self.cell(array)} != 0) throw new Error({message});")

    def _steps(self, section: int) -> None:
        for step in self.plan.steps:
            if step[0].section == section:
                if step_shape(step[0]) is not None:
                    self._map(step)
                else:
                    _OTHERS[step[0].call](self, step[0])

    # Number by number

    def _map(self, step: Sequence[Instruction]) -> None:
        rows, batch = step_shape(step[0])  # type: ignore[misc]
        values: dict[Array, str] = {}
        with self.rows(rows) as r, self._examples(batch):
            for i in step:
                arguments = [values.get(x) or self._argument(x, r) for x in i.arguments]
                if i.call == "sum_examples":
                    self.line(f"{self.cell(i.out, r)} += {arguments[0]};")
                    continue
                values[i.out] = f"v{len(values)}"
                operator = _OPERATORS.get(i.call)
                text = operator.format(*arguments) if operator else f"{FUNCTIONS[i.call]}({', '.join(arguments)})"
                self.line(f"const {values[i.out]} = {text};")
                if i.out not in self.plan.passing:
                    self.line(f"{self.cell(i.out, r)} = {values[i.out]};")

    def _argument(self, x: Array | float, row: int | str) -> str:
        if isinstance(x, Array):
            return self.cell(x, row)
        text = numeral(float(x))
        return f"({text})" if text.startswith("-") else text

    def _examples(self, batch: bool) -> AbstractContextManager[None]:
        return self.loop("e", "count") if batch else nullcontext()

    # Products

    def _matmul(self, i: Instruction) -> None:
        a, b = i.arguments
        out, left, right = self._start(i.out), self._start(a), self._start(b)
        if i.out.batch:
            _, _, row, column = self.plan.strides(a)
            self.line(f"matrixProduct({out}, {i.out.rows}, {left}, {row}, {column}, {columns(a)}, {right}, count);")
        else:
            self.line(f"addOuter({out}, {i.out.rows}, {i.out.columns}, {left}, {right}, count);")

    def _start(self, x: Array) -> str:
        """The memory of an array, and where it begins there."""
        home, offset, _, _ = self.plan.strides(x)
        return f"{self.memory[home]}, {offset * (_TILE if home.batch else 1)}"

    # Over rows

    def _fold(self, i: Instruction, start: str, merge: str) -> None:
        """Go through the rows of an array; ``a`` is what was found, ``x`` the number of row ``r``."""
        x = i.arguments[0]
        with self.block(""), self._examples(i.out.batch):
            self.line(f"let a = {start or self.cell(x, 0)};")
            with self.loop("r", x.rows, 0 if start else 1):
                self.line(f"const x = {self.cell(x, 'r')};")
                self.line(f"a = {merge};")
            self.line(f"{self.cell(i.out)} = a;")

    def _take(self, i: Instruction) -> None:
        self._fold(i, "NaN", f"{self.cell(i.arguments[1])} === r ? x : a")

    def _products_of_other_rows(self, i: Instruction) -> None:
        x, out = i.arguments[0], i.out
        with self.block(""), self._examples(out.batch):
            self.line("let before = 1, after = 1;")
            with self.loop("r", x.rows):
                self.line(f"{self.cell(out, 'r')} = before;")
                self.line(f"before *= {self.cell(x, 'r')};")
            with self.block(f"for (let r = {x.rows - 1}; r >= 0; r--)"):
                self.line(f"{self.cell(out, 'r')} *= after;")
                self.line(f"after *= {self.cell(x, 'r')};")

    def _positions(self, i: Instruction) -> None:
        with self.loop("r", i.out.rows):
            self.line(f"{self.cell(i.out, 'r')} = r;")

    # Moving rows

    def _take_rows(self, i: Instruction) -> None:
        x, rows = i.arguments
        with self._each(rows) as (k, row), self._examples(i.out.batch):
            self.line(f"{self.cell(i.out, k)} = {self.cell(x, row)};")

    @contextmanager
    def _each(self, rows: Sequence[int]) -> Iterator[tuple[str, str]]:
        """A loop over listed rows: the place of each in the list, and the row."""
        name = self.tables.setdefault(tuple(rows), f"rows{len(self.tables)}")
        with self.loop("k", len(rows)):
            yield "k", f"{name}[k]"

    def _assemble(self, i: Instruction) -> None:
        for piece in i.pieces:
            if not (isinstance(piece.number, Array) and piece.number.root in self.plan.placed):
                self._put(piece, i.out)

    def _put(self, piece: Piece, out: Array) -> None:
        sign = "=" if piece.first else "+="
        rows = piece.rows

        def put(k: str, row: str) -> None:
            with self._examples(out.batch):
                number = self.cell(piece.number, k) if isinstance(piece.number, Array) else numeral(float(piece.number))
                self.line(f"{self.cell(out, row)} {sign} {number};")

        if isinstance(rows, slice):
            with self.loop("k", rows.stop - rows.start):
                put("k", _sum(rows.start, "k"))
        else:
            with self._each(rows) as (k, row):
                put(k, row)


def _quoted(text: str) -> str:
    """A text as JavaScript, within a page too."""
    return json.dumps(text).replace("</", "<\\/")


def _times(text: str, factor: int) -> str:
    return "0" if factor == 0 else text if factor == 1 else f"{text} * {factor}"


def _group(text: str) -> str:
    """A sum in parentheses."""
    return f"({text})" if "+" in text else text


def _sum(*terms: str | int) -> str:
    return " + ".join(str(x) for x in terms if str(x) != "0") or "0"


_OTHERS: dict[str, Callable[[_Sweep, Instruction], None]] = {
    "matmul": _Sweep._matmul,
    "sum_rows": lambda sweep, i: sweep._fold(i, "", "a + x"),
    "largest_row": lambda sweep, i: sweep._fold(i, "", "maximum(a, x)"),
    "product_of_rows": lambda sweep, i: sweep._fold(i, "", "a * x"),
    "products_of_other_rows": _Sweep._products_of_other_rows,
    "take": _Sweep._take,
    "positions": _Sweep._positions,
    "take_rows": _Sweep._take_rows,
    "assemble": _Sweep._assemble,
}
