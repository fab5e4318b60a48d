"""The notation of people as Python's: what is rewritten, what is left alone, what is refused."""

import pytest

from autograd.notation.typed import NotationError, python_text

REWRITTEN = {
    "x + y*2": "x + y*2",
    "lambda x: 'a'.b[1]": "lambda x: 'a'.b[1]",
    "1e-5x": "1e-5*x",
    "0x1f + 1j": "0x1f + 1j",
    "2 (x)": "2*(x)",
    "f (x)": "f (x)",
    "√(a)(b)": "sqrt((a))*(b)",
    "√f(x)²": "sqrt(f(x))**2",
    "x⁻¹²": "x**(-12)",
    "|a|·|b|": "abs(a)*abs(b)",
    "f(|x|, |y|)": "f(abs(x), abs(y))",
    "a|b|c": "a*abs(b)*c",
    "½ + x": "1/2 + x",
    "a ≤ b ≠ c": "a <= b != c",
    "2πr": "2*π*r",
    "x if y > 0 else z": "x if y > 0 else z",
    "(x)if y else(z)": "(x)if y else(z)",
}


@pytest.mark.parametrize("text", REWRITTEN)
def test_rewritten(text: str) -> None:
    assert python_text(text) == REWRITTEN[text]


def test_a_name_that_is_known_is_not_split() -> None:
    assert python_text("2πr", ["πr"]) == "2*πr"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a/b(c)(d)", "'a/b(c)(...)' has two readings, a/(b(c)*(...)) and (a/b(c))*(...)"),
        ("x + 1 / 2y", "'1 / 2y' has two readings, 1 /(2*y) and (1 / 2)*y"),
        ("2^3x", "two readings"),
        ("√", "√ needs"),
        ("√)", "√ needs"),
        ("(|x)", "bar"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(NotationError) as error:
        python_text(text)
    assert message.replace(" ", "") in str(error.value).replace(" ", "")


def test_long_texts_take_time_in_proportion_to_their_length() -> None:
    assert python_text("2x+" * 5000 + "√" * 5000 + "x").count("sqrt(") == 5000
