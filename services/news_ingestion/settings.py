"""Settings of news ingestion."""

from pydantic import Field, SecretStr

from common.gateway import NEWS_INGESTION
from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """What news ingestion is configured by, besides what every service is."""

    service = NEWS_INGESTION

    duplicate_window_hours: float = Field(
        default=48.0,
        gt=0,
        le=24 * 14,
        description="Hours between publication times within which articles are compared for duplicates and stories.",
    )
    fingerprint_retention_days: float = Field(
        default=30.0,
        gt=0,
        description="Days after receipt until an article is no longer found by its text; by its address it always is.",
    )
    fetch_retention_days: float = Field(
        default=90.0, gt=0, description="Days that the ledger of fetches reaches back; gaps are kept."
    )
    newsapi_key: SecretStr | None = Field(
        default=None, description="Key of newsapi.org; without it sources of kind `newsapi` are not fetched."
    )
    newsapi_url: str = Field(default="https://newsapi.org/v2", description="Address of NewsAPI version 2.")
    newsapi_requests_per_day: int = Field(
        default=100, ge=1, description="Requests a day that the NewsAPI plan answers."
    )
    newsapi_max_results: int = Field(default=100, ge=1, description="Results of one query that the NewsAPI plan shows.")
    newsapi_delay_seconds: float = Field(
        default=86_400.0, ge=0, description="Seconds by which the NewsAPI plan shows articles late."
    )
    newsapi_history_days: float = Field(default=30.0, gt=0, description="Days that the NewsAPI plan reaches back.")
    newsapi_overlap_seconds: float = Field(
        default=3_600.0, ge=0, description="Seconds by which one NewsAPI window reaches back into the one before."
    )

    fetch_enabled: bool = Field(default=True, description="Whether this process fetches sources on schedule.")
    fetch_poll_seconds: float = Field(default=1.0, gt=0, description="Seconds between looks for sources that are due.")
    fetch_concurrency: int = Field(
        default=4, ge=1, le=64, description="Sources that one process fetches at the same time."
    )
    fetch_per_host: int = Field(
        default=2, ge=1, le=64, description="Requests to one host that one process has open at once."
    )
    fetch_lease_seconds: float = Field(
        default=120.0, ge=5, description="Seconds until a source claimed by a replica that died is fetched by another."
    )
    fetch_timeout_seconds: float = Field(
        default=20.0, gt=0, description="Seconds until a request to a source is given up."
    )
    fetch_max_bytes: int = Field(default=5 * 1024 * 1024, ge=1024, description="Largest answer of a source in bytes.")
    fetch_max_processor_seconds: float = Field(
        default=5.0, gt=0, le=600, description="Processor time in seconds that reading one feed may take."
    )
    fetch_max_redirects: int = Field(default=5, ge=0, le=20, description="Redirects that one request follows.")
    fetch_jitter_ratio: float = Field(
        default=0.1, ge=0, le=1, description="Largest share by which a wait between fetches is lengthened at random."
    )
    fetch_user_agent: str = Field(
        "MarketImpactAnalysis/0.1 (+https://github.com/market-impact-analysis-system)",
        min_length=1,
        max_length=200,
        description="User-Agent towards sources; the SEC asks for a company name and an e-mail address in it.",
    )
    fetch_allow_private_addresses: bool = Field(
        default=False, description="Whether sources may lie at private, loopback or link-local addresses."
    )
