"""Starts the system on one machine: in one process, or as four processes behind Envoy."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from common.gateway import SERVICES
from common.settings import ServiceSettings
from standalone.api_keys import list_keys
from standalone.backing import Backing, backing_services, prepare_databases
from standalone.composition import compose, import_services, load_settings
from standalone.server import OpenBindingError, is_loopback, listen, serving

logger = structlog.get_logger(__name__)


def system_settings(backing: Backing, **overrides: object) -> list[ServiceSettings]:
    """Return the settings of the four services, pointed at `backing`."""
    given: dict[str, object] = dict(overrides)
    if backing.database_url is not None:
        given["database_url"] = backing.database_url
    if backing.redis_url is not None:
        given["redis_url"] = backing.redis_url
    if backing.secrets_key_file is not None:
        given["secrets_key"] = backing.secrets_key_file.read_text(encoding="ascii")
    return [load_settings(service, **given) for service in SERVICES]


@asynccontextmanager
async def standalone(folder: Path, host: str, port: int) -> AsyncIterator[asyncio.Event]:
    """Run the four services in this process while the block runs; yields the event that asks to stop.

    Raises
    ------
    OSError
        The port is taken.
    OpenBindingError
        `host` is reachable from elsewhere and no credential is configured.
    """
    listener = listen(host, port)
    try:
        importing = asyncio.create_task(asyncio.to_thread(import_services))
        async with backing_services(folder) as backing:
            # PostgreSQL starts while Python imports.
            await importing
            address = f"http://{'127.0.0.1' if host in {'0.0.0.0', '::'} else host}:{port}"  # noqa: S104 - compared
            settings = system_settings(backing, gateway_url=address)
            await prepare_databases(settings)
            await refuse_open_binding(settings, host)
            async with serving(compose(settings), listener) as stop:
                yield stop
    finally:
        listener.close()


async def refuse_open_binding(settings: Sequence[ServiceSettings], host: str) -> None:
    """Raise `OpenBindingError` when `host` is reachable from elsewhere and anybody could write; say so otherwise."""
    is_open = [own.service.name for own in settings if own.service_token_secret is None and not await list_keys(own)]
    if is_open and not is_loopback(host):
        raise OpenBindingError(
            f"{', '.join(is_open)}: no API key and no SERVICE_TOKEN_SECRET, so it serves 127.0.0.1 only, not {host}. "
            "Create a key with `mia keys create`, or set the secret."
        )
    if is_open:
        logger.warning("no_credentials", services=is_open, effect="everybody on this machine may read and write")
