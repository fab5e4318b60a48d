"""Whole epochs of gradient descent without a look at Python.

Three programs take turns: the sweep over a minibatch, the length of the gradient, and the rule that moves the
parameters, for which they are the examples. What calls them one after the other is machine code too.
"""

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from .machine import NAME, machine
from .memory import put_results
from .writer import FRAME

# What the function is given, numbers of eight bytes, in this order. `bases` and `widths` tell where the numbers of the
# examples begin and how many bytes each example has; the rule's outputs are `made`, `size_of_rows` bytes that take the
# place of `rows`; `sources` and `targets` tell which of these numbers to copy from where to where after a step.
_FIELDS = (
    "sweep", "sweep_frame", "square", "square_frame", "rule", "rule_frame",
    "examples", "size", "arguments", "bases", "widths", "results", "norms", "norm", "made", "rows", "size_of_rows",
    "copies", "sources", "targets",
)  # fmt: skip
_TEXT = """
define double @{NAME}(ptr noalias nonnull %frame) {{
entry:
{loads}
  %own_examples = getelementptr i64, ptr %sweep_frame, i64 {examples}
  %own_divisor = getelementptr double, ptr %sweep_frame, i64 {divisor}
  %own_results = getelementptr ptr, ptr %sweep_frame, i64 {results}
  %own_arguments = getelementptr ptr, ptr %sweep_frame, i64 {first}
  br label %batch

batch:
  %start = phi i64 [0, %entry], [%next, %moved]
  %k = phi i64 [0, %entry], [%k.next, %moved]
  %left = sub i64 %examples, %start
  %last = icmp slt i64 %left, %size
  %count = select i1 %last, i64 %left, i64 %size
  %count.real = sitofp i64 %count to double
  %own = getelementptr double, ptr %results, i64 %start
  store i64 %count, ptr %own_examples
  store double %count.real, ptr %own_divisor
  store ptr %own, ptr %own_results
  br label %argument

argument:
  %a = phi i64 [0, %batch], [%a.next, %argument]
  %width.place = getelementptr i64, ptr %widths, i64 %a
  %width = load i64, ptr %width.place
  %base.place = getelementptr ptr, ptr %bases, i64 %a
  %base = load ptr, ptr %base.place
  %offset = mul i64 %start, %width
  %numbers = getelementptr i8, ptr %base, i64 %offset
  %argument.place = getelementptr ptr, ptr %own_arguments, i64 %a
  store ptr %numbers, ptr %argument.place
  %a.next = add i64 %a, 1
  %a.more = icmp slt i64 %a.next, %arguments
  br i1 %a.more, label %argument, label %descend

descend:
  %value = call double %sweep(ptr %sweep_frame)
  %value.nothing = fsub double %value, %value
  %value.fine = fcmp oeq double %value.nothing, 0.0
  br i1 %value.fine, label %measure, label %end

measure:
  %squares = call double %square(ptr %square_frame)
  %length = call double @llvm.sqrt.f64(double %squares)
  %length.nothing = fsub double %length, %length
  %length.fine = fcmp oeq double %length.nothing, 0.0
  br i1 %length.fine, label %move, label %end

move:
  %norm.place = getelementptr double, ptr %norms, i64 %k
  store double %length, ptr %norm.place
  store double %length, ptr %norm
  %sum = call double %rule(ptr %rule_frame)
  %sum.nothing = fsub double %sum, %sum
  %sum.fine = fcmp oeq double %sum.nothing, 0.0
  br i1 %sum.fine, label %replace, label %end

replace:
  call void @llvm.memcpy.p0.p0.i64(ptr %rows, ptr %made, i64 %size_of_rows, i1 false)
  br label %copy

copy:
  %c = phi i64 [0, %replace], [%c.next, %copied]
  %c.more = icmp slt i64 %c, %copies
  br i1 %c.more, label %copied, label %moved

copied:
  %source.place = getelementptr ptr, ptr %sources, i64 %c
  %source = load ptr, ptr %source.place
  %target.place = getelementptr ptr, ptr %targets, i64 %c
  %target = load ptr, ptr %target.place
  %shared = load double, ptr %source
  store double %shared, ptr %target
  %c.next = add i64 %c, 1
  br label %copy

moved:
  %next = add i64 %start, %size
  %k.next = add i64 %k, 1
  %more = icmp slt i64 %next, %examples
  br i1 %more, label %batch, label %end

end:
  %done = phi i64 [%k, %descend], [%k, %measure], [%k, %move], [%k.next, %moved]
  %done.real = sitofp i64 %done to double
  ret double %done.real
}}

declare double @llvm.sqrt.f64(double)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
"""


def _text() -> str:
    numbers = ("examples", "size", "arguments", "size_of_rows", "copies")
    loads = [
        f"  %{name}.field = getelementptr i64, ptr %frame, i64 {k}\n"
        f"  %{name} = load {'i64' if name in numbers else 'ptr'}, ptr %{name}.field"
        for k, name in enumerate(_FIELDS)
    ]
    places = {name: FRAME.index(name) for name in ("examples", "divisor", "results")}
    return _TEXT.format(NAME=NAME, loads="\n".join(loads), first=len(FRAME), **places)


class Epochs:
    """Steps of gradient descent by machine code.

    Arguments:
        sweep, square, rule: of each program its `LlvmRunner`: of the function and its gradient by the parameters, of
            the square of a gradient, of the step.
        rows: parameters, what the rule keeps for each, and numbers that are the same for all, a row each; outputs of
            the rule take their place, if all are finite.
        moved: a column with 1 for a parameter that is to move, else 0; empty if all are.
        numbers: what the rule reads beside its arguments; `norm` and `shared` tell which of them are the length of the
            gradient and the shared numbers of `rows` (None for those that it does not read).
    """

    def __init__(
        self, sweep: Any, square: Any, rule: Any, *, rows: Any, moved: Sequence[Any], numbers: Any,
        norm: int | None, shared: Sequence[int | None],
    ):  # fmt: skip
        self._machine = machine(_text())
        made = np.zeros_like(rows)
        self._keep = sweep, square, rule, rows, made, moved, numbers
        memories = [runner.new_memory() for runner in (sweep, square, rule)]
        p, kept = len(memories[0].flat_gradient), len(rows) - len(shared)
        gradient = memories[0].flat_gradient
        self._sweep = memories[0].frame_in(theta=rows[0])
        self._square = memories[1].frame_in(arguments=[gradient, *moved])
        memories[1].tell(self._square, step=0, examples=p, divisor=1)
        self._rule = memories[2].frame_in(
            arguments=[rows[0], gradient, *rows[1:kept], *moved], theta=numbers, results=made
        )
        memories[2].tell(self._rule, step=1, examples=p, divisor=1)
        self._widths = 8 * np.array(sweep.code.widths, np.int64)
        self._bases = np.zeros(len(self._widths), np.int64)
        spare = np.zeros(1 + len(shared))
        places = [spare[j : j + 1] if k is None else numbers[k] for j, k in enumerate([*shared, norm])]
        *targets, norm_place = [place.ctypes.data for place in places]
        self._targets = np.array(targets, np.int64)
        self._sources = np.array([row.ctypes.data for row in rows[kept:]], np.int64)
        self._memories = *memories, spare
        self._frame = np.zeros(len(_FIELDS), np.int64)
        self._tell(
            sweep=sweep.machine.address, square=square.machine.address, rule=rule.machine.address,
            sweep_frame=self._sweep.ctypes.data, square_frame=self._square.ctypes.data,
            rule_frame=self._rule.ctypes.data, arguments=len(self._widths), bases=self._bases.ctypes.data,
            widths=self._widths.ctypes.data, norm=norm_place, made=made.ctypes.data, rows=rows.ctypes.data,
            size_of_rows=rows.nbytes, copies=len(shared),
            sources=self._sources.ctypes.data, targets=self._targets.ctypes.data,
        )  # fmt: skip
        self._address = ctypes.c_void_p(self._frame.ctypes.data)

    def run(self, columns: Sequence[Any], size: int, outputs: Any) -> list[float]:
        """Steps over examples, up to a minibatch that needs another look: something is not finite, a branch changes.

        Arguments:
            columns: an array of shape (n, numbers of an example) for each argument, random numbers last.
            outputs: takes the outputs of the function, a column for each example; it needs a few columns to spare.

        Returns the length of the gradient of each step that was taken.
        """
        columns = [column for column in columns if column.shape[1]]
        n = len(columns[0])
        norms = np.empty(-(-n // size))
        self._bases[:] = [column.ctypes.data for column in columns]
        self._memories[0].tell(self._sweep, step=1, examples=0, divisor=1, most=size)
        put_results(self._sweep, outputs)
        self._tell(examples=n, size=size, results=outputs.ctypes.data, norms=norms.ctypes.data)
        steps = int(self._machine.call(self._address))
        return norms[:steps].tolist()  # type: ignore[no-any-return]

    def _tell(self, **numbers: int) -> None:
        for name, number in numbers.items():
            self._frame[_FIELDS.index(name)] = number
