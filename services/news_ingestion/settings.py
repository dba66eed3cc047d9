"""Settings of news ingestion."""

from pydantic import Field, SecretStr

from common.gateway import NEWS_INGESTION
from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of news ingestion, in addition to those of every service."""

    service = NEWS_INGESTION

    duplicate_window_hours: float = Field(
        default=48.0,
        gt=0,
        le=24 * 14,
        description="Maximum hours between the publication times of articles that are compared for duplicates and "
        "stories.",
    )
    fingerprint_retention_days: float = Field(
        default=30.0,
        gt=0,
        description="Days after receipt during which an article is found by its text. It is always found by its "
        "address.",
    )
    fetch_retention_days: float = Field(
        default=90.0, gt=0, description="Days that fetches are kept in the ledger. Gaps are not deleted."
    )
    newsapi_key: SecretStr | None = Field(
        default=None, description="API key of newsapi.org. Without it, sources of kind `newsapi` are not fetched."
    )
    newsapi_url: str = Field(default="https://newsapi.org/v2", description="Base URL of NewsAPI version 2.")
    newsapi_requests_per_day: int = Field(
        default=100, ge=1, description="Maximum requests per day of the NewsAPI plan."
    )
    newsapi_max_results: int = Field(default=100, ge=1, description="Maximum results per query of the NewsAPI plan.")
    newsapi_delay_seconds: float = Field(
        default=86_400.0, ge=0, description="Seconds by which the NewsAPI plan delays articles."
    )
    newsapi_history_days: float = Field(default=30.0, gt=0, description="Days of history in the NewsAPI plan.")
    newsapi_overlap_seconds: float = Field(
        default=3_600.0, ge=0, description="Overlap in seconds of consecutive NewsAPI windows."
    )

    fetch_enabled: bool = Field(default=True, description="Whether this process fetches sources on schedule.")
    fetch_poll_seconds: float = Field(
        default=1.0, gt=0, description="Polling interval in seconds for sources that are due."
    )
    fetch_concurrency: int = Field(
        default=4, ge=1, le=64, description="Maximum sources fetched concurrently per process."
    )
    fetch_per_host: int = Field(default=2, ge=1, le=64, description="Maximum concurrent requests per host and process.")
    fetch_lease_seconds: float = Field(
        default=120.0, ge=5, description="Seconds after which a source claimed by a dead replica is fetched by another."
    )
    fetch_timeout_seconds: float = Field(
        default=20.0, gt=0, description="Timeout in seconds for a request to a source."
    )
    fetch_max_bytes: int = Field(
        default=5 * 1024 * 1024, ge=1024, description="Maximum response size of a source in bytes."
    )
    fetch_max_processor_seconds: float = Field(
        default=5.0, gt=0, le=600, description="Maximum CPU time in seconds for reading one feed."
    )
    fetch_max_redirects: int = Field(default=5, ge=0, le=20, description="Maximum redirects per request.")
    fetch_jitter_ratio: float = Field(
        default=0.1, ge=0, le=1, description="Maximum random extension of the wait between fetches, as a share of it."
    )
    fetch_user_agent: str = Field(
        "MarketImpactAnalysis/0.1 (+https://github.com/market-impact-analysis-system)",
        min_length=1,
        max_length=200,
        description="`User-Agent` sent to sources. The SEC asks for a company name and an e-mail address in it.",
    )
    fetch_allow_private_addresses: bool = Field(
        default=False, description="Whether sources may have private, loopback or link-local addresses."
    )
