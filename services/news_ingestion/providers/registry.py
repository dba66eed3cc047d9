"""The adapter of every kind of source."""

from news_ingestion.providers.newsapi.provider import NewsAPIAdapter
from news_ingestion.providers.provider import Adapter, Kind
from news_ingestion.providers.push import PushAdapter
from news_ingestion.providers.rss.provider import RSSAdapter
from news_ingestion.providers.rss.reader import FeedReader
from news_ingestion.settings import Settings


def adapters(settings: Settings, feed_reader: FeedReader) -> dict[Kind, Adapter]:
    """Return the adapter of every kind; a new kind is one class here."""
    return {"rss": RSSAdapter(feed_reader), "newsapi": NewsAPIAdapter(settings), "push": PushAdapter()}
