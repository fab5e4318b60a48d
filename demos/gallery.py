"""The gallery: a page for each lesson with its text, formulas, pictures and exercises, as plain files for any server.

Beside the pages lie the pictures, the stepper's pages and one playground, which lessons link with their settings.
"""

import html
import io
import keyword
import re
import shutil
import tokenize
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from urllib.parse import quote

from autograd import messages, write_whole

from .curriculum import Lesson
from .exercises.catalogue import EXERCISES
from .formulas import formula
from .page import Link, Page, Picture, Table, Text

Shown = Sequence[tuple[Lesson, Page]]


def write_gallery(folder: Path, shown: Shown, language: str | None = None) -> None:
    """Write `index.html` and a page for each lesson `shown`, in the language of the environment unless it is named."""
    site = _Site(folder, shown, language or messages.language() or "en")
    site.write()


class _Site:
    """The pages of a gallery, in one language."""

    def __init__(self, folder: Path, shown: Shown, language: str):
        self.folder, self.shown, self.language = folder, shown, language
        self.word = messages.translation(language)

    def write(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        word = self.word
        entries = "\n".join(
            f'<li><a href="{lesson.id}.html"><b>{lesson.id}</b>{html.escape(word(lesson.title))}</a>'
            f"<span>{html.escape(word(lesson.sentence))}</span></li>"
            for lesson, _ in self.shown
        )
        self._write(
            "index",
            word("The lessons"),
            f"""<h1>{word("The lessons")}</h1>
<p>{word(_INTRODUCTION)}</p>
<nav><ol>
{entries}
</ol></nav>""",
        )
        for k, (lesson, page) in enumerate(self.shown):
            ways = self._ways(k)
            self._write(lesson.id, self._title(lesson), f"{ways}\n{self._section(lesson, page)}\n{ways}")
        if any(lesson.playground for lesson, _ in self.shown):
            import nn

            nn.playground(path=self.folder / "playground.html", show=False)

    def _title(self, lesson: Lesson) -> str:
        return f"{lesson.id} {self.word(lesson.title)}"

    def _write(self, name: str, title: str, body: str) -> None:
        text = _PAGE.replace("LANGUAGE", self.language.replace("zh_CN", "zh-CN")).replace("TITLE", html.escape(title))
        write_whole(self.folder / f"{name}.html", text.replace("BODY", body).encode())

    def _ways(self, k: int) -> str:
        """The links to the lesson before, to all, and to the next."""
        links = [("index.html", self.word("All lessons"))]
        if k > 0:
            before = self.shown[k - 1][0]
            links.insert(0, (f"{before.id}.html", f"← {self._title(before)}"))
        if k + 1 < len(self.shown):
            following = self.shown[k + 1][0]
            links.append((f"{following.id}.html", f"{self._title(following)} →"))
        return f'<nav class="ways">{" ".join(_link(address, text) for address, text in links)}</nav>'

    def _section(self, lesson: Lesson, page: Page) -> str:
        code = (Path(__file__).parent / "lessons" / f"{lesson.module}.py").read_text(encoding="utf-8")
        return f"""<section id="{lesson.id}">
<h1>{html.escape(self._title(lesson))}</h1>
<p class="sentence">{html.escape(self.word(lesson.sentence))}</p>
{chr(10).join(map(self._block, page.content))}
{self._to_do(lesson)}
<details><summary>{self.word("The code:")} <code>chainrule lesson {lesson.name}</code></summary>
<pre class="code">{highlighted(code)}</pre></details>
</section>"""

    def _to_do(self, lesson: Lesson) -> str:
        """The playground with the settings of the lesson, and its exercises."""
        items = [
            f"<li><code>chainrule learn start {exercise.id}</code> {html.escape(self.word(exercise.title))}</li>"
            for exercise in EXERCISES
            if exercise.lesson == lesson.id
        ]
        if lesson.playground:
            language = "&Language=zh-CN" if self.language == "zh_CN" else ""
            address = "playground.html#" + quote(lesson.playground + language, safe="=&,.")
            items.insert(0, f"<li>{_link(address, self.word('The playground with the settings of this lesson'))}</li>")
        return f"<h2>{self.word('Try it yourself')}</h2><ul>{''.join(items)}</ul>" if items else ""

    def _block(self, item: Text | Table | Picture | Link) -> str:
        if isinstance(item, Text):
            if item.kind == "formula":
                return formula(item.text)
            return f"<pre>{html.escape(item.text)}</pre>" if item.kind == "verbatim" else f"<p>{marked(item.text)}</p>"
        if isinstance(item, Link):
            return f'<p class="way">{_link(self._beside(item.path), f"{item.title} →")}</p>'
        if isinstance(item, Picture):
            return self._figure(item)
        right = [' class="number"' if numeric else "" for numeric in item.numeric]
        head = "".join(f"<th{c}>{html.escape(cell)}</th>" for c, cell in zip(right, item.headers, strict=True))
        rows = "\n".join(
            "<tr>" + "".join(f"<td{c}>{html.escape(cell)}</td>" for c, cell in zip(right, row, strict=True)) + "</tr>"
            for row in item.rows
        )
        return f'<div class="wide"><table><tr>{head}</tr>\n{rows}</table></div>'

    def _figure(self, picture: Picture) -> str:
        """A picture with its title below; on a phone its panels, one below the other. A click shows it alone."""
        name, alt = self._beside(picture.path), html.escape(picture.title)
        caption = f"<figcaption>{alt}</figcaption>"
        whole = f'<a class="whole" href="{name}"><img alt="{alt}" src="{name}"></a>'
        panels = "".join(
            f'<img class="panel" alt="" src="{name}#svgView(viewBox({left},{top},{width},{height}))" '
            f'style="aspect-ratio: {width} / {height}">'
            for left, top, width, height in picture.panels
        )
        kind = ' class="panels"' if panels else ""
        return f"<figure{kind}>{whole}{panels}{caption if panels or not picture.titled else ''}</figure>"

    def _beside(self, path: Path) -> str:
        """The address of a file in the folder of the pages, where it is copied if it lies elsewhere."""
        if path.parent.resolve() != self.folder.resolve():
            shutil.copy(path, self.folder)
        return quote(path.name)


def _link(address: str, text: str) -> str:
    return f'<a href="{html.escape(address)}">{html.escape(text)}</a>'


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


_INTRODUCTION = (
    "What the study of neural networks asks, run on this engine. Each lesson is one file: what it says, what it draws, "
    "and the code that did it."
)

_PAGE = """<!doctype html>
<html lang="LANGUAGE">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>TITLE</title>
<style>
:root { --ink: #1c1e21; --soft: #5b626b; --page: #fcfcfa; --box: #f1f1ec; --line: #d9d9d2; --link: #00558c;
        --text: #a3480e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e3; --soft: #a6abb2; --page: #17181a; --box: #222427; --line: #3a3d41; --link: #7cc0ef;
          --text: #f0a878; }
  /* White paper becomes dark paper; colours keep their hue. */
  figure img { filter: invert(.9) hue-rotate(180deg); }
}
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem; }
a { color: var(--link); }
h1 { line-height: 1.2; } h1::first-letter, a b + span::first-letter { text-transform: uppercase; }
nav ol { list-style: none; padding: 0; }
nav li { padding: .4rem 0; border-top: 1px solid var(--line); }
nav li b { display: inline-block; width: 2.6rem; }
nav li span { display: block; margin-left: 2.9rem; color: var(--soft); font-size: .92rem; }
section { border: solid var(--line); border-width: 1px 0; margin: 1rem 0; padding: 1rem 0 2rem; }
.ways { display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; justify-content: space-between; }
.sentence { color: var(--soft); font-size: 1.1rem; margin-top: -.5rem; }
.way a { display: inline-block; border: 1px solid var(--link); border-radius: 2rem; padding: .35rem 1rem;
         text-decoration: none; }
pre { background: var(--box); padding: .8rem 1rem; border-radius: .4rem; overflow-x: auto;
      font: 13px/1.45 ui-monospace, monospace; }
.code b { color: var(--link); font-weight: 600; } .code i { color: var(--soft); } .code q { color: var(--text); }
.code q { quotes: none; }
p.formula { display: flex; flex-wrap: wrap; gap: .8rem 2.4rem; align-items: center; overflow-x: auto; }
p.formula, table.formula { margin: 1rem 1.2rem; font-size: 1.08rem; }
.formula mtext { white-space: nowrap; } /* Chinese may break anywhere, and a second line would be lost */
table.formula td { padding: .25rem 2rem .25rem 0; border: 0; }
figure { margin: 1.2rem 0; text-align: center; }
figcaption { color: var(--soft); font-size: .92rem; margin-top: .4rem; }
img { max-width: 100%; background: white; border-radius: .4rem; }
/* Wide pictures may be wider than the lines of text. */
@media (min-width: 64rem) { figure { margin-inline: -8rem; } }
.panel, .panels figcaption { display: none; }
@media (max-width: 40rem) {
  .panel, .panels figcaption { display: block; } .panels .whole { display: none; }
  .panel { width: 100%; margin-bottom: .8rem; }
  figure:not(.panels) { overflow-x: auto; }
  figure:not(.panels) img { max-width: none; width: max(100%, 36rem); }
}
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
