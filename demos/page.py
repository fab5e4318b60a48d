"""What every lesson shares: a page to write on. It takes text, tables and pictures, in one style, for terminal and web.

A lesson says what it has to say to a `Page`, which prints it at once, saves the pictures to a folder, and keeps
everything in order for the gallery. The lesson never asks where its words go, nor in which language: it writes English,
and the page looks each paragraph, header and label up in the catalogue.
"""

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from autograd import messages

T = TypeVar("T")

WIDTH = 88
# Where pictures go: in a checkout beside the lessons; when installed, below the current folder.
GALLERY = Path(__file__).parent / "gallery" if __package__ == "demos" else Path("chainrule-gallery")

# Okabe and Ito's colours, which the colour-blind can distinguish; dashes and markers differ, for pictures in grey.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
MARKERS = ("o", "^", "s", "D", "v", "P", "X")

CHINESE_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans SC", "PingFang SC", "Hiragino Sans GB",
    "Microsoft YaHei", "SimHei", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Arial Unicode MS",
)  # fmt: skip


class Text(NamedTuple):
    """A paragraph (a `kind` of its own: "formula", or "verbatim" where its lines are to stay as they are)."""

    text: str
    kind: str = "paragraph"


class Table(NamedTuple):
    """Rows of cells under headers; the columns of numbers are aligned to the right."""

    headers: list[str]
    rows: list[list[str]]
    numeric: list[bool]


class Picture(NamedTuple):
    """A saved picture: the SVG file (with a PNG of the same name beside it), what it shows, whether it says so.

    `panels` are the parts that a phone shows one below the other: left, top, width and height of each, in the units of
    the SVG.
    """

    path: Path
    title: str
    titled: bool = True
    panels: Sequence[tuple[float, float, float, float]] = ()


class Link(NamedTuple):
    """A page of its own, in the folder of the pictures."""

    path: Path
    title: str


class Page:
    """Where a lesson writes.

    Arguments:
        seed: of every random number of the lesson.
        quick: whether the lesson should do less work: fewer epochs, fewer examples, the same claims.
        plots: whether pictures are saved (without, they are never rendered).
        out: the folder for pictures.
        name: of the lesson's module, which its pictures are called by; by default that of the program.
        language: "en" or "zh_CN"; by default that of the environment.

    >>> page = Page(plots=False, language="en")
    >>> page.say("The gradient points uphill.")
    The gradient points uphill.
    <BLANKLINE>
    >>> page.table(["w", "gradient"], [[0.5, -12], ["bias", 3.25]])
       w  gradient
     0.5       -12
    bias      3.25
    <BLANKLINE>
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        quick: bool = False,
        plots: bool = True,
        out: str | os.PathLike[str] = GALLERY,
        name: str = "",
        language: str | None = None,
    ):
        self.seed, self.quick, self.plots = seed, quick, plots
        self.language = language or messages.language() or "en"
        self.out, self.name = Path(out), name or Path(sys.argv[0]).stem or "lesson"
        self.content: list[Text | Table | Picture | Link] = []
        self._figures = 0

    def word(self, text: str, **fields: object) -> str:
        """A text in the language of the page; the fields fill its places in braces, such as ``{loss:.3g}``."""
        return messages.word(text, self.language, **fields)

    def say(self, text: str | None, **fields: object) -> None:
        """Print paragraphs, wrapped; one that is indented (a formula) stays as it is.

        A lesson begins with ``page.say(__doc__)``. Indentation counts from the line of the closing quotes, where these
        are alone in their line.

        Arguments:
            text: in English. Each paragraph is looked up in the catalogue by itself, its lines joined by spaces.
            fields: what fills the places in braces: ``page.say("The loss is {loss:.3g}.", loss=0.25)``.
        """
        if text is None or text.startswith("Automatically created module for IPython"):
            return  # a notebook has put its own text into __doc__; that of the lesson is in its first cell
        for part in paragraphs(text):
            if part.startswith("    "):
                self._show(self.word(textwrap.dedent(part), **fields), "formula")
            else:
                paragraph = self.word(part, **fields)
                self.content.append(Text(paragraph))
                print(messages.wrapped(paragraph, width()), end="\n\n")

    def show(self, *lines: object) -> None:
        """Print lines as they are, such as the steps of a stepper or the table of `check_gradients`."""
        self._show("\n".join(map(str, lines)).strip("\n"), "verbatim")

    def _show(self, text: str, kind: str) -> None:
        self.content.append(Text(text, kind))
        print(textwrap.indent(text, "    "), end="\n\n")

    def steps(self, steps: Iterable[object]) -> None:
        """Print steps of a stepper with their parts in columns."""
        rows = [re.split(r" {2,}", str(step)) for step in steps]
        widths = [max(map(messages.columns, column)) for column in zip_longest(*rows, fillvalue="")]
        self.show(*("  ".join(map(messages.pad, row, widths)).rstrip() for row in rows))

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Print a table. Cells are texts or numbers; numbers get five significant digits, give a text for others."""
        headers = [self.word(header) for header in headers]
        cells = [list(row) for row in rows]
        texts = [[self.word(cell) if isinstance(cell, str) else _text(cell) for cell in row] for row in cells]
        numeric = [any(_is_number(row[k]) for row in cells) for k in range(len(headers))]
        widths = [max(map(messages.columns, column)) for column in zip(headers, *texts, strict=True)]
        for row in [list(headers), *texts]:
            padded = [
                " " * (width - messages.columns(cell)) + cell if right else messages.pad(cell, width)
                for cell, width, right in zip(row, widths, numeric, strict=True)
            ]
            print("  ".join(padded).rstrip())
        print()
        self.content.append(Table(list(headers), texts, numeric))

    @contextmanager
    def figure(
        self,
        title: str,
        rows: int = 1,
        columns: int = 1,
        size: tuple[float, float] | None = None,
        **fields: object,
    ) -> Iterator[tuple[Any, Any]]:
        """A matplotlib figure and its axes (one, or an array of them), saved at the end as SVG and PNG.

        Arguments:
            title: what the picture shows, as a sentence: the finding, not the topic.
            rows, columns: of axes.
            size: width and height in inches.
            fields: what fills the places of the title.

        What is written in the figure (axes, legends) is looked up in the catalogue when it is saved.
        """
        import matplotlib as mpl
        from matplotlib import text as written
        from matplotlib.figure import Figure

        size = size or ((6.4, 4.4) if rows == columns == 1 else (4.3 * columns, 3.7 * rows + 0.4))
        with mpl.rc_context(_style() | ({} if self.language == "en" else _fonts())):
            figure = Figure(figsize=size, layout="constrained")
            axes = figure.subplots(rows, columns)
            title = self.word(title, **fields)
            figure.suptitle(messages.wrapped(title, int(size[0] * 12)), fontsize=11.5)
            yield figure, axes
            self._figures += 1
            if self.plots:
                for text in figure.findobj(written.Text):
                    text.set_text(self.word(text.get_text()))
                path = self._path("" if self._figures == 1 else f"-{self._figures}")
                figure.savefig(path, metadata={"Date": None})
                figure.savefig(path.with_suffix(".png"), dpi=110)
                self._picture(Picture(path, title, panels=_panels(figure) if rows * columns > 1 else ()))

    def drawing(self, drawing: Any, name: str = "graph", title: str = "") -> None:
        """Save a picture of a graph, made by `autograd.draw` or `nn.draw`, as ``<module>-<name>.svg``.

        That of `autograd.draw` gets a ``.png`` beside it.
        """
        title = self.word(title)
        if self.plots:
            path = self._path(f"-{name}")
            drawing.save(path)
            with suppress(ValueError):  # the diagram of a network is SVG alone
                drawing.save(path.with_suffix(".png"))
            self._picture(Picture(path, title or name, titled=False))

    def stepper(self, stepper: Any, title: str) -> None:
        """Save the page of a stepper, as ``<module>-steps.html``."""
        if self.plots:
            title = self.word(title)
            path = self._path("-steps").with_suffix(".html")
            stepper.save(path)
            self.content.append(Link(path, title))
            print(f"{title}\n{self.word('[page: {path}]', path=os.path.relpath(path))}\n")

    def progress(self, items: Iterable[T], what: str) -> Iterable[T]:
        """The items, with a progress bar on a terminal where they take more than two seconds."""
        from tqdm import tqdm

        return tqdm(items, desc=self.word(what), delay=2.0, leave=False, disable=None)

    def _path(self, suffix: str) -> Path:
        self.out.mkdir(parents=True, exist_ok=True)
        return self.out / f"{self.name}{suffix}.svg"

    def _picture(self, picture: Picture) -> None:
        self.content.append(picture)
        image = picture.path.with_suffix(".png")
        shown = os.path.relpath(image if image.exists() else picture.path)
        print(f"{picture.title}\n{self.word('[picture: {path}]', path=shown)}\n")
        if "ipykernel" in sys.modules:  # a notebook shows it below the cell
            from IPython.display import SVG, display

            display(SVG(filename=str(picture.path)))


@cache
def _fonts() -> dict[str, Any]:
    """The fonts of a picture with Chinese: after the usual one, one that has its characters."""
    from matplotlib import font_manager, rcParams

    known = {font.name for font in font_manager.fontManager.ttflist}
    if chosen := next((name for name in CHINESE_FONTS if name in known), None):
        return {"font.family": [*rcParams["font.family"], chosen]}
    print("图中的汉字需要一种中文字体，例如 Noto Sans CJK SC：https://fonts.google.com/noto", file=sys.stderr)
    return {}


def _panels(figure: Any) -> list[tuple[float, float, float, float]]:
    """Where the axes of a figure stand in its SVG, with their labels; a colour bar of one belongs to it."""
    from matplotlib.transforms import Bbox

    points = figure.dpi_scale_trans.inverted()
    height = figure.get_figheight()
    found: dict[Any, list[Any]] = {}
    for axes in figure.axes:
        explained = getattr(axes, "_colorbar_info", {}).get("parents", [])
        owner = explained[0] if len(explained) == 1 else axes
        found.setdefault(owner, []).append(axes.get_tightbbox())
    boxes = [Bbox.union(parts).transformed(points).padded(0.05) for parts in found.values()]
    return [tuple(round(72 * n, 1) for n in (b.x0, height - b.y1, b.width, b.height)) for b in boxes]  # type: ignore[misc]


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text without its indentation, each in one line; those that are indented as they are.

    >>> paragraphs("One\\nand two.\\n\\n    f = x·y")
    ['One and two.', '    f = x·y']
    """
    parts = [part.strip("\n") for part in _at_margin(text).split("\n\n")]
    formula = [all(line.startswith("    ") for line in part.split("\n")) for part in parts]
    return [part if kept else " ".join(part.split()) for part, kept in zip(parts, formula, strict=True)]


def width() -> int:
    """Columns of a paragraph: those of the terminal, at most 88."""
    return min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)


def _at_margin(text: str) -> str:
    """The text without the indentation of the code around it."""
    first, *others = text.strip("\n").split("\n")
    margin = min((len(line) - len(line.lstrip(" ")) for line in others if line), default=0)
    return "\n".join([first.strip(), *(line[margin:].rstrip() for line in others)]).strip("\n")


def _is_number(cell: Any) -> bool:
    """Whether the cell is a number, or the text of one such as ``-1.50`` or ``1e-4``."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:.5g}"


def _style() -> dict[str, Any]:
    """The look of all pictures."""
    from cycler import cycler

    return {
        "axes.prop_cycle": cycler(color=COLORS) + cycler(linestyle=DASHES),
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.titlesize": 10,
        "axes.labelsize": 9.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "grid.color": "0.9",
        "image.cmap": "cividis",
        "legend.fontsize": 8.5,
        "legend.framealpha": 0.85,
        "lines.linewidth": 1.8,
        "lines.markersize": 5.5,
        "svg.hashsalt": "lessons",  # the same picture, the same file
        "xtick.labelsize": 8.5,
        "ytick.labelsize": 8.5,
    }
