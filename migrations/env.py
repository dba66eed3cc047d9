"""The one environment of all four services; the section of alembic.ini says whose migrations run."""

import asyncio
from importlib import import_module

from alembic import context
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

config = context.config
SERVICE = config.config_ini_section


def metadata() -> MetaData:
    """Return what the service's models declare."""
    declared: MetaData = import_module(f"{SERVICE}.models").Base.metadata
    return declared


def run(connection: Connection) -> None:
    """Run the migrations on a connection, in one transaction."""
    context.configure(
        connection=connection, target_metadata=metadata(), compare_type=True, transaction_per_migration=False
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_with_own_connection() -> None:
    """Connect where the service's settings say; used by the `alembic` command itself."""
    settings = import_module(f"{SERVICE}.settings").Settings()
    engine = create_async_engine(settings.sqlalchemy_url(), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


given = config.attributes.get("connection")
if given is None:
    asyncio.run(run_with_own_connection())
else:
    run(given)
