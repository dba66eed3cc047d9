"""Who may import what: SQL stays in repositories, the web stays in routes, and pure modules know neither."""

import ast
from collections.abc import Iterator
from contextlib import suppress
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


# Names that stand for `Any` and may be in signatures.
ALIASES_OF_ANY = {
    # A contract fixes the form of the document: as `JsonValue` every step into it would need a cast.
    "JSONDocument",
    # Each array of an artefact has a type of its own, which the file that it is read from does not tell.
    "Arrays",
}


def test_no_signature_of_a_service_has_any_in_it() -> None:
    root = SERVICES_FOLDER.parent
    files = {file: ast.parse(file.read_text(encoding="utf-8")) for file in sorted(SERVICES_FOLDER.rglob("*.py"))}
    libraries = [ast.parse(file.read_text(encoding="utf-8")) for file in (root / "libs" / "common").rglob("*.py")]
    hidden = {alias for tree in (*files.values(), *libraries) for alias in aliases_of_any(tree)}

    found = [
        f"{file.relative_to(root)}:{line} {name}"
        for file, tree in files.items()
        for line, name in names_in_signatures(tree)
        if name == "Any" or (name in hidden and name not in ALIASES_OF_ANY)
    ]

    assert hidden >= ALIASES_OF_ANY
    assert found == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def f(x: dict[str, Any]) -> None: ...", ["Any"]),
        ("def f(*x: int, y: 'list[Any]') -> None: ...", ["Any"]),
        ("async def f(**x: int) -> Iterator[Callable[..., t.Any]]: ...", ["Any"]),
        ("class A:\n    def f(self, x: int) -> Select[Any]: ...", ["Any"]),
        ("def f(x: int) -> int:\n    y: Any = x\n    return y", []),
    ],
)
def test_any_in_a_signature_is_found_however_deep(source: str, found: list[str]) -> None:
    assert [name for _, name in names_in_signatures(ast.parse(source)) if name == "Any"] == found


def test_a_name_that_stands_for_any_is_found() -> None:
    source = "A = dict[str, Any]\nB: TypeAlias = list[A | Any]\nC = dict[str, int]\nd: dict[str, Any] = {}"

    assert list(aliases_of_any(ast.parse(source))) == ["A", "B"]


def names_in_signatures(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and name of everything that the annotations of functions name, at any depth."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = node.args
            arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
            for annotation in (node.returns, *(one.annotation for one in arguments if one)):
                if annotation is not None:
                    yield from ((node.lineno, name) for name in names_in(annotation))


def names_in(annotation: ast.expr) -> Iterator[str]:
    """Yield each name in an annotation, also in one that is written as text."""
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            with suppress(SyntaxError):  # the text of a `Literal` or of a description need not be one
                yield from names_in(ast.parse(node.value, mode="eval").body)


def aliases_of_any(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a module gives to types with `Any` in them."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, value = node.targets[0].id, node.value
        elif isinstance(node, ast.AnnAssign) and "TypeAlias" in set(names_in(node.annotation)) and node.value:
            assert isinstance(node.target, ast.Name)
            name, value = node.target.id, node.value
        else:
            continue
        if "Any" in {one.id for one in ast.walk(value) if isinstance(one, ast.Name)}:
            yield name


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
