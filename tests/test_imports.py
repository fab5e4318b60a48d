"""Imports run one way, the packages' fronts hold names alone, and importing is light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
import nn

ROOT = Path(autograd.__file__).parent.parent
ENGINE = {
    ".".join(path.relative_to(ROOT / "autograd").with_suffix("").parts): path
    for path in sorted((ROOT / "autograd").rglob("*.py"))
}
FRONTS = {"__init__", "__main__", "compiler.__init__"}
# What stands on Value, side by side: none of these knows another.
FEATURES = {
    "checking": {"gradcheck"},
    "stepping": {"stepper", "steps", "board"},
    "drawing": {"draw", "diagram", "dot_text", "layout"},
    "compiling": {name for name in ENGINE if name.startswith("compiler.")},
}


def imports(name: str, path: Path) -> set[str]:
    """The modules of our own that a module of the engine imports, wherever in its text it does."""
    package = name.split(".")[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert not any(alias.name.split(".")[0] == "autograd" for alias in node.names), f"{name}: import autograd"
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level == 0:
            assert (node.module or "").split(".")[0] != "autograd", f"{name}: imports within the engine are relative"
            continue
        base = package[: len(package) - node.level + 1]
        if node.module:
            found.add(".".join([*base, node.module]))
        else:
            found |= {".".join([*base, alias.name]) for alias in node.names}
    return {f"{target}.__init__" if f"{target}.__init__" in ENGINE else target for target in found}


IMPORTS = {name: imports(name, path) for name, path in ENGINE.items()}


def above(*names: str) -> set[str]:
    """What the modules import, directly or not."""
    seen: set[str] = set()
    stack = list(names)
    while stack:
        for target in IMPORTS[stack.pop()] - seen:
            seen.add(target)
            stack.append(target)
    return seen


def test_every_import_is_of_a_module_that_exists() -> None:
    for name, targets in IMPORTS.items():
        assert targets <= set(ENGINE), (name, targets - set(ENGINE))


@pytest.mark.parametrize("name", ["table", "formula", "graph", "modes"])
def test_the_foundation_imports_nothing_of_ours(name: str) -> None:
    assert IMPORTS[name] == set()


def test_value_imports_the_foundation_alone() -> None:
    assert above("value") <= {"table", "formula", "graph", "modes", "errors", "floats", "copying", "arrays"}


def test_imports_run_one_way() -> None:
    for name in ENGINE:
        assert name not in above(name), f"{name} imports itself through {IMPORTS[name]}"


def test_features_never_import_each_other() -> None:
    for feature, names in FEATURES.items():
        assert names <= set(ENGINE), f"{feature}: which modules is it now? {names - set(ENGINE)}"
        others = set().union(*(theirs for other, theirs in FEATURES.items() if other != feature))
        for name in names:
            assert not IMPORTS[name] & others, f"{name} of {feature} imports {IMPORTS[name] & others}"


def test_nothing_imports_the_fronts() -> None:
    for name, targets in IMPORTS.items():
        if name != "__init__":
            assert not targets & FRONTS - ({"cli"} if name == "__main__" else set()), name


def test_the_engine_knows_nothing_of_nn_and_demos() -> None:
    for name, path in ENGINE.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            assert not {m.split(".")[0] for m in modules} & {"nn", "demos", "tests"}, name


OUTSIDE = sorted((ROOT / "nn").rglob("*.py")) + sorted((ROOT / "demos").rglob("*.py"))


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: str(path.relative_to(ROOT)))
def test_nn_and_demos_use_only_public_names(path: Path) -> None:
    public = {"autograd": set(autograd.__all__)}
    if "demos" in path.parts:
        public["nn"] = set(nn.__all__)
    named = {"autograd": "autograd", "nn": "nn"}  # and what `import ... as` calls them
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                head = alias.name.split(".")[0]
                if head in public:
                    assert alias.name == head, f"{alias.name} is no public module"
                    named[alias.asname or head] = head
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").split(".")[0] in public:
            assert node.module in public, f"{node.module} is no public module"
            unknown = {alias.name for alias in node.names} - public[node.module]
            assert not unknown, f"not public in {node.module}: {unknown}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            package = named.get(node.value.id)
            if package in public and not node.attr.startswith("__"):
                assert node.attr in public[package], f"{package}.{node.attr} is not public"


@pytest.mark.parametrize("package", [autograd, nn], ids=["autograd", "nn"])
def test_a_front_holds_names_and_no_logic(package: object) -> None:
    path = Path(package.__file__)  # type: ignore[attr-defined]
    docstring, *rest = ast.parse(path.read_text(encoding="utf-8")).body
    assert isinstance(docstring, ast.Expr)
    *fronted, names = rest
    assert all(isinstance(node, ast.ImportFrom) and node.level == 1 for node in fronted)
    assert isinstance(names, ast.Assign)
    assert ast.unparse(names.targets[0]) == "__all__"
    imported = [alias.asname or alias.name for node in fronted for alias in node.names]  # type: ignore[attr-defined]
    assert sorted(imported) == sorted(package.__all__)  # type: ignore[attr-defined]
    assert len(set(imported)) == len(imported)


NAMES = """
    Value exp expm1 log log1p sqrt sin cos tan sinh cosh arcsin arccos arctan tanh sigmoid relu
    leaky_relu elu softplus silu gelu erf abs minimum maximum where dot total mean logsumexp softmax
    log_softmax primitive grad no_grad expand check_gradients paths stepper draw compile BranchChanged
    scope
"""


@pytest.mark.parametrize("name", NAMES.split())
def test_the_contract_is_in_the_window(name: str) -> None:
    assert name in autograd.__all__
    assert getattr(autograd, name).__doc__


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


@pytest.mark.parametrize("path", [*ENGINE.values(), *OUTSIDE], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_opens_with_its_idea(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not text or ast.get_docstring(ast.parse(text))
