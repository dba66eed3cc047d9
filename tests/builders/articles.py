"""Articles for tests: news of Acme Robotics at noon unless told otherwise."""

from datetime import UTC, datetime, timedelta
from typing import Any

from news_ingestion.articles.draft import Draft, Item, clean_item

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ACME_TITLE = "Acme Robotics lifts forecast as orders from car makers double"


def article(
    title: str = ACME_TITLE, url: str = "https://www.example.com/acme-forecast", *, minutes: float = 0, **fields: Any
) -> dict[str, Any]:
    """Return an article as it is posted, published so many minutes after noon."""
    return {"title": title, "url": url, "published_at": (NOON + timedelta(minutes=minutes)).isoformat(), **fields}


def draft(
    title: str = ACME_TITLE, url: str = "https://wire.example.com/a", *, minutes: float = 0, **fields: Any
) -> Draft:
    """Return a cleaned article, published so many minutes after noon; `fields` are those of `Item`."""
    item = Item(title, url, NOON + timedelta(minutes=minutes), **fields)
    return clean_item(item, received_at=NOON + timedelta(days=30))
