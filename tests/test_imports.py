"""Imports run one way, the packages' fronts hold names alone, and importing is light."""

import ast
import builtins
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import autograd
import nn

ROOT = Path(autograd.__file__).parent.parent
ENGINE = {
    ".".join(path.relative_to(ROOT / "autograd").with_suffix("").parts): path
    for path in sorted((ROOT / "autograd").rglob("*.py"))
}
# What each folder may import, besides itself; a module that stands beside the folders is a folder of its own.
BELOW: dict[str, set[str]] = {
    "files": set(),
    "kept": {"files"},
    "messages": {"notation", "engine", "rules"},
    "name_clash": set(),  # asks the installed copy of chainrule_command
    "chainrule_command": set(),
    "rules": set(),
    "engine": {"rules", "kept"},
    "notation": {"engine", "rules"},
    "expression": {"notation", "engine", "rules"},
    "stepping": {"notation", "engine", "rules", "messages"},
    "drawing": {"stepping", "notation", "engine", "rules", "files", "messages"},
    "checks": {"expression", "notation", "engine", "rules"},
    "compiler": {"notation", "engine", "rules", "kept"},
    "console": {"stepping", "messages"},
    "cli": {
        "console",
        "checks",
        "drawing",
        "stepping",
        "expression",
        "notation",
        "engine",
        "rules",
        "files",
        "messages",
    },
    "__main__": {"cli"},
    "__init__": {
        "console",
        "files",
        "messages",
        "name_clash",
        "compiler",
        "checks",
        "drawing",
        "stepping",
        "expression",
        "notation",
        "engine",
        "rules",
    },
}
# What a function imports of what stands above: the ways from a Value to its stepper and its picture, and those of the
# command's words.
UPWARD = {
    ("cli", "nn", "_play"),
    ("engine.value", "drawing.draw", "_repr_svg_"),
    ("engine.value", "drawing.stepper_output", "stepper"),
}


@cache
def nodes(tree: ast.AST) -> list[ast.AST]:
    """A tree and all below it."""
    return list(ast.walk(tree))


def imports(name: str, tree: ast.AST) -> set[str]:
    """The modules of our own that a module of the engine imports, wherever in its text it does."""
    package = name.split(".")[:-1]
    found = set()
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            assert not any(alias.name.split(".")[0] == "autograd" for alias in node.names), f"{name}: import autograd"
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level == 0:
            own = (node.module or "").split(".")[0] == "autograd" and name != "chainrule_command"  # installed elsewhere
            assert not own, f"{name}: imports within the engine are relative"
            continue
        base = package[: len(package) - node.level + 1]
        if node.module:
            base = [*base, *node.module.split(".")]
        for alias in node.names:
            full = ".".join([*base, alias.name])
            found.add(full if full in ENGINE else ".".join(base))
    return {f"{target}.__init__" if f"{target}.__init__" in ENGINE else target for target in found}


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def running(path: Path) -> ast.Module:
    """The module without what it imports for types alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):  # which is not kept: it changes
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    return tree


def packages(tree: ast.AST) -> set[str]:
    """The packages beside the engine that are imported."""
    modules = [alias.name for node in nodes(tree) if isinstance(node, ast.Import) for alias in node.names]
    modules += [n.module or "" for n in nodes(tree) if isinstance(n, ast.ImportFrom) and n.level == 0]
    return {module.split(".")[0] for module in modules} & {"nn", "demos", "tests"}


@cache
def upward(name: str, path: Path) -> set[tuple[str, str, str]]:
    """What its functions import from above: module, target, function."""
    return {
        (name, target, function.name)
        for function in nodes(running(path))
        if isinstance(function, ast.FunctionDef)
        for target in imports(name, function) | packages(function)
        if folder(target) not in BELOW[folder(name)] | {folder(name)}
    }


def folder(name: str) -> str:
    return name.split(".")[0]


IMPORTS = {name: imports(name, running(path)) for name, path in ENGINE.items()}


def test_every_import_is_of_a_module_that_exists() -> None:
    for name, targets in IMPORTS.items():
        assert targets <= set(ENGINE), (name, targets - set(ENGINE))


def test_every_folder_has_its_place() -> None:
    assert {folder(name) for name in ENGINE} == set(BELOW)


def test_folders_import_what_is_below_them() -> None:
    for name, path in ENGINE.items():
        excepted = {target for _, target, _ in upward(name, path)}
        above = {folder(target) for target in IMPORTS[name] - excepted} - BELOW[folder(name)] - {folder(name)}
        assert not above, f"{name} imports from above: {above}"


def test_the_ways_up_are_those_that_are_listed() -> None:
    assert set().union(*(upward(name, path) for name, path in ENGINE.items())) == UPWARD


def test_imports_run_one_way() -> None:
    ways_up = {(name, target) for name, target, _ in UPWARD}

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        stack = [start]
        while stack:
            name = stack.pop()
            new = {target for target in IMPORTS[name] if (name, target) not in ways_up} - seen
            seen |= new
            stack += new
        return seen

    for name in ENGINE:
        assert name not in reached(name), f"{name} imports itself through {IMPORTS[name]}"


def test_nothing_sets_methods_onto_the_classes_of_others() -> None:
    """But for one place, which puts the fast operators on Value."""
    places = {}
    for name, path in ENGINE.items():
        tree = parsed(path)
        own = {node.name for node in nodes(tree) if isinstance(node, ast.ClassDef)}
        for node in nodes(tree):
            target = None
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
                target = node.targets[0].value
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "setattr":
                target = node.args[0]
            if (
                isinstance(target, ast.Name)
                and target.id[:1].isupper()
                and target.id not in own
                and target.id != "TABLE"
            ):
                places[name] = target.id
    assert places == {"engine.fast_ops": "Value"}


def test_the_engine_knows_nothing_of_nn_and_demos() -> None:
    for name, path in ENGINE.items():
        functions = {target for _, target, _ in upward(name, path)}
        assert packages(parsed(path)) <= functions, name


def test_only_the_command_imports_a_module_by_a_name_that_is_calculated() -> None:
    """It runs the commands of the lessons' package, inside a function."""
    places = {
        (name, function.name)
        for name, path in ENGINE.items()
        for function in nodes(parsed(path))
        if isinstance(function, ast.FunctionDef)
        for node in nodes(function)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module")
    }
    assert places == {("cli", "_course")}


OUTSIDE = sorted((ROOT / "nn").rglob("*.py")) + sorted((ROOT / "demos").rglob("*.py"))


def test_nn_and_demos_use_only_public_names() -> None:
    for path in OUTSIDE:
        private = private_names(path)
        assert not private, f"{path.relative_to(ROOT)} uses what is not public: {private}"


def private_names(path: Path) -> list[str]:
    """What a module uses of the packages below it that these do not hand on."""
    public = {"autograd": set(dir(autograd))}
    if "demos" in path.parts:
        public["nn"] = set(dir(nn))
    named = {"autograd": "autograd", "nn": "nn"}  # and what `import ... as` calls them
    tree = parsed(path)
    found = []
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                head = alias.name.split(".")[0]
                if head in public:
                    found += [alias.name] if alias.name != head else []
                    named[alias.asname or head] = head
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").split(".")[0] in public:
            known = public.get(node.module or "", set())
            found += [f"{node.module}.{alias.name}" for alias in node.names if alias.name not in known]
    for node in nodes(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            package = named.get(node.value.id)
            if package in public and not node.attr.startswith("__") and node.attr not in public[package]:
                found.append(f"{package}.{node.attr}")
    return found


def test_a_private_name_is_found(tmp_path: Path) -> None:
    module = tmp_path / "nn" / "module.py"
    module.parent.mkdir()
    module.write_text(
        "import autograd as ag\nimport autograd.engine\n"
        "from autograd.rules import table\nfrom autograd import Value, _x\n"
        "ag.modes, ag.exp\n"
    )
    assert private_names(module) == ["autograd.engine", "autograd.rules.table", "autograd._x", "autograd.modes"]


@pytest.mark.parametrize("package", [autograd, nn], ids=["autograd", "nn"])
def test_a_front_holds_names_and_no_logic(package: object) -> None:
    path = Path(package.__file__)  # type: ignore[attr-defined]
    docstring, *rest = ast.parse(path.read_text(encoding="utf-8")).body
    assert isinstance(docstring, ast.Expr)
    # Names that are imported when they are used, such as those that need scikit-learn.
    late = [node for node in rest if isinstance(node, ast.FunctionDef) and node.name in ("__getattr__", "__dir__")]
    rest = [node for node in rest if node not in late and ast.unparse(node) != "from typing import Any"]
    clash, *fronted, names = rest
    assert ast.unparse(clash) == "from . import name_clash as name_clash"  # before anything else is imported
    if package is autograd:
        assert ast.unparse(fronted.pop()).startswith("__version__ = '")
    assert all(isinstance(node, ast.ImportFrom) and node.level == 1 for node in fronted)
    assert isinstance(names, ast.Assign)
    assert ast.unparse(names.targets[0]) == "__all__"
    imported = [alias.asname or alias.name for node in fronted for alias in node.names]  # type: ignore[attr-defined]
    later = {"MLPClassifier", "MLPRegressor"} if package is nn else set()
    assert sorted(imported) == sorted(set(dir(package)) - later)
    hidden = set(dir(package)) - set(package.__all__)  # type: ignore[attr-defined]
    assert hidden == later | (set(dir(builtins)) & set(dir(package)))
    assert len(set(imported)) == len(imported)


NAMES = """
    Value exp expm1 log log1p sqrt sin cos tan sinh cosh arcsin arccos arctan tanh sigmoid relu
    leaky_relu elu softplus silu gelu erf abs minimum maximum where dot total mean logsumexp softmax
    log_softmax primitive grad no_grad expand check_gradients paths stepper draw compile BranchChanged
    scope
"""


def test_the_contract_is_in_the_window() -> None:
    assert set(NAMES.split()) <= set(dir(autograd))
    assert [name for name in NAMES.split() if not getattr(autograd, name).__doc__] == []


HEAVY = [
    "numpy",
    "scipy",
    "sklearn",
    "matplotlib",
    "graphviz",
    "llvmlite",
    "safetensors",
    "tqdm",
    "torch",
    "pandas",
    "IPython",
    "hypothesis",
]


@pytest.mark.parametrize("statement", ["import autograd", "import nn", "from autograd import *"])
def test_importing_loads_nothing_heavy(statement: str) -> None:
    script = f"import sys; {statement}; print(*sorted({{m.split('.')[0] for m in sys.modules}} & set({HEAVY!r})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, cwd=ROOT, text=True)
    assert done.stdout.split() == []


def test_ordinary_work_loads_nothing_heavy() -> None:
    script = (
        "import sys; from autograd import *; x = Value(0.5, 'x'); y = dot([x], [2.0]).sigmoid() + x**2; y.backward(); "
        "grad(y, [x], create_graph=True); expand(y); paths(y, x); check_gradients(lambda x: x.exp(), 0.3); "
        f"print(*sorted({{m.split('.')[0] for m in sys.modules}} & set({HEAVY!r})))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, cwd=ROOT, text=True)
    assert done.stdout.split() == []


def test_a_module_opens_with_its_idea() -> None:
    for path in (*ENGINE.values(), *OUTSIDE):
        assert not parsed(path).body or ast.get_docstring(parsed(path)), path.relative_to(ROOT)
