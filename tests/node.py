"""Runs ES modules in Node, for the tests of what we write in JavaScript."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="needs Node")

_SCRIPT = """\
import { readFileSync } from "node:fs";
import * as module from "./module.mjs";
const coded = (x) => typeof x === "number" ? (Object.is(x, -0) ? "-0" : String(x))
  : Array.isArray(x) || ArrayBuffer.isView(x) ? Array.from(x, coded)
  : x && typeof x === "object" ? Object.fromEntries(Object.entries(x).map(([k, y]) => [k, coded(y)])) : x;
const decoded = (x) => typeof x === "string" ? Number(x) : x.map(decoded);
const cases = JSON.parse(readFileSync("cases.json", "utf8"));
const run = %s;
console.log(JSON.stringify(cases.map(([name, ...xs]) => coded(run(name, ...xs.map(decoded))))));
"""


def _coded(x: Any) -> Any:
    return repr(float(x)).replace("inf", "Infinity") if not isinstance(x, (list, tuple)) else list(map(_coded, x))


def _decoded(x: Any) -> Any:
    if isinstance(x, dict):
        return {key: _decoded(y) for key, y in x.items()}
    if isinstance(x, list):
        return list(map(_decoded, x))
    try:
        return float(x)
    except ValueError:  # another text, a message perhaps
        return x


def in_node(folder: Path, module: str, run: str, cases: list[list[Any]]) -> list[Any]:
    """``run(name, ...numbers)``, JavaScript with the exports of `module` as ``module``, for each case.

    A number comes and goes as text, so that NaN, infinities and the sign of 0 arrive.
    """
    (folder / "module.mjs").write_text(module, "utf-8")
    (folder / "main.mjs").write_text(_SCRIPT % run, "utf-8")
    (folder / "cases.json").write_text(json.dumps([[name, *map(_coded, xs)] for name, *xs in cases]), "utf-8")
    done = subprocess.run([NODE or "node", "main.mjs"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [_decoded(x) for x in json.loads(done.stdout)]
