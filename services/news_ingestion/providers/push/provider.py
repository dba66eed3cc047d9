"""Sources of kind `push`: articles are posted to the service; nothing is fetched."""

from collections.abc import Mapping
from datetime import datetime

from news_ingestion.providers.configuration import no_config
from news_ingestion.providers.provider import Fetched, FetchPlan, Provider, SourceState
from news_ingestion.providers.provider_client import ProviderClient
from news_ingestion.providers.provider_errors import ProviderError


class PushProvider(Provider):
    """A source that is only named, so that its articles can be listed by it."""

    meaning = "Only names where posted articles come from: without `url` and `config`."
    is_fetched = False

    def read_config(self, config: Mapping[str, object]) -> dict[str, object]:
        """Return the empty configuration; there is nothing to set."""
        return no_config("push", config)

    def plan(self, source: SourceState, now: datetime) -> FetchPlan:  # noqa: ARG002 - the protocol's signature
        """Return that nothing will be fetched."""
        return FetchPlan(source.interval_seconds, 0.0, None, None, ("Articles are posted; nothing is fetched.",))

    async def fetch(self, source: SourceState, client: ProviderClient, now: datetime, fetched: Fetched) -> None:  # noqa: ARG002
        """Say that there is nothing to fetch."""
        raise ProviderError("request", "push_source", "Articles of this source are posted, not fetched.")
