"""Names of nodes: the same in every line, picture and message."""

import pytest

from autograd import Stepper, Value


def test_names_are_stable_and_unique():
    f = Value(1.0, "f")
    output = (f * Value(2.0) + Value(3.0, "v1")).exp()
    names = Stepper(output).names
    assert [*names.values()] == ["f", "v2", "v3", "v1", "v4", "v5"]
    assert "f" not in [*Stepper(Value(1.0, "f") * 2).names.values()][1:]
    assert [*Stepper(Value(1.0, "a") * 2).names.values()] == ["a", "f"]


def test_messages_quote_at_most_80_columns_of_a_label():
    names = Stepper(Value(1.0, "x" * 500) * Value(2.0, "y")).names
    with pytest.raises(KeyError) as error:
        names.find("z" * 500)
    assert len(str(error.value)) < 250
