"""The service's own objects, opened with it: providers and their client, the address guard and metrics."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from common.outgoing.address_guard import AddressGuard, guarded_client
from common.runtime import Runtime
from news_ingestion.metrics import IngestionMetrics
from news_ingestion.providers.provider import Provider
from news_ingestion.providers.provider_client import ProviderClient
from news_ingestion.providers.registry import open_providers
from news_ingestion.settings import Settings


@dataclass(frozen=True, slots=True)
class Engine:
    """What the use-cases work with."""

    runtime: Runtime
    settings: Settings
    metrics: IngestionMetrics
    providers: Mapping[str, Provider]
    provider_client: ProviderClient
    address_guard: AddressGuard


@asynccontextmanager
async def open_engine(runtime: Runtime) -> AsyncIterator[Engine]:
    """Open the providers and the client towards them, and yield the engine around both."""
    settings = runtime.settings_as(Settings)
    guard = AddressGuard(allow_private=settings.fetch_allow_private_addresses)
    client = guarded_client(
        guard, timeout_seconds=settings.fetch_timeout_seconds, headers={"User-Agent": settings.fetch_user_agent}
    )
    async with client, open_providers(settings) as providers:
        yield Engine(
            runtime=runtime,
            settings=settings,
            metrics=IngestionMetrics(runtime.registry),
            providers=providers,
            provider_client=provider_client_over(client, settings),
            address_guard=guard,
        )


def provider_client_over(client: httpx.AsyncClient, settings: Settings) -> ProviderClient:
    """Return what asks providers over `client` within the limits that are set."""
    return ProviderClient(
        client,
        max_bytes=settings.fetch_max_bytes,
        max_redirects=settings.fetch_max_redirects,
        per_host=settings.fetch_per_host,
        timeout_seconds=settings.fetch_timeout_seconds,
    )
