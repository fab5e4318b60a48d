"""Number by number: what is fused can be written."""

from autograd.compiler.backends.native import fusion, maps
from autograd.compiler.backends.native.numbers import C_NAMES


def test_what_is_fused_is_what_can_be_written():
    assert {*maps._MAPS, *C_NAMES} == fusion.NAMES
