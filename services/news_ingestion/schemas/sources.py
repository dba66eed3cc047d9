"""What the API of sources takes and answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, PlainValidator, StringConstraints, WithJsonSchema
from pydantic_core import PydanticKnownError

from common.contracts.text import Name
from news_ingestion.providers.provider import GapReason
from news_ingestion.providers.registry import PROVIDERS
from news_ingestion.providers.schedule import MAX_INTERVAL_SECONDS, MIN_INTERVAL_SECONDS
from news_ingestion.repository.sources import FetchRow, GapRow, SourceRow


def _registered(kind: object) -> str:
    if not isinstance(kind, str) or kind not in PROVIDERS:
        *others, last = map(repr, PROVIDERS)
        raise PydanticKnownError("literal_error", {"expected": f"{', '.join(others)} or {last}"})
    return kind


# Like a `Literal` of the kinds, which a type checker would have to know in advance.
Kind = Annotated[str, PlainValidator(_registered), WithJsonSchema({"enum": list(PROVIDERS), "type": "string"})]
FetchStatus = Literal["ok", "not_modified", "partial", "error"]
_URL = Annotated[str, StringConstraints(min_length=9, max_length=2_048, pattern=r"^https?://[!-~]+$")]
_ConfigName = Annotated[str, StringConstraints(min_length=1, max_length=50)]
_Interval = Annotated[
    float,
    Field(ge=MIN_INTERVAL_SECONDS, le=MAX_INTERVAL_SECONDS, description="Seconds between fetches; 10 to 86,400."),
]


class SourceCreate(BaseModel):
    """A source to be fetched on schedule.

    Notes
    -----
    `rss` needs `url` and has no `config`. `newsapi` has no `url`; its `config` is the query: `endpoint`, `q`,
    `search_in`, `sources`, `domains`, `exclude_domains`, `language`, `country`, `category`. `push` only names where
    posted articles come from.
    """

    kind: Kind
    name: Name
    url: _URL | None = None
    config: dict[_ConfigName, object] = Field(default_factory=dict, max_length=20)
    interval_seconds: _Interval = 300.0
    is_enabled: bool = True


class SourceUpdate(BaseModel):
    """What may be changed of a source; what is absent stays."""

    name: Name | None = None
    url: _URL | None = None
    config: dict[_ConfigName, object] | None = Field(default=None, max_length=20)
    interval_seconds: _Interval | None = None
    is_enabled: bool | None = None


class FetchError(BaseModel):
    """What went wrong with a provider.

    Notes
    -----
    `problem` is our word for it, `code` the provider's own or the status.
    """

    problem: str
    code: str
    detail: str
    at: datetime | None = None


class SourceRead(BaseModel):
    """A source, its schedule, and how its fetches go."""

    source_id: UUID
    kind: Kind
    name: str
    url: str | None = Field(description="The address; what may be a key in it is shown as `***`.")
    config: dict[str, object]
    is_enabled: bool
    disabled_reason: str | None = Field(description="Why the service switched it off; null when nobody did.")
    interval_seconds: float
    expected_delay_seconds: float = Field(description="How late the provider shows articles, by its plan.")
    next_fetch_at: datetime | None
    last_fetch_at: datetime | None
    last_ok_at: datetime | None
    error_count: int = Field(description="Failures in a row.")
    backoff_seconds: float = Field(description="Wait after the last failure, before jitter; 0 when all is well.")
    last_error: FetchError | None
    etag: str | None
    last_modified: str | None
    seen_until: datetime | None = Field(description="Publication time up to which everything was fetched.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_row(cls, row: SourceRow, shown_url: str | None, expected_delay_seconds: float) -> "SourceRead":
        """Return the wire form of a stored source."""
        told = {"url": shown_url, "expected_delay_seconds": expected_delay_seconds}
        return cls.model_validate({**row._asdict(), **told})


class RequestRead(BaseModel):
    """One request of a run; the address without its query string."""

    url: str
    status: int | None
    n_bytes: int
    seconds: float
    error: str | None


class FetchRead(BaseModel):
    """One run of one source."""

    fetch_id: UUID
    source_id: UUID
    started_at: datetime
    finished_at: datetime
    status: FetchStatus
    requests: list[RequestRead]
    n_requests: int
    articles: dict[str, int] = Field(description="Articles by what became of them.")
    error: FetchError | None

    @classmethod
    def from_row(cls, row: FetchRow) -> "FetchRead":
        """Return the wire form of an entry of the ledger."""
        return cls.model_validate(row._asdict())


class QuotaRead(BaseModel):
    """The requests that a provider answers a day, shared by all sources of its kind."""

    requests_per_day: int
    used: int = Field(description="Requests of the last 24 hours.")
    remaining: int


class WindowRead(BaseModel):
    """A stretch of publication time."""

    starts_at: datetime
    ends_at: datetime


class PlanRead(BaseModel):
    """How a source will be fetched from now on, and what its provider makes impossible."""

    source_id: UUID
    kind: Kind
    interval_seconds: float
    effective_interval_seconds: float = Field(description="The interval once quota and limits are respected.")
    expected_delay_seconds: float
    next_fetch_at: datetime | None
    quota: QuotaRead | None
    window: WindowRead | None = Field(description="What the next fetch will ask for, where it asks for a window.")
    warnings: list[str]


class GapRead(BaseModel):
    """A stretch of publication time that was not fetched in full."""

    reason: GapReason
    detail: str
    starts_at: datetime
    ends_at: datetime | None = Field(description="Null while the gap is still growing.")

    @classmethod
    def from_row(cls, row: GapRow) -> "GapRead":
        """Return the wire form of a stored gap."""
        return cls.model_validate(row._asdict())


class CoverageRead(BaseModel):
    """What of one source was fetched, and what could not be."""

    source_id: UUID
    name: str
    kind: Kind
    covered_until: datetime | None = Field(description="Publication time up to which the source was fetched.")
    gaps: list[GapRead] = Field(description="Gaps that are still growing first, then the latest 100.")
