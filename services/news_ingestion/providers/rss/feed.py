"""RSS and Atom: the articles of a feed, however broken it is."""

import calendar
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import struct_time
from typing import Any

import feedparser

from news_ingestion.articles.draft import Item
from news_ingestion.providers.provider_errors import UpstreamError, as_upstream_error
from news_ingestion.providers.rss.encoding import feed_text

_TICKER = re.compile(r"^[A-Z0-9][A-Z0-9.\-]{0,11}$")
_LANGUAGE = re.compile(r"^([a-zA-Z]{2,3})(?:[-_]|$)")
# Reading takes .3 ms an entry; podcasts, the longest of feeds, have some 3,000.
MAX_ENTRIES = 5_000
_MAX_TTL_MINUTES = 7 * 24 * 60
# EDGAR lists one filing once per role under one id; the company it is about is named by these roles.
_EDGAR_ID = "urn:tag:sec.gov,2008:accession-number="
_EDGAR_SUBJECT = ("(Filer)", "(Issuer)", "(Subject)")


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """The articles of a feed in its own order.

    Notes
    -----
    `ttl_seconds` is how long the feed asks to be left alone, `is_malformed` says that it is not well-formed (what could
    be read of it is there nevertheless), `is_feed` that it is a feed at all and not, say, an error page.
    """

    items: tuple[Item, ...]
    ttl_seconds: float | None
    is_malformed: bool
    is_feed: bool


def _moment(entry: Mapping[str, Any]) -> datetime | None:
    for name in ("published_parsed", "updated_parsed", "created_parsed"):
        # Not `get`: for a missing `updated_parsed` it warns, and answers with the other.
        parsed = entry[name] if name in entry else None  # noqa: SIM401
        if isinstance(parsed, struct_time):
            try:
                return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
            except (ValueError, OverflowError, OSError, TypeError):
                continue
    return None


def _text(entry: Mapping[str, Any], name: str) -> str | None:
    value = entry.get(name)
    return value if isinstance(value, str) and value.strip() else None


def _body(entry: Mapping[str, Any]) -> str | None:
    contents = entry.get("content")
    if not isinstance(contents, list):
        return None
    return next((text for content in contents if (text := _text(content, "value"))), None)


def _address(entry: Mapping[str, Any]) -> str | None:
    """Return the entry's link; a guid that is an address stands in for it, one that is not does not."""
    link = _text(entry, "link")
    if link:
        return link
    guid = _text(entry, "id")
    return guid if guid and guid.startswith(("http://", "https://")) else None


def _tickers(entry: Mapping[str, Any]) -> tuple[str, ...]:
    listed = _text(entry, "nasdaq_tickers") or ""
    return tuple(ticker for part in listed.split(",") if _TICKER.match(ticker := part.strip().upper()))


def _item(entry: Mapping[str, Any], feed_language: str | None, feed_title: str | None) -> Item:
    title = _text(entry, "title")
    source = entry.get("source")
    source_name = _text(source, "title") if isinstance(source, Mapping) else None
    # Aggregators append the publisher that they name in `source`: "Headline - Yahoo Finance".
    if title and source_name and title.endswith(f" - {source_name}"):
        title = title.removesuffix(f" - {source_name}")
    return Item(
        title=title,
        url=_address(entry),
        published_at=_moment(entry),
        body=_body(entry),
        summary=_text(entry, "summary"),
        author=_text(entry, "author"),
        source_name=source_name or feed_title,
        language=feed_language,
        tickers=_tickers(entry),
    )


def _language(text: str | None) -> str | None:
    match = _LANGUAGE.match(text or "")
    return match.group(1).lower() if match else None


def _ttl_seconds(feed: Mapping[str, Any]) -> float | None:
    try:
        minutes = float(feed.get("ttl", ""))
    except (ValueError, TypeError):
        return None
    return min(minutes, _MAX_TTL_MINUTES) * 60 if minutes > 0 else None


def _one_per_filing(entries: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the entries with each EDGAR filing once, under the company it is about; other entries as they are."""
    chosen: dict[str, Mapping[str, Any]] = {}
    for number, entry in enumerate(entries):
        identifier = _text(entry, "id") or ""
        key = identifier if identifier.startswith(_EDGAR_ID) else f"entry {number}"
        if key not in chosen or (_text(entry, "title") or "").endswith(_EDGAR_SUBJECT):
            chosen[key] = entry
    return list(chosen.values())


def parse_feed(content: bytes, *, url: str = "", content_type: str | None = None) -> ParsedFeed:
    """Return what can be read of a feed.

    Parameters
    ----------
    content : bytes, as received; the encoding is taken from the content type, the XML declaration or guessed.
    url : str, where it was fetched from: relative links are resolved against it.

    Raises
    ------
    UpstreamError
        `too_large` (more than 5,000 entries), or `malformed` (the parser fails on it).
    """
    headers = {"content-location": url}
    if content_type:
        headers["content-type"] = f"{content_type.partition(';')[0]}; charset=utf-8"
    text = feed_text(content, content_type)
    n_entries = text.count(b"<item") + text.count(b"<entry")
    if n_entries > MAX_ENTRIES:
        detail = f"The feed has {n_entries} entries; at most {MAX_ENTRIES} are read."
        raise UpstreamError("too_large", "too_many_entries", detail)
    try:
        parsed = feedparser.parse(io.BytesIO(text), response_headers=headers, sanitize_html=False)
    except Exception as error:
        # Not a bug of this or that version: a parser of everything raises everything.
        raise as_upstream_error(error, "malformed") from error
    feed = parsed.get("feed", {})
    language, title = _language(_text(feed, "language")), _text(feed, "title")
    entries = _one_per_filing(list(parsed.get("entries", [])))
    return ParsedFeed(
        items=tuple(_item(entry, language, title) for entry in entries),
        ttl_seconds=_ttl_seconds(feed),
        is_malformed=bool(parsed.get("bozo")),
        is_feed=bool(parsed.get("version")) or bool(entries),
    )
