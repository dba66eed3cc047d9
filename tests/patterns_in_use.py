"""Every regular expression of the code: found where `re` is called, and worked out in the module that calls it."""

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_PACKAGES = (*sorted((ROOT / "libs").iterdir()), *sorted((ROOT / "services").iterdir()))
_FROM_THE_START = {"match", "fullmatch"}
_CALLS = {"compile", "search", "sub", "subn", "split", "findall", "finditer", *_FROM_THE_START}


@dataclass(frozen=True)
class Use:
    """A call of `re`: where, the source of its pattern, and the pattern, or None where only the run decides.

    Notes
    -----
    `is_from_the_start` says that the module only asks whether a text begins with it: then no other start is tried.
    """

    module: str
    source: str
    pattern: re.Pattern[str] | None
    is_from_the_start: bool

    def __str__(self) -> str:
        return f"{self.module} {self.source[:60]}"


def uses(packages: tuple[Path, ...] = _PACKAGES) -> Iterator[Use]:
    """Yield every call of `re` in the packages."""
    for package in packages:
        for path in sorted(package.rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            if "import re" in source or "from re " in source:
                parts = path.relative_to(package.parent).with_suffix("").parts
                yield from uses_in(source, ".".join(part for part in parts if part != "__init__"))


def uses_in(source: str, module: str) -> Iterator[Use]:
    """Yield every call of `re` in the source of one module."""
    tree = ast.parse(source)
    names = {id(call): name for call, name in _named(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "re":
            raise AssertionError(f"{module} imports names from re: their patterns would not be found")
        called = _called(node)
        if called is not None:
            method = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
            methods = _methods_called(tree, names.get(id(node))) if method == "compile" else {method}
            yield _use(called, method, module, is_from_the_start=methods <= _FROM_THE_START)


def _called(node: ast.AST) -> ast.Call | None:
    """Return the node when it is a call of a function of `re` that takes a pattern."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in _CALLS
    ):
        return node
    return None


def _named(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.value, node.targets[0].id


def _methods_called(tree: ast.Module, name: str | None) -> set[str]:
    """Return what a module calls on the pattern of this name; all there is where it is handed about."""
    if name is None or not name.startswith("_"):
        return _CALLS
    owners = {
        id(node.value): node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    loads = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    ]
    methods = {owners.get(id(node), "handed about") for node in loads}
    return methods or _CALLS


def _use(call: ast.Call, method: str, module: str, *, is_from_the_start: bool) -> Use:
    source = ast.unparse(call.args[0])
    flags = [keyword.value for keyword in call.keywords if keyword.arg == "flags"]
    if method == "compile":
        flags += call.args[1:2]
    try:
        pattern: Any = _evaluated(call.args[0], module)
        combined = sum(int(_evaluated(one, module)) for one in flags)
    except NameError:
        return Use(module, source, None, is_from_the_start)
    return Use(module, source, re.compile(pattern, combined), is_from_the_start)


def _evaluated(expression: ast.expr, module: str) -> Any:
    if isinstance(expression, ast.Constant):
        return expression.value
    code = compile(ast.Expression(expression), module, "eval")
    return eval(code, dict(vars(importlib.import_module(module))))
