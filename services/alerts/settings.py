"""Settings of the alerts service."""

from pydantic import Field

from common.gateway import ALERTS
from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """What alerts is configured by, besides what every service is."""

    service = ALERTS

    allow_private_addresses: bool = Field(
        default=False, description="Whether webhooks may reach private, loopback and link-local addresses."
    )
    seed_default_rules: bool = Field(
        default=True, description="Whether a new database gets a log receiver and two rules to start with."
    )
    webhook_timeout_seconds: float = Field(
        default=15.0,
        gt=0,
        le=60,
        description="Seconds for one attempt to reach a receiver, of whichever kind; after them it counts as failed.",
    )
    delivery_concurrency: int = Field(
        default=8, ge=1, le=64, description="Requests to one receiver that one process makes at the same time."
    )
    delivery_lease_seconds: float = Field(
        default=120.0,
        gt=0,
        description="Seconds after which deliveries that a vanished replica had claimed are sent by another one.",
    )
    delivery_retention_days: float = Field(
        default=90.0,
        gt=0,
        description="Days that finished deliveries and their attempts are kept; alerts and their history stay.",
    )
    notification_poll_seconds: float = Field(
        default=0.5, gt=0, description="Seconds between looks for alerts and deliveries that have become due."
    )
    mesh_principals: frozenset[str] = Field(
        default=frozenset(),
        description="Identities that may send events of the platform without a credential, as a JSON list of SPIFFE "
        "URIs. Only behind a sidecar that enforces mutual TLS: it proves them.",
    )
    secret_overlap_hours: float = Field(
        default=24.0, ge=0, description="Hours that a rotated webhook secret still signs beside the new one."
    )
