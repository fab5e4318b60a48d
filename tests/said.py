"""What lessons, exercises and commands say, found in their source: each text that the catalogue must have in Chinese.

``python -m tests.said FILE ...`` prints those that it lacks, as entries to fill in.
"""

import ast
import json
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import autograd
from demos.page import paragraphs

PO = Path(autograd.__file__).parent / "locale/zh_CN/LC_MESSAGES/chainrule.po"
ENTRY = re.compile(r'^msgid (".*")\nmsgstr (".*")$', re.MULTILINE)
LABELS = {"label", "title", "xlabel", "ylabel", "clabel"}  # arguments of matplotlib that hold a text
PARTS = {"title", "text", "hint", "hints"}  # what a `Stage` or a `Fault` of the exercises has in words


def catalogue() -> dict[str, str]:
    """The Chinese of each text."""
    return {ast.literal_eval(key): ast.literal_eval(text) for key, text in ENTRY.findall(PO.read_text("utf-8"))}


def said(path: Path) -> list[str]:
    """The texts that a lesson says: its docstring, and those that it gives to its page and its pictures."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts = list(_split(ast.get_docstring(tree, clean=False) or ""))
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "attr", "")
        if name in ("say", "progress"):
            for text in _constants(call.args[-1:]):
                texts += _split(text)
        elif name in ("word", "figure", "table", "legend", "annotate", "text", "axhline", "axvline"):
            texts += _constants([arg for arg in call.args if not isinstance(arg, ast.Call)])
        elif name in ("drawing", "stepper"):
            texts += _constants(call.args[2 if name == "drawing" else 1 :])  # a drawing has the name of its file before
        texts += _constants([k.value for k in call.keywords if k.arg in LABELS])
    return _with_words(texts)


def told(path: Path) -> list[str]:
    """The texts of a module of commands or exercises: what it gives to `word`, `task` and `Wrong`, and its titles."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: dict[str, list[str]] = {}  # the texts that a name may stand for
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    names.setdefault(target.id, []).extend(_constants([node.value]))
    texts = [text for name, found in names.items() if name.endswith("_TITLES") for text in found]
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        if name in ("word", "Wrong", "task"):
            found = _constants(call.args[:1]) or names.get(getattr(call.args[0], "id", ""), [])
            texts += [part for text in found for part in (_split(text) if name == "task" else [text])]
        elif name == "Exercise":
            texts += _constants(call.args[1:2])
        elif name in ("Stage", "Fault"):
            for keyword in call.keywords:
                if keyword.arg in PARTS:
                    found = _constants([keyword.value])
                    texts += [part for text in found for part in (_split(text) if keyword.arg == "text" else [text])]
    return _with_words(texts)


def _with_words(texts: list[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if has_words(text)))


def _split(text: str) -> Iterator[str]:
    for part in paragraphs(text):
        yield textwrap.dedent(part)


def _constants(nodes: list[ast.expr]) -> list[str]:
    """The texts that stand in expressions, but for those of an f-string and of calls in them."""
    found, stack = [], list(nodes)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
        elif not isinstance(node, ast.JoinedStr | ast.Call | ast.Subscript | ast.Compare):
            stack += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    return found


def has_words(text: str) -> bool:
    """Whether there is something to translate: a word of three letters, of four in a formula, outside the places."""
    least = 4 if "=" in text and "\n" not in text and len(text) < 60 else 3
    return bool(re.search(rf"[A-Za-z]{{{least}}}", re.sub(r"\{[^}]*\}", "", text)))


def entry(text: str, translation: str = "") -> str:
    return f"msgid {json.dumps(text, ensure_ascii=False)}\nmsgstr {json.dumps(translation, ensure_ascii=False)}\n"


if __name__ == "__main__":
    known = catalogue()
    for file in map(Path, sys.argv[1:]):
        found = said(file) if "lessons" in file.parts else told(file)
        if missing := [text for text in found if text not in known]:
            print(f"# {file.stem}\n" + "\n".join(map(entry, missing)))
