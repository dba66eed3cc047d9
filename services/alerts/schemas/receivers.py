"""Receivers and the delivery ledger on the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from alerts.models import AttemptVerdict, DeliveryState
from common.api.idempotency import ShownOnce
from common.contracts.text import Name

ReceiverKind = Literal["webhook", "log"]
WebhookURL = Annotated[str, Field(min_length=8, max_length=2_048, pattern=r"^https?://[^\s\x00-\x1f\x7f]+$")]


class WebhookCreate(BaseModel):
    """A receiver of signed requests."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    kind: Literal["webhook"]
    url: WebhookURL = Field(description="Where the requests are sent; only http and https.")
    enabled: StrictBool = True


class LogCreate(BaseModel):
    """A receiver that writes one structured log line for each notice."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    kind: Literal["log"]
    enabled: StrictBool = True


ReceiverCreate = Annotated[WebhookCreate | LogCreate, Field(discriminator="kind")]


class ReceiverRead(BaseModel):
    """A stored receiver; its secret is never read back."""

    receiver_id: UUID
    name: str
    kind: ReceiverKind
    url: str | None = Field(description="Scheme and host; the rest is as good as a key and is shown as `***`.")
    enabled: bool
    disabled_reason: str | None = Field(description="Why deliveries switched it off; enabling it clears this.")
    throttled_until: datetime | None
    last_delivered_at: datetime | None
    previous_secret_expires_at: datetime | None
    revision: int
    created_at: datetime
    updated_at: datetime


class ReceiverCreated(ReceiverRead):
    """A new receiver, with its secret: this is the only time it is shown."""

    secret: Annotated[str | None, ShownOnce()] = Field(
        description="Signs the webhooks, `whsec_…`; null for kinds that need none, and when an `Idempotency-Key` is "
        "answered again: `:rotate-secret` then makes another one."
    )


class SecretRotated(BaseModel):
    """The new secret, shown this once; until `previous_expires_at` webhooks carry signatures by both."""

    receiver_id: UUID
    secret: str
    previous_expires_at: datetime | None


class DeliveryRead(BaseModel):
    """One notice to one receiver and how it fared."""

    model_config = ConfigDict(from_attributes=True)

    delivery_id: UUID
    webhook_id: str = Field(description="Stays the same over all attempts: receivers recognise repetitions by it.")
    alert_id: UUID | None
    receiver_id: UUID
    receiver_name: str
    event_type: str
    reason: str
    state: DeliveryState
    n_attempts: int
    next_attempt_at: datetime | None
    created_at: datetime
    delivered_at: datetime | None
    last_status_code: int | None
    last_error: str | None


class AttemptRead(BaseModel):
    """One attempt of a delivery."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    attempted_at: datetime
    duration_milliseconds: float
    outcome: AttemptVerdict
    status_code: int | None
    error: str | None


class AttemptList(BaseModel):
    """Every attempt of a delivery, the first one first."""

    data: list[AttemptRead]
