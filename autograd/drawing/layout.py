"""The layout engine: DOT text in, picture out.

The engine that installs with the package (graphviz-pure, a program in a wheel) gives the same picture on every machine;
the system's own ``dot`` takes over where it cannot run or cannot write the format. Which one runs is decided here and
nowhere else.
"""

import os
import shutil
import subprocess
import warnings
from collections.abc import Callable

ENGINES = ("bundled", "system")

# What a picture is wanted for decides its resolution; PNG at twice the usual 96 dots an inch fills a slide.
_OPTIONS = {"png": ["-Gdpi=192"], "jpg": ["-Gdpi=300", "-Gbgcolor=white"]}

# The engines measure letters as those of Helvetica; these have the same widths, and every system has one of them.
_FONTS = (b'"Helvetica,sans-Serif"', b'"Arial,Helvetica,Liberation Sans,Arimo,Nimbus Sans,sans-serif"')


class LayoutError(RuntimeError):
    """No layout engine could draw the graph. `dot` is its text in the DOT language, for a tool that can."""

    def __init__(self, message: str, dot: str):
        super().__init__(message)
        self.dot = dot


def lay_out(dot: str, form: str, engine: str | None = None) -> bytes:
    """The picture of `dot` in format `form` ("svg", "png" or "pdf").

    `engine` is "bundled", "system", or None for the first of them that works. Raises LayoutError when none does.
    """
    failures: list[str] = []
    for name in _candidates(dot, form, engine):
        try:
            picture = _PROGRAMS[name](dot, form)
            return picture.replace(*_FONTS) if form == "svg" else picture
        except (OSError, subprocess.SubprocessError, LookupError) as error:
            failures.append(f"{name} engine: {_reason(error)}")
    raise LayoutError(
        f"the graph could not be laid out as {form} ({'; '.join(failures)}). Install the layout engine with "
        "'pip install graphviz-pure', or Graphviz from https://graphviz.org/download/ so that dot is on the PATH; "
        "until then the drawing's .dot, which .save('graph.dot') writes, and this error's .dot hold the graph as text",
        dot,
    )


def check_engine(engine: str | None) -> None:
    """ValueError for an engine that does not exist."""
    if engine is not None and engine not in ENGINES:
        known = "'bundled' (installed with this package) or 'system' (the dot of an installed Graphviz)"
        raise ValueError(f"unknown layout engine {engine!r}: choose {known}")


def _candidates(dot: str, form: str, engine: str | None) -> tuple[str, ...]:
    if engine is not None:
        return (engine,)
    # The bundled engine writes a PDF as an image, and has letters of its own for images: not those of Chinese, say.
    return ENGINES[::-1] if form == "pdf" or _missing_letters(dot, form) else ENGINES


def _bundled(dot: str, form: str) -> bytes:
    program = _bundled_program()
    if missing := _missing_letters(dot, form):
        warnings.warn(
            f"the bundled engine has no letters for {missing!r} in a {form} file and draws boxes: "
            "save as .svg or .html, which use the fonts of the reader, or install Graphviz",
            stacklevel=2,
        )
    if form == "pdf":
        return _pdf_of_jpeg(_run([program, "-Tjpg", *_OPTIONS["jpg"]], dot))
    return _run([program, f"-T{form}", *_OPTIONS.get(form, [])], dot)


def _missing_letters(dot: str, form: str) -> str:
    """The characters of `dot` that the fonts within graphviz-pure lack; an SVG takes the fonts of whoever shows it."""
    if form == "svg" or dot.isascii():
        return ""
    return "".join(
        sorted({c for c in dot if not ("\0" <= c <= "\u05ff" or "\u1e00" <= c <= "\u21ff") and c not in _SYMBOLS})
    )


_SYMBOLS = frozenset("∂∆∏∑−∕∙√∞∟∩∫≈≠≡≤≥")


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


def _system(dot: str, form: str) -> bytes:
    program = shutil.which("dot")
    if program is None:
        raise LookupError("there is no dot on the PATH")
    return _run([program, f"-T{form}", *_OPTIONS.get(form, [])], dot)


_PROGRAMS: dict[str, Callable[[str, str], bytes]] = {"bundled": _bundled, "system": _system}


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


def _pdf_of_jpeg(jpeg: bytes) -> bytes:
    """One page that shows the image at 300 dots an inch (the structure of ISO 32000-1, section 7.5)."""
    width, height = _jpeg_size(jpeg)
    page = f"{width * 72 / 300:.2f}", f"{height * 72 / 300:.2f}"
    show = f"q {page[0]} 0 0 {page[1]} 0 0 cm /Im Do Q".encode()
    image = (
        f"<< /Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceRGB "
        f"/BitsPerComponent 8 /Filter /DCTDecode /Length {len(jpeg)} >>"
    )
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {page[0]} {page[1]}] /Contents 4 0 R "
        "/Resources << /XObject << /Im 5 0 R >> >> >>".encode(),
        f"<< /Length {len(show)} >>\nstream\n".encode() + show + b"\nendstream",
        image.encode() + b"\nstream\n" + jpeg + b"\nendstream",
    ]
    pdf = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    offsets = []
    for k, body in enumerate(objects, 1):
        offsets.append(len(pdf))
        pdf += b"%d 0 obj\n%b\nendobj\n" % (k, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    end = b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return pdf + end % (len(objects) + 1, table, len(objects) + 1, len(pdf))


def _jpeg_size(jpeg: bytes) -> tuple[int, int]:
    """Width and height in pixels, from the frame header (ITU-T T.81, section B.2.2)."""
    at = 2
    while not 0xC0 <= jpeg[at + 1] <= 0xC3:
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return int.from_bytes(jpeg[at + 7 : at + 9], "big"), int.from_bytes(jpeg[at + 5 : at + 7], "big")
