"""The command line: an expression and a point in, the value, every step of the chain rule and the gradients out."""

import argparse
import os
import re
import sys
import textwrap
import unicodedata
from collections.abc import Sequence
from importlib import import_module
from keyword import iskeyword

from .checks.gradcheck import check_gradients
from .console import UsageError, complain, parser, run
from .drawing.stepper_output import Stepper
from .engine.expand import expand
from .engine.grad import hessian
from .engine.value import Value, constant
from .expression import FUNCTIONS, Expression, ExpressionError
from .files import check_writable, write_whole
from .messages import language, word
from .notation.text_layout import align
from .rules.formula import number_text
from .stepping.interactive import explore
from .stepping.steps import WIDTH, Evaluation, Step
from .stepping.terminal import bold, has_colour, is_terminal, width_of

_ABOUT = """\
Differentiate an expression at a point, and show how: the value, every application of the chain rule with its
numbers, and the gradients.

  chainrule "(x + y) * z" x=-2 y=5 z=-4
  chainrule "sigmoid(w0*x0 + w1*x1 + w2)" w0=2 w1=-3 w2=-3 x0=-1 x1=-2 --expand --svg neuron.svg
  chainrule "log(x)**2" x=3 --step

The course, each with --help: chainrule lesson (read one), chainrule learn (exercises that are checked), chainrule
gallery (all lessons as pages), chainrule play (a small network that learns in the browser).
"""
_MORE = """\
An expression is made of numbers, names, + - * / ** and these functions:
{functions}
Functions of many take a list, total([x, y]); where(x > 0, a, b) chooses; dot([w1, w2], [x1, x2], bias) adds products.
What is printed can be typed: 2x² − √y·|z| is 2*x**2 - sqrt(y)*abs(z). pi and e are constants, unless they are given.

Exit status: 0, or 1 where the expression has no value, a file cannot be written or a check fails, 2 for a mistake in
the command.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with `arguments` (those of the process by default); returns its exit status."""
    return run(lambda: _command(sys.argv[1:] if arguments is None else arguments))


COURSE = ("lesson", "learn", "gallery")  # words that are commands of the package of lessons


def _command(arguments: Sequence[str]) -> int:
    name = arguments[0] if arguments else ""
    try:
        if name in COURSE:
            return _course(arguments)
        return _play(arguments[1:]) if name == "play" else _run(_parse(arguments))
    except ExpressionError as error:
        return complain(error, 2)
    except (ValueError, ArithmeticError, RuntimeError, RecursionError, MemoryError) as error:
        return complain(error, 1)


def _course(arguments: Sequence[str]) -> int:
    """Run a command of the lessons' package, which is `chainrule_demos` where installed and `demos` in a checkout."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    package = "chainrule_demos" if os.path.isdir(os.path.join(here, "chainrule_demos")) else "demos"
    commands = import_module(f"{package}.commands")
    return int(commands.main(arguments))


def _options() -> argparse.ArgumentParser:
    functions = textwrap.fill(", ".join(sorted(FUNCTIONS)), 98, initial_indent="  ", subsequent_indent="  ")
    made = parser(
        "chainrule",
        usage='chainrule "EXPRESSION" [NAME=NUMBER ...] [options]',
        description=word(_ABOUT),
        epilog=word(_MORE, functions=functions),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    made.add_argument("operands", nargs="*", help=argparse.SUPPRESS)
    add = made.add_argument_group("options").add_argument
    add("--step", action="store_true", help=word("one step at a time: Enter or → next, ← back, r run, q quit"))
    add("--expand", action="store_true", help=word("replace functions by the operations that they are made of"))
    add("--order", type=int, choices=(1, 2), default=1, metavar="2", help=word("second derivatives too"))
    add("--check", action="store_true", help=word("compare the derivatives with finite differences"))
    add("--svg", metavar="FILE", help=word("draw the graph: .svg, .png or .pdf"))
    add("--dot", metavar="FILE", help=word("write the graph in the language of Graphviz"))
    add(
        "--rankdir",
        choices=("LR", "TB", "RL", "BT"),
        default="LR",
        help=word("which way the drawn graph runs (LR: to the right)"),
    )
    add("--html", metavar="FILE", help=word("write a page that steps through backprop"))
    add("--version", action="store_true", help=word("print the version"))
    add("-h", "--help", action="help", help=word("print this text"))
    return made


_VALUED = ("--order", "--svg", "--dot", "--html", "--rankdir")
_OPTION = re.compile(r"-h|--[a-z][a-z-]+(=.*)?", re.DOTALL)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options and operands; what does not look like an option, such as ``-x*3``, is an operand."""
    options: list[str] = []
    operands: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            operands += rest
        elif _OPTION.fullmatch(argument):
            options.append(argument)
            if argument in _VALUED:
                options += [value for value in (next(rest, None),) if value is not None]
        else:
            operands.append(argument)
    return _options().parse_args([*options, "--", *operands])


def _play(arguments: Sequence[str]) -> int:
    """``chainrule play``: the playground in the browser, or as a file."""
    made = parser(
        "chainrule play",
        description=word("A page in which a small network learns while you watch. It opens in the browser."),
        allow_abbrev=False,
    )
    points = word("your own points: a header, columns of numbers, the class last")
    made.add_argument("--data", metavar="F.csv", help=points)
    made.add_argument("--out", metavar="F.html", help=word("write the page to this file instead of opening it"))
    options = made.parse_args(arguments)
    if options.out is not None and os.path.splitext(options.out)[1].lower() not in (".html", ".htm"):
        raise UsageError(f"--out cannot write {os.path.basename(options.out)!r}: name one that ends in .html")
    import nn  # which stands above

    page = nn.playground(options.data, path=options.out, show=options.out is None)
    print(word("wrote {path}", path=page.path))
    return 0


def _run(options: argparse.Namespace) -> int:
    if options.version:
        print(f"chainrule {_version()}")
        return 0
    expression, point = _read(options.operands)
    _check_files(options)
    inputs = [Value(number, name) for name, number in point.items()]
    output = expression(*inputs)
    if not isinstance(output, Value):
        output = constant(output)  # it depends on no variable
    if output.data - output.data != 0:
        raise OverflowError(f"the value is {output.data}: too large for a float at this point")
    if options.expand:
        output = expand(output)
    return _Report(expression, output, inputs, options).show()


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("chainrule")
    except metadata.PackageNotFoundError:
        return "(not installed: running from its source)"


def _joined(operands: Sequence[str]) -> list[str]:
    """The operands with ``x = -2`` as one, which the shell split at its spaces."""
    joined: list[str] = []
    for operand in operands:
        if joined and (_ENDS_WITH_EQUALS.search(joined[-1]) or re.match(r"\s*[=＝](?!=)", operand)):
            joined[-1] += operand
        else:
            joined.append(operand)
    return joined


_ENDS_WITH_EQUALS = re.compile(r"(?<![=<>!])[=＝]\s*$")


def _read(operands: Sequence[str]) -> tuple[Expression, dict[str, float]]:
    """The expression and its point, in the order of the expression's names."""
    given: dict[str, float] = {}
    texts: list[str] = []
    for operand in _joined(operands):
        name, equals, number = operand.replace("＝", "=").partition("=")
        name = unicodedata.normalize("NFKC", name.strip())
        if not equals or number.startswith("=") or not name.isidentifier():
            texts.append(operand)
            continue
        if name in given:
            raise UsageError(f"{name} is given twice")
        if name in FUNCTIONS or iskeyword(name):
            kind = "a function" if name in FUNCTIONS else "a word of Python"
            raise UsageError(f"{name} is {kind} and cannot be a variable: choose another name")
        given[name] = _number(name, number)
    if not texts:
        raise UsageError('no expression is given; try: chainrule "(x + y) * z" x=-2 y=5 z=-4')
    if len(texts) > 1:
        raise UsageError(
            f"more than one expression is given, {texts[0]!r} and {texts[1]!r}: put quotes round one that has spaces"
        )
    expression = Expression(texts[0], given)
    if missing := [name for name in expression.names if name not in given]:
        raise UsageError(f"no number is given for {', '.join(missing)}: add {' '.join(f'{n}=1.0' for n in missing)}")
    if unused := [name for name in given if name not in expression.names]:
        raise UsageError(f"{', '.join(unused)} {'is' if len(unused) == 1 else 'are'} not in the expression")
    return expression, {name: given[name] for name in expression.names}


def _number(name: str, text: str) -> float:
    """The number after ``name=``, which may be an expression of numbers such as 1/3."""
    try:
        expression = Expression(text)
        if expression.names:
            raise ExpressionError("it is not a number")
        return float(expression())
    except (ValueError, ArithmeticError) as error:
        raise UsageError(f"{name}={text}: {error}") from None


def _check_files(options: argparse.Namespace) -> None:
    """Refuse what cannot be written before anything is printed or written. Raises UsageError or OSError."""
    for option, suffixes in (("svg", _PICTURES), ("html", (".html", ".htm")), ("dot", None)):
        path = getattr(options, option)
        if path is None:
            continue
        suffix = os.path.splitext(path)[1].lower()
        if (suffixes and suffix not in suffixes) or (option == "dot" and suffix in (*_PICTURES, ".html")):
            wanted = f"one that ends in {' or '.join(suffixes)}" if suffixes else "another one, such as graph.dot"
            raise UsageError(f"--{option} cannot write {os.path.basename(path)!r}: name {wanted}")
        check_writable(path)


_PICTURES = (".svg", ".png", ".pdf")


class _Report:
    """What is printed, and written to files, about one expression at one point."""

    def __init__(self, expression: Expression, output: Value, inputs: list[Value], options: argparse.Namespace):
        self.expression, self.output, self.inputs, self.options = expression, output, inputs, options
        self.stepper = Stepper(output)
        self.name = self.stepper.names.get(output, "f")
        self.width = width_of(sys.stdout, WIDTH)

    def show(self) -> int:
        """Write the files, then print; returns the exit status."""
        self._write_files()
        text, value = " ".join(self.expression.text.split()), number_text(self.output.data)
        print(f"{text} = {value}" if text == self.name else f"{self.name} = {text} = {value}")
        self._values()
        if self.options.step and is_terminal(sys.stdin) and is_terminal(sys.stdout):
            explore(self.stepper)
        else:
            self._steps()
        self.stepper.run()
        self._gradients()
        if self.options.order == 2:
            self._second_derivatives()
        for path in filter(None, (self.options.svg, self.options.dot, self.options.html)):
            print("\n" + word("wrote {path}", path=path))
        return self._check()

    def _write_files(self) -> None:
        """The page begins before the first step; the pictures show the end of the pass."""
        drawing = None
        if self.options.svg or self.options.dot:
            from .drawing.draw import draw

            self.stepper.run()
            names = {name: node for node, name in self.stepper.names.items()}
            drawing = draw(self.output, labels=names, rankdir=self.options.rankdir)
            self.stepper.reset()
        if self.options.html:
            from .drawing.page import write_page

            write_page(self.stepper, self.options.html, language())
        if drawing and self.options.svg:
            drawing.save(self.options.svg)
        if drawing and self.options.dot:
            write_whole(self.options.dot, drawing.dot.encode())

    def _values(self) -> None:
        stepper = Stepper(self.output, forward=True)
        steps = [stepper.step() for node in stepper.order if node.parents]
        self._list(word("forward, operation by operation"), [s for s in steps if isinstance(s, Evaluation)])

    def _steps(self) -> None:
        title = word("backward from ∂{f}/∂{f} = 1, edge by edge: grad + upstream × local derivative", f=self.name)
        self._list(title, list(self.stepper))

    def _list(self, title: str, steps: Sequence[Step | Evaluation]) -> None:
        if steps:
            self._title(title)
            print("\n".join(align(lambda room: (["", *step.cells(room)] for step in steps), self.width, gaps=_GAPS)))

    def _title(self, title: str) -> None:
        print(f"\n{bold(title) if has_colour(sys.stdout) else title}")

    def _gradients(self) -> None:
        if not self.inputs:
            print("\n" + word("no variables, so no gradients"))
            return
        self._title(word("gradients"))
        self._derivatives([(f"∂{self.name}/∂{x.label}", x.grad or 0.0) for x in self.inputs])

    def _second_derivatives(self) -> None:
        self._title(word("second derivatives"))
        matrix = hessian(self.expression, *(x.data for x in self.inputs))
        found = []
        for k, (x, row) in enumerate(zip(self.inputs, matrix, strict=True)):
            for y, curvature in zip(self.inputs[k:], row[k:], strict=True):
                by = f"∂{x.label}²" if x is y else f"∂{x.label}∂{y.label}"
                found.append((f"∂²{self.name}/{by}", curvature))
        self._derivatives(found)

    def _derivatives(self, found: Sequence[tuple[str, float]]) -> None:
        rows = [["", name, f"= {number_text(derivative + 0.0)}"] for name, derivative in found]
        print("\n".join(align(lambda _: rows, _UNCUT, gaps=("  ", " "))))

    def _check(self) -> int:
        if not self.options.check or not self.inputs:
            return 0
        self._title(word("compared with finite differences"))
        checks = check_gradients(self.expression, *(x.data for x in self.inputs), order=self.options.order)
        print("\n".join(f"  {line}" for line in str(checks).splitlines()))
        return 0 if checks else 1


_GAPS = ("  ", "  ", "   ")
_UNCUT = 100_000  # columns: exact numbers are never cut
