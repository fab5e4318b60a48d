"""The gallery: one HTML file with the text, the pictures and the code of each lesson, readable from disk."""

import base64
import html
import io
import keyword
import tokenize
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from .curriculum import Lesson
from .page import Page, Picture, Table, Text


def write_gallery(path: Path, shown: Sequence[tuple[Lesson, Page]]) -> None:
    """Write the page of all lessons `shown`, each with what it wrote; pictures are put into the file."""
    entries = "\n".join(f'<li><a href="#{lesson.id}"><b>{lesson.id}</b> {html.escape(lesson.title)}</a></li>'
                        for lesson, _ in shown)  # fmt: skip
    sections = "\n".join(_section(lesson, page) for lesson, page in shown)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_PAGE.replace("ENTRIES", entries).replace("SECTIONS", sections), encoding="utf-8")


def _section(lesson: Lesson, page: Page) -> str:
    code = (Path(__file__).parent / "lessons" / f"{lesson.module}.py").read_text(encoding="utf-8")
    return f"""<section id="{lesson.id}">
<h2>{html.escape(str(lesson))}</h2>
<p class="sentence">{html.escape(lesson.sentence)}</p>
{chr(10).join(map(_block, page.content))}
<details><summary>The code: <code>python -m demos {lesson.name}</code></summary>
<pre class="code">{highlighted(code)}</pre></details>
</section>"""


def _block(item: Text | Table | Picture) -> str:
    if isinstance(item, Text):
        tag = "pre" if item.verbatim else "p"
        return f"<{tag}>{html.escape(item.text)}</{tag}>"
    if isinstance(item, Picture):
        data = base64.b64encode(item.path.read_bytes()).decode()
        caption = "" if item.titled else f"<figcaption>{html.escape(item.title)}</figcaption>"
        picture = f'<img alt="{html.escape(item.title)}" src="data:image/svg+xml;base64,{data}">'
        return f"<figure>{picture}{caption}</figure>"
    right = [' class="number"' if numeric else "" for numeric in item.numeric]
    head = "".join(f"<th{c}>{html.escape(cell)}</th>" for c, cell in zip(right, item.headers, strict=True))
    rows = "\n".join(
        "<tr>" + "".join(f"<td{c}>{html.escape(cell)}</td>" for c, cell in zip(right, row, strict=True)) + "</tr>"
        for row in item.rows
    )
    return f'<div class="wide"><table><tr>{head}</tr>\n{rows}</table></div>'


def highlighted(code: str) -> str:
    """Python as HTML with its comments, texts and keywords marked.

    >>> highlighted("if x:  # why")
    '<b>if</b> x:  <i># why</i>'
    """
    starts = [0, *accumulate(map(len, code.splitlines(keepends=True)))]
    parts, at = [], 0
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        tag = {tokenize.COMMENT: "i", tokenize.STRING: "q"}.get(token.type)
        if token.type == tokenize.NAME and keyword.iskeyword(token.string):
            tag = "b"
        if tag:
            start, end = (starts[line - 1] + column for line, column in (token.start, token.end))
            parts += [html.escape(code[at:start]), f"<{tag}>{html.escape(code[start:end])}</{tag}>"]
            at = end
    return "".join(parts) + html.escape(code[at:])


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>The lessons</title>
<style>
:root { --ink: #1c1e21; --soft: #5b626b; --page: #fcfcfa; --box: #f1f1ec; --line: #d9d9d2; --link: #00558c; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e3; --soft: #a6abb2; --page: #17181a; --box: #222427; --line: #3a3d41; --link: #7cc0ef; }
}
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main, header { max-width: 62rem; margin: 0 auto; padding: 1.5rem; }
p { max-width: 46rem; }
a { color: var(--link); }
nav ol { columns: 20rem; list-style: none; padding: 0; }
nav li { break-inside: avoid; padding: .15rem 0; }
section { border-top: 1px solid var(--line); padding: 1rem 0 2rem; }
h2::first-letter { text-transform: uppercase; }
.sentence { color: var(--soft); font-size: 1.1rem; margin-top: -.5rem; }
pre { background: var(--box); padding: .8rem 1rem; border-radius: .4rem; overflow-x: auto;
      font: 13px/1.45 ui-monospace, monospace; }
.code b { color: var(--link); font-weight: 600; } .code i { color: var(--soft); } .code q { color: #a3480e; }
.code q { quotes: none; } @media (prefers-color-scheme: dark) { .code q { color: #f0a878; } }
figure { margin: 1.2rem 0; text-align: center; }
figcaption { color: var(--soft); font-size: .92rem; }
img { max-width: 100%; background: white; border-radius: .4rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); }
.number { text-align: right; }
summary { cursor: pointer; color: var(--soft); }
</style>
</head>
<body>
<header>
<h1>The lessons</h1>
<p>What the study of neural networks asks, run on this engine. Each lesson is one file: what it says, what it draws,
and the code that did it.</p>
<nav><ol>
ENTRIES
</ol></nav>
</header>
<main>
SECTIONS
</main>
</body>
</html>
"""
