"""Newton's method on compiled second derivatives: the error is squared with every step."""

from demos import newton
from demos.page import Page


def test_the_digits_double(tmp_path) -> None:
    numbers = newton.main(Page(out=tmp_path))
    assert numbers["gradient"] < 1e-14
    assert 0.0 < numbers["after 3"] < 1e-3
    assert numbers["after 4"] < 100.0 * numbers["after 3"] ** 2
    assert numbers["descent"] > 1e-4
