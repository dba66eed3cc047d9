"""Starts the system in one process, with its own credentials."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from starlette.types import ASGIApp

from common.clock import SYSTEM_CLOCK
from common.gateway import SERVICES
from common.settings import ServiceSettings
from standalone.api_keys import list_keys
from standalone.system.backing import Backing, backing_services, prepare_databases
from standalone.system.composition import compose, import_services, load_settings
from standalone.system.http_protocol import RequestLimits
from standalone.system.local_guard import LocalGuard
from standalone.system.server import OpenBindingError, address_of, bound_host, is_loopback, listen, serving
from standalone.system.supervision import ServerPart, Supervisor, supervised

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """A running system: where it is, what its owner introduces itself with, and the event that asks to stop."""

    address: str
    token_secret: SecretStr
    stop: asyncio.Event


def system_settings(backing: Backing, **overrides: object) -> list[ServiceSettings]:
    """Return the settings of the four services, pointed at `backing`, with a secret for their tokens.

    Notes
    -----
    A secret that is not given is made for this start and kept in memory: with it the services trust each other,
    whether or not API keys exist. Unlike a given one it does not by itself ask callers for a credential.
    """
    given: dict[str, object] = dict(overrides)
    if backing.database_url is not None:
        given["database_url"] = backing.database_url
    if backing.redis_url is not None:
        given["redis_url"] = backing.redis_url
    if backing.secrets_key_file is not None:
        given["secrets_key"] = backing.secrets_key_file.read_text(encoding="ascii")
    if load_settings(SERVICES[0]).service_token_secret is None:
        given["service_token_secret"] = secrets.token_urlsafe(48)
        given["allow_anonymous_without_keys"] = True
    return [load_settings(service, **given) for service in SERVICES]


def token_secret(settings: Sequence[ServiceSettings]) -> SecretStr:
    """Return the secret that the services share."""
    secret = settings[0].service_token_secret
    if secret is None:
        raise ValueError("the settings have no secret for tokens")
    return secret


@asynccontextmanager
async def standalone(folder: Path, host: str, port: int, tell: Callable[[str], object]) -> AsyncIterator[Standing]:
    """Run the four services in this process while the block runs, and keep embedded PostgreSQL and Redis running.

    Raises
    ------
    UnusableAddressError
        The port is taken, or the host is none.
    OpenBindingError
        `host` is reachable from elsewhere and no credential is configured.
    FolderInUseError
        Another process serves from `folder`.
    ProcessDiedError
        PostgreSQL or Redis ended again and again.
    """
    with listen(host, port) as listener:
        importing = asyncio.create_task(asyncio.to_thread(import_services))
        async with backing_services(folder) as backing:
            # PostgreSQL starts while Python imports.
            await importing
            address, bound = address_of(listener), bound_host(listener)
            settings = system_settings(backing, gateway_url=address)
            await prepare_databases(settings)
            access = await secured(settings, bound)
            settings = access.settings
            registry = CollectorRegistry()
            supervisor = Supervisor([ServerPart(server) for server in backing.servers], tell, registry=registry)
            composed = compose(settings, registry)
            system = access.guarded(composed, list(composed.apps.values()))
            limits = RequestLimits.of(settings[0])
            async with serving(system, listener, limits) as stop, supervised(supervisor, stop):
                yield Standing(address, token_secret(settings), stop)


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call services: their `settings`, and whether callers need no credential."""

    settings: list[ServiceSettings]
    is_open: bool

    def guarded(self, app: ASGIApp, services: Sequence[FastAPI]) -> ASGIApp:
        """Return `app`, in which `services` are, kept from web pages while it asks its callers for no credential."""
        return LocalGuard.of(app, self.settings, services) if self.is_open else app


async def secured(settings: Sequence[ServiceSettings], host: str) -> Access:
    """Return how services may be served on the IP address `host`.

    Notes
    -----
    A key that was revoked or has expired opens nothing, but it does not open a server to everybody again either.

    Raises
    ------
    OpenBindingError
        `host` is reachable from elsewhere, no secret was given, and no key was ever made.
    """
    keys = {own.service.name: await list_keys(own) for own in settings}
    is_open = [own.service.name for own in settings if not _asks_always(own) and not keys[own.service.name]]
    if is_open and not is_loopback(host):
        raise OpenBindingError(
            f"{', '.join(is_open)}: no API key and no SERVICE_TOKEN_SECRET, so it serves 127.0.0.1 only, not {host}. "
            "Create a key with `mia keys create`, or set the secret."
        )
    now = SYSTEM_CLOCK.now()
    unusable = [name for name, found in keys.items() if found and not any(key.is_valid(now) for key in found)]
    tokenless = [own.service.name for own in settings if own.service_token_secret is None and keys[own.service.name]]
    if is_open:
        logger.warning("no_credentials", services=is_open, effect="everybody on this machine may read and write")
    if unusable:
        logger.warning("no_valid_key", services=unusable, effect="all are revoked or expired: every caller gets 401")
    if tokenless:
        logger.warning("no_token_secret", services=tokenless, effect="other services refuse its hand-overs")
    if is_loopback(host):
        return Access(list(settings), bool(is_open))
    closed = [own.model_copy(update={"allow_anonymous_without_keys": False}) for own in settings]
    return Access(closed, is_open=False)


def _asks_always(settings: ServiceSettings) -> bool:
    return settings.service_token_secret is not None and not settings.allow_anonymous_without_keys
