"""Request and response bodies of articles and stories."""

from datetime import datetime
from operator import attrgetter
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from common.contracts import ArticleSource, ArticleState, InvalidItem, ItemError, Tolerant
from common.contracts.batch import MAX_BATCH_ITEMS
from common.contracts.bounds import Listed
from common.contracts.text import Body, Language, Name, Summary, Ticker, Title
from common.contracts.timestamps import SafeMoment
from news_ingestion.articles.draft import Item
from news_ingestion.deduplication.decisions import Decision, Reason, Status
from news_ingestion.deduplication.similarity import Rule, TextComparison
from news_ingestion.repository.reading import ArticleRow, HeadlineRow, StoryRow

_UpperTicker = Annotated[Ticker, BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value)]
_REASONS: dict[Reason, ItemError] = {
    "older_version": ItemError(
        code="older_version", detail="It is an older version of the article; the stored version stays."
    ),
    "retracted": ItemError(code="article_retracted", detail="The article was retracted and stays retracted."),
}
_URL = Annotated[str, StringConstraints(min_length=1, max_length=2_048)]


class ArticleCreate(BaseModel):
    """An article as it is posted; titles and texts may hold HTML, which is removed."""

    title: Title = Field(description="Headline, 1 to 1,000 characters.")
    url: _URL = Field(description="Absolute http(s) address; two addresses of one page are recognised as one.")
    published_at: SafeMoment = Field(
        description="When it was published (RFC 3339 with a time zone); from 1900 to a day ahead."
    )
    body: Body | None = Field(default=None, description="Full text, at most 1,000,000 characters.")
    summary: Summary | None = Field(default=None, description="Teaser or abstract, at most 10,000 characters.")
    author: Name | None = Field(default=None, description="Who wrote it, 1 to 200 characters.")
    source: ArticleSource | None = Field(default=None, description="Who published it; the host of `url` when absent.")
    language: Language | None = Field(default=None, description="ISO 639 code in lower case, for example `en`.")
    tickers: Listed[_UpperTicker] = Field(
        default_factory=list,
        max_length=100,
        description="Tickers that the publisher tags it with, at most 100; upper-cased.",
    )

    def item(self) -> Item:
        """Return the article in the form that fetched ones have too."""
        return Item(
            title=self.title,
            url=self.url,
            published_at=self.published_at,
            body=self.body,
            summary=self.summary,
            author=self.author,
            source_id=self.source.id if self.source else None,
            source_name=self.source.name if self.source else None,
            language=self.language,
            tickers=tuple(self.tickers),
        )


class ArticleBatch(BaseModel):
    """1 to 500 articles; an invalid one is answered `rejected` and does not fail the others."""

    articles: list[Tolerant[ArticleCreate]] = Field(
        min_length=1, max_length=MAX_BATCH_ITEMS, description="1 to 500 articles."
    )

    def items(self) -> list[Item | ItemError]:
        """Return the articles, and for those that do not fit the reason."""
        return [
            ItemError.of(article) if isinstance(article, InvalidItem) else article.item() for article in self.articles
        ]


class Comparison(BaseModel):
    """The decision on two articles, explained.

    Notes
    -----
    `rule` is what decided. A duplicate: `url`, `identical`, `truncated`, `overlap`, `body`. Not one: `figures`,
    `dates`, `direction`, `negation`, `subject`, `names`, `wording` (each names what stands in the other's place),
    `different` (too little in common), `recurring` (the same publisher's next edition).
    """

    duplicate: bool = Field(description="Whether the two are duplicates.")
    rule: Rule = Field(description="The rule that decided; the values are explained above.")
    similarity: float = Field(ge=0.0, le=1.0, description="Share of words and figures that both have.")
    shared: list[str] = Field(description="Words and figures that both have, normalised.")
    differing: list[str] = Field(description="Words and figures that only one has, normalised.")

    @classmethod
    def of(cls, found: TextComparison) -> "Comparison":
        """Return the wire form of what was found."""
        return cls(
            duplicate=found.duplicate,
            rule=found.rule,
            similarity=found.similarity,
            shared=list(found.shared),
            differing=list(found.differing),
        )


class Match(Comparison):
    """The stored article that a posted one was found to repeat, and why."""

    article_id: UUID = Field(description="Identifier of the stored article.")


class ArticleResult(BaseModel):
    """What became of one posted article.

    Notes
    -----
    `created` is new; `duplicate` was already stored (as `article_id`); `near_duplicate` is a syndicated
    copy, stored under its own `article_id`, counted in its story and not handed on; `revised` corrects the article at
    this address; `rejected` is invalid, and `error` says why. On a `duplicate` that is not what is stored, `error`
    says why it changes nothing: `older_version` or `article_retracted`.
    """

    index: int = Field(ge=0, description="Position in the request, from 0.")
    status: Status = Field(description="What became of the article.")
    article_id: UUID | None = Field(
        default=None, description="Identifier of the article as it is stored; null when rejected."
    )
    story_id: UUID | None = Field(default=None, description="Identifier of its story; null when rejected.")
    match: Match | None = Field(
        default=None, description="The article that it repeats or corrects; null when there is none."
    )
    error: ItemError | None = Field(
        default=None,
        description="Why it was rejected, or why a `duplicate` that is not what is stored changes nothing; else null.",
    )

    @classmethod
    def of(cls, index: int, decided: Decision | ItemError) -> "ArticleResult":
        """Return the wire form of a decision, or of why there is none."""
        if isinstance(decided, ItemError):
            return cls(index=index, status="rejected", error=decided)
        match = None
        if decided.match_id is not None and decided.comparison is not None:
            match = Match(article_id=decided.match_id, **Comparison.of(decided.comparison).model_dump())
        known = decided.known
        return cls(
            index=index,
            status=decided.status,
            article_id=known.article_id,
            story_id=known.story_id,
            match=match,
            error=None if decided.reason is None else _REASONS[decided.reason],
        )


class ArticleResults(BaseModel):
    """The answers to a batch, in the order of the request."""

    data: list[ArticleResult] = Field(description="One answer per article, in the order of the request.")


class Comparand(BaseModel):
    """One side of a comparison."""

    title: Title = Field(description="Headline, 1 to 1,000 characters.")
    body: Body | None = Field(
        default=None, description="Full text; compared when both have at least 200 characters, up to the first 4,000."
    )
    url: _URL | None = Field(
        default=None, description="Address; equal addresses are a duplicate, whatever the texts say."
    )


class ComparisonRequest(BaseModel):
    """Two articles to compare; nothing is stored."""

    a: Comparand = Field(description="One article.")
    b: Comparand = Field(description="The other article.")


class ArticleRead(BaseModel):
    """An article as it is now, or was at `as_of`."""

    article_id: UUID = Field(description="Identifier of the article, the same through its revisions.")
    revision: int = Field(description="Number of the version, from 1; a correction or retraction adds 1.")
    state: ArticleState = Field(
        description="`created` at first, `revised` after a correction, `retracted` after a retraction."
    )
    story_id: UUID = Field(description="Identifier of its story.")
    duplicate_of: UUID | None = Field(description="The article that this one is a syndicated copy of.")
    title: str = Field(description="Headline without markup.")
    body: str | None = Field(description="Full text without markup; null when the publisher gave none.")
    summary: str | None = Field(description="Teaser without markup; null when the publisher gave none.")
    url: str = Field(description="Address as it was given.")
    canonical_url: str = Field(
        description="The address by which the article is recognised, without tracking parameters."
    )
    domain: str = Field(description="Host of the canonical address, without `www.`.")
    author: str | None = Field(description="Who wrote it; null when not said.")
    source: ArticleSource | None = Field(description="Who published it; null when only the site is known.")
    language: str | None = Field(description="ISO 639 code as declared by the publisher; null when not said.")
    tickers: list[str] = Field(
        description="Tickers that publishers tag it with, at most 100, in the order in which they came."
    )
    novelty: float = Field(
        description="How new it was within its story, in [0, 1]: 0.75 to the power of the story's articles in the 24 "
        "hours before."
    )
    published_at: datetime = Field(description="When the publisher says that it was published (RFC 3339, UTC).")
    received_at: datetime = Field(description="When the article, or its latest correction, came in (RFC 3339, UTC).")
    recorded_at: datetime = Field(description="When this version was written.")
    superseded_at: datetime | None = Field(description="When the next version was written; null on the current one.")

    @classmethod
    def from_row(cls, row: ArticleRow) -> "ArticleRead":
        """Return the wire form of a stored version."""
        name = row.source_name or (row.domain if row.source_id else None)
        source = ArticleSource.model_construct(id=row.source_id, name=name) if name else None
        # What comes from the table was checked before it went in; checking it again was a tenth of a page.
        return cls.model_construct(None, source=source, **dict(zip(_STORED, _stored_values(row), strict=True)))


_STORED = tuple(name for name in ArticleRead.model_fields if name != "source")
_stored_values = attrgetter(*_STORED)


class StoryRead(BaseModel):
    """One event, and how widely it is reported."""

    story_id: UUID = Field(description="Identifier of the story.")
    title: str = Field(description="Headline of the article that began the story.")
    first_published_at: datetime = Field(description="Publication time of its earliest article (RFC 3339, UTC).")
    last_published_at: datetime = Field(description="Publication time of its latest article (RFC 3339, UTC).")
    article_count: int = Field(description="Articles of the story, copies included.")
    copy_count: int = Field(description="Syndicated copies among them.")
    independent_source_count: int = Field(description="Publishers with an article of their own.")
    novelty: float = Field(description="Lowest novelty of the story's articles, from 1 (new) towards 0.")

    @classmethod
    def from_row(cls, row: StoryRow) -> "StoryRead":
        """Return the wire form of a stored story."""
        return cls.model_validate({**row._asdict(), "novelty": 1.0 if row.novelty is None else row.novelty})


class Headline(BaseModel):
    """One headline of a story, as it was published or corrected."""

    article_id: UUID = Field(description="Identifier of the article, the same through its revisions.")
    revision: int = Field(description="Number of the version, from 1; a correction or retraction adds 1.")
    state: ArticleState = Field(
        description="`created` at first, `revised` after a correction, `retracted` after a retraction."
    )
    title: str = Field(description="The headline of this version.")
    source_name: str | None = Field(description="Publisher as named by the source; null when not said.")
    domain: str = Field(description="Host of the canonical address, without `www.`.")
    duplicate_of: UUID | None = Field(
        description="The article that this one is a syndicated copy of; null when it is none."
    )
    published_at: datetime = Field(description="When the publisher says that it was published (RFC 3339, UTC).")
    recorded_at: datetime = Field(description="When this version was written (RFC 3339, UTC).")

    @classmethod
    def from_row(cls, row: HeadlineRow) -> "Headline":
        """Return the wire form of a stored version."""
        return cls.model_validate(row._asdict())


class StoryDetail(StoryRead):
    """A story with the history of its headlines, the oldest 500."""

    headlines: list[Headline] = Field(description="Headlines by time of publication, oldest first, at most 500.")
