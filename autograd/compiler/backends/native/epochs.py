"""Whole epochs of gradient descent in machine code, without returning to Python.

Three programs take turns: the sweep over a minibatch, the length of the gradient, and the rule that moves the
parameters, for which they are the examples. What calls them one after the other is machine code too.
"""

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .lines import Kind, Lines
from .machine import NAME, machine
from .memory import put_results
from .writer import FRAME

if TYPE_CHECKING:
    from ...arguments import Floats
    from .runner import LlvmRunner

# What the function is given, numbers of eight bytes, in this order. `bases` and `widths` tell where the numbers of the
# examples begin and how many bytes each example has; the rule's outputs are `made`, `size_of_rows` bytes that take the
# place of `rows`; `sources` and `targets` tell which of these numbers to copy from where to where after a step.
_FIELDS = (
    "sweep", "sweep_frame", "square", "square_frame", "rule", "rule_frame",
    "examples", "size", "arguments", "bases", "widths", "results", "norms", "norm", "made", "rows", "size_of_rows",
    "copies", "sources", "targets",
)  # fmt: skip
_NUMBERS = ("examples", "size", "arguments", "size_of_rows", "copies")  # the others are addresses


def _text() -> str:
    """The function that takes the steps; it returns how many."""
    t = Lines(Kind(), {})
    for k, name in enumerate(_FIELDS):
        kind = "i64" if name in _NUMBERS else "ptr"
        t.line(f"%{name} = load {kind}, ptr {_at(t, '%frame', k)}, align 8")
    going, steps = t.slot("i1"), t.slot("i64")
    t.line(f"store i1 true, ptr {going}")
    t.line(f"store i64 0, ptr {steps}")
    end = t.new(f"add i64 %examples, {t.new('sub i64 %size, 1')}")
    with t.loop(end, 0, "%size") as start, t.when(t.new(f"load i1, ptr {going}")):
        t.line(f"store i1 false, ptr {going}")  # unless all goes well
        _give(t, start)
        with t.when(_finite(t, t.new("call double %sweep(ptr %sweep_frame)"))):
            squares = t.new("call double %square(ptr %square_frame)")
            t.declare("double", "llvm.sqrt.f64", "double")
            length = t.new(f"call double @llvm.sqrt.f64(double {squares})")
            with t.when(_finite(t, length)):
                before = t.new(f"load i64, ptr {steps}")
                t.line(f"store double {length}, ptr {_at(t, '%norms', before)}, align 8")
                t.line(f"store double {length}, ptr %norm, align 8")
                with t.when(_finite(t, t.new("call double %rule(ptr %rule_frame)"))):
                    _take_over(t)
                    t.line(f"store i64 {t.new(f'add i64 {before}, 1')}, ptr {steps}")
                    t.line(f"store i1 true, ptr {going}")
    taken = t.new(f"sitofp i64 {t.new(f'load i64, ptr {steps}')} to double")
    head = f"double @{NAME}(ptr noalias nonnull %frame)"
    return "\n\n".join([t.function(head, f"double {taken}"), *t.declared.values()]) + "\n"


def _at(t: Lines, base: str, index: object) -> str:
    """The address of a number of eight bytes."""
    return t.new(f"getelementptr i64, ptr {base}, i64 {index}")


def _finite(t: Lines, number: str) -> str:
    return t.new(f"fcmp oeq double {t.new(f'fsub double {number}, {number}')}, 0.0")


def _give(t: Lines, start: str) -> None:
    """Write the minibatch that begins at `start` into the frame of the sweep."""
    t.declare("i64", "llvm.smin.i64", "i64", "i64")
    count = t.new(f"call i64 @llvm.smin.i64(i64 {t.new(f'sub i64 %examples, {start}')}, i64 %size)")
    places = {name: _at(t, "%sweep_frame", FRAME.index(name)) for name in ("examples", "divisor", "results")}
    t.line(f"store i64 {count}, ptr {places['examples']}, align 8")
    t.line(f"store double {t.new(f'sitofp i64 {count} to double')}, ptr {places['divisor']}, align 8")
    t.line(f"store ptr {_at(t, '%results', start)}, ptr {places['results']}, align 8")
    with t.loop("%arguments") as a:
        width = t.new(f"load i64, ptr {_at(t, '%widths', a)}, align 8")
        base = t.new(f"load ptr, ptr {_at(t, '%bases', a)}, align 8")
        numbers = t.new(f"getelementptr i8, ptr {base}, i64 {t.new(f'mul i64 {start}, {width}')}")
        place = _at(t, _at(t, "%sweep_frame", len(FRAME)), a)
        t.line(f"store ptr {numbers}, ptr {place}, align 8")


def _take_over(t: Lines) -> None:
    """Put what the rule made in the place of what it was made from, and tell the rule about shared numbers."""
    copy = t.declare("void", "llvm.memcpy.p0.p0.i64", "ptr", "ptr", "i64", "i1")
    t.line(f"call void @{copy}(ptr %rows, ptr %made, i64 %size_of_rows, i1 false)")
    with t.loop("%copies") as c:
        source, target = (t.new(f"load ptr, ptr {_at(t, base, c)}, align 8") for base in ("%sources", "%targets"))
        t.line(f"store double {t.new(f'load double, ptr {source}, align 8')}, ptr {target}, align 8")


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
        self, sweep: "LlvmRunner", square: "LlvmRunner", rule: "LlvmRunner", *,
        rows: "Floats", moved: "Sequence[Floats]", numbers: "Floats",
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
        self._memories, self._spare = memories, spare
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

    def run(self, data: "Sequence[Floats]", size: int, outputs: "Floats") -> list[float]:
        """Steps over examples, up to a minibatch that needs another look: something is not finite, a branch changes.

        Arguments:
            data: an array of shape (n, numbers of an example) for each argument, random numbers last.
            outputs: takes the outputs of the function, a column for each example; it needs a few columns to spare.

        Returns the length of the gradient of each step that was taken.
        """
        data = [array for array in data if array.shape[1]]
        n = len(data[0])
        norms = np.empty(-(-n // size))
        self._bases[:] = [array.ctypes.data for array in data]
        self._memories[0].tell(self._sweep, step=1, examples=0, divisor=1, most=size)
        put_results(self._sweep, outputs)
        self._tell(examples=n, size=size, results=outputs.ctypes.data, norms=norms.ctypes.data)
        steps = int(self._machine.call(self._address))
        return norms[:steps].tolist()  # type: ignore[no-any-return]

    def _tell(self, **numbers: int) -> None:
        for name, number in numbers.items():
            self._frame[_FIELDS.index(name)] = number
