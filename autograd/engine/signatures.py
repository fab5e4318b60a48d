"""Types of the public functions: a Value where an operand is one, a float for plain numbers alone."""

from typing import Protocol, SupportsFloat, overload

from .value import Value

Number = SupportsFloat  # a Value, or anything with a real float value


class Unary(Protocol):
    """A function of one number: a Value for a Value, a float for a plain number."""

    @overload
    def __call__(self, x: Value, /) -> Value: ...
    @overload
    def __call__(self, x: float, /) -> float: ...


class Binary(Protocol):
    """A function of two numbers: a Value where one of them is a Value, else a float."""

    @overload
    def __call__(self, x: Value, y: Number, /) -> Value: ...
    @overload
    def __call__(self, x: Number, y: Value, /) -> Value: ...
    @overload
    def __call__(self, x: float, y: float, /) -> float: ...
