"""The kinds of sources: each adapter knows how one kind is configured, asked and read."""

from news_ingestion.adapters.adapter import Adapter, Kind
from news_ingestion.adapters.newsapi import NewsAPIAdapter
from news_ingestion.adapters.push import PushAdapter
from news_ingestion.adapters.rss import RSSAdapter
from news_ingestion.settings import Settings


def adapters(settings: Settings) -> dict[Kind, Adapter]:
    """Return the adapter of every kind; a new kind is one class here."""
    return {"rss": RSSAdapter(), "newsapi": NewsAPIAdapter(settings), "push": PushAdapter()}


__all__ = ["Adapter", "Kind", "adapters"]
