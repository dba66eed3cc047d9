"""The kinds of sources: a line here, and a package beside it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

from news_ingestion.providers.newsapi.provider import NewsAPIProvider
from news_ingestion.providers.provider import Provider
from news_ingestion.providers.push.provider import PushProvider
from news_ingestion.providers.rss.provider import RSSProvider
from news_ingestion.settings import Settings

PROVIDERS: dict[str, type[Provider]] = {
    "rss": RSSProvider,
    "newsapi": NewsAPIProvider,
    "push": PushProvider,
}


@asynccontextmanager
async def open_providers(settings: Settings) -> AsyncIterator[Mapping[str, Provider]]:
    """Yield the provider of every kind."""
    async with AsyncExitStack() as stack:
        opened = {kind: make(settings) for kind, make in PROVIDERS.items()}
        for provider in opened.values():
            await stack.enter_async_context(aclosing(provider))
        yield opened
