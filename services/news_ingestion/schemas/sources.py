"""What the API of sources takes and answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, PlainValidator, StringConstraints, WithJsonSchema
from pydantic_core import PydanticKnownError

from common.contracts.bounds import entries_up_to
from common.contracts.text import Name
from news_ingestion.providers.provider import GapReason
from news_ingestion.providers.registry import PROVIDERS
from news_ingestion.providers.schedule import MAX_INTERVAL_SECONDS, MIN_INTERVAL_SECONDS
from news_ingestion.source_rows import FetchRow, GapRow, SourceRow


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

    kind: Kind = Field(description="The kind of source, which decides how it is asked.")
    name: Name = Field(description="Name of the source, 1 to 200 characters; unique.")
    url: _URL | None = Field(default=None, description="Address of the feed, where the kind has one.")
    config: Annotated[dict[_ConfigName, object], entries_up_to(20)] = Field(
        default_factory=dict, max_length=20, description="Settings of the kind, at most 20."
    )
    interval_seconds: _Interval = 300.0
    is_enabled: bool = Field(default=True, description="Whether it is fetched on schedule.")


class SourceUpdate(BaseModel):
    """What may be changed of a source; what is absent stays."""

    name: Name | None = Field(default=None, description="Name of the source, 1 to 200 characters; unique.")
    url: _URL | None = Field(
        default=None,
        description="Address of the feed, where the kind has one; the one shown, with `***`, changes nothing.",
    )
    config: Annotated[dict[_ConfigName, object], entries_up_to(20)] | None = Field(
        default=None, max_length=20, description="Settings of the kind, at most 20; they replace all earlier ones."
    )
    interval_seconds: _Interval | None = None
    is_enabled: bool | None = Field(default=None, description="Whether it is fetched on schedule.")


class FetchError(BaseModel):
    """What went wrong with a provider.

    Notes
    -----
    `problem` is our word for it, `code` the provider's own or the status.
    """

    problem: str = Field(
        description="Kind of failure: `auth`, `quota`, `cap`, `request`, `unavailable`, `forbidden`, `too_large`, "
        "`malformed`, `gone` or `unknown`."
    )
    code: str = Field(
        description="Code of the failure: the provider's own, `status_` and the HTTP status, or one of ours."
    )
    detail: str = Field(description="What went wrong, for a person; at most 500 characters.")
    at: datetime | None = Field(
        default=None, description="When it went wrong (RFC 3339, UTC); null in the ledger, where the run has its times."
    )


class SourceRead(BaseModel):
    """A source, its schedule, and how its fetches go."""

    source_id: UUID = Field(description="Identifier of the source.")
    kind: Kind = Field(description="The kind of source, which decides how it is asked.")
    name: str = Field(description="Name of the source, unique.")
    url: str | None = Field(description="The address; what may be a key in it is shown as `***`.")
    config: dict[str, object] = Field(description="Settings of the kind, defaults left out.")
    is_enabled: bool = Field(description="Whether it is fetched on schedule.")
    disabled_reason: str | None = Field(description="Why the service switched it off; null when nobody did.")
    interval_seconds: float = Field(description="Seconds between fetches as they were asked for, 10 to 86,400.")
    expected_delay_seconds: float = Field(description="How late the provider shows articles, by its plan.")
    next_fetch_at: datetime | None = Field(
        description="When it is due next (RFC 3339, UTC); null when it is not fetched."
    )
    last_fetch_at: datetime | None = Field(
        description="When the last fetch ended (RFC 3339, UTC); null before the first."
    )
    last_ok_at: datetime | None = Field(
        description="When the last fetch without an error ended (RFC 3339, UTC); null before the first."
    )
    error_count: int = Field(description="Failures in a row.")
    backoff_seconds: float = Field(description="Wait after the last failure, before jitter; 0 when all is well.")
    last_error: FetchError | None = Field(description="What went wrong last; null after a fetch that went well.")
    etag: str | None = Field(description="Entity tag of the last answer, sent back to ask for changes only.")
    last_modified: str | None = Field(
        description="`Last-Modified` of the last answer, sent back to ask for changes only."
    )
    seen_until: datetime | None = Field(description="Publication time up to which everything was fetched.")
    created_at: datetime = Field(description="When the source was created (RFC 3339, UTC).")
    updated_at: datetime = Field(description="When a person last changed it (RFC 3339, UTC).")

    @classmethod
    def from_row(cls, row: SourceRow, shown_url: str | None, expected_delay_seconds: float) -> "SourceRead":
        """Return the wire form of a stored source."""
        told = {"url": shown_url, "expected_delay_seconds": expected_delay_seconds}
        return cls.model_validate({**row._asdict(), **told})


class RequestRead(BaseModel):
    """One request of a run; the address without its query string."""

    url: str = Field(description="Address that was asked, without its query string.")
    status: int | None = Field(description="HTTP status; null when no answer came.")
    n_bytes: int = Field(description="Size of the body in bytes, decompressed.")
    seconds: float = Field(description="Duration in seconds, with the wait for a free place at the host.")
    error: str | None = Field(description="Code of what went wrong; null when nothing did.")


class FetchRead(BaseModel):
    """One run of one source."""

    fetch_id: UUID = Field(description="Identifier of the run.")
    source_id: UUID = Field(description="Identifier of the source.")
    started_at: datetime = Field(description="When the run began (RFC 3339, UTC).")
    finished_at: datetime = Field(description="When the run ended (RFC 3339, UTC).")
    status: FetchStatus = Field(
        description="`ok`, `not_modified` when there was nothing new, `partial` when it ended early with some "
        "articles, else `error`."
    )
    requests: list[RequestRead] = Field(description="Requests of the run in order, redirects included.")
    n_requests: int = Field(description="Number of requests, which count against the quota.")
    articles: dict[str, int] = Field(description="Articles by what became of them.")
    error: FetchError | None = Field(description="What ended the run early; null when nothing did.")

    @classmethod
    def from_row(cls, row: FetchRow) -> "FetchRead":
        """Return the wire form of an entry of the ledger."""
        return cls.model_validate(row._asdict())


class QuotaRead(BaseModel):
    """The requests that a provider answers a day, shared by all sources of its kind."""

    requests_per_day: int = Field(description="Requests that the plan allows per day.")
    used: int = Field(description="Requests of the last 24 hours.")
    remaining: int = Field(description="Requests left now, 0 or more.")


class WindowRead(BaseModel):
    """A stretch of publication time."""

    starts_at: datetime = Field(description="Its first moment (RFC 3339, UTC).")
    ends_at: datetime = Field(description="Its last moment (RFC 3339, UTC).")


class PlanRead(BaseModel):
    """How a source will be fetched from now on, and what its provider makes impossible."""

    source_id: UUID = Field(description="Identifier of the source.")
    kind: Kind = Field(description="The kind of source, which decides how it is asked.")
    interval_seconds: float = Field(description="Seconds between fetches as they were asked for, 10 to 86,400.")
    effective_interval_seconds: float = Field(description="The interval once quota and limits are respected.")
    expected_delay_seconds: float = Field(description="Seconds by which the provider shows articles late, by its plan.")
    next_fetch_at: datetime | None = Field(
        description="When it is due next (RFC 3339, UTC); null when it is not fetched."
    )
    quota: QuotaRead | None = Field(description="The provider's quota; null when it has none.")
    window: WindowRead | None = Field(description="What the next fetch will ask for, where it asks for a window.")
    warnings: list[str] = Field(description="What the plan makes impossible, for a person.")


class GapRead(BaseModel):
    """A stretch of publication time that was not fetched in full."""

    reason: GapReason = Field(description="Why: `quota`, `cap`, `delay`, `error` or `disabled`.")
    detail: str = Field(description="Why, for a person.")
    starts_at: datetime = Field(description="First moment of publication that is missing (RFC 3339, UTC).")
    ends_at: datetime | None = Field(description="Null while the gap is still growing.")

    @classmethod
    def from_row(cls, row: GapRow) -> "GapRead":
        """Return the wire form of a stored gap."""
        return cls.model_validate(row._asdict())


class CoverageRead(BaseModel):
    """What of one source was fetched, and what could not be."""

    source_id: UUID = Field(description="Identifier of the source.")
    name: str = Field(description="Name of the source.")
    kind: Kind = Field(description="The kind of source, which decides how it is asked.")
    covered_until: datetime | None = Field(description="Publication time up to which the source was fetched.")
    gaps: list[GapRead] = Field(description="Gaps that are still growing first, then the latest 100.")
