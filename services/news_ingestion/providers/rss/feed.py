"""RSS and Atom: the articles of a parsed feed."""

from dataclasses import dataclass
from datetime import UTC, datetime

from news_ingestion.articles.draft import Item
from news_ingestion.providers.rss.document import Document, Entry

_MAX_TTL_MINUTES = 7 * 24 * 60
# EDGAR lists one filing once per role under one id; the company it is about is named by these roles.
_EDGAR_ID = "urn:tag:sec.gov,2008:accession-number="
_EDGAR_SUBJECT = ("(Filer)", "(Issuer)", "(Subject)")


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """The articles of a feed in its own order.

    Notes
    -----
    `ttl_seconds` is how long the feed asks to be left alone, `is_cut` says that its end is missing (what could be read
    of it is there nevertheless), `is_feed` that it is a feed at all and not, say, an error page.
    """

    items: tuple[Item, ...]
    ttl_seconds: float | None
    is_cut: bool
    is_feed: bool


def _moment(entry: Entry) -> datetime | None:
    seconds = entry["published_at"]
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _address(entry: Entry) -> str | None:
    """Return the entry's link; a guid that is an address stands in for it, one that is not does not."""
    guid = entry["id"] or ""
    return entry["link"] or (guid if guid.startswith(("http://", "https://")) else None)


def _item(entry: Entry, feed_language: str | None, feed_title: str | None) -> Item:
    title, source_name = entry["title"], entry["source_title"]
    # Aggregators append the publisher that they name in `source`: "Headline - Yahoo Finance".
    if title and source_name and title.endswith(f" - {source_name}"):
        title = title.removesuffix(f" - {source_name}")
    return Item(
        title=title,
        url=_address(entry),
        published_at=_moment(entry),
        body=entry["body"],
        summary=entry["summary"],
        author=entry["author"],
        source_name=source_name or feed_title,
        language=feed_language,
        tickers=tuple((entry["tickers"] or "").split(",")),
    )


def _ttl_seconds(minutes_text: str | None) -> float | None:
    try:
        minutes = float(minutes_text or "")
    except ValueError:
        return None
    return min(minutes, _MAX_TTL_MINUTES) * 60 if minutes > 0 else None


def _one_per_filing(entries: list[Entry]) -> list[Entry]:
    """Return the entries with each EDGAR filing once, under the company it is about; other entries as they are."""
    chosen: dict[str, Entry] = {}
    for number, entry in enumerate(entries):
        identifier = entry["id"] or ""
        key = identifier if identifier.startswith(_EDGAR_ID) else f"entry {number}"
        if key not in chosen or (entry["title"] or "").endswith(_EDGAR_SUBJECT):
            chosen[key] = entry
    return list(chosen.values())


def as_feed(document: Document) -> ParsedFeed:
    """Return the articles of a feed that feedparser has read."""
    entries = _one_per_filing(document["entries"])
    return ParsedFeed(
        items=tuple(_item(entry, document["language"], document["title"]) for entry in entries),
        ttl_seconds=_ttl_seconds(document["ttl"]),
        is_cut=document["is_cut"],
        is_feed=document["is_feed"],
    )
