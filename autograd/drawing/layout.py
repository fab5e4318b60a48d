"""The layout engine: DOT text in, picture out.

The engine that installs with the package (graphviz-pure, a program in a wheel) gives the same picture on every machine;
the system's own ``dot`` takes over where it cannot run. Which one runs is decided here and nowhere else. PNG and PDF
are made from the SVG by libraries, resvg-py and typst, with the fonts of this system, so that Chinese labels are right;
the system's ``dot`` takes over where such a library is missing.
"""

import os
import re
import shutil
import subprocess
import warnings
from collections.abc import Callable

ENGINES = ("bundled", "system")

# The engines measure letters as those of Helvetica; these have the same widths, and every system has one of them.
_FONTS = (b'"Helvetica,sans-Serif"', b'"Arial,Helvetica,Liberation Sans,Arimo,Nimbus Sans,sans-serif"')

# The label of an arrow on its ground, which is wider than the text in most fonts.
_PILL = re.compile(
    rb'(<path fill="#f8fafc" stroke="none" d="M([-\d.]+),\S+ ([-\d.]+),[^>]*>\n<text[^>]*?)'
    rb'text-anchor="start" x="[-\d.]+"(?=[^\n]*\n</g>)'
)

_ZOOM = 2.0  # of a PNG, where 1 is 96 dots an inch: a graph of some nodes fills a slide
_PIXELS = 32e6  # of a PNG at most: some seconds to write, and viewers still open it
_PAGE = 14_400.0  # points: the largest side of a page that readers of PDF show
_DPI = ["-Gdpi=192"]  # the resolution of a PNG that an engine draws itself

# Layout takes time by the ranks that arrows cross: each crossing is one more point to place. A leaf with many uses far
# from each other makes thousands of them; beyond this many, arrows are straight and the search for places is short.
_CROSSINGS = 1500
_QUICK = ["-Gsplines=line", "-Gnslimit=0.1", "-Gnslimit1=1", "-Gmclimit=0.1"]
_ARROW = re.compile(r'^\t*"?(\w+)"?[:\w]+ -> "?(\w+)', re.MULTILINE)


class LayoutError(RuntimeError):
    """No layout engine could draw the graph. `dot` is its text in the DOT language, for a tool that can."""

    def __init__(self, message: str, dot: str):
        super().__init__(message)
        self.dot = dot


def lay_out(dot: str, form: str, engine: str | None = None) -> bytes:
    """The picture of `dot` in format `form` ("svg", "png" or "pdf").

    `engine` is "bundled", "system", or None for the first of them that works. Raises LayoutError when none does.
    """
    if form == "svg":
        return _PILL.sub(_centred, _drawn(dot, form, (engine,) if engine else ENGINES).replace(*_FONTS))
    svg = lay_out(dot, "svg", engine).decode()
    try:
        letters = _missing_letters(svg)
        if letters is None and form == "png":
            return _png_without_fonts(dot, svg)
        picture = _CONVERTERS[form](svg)
    except (ImportError, RuntimeError, ValueError) as error:
        try:
            return _drawn(dot, form, ("system",))
        except LayoutError:
            raise LayoutError(f"the picture could not be saved as .{form}: {_remedy(error)}", dot) from error
    _warn_of(_strange(svg) if letters is None else letters, form)
    return picture


def _centred(label: re.Match[bytes]) -> bytes:
    middle = (float(label[2]) + float(label[3])) / 2
    return label[1] + f'text-anchor="middle" x="{middle:.2f}"'.encode()


def check_engine(engine: str | None) -> None:
    """ValueError for an engine that does not exist."""
    if engine is not None and engine not in ENGINES:
        known = "'bundled' (installed with this package) or 'system' (the dot of an installed Graphviz)"
        raise ValueError(f"unknown layout engine {engine!r}: choose {known}")


def _drawn(dot: str, form: str, engines: tuple[str, ...]) -> bytes:
    """What the first engine that works draws."""
    failures: list[str] = []
    options = [f"-T{form}", *(_DPI if form == "png" else []), *(_QUICK if _crossings(dot) > _CROSSINGS else [])]
    for name in engines:
        try:
            return _run([_PROGRAMS[name](), *options], dot)
        except (OSError, subprocess.SubprocessError, LookupError) as error:
            failures.append(f"{name} engine: {_reason(error)}")
    raise LayoutError(
        f"the graph could not be laid out as {form} ({'; '.join(failures)}). Install the layout engine with "
        "'pip install graphviz-pure', or Graphviz from https://graphviz.org/download/ so that dot is on the PATH; "
        "until then the drawing's .dot, which .save('graph.dot') writes, and this error's .dot hold the graph as text",
        dot,
    )


def _crossings(dot: str) -> int:
    """How many ranks the arrows of `dot` cross: a node is one rank after its last operand, a leaf one before its first
    use."""
    arrows = _ARROW.findall(dot)  # in the order of their heads, operands before the nodes that use them
    rank: dict[str, int] = {}
    for tail, head in arrows:
        rank[head] = max(rank.get(head, 0), rank.get(tail, 0) + 1)
    heads = {head for _, head in arrows}
    first: dict[str, int] = {}
    for tail, head in arrows:
        first[tail] = min(first.get(tail, rank[head]), rank[head])
    starts = {tail: rank[tail] if tail in heads else use - 1 for tail, use in first.items()}
    return sum(rank[head] - starts[tail] for tail, head in arrows)


# From SVG to the other formats


def _png(svg: str) -> bytes:
    import resvg_py

    width, height = _size(svg)
    zoom = min(_ZOOM, (_PIXELS / (width * height * (96 / 72) ** 2)) ** 0.5)
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, dpi=96, zoom=zoom))


def _pdf(svg: str) -> bytes:
    """One page with the picture as lines and letters."""
    import typst

    width, height = _size(svg)
    scale = min(1.0, _PAGE / max(width, height))
    page = (
        "#set document(date: none)\n"  # the same graph gives the same file
        f"#set page(width: {width * scale}pt, height: {height * scale}pt, margin: 0pt)\n"
        '#image(bytes(sys.inputs.svg), format: "svg", width: 100%)'
    )
    return bytes(typst.compile(page.encode(), sys_inputs={"svg": svg}))


_CONVERTERS: dict[str, Callable[[str], bytes]] = {"png": _png, "pdf": _pdf}
_LIBRARIES = {"resvg_py": "resvg-py", "typst": "typst"}  # modules and what installs them


def _remedy(error: Exception) -> str:
    if not isinstance(error, ImportError):
        return f"{error}; .svg and .html need no conversion"
    library = _LIBRARIES.get(error.name or "", error.name)
    return (
        f"the library {library} is missing: 'pip install {library}', or install Graphviz from "
        "https://graphviz.org/download/ so that dot is on the PATH; .svg and .html need neither"
    )


def _size(svg: str) -> tuple[float, float]:
    """Width and height in points."""
    found = re.search(r'<svg width="([\d.]+)pt" height="([\d.]+)pt"', svg)
    if found is None:
        raise LookupError("the layout engine wrote an SVG without a size")
    return float(found[1]), float(found[2])


# Letters that no font has


def _missing_letters(svg: str) -> str | None:
    """The letters of `svg` that no font of this system has; None on a system without any font."""
    if _probe("x") == _probe(" "):
        return None
    nothing = _probe("\U0010fffd")  # drawn as the box of a missing letter
    return "".join(sorted(c for c in _letters(svg) if not c.isascii() and _probe(c) == nothing))


def _probe(letter: str) -> bytes:
    """An image of one letter."""
    import resvg_py

    text = f'<text y="18" font-family="Arial,sans-serif" font-size="16">{letter}</text>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24">{text}</svg>'
    return bytes(resvg_py.svg_to_bytes(svg_string=svg))


def _letters(svg: str) -> set[str]:
    return {c for text in re.findall(r"<text[^>]*>([^<]*)", svg) for c in text if not c.isspace()}


def _strange(svg: str) -> str:
    """The letters that the fonts within graphviz-pure and typst lack."""
    return "".join(sorted(c for c in _letters(svg) if c > "\u05ff" and c not in "–—…∂∑√∞−≈≠≤≥"))


def _png_without_fonts(dot: str, svg: str) -> bytes:
    """A PNG in the letters that the bundled engine brings along."""
    _warn_of(_strange(svg), "png")
    return _drawn(dot, "png", ENGINES)


def _warn_of(letters: str, form: str) -> None:
    if letters:
        warnings.warn(
            f"no font of this system has letters for {letters!r}, so the {form} lacks them: install one that does (for "
            "Chinese Noto Sans CJK, on Debian and Ubuntu 'apt install fonts-noto-cjk'), or save as .svg or .html, "
            "which use the fonts of the reader",
            stacklevel=2,
        )


# The engines


def _bundled_program() -> str:
    """Where the wheel put its program: its own list of files knows, also in an environment that is not activated."""
    from importlib import metadata

    try:
        files = metadata.files("graphviz-pure") or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.stem == "graphviz-pure" and os.path.isfile(found := file.locate()):
            return os.path.realpath(found)
    on_path = shutil.which("graphviz-pure")
    if on_path is None:
        raise LookupError("the package graphviz-pure is not installed")
    return on_path


def _system_program() -> str:
    program = shutil.which("dot")
    if program is None:
        raise LookupError("there is no dot on the PATH")
    return program


_PROGRAMS: dict[str, Callable[[], str]] = {"bundled": lambda: _bundled_program(), "system": _system_program}


def _run(command: list[str], dot: str) -> bytes:
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # on Windows, no console flashes up
    result = subprocess.run(command, input=dot.encode(), capture_output=True, check=True, creationflags=flags)  # noqa: S603
    if not result.stdout:
        raise LookupError(f"{command[0]} wrote nothing")
    return result.stdout


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        said = error.stderr.decode(errors="replace").strip().splitlines()
        return f"{error.cmd[0]} ended with status {error.returncode}: {said[-1] if said else 'no message'}"
    return str(error.args[0] if isinstance(error, LookupError) else error)
