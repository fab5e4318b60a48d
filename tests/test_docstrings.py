"""The public names of autograd: each has a sentence, its arguments, what it returns, and an example that runs."""

import doctest
import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from tests.extent import case

PUBLIC: dict[str, Any] = {name: getattr(autograd, name) for name in dir(autograd)}
FUNCTIONS = {name: thing for name, thing in PUBLIC.items() if inspect.isfunction(thing)}
CLASSES = {name: thing for name, thing in PUBLIC.items() if isinstance(thing, type)}
METHODS: dict[str, Callable[..., Any]] = {
    f"{name}.{attribute}": method
    for name, kind in CLASSES.items()
    for attribute, method in inspect.getmembers(kind)
    if not attribute.startswith("_") and (inspect.isfunction(method) or isinstance(method, property))
}


def text(thing: Any) -> str:
    return inspect.getdoc(thing) or ""


def test_a_name_has_a_sentence_and_an_example() -> None:
    for name in PUBLIC:
        with case(name):
            first = text(PUBLIC[name]).partition("\n\n")[0]
            assert re.match(rf"[A-Z`∂]|{name}\(", first), "begins with a sentence or the call"
            assert first.endswith((".", "`.")), "its first paragraph is a sentence"
            assert doctest.DocTestParser().get_examples(text(PUBLIC[name])), "has an example"


def test_a_function_says_what_it_takes_and_gives() -> None:
    for name in FUNCTIONS:
        with case(name):
            words = text(FUNCTIONS[name])
            parameters = inspect.signature(FUNCTIONS[name]).parameters
            if parameters:
                arguments = re.search(r"Arguments:\n((?:    .*\n?|\n)+)", words)
                assert arguments, "has a list of arguments"
                for parameter in parameters:
                    assert re.search(rf"\b{parameter}\b", arguments[1]), parameter
            assert re.search(r"[Rr]eturns |A `?Drawing|^The |:", words), "says what it returns"
            returned = inspect.signature(FUNCTIONS[name]).return_annotation
            if returned not in (None, "None"):
                assert re.search(r"\breturns?\b", words, re.IGNORECASE), "says what it returns"


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_says_what_it_takes(name: str) -> None:
    kind = CLASSES[name]
    if issubclass(kind, (tuple, Exception)):
        return
    for parameter in list(inspect.signature(kind).parameters):
        assert re.search(rf"\b{parameter}\b", text(kind)), parameter


def test_a_method_has_a_sentence() -> None:
    for name in METHODS:
        with case(name):
            first = text(METHODS[name]).partition("\n\n")[0]
            assert first.endswith((".", "`.")), first
