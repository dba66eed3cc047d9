"""Sources of kind `rss`: RSS and Atom feeds, fetched with conditional requests at the interval that they ask for."""

from collections.abc import Mapping
from datetime import datetime

from common.outgoing.header_values import retry_after_seconds
from news_ingestion.providers.configuration import no_config
from news_ingestion.providers.provider import Fetched, FetchPlan, Provider, SourceState
from news_ingestion.providers.provider_client import ProviderClient, Reply
from news_ingestion.providers.provider_errors import ProviderError, status_problem
from news_ingestion.providers.rss.reader import FeedReader
from news_ingestion.providers.schedule import freshness_seconds, interval_after_success, may_ask_conditionally
from news_ingestion.settings import Settings

_ACCEPT = "application/atom+xml, application/rss+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.7, */*;q=0.1"


class RSSProvider(Provider):
    """A feed at one address."""

    meaning = "An RSS or Atom feed at `url`, without `config`."
    needs_url = True
    shows_latest_only = True

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._reader = FeedReader(settings.fetch_max_processor_seconds)

    def read_config(self, config: Mapping[str, object]) -> dict[str, object]:
        """Return the empty configuration: a feed is its address."""
        return no_config("rss", config)

    def plan(self, source: SourceState, now: datetime) -> FetchPlan:  # noqa: ARG002 - the protocol's signature
        """Return the interval as it was set; the feed's own wishes are only known from its last answer."""
        return FetchPlan(interval_after_success(source.interval_seconds), 0.0, None, None, ())

    async def fetch(self, source: SourceState, client: ProviderClient, now: datetime, fetched: Fetched) -> None:
        """Ask for the feed, unless it is unchanged since the last time."""
        headers = {"Accept": _ACCEPT}
        if source.etag:
            headers["If-None-Match"] = source.etag
        if source.last_modified:
            headers["If-Modified-Since"] = source.last_modified
        reply = await client.get(source.url or "", headers, fetched.requests)
        await self._read(reply, source, fetched, now)

    async def aclose(self) -> None:
        """End the processes that read feeds."""
        await self._reader.aclose()

    async def _read(self, reply: Reply, source: SourceState, fetched: Fetched, now: datetime) -> None:
        if reply.status == 304:
            fetched.is_modified = False
            fetched.wait_seconds = interval_after_success(
                source.interval_seconds, freshness_seconds(reply.headers, now)
            )
            return
        if reply.status != 200:
            raise ProviderError(
                status_problem(reply.status),
                f"status_{reply.status}",
                f"The feed answered {reply.status}.",
                retry_after_seconds=retry_after_seconds(reply.headers.get("retry-after"), now),
            )
        feed = await self._reader.read(reply.content, url=reply.url, content_type=reply.headers.get("content-type"))
        if not feed.is_feed:
            raise ProviderError("malformed", "not_a_feed", "The response is neither RSS nor Atom.")
        fetched.items = list(feed.items)
        # Of a feed that was cut the rest is still to come: "not modified" would hide it.
        conditional = may_ask_conditionally(reply.headers) and not feed.is_cut
        fetched.etag = reply.headers.get("etag") if conditional else None
        fetched.last_modified = reply.headers.get("last-modified") if conditional else None
        fetched.wait_seconds = interval_after_success(
            source.interval_seconds, feed.ttl_seconds, freshness_seconds(reply.headers, now)
        )
