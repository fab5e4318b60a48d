"""The public names of nn: each has a docstring of complete sentences and an example that runs."""

import doctest
import inspect
import re

import pytest

import nn
from tests.extent import case

PUBLIC = {name: getattr(nn, name) for name in nn.__all__}
METHODS = {
    f"{name}.{attribute}": method
    for name, kind in PUBLIC.items()
    if isinstance(kind, type)
    for attribute, method in vars(kind).items()
    if not attribute.startswith("_") and (inspect.isfunction(method) or isinstance(method, property))
}


def test_docstrings_are_complete():
    for name in PUBLIC:
        with case(name):
            text = inspect.getdoc(PUBLIC[name]) or ""
            first = text.partition("\n\n")[0]
            assert re.match(r"[A-Z0-9½-]|lr = |KL|strength", first), "begins with a sentence or a formula"
            assert first.endswith((".", "`.")), "its first paragraph is a sentence"
            assert doctest.DocTestParser().get_examples(text), "has an example"


def test_every_argument_is_described():
    for name in [name for name, thing in PUBLIC.items() if inspect.isfunction(thing)]:
        with case(name):
            text = inspect.getdoc(PUBLIC[name])
            for argument in inspect.signature(PUBLIC[name]).parameters:
                # Those that need no word are named in the first sentence or in the example.
                assert re.search(rf"\b{argument}\b", text), f"{argument} of {name}"


@pytest.mark.parametrize("name", [name for name, thing in PUBLIC.items() if isinstance(thing, type)])
def test_every_argument_of_a_class_is_described(name):
    text = "\n".join(inspect.getdoc(kind) or "" for kind in PUBLIC[name].__mro__ if kind is not object)
    if PUBLIC[name].__init__ is object.__init__:
        return
    for argument in list(inspect.signature(PUBLIC[name].__init__).parameters)[1:]:
        assert re.search(rf"\b{argument}\b", text), f"{argument} of {name}"


def test_methods_have_a_sentence_too():
    """That of the base class counts, where it says what the method is for."""
    for name in METHODS:
        with case(name):
            kind, _, method = name.partition(".")
            text = inspect.getdoc(getattr(PUBLIC[kind], method))
            assert text, name
            assert text.partition("\n\n")[0].endswith((".", "`.")), name
