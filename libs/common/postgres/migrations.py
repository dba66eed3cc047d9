"""Alembic per service: where the migrations are, how they are run, and whether any is missing.

Alembic itself is imported only to migrate: it would be 7 % of the imports of a system that has nothing to migrate.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, text
from sqlalchemy import Connection as SyncConnection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from common.gateway import Service
from common.postgres.database import Connection

if TYPE_CHECKING:
    from alembic.config import Config

_PACKAGE = Path(__file__).resolve().parents[1]


def _root() -> Path:
    """Return the folder of `alembic.ini`: the checkout's, or the one packed into the wheel."""
    checkout = _PACKAGE.parents[1]
    return checkout if (checkout / "alembic.ini").is_file() else _PACKAGE / "_migrations"


def alembic_config(service: Service) -> "Config":
    """Return Alembic's configuration of one service: its named section and its folder of versions."""
    from alembic.config import Config  # noqa: PLC0415

    root = _root()
    config = Config(root / "alembic.ini", ini_section=service.name)
    config.set_section_option(service.name, "script_location", str(root / "migrations"))
    config.set_section_option(service.name, "version_locations", str(root / "migrations" / service.name))
    return config


@cache
def head_revision(service: Service) -> str:
    """Return the newest revision that this code knows: files are named `<revision>_<slug>.py`, in order."""
    files = sorted((_root() / "migrations" / service.name).glob("[0-9]*_*.py"))
    if not files:
        raise RuntimeError(f"no migrations of {service.name} under {_root() / 'migrations'}")
    return files[-1].name.partition("_")[0]


async def pending_revision(connection: Connection, service: Service) -> str | None:
    """Return the revision that the database lacks, or None when it is up to date or ahead."""
    head = head_revision(service)
    if await connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return head
    current = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    # Ahead is fine: a rollout migrates first, and the old code then runs on the new schema.
    return None if current is not None and current >= head else head


async def create_database(url: URL) -> bool:
    """Create the database that `url` names when it is missing, and return whether it was."""
    engine = create_async_engine(url.set(database="postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            found = await connection.execute(
                text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": url.database}
            )
            if found.first() is not None:
                return False
            quoted = engine.dialect.identifier_preparer.quote(url.database or "")
            await connection.execute(text(f"CREATE DATABASE {quoted}"))
            return True
    finally:
        await engine.dispose()


async def migrate(url: URL, service: Service) -> str:
    """Bring the database of `service` to the newest revision and return it; two at once wait for each other."""
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(727274)"))
            await connection.run_sync(_upgrade, service)
    finally:
        await engine.dispose()
    return head_revision(service)


def _upgrade(connection: SyncConnection, service: Service) -> None:
    from alembic import command  # noqa: PLC0415

    config = alembic_config(service)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
