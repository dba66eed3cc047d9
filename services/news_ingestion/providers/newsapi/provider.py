"""Sources of kind `newsapi`: queries to newsapi.org within the plan's delay, cap and quota."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from common.offloading import off_loop_if_large
from common.outgoing.header_values import retry_after_seconds
from news_ingestion.providers.configuration import read_model
from news_ingestion.providers.newsapi.response import PAGE_ITEMS, NewsAPIPage, parse_page
from news_ingestion.providers.newsapi.windows import (
    DAY_SECONDS,
    Plan,
    lost_history,
    next_window,
    sustainable_interval_seconds,
)
from news_ingestion.providers.provider import Fetched, FetchPlan, MissedWindow, Provider, SourceState
from news_ingestion.providers.provider_client import ProviderClient
from news_ingestion.providers.provider_errors import ProviderError
from news_ingestion.providers.schedule import interval_after_success
from news_ingestion.providers.window import Window
from news_ingestion.settings import Settings

# 50 of the free plan's 100 requests come free every twelve hours: an hour is a fair time to look again.
_QUOTA_WAIT_SECONDS = 3_600.0
_Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class NewsAPIConfig(BaseModel):
    """A query to NewsAPI, in its own words (newsapi.org/docs/endpoints)."""

    model_config = ConfigDict(extra="forbid")

    endpoint: Literal["everything", "top-headlines"] = "everything"
    q: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    search_in: list[Literal["title", "description", "content"]] = Field(default_factory=list, max_length=3)
    sources: list[_Word] = Field(default_factory=list, max_length=20)
    domains: list[_Word] = Field(default_factory=list, max_length=50)
    exclude_domains: list[_Word] = Field(default_factory=list, max_length=50)
    language: Literal["ar", "de", "en", "es", "fr", "he", "it", "nl", "no", "pt", "ru", "sv", "ud", "zh"] | None = None
    country: Annotated[str, StringConstraints(pattern="^[a-z]{2}$")] | None = None
    category: Literal["business", "entertainment", "general", "health", "science", "sports", "technology"] | None = None

    def check(self) -> None:
        """Raise `ValueError` on combinations that NewsAPI refuses."""
        if self.endpoint == "everything":
            if not (self.q or self.sources or self.domains):
                raise ValueError("one of q, sources and domains is required")
            if self.country or self.category:
                raise ValueError("country and category belong to top-headlines")
        elif self.sources and (self.country or self.category):
            raise ValueError("sources cannot be combined with country or category")
        elif not (self.q or self.sources or self.country or self.category):
            raise ValueError("one of q, sources, country and category is required")

    def parameters(self) -> dict[str, str]:
        """Return the query string's part that does not change from poll to poll."""
        given = {
            "q": self.q,
            "searchIn": ",".join(self.search_in),
            "sources": ",".join(self.sources),
            "domains": ",".join(self.domains),
            "excludeDomains": ",".join(self.exclude_domains),
            "country": self.country,
            "category": self.category,
        }
        if self.endpoint == "everything":
            given |= {"language": self.language, "sortBy": "publishedAt"}
        return {name: value for name, value in given.items() if value}


@dataclass
class _Run:
    """One poll under way: the requests that are left, and what has come of it."""

    config: NewsAPIConfig
    client: ProviderClient
    now: datetime
    requests_left: int
    fetched: Fetched


class NewsAPIProvider(Provider):
    """Queries to newsapi.org; every source of this kind shares one key and its quota."""

    meaning = (
        "A query to newsapi.org, without `url`; `config` is the query: `endpoint`, `q`, `search_in`, `sources`, "
        "`domains`, `exclude_domains`, `language`, `country`, `category`."
    )
    # A wrong key, and a query that it refuses.
    final_problems = frozenset({"auth", "request"})

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._key = settings.newsapi_key
        self._base = settings.newsapi_url.rstrip("/")
        self._overlap_seconds = settings.newsapi_overlap_seconds
        self._plan = Plan(
            requests_per_day=settings.newsapi_requests_per_day,
            max_results=settings.newsapi_max_results,
            delay_seconds=settings.newsapi_delay_seconds,
            history_seconds=settings.newsapi_history_days * DAY_SECONDS,
        )

    def read_config(self, config: Mapping[str, object]) -> dict[str, object]:
        """Return the query, checked as NewsAPI would check it."""
        query = read_model(NewsAPIConfig, config)
        query.check()
        return query.model_dump(mode="json", exclude_defaults=True)

    def plan(self, source: SourceState, now: datetime) -> FetchPlan:
        """Return the interval stretched to the quota, the next window, and what the plan makes impossible."""
        interval = self._interval_seconds(source)
        warnings = []
        if self._key is None:
            warnings.append("NEWSAPI_KEY is not set: the source is not fetched.")
        if self._plan.delay_seconds:
            warnings.append(f"The plan delays articles by {self._plan.delay_seconds / 3600:g} hours.")
        if interval > source.interval_seconds:
            warnings.append(f"The quota of {self._plan.requests_per_day} requests per day lengthens the interval.")
        return FetchPlan(
            effective_interval_seconds=interval,
            expected_delay_seconds=self._plan.delay_seconds,
            requests_per_day=self._plan.requests_per_day,
            window=next_window(now, self._plan, source.seen_until, self._overlap_seconds),
            warnings=tuple(warnings),
        )

    def _interval_seconds(self, source: SourceState) -> float:
        stretched = sustainable_interval_seconds(source.interval_seconds, self._plan, float(source.n_sharing))
        return interval_after_success(stretched)

    async def fetch(self, source: SourceState, client: ProviderClient, now: datetime, fetched: Fetched) -> None:
        """Ask for what became visible since the last poll, in as many windows as the cap makes necessary."""
        fetched.wait_seconds = self._interval_seconds(source)
        run = _Run(
            config=NewsAPIConfig.model_validate(dict(source.config)),
            client=client,
            now=now,
            requests_left=self._plan.requests_per_day - source.requests_used,
            fetched=fetched,
        )
        if run.config.endpoint == "top-headlines":
            page = await self._ask(run, {})
            fetched.items.extend(page.items)
        else:
            await self._fetch_windows(run, source)

    async def _fetch_windows(self, run: _Run, source: SourceState) -> None:
        """Fetch the time since the last poll, earliest first, so that an interruption loses nothing."""
        whole = next_window(run.now, self._plan, source.seen_until, self._overlap_seconds)
        lost = lost_history(run.now, self._plan, source.seen_until)
        if lost is not None:
            detail = f"The plan reaches back {self._plan.history_seconds / DAY_SECONDS:g} days."
            run.fetched.missed.append(MissedWindow(lost, "delay", detail))
        if whole is None:
            run.fetched.is_modified = False
            return
        waiting = deque([whole])
        try:
            while waiting:
                window = waiting.popleft()
                halves = await self._fetch_window(run, window)
                if halves is not None:
                    waiting.extendleft(reversed(halves))
                    continue
                run.fetched.seen_until = window.end
                run.fetched.covered = Window(whole.start, window.end)
        except ProviderError as error:
            if error.problem == "quota":
                left = Window(window.start, whole.end)
                run.fetched.missed.append(MissedWindow(left, "quota", error.detail))
            raise

    async def _fetch_window(self, run: _Run, window: Window) -> tuple[Window, Window] | None:
        """Fetch one window; return its halves when it holds more than the plan shows of one query."""
        times = {"from": _moment(window.start), "to": _moment(window.end)}
        try:
            page = await self._ask(run, times)
            is_capped = page.total_results > self._plan.max_results
        except ProviderError as error:
            if error.problem != "cap":
                raise
            page, is_capped = NewsAPIPage((), 0), True
        if is_capped:
            halves = window.halves()
            if halves is not None:
                return halves
            detail = f"{page.total_results or 'Too many'} results in a minute; the plan shows {self._plan.max_results}."
            run.fetched.missed.append(MissedWindow(window, "cap", detail))
        run.fetched.items.extend(page.items)
        n_pages = -(-min(page.total_results, self._plan.max_results) // PAGE_ITEMS)
        for number in range(2, n_pages + 1):
            following = await self._ask(run, {**times, "page": str(number)})
            run.fetched.items.extend(following.items)
        return None

    async def _ask(self, run: _Run, parameters: Mapping[str, str]) -> NewsAPIPage:
        if self._key is None:
            raise ProviderError("auth", "key_missing", "NEWSAPI_KEY is not set.")
        if run.requests_left <= 0:
            detail = f"The {self._plan.requests_per_day} requests of the last 24 hours are used up."
            raise ProviderError("quota", "quota_spent", detail, retry_after_seconds=_QUOTA_WAIT_SECONDS)
        run.requests_left -= 1
        reply = await run.client.get(
            f"{self._base}/{run.config.endpoint}",
            # In the header, not the address: addresses are logged everywhere.
            {"X-Api-Key": self._key.get_secret_value(), "Accept": "application/json"},
            run.fetched.requests,
            parameters={**run.config.parameters(), "pageSize": str(PAGE_ITEMS), **parameters},
        )
        try:
            # Bytes cost no less than characters: a list of empty objects costs the most.
            return await off_loop_if_large(
                lambda: parse_page(reply.status, reply.content, language=run.config.language),
                characters=len(reply.content),
            )
        except ProviderError as error:
            if error.problem == "quota":
                asked = retry_after_seconds(reply.headers.get("retry-after"), run.now)
                error.retry_after_seconds = asked or _QUOTA_WAIT_SECONDS
            raise


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
