"""An incoming article: as received from a provider (`Item`), and cleaned for the duplicate decision (`Draft`)."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Generic, TypeVar
from uuid import UUID

from news_ingestion.articles.canonical_url import MAX_URL_CHARACTERS, InvalidURLError, canonical_url, domain_of
from news_ingestion.articles.cleaning import clean_language, clean_line, clean_paragraphs, clean_tickers
from news_ingestion.articles.headline import Headline, read_headline
from news_ingestion.articles.title_marks import without_marks

MAX_TITLE_CHARACTERS = 1_000
MAX_SUMMARY_CHARACTERS = 10_000
MAX_BODY_CHARACTERS = 1_000_000
MAX_NAME_CHARACTERS = 200
MAX_TICKERS = 100
FIRST_YEAR = 1900


_WORD = re.compile(r"[+-]?\d+(?:[.,]\d+)*|\w+|[%$\u00a3\u20ac\u00a5]")

T = TypeVar("T")


class worked_out_once(Generic[T]):  # noqa: N801 - used like `property`
    """A property worked out when first asked for, and kept.

    Notes
    -----
    `functools.cached_property` takes a lock on every first access before Python 3.12: a fifth of the time of a batch.
    """

    def __init__(self, compute: Callable[..., T]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    def __get__(self, instance: object, owner: type | None = None) -> T:
        value = instance.__dict__[self._name] = self._compute(instance)
        return value


class RejectedItemError(ValueError):
    """An item that cannot become an article; `code` says why to a program, the message to a person."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Item:
    """One article as a provider sent it, nothing cleaned; None where the provider said nothing."""

    title: str | None
    url: str | None
    published_at: datetime | None
    body: str | None = None
    summary: str | None = None
    author: str | None = None
    source_id: str | None = None
    source_name: str | None = None
    language: str | None = None
    tickers: tuple[str, ...] = ()


@dataclass(eq=False)
class Draft:
    """A cleaned article, never changed; `headline` and what else is a method are worked out when first asked for.

    Notes
    -----
    Not declared frozen: that makes its construction three times as slow.
    `url_key` stands for the canonical address in indexes: 128 bits of its hash, for an address may be longer than an
    index entry. `content_hash` stands for title and body.
    """

    title: str
    url: str
    canonical_url: str
    published_at: datetime
    body: str | None = None
    summary: str | None = None
    author: str | None = None
    source_id: str | None = None
    source_name: str | None = None
    language: str | None = None
    tickers: tuple[str, ...] = ()

    @worked_out_once
    def url_key(self) -> UUID:
        """Return the index key of the canonical address."""
        return UUID(bytes=blake2b(self.canonical_url.encode(), digest_size=16).digest())

    @worked_out_once
    def domain(self) -> str:
        """Return the host of the canonical address."""
        return domain_of(self.canonical_url)

    @worked_out_once
    def content_hash(self) -> UUID:
        """Return the key of title and body, blind to case and to what wires add to a title."""
        text = f"{self.bare_title}\0{self.body or ''}"
        return UUID(bytes=blake2b(text.encode(), digest_size=16).digest())

    @worked_out_once
    def bare_title(self) -> str:
        """Return the title without wire label and publisher, case-folded."""
        return without_marks(self.title).casefold()

    @worked_out_once
    def headline(self) -> Headline:
        """Return the title as the duplicate decision sees it."""
        return read_headline(self.title, is_clean=True)

    @property
    def hashes(self) -> list[int]:
        """Return the fingerprint under which the article is found."""
        return self.headline.hashes

    @property
    def publisher(self) -> str:
        """Return who published it: the named source, else the site."""
        return (self.source_name or self.domain).casefold()


def words_of(text: str) -> str:
    """Return the words and figures of `text`, case-folded, one space between them."""
    return " ".join(_WORD.findall(text.casefold()))


def merge_tickers(*groups: Iterable[str]) -> tuple[str, ...]:
    """Return the tickers of all groups once, in order of appearance, at most 100."""
    return tuple(dict.fromkeys(ticker for group in groups for ticker in group))[:MAX_TICKERS]


def _name(text: str | None) -> str | None:
    return (clean_line(text)[:MAX_NAME_CHARACTERS].rstrip() or None) if text else None


def clean_item(item: Item, *, received_at: datetime) -> Draft:
    """Return the article that `item` describes, in what the contract `Article` accepts.

    A language or ticker that it does not accept is left out.

    Parameters
    ----------
    received_at : datetime, aware; taken for `published_at` where the provider gave none.

    Raises
    ------
    RejectedItemError
        `title_missing`, `title_too_long`, `url_missing`, `url_invalid`, `published_without_zone`, `published_too_early`
        (before 1900), or `published_in_future` (more than a day).
    """
    title = clean_line(item.title or "")
    if not title:
        raise RejectedItemError("title_missing", "The article has no title.")
    if len(title) > MAX_TITLE_CHARACTERS:
        raise RejectedItemError(
            "title_too_long", f"The title has {len(title)} characters; the maximum is {MAX_TITLE_CHARACTERS}."
        )
    if not item.url or not item.url.strip():
        raise RejectedItemError("url_missing", "The article has no address.")
    url = item.url.strip()
    try:
        canonical = canonical_url(url)
    except InvalidURLError as error:
        raise RejectedItemError("url_invalid", str(error)) from error
    published_at = item.published_at or received_at
    if published_at.utcoffset() is None:
        raise RejectedItemError("published_without_zone", f"{published_at.isoformat()} has no time zone.")
    if published_at.year < FIRST_YEAR:
        raise RejectedItemError("published_too_early", f"{published_at.isoformat()} is before {FIRST_YEAR}.")
    # Before it is read into UTC, which the last moments of the calendar do not survive.
    if (published_at - received_at).total_seconds() > 86_400:
        raise RejectedItemError("published_in_future", f"{published_at.isoformat()} is more than a day in the future.")
    published_at = published_at.astimezone(UTC)
    return Draft(
        title=title,
        url=url[:MAX_URL_CHARACTERS],
        canonical_url=canonical,
        published_at=published_at,
        body=(clean_paragraphs(item.body)[:MAX_BODY_CHARACTERS] or None) if item.body else None,
        summary=(clean_paragraphs(item.summary)[:MAX_SUMMARY_CHARACTERS] or None) if item.summary else None,
        author=_name(item.author),
        source_id=_name(item.source_id),
        source_name=_name(item.source_name),
        language=clean_language(item.language) if item.language else None,
        tickers=merge_tickers(clean_tickers(item.tickers)) if item.tickers else (),
    )
