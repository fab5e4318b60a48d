"""LaTeX as MathML: every formula of the table, and names of any characters."""

from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value
from autograd.notation.mathml import mathml
from autograd.notation.symbols import latex_text
from autograd.rules import table
from tests.extent import case, examples


def leaves(tree):
    for child in tree[1:]:
        if isinstance(child, str):
            yield tree[0], child
        else:
            yield from leaves(child)


def every_operation():
    x, y = Value(0.5, "x"), Value(0.25, "net_1")
    for name, row in table.TABLE.items():
        if row.operands[0] == "index":
            yield name, [1.0, x, y, x]
        elif row.variadic:
            yield name, [x, y, x, y]
        else:
            first = Value(1.5, "x") if name == "arccosh" else x
            yield name, [first, y, x, 2.0][: len(row.operands)]


def test_every_operation_reads_as_mathml():
    for name, operands in every_operation():
        with case(name):
            f = autograd.engine.value.apply(table.TABLE[name], tuple(operands))
            for step in f.stepper(forward=True):
                for tag, text in leaves(mathml(step.latex)):
                    assert tag in ("mi", "mn", "mo", "mtext")
                    assert not set(text) & set("\\{}$") or (tag, text) == ("mo", "{")


def test_cases_read_as_a_table():
    tree = mathml(r"\begin{cases} 1 & \text{if } x > 0 \\ -x & \text{else} \end{cases}")
    no_break = "\N{NO-BREAK SPACE}"
    assert tree == (
        "math",
        (
            "mrow",
            ("mo", "{"),
            (
                "mtable",
                (
                    "mtr",
                    ("mtd", ("mn", "1")),
                    ("mtd", ("mtext", f"if{no_break}"), ("mi", "x"), ("mo", ">"), ("mn", "0")),
                ),
                ("mtr", ("mtd", ("mo", "−"), ("mi", "x")), ("mtd", ("mtext", "else"))),
            ),
        ),
    )


def test_a_sign_belongs_to_its_number():
    minus = ("mo", "−")
    assert mathml("a = -4") == ("math", ("mi", "a"), ("mo", "="), ("mrow", minus, ("mn", "4")))
    assert mathml("a - 4") == ("math", ("mi", "a"), minus, ("mn", "4"))
    assert mathml(r"\left(-4\right)") == (
        "math",
        ("mrow", ("mo", "("), ("mrow", minus, ("mn", "4")), ("mo", ")")),
    )


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1))
@examples(200)
def test_any_name_survives(name):
    (leaf,) = leaves(mathml(rf"\mathrm{{{latex_text(name)}}}"))
    assert leaf[1] == name
