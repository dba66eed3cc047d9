"""What the API of articles and stories takes and answers."""

from datetime import datetime
from operator import attrgetter
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from common.contracts import ArticleSource, ArticleState, InvalidItem, ItemError, Tolerant
from common.contracts.batch import MAX_BATCH_ITEMS
from common.contracts.text import Body, Language, Name, Summary, Ticker, Title
from common.contracts.timestamps import SafeMoment
from news_ingestion.articles.draft import Item
from news_ingestion.deduplication.decisions import Reason, Status
from news_ingestion.deduplication.similarity import Rule, Verdict
from news_ingestion.ingestion import Outcome

_UpperTicker = Annotated[Ticker, BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value)]
_REASONS: dict[Reason, ItemError] = {
    "older_version": ItemError(code="older_version", detail="It is an older version of the article, which stays."),
    "retracted": ItemError(code="article_retracted", detail="The article was retracted, and stays so."),
}
_URL = Annotated[str, StringConstraints(min_length=1, max_length=2_048)]


class ArticleCreate(BaseModel):
    """An article as it is posted; titles and texts may hold HTML, which is removed."""

    title: Title
    url: _URL = Field(description="Absolute http(s) address; two addresses of one page are recognised as one.")
    published_at: SafeMoment
    body: Body | None = None
    summary: Summary | None = None
    author: Name | None = None
    source: ArticleSource | None = None
    language: Language | None = None
    tickers: list[_UpperTicker] = Field(default_factory=list, max_length=100)

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
    """1 to 500 articles; one that does not fit is answered `rejected` and fails no other."""

    articles: list[Tolerant[ArticleCreate]] = Field(min_length=1, max_length=MAX_BATCH_ITEMS)

    def items(self) -> list[Item | ItemError]:
        """Return the articles, and for those that do not fit the reason."""
        return [
            ItemError.of(article) if isinstance(article, InvalidItem) else article.item() for article in self.articles
        ]


class Comparison(BaseModel):
    """The explained decision on two articles.

    Notes
    -----
    `rule` is what decided. A duplicate: `url`, `identical`, `truncated`, `overlap`, `body`. Not one: `figures`,
    `dates`, `direction`, `negation`, `subject`, `names`, `wording` (each names what stands in the other's place),
    `different` (too little in common), `recurring` (the same publisher's next edition).
    """

    duplicate: bool
    rule: Rule
    similarity: float = Field(ge=0.0, le=1.0, description="Share of words and figures that both have.")
    shared: list[str]
    differing: list[str]

    @classmethod
    def of(cls, verdict: Verdict) -> "Comparison":
        """Return the wire form of a verdict."""
        return cls(**_comparison(verdict))


def _comparison(verdict: Verdict) -> dict[str, Any]:
    return {
        "duplicate": verdict.duplicate,
        "rule": verdict.rule,
        "similarity": verdict.similarity,
        "shared": list(verdict.shared),
        "differing": list(verdict.differing),
    }


class Match(Comparison):
    """The stored article that a posted one was found to repeat, and why."""

    article_id: UUID


class ArticleResult(BaseModel):
    """What became of one posted article.

    Notes
    -----
    `created` is new; `duplicate` was here already (`article_id` is the one stored); `near_duplicate` is a syndicated
    copy, stored under its own `article_id`, counted in its story and not handed on; `revised` corrects the article at
    this address; `rejected` does not fit, and `error` says why. On a `duplicate`, `error` says why it changes nothing
    although the article is not what is stored: `article_retracted`.
    """

    index: int = Field(ge=0, description="Position in the request, from 0.")
    status: Status
    article_id: UUID | None = None
    story_id: UUID | None = None
    match: Match | None = None
    error: ItemError | None = None

    @classmethod
    def of(cls, index: int, outcome: Outcome) -> "ArticleResult":
        """Return the wire form of an outcome."""
        decision = outcome.decision
        if decision is None:
            return cls(index=index, status="rejected", error=outcome.error)
        match = None
        if decision.match_id is not None and decision.verdict is not None:
            match = Match(article_id=decision.match_id, **_comparison(decision.verdict))
        known = decision.known
        return cls(
            index=index,
            status=decision.status,
            article_id=known.article_id,
            story_id=known.story_id,
            match=match,
            error=None if decision.reason is None else _REASONS[decision.reason],
        )


class ArticleResults(BaseModel):
    """The answers to a batch, in the order of the request."""

    data: list[ArticleResult]


class Comparand(BaseModel):
    """One side of a comparison."""

    title: Title
    body: Body | None = None
    url: _URL | None = None


class ComparisonRequest(BaseModel):
    """Two articles to compare; nothing is stored."""

    a: Comparand
    b: Comparand


class ArticleRead(BaseModel):
    """An article as it is now, or was at `as_of`."""

    article_id: UUID
    revision: int
    state: ArticleState
    story_id: UUID
    duplicate_of: UUID | None = Field(description="The article that this one is a syndicated copy of.")
    title: str
    body: str | None
    summary: str | None
    url: str
    canonical_url: str
    domain: str
    author: str | None
    source: ArticleSource | None
    language: str | None
    tickers: list[str]
    novelty: float
    published_at: datetime
    received_at: datetime
    recorded_at: datetime = Field(description="When this version was written.")
    superseded_at: datetime | None = Field(description="When the next version was written; null on the current one.")

    @classmethod
    def from_row(cls, row: Any) -> "ArticleRead":
        """Return the wire form of a stored version."""
        name = row.source_name or (row.domain if row.source_id else None)
        source = ArticleSource.model_construct(id=row.source_id, name=name) if name else None
        # What comes from the table was checked before it went in; checking it again was a tenth of a page.
        return cls.model_construct(None, source=source, **dict(zip(_STORED, _stored_values(row), strict=True)))


_STORED = tuple(name for name in ArticleRead.model_fields if name != "source")
_stored_values = attrgetter(*_STORED)


class StoryRead(BaseModel):
    """One event and how widely it is told."""

    story_id: UUID
    title: str = Field(description="Headline of the article that began the story.")
    first_published_at: datetime
    last_published_at: datetime
    article_count: int = Field(description="Articles of the story, copies included.")
    copy_count: int = Field(description="Syndicated copies among them.")
    independent_source_count: int = Field(description="Publishers that brought an article of their own.")
    novelty: float = Field(description="Novelty that the story's latest turn has left, from 1 (new) towards 0.")

    @classmethod
    def from_row(cls, row: Any) -> "StoryRead":
        """Return the wire form of a stored story."""
        values = {name: getattr(row, name) for name in StoryRead.model_fields if name != "novelty"}
        return cls(**values, novelty=1.0 if row.novelty is None else row.novelty)


class Headline(BaseModel):
    """One headline of a story, as it was published or corrected."""

    article_id: UUID
    revision: int
    state: ArticleState
    title: str
    source_name: str | None
    domain: str
    duplicate_of: UUID | None
    published_at: datetime
    recorded_at: datetime

    @classmethod
    def from_row(cls, row: Any) -> "Headline":
        """Return the wire form of a stored version."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class StoryDetail(StoryRead):
    """A story with the history of its headlines, the oldest 500."""

    headlines: list[Headline]
