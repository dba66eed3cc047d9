"""PostgreSQL and Redis for the whole system: the configured ones, or embedded ones kept in a folder."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from common.gateway import Service
from common.postgres.migrations import create_database, migrate, pending_revision
from common.settings import ServiceSettings
from standalone.embedded.servers import Embedded, EmbeddedPostgres, EmbeddedRedis
from standalone.system.secrets_key import kept_secrets_key

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Backing:
    """Where the data are: URLs of PostgreSQL and Redis, the servers of this process, and the key that seals secrets."""

    database_url: str | None
    redis_url: str | None
    servers: tuple[Embedded, ...] = ()
    secrets_key_file: Path | None = None

    def environment(self) -> dict[str, str]:
        """Return the variables that point a service of another process here."""
        given = {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}
        if self.secrets_key_file is not None:
            given["SECRETS_KEY_FILE"] = str(self.secrets_key_file.resolve())
        return {name: value for name, value in given.items() if value is not None}


@asynccontextmanager
async def backing_services(folder: Path) -> AsyncIterator[Backing]:
    """Yield the given PostgreSQL and Redis, or start embedded ones in `folder` and stop them at the end.

    Notes
    -----
    What counts as given: `DATABASE_URL` or `DATABASE_HOST`, and `REDIS_URL` or `REDIS_HOST`, or a file for the former.

    Raises
    ------
    FolderInUseError
        Another process serves from `folder`.
    """
    postgres = None if _is_database_given() else EmbeddedPostgres(folder / "postgres")
    redis = None if _is_set("REDIS_URL", "REDIS_URL_FILE", "REDIS_HOST") else EmbeddedRedis()
    servers = tuple(server for server in (postgres, redis) if server is not None)
    try:
        starts = [asyncio.to_thread(server.start) for server in servers]
        for failure in await asyncio.gather(*starts, return_exceptions=True):
            if isinstance(failure, BaseException):
                raise failure
        yield Backing(
            postgres.url if postgres else None,
            redis.url if redis else None,
            servers,
            secrets_key_file=kept_secrets_key(folder),
        )
    finally:
        await asyncio.gather(*(asyncio.to_thread(server.stop) for server in servers))


@asynccontextmanager
async def databases_of(folder: Path) -> AsyncIterator[Backing]:
    """Yield the PostgreSQL of a system for one command: the given one, the one that runs, or one started for it."""
    if _is_database_given():
        yield Backing(None, None)
        return
    async with EmbeddedPostgres(folder / "postgres", may_join=True) as postgres:
        yield Backing(postgres.url, None)


async def prepare_databases(settings: Sequence[ServiceSettings]) -> dict[str, str]:
    """Create and migrate the databases that need it, one after the other, and return each service's revision.

    Notes
    -----
    Alembic's context is global to the process: two upgrades at once would write into each other's database.
    """
    return {own.service.name: await prepare_database(own.sqlalchemy_url(), own.service) for own in settings}


async def prepare_database(url: URL, service: Service) -> str:
    """Bring one database to the newest revision and return it; nothing is locked when there is nothing to do."""
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            missing = await pending_revision(connection, service)
    except DBAPIError:
        # The database is not there yet; if PostgreSQL is not either, the next line says so.
        await create_database(url)
        missing = "all"
    finally:
        await engine.dispose()
    if missing is not None:
        logger.info("migrating", service=service.name, to=missing)
    return await migrate(url, service) if missing is not None else "current"


def _is_database_given() -> bool:
    return _is_set("DATABASE_URL", "DATABASE_URL_FILE", "DATABASE_HOST")


def _is_set(*names: str) -> bool:
    return any(os.environ.get(name) for name in names)
