"""The gallery: a page for each lesson with its text, pictures, exercises and code, readable from disk."""

import base64
import html
import io
import keyword
import re
import tokenize
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from autograd import write_whole

from .curriculum import Lesson
from .exercises.catalogue import EXERCISES
from .page import Link, Page, Picture, Table, Text


def write_gallery(folder: Path, shown: Sequence[tuple[Lesson, Page]]) -> None:
    """Write `index.html` and a page for each lesson `shown`; pictures are put into the pages."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = "\n".join(
        f'<li><a href="{lesson.id}.html"><b>{lesson.id}</b> {html.escape(lesson.title)}</a></li>' for lesson, _ in shown
    )
    _write(folder / "index.html", "The lessons", f"{_INTRODUCTION}\n<nav><ol>\n{entries}\n</ol></nav>")
    for k, (lesson, page) in enumerate(shown):
        links = [("index.html", "All lessons")]
        if k > 0:
            links.insert(0, (f"{shown[k - 1][0].id}.html", f"← {shown[k - 1][0]}"))
        if k + 1 < len(shown):
            links.append((f"{shown[k + 1][0].id}.html", f"{shown[k + 1][0]} →"))
        ways = " ".join(f'<a href="{address}">{html.escape(text)}</a>' for address, text in links)
        around = f'<nav class="ways">{ways}</nav>'
        _write(folder / f"{lesson.id}.html", str(lesson), f"{around}\n{_section(lesson, page)}\n{around}")


def _write(path: Path, title: str, body: str) -> None:
    text = _PAGE.replace("TITLE", html.escape(title)).replace("BODY", body)
    write_whole(path, text.encode())


def _section(lesson: Lesson, page: Page) -> str:
    code = (Path(__file__).parent / "lessons" / f"{lesson.module}.py").read_text(encoding="utf-8")
    exercises = "".join(
        f"<li><code>chainrule learn start {exercise.id}</code> {html.escape(exercise.title)}</li>"
        for exercise in EXERCISES
        if exercise.lesson == lesson.id
    )
    return f"""<section id="{lesson.id}">
<h1>{html.escape(str(lesson))}</h1>
<p class="sentence">{html.escape(lesson.sentence)}</p>
{chr(10).join(map(_block, page.content))}
{f"<h2>Exercises</h2><ul>{exercises}</ul>" if exercises else ""}
<details><summary>The code: <code>chainrule lesson {lesson.name}</code></summary>
<pre class="code">{highlighted(code)}</pre></details>
</section>"""


def _block(item: Text | Table | Picture | Link) -> str:
    if isinstance(item, Text):
        return f"<pre>{html.escape(item.text)}</pre>" if item.verbatim else f"<p>{marked(item.text)}</p>"
    if isinstance(item, Link):
        return f'<p><a href="{html.escape(item.path.name)}">{html.escape(item.title)}</a></p>'
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


def marked(text: str) -> str:
    """A paragraph as HTML: `code` and *stress* as in its source.

    >>> marked("`nn.fit` needs *no* loop, and 2*x*y < 1")
    '<code>nn.fit</code> needs <em>no</em> loop, and 2*x*y &lt; 1'
    """
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
    return re.sub(r"(?<![\w*])\*(\w(?:[^*]*\w)?)\*(?![\w*])", r"<em>\1</em>", text)


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


_INTRODUCTION = """<h1>The lessons</h1>
<p>What the study of neural networks asks, run on this engine. Each lesson is one file: what it says, what it draws,
and the code that did it.</p>"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>TITLE</title>
<style>
:root { --ink: #1c1e21; --soft: #5b626b; --page: #fcfcfa; --box: #f1f1ec; --line: #d9d9d2; --link: #00558c; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e3; --soft: #a6abb2; --page: #17181a; --box: #222427; --line: #3a3d41; --link: #7cc0ef; }
}
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem; }
p { max-width: 46rem; }
a { color: var(--link); }
nav ol { columns: 20rem; list-style: none; padding: 0; }
nav li { break-inside: avoid; padding: .15rem 0; }
section { border: solid var(--line); border-width: 1px 0; margin: 1rem 0; padding: 1rem 0 2rem; }
.ways { display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; justify-content: space-between; }
.sentence { color: var(--soft); font-size: 1.1rem; margin-top: -.5rem; }
pre { background: var(--box); padding: .8rem 1rem; border-radius: .4rem; overflow-x: auto;
      font: 13px/1.45 ui-monospace, monospace; }
.code b { color: var(--link); font-weight: 600; } .code i { color: var(--soft); } .code q { color: #a3480e; }
.code q { quotes: none; } @media (prefers-color-scheme: dark) { .code q { color: #f0a878; } }
figure { margin: 1.2rem 0; text-align: center; overflow-x: auto; }
figcaption { color: var(--soft); font-size: .92rem; }
img { max-width: 100%; min-width: min(100%, 20rem); background: white; border-radius: .4rem; }
/* On a phone a picture keeps a size at which its letters can be read, and scrolls sideways. */
@media (max-width: 50rem) { figure img { max-width: none; min-width: 0; width: max(100%, 44rem); } }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); }
.number { text-align: right; }
summary { cursor: pointer; color: var(--soft); }
</style>
</head>
<body>
<main>
BODY
</main>
</body>
</html>
"""
