"""The gateway table: which service answers under which prefix, declared once for every topology."""

from dataclasses import dataclass

# How long the caller of a service waits for its answer.
DEADLINE_HEADER = "X-Request-Timeout-Seconds"
# Marks requests that only test the service: what they bring says nothing of the news.
LOAD_TEST_HEADER = "X-Load-Test"


@dataclass(frozen=True, slots=True)
class Service:
    """One row of the table; `prefix` is the first path segment that the gateway routes by."""

    name: str
    prefix: str
    port: int
    kubernetes_name: str
    database_name: str
    database_setting: str
    title: str

    @property
    def base_path(self) -> str:
        """Return the path under which version 1 of the API lives, for example `/news/v1`."""
        return f"{self.prefix}/v1"


NEWS_INGESTION = Service(
    name="news_ingestion",
    prefix="/news",
    port=8080,
    kubernetes_name="news-ingestion",
    database_name="news_ingestion",
    database_setting="NEWS_INGESTION_DB",
    title="News ingestion",
)
NLP = Service(
    name="nlp",
    prefix="/nlp",
    port=8081,
    kubernetes_name="nlp-processing",
    database_name="nlp_processing",
    database_setting="NLP_PROCESSING_DB",
    title="NLP",
)
MARKET_IMPACT = Service(
    name="market_impact",
    prefix="/impact",
    port=8082,
    kubernetes_name="market-impact",
    database_name="market_impact",
    database_setting="MARKET_IMPACT_DB",
    title="Market impact",
)
ALERTS = Service(
    name="alerts",
    prefix="/alerts",
    port=8083,
    kubernetes_name="alert-signal",
    database_name="alertsignal_db",
    database_setting="ALERTSIGNAL_DB",
    title="Alerts",
)

SERVICES = (NEWS_INGESTION, NLP, MARKET_IMPACT, ALERTS)


def service_named(name: str) -> Service:
    """Return the service called `name` (`news_ingestion`, `nlp`, ...); `KeyError` names the known ones."""
    for service in SERVICES:
        if service.name == name:
            return service
    raise KeyError(f"unknown service {name!r}; the services are {', '.join(service.name for service in SERVICES)}")
