"""Request and response bodies of sources."""

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
_MEANINGS = " ".join(f"`{kind}`: {provider.meaning}" for kind, provider in PROVIDERS.items())
# In answers: after a rollback there are sources of kinds that only the newer release knows.
StoredKind = str
FetchStatus = Literal["ok", "not_modified", "partial", "error"]
_URL = Annotated[str, StringConstraints(min_length=9, max_length=2_048, pattern=r"^https?://[!-~]+$")]
_ConfigName = Annotated[str, StringConstraints(min_length=1, max_length=50)]
_Interval = Annotated[
    float,
    Field(ge=MIN_INTERVAL_SECONDS, le=MAX_INTERVAL_SECONDS, description="Seconds between fetches; 10 to 86,400."),
]


class SourceCreate(BaseModel):
    """A source to be fetched on schedule."""

    kind: Kind = Field(description=f"Kind of source, which decides how it is fetched. {_MEANINGS}")
    name: Name = Field(description="Name of the source, 1 to 200 characters; unique.")
    url: _URL | None = Field(default=None, description="Address of the feed, for kinds that have one.")
    config: Annotated[dict[_ConfigName, object], entries_up_to(20)] = Field(
        default_factory=dict, max_length=20, description="Settings of the kind, at most 20."
    )
    interval_seconds: _Interval = 300.0
    is_enabled: bool = Field(default=True, description="Whether it is fetched on schedule.")


class SourceUpdate(BaseModel):
    """Changes to a source; absent fields stay unchanged."""

    name: Name | None = Field(default=None, description="Name of the source, 1 to 200 characters; unique.")
    url: _URL | None = Field(
        default=None,
        description="Address of the feed, for kinds that have one; sending it as shown, with `***`, changes nothing.",
    )
    config: Annotated[dict[_ConfigName, object], entries_up_to(20)] | None = Field(
        default=None, max_length=20, description="Settings of the kind, at most 20; they replace all earlier ones."
    )
    interval_seconds: _Interval | None = Field(default=None, description="Seconds between fetches; 10 to 86,400.")
    is_enabled: bool | None = Field(default=None, description="Whether it is fetched on schedule.")


class FetchError(BaseModel):
    """What went wrong with a provider.

    Notes
    -----
    `problem` is this service's classification; `code` is the provider's own code or the HTTP status.
    """

    problem: str = Field(
        description="Kind of failure: `auth`, `quota`, `cap`, `request`, `unavailable`, `forbidden`, `too_large`, "
        "`malformed`, `gone` or `unknown`."
    )
    code: str = Field(
        description="Code of the failure: the provider's own, `status_` and the HTTP status, or this service's."
    )
    detail: str = Field(description="What went wrong, in words; at most 500 characters.")
    at: datetime | None = Field(
        default=None, description="When it went wrong (RFC 3339, UTC); null in the ledger, where the run has its times."
    )


class SourceRead(BaseModel):
    """A source, its schedule, and how its fetches go."""

    source_id: UUID = Field(description="Identifier of the source.")
    kind: StoredKind = Field(description="Kind of source, which decides how it is fetched.")
    name: str = Field(description="Name of the source, unique.")
    url: str | None = Field(description="The address; parts that may be a key are shown as `***`.")
    config: dict[str, object] = Field(description="Settings of the kind, without defaults.")
    is_supported: bool = Field(
        default=True,
        description="Whether this release knows the kind. If not, as after a rollback, the source is shown and can be "
        "deleted, but is neither fetched nor changed.",
    )
    is_enabled: bool = Field(description="Whether it is fetched on schedule.")
    disabled_reason: str | None = Field(description="Why the service disabled it; null when it did not.")
    interval_seconds: float = Field(description="Requested seconds between fetches, 10 to 86,400.")
    expected_delay_seconds: float = Field(
        description="Seconds by which the provider's plan delays articles, 0 where that is not known."
    )
    plan_error: str | None = Field(
        default=None,
        description="Why it is not known how the source will be fetched, in words; null when it is known.",
    )
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
    backoff_seconds: float = Field(
        description="Back-off in seconds after the last failure, before jitter; 0 after a success."
    )
    last_error: FetchError | None = Field(description="The last error; null after a successful fetch.")
    etag: str | None = Field(description="Entity tag of the last response, sent back to ask for changes only.")
    last_modified: str | None = Field(
        description="`Last-Modified` of the last response, sent back to ask for changes only."
    )
    seen_until: datetime | None = Field(description="Publication time up to which everything was fetched.")
    created_at: datetime = Field(description="When the source was created (RFC 3339, UTC).")
    updated_at: datetime = Field(description="When a person last changed it (RFC 3339, UTC).")

    @classmethod
    def from_row(
        cls,
        row: SourceRow,
        shown_url: str | None,
        expected_delay_seconds: float,
        *,
        plan_error: str | None,
        is_supported: bool,
    ) -> "SourceRead":
        """Return the wire form of a stored source."""
        told = {
            "url": shown_url,
            "expected_delay_seconds": expected_delay_seconds,
            "plan_error": plan_error,
            "is_supported": is_supported,
        }
        return cls.model_validate({**row._asdict(), **told})


class RequestRead(BaseModel):
    """One request of a run; the address without its query string."""

    url: str = Field(description="Requested address, without its query string.")
    status: int | None = Field(description="HTTP status; null without a response.")
    n_bytes: int = Field(description="Size of the body in bytes, decompressed.")
    seconds: float = Field(description="Duration in seconds, including the wait for a free slot at the host.")
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
    articles: dict[str, int] = Field(description="Number of articles by outcome.")
    error: FetchError | None = Field(description="What ended the run early; null when nothing did.")

    @classmethod
    def from_row(cls, row: FetchRow) -> "FetchRead":
        """Return the wire form of an entry of the ledger."""
        return cls.model_validate(row._asdict())


class QuotaRead(BaseModel):
    """The requests per day that a provider allows, shared by all sources of its kind."""

    requests_per_day: int = Field(description="Requests that the plan allows per day.")
    used: int = Field(description="Requests of the last 24 hours.")
    remaining: int = Field(description="Requests left now, 0 or more.")


class WindowRead(BaseModel):
    """A window of publication time."""

    starts_at: datetime = Field(description="Start of the window (RFC 3339, UTC).")
    ends_at: datetime = Field(description="End of the window (RFC 3339, UTC).")


class PlanRead(BaseModel):
    """How a source will be fetched from now on, and what its provider's plan makes impossible."""

    source_id: UUID = Field(description="Identifier of the source.")
    kind: StoredKind = Field(description="Kind of source, which decides how it is fetched.")
    interval_seconds: float = Field(description="Requested seconds between fetches, 10 to 86,400.")
    effective_interval_seconds: float = Field(description="Seconds between fetches after quota and limits are applied.")
    expected_delay_seconds: float = Field(description="Seconds by which the provider's plan delays articles.")
    next_fetch_at: datetime | None = Field(
        description="When it is due next (RFC 3339, UTC); null when it is not fetched."
    )
    quota: QuotaRead | None = Field(description="The provider's quota; null when it has none.")
    window: WindowRead | None = Field(description="Window of the next fetch, for kinds that fetch by window.")
    warnings: list[str] = Field(description="What the plan makes impossible, in words.")


class GapRead(BaseModel):
    """A window of publication time that was not fetched in full."""

    reason: GapReason = Field(description="Why: `quota`, `cap`, `delay`, `error` or `disabled`.")
    detail: str = Field(description="Why, in words.")
    starts_at: datetime = Field(description="Start of the missing publication times (RFC 3339, UTC).")
    ends_at: datetime | None = Field(
        description="End of the missing publication times (RFC 3339, UTC); null while the gap is still growing."
    )

    @classmethod
    def from_row(cls, row: GapRow) -> "GapRead":
        """Return the wire form of a stored gap."""
        return cls.model_validate(row._asdict())


class CoverageRead(BaseModel):
    """What was fetched of one source, and what could not be fetched."""

    source_id: UUID = Field(description="Identifier of the source.")
    name: str = Field(description="Name of the source.")
    kind: StoredKind = Field(description="Kind of source, which decides how it is fetched.")
    covered_until: datetime | None = Field(description="Publication time up to which the source was fetched.")
    gaps: list[GapRead] = Field(description="Gaps that are still growing first, then the latest 100.")
