"""API keys from the command line: one key opens all four services, and is stored in each as a hash."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from importlib import import_module

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from common.access.auth import (
    ApiKeyRecord,
    NewApiKey,
    Scope,
    insert_api_key,
    list_api_keys,
    new_api_key,
    revoke_api_key,
)
from common.clock import SYSTEM_CLOCK
from common.postgres.database import Connection
from common.settings import ServiceSettings


async def create_key(
    settings: Sequence[ServiceSettings], name: str, scopes: tuple[Scope, ...], expires_at: datetime | None
) -> NewApiKey:
    """Store a new key in the database of every service given and return it; its text is shown only here."""
    key = new_api_key(name, scopes, expires_at)
    for own in settings:
        async with _connection(own) as connection:
            await insert_api_key(connection, _table(own), key.record, SYSTEM_CLOCK.now())
    return key


async def revoke_key(settings: Sequence[ServiceSettings], key_id: str) -> list[str]:
    """Revoke the key everywhere and return the services in which it was valid."""
    revoked = []
    for own in settings:
        async with _connection(own) as connection:
            if await revoke_api_key(connection, _table(own), key_id, SYSTEM_CLOCK.now()):
                revoked.append(own.service.name)
    return revoked


async def list_keys(settings: ServiceSettings) -> list[ApiKeyRecord]:
    """Return the keys of one service."""
    async with _connection(settings) as connection:
        return await list_api_keys(connection, _table(settings))


@asynccontextmanager
async def _connection(settings: ServiceSettings) -> AsyncIterator[Connection]:
    engine = create_async_engine(settings.sqlalchemy_url(), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            yield connection
    finally:
        await engine.dispose()


def _table(settings: ServiceSettings) -> Table:
    table: Table = import_module(f"{settings.service.name}.models").TABLES.api_key
    return table
