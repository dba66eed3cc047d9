"""Reading feeds in this process: what the service does in processes of its own."""

from news_ingestion.providers.rss.document import headers_for, read_document
from news_ingestion.providers.rss.encoding import feed_text
from news_ingestion.providers.rss.feed import ParsedFeed, as_feed


def read_feed(content: bytes, *, url: str = "", content_type: str | None = None) -> ParsedFeed:
    """Return what can be read of a feed."""
    return as_feed(read_document(feed_text(content, content_type), headers_for(url, content_type)))
