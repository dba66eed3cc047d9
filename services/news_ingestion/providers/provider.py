"""The interface of every kind of source."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from news_ingestion.articles.draft import Item
from news_ingestion.providers.provider_client import ProviderClient, RequestRecord
from news_ingestion.providers.provider_errors import ProviderError, ProviderProblem
from news_ingestion.providers.window import Window
from news_ingestion.settings import Settings

GapReason = Literal["quota", "cap", "delay", "error", "disabled"]


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source as its provider sees it.

    Notes
    -----
    `url` is the address itself, which may be a key: it belongs in no log and no message. It is None for a kind without
    one, and for `plan` also when no key that the service has opens the stored one.
    `requests_used` counts the requests of the last 24 hours that share this source's quota, `n_sharing` the enabled
    sources that do.
    """

    source_id: UUID
    url: str | None
    config: Mapping[str, object]
    interval_seconds: float
    etag: str | None = None
    last_modified: str | None = None
    seen_until: datetime | None = None
    last_ok_at: datetime | None = None
    requests_used: int = 0
    n_sharing: int = 1


@dataclass(frozen=True, slots=True)
class MissedWindow:
    """A stretch of publication time that could not be fetched in full."""

    window: Window
    reason: GapReason
    detail: str


@dataclass(slots=True)
class Fetched:
    """What one run brought: articles, the state to remember, what was missed, and the error that ended it early.

    Notes
    -----
    `wait_seconds` is how long to wait until the next run when this one went well, if longer than the source's interval.
    `etag` and `last_modified` are kept for the next run where they can be sent back; when nothing is modified, the
    source keeps those that it has. `covered` is the time that was fetched in full: gaps within it are closed. Where it
    is not entered, it begins at the `seen_until` before this run and ends at the one entered (unless
    `shows_latest_only`).
    """

    items: list[Item] = field(default_factory=list)
    requests: list[RequestRecord] = field(default_factory=list)
    is_modified: bool = True
    wait_seconds: float | None = None
    etag: str | None = None
    last_modified: str | None = None
    seen_until: datetime | None = None
    covered: Window | None = None
    missed: list[MissedWindow] = field(default_factory=list)
    error: ProviderError | None = None


@dataclass(frozen=True, slots=True)
class FetchPlan:
    """How a source will be fetched: what was asked for, and what its provider lets through."""

    effective_interval_seconds: float
    expected_delay_seconds: float
    requests_per_day: int | None
    window: Window | None
    warnings: tuple[str, ...]


class Provider(ABC):
    """One kind of source: what is true of it, and how it is asked.

    Notes
    -----
    A kind is a package beside this module with such a class in it, and a line in `registry`. Whatever else the service
    does with sources, it asks these attributes and never the kind's name.
    """

    meaning: ClassVar[str]
    """What a source of this kind is and which `url` and `config` it has, in a sentence of the API's documentation."""
    needs_url: ClassVar[bool] = False
    """Whether a source is an address; of other kinds it has none."""
    is_fetched: ClassVar[bool] = True
    """Whether the service asks for articles; else others post them."""
    shows_latest_only: ClassVar[bool] = False
    """Whether what came and went while the source failed is lost for good."""
    final_problems: ClassVar[frozenset[ProviderProblem]] = frozenset()
    """What asking again does not mend: the source is switched off until a person has mended it."""

    def __init__(self, settings: Settings) -> None:  # noqa: B027 - some kinds have no settings
        """Open the provider with the settings of the service."""

    @abstractmethod
    def read_config(self, config: Mapping[str, object]) -> dict[str, object]:
        """Return `config` checked and complete; `ValueError` says in a sentence what is wrong with it."""

    @abstractmethod
    def plan(self, source: SourceState, now: datetime) -> FetchPlan:
        """Return how the source will be fetched from now on."""

    @abstractmethod
    async def fetch(self, source: SourceState, client: ProviderClient, now: datetime, fetched: Fetched) -> None:
        """Ask the source once and enter what comes into `fetched`; whatever is raised is the error of the run.

        Notes
        -----
        `items` is all that must be entered, as the provider gave them: they are cleaned later. `is_modified` is False
        when there was nothing new. What was entered before an error is kept.
        """

    async def aclose(self) -> None:  # noqa: B027 - most kinds hold nothing open
        """Give back what the provider holds open; nothing is being fetched any more."""
