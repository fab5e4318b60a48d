"""What a back end offers."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from ..arguments import Floats


class Options(NamedTuple):
    """How a program is to run.

    `dtype`, "float64" or "float32", is the type of arguments, parameters and results; `threads` is how many threads may
    share a call, None for as many as pay; a `careful` program is explained at `lower`.
    """

    dtype: str = "float64"
    threads: int | None = None
    careful: bool = False


USUAL = Options()


ShortWay = Callable[[Sequence[object], object], "tuple[float, Floats] | None"]


class Results(Protocol):
    """What a run leaves, until the next one in this thread.

    Attributes: `outputs` of shape (outputs, n), or (outputs, 1) where they are the same for all examples; `branches`,
    for each what it was, of shape (1, n) or (1, 1); `unordered`, arrays like these that are not 0 where a comparison
    meets NaN; `gradient`, of shape (p, 1), the sum over the examples.
    """

    outputs: "Floats"
    branches: "list[Floats]"
    unordered: "list[Floats]"
    gradient: "Floats"


class MachineCode(Protocol):
    """Compiled code as text: of LLVM, and as instructions of the processor."""

    llvm: str

    @property
    def assembly(self) -> str: ...


class Epochs(Protocol):
    """Whole epochs of gradient descent by machine code, see `native.epochs`."""

    def run(self, data: "Sequence[Floats]", size: int, outputs: "Floats") -> list[float]: ...


class Runner(Protocol):
    """One program, ready to run over a batch; threads may share it.

    Attributes: `chunk`, the largest number of examples of one `run`; `machine`, the machine code, None where there is
    none.
    """

    chunk: int

    @property
    def machine(self) -> MachineCode | None: ...

    def run(self, theta: "Floats", data: "Sequence[Floats]", n: int) -> Results:
        """Calculate for `n` examples.

        Arguments:
            theta: the parameters, of shape (p, 1), the same object for all chunks of a call and for no other call.
            data: an array of shape (n, numbers of an example) for each argument, and for the random numbers if any.
        """
        ...

    def short_way(self, examples: Sequence[tuple[int, ...]]) -> ShortWay | None:
        """The shortest way to the means of the only output and of its gradient, for examples of these shapes.

        It is a function of arguments and parameters that returns None where it does not apply or where something is
        not as it should be; the caller then finds out what. None where the back end has no such way.
        """
        ...

    def epochs(self, square: Any, rule: Any, **places: Any) -> Epochs | None:
        """Whole epochs of gradient descent with this function, see `native.epochs`; None where there is no such way."""
        ...
