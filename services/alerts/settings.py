"""Settings of the alerts service."""

from pydantic import Field

from common.gateway import ALERTS
from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of alerts, in addition to those of every service."""

    service = ALERTS

    allow_private_addresses: bool = Field(
        default=False, description="Whether webhooks may reach private, loopback and link-local addresses."
    )
    seed_default_rules: bool = Field(
        default=True, description="Whether a new database starts with a log receiver and two rules."
    )
    webhook_timeout_seconds: float = Field(
        default=15.0,
        gt=0,
        le=60,
        description="Timeout in seconds for an attempt to reach a receiver of any kind; a slower one counts as failed.",
    )
    delivery_concurrency: int = Field(
        default=8, ge=1, le=64, description="Maximum concurrent requests per receiver and process."
    )
    delivery_lease_seconds: float = Field(
        default=120.0,
        gt=0,
        description="Seconds after which deliveries claimed by a dead replica are sent by another.",
    )
    delivery_retention_days: float = Field(
        default=90.0,
        gt=0,
        description="Days that finished deliveries and their attempts are kept. Alerts and their history are "
        "not deleted.",
    )
    notification_poll_seconds: float = Field(
        default=0.5, gt=0, description="Polling interval in seconds for alerts and deliveries that are due."
    )
    mesh_principals: frozenset[str] = Field(
        default=frozenset(),
        description="JSON list of SPIFFE URIs that may send platform events without a credential. Use it only behind a "
        "sidecar that enforces mutual TLS, which proves these identities.",
    )
    secret_overlap_hours: float = Field(
        default=24.0,
        ge=0,
        description="Hours after a rotation during which webhooks are signed with both the previous and the new "
        "secret.",
    )
