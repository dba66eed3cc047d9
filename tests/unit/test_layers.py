"""Who may import what: SQL stays in repositories, the web stays in routes, and pure modules know neither."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.gateway import SERVICES

SERVICES_FOLDER = Path(__file__).resolve().parents[2] / "services"
STATEMENTS = {"select", "insert", "update", "delete"}
# What makes a service: its app, its routes, and the dependencies that routes ask for.
WEB = {"app", "routes", "dependencies"}


def imports(file: Path) -> Iterator[tuple[str, str]]:
    """Yield module and name of every import in `file`."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)


def modules(service: str) -> Iterator[tuple[str, Path]]:
    """Yield the first part of each module's name below the service, and its file."""
    folder = SERVICES_FOLDER / service
    for file in sorted(folder.rglob("*.py")):
        yield file.relative_to(folder).parts[0].removesuffix(".py"), file


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
def test_statements_are_written_in_repositories_alone(service: str) -> None:
    found = [
        f"{file.name} imports {name}"
        for part, file in modules(service)
        if part != "repository"
        for module, name in imports(file)
        if module.partition(".")[0] == "sqlalchemy" and name in STATEMENTS
    ]

    assert found == []


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
def test_the_web_framework_stays_in_routes(service: str) -> None:
    found = [
        f"{file.name} imports {module}"
        for part, file in modules(service)
        if part not in WEB
        for module, _ in imports(file)
        if module.partition(".")[0] in {"fastapi", "starlette"}
    ]

    assert found == []


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
def test_training_libraries_stay_out_of_serving(service: str) -> None:
    found = [
        f"{file.name} imports {module}"
        for part, file in modules(service)
        if part != "training"
        for module, _ in imports(file)
        if module.partition(".")[0] in {"sklearn", "skops", "joblib"}
    ]

    assert found == []


@pytest.mark.parametrize("package", ["libs/common", "services"])
def test_rows_are_read_as_named_tuples(package: str) -> None:
    root = SERVICES_FOLDER.parent
    found = [
        f"{file.relative_to(root)}:{line}"
        for file in sorted((root / package).rglob("*.py"))
        if "postgres" not in file.relative_to(root).parts
        for line in results_read(file)
    ]

    assert found == [], "read these by common.postgres.rows"


def results_read(file: Path) -> Iterator[int]:
    """Yield the lines that use the result of an awaited `.execute(...)` for more than a number or a single column."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Await) and isinstance(node.value, ast.Call)):
            continue
        if getattr(node.value.func, "attr", "") != "execute":
            continue
        parent, results = parents[node], [node]
        if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
            scope: ast.AST = parent
            while not isinstance(scope, ast.AsyncFunctionDef):
                scope = parents[scope]
            name = parent.targets[0].id
            results = [one for one in ast.walk(scope) if isinstance(one, ast.Name) and one.id == name]
            results = [one for one in results if isinstance(one.ctx, ast.Load)]
        uses = [parents[one] for one in results]
        if not all(
            isinstance(use, ast.Expr) or getattr(use, "attr", "") in {"rowcount", "scalar_one", "scalars"}
            for use in uses
        ):
            yield node.lineno
