"""Migrations only add: while a rollout lasts, and after a rollback, the old code runs on the new schema."""

import ast
from pathlib import Path

import pytest

from common.gateway import SERVICES
from tests.platform.support.chart import ROOT

# What nobody uses any more goes here: "service/0007_name.py" and the release that let go of it.
CONTRACTING: dict[str, str] = {}
MIGRATIONS = sorted((ROOT / "migrations").glob("*/[0-9]*.py"))
TAKING_AWAY = {"drop_table", "drop_column", "drop_constraint", "rename_table", "alter_column", "batch_alter_table"}


def breaking(source: str) -> list[str]:
    """Return every call of `upgrade` that code written before it may not survive, SQL of its own included."""
    functions = [
        node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == "upgrade"
    ]
    calls = [node for function in functions for node in ast.walk(function) if isinstance(node, ast.Call)]
    return [f"line {call.lineno}: {ast.unparse(call)[:80]}" for call in calls if _is_breaking(call)]


def _is_breaking(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if name == "alter_column":
        # Allowing NULL, or another default, is felt by nobody.
        return not {one.arg for one in call.keywords} <= {
            "server_default",
            "existing_type",
            "comment",
            "schema",
        } and not (
            any(one.arg == "nullable" and ast.unparse(one.value) == "True" for one in call.keywords)
            and {one.arg for one in call.keywords} <= {"nullable", "existing_type"}
        )
    if name == "execute":
        text = ast.unparse(call).upper()
        return any(word in text for word in ("DROP ", "RENAME ", "TRUNCATE ", "DELETE ", "SET NOT NULL", " TYPE "))
    if name == "add_column":
        column = next((one for one in call.args if isinstance(one, ast.Call)), None)
        given = {one.arg: ast.unparse(one.value) for one in column.keywords} if column else {}
        # The old code does not fill it.
        return given.get("nullable") != "True" and "server_default" not in given
    return name in TAKING_AWAY


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.relative_to(ROOT / "migrations").as_posix())
def test_a_migration_takes_nothing_from_the_code_before_it(path: Path) -> None:
    name = path.relative_to(ROOT / "migrations").as_posix()

    assert name in CONTRACTING or breaking(path.read_text(encoding="utf-8")) == []


def test_every_service_has_migrations_and_every_exception_is_one_of_them() -> None:
    names = {path.relative_to(ROOT / "migrations").as_posix() for path in MIGRATIONS}

    assert {name.partition("/")[0] for name in names} == {service.name for service in SERVICES}
    assert set(CONTRACTING) <= names


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("op.drop_column('analysis', 'label')", True),
        ("op.alter_column('analysis', 'label', new_column_name='tone')", True),
        ("op.alter_column('analysis', 'label', nullable=False)", True),
        ("op.alter_column('analysis', 'label', nullable=True)", False),
        ("op.add_column('analysis', sa.Column('tier', sa.Text(), nullable=False))", True),
        ("op.add_column('analysis', sa.Column('tier', sa.Text(), nullable=False, server_default='fast'))", False),
        ("op.add_column('analysis', sa.Column('tier', sa.Text(), nullable=True))", False),
        ("op.execute('ALTER TABLE analysis DROP COLUMN label')", True),
        ("op.create_table('kind', sa.Column('kind', sa.Text(), nullable=False))", False),
    ],
)
def test_what_old_code_does_not_survive_is_told(statement: str, expected: bool) -> None:
    assert bool(breaking(f"def upgrade():\n    {statement}\n\ndef downgrade():\n    op.drop_table('x')\n")) == expected
