"""The stepper as a part of other pages: its texts are those of Python, and every one of them is there in Chinese."""

import inspect
import re
from importlib import resources

import pytest

import autograd
from autograd import Value, stepper, stepper_component
from autograd.drawing import page
from autograd.drawing.component import SENTENCES
from autograd.notation.mathml import mathml
from autograd.stepping import steps
from nn.activations import ACTIVATIONS

COMPONENT = stepper_component(ACTIVATIONS)


@pytest.mark.parametrize("name", ["tanh", "relu", "sigmoid", "leaky_relu", "gelu", "arccosh"])
def test_a_function_is_told_as_the_stepper_tells_it(name):
    z = Value(1.5, "z")
    a = ACTIVATIONS[name](z)
    a.label = "a"
    sentence = stepper(a).step().explain()
    texts = COMPONENT.functions[name]
    assert f"({texts.about})" in sentence
    assert f"∂a/∂z = {texts.derivative} = " in sentence or f"∂a/∂z = ({texts.derivative}) = " in sentence
    assert texts.formula[0] == "math"


def test_the_identity_is_no_operation():
    assert COMPONENT.functions["linear"] is None
    # The page multiplies by it, so a sum stands in parentheses, as what begins with a minus sign does.
    whole = ("mrow", ("mo", "("), ("mrow", *mathml(r"1 - a \cdot a")[1:]), ("mo", ")"))
    assert COMPONENT.functions["tanh"].formula == ("math", whole)
    (minus,) = COMPONENT.functions["cos"].formula[1:]
    assert (minus[1], minus[-1]) == (("mo", "("), ("mo", ")"))
    assert COMPONENT.functions["softplus"].formula[1] == ("mi", "σ")


def test_sentences_are_those_of_the_steps():
    script = resources.files("autograd.drawing").joinpath("assets", "sentences.js").read_text(encoding="utf-8")
    said = set(re.findall(r'say\("([^"]+)"', script))
    assert said <= set(SENTENCES)
    assert set(SENTENCES) - said == {"Play the pass", "Pause the pass"}
    source = inspect.getsource(steps) + inspect.getsource(page)
    assert [text for text in said if f'"{text}"' not in source] == []


def test_every_text_has_a_translation():
    own = {"f"}
    assert [text for text, chinese in COMPONENT.chinese.items() if text == chinese and text not in own] == []
    assert {COMPONENT.dot, *SENTENCES} <= COMPONENT.chinese.keys()


def test_the_style_serves_a_component_and_a_document():
    assert ":root, :host {" in COMPONENT.style
    assert not re.search(r"^(body|main|header)", COMPONENT.style, re.MULTILINE)
    assert COMPONENT.html.count('id="place"') == 1
    assert COMPONENT.script.count("function makeBoard(root, data, options = {}) {") == 1


def test_a_function_that_is_defined_nowhere_near_is_refused():
    with pytest.raises(ValueError, match=r"log|sqrt|domain"):
        stepper_component({"far": lambda z: autograd.log(z - 100)})
